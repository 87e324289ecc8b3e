"""`DenoisingAutoencoder`: noisy images to clean ones."""

import joblib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skdl import CNNClassifier, DenoisingAutoencoder, ImageNoise
from skdl.testing import parametrize_with_contracts


@pytest.fixture(scope="module")
def images(digits):
    """Digits as uint8 images of shape (n, 8, 8), and their labels."""
    X, y = digits
    return (X.reshape(-1, 8, 8) * 15.9375).astype(np.uint8), y


def model(**params):
    return DenoisingAutoencoder(**{"epochs": 3, "batch_size": 32, "random_state": 0, **params})


@pytest.fixture(scope="module")
def fitted(images):
    noise = ImageNoise("gaussian", amount=0.5)
    return model(noise=noise, epochs=12).fit(images[0][:1200])


def psnr(found, clean):
    errors = ((found.astype(float) - clean) / 255) ** 2
    return float(np.mean(-10 * np.log10(errors.reshape(len(found), -1).mean(axis=1))))


@pytest.mark.slow
def test_it_takes_noise_off(images, fitted):
    clean = images[0][1200:]
    noisy = ImageNoise(amount=0.5, random_state=1).fit_transform(clean)
    cleaned = fitted.transform(noisy)
    assert cleaned.shape == noisy.shape
    assert cleaned.dtype == np.uint8
    assert psnr(cleaned, clean) > psnr(noisy, clean) + 3
    assert fitted.score(noisy, clean) == pytest.approx(psnr(cleaned, clean))
    assert fitted.score(clean) > psnr(noisy, clean) + 3
    assert fitted.score(clean) == fitted.score(clean, np.zeros(len(clean)))


@pytest.mark.slow
def test_pairs(images):
    clean = images[0][:600]
    noisy = ImageNoise("salt_and_pepper", amount=0.2, random_state=0).fit_transform(clean)
    pairs = model(epochs=20, optimizer__learning_rate=0.005).fit(noisy, clean)
    assert pairs.score(noisy, clean) > psnr(noisy, clean) + 1
    identity = model().fit(clean, clean)
    assert identity.history_["loss"] != model().fit(noisy, clean).history_["loss"]
    assert model(noise=ImageNoise(amount=0)).fit(clean).history_ == identity.history_


@pytest.mark.parametrize("kind", ["gaussian", "salt_and_pepper", "speckle", "occlusion"])
def test_kinds_of_noise(images, kind):
    X = images[0][:300]
    losses = [
        model(noise=ImageNoise(kind, amount=amount), epochs=1).fit(X).history_["loss"]
        for amount in (0.0, 0.4)
    ]
    assert losses[0] != losses[1]


def test_noise_is_drawn_anew_each_epoch(images):
    X = images[0][:300]
    still = {"optimizer": "sgd", "optimizer__learning_rate": 0.0}
    noisy = model(epochs=3, **still).fit(X)
    assert len(set(noisy.history_["loss"])) == 3
    watched = model(epochs=3, validation_fraction=0.2, **still).fit(X)
    assert len(set(watched.history_["val_loss"])) == 1


def test_shapes_dtypes_and_ranges(images):
    X = images[0][:60]
    scaled = (X / 255).astype(np.float32)
    for batch in (
        X,
        X[..., np.newaxis],
        np.repeat(X[..., np.newaxis], 3, axis=3),
        X.reshape(60, -1),
        scaled,
        scaled.astype(np.float64),
        X.astype(np.int64),
        scaled * 7,
        np.pad(scaled, ((0, 0), (0, 3), (1, 0))),
    ):
        estimator = model(epochs=1).fit(batch)
        cleaned = estimator.transform(batch)
        assert cleaned.shape == batch.shape
        kept = (np.uint8, np.float32, np.float64)
        assert cleaned.dtype == (batch.dtype if batch.dtype in kept else np.float32)
        assert cleaned.min() >= 0
        assert cleaned.max() <= batch.max() or batch.dtype == np.uint8
    standardised = scaled.astype(float) * 4 - 1
    estimator = model(epochs=1).fit(standardised)
    assert estimator.value_range_ == "standardized"
    assert estimator.transform(standardised).dtype == np.float64
    assert np.isfinite(estimator.score(standardised))


@pytest.mark.slow
def test_black_of_standardised_images_is_their_darkest_value(images):
    X = (images[0][:300] / 255 - 0.5) * 8
    noisy = ImageNoise("occlusion", amount=0.25, random_state=0)
    denoiser = model(noise=noisy, epochs=20, optimizer__learning_rate=0.005).fit(X)
    assert denoiser.value_range_ == "standardized"
    found = noisy.fit_transform(X)
    before, after = ((found - X) ** 2).mean(), ((denoiser.transform(found) - X) ** 2).mean()
    assert after < 0.5 * before  # 0.7 where it learns to fill rectangles of another value


@pytest.mark.slow
def test_code(images, fitted):
    X = images[0][1200:1210]
    code = fitted.encode(X)
    assert code.shape == (10, 2, 2, 32)
    assert code.min() >= 0
    assert np.ptp(code, axis=0).max() > 0
    small = model(filters=(4, 6, 8), epochs=1).fit(np.zeros((6, 13, 10)) + 0.5)
    assert small.encode(np.ones((2, 13, 10))).shape == (2, 2, 2, 8)
    # The code is what the first layers of the whole network give.
    import keras

    inner = fitted.model_.layers[-1]
    pooled = [layer for layer in inner.layers if layer.name.startswith("max_pool")][-1]
    half = keras.Model(inner.inputs[0], pooled.output)
    expected = half((X / 255.0).astype(np.float32)[..., np.newaxis])
    np.testing.assert_allclose(code, expected, atol=1e-5)


def test_seeds_clones_and_files(images, tmp_path):
    X = images[0][:200]
    first, second = model().fit(X), clone(model()).fit(X)
    np.testing.assert_array_equal(first.transform(X), second.transform(X))
    assert model(random_state=1).fit(X).history_ != first.history_
    joblib.dump(first, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(loaded.transform(X), first.transform(X))
    np.testing.assert_array_equal(loaded.encode(X), first.encode(X))
    together = first.transform(X)
    np.testing.assert_allclose(first.transform(X[:7]).astype(int), together[:7], atol=1)


def test_the_keras_model(images, fitted):
    X = images[0][:5]
    outputs = np.asarray(fitted.model_(X[..., np.newaxis].astype(np.float32)))[..., 0]
    outputs = outputs.clip(0, 1) * 255
    np.testing.assert_allclose(outputs, fitted.transform(X), atol=0.51)


LABELS = {
    "numbers": np.arange(80) % 2,
    "text": np.array(["ill", "well"] * 40),
    "a list": ["ill", "well"] * 40,
    "objects": np.array(["ill", "well"] * 40, dtype=object),
    "a series": pd.Series(["ill", "well"] * 40),
    "categories": pd.Series(["ill", "well"] * 40, dtype="category"),
    "a frame": pd.DataFrame({"class": ["ill", "well"] * 40}),
    "a column": np.arange(80).reshape(-1, 1) % 2,
    "missing": np.array(["ill", None] * 40, dtype=object),
    "dates": np.arange(80).astype("datetime64[D]"),
    "numbers with a point": ["v1.2", "v1.3"] * 40,
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_ignored(images, kind):
    X = images[0][:80]
    expected = model(epochs=1).fit(X)
    found = model(epochs=1).fit(X, LABELS[kind])
    np.testing.assert_array_equal(found.transform(X), expected.transform(X))
    assert found.score(X, LABELS[kind]) == expected.score(X)


def test_a_pipeline_with_labels_of_text(images):
    X, y = images[0][:200], np.array(["even", "odd"])[images[1][:200] % 2]
    steps = [("clean", model(epochs=1)), ("network", CNNClassifier("lenet5", epochs=1))]
    assert set(Pipeline(steps).fit(X, y).predict(X)) <= {"even", "odd"}


@pytest.mark.parametrize("kind", ["objects", "a series", "a list"])
def test_clean_images_in_rows(images, kind):
    clean = images[0][:80]
    noisy = 255 - clean
    rows = np.empty(80, dtype=object)
    rows[:] = list(clean)
    y = {"objects": rows, "a series": pd.Series(rows), "a list": list(clean)}[kind]
    expected = model(epochs=1).fit(noisy, clean)
    found = model(epochs=1).fit(noisy, y)
    np.testing.assert_array_equal(found.transform(noisy), expected.transform(noisy))
    assert found.score(noisy, y) == expected.score(noisy, clean)


def test_paths_of_clean_images(images, tmp_path):
    clean = images[0][:40]
    for ending in ("", ".png"):  # without an ending, all of them have to be there
        paths = [str(tmp_path / f"{row}{ending}") for row in range(40)]
        for path, image in zip(paths, clean, strict=True):
            Image.fromarray(image).save(path, format="PNG")
        expected = model(epochs=1).fit(255 - clean, clean)
        found = model(epochs=1).fit(255 - clean, paths)
        np.testing.assert_array_equal(found.transform(clean), expected.transform(clean))
    with pytest.raises(ValueError, match="cannot be read"):
        model(epochs=1).fit(clean, [f"{row}.png" for row in range(40)])


def test_paths(images, tmp_path):
    paths = [str(tmp_path / f"{row}.png") for row in range(80)]
    for path, image in zip(paths, images[0], strict=False):
        Image.fromarray(image).save(path)
    X = images[0][:80, :, :, np.newaxis]
    on_files, on_arrays = model().fit(paths), model().fit(X)
    assert on_files.history_ == on_arrays.history_
    np.testing.assert_array_equal(on_files.transform(paths), on_arrays.transform(X))
    assert on_files.score(paths) == on_arrays.score(X)


@pytest.mark.slow
def test_pipelines(images, fitted):
    X, y = images[0][:300], images[1][:300]
    classifier = CNNClassifier(epochs=12, batch_size=8, random_state=0)
    denoiser = model(epochs=25, batch_size=16, optimizer__learning_rate=0.005)
    pipeline = Pipeline([("denoise", denoiser), ("classify", classifier)])
    assert pipeline.fit(X, y).score(X, y) > 0.6
    frozen = Pipeline([("denoise", FrozenEstimator(fitted)), ("classify", classifier)])
    assert frozen.fit(X, y).score(X, y) > 0.6
    search = GridSearchCV(
        model(noise=ImageNoise(), epochs=1), {"noise__amount": [0.1, 0.5]}, cv=2
    ).fit(X)
    assert search.best_params_["noise__amount"] in (0.1, 0.5)
    assert pipeline.set_output(transform="pandas").predict(X).shape == (300,)


def test_early_stopping_and_going_on(images):
    X = images[0][:300]
    stopped = model(
        epochs=40, early_stopping=True, n_iter_no_change=1, tol=0.01, optimizer__learning_rate=0.01
    ).fit(X)
    assert stopped.n_iter_ < 40
    assert len(stopped.history_["val_loss"]) == stopped.n_iter_
    going = model(warm_start=True, epochs=1).fit(X).fit(X)
    assert going.history_["loss"] == model(epochs=2).fit(X).history_["loss"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"filters": ()}, "filters must be .* at least 1 of them"),
        ({"filters": (8, 0)}, "filters must be a sequence of positive"),
        ({"filters": (8.5,)}, "filters must be a sequence of positive"),
        ({"noise": "static"}, "'noise' parameter"),
        ({"noise": ImageNoise(amount=-1)}, "amount of kind='gaussian' must be a finite number"),
        ({"noise": ImageNoise("occlusion", amount=1.5)}, "from 0 to 1. Got 1.5"),
        ({"loss": "hinge"}, "'loss' parameter"),
        ({"epochs": 0}, "'epochs' parameter"),
        ({"optimizer__speed": 3}, "optimizer__speed"),
    ],
)
def test_bad_parameters(images, params, message):
    with pytest.raises(ValueError, match=message):
        model(**params).fit(images[0][:20])


def test_bad_input(images, fitted):
    X = images[0][:20]
    with pytest.raises(ValueError, match="X has 20 noisy images, but y has 19 clean ones"):
        model().fit(X, X[1:])
    with pytest.raises(ValueError, match=r"y holds images of shape \(8, 7, 1\)"):
        model().fit(X, X[:, :, 1:])
    with pytest.raises(ValueError, match="X is None"):
        model().fit(None)
    with pytest.raises(ValueError, match="needs images within a value range"):
        model(loss="binary_crossentropy").fit(X / 9.0 - 1)
    with pytest.raises(ValueError, match=r"\(8, 7, 1\), but this DenoisingA"):
        fitted.transform(X[:, :, 1:])
    with pytest.raises(ValueError, match="of 1 image leaves none to train on"):
        model(early_stopping=True).fit(X[:1])
    with pytest.raises(ValueError, match="NaN"):
        model().fit(np.full((4, 8, 8), np.nan))
    with pytest.raises(ValueError, match="loss became"):
        model(optimizer="sgd", optimizer__learning_rate=1e30, value_range="standardized").fit(X)


def test_losses(images):
    X = images[0][:200]
    fits = [model(loss=loss, epochs=8).fit(X) for loss in ("mse", "binary_crossentropy")]
    assert fits[0].history_["loss"] != fits[1].history_["loss"]
    assert all(fit.history_["loss"][-1] < fit.history_["loss"][0] for fit in fits)
    floats = X / 255.0
    for loss in ("mse", "binary_crossentropy"):
        cleaned = model(loss=loss).fit(floats).transform(floats)
        assert cleaned.min() >= 0
        assert cleaned.max() <= 1


def test_heavy_noise_does_not_make_it_give_up(images):
    """A sigmoid under the squared error would saturate at black and stay there."""
    X = images[0][:1500].copy()
    X[:, :, [0, 7]] = 0
    X[X < 128] = 0
    denoiser = model(noise=ImageNoise(amount=1.0), epochs=6, optimizer__learning_rate=0.003)
    blank = psnr(np.zeros_like(X[1200:]), X[1200:])
    assert denoiser.fit(X[:1200]).score(X[1200:]) > blank + 1


def test_it_is_no_predictor():
    for name in ("predict", "partial_fit"):
        assert not hasattr(model(), name)
        with pytest.raises(AttributeError, match=f"has no {name}. "):
            getattr(model(), name)


def test_whole_numbers_stay_whole(images):
    X = images[0][:60]
    fitted = model(epochs=1).fit(X)
    expected = fitted.transform(X)
    np.testing.assert_array_equal(fitted.transform(X.astype(float)), expected)
    floats = model(epochs=1).fit(X / 255.0).transform(X / 255.0)
    assert len(np.unique(floats)) > 256


def test_columns(images):
    X = pd.DataFrame(images[0][:60].reshape(60, -1), columns=[f"pixel {i}" for i in range(64)])
    denoiser = model(epochs=1).fit(X)
    assert list(denoiser.get_feature_names_out()) == list(X.columns)
    cleaned = denoiser.set_output(transform="pandas").transform(X)
    assert list(cleaned.columns) == list(X.columns)
    on_images = model(epochs=1).fit(images[0][:60]).set_output(transform="pandas")
    assert isinstance(on_images.transform(images[0][:5]), np.ndarray)
    assert not hasattr(on_images, "get_feature_names_out")


@parametrize_with_contracts([DenoisingAutoencoder((4,), epochs=1, random_state=0)])
def test_contracts(subject, contract):
    contract(subject)
