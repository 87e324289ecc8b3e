"""The graph of a fitted estimator, part by part."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_selection import SelectorMixin

from skdl import __version__
from skdl._utils.tags import kind_of
from skdl.conversion import Graph, Symbol, UnsupportedError
from skdl.estimators import (
    BackboneFeatures,
    CNNClassifier,
    CNNRegressor,
    DenoisingAutoencoder,
    TransferClassifier,
    TransferRegressor,
    VGG16Classifier,
    VGG16Features,
)
from skdl.export._chain import Threshold
from skdl.export._classifiers import Scores, add_classifier
from skdl.export._networks import add_features, add_network
from skdl.export._pixels import add_pixels, input_of
from skdl.export._regressors import add_regressor
from skdl.export._transformers import TRANSFORMERS, transformer_of
from skdl.images import ImageFormat, range_offset_and_scale
from skdl.preprocessing import ImageLoader

REGRESSORS = (CNNRegressor, TransferRegressor)
NETWORKS = (CNNClassifier, TransferClassifier, VGG16Classifier, *REGRESSORS)
ON_IMAGES = (*NETWORKS, BackboneFeatures, DenoisingAutoencoder)
_FLOAT, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


class Building:
    """A graph while the parts of an estimator are added to it, in their order.

    Parameters
    ----------
    parts : list
        As :func:`parts_of` gives them.

    Attributes
    ----------
    learned : ImageFormat
        What the first network learned of its images, which is what the graph takes.
    outputs : dict of str to Symbol
        What the graph gives.
    """

    learned: ImageFormat

    def __init__(self, parts: list[Any]) -> None:
        self.parts = parts
        self.graph = Graph()
        self.outputs: dict[str, Symbol] = {}
        self._value: Symbol | None = None  # what the last part gave: images, and later features
        self._scores: Scores | None = None
        self._threshold: Threshold | None = None
        self._is_multilabel = False
        self._facts: dict[str, Any] = {}
        for number, part in enumerate(parts):
            if number or not isinstance(part, ImageLoader):  # which reads files
                self._add(part)
        if not self.outputs:
            raise _unsupported(parts[-1])

    def model(self) -> Any:
        """The graph, as an ``onnx.ModelProto``."""
        size = self.learned.image_size or self.learned.image_shape[:2]
        facts = {
            "skdl_version": __version__,
            "estimator": [type(part).__name__ for part in self.parts],
            "image_shape": [*size, self.learned.image_shape[2]],
            "value_range": self.learned.value_range,
            **self._facts,
        }
        texts = {name: json.dumps(value) for name, value in facts.items()}
        return self.graph.model([input_of(self.learned)], self.outputs, texts)

    # ---- parts ---------------------------------------------------------------------------------

    def _add(self, part: Any) -> None:
        of_features = self._value is not None and len(self._value.shape) == 2
        if isinstance(part, Threshold):
            self._add_threshold(part)
        elif self._scores is not None:
            raise UnsupportedError(f"a {type(part).__name__} after a classifier")
        elif isinstance(part, ON_IMAGES):
            if of_features:
                raise UnsupportedError(f"a {type(part).__name__} after features")
            self._add_network(part)
        elif of_features:
            self._add_to_features(part)
        else:
            raise _unsupported(part)

    def _add_network(self, part: Any) -> None:
        learned: ImageFormat = part._image_format
        if self._value is None:
            self.learned, self._value = learned, input_of(learned)
        images = add_pixels(self.graph, self._value, learned)
        if isinstance(part, BackboneFeatures):
            self._value = add_features(self.graph, images, part._extractor)
            self.outputs = {"features": self._value}
            return
        if getattr(part, "tta", 0):
            raise UnsupportedError(
                f"tta={part.tta}: test-time augmentation is not part of the network. Export with "
                "tta=0, and average over variants after deployment"
            )
        found = add_network(self.graph, images, part._network)
        if isinstance(part, DenoisingAutoencoder):
            self._value = self._denoised(found, learned, self._value.dtype)
            self.outputs = {"denoised": self._value}
            return
        if isinstance(part, REGRESSORS):
            self._value = self._numbers(found, part)
            self.outputs = {"numbers": self._value}
            return
        self._is_multilabel = part.multilabel_
        if self._is_multilabel:
            limit = self.graph.constant(0.5, _FLOAT)
            label = self.graph.cast(self.graph.add("Greater", found.name, limit), np.int64)
        else:
            label = self.graph.add("ArgMax", found.name, axis=1, keepdims=0)
        self._give(Scores("", 0, found.name, label), part.classes_, _FLOAT)

    def _numbers(self, found: Symbol, part: Any) -> Symbol:
        """Outputs of a network in the unit of its targets, as `predict` gives them."""
        add, number = self.graph.add, self.graph.constant
        name = self.graph.cast(found.name, _DOUBLE)
        name = add("Mul", name, number(part.target_scale_, _DOUBLE))
        name = add("Add", name, number(part.target_mean_, _DOUBLE))
        if part._is_flat:
            return Symbol(add("Squeeze", name, number([1], np.int64)), (None,), _DOUBLE)
        return Symbol(name, (None, part.n_outputs_), _DOUBLE)

    def _denoised(self, found: Symbol, learned: ImageFormat, dtype: Any) -> Symbol:
        """Outputs of a network as pixel values, as `DenoisingAutoencoder.transform` gives them."""
        add, number = self.graph.add, self.graph.constant
        name = self.graph.channels_last(found)
        if learned.value_range != "standardized":
            name = add("Clip", name, number(0, _FLOAT), number(1, _FLOAT))
        offset, scale = range_offset_and_scale(learned.value_range)
        name = add("Add", add("Div", name, number(scale, _FLOAT)), number(offset, _FLOAT))
        if learned.whole or dtype == np.uint8:
            name = add("Round", name)
        if dtype == np.uint8:
            name = add("Clip", name, number(0, _FLOAT), number(255, _FLOAT))
            name = self.graph.cast(name, dtype)
        return Symbol(name, (None, *learned.input_shape), dtype)

    def _add_to_features(self, part: Any) -> None:
        assert self._value is not None
        x, n_features = self._value.name, self._value.shape[1]
        if self._value.dtype != _DOUBLE:
            x = self.graph.cast(x, _DOUBLE)
        transforms = transformer_of(part)
        if transforms is not None:
            width = part.transform(np.zeros((1, n_features or 1))).shape[1]
            self._value = Symbol(transforms(self.graph, part, x), (None, width), _DOUBLE)
            self.outputs = {"features": self._as_float32(self._value.name, width)}
            return
        kind = kind_of(part)
        if kind == "regressor" and (numbers := add_regressor(self.graph, part, x)) is not None:
            self._value, self.outputs = None, {"numbers": numbers}
            return
        scores = add_classifier(self.graph, part, x) if kind == "classifier" else None
        if scores is None:
            raise _unsupported(part)
        self._give(scores, part.classes_, _DOUBLE)

    # ---- what classifiers say ------------------------------------------------------------------

    def _give(self, scores: Scores, classes: npt.NDArray[Any], dtype: np.dtype[Any]) -> None:
        self._scores, self._classes, self._dtype = scores, _plain_classes(classes), dtype
        self.outputs = {"label": self._labels(scores.label)}
        if scores.probabilities is not None:
            probabilities = self._as_float32(scores.probabilities, len(classes))
            self.outputs["probabilities"] = probabilities
        else:
            self.outputs["scores"] = self._as_float32(scores.scores, scores.n_scores)
        self._facts["classes"] = self._classes.tolist()

    def _labels(self, positions: str) -> Symbol:
        if self._is_multilabel:  # which are set
            return Symbol(positions, (None, len(self._classes)), np.dtype(np.int64))
        name = self.graph.add("Gather", self.graph.constant(self._classes), positions)
        return Symbol(name, (None,), self._classes.dtype)

    def _as_float32(self, name: str, width: int | None) -> Symbol:
        shape = (None,) if width is None else (None, width)
        return Symbol(self.graph.cast(name, _FLOAT), shape, _FLOAT)

    def _add_threshold(self, threshold: Threshold) -> None:
        scores, self._threshold = self._scores, threshold
        assert scores is not None
        where = self._classes.tolist().index(threshold.positive)
        if threshold.on_probabilities:
            if scores.probabilities is None:
                raise UnsupportedError(
                    "a threshold on probabilities of a classifier of which only scores are "
                    "exported: set response_method='decision_function' before fit"
                )
            column = self.graph.constant(where, np.int64)
            name = self.graph.add("Gather", scores.probabilities, column, axis=1)
        else:
            name = scores.scores if where == 1 else self.graph.add("Neg", scores.scores)
        limit = self.graph.constant(threshold.value, self._dtype)
        passed = self.graph.cast(self.graph.add("GreaterOrEqual", name, limit), np.int64)
        one = self.graph.constant(1, np.int64)
        label = passed if where == 1 else self.graph.add("Sub", one, passed)
        self.outputs["label"] = self._labels(label)
        self._facts |= {"threshold": threshold.value, "positive": self._classes.tolist()[where]}

    def is_clear(self, values: npt.NDArray[Any], tolerance: float) -> npt.NDArray[np.bool_]:
        """Whether scores or probabilities of images leave no doubt about their labels."""
        if self._is_multilabel:
            distance = values - 0.5
        elif self._threshold is not None:
            where = self._classes.tolist().index(self._threshold.positive)
            of_class = values[:, where] if values.ndim == 2 else (2 * where - 1) * values
            distance = of_class - self._threshold.value
        elif values.ndim == 1:
            distance = values
        else:
            in_order = np.sort(values, axis=1)
            distance = in_order[:, -1] - in_order[:, -2]
        clear: npt.NDArray[np.bool_] = np.abs(distance) > 2 * tolerance
        return clear


def _plain_classes(classes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Classes as ONNX has such values."""
    if all(isinstance(label, str) for label in classes.tolist()):
        return classes.astype(object)
    if classes.dtype.kind == "O":
        classes = np.array(classes.tolist())
    if classes.dtype.kind not in "biuf":
        raise UnsupportedError(
            f"classes of the type {classes.dtype}: ONNX only supports text and numbers"
        )
    return classes.astype({"b": np.bool_, "f": np.float64}.get(classes.dtype.kind, np.int64))


def _unsupported(part: Any) -> UnsupportedError:
    networks = ", ".join(kind.__name__ for kind in (*ON_IMAGES, VGG16Features))
    steps = ", ".join(kind.__name__ for kind in TRANSFORMERS if kind is not SelectorMixin)
    return UnsupportedError(
        f"a {type(part).__name__} in this position. A network must come first ({networks}). "
        f"Features may be followed by {steps}, selectors such as SelectKBest, and a linear "
        "classifier or regressor, an SVC or an SVR. To export estimators without a network of "
        "skdl, use the package skl2onnx"
    )
