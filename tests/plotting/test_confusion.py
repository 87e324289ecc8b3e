import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from plotting.figures import assert_readable, long_names, texts
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix, precision_score, recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.plotting import ConfusionMatricesDisplay


@pytest.fixture(scope="module")
def fitted(digits):
    X, y = digits
    return make_pipeline(StandardScaler(), LogisticRegression(C=1e-3)).fit(X[:200], y[:200])


def outcomes(n_classes, n=2000, share=0.8, seed=0):
    """True and predicted classes, most of them the same."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, n_classes, n)
    guessed = generator.integers(0, n_classes, n)
    return true, np.where(generator.random(n) < share, true, guessed)


def drawn(ax):
    return np.ma.filled(ax.images[0].get_array().astype(float), np.nan)


def numbers(ax):
    n = int(len(ax.texts) ** 0.5)
    return np.array([text.get_text() for text in ax.texts]).reshape(n, n)


def test_counts_precision_and_recall(fitted, digits):
    X, y = digits[0][200:], digits[1][200:]
    display = ConfusionMatricesDisplay.from_estimator(fitted, X, y)
    predicted = fitted.predict(X)
    expected = confusion_matrix(y, predicted)
    np.testing.assert_array_equal(display.confusion_matrix, expected)
    assert np.diag(display.precision) == pytest.approx(precision_score(y, predicted, average=None))
    assert np.diag(display.recall) == pytest.approx(recall_score(y, predicted, average=None))
    assert display.precision.sum(axis=0) == pytest.approx(np.ones(10))
    assert display.recall.sum(axis=1) == pytest.approx(np.ones(10))
    matrices = (expected, display.precision, display.recall)
    for ax, matrix, kind in zip(
        display.axes_, matrices, ("Counts", "Precision", "Recall"), strict=True
    ):
        np.testing.assert_allclose(drawn(ax), matrix)
        assert ax.get_title().startswith(kind)
        assert ax.get_xlabel() == "Predicted class"
    assert display.axes_[0].get_ylabel() == "True class"
    # The same as scikit-learn draws.
    theirs = ConfusionMatrixDisplay.from_predictions(y, predicted)
    np.testing.assert_array_equal(drawn(theirs.ax_), drawn(display.axes_[0]))


def test_numbers_in_the_cells():
    y_true = ["a"] * 4 + ["b"] * 3 + ["c"] * 300
    y_pred = ["a"] * 3 + ["b"] + ["b"] * 3 + ["c"] * 299 + ["b"]
    display = ConfusionMatricesDisplay.from_predictions(y_true, y_pred)
    counts, precision, recall = (numbers(ax).tolist() for ax in display.axes_)
    assert counts == [["3", "1", "0"], ["0", "3", "0"], ["0", "1", "299"]]
    assert precision == [["1", "0.20", "0"], ["0", "0.60", "0"], ["0", "0.20", "1"]]
    assert recall == [["0.75", "0.25", "0"], ["0", "1", "0"], ["0", "0.00", "1.00"]]


def test_numbers_stand_out_from_their_cells():
    true, predicted = outcomes(10)
    display = ConfusionMatricesDisplay.from_predictions(true, predicted)
    for ax in display.axes_:
        image = ax.images[0]
        for text, value in zip(ax.texts, drawn(ax).flat, strict=True):
            background = np.array(image.cmap(image.norm(value)))[:3]
            color = np.array(plt.matplotlib.colors.to_rgb(text.get_color()))
            assert abs(background.mean() - color.mean()) > 0.3


def test_missing_ones_are_hatched_without_a_warning():
    true, predicted = outcomes(4)
    predicted[predicted == 1] = 2  # a class that is never predicted
    true[true == 3] = 0  # one that never occurs
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display = ConfusionMatricesDisplay.from_predictions(true, predicted)
    assert np.isnan(display.precision[:, 1]).all()
    assert np.isnan(display.recall[3]).all()
    assert np.isnan(display.precision).sum() == np.isnan(display.recall).sum() == 4
    assert set(numbers(display.axes_[1])[:, 1]) == {"–"}
    assert set(numbers(display.axes_[2])[3]) == {"–"}
    assert set(numbers(display.axes_[0])[3]) == {"0"}
    for ax in display.axes_[1:]:
        assert ax.images[0].get_array().mask.sum() == 4
        assert ax.patch.get_hatch()


def test_classes_of_the_estimator_count(fitted, digits):
    X, y = digits
    rows = np.flatnonzero(y < 3)
    display = ConfusionMatricesDisplay.from_estimator(
        fitted, X[rows], y[rows], target_names=[f"digit {i}" for i in range(10)]
    )
    assert display.confusion_matrix.shape == (10, 10)
    assert display.class_names[9] == "digit 9"
    assert np.isnan(display.recall[3:]).all()


def test_given_classes_count():
    display = ConfusionMatricesDisplay.from_predictions(["a"], ["a"], labels=["a", "b", "c"])
    assert display.class_names == ["a", "b", "c"]
    assert display.confusion_matrix.sum() == 1


def test_weights():
    display = ConfusionMatricesDisplay.from_predictions(
        [0, 1, 1], [0, 1, 0], sample_weight=[2, 0.25, 0.5]
    )
    assert display.confusion_matrix.tolist() == [[2.0, 0.0], [0.5, 0.25]]
    assert numbers(display.axes_[0]).tolist() == [["2", "0"], ["0.50", "0.25"]]
    assert display.precision[:, 0] == pytest.approx([0.8, 0.2])


@pytest.mark.parametrize(
    ("true", "predicted", "target_names", "names"),
    [
        ([0, 2], [0, 1], ["cat", "dog", "lion"], ["cat", "dog", "lion"]),
        ([False, True], [True, True], ["no", "yes"], ["no", "yes"]),
        (["b", "a"], ["b", "b"], ["b", "a"], ["b", "a"]),
        (pd.Series(["x", "y"], index=[7, 8]), ["y", "y"], None, ["x", "y"]),
    ],
)
def test_names_of_classes(true, predicted, target_names, names):
    display = ConfusionMatricesDisplay.from_predictions(true, predicted, target_names=target_names)
    assert display.class_names == names
    assert [label.get_text() for label in display.axes_[0].get_yticklabels()] == names
    for ax in display.axes_:
        assert [label.get_text() for label in ax.get_xticklabels()] == names
    assert display.confusion_matrix.sum() == len(true)


def test_long_names_are_numbered_under_the_columns():
    true, predicted = outcomes(25)
    names = long_names(25, 40)
    display = ConfusionMatricesDisplay.from_predictions(true, predicted, target_names=names)
    for ax in display.axes_:
        assert [label.get_text() for label in ax.get_xticklabels()] == [
            str(i + 1) for i in range(25)
        ]
    rows = [label.get_text() for label in display.axes_[0].get_yticklabels()]
    assert all(row.startswith(f"{i + 1}  {i:02}") for i, row in enumerate(rows))


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [2, 10, 25])
@pytest.mark.parametrize("length", [0, 12, 40])
def test_nothing_overlaps_in_confusion_matrices(n_classes, length):
    true, predicted = outcomes(n_classes, n=5000)
    display = ConfusionMatricesDisplay.from_predictions(
        true, predicted, target_names=long_names(n_classes, length)
    )
    assert_readable(display.figure_)
    assert all(len(ax.texts) == n_classes**2 for ax in display.axes_)
    for ax in display.axes_:  # the numbers stay within their cells
        cell = ax.get_window_extent().width / n_classes
        assert max(text.get_window_extent().width for text in ax.texts) < cell
    assert min(text.get_fontsize() for ax in display.axes_ for text in ax.texts) >= 5
    assert display.figure_.get_size_inches()[0] < 22


@pytest.mark.slow
def test_many_classes_have_colour_bars_instead_of_numbers():
    true, predicted = outcomes(80, n=20_000)
    display = ConfusionMatricesDisplay.from_predictions(
        true, predicted, target_names=[f"class {i}" for i in range(80)]
    )
    assert all(len(ax.texts) == 0 for ax in display.axes_)
    bars = [ax for ax in display.figure_.axes if ax not in set(display.axes_)]
    assert len(bars) == 3
    assert_readable(display.figure_)
    assert bars[1].get_ylim() == (0, 1)


def test_dollar_signs_are_text_in_confusion_matrices():
    names = ["cost $5 {or $6", r"$\frac$ tumour"]
    display = ConfusionMatricesDisplay.from_predictions([0, 1], [0, 1], target_names=names)
    assert any("cost $5" in text.replace("\n", " ") for text in texts(display))


def test_confusion_matrices_on_given_axes():
    figure, axes = plt.subplots(3, 1, figsize=(4, 12), layout="constrained")
    true, predicted = outcomes(3)
    display = ConfusionMatricesDisplay.from_predictions(
        true, predicted, target_names=["one", "two", "three"], ax=axes
    )
    assert display.figure_ is figure
    assert list(display.axes_) == list(axes)
    for ax in axes:  # which may stand anywhere
        assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two", "three"]
    assert_readable(figure)
    again = ConfusionMatricesDisplay(display.confusion_matrix).plot()
    assert [label.get_text() for label in again.axes_[0].get_yticklabels()] == ["0", "1", "2"]
    with pytest.raises(ValueError, match="must hold 3 axes, for Counts, Precision.* Got 1"):
        again.plot(ax=axes[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_true": [0, 1]}, "y_true has 2 rows, and y_pred has 3"),
        ({"y_true": [0, None, 1]}, "y_true has NaN or None at row 1"),
        ({"y_pred": [0, np.nan, 1]}, "y_pred has NaN or None at row 1"),
        ({"y_pred": [0.2, 0.8, 0.4]}, "y_pred has the value 0.2 at row 0"),
        ({"y_true": [], "y_pred": []}, "y_true is empty"),
        ({"y_pred": ["a", "b", "a"]}, "of several kinds"),
        ({"target_names": ["a"]}, "1 names, which do not match the 2 classes"),
        ({"sample_weight": [1.0]}, "inconsistent numbers of samples"),
    ],
)
def test_bad_outcomes(changes, message):
    arguments = {"y_true": [0, 1, 1], "y_pred": [0, 1, 0], **changes}
    with pytest.raises(ValueError, match=message):
        ConfusionMatricesDisplay.from_predictions(**arguments)


def test_bad_estimators(fitted, digits):
    X, y = digits
    with pytest.raises(
        ValueError, match="y has the label '0' at row 0, which is not a class of Pip"
    ):
        ConfusionMatricesDisplay.from_estimator(fitted, X, y.astype(str))
    with pytest.raises(ValueError, match="y has the label 17 at row 1"):
        ConfusionMatricesDisplay.from_estimator(fitted, X[:2], [3, 17])
    with pytest.raises(ValueError, match="StandardScaler has no predict"):
        ConfusionMatricesDisplay.from_estimator(StandardScaler().fit(X), X, y)
    for estimator in (LinearRegression(), KMeans(2, n_init=1, random_state=0)):
        with pytest.raises(ValueError, match="has no classes_. Pass a fitted classifier"):
            ConfusionMatricesDisplay.from_estimator(estimator.fit(X, y), X, y)
    with pytest.raises(ValueError, match="not fitted"):
        ConfusionMatricesDisplay.from_estimator(LogisticRegression(), X, y)
    with pytest.raises(ValueError, match="confusion_matrix must be square"):
        ConfusionMatricesDisplay(np.ones((2, 3))).plot()
    with pytest.raises(ValueError, match=r"Got shape \(2, 2\) for 3 classes"):
        ConfusionMatricesDisplay(np.ones((2, 2)), ["a", "b", "c"]).plot()
