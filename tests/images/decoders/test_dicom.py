"""DICOM files, written by pydicom, whose right pixels are known."""

import io
import sys

import numpy as np
import pytest
from image_files import COLOR, DEEP, GRAY, dicom, picture

from skdl.images import DicomDecoder, UnreadableImageError, read_image, read_image_info

pydicom = pytest.importorskip("pydicom")


@pytest.fixture
def read(tmp_path):
    """Write a file; read it, and hold its header to the pixels."""

    def write_and_read(*args, frame="first", **tags):
        path = tmp_path / "a.dcm"
        path.write_bytes(dicom(*args, **tags))
        image = read_image(path, frame=frame)
        info = read_image_info(path, frame=frame)
        assert (info.height, info.width, info.channels) == image.shape
        assert (info.dtype, info.format) == (str(image.dtype), "DICOM")
        return image

    return write_and_read


@pytest.mark.parametrize("pixels", [GRAY, DEEP, DEEP.view(np.int16), DEEP.astype(np.uint32)])
def test_values_are_as_they_are_stored(read, pixels):
    image = read(pixels)
    assert image.dtype == pixels.dtype
    np.testing.assert_array_equal(image[:, :, 0], pixels)
    np.testing.assert_array_equal(read(pixels, RescaleSlope=1, RescaleIntercept=0), image)


def test_slope_and_intercept(read):
    stored = (DEEP >> 4).astype(np.uint16)
    image = read(stored, stored=12, RescaleSlope=1, RescaleIntercept=-1024)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image[:, :, 0], stored.astype(int) - 1024)
    image = read(stored, stored=12, RescaleSlope="0.5", RescaleIntercept="3")
    np.testing.assert_array_equal(image[:, :, 0], stored * 0.5 + 3)


def test_slope_and_intercept_of_each_frame(tmp_path):
    """An enhanced file says them in groups, of one frame or shared by all."""

    def group(slope):
        values = pydicom.Dataset()
        values.RescaleSlope, values.RescaleIntercept = slope, 10
        item = pydicom.Dataset()
        item.PixelValueTransformationSequence = [values]
        return item

    path = tmp_path / "a.dcm"
    frames = np.stack([DEEP, DEEP])
    path.write_bytes(dicom(frames, PerFrameFunctionalGroupsSequence=[group(2), group(3)]))
    for frame, slope in enumerate((2, 3)):
        expected = (DEEP * float(slope) + 10).astype(np.float32)
        np.testing.assert_array_equal(read_image(path, frame=frame)[:, :, 0], expected)
    path.write_bytes(dicom(frames, SharedFunctionalGroupsSequence=[group(4)]))
    np.testing.assert_array_equal(read_image(path, frame=1)[:, :, 0], DEEP * 4.0 + 10)


def test_a_table_in_place_of_slope_and_intercept(read):
    table = pydicom.Dataset()
    table.LUTDescriptor = [256, 0, 16]
    table["LUTDescriptor"].VR = "US"
    table.LUTData = (np.arange(256, dtype=np.uint16) ** 2).tolist()
    table["LUTData"].VR = "US"
    table.ModalityLUTType = "US"
    image = read(GRAY, ModalityLUTSequence=[table])
    np.testing.assert_array_equal(image[:, :, 0], GRAY.astype(np.float32) ** 2)


def test_white_that_is_stored_as_zero(read):
    """MONOCHROME1 comes out as the MONOCHROME2 of the same picture."""
    stored = (DEEP >> 4).astype(np.uint16)
    np.testing.assert_array_equal(
        read(stored, "MONOCHROME1", stored=12), read(4095 - stored, stored=12)
    )
    signed = GRAY.view(np.int8).astype(np.int16)
    np.testing.assert_array_equal(
        read(signed, "MONOCHROME1", stored=8), read(-1 - signed, stored=8)
    )
    scale = {"RescaleSlope": 2, "RescaleIntercept": -5}
    np.testing.assert_array_equal(read(GRAY, "MONOCHROME1", **scale), read(255 - GRAY, **scale))


def test_colors(read):
    np.testing.assert_array_equal(read(COLOR, "RGB"), COLOR)
    deep = np.stack([DEEP, DEEP // 2, DEEP // 3], axis=-1)
    np.testing.assert_array_equal(read(deep, "RGB"), deep)
    planes = np.ascontiguousarray(np.moveaxis(COLOR, -1, 0))
    np.testing.assert_array_equal(
        read(COLOR, "RGB", PlanarConfiguration=1, content=planes.tobytes()), COLOR
    )


# Of ITU-R BT.601 in full range, as PS3.3 has it in C.7.6.3.1.2.
YBR = {(76, 85, 255): (254, 0, 0), (150, 44, 21): (0, 255, 1), (128, 128, 128): (128,) * 3}


def test_brightness_and_color_differences(read):
    stored = np.tile(np.array(list(YBR), np.uint8), (2, 2, 1))  # 6 wide
    expected = np.tile(np.array(list(YBR.values())), (2, 2, 1))
    image = read(stored, "YBR_FULL")
    assert np.abs(image.astype(int) - expected).max() <= 2
    pairs = np.repeat(stored, 2, axis=1)  # so that two pixels share their differences
    packed = np.stack([pairs[:, ::2, 0], pairs[:, 1::2, 0], pairs[:, ::2, 1], pairs[:, ::2, 2]], -1)
    halved = read(pairs, "YBR_FULL_422", content=packed.tobytes())
    np.testing.assert_array_equal(halved, np.repeat(image, 2, axis=1))


@pytest.mark.parametrize("bits", [8, 16])
def test_palettes(read, bits):
    colors = np.random.default_rng(1).integers(0, 256, (256, 3), dtype=np.uint8)
    tags = {}
    for name, values in zip(("Red", "Green", "Blue"), colors.T, strict=True):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, bits]
        entries = values if bits == 8 else values.astype(np.uint16) * 257
        tags[f"{name}PaletteColorLookupTableData"] = entries.tobytes()
    image = read(GRAY, "PALETTE COLOR", **tags)
    np.testing.assert_array_equal(image, colors[GRAY])


def test_frames(tmp_path, read):
    frames = np.stack([DEEP, DEEP // 2, DEEP // 3, DEEP // 5])
    for frame, number in {"first": 0, "middle": 1, 3: 3}.items():
        np.testing.assert_array_equal(read(frames, frame=frame)[:, :, 0], frames[number])
    assert read_image_info(tmp_path / "a.dcm").n_frames == 4
    with pytest.raises(UnreadableImageError, match="no such frame: 4 was requested"):
        read_image(tmp_path / "a.dcm", frame=4)


def test_masks_of_one_bit(read):
    mask = (GRAY[:, :8] > 128).astype(np.uint8)
    packed = np.packbits(mask.reshape(-1), bitorder="little").tobytes()
    image = read(mask, BitsAllocated=1, BitsStored=1, HighBit=0, content=packed)
    np.testing.assert_array_equal(image[:, :, 0], mask * 255)


def test_pixels_in_floats(tmp_path):
    values = np.random.default_rng(0).normal(size=(6, 9)).astype(np.float32)
    data = pydicom.dcmread(io.BytesIO(dicom(DEEP)))
    del data.PixelData, data.PixelRepresentation, data.BitsStored, data.HighBit
    data.BitsAllocated, data.FloatPixelData = 32, values.tobytes()
    data.save_as(tmp_path / "a.dcm")
    np.testing.assert_array_equal(read_image(tmp_path / "a.dcm")[:, :, 0], values)
    assert read_image_info(tmp_path / "a.dcm").dtype == "float32"


def test_patients_and_studies(tmp_path):
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom())
    assert read_image_info(path).groups == {"PatientID": "P1", "StudyInstanceUID": "1.2.3"}
    path.write_bytes(dicom(PatientID=""))
    assert read_image_info(path).groups == {"StudyInstanceUID": "1.2.3"}


@pytest.mark.parametrize("name", ["IM0001", "1.2.840.113619.2.5", "a.bin"])
def test_files_are_known_by_their_signature(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(dicom())
    np.testing.assert_array_equal(read_image(path)[:, :, 0], DEEP)


def test_a_file_without_the_signature_is_known_by_its_ending(tmp_path):
    content = dicom(transfer=pydicom.uid.ImplicitVRLittleEndian)
    length = int.from_bytes(content[140:144], "little")
    path = tmp_path / "old.dcm"
    path.write_bytes(content[144 + length :])
    np.testing.assert_array_equal(read_image(path)[:, :, 0], DEEP)


# Center 100, width 50: by PS3.3, C.11.2.1.2 for the three functions.
@pytest.mark.parametrize(
    ("function", "values"),
    {
        "LINEAR": {74: 0, 75: 0, 99: 125, 100: 130, 124: 255, 126: 255},
        "LINEAR_EXACT": {74: 0, 75: 0, 100: 128, 125: 255},
        "SIGMOID": {0: 0, 100: 128, 200: 255, 125: 225},
    }.items(),
)
def test_windows(tmp_path, function, values):
    stored = np.array([list(values)], dtype=np.uint16)
    expected = np.array(list(values.values()))
    path = tmp_path / "a.dcm"
    tags = {"WindowCenter": [100, 7], "WindowWidth": [50, 9], "VOILUTFunction": function}
    for kind in ("MONOCHROME2", "MONOCHROME1"):
        path.write_bytes(dicom(stored, kind, **tags))
        with open(path, "rb") as file:
            shown = DicomDecoder(window=True).pixels(file)
            file.seek(0)
            assert DicomDecoder(window=True).info(file).dtype == "uint8" == str(shown.dtype)
        right = expected if kind == "MONOCHROME2" else 255 - expected
        assert np.abs(shown[0, :, 0].astype(int) - right).max() <= 1
    for tags in ({}, {"WindowCenter": 1, "WindowWidth": 0}):
        path.write_bytes(dicom(stored, **tags))
        with open(path, "rb") as file, pytest.raises(ValueError, match="window"):
            DicomDecoder(window=True).pixels(file)


def test_compressed_files(tmp_path):
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGBaseline8Bit, RLELossless

    path = tmp_path / "a.dcm"
    smooth = np.tile(np.linspace(0, 255, 16, dtype=np.uint8), (16, 1))
    stored = encapsulate([picture("JPEG", smooth, quality=95)])
    path.write_bytes(dicom(smooth, transfer=JPEGBaseline8Bit, content=stored))
    assert np.abs(read_image(path)[:, :, 0].astype(int) - smooth).max() < 8
    data = pydicom.dcmread(io.BytesIO(dicom()))
    data.compress(RLELossless)
    data.save_as(path)
    np.testing.assert_array_equal(read_image(path)[:, :, 0], DEEP)


def test_compression_that_takes_another_package(tmp_path):
    from pydicom.pixels import get_decoder
    from pydicom.uid import JPEGLosslessSV1

    if get_decoder(JPEGLosslessSV1).is_available:
        pytest.skip("the package is installed")
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom(transfer=JPEGLosslessSV1, content=b"\xfe\xff\x00\xe0\0\0\0\0"))
    with pytest.raises(UnreadableImageError, match="as JPEG Lossless.* pylibjpeg-libjpeg"):
        read_image(path)


def test_what_is_no_image(tmp_path, monkeypatch):
    path = tmp_path / "a.dcm"

    def refused(reason, **tags):
        path.write_bytes(dicom(**tags))
        for read in (read_image, read_image_info):
            with pytest.raises(UnreadableImageError, match=reason):
                read(path)

    refused("interpretation, 'CMYK', is not supported", photometric="CMYK")
    refused("decompression bomb", Rows=60000, Columns=60000)
    path.write_bytes(dicom(Rows=600))  # more than there is
    with pytest.raises(UnreadableImageError):
        read_image(path)
    data = pydicom.dcmread(io.BytesIO(dicom()))
    del data.Rows, data.PixelData
    data.save_as(path)
    with pytest.raises(UnreadableImageError, match=r"it holds no image \(Secondary Capture"):
        read_image(path)
    path.write_bytes(b"")
    with pytest.raises(UnreadableImageError):
        read_image(path)


def test_without_pydicom(tmp_path, monkeypatch):
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom())
    monkeypatch.setitem(sys.modules, "pydicom", None)
    for read in (read_image, read_image_info):
        with pytest.raises(UnreadableImageError, match=r'python -m pip install "skdl\[dicom\]"'):
            read(path)
