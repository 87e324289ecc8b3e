"""What tells images apart by their content."""

from typing import Any

from skdl._utils.checksums import digest_of
from skdl._utils.threads import in_threads
from skdl.images._files import ImageFiles, file_content


def content_digests(images: Any, n_threads: int | None = None) -> list[bytes]:
    """sha256 of each image's content: of a file its bytes, of an array its pixels.

    Parameters
    ----------
    images : ndarray of shape (n, …) or ImageFiles
    n_threads : int, default=None
        None takes as many as there are cores.

    Raises
    ------
    skdl.images.UnreadableImageError
        If a file cannot be read, naming it.
    """

    def of_file(path: str) -> bytes:
        return digest_of(file_content(path))

    def of_row(row: int) -> bytes:
        return digest_of(images[row])

    if isinstance(images, ImageFiles):
        return list(in_threads(of_file, images.paths.tolist(), n_threads))
    return list(in_threads(of_row, range(len(images)), n_threads))
