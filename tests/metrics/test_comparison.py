"""Comparison of models, against published values, definitions and tables counted by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2, norm
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skdl.metrics import compare_models

COLUMNS = [
    "model_a",
    "model_b",
    "auc_a",
    "auc_b",
    "auc_difference",
    "auc_difference_low",
    "auc_difference_high",
    "delong_z",
    "delong_p",
    "delong_p_holm",
    "accuracy_a",
    "accuracy_b",
    "only_a_right",
    "only_b_right",
    "mcnemar_method",
    "mcnemar_p",
    "mcnemar_p_holm",
    *(
        f"{metric}_difference{end}"
        for metric in ("accuracy", "balanced_accuracy", "sensitivity", "specificity")
        for end in ("", "_low", "_high")
    ),
    "reason",
]

# The first model is right on rows 0 to 5, the second on rows 0 to 3 and 6.
TRUE = np.array([0, 0, 0, 0, 1, 1, 1, 1])
FIRST = np.array([0, 0, 0, 0, 1, 1, 0, 0])
SECOND = np.array([0, 0, 0, 0, 0, 0, 1, 0])


@pytest.fixture(scope="module")
def cancer():
    """Out-of-fold decision values and probabilities of three models; malignant is 1."""
    X, y = load_breast_cancer(return_X_y=True)
    y = 1 - y
    weak = make_pipeline(StandardScaler(), LogisticRegression())
    svc = make_pipeline(StandardScaler(), SVC())
    return y, {
        "svc": cross_val_predict(svc, X, y, method="decision_function"),
        "logistic": cross_val_predict(weak, X, y, method="predict_proba")[:, 1],
        "weak": cross_val_predict(weak, X[:, 4:7], y, method="predict_proba")[:, 1],
    }


def labels_with(only_a, only_b, both=10):
    """Labels of two models that are right as often as told."""
    right_a = np.repeat([True, False, True], [only_a, only_b, both])
    right_b = np.repeat([False, True, True], [only_a, only_b, both])
    true = np.arange(only_a + only_b + both) % 2
    return true, {"a": np.where(right_a, true, 1 - true), "b": np.where(right_b, true, 1 - true)}


def test_table(cancer):
    y, scores = cancer
    table = compare_models(y, scores)
    assert list(table.columns) == COLUMNS
    assert table[["model_a", "model_b"]].to_numpy().tolist() == [
        ["svc", "logistic"],
        ["svc", "weak"],
        ["logistic", "weak"],
    ]
    assert (table["reason"] == "").all()
    for side in ("a", "b"):
        for row in table.to_dict("records"):
            values = scores[row[f"model_{side}"]]
            threshold = 0 if row[f"model_{side}"] == "svc" else 0.5
            assert row[f"auc_{side}"] == pytest.approx(roc_auc_score(y, values))
            assert row[f"accuracy_{side}"] == accuracy_score(y, values >= threshold)
    assert table["delong_p"][0] > 0.05 > table["delong_p"][1]
    difference = table["auc_difference"]
    assert (table["auc_difference_low"] < difference).all()
    assert (difference < table["auc_difference_high"]).all()


def test_published_areas(patients):
    """SAS/STAT User's Guide, "Comparing Receiver Operating Characteristic Curves"."""
    scores, outcome = patients
    table = compare_models(outcome, scores).set_index(["model_a", "model_b"])
    chosen = ["auc_difference", "auc_difference_low", "auc_difference_high", "delong_p"]
    found = table.loc[[("albumin", "kg"), ("protein", "kg")], chosen]
    published = [[0.0108, -0.1761, 0.1976, 0.9102], [-0.0780, -0.2830, 0.1271, 0.4561]]
    np.testing.assert_allclose(found, published, atol=5.1e-5)


@given(
    rows=st.lists(
        st.tuples(st.booleans(), st.integers(2, 9), st.integers(2, 9)), min_size=4, max_size=40
    ),
    level=st.sampled_from([0.9, 0.95]),
)
def test_areas_by_definition(rows, level):
    """DeLong's covariance from the placements of each sample: O(n²)."""
    positive, a, b = (np.array(column) for column in zip(*rows, strict=True))
    m, n = positive.sum(), (~positive).sum()
    if min(m, n) < 2:
        return
    pairs = [np.subtract.outer(s[positive], s[~positive]) for s in (a, b)]
    wins = np.array([(p > 0) + 0.5 * (p == 0) for p in pairs])
    covariance = np.cov(wins.mean(axis=2)) / m + np.cov(wins.mean(axis=1)) / n
    error = np.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0))
    difference = wins[0].mean() - wins[1].mean()
    row = compare_models(positive, {"a": a, "b": b}, level=level).iloc[0]
    assert row["auc_difference"] == pytest.approx(difference)
    if error < 1e-8:
        assert np.isnan(row["delong_p"]) or row["delong_p"] == 1
        return
    assert row["delong_z"] == pytest.approx(difference / error)
    assert row["delong_p"] == pytest.approx(2 * norm.sf(abs(difference) / error))
    half = norm.ppf((1 + level) / 2) * error
    assert row["auc_difference_low"] == pytest.approx(max(difference - half, -1))
    assert row["auc_difference_high"] == pytest.approx(min(difference + half, 1))


def test_mcnemar_counted_by_hand():
    row = compare_models(TRUE, {"first": FIRST, "second": SECOND}).iloc[0]
    assert (row["accuracy_a"], row["accuracy_b"]) == (6 / 8, 5 / 8)
    assert (row["only_a_right"], row["only_b_right"]) == (2, 1)
    assert row["mcnemar_method"] == "exact"
    assert row["mcnemar_p"] == pytest.approx(1.0)  # 2 * (1 + 3) / 2**3


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 5), (9, 2), (1, 23), (12, 12)])
def test_mcnemar_is_exact_for_few(only_a, only_b):
    row = compare_models(*labels_with(only_a, only_b)).iloc[0]
    expected = min(2 * binom.cdf(min(only_a, only_b), only_a + only_b, 0.5), 1)
    assert row["mcnemar_method"] == "exact"
    assert row["mcnemar_p"] == pytest.approx(expected)


@pytest.mark.parametrize(("only_a", "only_b"), [(5, 20), (86, 150), (13, 13)])
def test_mcnemar_is_corrected_for_many(only_a, only_b):
    row = compare_models(*labels_with(only_a, only_b)).iloc[0]
    statistic = max(abs(only_a - only_b) - 1, 0) ** 2 / (only_a + only_b)
    assert row["mcnemar_method"] == "chi-squared"
    assert row["mcnemar_p"] == pytest.approx(chi2.sf(statistic, 1))
    if (only_a, only_b) == (86, 150):
        assert statistic == pytest.approx(16.8178, abs=5e-5)
        assert row["mcnemar_p"] == pytest.approx(4.115e-5, rel=1e-3)


def test_holm():
    """Holm (1979): the smallest of three p values times 3, the next times 2, never falling."""
    generator = np.random.default_rng(0)
    y = np.repeat([0, 1], 60)
    scores = {name: generator.normal(y * s) for name, s in [("a", 0.1), ("b", 1.0), ("c", 1.6)]}
    table = compare_models(y, scores)
    for test in ("delong", "mcnemar"):
        p = table[f"{test}_p"].to_numpy()
        order = p.argsort()
        first, second, third = p[order]
        adjusted = [3 * first, max(3 * first, 2 * second)]
        adjusted.append(max(adjusted[-1], third))
        np.testing.assert_allclose(
            table[f"{test}_p_holm"].to_numpy()[order], np.minimum(adjusted, 1)
        )
        assert len(set(p)) == 3


def test_adjusted_values_never_fall():
    y, a, b, c = np.zeros((4, 40), dtype=int)
    y[20:] = a[20:] = b[20:] = c[20:] = 1
    b[:8] = c[8:16] = 1  # both of them are wrong on eight rows of their own
    table = compare_models(y, {"a": a, "b": b, "c": c})
    p = 2 / 2**8
    np.testing.assert_allclose(table["mcnemar_p"], [p, p, 1])
    np.testing.assert_allclose(table["mcnemar_p_holm"], [3 * p, 3 * p, 1])


def test_holm_counts_the_tests_that_are_there(cancer):
    y, scores = cancer
    table = compare_models(y, scores | {"labels": (scores["weak"] > 0.5).astype(int)})
    three = compare_models(y, scores)
    known = table["delong_p"].notna()
    assert known.sum() == 3
    np.testing.assert_array_equal(table.loc[known, "delong_p_holm"], three["delong_p_holm"])
    assert table.loc[~known, "delong_p_holm"].isna().all()
    assert (table["mcnemar_p_holm"] <= 1).all()


def test_kinds_of_predictions(cancer):
    """Scores, probabilities of both classes and labels of one model are right alike."""
    y, scores = cancer
    p = scores["weak"]
    both = np.column_stack([1 - p, p])
    table = compare_models(
        y, {"scores": p, "both": both, "log-odds": np.log(p / (1 - p)), "labels": p >= 0.5}
    )
    assert (table["only_a_right"] + table["only_b_right"] == 0).all()
    assert (table["mcnemar_p"] == 1).all()
    same = table.iloc[:2]
    assert (same["auc_difference"] == 0).all()
    assert (same["delong_p"] == 1).all()
    last = table.iloc[-1]
    assert last["reason"] == "labels has only labels, no scores"
    assert last["auc_a"] == pytest.approx(roc_auc_score(y, p))
    assert np.isnan(last[["auc_b", "auc_difference", "delong_p"]].astype(float)).all()


def test_positive_class(cancer):
    y, scores = cancer
    names = np.array(["benign", "malignant"])[y]
    expected = compare_models(y, scores)
    pd.testing.assert_frame_equal(compare_models(names, scores, pos_label="malignant"), expected)
    columns = {name: np.column_stack([-s, s]) for name, s in scores.items() if name != "svc"}
    # Of probabilities of both classes, either will do.
    found = compare_models(names, columns)
    np.testing.assert_allclose(found["delong_p"], expected["delong_p"][2:])
    other = compare_models(names, columns, pos_label="benign")
    np.testing.assert_allclose(other["delong_z"], found["delong_z"])
    # Scores of the class that comes first in the alphabet.
    flipped = {name: -s for name, s in scores.items()}
    found = compare_models(names, flipped, pos_label="benign", threshold=0)
    np.testing.assert_allclose(found["delong_z"], expected["delong_z"])


def test_threshold(cancer):
    y, scores = cancer
    table = compare_models(y, {k: scores[k] for k in ("logistic", "weak")}, threshold=0.2)
    row = table.iloc[0]
    assert row["accuracy_a"] == accuracy_score(y, scores["logistic"] >= 0.2)
    assert row["accuracy_b"] == accuracy_score(y, scores["weak"] >= 0.2)
    both = {k: np.column_stack([1 - scores[k], scores[k]]) for k in ("logistic", "weak")}
    pd.testing.assert_frame_equal(compare_models(y, both, threshold=0.2), table)


def test_scores_on_the_threshold_are_positive():
    scores = {"a": [0.1, 0.5, 0.7, 0.5], "b": [-1.0, -2.0, 0.0, 0.0]}
    row = compare_models([0, 0, 1, 1], scores).iloc[0]
    assert (row["accuracy_a"], row["accuracy_b"]) == (3 / 4, 1)
    row = compare_models([0, 0, 1, 1], scores, threshold=0.7).iloc[0]
    assert (row["accuracy_a"], row["accuracy_b"]) == (3 / 4, 2 / 4)


def test_several_classes():
    generator = np.random.default_rng(0)
    y = np.array(["a", "b", "c"])[generator.integers(0, 3, 200)]
    one_hot = (y[:, None] == ["a", "b", "c"]).astype(float)
    good, bad = (one_hot * w + generator.dirichlet([1, 1, 1], 200) for w in (0.9, 0.2))
    labels = np.array(["a", "b", "c"])[bad.argmax(axis=1)]
    table = compare_models(y, {"good": good, "bad": bad, "labels": labels})
    assert table["reason"][0] == "there are more than two classes, and no pos_label"
    assert "labels has only labels, no scores" in table["reason"][1]
    areas = [c for c in COLUMNS if c.startswith(("auc", "delong"))]
    assert table[areas].isna().all(axis=None)
    right = one_hot.argmax(axis=1) == good.argmax(axis=1)
    assert table["accuracy_a"][0] == right.mean()
    assert table["only_a_right"][0] == (right & (labels != y)).sum()
    assert table["mcnemar_p"][0] < 0.001
    assert table["mcnemar_p"][2] == 1  # the same labels

    # One of them against the others.
    one = compare_models(y, {"good": good, "bad": bad, "labels": labels}, pos_label="b")
    assert one["auc_a"][0] == pytest.approx(roc_auc_score(y == "b", good[:, 1]))
    assert one["accuracy_a"][0] == ((good.argmax(axis=1) == 1) == (y == "b")).mean()
    assert one["accuracy_b"][1] == ((labels == "b") == (y == "b")).mean()
    assert one["delong_p"][0] < 0.001
    assert one["reason"].tolist() == [""] + ["labels has only labels, no scores"] * 2


def test_classes_that_do_not_occur():
    y = ["a", "b", "a", "b", "a", "b"]
    three = np.random.default_rng(0).dirichlet([1, 1, 1], 6)
    table = compare_models(y, {"x": three, "y": three[::-1]}, labels=["a", "b", "c"])
    assert table["accuracy_a"][0] == np.mean(np.array(["a", "b", "c"])[three.argmax(axis=1)] == y)
    # Columns in another order.
    again = compare_models(y, {"x": three[:, ::-1], "y": three[::-1, ::-1]}, labels=["c", "b", "a"])
    pd.testing.assert_frame_equal(again, table)
    with pytest.raises(ValueError, match=r"labels that are not in `labels`: \['b'\]"):
        compare_models(y, {"x": three, "y": three}, labels=["a", "c", "d"])


def test_scores_from_a_data_frame(cancer):
    y, scores = cancer
    frame = pd.DataFrame(scores)
    pd.testing.assert_frame_equal(compare_models(pd.Series(y), frame), compare_models(y, scores))
    texts = pd.Series(np.where(y == 1, "ill", "well"))
    labels = {"a": texts, "b": texts[::-1]}
    assert compare_models(texts, labels)["accuracy_a"][0] == 1


def test_differences_without_variance():
    y = [0, 0, 1, 1]
    row = compare_models(y, {"right": [0.1, 0.2, 0.8, 0.9], "wrong": [0.9, 0.8, 0.2, 0.1]}).iloc[0]
    assert row["auc_difference"] == 1
    assert np.isnan(row["delong_p"])
    assert row["reason"] == "the difference has no variance"
    row = compare_models([0, 0, 1], {"a": [0.1, 0.2, 0.8], "b": [0.9, 0.8, 0.2]}).iloc[0]
    assert row["reason"] == "an area needs two samples of each class"
    assert row["mcnemar_p"] == 0.25


def test_the_size_of_the_test():
    """Two models of equal skill differ by chance in one sample of twenty."""
    generator = np.random.default_rng(0)
    y = np.repeat([0, 1], 50)
    p = np.array(
        [
            compare_models(y, {"a": generator.normal(y), "b": generator.normal(y)})["delong_p"][0]
            for _ in range(300)
        ]
    )
    assert 0.02 < (p < 0.05).mean() < 0.09


def test_arrays_stay_as_they_are(cancer):
    y, scores = cancer
    frozen = {name: np.array(s) for name, s in scores.items()}
    for array in frozen.values():
        array.setflags(write=False)
    compare_models(y, frozen)
    assert list(frozen) == list(scores)


@pytest.mark.parametrize(
    ("true", "models", "settings", "message"),
    [
        ([0, 1], {"a": [0, 1]}, {}, "A comparison needs at least two models.*Got 1"),
        ([0, 1], {}, {}, "A comparison needs at least two models.*Got 0"),
        ([0, 1], [[0, 1], [1, 0]], {}, "predictions must be a mapping.*Got list"),
        ([0, 1], {"a": [0, 1], "b": [0, 1, 1]}, {}, "'b' has 3 rows, and y_true has 2"),
        ([], {"a": [], "b": []}, {}, "is empty"),
        ([1, 1], {"a": [0, 1], "b": [0, 1]}, {}, "y_true has only one class, 1"),
        ([0, 1], {"a": [0, 1], "b": [0.2, np.nan]}, {}, "'b' has NaN or None at row 1"),
        (["x", None], {"a": ["x", "y"], "b": ["x", "x"]}, {}, "y_true has NaN or None at row 1"),
        (["x", "y"], {"a": [0.1, 0.2], "b": [0.3, 0.4]}, {}, "cannot be guessed. Pass pos_label"),
        (["x", "y"], {"a": [0.1, 0.2], "b": [0.3, 0.4]}, {"pos_label": "z"}, "not a valid label"),
        ([0, 1, 2], {"a": [0.1, 0.2, 0.3], "b": [0, 1, 2]}, {}, r"'a' must have probabilities"),
        ([0, 1], {"a": np.ones((2, 3)), "b": [0, 1]}, {}, r"'a' must be of shape .*Got shape"),
        ([0, 1], {"a": ["0", "1"], "b": [0, 1]}, {}, "labels of several kinds"),
        (
            [0.5, 1.5],
            {"a": [0, 1], "b": [0, 1]},
            {},
            "y_true has the value 0.5 at row 0, which is not a class label",
        ),
        ([0, 1], {"a": [0, 1], "b": [0, 1]}, {"level": 0}, "level must be between 0 and 1"),
    ],
)
def test_bad_input(true, models, settings, message):
    with pytest.raises(ValueError, match=message):
        compare_models(true, models, **settings)


class TestLabelsThatWerePredicted:
    """Labels need not be the class of the largest score."""

    @pytest.fixture(scope="class")
    def tuned(self, cancer):
        """Labels of a strict threshold, beside probabilities."""
        y, scores = cancer
        strict = (scores["logistic"] >= 0.99).astype(int)
        assert accuracy_score(y, strict) < accuracy_score(y, scores["logistic"] >= 0.5) - 0.02
        return y, {"strict": scores["logistic"], "svc": scores["svc"]}, strict

    def test_they_count(self, tuned):
        y, scores, strict = tuned
        row = compare_models(y, scores, y_pred={"strict": strict}).iloc[0]
        svc = scores["svc"] >= 0
        assert row["auc_a"] == pytest.approx(roc_auc_score(y, scores["strict"]))
        assert row["accuracy_a"] == accuracy_score(y, strict)
        assert row["accuracy_b"] == accuracy_score(y, svc)
        assert row["only_a_right"] == ((strict == y) & (svc != y)).sum()
        assert row["only_b_right"] == ((strict != y) & (svc == y)).sum()
        assert row["sensitivity_difference"] == pytest.approx(
            strict[y == 1].mean() - svc[y == 1].mean()
        )

    def test_of_strings_of_several_classes_and_beside_scores_of_0_and_1(self):
        y = np.array(list("aabbcc"))
        probabilities = np.eye(3)[[0, 0, 1, 1, 2, 2]]
        votes = np.array(list("ababca"))
        row = compare_models(
            y, {"p": probabilities, "labels": votes[::-1]}, y_pred={"p": votes}
        ).iloc[0]
        assert (row["accuracy_a"], row["accuracy_b"]) == (3 / 6, 2 / 6)
        assert (row["only_a_right"], row["only_b_right"]) == (2, 1)
        assert np.isnan(row["sensitivity_difference"])
        scores = {"all or nothing": np.array([0.0, 1.0, 1.0, 0.0]), "other": [0.1, 0.2, 0.8, 0.9]}
        row = compare_models([0, 0, 1, 1], scores, y_pred={"all or nothing": [1, 1, 1, 1]}).iloc[0]
        assert (row["auc_a"], row["accuracy_a"], row["reason"]) == (0.5, 0.5, "")

    @pytest.mark.parametrize(
        ("y_pred", "message"),
        [
            ([0, 1, 1], "y_pred must be a mapping"),
            ({"c": [0, 1, 1, 0]}, "y_pred names a model that is not in.*'c'.*'a', 'b'"),
            ({"a": [0, 1]}, "'a' has 2 rows, and y_true has 4"),
            ({"a": [0, 1, np.nan, 0]}, r"y_pred\['a'\] has NaN or None at row 2"),
            ({"a": [0.2, 0.7, 0.1, 0.3]}, r"y_pred\['a'\] has the value 0.2"),
            ({"a": ["x", "y", "x", "y"]}, "labels of several kinds"),
        ],
    )
    def test_bad_input(self, y_pred, message):
        scores = {"a": [0.1, 0.4, 0.3, 0.8], "b": [0.2, 0.3, 0.5, 0.9]}
        with pytest.raises(ValueError, match=message):
            compare_models([0, 0, 1, 1], scores, y_pred=y_pred)


def test_published_paired_differences():
    """Newcombe (1998), table II: cells e, f, g, h and the limits of his method 10."""
    published = {(36, 12, 2, 0): (0.2, 0.0569, 0.3404)}
    published[0, 12, 2, 36] = published[36, 12, 2, 0]  # of what is wrong in the place of right
    for (both, only_a, only_b, neither), expected in published.items():
        counts = [both, only_a, only_b, neither]
        a, b = np.repeat([1, 1, 0, 0], counts), np.repeat([1, 0, 1, 0], counts)
        true = np.tile([0, 1], 25)
        models = {"a": np.where(a, true, 1 - true), "b": np.where(b, true, 1 - true)}
        row = compare_models(true, models).iloc[0]
        ends = ("", "_low", "_high")
        found = [row[f"accuracy_difference{end}"] for end in ends]
        np.testing.assert_allclose(found, expected, atol=6e-5)


def test_differences_by_class(cancer):
    """Of each class, and their mean: the methods of Newcombe, and of Zou and Donner, by hand."""
    y, scores = cancer
    row = compare_models(y, {"a": scores["svc"], "b": scores["weak"]}, level=0.9).iloc[0]
    right = {"a": (scores["svc"] >= 0) == y, "b": (scores["weak"] >= 0.5) == y}
    ends = {}
    for name, label in (("sensitivity", 1), ("specificity", 0)):
        a, b = (right[model][y == label] for model in "ab")
        # As an accuracy of the samples of this class, whatever they are called.
        true = np.arange(len(a)) % 2
        models = {"a": np.where(a, true, 1 - true), "b": np.where(b, true, 1 - true)}
        own = compare_models(true, models, level=0.9).iloc[0]
        ends[name] = [own[f"accuracy_difference{end}"] for end in ("", "_low", "_high")]
        found = [row[f"{name}_difference{end}"] for end in ("", "_low", "_high")]
        np.testing.assert_allclose(found, ends[name])
    values, low, high = np.array(list(ends.values())).T
    assert row["balanced_accuracy_difference"] == pytest.approx(values.mean())
    below, above = np.linalg.norm(values - low) / 2, np.linalg.norm(high - values) / 2
    assert row["balanced_accuracy_difference_low"] == pytest.approx(values.mean() - below)
    assert row["balanced_accuracy_difference_high"] == pytest.approx(values.mean() + above)


def test_labels_beside_scores():
    """Scores of 0 and 1 are scores where labels stand beside them, and None stands for none."""
    y = np.array([0, 0, 0, 1, 1, 1])
    tree = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 0.0])
    other = np.array([0.1, 0.2, 0.6, 0.3, 0.8, 0.9])
    labels = {"tree": tree.astype(int), "other": (other > 0.5).astype(int)}
    row = compare_models(y, {"tree": tree, "other": other}, y_pred=labels).iloc[0]
    assert row["auc_a"] == pytest.approx(roc_auc_score(y, tree))
    assert row["reason"] == ""
    row = compare_models(y, {"tree": None, "other": other}, y_pred=labels).iloc[0]
    assert row["reason"] == "tree has only labels, no scores"
    assert row["accuracy_a"] == accuracy_score(y, labels["tree"])


def test_a_positive_class_without_samples():
    models = {"a": [0, 1, 1, 0], "b": [0, 0, 1, 1]}
    row = compare_models([0, 0, 1, 1], models, labels=[0, 1, 2], pos_label=2).iloc[0]
    assert np.isnan(row["sensitivity_difference"])
    assert row["specificity_difference"] == row["accuracy_difference"] == 0


def test_two_perfect_curves_have_no_test():
    y = np.repeat([0, 1], 5)
    models = {"a": y + np.linspace(0, 0.5, 10), "b": y + np.linspace(0.3, 0, 10)}
    row = compare_models(y, models).iloc[0]
    assert row["auc_difference"] == 0
    assert np.isnan([row["auc_difference_low"], row["delong_p"]]).all()
    assert "no variance" in row["reason"]
