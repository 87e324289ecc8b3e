"""A fitted classifier on a backbone: a frozen prefix, the trained part, and both as one."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from skdl.engine._backbone import Precision, pooled
from skdl.engine._body import Body, Cut, preprocessed
from skdl.engine._building import building
from skdl.engine._features import FeatureExtractor
from skdl.engine._fitted import FittedNetwork
from skdl.engine._optimizers import OptimizerSpec
from skdl.engine._recipe import Recipe
from skdl.engine._seeding import assign, python_random
from skdl.engine._trainer import Trainer
from skdl.engine._variants import Averaging
from skdl.images import ImageArray, ImageBatch, ValueRange, range_offset_and_scale
from skdl.store import FeatureStore


class TransferNetwork(Averaging):
    """A frozen prefix and the trained network behind it, as one fitted estimator owns them.

    Without a prefix, the network begins at the images, whose value range and channels these are.
    """

    def __init__(
        self,
        prefix: FeatureExtractor | None,
        fitted: FittedNetwork,
        value_range: ValueRange,
        n_channels: int,
    ) -> None:
        self.n_channels = n_channels
        self.prefix = prefix
        self.fitted = fitted
        self.value_range: ValueRange = value_range

    @property
    def recipe(self) -> Recipe:
        return self.fitted.recipe

    @property
    def state(self) -> list[npt.NDArray[Any]]:
        return self.fitted.state

    def predict(
        self,
        images: ImageBatch,
        store: FeatureStore | None = None,
        report: Callable[[int], None] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Class probabilities."""
        if self.prefix is None:
            return self.fitted.predict(images)
        return self.fitted.predict(ImageArray(prefix_features(self.prefix, images, store, report)))

    @python_random()
    @building()
    def to_keras(self, optimizer: OptimizerSpec) -> keras.Model:
        """A compiled Keras model of its own that takes images."""
        recipe, body = self.recipe, self.recipe.body
        model, base = recipe.parts()
        assign(model.variables, self.state)
        if base is None:
            base = body.build()
            base.trainable = False
        images = keras.Input((*body.size, self.n_channels))
        offset, scale = range_offset_and_scale(self.value_range)
        rescaled = keras.layers.Rescaling(scale, -offset * scale)(images)
        whole = keras.Model(images, _classes(recipe, base, model, rescaled), name="classifier")
        whole.compile(optimizer=optimizer.make(), **recipe.compile_options)
        return whole


@python_random()
def whole_model(trainer: Trainer, recipe: Recipe, n_channels: int) -> keras.Model:
    """The network in training together with its frozen layers: what a callback should see.

    It takes images with values from 0 to 1, and shares the variables and the optimizer of the
    trainer, whose recipe this is.
    """
    with building(recipe.precision):
        images = keras.Input((*recipe.body.size, n_channels))
        base = _backbone_around(trainer.model, recipe.body, recipe.precision)
        outputs = _classes(recipe, base, trainer.model, images)
        whole = keras.Model(images, outputs, name="classifier")
        whole.compile(optimizer=trainer.model.optimizer, **recipe.compile_options)
    return whole


def _backbone_around(model: keras.Model, body: Body, precision: Precision) -> keras.Model:
    """The whole backbone, with those of its layers that are in a network in training."""
    cut = body.plan.cut
    if cut is Cut.IMAGES:
        return model.get_layer("backbone").network
    base = body.build(precision)
    base.trainable = False
    if cut is Cut.FEATURES:
        return base
    behind = model.get_layer("backbone").network.layers[1:]  # the first stands for the input
    before = base.layers[cut + 1 :]
    trained = {id(old): new for old, new in zip(before, behind, strict=True)}
    return keras.models.clone_model(
        base, clone_function=lambda layer: trained.get(id(layer), layer)
    )


def _classes(recipe: Recipe, base: keras.Model, model: keras.Model, images: Any) -> Any:
    """What a backbone and the head of a network say of images with values from 0 to 1."""
    x = base(preprocessed(images, recipe.body.backbone.declaration.preprocessing), training=False)
    x = pooled(x, recipe.params["pooling"])
    for layer in model.layers:
        x = layer(x) if layer.name.startswith("head") else x
    return x


def prefix_features(
    prefix: FeatureExtractor,
    images: ImageBatch,
    store: FeatureStore | None = None,
    report: Callable[[int], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Features, or feature maps in their shape."""
    features = prefix.transform(images, store, report=report)
    return features.reshape(len(features), *prefix.network.output_shape)
