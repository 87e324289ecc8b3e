"""Files that skdl itself reads back are no way in: nothing in it unpickles what it finds."""

import ast
import pickle
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from helpers import PACKAGE
from sklearn.naive_bayes import GaussianNB

from skdl import FeatureStore, evaluate
from skdl.studies import compare_studies

READERS = {
    "exec",
    "eval",
    "__import__",
    "Unpickler",
    "load_model",
    "deserialize_keras_object",
    "run_path",
    "run_module",
}
# module.name
LOADS = {
    f"{module}.{name}"
    for module in ("pickle", "cloudpickle", "joblib", "marshal", "dill")
    for name in ("load", "loads")
} | {"shelve.open", "yaml.load", "pd.read_pickle"}
ALLOWED = {
    # A class of its own that makes nothing but arrays; see tests/datasets/test_cifar.py.
    ("datasets/_cifar.py", "pickle.Unpickler"),
    # Of layers that are in memory already.
    ("engine/_body.py", "keras.saving.deserialize_keras_object"),
    # What the caller sends to the workers of a cluster, who run what it sends in any case.
    ("_utils/workers.py", "pickle.loads"),
    # Contracts for plugins: what they have just written themselves.
    ("testing/_estimators.py", "pickle.loads"),
    ("testing/_onnx_backbones.py", "pickle.loads"),
    ("testing/_networks.py", "keras.models.load_model"),
}


def calls(path):
    """Full names of what a module uses that could run what it reads."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute | ast.Name):
            name = ast.unparse(node)
            if name in LOADS or name.rpartition(".")[2] in READERS:
                yield name
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "numpy.load"):
            keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if keywords.get("allow_pickle", "False") != "False":  # which is the default
                yield "np.load"


def test_no_module_unpickles_what_it_finds():
    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.glob("**/*.py")
        for name in calls(path)
    }
    assert found == ALLOWED


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.fixture
def evil(tmp_path):
    """A pickle; and nothing may have run it in the end."""
    marker = tmp_path / "ran"
    yield pickle.dumps(Evil(marker))
    assert not marker.exists()
    assert pickle.loads(pickle.dumps(Evil(marker))) is None  # it would have been seen
    assert marker.exists()


def test_checkpoints(evil, tmp_path, zero_to_two):
    X, y = zero_to_two
    folder = tmp_path / "checkpoint"
    first = evaluate(GaussianNB(var_smoothing=0.1), X, y, cv=2, checkpoint=folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(evil)
    with pytest.raises(ValueError, match=r"The plan of the checkpoint, .* it is damaged"):
        evaluate(GaussianNB(var_smoothing=0.1), X, y, cv=2, checkpoint=folder)
    (folder / "plan.json").unlink()
    with pytest.warns(UserWarning, match="checkpoint"):
        again = evaluate(GaussianNB(var_smoothing=0.1), X, y, cv=2, checkpoint=folder)
    assert again.scores.equals(first.scores)


def test_studies(evil, tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    for name in ("study.json", "settings.json"):
        (folder / name).write_bytes(evil)
    with pytest.raises(ValueError, match="study.json"):
        compare_studies([folder])


def test_feature_stores(evil, tmp_path):
    folder = tmp_path / "store"
    store, space = FeatureStore(folder), {"network": "a"}
    store.put(space, [b"a" * 32], np.ones((1, 3), np.float32))
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(evil)
    other = FeatureStore(folder)
    _, found = other.get(space, [b"a" * 32], 3)
    assert not found.any()


def npz(path, evil):
    with zipfile.ZipFile(path, "w") as archive:
        header = np.lib.format.magic(1, 0)
        text = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
        text = text.ljust(117) + b"\n"
        archive.writestr("arr_0.npy", header + len(text).to_bytes(2, "little") + text + evil)


def keras_file(path, evil):
    """As Keras writes it, with a Lambda layer, whose code would run where it were loaded."""
    config = '{"class_name": "Sequential", "module": "keras", "config": {"layers": [{"class_name": '
    config += '"Lambda", "module": "keras.layers", "config": {"function": {"class_name": '
    config += '"__lambda__", "config": {"code": "4wEAAA=="}}}}]}}'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", evil)


def h5(path, evil):
    with h5py.File(path, "w") as file:
        file["model_weights/x"] = np.void(evil)
        file.attrs["model_config"] = evil.hex()


@pytest.mark.networks
@pytest.mark.parametrize(
    ("name", "write"),
    [("w.npz", npz), ("w.keras", keras_file), ("w.h5", h5), ("w.weights.h5", h5),
     ("plain.npz", lambda path, evil: path.write_bytes(evil)),
     ("plain.h5", lambda path, evil: path.write_bytes(evil))],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_files_of_weights(name, write, evil, tmp_path):
    from skdl import BackboneFeatures

    write(tmp_path / name, evil)
    features = BackboneFeatures("cifar_resnet20", weights=tmp_path / name)
    with pytest.raises(ValueError, match="does not contain weights of the backbone"):
        features.fit(np.zeros((2, 32, 32, 3), np.uint8))


@pytest.mark.networks
def test_the_code_in_a_keras_file_is_not_even_read(tmp_path):
    """Beside weights that are right, it is of no use to anybody."""
    from skdl import BackboneFeatures
    from skdl.plugins import backbones

    model = backbones.get("cifar_resnet20")((32, 32, 3))
    model.save(tmp_path / "plain.keras")
    with zipfile.ZipFile(tmp_path / "plain.keras") as archive:
        weights = archive.read("model.weights.h5")
    keras_file(tmp_path / "evil.keras", weights)
    X = np.zeros((1, 32, 32, 3), np.uint8)
    found = [
        BackboneFeatures("cifar_resnet20", weights=tmp_path / name, store=None).fit_transform(X)
        for name in ("plain.keras", "evil.keras")
    ]
    assert np.array_equal(*found)
