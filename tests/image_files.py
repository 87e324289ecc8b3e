"""Small files of every kind that skdl decodes, written by the libraries that own the formats."""

import io

import numpy as np
import pytest
from PIL import Image

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (6, 9), dtype=np.uint8)
COLOR = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 2**16, (6, 9), dtype=np.uint16)


def picture(kind, pixels=COLOR, **options):
    """Content of a file that Pillow writes."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def dicom(
    pixels=DEEP, photometric="MONOCHROME2", *, stored=None, transfer=None, content=None, **tags
):
    """Content of a DICOM file; (frames, h, w) or (h, w, 3) of colors."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = transfer or ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.PatientID, data.StudyInstanceUID = "P1", "1.2.3"
    color = pixels.ndim == 3 and pixels.shape[2] == 3
    shape = pixels.shape[:2] if color or pixels.ndim == 2 else pixels.shape[1:]
    data.Rows, data.Columns = shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 3 if color else 1, photometric
    if color:
        data.PlanarConfiguration = 0
    elif pixels.ndim == 3:
        data.NumberOfFrames = len(pixels)
    data.BitsAllocated = 8 * pixels.dtype.itemsize
    data.BitsStored = stored or data.BitsAllocated
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    for name, value in tags.items():
        setattr(data, name, value)
    data.PixelData = pixels.tobytes() if content is None else content
    data["PixelData"].VR = "OB" if data.BitsAllocated == 8 else "OW"
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    return file.getvalue()


def npy(pixels):
    """Content of a file of numpy.save."""
    file = io.BytesIO()
    np.save(file, pixels)
    return file.getvalue()


def nifti(volume, slope=None, intercept=None, version=1):
    """Content of a NIfTI file."""
    nibabel = pytest.importorskip("nibabel")
    kind = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    image = kind(volume, np.eye(4), dtype=volume.dtype)
    if slope is not None:
        image.header.set_slope_inter(slope, intercept)
    return image.to_bytes()


def tiff(pixels, **options):
    """Content of a file that tifffile writes."""
    tifffile = pytest.importorskip("tifffile")
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def heif(pixels=COLOR, **options):
    """Content of a HEIC file, without loss."""
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    mode = "L" if pixels.ndim == 2 else "RGB"
    made = pillow_heif.from_bytes(mode, pixels.shape[1::-1], pixels.tobytes())
    made.save(file, quality=-1, chroma=444, **options)
    return file.getvalue()


def samples():
    """One file for each of skdl's decoders, by the decoder's name and its ending."""
    floats = RNG.normal(size=(6, 9, 3)).astype(np.float32)
    volume = RNG.integers(-100, 100, (6, 9, 5), dtype=np.int16)
    return {
        "avif": (".avif", lambda: picture("AVIF")),
        "dicom": (".dcm", lambda: dicom(np.stack([DEEP, DEEP // 2, DEEP // 3]))),
        "heif": (".heic", heif),
        "jpeg2000": (".jp2", lambda: picture("JPEG2000", DEEP)),
        "netpbm": (".pgm", lambda: b"P5 9 6 65535\n" + DEEP.astype(">u2").tobytes()),
        "nifti": (".nii", lambda: nifti(volume)),
        "npy": (".npy", lambda: npy(floats)),
        "pillow": (".png", lambda: picture("PNG")),
        "tiff": (".tif", lambda: tiff(floats, photometric="rgb")),
    }
