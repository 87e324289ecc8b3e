import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from plotting.figures import assert_readable, long_names, texts

from skdl.plotting import ModelComparisonDisplay

METRICS = ["sensitivity", "specificity", "roc_auc", "f1", "balanced_accuracy", "npv"]


def summary(models, metrics=METRICS[:2], seed=0):
    generator = np.random.default_rng(seed)
    rows = []
    for model in models:
        for metric in metrics:
            value = generator.uniform(0.8, 0.95)
            low, high = value - generator.uniform(0, 0.1), value + generator.uniform(0, 0.05)
            rows.append((model, metric, value, low, high))
    return pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high"])


class Result:
    """Stands for the result of an evaluation."""

    def __init__(self, frame):
        self.frame = frame

    def summary(self):
        return self.frame


def marks(ax):
    """Dots and whiskers by row."""
    dots = {
        int(line.get_ydata()[0]): line.get_xdata()[0]
        for line in ax.lines
        if line.get_marker() == "o"
    }
    whiskers = {
        int(line.get_ydata()[0]): tuple(line.get_xdata())
        for line in ax.lines
        if line.get_marker() == "|"
    }
    return dots, whiskers


def test_values_and_intervals():
    frame = summary(["svc", "cnn", "vgg16"])
    before = frame.copy()
    display = ModelComparisonDisplay(frame).plot(title="Three models")
    assert [ax.get_title() for ax in display.axes_] == ["Sensitivity", "Specificity"]
    names = [tick.get_text() for tick in display.axes_[0].get_yticklabels()]
    assert names == ["svc", "cnn", "vgg16"]
    for ax, metric in zip(display.axes_, METRICS, strict=False):
        dots, whiskers = marks(ax)
        rows = frame[frame["metric"] == metric]
        assert list(dots.values()) == rows["value"].tolist()
        assert list(whiskers.values()) == list(zip(rows["low"], rows["high"], strict=True))
        assert ax.get_ylim() == (2.5, -0.5)  # the first model on top
        low, high = ax.get_xlim()
        assert low < rows["low"].min() < rows["high"].max() < high
        value, low, high = rows[["value", "low", "high"]].iloc[0]
        assert f"{value:.3f} ({low:.3f}–{high:.3f})" in texts(display)
    assert "Three models" in texts(display)
    pd.testing.assert_frame_equal(frame, before)


def test_shares_have_one_scale_and_others_their_own():
    frame = summary(["a", "b"], ["sensitivity", "specificity", "seconds"])
    frame.loc[frame["metric"] == "seconds", ["value", "low", "high"]] *= 1000
    sensitivity, specificity, seconds = ModelComparisonDisplay(frame).plot().axes_
    assert sensitivity.get_xlim() == specificity.get_xlim()
    assert sensitivity.get_xlim()[1] <= 1.02
    assert max(sensitivity.get_xticks()) <= 1  # the room behind it is for markers
    assert seconds.get_xlim()[1] > 800


def test_missing_values_are_not_available():
    frame = summary(["a", "b", "c"], METRICS[:3])
    frame.loc[
        (frame["model"] == "b") & (frame["metric"] == "roc_auc"), ["value", "low", "high"]
    ] = np.nan
    frame.loc[(frame["model"] == "c") & (frame["metric"] == "sensitivity"), ["low", "high"]] = (
        np.nan
    )
    frame = frame[(frame["model"] != "c") | (frame["metric"] != "specificity")]  # no such row
    display = ModelComparisonDisplay(frame).plot()
    sensitivity, specificity, auc = display.axes_
    assert texts(display).count("not available") == 2
    assert set(marks(auc)[0]) == {0, 2}
    assert set(marks(specificity)[0]) == {0, 1}
    dots, whiskers = marks(sensitivity)
    assert set(dots) == {0, 1, 2}
    assert set(whiskers) == {0, 1}
    for ax, row in ((specificity, 2), (auc, 1)):
        (note,) = [text for text in ax.texts if text.get_text() == "not available"]
        assert note.get_position()[1] == row


def test_nothing_is_available():
    frame = summary(["a", "b"]).assign(value=np.nan, low=np.nan, high=np.nan)
    display = ModelComparisonDisplay(frame).plot()
    assert texts(display).count("not available") == 4
    assert_readable(display.figure_)


def test_result_with_chosen_metrics():
    frame = summary(["a", "b"], METRICS)
    display = ModelComparisonDisplay.from_result(Result(frame), ["roc_auc", "f1", "sensitivity"])
    assert [ax.get_title() for ax in display.axes_] == ["ROC AUC", "F1", "Sensitivity"]
    dots, _ = marks(display.axes_[0])
    assert list(dots.values()) == frame.loc[frame["metric"] == "roc_auc", "value"].tolist()
    assert len(ModelComparisonDisplay.from_result(Result(frame)).axes_) == 6


@pytest.mark.parametrize("n_models", [1, 2, 10])
@pytest.mark.parametrize("length", [3, 60])
@pytest.mark.parametrize("n_metrics", [1, 2, 6])
def test_nothing_overlaps(n_models, length, n_metrics):
    frame = summary(long_names(n_models, length), METRICS[:n_metrics])
    frame.loc[1:2, ["value", "low", "high"]] = np.nan
    display = ModelComparisonDisplay(frame).plot(title="Models")
    assert_readable(display.figure_)


def test_given_axes_and_names_as_text():
    figure, axes = plt.subplots(1, 2, layout="constrained", figsize=(9, 3))
    display = ModelComparisonDisplay(summary(["$a", "b"])).plot(ax=axes)
    assert display.figure_ is figure
    assert "$a" in texts(display)
    with pytest.raises(ValueError, match="ax must hold 1 axes, for sensitivity. Got 2"):
        ModelComparisonDisplay(summary(["a"], METRICS[:1])).plot(ax=axes)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (summary(["a"]).drop(columns="low"), "no column 'low'. Expected a DataFrame with the col"),
        ({"model": ["a"]}, "no column 'model'"),
        (summary(["a"]).iloc[:0], "The frame has no rows"),
        (summary(["a", "a"]), "more than one row for 'sensitivity' of the model 'a'"),
        (
            summary(["a"]).assign(high=0.1),
            "'sensitivity' of the model 'a' is .* the value must be within",
        ),
        (summary(["a"]).assign(value=np.inf), "must be finite"),
    ],
)
def test_bad_frames(frame, message):
    with pytest.raises(ValueError, match=message):
        ModelComparisonDisplay(frame).plot()
    with pytest.raises(ValueError, match=message):
        ModelComparisonDisplay.from_result(Result(frame))


def test_bad_results():
    result = Result(summary(["a"]))
    with pytest.raises(ValueError, match="DataFrame has no method summary"):
        ModelComparisonDisplay.from_result(result.frame)
    with pytest.raises(
        ValueError, match="no metric 'auc'. Its metrics are: .'sensitivity', 'specificity'"
    ):
        ModelComparisonDisplay.from_result(result, ["auc"])
    with pytest.raises(ValueError, match=r"nothing to draw for metrics=\[\]"):
        ModelComparisonDisplay.from_result(result, [])
