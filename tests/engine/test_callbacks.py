"""Keras's own callbacks work as they do with `keras.Model.fit`."""

import csv

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import run_python, same_state, tiny
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skdl import CNNClassifier
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


# ---- scikit-learn's own ------------------------------------------------------------------------


class Tasks:
    """Records the tasks that scikit-learn announces."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.begun, self.ended = [], []

    def setup(self, estimator, context):
        self.begun.append("setup")

    def teardown(self, estimator, context):
        self.ended.append("teardown")

    def on_fit_task_begin(self, estimator, context, **_):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context, **_):
        self.ended.append(context.task_name)
        return self.stop_after is not None and self.ended.count("epoch") == self.stop_after


def test_epochs_are_tasks(few_digits):
    tasks = Tasks()
    CNNClassifier(tiny, epochs=3, random_state=0).set_callbacks(tasks).fit(*few_digits)
    assert tasks.begun == ["setup", "fit", "epoch", "epoch", "epoch"]
    assert tasks.ended == ["epoch", "epoch", "epoch", "fit", "teardown"]


def test_a_callback_can_stop_the_training(few_digits):
    model = CNNClassifier(tiny, epochs=9, random_state=0).set_callbacks(Tasks(stop_after=2))
    assert model.fit(*few_digits).n_iter_ == 2


def test_a_failed_fit_is_torn_down(few_digits):
    X, y = few_digits
    tasks = Tasks()
    model = CNNClassifier(tiny, optimizer="sgd", optimizer__learning_rate=1e30)
    with pytest.raises(ValueError, match="diverged"):
        model.set_callbacks(tasks).fit(X, y)
    assert tasks.ended[-1] == "teardown"
    assert not hasattr(model, "_callback_fit_ctx")


def test_epochs_stand_under_a_search_in_its_progress_bar(few_digits, capsys):
    from sklearn.callback import ProgressBar

    search = GridSearchCV(CNNClassifier(tiny, epochs=2), {"architecture__units": [4, 8]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*few_digits)
    assert "CNNClassifier - fit #3" in capsys.readouterr().out


def test_older_versions_of_scikit_learn_have_no_callbacks():
    assert run_python("""
import sys
sys.modules["sklearn.callback"] = None  # as if it were not there
try:
    from skdl.estimators import _progress
except ImportError:
    print("scikit-learn itself needs it")
else:
    print(hasattr(_progress.CallbackSupportMixin, "set_callbacks"))
""").strip() in ("False", "scikit-learn itself needs it")
