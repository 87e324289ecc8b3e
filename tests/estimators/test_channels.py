"""Networks of one's own on images of any channels, from fit to what is drawn of them."""

import pickle
import warnings

import joblib
import numpy as np
import pytest
from helpers import tiny
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import skdl
from skdl import Augmentation, CNNClassifier, DenoisingAutoencoder, ImageNoise, Resize, evaluate
from skdl.inspection import NoveltyDetector, grad_cam, occlusion_maps
from skdl.plotting import AugmentationDisplay, FeatureMapDisplay, SaliencyDisplay

N, SIZE = 12, (12, 14)
Y = np.arange(N) % 2


def images_of(n_channels, dtype="uint8"):
    """Images of which the last channel alone tells the class."""
    X = np.random.default_rng(n_channels).integers(0, 150, (N, *SIZE, n_channels))
    X[Y == 1, ..., -1] += 100
    return X.astype(dtype) if dtype == "uint8" else (X / 255).astype(dtype)


def network(kind, **params):
    if kind is DenoisingAutoencoder:
        return kind(epochs=1, filters=(4,), random_state=0, **params)
    settings = {"architecture__filters": 4, "optimizer__learning_rate": 0.01}
    return kind("simple", epochs=4, random_state=0, **settings, **params)


def answer(model, X):
    return model.transform(X) if hasattr(model, "transform") else model.predict_proba(X)


@pytest.mark.parametrize("flattened", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("n_channels", [2, 5, 12])
@pytest.mark.parametrize("kind", [CNNClassifier, DenoisingAutoencoder])
def test_a_network_takes_any_channels(kind, n_channels, dtype, flattened, tmp_path):
    images = images_of(n_channels, dtype)
    shape = images.shape[1:]
    X = images.reshape(N, -1) if flattened else images
    model = network(kind, image_shape=shape if flattened else None).fit(X, Y)
    assert model.image_shape_ == shape
    assert model.n_features_in_ == np.prod(shape)
    expected = answer(model, X)
    assert np.isfinite(expected).all()
    assert np.isfinite(model.score(X, Y))
    assert len(expected.reshape(N, -1)) == N
    for other in (images, images.reshape(N, -1)):
        np.testing.assert_array_equal(answer(model, other).reshape(N, -1), expected.reshape(N, -1))
    np.testing.assert_array_equal(answer(clone(model).fit(X, Y), X), expected)
    joblib.dump(model, tmp_path / "model.joblib")
    skdl.save(model, tmp_path / "model.skdl")
    for twin in (
        pickle.loads(pickle.dumps(model)),
        joblib.load(tmp_path / "model.joblib"),
        skdl.load(tmp_path / "model.skdl"),
    ):
        np.testing.assert_array_equal(answer(twin, X), expected)


def test_all_channels_are_seen():
    X = images_of(7)
    model = CNNClassifier(epochs=15, random_state=0).fit(X, Y)
    assert model.score(X, Y) == 1  # by the last one
    for n_channels in (6, 8):
        other = np.resize(X, (N, *SIZE, n_channels))
        with pytest.raises(ValueError, match=f"{n_channels} channels but this CNNClassifier was f"):
            model.predict(other)


@pytest.mark.parametrize("kind", [CNNClassifier, DenoisingAutoencoder])
def test_more_channels_than_pixels_a_side_have_to_be_said(kind):
    X = np.random.default_rng(0).integers(0, 256, (N, 4, 6, 9), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"channels-last.*set image_shape=\(4, 6, 9\)"):
        network(kind).fit(X, Y)
    with pytest.raises(ValueError, match=r"channels-last"):
        network(kind).fit(np.moveaxis(images_of(3), -1, 1), Y)
    model = network(kind, image_shape=(4, 6, 9)).fit(X, Y)
    found = answer(model, X)
    assert np.isfinite(model.score(X, Y))
    np.testing.assert_array_equal(
        answer(model, X.reshape(N, -1)).reshape(found.shape), found, err_msg="flattened"
    )
    if kind is CNNClassifier:
        assert model.fit(X, Y, X_val=X[:4], y_val=Y[:4]).predict(X).shape == (N,)
        assert occlusion_maps(model, X[:2]).shape == (2, 4, 6)
        with pytest.raises(ValueError, match="channels-last"):
            model.predict(np.zeros((2, 3, 6, 6)))


@pytest.mark.parametrize("n_channels", [2, 5])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_images_are_resized_channel_by_channel(n_channels, dtype):
    X = images_of(n_channels, dtype)
    model = CNNClassifier(tiny, epochs=1, image_size=(9, 20), random_state=0).fit(X, Y)
    resized = Resize((9, 20)).fit_transform(X)
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(resized))
    with pytest.raises(ValueError, match=f"3 channels but .* was fitted on images of {n_channels}"):
        model.predict(images_of(3, dtype))
    plain = CNNClassifier(tiny, epochs=1, image_size=9, random_state=0).fit(images_of(3), Y)
    with pytest.raises(ValueError, match=f"{n_channels} channels but .* was fitted on images of 3"):
        plain.predict(X)


@pytest.mark.parametrize("color", ["rgb", "grayscale"])
@pytest.mark.parametrize("kind", [CNNClassifier, DenoisingAutoencoder])
def test_no_colour_is_made_of_other_channels(kind, color):
    for n_channels in (2, 5):
        with pytest.raises(ValueError, match=f"{n_channels} channels, which are not colours"):
            network(kind, color=color).fit(images_of(n_channels), Y)


def test_files_are_refused_by_a_network_of_five_channels(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(images_of(3)[0]).save(path)
    model = network(CNNClassifier).fit(images_of(5), Y)
    with pytest.raises(ValueError, match="files, which have 1 or 3 channels, but .* have 5"):
        model.predict([str(path)])


@pytest.mark.parametrize("n_channels", [2, 5])
def test_augmentation_changes_all_channels(n_channels):
    X = images_of(n_channels, "float32")
    everything = Augmentation(
        rotation=20, shift=0.1, zoom=0.1, shear=5, horizontal_flip=True, vertical_flip=True,
        brightness=0.2, contrast=0.2, noise=0.1, cutout=0.3,
    )  # fmt: skip
    model = network(CNNClassifier, augmentation=everything)
    found = model.augmented_images(X, 3)
    assert found.shape == (N, 4, *X.shape[1:])
    np.testing.assert_allclose(found[:, 0], X / X.max(), atol=0.3)
    assert ((found[:, 1:] != found[:, :1]).mean(axis=(0, 1, 2, 3)) > 0.9).all()
    assert np.isfinite(model.fit(X, Y).predict_proba(X)).all()
    axes = AugmentationDisplay.from_estimator(model, X, n_images=2, n_variants=2).axes_
    np.testing.assert_allclose(
        axes[0, 0].images[0].get_array(), found[0, 0].mean(axis=-1), atol=1e-5
    )


@pytest.mark.parametrize("noise", ["gaussian", "salt_and_pepper", "speckle", "occlusion"])
def test_denoising_of_any_channels(noise):
    X = images_of(5)
    model = network(DenoisingAutoencoder, noise=noise).fit(X)
    assert model.transform(X).shape == X.shape
    assert model.transform(X).dtype == np.uint8
    flat = network(DenoisingAutoencoder, noise=noise, image_shape=X.shape[1:])
    flat.fit(X.reshape(N, -1))
    assert flat.score(X.reshape(N, -1)) == model.score(X)
    noisy = ImageNoise(noise, random_state=0).fit_transform(X)
    assert np.isfinite(model.fit(noisy, X).score(noisy, X))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*folds:UserWarning")
def test_judging_a_network_of_five_channels(tmp_path):
    X = np.concatenate([images_of(5), images_of(5)[:, ::-1], images_of(5)[:, :, ::-1]])
    y = np.tile(np.array(["benign", "malignant"]), 18)
    model = make_pipeline(ImageNoise(amount=0.01, random_state=0), network(CNNClassifier))
    assert cross_val_score(model, X, y, cv=3).shape == (3,)
    result = evaluate(model, X, y, cv=3, pos_label="malignant", return_estimator=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = skdl.report(result, X, y, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert path is not None
    assert "channels: 5" in text


@pytest.mark.slow
def test_a_report_of_more_channels_than_pixels_a_side(tmp_path):
    X = np.random.default_rng(0).integers(0, 256, (24, 4, 6, 9), dtype=np.uint8)
    y = np.tile(["a", "b", "c"], 8)
    model = network(CNNClassifier, image_shape=(4, 6, 9))
    for rows in (X, X.reshape(24, -1)):
        result = evaluate(model, rows, y, cv=2, return_estimator=True)
        path = tmp_path / "report.html"
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            skdl.report(result, rows, y, path, image_shape=(4, 6, 9))
        text = path.read_text(encoding="utf-8")
        assert "Images of 4 × 6 pixels (height × width), channels: 9" in text
        assert "not audited" not in text


@pytest.mark.parametrize("n_channels", [2, 5])
def test_looking_into_a_network_of_any_channels(n_channels):
    X = images_of(n_channels)
    model = CNNClassifier(epochs=1, random_state=0).fit(X, Y)
    assert grad_cam(model, X[:2]).shape == occlusion_maps(model, X[:2]).shape == (2, *SIZE)
    filters = model.filters(layer="conv2d")
    assert filters.shape[2] == n_channels
    drawn = FeatureMapDisplay.from_estimator(model, layer="conv2d", kind="filters")
    np.testing.assert_allclose(drawn.maps, np.moveaxis(filters.mean(axis=2), -1, 0)[:16], atol=1e-7)
    maps = FeatureMapDisplay.from_estimator(model, X[:1], layer="conv2d")
    for axes in (maps.axes_, SaliencyDisplay.from_estimator(model, X, n_images=2).axes_):
        shown = axes[0].images[0].get_array()
        np.testing.assert_allclose(shown, X[0].mean(axis=-1) / 255, atol=1e-6)


def test_what_is_unlike_images_of_five_channels():
    X = images_of(5, "float32")
    with pytest.warns(UserWarning, match="false-alarm rate"):
        detector = NoveltyDetector(lambda X: X.reshape(len(X), -1), n_neighbors=2).fit(X)
    assert detector.predict(X[::-1, ..., ::-1]).shape == (N,)
