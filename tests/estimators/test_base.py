"""The bridge to scikeras, and what earlier packages got wrong."""

import copy
import pickle
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import run_forked, run_python, tiny
from scikeras.wrappers import BaseWrapper
from sklearn.base import clone, is_classifier
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, StratifiedKFold, check_cv, cross_val_score
from sklearn.pipeline import make_pipeline

from skdl import (
    BackboneFeatures,
    CNNClassifier,
    DenoisingAutoencoder,
    TransferClassifier,
    VGG16Classifier,
    VGG16Features,
)


class Counting(keras.callbacks.Callback):
    """A user's callback, whose state must stay its own."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(logs["loss"])


@pytest.mark.parametrize(
    "cls", [CNNClassifier, DenoisingAutoencoder, TransferClassifier, VGG16Classifier, VGG16Features]
)
def test_is_a_scikeras_wrapper(cls):
    assert issubclass(cls, BaseWrapper)


@pytest.mark.parametrize("name", ["predict", "partial_fit", "score"])
def test_features_that_need_no_keras_say_what_they_lack(name):
    """`BackboneFeatures` also runs ONNX models, where there is no scikeras."""
    assert not issubclass(BackboneFeatures, BaseWrapper)
    with pytest.raises(AttributeError, match=f"BackboneFeatures has no {name}"):
        getattr(BackboneFeatures(), name)
    assert name not in dir(BackboneFeatures())


def test_is_seen_as_a_classifier(two_classes):
    X, y = two_classes
    model = CNNClassifier(epochs=3, random_state=0)
    assert is_classifier(model)
    assert isinstance(check_cv(3, y, classifier=is_classifier(model)), StratifiedKFold)
    scores = cross_val_score(model, X, y, cv=3, scoring="roc_auc", error_score="raise")
    assert (scores > 0.5).all()


@pytest.mark.slow
def test_keras_keeps_its_own_methods():
    run_python("""
import keras
patched = [(keras.Model, "__reduce__"), (keras.Model, "__deepcopy__")]
patched += [(c, "__reduce__") for c in (
    keras.losses.Loss, keras.metrics.Metric, keras.optimizers.Optimizer)]
before = [getattr(cls, name, None) for cls, name in patched]
own = [name in vars(cls) for cls, name in patched]
from skdl import CNNClassifier
assert [getattr(cls, name, None) for cls, name in patched] == before
assert [name in vars(cls) for cls, name in patched] == own
""")


@pytest.mark.slow
def test_a_user_of_scikeras_keeps_it_working():
    run_python("""
import keras, scikeras.wrappers
before = keras.Model.__reduce__, keras.optimizers.Optimizer.__reduce__
from skdl import CNNClassifier
assert (keras.Model.__reduce__, keras.optimizers.Optimizer.__reduce__) == before
""")


@pytest.mark.slow
def test_unseeded_keras_still_fits_after_a_seeded_fit():
    run_forked("""
import numpy as np, keras, tensorflow as tf
from tensorflow.python.framework.config import is_op_determinism_enabled
from skdl import CNNClassifier
X, y = np.random.default_rng(0).random((20, 64)), np.arange(20) % 2
CNNClassifier(epochs=1, random_state=0).fit(X, y)
assert not is_op_determinism_enabled()
tf.random.normal([2])  # raises under op determinism without a global seed
model = keras.Sequential([keras.layers.Dropout(0.5), keras.layers.Dense(2)])
model.compile(loss="mse")
model.fit(X, np.eye(2)[y], verbose=0)
""")


@pytest.mark.parametrize("architecture", ["simple", tiny])
def test_global_random_state_is_left_alone(few_digits, architecture):
    import os

    from tensorflow.python.eager import context

    model = CNNClassifier(architecture, epochs=2, random_state=3, early_stopping=True)
    tf.random.set_seed(17)
    environment = dict(os.environ)
    state, numpy_state = random.getstate(), np.random.get_state()
    model.fit(*few_digits).predict(few_digits[0])
    model.model_.count_params()
    assert random.getstate() == state
    after = np.random.get_state()
    assert after[2] == numpy_state[2]
    assert np.array_equal(after[1], numpy_state[1])
    assert context.global_seed() == 17
    assert dict(os.environ) == environment


def test_without_a_seed_numpys_global_generator_decides(few_digits):
    X, y = few_digits
    state = np.random.get_state()
    try:
        np.random.seed(5)
        first = CNNClassifier(tiny, epochs=1).fit(X, y).predict_proba(X)
        second = CNNClassifier(tiny, epochs=1).fit(X, y).predict_proba(X)
        np.random.seed(5)
        third = CNNClassifier(tiny, epochs=1).fit(X, y).predict_proba(X)
    finally:
        np.random.set_state(state)
    assert np.array_equal(first, third)
    assert not np.array_equal(first, second)


def test_the_callers_arrays_are_never_written_to(few_digits):
    X, y = (a.copy() for a in few_digits)
    weights = np.ones(len(y))
    copies = X.copy(), y.copy(), weights.copy()
    model = CNNClassifier(epochs=1, class_weight="balanced", random_state=0)
    model.fit(X, y, sample_weight=weights, X_val=X, y_val=y).predict(X)
    model.partial_fit(X, y, sample_weight=weights)
    for array, before in zip((X, y, weights), copies, strict=True):
        assert np.array_equal(array, before)


@pytest.mark.parametrize(("fitted", "predicted"), [("uint8", "float64"), ("float64", "uint8")])
def test_the_dtype_of_training_binds_nobody(digits, fitted, predicted):
    X, y = digits
    X = np.round(X[:200] * (255 / 16))
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(X.astype(fitted), y[:200])
    as_trained = model.predict_proba(X.astype(fitted))
    assert np.array_equal(model.predict_proba(X.astype(predicted)), as_trained)


def test_callbacks_survive_clone_and_are_copied_for_each_fit(few_digits):
    callback = Counting()
    model = CNNClassifier(tiny, epochs=2, callbacks=[callback, Counting], random_state=0)
    copy_of_it = clone(model).fit(*few_digits)
    assert callback.epochs == []
    assert getattr(callback, "_model", None) is None
    assert len(copy_of_it.callbacks) == 2
    model.fit(*few_digits)
    assert model.history_["loss"] == copy_of_it.history_["loss"]


def test_what_is_no_callback_is_refused(few_digits):
    for bad in ("early", [3], dict):
        with pytest.raises(TypeError, match="callbacks must contain Keras callbacks"):
            CNNClassifier(callbacks=bad).fit(*few_digits)


# ---- parameters ------------------------------------------------------------------------------


def test_params_round_trip():
    model = CNNClassifier(tiny, architecture__units=4, optimizer__learning_rate=0.01, epochs=3)
    params = model.get_params()
    assert params["architecture__units"] == 4
    assert params["optimizer__learning_rate"] == 0.01
    assert CNNClassifier(**params).get_params() == params
    assert clone(model).get_params() == params
    assert CNNClassifier().set_params(**params).get_params() == params


def test_repr_shows_what_was_changed():
    model = CNNClassifier(epochs=3, architecture__dropout=0.1)
    assert repr(model) == "CNNClassifier(architecture__dropout=0.1, epochs=3)"
    assert "architecture__dropout" in model._repr_html_()
    assert repr(CNNClassifier()) == "CNNClassifier()"


FITTED = {
    "uint8": (np.uint8(255), None, "values from 0 to 255"),
    "floats": (16.5, None, "values from 0 to 16.5"),
    "standardized": (1.0, "standardized", "standardised values"),
}


@pytest.mark.parametrize("kind", FITTED)
def test_a_fitted_repr_says_what_was_learned_of_the_images(few_digits, kind):
    largest, value_range, values = FITTED[kind]
    X, y = (few_digits[0] / 16 * largest).astype(np.asarray(largest).dtype), few_digits[1]
    model = CNNClassifier(tiny, epochs=1, value_range=value_range)
    before = repr(model)
    model.fit(X, y)
    assert repr(model) == f"{before}  # fitted on images of shape (8, 8, 1), {values}"
    assert str(model) == repr(model)
    assert repr(clone(model)) == before
    assert repr(pickle.loads(pickle.dumps(model))) == repr(model)


def test_a_fitted_repr_can_still_be_run_and_stands_alone(few_digits):
    X, y = few_digits
    model = CNNClassifier("lenet5", epochs=1, optimizer__learning_rate=0.01).fit(X, y)
    again = eval(repr(model))
    assert again.get_params() == model.get_params()
    assert not again.initialized_
    assert "values from 0 to 16" in model._repr_html_()
    for holder in (
        make_pipeline(model),
        GridSearchCV(model, {"epochs": [1]}),
        FrozenEstimator(model),
        VotingClassifier([("a", model), ("b", model)]),
    ):
        assert "#" not in repr(holder)
        assert "CNNClassifier(architecture='lenet5'" in repr(holder)
    with pytest.raises(ValueError, match=r"estimator CNNClassifier\(.*, optimizer__[^#]*$"):
        model.set_params(epoch=3)


@pytest.mark.parametrize(
    "estimator",
    [
        BackboneFeatures(image_size=8),
        DenoisingAutoencoder(filters=(2,), epochs=1),
        TransferClassifier(image_size=8, epochs=1),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_all_that_learn_a_value_range_say_it(few_digits, estimator):
    before = repr(estimator)
    expected = f"{before}  # fitted on images of shape (8, 8, 1), values from 0 to 16"
    assert repr(clone(estimator).fit(few_digits[0][:20], few_digits[1][:20])) == expected


def test_unknown_params_are_refused_at_once():
    with pytest.raises(
        TypeError, match="unexpected keyword argument 'epoch'. Did you mean 'epochs'"
    ):
        CNNClassifier(epoch=3)
    with pytest.raises(TypeError, match="'model__units'"):
        CNNClassifier(model__units=3)
    with pytest.raises(ValueError, match="Invalid parameter 'epoch' for estimator CNNClassifier"):
        CNNClassifier().set_params(epoch=3)
    with pytest.raises(ValueError, match="Invalid parameter"):
        CNNClassifier().set_params(architecture__=3)


def test_scikeras_leftovers_work(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, random_state=0)
    assert not model.initialized_
    model.initialize(X, y)
    assert model.initialized_
    assert model.n_iter_ == model.current_epoch == 0
    assert model.predict_proba(X).shape == (300, 10)
    assert model.scorer(y, y) == 1.0


OF_ALL = {"current_epoch", "fit", "get_metadata_routing", "get_params", "initialized_"}
OF_ALL |= {"set_params", "set_fit_request", "set_partial_fit_request", "set_score_request"}
OF_CLASSIFIERS = {"initialize", "partial_fit", "predict", "score", "scorer"}


@pytest.mark.parametrize(
    ("estimator", "more"),
    [
        (CNNClassifier(), OF_CLASSIFIERS),
        (TransferClassifier(), OF_CLASSIFIERS),
        (VGG16Classifier(), OF_CLASSIFIERS),
        (VGG16Features(), set()),
        (DenoisingAutoencoder(), {"score"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_scikeras_has_works_or_is_absent(estimator, more):
    public = {name for name in dir(BaseWrapper) if not name.startswith("_")}
    assert {name for name in public if hasattr(estimator, name)} == OF_ALL | more
    absent = public - OF_ALL - more
    for name in absent:
        with pytest.raises(AttributeError, match=rf"{type(estimator).__name__} has no {name}"):
            getattr(estimator, name)
    assert {"feature_encoder", "target_encoder"} <= absent
    assert not (absent | {"evaluate", "compile"}) & set(dir(estimator))
    assert "_encoder" not in estimator._repr_html_()
    assert OF_ALL | more <= set(dir(estimator))


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer": "SGD", "optimizer__learning_rate": 0.05},
        {"optimizer": keras.optimizers.SGD, "optimizer__learning_rate": 0.05},
        {"optimizer": keras.optimizers.SGD(0.05)},
    ],
)
def test_spellings_of_an_optimizer(few_digits, params):
    expected = CNNClassifier(
        tiny, epochs=1, optimizer="sgd", optimizer__learning_rate=0.05, random_state=0
    ).fit(*few_digits)
    model = clone(CNNClassifier(tiny, epochs=1, random_state=0, **params)).fit(*few_digits)
    assert model.history_ == expected.history_
    assert np.array_equal(
        pickle.loads(pickle.dumps(model)).predict_proba(few_digits[0]),
        expected.predict_proba(few_digits[0]),
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"optimizer": "adm"}, "Unknown optimizer 'adm'. Did you mean 'adam'"),
        ({"optimizer__learning_rat": 1}, "optimizer__learning_rat=1"),
        ({"optimizer": dict}, "the class dict; expected a subclass"),
        (
            {"optimizer": keras.optimizers.Adam(), "optimizer__learning_rate": 0.1},
            "accepts no routed parameters, but optimizer__learning_rate is set",
        ),
        (
            {
                "learning_rate_schedule": keras.optimizers.schedules.CosineDecay(0.1, 10),
                "optimizer__learning_rate": 0.1,
            },
            "Set only one of them",
        ),
        (
            {
                "learning_rate_schedule": "cosine",
                "optimizer__learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 10),
            },
            "already has a schedule",
        ),
    ],
)
def test_bad_optimizers(few_digits, params, message):
    with pytest.raises(ValueError, match=message):
        CNNClassifier(tiny, **params).fit(*few_digits)


def test_deepcopy(few_digits):
    X, _ = few_digits
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(*few_digits)
    twin = copy.deepcopy(model)
    expected = model.predict_proba(X)
    model._network.state[0][...] = 0
    assert np.array_equal(twin.predict_proba(X), expected)
