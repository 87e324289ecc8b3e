"""libtiff, which Pillow decodes compressed TIFF files with, without its lines on standard error.

Decisions: docs/decisions.md#image-files-and-formats.
"""

import ctypes
from functools import cache, partial
from typing import Any

from PIL import _imaging

from skdl._utils.threads import TakenOver, Undo


@cache
def _handler_setter() -> Any:
    """The function of Pillow's libtiff that says who is told of errors; None where it is hidden."""
    try:
        set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (AttributeError, OSError):  # built into Pillow, as on Windows, or another kind of Python
        return None
    set_handler.restype, set_handler.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    return set_handler


def _silence() -> Undo:
    set_handler = _handler_setter()
    if set_handler is None:
        return []
    return [partial(set_handler, set_handler(None))]


quiet_libtiff = TakenOver(_silence)
"""Within this context libtiff writes nothing; Pillow raises what is wrong with a file anyway."""
