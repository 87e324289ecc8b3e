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


@dataclass(frozen=True, kw_only=True)
class EvaluationResult(Optimism, SubgroupScores, GroupScores, Choosing, FoldTables):
    """What :func:`evaluate` found, as tidy tables.

    Attributes
    ----------
    scores : pandas.DataFrame
        A row for each model, fold and metric: "model", "fold", "metric", "value". NaN where the
        score is missing.
    missing : pandas.DataFrame
        Why: "model", "fold", "metric", "reason". A fold that failed is listed with every metric.
    predictions : pandas.DataFrame
        A row for each model, fold and test image: "model", "fold", "row" (position in X),
        "y_true", "y_pred", and "proba_<class>" or else "decision" (of two classes) or
        "decision_<class>", where the model has them. A class that was not seen in training has the
        probability 0.
    times : pandas.DataFrame
        A row for each model and fold: "model", "fold", "n_train", "n_test", "n_cores" (those the
        process could use), "fit_seconds", "predict_seconds", and "stored_seconds": what computing
        the features had taken that were found in a store instead.
    leaks : pandas.DataFrame
        Images that stand both in training and test data: "fold", "test_row", "train_row".
    choices : pandas.DataFrame
        What was chosen inside: a row for each model, fold and parameter of a search, tuned
        threshold and the like: "model", "fold", "parameter" (behind the names of the steps it is
        in), "value", "metric" by which it was best, its "inner_score" there, and "outer_score", the
        same metric of the model on the test images of the fold. NaN of what is unknown, and of what
        other estimators follow after, such as a step that transforms.
    histories : dict of (model, fold) to dict
        ``history_`` of the networks: loss and accuracy by epoch.
    fitted : dict of (model, fold) to classifier
        The fitted estimators, where ``return_estimator=True`` or `cv` is "prefit"; else empty.
    classes : ndarray of shape (n_classes,)
        All classes, sorted.
    pos_label : object
        The positive class, against which all others are negative, or None.
    metrics : list of str
        Names of the metrics.
    estimators : dict of str to estimator
        The models, not fitted unless `cv` is "prefit".
    cv : str
        What made the folds.
    data_digest : str
        Sha256 of images, labels and groups as they were passed.
    groups : ndarray of shape (n,) or None
        Groups that folds keep together: `own_groups`, or where images that look alike join some of
        them, or there are none, numbers of what they are joined to.
    own_groups : ndarray of shape (n,) or None
        Groups, such as patients, as they were passed.
    look_alikes : pandas.DataFrame or None
        Pairs of images that look alike, copies among them: "first" and "second" (rows of X), and
        "similarity". None where nobody looked.
    split_groups : list
        Groups of `own_groups` that stand in training and test data of a fold.
    subgroup_values : pandas.DataFrame of shape (n, n_columns) or None
        The value of each image in each column of `subgroups`, as categories in their order.
    grouping : Grouping or None
        What :meth:`by_group` made: `how`, `names`, `labels`, `first_rows` in X, and `of_images`.

    See Also
    --------
    evaluate : Makes one.

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
            Draws of the bootstrap.
        random_state : int, RandomState instance or None, default=0
            Seeds the bootstrap.

        Returns
        -------
        summary : pandas.DataFrame
            A row for each model and metric: "model", "metric", "value", "low", "high", "method"
            ("wilson" for proportions, "mover" for what is made of several proportions, such as
            averages over classes, "delong" or, with groups, "obuchowski" for the ROC AUC, "wald"
            and "chi-squared" for the Brier score and calibration, and "bootstrap", which is
            stratified, for everything else), "fold_mean" and "fold_std" over the folds that have
            the score, "n_folds", their number, "n_repeats", and "reason" where there is no value or
            no interval, or where resamples were left out.

        Warns
        -----
        UserWarning
            If there are fewer than 10 groups, whose intervals say little.

        Notes
        -----
        The intervals are those of the test images: how far the score of these models would vary
        with other images, or with other groups of images, such as other patients (`groups`, see
        :func:`skdl.metrics.confidence_interval`). Images without groups are taken for independent.
        That the models of the folds share training images is not in them (Bengio and Grandvalet,
        "No unbiased estimator of the variance of k-fold cross-validation", JMLR 5 (2004), 1089). A
        score that is the same in all resamples of the bootstrap, and an area of 1, have no
        interval.

        Of repeated cross-validation, values and ends of intervals are means over the repeats: the
        predictions of each repeat are scored together. A mean over repeats varies no more with the
        images than one repeat does on average, so that its interval is wide enough. Where images
        are tested a different number of times, as in random draws, there are as many repeats as
        each of them was tested at least.
        """
        return summarize(self, level, n_resamples, random_state)

    def compare(self, *, level: float = 0.95) -> pd.DataFrame:
        """Compare the models pair by pair on the images that all of them predicted.

        What is compared are the labels that were predicted, whatever their scores are, and the
        areas under the ROC curves of the scores. Of several classes, areas, sensitivity and
        specificity are those of `pos_label` against the rest, and missing without it; accuracy,
        balanced accuracy and McNemar's test take all classes for themselves. Of repeated folds, the
        first prediction of each image is taken: tests need images that are independent, or in
        `groups` that are.

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
        """Labels that are probably wrong, by the out-of-fold probabilities of a model.

        Parameters
        ----------
        model : str, default=None
            Which of several models; None takes the only one.

        Returns
        -------
        errors : pandas.DataFrame
            As of :func:`skdl.audit.find_label_errors`; "row" is the position in X. Of repeated
            folds, by the first prediction of each image.

        Raises
        ------
        ValueError
            If there are several models and none is named, there is no model of that name, it has no
            probabilities, or it came fitted.

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
                f"{shortened(name)} has no probabilities, by which labels could be judged. Wrap it "
                "in CalibratedClassifierCV."
            )
        if self.cv == "prefit":
            raise ValueError(
                "The models came fitted, perhaps to these labels, which they would repeat. "
                "Evaluate models that are not fitted."
            )
        found = find_label_errors(table["y_true"], recorded.probabilities, classes=self.classes)
        return found.assign(row=table["row"].to_numpy()[found["row"]])

    @property
    def positive(self) -> Any:
        """The positive class: `pos_label`; or else, of two, that of the scorers or the second."""
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
