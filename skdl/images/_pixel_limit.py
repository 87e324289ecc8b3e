"""The user's limit against decompression bombs, in worker processes as in their own.

``PIL.Image.MAX_IMAGE_PIXELS`` is a global of one process. Whatever decodes image files in workers
takes it along in its pickle, so that they refuse the same files, whoever started them.
"""

import multiprocessing
from typing import Any

from PIL import Image

from skdl._utils.sending import is_sending

_KEY = "_max_image_pixels"
# Pillow's own, which need not be told.
_DEFAULT = 1024**3 // 4 // 3

_before: list[int | None] = []  # what a worker had until it was told another one


def with_pixel_limit(state: dict[str, Any]) -> dict[str, Any]:
    """The state of an object, with the limit if that is not Pillow's own."""
    limit = Image.MAX_IMAGE_PIXELS
    # Other people have limits of their own.
    return dict(state) if limit == _DEFAULT or is_sending() else {**state, _KEY: limit}


def adopt_pixel_limit(state: dict[str, Any]) -> dict[str, Any]:
    """The state without the limit, which becomes that of this process if it is a worker."""
    state = dict(state)
    told, limit = _KEY in state, state.pop(_KEY, None)
    if multiprocessing.parent_process() is None:
        return state  # a pickle from elsewhere, which changes nothing of the user's
    if told:
        _before[:] = _before or [Image.MAX_IMAGE_PIXELS]
        Image.MAX_IMAGE_PIXELS = limit
    elif _before:
        Image.MAX_IMAGE_PIXELS = _before.pop()
    return state
