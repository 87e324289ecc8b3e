"""One decision for the images of a group: hand-computed probabilities, labels and scores."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
)

from skdl import evaluate, report
from skdl.evaluation import EvaluationResult, EvaluationWarning
from skdl.plotting import ModelComparisonDisplay


class Told(ClassifierMixin, BaseEstimator):
    """Says what stands in X: probabilities of all classes, decision values, or labels."""

    def __init__(self, kind="probabilities"):
        self.kind = kind

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def __getattr__(self, name):
        wanted = {"predict_proba": "probabilities", "decision_function": "decisions"}
        if name in wanted and wanted[name] == self.__dict__.get("kind"):
            if name == "predict_proba" or len(self.classes_) > 2:
                return lambda X: np.asarray(X)
            return lambda X: np.asarray(X)[:, 1]
        raise AttributeError(name)

    def predict(self, X):
        if self.kind == "labels":
            return self.classes_[np.asarray(X)[:, 0].astype(int)]
        if self.kind == "decisions" and len(self.classes_) == 2:
            return self.classes_[(np.asarray(X)[:, 1] > 0).astype(int)]
        return self.classes_[np.argmax(X, axis=1)]


def binary(second):
    second = np.asarray(second, dtype=float)
    return np.column_stack([1 - second, second])


# Three patients with label 0, three with label 1.
SECOND = [0.1, 0.2, 0.3, 0.1, 0.6, 0.1, 0.4, 0.4, 0.4, 0.9, 0.1, 0.8]
PATIENT = list("aaabbcdddeef")
Y = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]


def judged(X=None, y=Y, groups=PATIENT, estimator=None, **params):
    """Fitted estimators tested on all images, as one fold."""
    X = binary(SECOND) if X is None else X
    model = (Told() if estimator is None else estimator).fit(X, y)
    return evaluate(model, X, y, cv="prefit", groups=groups, **{"scoring": "accuracy", **params})


def of_groups(result, column="proba_1"):
    (model,) = result.models
    return result.per_model(model).set_index("group")[column].round(10).to_dict()


# ---- probabilities and labels -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "probabilities", "labels"),
    [
        (
            "mean",
            {"a": 0.2, "b": 0.35, "c": 0.1, "d": 0.4, "e": 0.5, "f": 0.8},
            {"a": 0, "b": 0, "c": 0, "d": 0, "e": 1, "f": 1},
        ),
        (
            "max",
            {"a": 0.3, "b": 0.6, "c": 0.1, "d": 0.4, "e": 0.9, "f": 0.8},
            {"a": 0, "b": 1, "c": 0, "d": 0, "e": 1, "f": 1},
        ),
        (
            "noisy_or",
            {
                "a": 1 - 0.9 * 0.8 * 0.7,
                "b": 1 - 0.9 * 0.4,
                "c": 0.1,
                "d": 1 - 0.6**3,
                "e": 1 - 0.1 * 0.9,
                "f": 0.8,
            },
            {"a": 0, "b": 1, "c": 0, "d": 1, "e": 1, "f": 1},
        ),
    ],
)
def test_probabilities_and_labels_by_hand(how, probabilities, labels):
    found = judged(scoring=["accuracy", "roc_auc"]).by_group(how)
    assert isinstance(found, EvaluationResult)
    assert of_groups(found) == pytest.approx(probabilities)
    assert of_groups(found, "y_pred") == labels
    assert of_groups(found, "y_true") == {"a": 0, "b": 0, "c": 0, "d": 1, "e": 1, "f": 1}
    table = found.predictions
    assert table["row"].tolist() == list(range(6))
    np.testing.assert_allclose(table["proba_0"] + table["proba_1"], 1)
    scores = found.scores.set_index("metric")["value"]
    assert scores["accuracy"] == accuracy_score(table["y_true"], table["y_pred"])
    assert scores["roc_auc"] == roc_auc_score(table["y_true"], table["proba_1"])


def test_decision_values_have_a_mean_and_a_largest():
    values = 10 * (np.array(SECOND) - 0.5)
    result = judged(np.column_stack([-values, values]), estimator=Told("decisions"))
    assert of_groups(result.by_group(), "decision") == pytest.approx(
        {"a": -3, "b": -1.5, "c": -4, "d": -1, "e": 0, "f": 3}
    )
    assert of_groups(result.by_group("max"), "decision")["b"] == pytest.approx(1)
    with pytest.raises(ValueError, match="'noisy_or' needs probabilities, and 'Told' has decision"):
        result.by_group("noisy_or")
    # Of the first class as the positive one, the largest is the smallest of the second.
    first = judged(
        np.column_stack([-values, values]), estimator=Told("decisions"), pos_label=0
    ).by_group("max")
    assert of_groups(first, "decision")["e"] == pytest.approx(-4)
    assert of_groups(first, "y_pred")["e"] == 0
    assert of_groups(first, "y_true")["e"] == 1


def test_labels_alone_are_counted():
    labels = np.array([[0], [0], [1], [0], [1], [0], [1], [0], [1], [1], [0], [0]])
    result = judged(labels, estimator=Told("labels"))
    most = {"a": 0, "b": 1, "c": 0, "d": 1, "e": 1, "f": 0}  # the positive class of a tie
    assert of_groups(result.by_group(), "y_pred") == most
    any_positive = {"a": 1, "b": 1, "c": 0, "d": 1, "e": 1, "f": 0}
    assert of_groups(result.by_group("max"), "y_pred") == any_positive
    assert of_groups(result.by_group("noisy_or"), "y_pred") == any_positive


@pytest.mark.parametrize("threshold", [0.15, 0.35, 0.7])
def test_a_threshold_of_the_classifiers_own_is_that_of_groups(threshold):
    X = np.array(SECOND)[:, None]
    told = LogisticRegression().fit(X, Y)
    share = told.predict_proba(X)[:, 1]
    own = FixedThresholdClassifier(told, threshold=np.quantile(share, threshold))
    result = judged(X, estimator=own)
    model = result.models[0]
    images = result.per_model(model)
    low = images.loc[images["y_pred"] == 1, "proba_1"].min()
    means = result.by_group("mean").per_model(model)
    assert (means["y_pred"] == (means["proba_1"] >= low)).all()
    largest = result.by_group("max").per_model(model)
    assert (largest["y_pred"] == (largest["proba_1"] >= low)).all()


def test_labels_that_do_not_follow_from_scores_are_counted():
    class Contrary(Told):
        def predict(self, X):
            return self.classes_[(np.arange(len(X)) % 2)]

    result = judged(estimator=Contrary())
    # a: 0 1 0, b: 1 0, c: 1, d: 0 1 0, e: 1 0, f: 1
    assert of_groups(result.by_group(), "y_pred") == {
        "a": 0,
        "b": 1,
        "c": 1,
        "d": 0,
        "e": 1,
        "f": 1,
    }
    assert set(of_groups(result.by_group("max"), "y_pred").values()) == {1}
    assert set(of_groups(result.by_group("noisy_or"), "y_pred").values()) == {1}


# ---- several classes ----------------------------------------------------------------------------

THREE = np.array(
    [[0.6, 0.1, 0.3], [0.5, 0.2, 0.3], [0.2, 0.7, 0.1], [0.2, 0.1, 0.7], [0.3, 0.3, 0.4], [1, 0, 0]]
)
KINDS = np.array(["benign", "benign", "malignant", "malignant", "normal", "benign"])
OWNERS = np.array([1, 1, 2, 2, 3, 4])


def test_the_mean_of_several_classes():
    result = judged(THREE, KINDS, OWNERS).by_group()
    table = result.predictions
    columns = ["proba_benign", "proba_malignant", "proba_normal"]
    expected = [[0.55, 0.15, 0.3], [0.2, 0.4, 0.4], [0.3, 0.3, 0.4], [1, 0, 0]]
    np.testing.assert_allclose(table[columns], expected)
    assert table["y_pred"].tolist() == ["benign", "malignant", "normal", "benign"]
    assert table["y_true"].tolist() == ["benign", "malignant", "normal", "benign"]


def test_one_class_against_the_rest():
    result = judged(THREE, KINDS, OWNERS, pos_label="malignant")
    table = result.by_group("max").predictions
    columns = ["proba_benign", "proba_malignant", "proba_normal"]
    expected = [
        [0.8 * 0.55 / 0.85, 0.2, 0.8 * 0.3 / 0.85],
        [0.3 * 0.2 / 0.6, 0.7, 0.3 * 0.4 / 0.6],
        [0.3, 0.3, 0.4],
        [1, 0, 0],
    ]
    np.testing.assert_allclose(table[columns], expected)
    assert table["y_pred"].tolist() == ["benign", "malignant", "normal", "benign"]
    either = result.by_group("noisy_or").predictions
    np.testing.assert_allclose(either["proba_malignant"], [1 - 0.9 * 0.8, 1 - 0.3 * 0.9, 0.3, 0])
    for how in ("max", "noisy_or"):
        with pytest.raises(ValueError, match="needs a positive class, and there are 3 classes"):
            judged(THREE, KINDS, OWNERS).by_group(how)


def test_a_sure_class_leaves_nothing_to_the_others():
    X, y = np.array([[0, 1.0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]), KINDS[[2, 3, 0, 4]]
    result = judged(X, y, [1, 1, 2, 3], pos_label="malignant")
    for how in ("max", "noisy_or"):
        table = result.by_group(how).predictions
        np.testing.assert_array_equal(table.filter(like="proba"), X[[0, 2, 3]])


def test_decision_values_of_several_classes():
    result = judged(np.log(THREE + 0.01), KINDS, OWNERS, Told("decisions"), pos_label="malignant")
    table = result.by_group("max").predictions
    logs = np.log(THREE + 0.01)
    np.testing.assert_allclose(table["decision_malignant"][1], logs[2, 1])
    np.testing.assert_allclose(table["decision_benign"][1], logs[2:4, 0].mean())
    assert table["y_pred"].tolist() == ["benign", "malignant", "normal", "benign"]
    assert result.by_group().predictions["y_pred"][0] == "benign"


# ---- true labels --------------------------------------------------------------------------------


def test_one_positive_image_makes_a_positive_group():
    y = [0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1]
    for how in ("mean", "max", "noisy_or"):
        truth = of_groups(judged(y=y).by_group(how), "y_true")
        assert truth == {"a": 1, "b": 0, "c": 0, "d": 1, "e": 1, "f": 1}
    turned = of_groups(judged(y=y, pos_label=0).by_group(), "y_true")
    assert turned == {"a": 0, "b": 0, "c": 0, "d": 0, "e": 1, "f": 1}


def test_groups_of_several_classes_are_named():
    owners = [1, 1, 2, 2, 2, 3]
    with pytest.raises(ValueError, match=r"Images of 1 group have several labels \(2\)"):
        judged(THREE, KINDS, owners).by_group()
    malignant = judged(THREE, KINDS, owners, pos_label="malignant").by_group("max")
    assert malignant.predictions["y_true"].tolist() == ["benign", "malignant", "benign"]
    with pytest.raises(ValueError, match=r"none of which is 'malignant' \(7\). Give all images"):
        judged(THREE, KINDS, [1, 1, 2, 2, 7, 7], pos_label="malignant").by_group("max")


# ---- folds --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def images():
    """200 images of 50 patients; those of a patient have the same label."""
    generator = np.random.default_rng(0)
    patients = np.repeat(np.arange(50), 4)
    y = patients % 2
    X = (
        generator.normal(size=(200, 3))
        + y[:, None]
        + 0.5 * generator.normal(size=(50, 1))[patients]
    )
    order = generator.permutation(200)
    return X[order], y[order], patients[order]


def test_folds_are_scored_each_and_together(images):
    X, y, patients = images
    models = {"a": LogisticRegression(), "b": LogisticRegression(C=1e-4)}
    sex = np.where(patients < 25, "female", "male")
    result = evaluate(models, X, y, groups=patients, subgroups={"sex": sex, "n": np.arange(200)})
    before = result.predictions.copy()
    found = result.by_group()
    pd.testing.assert_frame_equal(result.predictions, before)
    assert len(found.predictions) == 2 * 50
    for (model, fold), rows in found.predictions.groupby(["model", "fold"]):
        scored = found.scores.query(f"model == '{model}' and fold == {fold}")
        scored = scored.set_index("metric")["value"]
        assert scored["roc_auc"] == pytest.approx(roc_auc_score(rows["y_true"], rows["proba_1"]))
    assert found.times["n_test"].sum() == 100
    assert found.times["n_train"].tolist() == result.times["n_train"].tolist()
    summary = found.summary().query("metric == 'roc_auc' and model == 'a'").iloc[0]
    alone = result.summary().query("metric == 'roc_auc' and model == 'a'").iloc[0]
    assert summary["value"] > alone["value"]  # four images tell more than one
    assert len(found.compare()) == 1
    assert found.groups is None
    assert found.grouping.names.tolist() == list(range(50))
    assert (patients[found.grouping.first_rows] == found.grouping.names).all()
    table = found.subgroups(["accuracy"], min_images=1).query("model == 'a'")
    assert table.query("column == 'sex'")["n"].tolist() == [25, 25]
    assert "several" in found.subgroup_values["n"].cat.categories
    assert ModelComparisonDisplay.from_result(found).figure_ is not None
    again = pickle.loads(pickle.dumps(found))
    pd.testing.assert_frame_equal(again.summary(), found.summary())


def test_the_report_is_one_of_groups(images, tmp_path):
    X, y, patients = images
    found = evaluate(LogisticRegression(), X, y, groups=patients).by_group("max")
    report(found, X, y, tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text()
    assert (
        "50 groups of 200 images. Scores of the images of a group were combined by their maximum"
        in text
    )
    assert "| No. | Group |" in text
    with pytest.raises(ValueError, match="Pass X and y of the evaluation"):
        report(found, X[::-1], y[::-1], tmp_path / "report.md")


def test_repeated_folds_are_joined_each(images):
    X, y, patients = images

    class Repeated:
        def split(self, X, y, groups):
            for seed in range(2):
                parts = np.random.default_rng(seed).integers(3, size=50)
                yield from PredefinedSplit(parts[groups]).split()

        def get_n_splits(self, *args):
            return 6

    result = evaluate(LogisticRegression(), X, y, groups=patients, cv=Repeated())
    found = result.by_group()
    assert found.n_repeats("LogisticRegression") == 2
    for repeat in range(2):
        images_of = result.per_model("LogisticRegression", repeat)
        means = images_of.groupby(patients[images_of["row"]])["proba_1"].mean()
        joined = found.per_model("LogisticRegression", repeat)
        np.testing.assert_allclose(joined["proba_1"], means)
    assert found.summary()["n_repeats"].eq(2).all()


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_groups_that_folds_split_are_refused_by_name(images):
    X, y, patients = images
    cv = KFold(4)
    with pytest.warns(EvaluationWarning, match="does not keep groups together"):
        result = evaluate(LogisticRegression(), X, y, groups=patients, cv=cv)
    with pytest.raises(ValueError, match=r"groups have images in several test folds \(0, 1, .*\)"):
        result.by_group()
    some = [(np.arange(100, 200), np.arange(60)), (np.arange(100), np.arange(100, 200))]
    with pytest.warns(EvaluationWarning):
        result = evaluate(LogisticRegression(), X, y, groups=patients, cv=some)
    with pytest.raises(ValueError, match=r"cv=iterable does not keep groups together"):
        result.by_group()


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_groups_that_were_not_tested_are_left_out(images):
    X, y, patients = images
    folds = PredefinedSplit(np.where(patients < 10, 0, -1))
    found = evaluate(LogisticRegression(), X, y, groups=patients, cv=folds).by_group()
    assert found.predictions["group"].tolist() == list(range(10))
    assert found.predictions["row"].tolist() == list(range(10))


def test_folds_that_failed_and_scores_that_are_missing(images):
    X, y, patients = images

    class FailsOnce(LogisticRegression):
        def fit(self, X, y):
            if 0.0 in X[:, 0]:
                return super().fit(X, y)
            raise RuntimeError("no such luck")

    X = X.copy()
    X[patients == 0, 0] = 0.0  # one fold trains without this patient
    models = {"fails": FailsOnce(), "works": LogisticRegression()}
    scoring = {"accuracy": "accuracy", "own": lambda estimator, X, y: 0.5}
    with pytest.warns(EvaluationWarning, match="missing"):
        result = evaluate(models, X, y, groups=patients, cv=GroupKFold(5), scoring=scoring)
    found = result.by_group()
    failed = found.missing.query("model == 'fails' and metric == 'accuracy'")
    assert failed["reason"].tolist() == ["RuntimeError: no such luck"]
    assert found.n_repeats("fails") == 1
    assert len(found.per_model("fails")) == 40
    assert len(found.per_model("works")) == 50
    own = found.missing.query("model == 'works' and metric == 'own'")
    assert own["reason"].str.contains("needs the estimator").all()
    assert len(own) == 5


def test_a_fold_of_one_group_has_reasons(images):
    X, y, patients = images
    few = patients < 6
    with pytest.warns(EvaluationWarning, match="missing"):
        result = evaluate(
            LogisticRegression(),
            X[few],
            y[few],
            groups=patients[few],
            cv=LeaveOneGroupOut(),
            scoring=["accuracy", "roc_auc"],
        )
    found = result.by_group()
    areas = found.scores.query("metric == 'roc_auc'")
    assert areas["value"].isna().all()
    assert len(found.missing) == 6
    assert not np.isnan(found.summary()["value"]).any()


def test_look_alikes_join_groups_of_intervals_and_not_of_decisions():
    generator = np.random.default_rng(0)
    patients = np.repeat(np.arange(40), 2)
    y = np.repeat(np.tile([0, 1], 20), 2)
    pictures = generator.random((80, 8, 8)) + 0.05 * y[:, None, None]
    pictures[4:6] = pictures[:2]  # one picture under the patients 0 and 2
    X = pictures.reshape(80, -1)
    with pytest.warns(EvaluationWarning, match="look alike belong to different groups"):
        result = evaluate(
            LogisticRegression(), X, y, groups=patients, cv=4, images=pictures, scoring="accuracy"
        )
    found = result.by_group()
    assert found.grouping.names.tolist() == list(range(40))
    assert found.groups[0] == found.groups[2]
    assert len(np.unique(found.groups)) == 39
    assert found.own_groups is None
    assert found.summary()["low"].notna().all()


# ---- bad input ----------------------------------------------------------------------------------


def test_what_cannot_be_joined():
    with pytest.raises(ValueError, match=r"no groups. Pass them with evaluate\(…, groups=…\)"):
        judged(groups=None).by_group()
    with pytest.raises(
        ValueError, match="how must be one of 'mean', 'max', 'noisy_or'. Got 'maks'"
    ):
        judged().by_group("maks")
    with pytest.raises(ValueError, match="how must be one of"):
        judged().by_group(None)
    with pytest.raises(ValueError, match="already groups"):
        judged().by_group().by_group()
