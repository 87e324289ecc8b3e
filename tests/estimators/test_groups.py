"""Groups, such as patients: what a fit holds out for validation are whole ones, at every depth."""

import itertools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from helpers import same_state, tiny
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils.metadata_routing import get_routing_for_object

from skdl import CNNClassifier, DenoisingAutoencoder, TransferClassifier, VGG16Classifier
from skdl.estimators._holding_out import choose_groups
from skdl.estimators._trained import TrainedEstimator

# Of noise there is nothing to learn.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 60
ROWS = np.arange(N)
# Four images of a patient, whose classes alternate; each image says in its first pixel which it is.
PATIENTS = np.random.default_rng(0).permutation(N) // 4
Y = ROWS % 2
X = np.random.default_rng(0).random((N, 16)).astype(np.float32)
X[:, 0] = ROWS
QUICK = {"epochs": 1, "random_state": 0, "value_range": (0.0, float(N))}
ESTIMATORS = {
    "CNN": CNNClassifier(tiny, **QUICK),
    "transfer": TransferClassifier(image_size=8, **QUICK),
    "VGG16": VGG16Classifier(weights="random", image_size=32, pooling="avg", **QUICK),
    "denoising": DenoisingAutoencoder(filters=(4,), image_shape=(4, 4), **QUICK),
}
STOPPED = clone(ESTIMATORS["CNN"]).set_params(validation_fraction=0.2)


def shared(rows, groups=PATIENTS):
    """Groups on both sides of a split."""
    return np.intersect1d(groups[rows], np.delete(groups, rows))


# ---- the split of a fit ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("asked", [{"early_stopping": True}, {"validation_fraction": 0.3}])
def test_no_group_is_on_both_sides(name, asked):
    model = clone(ESTIMATORS[name]).set_params(**asked)
    assert len(shared(model.fit(X, Y).validation_rows_)) > 0  # images alone split patients
    rows = model.fit(X, Y, groups=PATIENTS).validation_rows_
    assert shared(rows).tolist() == []
    fraction = asked.get("validation_fraction", 0.1)
    assert abs(len(rows) - fraction * N) <= 2  # half a patient
    assert len(model.history_["val_loss"]) == 1


def test_a_split_is_training_and_validation_data_of_ones_own():
    model = clone(STOPPED).fit(X, Y, groups=PATIENTS)
    rows = model.validation_rows_
    assert rows.dtype == np.intp
    assert (np.diff(rows) > 0).all()
    kept = np.delete(ROWS, rows)
    direct = clone(ESTIMATORS["CNN"]).fit(X[kept], Y[kept], X_val=X[rows], y_val=Y[rows])
    assert same_state(model, direct)
    assert model.history_ == direct.history_


@pytest.mark.parametrize("name", ["CNN", "denoising"])
def test_what_the_training_gets(name, monkeypatch):
    jobs = []
    run = TrainedEstimator._run

    def watched(self, job):
        jobs.append(job)
        return run(self, job)

    monkeypatch.setattr(TrainedEstimator, "_run", watched)
    model = clone(ESTIMATORS[name]).set_params(validation_fraction=0.3)
    model.fit(X, Y, groups=PATIENTS)
    trained, validated = (
        set(part.images.load()[:, 0, 0, 0].astype(int))
        for part in (jobs[0].data, jobs[0].validation)
    )
    assert validated == set(model.validation_rows_)
    assert trained == set(ROWS) - validated


def test_the_rows_that_images_alone_are_held_out_of():
    rows = clone(STOPPED).fit(X, Y).validation_rows_
    assert len(rows) == 12
    assert np.bincount(Y[rows]).tolist() == [6, 6]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_without_a_split_groups_change_nothing(name):
    plain = clone(ESTIMATORS[name]).fit(X, Y)
    grouped = clone(ESTIMATORS[name]).fit(X, Y, groups=PATIENTS)
    method = "transform" if name == "denoising" else "predict_proba"
    assert np.array_equal(getattr(plain, method)(X), getattr(grouped, method)(X))
    assert plain.validation_rows_ is grouped.validation_rows_ is None


def test_beside_validation_data_groups_are_ignored():
    model, one = clone(STOPPED), np.zeros(40)
    model.fit(X[:40], Y[:40], X_val=X[40:], y_val=Y[40:], groups=one)
    assert model.validation_rows_ is None
    again = clone(STOPPED).fit(X[:40], Y[:40], X_val=X[40:], y_val=Y[40:])
    assert same_state(model, again)


def test_rows_of_weight_zero_are_on_neither_side():
    weights = np.where(np.isin(PATIENTS, [0, 1, 2]), 0.0, 1.0)
    weights[ROWS % 5 == 0] = 0.0
    used = np.flatnonzero(weights)
    rows = clone(STOPPED).fit(X, Y, weights, groups=PATIENTS).validation_rows_
    assert (weights[rows] > 0).all()
    held_out = PATIENTS[rows]
    assert np.array_equal(rows, used[np.isin(PATIENTS[used], held_out)])
    alone = clone(STOPPED).fit(X[used], Y[used], groups=PATIENTS[used])
    assert np.array_equal(used[alone.validation_rows_], rows)


def test_a_class_that_only_rows_of_weight_zero_have():
    labels = np.where(PATIENTS == 3, 2, Y)
    weights = np.where(PATIENTS == 3, 0.0, 1.0)
    model = clone(STOPPED).fit(X, labels, weights, groups=PATIENTS)
    assert shared(model.validation_rows_).tolist() == []
    assert model.classes_.tolist() == [0, 1, 2]


def test_seeds_draw_other_groups_and_the_same_seed_the_same():
    def held_out(seed):
        model = clone(STOPPED).set_params(random_state=seed)
        return set(PATIENTS[model.fit(X, Y, groups=PATIENTS).validation_rows_])

    assert held_out(0) == held_out(0)
    assert len({frozenset(held_out(seed)) for seed in range(4)}) > 1


def test_the_order_of_rows_does_not_decide():
    order = np.random.default_rng(1).permutation(N)
    first = clone(STOPPED).fit(X, Y, groups=PATIENTS).validation_rows_
    second = clone(STOPPED).fit(X[order], Y[order], groups=PATIENTS[order]).validation_rows_
    assert set(order[second]) == set(first)


@pytest.mark.parametrize(
    "kind",
    [
        list,
        lambda g: [f"patient {i}" for i in g],
        lambda g: g.astype(float)[:, np.newaxis],
        pd.Series,
        lambda g: pd.Series(g.astype(str), index=ROWS[::-1]).astype("category"),
        lambda g: pd.to_datetime("2020-01-01") + pd.to_timedelta(g, unit="D"),
    ],
)
def test_groups_of_any_kind(kind):
    given_groups = kind(PATIENTS)
    rows = clone(STOPPED).fit(X, Y, groups=given_groups).validation_rows_
    assert shared(rows).tolist() == []


def test_the_arrays_of_the_caller_are_left_alone():
    groups = PATIENTS.copy()
    groups.setflags(write=False)
    clone(STOPPED).fit(X, Y, groups=groups)
    assert np.array_equal(groups, PATIENTS)


def test_going_on_holds_out_the_same_groups():
    model = clone(STOPPED).set_params(warm_start=True)
    first = model.fit(X, Y, groups=PATIENTS).validation_rows_
    assert np.array_equal(model.fit(X, Y, groups=PATIENTS).validation_rows_, first)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).validation_rows_, first)
    model.partial_fit(X, Y)
    assert model.validation_rows_ is None
    assert "validation_rows_" not in vars(clone(model))


# ---- bad input ---------------------------------------------------------------------------------

TWO = np.where(ROWS < 30, "p1", "p2")


@pytest.mark.parametrize("name", ["CNN", "denoising"])
@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (PATIENTS[:-1], "groups has 59 values, but there are 60 images. Pass one group per image"),
        ([None, *PATIENTS[1:]], "groups has NaN or None at row 0. Give each of them"),
        (np.where(ROWS == 7, np.nan, PATIENTS), "groups has NaN or None at row 7"),
        (np.column_stack([PATIENTS, PATIENTS]), r"Got shape \(60, 2\). Join several columns"),
        (["p1", *PATIENTS[1:]], "groups holds values of several kinds"),
        (5, "groups must be a list or an array"),
        (np.full(N, "p1"), "All images belong to one group, 'p1', .*no images would be left"),
    ],
)
def test_groups_that_are_none(name, groups, message):
    model = clone(ESTIMATORS[name]).set_params(early_stopping=True)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, groups=groups)
    assert not model.initialized_


@pytest.mark.parametrize(
    ("name", "advice"), [("CNN", "Pass X_val and y_val, or set"), ("denoising", "from more groups")]
)
def test_one_group_says_what_to_do(name, advice):
    model = clone(ESTIMATORS[name]).set_params(early_stopping=True)
    with pytest.raises(ValueError, match=advice):
        model.fit(X, Y, groups=np.zeros(N))
    model.set_params(early_stopping=False).fit(X, Y, groups=np.zeros(N))


def test_a_class_in_one_group_only():
    labels = np.where(PATIENTS == 3, "rare", np.where(Y, "b", "a"))
    message = "The class 'rare' occurs in one group only, 3, .* Pass X_val and y_val, or set val"
    with pytest.raises(ValueError, match=message):
        clone(STOPPED).fit(X, labels, groups=PATIENTS)
    with pytest.raises(ValueError, match="occurs in one group only, 'p1'"):
        clone(STOPPED).fit(X, TWO, groups=TWO)


def test_fewer_rows_than_classes_to_hold_out():
    with pytest.raises(ValueError, match="cannot be stratified over 12 classes"):
        clone(STOPPED).set_params(validation_fraction=0.1).fit(X, ROWS % 12, groups=PATIENTS)


@pytest.mark.parametrize(
    ("name", "otherwise"), [("CNN", ", or pass X_val and y_val"), ("denoising", "")]
)
def test_groups_too_large_for_the_fraction_are_warned_of(name, otherwise):
    model = clone(ESTIMATORS[name]).set_params(validation_fraction=0.2)
    said = "30 of 60 images are held out instead of validation_fraction=0.2. "
    said += "Set validation_fraction=0.5 if this is intended"
    with pytest.warns(UserWarning, match=rf"{said}{otherwise}\.$"):
        rows = model.fit(X, Y, groups=TWO).validation_rows_
    assert shared(rows, TWO).tolist() == []
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Groups are held out")
        again = model.set_params(validation_fraction=0.5).fit(X, Y, groups=TWO)
    assert np.array_equal(again.validation_rows_, rows)


def test_a_class_that_cannot_be_on_both_sides_is_trained_on():
    """Three groups with two classes each: any that is held out leaves one class without images."""
    pairs = np.array([(0, 1), (1, 2), (0, 2)])
    groups = ROWS % 3
    labels = pairs[groups, ROWS // 3 % 2]
    with pytest.warns(UserWarning, match="validation split has no image of the class"):
        model = clone(STOPPED).set_params(validation_fraction=0.3).fit(X, labels, groups=groups)
    assert set(np.delete(labels, model.validation_rows_)) == {0, 1, 2}
    assert shared(model.validation_rows_, groups).tolist() == []


# ---- which groups ------------------------------------------------------------------------------


def tables(max_groups=9):
    """Numbers of rows of each class (1 to 3) in each group; each class in two groups or more."""
    return (
        st.tuples(st.integers(2, max_groups), st.integers(1, 3))
        .flatmap(
            lambda shape: st.lists(
                st.lists(st.integers(0, 4), min_size=shape[1], max_size=shape[1]),
                min_size=shape[0],
                max_size=shape[0],
            )
        )
        .map(np.array)
        .filter(lambda t: (np.count_nonzero(t, axis=0) > 1).all() and t.any(axis=1).all())
    )


def far(table, chosen, fraction):
    """Classes that are not held out, and how far off the shares are; None if one is not trained on.

    Of classes, and of all rows.
    """
    table = np.column_stack([table, table.sum(axis=1)])
    held, total = table[np.asarray(chosen)].sum(axis=0), table.sum(axis=0)
    if (held == total).any():
        return None
    return int((held == 0).sum()), round(float(np.square(held / total - fraction).sum()), 9)


FRACTIONS = st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.8])


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(tables(), FRACTIONS, st.integers(0, 5))
def test_few_groups_come_as_near_as_any_choice(table, fraction, seed):
    choices = itertools.product([False, True], repeat=len(table))
    distances = [far(table, chosen, fraction) for chosen in choices]
    chosen = choose_groups(table, fraction, seed)
    assert far(table, chosen, fraction) == min(d for d in distances if d is not None)
    assert np.array_equal(chosen, choose_groups(table, fraction, seed))


@settings(max_examples=40, deadline=None)
@given(st.integers(13, 60), st.integers(1, 3), FRACTIONS, st.integers(0, 5))
def test_many_groups_come_within_half_a_group(n_groups, n_classes, fraction, seed):
    generator = np.random.default_rng(seed)
    table = generator.integers(1, 5, (n_groups, n_classes))
    chosen = choose_groups(table, fraction, seed)
    held, total = table[chosen].sum(axis=0), table.sum(axis=0)
    assert (held > 0).all()
    assert (held < total).all()
    assert (abs(held - fraction * total) <= 4).all()  # the largest has four of a class
    assert np.array_equal(chosen, choose_groups(table, fraction, seed))


@settings(max_examples=40, deadline=None)
@given(st.integers(13, 40), st.integers(2, 4), FRACTIONS, st.integers(0, 5))
def test_many_groups_of_one_class_each(n_groups, n_classes, fraction, seed):
    generator = np.random.default_rng(seed)
    codes = generator.integers(0, n_classes, n_groups)
    table = np.eye(n_classes, dtype=np.int64)[codes] * generator.integers(1, 6, (n_groups, 1))
    assume((np.count_nonzero(table, axis=0) > 1).all())
    held = table[choose_groups(table, fraction, seed)].sum(axis=0)
    assert (held > 0).all()
    assert (held < table.sum(axis=0)).all()


def test_a_planted_choice_is_found():
    """Only two of the groups together are a fifth of each class, among twenty."""
    table = np.full((22, 2), 7)
    table[[4, 15]] = [[20, 15], [15, 20]]
    chosen = choose_groups(table, 35 / 175, 0)
    assert table[chosen].sum(axis=0).tolist() == [35, 35]


# ---- meta-estimators ---------------------------------------------------------------------------


class Recorder(CNNClassifier):
    """Writes down which rows each fit got, with which groups, and which of them it held out."""

    fits = []

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None):
        super().fit(X, y, sample_weight, X_val, y_val, groups)
        self.fits.append((X[:, 0].astype(int), groups, self.validation_rows_))
        return self


class WatchedFolds(GroupKFold):
    """Checks that it gets the groups of the rows that it splits."""

    n_splits_made = 0

    def split(self, X, y=None, groups=None):
        assert np.array_equal(groups, PATIENTS[X[:, 0].astype(int)])
        for train, test in super().split(X, y, groups):
            assert not np.intersect1d(groups[train], groups[test]).size
            WatchedFolds.n_splits_made += 1
            yield train, test


FOLDS = WatchedFolds(2)
GRID = {"architecture__units": [4, 8]}


def recorder():
    model = Recorder(tiny, **QUICK, validation_fraction=0.3)
    return model.set_fit_request(groups=True, sample_weight=False)


def fit(model):
    return lambda: model.fit(X, Y, groups=PATIENTS)


ROUTED = {  # with the number of fits, and of splits
    "plain": (lambda: fit(recorder()), 1, 0),
    "Pipeline": (lambda: fit(make_pipeline("passthrough", recorder())), 1, 0),
    "GridSearchCV": (lambda: fit(GridSearchCV(recorder(), GRID, cv=FOLDS)), 5, 2),
    "GridSearchCV of a Pipeline": (
        lambda: fit(
            GridSearchCV(
                make_pipeline("passthrough", recorder()),
                {"recorder__architecture__units": [4, 8]},
                cv=FOLDS,
            )
        ),
        5,
        2,
    ),
    "HalvingGridSearchCV": (
        lambda: fit(
            HalvingGridSearchCV(
                recorder(), GRID, cv=FOLDS, factor=2, min_resources=40, error_score="raise"
            )
        ),
        5,
        2,
    ),
    "TunedThresholdClassifierCV": (
        lambda: fit(TunedThresholdClassifierCV(recorder(), cv=FOLDS)),
        3,
        2,
    ),
    "CalibratedClassifierCV": (lambda: fit(CalibratedClassifierCV(recorder(), cv=FOLDS)), 2, 2),
    # Its final estimator gets all that fit gets.
    "StackingClassifier": (
        lambda: fit(
            StackingClassifier(
                [("cnn", recorder())],
                GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=GroupKFold(2)),
                cv=FOLDS,
            )
        ),
        3,
        2,
    ),
    "VotingClassifier": (lambda: fit(VotingClassifier([("cnn", recorder())])), 1, 0),
    "BaggingClassifier": (lambda: fit(BaggingClassifier(recorder(), 2, random_state=0)), 2, 0),
    "OneVsOneClassifier": (lambda: fit(OneVsOneClassifier(recorder())), 1, 0),
    "RandomizedSearchCV": (
        lambda: fit(RandomizedSearchCV(recorder(), GRID, n_iter=1, cv=FOLDS, random_state=0)),
        3,
        2,
    ),
    "HalvingRandomSearchCV": (
        lambda: fit(
            HalvingRandomSearchCV(
                recorder(), GRID, cv=FOLDS, factor=2, min_resources=40, random_state=0
            )
        ),
        3,
        2,
    ),
    "cross_val_score": (
        lambda: lambda: cross_val_score(recorder(), X, Y, cv=FOLDS, params={"groups": PATIENTS}),
        2,
        2,
    ),
    "validation_curve": (
        lambda: (
            lambda: validation_curve(
                recorder(),
                X,
                Y,
                param_name="epochs",
                param_range=[1],
                cv=FOLDS,
                params={"groups": PATIENTS},
            )
        ),
        2,
        2,
    ),
    "permutation_test_score": (
        lambda: (
            lambda: permutation_test_score(
                recorder(), X, Y, cv=FOLDS, n_permutations=1, params={"groups": PATIENTS}
            )
        ),
        4,
        4,
    ),
    "OneVsRestClassifier": (lambda: fit(OneVsRestClassifier(recorder())), 1, 0),
    "cross_validate": (
        lambda: (
            lambda: cross_validate(
                recorder(), X, Y, cv=FOLDS, params={"groups": PATIENTS}, error_score="raise"
            )
        ),
        2,
        2,
    ),
    "cross_validate of a search": (
        lambda: (
            lambda: cross_validate(
                GridSearchCV(recorder(), GRID, cv=FOLDS, error_score="raise"),
                X,
                Y,
                cv=FOLDS,
                params={"groups": PATIENTS},
                error_score="raise",
            )
        ),
        10,
        6,
    ),
    "cross_val_predict": (
        lambda: lambda: cross_val_predict(recorder(), X, Y, cv=FOLDS, params={"groups": PATIENTS}),
        2,
        2,
    ),
    "learning_curve": (
        lambda: (
            lambda: learning_curve(
                recorder(),
                X,
                Y,
                cv=FOLDS,
                params={"groups": PATIENTS},
                train_sizes=[0.8, 1.0],
                shuffle=True,
                random_state=0,
                error_score="raise",
            )
        ),
        4,
        2,
    ),
}


@pytest.mark.filterwarnings("ignore:Groups are held out as a whole")
@pytest.mark.parametrize("name", ROUTED)
def test_no_group_is_on_both_sides_of_any_split(name, monkeypatch):
    make, n_fits, n_splits = ROUTED[name]
    monkeypatch.setattr(Recorder, "fits", [])
    monkeypatch.setattr(WatchedFolds, "n_splits_made", 0)
    with sklearn.config_context(enable_metadata_routing=True):
        make()()
    assert len(Recorder.fits) == n_fits
    assert WatchedFolds.n_splits_made == n_splits
    for rows, groups, held_out in Recorder.fits:
        assert np.array_equal(groups, PATIENTS[rows])
        assert len(held_out) > 0
        assert shared(held_out, groups).tolist() == []


def test_what_scikit_learn_does_not_hand_on_is_no_silent_leak():
    """Rows of an estimator that takes some away and hands all groups on; and nothing asked for."""
    labels = np.where(ROWS < 50, Y, -1)
    with sklearn.config_context(enable_metadata_routing=True):
        with pytest.raises(ValueError, match="groups has 60 values, but there are 50 images"):
            SelfTrainingClassifier(recorder()).fit(X, labels, groups=PATIENTS)
        with pytest.raises(ValueError, match=r"\[groups\] are passed but are not explicitly set"):
            GridSearchCV(clone(STOPPED), GRID, cv=FOLDS).fit(X, Y, groups=PATIENTS)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_groups_are_requested_when_asked_for(name):
    model = clone(ESTIMATORS[name])
    with sklearn.config_context(enable_metadata_routing=True):
        assert not get_routing_for_object(model).consumes("fit", ["groups"])
        assert get_routing_for_object(model.set_fit_request(groups=True)).consumes(
            "fit", ["groups"]
        ) == {"groups"}


def test_without_routing_a_step_gets_its_groups_by_name():
    model = make_pipeline("passthrough", clone(STOPPED))
    model.fit(X, Y, cnnclassifier__groups=PATIENTS)
    assert shared(model[-1].validation_rows_).tolist() == []
