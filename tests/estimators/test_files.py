"""Image files as X: any batch of paths, decoded while training and predicting."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl import CNNClassifier, ImageLoader
from skdl.evaluation import evaluate
from skdl.images import ImageFiles, UnreadableImageError, read_image


@pytest.fixture(scope="session")
def digit_files(tmp_path_factory, digits):
    """150 handwritten digits of three classes as PNG files, their labels, and their pixels."""
    folder = tmp_path_factory.mktemp("digits")
    X, y = digits
    rows = np.flatnonzero(y < 3)[:150]
    images = (X[rows].reshape(-1, 8, 8) * 15).astype(np.uint8)
    paths = [folder / f"{row}.png" for row in rows]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return np.array(list(map(str, paths))), np.array(["zero", "one", "two"])[y[rows]], images


@pytest.fixture(scope="session")
def photo_files(tmp_path_factory):
    """24 colour pictures of two sizes and kinds, half of them dark, and labels."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    paths, labels = [], []
    for number in range(24):
        height, width = (24, 32) if number % 3 else (40, 20)
        dark = number % 2
        image = rng.integers(0, 90, (height, width, 3), dtype=np.uint8) + 150 * (1 - dark)
        paths.append(str(folder / f"{number}.{'png' if number % 5 else 'jpg'}"))
        Image.fromarray(image.astype(np.uint8)).save(paths[-1])
        labels.append("dark" if dark else "bright")
    return paths, labels


def model(**params):
    return CNNClassifier(**{"epochs": 2, "batch_size": 16, "random_state": 0, **params})


KINDS = {
    "an array": np.asarray,
    "a list": list,
    "an array of objects": lambda X: np.array(X, dtype=object),
    "a Series": pd.Series,
    "a DataFrame": lambda X: pd.DataFrame({"file": X}),
    "a column": lambda X: np.asarray(X).reshape(-1, 1),
    "path objects": lambda X: [__import__("pathlib").Path(path) for path in X],
}


@pytest.fixture
def streamed(monkeypatch):
    """Files that take too much memory to be decoded once for all epochs."""
    monkeypatch.setattr("skdl.images._files._MOST_KEPT_BYTES", 0)


def test_epochs_share_what_is_decoded(digit_files, monkeypatch):
    paths, y, images = digit_files
    decoded, decode = [], ImageFiles.decode
    monkeypatch.setattr(
        ImageFiles, "decode", lambda self, *args: decoded.append(args[0]) or decode(self, *args)
    )
    model(epochs=3).fit(paths, y, X_val=paths[:20], y_val=y[:20])
    assert sorted(decoded) == sorted([*paths, *paths[:20]])
    monkeypatch.setattr("skdl.images._files._MOST_KEPT_BYTES", images[0].size * 20)
    decoded.clear()
    model(epochs=3).fit(paths, y, X_val=paths[:20], y_val=y[:20])
    assert len(decoded) >= 3 * len(y) + 20  # and to see what was learned


@pytest.mark.parametrize("kind", KINDS)
def test_files_and_arrays_give_the_same_to_the_bit(digit_files, kind, request):
    if kind == "an array":
        request.getfixturevalue("streamed")
    paths, y, images = digit_files
    X = KINDS[kind](paths)
    on_files = model().fit(X, y)
    on_arrays = model().fit(images, y)
    assert on_files.history_ == on_arrays.history_
    np.testing.assert_array_equal(on_files.predict_proba(X), on_arrays.predict_proba(images))
    np.testing.assert_array_equal(on_files.predict(X[:7]), on_arrays.predict(images[:7]))
    assert on_files.image_shape_ == (8, 8, 1)
    assert on_files.value_range_ == (0, 255)
    assert not hasattr(on_files, "feature_names_in_")


@pytest.mark.parametrize("memory", ["streamed", "kept"])
def test_early_stopping_weights_and_callbacks(digit_files, memory, request):
    import keras

    if memory == "streamed":
        request.getfixturevalue("streamed")
    seen = []
    paths, y, images = digit_files
    weights = np.arange(len(y)) % 3.0
    fits = []
    for X in (paths, images):
        estimator = model(
            early_stopping=True,
            validation_fraction=0.2,
            class_weight="balanced",
            callbacks=keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: seen.append(batch)
            ),
        )
        fits.append(estimator.fit(X, y, sample_weight=weights))
    assert fits[0].history_ == fits[1].history_
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]
    explicit = [
        model().fit(X, y, X_val=X_val, y_val=y[:30])
        for X, X_val in ((paths, paths[:30]), (images, images[:30]), (paths, images[:30]))
    ]
    assert explicit[0].history_ == explicit[1].history_ == explicit[2].history_


def test_going_on(digit_files):
    paths, y, images = digit_files
    for incremental in (True, False):
        twins = []
        for X in (paths, images):
            estimator = model(warm_start=True, epochs=1)
            if incremental:
                estimator.partial_fit(X, y, classes=np.unique(y)).partial_fit(X, y)
            else:
                estimator.fit(X, y).fit(X, y)
            twins.append(estimator.predict_proba(X))
        np.testing.assert_array_equal(*twins)


def test_sizes_and_colours(photo_files):
    paths, y = photo_files
    estimator = model(image_size=16, epochs=25, batch_size=6).fit(paths, y)
    assert estimator.image_shape_ == (16, 16, 3)
    assert estimator.score(paths, y) > 0.9
    gray = model(image_size=(16, 12), color="grayscale").fit(paths, y)
    assert gray.image_shape_ == (16, 12, 1)
    decoded = np.stack([read_image(path, image_size=(16, 12), color="grayscale") for path in paths])
    np.testing.assert_array_equal(gray.predict_proba(paths), gray.predict_proba(decoded))


@pytest.mark.slow
def test_meta_estimators(digit_files, photo_files):
    paths, y, _ = digit_files
    assert cross_val_score(model(), paths, y, cv=3, error_score="raise").mean() > 0.5
    X_train, X_test, y_train, y_test = train_test_split(list(paths), list(y), random_state=0)
    assert model(epochs=10).fit(X_train, y_train).score(X_test, y_test) > 0.8
    search = GridSearchCV(model(image_size=8), {"image_size": [8, 10]}, cv=2, n_jobs=2)
    search.fit(*photo_files)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.filterwarnings("ignore:.*scores are missing")
def test_the_limit_on_pixels_reaches_workers(photo_files, monkeypatch):
    def decoded(paths):  # not by an estimator of skdl
        return np.stack([read_image(path, image_size=8).reshape(-1) for path in paths])

    def judge(estimator, n_jobs):
        options = {"cv": 2, "n_jobs": n_jobs}
        if estimator is theirs:
            return evaluate(estimator, *photo_files, **options, pos_label="dark")
        # What raises in a worker ends the worker, which is to be asked again.
        return cross_val_score(estimator, *photo_files, **options, error_score=np.nan)

    theirs = make_pipeline(FunctionTransformer(decoded), DummyClassifier())
    ours = make_pipeline(ImageLoader((8, 8), flatten=True), DummyClassifier())
    network = model(image_size=8, epochs=1)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    for estimator, n_jobs in [(theirs, 2), (ours, 1), (ours, 2), (network, 2)]:
        with pytest.raises(ValueError, match="raise PIL.Image.MAX_IMAGE_PIXELS, now 500"):
            judge(estimator, n_jobs)
    monkeypatch.undo()  # also in the workers, which are still there
    for estimator in (theirs, ours, network):
        judge(estimator, 2)


def test_a_pickle_sets_no_limit_here(monkeypatch):
    before = Image.MAX_IMAGE_PIXELS
    plain = [pickle.dumps(estimator) for estimator in (ImageLoader(8), model())]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2 * before)
    pickles = [pickle.dumps(estimator) for estimator in (ImageLoader(8), model())]
    monkeypatch.undo()
    for one, other in zip(pickles, plain, strict=True):
        assert vars(pickle.loads(one)).keys() == vars(pickle.loads(other)).keys()
    assert before == Image.MAX_IMAGE_PIXELS
    assert plain == [pickle.dumps(estimator) for estimator in (ImageLoader(8), model())]


def test_a_small_memory_holds_a_few_batches(digit_files, streamed, monkeypatch):
    from skdl.images import _batch, _files

    paths, y, images = digit_files
    most = 0
    load = _files.ImageFiles._collect

    def watched(self, tasks):
        nonlocal most
        most = max(most, len(tasks) and len(self))
        return load(self, tasks)

    monkeypatch.setattr(_files.ImageFiles, "_collect", watched)
    monkeypatch.setattr(_batch, "_CHUNK_BYTES", 3 * 16 * 64)
    on_files = model().fit(paths, y)
    assert most == 3 * 16
    np.testing.assert_array_equal(
        on_files.predict_proba(images), model().fit(images, y).predict_proba(images)
    )


# ---- bad input ---------------------------------------------------------------------------------


def test_files_of_different_sizes(photo_files):
    paths, y = photo_files
    with pytest.raises(ValueError, match=r"40 × 20 pixels in .*0.jpg', 24 × 32 in .*1.png'"):
        model().fit(paths, y)


def test_files_of_another_size_in_prediction(digit_files, photo_files):
    paths, y, _ = digit_files
    estimator = model().fit(paths, y)
    with pytest.raises(ValueError, match=r"\(40, 20, 3\), but images of shape \(8, 8, 1\)"):
        estimator.predict(photo_files[0])


def test_a_missing_file_is_named(digit_files):
    paths, y, _ = digit_files
    X = [*paths[:20], "/nowhere/a.png", *paths[20:]]
    labels = [*y[:20], "one", *y[20:]]
    for params in ({}, {"image_size": 8}, {"image_size": 8, "color": "grayscale"}):
        estimator = model(**params)
        with pytest.raises(UnreadableImageError, match="'/nowhere/a.png' .*no such file"):
            estimator.fit(X, labels)
        assert not hasattr(estimator, "classes_")


def test_a_file_that_vanishes_while_training(digit_files, tmp_path, streamed):
    import keras

    _, y, images = digit_files
    paths = [tmp_path / f"{row}.png" for row in range(40)]
    for path, image in zip(paths, images, strict=False):
        Image.fromarray(image).save(path)
    vanish = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: paths[7].unlink(missing_ok=True)
    )
    estimator = model(epochs=3).fit(paths, y[:40])
    before = estimator.predict_proba(paths)
    estimator.set_params(callbacks=[lambda: vanish])
    with pytest.raises(UnreadableImageError, match="7.png' .*no such file"):
        estimator.fit(paths, y[:40])
    left = [path for path in paths if path.exists()]
    np.testing.assert_array_equal(
        estimator.predict_proba(left), before[[p.exists() for p in paths]]
    )


@pytest.mark.parametrize("odd", [None, float("nan"), 3])
def test_rows_that_are_no_paths(digit_files, odd):
    paths, y, _ = digit_files
    X = [*paths[:5], odd, *paths[6:]]
    with pytest.raises(ValueError, match=f"paths of image files, but {odd!r} at row 5"):
        model().fit(X, y)


def test_a_missing_path_at_the_top(digit_files):
    paths, y, _ = digit_files
    for X in (pd.Series([None, *paths[1:]]), [None, *paths[1:]], [float("nan"), *paths[1:]]):
        with pytest.raises(ValueError, match="paths of image files, but (None|nan) at row 0"):
            model().fit(X, y)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda paths: paths[0], r"X is a single value, .*Pass a list or array of paths: \["),
        (lambda paths: np.array(str(paths[0])), "X is a single value"),
        (lambda paths: iter(paths), r"only once: pass list\(X\)"),
        (lambda paths: set(paths), "X is a set. It has no order"),
        (lambda paths: dict.fromkeys(paths), "X is a dict. Pass one of its values"),
    ],
)
def test_what_has_no_rows(digit_files, make, message):
    paths, y, _ = digit_files
    with pytest.raises(ValueError, match=message):
        model().fit(make(paths.tolist()), y)
    with pytest.raises(ValueError, match=message):
        ImageLoader().fit(make(paths.tolist()))


def test_kinds_of_series(digit_files):
    paths, y, _ = digit_files
    expected = model().fit(paths, y).history_
    for dtype in ("category", "string", object):
        assert model().fit(pd.Series(paths, dtype=dtype), y).history_ == expected


def test_two_columns_of_text(digit_files):
    paths, y, _ = digit_files
    with pytest.raises(ValueError, match="holds text"):
        model().fit(np.column_stack([paths, paths]), y)


def test_four_channels_are_refused(digit_files):
    paths, y, _ = digit_files
    with pytest.raises(
        ValueError, match=r"images of shape \(8, 8, 1\), but image_shape=\(8, 8, 4\)"
    ):
        model(image_shape=(8, 8, 4)).fit(paths, y)
    rgba = np.zeros((len(y), 8, 8, 4), np.uint8)
    with pytest.raises(ValueError, match="files, which have 1 or 3 channels, but .* have 4"):
        model().fit(rgba, y).predict(paths)


def test_the_shape_of_flattened_images_resizes_no_files(digit_files):
    paths, y, _ = digit_files
    needed = r"image_shape=\(9, 9\), which is the shape of flattened.*Set image_size=\(9, 9\)"
    with pytest.raises(ValueError, match=needed):
        model(image_shape=(9, 9)).fit(paths, y)
    model(image_shape=(8, 8)).fit(paths, y)  # which is what they are


def test_other_lengths(digit_files):
    paths, y, _ = digit_files
    with pytest.raises(ValueError, match="X has 150 rows, but y has 149"):
        model().fit(paths, y[1:])


def test_an_estimator_of_another_scale_warns(digit_files):
    paths, y, images = digit_files
    estimator = model().fit((images / 255.0).reshape(-1, 8, 8), y)
    with pytest.warns(UserWarning, match="values up to 255, but this estimator was fitted"):
        estimator.predict(paths)


# ---- ImageLoader -------------------------------------------------------------------------------


def test_loader(photo_files):
    paths, y = photo_files
    images = ImageLoader(image_size=(10, 12)).fit_transform(paths)
    assert images.shape == (24, 10, 12, 3)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images[5], read_image(paths[5], image_size=(10, 12), color="rgb"))
    boxed = ImageLoader(image_size=(10, 20), color="grayscale", keep_aspect=True, n_jobs=1)
    boxed = boxed.fit(paths).transform(pd.Series(paths))
    assert boxed.shape == (24, 10, 20, 1)
    assert not boxed[0][:, 0].any()
    pipeline = make_pipeline(ImageLoader(image_size=(12, 12)), model(epochs=25, batch_size=6))
    assert cross_val_score(pipeline, paths, y, cv=2, error_score="raise").mean() > 0.8
    assert clone(pipeline).get_params()["imageloader__image_size"] == (12, 12)


def test_loader_learns_the_shape(digit_files):
    paths, _, images = digit_files
    loader = ImageLoader().fit(paths)
    assert loader.image_shape_ == (8, 8, 1)
    np.testing.assert_array_equal(loader.transform(paths)[:, :, :, 0], images)
    assert ImageLoader(color="rgb").fit(paths).image_shape_ == (8, 8, 3)
    assert loader.set_output(transform="pandas").transform(paths).shape == (150, 8, 8, 1)


@pytest.mark.parametrize("on_error", ["raise", "skip", "warn"])
def test_loader_and_unreadable_files(photo_files, tmp_path, on_error):
    paths, _ = photo_files
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"no image")
    mixed = [*paths[:3], str(damaged), *paths[3:6], "/nowhere.png"]
    loader = ImageLoader(image_size=(8, 8), on_error=on_error, n_jobs=2)
    if on_error == "raise":
        with pytest.raises(UnreadableImageError, match=re.escape(repr(str(damaged)))):
            loader.fit(mixed)
        loader.fit(paths)
        with pytest.raises(UnreadableImageError, match="damaged.jpg' cannot be read: it is empty"):
            loader.transform(mixed)
        return
    loader.fit(mixed)
    expected = ImageLoader(image_size=(8, 8)).fit_transform(paths[:6])
    if on_error == "warn":
        with pytest.warns(UserWarning, match=r"2 of 8 image files are left out. .*damaged.jpg"):
            images = loader.transform(mixed)
    else:
        images = loader.transform(mixed)
    np.testing.assert_array_equal(images, expected)
    assert loader.readable(mixed).tolist() == [True] * 3 + [False] + [True] * 3 + [False]


def test_loader_and_bad_parameters(photo_files, digits):
    paths, _ = photo_files
    for params, message in (
        ({"image_size": (8,)}, "image_size must be"),
        ({"image_size": (0, 8)}, "image_size must be"),
        ({"image_size": "large"}, "image_size"),
        ({"color": "CMYK"}, "color"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"on_error": "ignore"}, "on_error"),
    ):
        with pytest.raises(ValueError, match=message):
            ImageLoader(**params).fit(paths)
    with pytest.raises(ValueError, match="not hold paths of image files, but an array of shape"):
        ImageLoader().fit(digits[0])
    with pytest.raises(ValueError, match="have different sizes"):
        ImageLoader().fit(paths)
