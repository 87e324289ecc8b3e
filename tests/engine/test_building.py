"""Networks neither depend on nor change Keras's global settings and Python's generator."""

import gc
import random
import threading
import weakref

import helpers
import keras
import numpy as np
import pytest
from sklearn.base import clone

import skdl.engine
from skdl import BackboneFeatures, CNNClassifier, DenoisingAutoencoder, TransferClassifier
from skdl.backbones import _loading
from skdl.engine import _body, _features, _inspection, _pool, _recipe
from skdl.engine._building import building, keras_settings

SETTINGS = {
    "channels_first": lambda: keras.config.set_image_data_format("channels_first"),
    "floatx float16": lambda: keras.config.set_floatx("float16"),
    "floatx float64": lambda: keras.config.set_floatx("float64"),
    "epsilon": lambda: keras.config.set_epsilon(0.1),
    "mixed_float16": lambda: keras.config.set_dtype_policy("mixed_float16"),
    "mixed_bfloat16": lambda: keras.config.set_dtype_policy("mixed_bfloat16"),
    "policy float64": lambda: keras.config.set_dtype_policy("float64"),
    "two at once": lambda: [SETTINGS[name]() for name in ("channels_first", "mixed_float16")],
}
MODELS = {
    "simple": CNNClassifier(epochs=1, random_state=0),
    "separable": CNNClassifier("separable", epochs=1, random_state=0),
    "augmented bfloat16": CNNClassifier(
        epochs=1, random_state=0, precision="bfloat16", augmentation="light"
    ),
    "features": BackboneFeatures("cifar_resnet20", pooling=["avg", "max"]),
    "fine-tuned": TransferClassifier("cifar_resnet20", epochs=1, trainable=1, random_state=0),
    "denoiser": DenoisingAutoencoder(epochs=1, random_state=0),
}


def settings():
    config = keras.config
    policy = config.dtype_policy().name
    return config.floatx(), config.epsilon(), config.image_data_format(), policy


@pytest.fixture
def keras_as_it_was():
    floatx, epsilon, data_format, policy = settings()
    yield
    keras.config.set_floatx(floatx)
    keras.config.set_epsilon(epsilon)
    keras.config.set_image_data_format(data_format)
    keras.config.set_dtype_policy(policy)


def results(model, X, y):
    """All that a newly built network gives."""
    skdl.engine.clear()
    model = clone(model).fit(X, y)
    if not hasattr(model, "predict_proba"):
        return [model.transform(X)]
    return [model.predict_proba(X), model.grad_cam(X[:2])]


@pytest.fixture(scope="module")
def expected(few_digits):
    X, y = few_digits
    return {name: results(model, X[:40], y[:40]) for name, model in MODELS.items()}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("name", "setting"),
    [
        pytest.param(
            name,
            setting,
            # Each network with two settings at once, and one with all.
            marks=[]
            if (name == "simple") != (setting == "two at once")
            else pytest.mark.exhaustive,
        )
        for name in MODELS
        for setting in SETTINGS
    ],
)
def test_global_settings_of_keras_change_nothing(
    few_digits, expected, keras_as_it_was, name, setting
):
    X, y = few_digits
    SETTINGS[setting]()
    before, state = settings(), random.getstate()
    found = results(MODELS[name], X[:40], y[:40])
    assert settings() == before
    assert random.getstate() == state
    for one, other in zip(found, expected[name], strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def test_a_keras_model_of_ones_own_works_in_any_data_format(few_digits, keras_as_it_was):
    X, y = few_digits
    model = TransferClassifier("cifar_resnet20", epochs=1, random_state=0).fit(X[:40], y[:40])
    keras.config.set_image_data_format("channels_first")
    images = np.asarray(X[:4]).reshape(4, 8, 8, 1)
    assert np.allclose(model.model_(images), model.predict_proba(images), atol=1e-5)


def test_settings_are_given_back_after_an_error_and_by_the_last_thread(keras_as_it_was):
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("mixed_float16")
    before = settings()
    with pytest.raises(ValueError, match="float32"), keras_settings():
        raise ValueError(settings()[0])
    assert settings() == before
    inside, leave = threading.Event(), threading.Event()

    def stay():
        with building():
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=stay)
    with building("bfloat16"):
        thread.start()
        assert inside.wait(30)
        assert settings()[3] == "mixed_bfloat16"
        assert not gc.isenabled()
    assert keras.config.floatx() == "float32"  # the other thread is still inside
    assert keras.config.dtype_policy().name == "mixed_float16"
    leave.set()
    thread.join(30)
    assert settings() == before
    assert gc.isenabled()


KEPT = {
    "trainers": _pool._idle,
    "networks": _pool._networks,
    "feature networks": _features._networks,
    "inspectors": _inspection._inspectors,
    "plans": _body._plans,
    "weights": _loading._kept_weights,
    "files of other weights": _loading._others,
}


@pytest.mark.slow
def test_clearing_gives_everything_back(few_digits):
    X, y = few_digits
    skdl.engine.clear()
    _loading._others.put("a file", True)
    model = TransferClassifier("cifar_resnet20", epochs=1, trainable=1, random_state=0)
    model.fit(X[:40], y[:40]).grad_cam(X[:2])
    expected = model.predict_proba(X[:4])
    assert [name for name, cache in KEPT.items() if not cache] == []
    seen = [
        weakref.ref(value)
        for name, cache in KEPT.items()
        if name != "files of other weights"
        for value in cache.values()
    ]
    skdl.engine.clear()
    assert [name for name, cache in KEPT.items() if cache] == []
    assert np.array_equal(model.predict_proba(X[:4]), expected)
    skdl.engine.clear()
    del model
    gc.collect()
    assert [one() for one in seen if one() is not None] == []


MADE_ONCE = {}


def made_once(kind, make):
    return MADE_ONCE.setdefault(kind, make())


def layer_of_before(input_shape, n_classes):
    """A builder that makes one of its layers only once."""
    hidden = made_once("layer", lambda: keras.layers.Dense(4, activation="relu"))
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            hidden,
            keras.layers.Dense(n_classes, activation="softmax"),
        ]
    )


def model_of_before(input_shape, n_classes):
    return made_once("model", lambda: helpers.tiny(input_shape, n_classes))


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (layer_of_before, "shares weights with one it returned before.* Create all layers inside"),
        (model_of_before, "returned a compiled model; expected a new, uncompiled model each time"),
    ],
)
def test_a_builder_that_uses_layers_again_is_refused_in_fit(few_digits, builder, message):
    """What one fold has learned would reach the next."""
    X, y = few_digits
    MADE_ONCE.clear()
    for _ in range(2):  # at once, and whenever it is tried again
        with pytest.raises(ValueError, match=message):
            CNNClassifier(builder, epochs=1).fit(X[:40], y[:40])


@pytest.mark.slow
def test_layers_of_the_main_module_are_refused_too():
    """There, the builder comes into each fold by value."""
    code = """
import keras, numpy as np
from sklearn.model_selection import cross_val_score
from skdl import CNNClassifier

hidden = keras.layers.Dense(4, activation="relu")

def build(input_shape, n_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            hidden,
            keras.layers.Dense(n_classes, activation="softmax"),
        ]
    )

X, y = np.zeros((20, 4, 4), "uint8"), np.arange(20) % 2
try:
    cross_val_score(CNNClassifier(build, epochs=1), X, y, cv=2, error_score="raise")
except ValueError as error:
    print(error)
"""
    assert "shares weights with one it returned before" in helpers.run_forked(code)


@pytest.mark.slow
def test_networks_that_are_gone_claim_nothing(few_digits):
    def known():
        skdl.engine.clear()
        gc.collect()
        assert _recipe._claim([])
        return len(_recipe._claimed)

    X, y = few_digits
    before = known()
    model = CNNClassifier(helpers.tiny, epochs=1).fit(X[:40], y[:40])
    assert len(_recipe._claimed) > before
    del model
    assert known() == before


class Subclassed(keras.Model):
    """Neither functional nor sequential, and built before it is returned."""

    def __init__(self, input_shape, n_classes):
        super().__init__()
        self.flat = keras.layers.Flatten()
        self.classes = keras.layers.Dense(n_classes, activation="softmax")
        self(np.zeros((1, *input_shape), np.float32))

    def call(self, inputs):
        return self.classes(self.flat(inputs))


def with_constants(input_shape, n_classes):
    """Mean and variance of a layer are constants, not weights."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Normalization(mean=[0.25], variance=[0.5])(inputs)
    x = keras.layers.Flatten()(x)
    return keras.Model(inputs, keras.layers.Dense(n_classes, activation="softmax")(x))


@pytest.mark.parametrize("builder", [Subclassed, with_constants])
def test_networks_of_several_kinds_predict_what_they_were_trained_to(builder, few_digits):
    X, y = few_digits
    model = CNNClassifier(builder, epochs=15, optimizer__learning_rate=0.01, random_state=0)
    assert model.fit(X, y).score(X, y) > 0.9
    found = np.asarray(model.model_(X[:20].reshape(-1, 8, 8, 1)))
    np.testing.assert_allclose(found, model.predict_proba(X[:20]), atol=1e-6)
