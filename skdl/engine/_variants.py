"""Predictions that are averaged: over variants of images, or over several networks.

Decisions: docs/decisions.md#augmentation-and-noise.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from skdl.engine._augment import variant
from skdl.engine._optimizers import OptimizerSpec
from skdl.engine._recipe import Recipe
from skdl.engine._seeding import VARIANTS, seed_of, stream
from skdl.images import ImageArray, ImageBatch, ValueRange, range_offset_and_scale, rescale
from skdl.preprocessing import AugmentationPlan

_IMAGES_AT_A_TIME = 256


class Averaging:
    """What fitted networks have in common."""

    value_range: Any
    predict: Any

    @property
    def first(self) -> Any:
        """The network, or the first of several."""
        return self

    def averaged(
        self, images: ImageBatch, outputs: Any, plan: AugmentationPlan, seed: int, n_variants: int
    ) -> npt.NDArray[np.float32]:
        """Mean of the outputs for images, and of those for so many variants of them."""
        total = outputs.astype(np.float64)
        for number in range(n_variants):
            of_variant = seed_of(stream(seed, VARIANTS, number))
            parts = _variants(images, plan, of_variant, self.value_range)
            total += np.concatenate([self.predict(ImageArray(pixels)) for pixels in parts])
        mean: npt.NDArray[np.float32] = (total / (1 + n_variants)).astype(np.float32)
        return mean


class Ensemble(Averaging):
    """Fitted networks of one kind, whose outputs are averaged."""

    def __init__(self, members: Sequence[Any]) -> None:
        self.members = list(members)

    @property
    def first(self) -> Any:
        return self.members[0]

    @property
    def recipe(self) -> Recipe:
        recipe: Recipe = self.first.recipe
        return recipe

    @property
    def value_range(self) -> ValueRange:
        value_range: ValueRange = self.first.value_range
        return value_range

    def predict(self, images: ImageBatch, *settings: Any) -> npt.NDArray[np.float32]:
        """Mean of what the members give for images."""
        first, *others = self.members
        total = first.predict(images, *settings).astype(np.float64)
        for member in others:
            total += member.predict(images, *settings)
        mean: npt.NDArray[np.float32] = (total / len(self.members)).astype(np.float32)
        return mean

    def to_keras(self, optimizer: OptimizerSpec) -> keras.Model:
        """All of them as one compiled Keras model."""
        models = [member.to_keras(optimizer) for member in self.members]
        for number, model in enumerate(models):
            model.name = f"{model.name}_{number}"
        inputs = keras.Input(models[0].input_shape[1:])
        outputs = keras.layers.Average()([model(inputs) for model in models])
        whole = keras.Model(inputs, outputs, name="ensemble")
        whole.compile(optimizer=optimizer.make(), **self.recipe.compile_options)
        return whole


def _variants(
    images: ImageBatch, plan: AugmentationPlan, seed: int, value_range: ValueRange
) -> Iterator[npt.NDArray[np.float32]]:
    """Images changed alike, some at a time, with the pixel values that they have."""
    offset, scale = (np.float32(number) for number in range_offset_and_scale(value_range))
    clipped = value_range != "standardized"
    for _, pixels, _ in images.chunks(_IMAGES_AT_A_TIME):
        rescaled = rescale(pixels.astype(np.float32), offset, scale)
        yield variant(rescaled, plan, seed, clipped) / scale + offset
