"""Keywords that estimators do not take: Keras's are said to be called what they are here."""

import inspect
from types import FunctionType

import keras
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator

from skdl import (
    Augmentation,
    BackboneFeatures,
    CNNClassifier,
    DenoisingAutoencoder,
    ImageNoise,
    TransferClassifier,
    VGG16Classifier,
    VGG16Features,
    all_estimators,
)

ESTIMATORS = dict(all_estimators())
METHODS = {
    "fit": keras.Model.fit,
    "partial_fit": keras.Model.fit,
    "predict": keras.Model.predict,
    "predict_proba": keras.Model.predict,
    "transform": keras.Model.predict,
    "score": keras.Model.evaluate,
}


def keywords(function):
    params = list(inspect.signature(function).parameters.values())[1:]
    return [p.name for p in params if p.kind is not p.VAR_KEYWORD]


def refusal(name, method, keyword, value=1):
    estimator = ESTIMATORS[name]()
    with pytest.raises(TypeError) as caught:
        getattr(estimator, method)([[1.0]], **{keyword: value})
    start = f"{name}.{method}() got an unexpected keyword argument {keyword!r}."
    message = str(caught.value)
    assert message.startswith(start)
    return message.removeprefix(start).strip()


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("method", METHODS)
def test_each_keyword_of_keras_is_answered_in_the_class_that_was_called(name, method):
    cls = ESTIMATORS[name]
    if not hasattr(cls, method) or isinstance(inspect.getattr_static(cls, method), property):
        return
    known = inspect.signature(getattr(cls, method)).parameters
    for keyword in set(keywords(METHODS[method])) - set(known):
        advice = refusal(name, method, keyword)
        assert advice or cls.__module__.startswith("skdl.preprocessing"), keyword


@pytest.mark.parametrize("cls", [CNNClassifier, TransferClassifier, DenoisingAutoencoder])
def test_each_keyword_of_compile_is_answered_when_an_estimator_is_made(cls):
    for keyword in (*keywords(keras.Model.compile), "learning_rate"):
        if keyword in inspect.signature(cls).parameters:
            continue
        with pytest.raises(
            TypeError, match=rf"{cls.__name__}\.__init__\(\).*'{keyword}'\. [A-Z]"
        ) as e:
            cls(**{keyword: 0.01})
        assert "Did you mean" not in str(e.value)
        assert cls.__name__ == "CNNClassifier" or "fit(" not in str(e.value)
    with pytest.raises(TypeError, match=rf"Set {cls.__name__}\(optimizer__learning_rate=0.01\)"):
        cls(learning_rate=0.01)


@pytest.mark.parametrize(
    ("name", "method", "keyword", "value", "advice"),
    [
        ("CNNClassifier", "fit", "epochs", 3, "CNNClassifier(epochs=3)"),
        ("VGG16Classifier", "partial_fit", "batch_size", 8, "VGG16Classifier(batch_size=8)"),
        ("CNNClassifier", "fit", "class_weight", {0: 1.0}, "CNNClassifier(class_weight={0: 1.0})"),
        ("CNNClassifier", "fit", "callbacks", [object()], "CNNClassifier(callbacks=…)"),
        ("TransferClassifier", "fit", "validation_data", (1, 2), "Pass X_val=… and y_val=… to fit"),
        (
            "CNNClassifier",
            "partial_fit",
            "validation_data",
            (1, 2),
            "fit, the only method that accepts",
        ),
        ("CNNClassifier", "fit", "validation_split", 0.2, "CNNClassifier(validation_fraction=0.2)"),
        (
            "DenoisingAutoencoder",
            "fit",
            "validation_data",
            (1, 2),
            "DenoisingAutoencoder(validation_fraction=0.1)",
        ),
        ("DenoisingAutoencoder", "fit", "sample_weight", [1], "All images have equal weight"),
        ("CNNClassifier", "predict", "batch_size", 64, "Leave it out"),
        ("CNNClassifier", "score", "verbose", 0, "Leave it out"),
        ("BackboneFeatures", "transform", "batch_size", 64, "BackboneFeatures(batch_size=64)"),
        ("BackboneFeatures", "fit", "epochs", 3, "BackboneFeatures does not train"),
        ("ImageNoise", "transform", "amount", 0.2, "ImageNoise(amount=0.2)"),
        ("CNNClassifier", "partial_fit", "epochs", 3, "one epoch"),
        ("CNNClassifier", "fit", "x", 1, "images as X"),
        ("CNNClassifier", "partial_fit", "groups", [1], "partial_fit does not validate"),
    ],
)
def test_the_answer_says_what_to_write(name, method, keyword, value, advice):
    assert advice in refusal(name, method, keyword, value)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_nobody_knows_is_pythons_own_error_in_the_right_class(name):
    for method in ("fit", "predict", "transform", "score"):
        if inspect.isfunction(inspect.getattr_static(ESTIMATORS[name], method, None)):
            assert refusal(name, method, "colour") == ""


def test_a_subclass_is_called_by_its_own_name():
    class MyClassifier(CNNClassifier):
        def fit(self, X, y, patients=None):
            return super().fit(X, y)

    with pytest.raises(TypeError, match=r"^MyClassifier\.fit\(\) .*MyClassifier\(epochs=3\)"):
        MyClassifier().fit([[1]], [1], epochs=3)
    with pytest.raises(TypeError, match=r"^MyClassifier\.predict\(\)"):
        MyClassifier().predict([[1]], batch=3)
    assert "patients" in inspect.signature(MyClassifier.fit).parameters


def test_fit_transform_hands_on_to_fit():
    with pytest.raises(TypeError, match=r"^ImageNoise\.fit\(\)"):
        ImageNoise().fit_transform([[1.0, 2.0, 3.0, 4.0]], epochs=3)
    with pytest.raises(TypeError, match=r"^BackboneFeatures\.fit\(\)"):
        BackboneFeatures().fit_transform([[1.0]], epochs=3)


@pytest.mark.parametrize("cls", [CNNClassifier, VGG16Classifier, VGG16Features])
def test_methods_that_keras_alone_has_say_what_to_use(cls):
    for method in ("evaluate", "compile"):
        assert not hasattr(cls(), method)
        with pytest.raises(AttributeError, match=f"{cls.__name__} has no {method}"):
            getattr(cls(), method)


def test_signatures_stay_explicit():
    signature = inspect.signature(CNNClassifier.fit)
    expected = ["X", "y", "sample_weight", "X_val", "y_val", "groups"]
    assert list(signature.parameters)[1:] == expected
    assert list(inspect.signature(CNNClassifier.score).parameters)[1:] == [
        "X",
        "y",
        "sample_weight",
    ]
    with config_context(enable_metadata_routing=True):
        model = CNNClassifier().set_fit_request(sample_weight=True, X_val=True)
        model.set_score_request(sample_weight=True).set_partial_fit_request(classes=True)
        assert model.get_metadata_routing().fit.requests["X_val"] is True
    assert issubclass(Augmentation, BaseEstimator)
    assert not hasattr(Augmentation(), "fit")


@pytest.mark.parametrize(
    ("keyword", "advice"),
    [
        ("sample_weights", "Did you mean 'sample_weight'?"),
        ("X_vals", "Did you mean 'X_val'?"),
        ("Y", ""),
        ("r" * 100_000, ""),
    ],
)
def test_a_slip_in_the_name_of_an_argument(keyword, advice):
    with pytest.raises(TypeError) as caught:
        CNNClassifier().fit([[1.0]], [0], **{keyword: 1})
    assert str(caught.value).endswith(f"'. {advice}".rstrip())
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_argument_that_is_missing(name):
    """As of `fit(dataset)`, which is how Keras trains."""
    model = ESTIMATORS[name]()
    for method in set(METHODS) - {"transform"}:  # which scikit-learn calls
        if not isinstance(inspect.getattr_static(model, method, None), FunctionType):
            continue
        with pytest.raises(TypeError, match=f"^{name}.{method}.. missing .*: 'X'. Pass {method}.X"):
            getattr(model, method)()
        if {"fit": hasattr(model, "predict_proba"), "partial_fit": True}.get(method, False):
            with pytest.raises(TypeError, match=f"^{name}.{method}.. missing .*: 'y'. Pass"):
                getattr(model, method)([[1.0]])


def test_other_words_for_the_seed():
    for keyword in ("seed", "random_seed"):
        with pytest.raises(TypeError, match=r"Set CNNClassifier\(random_state=1\)"):
            CNNClassifier(**{keyword: 1})


def test_more_arguments_than_fit_takes():
    """As of `fit(X, y, 32, 10)`, in the order of Keras."""
    with pytest.raises(
        TypeError, match=r"^CNNClassifier.fit\(\) takes X, y, sample_weight, .*got 7"
    ):
        CNNClassifier().fit([[1.0]], [0], None, None, None, 32, 10)
