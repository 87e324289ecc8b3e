"""What a file may name, and what is refused before anything is imported or called."""

import json
import sys

import numpy as np
import pytest
from persistence.crafted import tool, with_members, with_schema
from sklearn.tree import DecisionTreeClassifier

import skdl
from skdl.persistence import ModelFileError, _names


def first(schema, loader):
    """The first node of a kind, as it stands in the tree."""
    return next(node for node in tool().nodes_of(schema) if node["__loader__"] == loader)


@pytest.fixture
def quiet(monkeypatch, tmp_path):
    """A watch that must have seen nothing."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "evil_canary.py").write_text("open('ran', 'w').close()\nclass Evil: pass\n")
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "ran").exists()
    assert "evil_canary" not in sys.modules


@pytest.mark.parametrize("loader", sorted(set(tool().LOADERS) - {"JsonNode"}))
@pytest.mark.parametrize("name", [("evil_canary", "Evil"), ("os", "system")])
def test_a_strange_name_is_refused_in_every_kind_of_node(name, loader, saved, quiet):
    text = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
    text |= {"content": '"touch ran"', "__id__": 901}
    args = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode"}
    args |= {"content": [text], "__id__": 902}
    made = {"__module__": name[0], "__class__": name[1], "__loader__": loader, "__id__": 903}
    made |= {"content": args, "__reduce__": {"args": args}, "attrs": args}

    def change(schema):
        node = first(schema, "NdArrayNode")
        node.clear()
        node.update(made)

    with_schema(saved, change)
    with pytest.raises(ModelFileError):
        skdl.load(saved)


@pytest.mark.parametrize("name", tool().EVIL, ids=".".join)
@pytest.mark.parametrize("loader", ["ObjectNode", "FunctionNode", "TypeNode"])
def test_known_packages_are_not_known_as_a_whole(name, loader, saved):
    with_schema(
        saved,
        lambda schema: first(schema, "ObjectNode").update(
            __module__=name[0], __class__=name[1], __loader__=loader
        ),
    )
    with pytest.raises(ModelFileError, match=r"which skdl does not know to be harmless|the name"):
        skdl.load(saved)
    assert not _names.is_known_class(*name)
    if name != ("functools", "partial"):  # of a function that is known
        assert not _names.is_known_function(*name)


def test_a_method_has_to_be_trusted_by_its_name(saved):
    def change(schema):
        node = first(schema, "ObjectNode")
        owner = dict(node)
        node["__loader__"], node["__id__"] = "MethodNode", 900
        node["content"] = {"func": "fit", "obj": owner}

    with_schema(saved, change)
    with pytest.raises(ModelFileError, match=r"it names 'sklearn.pipeline.Pipeline.fit'"):
        skdl.load(saved)


def test_a_builder_is_registered_only_if_it_is_trusted(saved):
    def change(schema):
        content = first(schema, "ObjectNode")["content"]
        function = {"__class__": "mean", "__module__": "numpy", "__loader__": "FunctionNode"}
        content["content"]["_registered_builder"] = {**function, "__id__": 900}
        content["key_types"]["content"].append(content["key_types"]["content"][0])

    with_schema(saved, change)
    with pytest.raises(ModelFileError, match="it names 'numpy.mean'"):
        skdl.load(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(protocol=1), "version 1 of the format of skops"),
        (lambda s: s.update(protocol=True), "version True of the format of skops"),
        (lambda s: s.update(__loader__="CachedNode"), "the unknown kind 'CachedNode'"),
        (lambda s: s.update(__loader__=["x"]), r"the unknown kind \['x'\]"),
        (lambda s: s.pop("content"), "of the kind DictNode is not complete"),
        (lambda s: s.update(__class__=3), "of the kind DictNode has no name"),
        (lambda s: s["content"].update(estimator=None), "the unknown kind None"),
        (lambda s: first(s, "ListNode").update(__id__=s["__id__"]), "a value contains itself"),
        (lambda s: first(s, "ListNode").update(__id__="x"), "a value has the identity 'x'"),
        (lambda s: first(s, "NdArrayNode").update(file="../x.npy"), "which does not exist"),
        (lambda s: first(s, "NdArrayNode").update(type="x"), "an array has the kind 'x'"),
        (lambda s: first(s, "JsonNode").update(content="[1]"), r"a plain value is '\[1\]'"),
        (lambda s: first(s, "JsonNode").update(content="nan"), "is not complete"),
    ],
)
def test_trees_that_skops_does_not_write(change, message, saved):
    with_schema(saved, change)
    with pytest.raises(ModelFileError, match=message):
        skdl.load(saved)


def test_a_member_belongs_to_one_value(saved):
    def change(schema):
        arrays = [node for node in tool().nodes_of(schema) if node.get("file")]
        arrays[1]["file"] = arrays[0]["file"]

    with_schema(saved, change)
    with pytest.raises(ModelFileError, match="several values are in the member"):
        skdl.load(saved)


def test_an_identity_does_not_bring_in_another_value(saved):
    """Which skops would make in the place of the one that was checked."""

    def change(schema):
        arrays = [node for node in tool().nodes_of(schema) if node.get("file")]
        arrays[1]["__id__"] = arrays[0]["__id__"]

    with_schema(saved, change)
    with pytest.raises(ModelFileError, match="two values have the identity"):
        skdl.load(saved)


@pytest.mark.parametrize("name", ["nodes", "values"])
@pytest.mark.parametrize("shape", [(), (1,), (2, 1)])
def test_trees_of_arrays_of_other_dimensions(name, shape, zero_to_two, tmp_path):
    """scikit-learn ends the process where such a tree is made."""
    path = tmp_path / "model.skdl"
    skdl.save(DecisionTreeClassifier().fit(*zero_to_two), path)

    def change(members):
        model = tool().unpacked(members["model.skops"])
        tree = first(json.loads(model["schema.json"]), "TreeNode")
        model[tree["content"]["content"][name]["file"]] = tool().saved(np.zeros(shape))
        members["model.skops"] = tool().packed(model)

    with_members(path, change)
    with pytest.raises(ModelFileError, match="the arrays of a tree do not fit together"):
        skdl.load(path)


def member(name, content):
    def change(members):
        model = tool().unpacked(members["model.skops"])
        place = next(key for key in model if key.endswith(".npy")) if name is None else name
        model[place] = content(model[place]) if callable(content) else content
        members["model.skops"] = tool().packed(model)

    return change


HUGE = tool().object_array(b"").replace(b"'|O'", b"'<f8'").replace(b"(1,)", b"(9,)")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (member(None, tool().object_array(tool().PICKLE)), "which would require a pickle"),
        (member(None, tool().PICKLE), "is damaged"),
        (member(None, HUGE), "does not have the size that it states"),
        (member(None, lambda data: data + b"x"), "does not have the size that it states"),
        (member("schema.json", b'{"a":' * 100_000), "is not JSON"),
        (member("schema.json", b"\xff\xfe"), "is not JSON"),
        (lambda m: m.update({"../evil": b"x"}), r"a member has the name '../evil'"),
        (lambda m: m.update({"/etc/x": b"x"}), "a member has the name"),
        (lambda m: m.update({"C:\\x": b"x"}), "a member has the name"),
        (lambda m: m.pop("model.skops"), "it has no member model.skops"),
        (lambda m: m.update({"model.skops": tool().PICKLE}), "it is not a zip archive"),
        (lambda m: m.update({"probes/images.npy": tool().PICKLE}), "images.npy is damaged"),
    ],
)
def test_members_that_are_not_what_they_say(change, message, saved):
    with_members(saved, change)
    with pytest.raises(ModelFileError, match=message):
        skdl.load(saved)


def test_nothing_is_decompressed(saved):
    members = tool().unpacked(saved.read_bytes())
    saved.write_bytes(tool().packed(members, tool().zipfile.ZIP_DEFLATED))
    with pytest.raises(ModelFileError, match="is compressed, which is not allowed"):
        skdl.load(saved)


def test_two_members_of_a_name(saved):
    members = tool().unpacked(saved.read_bytes())
    saved.write_bytes(tool().packed([*members.items(), *members.items()]))
    with pytest.raises(ModelFileError, match="it has two members manifest.json"):
        skdl.load(saved)


def test_a_member_that_was_changed_without_its_checksum(saved):
    members = tool().unpacked(saved.read_bytes())
    members["probes/predict.npy"] = members["probes/predict_proba.npy"]
    saved.write_bytes(tool().packed(members))
    with pytest.raises(ModelFileError, match="its member probes/predict.npy is damaged"):
        skdl.load(saved)


def test_sparse_matrices_have_a_limit(tmp_path):
    """They alone are compressed, inside their own archive."""
    from scipy import sparse
    from sklearn.preprocessing import MaxAbsScaler

    model = MaxAbsScaler().fit(np.eye(3))
    model.kept_ = sparse.csr_matrix((2**24, 2))  # a long list of zeros
    path = tmp_path / "model.skdl"
    with pytest.raises(ModelFileError, match="decompresses to more than"):
        skdl.save(model, path)
    model.kept_ = sparse.csr_matrix(np.eye(3))
    skdl.save(model, path)
    assert (skdl.load(path).kept_ != model.kept_).nnz == 0


def test_every_name_of_skdl_is_there():
    """Names in files outlive a change of modules; here is where it would be noticed."""
    from importlib import import_module

    for name in {*_names._OWN, *_names._SINGLE_FUNCTIONS}:
        module, _, attribute = name.rpartition(".")
        if not name.startswith("scipy._lib"):  # of some versions
            assert hasattr(import_module(module), attribute), name


@pytest.mark.networks
def test_names_that_are_known():
    assert _names.is_known_class("skdl.estimators._cnn", "CNNClassifier")
    assert _names.is_known_class("sklearn.svm._classes", "SVC")
    assert not _names.is_known_class("sklearn.svm._classes", "BaseLibSVM")  # taken from elsewhere
    assert not _names.is_known_class("skdl.estimators._cnn", "keras")
    assert not _names.is_known_class("skdl.store", "FeatureStore")
    assert not _names.is_known_class("sklearn.nowhere", "SVC")
    assert not _names.is_known_class("sklearn.utils._testing", "MinimalClassifier")
    assert _names.is_known_function("numpy", "exp")
    assert not _names.is_known_function("numpy", "load")
    assert not _names.is_known_function("numpy", "save")
    assert _names.is_known_function("sklearn.metrics._ranking", "roc_auc_score")
    assert not _names.is_known_function("sklearn.metrics._ranking", "np")
    assert _names.is_known_function("skdl.architectures._simple", "simple")
    assert not _names.is_known_function("skdl.architectures._simple", "keras")
    assert json.dumps(sorted(_names.PLAIN_TYPES)) == '["float", "int", "str"]'
