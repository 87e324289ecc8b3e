"""Comparison of models on the same samples."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from skdl._utils.labels import check_kind, check_length, class_labels, filled
from skdl._utils.text import plain, shortened
from skdl.metrics._checks import check_level, check_scores
from skdl.metrics._confusion import positive_class
from skdl.metrics._delong import placements
from skdl.metrics._groups import groups_of
from skdl.metrics._paired import Model, compare_pair

if TYPE_CHECKING:
    import pandas as pd


def compare_models(
    y_true: Any,
    predictions: Mapping[str, Any],
    *,
    groups: Any = None,
    pos_label: Any = None,
    labels: Sequence[Any] | None = None,
    y_pred: Mapping[str, Any] | None = None,
    threshold: float | None = None,
    level: float = 0.95,
) -> "pd.DataFrame":
    """Compare each pair of models: areas under the ROC curves, and predicted labels.

    The areas are compared with the test of DeLong et al. for curves of the same samples, the labels
    with McNemar's test: exact if fewer than 25 samples are classified correctly by only one of the
    two models, otherwise chi-squared with Edwards's continuity correction. Differences of accuracy,
    balanced accuracy, sensitivity and specificity have intervals for paired samples. All methods
    assume that samples are independent or, with `groups`, that groups are.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    predictions : mapping of str to array-like, or DataFrame
        Predictions of each model for the same samples: for two classes, scores of shape (n,), which
        are probabilities of the positive class or decision values; probabilities of shape
        (n, n_classes); or labels of shape (n,). Numbers that are all labels are treated as labels,
        unless `y_pred` has the labels; in that case, pass None for a model without scores.
    groups : array-like of shape (n,), default=None
        The group of each sample, such as the patient shown in an image. Samples of a group may be
        correlated; groups are independent. If None, or if each group has one sample, all samples
        are assumed to be independent.
    pos_label : int, float, bool or str, default=None
        The positive class. If None, use 1 of {0, 1} or {-1, 1}, or True of {False, True}, or the
        last class if all models predict labels or probabilities of both classes. With more than two
        classes, it is compared with the rest; if None, only the correctness of predictions is
        compared, not areas.
    labels : sequence, default=None
        All classes, in the order of the columns of probabilities. If None, use the sorted labels of
        `y_true`.
    y_pred : mapping of str to array-like of shape (n,), default=None
        Labels that models predicted, by the names in `predictions`. Pass them if the label is not
        the class of the largest score: for tuned thresholds, or for ``SVC``, whose probabilities
        and labels differ. Labels of other models are derived from their scores.
    threshold : float, default=None
        For models without labels in `y_pred`: samples with at least this score are predicted
        positive. If None, use 0.5 for scores within [0, 1] and 0 for others; with probabilities of
        all classes, predict the class with the largest.
    level : float, default=0.95
        Confidence level of the intervals of the differences.

    Returns
    -------
    comparison : pandas.DataFrame
        One row per pair, with the columns

        - `model_a`, `model_b`;
        - `auc_a`, `auc_b`, `auc_difference` (a minus b), `auc_difference_low` and
          `auc_difference_high`, the test statistic `delong_z` and its two-sided `delong_p`; with
          `groups`, from the method of Obuchowski (1997);
        - `accuracy_a`, `accuracy_b`, `only_a_right` and `only_b_right` (numbers of samples),
          `mcnemar_method` ("exact" or "chi-squared") and the two-sided `mcnemar_p`;
        - `accuracy_difference` (a minus b), `accuracy_difference_low` and
          `accuracy_difference_high`; the same for `balanced_accuracy`, and for `sensitivity` and
          `specificity`, which are missing with more than two classes and no `pos_label`;
        - `delong_p_holm`, `mcnemar_p_holm`: p values adjusted for the number of pairs, separately
          for each test;
        - `reason`: why areas, their test or the interval of a difference are missing, or "".

    Raises
    ------
    ValueError
        If there are fewer than two models, `y_true` has only one class, the arrays differ in
        length, a value is NaN, `y_pred` has another name or other labels, or the positive class
        is needed and cannot be guessed. If a group is missing, or there is only one group.

    Warns
    -----
    UserWarning
        If there are fewer than 10 groups.

    See Also
    --------
    confidence_interval : The interval of one score of one model.

    Notes
    -----
    With `groups`, McNemar's test counts, for each group, how many more samples one model classifies
    correctly than the other. Chi-squared is the square of the sum of these numbers divided by the
    sum of their squares (Obuchowski 1998, as modified by Yang et al. 2010). If fewer than 25 of the
    numbers are not 0, an exact test compares their sum with the sums for all possible signs. With
    groups of one sample each, both are McNemar's tests. Intervals of differences combine those of
    both proportions (see :func:`confidence_interval`) with their correlation over groups.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver
    operating characteristic curves: a nonparametric approach", Biometrics 44 (1988), 837-845.

    McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12 (1947), 153-157.

    Newcombe, "Improved confidence intervals for the difference between binomial proportions based
    on paired data", Statistics in Medicine 17 (1998), 2635-2650, method 10. Averages over classes:
    Zou and Donner, "Construction of confidence limits about effect measures: a general approach",
    Statistics in Medicine 27 (2008), 1693-1702.

    Edwards, "Note on the 'correction for continuity' in testing the significance of the difference
    between correlated proportions", Psychometrika 13 (1948), 185-187.

    Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53 (1997), 567-578.

    Obuchowski, "On the comparison of correlated proportions for clustered data", Statistics in
    Medicine 17 (1998), 1495-1507.

    Durkalski, Palesch, Lipsitz and Rust, "Analysis of clustered matched-pair data", Statistics in
    Medicine 22 (2003), 2417-2428.

    Yang, Sun and Hardin, "A note on the tests for clustered matched-pair binary data", Biometrical
    Journal 52 (2010), 638-652; "Confidence intervals for the difference of marginal probabilities
    in clustered matched-pair binary data", Pharmaceutical Statistics 11 (2012), 386-393.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979), 65-70.

    Examples
    --------
    >>> from skdl.metrics import compare_models
    >>> y_true = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> svc = [-1.2, -0.8, -0.3, -0.1, 0.2, 0.6, 0.9, 1.5]
    >>> cnn = [0.1, 0.6, 0.3, 0.7, 0.4, 0.9, 0.8, 0.2]
    >>> table = compare_models(y_true, {"svc": svc, "cnn": cnn})
    >>> table[["model_a", "model_b", "auc_difference", "only_a_right"]]
      model_a model_b  auc_difference  only_a_right
    0     svc     cnn          0.3125             4
    """
    import pandas as pd

    check_level(level)
    true, models, label = _models(y_true, predictions, pos_label, labels, y_pred, threshold)
    together = None if groups is None else groups_of(groups, len(true))
    strata = true if label is None else true == label
    rows = [
        {"model_a": a.name, "model_b": b.name} | compare_pair(a, b, strata, together, level)
        for a, b in combinations(models, 2)
    ]
    table = pd.DataFrame(rows)
    for test in ("delong", "mcnemar"):
        place = table.columns.get_loc(f"{test}_p") + 1
        table.insert(place, f"{test}_p_holm", holm(table[f"{test}_p"].to_numpy()))
    table["reason"] = table.pop("reason")  # last
    return table


def _models(
    y_true: Any,
    predictions: Any,
    pos_label: Any,
    labels: Any,
    y_pred: Any,
    threshold: float | None,
) -> tuple[npt.NDArray[Any], list[Model], Any]:
    """The true labels, the models and the positive class, or None of several."""
    _check_mapping(predictions, "predictions")
    if len(predictions) < 2:
        raise ValueError(f"A comparison needs at least two models. Got {len(predictions)}.")
    true = class_labels(y_true, "y_true")
    given = _given_labels(y_pred, predictions)
    found = {
        name: given[name] if values is None and name in given else filled(values, shortened(name))
        for name, values in predictions.items()
    }
    scores = {name for name, values in predictions.items() if values is not None and name in given}
    for name, values in [*found.items(), *given.items()]:
        check_length(values, shortened(name), true, "y_true")
    classes = np.unique(true) if labels is None else np.asarray(labels)
    _check_classes(true, classes)
    label: Any = None
    scored = any(
        v.ndim == 1 and (name in scores or not _are_labels(v, classes)) for name, v in found.items()
    )
    if pos_label is not None or (scored and len(classes) == 2):
        label = positive_class(classes, pos_label)
    elif len(classes) == 2:  # either will do
        label = classes[-1]
    models = [
        _model(name, values, given.get(name), name in scores, true, classes, label, threshold)
        for name, values in found.items()
    ]
    return true, models, label


def _check_mapping(given: Any, name: str) -> None:
    if not hasattr(given, "items"):
        raise ValueError(
            f"{name} must be a mapping of names of models to their predictions, such as "
            f"{{'svc': …, 'cnn': …}}. Got {type(given).__name__}."
        )


def _given_labels(y_pred: Any, models: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    if y_pred is None:
        return {}
    _check_mapping(y_pred, "y_pred")
    unknown = [name for name in y_pred if name not in models]
    if unknown:
        raise ValueError(
            f"y_pred names a model that is not in `predictions`: {shortened(unknown[0])}. "
            f"The models are: {shortened(list(models))}."
        )
    return {name: class_labels(v, f"y_pred[{shortened(name)}]") for name, v in y_pred.items()}


def _check_classes(true: npt.NDArray[Any], classes: npt.NDArray[Any]) -> None:
    unknown = plain(np.setdiff1d(true, classes))
    if unknown:
        raise ValueError(f"y_true holds labels that are not in `labels`: {shortened(unknown)}.")
    present = plain(np.unique(true))
    if len(present) == 1:
        raise ValueError(
            f"y_true has only one class, {shortened(present[0])}. A comparison needs at least two."
        )


def _are_labels(values: npt.NDArray[Any], classes: npt.NDArray[Any]) -> bool:
    return values.dtype.kind not in "iuf" or bool(np.isin(values, classes).all())


def _model(
    name: str,
    values: npt.NDArray[Any],
    given: npt.NDArray[Any] | None,
    are_scores: bool,
    true: npt.NDArray[Any],
    classes: npt.NDArray[Any],
    label: Any,
    threshold: float | None,
) -> Model:
    if values.ndim == 1 and not are_scores and _are_labels(values, classes):
        right = _right(name, values if given is None else given, true, label)
        return Model(name, right, None, f"{name} has only labels, no scores")
    scores = check_scores(values, shortened(name), len(classes))
    if label is None and scores.ndim == 1:
        raise ValueError(
            f"There are {len(classes)} classes, so {shortened(name)} must have probabilities of "
            f"shape (n, {len(classes)}), or labels. For one class against the rest, pass pos_label."
        )
    predicted = _labels_of(scores, classes, label, threshold) if given is None else given
    right = _right(name, predicted, true, label)
    if label is None:
        return Model(name, right, None, "there are more than two classes, and no pos_label")
    one = scores if scores.ndim == 1 else scores[:, classes.tolist().index(label)]
    positive = true == label
    if min(positive.sum(), (~positive).sum()) < 2:
        return Model(name, right, None, "an area needs two samples of each class")
    return Model(name, right, placements(positive, one))


def _right(
    name: str, predicted: npt.NDArray[Any], true: npt.NDArray[Any], label: Any
) -> npt.NDArray[np.bool_]:
    """Which labels are right; of one class against the others, whether it is that class."""
    check_kind(true, "y_true", predicted, shortened(name))
    right: npt.NDArray[np.bool_] = (
        predicted == true if label is None else (predicted == label) == (true == label)
    )
    return right


def _labels_of(
    scores: npt.NDArray[np.float64],
    classes: npt.NDArray[Any],
    label: Any,
    threshold: float | None,
) -> npt.NDArray[Any]:
    """What a model predicts that says no more than scores."""
    if label is None or (scores.ndim == 2 and threshold is None):
        return np.asarray(classes[scores.argmax(axis=1)])
    one = scores if scores.ndim == 1 else scores[:, classes.tolist().index(label)]
    if threshold is None:
        threshold = 0.5 if one.min() >= 0 and one.max() <= 1 else 0.0
    (other, *_) = [c for c in classes.tolist() if c != label]
    return np.asarray(np.where(one >= threshold, label, other))


def holm(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """P values adjusted for their number; those that are NaN do not count."""
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known])]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted
