import matplotlib.pyplot as plt
import numpy as np
import pytest
from plotting.figures import assert_readable, texts
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LogisticRegression, Ridge

from skdl import evaluate
from skdl.metrics import limits_of_agreement
from skdl.plotting import BlandAltmanDisplay, DecisionCurveDisplay


@pytest.fixture(scope="module")
def numbers():
    generator = np.random.default_rng(0)
    y_true = generator.uniform(20, 80, 100)
    return y_true, y_true + generator.normal(2, 5, 100)


def test_what_is_drawn(numbers):
    y_true, y_pred = numbers
    display = BlandAltmanDisplay.from_predictions(y_true, y_pred, level=0.9)
    limits = limits_of_agreement(y_true, y_pred, level=0.9)
    assert display.limits == limits
    points, _, *lines = display.ax_.lines
    np.testing.assert_allclose(points.get_xdata(), (y_true + y_pred) / 2)
    np.testing.assert_allclose(points.get_ydata(), y_pred - y_true)
    heights = [line.get_ydata()[0] for line in lines]
    assert heights == [limits.upper.estimate, limits.bias.estimate, limits.lower.estimate]
    assert f"bias\n{limits.bias.estimate:+.3g}" in texts(display)
    assert_readable(display.figure_)
    plt.close(display.figure_)


def test_against_the_truth(numbers):
    y_true, y_pred = numbers
    display = BlandAltmanDisplay.from_predictions(y_true, y_pred, against="true", title="Age")
    np.testing.assert_array_equal(display.ax_.lines[0].get_xdata(), y_true)
    assert display.ax_.get_xlabel() == "True"
    assert display.figure_.get_suptitle() == "Age"
    plt.close(display.figure_)


def test_estimators_and_results_give_the_same():
    X, y = load_diabetes(return_X_y=True)
    model = Ridge().fit(X, y)
    result = evaluate(model, X, y, cv="prefit")
    displays = [
        BlandAltmanDisplay.from_estimator(model, X, y),
        BlandAltmanDisplay.from_result(result),
        BlandAltmanDisplay.from_result(result, "Ridge"),
    ]
    assert len({display.limits for display in displays}) == 1
    plt.close("all")


def test_groups_of_a_result_count():
    X, y = load_diabetes(return_X_y=True)
    X, y = np.repeat(X, 3, axis=0), np.repeat(y, 3)
    result = evaluate(Ridge(), X, y, groups=np.arange(len(y)) // 3)
    limits = BlandAltmanDisplay.from_result(result).limits
    table = result.per_model("Ridge")
    alone = limits_of_agreement(table["y_true"], table["y_pred"])
    assert limits.bias.high - limits.bias.low > 1.5 * (alone.bias.high - alone.bias.low)
    plt.close("all")


def test_given_axes(numbers):
    figure, ax = plt.subplots()
    display = BlandAltmanDisplay.from_predictions(*numbers, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    plt.close(figure)


def test_perfect_predictions():
    with pytest.warns(UserWarning, match="without any variance"):
        display = BlandAltmanDisplay.from_predictions([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert display.limits.upper.estimate == 0
    plt.close(display.figure_)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"against": "nothing"}, "against"),
        ({"y_pred": [1.0, 2.0]}, "y_true has 3 rows, and y_pred has 2"),
        ({"ax": 3}, "ax must hold matplotlib axes"),
    ],
)
def test_bad_input(change, message):
    settings = {"y_true": [1.0, 2.0, 3.0], "y_pred": [1.0, 2.5, 3.0], **change}
    with pytest.raises(ValueError, match=message):
        BlandAltmanDisplay.from_predictions(**settings)
    plt.close("all")


def test_results_of_another_kind():
    X, y = load_diabetes(return_X_y=True)
    of_classes = evaluate(LogisticRegression(max_iter=500), X, (y > 140).astype(int))
    with pytest.raises(ValueError, match="Bland-Altman plots are for regressors"):
        BlandAltmanDisplay.from_result(of_classes)
    of_numbers = evaluate({"a": Ridge(), "b": Ridge(10)}, X, y)
    with pytest.raises(ValueError, match="Pass the name of one"):
        BlandAltmanDisplay.from_result(of_numbers)
    with pytest.raises(ValueError, match="regressors, which do not predict probabilities"):
        DecisionCurveDisplay.from_result(of_numbers)
