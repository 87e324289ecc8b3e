import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def close_figures():
    """Close what a test has drawn; no display may change the settings of matplotlib."""
    before = dict(mpl.rcParams)
    yield
    plt.close("all")
    assert dict(mpl.rcParams) == before


@pytest.fixture
def pictures(tmp_path):
    """Image files of three classes, of several sizes and colours: their paths and labels."""
    generator = np.random.default_rng(0)
    paths, labels = [], []
    for i in range(12):
        paths.append(tmp_path / f"{i}.png")
        shape = [(8, 9), (12, 7, 3), (5, 20, 3)][i % 3]
        Image.fromarray(generator.integers(0, 256, shape).astype("uint8")).save(paths[-1])
        labels.append(["gray", "high", "wide"][i % 3])
    return [str(path) for path in paths], np.array(labels)
