import numpy as np
import pytest
from scipy.ndimage import gaussian_filter


def pictures(n, side=32, channels=3, seed=0):
    """Smooth pictures of shapes that do not look like each other, uint8."""
    noise = np.random.default_rng(seed).normal(size=(n, side, side, channels))
    smooth = gaussian_filter(noise, (0, 2, 2, 0))
    low, high = (end(smooth, axis=(1, 2, 3), keepdims=True) for end in (np.min, np.max))
    return ((smooth - low) / (high - low) * 255).round().astype(np.uint8)


@pytest.fixture
def make_pictures():
    return pictures
