import argparse
import gc
import os
import zlib
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")
# Each worker of xdist gets its share of the cores: threads of OpenBLAS and OpenMP for all of them
# would wait for those of the other workers more than they compute. (Not set for the process that
# starts the workers, which would inherit it.)
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    share = (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, share)))

import numpy as np
import pytest
import without_networks
from hypothesis import settings
from inspection.networks import averaging, patches
from sklearn.datasets import load_digits

import skdl

settings.register_profile("skdl", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("skdl")


@pytest.fixture(scope="session")
def digits():
    """All handwritten digits, flattened: (1797, 64) floats from 0 to 16."""
    X, y = load_digits(return_X_y=True)
    X.setflags(write=False)
    y.setflags(write=False)
    return X, y


@pytest.fixture(scope="session")
def few_digits(digits):
    """300 digits."""
    X, y = digits
    return X[:300], y[:300]


@pytest.fixture(scope="session")
def two_classes(digits):
    """300 images of eights against all other digits: 0 and 1."""
    X, y = digits
    rows = np.concatenate([np.flatnonzero(y == 8)[:100], np.flatnonzero(y != 8)[:200]])
    rows = np.random.default_rng(0).permutation(rows)
    return X[rows], (y[rows] == 8).astype(int)


@pytest.fixture(scope="session")
def patched():
    """Noise, with a bright patch at the upper left of the malignant ones."""
    X, y = patches()
    X.setflags(write=False)
    return X, y


@pytest.fixture(scope="session")
def patch_network(patched):
    """A network that knows the patch."""
    model = skdl.CNNClassifier(averaging, epochs=10, optimizer__learning_rate=0.05, random_state=0)
    return model.fit(*patched)


@pytest.fixture(scope="session")
def photographs():
    """Colours of three classes, of 16×12 pixels."""
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (12, 16, 12, 3), dtype=np.uint8), np.arange(12) % 3


@pytest.fixture(scope="session")
def data_home():
    """Folder of the real data sets."""
    return Path(os.environ["SKDL_DATA_HOME"])


@pytest.fixture
def own_data_home(tmp_path, monkeypatch):
    """A data home of the test's own, which is not there yet."""
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def trainers_made(monkeypatch):
    """Descriptions of the networks that are compiled from now on, with empty pools."""
    from skdl.engine import clear
    from skdl.engine._trainer import Trainer

    clear()
    made, init = [], Trainer.__init__

    def noted(self, recipe, *arguments):
        made.append(recipe)
        init(self, recipe, *arguments)

    monkeypatch.setattr(Trainer, "__init__", noted)
    return made


def _part(text):
    index, _, n = text.partition("/")
    if not (index.isdecimal() and n.isdecimal() and int(index) < int(n)):
        raise argparse.ArgumentTypeError(f"{text!r} is none of 0/8, 1/8, …, 7/8 or the like")
    return int(index), int(n)


# Tests of networks, and of what needs both wings.
ROOMS_OF_NETWORKS = {
    "analysis",
    "architectures",
    "backbones",
    "cli",
    "diagnosis",
    "engine",
    "estimators",
    "export",
    "studies",
    "testing",
}


def pytest_configure(config):
    if config.getoption("--without-networks"):
        without_networks.take_away()


def _of_networks(path):
    first = path.relative_to(Path(__file__).parent).parts[0]
    return first in ROOMS_OF_NETWORKS or first.endswith(".py")


def pytest_ignore_collect(collection_path, config):
    if not config.getoption("--without-networks") or collection_path == Path(__file__).parent:
        return None
    return True if _of_networks(collection_path) else None


def pytest_collection_finish():
    without_networks.Nothing.is_collecting = False
    # TensorFlow and Keras are a million objects, which each full pass would look at in vain.
    gc.collect()
    gc.freeze()


def pytest_addoption(parser):
    parser.addoption(
        "--without-networks",
        action="store_true",
        help="test judgement and the hall where TensorFlow, Keras and scikeras cannot be imported",
    )
    parser.addoption(
        "--only-networks",
        action="store_true",
        help="run the tests that --without-networks leaves out",
    )
    parser.addoption(
        "--part",
        type=_part,
        metavar="I/N",
        help="run one of N parts (I from 0, by name) of the tests marked exhaustive or slow",
    )


def pytest_collection_modifyitems(config, items):
    part = config.getoption("--part")
    if part is not None:
        index, n = part
        parts = {True: [], False: []}
        for item in items:
            is_parted = any(map(item.get_closest_marker, ("exhaustive", "slow")))
            chosen = not is_parted or zlib.crc32(item.nodeid.encode()) % n == index
            parts[chosen].append(item)
        items[:] = parts[True]
        config.hook.pytest_deselected(items=parts[False])
    if config.getoption("--only-networks"):
        parts = {True: [], False: []}
        for item in items:
            chosen = _of_networks(item.path) or item.get_closest_marker("networks") is not None
            parts[chosen].append(item)
        items[:] = parts[True]
        config.hook.pytest_deselected(items=parts[False])
    if config.getoption("--without-networks"):
        skip = pytest.mark.skip(reason="needs a network")
        for item in items:
            if item.get_closest_marker("networks"):
                item.add_marker(skip)
    # Minutes each on real data: at the end, one worker would wait for the other.
    items.sort(key=lambda item: not all(map(item.get_closest_marker, ("realdata", "slow"))))
    if not os.environ.get("SKDL_DATA_HOME"):
        skip = pytest.mark.skip(reason="SKDL_DATA_HOME is not set")
        for item in items:
            if item.get_closest_marker("realdata"):
                item.add_marker(skip)
