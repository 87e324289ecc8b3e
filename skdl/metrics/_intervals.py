"""Confidence intervals of scores.

Decisions: docs/decisions.md#scores-and-intervals.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

from skdl._utils.checks import check_choice, check_whole
from skdl._utils.compat import generator_of
from skdl.metrics._bootstrap import bca_interval
from skdl.metrics._checks import check_level
from skdl.metrics._confusion import AVERAGES
from skdl.metrics._estimates import Estimate, estimate_score

Method: TypeAlias = Literal[
    "auto", "wilson", "mover", "delong", "obuchowski", "wald", "chi-squared", "t", "bootstrap"
]
IntervalAverage: TypeAlias = Literal["auto", "binary", "macro", "weighted", "multiclass"]

_METHODS = {
    "wilson": "proportions: accuracy, and sensitivity, specificity, PPV, NPV and F1 of one class",
    "mover": "averages over classes, the geometric mean and likelihood ratios",
    "delong": "the area under ROC curves",
    "obuchowski": "the area under ROC curves of samples in groups",
    "wald": "calibration slope and intercept, the Brier score and its skill, and numbers",
    "chi-squared": "the expected calibration error",
    "t": "bias and limits of agreement",
}


class ConfidenceInterval(NamedTuple):
    """A score with its confidence interval.

    Parameters
    ----------
    estimate : float
        The score of the samples.
    low, high : float
        The ends of the interval.

    Examples
    --------
    >>> from skdl.metrics import ConfidenceInterval
    >>> estimate, low, high = ConfidenceInterval(0.9, 0.85, 0.94)
    >>> f"{estimate:.2f} ({low:.2f} to {high:.2f})"
    '0.90 (0.85 to 0.94)'
    """

    estimate: float
    low: float
    high: float


def confidence_interval(
    score: str | Callable[[Any, Any], float],
    y_true: Any,
    y_pred: Any,
    *,
    groups: Any = None,
    pos_label: Any = None,
    average: IntervalAverage = "auto",
    method: Method = "auto",
    level: float = 0.95,
    stratified: bool = True,
    n_resamples: int = 2000,
    random_state: Any = None,
) -> ConfidenceInterval:
    """Confidence interval of a score of test samples.

    It reflects how much the score would vary with other test samples, not with other training
    samples. Samples must be independent, or belong to independent `groups`.

    Parameters
    ----------
    score : str or callable
        "accuracy", "balanced_accuracy", "sensitivity", "specificity", "ppv", "npv", "f1",
        "geometric_mean", "positive_likelihood_ratio", "negative_likelihood_ratio",
        "quadratic_kappa" (of labels);
        "roc_auc" (of scores); "brier", "brier_skill", "expected_calibration_error",
        "calibration_slope" or "calibration_intercept" (of probabilities); "r2", "mae", "rmse",
        "bias", "lower_limit_of_agreement" or "upper_limit_of_agreement" (of numbers). Or a function
        ``(y_true, y_pred) -> float``: functions of this module and of scikit-learn that compute one
        of these scores, such as ``recall_score``, ``roc_auc_score`` or ``brier_score_loss``, are
        treated like the name, also with parameters bound by ``functools.partial``. Any other
        function is called with arrays of resampled rows; it is undefined if it returns NaN, raises
        ValueError or warns with ``UndefinedMetricWarning``.
    y_true : array-like of shape (n,)
        True labels, or true numbers.
    y_pred : array-like of shape (n,), or (n, n_classes) for scores of probabilities
        Input of `score`: predicted labels; for "roc_auc", probabilities of the positive class or
        decision values, or probabilities of all classes in sorted order (with more than two
        classes, the score is the mean area of each against the rest); for "brier" and the
        probability scores after it, probabilities of the positive class, or of all classes.
    groups : array-like of shape (n,), default=None
        The group of each sample, such as the patient shown in an image. Samples of a group may be
        correlated; groups are independent. If None, or if each group has one sample, all samples
        are assumed to be independent.
    pos_label : int, float, bool or str, default=None
        The positive class, for scores by name. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}; required with other labels, except for accuracy and averages.
    average : {"auto", "binary", "macro", "weighted", "multiclass"}, default="auto"
        For scores by name, as in :func:`sensitivity_score`: "auto" is the score of the positive
        class if at most two classes occur or `pos_label` is given, and otherwise the mean over the
        classes ("macro"), or, for the geometric mean, that of all sensitivities ("multiclass").
    method : {"auto", "wilson", "mover", "delong", "obuchowski", "wald", "chi-squared", "t", \
"bootstrap"}, default="auto"
        "auto" uses the first of these that applies to `score`. "wilson" is for proportions:
        accuracy, and sensitivity, specificity, PPV, NPV and F1 of one class. "mover" combines the
        intervals of proportions: averages over classes, balanced accuracy, the geometric mean and
        likelihood ratios. "delong" is for "roc_auc", on the logit scale; "obuchowski" replaces it
        with `groups`. "wald" is for the Brier score (on the logit scale), its skill (on the scale
        of the logarithm of 1 minus the skill), and calibration slope and intercept, with a variance
        that does not assume the curve to be logistic. "chi-squared" is for the expected calibration
        error. For numbers, "wald" is for "r2", "mae" and "rmse", and for grades, for
        "quadratic_kappa", on logarithmic scales; "t" is for the bias and the limits of agreement,
        see :func:`limits_of_agreement`. "bootstrap", bias-corrected and accelerated, is for any
        score except the calibration error. With `groups`, "bootstrap" resamples groups, and the
        other methods account for the correlation of samples within groups.
    level : float, default=0.95
        Confidence level, between 0 and 1.
    stratified : bool, default=True
        Whether resamples of the bootstrap keep the number of samples of each class. Use False if
        the class frequencies are themselves random and the score depends on them. With `groups`,
        resamples keep the number of groups of each class; if a group has several classes, groups
        are drawn as with False.
    n_resamples : int, default=2000
        Number of bootstrap resamples.
    random_state : int, RandomState instance, Generator or None, default=None
        Random seed of the bootstrap. If None, resamples differ between calls.

    Returns
    -------
    interval : ConfidenceInterval
        Named tuple of `estimate`, `low` and `high`.

    Raises
    ------
    ValueError
        If the method does not apply to the score, the score is undefined for the samples or for
        more than a tenth of the resamples, arrays are empty or differ in length, a score is NaN, or
        a parameter is out of range. If a group is missing, there is only one group, or all samples
        that a proportion is computed from, such as those of one class, belong to one group.

    Warns
    -----
    UndefinedMetricWarning
        If the score is undefined for some resamples, which are left out.
    UserWarning
        If the interval has no width and is thus uninformative: with DeLong's method, an area
        without variance, such as 0 or 1 or that of equal scores; with the bootstrap, the same score
        in all resamples. If there are fewer than 10 groups.

    See Also
    --------
    compare_models : Differences between models, with tests.
    wilson_interval : The interval of a proportion, from counts.

    Notes
    -----
    With `groups`, a proportion has Wilson's interval for n / d samples, with a quantile of
    Student's t distribution. The design effect d is the variance of the proportion as a ratio of
    sums over groups (Rao and Scott 1992), or that of one intra-class correlation of all groups
    (Donner and Klar 2000), whichever is larger, divided by that of independent samples. The
    correlation of several proportions through groups is included in the intervals of scores that
    combine them. The quantiles of the bootstrap of groups are widened to those of Student's t
    distribution (Hesterberg 2015). ``docs/metrics.md`` shows how often the intervals contain the
    true value.

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927),
    209-212.

    Zou and Donner, "Construction of confidence limits about effect measures: a general approach",
    Statistics in Medicine 27 (2008), 1693-1702.

    Donner and Zou, "Closed-form confidence intervals for functions of the normal mean and standard
    deviation", Statistical Methods in Medical Research 21 (2012), 347-359.

    Lam, "Confidence intervals for the F1 score: a comparison of four methods", arXiv:2309.14621
    (2023).

    DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver
    operating characteristic curves: a nonparametric approach", Biometrics 44 (1988), 837-845.

    Sun and Xu, "Fast implementation of DeLong's algorithm for comparing the areas under correlated
    receiver operating characteristic curves", IEEE Signal Processing Letters 21 (2014), 1389-1393.

    MacKinnon and White, "Some heteroskedasticity-consistent covariance matrix estimators with
    improved finite sample properties", Journal of Econometrics 29 (1985), 305-325.

    Sun, Chaudhari, Barnett and Dobriban, "A confidence interval for the l2 expected calibration
    error", arXiv:2408.08998 (2024).
    Rao and Scott, "A simple method for the analysis of clustered binary data", Biometrics 48
    (1992), 577-585.

    Donner and Klar, Design and Analysis of Cluster Randomization Trials in Health Research, Arnold
    (2000), chapter 6.

    Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53 (1997), 567-578.

    Hesterberg, "What teachers should know about the bootstrap: resampling in the undergraduate
    statistics curriculum", The American Statistician 69 (2015), 371-386.

    Efron and Tibshirani, An Introduction to the Bootstrap, Chapman & Hall (1993), chapter 14.

    Examples
    --------
    >>> from skdl.metrics import confidence_interval
    >>> y_true = [1] * 50 + [0] * 150
    >>> y_pred = [1] * 45 + [0] * 5 + [0] * 135 + [1] * 15
    >>> estimate, low, high = confidence_interval("sensitivity", y_true, y_pred)
    >>> f"{estimate:.2f} ({low:.2f} to {high:.2f})"
    '0.90 (0.79 to 0.96)'
    >>> estimate, low, high = confidence_interval("balanced_accuracy", y_true, y_pred)
    >>> f"{estimate:.2f} ({low:.2f} to {high:.2f})"
    '0.90 (0.84 to 0.93)'

    With 40 patients and five similar images per patient:

    >>> patients = [i // 5 for i in range(200)]
    >>> estimate, low, high = confidence_interval("accuracy", y_true, y_pred, groups=patients)
    >>> f"{estimate:.2f} ({low:.2f} to {high:.2f})"
    '0.90 (0.76 to 0.96)'
    """
    check_level(level)
    check_choice(method, "method", ("auto", *_METHODS, "bootstrap"))
    check_whole(n_resamples, "n_resamples", low=1)
    check_choice(average, "average", AVERAGES)
    generator = generator_of(random_state)
    estimate = estimate_score(score, y_true, y_pred, pos_label, average, groups)
    if _settled(method, estimate) == "bootstrap" or estimate.limits is None:
        resamples = estimate.resample(stratified, n_resamples, generator)
        low, high = bca_interval(estimate.name, estimate.value, resamples, level)
    else:
        low, high = estimate.limits(level)
    return ConfidenceInterval(estimate.value, low, high)


def _settled(method: Method, estimate: Estimate) -> str:
    if method == "auto" or (method, estimate.method) == ("obuchowski", "delong"):
        return estimate.method  # without groups, the two are the same
    if method not in (estimate.method, "bootstrap"):
        own = "" if estimate.method == "bootstrap" else f"{estimate.method!r} or "
        raise ValueError(
            f"method={method!r} is for {_METHODS[method]}. For {estimate.name} here, use method="
            f"{own}'bootstrap'."
        )
    return method
