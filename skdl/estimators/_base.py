"""The bridge to scikeras, and the only module that imports it.

scikeras supplies the class of all estimators that wrap a Keras network. What it gets wrong with
today's scikit-learn (tags, ``repr``, parameter names, seeding, writing into the caller's weights,
patching Keras) is put right here.

Decisions: docs/decisions.md#estimators-and-scikit-learn.
"""

import skdl.architectures  # noqa: F401 (starts TensorFlow)

# isort: split
import copy
import inspect
import sys
from functools import partial
from typing import Any

import keras
import numpy as np

from skdl._utils.checks import suggest
from skdl._utils.text import shortened
from skdl.engine import OptimizerSpec
from skdl.estimators._params import Absent, NetworkEstimator
from skdl.estimators._routing import made_with

_MISSING = object()


def _import_scikeras() -> Any:
    """Import scikeras without the changes it makes to Keras's classes for the whole process.

    A user who imported scikeras before keeps them.
    """
    patched = [
        (keras.Model, "__reduce__"),
        (keras.Model, "__deepcopy__"),
        (keras.losses.Loss, "__reduce__"),
        (keras.metrics.Metric, "__reduce__"),
        (keras.optimizers.Optimizer, "__reduce__"),
    ]
    before = [vars(cls).get(name, _MISSING) for cls, name in patched]
    imported_before = "scikeras" in sys.modules
    from scikeras.wrappers import BaseWrapper

    if not imported_before:
        for (cls, name), value in zip(patched, before, strict=True):
            if value is not _MISSING:
                setattr(cls, name, value)
            elif name in vars(cls):
                delattr(cls, name)
    if "__sklearn_tags__" not in vars(BaseWrapper):
        # scikit-learn refuses every descendant of a class that has the old `_more_tags` alone.
        # What is added here does what inheriting does, so that nothing changes for others.
        def inherited_tags(self: Any) -> Any:
            return super(BaseWrapper, self).__sklearn_tags__()

        BaseWrapper.__sklearn_tags__ = inherited_tags
    return BaseWrapper


BaseWrapper = _import_scikeras()


class KerasEstimator(
    NetworkEstimator,
    BaseWrapper,  # type: ignore[misc, valid-type]
):
    """Base of all estimators that run a Keras network."""

    _routing_prefixes = frozenset({"architecture", "optimizer"})
    # Classifiers have the first two.
    initialize: Any = Absent()
    scorer: Any = Absent()
    feature_encoder: Any = Absent()
    target_encoder: Any = Absent()
    evaluate: Any = Absent(". Use score(X, y), or scikit-learn's metrics.")
    compile: Any = Absent(
        ": set the optimizer in the constructor, such as optimizer='adam', "
        "optimizer__learning_rate=0.01."
    )

    def _optimizer_spec(self) -> OptimizerSpec:
        """Optimizer with its routed parameters, checked.

        Raises
        ------
        ValueError
            For an unknown name or an unknown or unfit parameter, naming it.
        """
        routed = self._routed("optimizer")
        schedule = self.learning_rate_schedule
        if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            if "learning_rate" in routed:
                raise ValueError(
                    "Both learning_rate_schedule and optimizer__learning_rate are set, but the "
                    "schedule determines the learning rate. Set only one of them."
                )
            routed["learning_rate"] = schedule
        if isinstance(self.optimizer, keras.optimizers.Optimizer):
            return self._spec_of_instance(self.optimizer, routed)
        cls = self.optimizer
        if isinstance(cls, str):
            cls = _optimizer_class(cls)
        elif not issubclass(cls, keras.optimizers.Optimizer):
            raise ValueError(
                f"The parameter optimizer is the class {cls.__name__}; expected a subclass of "
                "keras.optimizers.Optimizer, an instance of one, or a name."
            )
        rate = routed.get("learning_rate")
        if isinstance(rate, int | float) and not isinstance(rate, bool):
            if not 0 <= rate < np.inf:
                raise ValueError(
                    "optimizer__learning_rate must not be negative or infinite. Got "
                    f"{shortened(rate)}."
                )
            routed["learning_rate"] = float(rate)  # Keras takes no int
        # TensorFlow keeps 35 KB for each new name of a variable, and Keras makes up a new one for
        # the variables of each nameless optimizer.
        named = {"name": cls.__name__.lower(), **routed} if _takes_name(cls) else routed
        try:
            return OptimizerSpec.made_by(partial(made_with, cls, named))
        except (TypeError, ValueError) as error:
            settings = ", ".join(
                f"optimizer__{name}={shortened(value)}" for name, value in routed.items()
            )
            raise ValueError(
                f"The optimizer {shortened(self.optimizer)} could not be set up with {settings}: "
                f"{error}"
            ) from error

    def _spec_of_instance(self, optimizer: Any, routed: dict[str, Any]) -> OptimizerSpec:
        schedule = routed.pop("learning_rate", None)
        if routed or isinstance(schedule, float | int):
            names = sorted(name for name in self._routed("optimizer"))
            raise ValueError(
                f"optimizer is an instance of {type(optimizer).__name__}, which accepts no routed "
                f"parameters, but {', '.join(f'optimizer__{name}' for name in names)} is set. Pass "
                "the class, or a name such as 'adam', or configure the instance."
            )
        spec = OptimizerSpec.of(optimizer)
        if schedule is not None:
            serialized = keras.optimizers.schedules.serialize(schedule)
            return OptimizerSpec(spec.cls, {**spec.config, "learning_rate": serialized})
        return spec

    def _make_callbacks(self) -> list[keras.callbacks.Callback]:
        """Fresh callbacks for one fit, so that nothing a fit does reaches the parameter."""
        given = self.callbacks
        if given is None:
            return []
        specs = list(given) if isinstance(given, list | tuple) else [given]
        return [_make_callback(spec) for spec in specs]

    @property
    def initialized_(self) -> bool:
        """Whether the estimator has weights."""
        return "_network" in vars(self)

    @property
    def current_epoch(self) -> int:
        """Number of epochs trained so far."""
        return int(getattr(self, "n_iter_", 0))

    def _forget_caches(self) -> None:
        self.__dict__.pop("_materialised", None)


def _takes_name(cls: type) -> bool:
    parameters = inspect.signature(cls).parameters.values()
    return any(p.name == "name" or p.kind is p.VAR_KEYWORD for p in parameters)


def _optimizer_class(name: str) -> type:
    known = {
        cls.__name__.lower(): cls
        for cls in vars(keras.optimizers).values()
        if isinstance(cls, type) and issubclass(cls, keras.optimizers.Optimizer)
    }
    for wrapper in ("optimizer", "lossscaleoptimizer", "multioptimizer"):  # need another inside
        known.pop(wrapper, None)
    if name.lower() not in known:
        names = sorted(known)
        raise ValueError(
            f"Unknown optimizer {shortened(name)}.{suggest(name.lower(), names)} Known: "
            f"{', '.join(names)}."
        )
    return known[name.lower()]


def _make_callback(spec: Any) -> keras.callbacks.Callback:
    if isinstance(spec, keras.callbacks.Callback):
        try:
            return copy.deepcopy(spec)
        except Exception as error:
            raise TypeError(
                f"The callback {type(spec).__name__} in the parameter callbacks cannot be copied, "
                f"which each fit requires: {error}. Pass its class, or a function that returns it."
            ) from error
    made = spec() if callable(spec) else spec
    if not isinstance(made, keras.callbacks.Callback):
        raise TypeError(
            "The parameter callbacks must contain Keras callbacks, callback classes or functions "
            f"that return a new callback. Got {shortened(spec)}."
        )
    return made
