"""What a caller passed, checked, and warnings that point at the caller's line."""

import difflib
import functools
import inspect
import math
import os
import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from skdl._utils.text import shortened

_INSIDE = ("contextlib", "joblib", "skdl", "sklearn")
_LONGEST_RULE = 200
_LONGEST_VALUE = 40


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn where the user called, however many calls lie between."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_inside(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def each_told_once(told: set[tuple[type, str]]) -> Iterator[None]:
    """Warn of the same once, not for each of many parts; figures and names in it may differ."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        text = str(warning.message)
        same = warning.category, re.sub(r"'[^']*'|[\d.,]+", "", text)
        if same not in told:
            told.add(same)
            warn_user(text, warning.category)


def _is_inside(module: str) -> bool:
    return module.partition(".")[0] in _INSIDE


def check_whole(value: Any, name: str, *, low: int | None = None, high: int | None = None) -> int:
    """A whole number of the caller's, within these bounds; True and False are none."""
    inside = _is_whole(value) and (low is None or value >= low) and (high is None or value <= high)
    if not inside:
        raise ValueError(f"{name} must be a whole number{_bounds(low, high)}. {_got(value)}")
    return int(value)


def check_number(
    value: Any,
    name: str,
    *,
    low: float | None = None,
    high: float | None = None,
    below: float | None = None,
) -> float:
    """A finite number of the caller's, from `low` to `high` and less than `below`; no bool."""
    is_number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    inside = is_number and (low is None or value >= low) and (high is None or value <= high)
    if not (inside and math.isfinite(value) and (below is None or value < below)):
        limit = "" if below is None else f" and below {below:g}"
        raise ValueError(
            f"{name} must be a finite number{_bounds(low, high)}{limit}. {_got(value)}"
        )
    return float(value)


def check_sizes(value: Any, name: str, kind: str = "(height, width)") -> tuple[int, int]:
    """Two positive whole numbers; one stands for both."""
    sizes = (value, value) if _is_whole(value) else value
    is_pair = isinstance(sizes, tuple | list | np.ndarray) and len(sizes) == 2
    if not (is_pair and all(_is_whole(size) and size > 0 for size in sizes)):
        raise ValueError(
            f"{name} must be a positive whole number, or two of them, {kind}. {_got(value)}"
        )
    return int(sizes[0]), int(sizes[1])


def check_path(value: Any, name: str) -> Path:
    """An absolute path of the caller's text or path-like object, ``~`` included."""
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise TypeError(f"{name} must be a path, as a string or pathlib.Path. {_got(value)}")
    if not os.fspath(value):
        raise ValueError(f"{name} must not be empty; '.' is the working directory. {_got(value)}")
    return Path(os.path.abspath(os.path.expanduser(value)))


def check_counts(value: Any, name: str, *, shortest: int = 0) -> tuple[int, ...]:
    """Positive whole numbers, at least so many of them."""
    counts: list[Any] = list(value) if hasattr(value, "__len__") else [None]
    if len(counts) < shortest or not all(_is_whole(count) and count > 0 for count in counts):
        least = f", at least {shortest} of them" if shortest else ""
        raise ValueError(
            f"{name} must be a sequence of positive whole numbers{least}. {_got(value)}"
        )
    return tuple(map(int, counts))


def check_choice(value: Any, name: str, choices: Collection[Any]) -> Any:
    """One of some names or values; the error names them, and the one that was perhaps meant."""
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        known = ", ".join(map(repr, choices))
        meant = suggest(value, map(str, choices)) if isinstance(value, str) else ""
        raise ValueError(f"{name} must be one of {known}. {_got(value)}{meant}")
    return value


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


def _bounds(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "" if low is None else f" of at least {low:g}"
    return f" from {low:g} to {high:g}"


def _got(value: Any) -> str:
    return f"Got {shortened(value)}."


def validate_params(estimator: Any) -> None:
    """Check parameters by their constraints; a message holds the beginning of a long value."""
    # Not above, since what has no estimator can do without the seconds that importing it takes.
    from skdl._utils.scikit import InvalidParameterError, check_by_constraints

    try:
        check_by_constraints(estimator)
    except InvalidParameterError as error:
        rule, _, value = str(error).partition(" Got ")
        if len(value) <= _LONGEST_RULE:
            raise
        raise InvalidParameterError(f"{rule} Got {value[:_LONGEST_RULE]}... instead.") from None


_METHODS = (
    "fit",
    "partial_fit",
    "initialize",
    "fit_transform",
    "transform",
    "encode",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "score",
)


class KeywordsMixin:
    """Names the class of the object where a method gets a keyword it does not take.

    Python names the class in which the method was written, which may be one that no user knows.
    Signatures stay as they are, since metadata routing reads them.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in _METHODS:
            method = inspect.getattr_static(cls, name, None)
            if isinstance(method, FunctionType) and not hasattr(method, "_checks_keywords"):
                setattr(cls, name, _checked(name, method))

    def _advice_on_keyword(self, method: str, name: str, value: Any) -> str:
        """What to write instead; empty if that is not known."""
        params = inspect.signature(type(self)).parameters
        if name not in params:
            return ""
        return f"It is a parameter of the estimator: {as_parameter(self, name, value)}."


def as_parameter(estimator: Any, name: str, value: Any) -> str:
    """How the parameter is set when the estimator is made."""
    written = repr(value) if isinstance(value, bool | int | float | str | dict) else "…"
    short = written if len(written) <= _LONGEST_VALUE else "…"
    return f"{type(estimator).__name__}({name}={short})"


def suggest(name: str, known: Iterable[str]) -> str:
    """A sentence with the name that was meant by a similar one; empty if there is none."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _checked(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    params = inspect.signature(method).parameters
    if any(param.kind is param.VAR_KEYWORD for param in params.values()):
        return method

    takes = [param for param in params if param != "self"]
    by_place = [
        param for param in takes if params[param].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    required = [param for param in takes if params[param].default is inspect.Parameter.empty]

    @functools.wraps(method)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        for keyword, value in kwargs.items():
            if keyword not in params:
                advice = self._advice_on_keyword(name, keyword, value)
                raise TypeError(
                    f"{type(self).__name__}.{name}() got an unexpected keyword argument "
                    f"{shortened(keyword)}." + (f" {advice}" if advice else suggest(keyword, takes))
                )
        if len(args) > len(by_place):
            raise TypeError(
                f"{type(self).__name__}.{name}() takes {', '.join(by_place)} by position, but got "
                f"{len(args)} arguments."
            )
        for needed in required[len(args) :]:
            if needed not in kwargs:
                raise TypeError(
                    f"{type(self).__name__}.{name}() missing 1 required positional argument: "
                    f"{needed!r}. Pass {name}({', '.join(required)})."
                )
        return method(self, *args, **kwargs)

    checked._checks_keywords = True  # type: ignore[attr-defined]
    return checked
