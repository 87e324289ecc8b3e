"""Stratified samples of data sets."""

import numpy as np
import pytest

from skdl.datasets import load_digits_images


def test_samples_are_stratified_and_seeded():
    X, y = load_digits_images(return_X_y=True)
    counts = np.bincount(y)
    for n in (10, 11, 99, 100, 1000, 1796, 1797):
        sample, codes = load_digits_images(n_samples=n, return_X_y=True)
        assert len(sample) == len(codes) == n
        assert abs(np.bincount(codes, minlength=10) - counts * n / len(y)).max() < 1
    first, again, other = (load_digits_images(n_samples=50, random_state=s) for s in (0, 0, 1))
    assert np.array_equal(first.data, again.data)
    assert not np.array_equal(first.data, other.data)
    rows = [np.flatnonzero((image == X).all(axis=(1, 2)))[0] for image in first.data]
    assert rows == sorted(rows)  # the original order
    assert len(set(rows)) == 50
    assert y[rows].tolist() == first.target.tolist()


def test_a_sample_touches_no_global_state():
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    load_digits_images(n_samples=20)
    assert np.random.random() == expected


@pytest.mark.parametrize("n_samples", [0, -1, 9, 1.5, "10", True, 1798])
def test_wrong_numbers_of_samples(n_samples):
    with pytest.raises(ValueError, match="n_samples .*whole number from"):
        load_digits_images(n_samples=n_samples)
