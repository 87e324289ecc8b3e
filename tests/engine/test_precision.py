import keras
import numpy as np
import pytest
from helpers import same_state, tiny, version

from skdl import CNNClassifier


def test_bfloat16_computes_in_mixed_precision(digits):
    X, y = digits
    model = CNNClassifier(epochs=4, precision="bfloat16", random_state=0).fit(X[:900], y[:900])
    single = CNNClassifier(epochs=4, random_state=0).fit(X[:900], y[:900])
    assert model.score(X[900:], y[900:]) > 0.8
    assert not same_state(model, single)
    assert {layer.compute_dtype for layer in model.model_.layers[-1].layers[1:-1]} == {"bfloat16"}


def test_weights_and_probabilities_stay_float32(few_digits):
    X, y = few_digits
    model = CNNClassifier(epochs=1, precision="bfloat16", random_state=0).fit(X, y)
    assert {a.dtype for a in model._network.state if a.dtype.kind == "f"} == {np.dtype("float32")}
    probabilities = model.predict_proba(X)
    assert probabilities.dtype == np.float32
    # A softmax in bfloat16 would miss 1 by about 0.004.
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    found = model.model_.predict(X.reshape(-1, 8, 8, 1), verbose=0)
    # Older Keras has sums in bfloat16 rounded otherwise in its `predict`.
    np.testing.assert_allclose(
        found, probabilities, atol=1e-6 if version("keras") >= (3, 13) else 5e-4
    )


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "float64"])
def test_the_users_policy_is_neither_used_nor_changed(few_digits, policy):
    expected = CNNClassifier(tiny, epochs=1, random_state=0).fit(*few_digits)
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
        model = CNNClassifier(tiny, epochs=1, architecture__units=8, random_state=0)
        model.fit(*few_digits)
        assert keras.config.dtype_policy().name == policy
    finally:
        keras.config.set_dtype_policy(before)
    assert same_state(model, expected)


def test_bad_precision(few_digits):
    with pytest.raises(ValueError, match="'precision' parameter of CNNClassifier"):
        CNNClassifier(precision="float16").fit(*few_digits)
