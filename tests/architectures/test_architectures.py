"""The networks that come with skdl: sizes of the literature, parameters, protocols."""

import keras
import numpy as np
import pytest
from helpers import parametrize, tiny, version
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

import skdl
from skdl import CNNClassifier
from skdl import architectures as networks
from skdl.plugins import architectures, reference_protocol
from skdl.testing import parametrize_with_contracts

# Trainable parameters at the reference input: the papers' own figures, or those that follow from
# their tables, as published implementations count them.
COUNTS = {
    "simple": ((28, 28, 1), 10, 225_034),
    "deep": ((28, 28, 1), 10, 93_322),
    "lenet5": ((28, 28, 1), 10, 156 + 2_416 + 48_120 + 121 * 120 + 10_164 + 850),
    "alexnet": ((227, 227, 3), 1000, 62_378_344),
    "zfnet": ((224, 224, 3), 1000, 62_357_608),
    "vgg16": ((224, 224, 3), 1000, 138_357_544),
    "resnet18": ((224, 224, 3), 1000, 11_689_512),
    "resnet20": ((32, 32, 3), 10, 269_722),
    "resnet32": ((32, 32, 3), 10, 464_154),
    "resnet56": ((32, 32, 3), 10, 853_018),
    "densenet40": ((32, 32, 3), 10, 1_019_722),
    "separable": ((32, 32, 3), 10, 67_914),
}


def n_trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def test_every_network_is_counted():
    own = [plugin.name for plugin in architectures if plugin.owner == "skdl"]
    assert sorted(own) == sorted(COUNTS) == networks.__all__


# The largest take gigabytes, which TensorFlow keeps for the rest of the process.
_LARGE = ("alexnet", "vgg16", "zfnet")


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n in _LARGE else n for n in COUNTS],
)
def test_number_of_parameters(name):
    shape, n_classes, count = COUNTS[name]
    model = architectures.get(name)(shape, n_classes)
    assert n_trainable(model) == count
    assert f"{count:,} " in architectures.get(name).__doc__
    assert model.name == name


def test_resnet18_for_small_images():
    assert n_trainable(networks.resnet18((32, 32, 3), 10)) == 11_173_962


# Of these, others of the same family, or narrower ones, are tested by default.
DEEPER_SISTERS = ["densenet40", "resnet18", "resnet32", "resnet56", "vgg16", "zfnet"]


@parametrize_with_contracts(sorted(COUNTS.keys() - set(DEEPER_SISTERS)))
def test_networks_keep_their_contracts(subject, contract):
    contract(subject)


@pytest.mark.exhaustive
@parametrize_with_contracts(DEEPER_SISTERS)
def test_deeper_networks_keep_their_contracts(subject, contract):
    contract(subject)


@parametrize("name", COUNTS, exhaustive=DEEPER_SISTERS)
def test_common_parameters(name):
    builder = architectures.get(name)
    plain = builder((12, 12, 1), 3)
    narrow = builder((12, 12, 1), 3, width=0.5)
    assert n_trainable(narrow) < 0.6 * n_trainable(plain)
    layers = {type(layer).__name__ for layer in builder((12, 12, 1), 3, batch_norm=True).layers}
    assert "BatchNormalization" in layers
    layers = {type(layer).__name__ for layer in builder((12, 12, 1), 3, batch_norm=False).layers}
    assert "BatchNormalization" not in layers
    assert len(builder((12, 12, 1), 3, l2=0.01).losses) > 2
    with pytest.raises(ValueError, match="width must be positive, got 0"):
        builder((12, 12, 1), 3, width=0)


def test_wrong_parameters_name_the_network():
    X, y = load_digits(return_X_y=True)
    with pytest.raises(ValueError, match="'lenet5' has no parameter 'depth'"):
        CNNClassifier("lenet5", architecture__depth=3).fit(X, y)
    with pytest.raises(ValueError, match=r"'vgg16' could not be built .*width must be positive"):
        CNNClassifier("vgg16", architecture__width=-1).fit(X, y)


def pools_more_than_there_is(input_shape, n_classes):
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, keras.layers.MaxPooling2D(99)(inputs))


def test_messages_of_builders_that_fail_are_plain_text():
    X, y = load_digits(return_X_y=True)
    with pytest.raises(ValueError, match="could not be built for images of shape") as error:
        CNNClassifier(pools_more_than_there_is).fit(X, y)
    assert "\x1b" not in str(error.value)
    if version("keras") >= (3, 15):  # itself refuses this, and writes for terminals
        assert "\x1b" in str(error.value.__cause__)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["simple", "deep", "separable"])
def test_normalised_networks_predict_what_they_have_learned(digits, name):
    """Averages of normalisation keep up with a training of a few hundred steps."""
    X, y = digits[0][:600], digits[1][:600]
    model = CNNClassifier(name, architecture__batch_norm=True, epochs=10, random_state=0)
    model.fit(X, y)
    assert model.history_["accuracy"][-1] > 0.95
    assert model.score(X, y) > 0.95


@pytest.mark.slow
def test_searching_networks(few_digits):
    search = GridSearchCV(
        CNNClassifier(epochs=4, random_state=0),
        {"architecture": ["lenet5", "resnet20"]},
        cv=2,
        error_score="raise",
    ).fit(*few_digits)
    scores = search.cv_results_["mean_test_score"]
    assert scores.max() > 0.2
    assert scores[0] != scores[1]


# ---- protocols ---------------------------------------------------------------------------------


def test_a_protocol_becomes_ordinary_parameters():
    model = CNNClassifier.from_protocol("resnet20", epochs=2, random_state=0)
    expected = {
        "architecture": "resnet20",
        "architecture__l2": 5e-5,
        "optimizer": "sgd",
        "optimizer__learning_rate": 0.1,
        "optimizer__momentum": 0.9,
        "learning_rate_schedule": "cosine",
        "batch_size": 128,
        "epochs": 2,
    }
    assert expected.items() <= model.get_params().items()
    model.set_params(optimizer__learning_rate=0.01)
    assert model.get_params()["optimizer__learning_rate"] == 0.01


@reference_protocol(optimizer="sgd", optimizer__momentum=0.9, optimizer__learning_rate=0.1)
def tiny_with_a_protocol(input_shape, n_classes):
    return tiny(input_shape, n_classes)


def test_another_optimizer_takes_none_of_the_settings_of_a_protocol(few_digits):
    def settings(**params):
        model = CNNClassifier.from_protocol(tiny_with_a_protocol, random_state=0, **params)
        model.initialize(*few_digits)
        found = model.get_params().items()
        return {k.partition("__")[2]: v for k, v in found if k.startswith("optimizer__")}

    assert settings() == {"momentum": 0.9, "learning_rate": 0.1}
    assert settings(optimizer="adam") == {}
    assert settings(optimizer=keras.optimizers.SGD(0.02)) == {}
    assert settings(optimizer=keras.optimizers.RMSprop, optimizer__rho=0.8) == {"rho": 0.8}
    # The protocol's own optimizer, named once more:
    assert settings(optimizer="sgd", optimizer__momentum=0.5) == {
        "momentum": 0.5, "learning_rate": 0.1,
    }  # fmt: skip
    model = CNNClassifier.from_protocol("resnet20", optimizer="adam")
    assert model.get_params()["learning_rate_schedule"] == "cosine"
    assert tiny_with_a_protocol.reference_protocol["optimizer__momentum"] == 0.9


@pytest.mark.slow
@parametrize("name", COUNTS, exhaustive=DEEPER_SISTERS)
def test_every_protocol_can_be_fitted(name, few_digits):
    X, y = few_digits
    model = CNNClassifier.from_protocol(name, random_state=0)
    assert model.get_params()["epochs"] >= 5
    assert len(model.initialize(X[:40], y[:40]).predict(X[:3])) == 3
    if name in ("lenet5", "resnet20"):
        assert model.set_params(epochs=1).fit(X[:40], y[:40]).n_iter_ == 1


def test_a_network_without_a_protocol():
    with pytest.raises(ValueError, match="defines no reference protocol"):
        CNNClassifier.from_protocol(tiny)
    with pytest.raises(ValueError, match="Did you mean 'resnet20'"):
        CNNClassifier.from_protocol("resnet-20")


def test_weight_decay_of_a_protocol_reaches_the_loss(few_digits):
    X, y = few_digits
    plain = CNNClassifier(epochs=1, random_state=0).fit(X, y)
    decayed = CNNClassifier(epochs=1, architecture__l2=0.01, random_state=0).fit(X, y)
    assert decayed.history_["loss"][0] > plain.history_["loss"][0] + 0.1


# ---- classifiers -------------------------------------------------------------------------------

SMALL = {"vgg16": 0.1, "resnet18": 0.1, "alexnet": 0.1, "zfnet": 0.1, "densenet40": 0.5}


def small_classifier(name):
    if name == "separable":  # the moving averages of its batch normalisation take their time
        return CNNClassifier(name, epochs=40, batch_size=6, optimizer__learning_rate=0.005)
    return CNNClassifier(name, epochs=2, batch_size=12, architecture__width=SMALL.get(name, 1.0))


SLOW_CLASSIFIERS = [*DEEPER_SISTERS, "separable"]


@parametrize_with_contracts(map(small_classifier, sorted(COUNTS.keys() - set(SLOW_CLASSIFIERS))))
def test_classifiers_keep_their_contracts(subject, contract):
    contract(subject)


@pytest.mark.exhaustive
@parametrize_with_contracts(map(small_classifier, SLOW_CLASSIFIERS))
def test_slow_classifiers_keep_their_contracts(subject, contract):
    contract(subject)


def test_all_estimators():
    found = dict(skdl.all_estimators())
    assert found["CNNClassifier"] is CNNClassifier
    assert list(found) == sorted(found)
