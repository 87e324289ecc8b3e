"""Where in images the evidence for a class lies, by the network or by covering parts of them."""

import math
from collections.abc import Iterator, Sequence
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.utils import get_tags

from skdl._utils.labels import check_known, class_labels
from skdl._utils.text import shortened
from skdl.images import ImageArray, read_batch

# Of the covered copies of an image that are predicted at a time.
_COPIES_BYTES, _MOST_COPIES = 32 * 2**20, 256


def score_kind(model: Any) -> Literal["probability", "decision"]:
    return "probability" if hasattr(model, "predict_proba") else "decision"


def class_scores(model: Any, X: Any) -> npt.NDArray[np.float64]:
    """One column a class.

    Raises
    ------
    ValueError
        If the estimator has no scores of classes.
    """
    method = getattr(model, "predict_proba", None) or getattr(model, "decision_function", None)
    if method is None or not hasattr(model, "classes_"):
        raise ValueError(
            f"{type(model).__name__} has neither predict_proba nor decision_function of classes_. "
            "Pass a fitted classifier that has one of them."
        )
    scores = np.asarray(method(X), dtype=np.float64)
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores])
    if scores.shape[1] != len(model.classes_):
        raise ValueError(
            f"{type(model).__name__} gives {scores.shape[1]} scores for {len(model.classes_)} "
            "classes; expected one a class."
        )
    return scores


def class_codes(y: Any, model: Any, n: int) -> npt.NDArray[np.int_]:
    """Positions of the classes of `n` images: of each, or of all.

    Raises
    ------
    ValueError
        If there are not as many labels as images, or a label is no class.
    """
    labels = class_labels([y] * n if np.ndim(y) == 0 else y, "y")
    if len(labels) != n:
        raise ValueError(f"X has {n} images, but y has {len(labels)} labels: pass one an image.")
    check_known(labels, model.classes_, type(model).__name__)
    known = np.asarray(model.classes_).tolist()
    return np.array([known.index(label) for label in labels.tolist()])


# ---- Grad-CAM --------------------------------------------------------------------------------


def _steps(model: Any) -> list[Any]:
    return [step for _, step in model.steps] if hasattr(model, "steps") else [model]


def _shape_of(model: Any, X: Any, image_shape: Any) -> Any:
    """Shape of flattened images: what the caller says, or a step that knows it."""
    if image_shape is not None or np.ndim(X) != 2:
        return image_shape
    shapes = [getattr(step, "image_shape_", None) for step in _steps(model)]
    return next((shape for shape in shapes if shape and math.prod(shape) == np.shape(X)[1]), None)


def network_input(model: Any, X: Any, method: str) -> tuple[Any, Any, Any]:
    """The network of an estimator, what it gets of X, and that as images to draw.

    Steps of a pipeline that give images, such as Resize, change what is drawn; those that give the
    columns they take, such as a scaler, do not.

    Parameters
    ----------
    model : fitted estimator
    X : array-like
        Images or paths, as the estimator takes them.
    method : str
        What the network is to have.

    Raises
    ------
    ValueError
        If there is no network, or it does not see the images.
    """
    last = _steps(model)[-1]
    name = type(last).__name__
    if not hasattr(last, method):
        raise ValueError(
            f"{name} has no {method}: pass a network, such as CNNClassifier, or a pipeline that "
            "ends in one."
        )
    if last is model or len(model.steps) == 1:
        return last, X, X
    passed = model[:-1].transform(X)
    if np.ndim(passed) > 2 or _decodes(model[0]):
        return last, passed, passed
    if not _keeps_pixels(model[:-1]):
        raise ValueError(
            f"{name} does not see the images: a step before it makes other features of them."
        )
    return last, passed, X


def grad_cam_maps(
    model: Any, X: Any, labels: Any, layer: str | None, image_shape: Any
) -> tuple[Any, Any]:
    """Images to draw, and where the network finds evidence for their classes.

    Raises
    ------
    ValueError
        If there is no network, it does not see the images, or it has no such layer.
    """
    last, passed, shown = network_input(model, X, "grad_cam")
    maps = last.grad_cam(passed, labels, layer=layer)
    return as_images(model, shown, image_shape), maps


def as_images(model: Any, X: Any, image_shape: Any) -> list[npt.NDArray[Any]]:
    """Images in [0, 1], to draw."""
    batch = read_batch(X).unflattened(_shape_of(model, X, image_shape))
    return batch.displayable(np.arange(len(batch)))


def _decodes(step: Any) -> bool:
    """Whether a step takes paths of files only."""
    tags = get_tags(step).input_tags
    return tags.one_d_array and not tags.two_d_array


def _keeps_pixels(steps: Any) -> bool:
    """Whether steps give the columns that they take, such as a scaler."""
    try:
        names = list(steps.get_feature_names_out())
    except (AttributeError, ValueError):  # it cannot be told
        return False
    return names == list(getattr(steps, "feature_names_in_", [f"x{i}" for i in range(len(names))]))


# ---- occlusion -------------------------------------------------------------------------------


class Cover:
    """A patch that is moved over images.

    Parameters
    ----------
    patch, stride, fill : object
        As :meth:`SaliencyDisplay.from_estimator` takes them.
    """

    def __init__(self, patch: Any, stride: Any, fill: Any) -> None:
        self.patch = None if patch is None else _pair(patch, "patch")
        self.stride = None if stride is None else _pair(stride, "stride")
        if fill != "mean" and not (isinstance(fill, Real) and math.isfinite(fill)):
            raise ValueError(f"fill must be a finite number or 'mean'. Got {shortened(fill)}.")
        self.fill = fill

    def places(self, size: tuple[int, int]) -> list[tuple[slice, slice]]:
        """Rows and columns that are covered, one place after the other; the edges are, too.

        Raises
        ------
        ValueError
            If the patch is larger than the images, or the stride than the patch.
        """
        side = max(1, round(min(size) / 5))
        patch = self.patch or (side, side)
        stride = self.stride or (max(1, patch[0] // 2), max(1, patch[1] // 2))
        if any(p > s for p, s in zip(patch, size, strict=True)):
            raise ValueError(f"patch={patch} is larger than the images of {size} pixels.")
        if any(step > p for step, p in zip(stride, patch, strict=True)):
            raise ValueError(
                f"stride={stride} is larger than patch={patch}: pixels between would never be "
                "covered."
            )
        starts = [
            sorted({*range(0, s - p + 1, step), s - p})
            for s, p, step in zip(size, patch, stride, strict=True)
        ]
        return [
            (slice(y, y + patch[0]), slice(x, x + patch[1])) for y in starts[0] for x in starts[1]
        ]

    def copies(
        self, image: npt.NDArray[Any], places: Sequence[tuple[slice, slice]]
    ) -> Iterator[tuple[Sequence[tuple[slice, slice]], npt.NDArray[Any]]]:
        """Covered copies of an image, a bounded number at a time, with what is covered."""
        value = image.mean(axis=(0, 1)) if self.fill == "mean" else self.fill
        if image.dtype == np.uint8:
            value = np.rint(value).clip(0, 255)
        step = int(np.clip(_COPIES_BYTES // image.nbytes, 1, _MOST_COPIES))
        for start in range(0, len(places), step):
            some = places[start : start + step]
            copies = np.repeat(image[np.newaxis], len(some), axis=0)
            for copy, place in zip(copies, some, strict=True):
                copy[place] = value
            yield some, copies


def _pair(value: Any, name: str) -> tuple[int, int]:
    sizes = (value, value) if isinstance(value, Integral) else value
    is_pair = isinstance(sizes, tuple | list) and len(sizes) == 2
    if not is_pair or not all(isinstance(size, Integral) and int(size) > 0 for size in sizes):
        raise ValueError(
            f"{name} must be a positive whole number, or two of them. Got {shortened(value)}."
        )
    return int(sizes[0]), int(sizes[1])


def occlusion_maps(
    model: Any, X: Any, codes: Any, scores: Any, image_shape: Any, cover: Cover
) -> tuple[Any, Any]:
    """Images to draw, and by how much the scores of their classes fall where they are covered."""
    first = _steps(model)[0]
    if first is not model and _decodes(first):
        model, X = model[1:], first.transform(X)
    else:
        X = read_batch(X).in_memory(X, first)
    batch = ImageArray.of(X).unflattened(_shape_of(model, X, image_shape))
    n, height, width, _ = batch.shape
    places, maps = cover.places((height, width)), np.empty((n, height, width))
    for image, code, score, result in zip(batch, codes, scores, maps, strict=True):
        falls, covered = np.zeros((2, *image.shape[:2]))
        for some, copies in cover.copies(image, places):
            changed = class_scores(model, _like(X, copies))[:, code]
            for place, fall in zip(some, score[code] - changed, strict=True):
                falls[place] += fall
                covered[place] += 1
        falls = (falls / covered).clip(0)
        # Less is no more than rounding.
        result[:] = falls / falls.max() if falls.max() > 1e-6 * max(1, abs(score[code])) else 0
    return batch.displayable(np.arange(len(batch))), maps


def _like(X: Any, images: npt.NDArray[Any]) -> Any:
    """Images in the shape, and with the columns, of X."""
    array = images.reshape(len(images), *np.shape(X)[1:])
    if not hasattr(X, "columns"):
        return array
    import pandas as pd

    return pd.DataFrame(array, columns=X.columns)
