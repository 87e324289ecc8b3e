"""What happens to pixels before a network: sizes and colours, as estimators change them."""

import numpy as np
import pytest
from export import builders
from PIL import Image

from skdl import BackboneFeatures, CNNClassifier, DenoisingAutoencoder, TransferClassifier

SIZES = [(13, 17), (20, 11), (1, 1), (2, 90), (57, 3), (40, 40), (7, 5), (64, 22)]


def images_of(size, n_channels, kind):
    rng = np.random.default_rng([*size, n_channels])
    pixels = rng.integers(0, 256, (3, *size, n_channels), dtype=np.uint8)
    pixels[0] = 255 * (pixels[0] > 127)  # hard edges
    return {
        "bytes": pixels,
        "whole": pixels.astype(np.float32),
        "floats": pixels * np.float32(0.9),
        "from 0 to 1": pixels / np.float32(255),
        "standardised": (pixels - 120) / np.float32(60),
    }[kind]


@pytest.mark.parametrize("keep_aspect", [False, True])
@pytest.mark.parametrize("kind", ["bytes", "whole"])
def test_bytes_of_any_size_are_resized_to_the_bit(kind, keep_aspect, exported):
    fitted = images_of((13, 17), 3, kind)
    model = BackboneFeatures(
        builders.pixels,
        weights="random",
        pooling="flatten",
        image_size=(20, 11),
        keep_aspect=keep_aspect,
        store=None,
    ).fit(fitted)
    run = exported(model)
    assert run.input.shape == ["n", "height", "width", 3]
    for size in SIZES:
        images = images_of(size, 3, kind)
        found = run(images)["features"]
        np.testing.assert_array_equal(np.rint(found * 255), np.rint(model.transform(images) * 255))


@pytest.mark.parametrize("keep_aspect", [False, True])
@pytest.mark.parametrize("kind", ["floats", "from 0 to 1", "standardised"])
def test_floats_of_any_size(kind, keep_aspect, exported):
    model = BackboneFeatures(
        builders.pixels,
        weights="random",
        pooling="flatten",
        image_size=(20, 11),
        keep_aspect=keep_aspect,
        value_range={"floats": (0, 255)}.get(kind),
        store=None,
    ).fit(images_of((13, 17), 3, kind))
    run = exported(model)
    for size in SIZES:
        images = images_of(size, 3, kind)
        found = run(images)["features"]
        np.testing.assert_allclose(found, model.transform(images), rtol=0, atol=2e-6)


@pytest.mark.parametrize("beside", [-1, 0, 1])
def test_halves_are_rounded_to_even_whatever_the_last_bit(beside, exported):
    halves = np.arange(0.5, 255, dtype=np.float32).reshape(-1, 1, 1, 1)
    near = np.nextafter(halves, np.float32(255 * beside)) if beside else halves
    images = near * np.ones((1, 6, 5, 3), np.float32)
    model = BackboneFeatures(
        builders.pixels, weights="random", pooling="max", image_size=4, value_range=(0, 255)
    ).fit(images)
    even = np.rint(halves[:, :, 0, 0]).repeat(3, axis=1)
    for features in (model.transform(images), exported(model)(images)["features"]):
        np.testing.assert_array_equal(np.rint(features * 255), even)


@pytest.mark.parametrize("resizes", [False, True])
@pytest.mark.parametrize("kind", ["bytes", "whole", "floats", "from 0 to 1", "standardised"])
@pytest.mark.parametrize(
    ("n_channels", "color"),
    [(3, "grayscale"), (4, "grayscale"), (1, "rgb"), (4, "rgb"), (1, None)],
)
def test_colours_and_sizes_of_networks_of_ones_own(n_channels, color, kind, resizes, agree):
    images = images_of((13, 17), n_channels, kind)
    model = CNNClassifier(
        color=color,
        image_size=(9, 14) if resizes else None,
        value_range=(0, 255) if kind == "floats" else None,
        random_state=0,
    )
    run = agree(model.initialize(images, [0, 1, 2]), images)
    if resizes:
        others = images_of((9, 14), n_channels, kind)
        found = run(others)["probabilities"]
        np.testing.assert_allclose(found, model.predict_proba(others), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["bytes", "whole", "floats", "from 0 to 1", "standardised"])
@pytest.mark.parametrize("n_channels", [1, 4])
def test_colours_of_backbones(n_channels, kind, agree):
    images = images_of((13, 17), n_channels, kind)
    images[..., 3:] = images[..., :1].max()
    value_range = (0, 255) if kind == "floats" else None
    model = BackboneFeatures(image_size=(16, 8), value_range=value_range, store=None)
    agree(model.fit(images), images)


@pytest.mark.parametrize("keep_aspect", [False, True])
@pytest.mark.parametrize("resizes", [False, True])
@pytest.mark.parametrize("kind", ["bytes", "whole", "floats", "from 0 to 1", "standardised"])
@pytest.mark.parametrize("n_channels", [2, 5])
def test_networks_of_any_channels(n_channels, kind, resizes, keep_aspect, agree):
    images = images_of((13, 17), n_channels, kind)
    model = CNNClassifier(
        image_size=(9, 14) if resizes else None,
        keep_aspect=keep_aspect,
        value_range=(0, 255) if kind == "floats" else None,
        random_state=0,
    )
    run = agree(model.initialize(images, [0, 1, 2]), images)
    assert run.input.shape[3] == n_channels
    for size in SIZES if resizes else ():
        others = images_of(size, n_channels, kind)
        if n_channels <= min(size):
            found = run(others)["probabilities"]
            np.testing.assert_allclose(found, model.predict_proba(others), rtol=0, atol=1e-6)


@pytest.mark.parametrize("n_channels", [2, 5])
def test_denoisers_of_any_channels(n_channels, agree):
    images = images_of((12, 16), n_channels, "bytes")
    model = DenoisingAutoencoder(epochs=1, filters=(4,), random_state=0).fit(images)
    found = agree(model, images)(images)["denoised"]
    np.testing.assert_array_equal(found, model.transform(images))


ADAPTED = [(2, "mean"), (5, "mean"), (4, "first3"), (5, "first3"), (2, "repeat"), (1, "repeat")]


@pytest.mark.parametrize("kind", ["bytes", "whole", "floats", "from 0 to 1", "standardised"])
@pytest.mark.parametrize(("n_channels", "adapter"), ADAPTED)
def test_adapters(n_channels, adapter, kind, exported):
    images = images_of((13, 17), n_channels, kind)
    for size in (None, (20, 11)):
        model = BackboneFeatures(
            builders.pixels,
            weights="random",
            pooling="flatten",
            image_size=size,
            input_adapter=adapter,
            value_range=(0, 255) if kind == "floats" else None,
            store=None,
        ).fit(images)
        run = exported(model)
        assert run.input.shape[3] == n_channels
        found, expected = run(images)["features"], model.transform(images)
        if kind in ("bytes", "whole") or size is None:
            np.testing.assert_array_equal(np.rint(found * 255), np.rint(expected * 255))
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("trainable", ["head", 1, "all"])
def test_classifiers_with_adapters(trainable, agree):
    images = images_of((16, 16), 5, "bytes")
    model = TransferClassifier(
        trainable=trainable, epochs=1, warmup_epochs=0, input_adapter="mean", random_state=0
    )
    agree(model.fit(images, [0, 1, 0]), images)


def test_transparency_is_not_resized(exported):
    model = CNNClassifier(image_size=9, random_state=0)
    images = images_of((13, 17), 4, "from 0 to 1")
    with pytest.raises(ValueError, match="resizing images of 4 channels .image_size"):
        exported(model.initialize(images, [0, 1, 2]))


def test_image_files_of_several_sizes_as_pillow_decodes_them(exported, tmp_path):
    paths = []
    for number, size in enumerate([(13, 17), (20, 30), (11, 40), (64, 22)]):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(images_of(size, 3, "bytes")[1]).save(paths[-1])
    model = CNNClassifier(image_size=(12, 10), keep_aspect=True, random_state=0)
    run = exported(model.initialize(paths, [0, 1, 0, 1]))
    assert run.input.type == "tensor(uint8)"
    decoded = [np.asarray(Image.open(path).convert("RGB"))[None] for path in paths]
    found = np.concatenate([run(image)["probabilities"] for image in decoded])
    np.testing.assert_allclose(found, model.predict_proba(paths), rtol=0, atol=1e-6)
