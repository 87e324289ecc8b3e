import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from plotting.figures import assert_readable, long_names, texts
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_fscore_support

from skdl.metrics import wilson_interval
from skdl.plotting import PerClassMetricsDisplay


def outcomes(n_classes, n=1500, seed=0):
    """True and predicted classes, the later ones rare."""
    generator = np.random.default_rng(seed)
    weights = np.arange(n_classes, 0, -1.0) ** 1.5
    true = generator.choice(n_classes, n, p=weights / weights.sum())
    guessed = generator.integers(0, n_classes, n)
    return true, np.where(generator.random(n) < 0.8, true, guessed)


def of_metric(display, metric):
    return display.frame[display.frame["metric"] == metric]


def test_the_metrics_of_each_class(digits):
    X, y = digits
    model = LogisticRegression(C=1e-4).fit(X[:300], y[:300])
    display = PerClassMetricsDisplay.from_estimator(model, X[300:], y[300:])
    expected = precision_recall_fscore_support(y[300:], model.predict(X[300:]))
    for metric, values in zip(("precision", "recall", "f1"), expected, strict=False):
        table = of_metric(display, metric)
        assert table["value"].to_numpy() == pytest.approx(values)
        assert table["support"].tolist() == expected[3].tolist()
        assert table["class"].tolist() == [str(i) for i in range(10)]
        assert (table["low"] <= table["value"]).all()
        assert (table["value"] <= table["high"]).all()


def test_intervals():
    y_true = ["a"] * 10 + ["b"] * 30
    y_pred = ["a"] * 8 + ["b"] * 2 + ["b"] * 25 + ["a"] * 5
    display = PerClassMetricsDisplay.from_predictions(y_true, y_pred, level=0.9)
    table = display.frame[display.frame["class"] == "a"].set_index("metric")
    low, high = wilson_interval([8, 8], [13, 10], level=0.9)
    assert table.loc[["precision", "recall"], "low"].to_numpy() == pytest.approx(low)
    assert table.loc[["precision", "recall"], "high"].to_numpy() == pytest.approx(high)
    # F1 grows with the share of the 8 among the 15 cases that are a, or were taken for it.
    low, high = wilson_interval(8, 15, level=0.9)
    assert table.loc["f1", "value"] == pytest.approx(16 / 23)
    assert table.loc["f1", "low"] == pytest.approx(2 * low / (1 + low))
    assert table.loc["f1", "high"] == pytest.approx(2 * high / (1 + high))
    assert "90 % confidence" in display.ax_.get_xlabel()


def test_intervals_of_f1_hold_their_level(monkeypatch):
    """Of a rare class, for which a bootstrap is too narrow."""
    monkeypatch.setattr(PerClassMetricsDisplay, "plot", lambda self, ax: self)  # for speed
    generator = np.random.default_rng(0)
    n, prevalence, sensitivity, false_positives = 200, 0.1, 0.9, 0.02
    hits, found = prevalence * sensitivity, (1 - prevalence) * false_positives
    expected, n_held, n_draws = 2 * hits / (prevalence + hits + found), 0, 250
    for _ in range(n_draws):
        true = generator.random(n) < prevalence
        predicted = generator.random(n) < np.where(true, sensitivity, false_positives)
        frame = PerClassMetricsDisplay.from_predictions(true, predicted).frame
        row = frame[(frame["class"] == "True") & (frame["metric"] == "f1")].iloc[0]
        n_held += row["low"] <= expected <= row["high"]
    assert 0.92 < n_held / n_draws < 0.985


def test_what_is_drawn():
    display = PerClassMetricsDisplay.from_predictions(*outcomes(4))
    ax = display.ax_
    assert [container.get_label() for container in ax.containers] == ["precision", "recall", "F1"]
    for container, metric in zip(ax.containers, ("precision", "recall", "f1"), strict=True):
        points, _, (whiskers,) = container.lines
        table = of_metric(display, metric)
        assert points.get_xdata() == pytest.approx(table["value"].to_numpy())
        assert np.rint(points.get_ydata()).tolist() == [0, 1, 2, 3]
        ends = np.array([segment[:, 0] for segment in whiskers.get_segments()])
        assert ends == pytest.approx(table[["low", "high"]].to_numpy())
    assert len({container.lines[0].get_marker() for container in ax.containers}) == 3
    assert len({container.lines[0].get_color() for container in ax.containers}) == 3
    places = np.sort(np.concatenate([c.lines[0].get_ydata() for c in ax.containers]))
    assert np.diff(places).min() > 0.2  # no whisker lies over another one
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first class on top
    (cases,) = ax.child_axes
    support = of_metric(display, "recall")["support"]
    assert [label.get_text() for label in cases.get_yticklabels()] == [str(n) for n in support]


def test_what_is_not_defined():
    true, predicted = outcomes(5)
    predicted[predicted == 1] = 0  # never predicted
    predicted[true == 3], true[true == 3] = 2, 2  # never true
    true[true == 4] = 0
    predicted[predicted == 4] = 0  # neither
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display = PerClassMetricsDisplay.from_predictions(
            true, predicted, target_names=["a", "b", "c", "d", "e"]
        )
    table = display.frame.set_index(["class", "metric"])
    missing = table.index[table["value"].isna()].tolist()
    assert missing == [
        ("b", "precision"),
        ("d", "recall"),
        *(("e", m) for m in table.loc["e"].index),
    ]
    assert table.loc[missing, ["low", "high"]].isna().all(axis=None)
    assert table.loc[("d", "f1"), "value"] == 0
    assert [text.get_text() for text in display.ax_.texts] == [
        "no precision",
        "no precision",
        "no recall",
        "no recall",
        "no F1",
    ]


def test_given_classes_are_drawn():
    display = PerClassMetricsDisplay.from_predictions([0], [0], labels=[0, 1])
    assert display.frame["class"].tolist() == ["0"] * 3 + ["1"] * 3


def test_classes_with_the_same_name():
    display = PerClassMetricsDisplay.from_predictions(
        [0, 1, 1], [0, 1, 0], target_names=["same", "same"]
    )
    assert [len(container.lines[0].get_xdata()) for container in display.ax_.containers] == [2] * 3


@pytest.mark.parametrize("n_classes", [2, 10, 25])
@pytest.mark.parametrize("length", [0, 40])
def test_nothing_overlaps_in_per_class_metrics(n_classes, length):
    true, predicted = outcomes(n_classes)
    predicted[predicted == 1] = 0
    display = PerClassMetricsDisplay.from_predictions(
        true, predicted, target_names=long_names(n_classes, length)
    )
    assert_readable(display.figure_)
    labels = display.ax_.get_yticklabels()
    assert min(label.get_fontsize() for label in labels) > 7
    assert display.figure_.get_size_inches().max() < 18


def test_dollar_signs_are_text_in_per_class_metrics():
    names = ["cost $5 {or $6", r"$\frac$ tumour"]
    display = PerClassMetricsDisplay.from_predictions([0, 1], [0, 1], target_names=names)
    assert set(names) <= set(texts(display))


def test_per_class_metrics_on_given_axes():
    figure, axes = plt.subplots(1, 2, figsize=(14, 5), layout="constrained")
    display = PerClassMetricsDisplay.from_predictions(
        *outcomes(25), target_names=long_names(25, 20), ax=axes[0]
    )
    assert display.figure_ is figure
    assert display.ax_ is axes[0]
    assert_readable(figure)
    recalls = of_metric(display, "recall")
    again = PerClassMetricsDisplay(recalls).plot(ax=axes[1])
    assert [container.get_label() for container in again.ax_.containers] == ["recall"]
    with pytest.raises(ValueError, match="ax must hold 1 axes, for all metrics. Got 2"):
        again.plot(ax=axes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_true": [0, 1]}, "y_true has 2 rows, and y_pred has 3"),
        ({"y_true": [0, None, 1]}, "y_true has NaN or None at row 1"),
        ({"y_pred": ["a", "b", "a"]}, "of several kinds"),
        ({"target_names": ["a"]}, "1 names, which do not match the 2 classes"),
        ({"level": 95}, "level must be between 0 and 1"),
    ],
)
def test_bad_outcomes(changes, message):
    arguments = {"y_true": [0, 1, 1], "y_pred": [0, 1, 0], **changes}
    with pytest.raises(ValueError, match=message):
        PerClassMetricsDisplay.from_predictions(**arguments)


def test_bad_estimators_and_frames(few_digits):
    X, y = few_digits
    model = LogisticRegression(C=1e-4).fit(X, y)
    with pytest.raises(
        ValueError, match="label 10 at row 0, which is not a class of LogisticRegress"
    ):
        PerClassMetricsDisplay.from_estimator(model, X, y + 10)
    frame = PerClassMetricsDisplay.from_predictions([0, 1], [0, 1]).frame
    with pytest.raises(ValueError, match=r"Missing: \['low'\]"):
        PerClassMetricsDisplay(frame.drop(columns="low")).plot()


def test_groups_widen_intervals():
    """Three copies of each case, in a group, are worth one."""
    generator = np.random.default_rng(0)
    y_true = generator.integers(0, 3, 90)
    y_pred = np.where(generator.random(90) < 0.8, y_true, (y_true + 1) % 3)
    once = PerClassMetricsDisplay.from_predictions(y_true, y_pred).frame
    copies = [np.repeat(values, 3) for values in (y_true, y_pred)]
    groups = np.repeat(np.arange(90), 3)
    found = PerClassMetricsDisplay.from_predictions(*copies, groups=groups).frame
    np.testing.assert_allclose(found["value"], once["value"])
    np.testing.assert_allclose(found[["low", "high"]], once[["low", "high"]], atol=0.02)
    plt.close("all")


def test_a_class_in_one_group_has_no_interval():
    y_true = np.repeat([0, 1], [30, 3])
    y_pred = np.where(np.arange(33) % 7 == 0, 1 - y_true, y_true)
    groups = np.arange(33) // 3
    frame = PerClassMetricsDisplay.from_predictions(y_true, y_pred, groups=groups).frame
    ends = frame.set_index(["class", "metric"])["low"]
    assert np.isnan(ends["1", "recall"])
    assert ends["0", "recall"] > 0
    with pytest.raises(ValueError, match="groups has 2 values, but there are 33 images"):
        PerClassMetricsDisplay.from_predictions(y_true, y_pred, groups=[1, 2])
    plt.close("all")
