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


NO_TABLES = [
    (b"path;label\na;b\n", "only one column, 'path;label': is it separated by semicolons"),
    (b"path;label\n1,5;2\n", "only one column, 'path;label': is it separated by semicolons"),
    (b"path;label\n1;2,5\n", "only one column, 'path;label': is it separated by semicolons"),
    (b"path;label\n1;2\n1,5;2,5\n", "only one column, 'path;label': is it separated by semico"),
    (b"path\tlabel\na\tb\n", "only one column, .*: is it separated by tabs"),
    (b"path|label\na|b\n", "only one column, .*: is it separated by vertical bars"),
    ("path,label\ncaf\u00e9,a\n".encode("latin-1"), "it is not UTF-8. Save it as UTF-8"),
    ("path,label\ncaf\u00e9,a\n".encode("utf-16"), "it is UTF-16. Save it as UTF-8"),
    ("path,label\n1,a\n".encode("utf-16-le"), "it is UTF-16. Save it as UTF-8"),
    (b"path,label\n1,a,b\n2,b\n", "its line 2 has 3 values, expected 2"),
    (b"path,label\n1,a,\n2,b,\n", "its line 2 has 3 values, expected 2"),
    (b"path,label\n1,2,3,a\n2,b\n", "its line 2 has 4 values, expected 2"),
    (b'path,label\n1,"a\n', "cannot be read as a CSV file: .*EOF inside string"),
    (b"path,label\n1,a\n2,b,c\n", "its line 3 has 3 values, expected 2"),
]


@pytest.fixture(params=NO_TABLES, ids=lambda case: str(case[0])[:25])
def no_table(request):
    """Content of a CSV file that cannot be taken as it is, and what to say of it."""
    return request.param
