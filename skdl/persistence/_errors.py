"""What is said of a model file that cannot be read, and how much such a file may hold."""


class ModelFileError(ValueError):
    """Raised for a model file that is damaged or untrusted, or a model that cannot be saved.

    Examples
    --------
    >>> from pathlib import Path
    >>> import skdl
    >>> from skdl.persistence import ModelFileError
    >>> _ = Path("model.skdl").write_bytes(b"nothing of the kind")
    >>> try:
    ...     skdl.load("model.skdl")
    ... except ModelFileError as error:
    ...     print(str(error).partition(" is ")[2])
    not a model file of skdl: it is not a zip archive. skdl.save writes such files.
    """


LIMITS = {
    "bytes": 4 * 2**30,
    "text_bytes": 256 * 2**20,
    "members": 200_000,
    "values": 5_000_000,
    "depth": 100,
    "sparse_bytes": 2**30,
}
"""Limits on the content of a model file; raise an entry for a larger model that you trust.

"bytes" is the size of the file, "text_bytes" that of a JSON text in it, "members" the number of
arrays, "values" and "depth" the number and the nesting of values, "sparse_bytes" the decompressed
size of sparse matrices.
"""


def refuse_more(found: int, limit: str, what: str) -> None:
    """Refuse more of something than LIMITS allow."""
    if found > LIMITS[limit]:
        raise ModelFileError(
            f"it has {found:,} {what}, more than {LIMITS[limit]:,}. If you trust it, raise "
            f"skdl.persistence.LIMITS[{limit!r}]."
        )
