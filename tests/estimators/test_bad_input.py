"""Every kind of bad input is refused by name, before any training, and does no harm."""

import functools
import threading
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from helpers import (
    normalized,
    raises_error,
    returns_compiled,
    returns_logits,
    returns_nothing,
    returns_wrong_width,
    takes_other_images,
    tiny,
    version,
)
from scipy import sparse
from sklearn.svm import SVC

from skdl import CNNClassifier
from skdl.engine import _training

GENERATOR = np.random.default_rng(0)
X = GENERATOR.random((40, 8, 8, 1))
Y = np.arange(40) % 4


def with_value(value, row=7):
    broken = X.copy()
    broken[row, 3, 3, 0] = value
    return broken


@pytest.mark.parametrize("method", ["fit", "partial_fit", "score"])
def test_labels_that_are_no_list(no_training, method):
    for labels, message in [
        ("abc", "1d array, a list or a Series of class labels. Got 'abc'"),
        ({0: 1}, r"Got \{0: 1\}"),
        ({0, 1}, r"Got \{0, 1\}"),
        (iter([0, 1]), r"Pass list\(y\)"),
        (3, "Got 3"),
    ]:
        with pytest.raises(ValueError, match=message):
            getattr(no_training, method)(X, labels)
    with pytest.raises(TypeError, match=r"labels represented as bytes .* y.astype\(str\)"):
        getattr(no_training, method)(X, np.array([b"a", b"b"] * 20))


WEIGHTS = {
    "text": ("balanced", "Got 'balanced' at row 0. For weights of classes, set class_weight"),
    "long text": ("a" * 100_000, "sample_weight must have one number per image"),
    "texts": (["1"] * 40, "Got '1' at row 0"),
    "a dict": ({0: 1, 1: 2}, r"Got \{0: 1, 1: 2\} at row 0"),
    "contents of files": ([bytes(100_000)] * 40, "at row 0"),
    "None": ([1.0] * 39 + [None], "sample_weight contains NaN"),
    "complex": (np.ones(40, complex), "at row 0"),
}


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "score"])
def test_weights_that_are_no_numbers(no_training, kind, method):
    weights, message = WEIGHTS[kind]
    with pytest.raises(ValueError, match=message) as caught:
        getattr(no_training, method)(X, Y, sample_weight=weights)
    assert len(str(caught.value)) < 2000


@pytest.fixture
def no_training(monkeypatch):
    """A fitted estimator, and the assurance that nothing is trained from here on."""
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, Y)

    def fail(*_, **__):
        raise AssertionError("trained on bad input")

    monkeypatch.setattr(_training, "_train", fail)
    return model


BAD_DATA = {
    "NaN": (with_value(np.nan), Y, ValueError, "NaN: first at row 7"),
    "infinity": (with_value(np.inf), Y, ValueError, "infinity: first at row 7"),
    "sparse": (sparse.csr_array(X.reshape(40, -1)), Y, TypeError, "Sparse data was passed for X"),
    "one class": (
        X,
        np.ones(40),
        ValueError,
        "only one class: 1.0",
    ),
    "empty": (X[:0], Y[:0], ValueError, "0 sample"),
    "lengths": (X, Y[:-1], ValueError, "X has 40 rows, but y has 39"),
    "text": (np.full((40, 4), "a.png"), Y, ValueError, "text: 'a.png' at row 0"),
    "channels first": (
        np.ones((40, 2, 8, 8)),
        Y,
        ValueError,
        r"8 channels in the last axis, more than the 2 pixels of a side. Images are channels-last",
    ),
    "one-dimensional": (
        np.ones(40),
        Y,
        ValueError,
        r"one-dimensional, of shape \(40,\). Reshape your data",
    ),
    "five-dimensional": (np.ones((40, 2, 2, 2, 1)), Y, ValueError, "5 dimensions"),
    "no y": (X, None, ValueError, "requires y to be passed"),
    "NaN label": (X, np.where(Y == 2, np.nan, Y), ValueError, "y contains NaN: first at row 2"),
    "None label": (
        X,
        np.array(["a", "b", None, "a"] * 10, dtype=object),
        ValueError,
        "NaN or None: first at row 2, in 10 rows",
    ),
    "mixed labels": (X, np.array([1, "a"] * 20, dtype=object), ValueError, "mixes labels"),
    "continuous": (X, np.linspace(0, 1, 40), ValueError, "continuous"),
    "two columns": (X, np.full((40, 2), 2.0), ValueError, "hold 0 and 1 only"),
}


@pytest.mark.parametrize("case", BAD_DATA)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_bad_data(no_training, case, method):
    images, labels, error, message = BAD_DATA[case]
    if method == "partial_fit" and case == "one class":
        message = "not among the classes|was trained"
        labels = labels + 10
    expected = no_training.predict_proba(X)
    with pytest.raises(error, match=message):
        getattr(no_training, method)(images, labels)
    assert np.array_equal(no_training.predict_proba(X), expected)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.ones((3, 8, 8, 3)), r"shape \(8, 8, 3\).*fitted on images of shape \(8, 8, 1\)"),
        (np.ones((3, 8, 8, 2)), "X holds images of 2 channels but .* was fitted on images of 1, t"),
        (np.ones((3, 9, 8, 1)), r"shape \(9, 8, 1\).*\(8, 8, 1\)"),
        (np.ones((3, 8, 9)), r"shape \(8, 9, 1\).*\(8, 8, 1\)"),
        (np.ones((3, 63)), "X has 63 features, but CNNClassifier is expecting 64"),
        (np.ones(64), r"one flattened image, a batch of one is X\[None\]"),
        (with_value(np.nan), "NaN: first at row 7"),
        (X[:0], "0 sample"),
    ],
)
@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_bad_data_at_predict(no_training, images, message, method):
    with pytest.raises(ValueError, match=message):
        getattr(no_training, method)(images)


BAD_PARAMS = {
    "epochs": ({"epochs": 0}, "'epochs' parameter of CNNClassifier.*Got 0"),
    "epochs float": ({"epochs": 2.5}, "'epochs' parameter"),
    "batch_size": ({"batch_size": 0}, "'batch_size' parameter"),
    "validation_fraction": ({"validation_fraction": 1.5}, "'validation_fraction'.*Got 1.5"),
    "validation_fraction 0": ({"validation_fraction": 0.0}, "'validation_fraction'"),
    "n_iter_no_change": ({"n_iter_no_change": 0}, "'n_iter_no_change' parameter"),
    "tol": ({"tol": -1.0}, "'tol' parameter"),
    "schedule": ({"learning_rate_schedule": "linear"}, "'learning_rate_schedule' parameter"),
    "class_weight": ({"class_weight": "balance"}, "'class_weight' parameter"),
    "class_weight key": ({"class_weight": {9: 2.0}}, r"key 9, which is not among the classes"),
    "augmentation": ({"augmentation": "flip"}, "'augmentation' parameter"),
    "image_shape": ({"image_shape": (9, 9)}, r"image_shape=\(9, 9\)"),
    "value_range": ({"value_range": (1, 0)}, "value_range must be"),
    "random_state": ({"random_state": "seed"}, "'random_state' parameter"),
    "optimizer": ({"optimizer": "adm"}, "Did you mean 'adam'"),
    "architecture": (
        {"architecture": "simpel"},
        "Unknown architecture 'simpel'. Did you mean 'sim",
    ),
    "number": ({"architecture": 3}, "'architecture' parameter"),
    "lambda": (
        {"architecture": lambda input_shape, n_classes: None},
        "a lambda, which cannot be pickled",
    ),
    "local builder": (
        {"architecture": functools.partial(lambda s, n: None)},
        "cannot be pickled",
    ),
    "architecture parameter": (
        {"architecture": tiny, "architecture__unit": 3},
        "no parameter 'unit', set as architecture__unit=3. Its parameters: units, dropout",
    ),
    "small split": (
        {"validation_fraction": 0.05},
        "validation_fraction=0.05 of 40 rows holds out 2 .* 4 classes",
    ),
    "large split": ({"validation_fraction": 0.95}, "cannot be stratified over 4 classes"),
}


@pytest.mark.parametrize("case", BAD_PARAMS)
def test_bad_parameters(no_training, case):
    params, message = BAD_PARAMS[case]
    expected = no_training.predict_proba(X)
    no_training.set_params(**params)
    with pytest.raises(ValueError, match=message):
        no_training.fit(X, Y)
    assert np.array_equal(no_training.predict_proba(X), expected)


def test_a_class_too_small_to_split(no_training):
    labels = Y.copy()
    labels[0] = 99
    no_training.set_params(early_stopping=True)
    with pytest.raises(ValueError, match="The class 99 has 1 row in y: too few"):
        no_training.fit(X, labels)


@pytest.mark.parametrize(
    ("X_val", "y_val", "message"),
    [
        (X, None, "X_val was passed without y_val"),
        (None, Y, "y_val was passed without X_val"),
        (X, Y[:-1], "X_val has 40 rows, but y_val has 39"),
        (X, Y + 1, "y_val has the label 4 at row 3, which is not among the classes"),
        (X[:, :4], Y, r"X_val holds images of shape \(4, 8, 1\).*\(8, 8, 1\)"),
        (with_value(np.nan), Y, "X_val contains NaN: first at row 7"),
    ],
)
def test_bad_validation_data(no_training, X_val, y_val, message):
    with pytest.raises(ValueError, match=message):
        no_training.fit(X, Y, X_val=X_val, y_val=y_val)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros(40), "non-zero" if version("scikit-learn") >= (1, 9) else "nothing to train on"),
        (-np.ones(40), "egative"),
        (np.ones(39), "shape"),
        (np.full(40, np.nan), "NaN"),
    ],
)
def test_bad_sample_weights(no_training, weights, message):
    with pytest.raises(ValueError, match=message):
        no_training.fit(X, Y, sample_weight=weights)


def test_class_weights_that_leave_nothing(no_training):
    no_training.set_params(class_weight=dict.fromkeys(range(4), 0))
    with pytest.raises(ValueError, match="times class_weight is zero in float32 for every row"):
        no_training.fit(X, Y)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (None, "classes must be passed on the first call"),
        ([0, 1], "label 2 at row 2, which is not among the classes.*first call of partial_fit"),
        ([1], "only one class"),
        ([0.5, 1.2], "continuous"),
    ],
)
def test_bad_classes_in_the_first_partial_fit(classes, message):
    model = CNNClassifier(tiny)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, Y, classes=classes)
    assert not hasattr(model, "classes_")


def test_bad_classes_in_a_later_partial_fit(no_training):
    with pytest.raises(ValueError, match="not the same as on the last call"):
        no_training.partial_fit(X, Y, classes=range(5))
    with pytest.raises(ValueError, match="label 4 at row 3"):
        no_training.partial_fit(X, Y + 1)


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (returns_logits, "'returns_logits' does not return probabilities.*softmax"),
        (returns_wrong_width, r"'returns_wrong_width' .* shape \(2, 5\); expected \(2, 4\)"),
        (returns_nothing, "'returns_nothing' returned an object of type NoneType"),
        (returns_compiled, "'returns_compiled' returned a compiled model"),
        (takes_other_images, r"'takes_other_images' returned a model that does not accept a batch"),
        (raises_error, "'raises_error' could not be built .*: the builder has a bug"),
    ],
)
def test_bad_builders(no_training, builder, message):
    expected = no_training.predict_proba(X)
    with pytest.raises(ValueError, match=message):
        no_training.set_params(architecture=builder).fit(X, Y)
    assert np.array_equal(no_training.predict_proba(X), expected)


def test_a_model_is_no_builder(no_training):
    with pytest.raises(ValueError, match="architecture is a keras.Model. Pass a function"):
        no_training.set_params(architecture=tiny((8, 8, 1), 4)).fit(X, Y)


@pytest.mark.parametrize("architecture", ["simple", tiny, normalized])
def test_an_interrupted_fit_leaves_the_estimator_as_it_was(architecture, monkeypatch):
    model = CNNClassifier(architecture, epochs=1, random_state=0).fit(X, Y)
    expected = model.predict_proba(X)
    original = _training._train

    def interrupted(*arguments):
        original(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_training, "_train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y[::-1])
    assert np.array_equal(model.predict_proba(X), expected)
    assert np.array_equal(model.fit(X, Y).predict_proba(X), expected)


@pytest.mark.parametrize("weight", [-1.0, "10", None, np.nan, np.inf])
def test_bad_values_of_class_weight(no_training, weight):
    no_training.set_params(class_weight={0: weight})
    with pytest.raises(ValueError, match="class_weight of 0 must be a finite, non-negative number"):
        no_training.fit(X, Y)


def test_weights_that_vanish_in_float32(no_training):
    with pytest.raises(ValueError, match="zero in float32 for every row"):
        no_training.fit(X, Y, sample_weight=np.full(40, 1e-60))


def test_columns_of_validation_data_in_another_order(no_training):
    frame = pd.DataFrame(X.reshape(40, -1), columns=[f"p{i}" for i in range(64)])
    with pytest.raises(ValueError, match="feature names of X_val should match those of X"):
        no_training.fit(frame, Y, X_val=frame[frame.columns[::-1]], y_val=Y)


def test_messages_name_what_was_passed(no_training):
    for images, labels, message in [
        (None, Y, "X is None"),
        (X, 3 * np.eye(4)[Y], r"y of shape \(40, 4\) should hold 0 and 1 only.* Got 3\.0 in row 0"),
        (
            [np.zeros((4, 4)), np.zeros((4, 5))],
            Y[:2],
            r"row 0 has shape \(4, 4\), row 1 has .* 5\)",
        ),
        (X, np.array([1, "a"] * 20, dtype=object), r"y mixes labels of several kinds \(int, str\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            no_training.fit(images, labels)
    with pytest.raises(ValueError, match=r"0 sample\(s\) .* in X_val"):
        no_training.fit(X, Y, X_val=X[:0], y_val=Y[:0])
    with pytest.raises(ValueError, match="must not be negative"):
        no_training.set_params(optimizer__learning_rate=-0.1).fit(X, Y)


class Uncopyable(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


def test_a_callback_that_cannot_be_copied(no_training):
    with pytest.raises(TypeError, match="callback Uncopyable in the parameter callbacks cannot be"):
        no_training.set_params(callbacks=Uncopyable()).fit(X, Y)


@pytest.mark.parametrize("optimizer", ["lossscaleoptimizer", "multioptimizer", "optimizer"])
def test_optimizers_that_need_another_inside(no_training, optimizer):
    with pytest.raises(ValueError, match="Unknown optimizer"):
        no_training.set_params(optimizer=optimizer).fit(X, Y)


@pytest.mark.parametrize(("fitted", "predicted"), [(255, 1), (1, 255)])
def test_another_scale_is_warned_of(fitted, predicted):
    model = CNNClassifier(tiny, epochs=1).fit((X * fitted).astype("float32"), Y)
    with pytest.warns(UserWarning, match="was fitted on values from 0 to"):
        model.predict((X * predicted).astype("float32"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict((X[:1] * 0).astype("float32"))
        model.predict((X * fitted * 0.9).astype("float32"))


def test_a_class_weight_of_a_class_that_a_fold_lacks():
    """As scikit-learn has it: an error only where a class has no weight instead."""
    weights = {"ill": 2.0, "well": 1.0, "rare": 9.0}
    y = np.array(["ill", "well"] * 20)
    X = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    found = CNNClassifier(tiny, epochs=1, class_weight=weights, random_state=0).fit(X, y)
    del weights["rare"]
    same = CNNClassifier(tiny, epochs=1, class_weight=weights, random_state=0).fit(X, y)
    assert np.array_equal(found.predict_proba(X), same.predict_proba(X))
    SVC(class_weight={**weights, "rare": 9.0}).fit(X.reshape(40, -1), y)
    with pytest.raises(ValueError, match="key 'sick', .* and no weight for 'ill'"):
        CNNClassifier(tiny, class_weight={"sick": 2.0, "well": 1.0}).fit(X, y)


def test_times_that_are_missing():
    y = np.array(["2020-01-01", "2021-01-01"] * 10, dtype="datetime64[D]")
    X = np.zeros((20, 8, 8), np.uint8)
    CNNClassifier(tiny, epochs=1).fit(X, y)
    y[3] = np.datetime64("NaT")
    with pytest.raises(ValueError, match="y contains NaT: first at row 3"):
        CNNClassifier(tiny, epochs=1).fit(X, y)
