"""How an estimator on a backbone is fitted: frozen prefix, warm-up, fine-tuning.

Decisions: docs/decisions.md#pretrained-networks-and-features.
"""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

from skdl._utils.checks import check_counts, warn_user
from skdl._utils.scikit import Interval, StrOptions
from skdl.backbones import POOLINGS, refuse_onnx
from skdl.engine import (
    BackboneSpec,
    Body,
    Fitted,
    Job,
    Recipe,
    fit_transfer,
)
from skdl.estimators._backbones import (
    backbone_channels,
    backbone_spec,
    check_store,
    found_store,
    resolve_store,
    warn_of_standardized,
)
from skdl.estimators._formats import learn_format
from skdl.estimators._targets import Targets
from skdl.images import ImageBatch, ImageFormat
from skdl.preprocessing import plan_augmentation

TRANSFER_CONSTRAINTS: dict[str, list[Any]] = {
    "trainable": [str, Interval(Integral, 1, None, closed="left")],
    "head": ["array-like"],
    "pooling": [StrOptions(set(POOLINGS))],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "warmup_epochs": [Interval(Integral, 0, None, closed="left")],
    "finetune_learning_rate": [None, Interval(Real, 0, None, closed="neither")],
    "layer_decay": [Interval(Real, 0, 1, closed="right")],
    "augmentation_copies": [None, Interval(Integral, 1, None, closed="left")],
}


class OnBackbone:
    """What estimators on backbones have in the place of others' methods."""

    # No subclass of theirs: scikit-learn gives each estimator class a `fit` of its own.
    augmentation: Any
    augmentation_copies: Any
    dropout: Any
    epochs: Any
    finetune_learning_rate: Any
    head: Any
    layer_decay: Any
    pooling: Any
    precision: Any
    store: Any
    trainable: Any
    warmup_epochs: Any
    weights: Any
    _backbone: Callable[[], Any]
    _network: Any
    _routed: Callable[[str], dict[str, Any]]

    # ---- prediction ----------------------------------------------------------------------------

    def _outputs(self, images: ImageBatch) -> npt.NDArray[np.float32]:
        outputs: npt.NDArray[np.float32] = self._network.predict(images, found_store(self.store))
        return outputs

    # ---- validation ----------------------------------------------------------------------------

    def _learn_format(self, X: Any, batch: ImageBatch, sample_weight: Any) -> ImageFormat:
        refuse_onnx(self._backbone(), type(self).__name__)
        check_store(self.store)
        channels = backbone_channels(self._backbone())
        image_format = learn_format(self, X, batch, sample_weight, channels)
        warn_of_standardized(image_format.value_range)
        return image_format

    def _recipe(self, image_format: ImageFormat, targets: Targets) -> Recipe:
        """The network that takes images; where it really begins is decided before training."""
        backbone: BackboneSpec = backbone_spec(self._backbone(), self._routed("backbone"))
        height, width, channels = image_format.input_shape
        backbone.check_size(height, width, "Set image_size=(height, width) to resize them.")
        if self.augmentation_copies is not None and self.augmentation is None:
            raise ValueError(
                f"augmentation_copies={self.augmentation_copies} without augmentation: all copies "
                "would be identical. Set augmentation, such as 'light'."
            )
        self._refuse_mixed_copies()
        return Recipe(
            backbone.backbone,
            {
                "units": check_counts(self.head, "head"),
                "dropout": self.dropout,
                "pooling": self.pooling,
            },
            (height, width, channels),
            targets.n_outputs,
            self.precision,
            targets.loss,
            targets.head,
            **targets.loss_options,
            on_backbone=Body.of(
                backbone, self.weights, (height, width), self.trainable, float(self.layer_decay)
            ),
        )

    def _refuse_mixed_copies(self) -> None:
        """Refuse mixtures where the same variants of the images are used in all epochs."""
        plan = plan_augmentation(self.augmentation)
        if self.augmentation_copies is not None and plan is not None and plan.mixes:
            raise ValueError(
                "mixup and cutmix mix images within a batch, but augmentation_copies draws the "
                "variants before training, without batches. Set augmentation_copies=None, or set "
                "both to 0."
            )

    def _n_epochs(self) -> int:
        return int(self.epochs + (self.warmup_epochs if self.trainable != "head" else 0))

    # ---- training ------------------------------------------------------------------------------

    def _run(self, job: Job) -> Fitted:
        fitted = fit_transfer(
            job,
            store=resolve_store(self.store),
            warmup_epochs=self.warmup_epochs,
            finetune_learning_rate=self.finetune_learning_rate,
            copies=self.augmentation_copies,
        )
        if fitted.n_warmup:
            self._warn_if_worse(job, fitted)
        return fitted

    def _warn_if_worse(self, job: Job, fitted: Fitted) -> None:
        """Warn if training the backbone degraded what the head had learned before."""
        before, after = (
            {name: values[part] for name, values in fitted.history.items()}
            for part in (slice(fitted.n_warmup), slice(fitted.n_warmup, None))
        )
        stops = job.patience is not None
        if job.validation is not None:
            lowest, name = _lowest(before), "validation loss"
            end = _lowest(after) if stops else after.get("val_loss", [np.nan])[-1]
        elif job.augmentation is None and not self.dropout:
            lowest, end, name = before["loss"][-1], after["loss"][-1], "loss"
        else:
            return
        if lowest < end < np.inf:
            kept = "The weights from before are kept. " if stops else ""
            stop = "" if stops else "set early_stopping=True, "
            warn_user(
                f"Training the backbone ended with a {name} of {end:.4g}, worse than the "
                f"{lowest:.4g} with frozen features. {kept}Lower finetune_learning_rate, {stop}or "
                "set trainable='head'.",
                ConvergenceWarning,
            )


def _lowest(history: dict[str, list[float]]) -> float:
    """The lowest validation loss; infinity without any, as of epochs that were restored."""
    return float(np.nanmin([*history.get("val_loss", []), np.inf]))
