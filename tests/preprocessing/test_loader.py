"""Files as rows for scikit-learn's own estimators; tests/estimators/test_files.py has the rest."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from helpers import version
from PIL import Image
from sklearn import config_context
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import ImageLoader


@pytest.fixture
def files(tmp_path):
    """Bright and dark image files in colour, of several sizes, and which are bright."""
    rng = np.random.default_rng(0)
    paths, bright = [], []
    for i in range(12):
        pixels = rng.integers(0, 100, (10 + i, 8, 3)) + 150 * (i % 2)
        paths.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1])
        bright.append(i % 2)
    return np.array(paths), np.array(bright)


def test_flattened_images_are_the_same(files):
    paths, _ = files
    images = ImageLoader((4, 6)).fit_transform(paths)
    loader = ImageLoader((4, 6), flatten=True).fit(paths)
    rows = loader.transform(paths)
    assert rows.dtype == np.uint8
    assert loader.image_shape_ == (4, 6, 3)
    np.testing.assert_array_equal(rows, images.reshape(12, -1))
    gray = ImageLoader((4, 6), color="grayscale", flatten=True).fit_transform(paths)
    assert gray.shape == (12, 24)


def test_a_pipeline_of_scikit_learn(files):
    paths, y = files
    pipeline = make_pipeline(ImageLoader((8, 8), flatten=True), KNeighborsClassifier(1))
    assert cross_val_score(pipeline, paths, y, cv=3, error_score="raise").mean() == 1
    assert clone(pipeline).get_params()["imageloader__flatten"] is True
    fitted = pipeline.fit(paths, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert again.predict(paths).tolist() == y.tolist()
    assert again[0].transform(paths).shape == (12, 192)


def test_names_of_columns(files):
    paths, _ = files
    loader = ImageLoader((2, 2), flatten=True).fit(paths)
    names = [f"x{i}" for i in range(12)]
    assert loader.get_feature_names_out().tolist() == names
    pipeline = make_pipeline(loader, StandardScaler()).fit(paths)
    assert pipeline.get_feature_names_out().tolist() == names
    for plain in (ImageLoader((2, 2)), ImageLoader((2, 2)).fit(paths)):
        assert not hasattr(plain, "get_feature_names_out")
    with pytest.raises(ValueError, match="not fitted"):
        ImageLoader(flatten=True).get_feature_names_out()


def test_data_frames(files):
    paths, _ = files
    loader = ImageLoader((2, 2), flatten=True).set_output(transform="pandas")
    series = pd.Series(paths, index=range(100, 112))
    table = loader.fit_transform(series)
    assert table.columns.tolist() == loader.get_feature_names_out().tolist()
    if version("scikit-learn") >= (1, 9):  # older ones keep the index of frames only
        assert table.index.tolist() == series.index.tolist()
    np.testing.assert_array_equal(table, ImageLoader((2, 2), flatten=True).fit_transform(paths))
    assert loader.transform(paths).index.tolist() == list(range(12))
    pipeline = make_pipeline(ImageLoader((2, 2), flatten=True), PCA(2))
    assert pipeline.set_output(transform="pandas").fit_transform(paths).shape == (12, 2)
    with config_context(transform_output="pandas"):
        assert ImageLoader((2, 2)).fit_transform(paths).shape == (12, 2, 2, 3)
        assert isinstance(ImageLoader((2, 2), flatten=True).fit_transform(paths), pd.DataFrame)


@pytest.mark.parametrize("container", [list, pd.Series, lambda x: pd.DataFrame({"path": x})])
@pytest.mark.parametrize("output", ["default", "pandas"])
def test_rows_that_are_left_out(files, container, output):
    paths, _ = files
    mixed = [paths[0], "/nowhere.png", *paths[1:3]]
    loader = ImageLoader((2, 2), flatten=True, on_error="skip").set_output(transform=output)
    rows = loader.fit(paths).transform(container(mixed))
    assert rows.shape == (3, 12)
    if output == "pandas":
        assert rows.index.tolist() == ([0, 1, 2] if container is list else [0, 2, 3])
    nothing = loader.transform(container(["/nowhere.png"]))
    assert nothing.shape == (0, 12)


def test_sizes_that_differ(files):
    paths, _ = files
    for flatten in (False, True):
        with pytest.raises(ValueError, match="different sizes") as error:
            ImageLoader(flatten=flatten).fit(paths)
        assert str(error.value).endswith("Set image_size=(height, width) to resize them all.")
        assert not re.search("image_shape|ImageLoader", str(error.value))
    with pytest.raises(ValueError, match="'flatten' parameter"):
        ImageLoader(flatten="yes").fit(paths)
