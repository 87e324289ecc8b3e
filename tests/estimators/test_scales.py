"""Pixel values on one scale in fit, and on another later."""

import warnings

import numpy as np
import pytest
from helpers import tiny
from PIL import Image

from skdl import BackboneFeatures, CNNClassifier, TransferClassifier

N = 40


def pixels():
    generator = np.random.default_rng(0)
    X = generator.integers(0, 256, (N, 8, 8))
    X[:, 0, 0] = 255
    return X, np.arange(N) % 2


SCALES = {
    "bytes": lambda X: X.astype(np.uint8),
    "0 to 255": lambda X: X.astype(np.float32),
    "0 to 1": lambda X: X / 255,
    "12 bits": lambda X: (X * 16).astype(np.uint16),
    "16 bits": lambda X: (X * 257).astype(np.uint16),
    "-1 to 1": lambda X: (X / 127.5 - 1).astype(np.float32),
    "standardised": lambda X: (X - X.mean()) / X.std(),
    "CT": lambda X: (X * 16 - 1024).astype(np.int16),
}
# The same values, as far as anybody can tell.
ALIKE = [{"bytes", "0 to 255"}, {"-1 to 1", "standardised"}]


def network():
    return CNNClassifier(tiny, epochs=1, batch_size=16, random_state=0)


@pytest.mark.parametrize("fitted", SCALES)
@pytest.mark.parametrize("asked", SCALES)
def test_another_scale_is_warned_of(fitted, asked):
    X, y = pixels()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = network().fit(SCALES[fitted](X), y)
    other = SCALES[asked](X)
    alike = fitted == asked or {fitted, asked} in ALIKE
    for ask in (model.predict, model.predict_proba, lambda X: model.score(X, y)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ask(other)
        said = [str(w.message) for w in caught if "scale of the training images" in str(w.message)]
        assert bool(said) == (not alike)
        assert all(w.filename == __file__ for w in caught)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network().fit(SCALES[fitted](X), y, X_val=other, y_val=y)
    said = [str(w.message) for w in caught if str(w.message).startswith("X_val has")]
    assert bool(said) == (not alike)


@pytest.mark.parametrize("fitted", SCALES)
def test_dark_and_few_images_are_no_other_scale(fitted):
    X, y = pixels()
    scale = SCALES[fitted]
    for model in (network(), BackboneFeatures(image_size=8, value_range=None, store=None)):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X has negative values, so it is treated")
            model.fit(scale(X), y)
        answer = getattr(model, "predict", None) if isinstance(model, CNNClassifier) else None
        answer = answer or model.transform
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for dark in (X[:1], X // 3, X[:3] // 20, np.zeros_like(X)):
                answer(scale(dark) if fitted != "standardised" else (dark - X.mean()) / X.std())
            hot = scale(X)
            hot[3, 4, 4] = hot.max()
            answer(hot)


@pytest.mark.parametrize("fitted", ["0 to 1", "12 bits", "standardised", "CT"])
def test_files_are_bytes(fitted, tmp_path):
    X, y = pixels()
    paths = [str(tmp_path / f"{row}.png") for row in range(3)]
    for path, image in zip(paths, X.astype(np.uint8), strict=False):
        Image.fromarray(image).save(path)
    with pytest.warns(UserWarning, match="scale of the training images"):
        network().fit(SCALES[fitted](X), y).predict(paths)


def test_what_was_passed_over_is_said():
    X, y = pixels()
    X = X.astype(np.float32)
    X[3, 4, 4], X[5, 1, 1] = -0.001, 65_535
    needed = (
        r"values below 0 \(down to -0.001\) in 1 of 40 images and values above 255 "
        r"\(up to 65535\) in 1 of 40 images, which are treated as outliers: "
        r"pixel values are scaled from 0.0 to 255.0 \(value_range_\)"
    )
    for model in (
        network(),
        BackboneFeatures(image_size=8, store=None),
        TransferClassifier(image_size=8, epochs=1, random_state=0),
    ):
        with pytest.warns(UserWarning, match=needed) as caught:
            model.fit(X, y)
        assert model.value_range_ == (0.0, 255.0)
        assert any(w.filename == __file__ for w in caught)


def test_stray_values_among_standardised_ones_are_said():
    X, y = pixels()
    X = ((X - X.mean()) / X.std()).astype(np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="X has values")
        network().fit(X, y)
    X[3, 4, 4], X[5, 1, 1] = -1e5, 500
    needed = r"values up to ±100000 in 2 of 40 images, others ±[\d.]+: they are used as they are"
    with pytest.warns(UserWarning, match=needed):
        assert network().fit(X, y).value_range_ == "standardized"


def test_stray_values_cost_nothing():
    """A hot pixel among 12-bit values, and a negative one among bytes."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X, y = (X[:600] * 255).reshape(-1, 8, 8), y[:600]  # up to 4080
    settings = {"epochs": 8, "random_state": 0}
    scores = {}
    for name, value in (("clean", None), ("hot", 65_535), ("negative", -0.001)):
        train = X[:400].astype(np.float32)
        if value is not None:
            train[17, 3, 3] = value
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*treated as outliers")
            scores[name] = CNNClassifier(**settings).fit(train, y[:400]).score(X[400:], y[400:])
    assert scores["clean"] > 0.8
    assert min(scores.values()) > scores["clean"] - 0.05
    wide = CNNClassifier(**settings).fit((X[:400] - 1024).astype(np.int16), y[:400])
    assert wide.value_range_ == (-1024.0, 3056.0)
    assert wide.score((X[400:] - 1024).astype(np.int16), y[400:]) > scores["clean"] - 0.05
