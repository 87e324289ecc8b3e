"""The networks of Keras Applications as backbones: without their classifiers, weights random."""

from typing import Any

import skdl.architectures  # noqa: F401 (starts TensorFlow)

# isort: split
import keras

from skdl.backbones._declaration import Backbone, Preprocessing, declare_backbone
from skdl.backbones._published import published_weights

Shape = tuple[int, int, int]

# Means and standard deviations of ImageNet's channels (red, green, blue) as values in [0, 1].
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

CAFFE = Preprocessing("bgr", scale=255, mean=(103.939, 116.779, 123.68))
SIGNED = Preprocessing(scale=2, mean=(1.0,))  # to [-1, 1]
TORCH = Preprocessing(mean=MEAN, std=STD)
BYTES = Preprocessing(scale=255)  # the network begins with a normalisation of its own

# The poolings that end the five blocks.
VGG = {f"block{n}_pool": width for n, width in enumerate((64, 128, 256, 512, 512), 1)}


def application(name: str, input_shape: Shape, **params: Any) -> keras.Model:
    """A network of Keras Applications without its classifier, with random weights."""
    build = getattr(keras.applications, name)
    return build(include_top=False, weights=None, input_shape=input_shape, **params)


def named_end(model: keras.Model) -> keras.Model:
    """The same network with "features" as the name of its end, which Keras only counts up."""
    end = keras.layers.Identity(name="features")(model.output)
    return keras.Model(model.input, end, name=model.name)


@declare_backbone(Backbone(CAFFE, VGG, weights=published_weights("vgg16")))
def vgg16(input_shape: Shape) -> keras.Model:
    """Thirteen convolutions in five blocks.

    K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image
    recognition", ICLR 2015.
    """
    return application("VGG16", input_shape)


@declare_backbone(Backbone(CAFFE, VGG, weights=published_weights("vgg19")))
def vgg19(input_shape: Shape) -> keras.Model:
    """Sixteen convolutions in five blocks.

    K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image
    recognition", ICLR 2015.
    """
    return application("VGG19", input_shape)


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
    """Convolutions of several sizes in parallel.

    C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna, "Rethinking the Inception
    architecture for computer vision", CVPR 2016.
    """
    return application("InceptionV3", input_shape)


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

    K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016.
    """
    return application("ResNet50", input_shape)


@declare_backbone(
    Backbone(
        TORCH,
        {"pool2_pool": 128, "pool3_pool": 256, "pool4_pool": 512, "relu": 1024},
        weights=published_weights("densenet121"),
    )
)
def densenet121(input_shape: Shape) -> keras.Model:
    """Each layer is connected to all previous layers in its block; 121 layers.

    G. Huang, Z. Liu, L. van der Maaten and K. Q. Weinberger, "Densely connected convolutional
    networks", CVPR 2017.
    """
    return application("DenseNet121", input_shape)


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

    F. Chollet, "Xception: deep learning with depthwise separable convolutions", CVPR 2017.
    """
    return application("Xception", input_shape)


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

    Z. Liu, H. Mao, C.-Y. Wu, C. Feichtenhofer, T. Darrell and S. Xie, "A ConvNet for the 2020s",
    CVPR 2022.
    """
    return named_end(application("ConvNeXtTiny", input_shape))
