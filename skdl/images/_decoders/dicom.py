"""DICOM, by pydicom.

Decisions: docs/decisions.md#image-files-and-formats.
"""

from typing import Any, BinaryIO, ClassVar

import numpy as np
import numpy.typing as npt

from skdl.images._decoders.base import Decoder, refuse_missing_frame
from skdl.images._info import ImageInfo

_GROUPS = ("PatientID", "StudyInstanceUID")
_GRAY = ("MONOCHROME1", "MONOCHROME2")
_COLORS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_DIRECTORY = b"1.2.840.10008.1.3.10"  # lists the files of a disk
_DEFLATED = b"1.2.840.10008.1.2.1.99"
# Of the file, within which its header says how the rest is compressed.
_HEADER = 1024


class DicomDecoder(Decoder):
    """DICOM, by pydicom: all values, rescaled, with low values dark.

    Parameters
    ----------
    window : bool, default=False
        Whether to apply the window of the file (the first one, with its function), which maps
        values to bytes from 0 to 255. By default, all values are kept, and estimators learn the
        range.

    See Also
    --------
    skdl.images.read_image : Read these files with the default.

    References
    ----------
    NEMA, "Digital Imaging and Communications in Medicine (DICOM)", PS3.3, sections C.7.6.3 (image
    pixels), C.11.1 (rescaling) and C.11.2 (windows).

    Examples
    --------
    >>> from skdl.images import DicomDecoder
    >>> DicomDecoder(window=True).extensions
    ('.dcm', '.dicom', '.ima')
    """

    extensions = (".dcm", ".dicom", ".ima")
    module: ClassVar[str] = "pydicom"
    install: ClassVar[str] = "skdl[dicom]"
    without_ending = True

    def __init__(self, window: bool = False) -> None:
        self.window = window

    def recognizes(self, start: bytes) -> bool:
        """Whether a file has the signature of DICOM, and is not the directory of a disk.

        Parameters
        ----------
        start : bytes
            The first 512 bytes of the file, or all if it has fewer.

        Returns
        -------
        recognized : bool
            Whether "DICM" is at byte 128.
        """
        return start[128:132] == b"DICM" and _DIRECTORY + b"\0" not in start

    def info(self, file: BinaryIO, frame: int = 0) -> ImageInfo:
        """Read the header of a file.

        Parameters
        ----------
        file : binary file
            Readable and seekable, at its start.
        frame : int, default=0
            Which frame, counted from 0.

        Returns
        -------
        info : ImageInfo
            Its `groups` holds "PatientID" and "StudyInstanceUID", if the file has them.

        Raises
        ------
        ValueError
            If the file holds no image, or one whose colours are not supported.
        """
        return self._info(_read(file, stop_before_pixels=True), frame)

    def pixels(self, file: BinaryIO, frame: int = 0) -> npt.NDArray[Any]:
        """Decode a frame.

        Parameters
        ----------
        file : binary file
            Readable and seekable, at its start.
        frame : int, default=0
            Which frame, counted from 0.

        Returns
        -------
        pixels : ndarray of shape (height, width, channels)
            Gray in the units of the file, or RGB; with `window`, gray from 0 to 255.

        Raises
        ------
        EOFError
            If there is no such frame.
        ValueError
            As in :meth:`info`; or if decompressing the pixels requires another package, or if
            `window` is True but the file has no window.
        """
        from pydicom.pixels import apply_color_lut, pixel_array

        data = _read(file)
        info = self._info(data, frame)
        refuse_missing_frame(frame, info)
        _refuse_compression(data)
        values = pixel_array(data, index=frame)
        kind = _kind(data)
        if kind == "PALETTE COLOR":
            values = apply_color_lut(values, data)[:, :, :3]
            values = values >> (8 * (values.dtype.itemsize - 1))
        elif kind in _GRAY:
            values = self._gray(values, data, frame)[:, :, np.newaxis]
        return np.asarray(values).astype(info.dtype)

    def _info(self, header: Any, frame: int) -> ImageInfo:
        if "Rows" not in header or "PhotometricInterpretation" not in header:
            kind = getattr(header.get("SOPClassUID"), "name", "")
            what = f" ({kind})" if kind else ", or is not a DICOM file"
            raise ValueError(f"it holds no image{what}")
        colored = _kind(header) not in _GRAY
        found = {name: str(header.get(name) or "").strip() for name in _GROUPS}
        return ImageInfo(
            int(header.Rows),
            int(header.Columns),
            3 if colored else 1,
            "DICOM",
            "uint8" if self.window and not colored else _dtype(header, frame),
            int(header.get("NumberOfFrames") or 1),
            {name: value for name, value in found.items() if value},
        )

    def _gray(self, values: npt.NDArray[Any], data: Any, frame: int) -> npt.NDArray[Any]:
        """Values in the units of the file, dark where the image is; or through its window."""
        inverted = _kind(data) == "MONOCHROME1"
        if data.BitsAllocated == 1:
            values = values * 255
        if inverted and not self.window:
            values = _ends(data) - values.astype(np.int64)
        if "ModalityLUTSequence" in data:
            from pydicom.pixels import apply_modality_lut

            values = apply_modality_lut(values, data)
        elif _is_rescaled(data, frame):
            slope, intercept = _rescaling(data, frame)
            values = values * slope + intercept
        if not self.window:
            return values
        shown = _windowed(values, data, frame)
        return 255 - shown if inverted else shown


def _read(file: BinaryIO, **options: Any) -> Any:
    import pydicom

    start = file.read(_HEADER)
    file.seek(0)
    if _DEFLATED in start:
        raise ValueError("it is compressed as a whole (deflated); save it uncompressed")
    data = pydicom.dcmread(file, force=start[128:132] != b"DICM", **options)
    if "TransferSyntaxUID" not in data.file_meta:  # older files, without the signature
        implicit = data.original_encoding[0]
        uid = pydicom.uid
        data.file_meta.TransferSyntaxUID = (
            uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian
        )
    return data


def _kind(header: Any) -> str:
    """How values become gray or colors."""
    kind = str(header.PhotometricInterpretation)
    if kind not in (*_GRAY, *_COLORS, "PALETTE COLOR"):
        raise ValueError(f"its photometric interpretation, {kind!r}, is not supported")
    return kind


def _dtype(header: Any, frame: int) -> str:
    """Of the values that come out: as stored, or floats where they are rescaled."""
    bits, kind = int(header.BitsAllocated), _kind(header)
    if kind == "PALETTE COLOR":
        return "uint8"
    if kind in _GRAY and (_is_rescaled(header, frame) or "PixelRepresentation" not in header):
        return "float32"  # without it, the pixels are floats themselves
    signed = kind in _GRAY and header.PixelRepresentation == 1
    return f"{'' if signed else 'u'}int{max(8, bits)}"


def _is_rescaled(header: Any, frame: int) -> bool:
    return "ModalityLUTSequence" in header or _rescaling(header, frame) != (1, 0)


def _rescaling(header: Any, frame: int) -> tuple[float, float]:
    """Slope and intercept, of the image or of its frame."""
    place = _of_frame(header, frame, "PixelValueTransformationSequence", "RescaleSlope")
    slope, intercept = place.get("RescaleSlope"), place.get("RescaleIntercept")
    return float(1 if slope is None else slope), float(intercept or 0)


def _of_frame(header: Any, frame: int, sequence: str, name: str) -> Any:
    """Where a header says something of a frame: by itself, or in the groups of many frames."""
    if name not in header:
        frames = header.get("PerFrameFunctionalGroupsSequence") or []
        shared = header.get("SharedFunctionalGroupsSequence") or []
        for group in (*frames[frame : frame + 1], *shared[:1]):
            if found := group.get(sequence):
                return found[0]
    return header


def _ends(header: Any) -> int:
    """The sum of the smallest and the largest value that may be stored."""
    return -1 if header.PixelRepresentation == 1 else 2 ** int(header.BitsStored) - 1


def _windowed(values: npt.NDArray[Any], data: Any, frame: int) -> npt.NDArray[np.float64]:
    """Values through the first window of the file, from 0 to 255 (PS3.3, C.11.2.1.2)."""
    place = _of_frame(data, frame, "FrameVOILUTSequence", "WindowCenter")
    if place.get("WindowCenter") is None or place.get("WindowWidth") is None:
        raise ValueError("it has no window")
    center, width = (
        float(np.atleast_1d(np.asarray(place.get(name), dtype=np.float64))[0])
        for name in ("WindowCenter", "WindowWidth")
    )
    function = str(place.get("VOILUTFunction") or "LINEAR")
    if (width < 1 and function == "LINEAR") or width <= 0:
        raise ValueError(f"its window has the invalid width {width:g}")
    if function == "SIGMOID":
        shown = 1 / (1 + np.exp(-4 * (values - center) / width))
    elif function == "LINEAR_EXACT":
        shown = (values - center) / width + 0.5
    else:
        shown = (values - (center - 0.5)) / max(width - 1, 1e-9) + 0.5
    return np.rint(255 * np.clip(shown, 0, 1))


def _refuse_compression(data: Any) -> None:
    """Refuse what pydicom cannot decompress here, saying what it takes."""
    from pydicom.pixels import get_decoder

    syntax = data.file_meta.TransferSyntaxUID
    if not syntax.is_compressed:
        return
    compressed = f"its pixels are compressed as {syntax.name}"
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise ValueError(f"{compressed}, which pydicom cannot read") from error
    if not decoder.is_available:
        needed = "; or ".join(decoder.missing_dependencies)
        raise ValueError(f"{compressed}, for which pydicom needs another package: {needed}")
