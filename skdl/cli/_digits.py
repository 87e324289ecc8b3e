"""What ``skdl demo`` does: from the search to the saved pipeline."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay, check_scoring
from sklearn.model_selection import GridSearchCV, ParameterGrid, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl._utils.progress import Progress
from skdl._utils.storage import replacing
from skdl.cli._table import show_table
from skdl.estimators import CNNClassifier
from skdl.metrics import CLINICAL_SCORERS
from skdl.plotting import PredictionGridDisplay, TrainingHistoryDisplay
from skdl.reporting import report

_SCORES = {"accuracy": "accuracy", **CLINICAL_SCORERS}
_SHOWN = ["accuracy", "sensitivity", "specificity", "roc_auc"]

# What the other process runs: it knows nothing but the two files.
_RELOAD = """
import sys, joblib, numpy
pipeline = joblib.load(sys.argv[1])
numpy.save(sys.argv[3], pipeline.predict_proba(numpy.load(sys.argv[2])))
"""


def demonstrate(out: Path, *, quick: bool, seed: int) -> None:
    """Search, evaluate, draw, save and reload; write to the folder `out`."""
    import matplotlib

    matplotlib.use("agg")
    start = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)  # before the search, if it cannot be made
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=500 if quick else None, stratify=y, random_state=seed
    )
    print(
        f"skdl demo: {len(X)} handwritten digits of 8×8 pixels, {len(X_train)} for training and "
        f"{len(X_test)} for testing\n"
    )
    search = _search(X_train, y_train, quick=quick, seed=seed)
    best: Pipeline = search.best_estimator_
    _show_candidates(search)
    scores = check_scoring(best, scoring=_SCORES)(best, X_test, y_test)
    print(f"\nThe best pipeline on the {len(y_test)} test images\n")
    print("   ".join(f"{name} {scores[name]:.3f}" for name in _SHOWN), end="\n\n")
    _draw(out, best, X_test, y_test)
    path = report(best, X_test, y_test, out / "report.html", title="Handwritten digits")
    print(f"wrote {path}: everything on one page, with confidence intervals")
    _save_and_reload(out / "pipeline.joblib", best, X_test)
    print(f"\nDone in {time.perf_counter() - start:.0f} s. See {out.resolve()}")


def _search(X: Any, y: Any, *, quick: bool, seed: int) -> GridSearchCV:
    pipeline = make_pipeline(
        StandardScaler(),
        CNNClassifier(
            value_range="standardized",
            epochs=6 if quick else 20,
            early_stopping=True,
            n_iter_no_change=4,
        ),
    ).set_params(cnnclassifier__random_state=seed)
    grid = {
        "cnnclassifier__optimizer__learning_rate": [0.001, 0.003],
        "cnnclassifier__architecture__dropout": [0.5] if quick else [0.2, 0.5],
    }
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    score = check_scoring(pipeline, scoring=_SCORES)
    with Progress("Searching", len(ParameterGrid(grid)) * folds.get_n_splits()) as progress:

        def score_and_step(estimator: Any, X: Any, y: Any) -> dict[str, float]:
            scores: dict[str, float] = score(estimator, X, y)
            progress.step()
            return scores

        search = GridSearchCV(pipeline, grid, scoring=score_and_step, refit="accuracy", cv=folds)
        return search.fit(X, y)


def _show_candidates(search: GridSearchCV) -> None:
    print(
        "\nCross-validation, 3 folds, mean ± standard deviation "
        "(sensitivity, specificity, ROC AUC: one digit against the rest, averaged)\n"
    )
    results = search.cv_results_
    searched = [name.rpartition("__")[2] for name in results["params"][0]]
    rows = []
    for i, params in enumerate(results["params"]):
        scores = [
            f"{results[f'mean_test_{name}'][i]:.3f}±{results[f'std_test_{name}'][i]:.3f}"
            for name in _SHOWN
        ]
        rows.append([*params.values(), *scores, "best" if i == search.best_index_ else ""])
    show_table([*searched, *_SHOWN, ""], rows, right=[*searched, *_SHOWN])


def _draw(out: Path, best: Pipeline, X_test: Any, y_test: Any) -> None:
    import matplotlib.pyplot as plt

    confusion, ax = plt.subplots(figsize=(6, 5.4), layout="constrained")
    ConfusionMatrixDisplay.from_estimator(best, X_test, y_test, cmap="Blues", ax=ax, colorbar=False)
    ax.set_title("Confusion matrix of the test images")
    # The pipeline scales its input, so that it is the original pixels that are drawn.
    pictures = {
        "training_curves.png": TrainingHistoryDisplay.from_estimator(best).figure_,
        "confusion_matrix.png": confusion,
        "sample_predictions.png": PredictionGridDisplay.from_estimator(
            best, X_test, y_test, title="Predictions of test images"
        ).figure_,
        "misclassified.png": PredictionGridDisplay.from_estimator(
            best, X_test, y_test, which="wrong", title="Misclassified, the most confident first"
        ).figure_,
    }
    for name, figure in pictures.items():
        with replacing(out / name) as part:
            figure.savefig(part, format="png", dpi=150)
        plt.close(figure)
        print(f"wrote {out / name}")


def _save_and_reload(path: Path, best: Pipeline, X_test: Any) -> None:
    with replacing(path) as part:
        joblib.dump(best, part)
    print(f"wrote {path} ({path.stat().st_size / 1000:.0f} kB)")
    with tempfile.TemporaryDirectory() as folder:
        images, probabilities = Path(folder, "images.npy"), Path(folder, "probabilities.npy")
        np.save(images, X_test)
        process = subprocess.run(
            [sys.executable, "-c", _RELOAD, str(path), str(images), str(probabilities)],
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode != 0:
            raise RuntimeError(f"Loading {path} in another process failed:\n{process.stderr}")
        if not np.array_equal(np.load(probabilities), best.predict_proba(X_test)):
            raise RuntimeError(
                f"The pipeline loaded from {path} in another process predicts differently."
            )
    print("loaded it in another process: the same predictions, to the last bit")
