"""How a classifier on a backbone is fitted: frozen prefix, warm-up, fine-tuning."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

from skdl._utils.checks import warn_user
from skdl._utils.scikit import Interval, StrOptions
from skdl._utils.text import shortened
from skdl.engine import (
    FEATURES,
    IMAGES,
    POOLINGS,
    BackboneSpec,
    EarlyStopper,
    FeatureExtractor,
    FeatureSpec,
    FittedNetwork,
    OptimizerSpec,
    State,
    Trainer,
    TrainingPlan,
    TrainingSet,
    TransferNetwork,
    TransferSpec,
    augmented_copies,
    network_plan,
    prefix_features,
    standardise,
    whole_model,
)
from skdl.estimators._backbones import (
    backbone_channels,
    backbone_spec,
    check_store,
    found_store,
    resolve_store,
    warn_of_standardized,
)
from skdl.estimators._classifier import ImageClassifier
from skdl.estimators._cnn import CNNClassifier
from skdl.estimators._inputs import learn_format
from skdl.estimators._progress import epoch_lines, joined_histories
from skdl.estimators._trained import FitResult, FitTask
from skdl.images import ImageArray, ImageBatch, ImageFormat, pixel_range
from skdl.store import FeatureStore

# Beyond this, feature maps are computed in each epoch instead of being kept.
_MAX_PREFIX_BYTES = 4 * 2**30


def transfer_constraints() -> dict[str, list[Any]]:
    """Constraints of the parameters, those of `CNNClassifier` included."""
    shared = dict(CNNClassifier._parameter_constraints)
    for name in ("architecture", "color"):
        del shared[name]
    return {
        **shared,
        "trainable": [str, Interval(Integral, 1, None, closed="left")],
        "head": ["array-like"],
        "pooling": [StrOptions(set(POOLINGS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "warmup_epochs": [Interval(Integral, 0, None, closed="left")],
        "finetune_learning_rate": [None, Interval(Real, 0, None, closed="neither")],
        "layer_decay": [Interval(Real, 0, 1, closed="right")],
        "augmentation_copies": [None, Interval(Integral, 1, None, closed="left")],
    }


class TransferBase(ImageClassifier):
    """Base of the classifiers on backbones: everything but the list of parameters."""

    _network: TransferNetwork

    # ---- prediction ----------------------------------------------------------------------------

    def _probabilities(self, images: ImageBatch) -> npt.NDArray[np.float32]:
        return self._network.predict(images, found_store(self.store))

    # ---- validation ----------------------------------------------------------------------------

    def _learn_format(self, X: Any, batch: ImageBatch, sample_weight: Any) -> ImageFormat:
        check_store(self.store)
        channels = backbone_channels(self._backbone())
        image_format = learn_format(self, X, batch, sample_weight, channels)
        warn_of_standardized(image_format.value_range)
        return image_format

    def _model_spec(self, image_format: ImageFormat, n_classes: int) -> TransferSpec:
        """The network that takes images; where it really begins is decided before training."""
        backbone: BackboneSpec = backbone_spec(self._backbone(), self._routed("backbone"))
        height, width, channels = image_format.input_shape
        backbone.check_size(height, width, "Set image_size=(height, width) to resize them.")
        plan = network_plan(backbone, self.trainable)
        if self.augmentation_copies is not None and self.augmentation is None:
            raise ValueError(
                f"augmentation_copies={self.augmentation_copies} without augmentation: all copies "
                "would be alike. Set augmentation, such as 'light'."
            )
        return TransferSpec(
            architecture=backbone.backbone,
            params={"units": self._units(), "dropout": self.dropout, "pooling": self.pooling},
            input_shape=(height, width, channels),
            n_classes=n_classes,
            precision=self.precision,
            backbone=backbone,
            weights=backbone.load(self.weights),
            size=(height, width),
            plan=plan,
            layer_decay=float(self.layer_decay),
        )

    def _units(self) -> tuple[int, ...]:
        units = tuple(self.head) if isinstance(self.head, Sequence | np.ndarray) else (None,)
        if not all(
            isinstance(n, int | np.integer) and not isinstance(n, bool) and n > 0 for n in units
        ):
            raise ValueError(
                "The parameter head must be a sequence of positive whole numbers, the units of "
                f"dense layers. Got {shortened(self.head)}."
            )
        return tuple(int(n) for n in units)

    def _n_epochs(self) -> int:
        return int(self.epochs + (self.warmup_epochs if self.trainable != "head" else 0))

    # ---- training ------------------------------------------------------------------------------

    def _run(self, task: FitTask, plan: TrainingPlan) -> FitResult:
        spec = task.spec
        assert isinstance(spec, TransferSpec)
        optimizer, value_range = task.optimizer, pixel_range(task.format.value_range)
        # Without a store, frozen layers still run only once in this fit.
        store = resolve_store(self.store) or FeatureStore()
        plan = replace(plan, value_range=value_range)
        if spec.plan.cut != FEATURES:
            optimizer = self._finetuning_optimizer(optimizer)
            plan = replace(plan, learning_rate=self._epoch_schedule(optimizer, plan.first_epoch))
        warmed: Stage | None = None
        start = self._start(task) if task.continues else self._standardiser(task, spec, plan, store)
        fresh = not (task.continues or task.incremental)
        if spec.plan.cut != FEATURES and self.warmup_epochs and fresh:
            warmed = self._warm_up(task, spec, plan, start, store)
            n_before = len(warmed.history["loss"])
            schedule = self._epoch_schedule(optimizer, n_before)
            plan = replace(plan, first_epoch=n_before, learning_rate=schedule)
            plan.report = epoch_lines(n_before + plan.epochs) if self.verbose else None
            if plan.begin_epoch is not None:
                plan.begin_epoch = partial(plan.begin_epoch, before=warmed.history)
            start = warmed.starter(plan.stopper)
        stage = self._train_stage(task, spec, optimizer, plan, start, store)
        history = stage.history
        if warmed is not None:
            self._warn_if_worse(warmed, stage, plan)
            history = joined_histories(warmed.history, history)
        return FitResult(stage.network, optimizer, stage.optimizer_state, history)

    def _finetuning_optimizer(self, optimizer: OptimizerSpec) -> OptimizerSpec:
        rate = self.finetune_learning_rate
        if optimizer.learning_rate is None:
            if rate is not None:
                raise ValueError(
                    f"Both finetune_learning_rate={rate} and a Keras schedule are set, which gives "
                    "the learning rates itself. Set only one of them."
                )
            return optimizer
        rate = optimizer.learning_rate / 10 if rate is None else float(rate)
        return OptimizerSpec(optimizer.cls, {**optimizer.config, "learning_rate": rate})

    def _standardiser(
        self, task: FitTask, spec: TransferSpec, plan: TrainingPlan, store: FeatureStore
    ) -> Callable[[Trainer], None]:
        """What lets the head see standardised features."""
        at_end = replace(spec, plan=replace(spec.plan, cut=FEATURES))
        prefix = _prefix(at_end, plan.value_range, len(task.data))
        assert prefix is not None
        features = prefix_features(prefix, task.data.images, store)
        return lambda trainer: standardise(trainer.model, features)

    def _warm_up(
        self,
        task: FitTask,
        spec: TransferSpec,
        plan: TrainingPlan,
        start: Callable[[Trainer], None],
        store: FeatureStore,
    ) -> "Stage":
        """Train the head on frozen features, of the images as they are."""
        n_epochs = self.epochs + self.warmup_epochs
        stopper = plan.stopper and EarlyStopper(self.n_iter_no_change, self.tol)
        return self._train_stage(
            replace(task, changes=None),
            replace(spec, plan=replace(spec.plan, cut=FEATURES)),
            task.optimizer,
            replace(
                plan,
                epochs=self.warmup_epochs,
                learning_rate=None,
                stopper=stopper,
                report=epoch_lines(n_epochs) if self.verbose else None,
                judge=None,
            ),
            start,
            store,
        )

    def _train_stage(
        self,
        task: FitTask,
        spec: TransferSpec,
        optimizer: OptimizerSpec,
        plan: TrainingPlan,
        start: Callable[[Trainer], None],
        store: FeatureStore,
    ) -> "Stage":
        """Run the frozen prefix once, and train what is behind it."""
        value_range, n_channels = plan.value_range, spec.input_shape[2]
        copies = self.augmentation_copies if task.changes else None
        prefix = None
        if task.changes is None or copies:
            prefix = _prefix(spec, plan.value_range, len(task.data) * (copies or 1))
        if prefix is None:
            spec = replace(spec, plan=replace(spec.plan, cut=IMAGES))
            data = _resized_once(task.data)
            validation = task.validation and _resized_once(task.validation)
            plan = replace(plan, augmentation=task.changes)
        else:
            spec = replace(spec, input_shape=prefix.network.output_shape)
            if task.changes is not None and copies:
                data = _resized_once(task.data)
                data = augmented_copies(prefix, data, task.changes, copies, plan.seed)
            else:
                data = _behind(prefix, task.data, store)
            validation = task.validation and _behind(prefix, task.validation, store)
            # Features are taken as they are.
            plan = replace(plan, augmentation=None, value_range="standardized", copies=copies or 1)

        def network(state: State) -> TransferNetwork:
            fitted = FittedNetwork(spec, state, plan.value_range)
            return TransferNetwork(prefix, fitted, value_range, n_channels)

        watched = partial(whole_model, spec=spec, n_channels=n_channels)
        plan = replace(plan, network=network, watched=watched)
        state, optimizer_state, history = self._train_network(
            spec, optimizer, data, validation, plan, start
        )
        return Stage(network(state), optimizer_state, history)

    # ---- what a user should know ----------------------------------------------------------------

    def _warn_if_worse(self, warmed: "Stage", stage: "Stage", plan: TrainingPlan) -> None:
        changed = plan.augmentation is not None or self.dropout
        if plan.stopper is not None or "val_loss" in stage.history:
            after = stage.history.get("val_loss", [np.nan])
            before, end = _lowest(warmed.history), _lowest(stage.history)
            end, name = (end if plan.stopper else after[-1]), "validation loss"
        elif not changed:
            before, end, name = warmed.history["loss"][-1], stage.history["loss"][-1], "loss"
        else:
            return
        if before < end < np.inf:
            kept = "The weights before it are kept. " if plan.stopper is not None else ""
            stop = "" if plan.stopper is not None else "set early_stopping=True, "
            warn_user(
                f"Training the backbone ended with a {name} of {end:.4g}, worse than the "
                f"{before:.4g} of its frozen features. {kept}Lower finetune_learning_rate, "
                f"{stop}or take trainable='head'.",
                ConvergenceWarning,
            )


@dataclass(frozen=True)
class Stage:
    """One training, of the head alone or of more."""

    network: TransferNetwork
    optimizer_state: State
    history: dict[str, list[float]]

    def starter(self, stopper: EarlyStopper | None) -> Callable[[Trainer], None]:
        """What lets the next training begin with the head of this one."""

        def start(trainer: Trainer) -> None:
            head = self.network.state
            trainer.load_state(trainer.state()[: -len(head)] + head)
            if stopper is not None:
                stopper.begin(_lowest(self.history), trainer.state())

        return start


def _lowest(history: dict[str, list[float]]) -> float:
    """The lowest validation loss; infinity without any, as of epochs that were restored."""
    return float(np.nanmin([*history.get("val_loss", []), np.inf]))


def _prefix(spec: TransferSpec, value_range: Any, n_images: int) -> FeatureExtractor | None:
    """What runs once for each image; None if there is nothing, or too much to keep."""
    if spec.plan.cut == IMAGES:
        return None
    at_end = spec.plan.cut == FEATURES
    features = FeatureSpec(
        spec.backbone,
        spec.input_shape,
        (spec.backbone.last_layer if at_end else spec.plan.cut,),
        (spec.params["pooling"],) if at_end else (),
        spec.precision,
    )
    prefix = FeatureExtractor(features, spec.weights, value_range)
    too_large = 4 * n_images * math.prod(prefix.network.output_shape) > _MAX_PREFIX_BYTES
    return None if too_large and not at_end else prefix


def _behind(prefix: FeatureExtractor, data: TrainingSet, store: FeatureStore) -> TrainingSet:
    return replace(data, images=ImageArray(prefix_features(prefix, data.images, store)))


def _resized_once(data: TrainingSet) -> TrainingSet:
    return replace(data, images=data.images.resized_once())
