"""Properties that hold for any images. Shapes come from a small set: a new one costs a trace."""

import functools

import numpy as np
import pytest
from helpers import run_forked, same_state, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone

from skdl import CNNClassifier

SHAPES = [(8, 8, 1), (6, 10, 3)]
FEW = settings(max_examples=15)


@functools.cache
def fitted(shape, architecture="simple"):
    generator = np.random.default_rng(0)
    X = generator.integers(0, 256, (60, *shape), dtype=np.uint8)
    y = generator.integers(0, 3, 60)
    return CNNClassifier(architecture, epochs=2, random_state=0).fit(X, y)


@st.composite
def batches(draw, min_size=1):
    shape = draw(st.sampled_from(SHAPES))
    n = draw(st.integers(min_size, 9))
    return fitted(shape), draw(hnp.arrays(np.uint8, (n, *shape)))


@FEW
@given(batch=batches(), seed=st.integers(0, 5))
def test_permuting_rows_permutes_predictions(batch, seed):
    model, X = batch
    rows = np.random.default_rng(seed).permutation(len(X))
    np.testing.assert_allclose(
        model.predict_proba(X[rows]), model.predict_proba(X)[rows], rtol=1e-5, atol=1e-6
    )


@FEW
@given(batch=batches(min_size=2), data=st.data())
def test_predicting_in_parts_is_predicting_at_once(batch, data):
    model, X = batch
    cut = data.draw(st.integers(1, len(X) - 1))
    parts = [model.predict_proba(X[:cut]), model.predict_proba(X[cut:])]
    np.testing.assert_allclose(np.concatenate(parts), model.predict_proba(X), rtol=1e-5, atol=1e-6)


@FEW
@given(batch=batches(), dtype=st.sampled_from(["float32", "float64", "int64", "uint16"]))
def test_uint8_and_the_same_values_in_another_dtype_predict_alike(batch, dtype):
    model, X = batch
    assert np.array_equal(model.predict_proba(X.astype(dtype)), model.predict_proba(X))


@FEW
@given(batch=batches(), layout=st.sampled_from(["F", "strided", "readonly", "flat"]))
def test_the_layout_in_memory_does_not_matter(batch, layout):
    model, X = batch
    expected = model.predict_proba(X)
    if layout == "F":
        X = np.asfortranarray(X)
    elif layout == "strided":
        X = np.repeat(X, 2, axis=0)[::2]
    elif layout == "readonly":
        X = X.copy()
        X.setflags(write=False)
    else:
        X = X.reshape(len(X), -1)
    assert np.array_equal(model.predict_proba(X), expected)


@FEW
@given(batch=batches())
def test_probabilities_are_probabilities(batch):
    model, X = batch
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (len(X), 3)
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.array_equal(model.predict(X), model.classes_[probabilities.argmax(axis=1)])


@FEW
@given(names=st.lists(st.text(min_size=1, max_size=5), min_size=3, max_size=3, unique=True))
def test_renaming_labels_renames_predictions(few_digits, names):
    X, y = few_digits
    X, y = X[:60], y[:60] % 3
    names = np.array(sorted(names), dtype=object)  # in the order of the classes
    by_number = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    by_name = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, names[y])
    assert same_state(by_number, by_name)
    assert np.array_equal(by_name.predict(X), names[by_number.predict(X)])


@settings(max_examples=8)
@given(
    seed=st.integers(0, 2**32 - 1),
    batch_size=st.sampled_from([1, 7, 32, 500]),
    architecture=st.sampled_from(["simple", tiny]),
)
def test_refitting_with_the_same_seed_is_identical(few_digits, seed, batch_size, architecture):
    X, y = few_digits
    model = CNNClassifier(architecture, epochs=1, batch_size=batch_size, random_state=seed)
    first, second = clone(model).fit(X[:40], y[:40]), clone(model).fit(X[:40], y[:40])
    assert same_state(first, second)
    assert first.history_ == second.history_


@pytest.mark.slow
def test_refitting_with_the_same_seed_is_identical_in_another_process(few_digits, tmp_path):
    X, y = few_digits
    seeds = (0, 2**32 - 1)
    run_forked(
        """
import sys, numpy as np
from sklearn.datasets import load_digits
from helpers import tiny
from skdl import CNNClassifier
X, y = load_digits(return_X_y=True)
for seed in sys.argv[2:]:
    model = CNNClassifier(tiny, epochs=2, random_state=int(seed)).fit(X[:300], y[:300])
    np.savez(f"{sys.argv[1]}/{seed}.npz", *model._network.state)
""",
        tmp_path,
        *seeds,
    )
    for seed in seeds:
        model = CNNClassifier(tiny, epochs=2, random_state=seed).fit(X, y)
        with np.load(tmp_path / f"{seed}.npz") as arrays:
            for name, expected in zip(arrays.files, model._network.state, strict=True):
                assert np.array_equal(arrays[name], expected)


PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "epochs": st.integers(-3, 100),
        "batch_size": st.integers(1, 100),
        "optimizer": st.sampled_from(["adam", "sgd", "nonsense"]),
        "class_weight": st.sampled_from([None, "balanced", {0: 1.0, 1: 2.0}]),
        "early_stopping": st.booleans(),
        "image_shape": st.sampled_from([None, (8, 8), [8, 8, 1]]),
        "random_state": st.one_of(st.none(), st.integers(0, 5)),
        "architecture__dropout": st.floats(0, 1),
        "optimizer__learning_rate": st.floats(0, 1),
    },
)


@given(params=PARAMS)
def test_params_round_trip(params):
    model = CNNClassifier(**params)
    assert {name: model.get_params()[name] for name in params} == params
    assert clone(model).get_params() == model.get_params()
    assert CNNClassifier().set_params(**params).get_params() == model.get_params()
