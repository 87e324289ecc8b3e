"""What an evaluation of regressors found."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from skdl.evaluation._base_result import FoldTables
from skdl.evaluation._by_group import GroupScores
from skdl.evaluation._choosing import Choosing
from skdl.evaluation._optimism import Optimism
from skdl.evaluation._recorded import RecordedNumbers
from skdl.evaluation._scoring import Metric
from skdl.evaluation._subgroups import SubgroupScores
from skdl.evaluation._summary import summarize
from skdl.metrics import KnownScore, check_level, compare_errors, known_scorer


@dataclass(frozen=True, kw_only=True, repr=False)
class RegressionResult(Optimism, SubgroupScores, GroupScores, Choosing, FoldTables):
    """What :func:`evaluate` found about regressors, as tidy tables.

    It has the attributes and methods of :class:`EvaluationResult`, except for those that need
    classes.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row per model, fold and metric: "model", "fold", "metric", "value". NaN if the score is
        missing.
    missing : pandas.DataFrame
        Why scores are missing: "model", "fold", "metric", "reason".
    predictions : pandas.DataFrame
        One row per model, fold and test image: "model", "fold", "row" (position in X), "y_true",
        "y_pred".
    times : pandas.DataFrame
        One row per model and fold, as in :class:`EvaluationResult`.
    leaks : pandas.DataFrame
        Images in both training and test data: "fold", "test_row", "train_row".
    choices : pandas.DataFrame
        What searches inside the models chose, as in :class:`EvaluationResult`.
    histories : dict of (model, fold) to dict
        ``history_`` of the networks: loss per epoch.
    fitted : dict of (model, fold) to regressor
        The fitted estimators if ``return_estimator=True`` or `cv` is "prefit"; otherwise empty.
    metrics : list of str
        Names of the metrics.
    estimators : dict of str to estimator
        The models, unfitted unless `cv` is "prefit".
    cv : str
        The splitter that made the folds.
    data_digest : str
        SHA-256 of images, targets and groups as they were passed.
    groups, own_groups : ndarray of shape (n,) or None
        Groups that folds keep together, and groups as they were passed.
    look_alikes : pandas.DataFrame or None
        Pairs of images that look alike: "first", "second" and "similarity".
    split_groups : list
        Groups in both training and test data of a fold.
    subgroup_values : pandas.DataFrame of shape (n, n_columns) or None
        The value of each image in each column of `subgroups`.
    grouping : Grouping or None
        Set by :meth:`by_group`.

    See Also
    --------
    evaluate : Returns this result.
    skdl.plotting.BlandAltmanDisplay : Plot differences between predicted and true values.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from skdl.evaluation import evaluate
    >>> X, y = load_diabetes(return_X_y=True)
    >>> result = evaluate(Ridge(0.1), X, y)
    >>> result.summary()[["metric", "value"]].round(2)
                         metric   value
    0                        r2    0.49
    1                       mae   44.64
    2                      rmse   54.83
    3                      bias   -0.39
    4  lower_limit_of_agreement -107.97
    5  upper_limit_of_agreement  107.20
    """

    def summary(
        self, *, level: float = 0.95, n_resamples: int = 1000, random_state: Any = 0
    ) -> pd.DataFrame:
        """Scores of all out-of-fold predictions together, with confidence intervals.

        Parameters
        ----------
        level : float in (0, 1), default=0.95
            Confidence level.
        n_resamples : int, default=1000
            Number of bootstrap resamples.
        random_state : int, RandomState instance or None, default=0
            Random seed of the bootstrap.

        Returns
        -------
        summary : pandas.DataFrame
            As returned by :meth:`EvaluationResult.summary`. Methods are "t" for the bias and the
            limits of agreement, "wald" for R² and errors, and "bootstrap" for everything else.

        Warns
        -----
        UserWarning
            If there are fewer than 10 groups, which makes intervals unreliable.

        See Also
        --------
        skdl.metrics.confidence_interval : Describes how the intervals are computed.
        """
        return summarize(self, level, n_resamples, random_state)

    def compare(self, *, level: float = 0.95) -> pd.DataFrame:
        """Compare the errors of the models pair by pair, on the images that all of them predicted.

        Parameters
        ----------
        level : float in (0, 1), default=0.95
            Confidence level.

        Returns
        -------
        comparison : pandas.DataFrame
            One row per pair: "model_a", "model_b"; "only_a_closer" and "only_b_closer", the numbers
            of images for which one is nearer to the truth; mean absolute errors "mae_a", "mae_b",
            "mae_difference" (a minus b) with "mae_difference_low" and "mae_difference_high", the
            two-sided "mae_p" of the t test for paired samples and "mae_p_holm", adjusted for the
            number of pairs; and the same for squared errors, "mse". With groups, the differences of
            a group count together. NaN if all differences are equal.

        Raises
        ------
        ValueError
            If there are fewer than two models with predictions.
        """
        check_level(level)
        truth, recorded, groups = self._predicted_by_all()
        said = {model: what.predicted for model, what in recorded.items()}
        return compare_errors(truth, said, groups, level)

    def _recorded_of(self, table: pd.DataFrame) -> RecordedNumbers:
        return RecordedNumbers(table["y_pred"].to_numpy())

    def _known(self, metric: Metric) -> KnownScore | None:
        return known_scorer(metric.scorer)
