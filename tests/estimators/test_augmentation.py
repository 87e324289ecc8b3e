"""The parameter `augmentation` of classifiers."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skdl import Augmentation, CNNClassifier, engine
from skdl.engine import _pool


def model(**params):
    return CNNClassifier(**{"epochs": 2, "random_state": 0, **params})


@pytest.fixture(scope="module")
def images(digits):
    X, y = digits
    return (X[:200].reshape(-1, 8, 8, 1) * 15).astype(np.uint8), y[:200]


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["light", "medium", "strong"])
def test_presets(images, preset):
    X, y = images
    plain = model().fit(X, y)
    augmented = model(augmentation=preset).fit(X, y)
    assert augmented.history_["loss"] != plain.history_["loss"]
    again = clone(augmented).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), augmented.predict_proba(X))


def test_what_changes_nothing_is_the_same_as_none(images):
    X, y = images
    plain, empty = model().fit(X, y), model(augmentation=Augmentation()).fit(X, y)
    assert plain.history_ == empty.history_


def test_it_is_active_in_training_only(images):
    X, y = images
    strong = Augmentation(noise=0.5, rotation=90)
    start = model(augmentation=strong, optimizer="sgd", optimizer__learning_rate=0.0)
    fitted = start.fit(X, y, X_val=X, y_val=y)
    assert len(set(fitted.history_["val_loss"])) == 1
    assert len(set(fitted.history_["loss"])) == 2
    np.testing.assert_array_equal(fitted.predict_proba(X), fitted.predict_proba(X))
    still = model(optimizer="sgd", optimizer__learning_rate=0.0).fit(X, y)
    np.testing.assert_array_equal(fitted.predict_proba(X), still.predict_proba(X))


def test_each_epoch_draws_anew_and_going_on_continues(images):
    X, y = images
    rate_zero = {"optimizer": "sgd", "optimizer__learning_rate": 0.0, "architecture__dropout": 0.0}
    fitted = model(augmentation="strong", epochs=4, **rate_zero).fit(X, y)
    assert len(set(fitted.history_["loss"])) == 4
    halves = model(augmentation="strong", epochs=2, warm_start=True, **rate_zero)
    assert halves.fit(X, y).fit(X, y).history_["loss"] == fitted.history_["loss"]


def test_callbacks_and_files_do_not_change_what_is_drawn(images, tmp_path):
    import keras
    from PIL import Image

    X, y = images
    plain = model(augmentation="medium").fit(X, y)
    hooked = model(augmentation="medium", callbacks=[watch_batches]).fit(X, y)
    assert hooked.history_ == plain.history_
    paths = [str(tmp_path / f"{row}.png") for row in range(len(X))]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image[:, :, 0]).save(path)
    assert model(augmentation="medium").fit(paths, y).history_ == plain.history_
    assert keras.config.floatx() == "float32"


def watch_batches():
    import keras

    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)


@pytest.mark.slow
def test_amounts_are_searched_on_one_trace(images):
    X, y = images
    engine.clear()
    search = GridSearchCV(
        model(epochs=1, augmentation=Augmentation(rotation=5)),
        {"augmentation__rotation": [5, 20, 90]},
        cv=2,
        error_score="raise",
    ).fit(X, y)
    (trainer,) = _pool._idle.values()
    assert trainer.n_traces == 1
    assert search.best_estimator_.augmentation.rotation in (5, 20, 90)
    assert search.estimator.augmentation.rotation == 5


@pytest.mark.slow
def test_it_helps_against_shifts(digits):
    X, y = digits
    images = (X.reshape(-1, 8, 8, 1) * 15).astype(np.uint8)
    shifted = np.roll(images[1000:], 1, axis=2)
    plain = model(epochs=6).fit(images[:1000], y[:1000])
    augmented = model(epochs=6, augmentation=Augmentation(shift=0.2)).fit(images[:1000], y[:1000])
    assert augmented.score(shifted, y[1000:]) > plain.score(shifted, y[1000:]) + 0.1


@pytest.mark.parametrize(
    ("augmentation", "message"),
    [
        ("heavy", "augmentation"),
        (Augmentation(rotation=-1), "rotation of Augmentation must be a finite number from 0 to 1"),
        (Augmentation(rotation=True), "rotation of Augmentation must be .* Got True"),
        (
            Augmentation(shift=1),
            "shift of .* of at least 0 and below 1. Got 1",
        ),
        (Augmentation(shear=90), "shear of Augmentation must be .* below 90"),
        (Augmentation(horizontal_flip="yes"), "horizontal_flip of Augmentation must be one of Fa"),
        (Augmentation(horizontal_flip=1), "horizontal_flip of Augmentation must be one of False"),
        (Augmentation(noise=float("nan")), "noise of Augmentation must be a finite number"),
        (3, "augmentation"),
        ({"rotation": 5}, "augmentation"),
    ],
)
def test_bad_augmentations(images, augmentation, message):
    with pytest.raises(ValueError, match=message):
        model(augmentation=augmentation).fit(*images)


def test_bad_nested_parameters():
    with pytest.raises(ValueError, match="augmentation is 'light': set it to an Augmentation"):
        model(augmentation="light").set_params(augmentation__rotation=3)
    with pytest.raises(ValueError, match="Invalid parameter 'spin' for estimator Augmentation"):
        model(augmentation=Augmentation()).set_params(augmentation__spin=3)
    estimator = model().set_params(augmentation=Augmentation(), augmentation__rotation=3)
    assert estimator.get_params()["augmentation__rotation"] == 3
    with pytest.raises(ValueError, match="Routed parameters start with architecture__"):
        model().set_params(epochs__rotation=3)
