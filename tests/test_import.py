import os
import subprocess
import sys

import pytest
from helpers import ROOT, run_python

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
        "import skdl.audit",
        "import skdl.metrics",
        "import skdl.images",
        "import skdl.plotting",
        "import skdl.plugins",
        "import skdl.backbones",
        "from skdl import BackboneFeatures; BackboneFeatures()",
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
    with pytest.raises(AttributeError, match="'skdl' has no attribute 'CNNRanker'"):
        skdl.CNNRanker  # noqa: B018


def test_public_names_of_type_checkers_are_those_of_the_module():
    public = {name for name in skdl.__all__ if not name.startswith("_")}
    assert public | {"testing"} == set(skdl._LAZY_NAMES) | set(skdl._LAZY_MODULES)


@pytest.mark.slow
def test_a_star_import_needs_no_extra():
    """Whoever has skdl alone has neither hypothesis nor pytest."""
    run_python(
        "import sys\n"
        "for name in ('hypothesis', 'pytest'): sys.modules[name] = None\n"
        "from skdl import *\n"
        "assert CNNClassifier and evaluate and metrics\n"
        "import skdl\n"
        "try: skdl.testing\n"
        "except ImportError as error: told = str(error)\n"
        "wanted = 'skdl.testing needs hypothesis: python -m pip install \"skdl[testing]\"'\n"
        "assert told == wanted, told"
    )


FIT = """
import numpy as np
from skdl import CNNClassifier
y = np.arange(8) % 2
X = np.repeat(y * 200, 64).reshape(8, 8, 8).astype(np.uint8)
CNNClassifier(epochs=9, optimizer__learning_rate=0.01, random_state=0).fit(X, y)
"""


def run_noisily(code, **environment):
    """What a process writes to standard error."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TF_CPP")}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=clean | environment,
    ).stderr


def test_tensorflow_starts_in_silence():
    """And what is written besides, at the time, is not lost."""
    said = run_noisily(
        "import os, skdl.architectures._start as start\n"
        "with start.quiet_start():\n"
        "    os.write(2, b'oneDNN custom operations are on. You may see\\nsomething else\\n')\n"
        + FIT
    )
    assert said == "something else\n"


@pytest.mark.slow
def test_whoever_asks_for_tensorflows_words_gets_them():
    assert "oneDNN" in run_noisily(FIT, TF_CPP_MIN_LOG_LEVEL="0")


@pytest.mark.slow
def test_a_crash_at_tensorflows_start_is_shown():
    """Such as that of a processor without the instructions that it needs."""
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, skdl.architectures._start as start\nwith start.quiet_start(): os.abort()",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith("TF_CPP")},
    )
    assert process.returncode < 0
    assert "Fatal Python error: Aborted" in process.stderr


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "numpy"])  # the second needs nothing installed
def test_another_backend_of_keras_is_refused_in_a_sentence(backend):
    process = subprocess.run(
        [sys.executable, "-c", "from skdl import CNNClassifier"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend},
    )
    assert process.returncode == 1
    last = process.stderr.splitlines()[-1]
    assert last.startswith("ImportError: skdl needs Keras on TensorFlow, but Keras is set to the")
    assert f"backend '{backend}'" in last
    assert "unset the environment variable KERAS_BACKEND" in last


def test_python_m_is_the_console_script():
    assert "commands" in run_python(
        "import runpy, sys; sys.argv = ['skdl', '--help'];"
        "runpy.run_module('skdl', run_name='__main__')"
    )
