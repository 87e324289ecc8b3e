"""Keras Applications with the files of weights that they would download, filled at random."""

import math
from importlib import import_module
from pathlib import Path

import h5py
import keras
import numpy as np
from keras.src.legacy.saving import legacy_h5_format
from keras.src.utils import file_utils

# Backbone: its function in keras.applications, and the module of its preprocessing.
APPLICATIONS = {
    "convnext_tiny": ("ConvNeXtTiny", "convnext"),
    "densenet121": ("DenseNet121", "densenet"),
    "efficientnet_b0": ("EfficientNetB0", "efficientnet"),
    "efficientnetv2_b0": ("EfficientNetV2B0", "efficientnet_v2"),
    "inception_v3": ("InceptionV3", "inception_v3"),
    "mobilenet_v2": ("MobileNetV2", "mobilenet_v2"),
    "mobilenet_v3_small": ("MobileNetV3Small", "mobilenet_v3"),
    "resnet50": ("ResNet50", "resnet"),
    "vgg16": ("VGG16", "vgg16"),
    "vgg19": ("VGG19", "vgg19"),
    "xception": ("Xception", "xception"),
}


def application(name, shape, **params):
    """A network of Keras Applications without its classifier, as a user of Keras builds it."""
    build = getattr(keras.applications, APPLICATIONS[name][0])
    return build(**{"include_top": False, "weights": None, "input_shape": shape, **params})


def preprocess(name, images):
    """As Keras's own function has it, for RGB values from 0 to 255."""
    module = import_module(f"keras.applications.{APPLICATIONS[name][1]}")
    return module.preprocess_input(images.astype(np.float32))


def randomized(model, seed=0):
    """All weights random, as if trained: no batch normalisation is neutral, no scale is 1."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            if layer.weights:  # as in the published file of EfficientNetB0
                mean, variance = np.float32([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
                layer.set_weights([mean, variance, np.int32(0)])
                layer.finalize_state()
        else:
            for variable in layer.weights:
                variable.assign(_random_value(layer, variable, rng))
    return model


def _random_value(layer, variable, rng):
    name, shape = variable.path.rpartition("/")[2], tuple(variable.shape)
    if len(shape) > 1:
        # Separable convolutions have a kernel of each kind.
        depthwise = "depthwise" in name or isinstance(layer, keras.layers.DepthwiseConv2D)
        values_in = math.prod(shape[:2]) if depthwise else math.prod(shape[:-1])
        return rng.normal(0, math.sqrt(1.5 / values_in), shape)
    if name in ("gamma", "moving_variance"):
        return rng.uniform(0.6, 1.4, shape)
    return rng.normal(0, 0.2, shape)


def write_legacy(model, path):
    """The format of the published files."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return path


class Publisher:
    """Stands for the host: knows what it was asked for, and hands out files of random weights."""

    def __init__(self, folder, monkeypatch):
        self.folder = Path(folder)
        self.asked = []
        self.answer = None
        monkeypatch.setattr(file_utils, "get_file", self._get_file)

    def _get_file(self, fname, origin, cache_subdir="", file_hash=None):
        self.asked.append((origin, file_hash))
        return str(self.answer)

    def published(self, name, **params):
        """File of random weights of an application, written once."""
        kind = "-".join(map(str, [name, *params.values()]))
        path = self.folder / f"{kind}.h5"
        if not path.exists():
            smallest = 75 if name == "inception_v3" else 71 if name == "xception" else 32
            model = randomized(application(name, (smallest, smallest, 3), **params))
            write_legacy(model, path)
        self.answer = path
        return path
