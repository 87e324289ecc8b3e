"""What is measured of pretrained networks: features computed once, and training behind them."""

import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks import data, peers
from benchmarks.backbone_cases import smallest_cosine_below_1
from benchmarks.timing import Stopwatch, median_time, timed

N = 1000
SIDE = 96
ALPHA = 1.0
CANDIDATES = 10

# ---- a search over what follows the features ---------------------------------------------------
# Each contender builds another network before the clock starts: TensorFlow's own start is nobody's.
# MobileNetV2 itself is built, given its weights and traced on the clock, once a contender.


def _search(features, X, y, candidates, memory=None, n_jobs=None):
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    # The model is cheap, so that the features are what is timed.
    steps = [("features", features), ("scale", StandardScaler()), ("model", RidgeClassifier())]
    grid = {"model__alpha": np.logspace(1, 5, candidates)}
    pipeline = Pipeline(steps, memory=memory)
    return GridSearchCV(pipeline, grid, cv=5, n_jobs=n_jobs, error_score="raise").fit(X, y)


def _features(alpha, kind=None, **params):
    from skdl import BackboneFeatures

    return (kind or BackboneFeatures)(
        "mobilenet_v2", weights=data.mobilenet_weights(alpha), backbone__alpha=alpha, **params
    )


def search_skdl(n=N, side=SIDE, alpha=ALPHA, candidates=CANDIDATES):
    """Seconds of the search with features kept in memory, as by default."""
    peers.keras_network((8, 8, 1))
    X, y = data.photographs(n, side)
    features = _features(alpha)
    return timed(lambda: _search(features, X, y, candidates))


def search_keras(n=N, side=SIDE, alpha=ALPHA, candidates=CANDIDATES, cached=False):
    """The same around `predict`; perhaps with scikit-learn's own cache in a new folder."""
    peers.keras_network((8, 8, 1))
    X, y = data.photographs(n, side)
    features = peers.KerasFeatures(data.mobilenet_weights(alpha), alpha)
    with tempfile.TemporaryDirectory() as folder:
        memory = folder if cached else None
        return timed(lambda: _search(features, X, y, candidates, memory))


# ---- how often an image goes through the network -----------------------------------------------


def _counted_search(store, n, side, alpha, candidates, n_jobs=None):
    from benchmarks.counting import CountedFeatures, counted_images

    X, y = data.photographs(n, side)
    before = len(counted_images(store))
    _search(_features(alpha, CountedFeatures, store=store), X, y, candidates, n_jobs=n_jobs)
    return counted_images(store)[before:]


def distinct_photographs(n=N, side=SIDE):
    """Number of them without repetitions."""
    return len({image.tobytes() for image in data.photographs(n, side)[0]})


def searched_images(n=N, side=SIDE, alpha=ALPHA, candidates=CANDIDATES):
    """Images that go through the network in a search."""
    with tempfile.TemporaryDirectory() as folder:
        images = sum(_counted_search(f"{folder}/store", n, side, alpha, candidates))
    if images < distinct_photographs(n, side):
        raise RuntimeError(f"Only {images} images were counted, fewer than there are.")
    return images


def searched_again(n=N, side=SIDE, alpha=ALPHA, candidates=CANDIDATES):
    """Calls of the network when a new process does the same search with the same folder."""
    with tempfile.TemporaryDirectory() as folder:
        search = f"{folder}/store", n, side, alpha, candidates
        if not _counted_search(*search):
            raise RuntimeError("No calls of the network were counted in the first search.")
        with ProcessPoolExecutor(1, get_context("spawn")) as new_process:
            return len(new_process.submit(_counted_search, *search).result())


def searched_by_two(n=N, side=SIDE, alpha=ALPHA, candidates=CANDIDATES):
    """Images that go through the network in a search by two processes with one new folder.

    Afterwards, all features must be there, and be those that are computed without a store.
    """
    from benchmarks.counting import CountedFeatures, counted_images

    with tempfile.TemporaryDirectory() as folder:
        store = f"{folder}/store"
        calls = _counted_search(store, n, side, alpha, candidates, n_jobs=2)
        X, _ = data.photographs(n, side)
        found = _features(alpha, CountedFeatures, store=store).fit(X).transform(X)
        if len(counted_images(store)) > len(calls):
            raise RuntimeError("Features were lost: they had to be computed again.")
        alone = _features(alpha, store=None).fit(X).transform(X)
        if not np.allclose(found, alone, rtol=1e-4, atol=1e-4 * np.abs(alone).max()):
            raise RuntimeError("Features in the folder are not those that are computed alone.")
        return sum(calls)


# ---- features, computed ------------------------------------------------------------------------
# The network is built and traced before the clock starts, by a first call that does not count.


def cold_skdl(n=N, side=SIDE, alpha=ALPHA, precision="float32"):
    """Seconds for images that are not in the store, looked up and stored in memory."""
    from skdl.store import FeatureStore

    X, _ = data.photographs(n, side)
    model = _features(alpha, precision=precision).fit(X)
    return median_time(lambda: model.set_params(store=FeatureStore()).transform(X), 5)


def cold_keras(n=N, side=SIDE, alpha=ALPHA):
    """The same images through `preprocess_input` and `predict`."""
    X, _ = data.photographs(n, side)
    model = peers.KerasFeatures(data.mobilenet_weights(alpha), alpha)
    return median_time(lambda: model.transform(X), 5)


def cold_keras_predict(n=N, side=SIDE, alpha=ALPHA):
    """`predict` alone, of images that are preprocessed already."""
    X = peers.keras_preprocessed("mobilenet_v2", data.photographs(n, side)[0])
    weights = data.mobilenet_weights(alpha)
    network = peers.keras_backbone("mobilenet_v2", X.shape[1:], weights, alpha=alpha, pooling="avg")
    return median_time(lambda: network.predict(X, batch_size=32, verbose=0), 5)


def bfloat16_distance(n=N, side=SIDE, alpha=ALPHA):
    """1 less the smallest cosine between an image's features in bfloat16 and in float32."""
    X, _ = data.photographs(n, side)
    return smallest_cosine_below_1(
        *(
            _features(alpha, precision=precision, store=None).fit(X).transform(X)
            for precision in ("float32", "bfloat16")
        )
    )


def has_bfloat16():
    """Whether the processor has instructions for it; only Linux says so."""
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def store_overhead(n=N, side=SIDE, alpha=ALPHA, in_folder=False):
    """Seconds of hashing, looking up, storing and gathering over those of computing.

    All from the same calls, which the machine's other work slows down alike.
    """
    from skdl.engine import FeatureExtractor
    from skdl.store import FeatureStore

    X, _ = data.photographs(n, side)
    whole, computing, putting = Stopwatch(), Stopwatch(), Stopwatch()
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(FeatureExtractor, "transform", whole.around(FeatureExtractor.transform)),
        patch.object(FeatureExtractor, "_compute", computing.around(FeatureExtractor._compute)),
        patch.object(FeatureStore, "put", putting.around(FeatureStore.put)),
    ):
        model = _features(alpha).fit(X)
        for number in range(6):
            if number == 1:  # the first call does not count
                whole.seconds = computing.seconds = putting.seconds = 0.0
            store = FeatureStore(f"{folder}/{number}" if in_folder else None)
            model.set_params(store=store).transform(X)
    # Features are stored while the others are computed, inside `_compute`.
    alone = computing.seconds - putting.seconds
    return (whole.seconds - alone) / alone


# ---- training behind a frozen network ----------------------------------------------------------
# Both train on a few images first, so that the network is built and traced before the clock starts.

HEAD_ONLY = {"trainable": "head"}
LAST_BLOCK = {"trainable": 1, "warmup_epochs": 0}
_LAST_FROZEN = {"head": None, 1: "block_15_add"}  # of MobileNetV2


def _first_few(n, batch_size=32):
    """So many images that whole and partial batches are among them."""
    return min(n, batch_size + n % batch_size)


def _backbone_params(backbone, alpha):
    if backbone != "mobilenet_v2":
        return "random", {}
    return data.mobilenet_weights(alpha), {"alpha": alpha}


def train_skdl(trained, n=500, side=SIDE, alpha=ALPHA, backbone="mobilenet_v2", epochs=10):
    """Seconds of a fit with nothing in its store."""
    from skdl import TransferClassifier
    from skdl.store import FeatureStore

    X, y = data.photographs(n, side)
    weights, params = _backbone_params(backbone, alpha)
    model = TransferClassifier(
        backbone,
        weights=weights,
        epochs=epochs,
        store=None,
        random_state=0,
        **trained,
        **{f"backbone__{name}": value for name, value in params.items()},
    )
    few = _first_few(n)
    model.fit(X[:few], y[:few])
    model.set_params(store=FeatureStore())
    return timed(lambda: model.fit(X, y))


def train_keras(trained, n=500, side=SIDE, alpha=ALPHA, backbone="mobilenet_v2", epochs=10):
    """The same with `Model.fit`; preprocessing and standardisation are not on its clock."""
    X, y = data.photographs(n, side)
    X = peers.keras_preprocessed(backbone, X)
    weights, params = _backbone_params(backbone, alpha)
    base = peers.keras_backbone(backbone, X.shape[1:], weights, **params)
    frozen_to = _LAST_FROZEN[trained["trainable"]]
    rate = 0.001 if frozen_to is None else 0.0001
    model = peers.keras_transfer(base, X, len(np.unique(y)), frozen_to, rate)
    few = _first_few(n)
    model.fit(X[:few], y[:few], epochs=1, batch_size=32, verbose=0)
    return timed(lambda: model.fit(X, y, epochs=epochs, batch_size=32, verbose=0))


# ---- a file of features and a classifier -------------------------------------------------------


def load_and_predict(package):
    """Median seconds of fresh interpreters that load a pipeline and predict one image."""
    import joblib
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    import skdl

    X, y = data.photographs(100, SIDE)
    model = make_pipeline(_features(ALPHA, store=None), StandardScaler(), SVC()).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model"))
        np.save(f"{path}.npy", X[:1])
        {"skdl": lambda: skdl.save(model, path), "joblib": lambda: joblib.dump(model, path)}[
            package
        ]()
        code = (
            f"import {package}, numpy; {package}.load({path!r}).predict(numpy.load({path!r}'.npy'))"
        )
        command = [sys.executable, "-c", code]
        return median_time(lambda: subprocess.run(command, check=True, capture_output=True), 5)
