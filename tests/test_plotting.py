import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import run_python, tiny
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import CNNClassifier
from skdl.plotting import PredictionGridDisplay, TrainingHistoryDisplay


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted(few_digits):
    return CNNClassifier(tiny, epochs=4, early_stopping=True, random_state=0).fit(*few_digits)


def texts(display):
    """Everything written in a figure, after drawing it."""
    display.figure_.canvas.draw()
    return [t.get_text() for t in display.figure_.findobj(plt.Text) if t.get_text()]


def assert_apart(artists, figure):
    """No two boxes overlap."""
    figure.canvas.draw()
    boxes = [artist.get_window_extent() for artist in artists]
    for i, first in enumerate(boxes):
        for second in boxes[:i]:
            assert not first.overlaps(second)


def test_matplotlib_is_imported_only_to_draw():
    run_python("import sys, skdl.plotting; assert 'matplotlib' not in sys.modules")


# ---- training history --------------------------------------------------------------------------


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
    with pytest.raises(ValueError, match="two axes"):
        TrainingHistoryDisplay.from_estimator(fitted, ax=axes[0])


@pytest.mark.parametrize("estimator", [CNNClassifier(), RidgeClassifier()])
def test_no_history(estimator):
    with pytest.raises(ValueError, match=f"{type(estimator).__name__} has no history_"):
        TrainingHistoryDisplay.from_estimator(estimator)


# ---- predictions -------------------------------------------------------------------------------


def test_grid_shows_labels_and_probabilities(fitted, few_digits):
    X, y = few_digits
    display = PredictionGridDisplay.from_estimator(fitted, X, y, n_images=6, title="Six digits")
    assert len(display.axes_) == 6
    probabilities = fitted.predict_proba(X[:6])
    found = texts(display)
    assert "Six digits" in found
    for i, predicted in enumerate(fitted.predict(X[:6])):
        caption = display.axes_[i].get_title()
        assert f"{predicted} ({100 * probabilities[i].max():.0f} %)" in caption
        assert ("true:" in caption) == (predicted != y[i])
        assert caption.startswith("✓" if predicted == y[i] else "✗")  # not by colour alone


def test_wrong_ones_come_with_the_most_confident_first(fitted, few_digits):
    X, y = few_digits
    display = PredictionGridDisplay.from_estimator(fitted, X, y, which="wrong", n_images=5)
    assert (display.y_true != display.y_pred).all()
    confidence = fitted.predict_proba(X).max(axis=1)
    wrong = fitted.predict(X) != y
    np.testing.assert_allclose(display.confidence, np.sort(confidence[wrong])[::-1][:5])
    right = PredictionGridDisplay.from_estimator(fitted, X, y, which="right")
    assert (right.y_true == right.y_pred).all()


def test_estimators_without_probabilities(few_digits):
    X, y = few_digits
    display = PredictionGridDisplay.from_estimator(RidgeClassifier().fit(X, y), X, y, n_images=3)
    assert "%" not in "".join(texts(display))


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (8, 8, 3), (8, 8, 4)])
@pytest.mark.parametrize("scale", [1, 255, "uint8", "standardized"])
def test_pixels_are_drawn_in_their_range(shape, scale):
    X = np.random.default_rng(0).random((4, *shape))
    if scale == "standardized":
        X = X - 0.5
    else:
        X = (255 * X).astype("uint8") if scale == "uint8" else scale * X
    display = PredictionGridDisplay.from_predictions(X, [0, 1, 0, 1], [0, 1, 1, 0])
    drawn = np.stack([ax.images[0].get_array() for ax in display.axes_])
    assert drawn.shape == (4, *(shape[:2] if shape[-1] in (1, 8) else shape))
    assert drawn.min() < 0.1
    assert 0.9 < drawn.max() <= 1


@pytest.mark.parametrize("n_classes", [2, 10, 25])
@pytest.mark.parametrize("length", [3, 30])
def test_nothing_overlaps(n_classes, length):
    names = np.array([f"{i:02}{'x' * length}" for i in range(n_classes)])
    X = np.random.default_rng(0).random((24, 8, 8))
    true, predicted = np.resize(names, 24), np.resize(names[::-1], 24)
    display = PredictionGridDisplay.from_predictions(X, true, predicted, np.full(24, 0.987))
    assert_apart([ax.title for ax in display.axes_], display.figure_)


def test_dollar_signs_are_text():
    names = np.array(["cost $5 {or $6", r"$\frac$ tumour"])
    display = PredictionGridDisplay.from_predictions(np.zeros((2, 8, 8)), names, names)
    assert any("cost $5 {or $6" in text for text in texts(display))


def test_strips_and_long_names_stay_readable():
    names = np.array(["malignant melanoma of the skin", "seborrhoeic keratosis of the back"])
    X = np.random.default_rng(0).random((24, 1, 50))
    display = PredictionGridDisplay.from_predictions(X, np.resize(names, 24), np.resize(names, 24))
    assert display.figure_.get_size_inches()[0] <= 12
    display.figure_.canvas.draw()
    box = display.axes_[0].get_window_extent()
    assert box.height > 0.3 * box.width


def test_one_epoch_has_one_tick(few_digits):
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(*few_digits)
    display = TrainingHistoryDisplay.from_estimator(model)
    display.figure_.canvas.draw()
    assert [t for t in display.axes_[0].get_xticks() if 0.5 < t < 1.5] == [1]


def test_nothing_to_show():
    X = np.zeros((2, 8, 8))
    display = PredictionGridDisplay.from_predictions(X, [0, 1], [0, 1], which="wrong")
    assert texts(display) == ["No such image"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"which": "best"}, "which must be"),
        ({"n_images": 0}, "n_images must be at least 1"),
        ({"y_true": [0]}, "different lengths"),
        ({"confidence": [0.5]}, "different lengths"),
        ({"X": np.full((2, 8, 8), np.nan)}, "NaN: first at row 0"),
        ({"X": np.zeros((2, 8, 8, 2))}, "2 channels"),
    ],
)
def test_bad_input(changes, message):
    arguments = {"X": np.zeros((2, 8, 8)), "y_true": [0, 1], "y_pred": [0, 1], **changes}
    with pytest.raises(ValueError, match=message):
        PredictionGridDisplay.from_predictions(**arguments)
