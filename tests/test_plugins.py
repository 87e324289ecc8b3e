import functools
import math

import pytest
from helpers import normalized, tiny

from skdl import list_architectures, register_architecture
from skdl.plugins import Registry, architectures, require_importable


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


def test_builtin_targets_are_imported_when_asked_for(registry):
    assert registry.names() == ["builtin"]
    assert registry.get("builtin") is tiny
    registry.register("builtin", tiny)  # the same definition, as after a reload


@pytest.mark.parametrize(
    ("name", "hint"), [("simpel", "Did you mean 'simple'"), ("xyz", r"'xyz'\. Known: simple\.")]
)
def test_unknown_names_get_the_near_matches(name, hint):
    with pytest.raises(ValueError, match=hint):
        architectures.get(name)


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
