"""The networks of Keras Applications for small machines, as backbones."""

import math

import skdl.architectures  # noqa: F401 (starts TensorFlow)

# isort: split
import keras

from skdl.backbones._applications import BYTES, MEAN, SIGNED, STD, Shape, application, named_end
from skdl.backbones._declaration import Backbone, Preprocessing, declare_backbone
from skdl.backbones._published import published_weights


def _shifted_mean() -> tuple[float, ...]:
    """For EfficientNetB0, whose Keras weights normalise with a variance of `STD`.

    Keras divides by its root a second time, in a layer that is there with ImageNet weights only.
    The same before the network's own normalisation: ``mean + (value - mean) / sqrt(std)``.
    """
    pairs = zip(MEAN, STD, strict=True)
    return tuple(255 * mean * (1 - math.sqrt(std)) for mean, std in pairs)


@declare_backbone(
    Backbone(
        SIGNED,
        {
            "block_2_add": 24,
            "block_5_add": 32,
            "block_9_add": 64,
            "block_12_add": 96,
            "block_15_add": 160,
            "out_relu": 1280,
        },
        weights=published_weights("mobilenet_v2"),
    )
)
def mobilenet_v2(input_shape: Shape, *, alpha: float = 1.0) -> keras.Model:
    """Inverted residuals of depthwise convolutions; small and fast.

    `alpha` multiplies the numbers of channels. ImageNet weights are available by name for 0.35 and
    1.0; files with weights for 0.5, 0.75, 1.3 and 1.4 exist.

    M. Sandler, A. Howard, M. Zhu, A. Zhmoginov and L.-C. Chen, "MobileNetV2: inverted residuals
    and linear bottlenecks", CVPR 2018.
    """
    return application("MobileNetV2", input_shape, alpha=alpha)


@declare_backbone(
    Backbone(
        BYTES,
        {
            "expanded_conv_2_add": 24,
            "expanded_conv_5_add": 40,
            "expanded_conv_7_add": 48,
            "expanded_conv_10_add": 96,
            "features": 576,
        },
        weights=published_weights("mobilenet_v3_small"),
    )
)
def mobilenet_v3_small(input_shape: Shape) -> keras.Model:
    """Depthwise convolutions and attention to channels, for phones.

    A. Howard et al., "Searching for MobileNetV3", ICCV 2019.
    """
    return named_end(application("MobileNetV3Small", input_shape))


@declare_backbone(
    Backbone(
        Preprocessing(
            scale=255, mean=_shifted_mean(), std=tuple(math.sqrt(value) for value in STD)
        ),
        {
            "block2b_add": 24,
            "block3b_add": 40,
            "block4c_add": 80,
            "block5c_add": 112,
            "block6d_add": 192,
            "top_activation": 1280,
        },
        weights=published_weights("efficientnet_b0"),
    )
)
def efficientnet_b0(input_shape: Shape) -> keras.Model:
    """Depthwise convolutions, scaled in depth, width and resolution at once.

    M. Tan and Q. V. Le, "EfficientNet: rethinking model scaling for convolutional neural networks",
    ICML 2019.
    """
    return application("EfficientNetB0", input_shape)


@declare_backbone(
    Backbone(
        BYTES,
        {
            "block2b_add": 32,
            "block3b_add": 48,
            "block4c_add": 96,
            "block5e_add": 112,
            "block6h_add": 192,
            "top_activation": 1280,
        },
        weights=published_weights("efficientnetv2_b0"),
    )
)
def efficientnetv2_b0(input_shape: Shape) -> keras.Model:
    """EfficientNet with ordinary convolutions in its first blocks.

    M. Tan and Q. V. Le, "EfficientNetV2: smaller models and faster training", ICML 2021.
    """
    return application("EfficientNetV2B0", input_shape)
