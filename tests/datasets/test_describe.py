"""Summaries of images and image files."""

import io
import shutil
import weakref
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse

from skdl import images
from skdl.datasets import describe_images, load_image_folder
from skdl.images import _files

COLUMNS = [
    "images", "height_min", "height_max", "width_min", "width_max", "channels", "format",
    "value_min", "value_max", "duplicates", "unreadable",
]  # fmt: skip


@pytest.fixture
def batch():
    X = np.random.default_rng(0).integers(10, 200, (6, 5, 7, 3), dtype=np.uint8)
    X[4] = X[0]
    X[5] = X[3]
    return X, np.array(["b", "b", "a", "a", "a", "a"])


def test_arrays(batch):
    X, y = batch
    summary = describe_images(X, y)
    assert summary.columns.tolist() == COLUMNS
    assert summary.index.tolist() == ["a", "b", "all"]
    assert summary["images"].tolist() == [4, 2, 6]
    assert summary["duplicates"].tolist() == [1, 0, 2]  # one within "a", one in both classes
    assert summary["unreadable"].tolist() == [0, 0, 0]
    assert summary.loc["all"].to_list()[1:7] == [5, 5, 7, 7, "3", "uint8"]
    assert summary.loc["b", "value_min"] == X[:2].min()
    assert summary.loc["b", "value_max"] == X[:2].max()


@pytest.mark.parametrize(
    ("X", "shape", "kind"),
    [
        (np.zeros((3, 4, 5)), (4, 5, "1"), "float64"),
        (np.zeros((3, 16), np.float32), (4, 4, "1"), "float32"),
        (np.zeros((3, 48), int).tolist(), (4, 4, "3"), "int64"),
        (pd.DataFrame(np.zeros((3, 16))), (4, 4, "1"), "float64"),
    ],
)
def test_other_batches(X, shape, kind):
    row = describe_images(X).loc["all"]
    assert (row["height_min"], row["width_max"], row["channels"]) == shape
    assert row["format"] == kind or isinstance(X, pd.DataFrame)
    assert (row["images"], row["duplicates"], row["value_max"]) == (3, 2, 0.0)


@pytest.mark.parametrize("shape", [(4, 5, 2), (2, 3, 12)])
def test_images_of_any_channels(shape):
    X = np.arange(3 * np.prod(shape)).reshape(3, *shape)
    for same in (X, X.reshape(3, -1)):
        row = describe_images(same, image_shape=shape).loc["all"]
        found = (row["height_min"], row["width_max"], int(row["channels"]))
        assert found == shape
    if shape[2] == 2:
        assert describe_images(X).loc["all", "channels"] == "2"


def test_files(make_images):
    root = make_images("cats/1.png", "cats/2.png", "dogs/1.png")
    Image.new("L", (30, 20), 77).save(root / "dogs" / "2.jpg")
    shutil.copy(root / "cats" / "1.png", root / "dogs" / "3.png")
    paths = [str(path) for path in sorted(root.rglob("*.*"))]
    paths.append(str(root / "dogs" / "none.png"))
    summary = describe_images(paths, [0, 0, 1, 1, 1, 1])
    assert summary.index.tolist() == [0, 1, "all"]
    dogs = summary.loc[1]
    assert dogs.to_list()[:7] == [4, 8, 20, 8, 30, "1, 3", "JPEG, PNG"]
    assert summary["duplicates"].tolist() == [0, 0, 1]
    assert summary["unreadable"].tolist() == [0, 1, 1]
    assert summary.loc["all", "value_max"] > 200
    for same in (np.array(paths), pd.Series(paths), pd.DataFrame({"path": paths})):
        pd.testing.assert_frame_equal(describe_images(same, [0, 0, 1, 1, 1, 1]), summary)


def test_nothing_that_can_be_read(tmp_path):
    row = describe_images([str(tmp_path / "none.png")]).loc["all"]
    assert (row["images"], row["unreadable"], row["duplicates"]) == (1, 1, 0)
    assert row["channels"] == row["format"] == ""
    assert pd.isna(row["height_min"])
    assert np.isnan(row["value_min"])


def test_members_of_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for name in "ab":
            png = io.BytesIO()
            Image.new("RGB", (4, 4), "red").save(png, "PNG")
            archive.writestr(f"{name}/1.png", png.getvalue())
    with pytest.warns(UserWarning, match="belong to two classes"):
        bunch = load_image_folder(tmp_path / "pets.zip")
    assert describe_images(bunch.data, bunch.target)["duplicates"].tolist() == [0, 0, 1]


def test_one_image_at_a_time(pets, monkeypatch):
    earlier = []

    def watched(content, path, *rest):
        assert all(image() is None for image in earlier)
        image = images.read_image(path)
        earlier.append(weakref.ref(image))
        return image

    monkeypatch.setattr(_files, "decode_image", watched)
    assert describe_images(load_image_folder(pets).data).loc["all", "images"] == 5


def test_labels_of_any_kind(batch):
    X, _ = batch
    assert describe_images(X, [2.5, 1, 1, 1, 1, 1]).index.tolist() == [1.0, 2.5, "all"]
    assert describe_images(X, [True, False] * 3).index.tolist() == [False, True, "all"]
    mixed = pd.Series([1, "a", 1, "a", 1, "a"], index=range(10, 16))
    assert describe_images(X, mixed).index.tolist() == [1, "a", "all"]
    column = np.array([[0], [1], [0], [1], [0], [1]])
    assert describe_images(X, column)["images"].tolist() == [3, 3, 6]


def test_a_class_called_all(batch):
    X, _ = batch
    summary = describe_images(X, ["all", "b", "b", "b", "b", "b"])
    assert summary.index.tolist() == ["all", "b", "all images"]
    assert summary["images"].tolist() == [1, 5, 6]
    labels = np.array(["all", "all images"] * 3)
    assert describe_images(X, labels).index.is_unique
    assert describe_images(X, labels)["images"].tolist() == [3, 3, 6]


def test_bad_input(batch):
    X, y = batch
    with pytest.raises(ValueError, match=r"y has shape \(5,\), but there are 6 images"):
        describe_images(X, y[:5])
    with pytest.raises(ValueError, match=r"y has shape \(6, 2\)"):
        describe_images(X, np.zeros((6, 2)))
    with pytest.raises(ValueError, match="y has no label in row 1"):
        describe_images(X, [1, None, 1, 1, 1, 1])
    with pytest.raises(TypeError, match="Sparse data was passed for X"):
        describe_images(sparse.csr_matrix(np.eye(4)))
    with pytest.raises(ValueError, match="contains NaN: first at row 0"):
        describe_images(np.full((2, 4, 4), np.nan))
    with pytest.raises(ValueError, match="X has 5 dimensions"):
        describe_images(np.zeros((2, 4, 4, 3, 1)))
    with pytest.raises(ValueError, match="at row 1"):
        describe_images(["a.png", 3])
    for empty in ([], np.zeros((0, 4, 4))):
        with pytest.raises(ValueError):  # noqa: PT011
            describe_images(empty)
