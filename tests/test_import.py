import pytest
from helpers import run_python

import skdl

CHECK = """
import sys
{code}
loaded = [name for name in ("tensorflow", "keras", "scikeras") if name in sys.modules]
assert not loaded, loaded
"""


@pytest.mark.parametrize(
    "code",
    [
        "import skdl",
        "import skdl.metrics",
        "import skdl.images",
        "import skdl.plotting",
        "import skdl.plugins",
        "import skdl; skdl.list_architectures()",
        "import skdl; dir(skdl)",
        "from skdl.cli import main; main(['list'])",
        "from skdl.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
    ],
)
def test_no_tensorflow(code):
    run_python(CHECK.format(code=code))


def test_import_skdl_imports_nothing_of_scikit_learn_either():
    run_python("import sys, skdl; assert 'sklearn' not in sys.modules")


@pytest.mark.parametrize("name", skdl.__all__)
def test_public_names_resolve_and_are_listed(name):
    assert getattr(skdl, name) is not None
    assert name in dir(skdl)


def test_unknown_name():
    with pytest.raises(AttributeError, match="'skdl' has no attribute 'CNNRegressor'"):
        skdl.CNNRegressor  # noqa: B018


def test_public_names_of_type_checkers_are_those_of_the_module():
    public = {name for name in skdl.__all__ if not name.startswith("_")}
    assert public == set(skdl._LAZY_NAMES) | set(skdl._LAZY_MODULES)


def test_python_m_is_the_console_script():
    assert "commands" in run_python(
        "import runpy, sys; sys.argv = ['skdl', '--help'];"
        "runpy.run_module('skdl', run_name='__main__')"
    )
