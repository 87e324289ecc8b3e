"""Messages show labels as they are written: 'a', and not np.str_('a')."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from skdl import CNNClassifier, TransferClassifier, evaluate
from skdl._utils.text import plain
from skdl.metrics import (
    compare_models,
    confidence_interval,
    make_clinical_scorer,
    sensitivity_score,
)
from skdl.plotting import OperatingPointDisplay

X = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
Y = np.array(["ill", "well"] * 6)
OTHER, OBJECTS = np.str_("other"), np.array(list(np.array(["ill", "well"] * 6)), dtype=object)


def test_plain():
    for value, expected in [
        (np.str_("a"), "a"),
        (np.float32(0.5), 0.5),
        (np.array([1, 2]), [1, 2]),
        (np.array([np.str_("a"), None], dtype=object), ["a", None]),
        ([np.int64(1), (np.bool_(True),)], [1, (True,)]),
        ({np.str_("a"): np.float64(1)}, {"a": 1.0}),
        ("a", "a"),
        (None, None),
    ]:
        found = plain(value)
        assert (found, repr(found)) == (expected, repr(expected))


def continued():
    model = CNNClassifier(epochs=1).partial_fit(X, OBJECTS, classes=list(OBJECTS[:2]))
    return model.partial_fit(X, OBJECTS, classes=[OTHER, *OBJECTS[:2]])


@pytest.mark.parametrize(
    "call",
    [
        lambda: evaluate(RidgeClassifier(), X.reshape(12, -1), OBJECTS),
        lambda: evaluate(RidgeClassifier(), X.reshape(12, -1), Y, pos_label=OTHER),
        lambda: evaluate(
            RidgeClassifier(),
            X.reshape(12, -1),
            OBJECTS,
            scoring={"it": make_clinical_scorer("sensitivity", pos_label=OTHER)},
        ),
        lambda: sensitivity_score(OBJECTS, OBJECTS),
        lambda: sensitivity_score(OBJECTS, OBJECTS, pos_label=OTHER),
        lambda: confidence_interval("f1", Y, Y, pos_label=OTHER),
        lambda: confidence_interval("roc_auc", OBJECTS[::2], np.ones(6)),
        lambda: compare_models(OBJECTS[::2], {"a": Y[::2], "b": Y[::2]}),
        lambda: compare_models(OBJECTS, {"a": Y, "b": Y}, labels=[np.str_("ill")]),
        lambda: OperatingPointDisplay.from_predictions(Y, np.arange(12), pos_label=OTHER),
        lambda: CNNClassifier(class_weight={OTHER: 1.0}).fit(X, Y),
        lambda: CNNClassifier(class_weight={np.str_("ill"): -np.float64(1)}).fit(X, Y),
        lambda: CNNClassifier().fit(X, OBJECTS[[0] * 12]),
        lambda: CNNClassifier(epochs=1).fit(X, OBJECTS, X_val=X[:1], y_val=[OTHER]),
        lambda: CNNClassifier(validation_fraction=0.1).fit(X[:3], OBJECTS[:3]),
        lambda: TransferClassifier(image_size=8).fit(X, OBJECTS[[0] * 12]),
        continued,
    ],
)
def test_no_message_shows_types_of_numpy(call):
    with pytest.raises(ValueError, match="ill|other|well") as caught:
        call()
    assert "np." not in str(caught.value)
