"""What all estimators on networks share, whatever runs them: parameters and persistence.

Decisions: docs/decisions.md#estimators-and-scikit-learn.
"""

import copy
import inspect
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skdl._utils.checks import KeywordsMixin, suggest
from skdl._utils.scikit import SignatureParamsMixin
from skdl._utils.sending import is_sending
from skdl._utils.text import shortened
from skdl.backbones import PlainState
from skdl.estimators._backbones import store_elsewhere
from skdl.estimators._identity import IdentityMixin
from skdl.estimators._keras_words import advice_on_keras_word
from skdl.estimators._routing import routed_to
from skdl.estimators._sending import sent
from skdl.estimators._shown import ShownMixin
from skdl.images import adopt_pixel_limit, with_pixel_limit
from skdl.plugins import architectures, backbones

# Parameters that name a builder.
_REGISTRIES = {"architecture": architectures, "backbone": backbones}


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


class NetworkEstimator(
    ShownMixin, IdentityMixin, KeywordsMixin, SignatureParamsMixin, BaseEstimator
):
    """Base of all estimators that run a network.

    Subclasses put scikit-learn's mixins on the left, list their parameters explicitly and accept
    ``**routed`` parameters, such as ``optimizer__learning_rate``, whose prefix is in
    ``_routing_prefixes``.
    """

    _routing_prefixes: frozenset[str] = frozenset()

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

    def set_params(self, **params: Any) -> "NetworkEstimator":
        """Set parameters, including routed ones such as ``optimizer__learning_rate``.

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
        seen = self._fitted_on()
        return f"{self._written(N_CHAR_MAX)}  # {seen}" if seen else self._written(N_CHAR_MAX)

    def _written(self, N_CHAR_MAX: int = 700) -> str:
        """The parameters alone, as they stand in a sentence."""
        return str(BaseEstimator.__repr__(self, N_CHAR_MAX=N_CHAR_MAX))

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

    def __copy__(self) -> "NetworkEstimator":
        # A copy in this process goes on exactly as the original would, unlike a pickle.
        twin = type(self).__new__(type(self))
        twin.__dict__.update({k: v for k, v in vars(self).items() if k != "_materialised"})
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> "NetworkEstimator":
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
        state = PlainState.revived(state) if state.pop("_plain", False) else state
        # Parameters that the version that saved it did not have.
        signature = inspect.signature(type(self)).parameters.values()
        defaults = {p.name: p.default for p in signature if p.default is not p.empty}
        self.__dict__.update({**defaults, **state})
