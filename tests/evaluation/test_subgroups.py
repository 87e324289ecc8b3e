"""Scores of subgroups: planted differences are found, and where there is none, none is."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import matthews_corrcoef
from sklearn.model_selection import PredefinedSplit, RepeatedStratifiedKFold

from skdl import evaluate
from skdl.evaluation import EvaluationWarning
from skdl.metrics import confidence_interval, wilson_interval


class Told(ClassifierMixin, BaseEstimator):
    """Reads its probability of the second class from the first column of X."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, 0], X[:, 0]])

    def predict(self, X):
        return self.classes_[(X[:, 0] >= 0.5).astype(int)]


class ToldLabels(ClassifierMixin, BaseEstimator):
    """Reads its labels from the first column of X."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return X[:, 0].astype(int)


def of_labels(y, wrong):
    """X that makes `Told` right but for some images; all are different."""
    sure = np.where(y ^ wrong, 0.9, 0.1)
    return np.column_stack([sure, np.arange(len(y))])


def judged(X, y, **params):
    return evaluate(Told(), X, y, **{"cv": 3, "scoring": ["accuracy"], **params})


@pytest.fixture(scope="module")
def data():
    """300 images, of which a classifier gets a third of those of women wrong, and no others."""
    generator = np.random.default_rng(0)
    y = np.tile([0, 1], 150)
    sex = np.repeat(["woman", "man"], [90, 210])
    wrong = (sex == "woman") & (generator.random(300) < 1 / 3)
    age = generator.permutation(np.arange(300)) / 3
    return of_labels(y, wrong), y, pd.DataFrame({"sex": sex, "age": age}), wrong


@pytest.fixture(scope="module")
def result(data):
    X, y, frame, _ = data
    return judged(X, y, subgroups=frame, scoring=["accuracy", "sensitivity", "roc_auc"])


# ---- what is found ------------------------------------------------------------------------------


def test_a_worse_subgroup_is_found(data, result):
    wrong = data[3]
    table = result.subgroups(["accuracy"])
    assert table.columns.tolist() == [
        *("model", "metric", "column", "value", "n", "n_groups", "estimate", "low", "high"),
        *("difference", "difference_low", "difference_high", "p", "p_holm", "reason"),
    ]
    man, woman = table.query("column == 'sex'").to_dict("records")
    assert (man["value"], man["n"], woman["value"], woman["n"]) == ("man", 210, "woman", 90)
    assert woman["estimate"] == pytest.approx(1 - wrong[:90].mean())
    assert (woman["low"], woman["high"]) == pytest.approx(wilson_interval(90 - wrong.sum(), 90))
    assert woman["difference"] == pytest.approx(woman["estimate"] - 1)
    assert woman["difference_high"] < 0
    assert woman["p_holm"] < 1e-6
    assert man["difference"] == -woman["difference"]
    assert man["difference_low"] == -woman["difference_high"]
    assert man["p"] == woman["p"]
    ages = table.query("column == 'age'")
    assert (ages["p_holm"] > 0.05).all()
    assert (table["reason"] == "").all()
    assert table["n_groups"].isna().all()


def test_the_interval_of_a_difference_is_newcombes():
    """Newcombe (1998), Table II, column (a): 56 of 70 against 48 of 80, method 10."""
    y = np.tile([0, 1], 75)
    group = np.repeat(["a", "b"], [70, 80])
    right = np.concatenate([np.arange(70) < 56, np.arange(80) < 48])
    found = judged(of_labels(y, ~right), y, subgroups={"g": group})
    first = found.subgroups().iloc[0]
    assert first["difference"] == pytest.approx(0.2)
    ends = first["difference_low"], first["difference_high"]
    assert ends == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_p_values_agree_with_intervals_and_with_fishers_test():
    y = np.tile([0, 1], 100)
    for n_wrong in (2, 6, 10, 20):
        group = np.repeat(["a", "b"], [60, 140])
        wrong = np.zeros(200, dtype=bool)
        wrong[:n_wrong] = wrong[60 : 60 + 10] = True
        found = judged(of_labels(y, wrong), y, subgroups={"g": group})
        row = found.subgroups().iloc[0]
        excluded = row["difference_low"] > 0 or row["difference_high"] < 0
        assert (row["p"] < 0.05) == excluded
        exact = stats.fisher_exact([[60 - n_wrong, n_wrong], [130, 10]])[1]
        assert abs(np.log10(row["p"] / exact)) < 0.5
        # That of another level is the same: it is one of the data.
        assert found.subgroups(level=0.5).iloc[0]["p"] == pytest.approx(row["p"])


def test_areas_have_the_intervals_of_delong(data, result):
    X, y, frame, _ = data
    row = result.subgroups(["roc_auc"]).query("value == 'woman'").iloc[0]
    women = (frame["sex"] == "woman").to_numpy()
    value, low, high = confidence_interval("roc_auc", y[women], X[women, 0])
    assert (row["estimate"], row["low"], row["high"]) == pytest.approx((value, low, high))
    assert "area under the ROC curve is 1" in row["reason"]  # that of the rest
    assert row["reason"].startswith("The rest: ")
    assert np.isnan(row["p"])
    assert row["difference"] == pytest.approx(value - 1)


def test_holm_counts_what_is_looked_at_and_a_column_of_two_values_once(result):
    all_of_them = result.subgroups()
    table = result.subgroups(["accuracy"])
    compared = [table["p"][0], *table["p"][2:]]  # sex once, four bands of age
    order = np.sort(compared)
    adjusted = np.minimum(np.maximum.accumulate(order * np.arange(5, 0, -1)), 1)
    expected = dict(zip(order, adjusted, strict=True))
    assert table["p_holm"].tolist() == pytest.approx([expected[p] for p in table["p"]])
    more = all_of_them.query("metric == 'accuracy'")
    assert (more["p"].to_numpy() == table["p"].to_numpy()).all()
    assert (more["p_holm"].to_numpy() >= table["p_holm"].to_numpy()).all()
    assert more["p_holm"].iloc[0] > table["p_holm"].iloc[0]


@pytest.mark.slow
def test_without_a_difference_false_alarms_are_rare():
    """Of 200 columns that say nothing of images, 5 % have p values below 0.05, before Holm."""
    generator = np.random.default_rng(0)
    y = np.tile([0, 1], 200)
    frame = pd.DataFrame(generator.choice(["a", "b"], (400, 200)))
    found = judged(of_labels(y, generator.random(400) < 0.2), y, subgroups=frame)
    table = found.subgroups().query("value == 'a'")
    for level in (0.05, 0.2, 0.5):
        expected = 200 * level
        alarms = (table["p"] < level).sum()
        assert abs(alarms - expected) < 3 * np.sqrt(expected * (1 - level))
    assert table["p_holm"].min() > 0.05


def test_repeated_folds_are_means(data):
    X, y, frame, _ = data
    cv = RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)
    once = judged(X, y, subgroups=frame[["sex"]]).subgroups()
    twice = judged(X, y, cv=cv, subgroups=frame[["sex"]]).subgroups()
    pd.testing.assert_frame_equal(once, twice)  # what it says does not depend on the fold


def test_metrics_that_need_the_bootstrap_or_the_estimator(data):
    X, y, frame, _ = data
    scoring = {"kappa": "matthews_corrcoef", "own": lambda estimator, X, y: 0.5}
    found = judged(X, y, scoring=scoring, subgroups=frame[["sex"]])
    table = found.subgroups(n_resamples=100)
    kappa, own = (table.query(f"metric == '{name}'") for name in scoring)
    assert kappa["p_holm"].isna().all()  # that of men is 1 in all resamples
    assert "says nothing about its uncertainty" in kappa["reason"].iloc[0]
    assert own["estimate"].isna().all()
    assert own["reason"].str.contains("needs the estimator").all()


# ---- what is missing ----------------------------------------------------------------------------


def test_subgroups_of_one_class_lack_scores_with_reasons():
    y = np.array([0, 1] * 30 + [1] * 20 + [0, 1] * 20)
    group = np.repeat(["both", "one", "more"], [60, 20, 40])
    wrong = np.arange(120) % 7 == 0
    scoring = ["accuracy", "sensitivity", "specificity", "balanced_accuracy", "roc_auc"]
    found = judged(of_labels(y, wrong), y, scoring=scoring, subgroups={"g": group})
    table = found.subgroups().set_index(["metric", "value"])
    for metric in ("specificity", "balanced_accuracy", "roc_auc"):
        one = table.loc[metric, "one"]
        assert np.isnan([one["estimate"], one["low"], one["difference"], one["p"]]).all()
        assert one["reason"]
    assert "no images of 0" in table.loc[("balanced_accuracy", "one"), "reason"]
    assert not np.isnan(table.loc[("sensitivity", "one"), "p"])
    assert not np.isnan(table.loc[("accuracy", "one"), "p"])
    both = table.xs("both", level="value")
    assert not both["p"].isna().any()


def test_averages_over_several_classes_need_all_of_them():
    y = np.array([0, 1, 2] * 30 + [0, 1] * 20)
    group = np.repeat(["three", "two"], [90, 40])
    X = np.column_stack([np.where(np.arange(130) % 6 == 0, (y + 1) % 3, y), np.arange(130)])
    found = evaluate(
        ToldLabels(),
        X,
        y,
        cv=2,
        scoring=["accuracy", "sensitivity", "balanced_accuracy"],
        subgroups={"g": group},
    )
    table = found.subgroups().set_index(["metric", "value"])
    for metric in ("sensitivity", "balanced_accuracy"):
        assert table.loc[(metric, "two"), "reason"].endswith("no images of 2.")
        assert np.isnan(table.loc[(metric, "three"), "p"])
        assert not np.isnan(table.loc[(metric, "three"), "low"])
    assert table.loc["accuracy", "p"].notna().all()


def test_subgroups_without_the_positive_class_of_several():
    """Specificity has Wilson's interval there, too, and sensitivity a reason."""
    y = np.array(["benign", "malignant", "normal"] * 20 + ["benign", "normal"] * 15)
    group = np.repeat(["with", "without"], [60, 30])
    X = np.column_stack([np.arange(90), np.arange(90)])

    class Knows(Told):
        def predict(self, X):
            return y[X[:, 0]]

    found = evaluate(
        Knows(),
        X,
        y,
        cv=2,
        scoring=["sensitivity", "specificity"],
        pos_label="malignant",
        subgroups={"g": group},
    )
    table = found.subgroups().set_index(["metric", "value"])
    without = table.loc[("specificity", "without")]
    assert (without["low"], without["high"]) == pytest.approx(wilson_interval(30, 30))
    assert without["p"] == 1
    assert "no positive samples" in table.loc[("sensitivity", "without"), "reason"]


def test_small_subgroups_are_named_and_not_scored(data):
    X, y, _, _ = data
    kind = ["rare"] * 9 + ["few"] * 10 + ["many"] * 281
    found = judged(X, y, subgroups={"kind": kind})
    with pytest.warns(UserWarning, match=r"1 subgroup has fewer .* 'kind' = 'rare' \(9\). Merge"):
        table = found.subgroups().set_index("value")
    assert table.loc["rare", "reason"] == "Only 9 images, fewer than min_images=10."
    assert table.loc["rare", ["estimate", "low", "p"]].isna().all()
    assert table.loc[["few", "many"], "p"].notna().all()
    assert found.subgroups(min_images=9)["p"].notna().all()
    with pytest.warns(UserWarning, match="2 subgroups have fewer"):
        assert found.subgroups(min_images=20)["p"].isna().all()


def test_a_column_with_one_value_has_no_rest(data):
    X, y, _, _ = data
    (row,) = judged(X, y, subgroups={"site": ["here"] * 300}).subgroups().to_dict("records")
    assert (row["n"], row["reason"]) == (300, "The rest: No images.")
    assert row["low"] < row["estimate"] < row["high"]
    assert np.isnan(row["p_holm"])


def test_missing_values_are_a_subgroup_in_no_others_rest(data):
    X, y, _, wrong = data
    site = np.array(["a"] * 50 + ["b"] * 50 + [None] * 200, dtype=object)
    found = judged(X, y, subgroups={"site": site})
    assert found.subgroup_values["site"].isna().sum() == 200
    table = found.subgroups().set_index("value")
    assert table.index.tolist() == ["a", "b", "missing"]
    right = 1 - wrong
    assert table.loc["a", "difference"] == pytest.approx(right[:50].mean() - right[50:100].mean())
    assert table.loc["missing", "difference"] == pytest.approx(
        right[100:].mean() - right[:100].mean()
    )


def test_folds_that_failed_and_images_never_tested(data):
    X, y, frame, _ = data

    class Fails(Told):
        def fit(self, X, y):
            raise RuntimeError("no such luck")

    folds = PredefinedSplit(np.where(np.arange(300) < 100, 0, -1))
    with pytest.warns(EvaluationWarning, match="missing"):
        found = evaluate(
            {"fails": Fails(), "told": Told()}, X, y, cv=folds, scoring="accuracy", subgroups=frame
        )
    table = found.subgroups()
    assert (table.query("model == 'fails'")["reason"] == "No fold has predictions.").all()
    told = table.query("model == 'told' and column == 'sex'")
    assert told["n"].tolist() == [10, 90]


# ---- groups -------------------------------------------------------------------------------------


def eyes(generator, alike):
    """Both eyes of 100 patients, and which of them a classifier gets wrong."""
    patients = np.repeat(np.arange(100), 2)
    wrong = np.repeat(generator.random(100) < 0.3, 2)
    wrong = np.where(generator.random(200) < alike, wrong, generator.random(200) < 0.3)
    return patients, np.tile(["left", "right"], 100), np.repeat([0, 1], 100), wrong


def test_groups_on_both_sides_make_differences_narrower_where_they_agree():
    """Of both eyes of the same patients, as McNemar's test takes them for pairs."""
    patients, eye, y, wrong = eyes(np.random.default_rng(0), alike=0.9)
    X = of_labels(y, wrong)
    model = Told().fit(X, y)
    settings = {"cv": "prefit", "scoring": ["accuracy"], "subgroups": {"eye": eye}}
    alone = evaluate(model, X, y, **settings).subgroups()
    pairs = evaluate(model, X, y, groups=patients, **settings).subgroups()
    assert pairs["n_groups"].tolist() == [100, 100]
    assert alone["n_groups"].isna().all()
    np.testing.assert_allclose(pairs["difference"], alone["difference"])
    width = [(t["difference_high"] - t["difference_low"])[0] for t in (pairs, alone)]
    right = ~wrong.reshape(100, 2)
    known = paired_width(right)
    assert width[0] < 0.7 * width[1]
    assert width[0] == pytest.approx(known, rel=0.15)


def paired_width(right):
    """Width of the normal interval of the difference of paired proportions."""
    return 2 * 1.96 * np.std(right[:, 0].astype(float) - right[:, 1]) / np.sqrt(len(right))


def test_intervals_know_groups():
    patients, _, y, wrong = eyes(np.random.default_rng(1), alike=0.9)
    sex = np.where(patients % 2, "female", "male")
    sex[patients == 0] = sex[patients == 99] = "other"
    X = of_labels(y, wrong)
    scoring = ["accuracy", "sensitivity", "roc_auc", "matthews_corrcoef"]
    settings = {"cv": "prefit", "scoring": scoring, "subgroups": {"sex": sex}}
    found = evaluate(Told().fit(X, y), X, y, groups=patients, **settings)
    table = found.subgroups(min_images=1, n_resamples=20).set_index(["metric", "value"])
    of_images = evaluate(Told().fit(X, y), X, y, **settings)
    narrow = of_images.subgroups(scoring[:3], min_images=1).set_index(["metric", "value"])
    for value in ("female", "male"):
        rows = sex == value
        for metric, said in (("accuracy", X[:, 0] > 0.5), ("roc_auc", X[:, 0])):
            expected = confidence_interval(
                metric,
                y[rows],
                said[rows] if metric == "roc_auc" else said[rows].astype(int),
                groups=patients[rows],
            )
            row = table.loc[(metric, value)]
            assert (row["estimate"], row["low"], row["high"]) == pytest.approx(tuple(expected))
        expected = confidence_interval(
            matthews_corrcoef,
            y[rows],
            (X[rows, 0] > 0.5).astype(int),
            groups=patients[rows],
            n_resamples=20,
            random_state=0,
        )
        row = table.loc[("matthews_corrcoef", value)]
        assert (row["estimate"], row["low"], row["high"]) == pytest.approx(tuple(expected))
        for metric in scoring[:3]:
            wide = table.loc[(metric, value), ["low", "high"]].to_numpy()
            alone = narrow.loc[(metric, value), ["low", "high"]].to_numpy()
            assert np.ptp(wide) > np.ptp(alone)
    assert (table["n_groups"] == table["n"] / 2).all()
    one = table.loc[("sensitivity", "other")]
    assert "belong to one group" in one["reason"]
    assert "There are only 2 groups" in table.loc[("accuracy", "other"), "reason"]
    assert table.loc[("accuracy", "male"), "reason"] == ""
    assert np.isnan([one["low"], one["p"]]).all()


def test_groups_within_subgroups_leave_differences_independent():
    patients, _, y, wrong = eyes(np.random.default_rng(0), alike=0.0)
    sex = np.where(patients % 2, "female", "male")
    X = of_labels(y, wrong)
    found = evaluate(
        Told().fit(X, y),
        X,
        y,
        cv="prefit",
        scoring=["accuracy"],
        groups=patients,
        subgroups={"sex": sex},
    ).subgroups()
    value, low, high = (found[name].to_numpy() for name in ("estimate", "low", "high"))
    below = np.hypot(value[0] - low[0], high[1] - value[1])
    assert found["difference_low"][0] == pytest.approx(found["difference"][0] - below)
    assert found["n_groups"].tolist() == [50, 50]


def test_p_values_of_few_groups_have_the_tails_of_students_distribution():
    patients = np.repeat(np.arange(20), 8)
    site = np.where(patients < 6, "small", "large")
    wrong = np.random.default_rng(0).random(160) < np.where(patients < 6, 0.5, 0.1)
    y = patients % 2
    X = of_labels(y, wrong)
    found = evaluate(
        Told().fit(X, y),
        X,
        y,
        cv="prefit",
        scoring=["accuracy"],
        groups=patients,
        subgroups={"site": site},
    ).subgroups()
    row = found.set_index("value").loc["small"]
    span = row["difference_high"] - row["difference"]
    statistic = abs(row["difference"]) / span * stats.t.ppf(0.975, 5)
    assert row["p"] == pytest.approx(2 * stats.t.sf(statistic, 5))
    assert row["p"] > 3 * 2 * stats.norm.sf(abs(row["difference"]) / span * 1.96)
    assert (row["p"] < 0.05) == (row["difference_high"] < 0)


# ---- what is kept -------------------------------------------------------------------------------


def test_subgroups_change_neither_folds_nor_records(data, tmp_path):
    X, y, frame, _ = data
    plain = judged(X, y, checkpoint=tmp_path)
    found = judged(X, y, checkpoint=tmp_path, subgroups=frame)
    pd.testing.assert_frame_equal(found.predictions, plain.predictions)
    pd.testing.assert_frame_equal(found.times, plain.times)  # none was fitted again
    assert found.data_digest == plain.data_digest
    assert plain.subgroup_values is None


def test_what_is_passed_stays_as_it_was_and_rows_are_by_position(data):
    X, y, frame, _ = data
    frame = frame.set_index(np.arange(300)[::-1])
    before = frame.copy()
    found = judged(X, y, subgroups=frame).subgroups()
    pd.testing.assert_frame_equal(frame, before)
    again = judged(X, y, subgroups={name: frame[name].tolist() for name in frame}).subgroups()
    pd.testing.assert_frame_equal(found, again)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, False, None, True], ["False", "True"]),
        (np.array([2.0, 1.0, np.nan, 2.5]), ["1", "2", "2.5"]),
        (["b", "a", None, "b"], ["a", "b"]),
        (pd.Categorical(["old", "young", None, "old"], ["young", "old", "none"]), ["young", "old"]),
        (pd.cut([10, 60, np.nan, 90], [0, 50, 100]), ["(0, 50]", "(50, 100]"]),
        (pd.Series([1, 2, None, 3], dtype="Int64"), ["1", "2", "3"]),
        (np.ma.masked_invalid([1.0, 2.0, np.nan, 1.0]), ["1", "2"]),
        (["a\udce9", "b", None, "b"], ["a\\udce9", "b"]),
    ],
)
def test_kinds_of_columns(values, expected):
    found = judged(
        np.array([[0.1, 0], [0.9, 1], [0.2, 2], [0.8, 3]]),
        [0, 1, 0, 1],
        cv=2,
        subgroups={"kind": values},
    )
    kept = found.subgroup_values["kind"]
    assert kept.cat.categories.tolist() == expected
    assert kept.isna().tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.arange(12), {"≤ 2": 3, "> 2 to 5": 3, "> 5 to 8": 3, "> 8": 3}),
        (np.r_[np.zeros(30), np.arange(1, 11)], {"≤ 0": 30, "> 0": 10}),
        (np.r_[np.arange(10), np.full(30, 99)], {"≤ 9": 10, "> 9": 30}),
        (
            np.r_[np.arange(12) / 8, np.nan],
            {"≤ 0.25": 3, "> 0.25 to 0.625": 3, "> 0.625 to 1": 3, "> 1": 3},
        ),
    ],
)
def test_many_numbers_are_cut_at_quartiles(values, expected):
    n = len(values)
    y = np.arange(n) % 2
    found = judged(of_labels(y, y < 0), y, subgroups={"age": values})
    counts = found.subgroup_values["age"].value_counts(sort=False)
    assert counts.to_dict() == expected


def test_a_series_is_a_column_of_its_name(data):
    X, y, frame, _ = data
    assert judged(X, y, subgroups=frame["sex"]).subgroup_values.columns.tolist() == ["sex"]
    unnamed = judged(X, y, subgroups=pd.Series(frame["sex"].tolist()))
    assert unnamed.subgroup_values.columns.tolist() == ["subgroup"]


# ---- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subgroups", "message"),
    [
        (pd.DataFrame({"a": [1, 2]}), r"subgroups\['a'\] has 2 values, and X has 20 images"),
        ({"a": ["x"] * 20, "b": ["x"]}, r"subgroups\['b'\] has 1 values, and X has 20"),
        (pd.DataFrame(index=range(20)), "subgroups has no columns"),
        ({}, "subgroups has no columns"),
        (["x"] * 20, "must be a DataFrame with one row per image, a Series, or a dict"),
        ("sex", "must be a DataFrame .* Got 'sex'"),
        (pd.DataFrame(np.zeros((20, 2)), columns=["a", "a"]), "more than one column 'a'"),
        (pd.DataFrame(np.zeros((20, 2)), columns=[1, "1"]), "more than one column '1'"),
        ({"a": [np.nan] * 20}, r"subgroups\['a'\] has no values: all are NaN or None"),
        ({"a": np.zeros((20, 2))}, r"subgroups\['a'\] must have shape \(n,\)"),
        ({"a": [None, "x", 1] + ["x"] * 17}, "several kinds: the text 'x' at row .* 1 at row 2"),
        ({"a": pd.date_range("2020", periods=20)}, "must be text, numbers, booleans or categor"),
        ({"a": [["x", "y"]] * 20}, r"subgroups\['a'\] must"),
        ({"a": [b"x"] * 20}, "Decode them"),
        ({"a": np.arange(20) * 1j}, "must be text, numbers"),
    ],
)
def test_bad_subgroups(subgroups, message):
    y = np.tile([0, 1], 10)
    with pytest.raises(ValueError, match=message):
        judged(of_labels(y, y < 0), y, subgroups=subgroups)


def test_names_of_patients_are_no_subgroups():
    y = np.arange(60) % 2
    names = [f"patient {i}" for i in range(60)]
    with pytest.raises(ValueError, match="has 60 different values, and .* at most 50"):
        judged(of_labels(y, y < 0), y, subgroups={"patient": names})


def test_bad_parameters(data, result):
    X, y, _, _ = data
    with pytest.raises(ValueError, match=r"no subgroups. Pass .* evaluate\(…, subgroups=…\)"):
        judged(X, y).subgroups()
    with pytest.raises(ValueError, match="no metric 'acuracy'.*Did you mean 'accuracy'"):
        result.subgroups(["acuracy"])
    with pytest.raises(ValueError, match="metrics must be a list of names"):
        result.subgroups([])
    with pytest.raises(ValueError, match="min_images must be a whole number of at least 1"):
        result.subgroups(min_images=0)
    with pytest.raises(ValueError, match="min_images must be a whole number"):
        result.subgroups(min_images=True)
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        result.subgroups(level=95)
    with pytest.raises(ValueError, match="n_resamples must be"):
        result.subgroups(n_resamples=0)
    assert result.subgroups("accuracy").equals(result.subgroups(["accuracy"]))
