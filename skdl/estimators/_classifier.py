"""Fit, partial fit and prediction, as all image classifiers share them."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import validate_params
from skdl._utils.compat import with_callbacks
from skdl._utils.labels import check_groups
from skdl._utils.scikit import StrOptions
from skdl._utils.seeds import draw_seed
from skdl._utils.text import plain, shortened
from skdl.engine import Job, Recipe, TrainingSet
from skdl.estimators._augmented import AugmentedImagesMixin
from skdl.estimators._convergence import warn_of_failure
from skdl.estimators._formats import learn_format
from skdl.estimators._holding_out import hold_out
from skdl.estimators._inputs import (
    as_weights,
    check_labels,
    check_pair,
    check_weights,
    encode_labels,
    make_training_set,
    unique_labels,
)
from skdl.estimators._inspection import InspectionMixin
from skdl.estimators._progress import EpochTasks
from skdl.estimators._trained import TRAINING_CONSTRAINTS, Learned, TrainedEstimator
from skdl.images import ImageBatch, ImageFormat
from skdl.plugins import architectures, require_importable
from skdl.preprocessing import PRESETS, Augmentation, plan_augmentation

CLASSIFIER_CONSTRAINTS: dict[str, list[Any]] = {
    **TRAINING_CONSTRAINTS,
    "class_weight": [None, dict, StrOptions({"balanced"})],
    "augmentation": [None, StrOptions(set(PRESETS)), Augmentation],
}


class ImageClassifier(ClassifierMixin, InspectionMixin, AugmentedImagesMixin, TrainedEstimator):
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
            Training images. See :mod:`skdl.images` for what counts as an image batch. Of paths, the
            files are decoded and resized while training, a few batches at a time.
        y : array-like of shape (n,)
            Class labels of any kind: int, bool, str or object.
        sample_weight : array-like of shape (n,), default=None
            Non-negative weights; a weight of zero leaves the row out.
        X_val : array-like, default=None
            Validation images, instead of a split of `X`.
        y_val : array-like, default=None
            Their labels, among those of `y`.
        groups : array-like of shape (n,), default=None
            Group of each image, such as its patient. What `early_stopping` or
            `validation_fraction` holds out of `X` are whole groups, so that no group is both
            trained on and validated on; without such a split, or with `X_val`, groups change
            nothing. Each class needs images in two groups or more.

        Returns
        -------
        self : estimator instance
            The fitted estimator.

        Raises
        ------
        TypeError
            If X is sparse.
        ValueError
            For bad input or parameters, before any training and leaving the estimator as it was;
            if training diverges: loss or weights become NaN, infinite or enormous; or if an image
            file cannot be read, naming it.

        Warns
        -----
        UserWarning
            If groups are so large that the split is far from `validation_fraction`, or has no image
            of a class.
        ConvergenceWarning
            If the network takes all training images for one class, or its loss is far above that of
            guessing.

        Examples
        --------
        Three images of each patient, none of whom is both trained on and validated on:

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
        """Train for one epoch, from the present weights on.

        The value range is learned from the first call. Early stopping does not apply.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Training images.
        y : array-like of shape (n,)
            Class labels.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever occur; needed in the first call.
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
            For bad input or parameters, leaving the estimator as it was.
        """
        if not self.initialized_ and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._train(
            *self._describe(X, y, sample_weight, mode="partial_fit", classes=classes)
        )

    def initialize(self, X: Any, y: Any) -> "ImageClassifier":
        """Draw the weights without training, such as for a baseline.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images; their shape and value range are learned.
        y : array-like of shape (n,)
            Class labels.

        Returns
        -------
        self : estimator instance
            The estimator with its seeded start values.
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
            In the order of `classes_`, also for two classes; rows sum to 1.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, naming both shapes.
        """
        check_is_fitted(self)
        _, images = self._image_format.check_batch(X, self)
        return self._probabilities(images)

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

    def _probabilities(self, images: ImageBatch) -> npt.NDArray[np.float32]:
        probabilities: npt.NDArray[np.float32] = self._network.predict(images)
        return probabilities

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Class labels.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.

        Returns
        -------
        labels : ndarray of shape (n,)
            The most probable class of each image.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, naming both shapes.
        """
        probabilities = self.predict_proba(X)
        labels: npt.NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of the images whose class is predicted.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.
        y : array-like of shape (n,)
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

    # ---- validation ----------------------------------------------------------------------------

    def _describe(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        groups: Any = None,
        *,
        mode: Job.Mode,
        classes: Any = None,
    ) -> tuple[Job, Learned]:
        """Validate a fit: the training it asks for, and what it learns beside."""
        validate_params(self)
        changes = plan_augmentation(self.augmentation)
        optimizer, callbacks = self._optimizer_spec(), self._make_callbacks()
        batch, labels = check_pair(X, y, "X", "y", self)
        sample_weight = as_weights(sample_weight)
        groups = None if groups is None else check_groups(groups, len(labels), several=False)
        if classes is not None:
            classes = unique_labels(check_labels(classes, "classes"))
        start = self._last_training(mode)
        if start is None:
            known = unique_labels(labels) if classes is None else classes
            image_format = self._learn_format(X, batch, sample_weight)
        else:
            known, image_format = self.classes_, self._image_format
            image_format.check_columns(X, batch, self)
            image_format.warn_of_another_scale(batch)
            _refuse_other_classes(known, labels, classes, mode)
        recipe = self._recipe(image_format, len(known))
        advice = "Pass all classes to the first call of partial_fit."
        codes = encode_labels(labels, known, advice=advice)
        weights = check_weights(sample_weight, self.class_weight, labels, known)
        data = make_training_set(image_format.as_images(batch, self), codes, weights)
        seed = draw_seed(self.random_state) if start is None else self._seed
        validation, held_out, is_whole = None, None, mode in ("fit", "warm_start")
        if X_val is not None or y_val is not None:
            validation = self._validation_set(X_val, y_val, image_format, known)
        elif is_whole and self._validation_fraction():
            rows = np.flatnonzero(weights)  # those of the data
            groups = None if groups is None else groups[rows]
            data, validation, held_out = hold_out(
                data, self._validation_fraction(), seed, known, groups
            )
            held_out = rows[held_out]
        job = self._job(
            mode,
            image_format,
            recipe=recipe,
            data=data,
            validation=validation,
            optimizer=optimizer,
            seed=seed,
            start=start,
            augmentation=changes,
            callbacks=callbacks,
            judge=partial(warn_of_failure, classes=known) if is_whole else None,
        )
        return job, {**self._learned(job, image_format, held_out), "classes_": known}

    def _learn_format(self, X: Any, batch: ImageBatch, sample_weight: Any) -> ImageFormat:
        return learn_format(self, X, batch, sample_weight)

    def _n_epochs(self) -> int:
        return int(self.epochs)

    def _recipe(self, image_format: ImageFormat, n_classes: int) -> Recipe:
        import keras  # which the engine has started

        if isinstance(self.architecture, str):
            architectures.get(self.architecture)
        elif isinstance(self.architecture, keras.Model):
            raise ValueError(
                "architecture is a keras.Model. Pass a function (input_shape, n_classes) that "
                "builds one: each fit needs a network of its own."
            )
        else:
            require_importable(self.architecture, "architecture")
        recipe = Recipe(
            self.architecture,
            self._routed("architecture"),
            image_format.input_shape,
            n_classes,
            self.precision,
        )
        recipe.check_params()
        return recipe

    def _validation_set(
        self, X_val: Any, y_val: Any, image_format: ImageFormat, classes: npt.NDArray[Any]
    ) -> TrainingSet:
        batch, labels = check_pair(X_val, y_val, "X_val", "y_val", self)
        image_format.check_names(X_val, "X_val")
        image_format.warn_of_another_scale(batch, "X_val")
        codes = encode_labels(labels, classes, "y_val")
        weights = check_weights(None, self.class_weight, labels, classes)
        return make_training_set(image_format.as_images(batch, self, "X_val"), codes, weights)


def _refuse_other_classes(
    known: npt.NDArray[Any], labels: npt.NDArray[Any], classes: Any, mode: Job.Mode
) -> None:
    """Refuse to go on with other classes than those of the training before."""
    if classes is not None and not np.array_equal(classes, known):
        raise ValueError(
            f"classes={shortened(plain(classes))} is not the same as on the last call to "
            f"partial_fit, was: {shortened(plain(known))}."
        )
    if mode == "warm_start" and not np.array_equal(unique_labels(labels), known):
        raise ValueError(
            f"warm_start=True goes on with the classes of the fit before, "
            f"{shortened(plain(known))}, but y has {shortened(plain(unique_labels(labels)))}. "
            "Refit with warm_start=False, or use partial_fit."
        )
