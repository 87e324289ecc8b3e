import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import tiny
from plotting.figures import assert_readable, long_names, texts
from sklearn import config_context
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, StratifiedKFold, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import CNNClassifier
from skdl.metrics import sensitivity_score
from skdl.plotting import LearningCurveDisplay


def scores_of(names, n_sizes=5, n_splits=4):
    generator = np.random.default_rng(0)
    rising = np.linspace(0.5, 0.9, n_sizes)[:, np.newaxis]
    return {name: rising + generator.normal(0, 0.03, (n_sizes, n_splits)) for name in names}


def bands(display):
    """Lowest and highest value of each band at each training size."""
    found = []
    for band in display.ax_.collections:
        points = band.get_paths()[0].vertices
        sizes = sorted(set(points[:, 0]))
        found.append([[f(points[points[:, 0] == n, 1]) for n in sizes] for f in (np.min, np.max)])
    return np.array(found)


def test_scores_are_those_of_scikit_learn(digits):
    X, y = digits[0][:400], digits[1][:400]
    models = {
        "linear": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        "guess": DummyClassifier(),
    }
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    display = LearningCurveDisplay.from_estimators(models, X, y, train_sizes=[50, 100, 200], cv=cv)
    for (name, model), line in zip(models.items(), display.ax_.lines, strict=True):
        sizes, _, expected = learning_curve(
            model, X, y, train_sizes=[50, 100, 200], cv=cv, shuffle=True, random_state=0
        )
        assert line.get_label() == name
        assert line.get_xdata().tolist() == sizes.tolist()
        np.testing.assert_allclose(display.scores[name], expected)
        np.testing.assert_allclose(line.get_ydata(), expected.mean(axis=1))
    assert display.ax_.get_xscale() == "log"
    assert {"Accuracy", "Number of training images"} <= set(texts(display))


def test_sorted_labels_do_not_begin_with_one_class(digits):
    order = np.argsort(digits[1][:300], kind="stable")
    X, y = digits[0][order], digits[1][order]
    model = make_pipeline(StandardScaler(), LogisticRegression())
    display = LearningCurveDisplay.from_estimators({"linear": model}, X, y, cv=3)
    assert np.isfinite(display.scores["linear"]).all()  # one class alone cannot be fitted
    np.testing.assert_array_equal(display.train_sizes, [20, 35, 63, 112, 200])


def test_networks(two_classes):
    X, y = two_classes
    models = {"cnn": CNNClassifier(tiny, epochs=1, random_state=0)}
    display = LearningCurveDisplay.from_estimators(
        models, X, y, train_sizes=[50, 140], cv=2, scoring="roc_auc"
    )
    assert display.scores["cnn"].shape == (2, 2)
    assert display.score_name == "Roc auc"


class Watcher(DummyClassifier):
    """Writes down the groups of the rows that its fits get."""

    fits = []

    def fit(self, X, y, sample_weight=None, groups=None):
        self.fits.append((np.asarray(X)[:, 0], groups))
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize("cv", [None, 3, GroupKFold(3)])
@pytest.mark.parametrize("asks", [False, True])
def test_groups(two_classes, cv, asks, monkeypatch):
    """They are kept together by the splits, and reach an estimator that asks for them."""
    monkeypatch.setattr(Watcher, "fits", [])
    y = two_classes[1]
    patients = np.random.default_rng(0).permutation(len(y)) // 4
    X = np.column_stack([np.arange(len(y)), y])
    with config_context(enable_metadata_routing=True):
        model = make_pipeline("passthrough", Watcher().set_fit_request(groups=asks))
    given = {} if cv is None else {"cv": cv}
    LearningCurveDisplay.from_estimator(
        model, X, y, groups=list(patients), train_sizes=[1.0], **given
    )
    assert len(Watcher.fits) == (5 if cv is None else 3)
    tested = []
    for rows, groups in Watcher.fits:
        left = np.setdiff1d(np.arange(len(y)), rows)
        assert not np.intersect1d(patients[rows.astype(int)], patients[left]).size
        assert np.array_equal(groups, patients[rows.astype(int)]) if asks else groups is None
        tested.extend(left)
    assert sorted(tested) == list(range(len(y)))


def test_groups_where_routing_is_on(two_classes):
    X, y = two_classes
    patients = np.arange(len(y)) // 4
    found = []
    for routing in (False, True):
        with config_context(enable_metadata_routing=routing):
            display = LearningCurveDisplay.from_estimator(
                DummyClassifier(), X, y, groups=patients, train_sizes=[50], cv=3
            )
        found.append(display.scores["DummyClassifier"])
    assert np.array_equal(*found)
    with pytest.raises(ValueError, match="groups has 3 values, but there are 300 images"):
        LearningCurveDisplay.from_estimator(DummyClassifier(), X, y, groups=[1, 2, 3])


def test_groups_of_estimators_that_pass_nothing_on(two_classes):
    X, y = two_classes
    display = LearningCurveDisplay.from_estimator(
        AdaBoostClassifier(n_estimators=1), X, y, groups=np.arange(len(y)), train_sizes=[50], cv=2
    )
    (scores,) = display.scores.values()
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize(
    ("scoring", "name"),
    [
        (None, "Accuracy"),
        ("balanced_accuracy", "Balanced accuracy"),
        (make_scorer(sensitivity_score), "Sensitivity"),
        (lambda model, X, y: 0.5, "<lambda>"),
    ],
)
def test_names_of_scores(two_classes, scoring, name):
    display = LearningCurveDisplay.from_estimators(
        {"a": DummyClassifier()}, *two_classes, train_sizes=[20], cv=2, scoring=scoring
    )
    assert display.ax_.get_ylabel() == name
    named = LearningCurveDisplay.from_estimators(
        {"a": DummyClassifier()}, *two_classes, train_sizes=[20], cv=2, score_name="Hits"
    )
    assert named.ax_.get_ylabel() == "Hits"


def test_scores_of_regressors(digits):
    X, y = digits[0][:100], digits[1][:100].astype(float)
    display = LearningCurveDisplay.from_estimator(Ridge(), X, y, train_sizes=[0.5], cv=2)
    assert [line.get_label() for line in display.ax_.lines] == ["Ridge"]
    assert display.score_name == "Score"


def test_bands():
    scores = scores_of(["a", "b"])
    sizes = [10, 20, 40, 80, 160]
    display = LearningCurveDisplay.from_scores(scores, train_sizes=sizes)
    for values, (low, high) in zip(scores.values(), bands(display), strict=True):
        np.testing.assert_allclose(low, values.mean(axis=1) - values.std(axis=1))
        np.testing.assert_allclose(high, values.mean(axis=1) + values.std(axis=1))
    display = LearningCurveDisplay.from_scores(scores, train_sizes=sizes, interval="range")
    for values, (low, high) in zip(scores.values(), bands(display), strict=True):
        np.testing.assert_allclose(low, values.min(axis=1))
        np.testing.assert_allclose(high, values.max(axis=1))
    assert not LearningCurveDisplay.from_scores(
        scores, train_sizes=sizes, interval=None
    ).ax_.collections
    single = {"a": [0.5, 0.6, 0.7, 0.7, 0.8]}
    assert not LearningCurveDisplay.from_scores(single, train_sizes=sizes).ax_.collections


def test_splits_without_a_score_are_left_out():
    values = np.array([[np.nan, np.nan], [0.5, np.nan], [0.6, 0.8]])
    display = LearningCurveDisplay.from_scores({"a": values}, train_sizes=[10, 20, 40])
    (line,) = display.ax_.lines
    assert line.get_xdata().tolist() == [20, 40]
    assert line.get_ydata().tolist() == pytest.approx([0.5, 0.7])


def test_models_are_told_apart_without_colours():
    names = [f"model {i}" for i in range(10)]
    display = LearningCurveDisplay.from_scores(scores_of(names), train_sizes=[1, 2, 3, 4, 5])
    looks = {
        (line.get_linestyle(), line.get_marker(), line.get_markerfacecolor() == "white")
        for line in display.ax_.lines
    }
    assert len(looks) == 10


@pytest.mark.parametrize("n_models", [1, 2, 10])
@pytest.mark.parametrize("length", [3, 40])
@pytest.mark.parametrize(
    "sizes", [[20], [100, 200], np.arange(1, 21) * 500, [3, 4, 5, 1000, 1001], [90000, 100000]]
)
def test_nothing_overlaps(n_models, length, sizes):
    scores = scores_of(long_names(n_models, length), len(sizes))
    display = LearningCurveDisplay.from_scores(scores, train_sizes=sizes, title="All models")
    assert_readable(display.figure_)
    ticks = [tick.get_text() for tick in display.ax_.get_xticklabels()]
    assert f"{sizes[-1]:,}" in ticks
    assert set(ticks) <= {f"{n:,}" for n in sizes}


def test_given_axes_and_names_as_text():
    figure, ax = plt.subplots()
    display = LearningCurveDisplay.from_scores({"$a": [0.1, 0.2]}, train_sizes=[10, 20], ax=ax)
    assert display.figure_ is figure
    assert "$a" in texts(display)


@pytest.mark.parametrize(
    ("scores", "arguments", "message"),
    [
        ({}, {}, "scores must be a dict of names to scores, with at least one"),
        ([0.1, 0.2], {}, "scores must be a dict"),
        ({"a": [0.1]}, {}, r"scores\['a'\] has shape \(1, 1\). Expected \(2, n_splits\)"),
        ({"a": [np.nan, np.nan]}, {}, r"scores\['a'\] has infinite values, or only NaN"),
        ({"a": [0.1, np.inf]}, {}, r"scores\['a'\] has infinite values"),
        ({"a": [1, 2]}, {"train_sizes": [20, 10]}, "train_sizes must be positive and increasing"),
        ({"a": [1, 2]}, {"train_sizes": [0, 10]}, "train_sizes must be positive and increasing"),
        (
            {"a": [1, 2]},
            {"interval": "ci"},
            "interval must be one of 'std', 'range', None. Got 'ci'",
        ),
    ],
)
def test_bad_scores(scores, arguments, message):
    with pytest.raises(ValueError, match=message):
        LearningCurveDisplay.from_scores(scores, **{"train_sizes": [10, 20], **arguments})


@pytest.mark.parametrize("estimators", [{}, [DummyClassifier()], None])
def test_bad_estimators(two_classes, estimators):
    with pytest.raises(ValueError, match="estimators must be a dict of names to estimators"):
        LearningCurveDisplay.from_estimators(estimators, *two_classes)
