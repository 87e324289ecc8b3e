"""
Search the settings of a pipeline, and save the best one
========================================================

How much should training images be rotated, and how wide should the network be? A grid search tries
all combinations on the same folds. A clinical score decides between them: here, how well one class
is separated from all others. The best pipeline is saved, and loaded again.

By default, this example looks for eights among scikit-learn's digits and runs within a minute,
offline. ``--full`` looks for shirts in Fashion-MNIST, whose files have to be in the data home.
"""

# %%
# One class against the rest: one image in ten is positive. A model that finds none of them is right
# for nine images in ten, so accuracy is not informative.

import argparse
import tempfile
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline

from skdl import Augmentation, CNNClassifier, Resize
from skdl.datasets import load_digits_images, load_fashion_mnist
from skdl.metrics import CLINICAL_SCORERS, confidence_interval
from skdl.plotting import ModelComparisonDisplay

parser = argparse.ArgumentParser(
    description="Search the settings of a pipeline, and save the best one"
)
parser.add_argument("--full", action="store_true", help="Fashion-MNIST")
parser.add_argument("--jobs", type=int, default=None, help="number of parallel fits")
parser.add_argument("--save", metavar="FOLDER", help="write picture and pipeline to this folder")
arguments = parser.parse_args()

if arguments.full:
    X_train, y_train = load_fashion_mnist(subset="train", return_X_y=True)
    X_test, y_test = load_fashion_mnist(subset="test", return_X_y=True)
    positive, size, epochs, batch_size = 6, (28, 28), 8, 128
else:
    X, y = load_digits_images(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.4, stratify=y, random_state=0
    )
    positive, size, epochs, batch_size = 8, (10, 10), 8, 32
y_train, y_test = y_train == positive, y_test == positive
print(f"{y_train.sum()} of {len(y_train)} training images are positive")

# %%
# The pipeline and the grid. The names of parameters contain the path through the pipeline: to a
# step, to its augmentation, to the network (``architecture__``) and to the optimizer
# (``optimizer__``).

pipeline = make_pipeline(
    Resize(size),
    CNNClassifier(
        augmentation=Augmentation(shift=0.05),
        class_weight="balanced",
        epochs=epochs,
        batch_size=batch_size,
        random_state=0,
    ),
)
grid = {
    "cnnclassifier__augmentation__rotation": [0, 10],
    "cnnclassifier__architecture__width": [0.5, 1],
    "cnnclassifier__optimizer__learning_rate": [0.003, 0.01],
}

# %%
# Several scores are computed for each candidate, and ``refit`` names the one that decides. The best
# candidate is then trained on all training images. Each fit uses the seed of the classifier, so
# that candidates differ only in their settings.

search = GridSearchCV(
    pipeline,
    grid,
    scoring=CLINICAL_SCORERS,
    refit="balanced_accuracy",
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    n_jobs=arguments.jobs,
).fit(X_train, y_train)

results = pd.DataFrame(search.cv_results_)


def short(settings):
    """Settings without the prefixes of their names."""
    names = (key.rsplit("__", 1)[1].replace("_", " ") for key in settings)
    return ", ".join(
        f"{name} {value}" for name, value in zip(names, settings.values(), strict=True)
    )


results["settings"] = results["params"].map(short)
columns = {f"mean_test_{name}": name for name in CLINICAL_SCORERS}
table = results.sort_values("rank_test_balanced_accuracy").set_index("settings")
print(table[list(columns)].rename(columns=columns).round(3).to_string())

# %%
# All candidates, with the best one on top; the whiskers reach from the lowest to the highest of the
# three folds. A candidate may gain sensitivity at the expense of specificity.

rows = []
for settings, row in table.iterrows():
    for name in ("sensitivity", "specificity", "balanced_accuracy"):
        folds = [row[f"split{fold}_test_{name}"] for fold in range(3)]
        rows.append((settings, name, np.mean(folds), min(folds), max(folds)))
frame = pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high"])
display = ModelComparisonDisplay(frame).plot(title="Candidates, by balanced accuracy")

# %%
# The best of many candidates looks better in the search than it is, since it was chosen for its
# score there. What counts is its score on images that were not used for the choice.

y_pred = search.predict(X_test)
print(f"best: {short(search.best_params_)}")
for name in ("sensitivity", "specificity", "balanced_accuracy"):
    value, low, high = confidence_interval(name, y_test, y_pred, random_state=0)
    print(f"{name:18s} {value:.3f} ({low:.3f} to {high:.3f})")

# %%
# The best pipeline is saved in one file, and makes the same predictions after loading: here, to the
# last bit.

with tempfile.TemporaryDirectory() as temporary:
    folder = Path(arguments.save or temporary)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pipeline.joblib"
    joblib.dump(search.best_estimator_, file)
    loaded = joblib.load(file)
    same = np.array_equal(loaded.predict_proba(X_test), search.predict_proba(X_test))
    print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB, predicts the same: {same}")

if arguments.save:
    display.figure_.savefig(folder / "candidates.png", dpi=120)
else:
    plt.show()
