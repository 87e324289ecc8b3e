"""The data set `shapes`."""

import numpy as np
from sklearn.utils import Bunch

NAMES = ["cross", "frame", "disc"]


def load_shapes(*, n_samples=240, size=16, random_state=0, return_X_y=False):
    """Crosses, frames and discs of random size, place and brightness on noise."""
    rng = np.random.default_rng(random_state)
    target = rng.permutation(np.arange(n_samples) % len(NAMES))
    images = rng.integers(0, 60, (n_samples, size, size), dtype=np.uint8)
    rows, columns = np.mgrid[:size, :size]
    for image, code in zip(images, target, strict=True):
        radius = rng.integers(3, size // 3 + 1)
        y, x = rng.integers(radius, size - radius, 2)
        dy, dx = abs(rows - y), abs(columns - x)
        inside = np.maximum(dy, dx) <= radius
        pixels = {
            "cross": inside & ((dy == 0) | (dx == 0)),
            "frame": np.maximum(dy, dx) == radius,
            "disc": dy**2 + dx**2 <= radius**2,
        }[NAMES[code]]
        image[pixels] = rng.integers(140, 256)
    if return_X_y:
        return images, target
    return Bunch(
        data=images, target=target, target_names=NAMES, DESCR=load_shapes.__doc__, images=images
    )
