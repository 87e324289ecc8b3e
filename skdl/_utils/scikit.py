"""What skdl takes from scikit-learn under a private name: all of it, and nowhere else.

Decisions: docs/decisions.md#versions-and-installation.
"""

import functools
from typing import Any, NamedTuple

from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_feature_names as check_feature_names
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _get_feature_names as get_feature_names

# ---- estimators --------------------------------------------------------------------------------


class SignatureParamsMixin:
    """Parameters are those of the signature, whatever a base class to the right says."""

    @classmethod
    def _get_param_names(cls) -> list[str]:
        names: list[str] = BaseEstimator._get_param_names.__func__(cls)
        return names

    param_names = _get_param_names


class DiagramMixin:
    """The diagram that notebooks show of an estimator, and below it what its class adds."""

    def _below_diagram(self) -> str:
        """HTML."""
        return ""

    @property
    def _repr_html_(self) -> Any:
        diagram = super()._repr_html_  # type: ignore[misc]  # AttributeError if text is displayed
        return lambda: diagram() + self._below_diagram()

    def _repr_mimebundle_(self, **settings: Any) -> dict[str, str]:
        shown: dict[str, str] = super()._repr_mimebundle_(**settings)  # type: ignore[misc]
        if "text/html" in shown:
            shown["text/html"] += self._below_diagram()
        return shown


def check_by_constraints(estimator: Any) -> None:
    """Check parameters by the ``_parameter_constraints`` of the estimator's class."""
    estimator._validate_params()


def output_container(estimator: Any) -> str:
    """What ``set_output`` asks ``transform`` for: "default", "pandas" or "polars"."""
    container: str = _get_output_config("transform", estimator)["dense"]
    return container


def begin_callbacks(estimator: Any, n_tasks: int) -> Any:
    """The context that callbacks hear of a fit in; None where the estimator has none."""
    if not hasattr(estimator, "_skl_callbacks"):
        return None
    return estimator._init_callback_context(max_subtasks=n_tasks)


def tuned_positive_class(estimator: Any) -> Any:
    """The class whose scores a fitted TunedThresholdClassifierCV compares with its threshold."""
    return estimator._curve_scorer._get_pos_label()


class SvmParts(NamedTuple):
    """What the compiled code of a support vector machine reads, beside the vectors."""

    n_support: Any
    dual_coef: Any
    intercept: Any
    probabilities: tuple[Any, Any]
    sparse: bool


def svm_parts(model: Any) -> SvmParts:
    """Those of a fitted SVC, SVR or the like."""
    return SvmParts(
        model._n_support,
        model._dual_coef_,
        model._intercept_,
        (model._probA, model._probB),
        bool(model._sparse),
    )


def neighbor_parts(model: Any) -> tuple[Any, Any]:
    """The data and the tree of fitted neighbours; None where there is no tree."""
    return model._fit_X, model._tree


def histogram_parts(model: Any) -> tuple[Any, Any]:
    """The trees by stage, and what bins the features, of fitted histogram gradient boosting."""
    return model._predictors, model._bin_mapper


def kernel_width(classifier: Any) -> float:
    """The gamma that a fitted support vector machine uses, also where it is worked out in fit."""
    return float(classifier._gamma)


# ---- scorers -----------------------------------------------------------------------------------


class ScorerParts(NamedTuple):
    """What ``make_scorer`` made a scorer of."""

    function: Any
    settings: dict[str, Any]
    sign: int
    response_method: Any


def parts_of(scorer: Any) -> ScorerParts | None:
    """The parts of a scorer; None of any other callable."""
    if not hasattr(scorer, "_score_func") or not hasattr(scorer, "_kwargs"):
        return None
    method = getattr(scorer, "_response_method", "predict")
    return ScorerParts(scorer._score_func, scorer._kwargs, getattr(scorer, "_sign", 1), method)


def is_scorer(scorer: Any) -> bool:
    """Whether a callable is a scorer of scikit-learn's or of a class derived from them."""
    return isinstance(scorer, scorer_class().__mro__[2])


def score_by(scorer: Any, *args: Any, **settings: Any) -> Any:
    """What a scorer says, called as scikit-learn calls the scorers inside others."""
    return scorer._score(*args, **settings)


def scores_numbers(function: Any) -> bool:
    """Whether a function is one of scikit-learn's scores of numbers."""
    return getattr(function, "__module__", "") == "sklearn.metrics._regression"


def scores_classes(function: Any) -> bool:
    """Whether a function is one of scikit-learn's scores of anything else."""
    is_known = getattr(function, "__module__", "").startswith("sklearn.metrics.")
    return is_known and not scores_numbers(function)


@functools.cache
def scorer_class() -> type:
    """A class to derive scorers from; made when first needed, since metrics take long to import."""
    from sklearn.metrics import accuracy_score, make_scorer

    class Scorer(type(make_scorer(accuracy_score))):  # type: ignore[misc]
        """Its subclasses say by :meth:`rate` what a score is."""

        @property
        def parts(self) -> ScorerParts:
            return ScorerParts(self._score_func, self._kwargs, self._sign, self._response_method)

        def rate(self, method_caller: Any, estimator: Any, X: Any, y: Any, **settings: Any) -> Any:
            return super()._score(method_caller, estimator, X, y, **settings)

        def _score(self, *args: Any, **settings: Any) -> Any:
            return self.rate(*args, **settings)

    return Scorer
