"""The engine: what is built, traced and held, and that none of it shows in a result."""

import gc
import random
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import (
    augmented,
    loads_weights,
    normalized,
    parametrize,
    raises_error,
    same_state,
    tiny,
)
from sklearn.base import clone

import skdl.engine
from skdl import CNNClassifier
from skdl.engine import _pool
from skdl.engine._keys import freeze
from skdl.engine._optimizers import OptimizerSpec, fuse_adam
from skdl.engine._recipe import Recipe
from skdl.engine._seeding import (
    AUGMENTATION,
    SHUFFLING,
    InitialState,
    python_random,
    seed_of,
    stream,
    value_of,
)
from skdl.engine._trainer import Trainer
from skdl.plugins import architectures


def sized_by_set(input_shape, n_classes, sizes):
    return tiny(input_shape, n_classes, units=max(sizes))


ADAM = OptimizerSpec.of(keras.optimizers.Adam())


@pytest.fixture(autouse=True)
def empty_pool():
    skdl.engine.clear()
    yield
    skdl.engine.clear()


@pytest.fixture
def trainers(monkeypatch):
    """List of all trainers made."""
    made = []
    original = Trainer.__init__

    def spy(self, *arguments):
        made.append(self)
        original(self, *arguments)

    monkeypatch.setattr(Trainer, "__init__", spy)
    return made


def unpooled(monkeypatch):
    """From here on, every fit builds a model of its own."""
    monkeypatch.setattr(_pool, "_take", lambda key: None)


# ---- the pool ----------------------------------------------------------------------------------


def test_fits_share_a_compiled_model(few_digits, trainers):
    X, y = few_digits
    for seed in range(3):
        for rate in (0.001, 0.01):
            CNNClassifier(tiny, epochs=1, optimizer__learning_rate=rate, random_state=seed).fit(
                X[: 100 + seed], y[: 100 + seed]
            )
    assert len(trainers) == 1
    assert trainers[0].n_traces == 1


@pytest.mark.slow
def test_many_networks_do_not_warn_of_retracing(few_digits, caplog):
    for units in range(2, 9):
        CNNClassifier(tiny, epochs=1, architecture__units=units).fit(*few_digits).predict(
            few_digits[0]
        )
    assert "retracing" not in caplog.text


def test_batch_sizes_epochs_and_validation_need_no_new_trace(few_digits, trainers):
    X, y = few_digits
    for batch_size in (7, 32, 300):
        CNNClassifier(tiny, epochs=2, batch_size=batch_size, early_stopping=True).fit(X, y)
    assert [trainer.n_traces for trainer in trainers] == [2]  # training and validation


@pytest.mark.parametrize(
    "params",
    [
        {"architecture__units": 9},
        {"architecture": "simple"},
        {"optimizer": "sgd"},
        {"optimizer__beta_1": 0.8},
        {"optimizer__clipnorm": 1.0},
        {"image_shape": (4, 16)},
    ],
)
def test_what_makes_another_model(few_digits, trainers, params):
    base = CNNClassifier(tiny, epochs=1, random_state=0)
    expected = clone(base).set_params(**params).fit(*few_digits)
    base.fit(*few_digits)
    clone(base).set_params(**params).fit(*few_digits)
    assert len(trainers) == 2
    assert same_state(clone(base).set_params(**params).fit(*few_digits), expected)


CASES = {
    "plain": {},
    **{name: {"architecture": name} for name in architectures.names()},
    "augmentation": {"architecture": augmented},
    "batch norm, noise, dropout": {"architecture": normalized},
    "loaded weights": {"architecture": loads_weights},
    "momentum": {"optimizer": "sgd", "optimizer__momentum": 0.9, "optimizer__learning_rate": 0.1},
    "rmsprop": {"optimizer": "rmsprop"},
    "adagrad": {"optimizer": "adagrad", "optimizer__initial_accumulator_value": 0.3},
    "decay": {"optimizer": "adamw", "optimizer__weight_decay": 0.1},
    "average": {"optimizer__use_ema": True},
    "early stopping": {"validation_fraction": 0.2, "early_stopping": True, "epochs": 6},
    "cosine": {"learning_rate_schedule": "cosine"},
    "keras schedule": {
        "learning_rate_schedule": keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.5)
    },
    "class weights": {"class_weight": "balanced"},
    "sample weights": {"sample_weight": np.linspace(0, 2, 300)},
    "callback": {"callbacks": keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1)},
    "small batches": {"batch_size": 7},
}


# Slow ones that others of their family stand for.
SLOW_CASES = (
    "alexnet",
    "densenet40",
    "resnet18",
    "resnet20",
    "resnet32",
    "resnet56",
    "vgg16",
    "zfnet",
)


@parametrize("case", CASES, exhaustive=SLOW_CASES)
def test_a_pooled_fit_is_an_unpooled_one_to_the_bit(few_digits, monkeypatch, trainers, case):
    X, y = few_digits
    params = dict(CASES[case])
    weights = params.pop("sample_weight", None)
    model = CNNClassifier(**{"architecture": tiny, "epochs": 2, "random_state": 3, **params})
    # Another fit with the same model leaves its traces in every variable there is.
    clone(model).set_params(random_state=7, epochs=1).fit(X[:90], y[:90])
    pooled = clone(model).fit(X, y, sample_weight=weights)
    made = len(trainers)
    unpooled(monkeypatch)
    alone = clone(model).fit(X, y, sample_weight=weights)
    assert len(trainers) == made + 1
    assert same_state(pooled, alone)
    assert pooled.history_ == alone.history_


@pytest.mark.slow
@pytest.mark.parametrize("method", ["warm start", "partial fit"])
def test_interleaved_estimators_do_not_meet(few_digits, monkeypatch, method):
    X, y = few_digits

    def train(model, times):
        for _ in range(times):
            if method == "partial fit":
                model.partial_fit(X, y, classes=range(10))
            else:
                model.fit(X, y)
            yield model

    def make(seed):
        return CNNClassifier(tiny, epochs=1, warm_start=method == "warm start", random_state=seed)

    pairs = list(zip(train(make(0), 3), train(make(1), 3), strict=True))
    first, second = pairs[-1]
    unpooled(monkeypatch)
    for seed, model in enumerate((first, second)):
        *_, alone = train(make(seed), 3)
        assert same_state(model, alone)


def test_threads_do_not_meet(few_digits):
    X, y = few_digits
    expected = {
        seed: CNNClassifier(tiny, epochs=3, random_state=seed).fit(X, y) for seed in range(4)
    }
    found, probabilities = {}, {}

    def work(seed):
        found[seed] = CNNClassifier(tiny, epochs=3, random_state=seed).fit(X, y)
        probabilities[seed] = [found[seed].predict_proba(X) for _ in range(5)]

    threads = [threading.Thread(target=work, args=[seed]) for seed in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, model in expected.items():
        assert same_state(found[seed], model)
        for found_probabilities in probabilities[seed]:
            assert np.array_equal(found_probabilities, model.predict_proba(X))


def test_a_failed_fit_leaves_a_model_for_the_next(few_digits, trainers):
    """What TensorFlow keeps of a model that is dropped is never freed."""
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=5, optimizer="sgd", random_state=0)
    expected = clone(model).fit(X, y)
    for _ in range(3):
        with pytest.raises(ValueError, match="diverged"):
            clone(model).set_params(optimizer__learning_rate=1e30).fit(X, y)
    assert len(trainers) == 1
    assert same_state(clone(model).fit(X, y), expected)
    assert len(trainers) == 1


def test_optimizers_make_no_new_names(few_digits, monkeypatch):
    """TensorFlow keeps 35 KB for each name of a variable that it has not seen before."""
    names = []
    kind = type(keras.optimizers.SGD().iterations)
    original = kind.__init__

    def init(self, *args, **kwargs):
        original(self, *args, **kwargs)
        names.append(self.path)

    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(*few_digits)
    monkeypatch.setattr(kind, "__init__", init)
    for optimizer in ("adam", "sgd", keras.optimizers.RMSprop):
        names.clear()
        clone(model).set_params(optimizer=optimizer)._optimizer_spec()
        first = list(names)
        names.clear()
        clone(model).set_params(optimizer=optimizer)._optimizer_spec()
        assert names == first != []


class Own(keras.callbacks.Callback):
    """A callback of a user that looks on, and makes Keras's own functions."""

    seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.model.predict(np.zeros((1, 8, 8, 1), np.float32), verbose=0)

    def on_train_end(self, logs=None):
        Own.seen.append(self.model)


class Failing(Own):
    def on_train_end(self, logs=None):
        raise ValueError("a callback's own")


class Meddling(Own):
    """Changes the model itself, as a user's callback may."""

    def on_train_end(self, logs=None):
        self.model.layers[1].trainable = False


class MeddlingWithSettings(Own):
    def on_train_end(self, logs=None):
        self.model.layers[-2].rate = 0.9


class Compiling(Own):
    def on_train_end(self, logs=None):
        self.model.compile(optimizer="sgd", loss="mse")


class Replacing(Own):
    def on_train_begin(self, logs=None):
        self.model.test_step = lambda data: {}


def test_callbacks_of_users_do_not_cost_a_model_each(few_digits, trainers):
    """TensorFlow keeps megabytes of each that is dropped."""
    X, y = few_digits
    Own.seen.clear()
    expected = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    for _ in range(3):
        model = CNNClassifier(tiny, epochs=1, callbacks=[Own], random_state=0).fit(X, y)
        assert same_state(model, expected)
        with pytest.raises(ValueError, match="a callback's own"):
            CNNClassifier(tiny, epochs=1, callbacks=[Failing], random_state=0).fit(X, y)
    assert len(trainers) == 1


@pytest.mark.parametrize("kind", [Meddling, MeddlingWithSettings, Compiling, Replacing])
def test_foreign_callbacks_do_not_reach_the_next_fit(few_digits, trainers, kind):
    X, y = few_digits
    expected = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    CNNClassifier(tiny, epochs=1, callbacks=[kind], random_state=0).fit(X, y)
    assert same_state(CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y), expected)
    assert len(trainers) == 2


def test_what_a_callback_keeps_may_be_changed_later(few_digits, trainers):
    X, y = few_digits
    Own.seen.clear()
    expected = CNNClassifier(tiny, epochs=1, callbacks=[Own], random_state=0).fit(X, y)
    Own.seen[0].layers[1].trainable = False
    assert same_state(CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y), expected)
    assert len(trainers) == 2


def test_the_pool_is_bounded(few_digits, monkeypatch):
    monkeypatch.setattr(_pool._idle, "max_number", 2)
    for units in (2, 3, 4, 5):
        CNNClassifier(tiny, epochs=1, architecture__units=units).fit(*few_digits)
    assert len(_pool._idle) == 2
    monkeypatch.setattr(_pool._idle, "max_bytes", 0)
    CNNClassifier(tiny, epochs=1).fit(*few_digits)
    assert not _pool._idle


def test_numbers_drawn_by_a_search_are_pythons(few_digits, trainers):
    for units in (4, np.int64(4), np.int32(4)):
        CNNClassifier(tiny, epochs=1, architecture__units=units).fit(*few_digits)
    assert len(trainers) == 1


def test_parameters_that_cannot_be_keys_are_not_pooled(few_digits, trainers):
    model = CNNClassifier(sized_by_set, epochs=1, architecture__sizes={4}, random_state=0)
    expected = clone(model).fit(*few_digits)
    assert same_state(clone(model).fit(*few_digits), expected)
    assert len(trainers) == 2
    assert not _pool._idle


# ---- keys --------------------------------------------------------------------------------------


def test_keys_tell_what_python_calls_equal():
    values = [1, 1.0, True, "1", (1,), [1], None, {"a": 1}, np.ones(1), np.ones(1, "float32")]
    assert len({freeze(value) for value in values}) == len(values)
    assert freeze({"a": [1, 2], "b": 2}) == freeze({"b": 2, "a": [1, 2]})
    with pytest.raises(TypeError):
        freeze({"a": {1, 2}})


# ---- seeds -------------------------------------------------------------------------------------


def test_every_variable_of_a_model_has_a_recipe():
    for builder in (tiny, normalized):
        model = Recipe(builder, {}, (8, 8, 1), 3).build()
        initial = InitialState.of(model)
        initial.reset(1)
        first = [np.asarray(v.value.numpy()) for v in model.variables]
        initial.reset(2)
        second = [np.asarray(v.value.numpy()) for v in model.variables]
        initial.reset(1)
        for variable, a, b in zip(model.variables, first, second, strict=True):
            assert np.array_equal(variable.value.numpy(), a)
            drawn = "kernel" in variable.name or "seed" in variable.name
            assert np.array_equal(a, b) != drawn


def test_equal_layers_start_differently():
    def two(input_shape, n_classes):
        layers = [keras.layers.Dense(16, use_bias=False) for _ in range(2)]
        head = keras.layers.Dense(n_classes, activation="softmax")
        return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), *layers, head])

    model = two((4, 4, 1), 2)
    InitialState.of(model).reset(0)
    assert not np.array_equal(model.layers[1].kernel, model.layers[2].kernel)


def test_a_single_random_weight_is_drawn_anew():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    initial = InitialState.of(model)
    initial.reset(1)
    first = model.layers[0].kernel.value.numpy()
    initial.reset(2)
    assert model.layers[0].kernel.value.numpy() != first


def test_a_single_weight_of_unknown_origin_is_not_pooled():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.layers[0].kernel.assign([[0.7]])
    assert InitialState.of(model) is None


def test_loaded_weights_have_no_recipe():
    assert InitialState.of(loads_weights((8, 8, 1), 3)) is None


def test_seeds_a_builder_sets_itself_are_kept():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, kernel_initializer=keras.initializers.HeNormal(seed=5)),
            keras.layers.Dropout(0.5, seed=6),
        ]
    )
    before = [v.value.numpy() for v in model.variables]
    InitialState.of(model).reset(1)
    for variable, value in zip(model.variables, before, strict=True):
        assert np.array_equal(variable.value.numpy(), value)


def test_seeds_of_streams_fit_into_int32():
    seeds = [seed_of(stream(3, AUGMENTATION, epoch)) for epoch in range(200)]
    assert len(set(seeds)) == 200
    assert seeds == [seed_of(stream(3, AUGMENTATION, epoch)) for epoch in range(200)]
    assert 0 <= min(seeds) < 2**30 < max(seeds) < 2**31
    assert seed_of(stream(3, SHUFFLING, 0)) != seeds[0]


def test_python_random_is_given_back():
    state = random.getstate()
    with python_random(3):
        first = random.random()
    assert random.getstate() == state
    with pytest.raises(ZeroDivisionError), python_random(3):
        random.seed(1 // 0)
    with python_random(3):
        assert random.random() == first
    assert random.getstate() == state


# ---- prediction --------------------------------------------------------------------------------


def test_prediction_is_traced_once(few_digits, monkeypatch):
    X, y = few_digits
    models = [CNNClassifier(tiny, epochs=1, random_state=seed).fit(X, y) for seed in range(3)]
    for model in models:
        for n in (1, 2, 300):
            model.predict_proba(X[:n])
    (network,) = _pool._networks.values()
    assert network.n_traces == 1
    assert len({model._network._bind()[0] for model in models}) == 1


def test_prediction_in_batches(few_digits):
    X, y = few_digits
    model = CNNClassifier(epochs=1, random_state=0).fit(X, y)
    expected = model.predict_proba(X)
    network, _ = model._network._bind()
    network.batch_size = 7
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-6)


def test_batches_are_sized_by_memory():
    sizes = []
    for image in ((8, 8), (64, 64)):
        images = np.zeros((20, *image), np.uint8)
        model = CNNClassifier(epochs=1, random_state=0).initialize(images, np.arange(20) % 2)
        sizes.append(model._network._bind()[0].batch_size)
    assert 1 <= sizes[1] < sizes[0] / 10


def test_keras_predict_is_never_called(few_digits, monkeypatch):
    X, y = few_digits
    monkeypatch.setattr(keras.Model, "predict", None)
    monkeypatch.setattr(keras.Model, "fit", None)
    assert len(CNNClassifier(tiny, epochs=1).fit(X, y).predict(X)) == 300


def test_clearing_changes_nothing(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    expected = model.predict_proba(X)
    skdl.engine.clear()
    assert np.array_equal(model.predict_proba(X), expected)
    assert same_state(clone(model).fit(X, y), model)


# ---- training ----------------------------------------------------------------------------------


class PerBatch(keras.callbacks.Callback):
    batches = 0

    def on_train_batch_end(self, batch, logs=None):
        type(self).batches += 1
        assert np.isfinite(logs["loss"])


def test_callbacks_by_batch_change_no_result(few_digits):
    X, y = few_digits
    expected = CNNClassifier(tiny, epochs=2, random_state=0).fit(X, y)
    model = CNNClassifier(tiny, epochs=2, callbacks=[PerBatch], random_state=0).fit(X, y)
    assert PerBatch.batches == 20
    assert same_state(model, expected)
    assert model.history_ == expected.history_


def test_keras_early_stopping_works_as_a_callback(few_digits):
    callback = keras.callbacks.EarlyStopping(monitor="loss", patience=1, min_delta=100)
    model = CNNClassifier(tiny, epochs=9, callbacks=callback, random_state=0).fit(*few_digits)
    assert model.n_iter_ == 2


def test_an_epoch_is_what_keras_makes_of_the_same_batches(few_digits):
    """The traced loop against `keras.Model.train_on_batch`, batch for batch."""
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1, architecture__dropout=0.0, random_state=0)
    start = clone(model).initialize(X, y)
    reference = start._network.to_keras(ADAM)
    order = np.random.default_rng(stream(0, SHUFFLING, 0)).permutation(len(X))
    for first in range(0, len(X), 32):
        rows = order[first : first + 32]
        reference.train_on_batch(X[rows].reshape(-1, 8, 8, 1), y[rows])
    model.fit(X, y)
    for found, expected in zip(model.model_.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.Adam(0.01),
        keras.optimizers.Adam(0.01, beta_1=0.7, beta_2=0.8, epsilon=1e-3),
        keras.optimizers.Adam(0.01, amsgrad=True),
        keras.optimizers.AdamW(0.01, weight_decay=0.1, clipnorm=0.5),
        keras.optimizers.Adam(0.01, gradient_accumulation_steps=2),
    ],
    ids=["default", "moments", "amsgrad", "decay and clipping", "accumulation"],
)
def test_adam_in_one_operation_is_keras_adam(optimizer):
    rng = np.random.default_rng(0)
    config = optimizer.get_config()
    values, gradients = rng.normal(size=(5, 4)), rng.normal(size=(6, 5, 4))

    def train(fuses):
        variable = keras.Variable(values, dtype="float32")
        adam = type(optimizer).from_config(config)
        adam.build([variable])
        if fuses:
            fuse_adam(adam)
        step = tf.function(lambda gradient: adam.apply([gradient], [variable]))
        for gradient in gradients:
            step(tf.constant(gradient, tf.float32))
        graph = step.get_concrete_function(tf.TensorSpec((5, 4), tf.float32)).graph
        is_fused = "ResourceApplyAdam" in str(graph.as_graph_def())
        return is_fused, [value_of(v) for v in (variable, *adam.variables)]

    (is_fused, found), (is_plain_fused, expected) = train(True), train(False)
    assert (is_fused, is_plain_fused) == (not config["amsgrad"], False)
    for value, plain in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, plain, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_given_back(few_digits, monkeypatch, enabled):
    seen = []
    original = Recipe.build

    def build(self, seed=None):
        seen.append(gc.isenabled())
        return original(self, seed)

    monkeypatch.setattr(Recipe, "build", build)
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        CNNClassifier(tiny, epochs=1).fit(*few_digits)
        with pytest.raises(ValueError, match="the builder has a bug"):
            CNNClassifier(raises_error, epochs=1).fit(*few_digits)
        assert gc.isenabled() == enabled
        assert not any(seen)
        assert len(seen) == 3  # one that trains and one that predicts, and the one that fails
    finally:
        (gc.enable if before else gc.disable)()


def test_uint8_images_are_not_copied_to_float(monkeypatch):
    from skdl.estimators import _trained

    seen = []
    original = _trained.fit

    def spy(job):
        seen.append((job.data.images.load(), job.data.images.dtype))
        return original(job)

    monkeypatch.setattr(_trained, "fit", spy)
    X = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1), dtype=np.uint8)
    CNNClassifier(tiny, epochs=1).fit(X, np.arange(50) % 2)
    assert seen[0][1] == np.uint8
    assert np.shares_memory(seen[0][0], X)
