"""Image files of every kind, whole and damaged."""

import os
import warnings

import numpy as np
import pytest
from helpers import png, tiff, version
from PIL import Image, ImageFile

from skdl import ImageLoader, Resize
from skdl.images import ImageInfo, UnreadableImageError, read_image, read_image_info

RNG = np.random.default_rng(0)
PHOTO = np.asarray(
    Image.fromarray(RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)).resize((36, 24), 3)
)
GRAY = PHOTO[:, :, 1].copy()


def save(tmp_path, name, pixels=PHOTO, mode=None, **options):
    image = Image.fromarray(pixels)
    path = tmp_path / name
    (image if mode is None else image.convert(mode)).save(path, **options)
    return path


def test_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # of Windows
    save(tmp_path, "a.png")
    np.testing.assert_array_equal(read_image("~/a.png"), PHOTO)
    assert read_image_info("~/a.png").width == 36
    with pytest.raises(UnreadableImageError, match="b.png' cannot be read: "):
        read_image("~/b.png")


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("a.png", 0), ("a.bmp", 0), ("a.tiff", 0), ("a.jpg", 70), ("a.webp", 60), ("a.gif", 60)],
)
def test_formats(tmp_path, name, tolerance):
    path = save(tmp_path, name)
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.flags.writeable
    assert image.shape == (24, 36, 3)
    assert np.abs(image.astype(int) - PHOTO).max() <= tolerance
    info = read_image_info(path)
    assert (info.height, info.width, info.channels) == image.shape
    assert info.format in ("PNG", "BMP", "TIFF", "JPEG", "WEBP", "GIF")


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "YCbCr", "1", "LA", "PA", "RGB"])
def test_modes(tmp_path, mode):
    if mode == "YCbCr" and version("pillow") < (13, 0):
        pytest.skip("Pillow before 13 cannot read what it writes here")
    path = (
        save(tmp_path, "a.tiff" if mode in ("CMYK", "YCbCr") else "a.png", mode=mode)
        if (mode != "PA")
        else save(tmp_path, "a.png", mode="P", transparency=0)
    )
    channels = 1 if mode in ("L", "1", "LA") else 3
    image = read_image(path)
    assert image.shape == (24, 36, channels)
    assert read_image_info(path) == ImageInfo(24, 36, channels, read_image_info(path).format)
    assert read_image(path, color="rgb").shape == (24, 36, 3)
    assert read_image(path, color="grayscale").shape == (24, 36, 1)
    if mode in ("RGBA", "YCbCr", "RGB"):
        assert np.abs(image.astype(int) - PHOTO).max() <= 4
    if mode == "CMYK":
        np.testing.assert_allclose(image.mean(axis=(0, 1)), PHOTO.mean(axis=(0, 1)), atol=3)


@pytest.mark.parametrize("color", [None, "rgb", "grayscale"])
def test_a_palette_of_degrees_of_transparency_is_dropped_without_a_word(tmp_path, color):
    opaque, path = save(tmp_path, "a.png", mode="P"), tmp_path / "b.png"
    with Image.open(opaque) as image:
        image.save(path, transparency=bytes(range(256)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = read_image(path, color=color)
    np.testing.assert_array_equal(read, read_image(opaque, color=color))


def values_of(dtype, shape=(6, 9)):
    """Pixel values of which every byte counts."""
    if np.dtype(dtype).kind == "f":
        return RNG.normal(scale=1e3, size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate"])
@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32"])
def test_deep_tiff_files_keep_their_values(tmp_path, dtype, compression, orientation):
    values, exif = values_of(dtype), Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path, "a.tif", values, compression=compression, exif=exif)
    upright = values if orientation == 1 else np.rot90(values, -1)
    image = read_image(path)
    assert image.dtype == dtype
    np.testing.assert_array_equal(image[:, :, 0], upright)
    assert read_image_info(path) == ImageInfo(*upright.shape, 1, "TIFF", dtype)


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize(
    ("dtype", "channels"),
    [
        *((dtype, 1) for dtype in ("int8", "uint16", "int16", "uint32", "int32", "float32")),
        ("uint16", 3),
        ("uint16", 4),
    ],
)
def test_tiff_files_of_other_programs(tmp_path, dtype, channels, byte_order):
    """Written byte by byte: Pillow writes neither these orders nor these kinds."""
    if (dtype, byte_order) == ("uint32", ">"):
        pytest.skip("Pillow does not know this kind")
    values = values_of(dtype, (6, 9, channels))
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(values, byte_order))
    image = read_image(path)
    assert image.dtype == dtype
    np.testing.assert_array_equal(image, values[:, :, :3])
    assert read_image_info(path).dtype == dtype
    assert read_image(path, color="rgb").shape == (6, 9, 3)
    assert read_image(path, color="grayscale", image_size=4).dtype == dtype


def test_white_that_is_zero(tmp_path):
    values = values_of("uint16", (6, 9, 1))
    (tmp_path / "a.tif").write_bytes(tiff(values, "<", white_is_zero=True))
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), 65535 - values)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bit_png_files_keep_their_values(tmp_path, channels):
    values = values_of("uint16", (6, 9, channels))
    path = tmp_path / "a.png"
    path.write_bytes(png(values))
    expected = values[:, :, : 1 if channels < 3 else 3]
    image = read_image(path)
    assert image.dtype == np.uint16
    np.testing.assert_array_equal(image, expected)
    info = read_image_info(path)
    assert info == ImageInfo(*expected.shape, "PNG", "uint16")
    path.write_bytes(png(values, exif_orientation=6))  # behind the pixels
    np.testing.assert_array_equal(read_image(path), np.rot90(expected, -1))
    assert (read_image_info(path).height, read_image_info(path).width) == (9, 6)


def test_orientation_by_xmp_behind_the_pixels_of_a_png(tmp_path):
    values = values_of("uint16", (6, 9, 3))
    path = tmp_path / "a.png"
    path.write_bytes(png(values, xmp=b'<rdf:Description tiff:Orientation="6"/>'))
    np.testing.assert_array_equal(read_image(path), np.rot90(values, -1))
    assert read_image_info(path).height == 9
    path.write_bytes(png(values, exif_orientation=3, xmp=b'<x tiff:Orientation="6"/>'))
    np.testing.assert_array_equal(read_image(path), values[::-1, ::-1])  # EXIF comes first


@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32"])
@pytest.mark.parametrize("keep_aspect", [False, True])
@pytest.mark.parametrize("color", [None, "rgb", "grayscale"])
def test_deep_files_are_resized_as_arrays_are(tmp_path, dtype, keep_aspect, color):
    values = values_of(dtype)
    path = save(tmp_path, "a.tif", values)
    options = {"image_size": (7, 5), "keep_aspect": keep_aspect, "color": color}
    expected = Resize(**options).fit_transform(values[np.newaxis, :, :, np.newaxis])[0]
    np.testing.assert_array_equal(read_image(path, **options), expected)
    assert expected.dtype == dtype


@pytest.mark.parametrize(("found", "expected"), [(9, 1), (0, 1), (255, 1), (8, 8)])
def test_orientations_that_there_are_not(tmp_path, found, expected):
    exif = Image.Exif()
    exif[0x0112] = found
    path = save(tmp_path, "a.jpg", exif=exif)
    shape = (24, 36, 3) if expected == 1 else (36, 24, 3)
    info = read_image_info(path)
    assert read_image(path).shape == (info.height, info.width, info.channels) == shape


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_orientation_by_xmp(tmp_path, name):
    xmp = b"<x:xmpmeta><rdf:Description tiff:Orientation='6'/></x:xmpmeta>".replace(b"'", b'"')
    path = save(tmp_path, name, xmp=xmp)  # which older Pillow does not write into a JPEG
    if name == "a.jpg" and version("pillow") < (11, 0):
        segment = b"http://ns.adobe.com/xap/1.0/\0" + xmp
        start, content = b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big"), path.read_bytes()
        path.write_bytes(content[:2] + start + segment + content[2:])
    assert read_image(path).shape == (36, 24, 3)
    assert read_image_info(path).height == 36


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tiff", "a.webp"])
def test_exif_orientation(tmp_path, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if name == "a.jpg" else {}
    path = save(tmp_path, name, exif=exif, **options)
    upright = {
        1: PHOTO,
        2: PHOTO[:, ::-1],
        3: PHOTO[::-1, ::-1],
        4: PHOTO[::-1],
        5: PHOTO.transpose(1, 0, 2),
        6: PHOTO[::-1].transpose(1, 0, 2),
        7: PHOTO[::-1, ::-1].transpose(1, 0, 2),
        8: PHOTO.transpose(1, 0, 2)[::-1],
    }[orientation]
    image = read_image(path)
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).mean() < 12
    assert read_image_info(path).height == len(upright)


def test_damaged_exif_data_do_no_harm(tmp_path):
    path = save(tmp_path, "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(12))
    assert read_image(path).shape == (24, 36, 3)


def test_sizes(tmp_path):
    path = save(tmp_path, "a.png")
    image = read_image(path, image_size=12)
    expected = Image.fromarray(PHOTO).resize((12, 12), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(image, np.asarray(expected))
    boxed = read_image(path, image_size=(30, 18), keep_aspect=True)
    assert boxed.shape == (30, 18, 3)
    assert not boxed[:9].any()
    assert not boxed[21:].any()
    assert boxed[9:21].all(axis=2).any()


def test_large_jpegs_are_shrunk_while_decoding(tmp_path, monkeypatch):
    large = np.asarray(Image.fromarray(PHOTO).resize((1440, 960), Image.Resampling.BICUBIC))
    path = save(tmp_path, "a.jpg", large, quality=95)
    small = read_image(path, image_size=(24, 36))
    exact = np.asarray(Image.fromarray(large).resize((36, 24), Image.Resampling.BILINEAR))
    assert np.abs(small[:, :, 0].astype(int).mean() - exact[:, :, 0].mean()) < 3
    monkeypatch.setattr(Image.Image, "draft", lambda *args: None)
    whole = read_image(path, image_size=(24, 36))
    assert np.abs(whole.astype(int) - small).mean() < 2


@pytest.mark.parametrize("name", ["a.gif", "a.tif", "a.webp", "a.png"])
def test_frames(tmp_path, name):
    colors = "red", "blue"
    frames = [Image.new("RGB", (8, 8 + 2 * i * (name == "a.tif")), c) for i, c in enumerate(colors)]
    options = {"lossless": True} if name == "a.webp" else {}
    path = tmp_path / name
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(read_image(path, frame=number), np.asarray(frame))
        assert read_image_info(path, frame=number).height == frame.height
    np.testing.assert_array_equal(read_image(path), np.asarray(frames[0]))
    loaded = ImageLoader(frame=1).fit_transform([str(path)])
    np.testing.assert_array_equal(loaded[0], np.asarray(frames[1]))
    for read in (read_image, read_image_info):
        with pytest.raises(UnreadableImageError, match="it has no such frame"):
            read(path, frame=2)
        for wrong in (-1, 1.0, True, "1"):
            with pytest.raises(ValueError, match="frame must be 'first', 'middle', a whole number"):
                read(path, frame=wrong)
    with pytest.raises(ValueError, match="it has no such frame"):
        ImageLoader(frame=2).fit([str(path)])


# ---- damaged files -----------------------------------------------------------------------------


def truncated(folder):
    path = save(folder, "truncated.png", np.tile(PHOTO, (8, 8, 1)))
    path.write_bytes(path.read_bytes()[:3000])
    return path


def truncated_jpeg(folder):
    path = save(folder, "truncated.jpg", np.tile(PHOTO, (8, 8, 1)))
    path.write_bytes(path.read_bytes()[:4000])
    return path


def text(folder):
    path = folder / "text.jpg"
    path.write_text("This is no image.")
    return path


def empty(folder):
    path = folder / "empty.png"
    path.touch()
    return path


def missing(folder):
    return folder / "missing.png"


def a_folder(folder):
    return folder


def a_loop(folder):
    path = folder / "loop.png"
    path.symlink_to(path)
    return path


def a_pipe(folder):
    path = folder / "pipe.png"
    os.mkfifo(path)
    return path


def a_bomb(folder):
    path = folder / "bomb.png"
    Image.new("1", (20000, 10000)).save(path)
    return path


def half_a_bomb(folder):
    path = folder / "bomb.png"
    Image.new("1", (12000, 8000)).save(path)
    return path


def postscript(folder):
    path = folder / "a.eps"
    Image.fromarray(PHOTO).save(path)
    return path


def within_a_file(folder):
    return save(folder, "a.png") / "b.png"


def forbidden_name(folder):
    return str(folder / "a\0b.png")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (truncated, "truncated"),
        (truncated_jpeg, "truncated"),
        (text, "empty, damaged, or not an image of the kinds .*JPEG"),
        (empty, "empty, damaged, or not an image"),
        (missing, "there is no such file"),
        (a_folder, "is a folder"),
        (a_loop, "ymbolic link"),
        (a_pipe, "not a regular file"),
        (a_bomb, "decompression bomb.* raise PIL.Image.MAX_IMAGE_PIXELS"),
        (half_a_bomb, "12000 × 8000 pixels, and could be a decompression bomb"),
        (postscript, "not an image of the kinds"),
        (within_a_file, ""),
        (forbidden_name, "null"),
    ],
)
def test_what_cannot_be_read(tmp_path, make, reason):
    path = make(tmp_path)
    with pytest.raises(UnreadableImageError, match=reason) as error:
        read_image(path)
    assert error.value.path == os.fspath(path)
    assert repr(os.fspath(path)) in str(error.value)
    if "truncated" not in reason:
        with pytest.raises(UnreadableImageError):
            read_image_info(path)


def test_errors_reach_other_processes():
    import pickle

    error = pickle.loads(pickle.dumps(UnreadableImageError("a.png", "it is blue")))
    assert (error.path, error.reason) == ("a.png", "it is blue")


def test_pillows_settings_are_the_users(tmp_path):
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    read_image(save(tmp_path, "a.png"))
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def test_a_raised_limit_is_honoured(tmp_path, monkeypatch):
    path = save(tmp_path, "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    with pytest.warns(Image.DecompressionBombWarning), pytest.raises(UnreadableImageError):
        read_image(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert read_image(path).shape == (24, 36, 3)


def mutated(content, rng):
    """A copy with bytes changed, left out, doubled or cut off."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 8)):
        at = int(rng.integers(0, len(content)))
        match rng.integers(0, 5):
            case 0:
                content[at] = rng.integers(0, 256)
            case 1:
                del content[at : at + int(rng.integers(1, 40))]
            case 2:
                content[at:at] = content[at : at + int(rng.integers(1, 40))]
            case 3:
                content[at : at + 4] = rng.choice(
                    [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"]
                )
            case 4:
                content = content[: max(at, 2)]
    return bytes(content)


def decodes(path):
    """Whether Pillow on its own decodes a file to the end."""
    try:
        with Image.open(path) as image:
            image.load()
    except Exception:
        return False
    return True


@pytest.mark.parametrize("at", range(50, 400, 7))
def test_a_damaged_png_is_no_black_image(tmp_path, at):
    path = save(tmp_path, "a.png", mode="RGBA")
    content = bytearray(path.read_bytes())
    content[at] ^= 255
    path.write_bytes(content)
    with pytest.raises(UnreadableImageError):
        read_image(path)


def test_headers_are_read_without_decoding(tmp_path, monkeypatch):
    paths = [save(tmp_path, name) for name in ("a.png", "a.jpg", "a.webp", "a.bmp")]
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("decoded"))
    assert {read_image_info(path).width for path in paths} == {36}


@pytest.mark.parametrize("size", [0, "8", (0, 8), (8, 8, 3), (8.5, 8)])
def test_bad_sizes_are_not_the_files_fault(tmp_path, size):
    with pytest.raises(ValueError, match="image_size must be a positive whole number, or two"):
        read_image(save(tmp_path, "a.png"), image_size=size)
    with pytest.raises(ValueError, match="color must be one of 'rgb', 'grayscale', None"):
        read_image(tmp_path / "a.png", color="RGB")


def test_names_of_missing_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UnreadableImageError, match=r"file 'a.png' .* no such file in the folder '/"
    ):
        read_image(np.array(["a.png"])[0])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp", "a.gif", "a.tiff", "a.webp"])
def test_mutated_files(tmp_path, name):
    """400 files of each kind: an image or an error that names the file, never anything else."""
    rng = np.random.default_rng(7)
    whole = save(tmp_path, name).read_bytes()
    path = tmp_path / f"mutated-{name}"
    refused = 0
    for _ in range(400):
        path.write_bytes(mutated(whole, rng))
        sound = decodes(path)
        try:
            image = read_image(path, image_size=(8, 8), color="rgb")
        except UnreadableImageError as error:
            named = error.path
            refused += 1
        else:
            named = str(path)
            assert sound, "a damaged file was taken for an image"
            assert image.shape == (8, 8, 3)
            assert image.dtype == np.uint8
        assert named == str(path)
    assert refused > 0
    assert refused < 400 or name == "a.png"  # each change breaks a checksum


def test_libtiff_says_nothing_of_its_own(tmp_path, capfd):
    """What is wrong is in the error; the lines that libtiff writes itself name no file."""
    path = save(tmp_path, "a.tif", values_of("uint8", (64, 64)), compression="tiff_adobe_deflate")
    content = bytearray(path.read_bytes())
    content[2000:2100] = bytes(100)
    path.write_bytes(content)
    for image in (path, str(path)):
        with pytest.raises(
            UnreadableImageError, match=r"a.tif' cannot be read: it is damaged \(decoder"
        ):
            read_image(image)
    assert capfd.readouterr().err == ""
    with Image.open(path) as image, pytest.raises(OSError, match="decoder error|-2"):
        image.load()  # as before where the user decodes
    assert "Decod" in capfd.readouterr().err


@pytest.mark.parametrize("image_size", [None, 20])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_whose_end_is_forged(tmp_path, mode, image_size):
    """Behind the cut, libjpeg makes pixels gray; a picture that is gray there is as good as any."""
    large = np.array(Image.fromarray(PHOTO).resize((200, 150), Image.Resampling.BICUBIC))
    for gray in (False, True):
        if gray:
            large[100:] = 128
        path = save(tmp_path, "a.jpg", large, mode=mode, quality=90)
        whole = read_image(path, image_size=image_size)
        assert (whole[-1, -1] == 128).all() == gray
        content = path.read_bytes()
        for part in (0.3, 0.5, 0.7, 0.9):
            path.write_bytes(content[: int(part * len(content))] + b"\xff\xd9")
            with pytest.raises(UnreadableImageError, match="its data end before its last pixels"):
                read_image(path, image_size=image_size)
