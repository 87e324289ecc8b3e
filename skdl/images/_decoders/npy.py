"""Images as NumPy saves them."""

from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from skdl.images._decoders.base import Decoder
from skdl.images._info import ImageInfo

_SIGNATURE = b"\x93NUMPY"
_MOST_SIDES = 16  # that one side of floats is as long as the other, without a channel


class NpyDecoder(Decoder):
    """Arrays of one image, (h, w), (h, w, 1) or (h, w, 3), saved by numpy.save; no pickles.

    Floats without a third axis, one side of which is many times the other, count as a table.
    """

    extensions = (".npy",)

    def recognizes(self, start: bytes) -> bool:
        """Whether a file begins as these do."""
        return start.startswith(_SIGNATURE)

    def info(self, file: BinaryIO, frame: int = 0) -> ImageInfo:
        """What the header says."""
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, _, dtype = np.lib.format.read_array_header_2_0(file)
        else:
            raise ValueError(f"version {version} of its format is not supported")
        if dtype.kind not in "buif":
            what = "objects, which are pickled" if dtype.hasobject else str(dtype)
            raise ValueError(f"it holds {what}, but an array of numbers is expected")
        if len(shape) not in (2, 3) or shape[2:] not in ((), (1,), (3,)) or 0 in shape:
            raise ValueError(
                f"it holds an array of shape {shape}, but one image is expected: (height, width), "
                "(height, width, 1) or (height, width, 3). Save each image, or the channels to "
                "use, in a separate file"
            )
        if dtype.kind == "f" and len(shape) == 2 and max(shape) > _MOST_SIDES * min(shape):
            raise ValueError(
                f"it holds floats of shape {shape}, which look like a table of features. Load such "
                "files yourself; if it is an image, save it with shape (height, width, 1)"
            )
        height, width, channels = (*shape, 1)[:3]
        name = {"b": "uint8", "f": "float32"}.get(dtype.kind, dtype.newbyteorder("=").name)
        return ImageInfo(height, width, channels, "NPY", name)

    def pixels(self, file: BinaryIO, frame: int = 0) -> npt.NDArray[Any]:
        """The array."""
        values: npt.NDArray[Any] = np.load(file, allow_pickle=False)
        return values if values.ndim == 3 else values[:, :, np.newaxis]
