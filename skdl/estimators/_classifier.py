"""Fit, partial fit and prediction, as all image classifiers share them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skdl.engine import (
    EarlyStopper,
    FittedNetwork,
    ModelSpec,
    OptimizerSpec,
    TrainingPlan,
    TrainingSet,
    borrowed_trainer,
    prepare_devices,
    scheduled_rate,
    train,
)
from skdl.estimators._base import KerasEstimator
from skdl.estimators._inputs import (
    ImageFormat,
    check_classes,
    check_images,
    check_pair,
    check_weights,
    draw_seed,
    encode_labels,
    hold_out,
    make_training_set,
    unique_labels,
)
from skdl.estimators._progress import (
    CallbackSupportMixin,
    EpochLines,
    epoch_tasks,
    joined_histories,
    with_callbacks,
)
from skdl.plugins import architectures, require_importable
from skdl.preprocessing import plan_augmentation

DEFAULT_VALIDATION_FRACTION = 0.1


@dataclass(frozen=True)
class _Task:
    """A validated fit: all that training needs, and all that it leaves on the estimator."""

    data: TrainingSet
    validation: TrainingSet | None
    classes: npt.NDArray[Any]
    format: ImageFormat
    spec: ModelSpec
    optimizer: OptimizerSpec
    callbacks: list[keras.callbacks.Callback]
    seed: int
    continues: bool


class ImageClassifier(ClassifierMixin, CallbackSupportMixin, KerasEstimator):
    """Base of the classifiers: everything but the list of parameters.

    Until training has ended, nothing is set on the estimator: a fit that fails leaves an estimator
    as it was.
    """

    classes_: npt.NDArray[Any]
    history_: dict[str, list[float]]
    n_iter_: int
    _network: FittedNetwork
    _fitted_optimizer: OptimizerSpec
    _image_format: ImageFormat
    _optimizer_state: list[npt.NDArray[Any]] | None
    _seed: int

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None
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
            if the loss becomes NaN or infinite; or if an image file cannot be read, naming it.
        """
        continues = bool(self.warm_start) and self.initialized_
        task = self._check_task(X, y, sample_weight, X_val, y_val, continues=continues)
        begin_epoch, end_fit = epoch_tasks(self, X, y, self.epochs)
        self._train(task, epochs=self.epochs, begin_epoch=begin_epoch)
        end_fit()
        return self

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> "ImageClassifier":
        """Train for one epoch, from the present weights on.

        The value range is learned from the first call. Early stopping does not apply.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
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
        task = self._check_task(
            X, y, sample_weight, continues=self.initialized_, classes=classes, incremental=True
        )
        return self._train(task, epochs=1, incremental=True)

    def initialize(self, X: Any, y: Any) -> "ImageClassifier":
        """Draw the weights without training, such as for a baseline.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
            Images; their shape and value range are learned.
        y : array-like of shape (n,)
            Class labels.

        Returns
        -------
        self : estimator instance
            The estimator with its seeded start values.
        """
        return self._train(
            self._check_task(X, y, None, continues=False, incremental=True), epochs=0
        )

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
        array = check_images(X, "X", self)
        if type(X) is not np.ndarray or hasattr(self, "feature_names_in_"):  # an array has none
            self._image_format.check_columns(X, array, self)
        self._image_format.warn_of_another_scale(array)
        images = self._image_format.as_images(array, self)
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

    @property
    def model_(self) -> keras.Model:
        """The trained network as a compiled ``keras.Model`` of its own, made when first asked for.

        It takes the pixel values the estimator takes. Changing it does not change the estimator.
        """
        if not self.initialized_:
            raise AttributeError(f"This {type(self).__name__} has no model_ before fit.")
        if "_materialised" not in vars(self):
            self._materialised = self._network.to_keras(self._fitted_optimizer)
        return self._materialised

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # ---- validation ----------------------------------------------------------------------------

    def _check_task(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any = None,
        y_val: Any = None,
        *,
        continues: bool,
        classes: Any = None,
        incremental: bool = False,
    ) -> _Task:
        self._validate_params()
        plan_augmentation(self.augmentation)
        prepare_devices()
        optimizer, callbacks = self._optimizer_spec(), self._make_callbacks()
        array, labels = check_pair(X, y, "X", "y", self)
        if continues:
            known, image_format = self.classes_, self._image_format
            image_format.check_columns(X, array, self)
            if classes is not None and not np.array_equal(check_classes(classes), known):
                raise ValueError(
                    f"classes={list(classes)} is not the same as on the last call to partial_fit, "
                    f"was: {known.tolist()}."
                )
            if not incremental and not np.array_equal(unique_labels(labels), known):
                raise ValueError(
                    f"warm_start=True goes on with the classes of the fit before, "
                    f"{known.tolist()}, but y has {unique_labels(labels).tolist()}. Refit with "
                    "warm_start=False, or use partial_fit."
                )
        else:
            known = unique_labels(labels) if classes is None else check_classes(classes)
            image_format = ImageFormat.learn(
                X, array, self.image_shape, self.value_range, sample_weight
            )
        spec = self._model_spec(image_format, len(known))
        data = make_training_set(
            image_format.as_images(array, self),
            encode_labels(
                labels, known, advice="Pass all classes to the first call of partial_fit."
            ),
            check_weights(sample_weight, self.class_weight, array, labels, known),
        )
        seed = self._seed if continues else draw_seed(self.random_state)
        validation = None
        if X_val is not None or y_val is not None:
            validation = self._validation_set(X_val, y_val, image_format, known)
        elif self._validation_fraction() and not incremental:
            data, validation = hold_out(data, self._validation_fraction(), seed, known)
        return _Task(
            data, validation, known, image_format, spec, optimizer, callbacks, seed, continues
        )

    def _model_spec(self, image_format: ImageFormat, n_classes: int) -> ModelSpec:
        if isinstance(self.architecture, str):
            architectures.get(self.architecture)
        elif isinstance(self.architecture, keras.Model):
            raise ValueError(
                "architecture is a keras.Model. Pass a function (input_shape, n_classes) that "
                "builds one: each fit needs a network of its own."
            )
        else:
            require_importable(self.architecture, "architecture")
        spec = ModelSpec(
            self.architecture,
            self._routed("architecture"),
            image_format.image_shape,
            n_classes,
            self.precision,
        )
        spec.check_params()
        return spec

    def _validation_set(
        self, X_val: Any, y_val: Any, image_format: ImageFormat, classes: npt.NDArray[Any]
    ) -> TrainingSet:
        array, labels = check_pair(X_val, y_val, "X_val", "y_val", self)
        image_format.check_names(X_val, "X_val")
        codes = encode_labels(labels, classes, "y_val")
        weights = check_weights(None, self.class_weight, array, labels, classes)
        return make_training_set(image_format.as_images(array, self, "X_val"), codes, weights)

    def _validation_fraction(self) -> float:
        if self.validation_fraction is not None:
            return float(self.validation_fraction)
        return DEFAULT_VALIDATION_FRACTION if self.early_stopping else 0.0

    # ---- training ------------------------------------------------------------------------------

    def _train(
        self,
        task: _Task,
        *,
        epochs: int,
        incremental: bool = False,
        begin_epoch: Callable[[], Callable[[], bool]] | None = None,
    ) -> "ImageClassifier":
        first_epoch = self.n_iter_ if task.continues else 0
        stopper = None
        if self.early_stopping and task.validation is not None:
            stopper = EarlyStopper(self.n_iter_no_change, self.tol)
        plan = TrainingPlan(
            epochs=epochs,
            batch_size=self.batch_size,
            seed=task.seed,
            value_range=task.format.value_range,
            augmentation=plan_augmentation(self.augmentation),
            first_epoch=first_epoch,
            learning_rate=self._epoch_schedule(task.optimizer, 0 if incremental else first_epoch),
            callbacks=task.callbacks,
            stopper=stopper,
            report=EpochLines(first_epoch + epochs) if self.verbose else None,
            begin_epoch=begin_epoch,
        )
        reusable = all(_leaves_model_alone(callback) for callback in task.callbacks)
        with borrowed_trainer(task.spec, task.optimizer, task.seed, reusable=reusable) as trainer:
            if task.continues:
                self._restore(trainer, task.optimizer)
            history = train(trainer, task.data, task.validation, plan)
            state, optimizer_state = trainer.state(), trainer.optimizer_state()

        self._set_format(task)
        self._network = FittedNetwork(task.spec, state, task.format.value_range)
        self._fitted_optimizer = task.optimizer
        self._optimizer_state = optimizer_state if self.warm_start or incremental else None
        self._seed = task.seed
        self.history_ = joined_histories(self.history_ if task.continues else {}, history)
        self.n_iter_ = len(self.history_.get("loss", []))
        self._forget_caches()
        return self

    def _set_format(self, task: _Task) -> None:
        self.classes_ = task.classes
        self._image_format = task.format
        self.image_shape_ = task.format.image_shape
        self.value_range_ = task.format.value_range
        self.n_features_in_ = task.format.n_features
        if task.format.feature_names is not None:
            self.feature_names_in_ = task.format.feature_names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _restore(self, trainer: Any, optimizer: OptimizerSpec) -> None:
        """Bring a trainer to where this estimator's last fit ended."""
        shapes = [array.shape for array in self._network.state]
        if shapes != [tuple(variable.shape) for variable in trainer.variables]:
            raise ValueError(
                f"Architecture {self.architecture!r} with its present parameters does not have the "
                "weights this estimator was fitted with, so training cannot go on from them. Set "
                "the parameters back, or fit anew with warm_start=False."
            )
        trainer.load_state(self._network.state)
        if self._optimizer_state and optimizer.key == self._fitted_optimizer.key:
            trainer.load_optimizer_state(self._optimizer_state)
            if optimizer.learning_rate is not None:
                trainer.model.optimizer.learning_rate = optimizer.learning_rate

    def _epoch_schedule(
        self, optimizer: OptimizerSpec, first_epoch: int
    ) -> Callable[[int], float] | None:
        if self.learning_rate_schedule not in ("cosine", "step"):
            return None
        if optimizer.learning_rate is None:
            raise ValueError(
                f"learning_rate_schedule={self.learning_rate_schedule!r} needs an optimizer with a "
                "constant learning rate, but the optimizer has a schedule already."
            )
        return partial(
            scheduled_rate,
            kind=self.learning_rate_schedule,
            base=optimizer.learning_rate,
            first_epoch=first_epoch,
            epochs=self.epochs,
        )


def _leaves_model_alone(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback is one of Keras's own, none of which rebuild the model they watch."""
    kind = type(callback)
    return kind.__module__.startswith("keras.") and kind is not keras.callbacks.LambdaCallback
