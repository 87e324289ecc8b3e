"""What stands in a model file beside the model, as JSON."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from skdl._utils.text import shortened
from skdl.images import ImageFormat
from skdl.persistence._sound import parts_of

FORMAT = 1
"""Version of the format of model files; raised when older versions of skdl could not read it."""

KIND = "model of skdl"
MANIFEST, MODEL, PROBES = "manifest.json", "model.skops", "probes/images.npy"


def facts_of(estimator: Any) -> dict[str, Any]:
    """What can be read off a fitted estimator, by which a manifest is checked again."""
    classes = getattr(estimator, "classes_", None)
    return {
        "estimator": f"{type(estimator).__module__}.{type(estimator).__qualname__}",
        "classes": None if classes is None else as_json(classes, "classes_"),
        "threshold": _threshold_of(estimator),
        "image_format": _image_format_of(estimator),
    }


def _threshold_of(estimator: Any) -> float | None:
    """The decision threshold that was tuned or set, of the estimator or the best of a search."""
    for part in (estimator, getattr(estimator, "best_estimator_", None)):
        for last in (part, getattr(part, "steps", [(None, None)])[-1][1]):
            value = getattr(last, "best_threshold_", getattr(last, "threshold", None))
            if isinstance(value, Real) and hasattr(last, "estimator_"):
                return float(value)
    return None


def _image_format_of(estimator: Any) -> dict[str, Any] | None:
    formats = [part for part in parts_of(estimator) if isinstance(part, ImageFormat)]
    if not formats:
        return None
    found = formats[0]
    adapter = {} if found.input_adapter is None else {"input_adapter": found.input_adapter}
    return {
        "image_shape": as_json(found.image_shape, "image_shape"),
        "value_range": as_json(found.value_range, "value_range"),
        "dtype": found.dtype.name,
        "flattened": bool(found.flattened),
        "image_size": as_json(found.image_size, "image_size"),
        "channels": int(found.channels),
        "color": found.color,
        **adapter,
    }


def as_json(value: Any, name: str) -> Any:
    """A value of the caller's as JSON has it.

    Raises
    ------
    ValueError
        If it holds what JSON has not.
    """
    if isinstance(value, np.ndarray | np.generic):
        return as_json(value.tolist(), name)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: as_json(item, name) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [as_json(item, name) for item in value]
    raise ValueError(
        f"{name} must contain text, numbers, lists and dicts with keys of text. It contains "
        f"{shortened(value)}."
    )


def check_mapping(value: Any, name: str) -> dict[str, Any]:
    """What the caller says of a model: a dict, or None for nothing."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a dict or None. Got {shortened(value)}.")
    found: dict[str, Any] = as_json(value, name)
    return found


def check_target_names(value: Any, classes: Any) -> list[str] | None:
    """Names of the classes in their order, or None."""
    if value is None:
        return None
    names = list(value) if not isinstance(value, str) else []
    n_classes = len(classes or ())
    if len(names) != n_classes or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"target_names must be {n_classes} names, one per class. Got {shortened(value)}."
        )
    if len(set(names)) < n_classes:
        raise ValueError(
            "target_names must differ, since predictions could not be distinguished otherwise. "
            f"Got {shortened(value)}."
        )
    return [str(name) for name in names]
