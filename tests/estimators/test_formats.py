"""Images go in as arrays, flattened, or as files, in fit and after it, with equal results."""

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from helpers import parametrize, png, tiff
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skdl import (
    BackboneFeatures,
    CNNClassifier,
    DenoisingAutoencoder,
    ImageLoader,
    Resize,
    TransferClassifier,
    VGG16Features,
)
from skdl.datasets import describe_images
from skdl.plotting import ImageGridDisplay

N = 24


def digits():
    X, y = load_digits(return_X_y=True)
    return (X[:N].reshape(-1, 8, 8, 1) * 15).astype(np.uint8), y[:N] % 2


def oblong():
    """Colour photographs of 10 × 14 pixels, of noise."""
    pixels = np.random.default_rng(0).integers(0, 256, (N, 10, 14, 3), dtype=np.uint8)
    return pixels, np.arange(N) % 2


@pytest.fixture(scope="module")
def ways(tmp_path_factory):
    """Images as arrays of several kinds, and as files."""
    found = {}
    for name, (images, y) in (("digits", digits()), ("oblong", oblong())):
        folder = tmp_path_factory.mktemp(name)
        paths = []
        for row, image in enumerate(images):
            paths.append(str(folder / f"{row:02}.png"))
            Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(paths[-1])
        found[name] = (
            {
                "array": images,
                "floats": images.astype(np.float32),
                "paths": paths,
                "frame of paths": pd.DataFrame({"path": paths}),
            },
            y,
        )
        if name == "digits":
            found[name][0]["flattened"] = images.reshape(N, -1)
    return found


def answer(model, X):
    return model.transform(X) if hasattr(model, "transform") else model.predict_proba(X)


ESTIMATORS = {
    "network": (CNNClassifier, {"epochs": 1, "batch_size": 8, "random_state": 0}),
    "denoiser": (DenoisingAutoencoder, {"epochs": 1, "filters": (4,), "random_state": 0}),
    "features": (BackboneFeatures, {"store": None}),
    "features in a store": (BackboneFeatures, {}),
    "head": (TransferClassifier, {"epochs": 1, "random_state": 0}),
    "fine-tuned": (
        TransferClassifier,
        {"epochs": 1, "trainable": 1, "warmup_epochs": 1, "random_state": 0},
    ),
    "whole": (
        TransferClassifier,
        {"epochs": 1, "trainable": "all", "warmup_epochs": 0, "random_state": 0},
    ),
}
SIZES = [
    {"image_size": 16},
    {"image_size": (12, 20)},
    {"image_size": (12, 20), "keep_aspect": True},
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:All training images are predicted")
@pytest.mark.filterwarnings("ignore:Training the backbone ended")
@parametrize("size", SIZES, exhaustive=SIZES[:1], ids=str)
@parametrize("name", ESTIMATORS, exhaustive={"whole"})
def test_fitted_one_way_and_asked_another(ways, name, size):
    """README: paths go wherever arrays go, with identical results."""
    kind, params = ESTIMATORS[name]
    for data in ("digits", "oblong"):
        batches, y = ways[data]
        expected = None
        for X in (batches["array"], batches["paths"]):
            model = kind(**params, **size).fit(X, y)
            for way, other in batches.items():
                if way == "flattened" and model.n_features_in_ != 64:
                    continue  # a fit on files knows no flattened images of theirs
                found = answer(model, other)
                expected = found if expected is None else expected
                if name == "features" or data == "digits" or kind is not BackboneFeatures:
                    np.testing.assert_array_equal(found, expected, err_msg=f"{data}: {way}")


def deep_values(kind):
    """Images whose values are no bytes, and the ending of files that hold them."""
    gray = digits()[0].astype(np.float64) / 255
    if kind == "12 bits":
        return np.rint(gray * 4095).astype(np.uint16), "png"
    if kind == "16 bits in colour":
        return np.random.default_rng(1).integers(0, 65536, (N, 10, 14, 3), dtype=np.uint16), "png"
    if kind == "tomography":
        return np.rint(gray * 4095 - 1024).astype(np.int16), "tif"
    if kind == "32 bits":
        return np.rint(gray * 1e6).astype(np.uint32), "tif"
    return ((gray - gray.mean()) / gray.std()).astype(np.float32), "tif"


@pytest.fixture(
    scope="module", params=["12 bits", "16 bits in colour", "tomography", "32 bits", "standardised"]
)
def deep(request, tmp_path_factory):
    images, ending = deep_values(request.param)
    folder = tmp_path_factory.mktemp("deep")
    paths = [str(folder / f"{row:02}.{ending}") for row in range(N)]
    for path, image in zip(paths, images, strict=True):
        Path(path).write_bytes((png if ending == "png" else tiff)(image))
    return {"array": images, "floats": images.astype(np.float32), "paths": paths}, np.arange(N) % 2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:All training images are predicted")
@pytest.mark.filterwarnings("ignore:Training the backbone ended")
@pytest.mark.filterwarnings("ignore:.*standardi[sz]ed")
@pytest.mark.parametrize(
    ("name", "size"),
    [
        pytest.param(name, size, marks=() if chosen else pytest.mark.exhaustive)
        for name in ("network", "denoiser", "features", "fine-tuned")
        for size, chosen in (
            ({}, name == "network"),
            ({"image_size": (12, 20)}, False),
            ({"image_size": (20, 9), "keep_aspect": True}, True),
        )
    ],
    ids=str,
)
def test_files_of_more_than_eight_bits(deep, name, size):
    kind, params = ESTIMATORS[name]
    batches, y = deep
    models = [kind(**params, **size).fit(batches[way], y) for way in ("array", "paths")]
    assert models[0].value_range_ == models[1].value_range_
    expected = answer(models[0], batches["array"])
    for model in models:
        for way, other in batches.items():
            np.testing.assert_array_equal(answer(model, other), expected, err_msg=way)
    if name == "network":
        histories = [
            kind(**params, **size).fit(batches["array"], y, X_val=batches[way], y_val=y).history_
            for way in ("array", "paths")
        ]
        assert histories[0] == histories[1]
        gray = [
            kind(**params, **size, color="grayscale").fit(batches[way], y)
            for way in ("array", "paths")
        ]
        np.testing.assert_array_equal(*[answer(model, batches["paths"]) for model in gray])


@pytest.mark.parametrize("color", [None, "rgb", "grayscale"])
@pytest.mark.parametrize("size", [None, 6, (9, 5)])
@pytest.mark.parametrize("keep_aspect", [False, True])
def test_loading_files_of_more_than_eight_bits(deep, color, size, keep_aspect):
    images, paths = deep[0]["array"], deep[0]["paths"]
    expected = Resize(size, color=color, keep_aspect=keep_aspect).fit_transform(images)
    for on_error in ("raise", "skip"):
        loader = ImageLoader(size, color=color, keep_aspect=keep_aspect, on_error=on_error)
        loaded = loader.fit_transform(paths)
        assert loaded.dtype == images.dtype
        np.testing.assert_array_equal(loaded, expected)


def test_what_is_shown_of_files_of_more_than_eight_bits(deep):
    batches, y = deep
    arrays, paths = batches["array"], batches["paths"]
    drawn = []
    for X in (arrays, paths):
        display = ImageGridDisplay.from_images(X, y)
        drawn.append([np.asarray(ax.images[0].get_array()) for ax in display.figure_.axes[:3]])
        plt.close(display.figure_)
    for one, other in zip(*drawn, strict=True):
        np.testing.assert_array_equal(one, other)
    columns = ["height_min", "width_max", "channels", "value_min", "value_max", "duplicates"]
    tables = [describe_images(X)[columns] for X in (arrays, paths)]
    pd.testing.assert_frame_equal(*tables)
    assert str(arrays.dtype) in describe_images(paths).loc["all", "format"]


def test_files_of_several_depths_do_not_mix(tmp_path, ways):
    batches, y = ways["digits"]
    images, _ = deep_values("12 bits")
    path = str(tmp_path / "deep.png")
    Path(path).write_bytes(png(images[0]))
    mixed = [*batches["paths"][1:], path]
    message = r"mixes image files of different depths: uint8 in '.*01.png', uint16 in '.*deep.png'"
    for model in (CNNClassifier(epochs=1), ImageLoader(), DenoisingAutoencoder(epochs=1)):
        with pytest.raises(ValueError, match=message):
            model.fit(mixed, y)
    model = CNNClassifier(epochs=1, random_state=0).fit(batches["paths"], y)
    with pytest.raises(ValueError, match=message):
        model.predict(mixed)
    with pytest.warns(UserWarning, match="but this estimator was fitted on values from 0 to 255"):
        model.predict([path])


@pytest.mark.slow
def test_training_goes_on_at_the_scale_of_the_fit(ways):
    batches, y = ways["digits"]
    images = batches["array"]
    scaled = images / np.float32(255)
    needed = r"X has values of at most 0\.\d+, but this estimator was fitted on values from 0 to "
    model = CNNClassifier(epochs=1, warm_start=True, random_state=0).fit(images, y)
    denoiser = DenoisingAutoencoder(epochs=1, warm_start=True, random_state=0).fit(images)
    for call in (model.fit, model.partial_fit, denoiser.fit):
        with pytest.warns(UserWarning, match=needed):
            call(scaled, *([] if call == denoiser.fit else [y]))
    with pytest.warns(UserWarning, match=r"y has values of at most 0\.\d+, but this estimator was"):
        DenoisingAutoencoder(epochs=1).fit(images, scaled)


def test_files_with_values_that_are_none(tmp_path):
    images, _ = deep_values("standardised")
    paths = [str(tmp_path / f"{row}.tif") for row in range(N)]
    for path, image in zip(paths, images, strict=True):
        Path(path).write_bytes(tiff(image))
    images[3, 4, 5] = np.nan
    Path(paths[3]).write_bytes(tiff(images[3]))
    for model in (CNNClassifier(epochs=1), ImageLoader(4)):
        with pytest.raises(ValueError, match=r"3.tif' cannot be read: its values contain NaN"):
            model.fit(paths, np.arange(N) % 2)
    with pytest.warns(UserWarning, match="1 of 24 image files are left out"):
        assert len(ImageLoader(on_error="warn").fit_transform(paths)) == N - 1


def test_a_file_that_is_deeper_than_its_name(tmp_path):
    images, _ = deep_values("12 bits")
    path = str(tmp_path / "a.jpg")
    Path(path).write_bytes(png(images[0]))
    with pytest.raises(ValueError, match=r"its values are uint16, but uint8 is expected"):
        ImageLoader().fit_transform([path])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["network", "head", "fine-tuned"])
def test_validation_data_another_way(ways, name):
    kind, params = ESTIMATORS[name]
    batches, y = ways["oblong"]
    histories = [
        kind(**params, image_size=16).fit(batches[way], y, X_val=batches[other], y_val=y).history_
        for way in ("array", "paths")
        for other in ("array", "paths")
    ]
    assert all(history == histories[0] for history in histories)


@pytest.mark.parametrize("name", ["network", "denoiser"])
@pytest.mark.parametrize("color", ["rgb", "grayscale"])
@pytest.mark.parametrize("image_size", [None, 12])
def test_colours(ways, name, color, image_size):
    kind, params = ESTIMATORS[name]
    batches, y = ways["oblong"]
    models = [
        kind(**params, color=color, image_size=image_size).fit(batches[way], y)
        for way in ("array", "paths")
    ]
    answers = [answer(model, batches[way]) for model in models for way in batches]
    assert all(np.array_equal(answers[0], other) for other in answers)
    # The same as a step before it.
    before = Resize(image_size, color=color).fit_transform(batches["array"])
    alone = kind(**params).fit(before, y)
    assert np.array_equal(answer(alone, before), answers[0])
    loaded = ImageLoader(image_size, color=color).fit_transform(batches["paths"])
    assert np.array_equal(loaded, before)


def test_any_size_and_gray_images_after_a_fit_on_files(ways):
    batches, y = ways["oblong"]
    gray, _ = digits()
    for name in ("network", "features", "head"):
        kind, params = ESTIMATORS[name]
        model = kind(**params, image_size=16).fit(batches["paths"], y)
        colored = np.repeat(gray, 3, axis=-1)
        np.testing.assert_array_equal(answer(model, gray), answer(model, colored))
        np.testing.assert_array_equal(answer(model, gray[..., 0]), answer(model, gray))


@pytest.mark.slow
def test_maps_of_files(ways):
    """Grad-CAM of a network that was fitted on arrays."""
    batches, y = ways["oblong"]
    for params in ({}, {"image_size": (16, 12), "keep_aspect": True}):
        model = CNNClassifier("separable", epochs=1, random_state=0, **params)
        model.fit(batches["array"], y)
        maps = model.grad_cam(batches["array"])
        assert maps.shape == (N, 10, 14)
        np.testing.assert_array_equal(model.grad_cam(batches["paths"]), maps)


def test_borders_are_black_whatever_black_is():
    """Of images from -1 to 1, black is -1; of CT values -1024."""
    images = digits()[0]
    wide = np.repeat(images, 2, axis=2)  # 8 × 16
    for low, high in ((-1.0, 1.0), (-1024.0, 3071.0), (0.0, 4095.0)):
        scaled = (wide / 255 * (high - low) + low).astype(np.float32)
        answers = []
        for values, value_range in ((wide / np.float32(255), (0, 1)), (scaled, (low, high))):
            model = BackboneFeatures(
                image_size=16, keep_aspect=True, value_range=value_range, store=None
            )
            answers.append(model.fit_transform(values))
        np.testing.assert_allclose(*answers, rtol=1e-3, atol=1e-3)
        square = BackboneFeatures(image_size=16, value_range=value_range, store=None)
        assert np.abs(square.fit_transform(scaled) - answers[1]).max() > 0.01


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: CNNClassifier(epochs=1),
            r"shape \(10, 14, 3\), but this CNNClassifier was fitted .* shape \(8, 8, 1\) .*"
            r"Bring X to this shape with skdl.Resize\(\(8, 8\), color='grayscale'\), or let a "
            r"network do so: image_size=\(8, 8\) resizes all images",
        ),
        (lambda: BackboneFeatures(), r"or let a network do so: image_size=\(8, 8\) resizes all"),
    ],
)
def test_what_to_do_about_another_size(ways, make, message):
    batches, y = ways["digits"]
    model = make().fit(batches["array"], y)
    other = ways["oblong"][0]
    with pytest.raises(ValueError, match=message):
        answer(model, other["array"])
    with pytest.raises(ValueError, match=r"Set image_size=\(8, 8\) to resize all images, or read"):
        answer(model, other["paths"])
    resized = Resize((8, 8), color="grayscale").fit_transform(other["array"])
    answer(model, resized)  # as the message says
    with pytest.raises(ValueError, match=r"Set image_size=\(height, width\) to resize them all"):
        make().fit([*batches["paths"], *other["paths"]], np.tile(y, 2))


@pytest.mark.parametrize(
    "kind",
    [
        CNNClassifier,
        DenoisingAutoencoder,
        TransferClassifier,
        BackboneFeatures,
        Resize,
        ImageLoader,
        VGG16Features,
    ],
)
def test_one_vocabulary(kind):
    """Whatever resizes has the same parameters for it."""
    assert {"image_size", "keep_aspect"} <= kind().get_params().keys()
    assert "size" not in kind().get_params()
    images, y = digits()
    for wrong in (0, (3, 4, 5), "large", True):
        with pytest.raises(ValueError, match="image_size"):
            kind(image_size=wrong).fit(["none.png"] if kind is ImageLoader else images, y)


@pytest.mark.parametrize("kind", [BackboneFeatures, TransferClassifier])
def test_a_fourth_channel_that_is_no_transparency(kind):
    X = np.random.default_rng(0).integers(0, 256, (6, 20, 20, 4), dtype=np.uint8)
    y, params = np.arange(6) % 2, {} if kind is BackboneFeatures else {"epochs": 1}
    refused = r"4 channels, the last of which varies .* Set input_adapter to 'mean' .*X\[..., :3\]"
    with pytest.raises(ValueError, match=refused):
        kind(**params).fit(X, y)
    with pytest.raises(ValueError, match=refused):
        kind(**params, image_shape=(20, 20, 4)).fit(X.reshape(6, -1), y)
    X[..., 3] = 255
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        kind(**params).fit(X, y)


def test_opacity_is_dropped_by_backbones_whatever_the_fit_saw():
    rgb = np.random.default_rng(0).integers(0, 256, (6, 20, 20, 3), dtype=np.uint8)
    alpha = np.random.default_rng(1).integers(0, 256, (6, 20, 20, 1), dtype=np.uint8)
    opaque = np.concatenate([rgb, np.full_like(alpha, 255)], axis=-1)
    even = np.concatenate([rgb, alpha[:, :1, :1] * np.ones_like(alpha)], axis=-1)
    for size in (None, 16):
        answers = [
            BackboneFeatures(store=None, image_size=size).fit(X).transform(Z)
            for X in (rgb, opaque)
            for Z in (rgb, opaque, even)
        ]
        assert all(np.array_equal(answers[0], other) for other in answers)


def test_only_a_fit_on_four_channels_makes_one_that_varies_transparency():
    rgba = np.random.default_rng(0).integers(0, 256, (6, 20, 20, 4), dtype=np.uint8)
    rgb, opaque = rgba[..., :3], rgba.copy()
    opaque[..., 3] = 255
    features = BackboneFeatures(store=None)
    found = features.fit(opaque).transform(rgba)
    assert np.array_equal(found, features.transform(rgb))
    for X in (rgb, rgb[..., :1]):
        with pytest.raises(ValueError, match=r"4 channels, the last of which varies, but this"):
            features.fit(X).transform(rgba)
    with pytest.raises(ValueError, match="5 channels but this BackboneFeatures was fitted on im"):
        features.transform(np.concatenate([rgba, rgba[..., :1]], axis=-1))


def test_a_denoiser_gives_images_of_its_size():
    X = np.random.default_rng(0).integers(0, 256, (8, 16, 16), dtype=np.uint8)
    model = DenoisingAutoencoder(epochs=1, filters=(4,), image_size=(8, 32), random_state=0)
    assert model.fit(X).transform(X).shape == (8, 8, 32, 1)  # as many pixels, in other places
    assert model.transform(X.reshape(8, -1)).shape == (8, 8, 32, 1)
    assert np.isfinite(model.score(X))


def test_clean_images_as_files(ways):
    batches, _ = ways["digits"]
    settings = {"epochs": 1, "filters": (4,), "random_state": 0}
    noisy = 255 - batches["array"]
    models = [
        DenoisingAutoencoder(**settings).fit(noisy, batches[way]) for way in ("array", "paths")
    ]
    same = [model.transform(noisy) for model in models]
    np.testing.assert_array_equal(*same)
    assert models[0].score(noisy, batches["array"]) == models[0].score(noisy, batches["paths"])
    with pytest.raises(ValueError, match="24 noisy images, but y has 3 clean ones"):
        DenoisingAutoencoder(**settings).fit(noisy, batches["paths"][:3])
    frame = pd.DataFrame(batches["flattened"]).add_prefix("pixel ")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DenoisingAutoencoder(**settings).fit(frame).score(frame)
