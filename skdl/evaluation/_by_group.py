"""One decision for several images, such as those of a patient.

Decisions: docs/decisions.md#groups.
"""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl._utils.checks import check_choice
from skdl._utils.labels import listed
from skdl._utils.text import counted, plain, shortened
from skdl.evaluation._folds import Fold, FoldRecord
from skdl.evaluation._joining import Joining
from skdl.evaluation._recorded import RecordedNumbers
from skdl.evaluation._targets import Targets

if TYPE_CHECKING:
    from skdl.evaluation._result import EvaluationResult

How: TypeAlias = Literal["mean", "max", "noisy_or"]

_MADE_ANEW = (
    "scores",
    "missing",
    "predictions",
    "times",
    "histories",
    "fitted",
    "classes",
    "choices",
)
_TIMES = ("n_cores", "fit_seconds", "predict_seconds", "stored_seconds")
SEVERAL = "several"  # the value of a group whose images have several


class Grouping(NamedTuple):
    """How groups were made, their names, labels and first rows of X, and of which evaluation."""

    how: str
    names: npt.NDArray[Any]
    labels: npt.NDArray[Any]
    first_rows: npt.NDArray[np.intp]
    of_images: Any


@dataclass(frozen=True, kw_only=True, repr=False)
class GroupScores:
    """The part of an evaluation's result that joins the images of a group."""

    grouping: Grouping | None = field(default=None, repr=False)

    def by_group(self, how: How = "mean") -> Any:
        """Combine the images of each group, such as a patient, into one decision.

        Requires ``evaluate(…, groups=…)`` and folds that keep groups together.

        Parameters
        ----------
        how : {"mean", "max", "noisy_or"}, default="mean"
            How to combine the probabilities p of a group's images. "mean" uses the mean of each
            class. "max" uses the largest probability of the positive class, so that one suspicious
            image is enough. "noisy_or" uses 1 - Π(1 - p) of the positive class, the probability
            that any image is positive if errors are independent; within one patient they hardly
            are, so it is too high with many images. "mean" and "max" also work with decision
            values.

        Returns
        -------
        result : EvaluationResult or RegressionResult
            One row per tested group, in sorted order. "row" in its tables is the position of the
            group, and `predictions` has a column "group". Scores, `summary()`, `compare()`,
            `subgroups()`, displays and the report refer to groups; "n_train" in `times`, and
            `leaks`, count images. Pass X and y of the images to `report`.

        Raises
        ------
        ValueError
            If the evaluation has no groups, a group is split between test folds, `how` needs a
            positive class or probabilities and there are none, or images of a group have several
            labels none of which is the positive class.

        See Also
        --------
        EvaluationResult.summary : Scores of all groups together, with intervals.

        Notes
        -----
        Numbers, both true and predicted ones, are averaged, which is "mean".

        The true label of a group is the positive class if any of its images has it, whatever `how`
        is: one malignant lesion makes a patient a case. The positive class is ``result.positive``:
        with two classes there always is one, with more it is `pos_label`. Without a positive class,
        all images of a group must have the same label.

        The predicted label of a group is the one that the classifier would assign to the combined
        score: the class with the largest score, or the positive class if the score reaches the
        decision threshold. The threshold of a classifier with a custom one, such as
        ``TunedThresholdClassifierCV``, is inferred from the labels of the images of each fold. With
        "max" and "noisy_or", a group is also positive if any of its images was predicted to be
        positive. If labels do not follow from the scores, or there are no scores, "mean" uses the
        label of most images and, in a tie, the positive class. With more than two classes, "max"
        and "noisy_or" set the score of the positive class, and the others share the rest as in the
        mean.

        References
        ----------
        Pearl, Probabilistic Reasoning in Intelligent Systems, Morgan Kaufmann (1988), section
        4.3.2, for the noisy or.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from skdl.evaluation import evaluate
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> order = np.argsort(y, kind="stable")
        >>> patients = np.arange(len(y)) // 3  # three images each
        >>> result = evaluate(GaussianNB(), X[order], y[order], groups=patients)
        >>> by_patient = result.by_group("max")
        >>> len(result.predictions), len(by_patient.predictions)
        (569, 190)
        >>> by_patient.predictions.columns.tolist()[:4]
        ['model', 'fold', 'row', 'group']
        """
        check_choice(how, "how", ("mean", "max", "noisy_or"))
        return _joined(self, how)


def _joined(result: Any, how: str) -> Any:
    from skdl.evaluation._collecting import make_result  # which is made of this

    groups = _groups_of(result)
    of_numbers = not hasattr(result, "classes")
    if how != "mean" and of_numbers:
        raise ValueError(
            f"how={how!r} needs a positive class, but the models predict numbers. Pass how='mean'."
        )
    if how != "mean" and result.positive is None:
        raise ValueError(
            f"how={how!r} needs a positive class, and there are {len(result.classes)} classes: "
            f"{listed(result.classes.tolist())}. Evaluate with pos_label=…, or pass how='mean'."
        )
    images = result.predictions.drop_duplicates("row").sort_values("row")
    rows = images["row"].to_numpy()
    names, first, codes = np.unique(groups[rows], return_index=True, return_inverse=True)
    code_of = np.full(len(groups), -1)
    code_of[rows] = codes
    _check_whole(result, code_of, names)
    y_true = images["y_true"].to_numpy()
    if of_numbers:
        truth = _means(y_true, codes)
    else:
        truth = _true_labels(y_true, codes, names, result.positive)
    tests: dict[int, npt.NDArray[np.intp]] = {}
    records = {}
    for times in result.times.to_dict("records"):
        key = times["model"], times["fold"]
        chosen = (result.predictions["model"] == key[0]) & (result.predictions["fold"] == key[1])
        records[key], test = _record(result, times, result.predictions[chosen], code_of, how)
        tests.setdefault(times["fold"], test)
        if len(test):
            tests[times["fold"]] = test
    kept = {f.name: getattr(result, f.name) for f in fields(result) if f.name not in _MADE_ANEW}
    metrics = kept.pop("_metrics")
    del kept["metrics"]
    together = np.asarray(result.groups)[rows[first]]  # look-alikes may join several groups
    kept |= {
        "groups": together if len(np.unique(together)) < len(together) else None,
        "own_groups": None,
        "look_alikes": None,
        "subgroup_values": _common_values(result.subgroup_values, code_of, len(names)),
        "grouping": Grouping(how, names, truth, rows[first], result),
    }
    nothing = np.empty(0, dtype=np.intp)
    folds = [Fold(number, nothing, test) for number, test in tests.items()]
    found = make_result(records, folds, Targets(truth, of_numbers), metrics, **kept)
    place = found.predictions.columns.get_loc("row") + 1
    found.predictions.insert(place, "group", names[found.predictions["row"]])
    return found


def _groups_of(result: "EvaluationResult") -> npt.NDArray[Any]:
    if result.own_groups is not None:
        return result.own_groups
    if result.grouping is not None:
        raise ValueError("The rows of this evaluation are already groups.")
    raise ValueError("The evaluation has no groups. Pass them with evaluate(…, groups=…).")


def _check_whole(
    result: "EvaluationResult", code_of: npt.NDArray[np.intp], names: npt.NDArray[Any]
) -> None:
    """Refuse groups whose images different models of a fold have predicted."""
    table, whole = result.predictions, np.bincount(code_of[code_of >= 0])
    codes = code_of[table["row"].to_numpy()]
    counts = table.assign(code=codes).groupby(["model", "fold", "code"]).size().reset_index()
    found = counts["code"].to_numpy()
    split = np.unique(found[counts[0].to_numpy() != whole[found]])
    if len(split):
        raise ValueError(
            f"{counted(len(split), 'group has', 'groups have')} images in several test folds "
            f"({_named(names, split)}): cv={result.cv} does not keep groups together. "
            "Pass a splitter that does, such as StratifiedGroupKFold, or cv=None."
        )


def _true_labels(
    y: npt.NDArray[Any], codes: npt.NDArray[np.intp], names: npt.NDArray[Any], positive: Any
) -> npt.NDArray[Any]:
    """The label of each group: the positive class where an image has it, or that of all."""
    labels, of_images = np.unique(y, return_inverse=True)
    present = np.zeros((len(names), len(labels)), dtype=bool)
    present[codes, of_images] = True
    if positive is not None:
        is_positive = present[:, labels == positive].any(axis=1)
        present[np.ix_(is_positive, labels != positive)] = False
    several = np.flatnonzero(present.sum(axis=1) > 1)
    if len(several):
        what = "several labels" + (
            "" if positive is None else f", none of which is {shortened(plain(positive))}"
        )
        raise ValueError(
            f"Images of {counted(len(several), 'group')} have {what} ({_named(names, several)}). "
            "Give all images of a group the same label, or evaluate with pos_label=…, the class "
            "that a group has if any of its images has it."
        )
    return np.asarray(labels[present.argmax(axis=1)])


def _means(values: npt.NDArray[Any], codes: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """The mean of each group."""
    return np.asarray(np.bincount(codes, values) / np.bincount(codes))


def _named(names: npt.NDArray[Any], codes: npt.NDArray[np.intp]) -> str:
    more = ", …" if len(codes) > 3 else ""
    return ", ".join(shortened(plain(name)) for name in names[codes[:3]]) + more


def _common_values(
    values: pd.DataFrame | None, code_of: npt.NDArray[np.intp], n: int
) -> pd.DataFrame | None:
    """The values of subgroups that the images of each group have in common."""
    if values is None:
        return None
    tested = code_of >= 0
    found = {}
    for name in values:
        column = values[name].cat
        codes, order = column.codes.to_numpy()[tested], column.categories.tolist()
        known = codes >= 0
        present = np.zeros((n, len(order)), dtype=bool)
        present[code_of[tested][known], codes[known]] = True
        joined = np.where(present.any(axis=1), present.argmax(axis=1), -1)
        several = present.sum(axis=1) > 1
        if several.any():
            order = [*order, *([] if SEVERAL in order else [SEVERAL])]
            joined[several] = order.index(SEVERAL)
        found[name] = pd.Categorical.from_codes(joined, categories=order, ordered=True)
    return pd.DataFrame(found)


# ---- one fold -----------------------------------------------------------------------------------


def _record(
    result: Any,
    times: dict[str, Any],
    images: pd.DataFrame,
    code_of: npt.NDArray[np.intp],
    how: str,
) -> tuple[FoldRecord, npt.NDArray[np.intp]]:
    """What a model said of the groups of a fold, and which groups these are."""
    model, fold = times["model"], times["fold"]
    test, codes = np.unique(code_of[images["row"].to_numpy()], return_inverse=True)
    record = FoldRecord(fold, times["n_train"], len(test))
    for name in _TIMES:
        setattr(record, name, times[name])
    record.history = result.histories.get((model, fold))
    record.estimator = result.fitted.get((model, fold))
    if images.empty:
        missing = result.missing
        chosen = (missing["model"] == model) & (missing["fold"] == fold)
        record.failure = str(missing.loc[chosen, "reason"].iloc[0])
        return record, test
    for name, metric in result._metrics.items():
        if metric.needs_estimator:
            record.scores[name] = np.nan
            record.reasons[name] = "It needs the estimator, which predicts images, not groups."
    said = result._recorded_of(images)
    if isinstance(said, RecordedNumbers):
        record.recorded = RecordedNumbers(_means(said.predicted, codes))
        return record, test
    if how == "noisy_or" and said.probabilities is None and said.decisions is not None:
        raise ValueError(
            f"how='noisy_or' needs probabilities, and {shortened(model)} has decision values. Wrap "
            "it in CalibratedClassifierCV, or pass how='mean' or how='max'."
        )
    record.recorded = Joining(said, codes, how, result.positive).joined()
    return record, test
