"""What transfer learning achieves on real data: ``python -m benchmarks.figures [NAME …]``.

Needs the data home to hold ``busi``, ``cats_vs_dogs``, ``cifar10-jpeg`` and the weights of
MobileNetV2 in ``weights``. Features are kept in ``SKDL_FIGURES_STORE``, if that is set.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import BackboneFeatures, TransferClassifier
from skdl.datasets import load_cifar10, load_fashion_mnist, load_image_folder
from skdl.downloads import get_data_home

RESULTS = Path(__file__).parent / "results" / "figures.json"
WEIGHTS = "weights/mobilenet_v2_1.0_224_no_top_from_int8.weights.h5"
# From the middle of the network to its end.
LAYERS = ["block_5_add", "block_9_add", "block_12_add", "block_15_add", "out_relu"]
Figure = tuple[str, float, float]  # what, figure, bar


def mobilenet(cls: Any = BackboneFeatures, **params: Any) -> Any:
    """An estimator on MobileNetV2 with ImageNet weights."""
    store = os.environ.get("SKDL_FIGURES_STORE", "auto")
    return cls("mobilenet_v2", weights=get_data_home() / WEIGHTS, store=store, **params)


def busi_draws(n_draws: int) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Paths and labels (1 is malignant): 42 + 42 to train on, 162 + 42 to test on."""
    bunch = load_image_folder(get_data_home() / "busi")
    names = np.asarray(bunch.target_names)
    paths, labels = np.asarray(bunch.data), np.asarray(bunch.target)
    labels = names[labels] if labels.dtype.kind in "iu" else labels
    kinds = {"benign": (42, 162), "malignant": (42, 42)}
    for seed in range(n_draws):
        generator = np.random.default_rng(seed)
        train, test = [], []
        for kind, (n_train, n_test) in kinds.items():
            rows = generator.permutation(np.flatnonzero(labels == kind))
            train += rows[:n_train].tolist()
            test += rows[n_train : n_train + n_test].tolist()
        malignant = (labels == "malignant").astype(int)
        yield paths[train], malignant[train], paths[test], malignant[test]


def busi_frozen(n_draws: int = 20) -> list[Figure]:
    """Layers and regularisation are chosen within the 84 training images."""
    pipeline = make_pipeline(
        mobilenet(image_size=224), StandardScaler(), LogisticRegression(max_iter=3000)
    )
    grid = {
        "backbonefeatures__layer": [None, LAYERS[2:], LAYERS],
        "logisticregression__C": np.logspace(-4, -1, 7),
    }
    scores = []
    for X, y, X_test, y_test in busi_draws(n_draws):
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=folds).fit(X, y)
        scores.append(roc_auc_score(y_test, search.decision_function(X_test)))
    return [(f"BUSI, frozen features, mean ROC AUC of {n_draws} draws", np.mean(scores), 0.86)]


def busi_default(n_draws: int = 5) -> list[Figure]:
    """TransferClassifier as it is."""
    scores = []
    for seed, (X, y, X_test, y_test) in enumerate(busi_draws(n_draws)):
        model = mobilenet(TransferClassifier, image_size=224, random_state=seed).fit(X, y)
        scores.append(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]))
    return [(f"BUSI, TransferClassifier, mean ROC AUC of {n_draws} draws", np.mean(scores), 0.80)]


def cats_and_dogs() -> list[Figure]:
    """2,000 photographs to train on, 2,000 to test on."""
    folder = get_data_home() / "cats_vs_dogs"
    X, y = load_image_folder(folder / "train", return_X_y=True)
    X_test, y_test = load_image_folder(folder / "test", return_X_y=True)
    frozen = make_pipeline(
        mobilenet(image_size=192), StandardScaler(), LogisticRegression(C=0.01, max_iter=3000)
    )
    plain = frozen.fit(X, y).score(X_test, y_test)
    tuned = mobilenet(
        TransferClassifier,
        image_size=192,
        trainable=1,
        warmup_epochs=10,
        epochs=10,
        finetune_learning_rate=1e-5,
        random_state=0,
    ).fit(X, y)
    return [
        ("cats and dogs, frozen features, accuracy", plain, 0.98),
        ("cats and dogs, fine-tuned, accuracy", tuned.score(X_test, y_test), plain),
    ]


def cifar10(sizes: tuple[int, ...] = (100, 1_000, 10_000)) -> list[Figure]:
    """Frozen features of images in 128×128; C is chosen by the first 5,000 training images."""
    bars = {100: 0.42, 1_000: 0.65, 10_000: 0.76}
    X, y = load_cifar10(subset="train", version="jpeg", return_X_y=True)
    X_test, y_test = load_cifar10(subset="test", version="jpeg", return_X_y=True)
    features = mobilenet(image_size=128, layer=LAYERS).fit(X)
    F_test = features.transform(X_test)
    rows = np.concatenate(_balanced(y))
    figures = []
    for n in sizes:
        F, labels = features.transform(X[rows[:n]]), y[rows[:n]]
        pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
        grid = {"logisticregression__C": [1e-4, 1e-3, 1e-2, 1e-1]}
        search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3, refit=False)
        search.fit(F[:5_000], labels[:5_000])
        pipeline.set_params(**search.best_params_)
        accuracy = pipeline.fit(F, labels).score(F_test, y_test)
        figures.append((f"CIFAR-10 (JPEG), {n:,} training images, accuracy", accuracy, bars[n]))
    return figures


def cifar10_finetuned() -> list[Figure]:
    """All training images: frozen or fine-tuned, whichever has the lower validation loss."""
    X, y = load_cifar10(subset="train", version="jpeg", return_X_y=True)
    X_test, y_test = load_cifar10(subset="test", version="jpeg", return_X_y=True)
    model = mobilenet(
        TransferClassifier,
        image_size=128,
        trainable=2,
        warmup_epochs=3,
        epochs=5,
        batch_size=64,
        dropout=0.2,
        finetune_learning_rate=3e-4,
        learning_rate_schedule="cosine",
        early_stopping=True,
        random_state=0,
        verbose=1,
    ).fit(X, y)
    name = f"CIFAR-10 (JPEG), {len(X):,} training images, accuracy"
    return [(name, model.score(X_test, y_test), 0.82)]


def _balanced(y: Any) -> Any:
    """Rows in an order in which each class comes once in each block of ten."""
    generator = np.random.default_rng(0)
    return np.stack([generator.permutation(np.flatnonzero(y == c)) for c in np.unique(y)], axis=1)


def embedded() -> list[Figure]:
    """The backbone that comes with skdl, against the same with random weights."""
    X, y = load_cifar10(subset="train", version="jpeg", return_X_y=True)
    X_test, y_test = load_cifar10(subset="test", version="jpeg", return_X_y=True)
    pipeline = make_pipeline(BackboneFeatures(), StandardScaler(), LogisticRegression(max_iter=500))
    figures = [
        ("cifar_resnet20, CIFAR-10 (JPEG), accuracy", pipeline.fit(X, y).score(X_test, y_test), 0.8)
    ]
    X, y = load_fashion_mnist(subset="train", return_X_y=True)
    X_test, y_test = load_fashion_mnist(subset="test", return_X_y=True)
    scores: dict[str, list[float]] = {"auto": [], "random": []}
    for seed in range(5):
        rows = np.random.default_rng(seed).permutation(len(X))[:1_000]
        for weights, found in scores.items():
            pipeline.set_params(backbonefeatures__weights=weights)
            found.append(pipeline.fit(X[rows], y[rows]).score(X_test, y_test))
    gain = np.mean(scores["auto"]) - np.mean(scores["random"])
    name = "cifar_resnet20, Fashion-MNIST, 1,000 training images"
    return [
        *figures,
        (f"{name}, accuracy with random weights", np.mean(scores["random"]), 0.0),
        (f"{name}, accuracy gained by its weights", gain, 0.08),
    ]


FIGURES: dict[str, Callable[[], list[Figure]]] = {
    "busi": busi_frozen,
    "busi-default": busi_default,
    "cats": cats_and_dogs,
    "cifar10": cifar10,
    "cifar10-finetuned": cifar10_finetuned,
    "embedded": embedded,
}


def table(found: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    lines = ["| data and method | figure | bar | |", "|---|---|---|---|"]
    for name in FIGURES:
        for what, figure, bar in found.get(name, {}).get("figures", []):
            verdict = "reached" if figure >= bar else "**missed**"
            shown, judged = (f"≥ {bar:.4g}", verdict) if bar else ("", "")
            lines.append(f"| {what} | {figure:.4f} | {shown} | {judged} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print and write down; 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(FIGURES)}")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in FIGURES]
    if unknown:
        parser.error(f"unknown figure {unknown[0]!r}; known: {', '.join(FIGURES)}")
    found = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
    missed = False
    for name in arguments.names or FIGURES:
        start = time.perf_counter()
        figures = FIGURES[name]()
        seconds = time.perf_counter() - start
        found[name] = {"figures": figures, "seconds": seconds, "python": platform.python_version()}
        for what, figure, bar in figures:
            verdict = "reached" if figure >= bar else "MISSED"
            missed |= figure < bar
            print(f"{what}: {figure:.4f} (bar {bar:.4g}: {verdict})", flush=True)
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(found, indent=2, default=float) + "\n")
        arguments.out.with_suffix(".md").write_text(table(found) + "\n")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
