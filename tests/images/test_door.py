"""The door: what a user passed, as a batch."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse

from skdl.images import ImageArray, ImageFiles, holds_images, read_batch


@pytest.fixture
def paths(tmp_path):
    found = [str(tmp_path / f"{row}.png") for row in range(2)]
    for path in found:
        Image.new("L", (4, 4)).save(path)
    return found


@pytest.mark.parametrize("container", [list, np.array, pd.Series, lambda p: pd.DataFrame({"p": p})])
def test_paths_are_files(paths, container):
    batch = read_batch(container(paths))
    assert isinstance(batch, ImageFiles)
    assert batch.paths.tolist() == paths


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((2, 3, 3, 1)),
        np.zeros((2, 9)),
        [[[0, 1], [2, 3]]],
        pd.DataFrame(np.zeros((2, 4))),
        [Image.new("L", (4, 4))],
        [np.zeros((3, 3)), np.zeros((3, 3))],
    ],
)
def test_everything_else_is_an_array(X):
    batch = read_batch(X)
    assert isinstance(batch, ImageArray)
    assert batch.dtype in (np.uint8, np.float32)
    assert len(batch) == len(X)


def test_a_plain_array_is_taken_as_it_is():
    X = np.zeros((2, 3, 3, 1), np.float32)
    assert read_batch(X).pixels is X


def test_files_of_several_depths(paths, tmp_path):
    deep = str(tmp_path / "deep.png")
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(deep)
    with pytest.raises(ValueError, match="Z mixes image files of different depths: uint8 in"):
        read_batch([*paths, deep], "Z")
    batch = read_batch([*paths, deep], mixed=True)
    assert batch.examine(2)[0] == "PNG (uint16)"
    assert [image.shape[:2] for image in batch][-1] == (4, 4)
    assert batch.learned_shape(None, (1, 1), None, None) == ((1, 1, 1), 1)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (sparse.csr_matrix(np.eye(3)), TypeError, "Sparse data was passed for X"),
        (["a.png", 1.0], ValueError, "X holds paths of image files, but 1.0 at row 1"),
        (np.zeros((0, 4)), ValueError, "minimum of 1 is required by Model: there are no images"),
        (np.full((1, 4), np.nan), ValueError, "Input X contains NaN: first at row 0"),
        (np.zeros(4), ValueError, "X is one-dimensional"),
        ("a.png", ValueError, "X is a single value, 'a.png'. Pass a list .* Expected images"),
        (None, ValueError, "X is None. Expected images"),
        ({"a": 1}, ValueError, "X is a dict. Pass one of its values"),
    ],
)
def test_bad_input(X, error, message):
    with pytest.raises(error, match=message):
        read_batch(X, estimator="Model")


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (None, False),
        ([0, 1], False),
        (["cat", "dog"], False),
        (np.zeros((2, 1)), False),
        (np.zeros((2, 3, 3)), True),
        ([np.zeros((3, 3))], True),
        (["cat.png", "dog"], True),
    ],
)
def test_images_and_labels_are_told_apart(y, expected):
    assert holds_images(y) is expected


def test_files_without_an_ending_are_images(paths, tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "plain", format="PNG")
    assert holds_images([str(tmp_path / "plain")])
