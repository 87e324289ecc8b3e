"""Networks as pure builders: ``(input_shape, n_classes, **params) -> keras.Model``, uncompiled."""

import skdl.architectures._start  # before all that imports Keras
from skdl.architectures._alexnet import alexnet, zfnet
from skdl.architectures._densenet import densenet40
from skdl.architectures._lenet import lenet5
from skdl.architectures._resnet import resnet18, resnet20, resnet32, resnet56
from skdl.architectures._separable import separable
from skdl.architectures._simple import deep, simple
from skdl.architectures._start import quiet_start
from skdl.architectures._vgg import vgg16

__all__ = [
    "alexnet",
    "deep",
    "densenet40",
    "lenet5",
    "resnet18",
    "resnet20",
    "resnet32",
    "resnet56",
    "separable",
    "simple",
    "vgg16",
    "zfnet",
]
