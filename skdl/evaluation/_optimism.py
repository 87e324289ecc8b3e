"""What scores would have been if groups and look-alikes had been ignored.

Decisions: docs/decisions.md#groups.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import (
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
)

from skdl._utils.checks import check_whole
from skdl.evaluation._checkpoint import digest_of_data
from skdl.evaluation._input import check_data
from skdl.evaluation._recorded import Recorded
from skdl.evaluation._run import Run, run_tasks
from skdl.evaluation._scoring import Metric
from skdl.evaluation._splits import make_folds
from skdl.evaluation._targets import Targets
from skdl.metrics import check_level

if TYPE_CHECKING:
    from skdl.evaluation._result import EvaluationResult

_MAX_UNDEFINED = 0.1  # share of resamples without a score, above which there is no interval


@dataclass(frozen=True, kw_only=True, repr=False)
class Optimism:
    """The part of an evaluation's result that knows how good scores would have looked."""

    def optimism(
        self,
        X: Any,
        y: Any,
        *,
        level: float = 0.95,
        n_resamples: int = 1000,
        random_state: int = 0,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> pd.DataFrame:
        """Score the same models on random folds, and compare.

        Refits every model on the same number of folds. These folds, and splits inside the models,
        ignore groups and look-alikes. The increase of the scores is optimism: it comes from test
        images that are similar to images in the training data.

        Parameters
        ----------
        X : array-like of shape (n, …), or paths of shape (n,)
            The images of the evaluation, which a result does not keep.
        y : array-like of shape (n,)
            Their labels.
        level : float in (0, 1), default=0.95
            Confidence level.
        n_resamples : int, default=1000
            Number of bootstrap resamples.
        random_state : int, default=0
            Random seed of the bootstrap, and of the folds unless the splitter of the evaluation has
            its own seed.
        n_jobs : int, default=None
            Number of folds to fit in parallel; see joblib.
        verbose : int, default=0
            If 1, show a progress bar.

        Returns
        -------
        optimism : pandas.DataFrame
            One row per model and metric: "model", "metric", "ignoring" (the score on random folds),
            "apart" (the score of this evaluation), "difference", its limits "low" and "high", and
            "reason" if something is missing.

        Raises
        ------
        ValueError
            If X and y differ from the data of the evaluation, nothing was kept together (there are
            neither groups nor look-alikes, or `look_alikes` was not "group"), models were passed
            fitted, or every fold failed.

        See Also
        --------
        evaluate : Keeps groups and look-alikes together.

        Notes
        -----
        Scores are those of all out-of-fold predictions together, as in :meth:`summary`. Each image
        has a prediction of either kind, so differences are paired: the bootstrap draws whole
        groups, with all their images, scores both predictions of the drawn images, and uses
        percentiles of the difference. The interval reflects how far the difference varies with
        other groups, not how far it varies with other random folds.

        Random folds are :class:`~sklearn.model_selection.StratifiedKFold` with ``shuffle=True``:
        unshuffled folds would keep many images of a patient together if X is sorted by patient.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> from skdl import evaluate
        >>> generator = np.random.default_rng(0)
        >>> patients = np.repeat(np.arange(40), 5)
        >>> y = patients % 2
        >>> X = generator.normal(size=(40, 3))[patients] + 0.1 * generator.normal(size=(200, 3))
        >>> result = evaluate(KNeighborsClassifier(1), X, y, groups=patients, scoring="accuracy")
        >>> table = result.optimism(X, y)  # noise, which the same patient gives away
        >>> bool(table["ignoring"].item() > 0.9 and table["apart"].item() < 0.7)
        True
        """
        check_level(level)
        check_whole(n_resamples, "n_resamples", low=1)
        check_whole(random_state, "random_state", low=0)
        apart: Any = self
        ignoring = _ignoring(apart, X, y, random_state, n_jobs, verbose)
        rows = [
            {"model": model, "metric": name}
            | _compared(ignoring, apart, model, name, level, n_resamples, random_state)
            for model in apart.models
            for name in apart.metrics
        ]
        return pd.DataFrame(rows)


def _ignoring(
    result: "EvaluationResult", X: Any, y: Any, seed: int, n_jobs: int | None, verbose: int
) -> Any:
    """The evaluation of the same models on random folds."""
    from skdl.evaluation._collecting import make_result  # which is made of this

    if result.cv == "prefit" or result.groups is None:
        why = "the models were fitted" if result.cv == "prefit" else "nothing was kept together"
        raise ValueError(
            f"There is no optimism to measure: {why}. Evaluate unfitted models, with groups or "
            "images that look alike, and look_alikes='group'."
        )
    X, targets, _, digests = check_data(result.estimators, X, y, None)
    labels = targets.values
    if digest_of_data(digests(), labels, result.own_groups) != result.data_digest:
        raise ValueError(
            "X or y differs from the data of the evaluation, or is in another order. Pass the same "
            "data."
        )
    folds = make_folds(_random_folds(result, seed, targets), X, targets, None, False)
    tasks = [(name, model, fold) for name, model in result.estimators.items() for fold in folds]
    metrics = result._metrics
    judges = {name: how.scorer for name, how in metrics.items() if how.needs_estimator}
    records = run_tasks(tasks, Run((X, labels, None), judges, False, False), None, n_jobs, verbose)
    kept = {
        name: getattr(result, name)
        for name in ("leaks", "pos_label", "estimators", "cv", "data_digest", "own_groups")
        if hasattr(result, name)
    }
    nothing: dict[str, Any] = {"groups": None, "look_alikes": None, "split_groups": []}
    return make_result(records, folds, targets, metrics, **kept, **nothing)


def _random_folds(result: Any, seed: int, targets: Targets) -> Any:
    own = result._seed
    seed = own if isinstance(own, int) else seed
    n_folds = int(result.times["fold"].nunique())
    n_repeats = max(max(map(result.n_repeats, result.tested)), 1)
    if n_repeats > 1 and n_folds // n_repeats > 1:
        repeated = RepeatedKFold if targets.of_numbers else RepeatedStratifiedKFold
        return repeated(n_splits=n_folds // n_repeats, n_repeats=n_repeats, random_state=seed)
    once = KFold if targets.of_numbers else StratifiedKFold
    return once(max(n_folds, 2), shuffle=True, random_state=seed)


# ---- comparing ----------------------------------------------------------------------------------

_Part = tuple[npt.NDArray[Any], Recorded]  # true labels and predictions of one repeat


def _compared(
    ignoring: "EvaluationResult",
    apart: "EvaluationResult",
    model: str,
    name: str,
    level: float,
    n_resamples: int,
    seed: int,
) -> dict[str, Any]:
    metric = apart._metrics[name]
    if metric.needs_estimator:
        means = [
            found.scores.set_index(["model", "metric"])["value"].loc[(model, name)].mean()
            for found in (ignoring, apart)
        ]
        reason = "Means over folds: the score needs the estimator, so there is no interval."
        return _row(means[0], means[1], np.nan, np.nan, reason)
    tested = [set(found.per_model(model)["row"]) for found in (ignoring, apart)]
    rows = np.array(sorted(set.intersection(*tested)), dtype=np.intp)
    if not len(rows):
        return _row(np.nan, np.nan, np.nan, np.nan, "No image was predicted on both folds.")
    both = [_parts(found, model, rows) for found in (ignoring, apart)]
    everything = np.arange(len(rows))
    values = [_score(metric, parts, everything) for parts in both]
    reason = next((why for _, why in values if why), "")
    if reason:
        return _row(values[0][0], values[1][0], np.nan, np.nan, reason)
    assert apart.groups is not None
    members = _members(apart.groups[rows])
    generator = np.random.default_rng(seed)
    differences = []
    for _ in range(n_resamples):
        drawn = generator.integers(len(members), size=len(members))
        chosen = np.concatenate([members[place] for place in drawn])
        found, kept = (_score(metric, parts, chosen)[0] for parts in both)
        differences.append(found - kept)
    low, high = _limits(np.array(differences), level)
    if np.isnan(low):
        reason = "No interval: the score is undefined in too many resamples, or the same in all."
    return _row(values[0][0], values[1][0], low, high, reason)


def _row(ignoring: float, apart: float, low: float, high: float, reason: str) -> dict[str, Any]:
    difference = ignoring - apart
    names = ("ignoring", "apart", "difference", "low", "high", "reason")
    return dict(zip(names, (ignoring, apart, difference, low, high, reason), strict=True))


def _parts(found: "EvaluationResult", model: str, rows: npt.NDArray[np.intp]) -> list[_Part]:
    """Labels and predictions of these rows of X, repeat by repeat."""
    parts = []
    for repeat in range(found.n_repeats(model)):
        table = found.per_model(model, repeat).set_index("row").loc[rows]
        parts.append((table["y_true"].to_numpy(), found._recorded_of(table)))
    return parts


def _score(metric: Metric, parts: list[_Part], rows: npt.NDArray[np.intp]) -> tuple[float, str]:
    found = [metric.score(recorded.rows(rows), truth[rows]) for truth, recorded in parts]
    return float(np.mean([value for value, _ in found])), next((why for _, why in found if why), "")


def _members(groups: npt.NDArray[Any]) -> list[npt.NDArray[np.intp]]:
    codes = np.unique(groups, return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes))[:-1])


def _limits(differences: npt.NDArray[np.float64], level: float) -> tuple[float, float]:
    known = differences[~np.isnan(differences)]
    if len(known) < (1 - _MAX_UNDEFINED) * len(differences) or np.ptp(known) == 0:
        return np.nan, np.nan
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
