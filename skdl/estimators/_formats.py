"""What a fit learns of its images."""

from typing import Any

from skdl.images import ImageBatch, ImageFormat

_PARAMETERS = (
    "image_shape",
    "value_range",
    "image_size",
    "keep_aspect",
    "color",
    "input_adapter",
)


def learn_format(
    estimator: Any,
    X: Any,
    batch: ImageBatch,
    sample_weight: Any = None,
    backbone_channels: int | None = None,
) -> ImageFormat:
    """What a fit learns of its images, by the parameters that an estimator has."""
    params = {name: getattr(estimator, name) for name in _PARAMETERS if hasattr(estimator, name)}
    return ImageFormat.learn(
        X, batch, **params, sample_weight=sample_weight, backbone_channels=backbone_channels
    )
