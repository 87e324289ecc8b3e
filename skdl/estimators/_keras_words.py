"""What the arguments of Keras's `fit`, `predict`, `evaluate` and `compile` are called here."""

import inspect
from typing import Any

from skdl._utils.checks import as_parameter

_FIT = {
    "class_weight": "All images have equal weight.",
    "initial_epoch": "To continue training, set warm_start=True.",
    "shuffle": "Images are shuffled in each epoch, seeded by random_state.",
    "steps_per_epoch": "Each epoch uses each training image once.",
    "validation_batch_size": "Validation batches are as large as training batches.",
    "validation_freq": "Validation images are evaluated after each epoch.",
    "validation_steps": "All validation images are evaluated.",
    "sample_weight": "All images have equal weight.",
}
_PREDICT = {
    "batch_size": "Leave it out: results do not depend on it, and memory is bounded.",
    "callbacks": "Leave it out: callbacks are used only in fit.",
    "return_dict": "Leave it out: the score is one number.",
    "sample_weight": "All images have equal weight.",
    "steps": "Leave it out: all images are used.",
    "verbose": "Leave it out: nothing is printed.",
}
_COMPILE = {
    "auto_scale_loss": "Leave it out: no available precision needs loss scaling.",
    "jit_compile": "Leave it out: skdl decides how the network runs.",
    "loss_weights": "There is only one loss.",
    "metrics": "Use scikit-learn's scoring, such as cross_validate(…, scoring=…).",
    "run_eagerly": "Leave it out: skdl decides how the network runs.",
    "steps_per_execution": "Leave it out: skdl decides how the network runs.",
    "weighted_metrics": "Use scikit-learn's scoring, such as cross_validate(…, scoring=…).",
}
_TRAINING = {*_FIT, *_COMPILE, "epochs", "optimizer", "loss", "learning_rate", "lr"}
_TRAINING |= {"validation_data", "validation_split"}


def advice_on_keras_word(estimator: Any, method: str, name: str, value: Any) -> str:
    """What to write instead of an argument of a method of ``keras.Model``; empty if unknown.

    Parameters
    ----------
    estimator : estimator instance
    method : str
        The estimator's method that was called.
    name : str
    value : object
        The keyword and its value.
    """
    params = inspect.signature(type(estimator)).parameters
    trains = "epochs" in params
    if name == "x":
        return "Pass the images as X."
    if trains and method not in ("fit", "partial_fit", "initialize", "__init__"):
        return _PREDICT.get(name, "")
    if name == "epochs" and method == "partial_fit":
        return "Each call to partial_fit trains for one epoch."
    if name in ("groups", "X_val", "y_val") and method in ("partial_fit", "initialize"):
        return f"{method} does not validate: leave it out."
    if name in params and method != "__init__":
        return f"It is a parameter of the estimator: {as_parameter(estimator, name, value)}."
    if not trains:
        known = name in _TRAINING or name in _PREDICT
        return f"{type(estimator).__name__} does not train a network." if known else ""
    if name in ("learning_rate", "lr"):
        return f"Set {as_parameter(estimator, 'optimizer__learning_rate', value)}."
    if name == "validation_data":
        if "X_val" in inspect.signature(estimator.fit).parameters:
            return (
                "Pass X_val=… and y_val=… to fit, the only method that accepts validation images."
            )
        return f"Set {as_parameter(estimator, 'validation_fraction', 0.1)}."
    if name == "validation_split":
        return f"Set {as_parameter(estimator, 'validation_fraction', value)}."
    if name in ("seed", "random_seed"):
        return f"Set {as_parameter(estimator, 'random_state', value)}."
    if name == "loss":
        return "The loss is the cross-entropy, whatever the number of classes."
    return _FIT.get(name, _COMPILE.get(name, ""))
