"""What transfer learning achieves on real data, where there is any."""

import os
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def figures():
    home = Path(os.environ.get("SKDL_DATA_HOME", ""))
    if not (os.environ.get("SKDL_DATA_HOME") and (home / "weights").is_dir()):
        pytest.skip("SKDL_DATA_HOME holds no weights")
    from benchmarks import figures

    return figures


@pytest.mark.slow
def test_frozen_features_of_ultrasound(figures):
    ((_, score, bar),) = figures.busi_frozen()
    assert score >= bar


def test_the_default_classifier_on_ultrasound(figures):
    ((_, score, bar),) = figures.busi_default()
    assert score >= bar


@pytest.mark.slow
def test_fine_tuning_is_no_worse_than_frozen_features(figures):
    for _, score, bar in figures.cats_and_dogs():
        assert score >= bar


@pytest.mark.slow
def test_few_images_of_cifar10(figures):
    for _, score, bar in figures.cifar10(sizes=(100, 1_000)):
        assert score >= bar


@pytest.mark.slow
def test_the_embedded_backbone(figures):
    """On images like its own, and on clothes, which it has never seen."""
    found = figures.embedded()
    _, score, bar = found[0]
    assert score >= bar
    _, gain, bar = found[-1]
    assert gain >= bar


def test_imagenet_features_are_keras_own(figures):
    """The narrow MobileNetV2 whose exact weights are in the data home."""
    import keras

    from skdl import BackboneFeatures
    from skdl.datasets import load_image_folder
    from skdl.downloads import get_data_home
    from skdl.images import read_image

    home = get_data_home()
    path = home / "weights" / "mobilenet_v2_0.35_224_no_top.weights.h5"
    files = load_image_folder(home / "busi", return_X_y=True)[0][:8]
    found = BackboneFeatures(
        "mobilenet_v2", weights=path, backbone__alpha=0.35, image_size=96, store=None
    ).fit_transform(files)
    images = np.stack([read_image(file, image_size=96, color="rgb") for file in files])
    network = keras.applications.MobileNetV2(
        (96, 96, 3), alpha=0.35, include_top=False, weights=str(path), pooling="avg"
    )
    inputs = keras.applications.mobilenet_v2.preprocess_input(images.astype(np.float32))
    expected = network.predict(inputs, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
