"""Groups reach everything inside an estimator that splits rows."""

import pickle
import warnings

import numpy as np
import pytest
from evaluation.noted import GROUPS, Foreign, Noting, Stopping, X, Y, rows_of, split_groups
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV, SelectFromModel, SequentialFeatureSelector
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeClassifierCV
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedGroupKFold,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier

from skdl import evaluate
from skdl.evaluation import EvaluationWarning

GRID = {"C": [0.1, 10.0]}
SCALER = FunctionTransformer()  # keeps the rows readable


def search(inner=None, **params):
    return GridSearchCV(inner or Noting(), GRID, **{"cv": 3, **params})


def stack(*members, **params):
    members = members or (Noting(), Noting(C=0.1))
    return StackingClassifier([(f"m{i}", member) for i, member in enumerate(members)], **params)


def selected(selector):
    return make_pipeline(SCALER, selector, Noting())


INSIDE = {
    "grid search": search(),
    "grid search in processes": search(cv=None),
    "randomized search": RandomizedSearchCV(Noting(), GRID, n_iter=2, cv=3),
    "halving search": HalvingGridSearchCV(
        Noting(), GRID, cv=3, min_resources=60, factor=2, return_train_score=False
    ),
    "own folds": search(cv=GroupKFold(3)),
    "threshold": TunedThresholdClassifierCV(Noting(), thresholds=5, cv=3),
    "threshold of one split": TunedThresholdClassifierCV(
        Noting(), thresholds=5, cv=0.3, refit=False
    ),
    "threshold of one split, seeded": TunedThresholdClassifierCV(
        Noting(), thresholds=5, cv=0.3, random_state=3
    ),
    "calibration": CalibratedClassifierCV(Noting(), cv=3),
    "one calibrator": CalibratedClassifierCV(Noting(), cv=3, ensemble=False),
    "one calibrator, own folds": CalibratedClassifierCV(
        Noting(), cv=StratifiedGroupKFold(3), ensemble=False
    ),
    "stacking": stack(cv=3),
    "stacking, default folds": stack(),
    "stacking, own folds": stack(cv=GroupKFold(4)),
    "stacking under a search": stack(cv=3, final_estimator=search(), passthrough=True),
    "stacking of searches": stack(search(), Noting(), cv=3),
    "stacking of networks": stack(Stopping(), Noting(), cv=3),
    "stacking under a network": stack(cv=3, final_estimator=Stopping(), passthrough=True),
    "feature elimination": RFECV(Noting(), cv=3),
    "feature elimination as a step": selected(RFECV(Noting(), cv=3)),
    "feature selection as a step": selected(
        SequentialFeatureSelector(Noting(), n_features_to_select=2, cv=3)
    ),
    "a selection by a search": selected(
        SelectFromModel(search(), importance_getter="best_estimator_.coef_")
    ),
    "network": Stopping(),
    "network in a pipeline": make_pipeline(SCALER, Stopping()),
    "network in a search": search(Stopping()),
    "bagging": BaggingClassifier(search(), n_estimators=2),
    "vote": VotingClassifier([("a", search()), ("b", Stopping()), ("c", Noting())]),
    "one against the rest": OneVsRestClassifier(search()),
    "search of what knows no routing": GridSearchCV(
        make_pipeline(Foreign(Noting())), {"foreign__estimator__C": [0.5, 1.0]}, cv=3
    ),
    "several grids": GridSearchCV(
        make_pipeline(SCALER, Stopping()),
        [{"stopping__C": [0.1]}, {"stopping__tol": [1e-3, 1e-4]}],
        cv=3,
    ),
    "the deepest": GridSearchCV(
        make_pipeline(
            SCALER,
            stack(
                Stopping(),
                TunedThresholdClassifierCV(Stopping(), thresholds=3, cv=2),
                search(Stopping(), cv=2),
                cv=2,
                final_estimator=Stopping(),
                passthrough=True,
            ),
        ),
        {"stackingclassifier__m0__C": [0.1, 1.0]},
        cv=2,
    ),
}


@pytest.fixture(autouse=True)
def _note_anew():
    Noting.seen.clear()


def evaluated(model, groups=GROUPS, **options):
    return evaluate(model, X, Y, groups=groups, **{"cv": 3, "scoring": "accuracy", **options})


@pytest.mark.parametrize("name", INSIDE)
def test_no_group_is_on_both_sides_of_any_split(name):
    model = INSIDE[name]
    before = repr(model), get_config()
    with warnings.catch_warnings():
        warnings.simplefilter("error", EvaluationWarning)
        found = evaluated(model)
    assert found.missing.empty
    assert len(Noting.seen) >= 3
    assert split_groups() == 0
    assert (repr(model), get_config()) == before
    if "own folds" in name:
        return
    # The test can fail: without groups they are split.
    Noting.seen.clear()
    evaluated(model, None, cv=[*StratifiedGroupKFold(3).split(X, Y, GROUPS)])
    assert split_groups() > 0


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_processes_make_the_same_folds(n_jobs):
    models = {"stack": stack(cv=3, n_jobs=n_jobs), "search": search(stack(cv=3), n_jobs=n_jobs)}
    models["search"].param_grid = {"m0__C": [0.1, 1.0]}
    found = evaluated(models, n_jobs=n_jobs)
    plain = evaluated({name: clone(m).set_params(n_jobs=None) for name, m in models.items()})
    assert found.predictions.equals(plain.predictions)


def test_what_was_fitted_is_what_it_says():
    """It can be pickled, cloned, asked and fitted again."""
    found = evaluated(stack(cv=3), return_estimator=True)
    fitted = found.fitted["StackingClassifier", 0]
    assert isinstance(fitted, StackingClassifier)
    assert repr(fitted).startswith("StackingClassifier(cv=StratifiedGroupFolds(n_splits=3")
    assert isinstance(fitted.final_estimator_, LogisticRegression)
    assert fitted.final_estimator is None
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert not hasattr(clone(again), "estimators_")


def test_a_search_is_the_one_of_scikit_learn_along_groups():
    model = search(LogisticRegression())
    found = evaluated(model, return_estimator=True)
    own = evaluated(search(LogisticRegression(), cv=StratifiedGroupKFold(3)), return_estimator=True)
    for key in found.fitted:
        scores = [
            fitted[key].cv_results_["mean_test_score"] for fitted in (found.fitted, own.fitted)
        ]
        np.testing.assert_array_equal(*scores)


def test_requests_of_the_user_are_kept():
    with config_context(enable_metadata_routing=True):
        model = Stopping().set_fit_request(groups=False)
    evaluated(model)
    assert split_groups() > 0


GAPS = {
    "a splitter": (search(cv=KFold(3)), r"cv: KFold\(n_splits=3, .* of GridSearchCV ignores"),
    "deeper": (
        make_pipeline(SCALER, search(cv=KFold(3))),
        r"gridsearchcv__cv: KFold\(n_splits=3.*ignores groups",
    ),
    "rows": (search(cv=[(np.arange(30), np.arange(30, 60))]), r"cv: .*ignores groups"),
    "mlp": (
        make_pipeline(SCALER, MLPClassifier((2,), early_stopping=True, max_iter=10)),
        r"mlpclassifier: MLPClassifier holds out rows for early stopping and does not use groups",
    ),
    "boosting": (
        HistGradientBoostingClassifier(early_stopping=True, max_iter=2),
        "HistGradientBoostingClassifier holds out rows",
    ),
    "trees": (
        GradientBoostingClassifier(n_estimators=2, n_iter_no_change=1),
        "GradientBoostingClassifier holds out rows",
    ),
    "another hand": (
        Foreign(search()),
        "estimator: Foreign does not pass groups on to GridSearchCV",
    ),
    "beside another hand": (
        VotingClassifier([("a", Foreign()), ("b", search())]),
        "b: VotingClassifier does not pass groups on to GridSearchCV",
    ),
    "some rows": (SelfTrainingClassifier(search()), "estimator: SelfTrainingClassifier, which"),
    "several": (
        GridSearchCV(make_pipeline(Stopping()), {"stopping": [Stopping(), Noting()]}, cv=3),
        "GridSearchCV, which searches over stopping, does not pass groups on to Pipeline",
    ),
    "leave one out": (RidgeClassifierCV(), "cv: RidgeClassifierCV leaves out single images"),
}


@pytest.mark.parametrize("name", GAPS)
def test_what_does_not_keep_groups_together_is_named_and_fitted(name):
    model, message = GAPS[name]
    with pytest.warns(EvaluationWarning, match=message):
        found = evaluated({"mine": model})
    assert found.missing.empty


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingClassifier(max_iter=2),
        MLPClassifier((2,), max_iter=5),
        GradientBoostingClassifier(n_estimators=2),
        Foreign(),
        AdaBoostClassifier(Noting(), n_estimators=2),
        RidgeClassifierCV(cv=3),
        LogisticRegressionCV(Cs=2, cv=3, max_iter=50),
        FeatureUnion([("a", SCALER)]) and make_pipeline(FeatureUnion([("a", SCALER)]), Noting()),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_splits_nothing_or_along_groups_is_not_named(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error", EvaluationWarning)
        assert evaluated(model).missing.empty


def test_rows_are_readable():
    np.testing.assert_array_equal(rows_of(X), np.arange(len(X)))
