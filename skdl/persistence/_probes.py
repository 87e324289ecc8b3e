"""A few images with what a model predicts for them, by which it is told whether it still does."""

import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.nesting import nested
from skdl._utils.tags import tags_of, takes_files_alone
from skdl._utils.text import shortened
from skdl.images import ImageFormat, read_image
from skdl.persistence._sound import parts_of

MOST_PROBES = 8
TOLERANCE = 1e-4
"""Largest difference that is none, as a part of the largest value; of probabilities, of one."""

_N_SYNTHETIC = 3
_SCORES = ("predict_proba", "decision_function", "transform")

Outputs = Mapping[str, npt.NDArray[Any]]


def given_probes(estimator: Any, probes: Any) -> npt.NDArray[Any]:
    """At most MOST_PROBES images of the caller's, as one array.

    Of a pipeline that takes files alone, they are what its first step makes of them.

    Raises
    ------
    ValueError
        If they are no images, or files of images of several sizes.
    """
    if hasattr(probes, "iloc"):  # pandas's
        probes = probes.iloc[:MOST_PROBES].to_numpy()
    first = list(probes[:MOST_PROBES])
    if first and all(isinstance(path, str | os.PathLike) for path in first):
        pipeline = _of_files(estimator)
        if pipeline is not None:
            return np.asarray(pipeline[0].transform(list(map(os.fspath, first))))
        first = [np.asarray(read_image(os.fspath(path), frame="first")) for path in first]
    shapes = {np.shape(image) for image in first}
    if len(shapes) != 1 or np.asarray(first).dtype.hasobject:
        raise ValueError(
            "probes must be images of one size, as an array of shape (n, ...) or paths of files. "
            f"Got {shortened(probes)}."
        )
    return np.asarray(first)


def synthetic_probes(estimator: Any) -> Iterator[npt.NDArray[Any]]:
    """Images of the formats that the parts of an estimator learned, always the same."""
    estimator = _behind_files(estimator)
    for part in parts_of(estimator):
        if isinstance(part, ImageFormat):
            yield _like(part)
    n_features = getattr(estimator, "n_features_in_", None)
    if n_features is not None:
        yield _random((_N_SYNTHETIC, int(n_features)))


def _behind_files(estimator: Any) -> Any:
    """An estimator; of a pipeline that takes files alone, what follows the step that reads them."""
    pipeline = _of_files(estimator)
    return estimator if pipeline is None else pipeline[1:]


def _of_files(estimator: Any) -> Any:
    """The pipeline that an estimator is or stands for, if it begins with a step for files alone."""
    for part in nested(estimator):
        if len(getattr(part, "steps", ())) > 1 and tags_of(part[0]) is not None:
            return part if takes_files_alone(part[0]) else None
    return None


def _random(shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    return np.random.default_rng(0).random(shape)


def _like(image_format: ImageFormat) -> npt.NDArray[Any]:
    height, width, channels = image_format.image_shape
    shape = (_N_SYNTHETIC, height, width, channels)
    # Coarse blocks below fine noise: both edges and textures.
    coarse = _random((_N_SYNTHETIC, -(-height // 8), -(-width // 8), channels))
    coarse = coarse.repeat(8, axis=1)[:, :height].repeat(8, axis=2)[:, :, :width]
    values = 0.7 * coarse + 0.3 * _random(shape)
    low, high = (-2, 2) if image_format.value_range == "standardized" else image_format.value_range
    values = low + (high - low) * values
    dtype = image_format.dtype if image_format.dtype.kind in "uif" else np.dtype(np.uint8)
    images = (np.rint(values) if dtype.kind in "ui" else values).astype(dtype)
    if image_format.flattened:
        return images.reshape(_N_SYNTHETIC, -1)
    return images


def outputs_of(estimator: Any, images: npt.NDArray[Any]) -> Outputs:
    """What an estimator gives for images: scores, or else features, and labels."""
    found, estimator = {}, _behind_files(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = next((name for name in _SCORES if hasattr(estimator, name)), None)
        for name in filter(None, (scores, "predict")):
            if hasattr(estimator, name):
                found[name] = _as_array(getattr(estimator, name)(images))
    return found


def _as_array(values: Any) -> npt.NDArray[Any]:
    if isinstance(values, list) and np.ndim(values[0]) == 2:  # of each of several outputs
        values = np.concatenate(values, axis=1)
    array = np.asarray(values.toarray() if hasattr(values, "toarray") else values)
    return array.astype(str) if array.dtype.hasobject else array


def differences(then: Outputs, now: Outputs) -> list[str]:
    """In what two outputs for the same images differ, in words."""
    found = []
    for name, before in then.items():
        after = now.get(name)
        if after is None or after.shape != before.shape:
            found.append(f"{name} returns {'nothing' if after is None else after.shape}")
        elif before.dtype.kind in "fc" and after.dtype.kind in "fc":
            found += _difference(name, before, after)
        elif (n := int((before != after).sum())) > 0:
            found.append(f"{n} of {before.size} labels of {name} differ")
    return found


def _difference(name: str, before: npt.NDArray[Any], after: npt.NDArray[Any]) -> list[str]:
    if not before.size:
        return []
    sizes = np.abs(before)[np.isfinite(before)]
    scale = 1.0 if name == "predict_proba" else float(max(sizes.max(initial=0), 1e-30))
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    with np.errstate(invalid="ignore", over="ignore"):
        gaps = np.where(same, 0, np.abs(after - before))
    largest = float(np.nan_to_num(gaps, nan=np.inf).max())
    if largest <= TOLERANCE * scale:
        return []
    return [f"{name} differs by up to {largest:.2g} (tolerance: {TOLERANCE * scale:.2g})"]
