"""Image files that hold more than one image."""

import io
import os
from collections.abc import Sequence

from PIL import Image

from skdl._utils.threads import in_threads
from skdl.images import FORMATS, read_bytes

_MAY_HOLD_SEVERAL = (".gif", ".png", ".tif", ".tiff", ".webp")


def files_of_several(paths: Sequence[str]) -> list[str]:
    """Files with several frames or pages: animations and documents.

    Parameters
    ----------
    paths : sequence of str
        Files that can be read, and members of archives.

    Returns
    -------
    files : list of str
        In their order.
    """
    candidates = [path for path in paths if path.lower().endswith(_MAY_HOLD_SEVERAL)]
    several = in_threads(_holds_several, candidates)
    return [path for path, holds in zip(candidates, several, strict=True) if holds]


def _holds_several(path: str) -> bool:
    try:
        source = path if os.path.isfile(path) else io.BytesIO(read_bytes(path))
        with Image.open(source, formats=FORMATS) as image:
            return bool(getattr(image, "is_animated", False))
    except Exception:  # what follows the first image is damaged: that one was read
        return False
