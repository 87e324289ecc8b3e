import itertools
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from plotting.figures import assert_apart, assert_readable, long_names, texts

from skdl.plotting import (
    ClassDistributionDisplay,
)


def written(ax):
    """What is written into axes, such as counts and numbers."""
    return [text for text in ax.texts if text.get_text()]


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
    assert_readable(figure, artists)
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
    with pytest.raises(
        ValueError, match="ax must hold 3 axes, for the bars, pie 1 and pie 2. Got 1"
    ):
        ClassDistributionDisplay.from_labels(y, kind="both", ax=ax)


@pytest.mark.parametrize("n_classes", [2, 10, 25])
def test_given_axes_are_not_overrun(n_classes):
    y, names = np.arange(3 * n_classes) % n_classes, long_names(n_classes, 20)
    figure, ax = plt.subplots(figsize=(7, 5))
    display = ClassDistributionDisplay.from_labels(y, kind="pie", target_names=names, ax=ax)
    legend = ax.get_legend()
    assert_readable(figure, [*written(ax), *legend.get_texts()])
    radius = max(wedge.r for wedge in ax.patches)
    right = ax.transData.transform((radius, 0))[0]
    assert right <= legend.get_window_extent().x0 + 1
    figure, ax = plt.subplots(figsize=(7, 5))
    display = ClassDistributionDisplay.from_labels(y, target_names=names, ax=ax)
    assert_apart(display.figure_, [*written(ax), *ax.get_yticklabels()])


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
        ({"target_names": ["a", "b"]}, "2 names, which do not match the 3 classes"),
        ({"kind": "donut"}, "kind must be"),
    ],
)
def test_bad_distributions(changes, message):
    with pytest.raises(ValueError, match=message):
        ClassDistributionDisplay.from_labels(**{"y": [0, 1, 9], **changes})
