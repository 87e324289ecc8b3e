"""Fitted estimators in files and in other processes."""

import copy
import pickle

import joblib
import keras
import numpy as np
import pytest
from helpers import run_python, same_state, tiny
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import CNNClassifier
from skdl.estimators import _base

LOAD = """
import sys, numpy as np, joblib
from sklearn.datasets import load_digits
for path in sys.argv[1:]:
    model = joblib.load(path)
    np.save(path + ".npy", model.predict_proba(load_digits().data[:300]))
"""


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
    run_python(LOAD, *models)
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
    newer = _base.PICKLE_FORMAT + 1
    with monkeypatch.context() as patch:
        patch.setattr(_base, "PICKLE_FORMAT", newer)
        joblib.dump(make_pipeline(StandardScaler(), model), tmp_path / "model.joblib")
    with pytest.raises(ValueError, match=rf"saved in format {newer}; skdl .* reads formats up to"):
        joblib.load(tmp_path / "model.joblib")


def test_a_state_without_a_format_is_refused():
    with pytest.raises(ValueError, match="saved in format None"):
        CNNClassifier().__setstate__({"epochs": 3})


def test_unfitted_estimators_travel():
    model = CNNClassifier(
        tiny,
        optimizer=keras.optimizers.SGD(0.1),
        callbacks=[keras.callbacks.ReduceLROnPlateau()],
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
