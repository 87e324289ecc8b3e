"""What runs a Keras model well: seeding, a pool of compiled models, training and prediction."""

import skdl.architectures  # starts TensorFlow
from skdl.engine._augment import augmented
from skdl.engine._backbone import POOLINGS, BackboneSpec
from skdl.engine._building import keras_settings
from skdl.engine._clear import clear
from skdl.engine._devices import prepare_devices
from skdl.engine._features import FeatureExtractor, FeatureSpec
from skdl.engine._fitted import FittedNetwork
from skdl.engine._inspection import Inspector, inspector_of
from skdl.engine._pool import borrowed_trainer
from skdl.engine._private import tensorflow_random_state
from skdl.engine._schedules import scheduled_rate
from skdl.engine._seeding import python_random
from skdl.engine._spec import ImageMapSpec, ModelSpec, OptimizerSpec
from skdl.engine._trainer import State, Trainer, TrainingSet
from skdl.engine._training import EarlyStopper, Judge, Snapshot, TrainingPlan, train
from skdl.engine._transfer import (
    FEATURES,
    IMAGES,
    TransferSpec,
    network_plan,
    standardise,
)
from skdl.engine._transfer_network import (
    TransferNetwork,
    augmented_copies,
    prefix_features,
    whole_model,
)

__all__ = [
    "FEATURES",
    "IMAGES",
    "POOLINGS",
    "BackboneSpec",
    "EarlyStopper",
    "FeatureExtractor",
    "FeatureSpec",
    "FittedNetwork",
    "ImageMapSpec",
    "Inspector",
    "Judge",
    "ModelSpec",
    "OptimizerSpec",
    "Snapshot",
    "State",
    "Trainer",
    "TrainingPlan",
    "TrainingSet",
    "TransferNetwork",
    "TransferSpec",
    "augmented",
    "augmented_copies",
    "borrowed_trainer",
    "clear",
    "inspector_of",
    "keras_settings",
    "network_plan",
    "prefix_features",
    "prepare_devices",
    "python_random",
    "scheduled_rate",
    "standardise",
    "tensorflow_random_state",
    "train",
    "whole_model",
]

# On import, since what comes next may make variables: an optimizer that is unpickled, say. And
# again when work begins: Dask imports a script before it makes the worker.
prepare_devices()
