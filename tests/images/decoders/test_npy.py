"""Arrays of NumPy as image files."""

import numpy as np
import pytest
from image_files import npy
from PIL import Image

from skdl.images import UnreadableImageError, read_image, read_image_info


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.npy"


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3)])
@pytest.mark.parametrize("dtype", ["uint8", ">u2", "int16", "int64", "float16", "float32", ">f8"])
def test_arrays(path, shape, dtype):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    path.write_bytes(npy(np.asfortranarray(array) if dtype == "uint8" else array))
    image, info = read_image(path), read_image_info(path)
    assert (info.height, info.width, info.channels) == image.shape
    assert (info.dtype, info.n_frames, info.format) == (str(image.dtype), 1, "NPY")
    assert image.dtype == (np.float32 if array.dtype.kind == "f" else array.dtype.newbyteorder("="))
    np.testing.assert_array_equal(image, array.reshape(image.shape))


def test_truth_values_are_black_and_white(path):
    path.write_bytes(npy(np.array([[True, False]])))
    np.testing.assert_array_equal(read_image(path)[:, :, 0], [[255, 0]])
    assert read_image_info(path).dtype == "uint8"


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros(7), r"of shape \(7,\), but one image is expected: \(height, width\)"),
        (np.zeros((2, 3, 4)), "the channels to use, in a separate file"),
        (np.zeros((9, 4, 4, 3)), "one image is expected"),
        (np.zeros((0, 4)), "one image is expected"),
        (np.zeros((4, 4), complex), "it holds complex128, but an array of numbers is"),
        (np.array([["a"]]), "it holds <U1, but an array"),
        (np.array([[{}]]), "it holds objects, which are pickled"),
        (np.zeros((10, 512)), r"floats of shape \(10, 512\), which look like a table of features"),
        (np.zeros((1, 17), np.float16), r"if it is an image, save it with shape .*, 1\)"),
        (np.full((2, 2), np.nan), "contain NaN or infinity"),
        (np.full((2, 2), 1e300), "contain NaN or infinity"),
    ],
)
def test_what_is_no_image(path, array, reason):
    path.write_bytes(npy(array))
    with pytest.raises(UnreadableImageError, match=reason):
        read_image(path)


@pytest.mark.parametrize(
    "array",
    [np.zeros((16, 1)), np.zeros((10, 512, 1)), np.zeros((512, 10), np.uint16)],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_what_is_an_image_however_long(path, array):
    path.write_bytes(npy(array))
    assert read_image(path).shape[:2] == array.shape[:2]


class Attack:
    def __reduce__(self):
        return pytest.fail, ("code of the file was run",)


def test_no_code_is_run(path):
    path.write_bytes(npy(np.array([[Attack()]], dtype=object)))
    with pytest.raises(UnreadableImageError, match="pickled"):
        read_image(path)


def test_huge_and_truncated_files(path, monkeypatch):
    content = npy(np.zeros((40, 50)))
    path.write_bytes(content[:-100])
    with pytest.raises(UnreadableImageError):
        read_image(path)
    path.write_bytes(content.replace(b"(40, 50)", b"(4000000000, 50)"))
    for read in (read_image, read_image_info):
        with pytest.raises(UnreadableImageError):
            read(path)
    path.write_bytes(content)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1999)
    with pytest.raises(UnreadableImageError, match="decompression bomb"):
        read_image(path)
