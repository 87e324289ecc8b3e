"""What the arguments of Keras's `fit`, `predict`, `evaluate` and `compile` are called here."""

import inspect
from typing import Any

from skdl._utils.checks import as_parameter

_FIT = {
    "class_weight": "All images count alike.",
    "initial_epoch": "To go on with a training, set warm_start=True.",
    "shuffle": "Images are shuffled in each epoch, seeded by random_state.",
    "steps_per_epoch": "An epoch takes each training image once.",
    "validation_batch_size": "Batches of validation images are as large as those of training.",
    "validation_freq": "Validation images are evaluated after each epoch.",
    "validation_steps": "All validation images are evaluated.",
    "sample_weight": "All images count alike.",
}
_PREDICT = {
    "batch_size": "Leave it out: results do not depend on it, and memory is bounded.",
    "callbacks": "Leave it out: callbacks take part in fit alone.",
    "return_dict": "Leave it out: the score is one number.",
    "sample_weight": "All images count alike.",
    "steps": "Leave it out: all images are taken.",
    "verbose": "Leave it out: nothing is printed.",
}
_COMPILE = {
    "auto_scale_loss": "Leave it out: no precision on offer needs a scaled loss.",
    "jit_compile": "How the network runs is decided by skdl.",
    "loss_weights": "There is one loss.",
    "metrics": "Score with scikit-learn's, such as cross_validate(…, scoring=…).",
    "run_eagerly": "How the network runs is decided by skdl.",
    "steps_per_execution": "How the network runs is decided by skdl.",
    "weighted_metrics": "Score with scikit-learn's, such as cross_validate(…, scoring=…).",
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
        return "The images are called X."
    if trains and method not in ("fit", "partial_fit", "initialize", "__init__"):
        return _PREDICT.get(name, "")
    if name == "epochs" and method == "partial_fit":
        return "A call of partial_fit is one epoch."
    if name in ("groups", "X_val", "y_val") and method in ("partial_fit", "initialize"):
        return f"{method} validates nothing: leave it out."
    if name in params and method != "__init__":
        return f"It is a parameter of the estimator: {as_parameter(estimator, name, value)}."
    if not trains:
        known = name in _TRAINING or name in _PREDICT
        return f"{type(estimator).__name__} trains nothing." if known else ""
    if name in ("learning_rate", "lr"):
        return f"Set {as_parameter(estimator, 'optimizer__learning_rate', value)}."
    if name == "validation_data":
        if "X_val" in inspect.signature(estimator.fit).parameters:
            return "Pass X_val=… and y_val=… to fit, the only method that takes validation images."
        return f"Set {as_parameter(estimator, 'validation_fraction', 0.1)}."
    if name == "validation_split":
        return f"Set {as_parameter(estimator, 'validation_fraction', value)}."
    if name in ("seed", "random_seed"):
        return f"Set {as_parameter(estimator, 'random_state', value)}."
    if name == "loss":
        return "The loss is the cross-entropy, whatever the number of classes."
    return _FIT.get(name, _COMPILE.get(name, ""))
