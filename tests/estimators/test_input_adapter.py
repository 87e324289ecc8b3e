"""Pretrained networks on images of other channels than they take."""

import pickle

import numpy as np
import onnx_models
import pytest
from helpers import parametrize, png
from PIL import Image
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skdl
from skdl import (
    BackboneFeatures,
    CNNClassifier,
    FeatureStore,
    TransferClassifier,
    VGG16Classifier,
    VGG16Features,
)
from skdl.inspection import occlusion_maps
from skdl.persistence import read_model

N, SIZE = 6, (18, 21)
Y = np.arange(N) % 2
KINDS = ["uint8", "uint16", "float32", "0 to 255", "standardized"]


def images_of(n_channels, kind="uint8"):
    X = np.random.default_rng(n_channels).integers(0, 256, (N, *SIZE, n_channels))
    X[..., 0] //= 2
    return {
        "uint8": X.astype(np.uint8),
        "uint16": (X * 16).astype(np.uint16),
        "float32": (X / 255).astype(np.float32),
        "0 to 255": (X * 0.99).astype(np.float64),
        "standardized": ((X - 120) / 60).astype(np.float32),
    }[kind]


def mean_of(X):
    """The mean image, of whole numbers where the images are of such."""
    mean = X.astype(np.float32).mean(axis=-1, keepdims=True, dtype=np.float64)
    return np.rint(mean).astype(X.dtype) if X.dtype.kind == "u" else mean.astype(np.float32)


def adapted(X, adapter):
    """What an adapter is to make of images, for a network of three channels."""
    if adapter == "repeat":
        return X[..., np.arange(3) % X.shape[-1]]
    return mean_of(X) if adapter == "mean" else X[..., :3]


def features(**params):
    return BackboneFeatures(**{"store": None, **params})


def answer(model, X):
    return model.transform(X) if hasattr(model, "transform") else model.predict_proba(X)


POSSIBLE = [
    (n_channels, adapter)
    for n_channels in (1, 2, 3, 4, 5, 12)
    for adapter in ("mean", "first3", "repeat")
    if {"first3": n_channels >= 3, "repeat": n_channels <= 3}.get(adapter, True)
]


@pytest.mark.filterwarnings("ignore:X has negative values")
@pytest.mark.parametrize("size", [None, 16])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n_channels", "adapter"), POSSIBLE)
def test_features_are_those_of_the_adapted_images(n_channels, adapter, kind, size):
    X = images_of(n_channels, kind)
    model = features(input_adapter=adapter, image_size=size).fit(X)
    plain = features(image_size=size).fit(adapted(X, adapter))
    expected = plain.transform(adapted(X, adapter))
    assert model.value_range_ == plain.value_range_
    assert model.image_shape_ == (*SIZE, n_channels)
    assert model.n_features_in_ == np.prod(X.shape[1:])
    np.testing.assert_array_equal(model.transform(X), expected)
    np.testing.assert_array_equal(model.transform(X[::-1])[::-1], expected)
    flat = clone(model).set_params(image_shape=X.shape[1:]).fit(X.reshape(N, -1))
    for rows in (X.reshape(N, -1), X):
        np.testing.assert_array_equal(flat.transform(rows), expected)


@pytest.mark.parametrize("adapter", ["mean", "first3"])
def test_the_dtype_of_a_later_batch_changes_nothing(adapter):
    X = images_of(5)
    model = features(input_adapter=adapter, image_size=16).fit(X)
    for dtype in ("float32", "float64", "int32"):
        np.testing.assert_array_equal(model.transform(X.astype(dtype)), model.transform(X))
    floats = features(input_adapter=adapter, value_range=(0, 255)).fit(X.astype(np.float32))
    np.testing.assert_array_equal(floats.transform(X), floats.transform(X.astype(np.float32)))


ESTIMATORS = {
    "features": BackboneFeatures(store=None),
    "VGG16 features": VGG16Features(weights="random", store=None, image_size=32),
    "head": TransferClassifier(epochs=2, random_state=0),
    "block": TransferClassifier(epochs=1, warmup_epochs=1, trainable=1, random_state=0),
    "all": TransferClassifier(epochs=1, warmup_epochs=1, trainable="all", random_state=0),
    "augmented": TransferClassifier(epochs=1, augmentation="light", random_state=0),
    "VGG16": VGG16Classifier(weights="random", epochs=1, image_size=32, random_state=0),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize("adapter", ["mean", "first3", "repeat"], exhaustive=["first3", "repeat"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_all_pretrained_estimators_adapt(name, adapter, tmp_path):
    X = images_of({"mean": 5, "first3": 4, "repeat": 2}[adapter])
    plain = clone(ESTIMATORS[name]).fit(adapted(X, adapter), Y)
    model = clone(ESTIMATORS[name]).set_params(input_adapter=adapter).fit(X, Y)
    expected = answer(plain, adapted(X, adapter))
    np.testing.assert_array_equal(answer(model, X), expected)
    np.testing.assert_array_equal(answer(pickle.loads(pickle.dumps(model)), X), expected)
    skdl.save(model, tmp_path / "model.skdl")
    found = read_model(tmp_path / "model.skdl")
    assert found.image_format["input_adapter"] == adapter
    np.testing.assert_array_equal(answer(found.estimator, X), expected)


@pytest.mark.parametrize("adapter", ["mean", "first3", "repeat"])
@pytest.mark.parametrize("n_channels", [2, 3, 5])
def test_onnx_backbones_adapt(n_channels, adapter, tmp_path):
    pytest.importorskip("onnxruntime")
    X = images_of(n_channels)
    path = onnx_models.identity(tmp_path / "model.onnx")
    model = BackboneFeatures(**onnx_models.settings(path, input_adapter=adapter, pooling="flatten"))
    if (n_channels, adapter) not in POSSIBLE:
        with pytest.raises(ValueError, match=f"input_adapter='{adapter}'"):
            model.fit(X)
        return
    found = model.fit(X).transform(X)
    plain = clone(model).set_params(input_adapter=None).fit(adapted(X, adapter))
    np.testing.assert_array_equal(found, plain.transform(adapted(X, adapter)))
    pixels = np.broadcast_to(adapted(X, adapter), (N, *SIZE, 3))
    expected = onnx_models.preprocessed(pixels)
    np.testing.assert_allclose(found.reshape(N, *SIZE, 3), expected, atol=1e-5)


def test_a_gray_backbone_repeats_nothing(tmp_path):
    pytest.importorskip("onnxruntime")
    path = onnx_models.identity(tmp_path / "model.onnx", ("n", 1, "h", "w"))
    settings = {"backbone": f"onnx:{path}", "backbone__mean": 0, "backbone__std": 1, "store": None}
    X = images_of(2)
    with pytest.raises(ValueError, match="until there are the 1 that the .* but the images have 2"):
        BackboneFeatures(**settings, input_adapter="repeat").fit(X)
    with pytest.raises(
        ValueError, match=r"2 channels, but the .* expects 1. Set input_adapter to 'm"
    ):
        BackboneFeatures(**settings).fit(X)
    found = BackboneFeatures(**settings, input_adapter="mean").fit_transform(X)
    plain = BackboneFeatures(**settings).fit_transform(mean_of(X))
    np.testing.assert_array_equal(found, plain)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("n_channels", [2, 4, 5])
def test_other_channels_are_refused_by_name(name, n_channels):
    X = images_of(n_channels)
    ways = {2: "'mean' (.*) or 'repeat'", 4: "'mean' (.*) or 'first3'", 5: "'mean' (.*) or 'fi"}
    message = f"{n_channels} channels.*, but the pretrained network expects 3. Set input_adapter "
    for params, rows in (({}, X), ({"image_shape": X.shape[1:]}, X.reshape(N, -1))):
        model = clone(ESTIMATORS[name]).set_params(**params)
        with pytest.raises(ValueError, match=f"{message}to {ways[n_channels]}"):
            model.fit(rows, Y)
        assert not hasattr(model, "image_shape_")


def test_a_fourth_channel_that_is_the_same_everywhere_is_left_out(tmp_path):
    X = images_of(4)
    for value in (0, 17, 255):
        X[..., 3] = value
        model = features(image_size=16).fit(X)
        assert model.image_shape_ == (*SIZE, 4)
        expected = features(image_size=16).fit_transform(X[..., :3])
        np.testing.assert_array_equal(model.transform(X), expected)
    skdl.save(model, tmp_path / "model.skdl")
    np.testing.assert_array_equal(skdl.load(tmp_path / "model.skdl").transform(X), expected)
    X[0, ..., 3] = 16  # the dose, say, of one image
    with pytest.raises(ValueError, match="4 channels, the last of which varies"):
        features().fit(X)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_bad_adapters(name):
    X = images_of(5)
    for wrong, message in (
        ("men", r"input_adapter must be one of None, 'mean', .* Got 'men'. Did you mean 'mean'\?"),
        ("first", r"Got 'first'. Did you mean 'first3'\?"),
        (3, "input_adapter must be one of .* Got 3"),
        (True, "Got True"),
    ):
        with pytest.raises(ValueError, match=message):
            clone(ESTIMATORS[name]).set_params(input_adapter=wrong).fit(X, Y)


@pytest.mark.parametrize(
    ("adapter", "n_channels", "message"),
    [
        ("first3", 1, "uses the first three channels, but the images have 1. Set it to 'mean' or"),
        ("first3", 2, "uses the first three channels, but the images have 2"),
        ("repeat", 4, "but the images have 4, so some .* dropped. Set it to 'mean' or 'fir"),
        ("repeat", 5, "until there are the 3 that the pretrained network expects"),
    ],
)
def test_adapters_that_cannot(adapter, n_channels, message):
    with pytest.raises(ValueError, match=f"input_adapter='{adapter}' .*{message}"):
        features(input_adapter=adapter).fit(images_of(n_channels))


def test_later_images_have_the_channels_of_the_fit():
    model = features(input_adapter="mean", image_size=16).fit(images_of(5))
    for n_channels in (1, 3, 4, 6):
        with pytest.raises(ValueError, match=f"{n_channels} channels but this Backbone.* of 5, to"):
            model.transform(images_of(n_channels))
    with pytest.raises(ValueError, match="X has 12 features, but BackboneFeatures is expecting"):
        model.transform(np.ones((2, 12)))


def test_channels_first_is_refused_unless_declared():
    X = np.moveaxis(images_of(3), -1, 1)
    for adapter in (None, "mean"):
        with pytest.raises(ValueError, match="Images are channels-last"):
            features(input_adapter=adapter).fit(X)
    deep = np.random.default_rng(0).integers(0, 256, (N, 10, 12, 11), dtype=np.uint8)
    model = features(input_adapter="mean", image_size=16, image_shape=(10, 12, 11)).fit(deep)
    expected = features(image_size=16).fit_transform(mean_of(deep))
    np.testing.assert_array_equal(model.transform(deep), expected)


# ---- image files ---------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    """Colours, and the same in files; and gray ones among them."""
    X = images_of(3)
    X[3:] = X[3:, ..., :1]
    paths = [str(tmp_path / f"{row}.png") for row in range(N)]
    for row, (path, image) in enumerate(zip(paths, X, strict=True)):
        Image.fromarray(image if row < 3 else image[..., 0]).save(path)
    return X, paths


@pytest.mark.parametrize("size", [{}, {"image_size": 16}, {"image_size": 16, "keep_aspect": True}])
@pytest.mark.parametrize("adapter", ["mean", "first3", "repeat"])
def test_files_are_adapted_in_colour(files, adapter, size):
    X, paths = files
    of_arrays = features(input_adapter=adapter, **size).fit(X)
    expected = of_arrays.transform(X)
    np.testing.assert_array_equal(of_arrays.transform(paths), expected)
    of_files = features(input_adapter=adapter, **size).fit(paths)
    assert of_files.image_shape_[2] == 3
    for other in (paths, X):
        np.testing.assert_array_equal(of_files.transform(other), expected)
    gray = features(input_adapter=adapter, **size).fit(paths[3:])  # a fold of gray ones alone
    np.testing.assert_array_equal(gray.transform(paths), expected)
    if adapter != "mean":
        np.testing.assert_array_equal(features(**size).fit_transform(paths), expected)


def test_files_of_sixteen_bits_are_adapted_as_arrays_are(tmp_path):
    X = images_of(3, "uint16")
    paths = [str(tmp_path / f"{row}.png") for row in range(N)]
    for path, image in zip(paths, X, strict=True):
        with open(path, "wb") as file:
            file.write(png(image))
    for fitted in (X, paths):
        model = features(input_adapter="mean", image_size=16).fit(fitted)
        assert model.value_range_ == (0.0, float(mean_of(X).max()))
        expected = features(image_size=16).fit_transform(mean_of(X))
        for other in (X, paths):
            np.testing.assert_array_equal(model.transform(other), expected)


def test_files_are_not_adapted_to_a_fit_on_five_channels(files):
    model = features(input_adapter="mean", image_size=16).fit(images_of(5))
    with pytest.raises(ValueError, match="files, which have 1 or 3 channels, but .* have 5"):
        model.transform(files[1])


def test_a_store_tells_adapters_apart(files, tmp_path):
    X, paths = files
    store = FeatureStore(tmp_path / "store")
    for _ in range(2):
        for adapter in (None, "mean", "first3"):
            for batch in (X, paths, images_of(5)):
                if adapter is None and batch.__class__ is np.ndarray and batch.shape[-1] == 5:
                    continue
                params = {"input_adapter": adapter, "image_size": 16}
                found = features(**params, store=store).fit_transform(batch)
                np.testing.assert_array_equal(found, features(**params).fit_transform(batch))
    assert store.hits >= 8 * N


def test_occlusion_of_adapted_images(files):
    X, paths = files
    model = TransferClassifier(epochs=1, input_adapter="mean", random_state=0).fit(X, Y)
    np.testing.assert_array_equal(occlusion_maps(model, X[:2]), occlusion_maps(model, paths[:2]))
    assert model.grad_cam(X[:2]).shape == (2, *SIZE)
    assert model.model_.input_shape == (None, *SIZE, 1)


def test_a_search_chooses_the_adapter():
    X = np.random.default_rng(0).integers(0, 256, (24, *SIZE, 5), dtype=np.uint8)
    y = np.tile([0, 1, 1, 0], 6)
    X[y == 1, ..., 4] //= 8  # which only the mean sees
    pipeline = make_pipeline(BackboneFeatures(), StandardScaler(), LogisticRegression())
    grid = {"backbonefeatures__input_adapter": ["first3", "mean"]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_params_ == {"backbonefeatures__input_adapter": "mean"}


def test_networks_of_ones_own_have_no_adapter():
    with pytest.raises(TypeError, match="input_adapter"):
        CNNClassifier(input_adapter="mean")
