import functools
import importlib
import math
import pickle
import sys

import numpy as np
import pytest
from helpers import normalized, run_python, tiny

from skdl import CNNClassifier, list_architectures, register_architecture
from skdl.plugins import REGISTRIES, Registry, architectures, require_importable


@pytest.fixture
def registry():
    return Registry("skdl.test", "architecture", {"builtin": "helpers:tiny"})


@pytest.fixture
def registered_tiny():
    register_architecture("test-tiny")(tiny)
    yield "test-tiny"
    del architectures._plugins["test-tiny"]


def test_registering_returns_the_builder_and_lists_it(registered_tiny):
    assert architectures.get(registered_tiny) is tiny
    assert list_architectures("test-*") == ["test-tiny"]
    assert "simple" in list_architectures()
    assert [p.owner for p in architectures if p.name == registered_tiny] == ["helpers"]


def test_registering_again_is_harmless(registered_tiny):
    assert register_architecture(registered_tiny)(tiny) is tiny


def test_a_taken_name_names_both_owners(registered_tiny):
    with pytest.raises(ValueError, match="'simple' is taken by 'skdl'; 'helpers' cannot"):
        register_architecture("simple")(tiny)
    with pytest.raises(ValueError, match="'test-tiny' is taken by 'helpers'; 'helpers' cannot"):
        register_architecture(registered_tiny)(normalized)


@pytest.mark.networks
def test_the_public_builders_are_those_of_the_registry():
    import skdl.architectures as room

    own = [plugin.name for plugin in architectures if plugin.owner == "skdl"]
    assert room.__all__ == own
    assert [getattr(room, name) for name in own] == [architectures.get(name) for name in own]
    assert set(own) <= set(dir(room))
    with pytest.raises(AttributeError, match="'skdl.architectures' has no attribute 'simpel'"):
        room.simpel  # noqa: B018


@pytest.mark.networks
@pytest.mark.parametrize("registry", REGISTRIES.values(), ids=list(REGISTRIES))
def test_skdls_own_are_found_and_nothing_is_wrong_with_them(registry):
    own = [plugin for plugin in registry if plugin.owner == "skdl"]
    assert [plugin.name for plugin in own] == sorted(registry.own)
    assert [plugin.error for plugin in own] == [None] * len(own)
    assert all(plugin.description.summary for plugin in own)


def test_own_targets_are_imported_when_asked_for(registry):
    assert registry.names() == ["builtin"]
    assert registry.get("builtin") is tiny
    registry.register("builtin", tiny)  # the same definition, as after a reload


@pytest.mark.parametrize(
    ("name", "hint"),
    [("simpel", "Did you mean 'simple'"), ("xyz", r"'xyz'\. Known: alexnet, .*simple")],
)
def test_unknown_names_get_the_near_matches(name, hint):
    with pytest.raises(ValueError, match=hint):
        architectures.get(name)


SCRIPT = """
import keras, numpy as np
from sklearn.model_selection import GridSearchCV
from skdl import CNNClassifier, register_architecture

@register_architecture("from-a-script")
def perceptron(input_shape, n_classes, units=4):
    return keras.Sequential([
        keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(units),
        keras.layers.Dense(n_classes, activation="softmax")])

if __name__ == "__main__":
    X, y = np.random.default_rng(0).random((40, 16)), np.arange(40) % 2
    model = CNNClassifier("from-a-script", epochs=1, random_state=0, architecture__units=2)
    search = GridSearchCV(
        model, {"architecture": ["from-a-script", perceptron]}, cv=2, n_jobs=2,
        error_score="raise").fit(X, y)
    print(search.best_estimator_.predict(X).shape)
"""


@pytest.mark.slow
def test_networks_of_a_script_reach_worker_processes(tmp_path):
    """By name and as functions. Workers do not run the script that registers."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    printed = run_python(
        "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')", path
    )
    assert printed.strip() == "(40,)"


@pytest.mark.slow
@pytest.mark.networks
def test_a_module_that_registers_can_be_loaded_from_a_pickle(tmp_path, monkeypatch):
    (tmp_path / "mynetworks.py").write_text(SCRIPT)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        importlib.import_module("mynetworks")
        model = CNNClassifier("from-a-script", epochs=1).fit(np.eye(16), np.arange(16) % 2)
        (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    finally:
        architectures._plugins.pop("from-a-script", None)
        sys.modules.pop("mynetworks", None)
    printed = run_python(
        """
import sys, pickle
sys.path.insert(0, sys.argv[1])
import numpy as np
print(pickle.load(open(sys.argv[1] + "/model.pickle", "rb")).predict(np.eye(16)).shape)
""",
        tmp_path,
    )
    assert printed.strip() == "(16,)"


def test_the_decorator_needs_a_name():
    with pytest.raises(TypeError, match=r'write @register_architecture\("name"\)'):
        register_architecture(tiny)


def test_only_functions_and_classes_are_registered(registry):
    with pytest.raises(ValueError, match="Register a function or a class"):
        registry.register("partial", functools.partial(tiny, units=3))


@pytest.mark.parametrize("name", ["", None, 3])
def test_bad_names(registry, name):
    with pytest.raises(ValueError, match="must be non-empty text"):
        registry.register(name, tiny)


def test_what_other_processes_cannot_import_is_refused():
    def local(input_shape, n_classes):
        return None

    for target, message in [
        (lambda input_shape, n_classes: None, "a lambda, which cannot be pickled"),
        (local, "local function"),
        (functools.partial(local), "cannot be pickled"),
        ("simple", "must be a registered name or a callable"),
        (None, "must be a registered name or a callable"),
    ]:
        with pytest.raises(ValueError, match=message):
            require_importable(target, "architecture")


def test_importable_callables_pass():
    require_importable(math.sqrt, "architecture")
    require_importable(functools.partial(tiny, units=4), "architecture")


# ---- other packages ----------------------------------------------------------------------------


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Make installed packages with entry points: `add("package", "name = module:attribute")`."""

    def add(package, *entry_points, group="skdl.test", **modules):
        info = tmp_path / f"{package.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n" + "\n".join(entry_points) + "\n")
        for name, source in modules.items():
            path = tmp_path / f"{name.replace('k__', 'k/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(source)

    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield add
    for name in set(sys.modules) - before:
        del sys.modules[name]


BUILDER = '''
raise_on_import = 1 / 0 if {broken} else None

def build(input_shape, n_classes, *, units=8, act="relu", **kwargs):
    """A network of another package.

    More about it.
    """
'''


def test_entry_points_are_listed_without_an_import(packages, registry):
    packages("good", "far = far_module:build", far_module=BUILDER.format(broken=True))
    (plugin,) = registry.matching("far")
    assert (plugin.name, plugin.owner, plugin.error) == ("far", "good", None)
    assert plugin.description.summary == "A network of another package."
    assert plugin.description.parameters == (
        "input_shape", "n_classes", "units=8", "act='relu'", "**kwargs",
    )  # fmt: skip
    assert registry.names() == ["builtin", "far"]
    assert "far_module" not in sys.modules


def test_entry_points_with_extras(packages, registry):
    packages("good", "far = far_module:build [fast]", far_module=BUILDER.format(broken=False))
    (plugin,) = registry.matching("far")
    assert plugin.error is None
    assert registry.get("far").__name__ == "build"


def test_entry_points_with_dots(packages, registry):
    source = "class Networks:\n    def build(input_shape, n_classes): pass\n"
    packages("good", "far = dotted_module:Networks.build", dotted_module=source)
    (plugin,) = registry.matching("far")
    assert plugin.error is None
    assert registry.get("far").__qualname__ == "Networks.build"


def test_descriptions_follow_imports(packages, registry):
    packages(
        "good",
        "far = pack.api:build",
        **{"pack/__init__": "raise RuntimeError('imported')"},
        pack__api="from .core import make as build\n",
        pack__core="def make(input_shape, n_classes, *, depth=3):\n    'Deep.'\n",
    )
    (plugin,) = registry.matching("far")
    assert plugin.description.summary == "Deep."
    assert plugin.description.parameters[-1] == "depth=3"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (None, "ModuleNotFoundError: No module named 'far_module'"),
        ("def other(): pass", "AttributeError: module 'far_module' has no attribute 'build'"),
        ("def build(:", "SyntaxError"),
    ],
)
def test_broken_plugins_warn_and_are_listed(packages, registry, source, error):
    packages("bad", "far = far_module:build", **({"far_module": source} if source else {}))
    with pytest.warns(UserWarning, match=f"'far' of package 'bad' is broken: {error}"):
        plugins = registry.matching()
    assert [plugin.name for plugin in plugins] == ["builtin", "far"]
    assert plugins[1].error.startswith(error)
    with pytest.raises(ValueError, match=r"plugin 'far' of package 'bad' is broken"):
        registry.get("far")
    assert registry.get("builtin") is tiny


def test_plugins_that_break_on_import_say_so(packages, registry):
    packages("bad", "far = far_module:build", far_module=BUILDER.format(broken=True))
    with pytest.raises(ValueError, match=r"'bad' is broken: .*ZeroDivisionError"):
        registry.get("far")


def test_sources_that_do_not_tell_are_not_called_broken(packages, registry):
    packages(
        "good",
        "one = dynamic:build",
        "two = starred:build",
        "three = assigned:build",
        "four = math:sqrt",
        dynamic="def __getattr__(name): return len",
        starred="from math import *",
        assigned="build = max",
    )
    plugins = [plugin for plugin in registry.matching() if plugin.owner == "good"]
    assert [(plugin.error, plugin.description.summary) for plugin in plugins] == [(None, "")] * 4
    assert registry.get("one") is len


def test_a_name_claimed_twice_names_both_owners(packages, registry):
    packages("first", "far = far_module:build", far_module=BUILDER.format(broken=False))
    packages("second", "far = other_module:build", "builtin = other_module:build",
             other_module=BUILDER.format(broken=False))  # fmt: skip
    for name, message in {
        "far": r"claimed by 'first' and 'second'\. Uninstall all but one of them\.",
        "builtin": r"claimed by 'second' and 'skdl'\. It is one of skdl's own names: uninstall "
        r"'second'\.$",
    }.items():
        with pytest.raises(ValueError, match=rf"The name '{name}' is {message}"):
            registry.get(name)
    with pytest.warns(UserWarning, match="is claimed by"):
        assert len(registry.matching()) == 2


def test_a_name_of_skdl_claimed_by_two_packages(packages, registry):
    for package in ("first", "second"):
        packages(package, f"builtin = {package}_module:build")
    message = (
        r"by 'first' and 'second' and 'skdl'\. It .* own names: uninstall 'first' and 'second'\.$"
    )
    with pytest.raises(ValueError, match=message):
        registry.get("builtin")


def test_what_is_not_callable_is_no_plugin(packages, registry):
    packages("bad", "far = constant_module:build", constant_module="build = 3\n")
    message = r"'far' of package 'bad' is broken: 'constant_module:build' is 3, .* not callable"
    with pytest.raises(ValueError, match=message):
        registry.get("far")


@pytest.mark.parametrize("code", ["", "2", "'this package needs another Python'"])
def test_a_plugin_cannot_end_the_process(packages, registry, code):
    packages("bad", "far = exits:build", exits=f"import sys\nsys.exit({code})\n")
    message = rf"'far' of package 'bad' .* failed with SystemExit.*{code.strip(chr(39))}\. Fix or"
    with pytest.raises(ValueError, match=message):
        registry.get("far")


def test_the_user_can_interrupt_an_import(packages, registry):
    packages("slow", "far = interrupted:build", interrupted="raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        registry.get("far")


def test_an_entry_point_cannot_be_registered_over(packages, registry):
    packages("good", "far = far_module:build", far_module=BUILDER.format(broken=False))
    with pytest.raises(ValueError, match="'far' is taken by 'good'; 'helpers' cannot"):
        registry.register("far", tiny)


def test_registering_data_sets():
    from mutants import whole_dataset

    from skdl.plugins import datasets, register_dataset

    assert register_dataset("test-digits")(whole_dataset) is whole_dataset
    try:
        assert datasets.get("test-digits") is whole_dataset
        with pytest.raises(ValueError, match="Unknown data set 'test-digit'. Did you mean"):
            datasets.get("test-digit")
    finally:
        del datasets._plugins["test-digits"]
    with pytest.raises(TypeError, match="register_dataset needs the name of the data set"):
        register_dataset(whole_dataset)


def test_classes_are_described_without_importing_them():
    (dicom,) = [plugin for plugin in REGISTRIES["decoders"] if plugin.name == "dicom"]
    assert dicom.description.parameters == ("window=False",)
    (npy,) = [plugin for plugin in REGISTRIES["decoders"] if plugin.name == "npy"]
    assert npy.description.summary.startswith("Arrays of one image")
    assert npy.description.parameters == ()
