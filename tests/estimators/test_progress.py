"""What a fit tells scikit-learn's own callbacks."""

import keras
import numpy as np
import pytest
from helpers import parametrize, tiny
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skdl import CNNClassifier, DenoisingAutoencoder, TransferClassifier

of_scikit_learn = pytest.importorskip("sklearn.callback", reason="new in scikit-learn 1.9")
ProgressBar, ScoringMonitor = of_scikit_learn.ProgressBar, of_scikit_learn.ScoringMonitor


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


@pytest.mark.slow
def test_a_failed_fit_is_torn_down(few_digits):
    X, y = few_digits
    tasks = Tasks()
    model = CNNClassifier(tiny, optimizer="sgd", optimizer__learning_rate=1e30)
    with pytest.raises(ValueError, match="diverged"):
        model.set_callbacks(tasks).fit(X, y)
    assert tasks.ended[-1] == "teardown"
    assert not hasattr(model, "_callback_fit_ctx")


@pytest.mark.slow
def test_epochs_stand_under_a_search_in_its_progress_bar(few_digits, capsys):
    search = GridSearchCV(CNNClassifier(tiny, epochs=2), {"architecture__units": [4, 8]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*few_digits)
    assert "CNNClassifier - fit #3" in capsys.readouterr().out


def test_a_monitor_scores_each_epoch(few_digits):
    X, y = few_digits
    monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    model = CNNClassifier(tiny, epochs=3, random_state=0).set_callbacks(monitor)
    model.fit(X, y)
    log = monitor.get_logs().data
    assert [row["task_name"] for row in log] == ["fit", "epoch", "epoch", "epoch"]
    for n_epochs, row in enumerate(log[1:], start=1):
        expected = CNNClassifier(tiny, epochs=n_epochs, random_state=0).fit(X, y)
        assert row["accuracy"] == expected.score(X, y)
        assert row["neg_log_loss"] == -log_loss(y, expected.predict_proba(X))
    assert log[0]["accuracy"] == log[-1]["accuracy"]


def test_a_monitor_weighs_by_the_sample_weights(few_digits):
    X, y = few_digits
    weights = np.where(y < 5, 1.0, 0.0)
    monitor = ScoringMonitor(scoring="accuracy")
    model = CNNClassifier(tiny, epochs=2, random_state=0).set_callbacks(monitor)
    model.fit(X, y, sample_weight=weights)
    assert monitor.get_logs().data[0]["accuracy"] == model.score(X, y, weights)


def test_a_monitor_scores_a_fit_with_groups(few_digits):
    """Scorers take weights, and would refuse groups."""
    X, y = few_digits
    monitor = ScoringMonitor(scoring="accuracy")
    model = CNNClassifier(tiny, epochs=2, early_stopping=True, random_state=0)
    model.set_callbacks(monitor).fit(X, y, groups=np.arange(len(y)) // 2)
    assert monitor.get_logs().data[0]["accuracy"] == model.score(X, y)


TRAINED = {
    "CNN": CNNClassifier(tiny, epochs=2, random_state=0),
    "transfer": TransferClassifier(image_size=8, epochs=2, random_state=0),
    "tuned": TransferClassifier(
        image_size=8, trainable=1, epochs=1, warmup_epochs=1, random_state=0
    ),
    "denoising": DenoisingAutoencoder(filters=(4,), epochs=2, random_state=0),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRAINED)
@pytest.mark.parametrize("refitted", [False, True])
def test_all_that_train_hand_over_a_fitted_copy_by_epoch(few_digits, kind, refitted):
    X, y = few_digits[0][:60], few_digits[1][:60]
    model = clone(TRAINED[kind])
    model.set_params(callbacks=lambda: keras.callbacks.History())  # which cannot be pickled
    if refitted:
        model.fit(X, y)
    copies, begun = [], []

    class Copies(Tasks):
        def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
            begun.append(fitted_estimator)

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            copies.append(fitted_estimator)

    model.set_callbacks(Copies()).fit(X, y)
    assert [copy.n_iter_ for copy in copies] == [1, 2, 2]
    assert [copy and copy.n_iter_ for copy in begun] == [None, 0, 1]
    outputs = [
        (copy.transform if kind == "denoising" else copy.predict_proba)(X) for copy in copies
    ]
    assert not np.array_equal(outputs[0], outputs[1])
    assert np.array_equal(outputs[1], outputs[2])
    final = (model.transform if kind == "denoising" else model.predict_proba)(X)
    assert np.array_equal(outputs[2], final)
    assert copies[1].history_ == model.history_


@parametrize("n_jobs", [1, 2], exhaustive=[2])
def test_a_monitor_under_a_search(few_digits, n_jobs):
    monitor = ScoringMonitor(scoring="accuracy")
    model = CNNClassifier(tiny, epochs=2, random_state=0).set_callbacks(monitor)
    search = GridSearchCV(model, {"architecture__units": [4, 8]}, cv=2, n_jobs=n_jobs)
    search.fit(*few_digits)
    log = monitor.get_logs().data
    assert sum(row["task_name"] == "epoch" for row in log) == 2 * (2 * 2 + 1)
    assert all(0 <= row["accuracy"] <= 1 for row in log)


def test_a_monitor_in_a_pipeline_under_a_progress_bar(few_digits, capsys):
    monitor = ScoringMonitor(scoring="accuracy")
    model = CNNClassifier(tiny, epochs=2, random_state=0).set_callbacks(monitor)
    steps = make_pipeline(MinMaxScaler(), model)
    with pytest.warns(UserWarning, match="MinMaxScaler does not support callbacks"):
        steps.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*few_digits)
    assert [row["task_name"] for row in monitor.get_logs().data].count("epoch") == 2
    assert "CNNClassifier" in capsys.readouterr().out
