"""What skdl takes from Keras and TensorFlow under a private name: all of it, and nowhere else.

Decisions: docs/decisions.md#versions-and-installation.
"""

from typing import Any

import keras
from keras.src.models.functional import Functional as Functional
from tensorflow.python.eager import context as tensorflow_context

# ---- networks ----------------------------------------------------------------------------------


def all_layers(model: keras.Model) -> list[Any]:
    """The layers of a model, those inside its layers included, and the model itself."""
    return list(model._flatten_layers())


def is_used_once(operation: Any) -> bool:
    """Whether a layer or another operation is called at one place of a network."""
    return len(operation._inbound_nodes) == 1


def consumers(operation: Any) -> list[Any]:
    """Operations that an operation's output goes to, one for each place where it does."""
    return [node.operation for node in operation._outbound_nodes]


def normalised_axes(layer: keras.layers.BatchNormalization) -> list[int]:
    """Axes over which means and variances are taken."""
    return list(layer._reduction_axes)


def outputs_of(layer: Any) -> list[Any]:
    """What a layer gives; nothing where it does not know, as layers of subclassed models do not."""
    try:
        return list(keras.tree.flatten(layer.output))
    except (AttributeError, ValueError):
        return []


def refuse_empty_maps(model: keras.Model) -> None:
    """Refuse poolings and strides that leave nothing, which Keras does itself since 3.15."""
    for layer in all_layers(model):
        shapes = [tuple(getattr(output, "shape", ())) for output in outputs_of(layer)]
        if any(0 in shape[1:] for shape in shapes):
            raise ValueError(f"nothing is left of the images after the layer {layer.name!r}")


# ---- compiled models ---------------------------------------------------------------------------


def build_metrics(model: keras.Model, targets: Any, outputs: Any) -> None:
    """Let the metrics of a compiled model make their variables now."""
    model._compile_metrics.build(targets, outputs)


def compiled_loss(model: keras.Model) -> Any:
    """What computes the loss of a compiled model."""
    return model._compile_loss


def resumed_epoch(model: keras.Model) -> int:
    """Epochs behind an interrupted fit, as `BackupAndRestore` says them in ``on_train_begin``."""
    return int(model._initial_epoch)


def forget_resumed_epoch(model: keras.Model) -> None:
    """Have a model begin at its first epoch, unless `BackupAndRestore` says otherwise."""
    model._initial_epoch = 0


# ---- optimizers --------------------------------------------------------------------------------


def position_of(optimizer: keras.optimizers.Optimizer, variable: Any) -> int:
    """Number of a variable among those an optimizer was built for."""
    return int(optimizer._get_variable_index(variable))


def moments_of(optimizer: keras.optimizers.Adam, variable: Any) -> tuple[Any, Any]:
    """Adam's two moving averages of a variable's gradients."""
    position = position_of(optimizer, variable)
    return optimizer._momentums[position], optimizer._velocities[position]


# ---- TensorFlow --------------------------------------------------------------------------------


def tensorflow_has_run() -> bool:
    """Whether TensorFlow has computed anything in this process.

    Asking for its context takes a lock, which in a forked process may be held for ever.
    """
    context = getattr(tensorflow_context, "_context", None)
    return bool(getattr(context, "_initialized", False))


def tensorflow_random_state() -> tuple[Any, Any]:
    """TensorFlow's seed, and the generator that takes its place when the same seed is set again."""
    return tensorflow_context.global_seed(), getattr(tensorflow_context.context(), "_rng", None)
