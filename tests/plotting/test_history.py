import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import tiny
from plotting.figures import assert_readable, texts
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import CNNClassifier, DenoisingAutoencoder
from skdl.plotting import (
    TrainingHistoryDisplay,
)


@pytest.fixture(scope="module")
def fitted(few_digits):
    return CNNClassifier(tiny, epochs=4, early_stopping=True, random_state=0).fit(*few_digits)


def history(n_epochs=12, validated=True, rate=lambda epoch: 1e-3, seed=0):
    """What a training records."""
    epoch = np.arange(n_epochs)
    loss = np.exp(-epoch / 6) + np.random.default_rng(seed).normal(0, 0.01, n_epochs) + 0.1
    found = {
        "loss": loss.tolist(),
        "accuracy": (1 - loss / 2).tolist(),
        "learning_rate": [rate(int(e)) for e in epoch],
    }
    if validated:
        found["val_loss"] = (loss + 0.02 * epoch).tolist()
        found["val_accuracy"] = (0.95 - loss / 2).tolist()
    return found


class Trained:
    """Stands for a fitted estimator."""

    def __init__(self, **settings):
        self.history_ = history(**settings)


def solid(ax):
    return [line for line in ax.lines if line.get_linestyle() == "-"]


def dashed(ax):
    return [line for line in ax.lines if line.get_linestyle() == "--"]


def stars(ax):
    return [line for line in ax.lines if line.get_marker() == "*"]


# ---- learning rate -------------------------------------------------------------------------------


def test_a_learning_rate_that_changes_has_a_panel(few_digits):
    model = CNNClassifier(tiny, epochs=12, learning_rate_schedule="cosine", random_state=0).fit(
        *few_digits
    )
    display = TrainingHistoryDisplay.from_estimator(model)
    assert [ax.get_ylabel() for ax in display.axes_] == ["Loss", "Accuracy", "Learning rate"]
    (line,) = display.axes_[2].lines
    assert line.get_xdata().tolist() == list(range(1, 13))
    assert line.get_ydata().tolist() == model.history_["learning_rate"]
    assert display.axes_[2].get_yscale() == "log"


def test_whether_the_learning_rate_is_drawn():
    constant, falling = history(), history(rate=lambda epoch: 1e-3 * (1 - epoch / 30))
    assert len(TrainingHistoryDisplay(constant).plot().axes_) == 2
    assert len(TrainingHistoryDisplay(constant).plot(learning_rate=True).axes_) == 3
    assert len(TrainingHistoryDisplay(falling).plot(learning_rate=False).axes_) == 2
    display = TrainingHistoryDisplay(falling).plot()
    assert len(display.axes_) == 3
    assert display.axes_[2].get_yscale() == "linear"  # it falls by a third only
    assert display.axes_[2].get_legend() is None
    figure, axes = plt.subplots(1, 3)
    assert TrainingHistoryDisplay(falling).plot(ax=axes).figure_ is figure
    with pytest.raises(ValueError, match="3 axes, for loss, accuracy and learning rate. Got 2"):
        TrainingHistoryDisplay(falling).plot(ax=axes[:2])
    with pytest.raises(ValueError, match="history has no 'learning_rate'"):
        TrainingHistoryDisplay({"loss": [1.0]}).plot(learning_rate=True)


def test_the_best_epoch_is_marked_in_every_panel():
    recorded = history(rate=lambda epoch: 0.5**epoch)
    display = TrainingHistoryDisplay(recorded).plot()
    best = int(np.argmin(recorded["val_loss"])) + 1
    for ax in display.axes_:
        (line,) = [line for line in ax.lines if line.get_label() == f"best epoch ({best})"]
        assert set(line.get_xdata()) == {best}


# ---- several estimators --------------------------------------------------------------------------


def test_several_estimators_are_overlaid():
    estimators = {"small": Trained(seed=1), "large": Trained(n_epochs=40, seed=2)}
    display = TrainingHistoryDisplay.from_estimators(estimators)
    for ax, metric in zip(display.axes_, ("loss", "accuracy"), strict=True):
        for lines, name in ((solid(ax), metric), (dashed(ax), f"val_{metric}")):
            assert len(lines) == 2
            for line, estimator in zip(lines, estimators.values(), strict=True):
                assert line.get_ydata().tolist() == estimator.history_[name]
        first, second = solid(ax)
        assert first.get_color() != second.get_color()
        assert first.get_marker() != second.get_marker()  # told apart in grayscale
        assert [line.get_color() for line in solid(ax)] == [line.get_color() for line in dashed(ax)]
        for star, estimator in zip(stars(ax), estimators.values(), strict=True):
            best = int(np.argmin(estimator.history_["val_loss"]))
            assert star.get_xdata() == [best + 1]
            assert star.get_ydata() == [estimator.history_[f"val_{metric}"][best]]
    (legend,) = display.figure_.legends
    best = [int(np.argmin(e.history_["val_loss"])) + 1 for e in estimators.values()]
    assert [text.get_text() for text in legend.get_texts()] == [
        f"small\nbest epoch: {best[0]}",
        f"large\nbest epoch: {best[1]}",
        "training",
        "validation",
        "best epoch",
    ]


def test_estimators_that_recorded_different_things():
    losses_only = Trained(validated=False)
    del losses_only.history_["accuracy"]
    display = TrainingHistoryDisplay.from_estimators(
        {"autoencoder": losses_only, "classifier": Trained(rate=lambda epoch: 0.9**epoch)}
    )
    assert [len(solid(ax)) for ax in display.axes_] == [2, 1, 2]
    assert [len(dashed(ax)) for ax in display.axes_] == [1, 1, 0]
    assert "autoencoder" in texts(display)


def test_estimators_inside_others(two_classes):
    X, y = two_classes
    model = CNNClassifier(tiny, epochs=2, random_state=0)
    tuned = TunedThresholdClassifierCV(model, cv=2, scoring="balanced_accuracy")
    search = GridSearchCV(make_pipeline(StandardScaler(), tuned), {}, cv=2).fit(X, y)
    display = TrainingHistoryDisplay.from_estimators({"search": search})
    inner = search.best_estimator_[-1].estimator_
    assert solid(display.axes_[0])[0].get_ydata().tolist() == inner.history_["loss"]


def test_several_estimators_on_given_axes():
    figure, axes = plt.subplots(1, 2)
    display = TrainingHistoryDisplay.from_estimators({"a": Trained()}, ax=axes)
    assert display.figure_ is figure
    assert axes[1].get_legend().get_texts()[0].get_text().startswith("a")
    assert figure.legends == []


def test_histories_by_name():
    display = TrainingHistoryDisplay({"fold 1": history(), "fold 2": history(seed=2)}).plot()
    assert [len(solid(ax)) for ax in display.axes_] == [2, 2]


@pytest.mark.parametrize("n", [1, 6])
@pytest.mark.parametrize("rate", [lambda epoch: 0.1, lambda epoch: 0.5**epoch])
def test_nothing_overlaps_in_histories(n, rate):
    names = [f"{i} VGG16 with a very long name, $x and so on" for i in range(n)]
    display = TrainingHistoryDisplay.from_estimators(
        {name: Trained(n_epochs=60, rate=rate, seed=i) for i, name in enumerate(names)}
    )
    assert_readable(display.figure_)
    (legend,) = display.figure_.legends
    left = legend.get_window_extent().x0
    assert all(ax.get_window_extent().x1 <= left for ax in display.axes_)


@pytest.mark.parametrize(
    ("estimators", "message"),
    [
        ({}, "from 1 to 6 estimators.*Got 0"),
        ({str(i): Trained() for i in range(7)}, "from 1 to 6 estimators.*Got 7"),
        ([Trained()], "must be a dict of names to fitted estimators. Got list"),
        (
            {"a": Trained(), "b": CNNClassifier()},
            r"estimators\['b'\]: CNNClassifier has no history_",
        ),
        ({"c": LogisticRegression()}, r"estimators\['c'\]: LogisticRegression has no history_"),
    ],
)
def test_bad_estimators(estimators, message):
    with pytest.raises(ValueError, match=message):
        TrainingHistoryDisplay.from_estimators(estimators)


@pytest.mark.parametrize(
    ("recorded", "message"),
    [
        ({}, "from 1 to 6 estimators.*Got 0"),
        ({"accuracy": [0.5]}, "history has no 'loss'"),
        ({str(i): history() for i in range(7)}, "from 1 to 6 estimators.*Got 7"),
    ],
)
def test_bad_histories(recorded, message):
    with pytest.raises(ValueError, match=message):
        TrainingHistoryDisplay(recorded).plot()


def test_a_validation_loss_that_was_never_taken():
    recorded = history() | {"val_loss": [np.nan] * 12, "val_accuracy": [np.nan] * 12}
    display = TrainingHistoryDisplay(recorded).plot()
    assert not any("best epoch" in text for text in texts(display))


# ---- one estimator -------------------------------------------------------------------------------


def test_history_draws_what_the_estimator_recorded(fitted):
    display = TrainingHistoryDisplay.from_estimator(fitted)
    loss, accuracy = display.axes_
    for ax, metric in ((loss, "loss"), (accuracy, "accuracy")):
        training, validation = ax.lines[:2]
        assert training.get_xdata().tolist() == [1, 2, 3, 4]
        assert training.get_ydata().tolist() == fitted.history_[metric]
        assert validation.get_ydata().tolist() == fitted.history_[f"val_{metric}"]
        assert training.get_linestyle() != validation.get_linestyle()  # told apart in grayscale
    best = int(np.argmin(fitted.history_["val_loss"])) + 1
    assert f"best epoch ({best})" in texts(display)
    assert display.figure_ is loss.figure


def test_history_without_validation(few_digits):
    model = CNNClassifier(tiny, epochs=2, random_state=0).fit(*few_digits)
    display = TrainingHistoryDisplay.from_estimator(model)
    assert [len(ax.lines) for ax in display.axes_] == [1, 1]


def test_history_of_pipelines_and_searches(few_digits):
    pipeline = make_pipeline(StandardScaler(), CNNClassifier(tiny, epochs=2, random_state=0))
    search = GridSearchCV(pipeline, {"cnnclassifier__epochs": [2, 3]}, cv=2).fit(*few_digits)
    for estimator in (search, search.best_estimator_):
        display = TrainingHistoryDisplay.from_estimator(estimator)
        assert len(display.axes_[0].lines[0].get_xdata()) == search.best_estimator_[-1].n_iter_


def test_history_on_given_axes(fitted):
    figure, axes = plt.subplots(2, 1)
    display = TrainingHistoryDisplay.from_estimator(fitted, ax=axes)
    assert display.figure_ is figure
    with pytest.raises(ValueError, match="must hold 2 axes, for loss and accuracy. Got 1"):
        TrainingHistoryDisplay.from_estimator(fitted, ax=axes[0])


def test_history_without_an_accuracy():
    images = np.random.default_rng(0).random((40, 8, 8))
    model = DenoisingAutoencoder(epochs=3, validation_fraction=0.2, random_state=0).fit(images)
    display = TrainingHistoryDisplay.from_estimator(model)
    (ax,) = display.axes_
    assert ax.get_ylabel() == "Loss"
    assert [len(line.get_xdata()) for line in ax.lines[:2]] == [3, 3]
    figure = display.figure_.__class__()
    assert TrainingHistoryDisplay(model.history_).plot(ax=figure.add_subplot()).figure_ is figure


@pytest.mark.parametrize("estimator", [CNNClassifier(), RidgeClassifier()])
def test_no_history(estimator):
    with pytest.raises(ValueError, match=f"{type(estimator).__name__} has no history_"):
        TrainingHistoryDisplay.from_estimator(estimator)


def test_one_epoch_has_one_tick(few_digits):
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(*few_digits)
    display = TrainingHistoryDisplay.from_estimator(model)
    display.figure_.canvas.draw()
    assert [t for t in display.axes_[0].get_xticks() if 0.5 < t < 1.5] == [1]
