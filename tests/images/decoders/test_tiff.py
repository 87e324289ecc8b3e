"""TIFF files that Pillow does not read, written by tifffile."""

import sys

import numpy as np
import pytest
from image_files import COLOR, DEEP, GRAY, RNG, tiff

from skdl.images import UnreadableImageError, read_image, read_image_info

DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64"]


def values_of(dtype, shape):
    if np.dtype(dtype).kind == "f":
        return RNG.normal(scale=100, size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


@pytest.fixture
def read(tmp_path):
    def write_and_read(pixels, frame="first", **options):
        path = tmp_path / "a.tif"
        path.write_bytes(tiff(pixels, **options))
        image = read_image(path, frame=frame)
        info = read_image_info(path, frame=frame)
        assert (info.height, info.width, info.channels) == image.shape
        assert (info.dtype, info.format) == (str(image.dtype), "TIFF")
        return image, info.n_frames

    return write_and_read


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_depth(read, dtype, order):
    """In gray and in color, in one plane or three: nothing is lost."""
    kept = np.float32 if np.dtype(dtype).kind == "f" else dtype
    gray, color = values_of(dtype, (6, 9)), values_of(dtype, (6, 9, 3))
    image, n_frames = read(gray, byteorder=order)
    assert (image.dtype, n_frames) == (kept, 1)
    np.testing.assert_array_equal(image[:, :, 0], gray.astype(kept))
    image, n_frames = read(color, photometric="rgb", byteorder=order)
    assert n_frames == 1
    np.testing.assert_array_equal(image, color.astype(kept))
    planes = np.moveaxis(color, -1, 0)
    image, _ = read(planes, photometric="rgb", planarconfig="separate", byteorder=order)
    np.testing.assert_array_equal(image, color.astype(kept))


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_transparency_is_dropped(read, compression):
    pixels = values_of("float32", (6, 9, 4))
    options = {"photometric": "rgb", "extrasamples": ["unassalpha"], "compression": compression}
    np.testing.assert_array_equal(read(pixels, **options)[0], pixels[:, :, :3])


@pytest.mark.parametrize("planarconfig", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_channels_that_are_no_colors_are_frames(read, dtype, planarconfig):
    pixels = values_of(dtype, (6, 9, 5))
    stored = pixels if planarconfig == "contig" else np.moveaxis(pixels, -1, 0)
    options = {"photometric": "minisblack", "planarconfig": planarconfig}
    for frame, channel in {"first": 0, "middle": 2, 4: 4}.items():
        image, n_frames = read(stored, frame=frame, **options)
        assert n_frames == 5
        np.testing.assert_array_equal(image[:, :, 0], pixels[:, :, channel])
    with pytest.raises(UnreadableImageError, match="no such frame"):
        read(stored, frame=5, **options)


@pytest.mark.parametrize("dtype", ["uint16", "float64"])
def test_channels_of_ome_are_frames(read, dtype):
    """Each channel is a page there, whoever reads it."""
    stack = values_of(dtype, (3, 6, 9))
    kept = stack.astype(np.float32) if dtype == "float64" else stack
    for frame in range(3):
        image, n_frames = read(stack, frame=frame, ome=True, metadata={"axes": "CYX"})
        assert n_frames == 3
        np.testing.assert_array_equal(image[:, :, 0], kept[frame])


def test_white_that_is_stored_as_zero(read):
    shown = read(DEEP.astype(np.uint32), photometric="miniswhite", byteorder=">")[0]
    np.testing.assert_array_equal(shown[:, :, 0], 2**32 - 1 - DEEP.astype(np.int64))


def test_what_pillow_reads_needs_no_tifffile(tmp_path, monkeypatch):
    paths = []
    for number, pixels in enumerate((GRAY, DEEP, COLOR)):
        paths.append(tmp_path / f"{number}.tif")
        paths[-1].write_bytes(tiff(pixels))
    monkeypatch.setitem(sys.modules, "tifffile", None)
    for path, pixels in zip(paths, (GRAY, DEEP, COLOR), strict=True):
        np.testing.assert_array_equal(read_image(path).squeeze(), pixels)


def test_without_tifffile(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(values_of("float32", (6, 9, 3)), photometric="rgb"))
    monkeypatch.setitem(sys.modules, "tifffile", None)
    for read in (read_image, read_image_info):
        with pytest.raises(UnreadableImageError, match=r'python -m pip install "skdl\[tiff\]"'):
            read(path)


def test_compression_that_takes_another_package(tmp_path):
    content = tiff(values_of("float32", (6, 9, 3)), photometric="rgb", metadata=None)
    uncompressed = np.array([259, 3, 1, 0, 1, 0], "<u2").tobytes()  # tag, type, count, value
    jpeg_xl = np.array([259, 3, 1, 0, 50002, 0], "<u2").tobytes()
    assert uncompressed in content
    path = tmp_path / "a.tif"
    path.write_bytes(content.replace(uncompressed, jpeg_xl))
    with pytest.raises(UnreadableImageError, match="requires the 'imagecodecs' package"):
        read_image(path)


def test_huge_and_damaged_files(tmp_path, monkeypatch, caplog, capfd):
    from PIL import Image

    path = tmp_path / "a.tif"
    content = tiff(values_of("float32", (60, 90, 3)), photometric="rgb")
    for part in (0.1, 0.5, 0.9):
        path.write_bytes(content[: int(part * len(content))])
        with pytest.raises(UnreadableImageError):
            read_image(path)
    path.write_bytes(content)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    for read in (read_image, read_image_info):
        with pytest.raises(UnreadableImageError, match="90 × 60 pixels.*, now 1000"):
            read(path)
    assert (caplog.records, capfd.readouterr().err) == ([], "")


def test_values_that_are_missing(tmp_path):
    path = tmp_path / "a.tif"
    for value in (np.nan, np.inf):
        path.write_bytes(tiff(np.full((6, 9, 3), value, np.float32), photometric="rgb"))
        with pytest.raises(UnreadableImageError, match="its values contain NaN or infinity"):
            read_image(path)
        assert read_image_info(path).dtype == "float32"
