"""Whether a graph gives what the estimator gives, in ONNX Runtime."""

import copy
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import FunctionTransformer

from skdl.export._building import ON_IMAGES, Building
from skdl.images import ImageFormat, pixel_range
from skdl.preprocessing import ImageLoader

# Largest difference, as a share of the largest value: more than what comes of rounding, even where
# scikit-learn sums up large features in float32.
_TOLERANCE = 1e-3
_N_IMAGES = 4
_METHODS = {
    "label": "predict",
    "numbers": "predict",
    "probabilities": "predict_proba",
    "scores": "decision_function",
}


def compare(estimator: Any, building: Building, content: bytes) -> None:
    """Refuse a graph that gives other results than the estimator, for a few drawn images.

    Raises
    ------
    ValueError
        Saying which result differs, and by how much.
    """
    import onnxruntime

    images = _drawn_images(building.learned)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = dict(zip(building.outputs, session.run(None, {"images": images}), strict=True))
    twin = _twin(estimator, building.parts)
    with warnings.catch_warnings():  # what is drawn may be of another scale than most images
        warnings.simplefilter("ignore")
        wanted = {name: _asked(twin, name, images) for name in found}
    values = next(name for name in found if name != "label")
    scale = np.abs(wanted[values]).max(initial=0)
    difference = np.abs(found[values] - wanted[values].astype(np.float64)).max()
    if not difference <= _TOLERANCE * scale:
        raise _differs(
            estimator, f"{values} by up to {difference:.2g}, where the largest value is {scale:.2g}"
        )
    if "label" in found:
        wrong = np.asarray(wanted["label"]) != found["label"]
        n_wrong = np.count_nonzero(wrong & building.is_clear(wanted[values], _TOLERANCE * scale))
        if n_wrong:
            raise _differs(estimator, f"the label of {n_wrong} of {len(images)} drawn images")


def _drawn_images(learned: ImageFormat) -> npt.NDArray[Any]:
    """Noise over brightness that changes from left to right, each image of another contrast."""
    rng = np.random.default_rng(0)
    height, width = learned.input_shape[:2]
    if learned.image_size is not None:
        height, width = height + 3, width + width // 4 + 1
    n_channels = learned.image_shape[2]
    noise = rng.random((_N_IMAGES, height, width, n_channels))
    contrast = np.linspace(0.3, 1, _N_IMAGES).reshape(-1, 1, 1, 1)
    slope = np.linspace(0, 1, width)[:, np.newaxis]
    black, white = pixel_range(learned.value_range)
    images = black + (white - black) * (contrast * noise + (1 - contrast) * slope)
    drawn: npt.NDArray[Any] = images.astype(np.float32)
    return np.rint(drawn).astype(np.uint8) if learned.dtype == np.uint8 else drawn


def _twin(estimator: Any, parts: list[Any]) -> Any:
    """A copy that takes arrays, and puts no features of theirs into a store."""
    memo: dict[int, Any] = {}
    for part in parts:
        if isinstance(part, ON_IMAGES):
            memo[id(part)] = copy.copy(part)
            if hasattr(part, "store"):
                memo[id(part)].store = None
        elif isinstance(part, ImageLoader):
            memo[id(part)] = FunctionTransformer()
    if id(estimator) in memo:
        return memo[id(estimator)]
    return copy.deepcopy(estimator, memo)


def _asked(estimator: Any, output: str, images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.asarray(getattr(estimator, _METHODS.get(output, "transform"))(images))


def _differs(estimator: Any, what: str) -> ValueError:
    return ValueError(
        f"The graph of this {type(estimator).__name__} does not return the same results as the "
        f"estimator, so no file is written. It changes {what}. One of the estimator's parts uses a "
        "custom computation."
    )
