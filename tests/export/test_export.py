"""What a file takes and gives, and that it is written whole or not at all."""

import json
import random

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import skdl

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (12, 16, 12, 3), dtype=np.uint8)
FLOATS = RNG.random((12, 8, 9))
Y = np.arange(12) % 3
ANIMALS = np.array(["cat", "dög"])[Y % 2]


def network(**params):
    return skdl.CNNClassifier(random_state=0, **params)


def features(**params):
    return skdl.BackboneFeatures(**{"store": None} | params)


# ---- what it takes and gives -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "dtype", "shape"),
    [
        (BYTES, "uint8", (16, 12, 3)),
        (FLOATS, "float", (8, 9, 1)),
        (BYTES.astype(np.uint16) * 200, "float", (16, 12, 3)),
        (RNG.normal(size=(12, 8, 8, 3)), "float", (8, 8, 3)),  # standardised
        (RNG.integers(-1000, 3000, (12, 8, 8)), "float", (8, 8, 1)),
    ],
    ids=["bytes", "from 0 to 1", "16 bits", "standardised", "from -1000 to 3000"],
)
def test_images_as_they_are(images, dtype, shape, agree):
    model = network().initialize(images, Y)
    of_graph = images.reshape(len(images), *shape)
    of_graph = of_graph if dtype == "uint8" else of_graph.astype(np.float32)
    run = agree(model, images, of_graph)
    assert run.input.type == f"tensor({dtype})"
    assert run.input.shape == ["n", *shape]
    for rows in (slice(1), slice(3, 10)):  # the number of images is free
        found = run(of_graph[rows])["probabilities"]
        np.testing.assert_allclose(found, model.predict_proba(images[rows]), atol=1e-6)


@pytest.mark.parametrize(
    ("classes", "dtype"),
    [
        ([3, 7, -1], "int64"),
        (["a", "ß", "c"], "object"),
        (np.array(["a", "b", "c"], dtype=object), "object"),
        ([False, True], "bool"),
        ([-1.0, 1.0, 2.0], "float64"),
    ],
    ids=["int", "text", "objects", "bool", "float"],
)
def test_labels_are_those_of_the_classes(classes, dtype, agree):
    y = np.asarray(classes)[np.arange(12) % len(classes)]
    run = agree(network().initialize(FLOATS, y), FLOATS, FLOATS[..., None].astype(np.float32))
    assert run(np.float32(FLOATS[..., None]))["label"].dtype == dtype
    assert json.loads(run.facts["classes"]) == sorted(np.asarray(classes).tolist())


def test_several_labels(agree):
    labels = np.column_stack([Y == 0, Y > 0, np.arange(12) % 5 < 2]).astype(int)
    for model in (network(epochs=2), skdl.TransferClassifier(image_size=8, epochs=2)):
        run = agree(model.fit(BYTES, labels), BYTES)
        assert run(BYTES)["label"].dtype == np.int64
        assert json.loads(run.facts["classes"]) == [0, 1, 2]


@pytest.mark.parametrize(
    "y", [Y * 1e6 + 3e6, (Y * 1e-6)[:, np.newaxis], np.column_stack([Y, -1e3 * Y])]
)
def test_numbers(y, agree):
    network = skdl.CNNRegressor(epochs=2, random_state=0).fit(BYTES, y)
    assert list(agree(network, BYTES)(BYTES)) == ["numbers"]
    agree(skdl.TransferRegressor(image_size=8, epochs=2, random_state=0).fit(BYTES, y), BYTES)


def test_the_file_says_what_it_is(exported, tmp_path):
    import onnx

    run = exported(FixedThresholdClassifier(network(), threshold=0.25).fit(BYTES, ANIMALS))
    facts = {name: json.loads(text) for name, text in run.facts.items()}
    assert facts == {
        "skdl_version": skdl.__version__,
        "estimator": ["CNNClassifier", "Threshold"],
        "classes": ["cat", "dög"],
        "image_shape": [16, 12, 3],
        "value_range": [0.0, 255.0],
        "threshold": 0.25,
        "positive": "dög",
    }
    model = onnx.load(tmp_path / "model.onnx")
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]
    assert model.ir_version == 8
    assert model.producer_name == "skdl"


def test_flattened_images_come_in_their_shape(agree):
    rows = FLOATS.reshape(12, -1)
    model = network(image_shape=(8, 9)).initialize(rows, Y)
    agree(model, rows, FLOATS[..., None].astype(np.float32))


def test_a_table_with_names_of_columns(agree):
    import pandas as pd

    frame = pd.DataFrame(FLOATS.reshape(12, -1)).add_prefix("pixel")
    model = network(image_shape=(8, 9)).initialize(frame, Y)
    agree(model, frame, FLOATS[..., None].astype(np.float32))


@pytest.mark.parametrize("pooling", ["avg", "max", "flatten", ["gem", "max"]])
def test_features(pooling, agree):
    model = features(pooling=pooling, layer=["stage1", "stage3"]).fit(BYTES)
    run = agree(model, BYTES)
    assert run(BYTES[:2])["features"].shape == (2, len(model.get_feature_names_out()))


@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [
        {"trainable": "head", "pooling": "flatten", "head": [4]},
        {"trainable": 1, "warmup_epochs": 1},
        pytest.param(
            {"trainable": "all", "pooling": "gem", "warmup_epochs": 1},
            marks=pytest.mark.exhaustive,
        ),
    ],
    ids=["head", "block", "all"],
)
def test_transfer(params, agree):
    """Where nothing is frozen, the network begins at the images; else behind a frozen prefix."""
    model = skdl.TransferClassifier(epochs=1, store=None, random_state=0, **params)
    agree(model.fit(BYTES, Y), BYTES)


@pytest.mark.exhaustive
def test_vgg16(agree):
    model = skdl.VGG16Classifier(
        weights="random", image_size=32, epochs=1, store=None, random_state=0
    )
    agree(model.fit(BYTES[:4], Y[:4]), BYTES[:4])


@pytest.mark.parametrize(
    ("images", "params"),
    [
        (BYTES, {}),
        (FLOATS, {"loss": "binary_crossentropy"}),
        (FLOATS * 16 - 8, {}),
        (RNG.integers(0, 17, (12, 7, 8)), {"image_size": 6}),
    ],
    ids=["bytes", "from 0 to 1", "standardised", "whole, resized"],
)
def test_denoised_images(images, params, exported):
    model = skdl.DenoisingAutoencoder((4,), epochs=1, random_state=0, **params).fit(images)
    of_graph = images if images.dtype == np.uint8 else images[..., None].astype(np.float32)
    found, wanted = exported(model)(of_graph)["denoised"], model.transform(of_graph)
    assert found.dtype == wanted.dtype
    assert np.ptp(wanted) > 0
    off = np.abs(found.astype(float) - wanted)
    whole = images.dtype.kind in "ui"  # where rounding turns the last digit into a step
    assert off.max() <= (1 if whole else 1e-5 * np.abs(wanted).max())
    assert (off > 0).mean() < 0.001 or not whole


def test_a_denoiser_in_front_of_a_classifier(agree):
    denoiser = skdl.DenoisingAutoencoder((4,), epochs=1, random_state=0).fit(BYTES)
    model = make_pipeline(FrozenEstimator(denoiser), network(epochs=1)).fit(BYTES, Y)
    agree(model, BYTES)


def test_searches_give_their_best_estimator(agree):
    pipeline = make_pipeline(features(), None, make_pipeline("passthrough", LogisticRegression()))
    grid = {"pipeline__logisticregression__C": [1e-9, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(BYTES, Y % 2)
    agree(search, BYTES)
    agree(make_pipeline(features(), StandardScaler()).fit(BYTES), BYTES)


@pytest.mark.parametrize("flatten", [False, True])
def test_files_that_a_loader_decodes_come_as_arrays(flatten, exported, tmp_path):
    paths = []
    for number, pixels in enumerate(BYTES):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(pixels).save(paths[-1])
    shape = (16, 12, 3) if flatten else None
    model = make_pipeline(skdl.ImageLoader(flatten=flatten), network(image_shape=shape, epochs=1))
    found = exported(model.fit(paths, Y))(BYTES)
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(paths), atol=1e-6)


# ---- what it leaves alone ----------------------------------------------------------------------


def test_equal_estimators_have_equal_files_and_nothing_else_changes(tmp_path):
    pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    model = network().initialize(FLOATS, Y)
    before, states = set(vars(model)), (random.getstate(), np.random.get_state()[1].tolist())
    weights = [array.copy() for array in model._network.state]
    path = skdl.export_onnx(model, tmp_path / "one.onnx")
    other = skdl.export_onnx(model, str(tmp_path / "two.ONNX"))
    assert path.read_bytes() == other.read_bytes()
    assert path == tmp_path / "one.onnx"
    assert set(vars(model)) == before
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states
    assert all(map(np.array_equal, weights, model._network.state))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.onnx", "two.ONNX"]


def test_what_is_drawn_for_the_comparison_does_not_get_into_a_store(exported, tmp_path):
    store = skdl.FeatureStore(tmp_path / "store")
    model = make_pipeline(features(store=store), LogisticRegression()).fit(BYTES, Y)
    n_before = len(list((tmp_path / "store").rglob("*")))
    exported(model)
    assert len(list((tmp_path / "store").rglob("*"))) == n_before
    assert model[0].store is store


# ---- what is refused ---------------------------------------------------------------------------


class Contrary(LogisticRegression):
    """Predicts what is least probable."""

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmin(axis=1)]


class Sharpened(StandardScaler):
    def transform(self, X):
        return 1.5 * super().transform(X)


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ((Contrary(),), "the label of 4 of 4 drawn images"),
        ((Sharpened(), LogisticRegression()), "probabilities by up to"),
    ],
    ids=["label", "numbers"],
)
def test_what_gives_something_else_is_not_written(steps, what, exported, tmp_path):
    (tmp_path / "model.onnx").write_text("the one before")
    model = make_pipeline(features(), *steps).fit(BYTES, Y)
    with pytest.raises(
        ValueError, match=f"graph of this Pipeline does not return .* changes {what}"
    ):
        exported(model)
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_text() == "the one before"


class PreciseSVC(SVC):
    """Has a kernel of its own."""

    def __init__(self):
        super().__init__(kernel=lambda X, Y: X @ Y.T)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (
            GaussianNB(),
            "a GaussianNB in this position. A network must come first .CNNClassifier, .* SVC",
        ),
        (LogisticRegression(), "use the package skl2onnx"),
        (make_pipeline(skdl.Resize(8), network(epochs=1)), "a Resize in this position"),
        (make_pipeline(features(), GaussianNB()), "a GaussianNB in this position"),
        (
            make_pipeline(features(), FunctionTransformer()),
            "a FunctionTransformer in this position",
        ),
        (make_pipeline(features(), PreciseSVC()), "a PreciseSVC with an unsupported kernel"),
        (
            GridSearchCV(network(), {"epochs": [1]}, cv=2, refit=False),
            "a GridSearchCV with refit=False",
        ),
        (
            FixedThresholdClassifier(
                make_pipeline(features(), SVC()), response_method="decision_function"
            ),
            None,
        ),
        (network(epochs=1, precision="bfloat16"), "precision='bfloat16'"),
        (features(precision="bfloat16"), "precision='bfloat16'"),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
def test_what_cannot_be_exported_is_named(estimator, message, exported, tmp_path):
    on_rows = isinstance(estimator, GaussianNB | LogisticRegression)
    estimator = clone(estimator).fit(BYTES.reshape(12, -1) if on_rows else BYTES, Y % 2)
    if message is None:  # what can be, in the same words
        exported(estimator)
        return
    name = type(estimator).__name__
    with pytest.raises(ValueError, match=f"This {name} cannot be exported to ONNX: .*{message}"):
        exported(estimator)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    "estimator",
    [network(), make_pipeline(features(), SVC()), FixedThresholdClassifier(network())],
    ids=["network", "pipeline", "threshold"],
)
def test_not_fitted(estimator, exported):
    with pytest.raises(NotFittedError):
        exported(estimator)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("model.h5", ValueError, r"path must end in '.onnx'. Got '.*model.h5'"),
        ("model", ValueError, r"path must end in '.onnx'. Got '.*model'"),
        ("none/model.onnx", FileNotFoundError, "There is no folder '.*none'. Create it, or choose"),
        (None, TypeError, "path must be a path, as a string or pathlib.Path. Got None"),
        ("", ValueError, "path must not be empty"),
    ],
)
def test_bad_paths(name, error, message, tmp_path):
    pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    path = tmp_path / name if name else name
    with pytest.raises(error, match=message):
        skdl.export_onnx(network().initialize(FLOATS, Y), path)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("library", ["onnx", "onnxruntime"])
def test_without_the_extra(library, monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(ImportError, match=r'python -m pip install "skdl\[onnx\]"'):
        skdl.export_onnx(network().initialize(FLOATS, Y), tmp_path / "model.onnx")
    assert not [*tmp_path.iterdir()]
