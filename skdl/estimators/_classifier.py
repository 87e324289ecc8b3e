"""Fit, partial fit and prediction, as all image classifiers share them."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from skdl._utils.compat import with_callbacks
from skdl._utils.scikit import Interval, StrOptions
from skdl.estimators._inputs import as_weights, check_labels
from skdl.estimators._inspection import InspectionMixin
from skdl.estimators._progress import EpochTasks
from skdl.estimators._supervised import MEMBER_CONSTRAINTS, SupervisedEstimator
from skdl.estimators._targets import (
    Classes,
    LabelSets,
    Loss,
    Targets,
    checked_classes,
    learn_targets,
)
from skdl.estimators._trained import TRAINING_CONSTRAINTS
from skdl.preprocessing import PRESETS, Augmentation, plan_augmentation

CLASSIFIER_CONSTRAINTS: dict[str, list[Any]] = {
    **TRAINING_CONSTRAINTS,
    "class_weight": [None, dict, list, StrOptions({"balanced"})],
    "augmentation": [None, StrOptions(set(PRESETS)), Augmentation],
    "loss": [StrOptions({"cross_entropy", "focal", "ordinal"})],
    "focal_gamma": [Interval(Real, 0, None, closed="left")],
    "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    "sampling": [None, StrOptions({"balanced"})],
    **MEMBER_CONSTRAINTS,
}


class ImageClassifier(ClassifierMixin, InspectionMixin, SupervisedEstimator):
    """Base of the classifiers: everything but the list of parameters."""

    classes_: npt.NDArray[Any]
    scorer = staticmethod(accuracy_score)

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        groups: Any = None,
    ) -> "ImageClassifier":
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Training images. See :mod:`skdl.images` for what counts as an image batch. If paths are
            passed, the files are decoded and resized during training, a few batches at a time.
        y : array-like of shape (n,) or (n, n_labels)
            Class labels of any kind: int, bool, str or object. If each image may have several
            labels, an indicator matrix of 0 and 1 with one column per label, dense or sparse, as
            returned by :class:`sklearn.preprocessing.MultiLabelBinarizer`.
        sample_weight : array-like of shape (n,), default=None
            Non-negative weights; a weight of zero leaves the row out.
        X_val : array-like, default=None
            Validation images, instead of a split of `X`.
        y_val : array-like, default=None
            Labels of the validation images, among those in `y` and in the same form.
        groups : array-like of shape (n,), default=None
            Group of each image, such as its patient. `early_stopping` and `validation_fraction`
            hold out whole groups of `X`, so that no group is in both the training and the
            validation split. Without such a split, or with `X_val`, groups have no effect. Each
            class must have images in at least two groups, except with several labels per image.

        Returns
        -------
        self : estimator instance
            The fitted estimator.

        Raises
        ------
        TypeError
            If X is sparse.
        ValueError
            For bad input or parameters, before any training and leaving the estimator unchanged; if
            training diverges, so that loss or weights become NaN, infinite or enormous; or if an
            image file cannot be read, naming it.

        Warns
        -----
        UserWarning
            If groups are so large that the split is far from `validation_fraction`, or has no image
            of a class; if one of several labels is set in all or in none of the images.
        ConvergenceWarning
            If the network predicts one class for all training images, or its loss is far above that
            of guessing.

        Examples
        --------
        Three images per patient; no patient is in both the training and the validation split:

        >>> import numpy as np
        >>> from sklearn.datasets import load_digits
        >>> from skdl import CNNClassifier
        >>> X, y = load_digits(n_class=2, return_X_y=True)
        >>> patients = np.arange(len(X)) // 3
        >>> model = CNNClassifier(epochs=3, early_stopping=True, random_state=0)
        >>> rows = model.fit(X, y, groups=patients).validation_rows_
        >>> len(rows), len(X)
        (36, 360)
        >>> np.intersect1d(patients[rows], np.delete(patients, rows))
        array([], dtype=int64)
        """
        job, learned = self._describe(X, y, sample_weight, X_val, y_val, groups, mode=self._mode())
        tasks = EpochTasks(self, X, y, self._n_epochs(), sample_weight)
        self._train(job, learned, tasks)
        tasks.end_fit()
        return self

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> "ImageClassifier":
        """Train for one epoch, starting from the current weights.

        The value range is learned in the first call. Early stopping does not apply.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Training images.
        y : array-like of shape (n,) or (n, n_labels)
            Class labels.
        classes : array-like of shape (n_classes,), default=None
            All classes that may ever occur; required in the first call. With several labels per
            image, ``range(n_labels)``.
        sample_weight : array-like of shape (n,), default=None
            Non-negative weights.

        Returns
        -------
        self : estimator instance
            The fitted estimator.

        Raises
        ------
        TypeError
            If X is sparse.
        ValueError
            For bad input or parameters, leaving the estimator unchanged.
        """
        if not self.initialized_ and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        classes = checked_classes(classes)
        return self._train(
            *self._describe(X, y, sample_weight, mode="partial_fit", classes=classes)
        )

    def initialize(self, X: Any, y: Any) -> "ImageClassifier":
        """Initialise the weights without training, for example as a baseline.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images; their shape and value range are learned.
        y : array-like of shape (n,) or (n, n_labels)
            Class labels.

        Returns
        -------
        self : estimator instance
            The estimator with its seeded initial weights.
        """
        return self._train(*self._describe(X, y, mode="initialize"))

    def predict_proba(self, X: Any) -> npt.NDArray[np.float32]:
        """Class probabilities.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.

        Returns
        -------
        probabilities : float32 ndarray of shape (n, n_classes)
            One column per class, in the order of `classes_`, also for two classes; rows sum to 1.
            With several labels per image, the probability that each label is set, regardless of the
            others, of shape (n, n_labels).

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, naming both shapes.
        """
        check_is_fitted(self)
        _, images = self._image_format.check_batch(X, self)
        return self._averaged(images)

    def predict_log_proba(self, X: Any) -> npt.NDArray[np.float32]:
        """Logarithms of the class probabilities.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.

        Returns
        -------
        log_probabilities : float32 ndarray of shape (n, n_classes)
            In the order of `classes_`; minus infinity where a probability is 0 in float32.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, naming both shapes.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Class labels.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.

        Returns
        -------
        labels : ndarray of shape (n,) or (n, n_labels)
            The most probable class of each image. With several labels per image, 1 for each label
            whose probability is above 0.5, and 0 for the others.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, naming both shapes.
        """
        probabilities = self.predict_proba(X)
        return self._fitted_targets().decode(probabilities)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of images whose class, or all of whose labels, are predicted correctly.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.
        y : array-like of shape (n,) or (n, n_labels)
            Class labels.
        sample_weight : array-like of shape (n,), default=None
            Weights of the images.

        Returns
        -------
        accuracy : float
            In [0, 1].

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, or for bad labels.
        """
        check_is_fitted(self)
        labels, weights = check_labels(y), as_weights(sample_weight)
        return float(super().score(X, labels, sample_weight=weights))

    @property
    def multilabel_(self) -> bool:
        """Whether each image may have several labels, as determined by the y of `fit`."""
        if not self.initialized_:
            raise AttributeError(f"This {type(self).__name__} has no multilabel_ before fit.")
        return bool(self._network.recipe.head == "sigmoid")

    # ---- targets ---------------------------------------------------------------------------------

    def _check_targets(self, y: Any, name: str) -> npt.NDArray[Any]:
        return check_labels(y, name)

    def _learn_targets(self, y: npt.NDArray[Any], sample_weight: Any, classes: Any) -> Targets:
        return learn_targets(y, sample_weight, self._loss(), classes)

    def _fitted_targets(self) -> Targets:
        if self.multilabel_:
            return LabelSets(len(self.classes_), self._loss())
        return Classes(self.classes_, self._loss())

    def _loss(self) -> Loss:
        plan = plan_augmentation(self.augmentation)
        gamma = float(self.focal_gamma) if self.loss == "focal" else 0.0
        mixes = plan is not None and plan.mixes
        return Loss(self.loss, gamma, float(self.label_smoothing), mixes, self.sampling)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
