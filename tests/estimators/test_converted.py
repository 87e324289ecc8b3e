"""Networks of Keras that ONNX Runtime runs: the same features, without TensorFlow afterwards."""

import pickle
import sys

import numpy as np
import onnx_models as made
import pytest
from export.builders import unknown_maps
from helpers import parametrize, run_python
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

import skdl
from skdl import BackboneFeatures, FeatureStore, VGG16Features
from skdl.estimators import _converted

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

NETWORKS = {
    "cifar_resnet20": {},
    "mobilenet_v2": {"weights": "random", "backbone__alpha": 0.35},
    "vgg16": {"weights": "random"},
    "resnet50": {"weights": "random"},
    "efficientnet_b0": {"weights": "random"},
}


def both(X, backbone="cifar_resnet20", **params):
    """Features by TensorFlow and by ONNX Runtime."""
    params = {"store": None, **params}
    engines = ("tensorflow", "onnxruntime")
    models = [BackboneFeatures(backbone, engine=engine, **params).fit(X) for engine in engines]
    names = [model.get_feature_names_out().tolist() for model in models]
    assert names[0] == names[1]
    return [model.transform(X) for model in models]


def agree(found, expected):
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@parametrize("name", NETWORKS, exhaustive=["resnet50", "efficientnet_b0"])
def test_features_are_those_of_tensorflow(name):
    agree(*both(made.photographs(4, 32), name, **NETWORKS[name]))


@pytest.mark.parametrize(
    "params",
    [
        {"pooling": ["avg", "max", "flatten", "gem"]},
        {"layer": ["stage2", "stage3"], "pooling": ["avg", "max"]},
        {"image_size": (40, 24), "keep_aspect": True},
        {"batch_size": 3},
    ],
    ids=str,
)
def test_whatever_is_taken_of_a_network(params):
    agree(*both(made.photographs(7, 32), **params))


@pytest.mark.parametrize("kind", ["gray", "opaque", "floats", "standardized", "bytes"])
@pytest.mark.filterwarnings("ignore:X has negative values")
def test_images_of_all_kinds(kind):
    X = made.photographs(5, 32)
    X = {
        "gray": X[..., :1],
        "opaque": np.concatenate([X, np.full_like(X[..., :1], 255)], axis=-1),
        "floats": X / 300,
        "standardized": (X.astype(np.float32) - 128) / 60,
        "bytes": X,
    }[kind]
    agree(*both(X))


WITHOUT = """
import sys
for name in ("tensorflow", "keras", "scikeras"):
    sys.modules[name] = None
import numpy as np
import skdl
model, X = skdl.load(sys.argv[1]), np.load(sys.argv[2])
print(*model.predict_proba(X)[:, 1].tolist())
"""


def test_what_was_fitted_predicts_without_tensorflow(tmp_path):
    X, y = made.photographs(20, 32), np.arange(20) % 2
    features = BackboneFeatures(engine="onnxruntime", store=None)
    model = make_pipeline(features, LogisticRegression()).fit(X, y)
    skdl.save(model, tmp_path / "model.skdl")
    np.save(tmp_path / "X.npy", X)
    found = run_python(WITHOUT, tmp_path / "model.skdl", tmp_path / "X.npy").split()
    np.testing.assert_allclose(np.array(found, float), model.predict_proba(X)[:, 1], rtol=1e-6)


@pytest.mark.slow
def test_a_search_converts_a_network_once(monkeypatch):
    made_anew = []

    def counted(*arguments):
        made_anew.append(arguments)
        return convert(*arguments)

    convert = _converted._as_onnx
    monkeypatch.setattr(_converted, "_as_onnx", counted)
    skdl.engine.clear()
    X, y = made.photographs(12, 32), np.arange(12) % 2
    features = BackboneFeatures(engine="onnxruntime", store=FeatureStore())
    model = make_pipeline(features, LogisticRegression())
    grid = {"backbonefeatures__pooling": ["avg", "max"], "logisticregression__C": [0.1, 1]}
    GridSearchCV(model, grid, cv=3).fit(X, y)
    assert len(made_anew) == 1


def test_features_of_both_are_stored_apart(tmp_path):
    X = made.photographs(6, 32)
    store = FeatureStore(tmp_path)
    features = BackboneFeatures(store=store)
    of_keras = features.fit(X).transform(X)
    features.set_params(engine="onnxruntime")
    found = features.fit(X).transform(X)
    assert (store.misses, store.hits) == (12, 0)
    assert np.array_equal(pickle.loads(pickle.dumps(features)).transform(X), found)
    assert np.array_equal(features.set_params(engine="auto").fit(X).transform(X), of_keras)
    assert store.misses == 12


ELSEWHERE = """
import sys
import onnx_models as made
from skdl import BackboneFeatures, FeatureStore
store = FeatureStore(sys.argv[1])
BackboneFeatures(engine="onnxruntime", store=store).fit_transform(made.photographs(6, 32))
print(store.hits, store.misses)
"""


@pytest.mark.slow
def test_another_process_finds_what_was_stored(tmp_path):
    BackboneFeatures(engine="onnxruntime", store=tmp_path).fit_transform(made.photographs(6, 32))
    assert run_python(ELSEWHERE, tmp_path).split() == ["6", "0"]


def test_vgg16():
    X = made.photographs(3, 32)
    expected = VGG16Features(weights="random", store=None).fit(X).transform(X)
    features = VGG16Features(weights="random", store=None, engine="onnxruntime")
    agree(features.fit(X).transform(X), expected)


def test_scikit_learn_checks():
    check_estimator(BackboneFeatures(engine="onnxruntime", image_size=32))


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"engine": "torch"}, "'engine' parameter .*'onnxruntime'.* Got 'torch'"),
        (
            {"engine": "onnxruntime", "precision": "bfloat16"},
            "precision='bfloat16', but engine='onnxruntime' computes in float32. Set",
        ),
        ({"engine": "onnxruntime", "pooling": "cls"}, "class token"),
        ({"engine": "onnxruntime", "layer": "stage9"}, "'stage9' .* does not exist"),
    ],
    ids=str,
)
def test_what_does_not_go_together(params, words):
    with pytest.raises(ValueError, match=words):
        BackboneFeatures(**params).fit(made.photographs(2, 32))


def test_tensorflow_does_not_run_an_onnx_model(tmp_path):
    path = made.vit(tmp_path / "a.onnx")
    features = BackboneFeatures(**made.settings(path), engine="tensorflow")
    with pytest.raises(ValueError, match=r"an ONNX model, which ONNX Runtime runs\. Leave engine"):
        features.fit(made.photographs(2, 32))


def test_an_operation_that_has_no_counterpart():
    X = made.photographs(2, 32)
    features = BackboneFeatures(unknown_maps, weights="random", store=None)
    expected = features.fit(X).transform(X)
    with pytest.raises(
        ValueError, match=r"engine='onnxruntime': the operation Digamma.*Set engine='tensorflow'"
    ):
        features.set_params(engine="onnxruntime").fit(X)
    assert np.array_equal(features.transform(X), expected)  # as it was


@pytest.mark.parametrize("library", ["onnx", "onnxruntime"])
def test_without_the_extra(library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=r'needs onnx and onnxruntime: .*"skdl\[onnx\]"'):
        BackboneFeatures(engine="onnxruntime").fit(made.photographs(2, 32))


def test_a_file_of_it_is_written_with_the_other_engine(tmp_path):
    model = BackboneFeatures(engine="onnxruntime").fit(made.photographs(2, 32))
    with pytest.raises(ValueError, match="To export a Keras network, fit with engine='tensorflow'"):
        skdl.export_onnx(model, tmp_path / "model.onnx")
