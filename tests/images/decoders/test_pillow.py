"""Netpbm, JPEG 2000, AVIF and HEIC."""

import base64
import sys

import numpy as np
import pytest
from image_files import COLOR, DEEP, GRAY, heif, picture
from PIL import Image, features

from skdl.images import UnreadableImageError, read_image, read_image_info
from skdl.images._decoders.pillow import has_feature

SMOOTH = np.asarray(Image.fromarray(COLOR).resize((36, 24), Image.Resampling.BICUBIC))


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, ending):
        path = tmp_path / f"a{ending}"
        path.write_bytes(content)
        image, info = read_image(path), read_image_info(path)
        assert (info.height, info.width, info.channels) == image.shape
        assert info.dtype == str(image.dtype)
        return image

    return write_and_read


@pytest.mark.parametrize("ending", [".ppm", ".pgm", ".pnm"])
def test_netpbm(read, ending):
    for pixels in (COLOR, GRAY):
        image = read(picture("PPM", pixels), ending)
        assert image.dtype == pixels.dtype
        np.testing.assert_array_equal(image.squeeze(), pixels)


def test_netpbm_of_more_than_8_bits(read):
    """As it is in the file, with and without a comment; Pillow scales, or drops half the bits."""
    twelve = DEEP >> 4
    deep = np.stack([DEEP, DEEP // 2, DEEP // 3], axis=-1)
    body = twelve.astype(">u2").tobytes()
    np.testing.assert_array_equal(read(b"P5 # 12 bits\n9 6\n4095\n" + body, ".pgm")[..., 0], twelve)
    image = read(b"P6\n9 6 65535\n" + deep.astype(">u2").tobytes(), ".ppm")
    np.testing.assert_array_equal(image, deep)
    words = " ".join(map(str, twelve.ravel())).encode()
    plain = b"P2\n# a comment\n9 6\n4095 # another\n"
    np.testing.assert_array_equal(read(plain + words, ".pgm")[..., 0], twelve)
    words = "\n".join(map(str, deep.ravel())).encode()
    np.testing.assert_array_equal(read(b"P3 9 6 65535\n" + words, ".pnm"), deep)


def test_netpbm_of_one_bit(read):
    image = read(b"P1\n3 2\n1 0 1\n0 0 1\n", ".pbm")
    np.testing.assert_array_equal(image[..., 0], [[0, 255, 0], [255, 255, 0]])


@pytest.mark.parametrize(
    "content",
    [
        b"P5 9 6 65535\n" + bytes(107),
        b"P2 9 6 4095\n" + b"7 " * 53,
        b"P2 2 1 4095\n7 4096",
        b"P2 2 1 4095\n7 -1",
        b"P2 2 1 4095\n7 seven",
        b"P5 90000 60000 65535\n",
        b"P5 0 6 65535\n",
        b"P5",
    ],
)
def test_netpbm_that_is_none(tmp_path, content):
    path = tmp_path / "a.pgm"
    path.write_bytes(content)
    with pytest.raises(UnreadableImageError):
        read_image(path)


@pytest.mark.skipif(not has_feature("jpg_2000"), reason="Pillow was built without it")
def test_jpeg_2000(read, tmp_path):
    for pixels in (COLOR, GRAY, DEEP):
        for ending, options in ((".jp2", {}), (".j2k", {"no_jp2": True})):
            image = read(picture("JPEG2000", pixels, **options), ending)
            assert image.dtype == pixels.dtype
            np.testing.assert_array_equal(image.squeeze(), pixels)
    content = bytearray(picture("JPEG2000", COLOR, no_jp2=True))
    content[42] = 15  # 16 bits of the first color
    (tmp_path / "deep.j2k").write_bytes(content)
    with pytest.raises(UnreadableImageError, match="of 16 bits, only 8 of which can be read; con"):
        read_image(tmp_path / "deep.j2k")


@pytest.mark.skipif(not has_feature("avif"), reason="Pillow is older, or was built without it")
def test_avif(read):
    image = read(picture("AVIF", SMOOTH, quality=95, subsampling="4:4:4"), ".avif")
    assert np.abs(image.astype(int) - SMOOTH).mean() < 6


def test_avif_without_a_newer_pillow(tmp_path, monkeypatch):
    path = tmp_path / "a.avif"
    path.write_bytes(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1")
    monkeypatch.setattr(features, "modules", {})
    with pytest.raises(UnreadableImageError, match=r'python -m pip install "pillow>=11.3"'):
        read_image(path)


def test_heic(read):
    image = read(heif(SMOOTH), ".heic")
    assert np.abs(image.astype(int) - SMOOTH).max() <= 3
    assert read(heif(SMOOTH[:, :, 1].copy()), ".heif").shape[2] in (1, 3)


def test_heic_of_more_than_8_bits_and_several_images(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "a.heic"
    deep = SMOOTH.astype(np.uint16) * 257
    made = pillow_heif.from_bytes("RGB;16", deep.shape[1::-1], deep.tobytes())
    made.add_from_pillow(Image.fromarray(SMOOTH[::-1].copy()))
    made.save(path, quality=-1, chroma=444, primary_index=0)
    info = read_image_info(path)
    assert (info.n_frames, info.dtype) == (2, "uint16")
    assert np.abs(read_image(path, frame=0).astype(int) - deep).max() <= 3 * 257
    assert read_image_info(path, frame=1).dtype == "uint8"
    second = read_image(path, frame=1)
    assert np.abs(second.astype(int) - SMOOTH[::-1]).max() <= 3
    with pytest.raises(UnreadableImageError, match="no such frame"):
        read_image(path, frame=2)


def test_the_primary_image_of_a_heic_is_the_first(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "a.heic"
    made = pillow_heif.from_pillow(Image.fromarray(SMOOTH))
    made.add_from_pillow(Image.fromarray(255 - SMOOTH))
    made.save(path, quality=-1, chroma=444, primary_index=1)
    assert np.abs(read_image(path, frame="first").astype(int) + SMOOTH - 255).max() <= 3
    assert np.abs(read_image(path, frame=1).astype(int) - SMOOTH).max() <= 3


def test_without_pillow_heif(tmp_path, monkeypatch):
    path = tmp_path / "a.heic"
    path.write_bytes(heif(SMOOTH))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UnreadableImageError, match=r'python -m pip install "skdl\[heif\]"'):
        read_image(path)


# (np.arange(48).reshape(6, 8) * 87) in 12 bits, encoded without loss by OpenJPEG.
TWELVE_BITS = """
/0//UQApAAAAAAAIAAAABgAAAAAAAAAAAAAACAAAAAYAAAAAAAAAAAABCwEB/1IADAAAAAEAAAQEAAH/XAAEQGD/ZAAlAAFD
cmVhdGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAABXAAH/k9/hGBIp0Q/YlAJoTvaMYai0uNfo+HGs91z8
a7eMo/gA43yue11WVO0rv5F88ToSS1PZE3rB47l2YDzGOlNXCdbuVzg/1l5drK//2Q==
"""


@pytest.mark.skipif(not has_feature("jpg_2000"), reason="Pillow was built without it")
def test_jpeg_2000_of_12_bits(read):
    """Pillow puts values into the high bits; what comes out is what is in the file."""
    image = read(base64.b64decode(TWELVE_BITS), ".j2k")
    np.testing.assert_array_equal(image[:, :, 0], np.arange(48).reshape(6, 8) * 87)
