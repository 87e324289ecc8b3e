"""What an evaluation of classifiers found."""

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import pandas as pd

from skdl._utils.text import shortened
from skdl.audit import find_label_errors
from skdl.evaluation._base_result import FoldTables
from skdl.evaluation._by_group import GroupScores
from skdl.evaluation._choosing import Choosing
from skdl.evaluation._optimism import Optimism
from skdl.evaluation._recorded import RecordedPredictions
from skdl.evaluation._scoring import Metric
from skdl.evaluation._subgroups import SubgroupScores
from skdl.evaluation._summary import summarize
from skdl.metrics import KnownScore, compare_models

_OF_A_CLASS = ("auc_", "delong_", "sensitivity_", "specificity_", "reason")


@dataclass(frozen=True, kw_only=True, repr=False)
class EvaluationResult(Optimism, SubgroupScores, GroupScores, Choosing, FoldTables):
    """What :func:`evaluate` found, as tidy tables.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row per model, fold and metric: "model", "fold", "metric", "value". NaN if the score is
        missing.
    missing : pandas.DataFrame
        Why scores are missing: "model", "fold", "metric", "reason". A failed fold is listed once
        per metric.
    predictions : pandas.DataFrame
        One row per model, fold and test image: "model", "fold", "row" (position in X), "y_true",
        "y_pred", and, if the model has them, "proba_<class>", or else "decision" (for two classes)
        or "decision_<class>". A class that was not seen in training has the probability 0.
    times : pandas.DataFrame
        One row per model and fold: "model", "fold", "n_train", "n_test", "n_cores" (those available
        to the process), "fit_seconds", "predict_seconds", and "stored_seconds": the time that it
        originally took to compute the features that were read from a store.
    leaks : pandas.DataFrame
        Images in both training and test data: "fold", "test_row", "train_row".
    choices : pandas.DataFrame
        What searches, tuned thresholds and the like inside the models chose. One row per model,
        fold and parameter: "model", "fold", "parameter" (prefixed with the names of the steps it is
        in), "value", "metric" by which it was best, its "inner_score", and "outer_score", the same
        metric of the model on the test images of the fold. NaN if unknown; the outer score is also
        NaN for choices that other estimators follow, such as those in a transforming step.
    histories : dict of (model, fold) to dict
        ``history_`` of the networks: loss and accuracy per epoch.
    fitted : dict of (model, fold) to classifier
        The fitted estimators if ``return_estimator=True`` or `cv` is "prefit"; otherwise empty.
    classes : ndarray of shape (n_classes,)
        All classes, sorted.
    pos_label : object
        The positive class, or None; all other classes are negative.
    metrics : list of str
        Names of the metrics.
    estimators : dict of str to estimator
        The models, unfitted unless `cv` is "prefit".
    cv : str
        The splitter that made the folds.
    data_digest : str
        SHA-256 of images, labels and groups as they were passed.
    groups : ndarray of shape (n,) or None
        Groups that folds keep together: `own_groups`, or, if look-alikes join some of them or no
        groups were passed, the numbers of the joined groups.
    own_groups : ndarray of shape (n,) or None
        Groups, such as patients, as they were passed.
    look_alikes : pandas.DataFrame or None
        Pairs of images that look alike, including copies: "first" and "second" (rows of X), and
        "similarity". None if the images were not searched.
    split_groups : list
        Groups of `own_groups` that are in both training and test data of a fold.
    subgroup_values : pandas.DataFrame of shape (n, n_columns) or None
        The value of each image in each column of `subgroups`, as ordered categories.
    grouping : Grouping or None
        Set by :meth:`by_group`: `how`, `names`, `labels`, `first_rows` in X, and `of_images`.

    See Also
    --------
    evaluate : Returns this result.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from skdl.evaluation import evaluate
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> result = evaluate(RidgeClassifier(), X, y)
    >>> result.summary().query("metric == 'roc_auc'")["value"].item() > 0.95
    True
    """

    classes: npt.NDArray[Any]
    pos_label: Any

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
            One row per model and metric: "model", "metric", "value", "low", "high", "method"
            ("wilson" for proportions, "mover" for combinations of several proportions, such as
            averages over classes, "delong" or, with groups, "obuchowski" for the ROC AUC, "wald"
            and "chi-squared" for the Brier score and calibration, and "bootstrap", which is
            stratified, for everything else), "fold_mean" and "fold_std" over the folds that have
            the score, "n_folds", their number, "n_repeats", and "reason" if there is no value or
            no interval, or if resamples were left out.

        Warns
        -----
        UserWarning
            If there are fewer than 10 groups, which makes intervals unreliable.

        Notes
        -----
        The intervals reflect the sampling of test images: how far the score of these models would
        vary with other images, or with other groups of images, such as other patients (`groups`,
        see :func:`skdl.metrics.confidence_interval`). Images without groups are assumed to be
        independent. The intervals do not reflect that the models of the folds share training images
        (Bengio and Grandvalet, "No unbiased estimator of the variance of k-fold cross-validation",
        JMLR 5 (2004), 1089). A score that is the same in all bootstrap resamples has no interval,
        nor has an area of 1.

        With repeated cross-validation, the predictions of each repeat are scored together, and
        values and limits of intervals are means over the repeats. A mean over repeats varies no
        more with the images than one repeat does on average, so its interval is wide enough. If
        images are tested a different number of times, as with random splits, the number of repeats
        is the smallest of these numbers.
        """
        return summarize(self, level, n_resamples, random_state)

    def compare(self, *, level: float = 0.95) -> pd.DataFrame:
        """Compare the models pair by pair on the images that all of them predicted.

        The comparison uses the predicted labels, whatever their scores are, and the areas under the
        ROC curves of the scores. With more than two classes, areas, sensitivity and specificity are
        those of `pos_label` against the rest, and missing without it; accuracy, balanced accuracy
        and McNemar's test treat all classes separately. With repeated folds, only the first
        prediction of each image is used: the tests require independent images, or independent
        `groups`.

        Parameters
        ----------
        level : float in (0, 1), default=0.95
            Confidence level.

        Returns
        -------
        comparison : pandas.DataFrame
            As :func:`skdl.metrics.compare_models` returns it.

        Raises
        ------
        ValueError
            If there are fewer than two models with predictions.
        """
        truth, recorded, groups = self._predicted_by_all()
        common: dict[str, Any] = {
            "labels": self.classes.tolist(),
            "y_pred": {model: what.predicted for model, what in recorded.items()},
            "groups": groups,
            "level": level,
        }
        positive = self.positive
        scores = {
            model: what.probabilities if positive is None else what.scores_of(positive)
            for model, what in recorded.items()
        }
        found = compare_models(truth, scores, pos_label=positive, **common)
        if positive is not None and len(self.classes) > 2:
            of_all = compare_models(truth, dict.fromkeys(recorded), **common)
            for column in found:
                if not column.startswith(_OF_A_CLASS):
                    found[column] = of_all[column]
        return found

    def label_errors(self, model: str | None = None) -> pd.DataFrame:
        """Find labels that are probably wrong, from out-of-fold probabilities of a model.

        Parameters
        ----------
        model : str, default=None
            Name of the model. Required if there are several; if None, use the only one.

        Returns
        -------
        errors : pandas.DataFrame
            As returned by :func:`skdl.audit.find_label_errors`; "row" is the position in X. With
            repeated folds, the first prediction of each image is used.

        Raises
        ------
        ValueError
            If there are several models and none is named, there is no model of that name, it has no
            probabilities, or it was passed fitted.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from skdl.evaluation import evaluate
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> found = evaluate(GaussianNB(), X, y).label_errors()
        >>> found.columns.tolist()[:3]
        ['row', 'label', 'suggested']
        """
        name = self.only_model(model)
        table, recorded = self.per_model(name), self.recorded(name)
        if recorded.probabilities is None:
            raise ValueError(
                f"{shortened(name)} has no probabilities, which are needed to find label errors. "
                "Wrap it in CalibratedClassifierCV."
            )
        if self.cv == "prefit":
            raise ValueError(
                "The models were passed fitted (cv='prefit'), perhaps to these labels, which they "
                "would repeat. Evaluate unfitted models."
            )
        found = find_label_errors(table["y_true"], recorded.probabilities, classes=self.classes)
        return found.assign(row=table["row"].to_numpy()[found["row"]])

    @property
    def positive(self) -> Any:
        """The positive class: `pos_label`; or, of two, that of the scorers or the second one."""
        if self.pos_label is not None or len(self.classes) > 2:
            return self.pos_label
        known = [self.known(metric) for metric in self.metrics]
        named = {score.pos_label for score in known if score and score.pos_label is not None}
        own = [label for label in self.classes.tolist() if label in named]
        return own[0] if len(own) == 1 else self.classes[-1]

    def _recorded_of(self, table: pd.DataFrame) -> RecordedPredictions:
        return RecordedPredictions.from_table(table, self.classes)

    def _known(self, metric: Metric) -> KnownScore | None:
        return metric.known(len(self.classes))
