"""Batches of image files."""

import numpy as np
import pytest
from PIL import Image

from skdl import ImageLoader
from skdl.images import ImageFiles


@pytest.fixture
def files(tmp_path):
    paths = []
    for number, color in enumerate(("red", "lime", "blue")):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.new("RGB", (6, 4), color).save(paths[-1])
    return ImageFiles(np.array(paths))


def test_iterating_gives_each_image_once(files):
    for batch in (files, files.in_shape((4, 6, 3), resize=False)):
        images = list(batch)
        assert len(images) == len(batch) == 3
        assert np.array_equal(images, ImageLoader().fit_transform(files.paths))
    assert [image.shape for image in files.in_shape((2, 2, 1), resize=True)] == [(2, 2, 1)] * 3


@pytest.mark.parametrize("shape", [None, (4, 6, 3)])
@pytest.mark.parametrize("to_array", [np.asarray, np.array, np.mean])
def test_files_are_no_array(files, to_array, shape):
    batch = files if shape is None else files.in_shape(shape, resize=False)
    with pytest.raises(TypeError, match=r"These are 3 image files.*ImageLoader\(\).fit_transform"):
        to_array(batch)


def test_rows_of_files(files):
    assert files[1:].paths.tolist() == files[np.array([1, 2])].paths.tolist()
    for row in (0, -1, np.int64(1)):
        with pytest.raises(TypeError, match=r"slices and arrays. files.paths\[row\] is the path"):
            files[row]
