"""What is no batch of images is refused by one sentence, wherever images go in."""

import collections
import functools

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from helpers import tiny
from PIL import Image
from scipy import sparse

from skdl import (
    CNNClassifier,
    all_estimators,
)

N = 12
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 3), dtype=np.uint8)
GRAY = PIXELS[..., 0].reshape(N, -1) / 255
Y = np.arange(N) % 2
SENTENCE = "Expected images: an array of shape (n, height, width, channels), (n, height, width)"
PATHS = "Expected paths of image files: a list, an array"


class Deceptive:
    """A class of the user's whose text is long, and which is no array."""

    def __repr__(self):
        return "x" * 100_000


BAD = {
    "None": None,
    "a number": 3.5,
    "a NumPy number": np.float64(3),
    "a truth value": True,
    "bytes": bytes(600_000),
    "a bytearray": bytearray(600_000),
    "a function": tiny,
    "a class": CNNClassifier,
    "an object": Deceptive(),
    "a set": {1, 2},
    "a frozenset": frozenset([1]),
    "a dict": {"images": PIXELS},
    "keys": {"a": 1}.keys(),
    "a generator": (image for image in PIXELS),
    "a map": map(np.asarray, PIXELS),
    "a dataset": tf.data.Dataset.from_tensor_slices(PIXELS),
    "a ragged tensor": tf.ragged.constant([[1.0, 2.0], [3.0]]),
    "a sparse tensor": tf.sparse.from_dense(tf.eye(N)),
    "a symbolic tensor": keras.Input((8, 8, 3)),
    "one-dimensional numbers": np.arange(200_000.0),
    "a list of numbers": list(range(N)),
    "a range": range(N),
    "a deque": collections.deque(range(N)),
    "a Series of numbers": pd.Series(range(N)),
    "five dimensions": np.zeros((N, 2, 2, 2, 3)),
    "a structured array": np.zeros(N, [("pixel", "f4"), ("label", "i4")]),
    "void": np.zeros((N, 4), "V4"),
    "dates": np.zeros((N, 4), "datetime64[s]"),
    "complex": np.ones((N, 4), complex),
    "a matrix": GRAY.view(np.matrix),
    "sparse": sparse.csr_array(GRAY),
    "a sparse dict": sparse.dok_array(GRAY),
    "no rows": PIXELS[:0],
    "an empty list": [],
    "no height": PIXELS[:, :0],
    "no columns": GRAY[:, :0],
    "a column name twice": pd.DataFrame(GRAY, columns=["a", "a", *map(str, range(62))]),
    "a frame of numbers and text": pd.DataFrame({"a": range(N), "b": ["text" * 30_000] * N}),
    "a frame of dates": pd.DataFrame({"a": pd.to_datetime(["2020-01-01"] * N), "b": range(N)}),
    "text in two columns": np.full((N, 2), "a.png"),
    "contents of files": [bytes(50_000)] * N,
    "paths as bytes": np.array([b"a.png"] * N),
    "images of several sizes": [PIXELS[0]] * 3 + [PIXELS[0, :7]] + [PIXELS[0]] * 8,
    "lists of several lengths": [[1, 2]] * 11 + [[1]],
    "None among images": [*PIXELS[:5], None, *PIXELS[6:]],
    "None among lists": [[1, 2], None],
    "objects": np.array([[{"a": "b" * 90_000}, 1]] * N, dtype=object),
    "a picture": Image.fromarray(PIXELS[0]),
    "a pair": (PIXELS, Y),
}
TO_FIT = ["fit", "partial_fit", "score"]
TO_ASK = ["predict", "predict_proba", "transform", "encode", "grad_cam", "readable"]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A function that gives an estimator by its name, fitted on a few images."""
    path = tmp_path_factory.mktemp("files") / "a.png"
    Image.fromarray(PIXELS[0]).save(path)
    params = {
        "DenoisingAutoencoder": {"filters": (2,)},
        "VGG16Classifier": {"weights": "random", "image_size": 32},
        "VGG16Features": {"weights": "random", "image_size": 32},
    }

    @functools.cache
    def fit(name):
        model = dict(all_estimators())[name](**params.get(name, {}))
        if hasattr(model, "epochs"):
            model.set_params(epochs=1, random_state=0)
        return model.fit([str(path)] * N if name == "ImageLoader" else PIXELS, Y)

    return fit


def fresh(X):
    """Iterators are used up by none of the calls, but one that is would hide what comes after."""
    return (image for image in PIXELS) if hasattr(X, "__next__") else X


def calls_with(model, X):
    """Everything that takes images, by its name, with a batch that is none."""

    def call(method, *others, **options):
        images = (image for image in PIXELS) if hasattr(X, "__next__") else X
        return functools.partial(getattr(model, method), images, *others, **options)

    calls = {name: call(name, Y) for name in TO_FIT if hasattr(model, name)}
    calls |= {name: call(name) for name in TO_ASK if hasattr(model, name)}
    if hasattr(model, "predict_proba"):
        calls["initialize"] = call("initialize", Y)
    if hasattr(model, "predict_proba") and X is not None:
        calls["X_val"] = functools.partial(model.fit, PIXELS, Y, X_val=call("fit").args[0], y_val=Y)
    return calls


@pytest.mark.filterwarnings("error", "ignore:X has feature names")
@pytest.mark.parametrize("name", [name for name, _ in all_estimators()])
def test_what_is_no_batch_of_images(fitted, name):
    """At every method of every estimator: the sentence, and never more than a screen."""
    model = fitted(name)
    before = dict(vars(model))
    for kind, X in BAD.items():
        calls = calls_with(model, X)
        assert {"fit", "predict" if "predict" in calls else "transform"} <= calls.keys()
        for method, call in calls.items():
            with pytest.raises((ValueError, TypeError)) as caught:
                call()
            message = str(caught.value)
            assert (PATHS if name == "ImageLoader" else SENTENCE) in message, (
                kind,
                method,
                message,
            )
            assert len(message) < 2000, (kind, method)
    assert all(vars(model)[key] is value for key, value in before.items())
