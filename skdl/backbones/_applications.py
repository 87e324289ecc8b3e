"""The networks of Keras Applications as backbones."""

import math
from typing import Any

import keras

from skdl.backbones._declaration import Backbone, Preprocessing, declare_backbone
from skdl.backbones._published import published_weights

Shape = tuple[int, int, int]

# Means and standard deviations of ImageNet's channels (red, green, blue) as values in [0, 1].
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)

CAFFE = Preprocessing("bgr", scale=255, mean=(103.939, 116.779, 123.68))
SIGNED = Preprocessing(scale=2, mean=(1.0,))  # to [-1, 1]
TORCH = Preprocessing(mean=_MEAN, std=_STD)
BYTES = Preprocessing(scale=255)  # the network begins with a normalisation of its own


def _application(name: str, input_shape: Shape, **params: Any) -> keras.Model:
    """A network of Keras Applications without its classifier, with random weights."""
    build = getattr(keras.applications, name)
    return build(include_top=False, weights=None, input_shape=input_shape, **params)


def _named_end(model: keras.Model) -> keras.Model:
    """The same network with "features" as the name of its end, which Keras only counts up."""
    end = keras.layers.Identity(name="features")(model.output)
    return keras.Model(model.input, end, name=model.name)


def _shifted_mean() -> tuple[float, ...]:
    """For EfficientNetB0, whose Keras weights normalise with a variance of `_STD`.

    Keras divides by its root a second time, in a layer that is there with ImageNet weights only.
    The same before the network's own normalisation: ``mean + (value - mean) / sqrt(std)``.
    """
    pairs = zip(_MEAN, _STD, strict=True)
    return tuple(255 * mean * (1 - math.sqrt(std)) for mean, std in pairs)


@declare_backbone(
    Backbone(
        CAFFE,
        {
            "block1_pool": 64,
            "block2_pool": 128,
            "block3_pool": 256,
            "block4_pool": 512,
            "block5_pool": 512,
        },
        weights=published_weights("vgg16"),
    )
)
def vgg16(input_shape: Shape) -> keras.Model:
    """Thirteen convolutions in five blocks.

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 32×32×3.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image
    recognition", ICLR 2015.
    """
    return _application("VGG16", input_shape)


@declare_backbone(
    Backbone(
        CAFFE,
        {
            "block1_pool": 64,
            "block2_pool": 128,
            "block3_pool": 256,
            "block4_pool": 512,
            "block5_pool": 512,
        },
        weights=published_weights("vgg19"),
    )
)
def vgg19(input_shape: Shape) -> keras.Model:
    """Sixteen convolutions in five blocks.

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 32×32×3.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image
    recognition", ICLR 2015.
    """
    return _application("VGG19", input_shape)


@declare_backbone(
    Backbone(
        SIGNED,
        {"mixed2": 288, "mixed7": 768, "mixed8": 1280, "mixed9": 2048, "mixed10": 2048},
        min_size=75,
        default_size=299,
        weights=published_weights("inception_v3"),
    )
)
def inception_v3(input_shape: Shape) -> keras.Model:
    """Convolutions of several sizes side by side.

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 75×75×3.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna, "Rethinking the Inception
    architecture for computer vision", CVPR 2016.
    """
    return _application("InceptionV3", input_shape)


@declare_backbone(
    Backbone(
        CAFFE,
        {
            "conv2_block3_out": 256,
            "conv3_block4_out": 512,
            "conv4_block6_out": 1024,
            "conv5_block3_out": 2048,
        },
        weights=published_weights("resnet50"),
    )
)
def resnet50(input_shape: Shape) -> keras.Model:
    """Residual network of 50 layers.

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 32×32×3.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016.
    """
    return _application("ResNet50", input_shape)


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

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 32×32×3.
    alpha : float, default=1.0
        Multiplies the numbers of channels. ImageNet weights can be named for 0.35 and 1.0; files of
        others for 0.5, 0.75, 1.3 and 1.4 exist.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    M. Sandler, A. Howard, M. Zhu, A. Zhmoginov and L.-C. Chen, "MobileNetV2: inverted residuals
    and linear bottlenecks", CVPR 2018.
    """
    return _application("MobileNetV2", input_shape, alpha=alpha)


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

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 32×32×3.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    A. Howard et al., "Searching for MobileNetV3", ICCV 2019.
    """
    return _named_end(_application("MobileNetV3Small", input_shape))


@declare_backbone(
    Backbone(
        Preprocessing(
            scale=255, mean=_shifted_mean(), std=tuple(math.sqrt(value) for value in _STD)
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

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 32×32×3.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    M. Tan and Q. V. Le, "EfficientNet: rethinking model scaling for convolutional neural networks",
    ICML 2019.
    """
    return _application("EfficientNetB0", input_shape)


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

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 32×32×3.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    M. Tan and Q. V. Le, "EfficientNetV2: smaller models and faster training", ICML 2021.
    """
    return _application("EfficientNetV2B0", input_shape)


@declare_backbone(
    Backbone(
        TORCH,
        {"pool2_pool": 128, "pool3_pool": 256, "pool4_pool": 512, "relu": 1024},
        weights=published_weights("densenet121"),
    )
)
def densenet121(input_shape: Shape) -> keras.Model:
    """Each layer sees all layers before it in its block; 121 layers.

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 32×32×3.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    G. Huang, Z. Liu, L. van der Maaten and K. Q. Weinberger, "Densely connected convolutional
    networks", CVPR 2017.
    """
    return _application("DenseNet121", input_shape)


@declare_backbone(
    Backbone(
        SIGNED,
        {
            "block1_conv2_act": 64,
            "block4_sepconv1_act": 256,
            "block5_sepconv1_act": 728,
            "block9_sepconv1_act": 728,
            "block13_sepconv1_act": 728,
            "block14_sepconv2_act": 2048,
        },
        min_size=71,
        default_size=299,
        weights=published_weights("xception"),
    )
)
def xception(input_shape: Shape) -> keras.Model:
    """Depthwise separable convolutions with residual connections.

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 71×71×3.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    F. Chollet, "Xception: deep learning with depthwise separable convolutions", CVPR 2017.
    """
    return _application("Xception", input_shape)


@declare_backbone(
    Backbone(
        BYTES,
        {
            "convnext_tiny_downsampling_block_0": 192,
            "convnext_tiny_downsampling_block_1": 384,
            "convnext_tiny_downsampling_block_2": 768,
            "features": 768,
        },
        weights=published_weights("convnext_tiny"),
    )
)
def convnext_tiny(input_shape: Shape) -> keras.Model:
    """Convolutions arranged as in a vision transformer; 28 million parameters.

    Parameters
    ----------
    input_shape : (height, width, channels)
        At least 32×32×3.

    Returns
    -------
    model : keras.Model
        Ends in feature maps; random weights.

    References
    ----------
    Z. Liu, H. Mao, C.-Y. Wu, C. Feichtenhofer, T. Darrell and S. Xie, "A ConvNet for the 2020s",
    CVPR 2022.
    """
    return _named_end(_application("ConvNeXtTiny", input_shape))
