"""What is measured. Each contender runs in a fresh process and returns one number."""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import backbone_cases, data, image_cases, peers, transfer_cases
from benchmarks.timing import median_time, megabytes_at_peak, timed


@dataclass(frozen=True)
class Bar:
    """What skdl has to reach.

    Parameters
    ----------
    peer : str or None
        Whose value skdl's is compared with in the same round; None for an absolute bar.
    at_most : float
        Largest value of skdl's figure, divided by the peer's where there is one.
    difference : bool, default=False
        Whether the peer's figure is subtracted instead.
    """

    peer: str | None
    at_most: float
    difference: bool = False


@dataclass(frozen=True)
class Case:
    """One comparison.

    Parameters
    ----------
    title : str
    unit : str
        Of the figures; smaller is better.
    contenders : dict of str to callable
        Each returns its figure; "skdl" is among them.
    bars : list of Bar
    rounds : int
        How often each contender runs, in turn.
    """

    title: str
    unit: str
    contenders: dict[str, Callable[[], float]]
    bars: list[Bar] = field(default_factory=list)
    rounds: int = 3


# ---- cross-validation --------------------------------------------------------------------------
# Each contender builds one network before the clock starts: TensorFlow's own start is nobody's.


def cv_skdl():
    from sklearn.model_selection import cross_val_score

    from skdl import CNNClassifier

    peers.keras_network((8, 8, 1))
    X, y = data.digits()
    model = CNNClassifier(epochs=5, random_state=0)
    return timed(lambda: cross_val_score(model, X, y, cv=5, error_score="raise"))


def cv_keras():
    from sklearn.model_selection import StratifiedKFold

    peers.keras_network((8, 8, 1))
    X, y = data.digits()

    def work():
        for train, test in StratifiedKFold(5).split(X, y):
            model = peers.compiled((8, 8, 1))
            model.fit(X[train], y[train], epochs=5, batch_size=32, verbose=0)
            np.mean(model.predict(X[test], verbose=0).argmax(axis=1) == y[test])

    return timed(work)


def cv_scikeras():
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    peers.keras_network((8, 8, 1))
    X, y = data.digits()
    model = peers.scikeras_model((8, 8, 1))
    return timed(lambda: cross_val_score(model, X, y, cv=StratifiedKFold(5), error_score="raise"))


def cv_keras_wrapper():
    from sklearn.base import clone
    from sklearn.model_selection import StratifiedKFold

    peers.keras_network((8, 8, 1))
    X, y = data.digits()
    X = X.reshape(len(X), -1)
    model = peers.keras_wrapper((8, 8, 1))

    def work():  # cross_val_score cannot clone a wrapper around a local function
        for train, test in StratifiedKFold(5).split(X, y):
            clone(model).fit(X[train], y[train]).score(X[test], y[test])

    return timed(work)


# ---- grid search -------------------------------------------------------------------------------

RATES, DROPOUTS = [0.0003, 0.001, 0.003, 0.01], [0.0, 0.25, 0.5]


def grid_skdl():
    from sklearn.model_selection import GridSearchCV

    from skdl import CNNClassifier

    X, y = data.digits()
    grid = {"optimizer__learning_rate": RATES, "architecture__dropout": DROPOUTS}
    search = GridSearchCV(CNNClassifier(epochs=5, random_state=0), grid, cv=3, n_jobs=1)
    return timed(lambda: search.fit(X, y))


def grid_scikeras():
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    X, y = data.digits()
    grid = {"model__learning_rate": RATES, "model__dropout": DROPOUTS}
    model = peers.scikeras_model((8, 8, 1), model__learning_rate=0.001, model__dropout=0.5)
    search = GridSearchCV(model, grid, cv=StratifiedKFold(3), n_jobs=1)
    return timed(lambda: search.fit(X, y))


# ---- training and prediction -------------------------------------------------------------------


def _fitted_skdl(n=12_800, epochs=1):
    from skdl import CNNClassifier

    X, y = data.mnist(n)
    model = CNNClassifier(epochs=epochs, batch_size=128, random_state=0)
    return model.fit(X, y), X, y


def epoch_skdl():
    model, X, y = _fitted_skdl()
    return median_time(lambda: model.fit(X, y), 7)


def epoch_keras():
    X, y = data.mnist(12_800)
    X = (X / np.float32(255))[..., None]
    model = peers.compiled((28, 28, 1))
    return median_time(lambda: model.fit(X, y, batch_size=128, epochs=1, verbose=0), 7)


def epoch_skorch():
    X, y = data.mnist(12_800)
    X = (X / np.float32(255))[:, None]
    model = peers.skorch_model((28, 28, 1), epochs=1, batch_size=128)
    model.initialize()
    return median_time(lambda: model.partial_fit(X, y), 7)


def _predict_skdl(n, times):
    model, X, _ = _fitted_skdl(1280)
    X = data.mnist(n)[0]
    return median_time(lambda: model.predict_proba(X), times)


def _predict_keras(n, times):
    X = (data.mnist(n)[0] / np.float32(255))[..., None]
    model = peers.compiled((28, 28, 1))
    return median_time(lambda: model.predict(X, verbose=0), times)


def _predict_skorch(n, times):
    X = (data.mnist(n)[0] / np.float32(255))[:, None]
    model = peers.skorch_model((28, 28, 1), batch_size=128)
    model.initialize()
    return median_time(lambda: model.predict_proba(X), times)


# ---- memory ------------------------------------------------------------------------------------


def _growth(fit, times=100):
    """Megabytes of resident memory that each fit adds, after a few that do not count."""
    import psutil

    process = psutil.Process()
    for seed in range(3):
        fit(seed)
    before = process.memory_info().rss
    for seed in range(times):
        fit(seed)
    return (process.memory_info().rss - before) / times / 1e6


def growth_skdl():
    from skdl import CNNClassifier

    X, y = data.digits()
    return _growth(lambda seed: CNNClassifier(epochs=1, random_state=seed).fit(X[:320], y[:320]))


def growth_scikeras():
    X, y = data.digits()
    return _growth(lambda seed: peers.scikeras_model((8, 8, 1), epochs=1).fit(X[:320], y[:320]))


def peak_skdl():
    """Megabytes of resident memory that a fit on 60,000 images needs at its peak, data included."""
    from skdl import CNNClassifier

    def work():
        X, y = data.mnist(60_000)
        CNNClassifier(epochs=1, batch_size=128, random_state=0).fit(X, y)

    data.mnist(1)
    return megabytes_at_peak(work)


# ---- processes ---------------------------------------------------------------------------------


def _search_seconds(n_jobs, X, y, epochs, batch_size):
    """8 fits of about 5 s each on a warm pool of workers."""
    from sklearn.model_selection import GridSearchCV

    from skdl import CNNClassifier

    grid = {"optimizer__learning_rate": [0.0005, 0.001, 0.002, 0.004]}

    def search(epochs):
        model = CNNClassifier(epochs=epochs, batch_size=batch_size, random_state=0)
        return GridSearchCV(model, grid, cv=2, n_jobs=n_jobs, refit=False, error_score="raise")

    search(1).fit(X[:640], y[:640])
    return timed(lambda: search(epochs).fit(X, y))


def jobs_digits(n_jobs):
    return _search_seconds(n_jobs, *data.digits(), epochs=100, batch_size=32)


def jobs_mnist(n_jobs):
    return _search_seconds(n_jobs, *data.mnist(6400), epochs=14, batch_size=64)


# ---- imports and files -------------------------------------------------------------------------


def _import_seconds(module):
    """Median over fresh interpreters, less an interpreter that imports nothing."""

    def start(code):
        return statistics.median(
            timed(lambda: subprocess.run([sys.executable, "-c", code], check=True))
            for _ in range(7)
        )

    return start(f"import {module}") - start("pass")


def import_skdl():
    return _import_seconds("skdl")


def import_sklearn():
    return _import_seconds("sklearn")


def _dump_and_load(model):
    import joblib

    X = data.mnist(1)[0][..., None].astype(np.float32)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.joblib")

        def work():
            joblib.dump(model, path)
            joblib.load(path).predict(X)  # skdl builds the network only now

        return median_time(work, 9), os.path.getsize(path) / 1e6


def _small_fit(peer):
    X, y = data.mnist(640)
    if peer == "skdl":
        return _fitted_skdl(640)[0]
    return peers.scikeras_model((28, 28, 1), epochs=1).fit((X / np.float32(255))[..., None], y)


def linearity_skdl():
    """Largest ratio of the time per row among 1, 2, 4 and 8 times the rows, less one."""
    from skdl import CNNClassifier

    X, y = data.mnist(32_000)
    model = CNNClassifier(epochs=2, batch_size=128, random_state=0)
    model.fit(X[:640], y[:640])
    sizes = [4000, 8000, 16_000, 32_000]
    times = {n: [] for n in sizes}
    for _ in range(5):
        for n in sizes:
            times[n].append(timed(lambda n=n: model.fit(X[:n], y[:n])) / n)
    per_row = [min(times[n]) for n in sizes]  # the machine's other work only ever adds
    return max(per_row) / min(per_row) - 1


CASES = {
    "cross-validation": Case(
        "5-fold cross-validation, digits, 5 epochs",
        "s",
        {
            "skdl": cv_skdl,
            "keras": cv_keras,
            "scikeras": cv_scikeras,
            "keras.wrappers": cv_keras_wrapper,
        },
        [Bar("keras", 1 / 3.5), Bar("scikeras", 1 / 3.5)],
    ),
    "grid": Case(
        "grid of 12 candidates × 3 folds, digits, n_jobs=1",
        "s",
        {"skdl": grid_skdl, "scikeras": grid_scikeras},
        [Bar("scikeras", 1 / 4)],
        rounds=2,
    ),
    "epoch": Case(
        "one epoch over 12,800 images, batch 128, warm",
        "s",
        {"skdl": epoch_skdl, "keras": epoch_keras, "skorch": epoch_skorch},
        [Bar("keras", 0.85), Bar("skorch", 1.0)],
        rounds=5,
    ),
    "epoch-normalized": Case(
        "one epoch of ResNet-20 over 2,560 images of 32×32×3, batch 128, warm",
        "s",
        {"skdl": image_cases.normalized_epoch_skdl, "keras": image_cases.normalized_epoch_keras},
        [Bar("keras", 0.85)],
    ),
    "predict-1": Case(
        "predict 1 image",
        "ms",
        {
            "skdl": lambda: 1e3 * _predict_skdl(1, 300),
            "keras": lambda: 1e3 * _predict_keras(1, 30),
            "skorch": lambda: 1e3 * _predict_skorch(1, 300),
        },
        [Bar("keras", 1 / 40), Bar("skorch", 1.3)],
        rounds=5,
    ),
    "predict-12800": Case(
        "predict 12,800 images",
        "s",
        {
            "skdl": lambda: _predict_skdl(12_800, 7),
            "keras": lambda: _predict_keras(12_800, 7),
            "skorch": lambda: _predict_skorch(12_800, 7),
        },
        [Bar("keras", 1 / 1.2), Bar("skorch", 1 / 2)],
        rounds=5,
    ),
    "memory": Case(
        "growth of resident memory, 100 fits",
        "MB per fit",
        {"skdl": growth_skdl, "scikeras": growth_scikeras},
        [Bar(None, 0.2)],
        rounds=1,
    ),
    "fit-memory": Case(
        "peak memory of a fit on 60,000 images of 28×28, over the imported libraries",
        "MB",
        {"skdl": peak_skdl},
        [Bar(None, 60_000 * 28 * 28 / 1e6 + 400)],
        rounds=1,
    ),
    "jobs": Case(
        "8 fits of about 5 s, digits, n_jobs=2 against n_jobs=1",
        "s",
        {"skdl": lambda: jobs_digits(2), "skdl n_jobs=1": lambda: jobs_digits(1)},
        [Bar("skdl n_jobs=1", 1 / 1.6)],
        rounds=2,
    ),
    "jobs-28": Case(
        "8 fits of about 5 s, 28×28, n_jobs=2 against n_jobs=1",
        "s",
        {"skdl": lambda: jobs_mnist(2), "skdl n_jobs=1": lambda: jobs_mnist(1)},
        rounds=2,
    ),
    "import": Case(
        "import skdl against import sklearn",
        "s",
        {"skdl": import_skdl, "sklearn": import_sklearn},
        [Bar("sklearn", 1.2)],
    ),
    "file-time": Case(
        "joblib dump, load and first prediction, network for 28×28",
        "ms",
        {
            "skdl": lambda: 1e3 * _dump_and_load(_small_fit("skdl"))[0],
            "scikeras": lambda: 1e3 * _dump_and_load(_small_fit("scikeras"))[0],
        },
        [Bar("scikeras", 1.0)],
    ),
    "file-size": Case(
        "size of the joblib file, network for 28×28",
        "MB",
        {
            "skdl": lambda: _dump_and_load(_small_fit("skdl"))[1],
            "scikeras": lambda: _dump_and_load(_small_fit("scikeras"))[1],
        },
        [Bar("scikeras", 1.0)],
        rounds=1,
    ),
    "model-file": Case(
        "start Python, load MobileNetV2's features and an SVC, predict one photograph",
        "s",
        {
            "skdl": lambda: transfer_cases.load_and_predict("skdl"),
            "joblib": lambda: transfer_cases.load_and_predict("joblib"),
        },
        [Bar("joblib", 1.2)],
    ),
    "linearity": Case(
        "fit time per row for 1, 2, 4, 8 × the rows: largest over smallest, less 1",
        "",
        {"skdl": linearity_skdl},
        [Bar(None, 0.1)],
    ),
    "files-fit": Case(
        "peak memory of a fit on 50,000 image files against 5,000",
        "MB",
        {
            "skdl": lambda: image_cases.files_fit(50_000),
            "skdl, 5,000 files": lambda: image_cases.files_fit(5_000),
        },
        [Bar("skdl, 5,000 files", 300, difference=True)],
        rounds=1,
    ),
    "files-predict": Case(
        "peak memory of a prediction for 50,000 image files against 5,000",
        "MB",
        {
            "skdl": lambda: image_cases.files_predict(50_000),
            "skdl, 5,000 files": lambda: image_cases.files_predict(5_000),
        },
        [Bar("skdl, 5,000 files", 300, difference=True)],
        rounds=1,
    ),
    "augmentation": Case(
        'one epoch over 12,800 images of 32×32×3, augmentation="light" against None',
        "s",
        {
            "skdl": lambda: image_cases.augmentation_epoch("light"),
            "skdl, none": lambda: image_cases.augmentation_epoch(None),
        },
        [Bar("skdl, none", 1.35)],
    ),
    "files-epoch": Case(
        "one epoch over 12,800 image files of 32×32×3, batch 128",
        "s",
        {"skdl": image_cases.files_epoch_skdl, "keras": image_cases.files_epoch_keras},
    ),
    "features-search": Case(
        "grid of 10 candidates × 5 folds on MobileNetV2's features of 1,000 photographs, 96×96",
        "s",
        {
            "skdl": transfer_cases.search_skdl,
            "keras": transfer_cases.search_keras,
            "keras, Pipeline(memory=…)": lambda: transfer_cases.search_keras(cached=True),
        },
        [Bar("keras", 1 / 15), Bar("keras, Pipeline(memory=…)", 1.0)],
        rounds=1,  # plain Keras computes the features of 51,000 images
    ),
    "features-first": Case(
        "images through the network in that search",
        "images",
        {
            "skdl": transfer_cases.searched_images,
            "distinct images": transfer_cases.distinct_photographs,
        },
        [Bar("distinct images", 0, difference=True)],
        rounds=1,
    ),
    "features-rerun": Case(
        "calls of the network in the same search by a new process, the store a folder",
        "calls",
        {"skdl": transfer_cases.searched_again},
        [Bar(None, 0)],
        rounds=1,
    ),
    "features-jobs": Case(
        "images through the network in that search, n_jobs=2, the store a new folder",
        "images",
        {"skdl": transfer_cases.searched_by_two},
        [Bar(None, 2 * transfer_cases.N)],
        rounds=1,
    ),
    "features-cold": Case(
        "MobileNetV2's features of 1,000 photographs, 96×96, nothing stored before",
        "s",
        {
            "skdl": transfer_cases.cold_skdl,
            "keras": transfer_cases.cold_keras,
            "keras, predict only": transfer_cases.cold_keras_predict,
        },
        [Bar("keras", 1.0)],
    ),
    "features-bfloat16": Case(
        'the same with precision="bfloat16" against float32',
        "s",
        {
            "skdl": lambda: transfer_cases.cold_skdl(precision="bfloat16"),
            "keras": transfer_cases.cold_keras,
            "keras, predict only": transfer_cases.cold_keras_predict,
        },
        [Bar("keras", 1 / 1.6)] if transfer_cases.has_bfloat16() else [],
    ),
    "features-cosine": Case(
        "1 less the smallest cosine between an image's features in bfloat16 and in float32",
        "",
        {"skdl": transfer_cases.bfloat16_distance},
        [Bar(None, 0.001)],
        rounds=1,
    ),
    "features-keys": Case(
        "hashing, looking up and storing over computing those features, store in memory",
        "",
        {"skdl": transfer_cases.store_overhead},
        [Bar(None, 0.03)],
    ),
    "features-keys-folder": Case(
        "the same, the store a folder",
        "",
        {"skdl": lambda: transfer_cases.store_overhead(in_folder=True)},
        [Bar(None, 0.03)],
    ),
    "prefix-head": Case(
        "10 epochs of a head on frozen MobileNetV2, 500 photographs, 96×96",
        "s",
        {
            "skdl": lambda: transfer_cases.train_skdl(transfer_cases.HEAD_ONLY),
            "keras": lambda: transfer_cases.train_keras(transfer_cases.HEAD_ONLY),
        },
        [Bar("keras", 1 / 8)],
    ),
    "prefix-head-vgg16": Case(
        "10 epochs of a head on frozen VGG16, 256 photographs, 96×96",
        "s",
        {
            "skdl": lambda: transfer_cases.train_skdl(
                transfer_cases.HEAD_ONLY, 256, backbone="vgg16"
            ),
            "keras": lambda: transfer_cases.train_keras(
                transfer_cases.HEAD_ONLY, 256, backbone="vgg16"
            ),
        },
        [Bar("keras", 1 / 8)],
        rounds=1,
    ),
    "prefix-block": Case(
        "10 epochs of a head and MobileNetV2's last block, 500 photographs, 96×96",
        "s",
        {
            "skdl": lambda: transfer_cases.train_skdl(transfer_cases.LAST_BLOCK),
            "keras": lambda: transfer_cases.train_keras(transfer_cases.LAST_BLOCK),
        },
        [Bar("keras", 1 / 2)],
    ),
}

for _name, _title in backbone_cases.NETWORKS.items():
    CASES[f"backbone-{_name}"] = Case(
        f"{_title}'s features of 64 photographs, 224×224",
        "s",
        {
            "skdl": partial(backbone_cases.by_skdl, _name),
            "keras": partial(backbone_cases.by_keras, _name),
            "torch": partial(backbone_cases.by_torch, _name),
        },
        [Bar("keras", 1.0), Bar("torch", 1.0)],
        rounds=1,
    )
    CASES[f"onnxruntime-{_name}"] = Case(
        'the same with engine="onnxruntime"',
        "s",
        {
            "skdl": partial(backbone_cases.by_skdl, _name, engine="onnxruntime"),
            "skdl, TensorFlow": partial(backbone_cases.by_skdl, _name),
            "onnxruntime": partial(backbone_cases.by_onnx, _name),
        },
        [Bar("onnxruntime", 1.0), Bar("skdl, TensorFlow", 1.0)],
        rounds=1,
    )
    CASES[f"bfloat16-{_name}"] = Case(
        'the same with precision="bfloat16"',
        "s",
        {
            "skdl": partial(backbone_cases.by_skdl, _name, "bfloat16"),
            "skdl, float32": partial(backbone_cases.by_skdl, _name),
            "torch": partial(backbone_cases.by_torch, _name, "bfloat16"),
        },
        [Bar("skdl, float32", 1.0), *([Bar("torch", 1.0)] if _name == "vgg16" else [])]
        if transfer_cases.has_bfloat16()
        else [],
        rounds=1,
    )
    CASES[f"cosine-{_name}"] = Case(
        f"1 less the smallest cosine of {_title}'s features in bfloat16 and in float32",
        "",
        {"skdl": partial(backbone_cases.distance, _name)},
        [Bar(None, 0.001)],
        rounds=1,
    )

CASES["one-photograph"] = Case(
    'one photograph through a saved pipeline: MobileNetV2 with engine="onnxruntime", scaler, SVC',
    "ms",
    {
        "skdl": partial(backbone_cases.one_image, "onnxruntime"),
        "skdl, TensorFlow": partial(backbone_cases.one_image, "tensorflow"),
        "onnxruntime": partial(backbone_cases.one_image, "onnx"),
    },
    [Bar("onnxruntime", 1.1)],
)
for _trained, _title in (("all", "all of VGG16"), (1, "VGG16's last block")):
    CASES[f"vgg16-{_trained}"] = Case(
        f"each further epoch of {_title} over 256 photographs, 96×96, batch 32",
        "s",
        {
            "skdl": partial(backbone_cases.train_skdl, _trained),
            "keras": partial(backbone_cases.train_keras, _trained),
            "torch": partial(backbone_cases.train_torch, _trained),
        },
        [Bar("keras", 0.85), Bar("torch", 1.0)],
        rounds=1,
    )
