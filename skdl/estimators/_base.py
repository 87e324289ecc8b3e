"""The bridge to scikeras, and the only module that imports it.

scikeras supplies the class of all estimators that wrap a Keras network. What it gets wrong with
today's scikit-learn (tags, ``repr``, parameter names, seeding, writing into the caller's weights,
patching Keras) is put right here.
"""

import copy
import inspect
import sys
from functools import partial
from typing import Any

import keras
import numpy as np
from sklearn.base import BaseEstimator

from skdl._utils.checks import KeywordsMixin, suggest
from skdl._utils.scikit import SignatureParamsMixin
from skdl._utils.sending import is_sending
from skdl._utils.text import shortened
from skdl.engine import OptimizerSpec, PlainState
from skdl.estimators._backbones import store_elsewhere
from skdl.estimators._identity import IdentityMixin
from skdl.estimators._keras_words import advice_on_keras_word
from skdl.estimators._routing import made_with, routed_to
from skdl.estimators._sending import sent
from skdl.images import adopt_pixel_limit, with_pixel_limit
from skdl.plugins import architectures, backbones

_MISSING = object()
# Parameters that name a builder.
_REGISTRIES = {"architecture": architectures, "backbone": backbones}


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


class Absent(property):
    """In place of what scikeras or Keras has and a kind of estimator has no use for."""

    def __init__(self, advice: str = "") -> None:
        def refuse(estimator: Any) -> Any:
            raise AttributeError(f"{type(estimator).__name__} has no {self._name}{advice or '.'}")

        super().__init__(refuse, doc="Not available.")

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name


PICKLE_FORMAT = 1
"""Version of the pickled state; raised whenever older versions of skdl could not read it."""


class KerasEstimator(
    IdentityMixin,
    KeywordsMixin,
    SignatureParamsMixin,
    BaseWrapper,  # type: ignore[misc, valid-type]
):
    """Base of all estimators that run a Keras network.

    Subclasses put scikit-learn's mixins on the left, list their parameters explicitly and accept
    ``**routed`` parameters, such as ``optimizer__learning_rate``, whose prefix is in
    ``_routing_prefixes``.
    """

    _routing_prefixes = frozenset({"architecture", "optimizer"})
    # Classifiers have the first two.
    initialize: Any = Absent()
    scorer: Any = Absent()
    feature_encoder: Any = Absent()
    target_encoder: Any = Absent()
    evaluate: Any = Absent(". Use score(X, y), or scikit-learn's metrics.")
    compile: Any = Absent(
        ": set the optimizer when it is made, such as optimizer='adam', "
        "optimizer__learning_rate=0.01."
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # `**routed` is a doorway, not a parameter of that name: tools that read the signature, such
        # as scikit-learn's checks, should see the explicit parameters.
        own = inspect.signature(cls.__init__).parameters.values()
        explicit = [p for p in own if p.name != "self" and p.kind is not p.VAR_KEYWORD]
        cls.__signature__ = inspect.Signature(explicit)

    def __dir__(self) -> list[str]:
        cls = type(self)
        names = super().__dir__()
        return [x for x in names if not isinstance(inspect.getattr_static(cls, x, None), Absent)]

    # ---- parameters --------------------------------------------------------------------------

    def _set_parameters(self, given: dict[str, Any]) -> None:
        """Set what a constructor was called with, its ``locals()``, as it came."""
        own = {name: value for name, value in given.items() if name not in ("self", "routed")}
        self.__dict__.update(own)
        for name, value in given.get("routed", {}).items():
            if not self._is_routed(name):
                advice = self._advice_on_keyword("__init__", name, value)
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument "
                    f"{shortened(name)}."
                    + (f" {advice}" if advice else suggest(name, self.param_names()))
                )
            setattr(self, name, value)

    @classmethod
    def _is_routed(cls, name: str) -> bool:
        prefix, separator, rest = name.partition("__")
        return bool(separator and rest) and prefix in cls._routing_prefixes

    def _routed(self, prefix: str) -> dict[str, Any]:
        """Parameters routed to a prefix, without it."""
        params = routed_to(prefix, self.get_params(deep=False))
        # Searches draw from NumPy arrays, but Keras takes Python's numbers only.
        return {k: v.item() if isinstance(v, np.generic) else v for k, v in params.items()}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get parameters, including the routed ones that were set.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of parameters that are estimators.

        Returns
        -------
        params : dict
            Parameter names mapped to their values.
        """
        params: dict[str, Any] = BaseEstimator.get_params(self, deep=deep)
        routed = sorted(name for name in vars(self) if self._is_routed(name))
        return {**params, **{name: getattr(self, name) for name in routed}}

    def set_params(self, **params: Any) -> "KerasEstimator":
        """Set parameters, routed ones such as ``optimizer__learning_rate`` included.

        Parameters
        ----------
        **params : dict
            Parameter names mapped to their new values.

        Returns
        -------
        self : estimator instance
        """
        own = {name: value for name, value in params.items() if not self._is_routed(name)}
        for name in own:
            prefix, nested, _ = name.partition("__")
            known = self.param_names()
            if not nested and name not in known:
                raise ValueError(
                    f"Invalid parameter {shortened(name)} for estimator {self._written()}."
                    f"{suggest(name, known)} Valid parameters are: {', '.join(known)}."
                )
            holder = own.get(prefix, getattr(self, prefix, None))
            if nested and not (prefix in known and hasattr(holder, "set_params")):
                raise ValueError(
                    f"Invalid parameter {shortened(name)} for estimator {self._written()}. "
                    + self._advice_on_nested(prefix, holder)
                )
        BaseEstimator.set_params(self, **own)
        for name in params.keys() - own.keys():
            setattr(self, name, params[name])
        return self

    def _advice_on_keyword(self, method: str, name: str, value: Any) -> str:
        return advice_on_keras_word(self, method, name, value)

    def _advice_on_nested(self, prefix: str, holder: Any) -> str:
        if prefix == "augmentation":
            return f"augmentation is {shortened(holder)}: set it to an Augmentation() first."
        prefixes = " or ".join(f"{known}__" for known in sorted(self._routing_prefixes))
        return f"Routed parameters start with {prefixes}."

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """The parameters; once fitted, a comment that says on which images."""
        written = self._written(N_CHAR_MAX)
        shape, value_range = (vars(self).get(name) for name in ("image_shape_", "value_range_"))
        if shape is None or value_range is None:
            return written
        if value_range == "standardized":
            values = "standardised values"
        else:
            values = f"values from {value_range[0]:g} to {value_range[1]:g}"
        return f"{written}  # fitted on images of shape {shape}, {values}"

    def _written(self, N_CHAR_MAX: int = 700) -> str:
        """The parameters alone, as they stand in a sentence."""
        return str(BaseEstimator.__repr__(self, N_CHAR_MAX=N_CHAR_MAX))

    # ---- what goes to Keras --------------------------------------------------------------------

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
                    "Both learning_rate_schedule and optimizer__learning_rate are set, and the "
                    "schedule gives the learning rates itself. Set only one of them."
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
                f"optimizer is an instance of {type(optimizer).__name__}, which takes no routed "
                f"parameters, but {', '.join(f'optimizer__{name}' for name in names)} is set. Pass "
                f"the class, or a name such as 'adam', or configure the instance."
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

    # ---- persistence ---------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        state = {k: v for k, v in vars(self).items() if k != "_materialised"}
        for parameter, registry in _REGISTRIES.items():
            if isinstance(getattr(self, parameter, None), str):
                # Code that registered the name may not have run in the process that loads this.
                name = getattr(self, parameter)
                state["_registered_builder"] = registry.registered_in_code(name)
        if "store" in state:  # workers may have another working directory
            state["store"] = store_elsewhere(self.store)
        state = {**with_pixel_limit(state), "_pickle_format": PICKLE_FORMAT}
        return sent(state) if is_sending() else state

    def __copy__(self) -> "KerasEstimator":
        # A copy in this process goes on exactly as the original would, unlike a pickle.
        twin = type(self).__new__(type(self))
        twin.__dict__.update({k: v for k, v in vars(self).items() if k != "_materialised"})
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> "KerasEstimator":
        twin = copy.copy(self)
        memo[id(self)] = twin
        copied = {k: v for k, v in vars(twin).items() if k != "callbacks_"}  # memories of a fit
        twin.__dict__.update(copy.deepcopy(copied, memo))
        return twin

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = adopt_pixel_limit(state)
        found = state.pop("_pickle_format", None)
        if not isinstance(found, int) or found > PICKLE_FORMAT:
            from skdl import __version__

            raise ValueError(
                f"This {type(self).__name__} was saved in format {found}; skdl {__version__} reads "
                f"formats up to {PICKLE_FORMAT}. Load it with the version of skdl that saved it, "
                "or a newer one."
            )
        builder = state.pop("_registered_builder", None)
        for parameter, registry in _REGISTRIES.items():
            if builder is not None and parameter in state:
                registry.add_missing(state[parameter], builder)
        self.__dict__.update(PlainState.revived(state) if state.pop("_plain", False) else state)

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
                f"as each fit does: {error}. Pass its class, or a function that makes it."
            ) from error
    made = spec() if callable(spec) else spec
    if not isinstance(made, keras.callbacks.Callback):
        raise TypeError(
            "The parameter callbacks must hold Keras callbacks, callback classes or functions that "
            f"return a new callback. Got {shortened(spec)}."
        )
    return made
