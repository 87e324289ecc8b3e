"""Parts that do not fit together would be read beyond their ends by compiled code."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction import FeatureHasher
from sklearn.neighbors import BallTree, KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, SplineTransformer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skdl.persistence import ModelFileError
from skdl.persistence._sound import check_sound, parts_of


def with_nodes(model, tree, field, row, value):
    state = tree.__getstate__()
    nodes = state["nodes"].copy()
    nodes[field][row] = value
    tree.__setstate__({**state, "nodes": nodes})


def tree_of(field, row, value):
    def change(X, y):
        model = DecisionTreeClassifier(random_state=0).fit(X, y)
        check_sound(model, ())
        with_nodes(model, model.tree_, field, row, value)
        return model

    return change


def svm_of(name, change, **params):
    def changed(X, y):
        model = SVC(**params).fit(X, y)
        check_sound(model, ())
        value = change(getattr(model, name))
        vars(model)[name] = value
        return model

    return changed


def attribute_of(model, name, change):
    def changed(X, y, given=model):
        model = clone(given).fit(X, y)
        check_sound(model, ())
        vars(model)[name] = change(vars(model)[name])
        return model

    return changed


def ball_tree(X, y):
    model = BallTree(X, leaf_size=5)
    state = list(model.__getstate__())
    state[1] = state[1].copy()
    state[1][0] = 10**9
    model.__setstate__(tuple(state))
    return model


def other_predictor(field, value):
    def changed(X, y):
        model = HistGradientBoostingClassifier(max_iter=1).fit(X, y)
        check_sound(model, ())
        model._predictors[0][0].nodes[field][0] = value
        return model

    return changed


def matrix_beyond(X, y):
    matrix = sparse.csr_matrix(np.eye(4))
    matrix.indices[0] = 10**8
    return [matrix]


def stages_with_another_start(X, y):
    model = GradientBoostingClassifier(n_estimators=1).fit(X, y)
    check_sound(model, ())
    model.init_ = GradientBoostingClassifier(n_estimators=1).fit(X, y > 0)
    return model


def forest_with_another_tree(X, y):
    model = RandomForestClassifier(2).fit(X, y)
    model.estimators_[0] = DecisionTreeClassifier().fit(np.hstack([X, X]), y)
    return model


def kernel_of_other_columns(X, y):
    model = SVC(kernel="precomputed").fit(X @ X.T, y)
    check_sound(model, ())
    model.support_ = model.support_ + 10**8
    return model


def random_state_beyond(X, y):
    source = np.random.RandomState(0)
    check_sound([source], ())
    state = source.get_state(legacy=False)
    try:
        source.set_state({**state, "state": {**state["state"], "pos": 10**6}})
    except ValueError:
        pytest.skip("this NumPy refuses it itself")
    return [source]


def spline_out_of_order(X, y):
    model = SplineTransformer().fit(X)
    check_sound(model, ())
    model.bsplines_[20].t = model.bsplines_[20].t[::-1]
    return model


CASES = {
    "a child that is not there": tree_of("right_child", 0, 10**6),
    "a child that is its parent": tree_of("left_child", 0, 0),
    "a child below zero": tree_of("left_child", 0, -5),
    "a feature that is not there": tree_of("feature", 0, 10**6),
    "a feature below zero": tree_of("feature", 0, -3),
    "fewer features": attribute_of(DecisionTreeClassifier(), "n_features_in_", lambda n: 3),
    "a tree of more features": forest_with_another_tree,
    "stages": attribute_of(
        GradientBoostingClassifier(n_estimators=1), "estimators_", lambda e: e[:, :2]
    ),
    "another start": stages_with_another_start,
    "a predictor's child": other_predictor("left", 10**6),
    "a predictor's feature": other_predictor("feature_idx", 10**6),
    "a predictor's category": other_predictor("is_categorical", 1),
    "vectors": svm_of("support_vectors_", lambda v: v[:, :10].copy()),
    "numbers of vectors": svm_of("_n_support", lambda n: n + 10),
    "negative numbers of vectors": svm_of("_n_support", lambda n: n * [-1, 1, 1]),
    "coefficients": svm_of("_dual_coef_", lambda c: c[:1].copy()),
    "intercepts": svm_of("_intercept_", lambda i: i[:1]),
    "probabilities": svm_of("_probA", lambda p: np.zeros(1)),
    "sparse": svm_of("_sparse", lambda s: True),
    "columns of a kernel": kernel_of_other_columns,
    "neighbours": attribute_of(KNeighborsClassifier(), "n_samples_fit_", lambda n: n + 1),
    "indices of a ball tree": ball_tree,
    "centres": attribute_of(KMeans(2, n_init=1), "cluster_centers_", lambda c: c[:, :5]),
    "threads": attribute_of(KMeans(2, n_init=1), "_n_threads", lambda n: 10**8),
    "jobs": attribute_of(RandomForestClassifier(1), "n_jobs", lambda n: 10**8),
    "hashes": attribute_of(FeatureHasher(input_type="string"), "n_features", lambda n: 0),
    "a sparse matrix": matrix_beyond,
    "a place in random numbers": random_state_beyond,
    "knots": spline_out_of_order,
}


@pytest.mark.parametrize("name", CASES)
def test_what_does_not_fit_is_refused(name, zero_to_two):
    X, y = zero_to_two
    model = CASES[name](X, y)
    with pytest.raises((ModelFileError, ValueError)):
        check_sound(model, ())


def test_parts_are_found_once_whatever_holds_what():
    inner = MaxAbsScaler()
    loop = [inner]
    loop.append(loop)
    inner.kept = np.array([inner, {"a": (inner, {1})}], dtype=object)
    found = list(parts_of({"x": loop, "y": inner}))
    assert sum(part is inner for part in found) == 1
    assert sum(isinstance(part, set) for part in found) == 1


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Lambda", "module": "keras.layers", "config": {}},
        {"class_name": "Lambda", "module": "keras.initializers", "config": {}},
        {"class_name": "system", "module": "os", "config": {}},
        {"class_name": "Adam", "module": "keras.optimizers", "registered_name": "evil>Adam"},
        {"class_name": "deserialize", "module": "keras.initializers"},
        {"module": "os"},
        {"inside": {"class_name": "Popen", "module": "subprocess"}},
    ],
)
def test_what_keras_would_make_by_importing(config):
    with pytest.raises(ModelFileError, match="it contains the Keras object"):
        check_sound([config], ())
    check_sound([{"class_name": "HeNormal", "module": "keras.initializers", "config": {}}], ())


def test_folders_that_it_could_write_to_are_refused():
    model = make_pipeline(MaxAbsScaler(), SVC()).fit(np.eye(4), [0, 0, 1, 1])
    check_sound(model, ())
    with pytest.raises(ModelFileError, match="names a folder for fitted steps"):
        check_sound(model.set_params(memory="somewhere"), ())
