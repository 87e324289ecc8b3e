"""Training a classifier on a backbone: its frozen prefix once, the head alone, fine-tuning.

Decisions: docs/decisions.md#pretrained-networks-and-features.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from skdl.engine._augment import augmented
from skdl.engine._body import Cut, standardise
from skdl.engine._features import FeatureExtractor, FeatureSpec
from skdl.engine._fitted import FittedNetwork
from skdl.engine._job import Fitted, Job
from skdl.engine._optimizers import OptimizerSpec
from skdl.engine._seeding import AUGMENTATION, seed_of, stream
from skdl.engine._trainer import State, Trainer, TrainingSet
from skdl.engine._training import EarlyStopper, Stage, fit, go_on
from skdl.engine._transfer_network import TransferNetwork, prefix_features, whole_model
from skdl.images import ImageArray, pixel_range, range_offset_and_scale, rescale
from skdl.preprocessing import AugmentationPlan
from skdl.store import FeatureStore

# Beyond this, feature maps are computed in each epoch instead of being kept.
_MAX_PREFIX_BYTES = 4 * 2**30
_IMAGES_AT_A_TIME = 256

Begin = Callable[[Trainer, EarlyStopper | None], None]


def fit_transfer(
    job: Job,
    *,
    store: FeatureStore | None = None,
    warmup_epochs: int = 0,
    finetune_learning_rate: float | None = None,
    copies: int | None = None,
) -> Fitted:
    """Train a classifier on a backbone, in stages; its recipe has a body, and takes images.

    `store` keeps the outputs of frozen layers; None keeps them for this training alone. Where a
    part of the backbone is trained from the start, `warmup_epochs` of the head alone come before,
    and `finetune_learning_rate` is by default a tenth of the optimizer's. `copies` draws so many
    variants of each image once; None draws them anew in each epoch.
    """
    job = replace(job, value_range=pixel_range(job.value_range))
    store = FeatureStore() if store is None else store
    tunes = job.recipe.body.plan.cut is not Cut.FEATURES
    on_features = replace(job, recipe=job.recipe.cut_at(Cut.FEATURES))
    if tunes:
        optimizer = _finetuning_optimizer(job.optimizer, finetune_learning_rate)
        job = replace(job, optimizer=optimizer)
    begin: Begin = partial(go_on, job)
    if job.start is None:
        begin = _standardising_start(on_features, store)
    if not (tunes and warmup_epochs and job.mode == "fit"):
        return _fit_stage(job, store, copies, begin)
    warm_up = replace(
        on_features, epochs=warmup_epochs, schedule=None, augmentation=None, judge=None
    )
    warmed = _fit_stage(warm_up, store, None, begin, later_epochs=job.epochs)
    job = replace(job, start=warmed)
    fitted = _fit_stage(job, store, copies, partial(_take_head, warmed))
    return replace(fitted, n_warmup=warmed.n_epochs)


def _finetuning_optimizer(optimizer: OptimizerSpec, rate: float | None) -> OptimizerSpec:
    if optimizer.learning_rate is None:
        if rate is not None:
            raise ValueError(
                f"Both finetune_learning_rate={rate} and a Keras schedule are set, but the "
                "schedule determines the learning rate. Set only one of them."
            )
        return optimizer
    rate = optimizer.learning_rate / 10 if rate is None else float(rate)
    return OptimizerSpec(optimizer.cls, {**optimizer.config, "learning_rate": rate})


def _standardising_start(on_features: Job, store: FeatureStore) -> Begin:
    """Begin with a head that sees standardised features."""
    prefix = _prefix(on_features, 1)
    assert prefix is not None  # of a network that begins at the features
    features = prefix_features(prefix, on_features.data.images, store)
    return lambda trainer, _: standardise(trainer.model, features)


def _take_head(warmed: Fitted, trainer: Trainer, stopper: EarlyStopper | None) -> None:
    """Begin with the head of the training before, which may be the best there will be."""
    head = warmed.network.state
    trainer.load_state(trainer.state()[: -len(head)] + head)
    if stopper is not None:
        lowest = float(np.nanmin([*warmed.history.get("val_loss", []), np.inf]))
        stopper.begin(lowest, trainer.state())


def _fit_stage(
    job: Job, store: FeatureStore, copies: int | None, begin: Begin, later_epochs: int = 0
) -> Fitted:
    """Run the frozen prefix once, and train what is behind it."""
    value_range, changes, recipe = job.value_range, job.augmentation, job.recipe
    n_channels = recipe.input_shape[2]
    copies = copies if changes else None
    prefix = None
    if changes is None or copies:
        prefix = _prefix(job, len(job.data) * (copies or 1))
    if prefix is None:
        recipe = recipe.cut_at(Cut.IMAGES)
    else:
        recipe = replace(recipe, input_shape=prefix.network.output_shape)
        # Features are taken as they are.
        job = replace(job, augmentation=None, value_range="standardized")
    if prefix is not None and changes is not None and copies:
        data = replace(job.data, images=job.data.images.kept())
        data = _augmented_copies(prefix, data, changes, copies, job.seed)
    else:
        data = _behind(prefix, job.data, store)
    validation = job.validation and _behind(prefix, job.validation, store)
    trained_on = job.value_range

    def network(state: State) -> TransferNetwork:
        fitted = FittedNetwork(recipe, state, trained_on)
        return TransferNetwork(prefix, fitted, value_range, n_channels)

    watched = partial(whole_model, recipe=recipe, n_channels=n_channels)
    stage = Stage(network, begin, watched, copies or 1, later_epochs)
    return fit(replace(job, recipe=recipe, data=data, validation=validation), stage)


def _behind(prefix: FeatureExtractor | None, data: TrainingSet, store: FeatureStore) -> TrainingSet:
    """What the network behind a prefix gets, or one that begins at the images."""
    if prefix is None:
        return data
    return replace(data, images=ImageArray(prefix_features(prefix, data.images, store)))


def _prefix(job: Job, n_images: int) -> FeatureExtractor | None:
    """What runs once for each image; None if there is nothing, or too much to keep."""
    recipe, body = job.recipe, job.recipe.body
    cut = body.plan.cut
    if cut is Cut.IMAGES:
        return None
    at_end = cut is Cut.FEATURES
    features = FeatureSpec(
        body.backbone,
        recipe.input_shape,
        (body.backbone.last_layer if cut is Cut.FEATURES else cut,),
        (recipe.params["pooling"],) if at_end else (),
        recipe.precision,
    )
    prefix = FeatureExtractor(features, body.weights, job.value_range)
    too_large = 4 * n_images * math.prod(prefix.network.output_shape) > _MAX_PREFIX_BYTES
    return None if too_large and not at_end else prefix


def _augmented_copies(
    prefix: FeatureExtractor, data: TrainingSet, changes: AugmentationPlan, copies: int, seed: int
) -> TrainingSet:
    """What a prefix gives for random variants of images: all images once, then once more."""
    rescaled = replace(prefix, value_range=(0.0, 1.0))
    offset, scale = range_offset_and_scale(prefix.value_range)
    parts = []
    for copy in range(copies):
        drawn = seed_of(stream(seed, AUGMENTATION, copy))
        for span, pixels, _ in data.images.chunks(_IMAGES_AT_A_TIME):
            values = rescale(pixels.astype(np.float32), np.float32(offset), np.float32(scale))
            changed = augmented(values, changes, (drawn, span.start))
            parts.append(prefix_features(rescaled, ImageArray(changed)))
    return TrainingSet(
        ImageArray(np.concatenate(parts)),
        np.concatenate([np.asarray(data.targets)] * copies),
        np.concatenate([data.weights] * copies),
    )
