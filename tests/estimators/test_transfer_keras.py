"""What is trained behind frozen layers that ran once is what plain Keras trains, running all."""

import sys

import numpy as np
import pytest
from helpers import ROOT, save_small_mobilenet

from skdl import TransferClassifier
from skdl.engine._seeding import SHUFFLING, stream

sys.path.insert(0, str(ROOT))

from benchmarks import data, peers

NAME, SHAPE = "mobilenet_v2", (32, 32, 3)


@pytest.fixture(scope="module")
def photographs():
    return data.photographs(20, SHAPE[0])


@pytest.fixture(scope="module")
def weights(photographs, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / f"{NAME}.weights.h5"
    save_small_mobilenet(photographs[0], path)
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trainable", "frozen_to", "rate"),
    [
        pytest.param("head", None, 0.001, marks=pytest.mark.exhaustive),
        (1, "block_15_add", 0.0001),
    ],
)
def test_training_is_that_of_keras(photographs, weights, trainable, frozen_to, rate):
    X, y = photographs
    fitted = TransferClassifier(
        NAME,
        weights=weights,
        trainable=trainable,
        epochs=10,
        warmup_epochs=0,
        batch_size=8,
        store=None,
        random_state=0,
        backbone__alpha=0.35,
    ).fit(X, y)

    inputs = peers.keras_preprocessed(NAME, X)
    base = peers.keras_backbone(NAME, SHAPE, weights, alpha=0.35)
    model = peers.keras_transfer(base, inputs, 2, frozen_to, rate)
    assert (len(model.trainable_variables) > 2) == (trainable != "head")
    for epoch in range(10):
        rows = np.random.default_rng(stream(fitted._seed, SHUFFLING, epoch)).permutation(20)
        model.fit(inputs[rows], y[rows], batch_size=8, shuffle=False, verbose=0)
    expected = model.predict(inputs, verbose=0)

    np.testing.assert_allclose(fitted.predict_proba(X), expected, rtol=0, atol=1e-4)
    assert np.abs(expected - 0.5).max() > 0.05  # something was learned
