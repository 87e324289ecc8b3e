import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from plotting.figures import assert_readable, long_names, texts

from skdl import evaluate
from skdl.plotting import SubgroupDisplay


def frame(names=("female", "male"), columns=("sex", "scanner"), seed=0):
    generator = np.random.default_rng(seed)
    rows = []
    for column in columns:
        for value in names:
            estimate = generator.uniform(0.8, 0.95)
            low, high = estimate - generator.uniform(0, 0.1), estimate + generator.uniform(0, 0.05)
            rows.append((column, value, generator.integers(10, 999), estimate, low, high, 0.5))
    names = ["column", "value", "n", "estimate", "low", "high", "p_holm"]
    return pd.DataFrame(rows, columns=names)


def marks(ax):
    """Dots, diamonds and whiskers by row."""
    found = {"o": {}, "D": {}, "None": {}}
    for line in ax.lines:
        x, y = line.get_xdata(), line.get_ydata()
        if line.get_linestyle() != "--":
            found[line.get_marker()][int(y[0])] = tuple(x) if len(x) > 1 else x[0]
    return found["o"], found["D"], found["None"]


class Result:
    """Stands for the result of an evaluation."""

    metrics = ("accuracy", "sensitivity")

    def __init__(self, models=("cnn",)):
        self.models = models
        self.asked = []

    def subgroups(self, metrics, **params):
        self.asked.append((metrics, params))
        parts = [frame(seed=i).assign(model=m) for i, m in enumerate(self.models)]
        return pd.concat(parts, ignore_index=True)

    def summary(self, **params):
        rows = [(m, k, 0.9, 0.85, 0.94) for m in self.models for k in self.metrics]
        return pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high"])


def test_values_and_intervals():
    rows = frame()
    rows.loc[3, "p_holm"] = 0.0004
    before = rows.copy()
    display = SubgroupDisplay(rows, (0.9, 0.85, 0.94), "roc_auc").plot(title="Who is worse off")
    names = [tick.get_text() for tick in display.ax_.get_yticklabels()]
    assert names == ["sex", "female", "male", "scanner", "female", "male"]
    assert display.ax_.get_ylim() == (5.5, -0.5)  # the first on top
    dots, diamonds, whiskers = marks(display.ax_)
    assert list(dots) == [1, 2, 4]
    assert list(diamonds) == [5]
    assert [*dots.values(), *diamonds.values()] == rows["estimate"].tolist()
    assert list(whiskers.values()) == list(zip(rows["low"], rows["high"], strict=True))
    written = texts(display)
    value, low, high = rows[["estimate", "low", "high"]].iloc[0]
    assert f"{value:.3f} ({low:.3f}–{high:.3f})" in written
    assert str(rows["n"][0]) in written
    assert "< 0.001" in written
    assert written.count("0.500") == 3
    assert "Who is worse off" in written
    assert "Dashed: all images, 0.900" in display.ax_.get_xlabel()
    assert "Diamonds: differs from the rest" in display.ax_.get_xlabel()
    (line,) = [line for line in display.ax_.lines if line.get_linestyle() == "--"]
    assert line.get_xdata()[0] == 0.9
    pd.testing.assert_frame_equal(rows, before)


def test_what_is_not_known_is_left_out():
    rows = frame().drop(columns="p_holm")
    rows.loc[0, ["estimate", "low", "high"]] = np.nan
    rows.loc[1, ["low", "high"]] = np.nan
    display = SubgroupDisplay(rows).plot()
    written = texts(display)
    assert written.count("not available") == 1
    assert f"{rows['estimate'][1]:.3f}" in written
    assert "p (Holm)" not in written
    assert display.ax_.get_xlabel() == "Score with 95 % confidence interval"
    assert set(marks(display.ax_)[0]) == {2, 4, 5}
    nothing = rows.assign(estimate=np.nan, low=np.nan, high=np.nan)
    unknown = SubgroupDisplay(nothing, (np.nan, np.nan, np.nan)).plot()
    assert_readable(unknown.figure_)
    assert not unknown.ax_.lines


@pytest.mark.parametrize("n_values", [1, 2, 10])
@pytest.mark.parametrize("length", [3, 60])
@pytest.mark.parametrize("n_columns", [1, 4])
def test_nothing_overlaps(n_values, length, n_columns):
    rows = frame(long_names(n_values, length), long_names(n_columns, length))
    rows.loc[0, ["estimate", "low", "high", "p_holm"]] = np.nan
    rows.loc[1:2, "p_holm"] = 1e-9
    display = SubgroupDisplay(rows, (0.9, 0.85, 0.94)).plot(title="Subgroups")
    assert_readable(display.figure_)


def test_given_axes_and_names_as_text():
    figure, ax = plt.subplots(layout="constrained", figsize=(9, 4))
    display = SubgroupDisplay(frame(["$a", "b$"])).plot(ax=ax)
    assert display.figure_ is figure
    assert "$a" in texts(display)
    with pytest.raises(ValueError, match="ax must hold 1 axes, for all subgroups. Got 2"):
        SubgroupDisplay(frame()).plot(ax=plt.subplots(1, 2)[1])


def test_an_evaluation_with_a_chosen_metric_and_model():
    result = Result(["cnn", "svc"])
    display = SubgroupDisplay.from_result(
        result, "sensitivity", model="svc", level=0.9, min_images=20
    )
    assert result.asked == [(["sensitivity"], {"level": 0.9, "min_images": 20})]
    assert display.frame["estimate"].tolist() == frame(seed=1)["estimate"].tolist()
    assert display.ax_.get_xlabel().startswith("Sensitivity with 90 % confidence interval")
    alone = Result()
    assert SubgroupDisplay.from_result(alone).metric == "accuracy"
    assert len(alone.asked) == 1
    with pytest.raises(ValueError, match=r"several models: \['cnn', 'svc'\]. Pass the name"):
        SubgroupDisplay.from_result(result)
    with pytest.raises(ValueError, match="no model 'swc'.*Did you mean 'svc'"):
        SubgroupDisplay.from_result(result, model="swc")
    with pytest.raises(ValueError, match=r"DataFrame has no method subgroups\(\)"):
        SubgroupDisplay.from_result(frame())


def test_a_real_evaluation():
    from sklearn.naive_bayes import GaussianNB

    generator = np.random.default_rng(0)
    y = np.tile([0, 1], 60)
    X = generator.normal(size=(120, 2)) + y[:, None]
    sex = np.repeat(["female", "male"], 60)
    result = evaluate(GaussianNB(), X, y, scoring=["roc_auc"], subgroups={"sex": sex})
    display = SubgroupDisplay.from_result(result)
    table, overall = result.subgroups(), result.summary().iloc[0]
    assert list(marks(display.ax_)[0].values()) == table["estimate"].tolist()
    assert display.overall == (overall["value"], overall["low"], overall["high"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (frame().drop(columns="low"), "no column 'low'. Expected a DataFrame with the columns col"),
        ({"column": ["a"]}, "no column 'column'"),
        (frame().iloc[:0], "The frame has no rows"),
        (frame(["a", "a"]), "more than one row for 'sex' = 'a'. Pass the rows of one model"),
    ],
)
def test_bad_frames(rows, message):
    with pytest.raises(ValueError, match=message):
        SubgroupDisplay(rows).plot()
