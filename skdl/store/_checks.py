"""What a store accepts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdl._utils.checks import check_path
from skdl._utils.checksums import digest_of
from skdl._utils.storage import usable
from skdl._utils.text import shortened, shown_path

_KEY_BYTES = 32


@dataclass(frozen=True)
class Space:
    """What features depend on besides the image, as canonical JSON, and its sha256."""

    text: str
    digest: bytes

    @classmethod
    def of(cls, space: Any) -> "Space":
        if not isinstance(space, Mapping):
            raise TypeError(
                "space must be a dict that says what the features depend on. "
                f"Got {shortened(space)} of type {type(space).__name__}."
            )
        try:
            _check_names(space, "space")
            text = json.dumps(
                space, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_as_dict
            )
        except (TypeError, ValueError, RecursionError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(
                "space must hold only what JSON can hold: dicts with str keys, lists, strings, "
                f"finite numbers, booleans and None. Got {shortened(space)}: {error}."
            ) from error
        return cls(text, digest_of(text.encode()))


def _check_names(value: Any, where: str) -> None:
    """Refuse what JSON would take, but not tell apart: ``{1: 0}`` and ``{"1": 0}``."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise TypeError(f"the key {shortened(name)} in {where} is not a string")
            _check_names(inner, f"{where}[{shortened(name)}]")
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            _check_names(inner, f"{where}[{position}]")


def _as_dict(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{shortened(value)} is a {type(value).__name__}")


def checked_folder(folder: Any) -> Path | None:
    if folder is None:
        return None
    path = usable(check_path(folder, "folder (None keeps features in memory)"))
    if path.exists() and not path.is_dir():
        raise ValueError(
            f"folder must be a folder, but {shown_path(path)} is a file. Choose another."
        )
    return path


def checked_keys(keys: Any) -> list[bytes]:
    if isinstance(keys, str | bytes) or not isinstance(keys, Sequence):
        raise TypeError(
            f"keys must be a list of sha256 digests. Got an object of type {type(keys).__name__}."
        )
    for position, key in enumerate(keys):
        if not isinstance(key, bytes) or len(key) != _KEY_BYTES:
            got = f"{len(key)} bytes" if isinstance(key, bytes) else shortened(key)
            raise ValueError(
                f"keys must be sha256 digests, {_KEY_BYTES} bytes each. Got {got} at position "
                f"{position}."
            )
    return list(keys)


def checked_features(features: Any, n_keys: int) -> NDArray[np.float32]:
    if not isinstance(features, np.ndarray) or features.dtype != np.float32:
        kind = getattr(features, "dtype", type(features).__name__)
        raise TypeError(f"features must be an array of float32. Got {kind}.")
    if features.ndim != 2 or features.shape[1] < 1 or len(features) != n_keys:
        raise ValueError(
            f"features must have shape ({n_keys}, width), with one row per key and width at least "
            f"1. Got {features.shape}."
        )
    return features
