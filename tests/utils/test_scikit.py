"""Private names of scikit-learn: which of them a new version broke."""

import pickle
from numbers import Integral

import numpy as np
import pandas as pd
import pytest
from helpers import version
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, get_scorer, make_scorer
from sklearn.model_selection import TunedThresholdClassifierCV, cross_validate

from skdl._utils import scikit

X, Y = np.arange(20.0).reshape(10, 2), np.repeat([0, 1], 5)
FRAME = pd.DataFrame(X, columns=["a", "b"])


class Estimator(TransformerMixin, BaseEstimator):
    _parameter_constraints = {
        "n": [scikit.Interval(Integral, 1, None, closed="left")],
        "kind": [scikit.StrOptions({"a", "b"})],
    }

    def __init__(self, n=1, kind="a"):
        self.n = n
        self.kind = kind

    def get_feature_names_out(self, input_features=None):
        return scikit.check_feature_names_in(self, input_features)

    def transform(self, X):
        return X


def constraints():
    scikit.check_by_constraints(Estimator())
    with pytest.raises(scikit.InvalidParameterError, match="'n' parameter of Estimator .* Got 0"):
        scikit.check_by_constraints(Estimator(n=0))
    with pytest.raises(scikit.InvalidParameterError, match="'kind' parameter of Estimator"):
        scikit.check_by_constraints(Estimator(kind="c"))


def constraints_of_a_function():
    rules = Estimator._parameter_constraints
    scikit.validate_parameter_constraints(rules, {"n": 1, "kind": "a"}, caller_name="It")
    with pytest.raises(ValueError, match="'n' parameter of It"):
        scikit.validate_parameter_constraints(rules, {"n": 0}, caller_name="It")


def parameters_of_the_signature():
    class Meddler(BaseEstimator):
        @classmethod
        def _get_param_names(cls):
            return ["another"]

    class Own(scikit.SignatureParamsMixin, Meddler):
        def __init__(self, second=2, first=1):
            self.second = second
            self.first = first

    assert Own.param_names() == ["first", "second"]
    assert Own().get_params() == {"first": 1, "second": 2}


def names_of_columns():
    estimator = Estimator()
    scikit.check_feature_names(estimator, FRAME, reset=True)
    assert estimator.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="feature names should match"):
        scikit.check_feature_names(estimator, FRAME[["b", "a"]], reset=False)
    assert scikit.get_feature_names(FRAME).tolist() == ["a", "b"]
    assert scikit.get_feature_names(X) is None


def names_of_outputs():
    estimator = Estimator()
    estimator.n_features_in_ = 2
    assert scikit.check_feature_names_in(estimator).tolist() == ["x0", "x1"]
    scikit.check_feature_names(estimator, FRAME, reset=True)
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        scikit.check_feature_names_in(estimator, ["b", "a"])


def weights():
    found = scikit.check_sample_weight([0.0, 2.0], np.zeros((2, 1)), ensure_non_negative=True)
    assert found.tolist() == [0, 2]
    with pytest.raises(ValueError, match="Negative values"):
        scikit.check_sample_weight([-1.0, 2.0], np.zeros((2, 1)), ensure_non_negative=True)


def rows():
    assert scikit.safe_indexing(FRAME, [1, 0]).index.tolist() == [1, 0]
    assert scikit.safe_indexing(["a", "b"], [1]) == ["b"]


def containers():
    assert scikit.output_container(Estimator()) == "default"
    assert scikit.output_container(Estimator().set_output(transform="pandas")) == "pandas"


def callbacks():
    assert scikit.begin_callbacks(Estimator(), 3) is None
    from sklearn.callback import CallbackSupportMixin, ProgressBar, with_callbacks

    class Supports(CallbackSupportMixin, Estimator):
        @with_callbacks
        def fit(self, X, y=None):
            context = scikit.begin_callbacks(self, 2)
            seen.append(context.max_subtasks)
            return self

    seen = []
    Supports().set_callbacks(ProgressBar()).fit(X)
    assert seen == [2]


def the_positive_class_of_a_threshold():
    model = TunedThresholdClassifierCV(
        LogisticRegression(), scoring=make_scorer(f1_score, pos_label=0), cv=2
    )
    assert scikit.tuned_positive_class(model.fit(X, Y)) == 0


def parts_of_scorers():
    scorer = make_scorer(
        f1_score, greater_is_better=False, response_method=("predict",), average="macro"
    )
    assert scikit.parts_of(scorer) == (f1_score, {"average": "macro"}, -1, ("predict",))
    assert scikit.parts_of(get_scorer("accuracy")) == (accuracy_score, {}, 1, "predict")
    assert scikit.parts_of(f1_score) is None
    assert scikit.is_scorer(scorer)
    assert not scikit.is_scorer(f1_score)


class Halved(scikit.scorer_class()):
    def rate(self, method_caller, estimator, X, y, **settings):
        return super().rate(method_caller, estimator, X, y, **settings) / 2


def scorers_of_our_own():
    scorer = pickle.loads(pickle.dumps(Halved(accuracy_score, 1, {"normalize": True}, "predict")))
    assert scikit.is_scorer(scorer)
    assert scorer.parts == (accuracy_score, {"normalize": True}, 1, "predict")
    model = DummyClassifier(strategy="constant", constant=1).fit(X, Y)
    assert scorer(model, X, Y) == 0.25
    several = {"half": scorer, "all": get_scorer("accuracy")}
    scores = cross_validate(model, X, Y, cv=2, scoring=several)
    np.testing.assert_allclose(scores["test_half"] * 2, scores["test_all"])


def scores_inside_scorers():
    model = DummyClassifier(strategy="constant", constant=1).fit(X, Y)

    def call(estimator, method, *arguments, **settings):
        return getattr(estimator, method)(*arguments)

    scorer = get_scorer("accuracy")
    assert scikit.score_by(scorer, call, model, X, Y) == scorer(model, X, Y) == 0.5


CHECKS = {
    "sklearn.utils._param_validation and BaseEstimator._validate_params": constraints,
    "sklearn.utils._param_validation.validate_parameter_constraints": constraints_of_a_function,
    "sklearn.base.BaseEstimator._get_param_names": parameters_of_the_signature,
    "sklearn.utils.validation._check_feature_names and _get_feature_names": names_of_columns,
    "sklearn.utils.validation._check_feature_names_in": names_of_outputs,
    "sklearn.utils.validation._check_sample_weight": weights,
    "sklearn.utils._safe_indexing": rows,
    "sklearn.utils._set_output._get_output_config": containers,
    "TunedThresholdClassifierCV._curve_scorer._get_pos_label": the_positive_class_of_a_threshold,
    "_Scorer._score_func, _kwargs, _sign and _response_method": parts_of_scorers,
    "_Scorer.__init__ and its bases": scorers_of_our_own,
    "_Scorer._score": scores_inside_scorers,
}
if version("scikit-learn") >= (1, 9):
    CHECKS["CallbackSupportMixin._skl_callbacks and _init_callback_context"] = callbacks


@pytest.mark.parametrize("name", CHECKS)
def test_private_names(name):
    try:
        CHECKS[name]()
    except Exception as error:
        raise AssertionError(f"{name} is not what skdl/_utils/scikit.py takes it for") from error
