"""Slices of NIfTI volumes, written by nibabel."""

import gzip
import sys

import numpy as np
import pytest
from image_files import RNG, nifti
from PIL import Image

from skdl.images import UnreadableImageError, read_image, read_image_info

VOLUME = RNG.integers(-500, 500, (6, 9, 4), dtype=np.int16)


@pytest.fixture(params=[".nii", ".nii.gz"])
def save(request, tmp_path):
    def write(content):
        path = tmp_path / f"a{request.param}"
        path.write_bytes(gzip.compress(content) if request.param == ".nii.gz" else content)
        return path

    return write


@pytest.mark.parametrize("version", [1, 2])
def test_slices(save, version):
    path = save(nifti(VOLUME, version=version))
    for frame, number in {0: 0, "first": 0, "middle": 1, 3: 3}.items():
        image, info = read_image(path, frame=frame), read_image_info(path, frame=frame)
        np.testing.assert_array_equal(image[:, :, 0], VOLUME[:, :, number])
        assert (info.height, info.width, info.channels) == (6, 9, 1)
        assert (info.n_frames, info.dtype, info.format) == (4, "int16", "NIFTI")
        assert image.dtype == np.int16
    with pytest.raises(UnreadableImageError, match="no such frame: 4 was requested"):
        read_image(path, frame=4)


def test_scaled_values_are_floats(save):
    path = save(nifti(VOLUME, 2.0, -1024.0))
    image = read_image(path, frame=2)
    assert (image.dtype, read_image_info(path).dtype) == (np.float32, "float32")
    np.testing.assert_array_equal(image[:, :, 0], VOLUME[:, :, 2] * 2.0 - 1024)
    assert read_image(save(nifti(VOLUME, 1.0, 0.0)), frame=0).dtype == np.int16


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", ">f8"])
def test_depths(save, dtype):
    volume = np.abs(VOLUME % 200).astype(dtype)
    image = read_image(save(nifti(volume)), frame=1)
    assert image.dtype == (np.float32 if dtype == ">f8" else dtype)
    np.testing.assert_array_equal(image[:, :, 0], volume[:, :, 1])


def test_colors(save):
    colors = RNG.integers(0, 256, (6, 9, 4, 3), dtype=np.uint8)
    volume = np.zeros((6, 9, 4), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    for number, name in enumerate("RGB"):
        volume[name] = colors[..., number]
    path = save(nifti(volume))
    np.testing.assert_array_equal(read_image(path, frame=3), colors[:, :, 3])
    assert read_image_info(path).channels == 3


@pytest.mark.parametrize("shape", [(6, 9), (6, 9, 1), (6, 9, 1, 1)])
def test_one_slice(save, shape):
    path = save(nifti(np.arange(54, dtype=np.uint8).reshape(shape)))
    np.testing.assert_array_equal(read_image(path)[:, :, 0], np.arange(54).reshape(6, 9))
    assert read_image_info(path).n_frames == 1


def test_what_is_no_image(save, monkeypatch):
    for volume, reason in [
        (np.zeros((6, 9, 4, 20), np.uint8), r"it holds 20 volumes, of shape \(6, 9, 4\)"),
        (np.zeros((6, 9, 4), np.complex64), "its values are complex64"),
        (np.full((6, 9, 4), np.nan, np.float32), "contain NaN or infinity"),
    ]:
        with pytest.raises(UnreadableImageError, match=reason):
            read_image(save(nifti(volume)), frame=0)
    content = nifti(VOLUME)
    for part in (0, 100, 300, 400, len(content) - 60):
        with pytest.raises(UnreadableImageError):
            read_image(save(content[:part]), frame=3)
    path = save(content)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 53)
    with pytest.raises(UnreadableImageError, match="9 × 6 pixels, and could be a decompression"):
        read_image(path, frame=0)


def test_without_nibabel(save, monkeypatch):
    path = save(nifti(VOLUME))
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(UnreadableImageError, match=r'python -m pip install "skdl\[nifti\]"'):
        read_image(path)
