"""Write what look-alikes do to scores into docs/studies.md: ``python tools/busi_optimism.py``.

BUSI has to lie in the data home, with weights of MobileNetV2 in ``weights/`` there.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skdl.audit import DataAudit, audit_images
from skdl.datasets import load_image_folder
from skdl.downloads import get_data_home
from skdl.evaluation import evaluate

PAGE = Path(__file__).parents[1] / "docs" / "studies.md"
START, END = "<!-- written by tools/busi_optimism.py -->\n", "<!-- end of the tables -->"
BACKBONE, WEIGHTS = "mobilenet_v2", "mobilenet_v2_1.0_224_no_top_from_int8.weights.h5"
N_FOLDS, N_REPEATS, SEED = 5, 10, 0

MODELS = {
    "support vector machine": make_pipeline(StandardScaler(), SVC()),
    "nearest neighbour": make_pipeline(StandardScaler(), KNeighborsClassifier(1)),
}
METRICS = {"roc_auc": "ROC AUC", "accuracy": "accuracy"}


def lesions() -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Files of BUSI, and whether they are "benign" or "malignant"."""
    with warnings.catch_warnings():  # the audit tells of them
        warnings.filterwarnings("ignore", "Equal images belong to two classes")
        bunch = load_image_folder(get_data_home() / "busi")
    names = np.asarray(bunch.target_names)[bunch.target]
    used = names != "normal"
    return np.asarray(bunch.data)[used], names[used]


def features_of(images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Of a frozen network, which learns nothing: computed before any split."""
    from skdl.estimators import BackboneFeatures

    network = BackboneFeatures(BACKBONE, weights=WEIGHTS, image_size=224, store=None)
    return np.asarray(network.fit_transform(images))


class RepeatedFolds:
    """Folds that keep groups together, drawn several times."""

    def __init__(self, n_repeats: int) -> None:
        self.n_repeats = n_repeats

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        """Rows to train on and to test on."""
        for seed in range(SEED, SEED + self.n_repeats):
            folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
            yield from folds.split(X, y, groups)


def optimism(
    X: Any,
    y: npt.NDArray[Any],
    images: Any,
    n_repeats: int = N_REPEATS,
    n_resamples: int = 1000,
) -> pd.DataFrame:
    """Scores of the models with look-alikes kept apart, and on random folds."""
    result = evaluate(
        MODELS,
        X,
        y,
        images=images,
        look_alikes="group",
        cv=RepeatedFolds(n_repeats),
        pos_label="malignant",
        scoring=list(METRICS),
    )
    return result.optimism(X, y, n_resamples=n_resamples, random_state=SEED)


def n_seen(y: npt.NDArray[Any], groups: npt.NDArray[Any]) -> float:
    """How many images of random folds are tested after one of their group was trained on."""
    drawn = [
        np.isin(groups[test], groups[train]).sum()
        for seed in range(SEED, SEED + N_REPEATS)
        for train, test in StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(y, y)
    ]
    return float(np.sum(drawn)) / N_REPEATS


# ---- what is written ----------------------------------------------------------------------------


def about_data(audit: DataAudit, y: npt.NDArray[Any]) -> str:
    """What the audit found, as a table."""
    rows = [f"| {name} | {value} |" for name, value in _facts(audit, y)]
    return "\n".join(["| of BUSI's benign and malignant images | |", "|---|---|", *rows]) + "\n"


def _facts(audit: DataAudit, y: npt.NDArray[Any]) -> Iterator[tuple[str, str]]:
    sizes = np.bincount(audit.groups)
    images = audit.images
    disputed = images[images.groupby("group")["class"].transform("nunique") > 1]
    classes = ", ".join(f"{np.sum(y == name)} {name}" for name in np.unique(y))
    yield "images", f"{len(y)}: {classes}"
    n_sets = audit.copies["set"].nunique()
    yield "copies", f"{len(audit.copies)} images in {_counted(n_sets, 'set')}" if n_sets else "none"
    yield (
        "look-alikes",
        f"{images['look_alikes'].sum()} images in {_counted(len(audit.look_alikes), 'pair')}",
    )
    yield (
        "groups of several images",
        f"{np.sum(sizes > 1)} of {sizes[sizes > 1].sum()} images, at most {sizes.max()} in one",
    )
    yield (
        "benign and malignant at once",
        f"{_counted(len(audit.conflicts), 'pair')}, in "
        f"{_counted(disputed['group'].nunique(), 'group')} of {len(disputed)} images",
    )
    yield (
        f"tested in {N_FOLDS} random folds with their like in the training data",
        f"{n_seen(y, audit.groups):.0f} of {len(y)} images",
    )
    for _, found in audit.shortcuts.head(3).iterrows():
        yield (
            f"told apart by their {found['property']} alone",
            f"ROC AUC {found['auc']:.2f} ({found['low']:.2f}–{found['high']:.2f})",
        )


def _counted(n: int, one: str) -> str:
    return f"{n} {one}{'s' * (n != 1)}"


def about_scores(table: pd.DataFrame) -> str:
    """Scores kept apart and ignoring, with their difference."""
    lines = [
        "| model | score | look-alikes apart | look-alikes ignored | difference (95 % interval) |",
        "|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        numbers = f"{row['apart']:.3f} | {row['ignoring']:.3f} | {row['difference']:+.3f}"
        limits = f"{row['low']:+.3f} to {row['high']:+.3f}"
        lines.append(f"| {row['model']} | {METRICS[row['metric']]} | {numbers} ({limits}) |")
    return "\n".join(lines) + "\n"


def page(written: str) -> str:
    """The whole page, with its tables written anew."""
    before, rest = PAGE.read_text(encoding="utf-8").split(START)
    return before + START + written + END + rest.split(END)[1]


def main() -> None:
    """Audit, evaluate, write."""
    X, y = lesions()
    audit = audit_images(X, y)
    scores = optimism(features_of(X), y, X)
    PAGE.write_text(page(about_data(audit, y) + "\n" + about_scores(scores)), encoding="utf-8")


if __name__ == "__main__":
    main()
