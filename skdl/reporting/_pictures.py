"""The displays of a report, as PNG files in memory."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import column_or_1d

from skdl._utils.checks import warn_user
from skdl._utils.scikit import safe_indexing
from skdl.evaluation import EvaluationResult, RegressionResult, threshold_of
from skdl.images import infer_image_shape
from skdl.plotting import (
    ClassDistributionDisplay,
    ConfusionMatricesDisplay,
    ImageGridDisplay,
    ModelComparisonDisplay,
    OperatingPointDisplay,
    PerClassMetricsDisplay,
    PredictionGridDisplay,
    SaliencyDisplay,
    TrainingHistoryDisplay,
)
from skdl.reporting._estimators import has_network

_DPI = 110
_N_MISTAKES, _N_LOOKED_AT = 12, 6


Plans = Iterator[tuple[str, str, Callable[[], Any]]]
"""Name, caption and drawing of pictures."""


@dataclass(frozen=True)
class Picture:
    """A drawing with its caption."""

    name: str
    caption: str
    png: bytes
    file: str = ""

    @property
    def file_name(self) -> str:
        """Name of its file, which is that of the picture unless several have it."""
        return self.file or self.name


@dataclass(frozen=True)
class Subject:
    """What is drawn: images, and labels as positions in the names of the classes, or numbers."""

    result: Any
    model: str
    X: Any
    y: npt.NDArray[Any]
    names: list[str]
    image_shape: Any
    summary: Any

    @property
    def of_numbers(self) -> bool:
        """Whether the model predicts numbers and not classes."""
        return isinstance(self.result, RegressionResult)

    @property
    def groups(self) -> npt.NDArray[Any] | None:
        """Groups of the images that the model predicted."""
        groups = self.result.groups
        return None if groups is None else groups[self.result.per_model(self.model)["row"]]

    @property
    def shows_images(self) -> bool:
        """Whether the rows of X look like images, and not like a table of features."""
        if hasattr(self.X, "tocsr"):
            return False
        shape = self.X.shape if hasattr(self.X, "shape") else (len(self.X),)
        return len(shape) != 2 or self.image_shape is not None or infer_image_shape(shape)[0] > 1


def pictures(plans: Plans) -> tuple[list[Picture], list[str]]:
    """All that apply, and what could not be drawn with the reason."""
    import matplotlib.pyplot as plt

    drawn, failed = [], []
    for name, caption, draw in plans:
        before = set(plt.get_fignums())
        try:
            display = draw()
            if isinstance(display, tuple):  # with what turned out while drawing
                display, note = display
                caption += note
            buffer = io.BytesIO()
            display.figure_.savefig(buffer, format="png", dpi=_DPI, bbox_inches="tight")
            drawn.append(Picture(name, caption, buffer.getvalue()))
        except Exception as error:  # a picture less is better than no report
            failed.append(f"{caption}: {error}")
            warn_user(f"A picture is missing from the report ({caption}): {error}")
        finally:
            for number in set(plt.get_fignums()) - before:
                plt.close(number)
    return drawn, failed


def plans(subject: Subject) -> Plans:
    """Name, caption and drawing of each picture that applies."""
    result, model, names = subject.result, subject.model, subject.names
    table = result.per_model(model)
    y_true, y_pred = (codes_of(result, table[column]) for column in ("y_true", "y_pred"))
    if len(result.models) > 1:
        yield (
            "comparison",
            "The models, with intervals",
            lambda: ModelComparisonDisplay(subject.summary).plot(),
        )
    yield (
        "confusion",
        "Confusion matrix: counts, precision (columns sum to 1) and recall (rows sum to 1)",
        lambda: ConfusionMatricesDisplay.from_predictions(y_true, y_pred, target_names=names),
    )
    yield (
        "classes",
        "Precision, recall and F1 per class, with intervals",
        lambda: PerClassMetricsDisplay.from_predictions(
            y_true, y_pred, groups=subject.groups, target_names=names
        ),
    )
    yield from _operating_point_plans(subject, y_true, y_pred)
    histories = histories_of(subject)
    if histories:
        first = next(iter(histories.values()))
        several = "" if len(histories) == 1 else " of the first fold"
        yield (
            "training",
            f"Training{several}: loss and accuracy per epoch",
            lambda: TrainingHistoryDisplay(first).plot(),
        )
    yield (
        "distribution",
        "Number of images per class",
        lambda: ClassDistributionDisplay.from_labels(subject.y, target_names=names),
    )
    if subject.shows_images:
        yield from _image_plans(subject, table["row"].to_numpy(), y_true, y_pred)


def histories_of(subject: Subject) -> dict[str, Any]:
    """Trainings of the model, by fold."""
    return {
        f"fold {fold + 1}" if subject.result.cv != "prefit" else "training": history
        for (name, fold), history in subject.result.histories.items()
        if name == subject.model
    }


def _operating_point_plans(
    subject: Subject, y_true: npt.NDArray[np.intp], y_pred: npt.NDArray[np.intp]
) -> Plans:
    """That of the positive class, if there is one, it is scored and both kinds occur."""
    result, names = subject.result, subject.names
    recorded = result.recorded(subject.model)
    scores = None if result.positive is None else recorded.scores_of(result.positive)
    if scores is None:
        return
    positive = result.classes.tolist().index(result.positive)
    if len(np.unique(y_true == positive)) < 2:
        return
    default = 0.5 if recorded.probabilities is not None else 0.0
    threshold, its_own = threshold_of(scores, y_pred == positive, default)
    several = len(names) > 2
    of_which = f" of class “{names[positive]}” against the rest" if several else ""
    why = "the largest score decides" if several else "the thresholds of the folds differ"
    note = "" if its_own else f" ({default:g} is marked; {why})"
    yield (
        "operating_point",
        f"ROC curve, and sensitivity and specificity by threshold{of_which}{note}",
        lambda: OperatingPointDisplay.from_predictions(
            y_true,
            scores,
            pos_label=positive,
            groups=subject.groups,
            threshold=threshold,
            target_names=names,
        ),
    )


def _image_plans(subject: Subject, rows: Any, y_true: Any, y_pred: Any) -> Plans:
    result, names, shape = subject.result, subject.names, subject.image_shape
    yield (
        "samples",
        "An image of each class",
        lambda: ImageGridDisplay.from_images(
            subject.X, subject.y, target_names=names, image_shape=shape
        ),
    )
    chosen, sure = worst_mistakes(result, subject.model)
    if len(chosen):
        shown = None if result.recorded(subject.model).probabilities is None else sure
        yield (
            "mistakes",
            "The first mistakes" if sure is None else "Worst mistakes: the most confident ones",
            lambda: PredictionGridDisplay.from_predictions(
                safe_indexing(subject.X, rows[chosen]),
                y_true[chosen],
                y_pred[chosen],
                None if shown is None else shown[chosen],
                image_names=[f"{number + 1}" for number in range(len(chosen))],
                target_names=names,
                image_shape=shape,
            ),
        )
    looked = looked_at(result, subject.model)
    found = [result.fitted.get((subject.model, fold)) for fold in looked["fold"]]
    with_network = {n: outer for n, outer in enumerate(found) if has_network(outer)}
    if with_network:
        yield (
            "saliency",
            f"Where the network looked, in {_numbers(list(with_network), len(found), len(chosen))}",
            lambda: _saliency(subject, looked["row"].to_numpy(), with_network),
        )


def _numbers(shown: list[int], n: int, n_mistakes: int) -> str:
    """Which of the first mistakes, or without any, of the first images are shown."""
    if not n_mistakes:
        return "the first images" if len(shown) == n else "some of the first images"
    if len(shown) == n:
        return "the first of these"
    *others, last = (f"{number + 1}" for number in shown)
    named = f"numbers {', '.join(others)} and {last}" if others else f"number {last}"
    return f"{named} of these"


def _saliency(
    subject: Subject, rows: npt.NDArray[np.intp], estimators: dict[int, Any]
) -> tuple[Any, str]:
    """What each image's own estimator looked at, and how that was found.

    It is the estimator of its fold, which was not trained on the image.
    """
    parts = [
        SaliencyDisplay.from_estimator(
            estimator, safe_indexing(subject.X, [rows[number]]), target_names=subject.names
        )
        for number, estimator in estimators.items()
    ]
    names = ("images", "maps", "class_names", "scores")
    images, maps, classes, scores = ([getattr(p, name)[0] for p in parts] for name in names)
    if len(worst_mistakes(subject.result, subject.model)[0]):  # which are numbered
        classes = [f"No. {n + 1}: {name}" for n, name in zip(estimators, classes, strict=True)]
    display = SaliencyDisplay(images, maps, classes, scores, score_kind=parts[0].score_kind).plot()
    methods = {"grad_cam": "Grad-CAM", "occlusion": "occlusion"}
    how = " and ".join(dict.fromkeys(methods[str(part.method)] for part in parts))
    return display, f" ({how})"


def looked_at(result: EvaluationResult, model: str) -> pd.DataFrame:
    """Predictions of which is shown where the network looked: the worst mistakes, if any."""
    table, (mistakes, _) = result.per_model(model), worst_mistakes(result, model)
    return (table.iloc[mistakes] if len(mistakes) else table).head(_N_LOOKED_AT)


def worst_mistakes(
    result: EvaluationResult, model: str
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64] | None]:
    """Positions in the predictions, a dozen at most, the surest first; and how sure of them all."""
    table, confidence = result.per_model(model), result.recorded(model).confidence
    wrong = np.flatnonzero(table["y_true"] != table["y_pred"])
    if confidence is not None:
        wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return wrong[:_N_MISTAKES], confidence


def codes_of(result: EvaluationResult, labels: Any) -> npt.NDArray[np.intp]:
    """Positions of labels among the classes."""
    return np.asarray(np.searchsorted(result.classes, column_or_1d(labels)))
