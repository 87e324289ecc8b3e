"""What estimators share that map images to something else: what goes into a fit."""

from abc import abstractmethod
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import validate_params
from skdl._utils.labels import check_groups
from skdl._utils.scikit import Interval
from skdl._utils.seeds import draw_seed
from skdl.engine import Job, Recipe, TrainingSet
from skdl.estimators._augmented import AugmentedImagesMixin
from skdl.estimators._formats import learn_format
from skdl.estimators._inputs import (
    as_weights,
    check_batch,
    make_training_set,
    refuse_other_length,
    weighted_rows,
)
from skdl.estimators._targets import Targets
from skdl.estimators._trained import Learned, TrainedEstimator
from skdl.images import ImageBatch, ImageFormat
from skdl.plugins import architectures, require_importable
from skdl.preprocessing import plan_augmentation

MEMBER_CONSTRAINTS: dict[str, list[Any]] = {
    "tta": [Interval(Integral, 0, None, closed="left")],
    "n_members": [Interval(Integral, 1, None, closed="left")],
}


class SupervisedEstimator(AugmentedImagesMixin, TrainedEstimator):
    """Base of estimators that map images to classes, labels or numbers."""

    # ---- targets, which subclasses know ----------------------------------------------------------

    @abstractmethod
    def _check_targets(self, y: Any, name: str) -> npt.NDArray[Any]:
        """What was passed as targets, checked."""

    @abstractmethod
    def _learn_targets(self, y: npt.NDArray[Any], sample_weight: Any, classes: Any) -> Targets:
        """How checked targets are described to the engine."""

    @abstractmethod
    def _fitted_targets(self) -> Targets:
        """The same of the fit before."""

    # ---- validation ------------------------------------------------------------------------------

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
        self._refuse_going_on(mode)
        optimizer, callbacks = self._optimizer_spec(), self._make_callbacks()
        batch, wanted = self._check_pair(X, y, "X", "y")
        sample_weight = as_weights(sample_weight)
        groups = None if groups is None else check_groups(groups, len(wanted), several=False)
        start = self._last_training(mode)
        if start is None:
            targets = self._learn_targets(wanted, sample_weight, classes)
            image_format = self._learn_format(X, batch, sample_weight)
        else:
            targets, image_format = self._fitted_targets(), self._image_format
            image_format.check_columns(X, batch, self)
            image_format.warn_of_another_scale(batch)
            targets.refuse_others(wanted, classes, mode)
        recipe = self._recipe(image_format, targets)
        data, weights = self._training_set(batch, wanted, image_format, targets, sample_weight)
        seed = draw_seed(self.random_state) if start is None else self._seed
        validation, held_out, is_whole = None, None, mode in ("fit", "warm_start")
        if X_val is not None or y_val is not None:
            validation = self._validation_set(X_val, y_val, image_format, targets)
        elif is_whole and self._validation_fraction():
            rows = weighted_rows(weights)  # those of the data
            groups = None if groups is None else groups[rows]
            fraction = self._validation_fraction()
            data, validation, held_out = targets.hold_out(data, fraction, seed, groups)
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
            judge=targets.judge() if is_whole else None,
        )
        return job, {**self._learned(job, image_format, held_out), **targets.attributes}

    def _refuse_going_on(self, mode: Job.Mode) -> None:
        """Refuse to go on with several networks, of which one optimizer's state is kept."""
        if self.n_members > 1 and (self.warm_start or mode == "partial_fit"):
            what = "partial_fit" if mode == "partial_fit" else "warm_start=True"
            raise ValueError(
                f"{what} continues with one network, but n_members={self.n_members} trains "
                "several. Set n_members=1."
            )

    def _check_pair(
        self, X: Any, y: Any, x_name: str, y_name: str
    ) -> tuple[ImageBatch, npt.NDArray[Any]]:
        """Images and targets that belong together."""
        batch = check_batch(X, y, x_name, y_name, self)
        wanted = self._check_targets(y, y_name)
        refuse_other_length(batch, wanted, x_name, y_name)
        return batch, wanted

    def _training_set(
        self,
        batch: ImageBatch,
        wanted: npt.NDArray[Any],
        image_format: ImageFormat,
        targets: Targets,
        sample_weight: Any,
    ) -> tuple[TrainingSet, npt.NDArray[np.float32]]:
        """The images that have a weight, and the weights of all."""
        encoded = targets.encode(
            wanted, advice="Pass all classes to the first call of partial_fit."
        )
        weights = targets.weights(sample_weight, getattr(self, "class_weight", None), wanted)
        images = image_format.as_images(batch, self)
        return make_training_set(images, encoded, weights), weights

    def _validation_set(
        self, X_val: Any, y_val: Any, image_format: ImageFormat, targets: Targets
    ) -> TrainingSet:
        batch, wanted = self._check_pair(X_val, y_val, "X_val", "y_val")
        image_format.check_names(X_val, "X_val")
        image_format.warn_of_another_scale(batch, "X_val")
        encoded = targets.encode(wanted, "y_val")
        weights = targets.weights(None, getattr(self, "class_weight", None), wanted)
        return make_training_set(image_format.as_images(batch, self, "X_val"), encoded, weights)

    def _learn_format(self, X: Any, batch: ImageBatch, sample_weight: Any) -> ImageFormat:
        return learn_format(self, X, batch, sample_weight)

    def _n_epochs(self) -> int:
        return int(self.epochs)

    def _recipe(self, image_format: ImageFormat, targets: Targets) -> Recipe:
        import keras  # which the engine has started

        if isinstance(self.architecture, str):
            architectures.get(self.architecture)
        elif isinstance(self.architecture, keras.Model):
            raise ValueError(
                "architecture is a keras.Model. Pass a function (input_shape, n_classes) that "
                "builds one: each fit needs a new network."
            )
        else:
            require_importable(self.architecture, "architecture")
        recipe = Recipe(
            self.architecture,
            self._routed("architecture"),
            image_format.input_shape,
            targets.n_outputs,
            self.precision,
            targets.loss,
            targets.head,
            **targets.loss_options,
        )
        recipe.check_params()
        return recipe

    def _averaged(self, images: ImageBatch) -> npt.NDArray[np.float32]:
        """What the network gives for images, and for variants of them, on average."""
        if not self.tta:
            return self._outputs(images)
        plan = plan_augmentation(self.augmentation)
        if plan is None:
            raise ValueError(
                f"tta={self.tta} averages predictions over random changes of the images, but "
                "augmentation=None makes no changes. Set augmentation, such as 'light', or tta=0."
            )
        outputs = self._outputs(images)
        averaged: npt.NDArray[np.float32] = self._network.averaged(
            images, outputs, plan, self._seed, self.tta
        )
        return averaged

    def _outputs(self, images: ImageBatch) -> npt.NDArray[np.float32]:
        """What the network gives for images."""
        outputs: npt.NDArray[np.float32] = self._network.predict(images)
        return outputs
