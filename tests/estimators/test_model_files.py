"""Networks and features in files for other people, see tests/persistence."""

import json
import warnings

import keras
import numpy as np
import pytest
from helpers import parametrize, tiny
from persistence.crafted import tool, with_schema
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skdl
from skdl import BackboneFeatures, CNNClassifier, DenoisingAutoencoder, TransferClassifier
from skdl.backbones import PlainState
from skdl.persistence import ModelFileError, inspect_model, read_model


@pytest.fixture(scope="module")
def images(digits):
    X, y = digits
    return X[:40].reshape(-1, 8, 8).astype(np.uint8), np.array(["even", "odd"])[y[:40] % 2]


def network(**params):
    return CNNClassifier("simple", epochs=1, architecture__filters=2, random_state=0, **params)


def schedule():
    return keras.optimizers.schedules.CosineDecay(0.01, 100)


MODELS = {
    "network": network(),
    "an optimizer": network(optimizer=keras.optimizers.Adam(0.01, beta_1=0.8)),
    "a class": network(optimizer=keras.optimizers.SGD, optimizer__momentum=0.5),
    "a schedule": network(learning_rate_schedule=schedule()),
    "a schedule inside": network(optimizer=keras.optimizers.Adam(schedule())),
    "warm": network(warm_start=True),
    "transfer": TransferClassifier("cifar_resnet20", image_size=16, epochs=1, random_state=0),
    "tuned": TransferClassifier(
        "cifar_resnet20", image_size=16, epochs=1, trainable="all", random_state=0
    ),
    "autoencoder": DenoisingAutoencoder(epochs=1, random_state=0),
    "features": make_pipeline(BackboneFeatures(image_size=16), StandardScaler(), SVC()),
    "calibrated": CalibratedClassifierCV(network(), cv=2),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize("name", MODELS, exhaustive={"tuned", "a class"})
def test_what_is_loaded_predicts_the_same_to_the_bit(name, images, tmp_path):
    X, y = images
    model = clone(MODELS[name]).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        skdl.save(model, tmp_path / "model.skdl")
        found = read_model(tmp_path / "model.skdl")
    method = next(n for n in ("predict_proba", "predict", "transform") if hasattr(model, n))
    assert np.array_equal(getattr(found.estimator, method)(X), getattr(model, method)(X))
    shape = {"image_shape": [8, 8, 1], "dtype": "uint8", "flattened": False}
    assert found.image_format.items() >= shape.items()
    again = clone(found.estimator).set_params().fit(X, y)  # its parameters are whole
    assert np.array_equal(getattr(again, method)(X), getattr(model, method)(X))


def test_nothing_of_this_machine_is_in_the_file(images, tmp_path):
    X, y = images
    (tmp_path / "private").mkdir()
    weights = tmp_path / "private" / "w.npz"
    model = BackboneFeatures(image_size=16, weights="random", store=tmp_path / "private" / "store")
    model.fit(X, y)
    arrays = model._extractor.weights.arrays
    np.savez(weights, *arrays)
    model.set_params(weights=weights)
    path = tmp_path / "model.skdl"
    skdl.save(model, path)
    assert b"private" not in path.read_bytes()
    found = skdl.load(path)
    assert (found.weights, found.store) == ("w.npz", "auto")
    assert model.store == tmp_path / "private" / "store"


def test_callbacks_are_left_out(images, tmp_path):
    X, y = images
    model = network(callbacks=[keras.callbacks.LambdaCallback()]).fit(X, y)
    with pytest.warns(UserWarning, match="The parameter callbacks is left out of the file") as told:
        skdl.save(model, tmp_path / "model.skdl")
    assert len(told) == 1
    assert skdl.load(tmp_path / "model.skdl").callbacks is None
    assert len(model.callbacks) == 1


def test_builders_of_ones_own_have_to_be_trusted(images, tmp_path):
    X, y = images
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    path = tmp_path / "model.skdl"
    with pytest.warns(UserWarning, match=r"trusted=\['helpers.tiny'\]"):
        skdl.save(model, path)
    with pytest.raises(ModelFileError, match="it names 'helpers.tiny'"):
        skdl.load(path)
    loaded = skdl.load(path, trusted=["helpers.tiny"])
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))


def strings(schema, text):
    """Nodes of a text."""
    found = [node for node in tool().nodes_of(schema) if node["__loader__"] == "JsonNode"]
    return [node for node in found if node["content"] == json.dumps(text)]


def replaced(node, value):
    kind = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
    number = iter(range(10_000, 20_000))

    def made(value):
        if not isinstance(value, dict):
            return {**kind, "content": json.dumps(value), "is_json": True, "__id__": next(number)}
        text = {"__class__": "str", "__module__": "builtins", "__loader__": "TypeNode"}
        types = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
        types |= {"content": [{**text, "__id__": next(number)} for _ in value]}
        content = {key: made(item) for key, item in value.items()}
        made_ = {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode"}
        types["__id__"] = next(number)
        return {**made_, "content": content, "key_types": types, "__id__": next(number)}

    new = made(value)
    node.clear()
    node.update(new)


LAMBDA = {"class_name": "Lambda", "module": "keras.layers", "registered_name": None, "config": {}}
SYSTEM = {"class_name": "system", "module": "os", "config": {"command": "touch ran"}}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (LAMBDA, "it contains the Keras object 'keras.layers.Lambda'"),
        (SYSTEM, "it contains the Keras object 'os.system'"),
        ({"keras": "layers.Lambda", "config": {"function": "x"}}, "Keras has no class"),
        ({"keras": "optimizers.Adam", "config": {"learning_rate": SYSTEM}}, "contain 'os.system'"),
        ({"keras": "optimizers.deserialize", "config": {}}, "Keras has no class"),
        ({"keras": "saving.load_model", "config": {}}, "Keras has no class"),
    ],
)
def test_what_keras_would_run_or_import(value, message, images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = images
    skdl.save(network().fit(X, y), "model.skdl")
    with_schema(tmp_path / "model.skdl", lambda s: [replaced(n, value) for n in strings(s, "adam")])
    with pytest.raises(ModelFileError, match=message):
        skdl.load("model.skdl")
    assert not (tmp_path / "ran").exists()


def test_folders_that_a_file_names(images, tmp_path):
    """A store would be written to, at the first prediction."""
    path, folder = tmp_path / "model.skdl", tmp_path / "folder"
    skdl.save(BackboneFeatures(image_size=16).fit(images[0]), path)
    folder.mkdir()

    def change(schema):
        for node in tool().nodes_of(schema):
            content = node.get("content")
            if isinstance(content, dict) and "store" in content:
                replaced(content["store"], str(folder))

    with_schema(path, change)
    with pytest.raises(ModelFileError, match="it names a folder for features"):
        skdl.load(path)
    assert not list(folder.iterdir())


def test_plugins_are_imported_only_if_they_are_trusted(images, tmp_path, monkeypatch):
    from skdl.plugins import Plugin, architectures

    path = tmp_path / "model.skdl"
    skdl.save(network().fit(*images), path)
    with_schema(path, lambda s: [replaced(n, "strange") for n in strings(s, "simple")])
    strange = Plugin("strange", "stranger", "strange_package.networks:strange")
    monkeypatch.setitem(architectures._plugins, "strange", strange)
    with pytest.raises(ModelFileError, match=r"trusted=\['strange_package.networks.strange'\]"):
        skdl.load(path)


def test_weights_are_known_by_their_values(images, tmp_path):
    """Not by a digest that the file tells, by which those of others would be found."""
    path = tmp_path / "model.skdl"
    model = BackboneFeatures(image_size=16).fit(images[0])
    digest = model._extractor.weights.digest
    skdl.save(model, path)
    assert skdl.load(path)._extractor.weights.digest == digest
    with_schema(path, lambda s: [replaced(n, "0" * 64) for n in strings(s, digest)])
    assert skdl.load(path)._extractor.weights.digest == digest


def test_objects_of_keras_are_plain_and_come_back():
    given = {
        "optimizer": keras.optimizers.Adam(schedule()),
        "classes": (keras.optimizers.SGD, keras.regularizers.L2(0.5)),
        "rest": [1, "adam", None, {"keras": 1, "torch": 2}],
    }
    made = PlainState.plain(given)
    json.dumps(made)
    back = PlainState.revived(made)
    assert back["optimizer"].get_config() == given["optimizer"].get_config()
    assert back["classes"][0] is keras.optimizers.SGD
    assert back["classes"][1].get_config() == {"l2": 0.5}
    assert back["rest"] == given["rest"]


def test_the_threshold_of_a_file(images, tmp_path):
    from sklearn.model_selection import FixedThresholdClassifier

    X, y = images
    model = FixedThresholdClassifier(network(), threshold=0.2, pos_label="odd").fit(X, y)
    skdl.save(model, tmp_path / "model.skdl")
    assert inspect_model(tmp_path / "model.skdl")["threshold"] == 0.2
