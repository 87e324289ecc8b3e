import itertools
import math
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from helpers import in_percent, run_python, tiny
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import CNNClassifier, DenoisingAutoencoder
from skdl.images import ImageFiles
from skdl.plotting import (
    ClassDistributionDisplay,
    ImageGridDisplay,
    PredictionGridDisplay,
    TrainingHistoryDisplay,
)


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
    figure.draw_without_rendering()
    boxes = [artist.get_window_extent() for artist in artists]
    for i, first in enumerate(boxes):
        for second in boxes[:i]:
            assert not first.overlaps(second)


def assert_inside(artists, figure):
    """Nothing is cut off at the edge of the figure."""
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    for artist in artists:
        box = artist.get_window_extent()
        assert -1 <= box.x0 <= box.x1 <= width + 1, artist
        assert -1 <= box.y0 <= box.y1 <= height + 1, artist


def written(ax):
    """What is written into axes, such as counts and numbers."""
    return [text for text in ax.texts if text.get_text()]


def long_names(n_classes, length):
    return [f"{i:02}{' long' * (length // 10)}{'W' * (length // 2)}" for i in range(n_classes)]


@pytest.fixture
def pictures(tmp_path):
    """Image files of three classes, of several sizes and colours: their paths and labels."""
    generator = np.random.default_rng(0)
    paths, labels = [], []
    for i in range(12):
        paths.append(tmp_path / f"{i}.png")
        shape = [(8, 9), (12, 7, 3), (5, 20, 3)][i % 3]
        Image.fromarray(generator.integers(0, 256, shape).astype("uint8")).save(paths[-1])
        labels.append(["gray", "high", "wide"][i % 3])
    return [str(path) for path in paths], np.array(labels)


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


# ---- predictions -------------------------------------------------------------------------------


def test_only_what_is_certain_is_a_hundred_percent():
    images, labels = np.zeros((3, 8, 8)), np.zeros(3, dtype=int)
    display = PredictionGridDisplay.from_predictions(images, labels, labels, [1.0, 0.9999, 0.994])
    captions = " ".join(ax.get_title() for ax in display.axes_).replace("\u00a0", " ")
    assert re.findall(r"\((.*?)\)", captions) == ["100 %", "> 99 %", "99 %"]


def test_grid_shows_labels_and_probabilities(fitted, few_digits):
    X, y = few_digits
    display = PredictionGridDisplay.from_estimator(fitted, X, y, n_images=6, title="Six digits")
    assert len(display.axes_) == 6
    probabilities = fitted.predict_proba(X[:6])
    found = texts(display)
    assert "Six digits" in found
    for i, predicted in enumerate(fitted.predict(X[:6])):
        caption = display.axes_[i].get_title()
        assert f"{predicted} ({in_percent(probabilities[i].max())})" in caption
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


@pytest.mark.parametrize(
    ("true", "predicted", "names", "captions"),
    [
        ([0, 2], [0, 1], ["cat", "dog", "lion"], ["✓ cat", "✗ dog\ntrue: lion"]),
        ([3, 7], [7, 7], ["three", "seven"], ["✗ seven\ntrue: three", "✓ seven"]),
        ([False, True], [True, True], ["no", "yes"], ["✗ yes\ntrue: no", "✓ yes"]),
        (
            ["b", "m"],
            ["b", "b"],
            ["benign", "malignant"],
            ["✓ benign", "✗ benign\ntrue: malignant"],
        ),
        (["b", "a"], ["b", "b"], ["b", "a"], ["✓ b", "✗ b\ntrue: a"]),
        ([0, 1], [1, 1], None, ["✗ 1\ntrue: 0", "✓ 1"]),
        ([0, 1], [1, 1], ["same", "same"], ["✗ same\ntrue: same", "✓ same"]),
    ],
)
def test_names_in_captions(true, predicted, names, captions):
    display = PredictionGridDisplay.from_predictions(
        np.zeros((2, 8, 8)), true, predicted, target_names=names
    )
    assert [ax.get_title() for ax in display.axes_] == captions
    assert display.y_true.tolist() == true
    assert display.y_pred.tolist() == predicted


def test_names_belong_to_the_classes_of_the_estimator(few_digits):
    X, y = few_digits
    y = 10 * y + 5  # no positions
    names = [f"digit {i}" for i in range(10)]
    estimator = RidgeClassifier().fit(X, y)
    row = int(np.flatnonzero(estimator.predict(X) == y)[0])
    display = PredictionGridDisplay.from_estimator(
        estimator, X[[row]], y[[row]], target_names=names
    )
    assert display.axes_[0].get_title() == f"✓ digit {(y[row] - 5) // 10}"
    # Also where the first images are of a few classes only.
    display = PredictionGridDisplay.from_predictions(
        X, y, estimator.predict(X), target_names=names, n_images=1
    )
    assert display.axes_[0].get_title().endswith(f"digit {(y[0] - 5) // 10}")


@pytest.mark.parametrize(
    ("true", "names", "message"),
    [
        ([0, 1], ["a"], "target_names has 1 names, which do not fit the 2 classes"),
        (["a", "b"], ["a", "b"], "labels of several kinds"),
        ([0.5, 1], ["a", "b"], "y_true has the value 0.5 at row 0"),
        ([None, 1], ["a", "b"], "y_true has NaN or None at row 0"),
    ],
)
def test_names_that_do_not_fit(true, names, message):
    with pytest.raises(ValueError, match=message):
        PredictionGridDisplay.from_predictions(
            np.zeros((2, 8, 8)), true, [0, 1], target_names=names
        )


@pytest.mark.parametrize("n_classes", [2, 10, 25])
def test_long_names_of_codes_do_not_overlap(n_classes):
    X = np.random.default_rng(0).random((24, 8, 8))
    codes = np.arange(24) % n_classes
    display = PredictionGridDisplay.from_predictions(
        X, codes, codes[::-1], np.full(24, 0.987), target_names=long_names(n_classes, 40)
    )
    assert_apart([ax.title for ax in display.axes_], display.figure_)
    assert_inside([ax.title for ax in display.axes_], display.figure_)
    assert all("\u00a0%" in ax.get_title() for ax in display.axes_)  # not torn apart


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
        ({"y_true": [0]}, "y_true has 1 rows, and y_pred has 2"),
        ({"confidence": [0.5]}, "different lengths"),
        ({"X": np.full((2, 8, 8), np.nan)}, "NaN: first at row 0"),
        ({"X": np.zeros((2, 8, 8, 2))}, "2 channels"),
    ],
)
def test_bad_input(changes, message):
    arguments = {"X": np.zeros((2, 8, 8)), "y_true": [0, 1], "y_pred": [0, 1], **changes}
    with pytest.raises(ValueError, match=message):
        PredictionGridDisplay.from_predictions(**arguments)


def test_predictions_for_image_files(pictures):
    paths, labels = pictures
    display = PredictionGridDisplay.from_predictions(paths, labels, labels[::-1], n_images=4)
    shapes = [image.shape for image in display.images]
    assert shapes == [(8, 9, 1), (12, 7, 3), (5, 20, 3), (8, 9, 1)]


def test_plain_standardized_images():
    X = np.full((2, 8, 8), -1.0)
    display = PredictionGridDisplay.from_predictions(X, [0, 1], [0, 1])
    assert all(np.isfinite(image).all() for image in display.images)


# ---- distributions -----------------------------------------------------------------------------


def bar_counts(ax):
    return [[bar.get_width() for bar in container] for container in ax.containers]


def shares_of_slices(ax):
    return [(wedge.theta2 - wedge.theta1) / 360 for wedge in ax.patches]


def test_bars_have_counts_and_shares():
    y = ["cat"] * 6 + ["dog"] * 2
    display = ClassDistributionDisplay.from_labels(y)
    (ax,) = display.axes_
    assert bar_counts(ax) == [[6, 2]]
    assert [text.get_text() for text in ax.texts] == ["6 (75 %)", "2 (25 %)"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first on top
    assert ax.get_xlabel() == "Number of images"
    assert all(tick % 1 == 0 for tick in ax.get_xticks())
    assert display.figure_ is ax.figure


def test_subsets_stand_side_by_side(digits):
    y = {"train": digits[1][:1200], "test": digits[1][1200:]}
    display = ClassDistributionDisplay.from_labels(y)
    (ax,) = display.axes_
    expected = [np.bincount(part).tolist() for part in y.values()]
    assert bar_counts(ax) == display.counts.tolist() == expected
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["train", "test"]
    first, second = (container[0] for container in ax.containers)
    assert first.get_hatch() != second.get_hatch()  # told apart in grayscale
    assert first.get_facecolor() != second.get_facecolor()
    places = sorted((bar.get_y(), bar.get_height()) for bar in ax.patches)
    for (low, height), (high, _) in itertools.pairwise(places):
        assert low + height <= high + 1e-9


def test_pies_have_shares():
    y = {"train": [0, 0, 0, 1], "test": [1, 1, 0, 0]}
    display = ClassDistributionDisplay.from_labels(y, kind="pie", target_names=["benign", "other"])
    assert [ax.get_title() for ax in display.axes_] == ["train", "test"]
    assert shares_of_slices(display.axes_[0]) == pytest.approx([0.75, 0.25])
    assert shares_of_slices(display.axes_[1]) == pytest.approx([0.5, 0.5])
    assert [text.get_text() for text in written(display.axes_[0])] == ["1", "2"]
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "1  benign:\n3 (75 %) · 2 (50 %)",
        "2  other:\n1 (25 %) · 2 (50 %)",
    ]
    assert legend.get_title().get_text() == "train · test"


def test_short_names_stand_in_their_slices():
    display = ClassDistributionDisplay.from_labels(["cat", "dog", "cat"], kind="both")
    bars, pie = display.axes_
    assert [text.get_text() for text in written(pie)] == ["cat", "dog"]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["cat", "dog"]


def test_bars_number_the_slices_beside_them():
    display = ClassDistributionDisplay.from_labels(["horse", "mouse"], kind="both")
    assert [label.get_text() for label in display.axes_[0].get_yticklabels()] == [
        "1  horse",
        "2  mouse",
    ]
    assert [text.get_text() for text in written(display.axes_[1])] == ["1", "2"]
    assert len(display.axes_) == 2


def test_neighbouring_slices_differ():
    for n in range(2, 100):
        display = ClassDistributionDisplay(np.ones((1, n), int), [str(i) for i in range(n)])
        colors = display._class_colors()
        assert all(a != b for a, b in itertools.pairwise([*colors, colors[0]]))


@pytest.mark.parametrize(
    ("y", "target_names", "names", "counts"),
    [
        ([0, 2, 2], ["a", "b", "c"], ["a", "b", "c"], [1, 0, 2]),  # positions
        ([False, True, True], ["no", "yes"], ["no", "yes"], [1, 2]),
        ([1.0, 0.0], ["no", "yes"], ["no", "yes"], [1, 1]),
        (["b", "a", "b"], ["b", "c", "a"], ["b", "c", "a"], [2, 0, 1]),  # names themselves
        ([3, 7, 7], ["three", "seven"], ["three", "seven"], [1, 2]),  # in sorted order
        (["m", "b", "m"], ["benign", "malignant"], ["benign", "malignant"], [1, 2]),
        ([-1, 1], None, ["-1", "1"], [1, 1]),
        (pd.Series(["x", "y", "x"], dtype="category"), None, ["x", "y"], [2, 1]),
        (np.array(["x", 1], dtype=object).astype(str), None, ["1", "x"], [1, 1]),
    ],
)
def test_names_of_classes(y, target_names, names, counts):
    display = ClassDistributionDisplay.from_labels(y, target_names=target_names)
    assert display.class_names == names
    assert display.counts.tolist() == [counts]


def test_a_class_that_one_subset_lacks():
    display = ClassDistributionDisplay.from_labels({"a": ["x"], "b": ["y", "x"]}, kind="both")
    assert display.counts.tolist() == [[1, 0], [1, 1]]
    assert bar_counts(display.axes_[0]) == [[1, 0], [1, 1]]
    assert [text.get_text() for text in written(display.axes_[1])] == ["x"]


@pytest.mark.parametrize("kind", ["bar", "pie", "both"])
@pytest.mark.parametrize(("n_subsets", "length"), [(1, 40), (3, 2)])
@pytest.mark.parametrize("n_classes", [2, 10, 25])
def test_nothing_overlaps_in_distributions(kind, n_subsets, length, n_classes):
    weights = np.arange(n_classes, 0, -1.0) ** 2
    y = np.random.default_rng(0).choice(n_classes, 5000, p=weights / weights.sum())
    subsets = {f"subset {i}": y[i::3] for i in range(n_subsets)} if n_subsets > 1 else y
    display = ClassDistributionDisplay.from_labels(
        subsets, kind=kind, target_names=long_names(n_classes, length)
    )
    figure = display.figure_
    artists = [text for ax in display.axes_ for text in written(ax)]
    for legend in [*figure.legends, *(ax.get_legend() for ax in display.axes_)]:
        artists += legend.get_texts() if legend else []
    if kind != "pie":
        artists += display.axes_[0].get_yticklabels()
        sizes = [label.get_fontsize() for label in display.axes_[0].get_yticklabels()]
        assert min(sizes) > 8
    artists += [ax.title for ax in display.axes_ if ax.get_title()]
    assert_apart(artists, figure)
    assert_inside(artists, figure)
    assert figure.get_size_inches().max() < 18


def test_numbers_stay_within_their_slices():
    y = np.repeat(np.arange(25), np.arange(25, 0, -1))
    names = long_names(25, 20)
    display = ClassDistributionDisplay.from_labels(y, kind="pie", target_names=names)
    (ax,) = display.axes_
    display.figure_.canvas.draw()
    assert 10 < len(written(ax)) < 25
    for text in written(ax):
        wedge = ax.patches[int(text.get_text()) - 1]
        box = text.get_window_extent().transformed(ax.transData.inverted())
        angles = [
            math.degrees(math.atan2(y, x)) for x in (box.x0, box.x1) for y in (box.y0, box.y1)
        ]
        middle = (wedge.theta1 + wedge.theta2) / 2
        off = max(abs((angle - middle + 180) % 360 - 180) for angle in angles)
        assert off < (wedge.theta2 - wedge.theta1) / 2 + 4


def test_distribution_on_given_axes():
    figure, axes = plt.subplots(1, 3, figsize=(12, 4))
    y = {"train": [0, 1, 1], "test": [0, 1]}
    display = ClassDistributionDisplay.from_labels(y, kind="both", ax=axes)
    assert display.figure_ is figure
    assert list(display.axes_) == list(axes)
    alone, ax = plt.subplots()
    assert ClassDistributionDisplay.from_labels([0, 1], ax=ax).figure_ is alone
    with pytest.raises(ValueError, match=r"must hold 3 axes for kind='both' and 2 subsets. Got 1"):
        ClassDistributionDisplay.from_labels(y, kind="both", ax=ax)


@pytest.mark.parametrize("n_classes", [2, 10, 25])
def test_given_axes_are_not_overrun(n_classes):
    y, names = np.arange(3 * n_classes) % n_classes, long_names(n_classes, 20)
    figure, ax = plt.subplots(figsize=(7, 5))
    display = ClassDistributionDisplay.from_labels(y, kind="pie", target_names=names, ax=ax)
    legend = ax.get_legend()
    assert_apart([*written(ax), *legend.get_texts()], figure)
    assert_inside([*written(ax), *legend.get_texts()], figure)
    radius = max(wedge.r for wedge in ax.patches)
    right = ax.transData.transform((radius, 0))[0]
    assert right <= legend.get_window_extent().x0 + 1
    figure, ax = plt.subplots(figsize=(7, 5))
    display = ClassDistributionDisplay.from_labels(y, target_names=names, ax=ax)
    assert_apart([*written(ax), *ax.get_yticklabels()], display.figure_)


def test_names_are_text_in_distributions():
    names = ["cost $5 {or $6", r"$\frac$ tumour"]
    y = {r"$\frac": [0, 1], "b": [0]}
    display = ClassDistributionDisplay.from_labels(y, kind="both", target_names=names)
    assert any("cost $5 {or $6" in text for text in texts(display))
    pie = ClassDistributionDisplay.from_labels(y, kind="pie", target_names=names)
    assert any("cost $5 {or $6" in text for text in texts(pie))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": []}, "y is empty"),
        ({"y": {}}, "empty dict"),
        ({"y": {"a": [0], "b": []}}, r"y\['b'\] is empty"),
        ({"y": [0, None, 1, None]}, "NaN or None at row 1, and in 2 rows in all"),
        ({"y": [0.0, np.nan]}, "NaN or None at row 1"),
        ({"y": [0.0, 1.5]}, "value 1.5 at row 1"),
        ({"y": np.eye(3)}, r"must have shape \(n,\)"),
        ({"y": np.array([1, "a"], dtype=object)}, "of several kinds"),
        ({"y": {"a": [1, 2], "b": ["x"]}}, "of several kinds"),
        ({"target_names": ["a", "b"]}, "2 names, which do not fit the 3 classes"),
        ({"kind": "donut"}, "kind must be"),
    ],
)
def test_bad_distributions(changes, message):
    with pytest.raises(ValueError, match=message):
        ClassDistributionDisplay.from_labels(**{"y": [0, 1, 9], **changes})


# ---- images of each class ----------------------------------------------------------------------


def test_images_of_each_class():
    bunch = load_digits()
    display = ImageGridDisplay.from_images(
        bunch.images, bunch.target, target_names=bunch.target_names, title="Digits"
    )
    assert display.class_names == [str(i) for i in range(10)]
    assert bunch.target[display.rows].tolist() == list(range(10))
    assert [ax.get_title() for ax in display.axes_] == display.class_names
    drawn = np.stack([ax.images[0].get_array() for ax in display.axes_])
    np.testing.assert_allclose(drawn, bunch.images[display.rows] / 16, rtol=1e-6)
    assert "Digits" in texts(display)


def test_several_images_of_a_class(digits):
    X, y = digits
    display = ImageGridDisplay.from_images(X, y, n_per_class=4)
    assert np.array_equal(y[display.rows], np.repeat(np.arange(10), 4))
    assert len(set(display.rows.tolist())) == 40
    headings = [ax.get_title(loc="left") for ax in display.axes_]
    assert headings[::4] == display.class_names[::4]
    assert set(headings) - set(display.class_names) == {""}


def test_the_choice_is_seeded(digits):
    X, y = digits
    first, again, other = (
        ImageGridDisplay.from_images(X, y, n_per_class=2, random_state=seed).rows.tolist()
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_rare_classes_and_none_at_all(few_digits):
    X, y = few_digits[0][:20], ["common"] * 17 + ["rare"] * 3
    display = ImageGridDisplay.from_images(
        X, y, n_per_class=30, target_names=["common", "no", "rare"]
    )
    assert [display.class_names.count(name) for name in ("common", "no", "rare")] == [17, 0, 3]
    assert len(display.axes_) == 20


def test_images_without_labels(few_digits):
    display = ImageGridDisplay.from_images(few_digits[0], n_per_class=7)
    assert len(display.axes_) == 7
    assert display.class_names is None
    assert texts(display) == []


@pytest.mark.parametrize("container", [list, np.array, pd.Series, lambda p: pd.DataFrame({"p": p})])
def test_only_the_files_that_are_drawn_are_decoded(pictures, monkeypatch, container):
    paths, labels = pictures
    decoded, decode = [], ImageFiles.decode
    monkeypatch.setattr(
        ImageFiles, "decode", lambda self, path: decoded.append(path) or decode(self, path)
    )
    display = ImageGridDisplay.from_images(container(paths), labels)
    assert decoded == [paths[row] for row in display.rows]
    assert display.class_names == ["gray", "high", "wide"]
    assert [image.shape for image in display.images] == [(8, 9, 1), (12, 7, 3), (5, 20, 3)]
    np.testing.assert_allclose(
        display.images[1] * 255, np.asarray(Image.open(decoded[1])), atol=1e-4
    )


def test_images_on_given_axes(few_digits):
    figure, axes = plt.subplots(2, 6)
    display = ImageGridDisplay.from_images(*few_digits, ax=axes)
    assert display.figure_ is figure
    assert list(display.axes_) == list(axes.flat)[:10]
    assert [ax.get_title() for ax in display.axes_] == list("0123456789")
    with pytest.raises(ValueError, match="one axes per image: 10. Got 6"):
        ImageGridDisplay.from_images(*few_digits, ax=axes[0])


@pytest.mark.parametrize(
    ("n_classes", "n_per_class", "length"),
    [(2, 1, 40), (10, 1, 2), (25, 1, 40), (2, 20, 2), (10, 4, 40), (25, 2, 2), (25, 4, 40)],
)
def test_nothing_overlaps_in_image_grids(n_classes, n_per_class, length):
    y = np.arange(20 * n_classes) % n_classes
    X = np.random.default_rng(0).random((len(y), 8, 8))
    display = ImageGridDisplay.from_images(
        X, y, target_names=long_names(n_classes, length), n_per_class=n_per_class, title="A title"
    )
    titles = [ax._left_title for ax in display.axes_ if ax.get_title(loc="left")]
    titles += [ax.title for ax in display.axes_ if ax.get_title()]
    assert len(titles) == n_classes
    artists = [*titles, *display.axes_, display.figure_._suptitle]
    assert_apart(artists, display.figure_)
    assert_inside(artists, display.figure_)
    assert display.figure_.get_size_inches()[0] <= 13


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_per_class": 0}, "n_per_class must be"),
        ({"n_per_class": 1.5}, "n_per_class must be"),
        ({"y": [0]}, "2 images, but y has 1 labels"),
        ({"y": [0, None]}, "NaN or None at row 1"),
        ({"target_names": ["a"]}, "1 names, which do not fit the 2 classes"),
        ({"X": np.zeros((2, 8, 8, 2))}, "2 channels"),
        ({"X": np.full((2, 8, 8), np.inf)}, "infinity: first at row 0"),
        ({"X": ["no.png", "such.png"]}, "'no.png' cannot be read: there is no such file"),
        ({"random_state": "now"}, "now"),
    ],
)
def test_bad_image_grids(changes, message):
    arguments = {"X": np.zeros((2, 8, 8)), "y": [0, 1], **changes}
    with pytest.raises(ValueError, match=message):
        ImageGridDisplay.from_images(**arguments)
