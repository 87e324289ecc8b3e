"""Which decoder reads a file, and what every one of them keeps to."""

import subprocess
import sys
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from helpers import ROOT
from image_files import COLOR, GRAY, dicom, npy, picture, samples, tiff

from skdl import ImageLoader
from skdl.images import Decoder, ImageInfo, UnreadableImageError, read_image, read_image_info
from skdl.images._decoders.pillow import has_feature
from skdl.plugins import decoders, register_decoder

SAMPLES = samples()


class Raw(Decoder):
    """Height and width, then bytes."""

    extensions = (".raw8", ".raw8.z")

    def info(self, file, frame=0):
        height, width, n_frames = file.read(3)
        return ImageInfo(height, width, 1, "RAW8", n_frames=n_frames, groups={"eye": "left"})

    def pixels(self, file, frame=0):
        height, width, n_frames = file.read(3)
        values = np.frombuffer(file.read(), np.uint8)
        return values.reshape(n_frames, height, width, 1)[frame].copy()


class RawAgain(Raw):
    """The same endings once more."""


RAW = bytes([2, 3, 2, *range(12)])


@pytest.fixture
def add():
    """Register decoders for a test."""
    before = dict(decoders._plugins)
    yield lambda name, kind: register_decoder(name)(kind)
    decoders._plugins.clear()
    decoders._plugins.update(before)


@pytest.fixture(params=sorted(SAMPLES))
def sample(request):
    if request.param in ("avif", "jpeg2000"):
        feature = {"avif": "avif", "jpeg2000": "jpg_2000"}[request.param]
        if not has_feature(feature):
            pytest.skip("Pillow is older, or was built without it")
    ending, make = SAMPLES[request.param]
    return request.param, ending, make()


def test_there_is_a_sample_for_each_decoder():
    assert sorted(SAMPLES) == [plugin.name for plugin in decoders if plugin.owner == "skdl"]


def mutated(content, rng):
    """A copy with bytes changed, left out, doubled or cut off."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 8)):
        at = int(rng.integers(0, max(1, len(content))))
        match rng.integers(0, 5):
            case 0:
                content[at : at + 1] = rng.bytes(1)
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


@pytest.mark.filterwarnings("ignore")
def test_mutated_files(sample, tmp_path):
    """An image or an error that names the file, never anything else."""
    _, ending, content = sample
    rng = np.random.default_rng(7)
    path = tmp_path / f"a{ending}"
    refused = 0
    for _ in range(150):
        path.write_bytes(mutated(content, rng))
        with suppress(UnreadableImageError):
            read_image_info(path)
        try:
            image = read_image(path, frame="first")
        except UnreadableImageError:
            refused += 1
        else:
            assert image.dtype.kind in "uif"
            assert image.ndim == 3
    assert 0 < refused <= 150


def test_the_ending_decides_unless_the_content_is_of_another_kind(tmp_path):
    for name, content in {
        "a.png": picture("BMP"),
        "b.jpg": picture("TIFF"),
        "c.dcm": picture("PNG"),
        "d.tif": picture("PNG"),
        "e.npy": picture("PNG"),
        "f": picture("PNG"),
        "g.txt": npy(COLOR),
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        np.testing.assert_array_equal(read_image(path), COLOR)
        assert read_image_info(path).height == 6


def test_a_decoder_of_a_stranger(tmp_path, add):
    path = tmp_path / "A.RAW8.Z"
    path.write_bytes(RAW)
    with pytest.raises(UnreadableImageError, match="or not an image of the kinds"):
        read_image(path)
    assert add("raw8", Raw) is Raw
    for frame in (0, 1):
        expected = np.arange(6 * frame, 6 * frame + 6).reshape(2, 3, 1)
        np.testing.assert_array_equal(read_image(path, frame=frame), expected)
    assert read_image(path, frame=1, image_size=4, color="rgb").shape == (4, 4, 3)
    info = read_image_info(path, frame="middle")
    assert (info.n_frames, info.groups, info.format) == (2, {"eye": "left"}, "RAW8")
    for read in (read_image, read_image_info):
        with pytest.raises(UnreadableImageError, match="frame: 2 was requested, but it has"):
            read(path, frame=2)


def test_what_a_stranger_decodes_is_looked_at(tmp_path, add, monkeypatch):
    add("raw8", Raw)
    path = tmp_path / "a.raw8"
    path.write_bytes(RAW)
    for wrong in (np.zeros((2, 3)), np.zeros((2, 3, 2)), np.array([[["a"]]]), None):
        monkeypatch.setattr(Raw, "pixels", lambda self, file, frame=0, wrong=wrong: wrong)
        with pytest.raises(UnreadableImageError, match="Raw reads it as an array of .*, but nu"):
            read_image(path, frame=0)
    monkeypatch.setattr(Raw, "pixels", lambda self, file, frame=0: 1 / 0)
    with pytest.raises(UnreadableImageError, match="division by zero"):
        read_image(path, frame=0)
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 5)
    with pytest.raises(UnreadableImageError, match="decompression bomb"):
        read_image(path, frame=0)


def test_an_ending_that_two_claim(tmp_path, add):
    add("raw8", Raw)
    add("raw-again", RawAgain)
    path = tmp_path / "a.raw8"
    path.write_bytes(RAW)
    claims = "the ending .raw8 is claimed by the decoders 'raw8' of '.*' and 'raw-again' of '"
    with pytest.raises(UnreadableImageError, match=claims):
        read_image(path)
    (tmp_path / "a.png").write_bytes(picture("PNG"))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), COLOR)


def broken_decoder():
    raise RuntimeError("it is broken")


def test_a_broken_decoder_does_not_keep_others_from_reading(tmp_path, add):
    path = tmp_path / "a.png"
    path.write_bytes(picture("PNG"))
    add("broken", broken_decoder)
    with pytest.warns(UserWarning, match="decoder 'broken' of package '.*: it is broken"):
        np.testing.assert_array_equal(read_image(path), COLOR)


@pytest.mark.slow
def test_knowing_the_files_imports_no_library():
    code = (
        "import sys, skdl.images\n"
        "from skdl.images import is_image_name\n"
        "assert is_image_name('a.npy')\n"
        "is_image_name('a.dcm')\n"
        "loaded = {'pydicom', 'tifffile', 'nibabel', 'pillow_heif'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# ---- frames ------------------------------------------------------------------------------------


def test_a_first_use_without_a_choice_warns_once(tmp_path, recwarn):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(np.stack([GRAY, GRAY // 2, GRAY // 3]), photometric="minisblack"))
    for choice, part in {"first": 1, "middle": 2, 2: 3}.items():
        np.testing.assert_array_equal(read_image(path, frame=choice)[..., 0], GRAY // part)
    assert read_image_info(path).n_frames == 3
    assert not recwarn.list
    with pytest.warns(UserWarning, match="several frames or pages, of which the first is") as told:
        np.testing.assert_array_equal(read_image(path)[..., 0], GRAY)
    assert told[0].filename == __file__
    read_image(path)
    ImageLoader().fit_transform([str(path)])
    assert len(told) == 1
    assert not recwarn.list


def test_one_warning_for_many_files(tmp_path, recwarn):
    paths = []
    for number in range(4):
        paths.append(str(tmp_path / f"{number}.dcm"))
        with open(paths[-1], "wb") as file:
            file.write(dicom(np.stack([GRAY] * (1 + number % 3))))
    for frame in ("first", "middle"):
        ImageLoader(frame=frame).fit_transform(paths)
    assert not recwarn.list
    with pytest.warns(UserWarning, match="X has 2 image files with several frames or") as told:
        ImageLoader().fit_transform(paths)
    assert len(told) == 1
    with pytest.raises(ValueError, match="no such frame"):
        ImageLoader(frame=1).fit(paths)


@pytest.mark.parametrize("frame", [-1, 1.0, True, "last"])
def test_bad_frames(frame):
    with pytest.raises(ValueError, match="frame"):
        ImageLoader(frame=frame).fit(["a.png"])


def test_members_of_archives(sample, tmp_path):
    _, ending, content = sample
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(f"in/a{ending}", content)
    (tmp_path / f"a{ending}").write_bytes(content)
    there, here = tmp_path / f"a.zip/in/a{ending}", tmp_path / f"a{ending}"
    np.testing.assert_array_equal(
        read_image(there, frame="middle"), read_image(here, frame="middle")
    )
    assert read_image_info(there) == read_image_info(here)
