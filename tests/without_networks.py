"""``--without-networks``: judgement, hall and cellar where no network can be imported.

TensorFlow, Keras and scikeras cannot be imported then. Modules of the networks wing hold nothing: a
test that uses what they should hold is skipped, and any other import of the three is an error.
"""

import sys
from importlib.util import spec_from_loader
from types import ModuleType

import pytest

LIBRARIES = ("tensorflow", "keras", "scikeras")
WING = ("architectures", "backbones", "engine", "estimators", "export", "testing")
HELPERS = ("mutants",)  # of tests, made of networks


class Nothing:
    """In place of a network. While tests are collected, its parts and results are nothing, too."""

    is_collecting = True

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self()

    def __call__(self, *args, **kwargs):
        if not Nothing.is_collecting:
            pytest.skip("needs a network")
        return self


class ModuleOfNothing(ModuleType):
    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Nothing()


class NoNetworks:
    """Finds the modules of networks empty, and no library, as where it is not installed."""

    def find_spec(self, name, path=None, target=None):
        package, _, inside = name.partition(".")
        if package in LIBRARIES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in HELPERS or (package == "skdl" and inside.split(".")[0] in WING):
            return spec_from_loader(name, self)
        return None

    def create_module(self, spec):
        return ModuleOfNothing(spec.name)

    def exec_module(self, module):
        pass


def take_away():
    sys.meta_path.insert(0, NoNetworks())
