"""Features of a network of Keras. Importing this imports TensorFlow."""

from collections.abc import Sequence
from typing import Any

from skdl.backbones import POOLINGS, Extractor
from skdl.engine import BackboneSpec, FeatureExtractor, FeatureSpec
from skdl.estimators._converted import converted
from skdl.images import ImageShape, ValueRange


class KerasSource:
    """A backbone as an estimator names it, asked what it takes."""

    def __init__(
        self,
        backbone: BackboneSpec,
        weights: Any,
        layers: tuple[str, ...] | None,
        engine: str,
    ) -> None:
        self._backbone, self._weights, self._engine = backbone, weights, engine
        self._layers = (backbone.last_layer,) if layers is None else layers

    @property
    def channels(self) -> int:
        return self._backbone.declaration.preprocessing.channels

    def check_size(self, height: int, width: int, advice: str) -> None:
        """Refuse images that are too small."""
        self._backbone.check_size(height, width, advice)

    def extractor(
        self,
        image_shape: ImageShape,
        poolings: Sequence[str],
        precision: str,
        value_range: ValueRange,
    ) -> Extractor:
        """What computes the features."""
        if not set(poolings) <= set(POOLINGS):
            raise ValueError(
                "pooling='cls' uses the class token of a transformer, but the backbone "
                f"{self._backbone.label} returns feature maps. Set pooling='avg'."
            )
        spec = FeatureSpec(self._backbone, image_shape, self._layers, tuple(poolings), precision)
        found = FeatureExtractor(spec, self._backbone.load(self._weights), value_range)
        return converted(found) if self._engine == "onnxruntime" else found
