"""Slices of NIfTI volumes, by nibabel."""

import gzip
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from skdl.images._decoders.base import Decoder
from skdl.images._info import ImageInfo

_GZIP = b"\x1f\x8b"


class NiftiDecoder(Decoder):
    """Slices of NIfTI volumes along their last axis, by nibabel."""

    extensions = (".nii", ".nii.gz")
    module = "nibabel"
    install = "skdl[nifti]"

    def recognizes(self, start: bytes) -> bool:
        """Whether it is one by its header; a compressed one is known by its ending."""
        return start[344:348] == b"n+1\0" or start[4:8] == b"n+2\0"

    def info(self, file: BinaryIO, frame: int = 0) -> ImageInfo:
        """What the header says; frames are slices along the last axis."""
        image = _opened(file)
        height, width, n_frames = _shape(image)
        dtype = image.header.get_data_dtype()
        if dtype.kind == "f" or _is_scaled(image):
            name = "float32"
        else:
            name = "uint8" if dtype.names else dtype.newbyteorder("=").name
        if dtype.kind not in "uif" and dtype.names != ("R", "G", "B"):
            raise ValueError(f"its values are {dtype}, but real numbers or RGB are expected")
        return ImageInfo(height, width, 3 if dtype.names else 1, "NIFTI", name, n_frames)

    def pixels(self, file: BinaryIO, frame: int = 0) -> npt.NDArray[Any]:
        """The values ``[:, :, frame]`` of the volume: floats, if the header says how to scale."""
        image = _opened(file)
        values = np.asarray(image.dataobj[(*[slice(None)] * 2, *_place(image, frame))])
        if values.dtype.names:
            return np.stack([values[name] for name in values.dtype.names], axis=-1)
        if _is_scaled(image):
            values = values.astype(np.float32)
        return values[:, :, np.newaxis]


def _opened(file: BinaryIO) -> Any:
    import nibabel

    start = file.read(8)
    file.seek(0)
    opened: Any = file
    if start.startswith(_GZIP):
        opened = gzip.GzipFile(fileobj=file)
        start = opened.read(8)
        opened.seek(0)
    kind = nibabel.Nifti2Image if start[4:7] == b"n+2" else nibabel.Nifti1Image
    return kind.from_stream(opened)


def _shape(image: Any) -> tuple[int, int, int]:
    """Height, width and number of slices."""
    shape = tuple(map(int, image.shape))
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) > 3:
        raise ValueError(
            f"it holds {shape[3]} volumes, of shape {shape[:3]}; save the one to use in a separate "
            "file"
        )
    if len(shape) < 2 or min(shape) < 1:
        raise ValueError(f"it has shape {shape}, but (height, width, slices) is expected")
    height, width, n_frames = (*shape, 1)[:3]
    return height, width, n_frames


def _place(image: Any, frame: int) -> tuple[int, ...]:
    """Index of a slice in the axes behind the first two."""
    behind = len(image.shape) - 2
    return (frame, *[0] * (behind - 1)) if behind else ()


def _is_scaled(image: Any) -> bool:
    return (image.dataobj.slope, image.dataobj.inter) != (1, 0)
