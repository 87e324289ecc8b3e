"""What estimators on backbones share: their parameters, checked."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skdl._utils.checks import warn_user
from skdl._utils.text import shortened
from skdl.backbones import OnnxSource, backbone_of, is_onnx, label_of
from skdl.images import ValueRange
from skdl.plugins import backbones, require_importable
from skdl.store import FeatureStore, opened

if TYPE_CHECKING:
    from skdl.engine import BackboneSpec
    from skdl.estimators._keras_features import KerasSource

# Of all estimators with store="auto".
_IN_MEMORY = FeatureStore()


def backbone_spec(backbone: str | Callable[..., Any], params: dict[str, Any]) -> "BackboneSpec":
    """A backbone of Keras with its parameters, both checked."""
    from skdl.engine import BackboneSpec  # with TensorFlow

    if isinstance(backbone, str):
        backbones.get(backbone)
    else:
        require_importable(backbone, "backbone")
    spec = BackboneSpec(backbone, params)
    spec.check()
    return spec


def feature_source(
    backbone: str | Callable[..., Any],
    params: dict[str, Any],
    weights: Any,
    layers: tuple[str, ...] | None,
    engine: str,
) -> "OnnxSource | KerasSource":
    """A backbone whose features are taken, its parameters checked; the layers are named or None.

    TensorFlow is imported only for one of Keras.
    """
    if not isinstance(backbone, str):
        require_importable(backbone, "backbone")
    if is_onnx(backbone):
        if engine == "tensorflow":
            raise ValueError(
                f"engine='tensorflow', but the backbone {label_of(backbone)} is an ONNX model, "
                "which ONNX Runtime runs. Leave engine at 'auto'."
            )
        return OnnxSource(backbone, params, weights, layers)
    from skdl.estimators._keras_features import KerasSource

    return KerasSource(backbone_spec(backbone, params), weights, layers, engine)


def check_store(store: Any) -> None:
    """Refuse a `store` parameter that is none, or a folder that cannot be written to."""
    found = resolve_store(store)
    if found is not None and found.folder is not None:
        found.check_writable()


def resolve_store(store: Any) -> FeatureStore | None:
    """The store that a parameter means."""
    if store is None or isinstance(store, FeatureStore):
        return store
    if isinstance(store, str) and store == "auto":
        return _IN_MEMORY
    if not isinstance(store, str | os.PathLike):
        raise ValueError(
            "The parameter store must be 'auto', a folder, a skdl.FeatureStore or None. Got "
            f"{shortened(store)}."
        )
    return opened(FeatureStore(store))


def store_elsewhere(store: Any) -> Any:
    """What a `store` parameter is called where the working directory is another one."""
    if not isinstance(store, str | os.PathLike) or os.fspath(store) in ("", "auto"):
        return store
    path = os.path.abspath(os.path.expanduser(os.fspath(store)))
    return path if isinstance(store, str) else Path(path)


def found_store(store: Any) -> FeatureStore | None:
    """The store that a parameter means after `fit`; None where its folder is not there.

    `fit` makes the folder. An estimator that was saved with it and is used on another machine makes
    none there.
    """
    found = resolve_store(store)
    if found is not None and found.folder is not None and not found.folder.is_dir():
        return None
    return found


def backbone_channels(backbone: str | Callable[..., Any]) -> int:
    """Number of channels that a backbone takes."""
    return backbone_of(backbone).preprocessing.channels


def warn_of_standardized(value_range: ValueRange) -> None:
    """Warn where pixel values have to be guessed."""
    if value_range == "standardized":
        warn_user(
            "X has negative values, so it is treated as standardised, but pretrained weights "
            "expect pixel values: X is mapped back with mean 0.45 and standard deviation 0.225. "
            "Pass the original images, or set value_range, such as (-1, 1)."
        )
