"""Evaluations of regressors."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import make_scorer, mean_absolute_error, median_absolute_error
from sklearn.model_selection import GridSearchCV, KFold, RepeatedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.evaluation import EvaluationWarning, RegressionResult, evaluate
from skdl.metrics import confidence_interval


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True)


@pytest.fixture(scope="module")
def result(diabetes):
    models = {"ridge": Ridge(0.1), "mean": DummyRegressor()}
    sex = np.where(diabetes[0][:, 1] > 0, "m", "f")
    return evaluate(models, *diabetes, subgroups={"sex": sex})


def test_predictions_are_those_of_scikit_learn(diabetes, result):
    assert isinstance(result, RegressionResult)
    table = result.per_model("ridge")
    np.testing.assert_array_equal(table["y_true"], diabetes[1])
    np.testing.assert_allclose(table["y_pred"], cross_val_predict(Ridge(0.1), *diabetes))
    columns = ["model", "fold", "row", "y_true", "y_pred"]
    assert result.predictions.columns.tolist() == columns


def test_scores_by_default(diabetes, result):
    y_pred = result.per_model("ridge")["y_pred"]
    summary = result.summary().query("model == 'ridge'").set_index("metric")
    assert summary.index.tolist() == result.metrics
    assert result.metrics[:3] == ["r2", "mae", "rmse"]
    for metric, row in summary.iterrows():
        expected = confidence_interval(metric, diabetes[1], y_pred)
        np.testing.assert_allclose(row[["value", "low", "high"]].to_numpy(float), expected)
        assert row["method"] == ("t" if metric.endswith(("bias", "agreement")) else "wald")
    fold = result.scores.query("model == 'ridge' and metric == 'mae' and fold == 0")["value"]
    part = result.predictions.query("model == 'ridge' and fold == 0")
    assert fold.item() == mean_absolute_error(part["y_true"], part["y_pred"])


def test_names_and_scorers_of_scikit_learn(diabetes):
    scoring = {
        "error": "neg_mean_absolute_error",
        "median": make_scorer(median_absolute_error, greater_is_better=False),
    }
    found = evaluate(Ridge(0.1), *diabetes, scoring=scoring)
    summary = found.summary().set_index("metric")
    y_pred = found.per_model("Ridge")["y_pred"]
    expected = confidence_interval("mae", diabetes[1], y_pred)
    np.testing.assert_allclose(
        summary.loc["error", ["value", "low", "high"]].to_numpy(float),
        [-expected.estimate, -expected.high, -expected.low],
    )
    assert summary["method"].tolist() == ["wald", "bootstrap"]
    assert summary.loc["median", "low"] < summary.loc["median", "value"]


def test_models_are_compared_on_the_same_images(diabetes, result):
    (row,) = result.compare().to_dict("records")
    errors = {m: (t := result.per_model(m))["y_pred"] - t["y_true"] for m in result.models}
    difference = errors["ridge"].abs() - errors["mean"].abs()
    assert row["only_a_closer"] == (difference < 0).sum()
    assert row["only_a_closer"] + row["only_b_closer"] == len(diabetes[1])
    np.testing.assert_allclose(row["mae_difference"], difference.mean())
    assert row["mae_difference_high"] < 0
    assert row["mae_p"] == row["mae_p_holm"] < 1e-6
    half = 1.9655 * difference.std() / np.sqrt(len(difference))
    np.testing.assert_allclose(row["mae_difference_low"], difference.mean() - half, rtol=1e-3)


def test_equal_models_have_no_test(diabetes):
    (row,) = evaluate({"a": Ridge(), "b": Ridge()}, *diabetes).compare().to_dict("records")
    assert row["mae_difference"] == 0
    assert np.isnan([row["mae_p"], row["mae_difference_low"]]).all()


def test_groups_stay_together_and_make_intervals_wider(diabetes):
    X, y = (np.concatenate([part, part]) for part in diabetes)
    patients = np.tile(np.arange(len(diabetes[1])), 2)
    with pytest.warns(EvaluationWarning, match="also in the training data"):
        apart = evaluate(Ridge(0.1), X, y, cv=KFold(5, shuffle=True, random_state=0))
    grouped = evaluate(Ridge(0.1), X, y, groups=patients)
    assert grouped.split_groups == []
    assert grouped.leaks.empty
    widths = [
        (row := found.summary().set_index("metric").loc["mae"])["high"] - row["low"]
        for found in (apart, grouped)
    ]
    assert widths[1] > 1.3 * widths[0]
    by_patient = grouped.by_group()
    table = by_patient.per_model("Ridge")
    assert len(table) == len(diabetes[1])
    images = grouped.per_model("Ridge")
    np.testing.assert_allclose(
        table["y_pred"], images.groupby(patients[images["row"]])["y_pred"].mean()
    )
    with pytest.raises(ValueError, match="how='max' needs a positive class"):
        grouped.by_group("max")


def test_what_groups_hide(diabetes):
    X, y = (np.concatenate([part, part]) for part in diabetes)
    found = evaluate(Ridge(0.1), X, y, groups=np.tile(np.arange(len(diabetes[1])), 2))
    table = found.optimism(X, y).set_index("metric")
    assert table.loc["r2", "difference"] > 0
    assert table.loc["r2", "low"] < table.loc["r2", "difference"] < table.loc["r2", "high"]


def test_subgroups(result):
    table = result.subgroups(["mae", "bias"]).query("model == 'ridge'")
    assert table["value"].tolist() == ["f", "m"] * 2
    images = result.per_model("ridge")
    women = (result.subgroup_values["sex"] == "f").to_numpy()[images["row"]]
    error = (images["y_pred"] - images["y_true"]).abs()
    np.testing.assert_allclose(table["estimate"].iloc[0], error[women].mean())
    np.testing.assert_allclose(
        table["difference"].iloc[0], error[women].mean() - error[~women].mean()
    )


def test_searches_inside_are_listed_and_chosen_from(diabetes):
    grid = {"alpha": [0.01, 0.1, 1, 1000]}
    models = {
        "search": GridSearchCV(Ridge(), grid),
        "useless": GridSearchCV(DummyRegressor(), {"strategy": ["mean"]}),
        "own": RidgeCV(alphas=[0.1, 1.0]),
    }
    found = evaluate(models, *diabetes, groups=np.arange(442) // 2)
    assert set(found.choices["metric"]) == {"r2"}
    best = found.choose("r2")
    picked = best.choices.query("model == 'best' and parameter == 'model'")
    assert picked["value"].unique().tolist() == ["search"]
    assert isinstance(best.refit("best", *diabetes), GridSearchCV)


def test_repeats_are_averaged(diabetes):
    found = evaluate(
        Ridge(0.1), *diabetes, cv=RepeatedKFold(n_splits=4, n_repeats=3, random_state=0)
    )
    assert found.n_repeats("Ridge") == 3
    values = [
        mean_absolute_error(t["y_true"], t["y_pred"])
        for t in (found.per_model("Ridge", repeat) for repeat in range(3))
    ]
    value = found.summary().set_index("metric").loc["mae", "value"]
    np.testing.assert_allclose(value, np.mean(values))


def test_a_checkpoint_is_taken_up(diabetes, tmp_path):
    first = evaluate(Ridge(0.1), *diabetes, checkpoint=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    second = evaluate(Ridge(0.1), *diabetes, checkpoint=tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    pd.testing.assert_frame_equal(first.predictions, second.predictions)
    record = json.loads(next(tmp_path.glob("Ridge-*")).read_text())
    assert set(record["content"]["record"]["recorded"]) == {"predicted"}


def test_fitted_before(diabetes):
    X, y = diabetes
    model = make_pipeline(StandardScaler(), Ridge()).fit(X[:200], y[:200])
    found = evaluate(model, X[200:], y[200:], cv="prefit")
    np.testing.assert_allclose(found.predictions["y_pred"], model.predict(X[200:]))


def test_a_result_can_be_pickled(result):
    copy = pickle.loads(pickle.dumps(result))
    pd.testing.assert_frame_equal(copy.scores, result.scores)


def test_a_fold_that_fails_is_told(diabetes):
    class Failing(Ridge):
        def fit(self, X, y):
            if y[0] == diabetes[1][0]:  # all folds but the first
                raise RuntimeError("no such luck")
            return super().fit(X, y)

    with pytest.warns(EvaluationWarning, match="no such luck"):
        found = evaluate(Failing(), *diabetes)
    assert found.predictions["fold"].unique().tolist() == [0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.full(442, np.nan)}, "Input y contains NaN: first at row 0, in 442 rows"),
        ({"y": np.where(np.arange(442) == 7, np.inf, 1.0)}, "Input y contains infinity.*row 7"),
        ({"y": ["high"] * 442}, "y should be an array of numbers.*Got 'high'"),
        ({"y": np.zeros(3)}, "X has 442 images, and y has 3 numbers"),
        ({"scoring": "accuracy"}, "'accuracy' scores classes, but the estimators are regressors"),
        ({"scoring": "clinical"}, "'accuracy' scores classes"),
        ({"scoring": "mean_error"}, "no metric 'mean_error'"),
        ({"pos_label": 1}, "pos_label=1 names a class, but y holds numbers"),
        (
            {"estimators": LogisticRegression(), "scoring": "r2", "y": np.arange(442) % 2},
            "'r2' scores numbers, but the estimators are classifiers",
        ),
        (
            {"estimators": LogisticRegression(), "scoring": "mae", "y": np.arange(442) % 2},
            "'mae' scores numbers",
        ),
    ],
)
def test_bad_input(diabetes, change, message):
    settings = {"estimators": Ridge(), "X": diabetes[0], "y": diabetes[1], **change}
    with pytest.raises(ValueError, match=message):
        evaluate(**settings)


def test_constant_targets(diabetes):
    with pytest.warns(EvaluationWarning, match="scores are missing"):
        found = evaluate(Ridge(), diabetes[0], np.full(442, 3.0), scoring=["r2", "mae"])
    assert set(found.missing["metric"]) == {"r2"}
    assert found.missing["reason"].unique().tolist() == [
        "R² is undefined because y_true is constant."
    ]
