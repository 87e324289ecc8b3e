"""Which decoder reads a file: by its ending, or by its first bytes.

Decisions: docs/decisions.md#image-files-and-formats.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO

from skdl._utils.checks import warn_user
from skdl._utils.text import shortened
from skdl.images._decoders.base import Decoder
from skdl.plugins import Plugin, decoders

START = 512
"""Bytes that decoders recognize their files by."""


class _Known:
    """Decoders that can be used, and whose endings are whose."""

    def __init__(self, plugins: tuple[Plugin, ...]) -> None:
        self.decoders: dict[str, Decoder] = {}
        self.owners: dict[str, str] = {}
        self.by_ending: dict[str, list[str]] = {}
        for plugin in plugins:
            try:
                made = plugin.load()()
                if not isinstance(made, Decoder):
                    raise TypeError(f"it makes {shortened(made)}, not a skdl.images.Decoder")
                endings = tuple(made.extensions)
            except Exception as error:
                warn_user(
                    f"The decoder {plugin.name!r} of package {plugin.owner!r} is ignored: {error}"
                )
                continue
            self.decoders[plugin.name] = made
            self.owners[plugin.name] = plugin.owner
            for ending in endings:
                self.by_ending.setdefault(ending, []).append(plugin.name)
        # The longest ending counts: of a.nii.gz it is .nii.gz.
        self.depth = max((ending.count(".") for ending in self.by_ending), default=1)

    def ending_of(self, name: str) -> str:
        """The ending by which a file is known to be an image, in lower case; "" if by none."""
        parts = name.replace("\\", "/").rpartition("/")[2].lower().split(".")
        for n in range(min(self.depth, len(parts) - 1), 0, -1):
            ending = "." + ".".join(parts[-n:])
            if ending in self.by_ending and len(parts) > n and "".join(parts[:-n]):
                return ending
        return ""


@lru_cache(maxsize=4)
def _known_of(plugins: tuple[Plugin, ...]) -> _Known:
    return _Known(plugins)


def _known() -> _Known:
    return _known_of(decoders.entries())


def all_decoders() -> Iterator[Decoder]:
    """All decoders that are registered and not broken."""
    yield from _known().decoders.values()


def ending_of_image(name: str) -> str:
    """Ending by which a file of this name is an image, in lower case; "" if by none.

    Files that need a library which is not installed are images, too: see :func:`what_reads`.
    """
    return _known().ending_of(name)


def what_reads(ending: str) -> str:
    """What has to be installed to read files of an ending, "" if nothing."""
    known = _known()
    return next((known.decoders[name].missing() for name in known.by_ending.get(ending, [])), "")


def is_image_name(name: str) -> bool:
    """Whether a file is an image that can be read here, by the ending of its name."""
    ending = ending_of_image(name)
    return bool(ending) and not what_reads(ending)


def recognized(start: bytes) -> Decoder | None:
    """The decoder that knows a file by its first bytes."""
    return next((decoder for decoder in all_decoders() if decoder.recognizes(start)), None)


def image_without_ending(start: bytes) -> Decoder | None:
    """The decoder of a file that is an image by its first bytes, though its name has no ending."""
    found = recognized(start)
    return found if found is not None and found.without_ending else None


def no_image() -> str:
    """What may be wrong with a file that no decoder knows."""
    kinds = [ending[1:].upper() for ending in _known().by_ending if not what_reads(ending)]
    return f"it is empty, damaged, or not an image of the kinds {', '.join(sorted(kinds))}"


def decoder_of(path: str, file: BinaryIO) -> Decoder:
    """The decoder of a file, which is left at its start.

    The ending decides, if the first bytes do not belong to another kind.

    Raises
    ------
    ValueError
        If there is none, two packages claim the ending, or what the decoder needs is missing.
    """
    start = file.read(START)
    file.seek(0)
    known = _known()
    ending = known.ending_of(path)
    names = known.by_ending.get(ending, [])
    if len(names) > 1:
        claims = " and ".join(f"{name!r} of {known.owners[name]!r}" for name in names)
        raise ValueError(f"the ending {ending} is claimed by the decoders {claims}. Uninstall one")
    found = known.decoders[names[0]] if names else None
    if found is None or not found.recognizes(start):
        found = recognized(start) or found
    if found is None:
        raise ValueError(no_image())
    if missing := found.missing():
        raise ValueError(f'it needs a library: python -m pip install "{missing}"')
    return found
