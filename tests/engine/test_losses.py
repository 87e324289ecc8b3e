"""Losses that Keras has as well, and those of mixtures."""

import keras
import numpy as np
import pytest

from skdl.engine._heads import CumulativeLink
from skdl.engine._losses import ClassCrossentropy, LabelCrossentropy, LossOptions, metrics_of


@pytest.fixture
def outputs():
    generator = np.random.default_rng(0)
    values = generator.random((20, 4)).astype(np.float32)
    return values / values.sum(axis=1, keepdims=True), generator.integers(0, 4, 20)


def test_without_options_it_is_the_cross_entropy(outputs):
    given, codes = outputs
    found = ClassCrossentropy(4, LossOptions(mixes=True))(codes, given)
    expected = keras.losses.SparseCategoricalCrossentropy()(codes, given)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("as_codes", [True, False])
def test_label_smoothing_is_that_of_keras(outputs, as_codes):
    given, codes = outputs
    shares = np.eye(4, dtype=np.float32)[codes]
    loss = ClassCrossentropy(4, LossOptions(label_smoothing=0.2))
    expected = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)(shares, given)
    np.testing.assert_allclose(loss(codes if as_codes else shares, given), expected, rtol=1e-6)


def test_the_focal_loss_is_that_of_keras(outputs):
    given, codes = outputs
    expected = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=2.0)(
        np.eye(4, dtype=np.float32)[codes], given
    )
    found = ClassCrossentropy(4, LossOptions(focal_gamma=2.0))(codes, given)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_focal_loss_of_labels_is_that_of_keras():
    generator = np.random.default_rng(0)
    wanted = generator.integers(0, 2, (20, 3)).astype(np.float32)
    given = generator.random((20, 3)).astype(np.float32)
    found = LabelCrossentropy(LossOptions(focal_gamma=2.0))(wanted, given)
    expected = keras.losses.BinaryFocalCrossentropy(gamma=2.0)(wanted, given)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    smooth = LabelCrossentropy(LossOptions(label_smoothing=0.1))(wanted, given)
    expected = keras.losses.BinaryCrossentropy(label_smoothing=0.1)(wanted, given)
    np.testing.assert_allclose(smooth, expected, rtol=1e-5)


def test_a_mixture_is_the_mean_of_both_losses(outputs):
    given, codes = outputs
    others = (codes + 1) % 4
    mixed = 0.7 * np.eye(4)[codes] + 0.3 * np.eye(4)[others]
    loss = ClassCrossentropy(4, LossOptions(mixes=True))
    expected = 0.7 * loss(codes, given) + 0.3 * loss(others, given)
    np.testing.assert_allclose(loss(mixed.astype(np.float32), given), expected, rtol=1e-6)


def test_accuracy_of_mixtures(outputs):
    given, codes = outputs
    (metric,) = metrics_of("softmax", LossOptions(mixes=True))
    mixed = 0.7 * np.eye(4)[codes] + 0.3 * np.eye(4)[(codes + 1) % 4]
    metric.update_state(mixed.astype(np.float32), given)
    np.testing.assert_allclose(metric.result(), (given.argmax(axis=1) == codes).mean())
    metric.reset_state()
    metric.update_state(codes, given)
    np.testing.assert_allclose(metric.result(), (given.argmax(axis=1) == codes).mean())


def test_probabilities_of_ordered_classes():
    link = CumulativeLink(4)
    scores = np.array([[-20.0], [-3.0], [0.5], [20.0]], np.float32)
    found = np.asarray(link(scores))
    first, gaps = (np.asarray(weight) for weight in link.weights)
    thresholds = np.concatenate([first, first + np.cumsum(np.exp(gaps))])
    assert (np.diff(thresholds) > 0).all()
    above = 1 / (1 + np.exp(thresholds - scores))
    edges = np.hstack([np.ones((4, 1)), above, np.zeros((4, 1))])
    np.testing.assert_allclose(found, edges[:, :-1] - edges[:, 1:], atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert found.min() > 0
    assert found.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_two_ordered_classes_have_one_threshold():
    link = CumulativeLink(2)
    found = np.asarray(link(np.array([[0.0], [3.0]], np.float32)))
    assert len(link.weights) == 1
    np.testing.assert_allclose(found[:, 1], 1 / (1 + np.exp([0, -3])), atol=1e-6)
