"""ONNX models as backbones: what they get, what becomes of what they give, what is refused."""

import os
import pickle
import sys
from dataclasses import replace

import numpy as np
import onnx_models as made
import pytest
from helpers import run_python
from joblib import Parallel, cpu_count, delayed
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

import skdl
from skdl import BackboneFeatures, FeatureStore, TransferClassifier
from skdl.backbones import (
    Backbone,
    Preprocessing,
    PretrainedWeights,
    backbone_of,
    declare_onnx_backbone,
    weights_at_hand,
)
from skdl.backbones._onnx_file import OnnxWeights
from skdl.downloads import RemoteFile
from skdl.downloads import weights_digest as sha256_of

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def features(path, X=None, **params):
    """Features of a model, fitted and asked with the same images."""
    X = made.photographs() if X is None else X
    return BackboneFeatures(**made.settings(path, **params)).fit(X).transform(X)


# ---- what a model gets ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_pixels_reach_a_model_as_its_weights_expect_them(tmp_path, layout, dtype):
    shape = ("n", 3, "h", "w") if layout == "NCHW" else ("n", "h", "w", 3)
    path = made.identity(tmp_path / "a.onnx", shape, dtype)
    X = made.photographs()
    expected = made.preprocessed(X)
    atol = 5e-3 if dtype == np.float16 else 1e-6
    np.testing.assert_allclose(features(path), expected.mean(axis=(1, 2)), atol=atol)
    flat = features(path, pooling="flatten")  # row by row, whatever the layout
    np.testing.assert_allclose(flat, expected.reshape(6, -1), atol=atol)
    cubes = np.maximum(expected, 1e-6) ** 3
    np.testing.assert_allclose(
        features(path, pooling=["max", "gem"]),
        np.hstack([expected.max(axis=(1, 2)), np.cbrt(cubes.mean(axis=(1, 2)))]),
        atol=atol,
    )


def test_blue_first_and_bytes(tmp_path):
    path = made.identity(tmp_path / "a.onnx", (None, None, None, 3), np.uint8)
    X = made.photographs()
    found = features(
        path, backbone__color="bgr", backbone__scale=255, backbone__mean=0, backbone__std=1
    )
    np.testing.assert_allclose(found, X.mean(axis=(1, 2))[:, ::-1], rtol=1e-6)


def test_gray_and_colour_become_each_other(tmp_path):
    X = made.photographs()
    gray = X[..., 0]
    color = made.identity(tmp_path / "color.onnx")
    np.testing.assert_array_equal(features(color, gray), features(color, np.stack([gray] * 3, -1)))
    path = made.identity(tmp_path / "gray.onnx", ("n", 1, "h", "w"))
    one = {"backbone__mean": (0.25,), "backbone__std": 0.5}
    weighted = X / 255 @ np.array([0.299, 0.587, 0.114])
    expected = (weighted.mean(axis=(1, 2)) - 0.25) / 0.5
    np.testing.assert_allclose(features(path, X, **one)[:, 0], expected, rtol=1e-5)


def test_values_that_nobody_said_are_those_of_imagenet_with_a_warning(tmp_path):
    path = made.identity(tmp_path / "a.onnx")
    with pytest.warns(UserWarning, match="does not state which pixel .* Set backbone__mean and"):
        found = features(path, backbone__mean=None, backbone__std=None)
    imagenet = {
        "backbone__mean": (0.485, 0.456, 0.406),
        "backbone__std": (0.229, 0.224, 0.225),
    }
    np.testing.assert_array_equal(found, features(path, **imagenet))
    gray = made.identity(tmp_path / "gray.onnx", ("n", 1, "h", "w"))
    with pytest.raises(ValueError, match="does not state which pixel .* Set backbone__mean"):
        features(gray, backbone__mean=None, backbone__std=None)


@pytest.mark.parametrize("n", [1, 4])
def test_a_model_of_so_many_images_and_one_size(tmp_path, n):
    """As programs export it that are not told otherwise."""
    fixed = made.identity(tmp_path / "fixed.onnx", (n, 3, 8, 8))
    free = made.identity(tmp_path / "free.onnx")
    np.testing.assert_array_equal(features(fixed), features(free))
    large = made.photographs(size=12)
    with pytest.raises(ValueError, match=r"accepts only 8 × 8. Set image_size=\(8, 8\)"):
        features(fixed, large)
    np.testing.assert_array_equal(
        features(fixed, large, image_size=8), features(free, large, image_size=8)
    )


# ---- what a model gives --------------------------------------------------------------------------


@pytest.mark.parametrize("n_prefix", [1, 2, 5])
def test_tokens(tmp_path, n_prefix):
    path, X = made.vit(tmp_path / "vit.onnx", n_prefix), made.photographs()
    mean = made.preprocessed(X).mean(axis=(1, 2))
    np.testing.assert_allclose(features(path), mean, rtol=1e-4)  # of the patches alone
    np.testing.assert_allclose(features(path, pooling="cls"), 10 * mean, rtol=1e-4)
    both = BackboneFeatures(**made.settings(path, pooling=["cls", "avg"])).fit(X)
    np.testing.assert_allclose(both.transform(X), np.hstack([10 * mean, mean]), rtol=1e-4)
    names = both.get_feature_names_out().tolist()
    assert names[:1] + names[3:4] == ["last_hidden_state_cls_0", "last_hidden_state_avg_0"]
    assert features(path, pooling="flatten").shape == (6, 3 * (4 + n_prefix))
    all_tokens = features(path, backbone__prefix_tokens=0)
    np.testing.assert_allclose(all_tokens, mean * (10 * n_prefix + 4) / (n_prefix + 4), rtol=1e-4)


def test_a_transformer_is_as_numpy_has_it(tmp_path):
    """One of random weights, built as ViT and DINOv2 are, of which files are too large to ship."""
    path, X = made.transformer(tmp_path / "vit.onnx", 56), made.photographs(4, 56)
    tokens = made.transformed(made.preprocessed(X), 56)
    expected = {"cls": tokens[:, 0], "avg": tokens[:, 1:].mean(axis=1)}
    for pooling, values in expected.items():
        np.testing.assert_allclose(features(path, X, pooling=pooling), values, rtol=1e-3, atol=1e-4)
    both = features(path, X, pooling=["cls", "avg"])
    np.testing.assert_array_equal(both[:, :16], features(path, X, pooling="cls"))
    one_by_one = features(path, X, pooling=["cls", "avg"], batch_size=1)
    np.testing.assert_array_equal(one_by_one, both)


def test_tokens_that_cannot_be_told_apart(tmp_path):
    odd = made.vit(tmp_path / "odd.onnx", 3)
    with pytest.raises(ValueError, match="has 7 tokens .* Set backbone__prefix_tokens"):
        features(odd)
    assert features(odd, pooling="cls", backbone__prefix_tokens=3).shape == (6, 3)
    with pytest.raises(ValueError, match="prefix_tokens=7 leaves none"):
        features(odd, backbone__prefix_tokens=7)
    path = made.vit(tmp_path / "vit.onnx")
    with pytest.raises(ValueError, match="patch tokens, without a class token"):
        features(path, layer="patches", pooling="cls")
    with pytest.raises(ValueError, match="feature maps, without a class token"):
        features(path, layer="grid", pooling="cls")
    for pooling in ("cls", "gem"):
        with pytest.raises(ValueError, match=f"pooling='{pooling}', .*'pooler_output' is one"):
            features(path, layer="pooler_output", pooling=pooling)


def test_any_value_in_the_graph_is_a_layer(tmp_path):
    path, X = made.vit(tmp_path / "vit.onnx"), made.photographs()
    mean = made.preprocessed(X).mean(axis=(1, 2))
    layers = ["grid", "pooler_output", "patches"]
    model = BackboneFeatures(**made.settings(path, layer=layers)).fit(X)
    np.testing.assert_allclose(model.transform(X), np.hstack([mean, 10 * mean, mean]), rtol=1e-4)
    assert model.layers_ == layers
    assert model.get_feature_names_out()[3] == "pooler_output_0"
    with pytest.raises(ValueError, match="has no value 'patchs'. Did you mean 'patches'") as error:
        features(path, layer="patchs")
    assert "Its outputs: 'last_hidden_state', 'pooler_output'" in str(error.value)


def test_what_needs_no_text_runs_without_it(tmp_path):
    """As the vision half of CLIP does, where a file holds both."""
    nodes = [
        ("Identity", ["pixels"], ["maps"], {}),
        ("ReduceMean", ["maps"], ["seen"], {"axes": [2, 3], "keepdims": 0}),
        ("Add", ["seen", "words"], ["fit"], {}),
    ]
    path = made.save(tmp_path / "a.onnx", nodes, [("fit", 2), ("seen", 2)], words=(1, 3))
    expected = made.preprocessed(made.photographs()).mean(axis=(1, 2))
    np.testing.assert_allclose(features(path, layer="seen"), expected, rtol=1e-4)
    with pytest.raises(
        ValueError, match=r"requires 2 inputs \('pixels', 'words'\) for fit. Set layer"
    ):
        features(path)


def test_maps_in_another_layout_than_the_images(tmp_path):
    turned = ("Transpose", ["pixels"], ["maps"], {"perm": [0, 2, 3, 1]})
    path = made.save(tmp_path / "a.onnx", [turned], [("maps", 4)])
    with pytest.raises(ValueError, match="Set backbone__map_layout='NHWC'"):
        features(path)
    expected = made.preprocessed(made.photographs()).mean(axis=(1, 2))
    np.testing.assert_allclose(features(path, backbone__map_layout="NHWC"), expected, rtol=1e-4)


def test_features_do_not_depend_on_the_batch_to_the_bit(tmp_path):
    rng = np.random.default_rng(0)
    nodes = [
        ("Conv", ["pixels", "w"], ["a"], {"pads": [1, 1, 1, 1]}),
        ("Relu", ["a"], ["b"], {}),
        ("ReduceMean", ["b"], ["c"], {"axes": [2, 3], "keepdims": 0}),
        ("MatMul", ["c", "m"], ["d"], {}),
    ]
    constants = {
        "w": rng.normal(size=(64, 3, 3, 3)).astype(np.float32),
        "m": rng.normal(size=(64, 100)).astype(np.float32),
    }
    path = made.save(tmp_path / "a.onnx", nodes, [("d", 2)], constants=constants)
    X = made.photographs(23, 16)
    together = features(path, X)
    for batch_size in (1, 2, 5, 7):
        assert np.array_equal(features(path, X, batch_size=batch_size), together)


# ---- as those of Keras ---------------------------------------------------------------------------


def cosines(a, b):
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (a * b).sum(axis=1) / norms


BYTES = {"backbone__scale": 255, "backbone__mean": 0, "backbone__std": 1}


def agrees_with_keras(name, params, X, folder):
    """A network of Keras's and its export, whose preprocessing is in the graph, side by side."""
    of_keras = BackboneFeatures(name, image_size=None, store=None, **params).fit(X)
    skdl.export_onnx(of_keras, folder / "exported.onnx")
    found = features(folder / "exported.onnx", X, **BYTES)
    expected = of_keras.transform(X)
    assert found.shape == expected.shape
    assert cosines(found, expected).min() >= 0.99999


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "params"),
    [("vgg16", {}), ("mobilenet_v2", {"backbone__alpha": 0.35})],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_exported_network_has_keras_features(name, params, tmp_path):
    agrees_with_keras(name, {"weights": "random", **params}, made.photographs(4, 32), tmp_path)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "params"),
    [("vgg16", {}), ("mobilenet_v2", {"backbone__alpha": 0.35})],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_exported_network_has_keras_features_with_its_own_weights(name, params, tmp_path):
    if not weights_at_hand(name, **{k.removeprefix("backbone__"): v for k, v in params.items()}):
        pytest.skip("the weights are not in the data home")
    agrees_with_keras(name, params, made.photographs(8, 96), tmp_path)


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"\0" * 99]
)
def test_a_file_that_is_no_model(tmp_path, content):
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(ValueError, match=r"a.onnx' is not an ONNX model: it begins with b'"):
        features(tmp_path / "a.onnx")


def test_a_file_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"'onnx:a.onnx' .*, neither in .* nor in .*home"):
        features("a.onnx")
    assert not weights_at_hand("onnx:a.onnx")
    (tmp_path / "home/weights").mkdir(parents=True)
    made.identity(tmp_path / "home/weights/a.onnx")
    assert weights_at_hand("onnx:a.onnx")
    assert features("a.onnx").shape == (6, 3)


def test_an_operator_that_there_is_not(tmp_path):
    path = made.save(tmp_path / "a.onnx", [("Guess", ["pixels"], ["maps"], {})], [("maps", 4)])
    with pytest.raises(ValueError, match=r"ONNX Runtime [\d.]+ cannot load the model .*Guess"):
        features(path)


@pytest.mark.parametrize(
    ("shape", "params", "words"),
    [
        (
            ("n", 4, 8, 8),
            {},
            "not an image with 1 or 3 channels: pretrained backbones require gray",
        ),
        (("n", 4, 8, 8), {"backbone__layout": "NCHW"}, "channels in the layout NCHW"),
        (("n", 3, 8, 8), {"backbone__layout": "NHWC"}, "channels in the layout NHWC"),
        (("n", "c", "h", "w"), {}, "does not state where the channels are. Set backbone__layout="),
        (("n", 3, 8, 3), {}, "does not state where the channels are. Set backbone__layout="),
        (("n", 3, "w"), {}, r"of shape \(n, 3, w\), but a batch of images has four dimensions"),
        (
            ("n", 3, "h", "w"),
            {"backbone__color": "grayscale"},
            "but .* expects 3 channels",
        ),
        (("n", 3, "h", "w"), {"backbone__layout": "CHWN"}, "layout must be one of"),
        (("n", 3, "h", "w"), {"backbone__mean": (1, 2)}, "mean must have 1 or 3 values"),
        (("n", 3, "h", "w"), {"backbone__prefix_tokens": -1}, "prefix_tokens must be a whole"),
        (("n", 3, "h", "w"), {"backbone__size": 3}, "has no parameter 'size'.*prefix_tokens"),
        (("n", 3, "h", "w"), {"precision": "bfloat16"}, "Leave precision at 'float32'"),
        (("n", 3, "h", "w"), {"weights": "random"}, "is an ONNX model, which contains its weights"),
        (("n", 3, "h", "w"), {"weights": "imagenet"}, "names the file .* Leave weights at 'auto'"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_way_out(tmp_path, shape, params, words):
    path = made.identity(tmp_path / "a.onnx", shape)
    model = BackboneFeatures(**made.settings(path, **params))
    with pytest.raises(ValueError, match=words):
        model.fit(made.photographs())
    assert not model.initialized_


@pytest.mark.parametrize(
    ("layer", "kind"),
    [("sizes", r"int64 of shape \(4,\)"), ("turned", r"float32 of shape \(3, 1, 8, 8\)")],
)
def test_outputs_that_are_no_features(tmp_path, layer, kind):
    nodes = [
        ("Shape", ["pixels"], ["sizes"], {}),
        ("Transpose", ["pixels"], ["turned"], {"perm": [1, 0, 2, 3]}),
        ("Identity", ["pixels"], ["maps"], {}),
    ]
    path = made.save(tmp_path / "a.onnx", nodes, [("maps", 4)])
    with pytest.raises(ValueError, match=f"'{layer}' is {kind} for 1 image; expected floats of"):
        features(path, layer=layer)


def test_sizes_that_a_graph_cannot_run_on(tmp_path):
    """A transformer has positions for one number of patches, whatever its input says."""
    path = made.vit(tmp_path / "vit.onnx")
    with pytest.raises(
        ValueError, match=r"cannot run on images of shape \(3, 16, 16\): .*image_size"
    ):
        features(path, made.photographs(size=16))


def test_weights_in_a_file_beside_it(tmp_path):
    one = made.vit(tmp_path / "one.onnx")
    model = onnx.load(one)
    large = np.zeros((300, 3, 4, 4), np.float32)
    large[:3] = onnx.numpy_helper.to_array(model.graph.initializer[0])
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(large[:3], "kernel"))
    onnx.save(
        model,
        tmp_path / "two.onnx",
        save_as_external_data=True,
        location="two.data",
        size_threshold=0,
    )
    assert (tmp_path / "two.data").exists()
    expected = features(one)
    fitted = BackboneFeatures(**made.settings(tmp_path / "two.onnx")).fit(made.photographs())
    np.testing.assert_array_equal(fitted.transform(made.photographs()), expected)
    saved = pickle.dumps(fitted)
    (tmp_path / "two.data").unlink()
    np.testing.assert_array_equal(pickle.loads(saved).transform(made.photographs()), expected)
    alone = OnnxWeights.of((tmp_path / "two.onnx").read_bytes())
    made_up = replace(fitted._extractor, weights=alone)
    with pytest.raises(ValueError, match="has weights in another file"):
        _ = made_up.network  # of a model file that was made to read from this machine
    os.utime(tmp_path / "two.onnx", ns=(1, 1))
    with pytest.raises(
        ValueError, match="stores its weights in another file, which cannot be read"
    ):
        features(tmp_path / "two.onnx")


# ---- the store, and processes --------------------------------------------------------------------


def test_features_are_kept_by_the_sha256_of_the_file(tmp_path):
    path, X, store = made.vit(tmp_path / "a.onnx"), made.photographs(), FeatureStore()
    features(path, store=store, pooling=["cls", "avg"])
    assert store.misses == 12
    spaces = [info.space for info in store.info().spaces]
    assert {space["weights"] for space in spaces} == {sha256_of(path)}
    again = path.rename(tmp_path / "b.onnx")
    np.testing.assert_array_equal(features(again, store=store), features(again))
    assert (store.hits, store.misses) == (6, 12)  # whatever it is called, each pooling by itself
    features(made.vit(tmp_path / "c.onnx", 5), store=store)
    assert store.misses == 18
    for other in (
        {"backbone__mean": (0, 0, 0)},
        {"layer": "patches"},
        {"backbone__prefix_tokens": 0},
    ):
        before = store.misses
        features(again, store=store, **other)
        assert store.misses == before + 6, other
    assert features(again, X, store=store).shape == (6, 3)


def test_a_search_over_layers_and_poolings(tmp_path):
    X, y = made.photographs(30), np.arange(30) % 2
    X[y == 1, :4] //= 4
    store = FeatureStore()
    model = BackboneFeatures(**made.settings(made.vit(tmp_path / "a.onnx"), store=store))
    pipeline = make_pipeline(model, LogisticRegression())
    grid = {
        "backbonefeatures__layer": [None, "grid"],
        "backbonefeatures__pooling": ["avg", "max", ["avg", "max"]],
    }
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(X, y)
    assert search.best_score_ > 0.9
    assert store.misses <= 6 * 30  # each image at most once for a layer and pooling
    assert search.predict(X).shape == (30,)


def test_a_pickle_needs_no_file_and_holds_no_session(tmp_path):
    path, X = made.vit(tmp_path / "a.onnx"), made.photographs()
    fitted = BackboneFeatures(**made.settings(path)).fit(X)
    expected, saved = fitted.transform(X), pickle.dumps(fitted)
    skdl.save(fitted, tmp_path / "a.skdl")
    path.unlink()
    assert len(saved) < 10_000
    for model in (pickle.loads(saved), skdl.load(tmp_path / "a.skdl")):
        np.testing.assert_array_equal(model.transform(X), expected)
    assert skdl.load(tmp_path / "a.skdl").backbone == "onnx:a.onnx"  # no folder of this machine
    assert clone(fitted).get_params() == fitted.get_params()


def test_a_changed_file_is_another_network_to_checkpoints(tmp_path):
    path = made.vit(tmp_path / "a.onnx")
    model = BackboneFeatures(**made.settings(path))
    assert model.__skdl_digest__() == [sha256_of(path)]


@pytest.mark.slow
def test_a_worker_uses_its_share_of_the_cores(tmp_path):
    path, X = made.vit(tmp_path / "a.onnx"), made.photographs()
    expected = features(path)
    get_reusable_executor().shutdown(wait=True)  # workers of other tests may have TensorFlow
    results = Parallel(2)(delayed(made.features_in_a_worker)(path, X) for _ in range(2))
    for n_threads, loaded, found in results:
        assert n_threads == max(cpu_count() // 2, 1)
        assert not loaded  # no TensorFlow: a worker has nothing to wait for
        np.testing.assert_array_equal(found, expected)


FORK = """
import os, sys
import numpy as np
import onnx_models as made
from skdl import BackboneFeatures
X = made.photographs()
model = BackboneFeatures(**made.settings(sys.argv[1])).fit(X)
expected = model.transform(X)
child = os.fork()
if child == 0:
    from skdl._utils.cache import clear_caches
    same = np.array_equal(model.transform(X), expected)
    clear_caches()  # which ends the child's sessions, and leaves the parent's alone
    os._exit(7 if same else 1)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(status, np.array_equal(model.transform(X), expected))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_forked_process_computes_and_ends(tmp_path):
    path = made.vit(tmp_path / "a.onnx")
    assert run_python(FORK, path, timeout=60) == "7 True\n"


WITHOUT = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras", "scikeras"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
import pickle
import numpy as np
import onnx_models as made
import skdl
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from skdl import BackboneFeatures
path, there = sys.argv[1:]
X, y = made.photographs(20), np.arange(20) % 2
features = BackboneFeatures(**made.settings(path, store="auto"))
pipeline = make_pipeline(features, LogisticRegression())
search = GridSearchCV(pipeline, {"backbonefeatures__pooling": ["avg", "cls"]}, cv=2).fit(X, y)
model = clone(pipeline).fit(X, y)
skdl.save(model, there)
loaded = skdl.load(there)
assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
assert np.array_equal(pickle.loads(pickle.dumps(search)).predict(X), search.predict(X))
assert not {"tensorflow", "keras", "scikeras"} & {*sys.modules}
try: skdl.CNNClassifier
except ModuleNotFoundError as error: assert "tensorflow" in str(error)
print(*model.predict_proba(X)[:, 1].tolist())
"""


def test_no_tensorflow_is_needed_or_imported(tmp_path):
    path = made.vit(tmp_path / "a.onnx")
    X, y = made.photographs(20), np.arange(20) % 2
    pipeline = make_pipeline(BackboneFeatures(**made.settings(path)), LogisticRegression())
    found = run_python(WITHOUT, path, tmp_path / "model.skdl").split()
    expected = pipeline.fit(X, y).predict_proba(X)[:, 1]
    np.testing.assert_allclose(np.array(found, float), expected, rtol=1e-12)
    np.testing.assert_allclose(
        skdl.load(tmp_path / "model.skdl").predict_proba(X)[:, 1], expected, rtol=1e-12
    )


@pytest.mark.parametrize("library", ["onnx", "onnxruntime"])
def test_without_the_extra_an_error_names_it(tmp_path, monkeypatch, library):
    path = made.vit(tmp_path / "a.onnx")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=r'needs onnx and onnxruntime: .*"skdl\[onnx\]"'):
        features(path)


# ---- what is declared ----------------------------------------------------------------------------


def declared(path, sha256=None, layers=None, **more):
    """A declaration of a file that lies in the data home."""
    file = RemoteFile(
        "weights/scans.onnx",
        "http://127.0.0.1:9/scans.onnx",
        sha256=sha256 or sha256_of(path),
        size=path.stat().st_size,
    )
    weights = PretrainedWeights("scans", file, licence="BSD-3-Clause", citation="Made by a test.")
    return declare_onnx_backbone(
        Backbone(
            Preprocessing(mean=made.MEAN, std=made.STD),
            layers or {"grid": 3, "pooler_output": 3, "last_hidden_state": 3},
            min_size=8,
            default_size=8,
            weights=(weights,),
        ),
        **more,
    )


def scans():
    """A transformer that is declared: at the top level of a module, as users write it."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path))
    (tmp_path / "weights").mkdir()
    return made.vit(tmp_path / "weights" / "scans.onnx")


def test_a_declared_model(home, tmp_path):
    declared(home, layout="NCHW", prefix_tokens=1)(scans)
    X = made.photographs()
    model = BackboneFeatures(scans, pooling="cls", store=None).fit(X)
    np.testing.assert_array_equal(model.transform(X), features(home, pooling="cls"))
    assert model.layers_ == ["last_hidden_state"]  # the last, as of other backbones
    assert backbone_of(scans).width == 3
    assert weights_at_hand(scans)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(model)).transform(X), model.transform(X)
    )
    other = made.vit(tmp_path / "other.onnx", 5)
    with pytest.raises(ValueError, match="has no parameter 'mean'.*Its parameters: none"):
        BackboneFeatures(scans, backbone__mean=1).fit(X)
    with pytest.raises(ValueError, match="has no weights 'imagenet'. Pass one of 'scans', or the"):
        BackboneFeatures(scans, weights="imagenet").fit(X)
    mine = BackboneFeatures(scans, weights=other, store=None).fit(X)
    assert mine.transform(X).shape == (6, 3)


def test_a_declaration_is_held_to(home):
    X = made.photographs()
    declared(home, sha256="0" * 64)(scans)
    with pytest.raises(ValueError, match="is not the right one: the sha256 of its content is"):
        BackboneFeatures(scans).fit(X)
    declared(home, layers={"last_hidden_state": 4})(scans)
    with pytest.raises(
        ValueError, match="is declared with 4 channels, but its ONNX model returns 3"
    ):
        BackboneFeatures(scans).fit(X)
    with pytest.raises(TypeError, match="expects a Backbone"):
        declare_onnx_backbone("grid")
    with pytest.raises(ValueError, match="map_layout must be one of"):
        declared(home, map_layout="CHW")
    shipped = PretrainedWeights("a", "skdl.backbones:a.h5", licence="MIT", citation="None.")
    of_keras = Backbone(Preprocessing(), {"a": 1}, weights=(shipped,))
    with pytest.raises(ValueError, match="must be a file that ends in '.onnx'"):
        declare_onnx_backbone(of_keras)
    with pytest.raises(ValueError, match="is a file, which declares nothing"):
        backbone_of(f"onnx:{home}")


def test_nothing_trains_it(home):
    declared(home)(scans)
    for backbone in (f"onnx:{home}", scans):
        with pytest.raises(ValueError, match="TransferClassifier trains Keras networks, but"):
            TransferClassifier(backbone).fit(made.photographs(), np.arange(6) % 2)
    model = BackboneFeatures(scans, store=None).fit(made.photographs())
    with pytest.raises(ValueError, match="a backbone that is already an ONNX model"):
        skdl.export_onnx(model, home.parent / "again.onnx")


@pytest.mark.filterwarnings("ignore:X has negative values")
def test_scikit_learn_checks(home):
    declared(home)(scans)
    results = check_estimator(BackboneFeatures(scans, image_size=8), on_skip=None)
    assert sum(result["status"] == "passed" for result in results) >= 46
