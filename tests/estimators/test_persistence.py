"""Fitted estimators in files and in other processes."""

import copy
import pickle

import joblib
import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import run_forked, same_state, tiny, version
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skdl import BackboneFeatures, CNNClassifier, TransferClassifier
from skdl._utils.checksums import checksum_of
from skdl.estimators import _params

LOAD = """
import sys, numpy as np, joblib
from sklearn.datasets import load_digits
for path in sys.argv[1:]:
    model = joblib.load(path)
    np.save(path + ".npy", model.predict_proba(load_digits().data[:300]))
"""


@pytest.mark.slow
def test_another_process_predicts_the_same(few_digits, tmp_path):
    X, y = few_digits
    models = {}
    for architecture in ("simple", tiny):
        network = CNNClassifier(architecture, epochs=2, random_state=0)
        for number, model in enumerate((network, make_pipeline(StandardScaler(), network))):
            model = clone(model).fit(X, np.array(["even", "odd"])[y % 2])
            path = tmp_path / f"{architecture == tiny}-{number}.joblib"
            joblib.dump(model, path)
            models[path] = model
    run_forked(LOAD, *models)
    for path, model in models.items():
        assert np.array_equal(np.load(f"{path}.npy"), model.predict_proba(X))


def test_the_file_is_hardly_larger_than_the_weights(tmp_path):
    X = np.random.default_rng(0).integers(0, 256, (100, 28, 28), dtype=np.uint8)
    model = CNNClassifier(epochs=1, warm_start=False, random_state=0).fit(X, np.arange(100) % 10)
    model.predict(X)
    model.model_.count_params()
    weights = sum(array.nbytes for array in model._network.state)
    assert weights >= 4 * 225_034
    path = tmp_path / "model.joblib"
    joblib.dump(model, path)
    assert path.stat().st_size <= 1.2 * weights + 100_000
    assert len(pickle.dumps(model)) <= 1.2 * weights + 100_000


def test_a_deep_copy_goes_on_as_the_original_would(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, random_state=0).partial_fit(X, y, classes=range(10))
    twin = copy.deepcopy(model)
    assert same_state(twin.partial_fit(X, y), model.partial_fit(X, y))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_whole_and_apart(few_digits, duplicate):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    twin = duplicate(model)
    assert twin.get_params() == model.get_params()
    assert twin.history_ == model.history_
    assert np.array_equal(twin.predict_proba(X), model.predict_proba(X))
    before = twin.predict_proba(X)
    model.fit(X, y[::-1])
    assert np.array_equal(twin.predict_proba(X), before)
    assert same_state(twin.fit(X, y), CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y))


def test_memory_mapped_weights(few_digits, tmp_path):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1, random_state=0, warm_start=True).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert isinstance(mapped._network.state[0], np.memmap)
    assert np.array_equal(mapped.predict_proba(X), model.predict_proba(X))
    assert same_state(mapped.fit(X, y), model.fit(X, y))


def test_a_pickle_goes_on_with_warm_start_only(few_digits):
    X, y = few_digits
    for warm_start in (True, False):
        model = CNNClassifier(tiny, epochs=2, warm_start=warm_start, random_state=0).fit(X, y)
        model.partial_fit(X, y)
        twin = pickle.loads(pickle.dumps(model))
        assert (twin._optimizer_state is not None) == warm_start
        if warm_start:
            assert same_state(twin.fit(X, y), model.fit(X, y))
        else:
            twin.partial_fit(X, y)


def test_a_file_of_a_newer_format_is_refused(few_digits, tmp_path, monkeypatch):
    model = CNNClassifier(tiny, epochs=1).fit(*few_digits)
    newer = _params.PICKLE_FORMAT + 1
    with monkeypatch.context() as patch:
        patch.setattr(_params, "PICKLE_FORMAT", newer)
        joblib.dump(make_pipeline(StandardScaler(), model), tmp_path / "model.joblib")
    with pytest.raises(ValueError, match=rf"saved in format {newer}; skdl .* reads formats up to"):
        joblib.load(tmp_path / "model.joblib")


def test_a_state_without_a_format_is_refused():
    with pytest.raises(ValueError, match="saved in format None"):
        CNNClassifier().__setstate__({"epochs": 3})


# Older Keras keeps a function without a name in ReduceLROnPlateau.
TRAVELLING = (
    keras.callbacks.ReduceLROnPlateau
    if version("keras") >= (3, 13)
    else keras.callbacks.EarlyStopping
)


def test_unfitted_estimators_travel():
    model = CNNClassifier(
        tiny,
        optimizer=keras.optimizers.SGD(0.1),
        callbacks=[TRAVELLING()],
        learning_rate_schedule=keras.optimizers.schedules.CosineDecay(0.1, 10),
        architecture__units=3,
    )
    twin = pickle.loads(pickle.dumps(model))
    assert twin.architecture is tiny
    assert twin.architecture__units == 3
    assert twin.optimizer.get_config() == model.optimizer.get_config()


def test_callbacks_that_cannot_be_pickled_do_not_keep_a_fitted_model_from_being_saved(few_digits):
    X, y = few_digits
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    model = CNNClassifier(tiny, epochs=1, callbacks=callback, random_state=0).fit(X, y)
    with pytest.warns(UserWarning, match="callbacks cannot be pickled and is left out"):
        twin = pickle.loads(pickle.dumps(model))
    assert twin.callbacks is None
    assert np.array_equal(twin.predict_proba(X), model.predict_proba(X))
    with pytest.raises(Exception, match="pickle"):
        pickle.dumps(CNNClassifier(callbacks=callback))


def test_weights_that_do_not_fit_the_builder_are_refused(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1).fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    twin._network.state[0] = np.zeros((3, 3), np.float32)  # as if the builder had been edited
    with pytest.raises(ValueError, match="do not fit the network that its architecture builds now"):
        twin.predict(X)


# ---- damage --------------------------------------------------------------------------------------


def cnn(X, y):
    model = CNNClassifier(tiny, epochs=1, warm_start=True, random_state=0).fit(X, y)
    return model, [*model._network.state, *model._optimizer_state]


def in_a_search(X, y):
    search = GridSearchCV(make_pipeline(MinMaxScaler(), cnn(X, y)[0]), {}, cv=2).fit(X, y)
    return search, search.best_estimator_[-1]._network.state


def features(X, y):
    model = BackboneFeatures(image_size=16, value_range=(0, 16)).fit(X)
    return model, model._extractor.weights.arrays


def head(X, y):
    model = TransferClassifier(image_size=16, epochs=1, value_range=(0, 16), random_state=0)
    network = model.fit(X, y)._network
    return model, [*network.state, *network.prefix.weights.arrays]


@pytest.mark.parametrize("make", [cnn, in_a_search, features, head])
def test_a_flipped_bit_in_a_saved_model_is_an_error(few_digits, tmp_path, make):
    """At the ends and in the middle of arrays of weights."""
    model, arrays = make(*few_digits)
    path = tmp_path / "model.joblib"
    joblib.dump(model, path)
    whole, n = path.read_bytes(), 0
    large = [array for array in arrays if array.nbytes >= 32 and array.any()]
    for array in large[:: len(large) // 10 + 1]:
        start = whole.find(array.tobytes())
        for place in (start, start + array.nbytes // 2, start + array.nbytes - 1):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << place % 8
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match="saved weights are damaged"):
                joblib.load(path)
            n += 1
    assert n >= 6
    path.write_bytes(whole)
    joblib.load(path)


def test_what_is_sent_to_another_process_has_the_checksum_too(few_digits):
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(*few_digits)
    sent = bytearray(pickle.dumps(model))
    place = sent.find(model._network.state[0].tobytes())
    sent[place + 7] ^= 128
    with pytest.raises(ValueError, match="saved weights are damaged.* Load another copy"):
        pickle.loads(bytes(sent))


def test_weights_in_16_bits_and_none_at_all_have_checksums():
    arrays = [tf.cast([1.0, -2.0], tf.bfloat16).numpy(), np.empty((0, 3)), np.float32(2)]
    assert checksum_of(arrays) == checksum_of([np.array(array) for array in arrays])
    assert checksum_of(arrays) != checksum_of(arrays[:2])
    assert checksum_of([arrays[0]]) != checksum_of([-arrays[0]])
    assert checksum_of([np.arange(6).reshape(2, 3).T]) != checksum_of([np.arange(6).reshape(3, 2)])
