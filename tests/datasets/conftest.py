import numpy as np
import pytest
from PIL import Image


def save_noise(path, seed, size=(8, 8)):
    """An image file whose content is another for each seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def make_images(tmp_path):
    """Make image files in a folder, each with its own content."""

    def make(*names, root="pets"):
        for name in names:
            save_noise(tmp_path / root / name, [len(name), *name.encode()])
        return tmp_path / root

    return make


PETS = ("cats/1.png", "cats/2.png", "cats/3.png", "dogs/1.png", "dogs/2.png")


@pytest.fixture
def pets(make_images):
    """Three cats and two dogs."""
    return make_images(*PETS)


@pytest.fixture
def divided_pets(make_images):
    """The same in folders for training and testing, the cats of the latter being lions, too."""
    return make_images(
        *(f"train/{name}" for name in PETS),
        "test/cats/4.png",
        "test/dogs/3.png",
        "test/lions/1.png",
    )
