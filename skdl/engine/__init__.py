"""Training and prediction of Keras models: seeding, a pool of compiled models, traced loops.

Decisions: docs/decisions.md#speed-and-threads and docs/decisions.md#training.
"""

import skdl.architectures  # starts TensorFlow
from skdl.engine._augment import augmented
from skdl.engine._backbone import BackboneSpec
from skdl.engine._body import Body
from skdl.engine._devices import prepare_devices
from skdl.engine._features import FeatureExtractor, FeatureSpec
from skdl.engine._heads import Head
from skdl.engine._inspection import Inspector
from skdl.engine._job import Fitted, Job
from skdl.engine._optimizers import OptimizerSpec
from skdl.engine._pool import clear
from skdl.engine._private import tensorflow_random_state
from skdl.engine._recipe import Recipe
from skdl.engine._seeding import python_random
from skdl.engine._stages import fit_transfer
from skdl.engine._trainer import TrainingSet
from skdl.engine._training import fit

__all__ = ["clear"]  # the rest is for the other rooms

# On import, since what comes next may make variables: an optimizer that is unpickled, say. And
# again when work begins: Dask imports a script before it makes the worker.
prepare_devices()
