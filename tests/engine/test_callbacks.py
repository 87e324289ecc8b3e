"""Keras's own callbacks work as they do with `keras.Model.fit`."""

import copy
import csv
import pickle

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import same_state, tiny
from sklearn.base import clone

from skdl import CNNClassifier, Resize, TransferClassifier, VGG16Classifier
from skdl.backbones import Backbone, Preprocessing, declare_backbone
from skdl.plotting import TrainingHistoryDisplay


def fit(few_digits, callback, **params):
    settings = {"epochs": 4, "random_state": 0, **params}
    return CNNClassifier(tiny, callbacks=callback, **settings).fit(*few_digits)


def test_early_stopping_restores_weights(few_digits):
    callback = keras.callbacks.EarlyStopping(
        monitor="val_loss", mode="max", patience=1, restore_best_weights=True
    )
    model = fit(few_digits, callback, validation_fraction=0.2)
    # The loss falls, so with mode="max" the first epoch is the best one.
    assert model.n_iter_ == 2
    one = fit(few_digits, None, validation_fraction=0.2, epochs=1)
    kernels = [array for array in model._network.state if array.ndim == 2]
    expected = [array for array in one._network.state if array.ndim == 2]
    assert all(np.array_equal(a, b) for a, b in zip(kernels, expected, strict=True))


def test_reduce_learning_rate_on_plateau(few_digits):
    callback = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.1, patience=1, min_delta=100
    )
    rates = fit(few_digits, callback).history_["learning_rate"]
    np.testing.assert_allclose(rates, [1e-3, 1e-3, 1e-4, 1e-5], rtol=1e-4)


def test_model_checkpoint_saves_whole_models(few_digits, tmp_path):
    path = str(tmp_path / "{epoch}.keras")
    model = fit(few_digits, keras.callbacks.ModelCheckpoint(path), value_range=(0, 1))
    assert len(list(tmp_path.iterdir())) == 4
    last = keras.models.load_model(tmp_path / "4.keras")
    X = few_digits[0].reshape(-1, 8, 8, 1)
    np.testing.assert_allclose(last.predict(X, verbose=0), model.predict_proba(X), atol=1e-6)


def test_model_checkpoint_by_batch(few_digits, tmp_path):
    callback = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "{batch}.weights.h5"), save_freq=4, save_weights_only=True
    )
    fit(few_digits, callback, epochs=1)
    assert len(list(tmp_path.iterdir())) == 2  # of ten batches


def test_tensorboard_writes_events(few_digits, tmp_path):
    fit(few_digits, keras.callbacks.TensorBoard(str(tmp_path)), validation_fraction=0.2)
    assert list((tmp_path / "train").glob("events*"))
    assert list((tmp_path / "validation").glob("events*"))


def test_csv_logger_writes_a_line_an_epoch(few_digits, tmp_path):
    path = tmp_path / "log.csv"
    model = fit(few_digits, keras.callbacks.CSVLogger(str(path)), validation_fraction=0.2)
    rows = list(csv.DictReader(path.open()))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2, 3]
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert [float(row[name]) for row in rows] == pytest.approx(model.history_[name])


class Crash(keras.callbacks.Callback):
    """A power cut after two epochs."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def test_backup_and_restore_goes_on_after_a_crash(few_digits, tmp_path):
    backup = keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))
    model = CNNClassifier(tiny, epochs=4, random_state=0, architecture__dropout=0.0)
    with pytest.raises(KeyboardInterrupt):
        clone(model).set_params(callbacks=[backup, Crash]).fit(*few_digits)
    resumed = clone(model).set_params(callbacks=backup).fit(*few_digits)
    assert resumed.n_iter_ == 4
    expected = clone(model).fit(*few_digits)
    for name, values in resumed.history_.items():  # what became of the first two is not known
        assert np.isnan(values[:2]).all()
        assert values[2:] == expected.history_[name][2:]
    TrainingHistoryDisplay.from_estimator(resumed)
    plt.close("all")
    assert same_state(resumed, expected)
    assert not (tmp_path / "backup").exists()


def test_a_finished_backup_trains_no_epoch(few_digits, tmp_path):
    backup = keras.callbacks.BackupAndRestore(str(tmp_path), delete_checkpoint=False)
    params = {"early_stopping": True, "validation_fraction": 0.2}
    first = fit(few_digits, backup, **params)
    again = fit(few_digits, backup, **params)
    assert first.n_iter_ == again.n_iter_ == 4
    assert np.isnan(again.history_["loss"]).all()
    assert again.predict_proba(few_digits[0]).shape == (300, 10)


def test_callbacks_see_epochs_that_go_on_with_warm_start(few_digits, tmp_path):
    path = tmp_path / "log.csv"
    callback = keras.callbacks.CSVLogger(str(path), append=True)
    model = fit(few_digits, callback, epochs=2, warm_start=True)
    model.fit(*few_digits)
    assert [int(row["epoch"]) for row in csv.DictReader(path.open())] == [0, 1, 2, 3]


def test_validation_hooks_are_called(few_digits):
    seen = []

    def on_test_end(logs):
        seen.append(logs["loss"])

    callback = keras.callbacks.LambdaCallback(on_test_end=on_test_end)
    callback.on_test_end = on_test_end
    model = fit(few_digits, lambda: callback, validation_fraction=0.2)
    assert seen == model.history_["val_loss"]


# ---- what they remember --------------------------------------------------------------------


def test_the_callbacks_of_a_fit_stay_until_it_is_pickled(few_digits):
    given = [
        keras.callbacks.History(),
        keras.callbacks.EarlyStopping(monitor="loss", mode="max", patience=1),
        lambda: keras.callbacks.LambdaCallback(on_epoch_end=print),  # that cannot be pickled
    ]
    model = fit(few_digits, given)
    history, stopping, _ = model.callbacks_
    assert history.history["loss"] == model.history_["loss"]
    assert history.epoch == [0, 1]
    assert stopping.stopped_epoch == 1
    assert not hasattr(given[0], "epoch")
    assert given[1].stopped_epoch == 0
    assert history.model is None  # which may train another fit by now
    for twin in (copy.copy(model), copy.deepcopy(model)):
        assert twin.callbacks_ == model.callbacks_
    with pytest.warns(UserWarning, match="callbacks cannot be pickled"):
        assert not hasattr(pickle.loads(pickle.dumps(model)), "callbacks_")
    assert not hasattr(clone(model), "callbacks_")
    assert fit(few_digits, None).callbacks_ == []
    first = model.callbacks_
    model.partial_fit(*few_digits)
    assert len(model.callbacks_) == 3
    assert model.callbacks_[0] is not first[0]


def test_a_fit_that_fails_leaves_the_callbacks_of_the_fit_before(few_digits):
    model = fit(few_digits, keras.callbacks.History())
    before = model.callbacks_
    model.set_params(optimizer="sgd", optimizer__learning_rate=1e30)
    with pytest.raises(ValueError, match="diverged"):
        model.fit(*few_digits)
    assert model.callbacks_ is before


# ---- classifiers on backbones --------------------------------------------------------------


class Looks(keras.callbacks.Callback):
    """A callback that predicts and evaluates as Keras's guide shows it."""

    def __init__(self, images, codes=None):
        super().__init__()
        self.images, self.codes = images, codes
        self.seen, self.evaluated, self.n_trained = [], [], []

    def on_epoch_end(self, epoch, logs=None):
        if self.codes is None:
            self.seen.append(np.asarray(self.model(self.images, training=False)))
        else:
            self.seen.append(self.model.predict(self.images, verbose=0))
            self.evaluated.append(self.model.evaluate(self.images, self.codes, verbose=0)[1])
        self.n_trained.append(len(self.model.trainable_variables))


PARTS = {
    "head": {"epochs": 2},
    "block": {"trainable": 1, "epochs": 2, "warmup_epochs": 1},
    "all": {"trainable": "all", "epochs": 1, "warmup_epochs": 1},
    "augmented": {"augmentation": "light", "epochs": 1},
}


@pytest.fixture(scope="module")
def small_images(digits):
    X, y = digits
    return (X[:40] / 16).reshape(-1, 8, 8, 1).astype(np.float32), y[:40]


@declare_backbone(
    Backbone(Preprocessing("bgr", mean=(0.1, 0.2, 0.3)), {"first": 4, "last": 4}, min_size=8)
)
def small_backbone(input_shape):
    """Two blocks, with a way round the second and names that Keras counts up."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    x = around = keras.layers.BatchNormalization(name="first")(x)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, keras.layers.Add(name="last")([x, around]))


def transfer(callbacks, **params):
    settings = {
        "backbone": small_backbone,
        "weights": "random",
        "head": (8,),
        "value_range": (0, 1),
        "random_state": 0,
        **params,
    }
    return TransferClassifier(callbacks=callbacks, **settings)


@pytest.mark.parametrize("part", PARTS)
def test_the_model_of_a_callback_takes_images(small_images, part):
    X, y = small_images
    codes = y if part == "head" else None
    fitted = transfer(Looks(X, codes), **PARTS[part]).fit(X, y)
    (looks,) = fitted.callbacks_
    assert len(looks.seen) == fitted.n_iter_
    np.testing.assert_allclose(looks.seen[-1], fitted.predict_proba(X), rtol=1e-3, atol=1e-5)
    if part == "head":
        assert looks.evaluated[-1] == pytest.approx(fitted.score(X, y))
    assert looks.n_trained[0] == 4  # of the head
    assert (looks.n_trained[-1] > 4) == (part in ("block", "all"))
    unseen = transfer(None, **PARTS[part]).fit(X, y)
    assert np.array_equal(unseen.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("part", PARTS)
def test_what_callbacks_save_is_the_whole_network(small_images, tmp_path, part):
    X, y = small_images
    save = [
        keras.callbacks.ModelCheckpoint(str(tmp_path / "whole.keras")),
        keras.callbacks.ModelCheckpoint(str(tmp_path / "w.weights.h5"), save_weights_only=True),
    ]
    fitted = transfer(save, **PARTS[part]).fit(X, y)
    expected = fitted.predict_proba(X)
    loaded = keras.models.load_model(tmp_path / "whole.keras")
    np.testing.assert_allclose(loaded.predict(X, verbose=0), expected, rtol=1e-3, atol=1e-5)
    other = transfer(None, **{**PARTS[part], "random_state": 1, "epochs": 1}).fit(X[::-1], y).model_
    assert np.abs(other.predict(X, verbose=0) - expected).max() > 1e-3
    other.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_allclose(other.predict(X, verbose=0), expected, rtol=1e-3, atol=1e-5)


def test_the_model_of_a_callback_steers_the_training(small_images):
    class Steers(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.5

        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    fitted = transfer(Steers, epochs=9).fit(*small_images)
    assert fitted.history_["learning_rate"] == [0.5, 0.5]


def test_early_stopping_of_keras_on_a_backbone(small_images):
    stopping = keras.callbacks.EarlyStopping(
        monitor="loss", mode="max", patience=1, restore_best_weights=True
    )
    for callbacks in (stopping, [stopping, Looks(small_images[0])]):
        fitted = transfer(callbacks, epochs=5).fit(*small_images)
        assert fitted.callbacks_[0].stopped_epoch == 1
        one = transfer(None, epochs=1).fit(*small_images)
        assert same_state(fitted, one)


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("cls", [TransferClassifier, VGG16Classifier])
def test_real_backbones_show_callbacks_the_whole_network(small_images, cls, part):
    X, y = small_images
    params = {**PARTS[part], "image_size": 32, "weights": "random", "value_range": (0, 1)}
    X = Resize((32, 32)).fit_transform(X)
    fitted = cls(callbacks=Looks(X), random_state=0, **params).fit(X, y)
    found = fitted.callbacks_[0].seen[-1]
    np.testing.assert_allclose(found, fitted.predict_proba(X), rtol=1e-3, atol=1e-5)
