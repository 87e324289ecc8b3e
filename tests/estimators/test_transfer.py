"""Classifiers on pretrained networks."""

import contextlib
import io
import pickle

import keras
import numpy as np
import pytest
from helpers import parametrize, run_forked
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV

from skdl import TransferClassifier, VGG16Classifier
from skdl.datasets import load_digits_images
from skdl.engine._features import FeatureNetwork
from skdl.testing import check_image_classifier


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits_images(return_X_y=True)
    return X[:300], y[:300]


def model(**params):
    return TransferClassifier(**{"image_size": 16, "epochs": 5, "random_state": 0, **params})


KINDS = {
    "head": {},
    "hidden": {"head": (16,), "dropout": 0.2, "pooling": "gem"},
    "block": {"trainable": 1, "epochs": 2, "warmup_epochs": 2},
    "layer": {"trainable": "stage3", "epochs": 2, "warmup_epochs": 1, "layer_decay": 0.5},
    "all": {"trainable": "all", "epochs": 1, "warmup_epochs": 1},
    "augmented": {"augmentation": "light", "epochs": 1},
    "copies": {"augmentation": "light", "augmentation_copies": 2},
}


@pytest.mark.exhaustive
def test_contracts_of_classifiers():
    check_image_classifier(model(epochs=30))


@pytest.mark.slow
@parametrize("kind", KINDS, exhaustive=["all", "layer"])
def test_the_same_seed_gives_the_same_bits(digits, kind):
    X, y = digits
    first, second = (model(**KINDS[kind]).fit(X[:100], y[:100]) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    other = model(**KINDS[kind], batch_size=16).set_params(random_state=1).fit(X[:100], y[:100])
    assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))


@pytest.mark.slow
@parametrize("kind", KINDS, exhaustive=["layer"])
def test_copies_and_the_keras_model_predict_alike(digits, kind):
    X, y = digits
    fitted = model(**KINDS[kind]).fit(X[:60], y[:60])
    expected = fitted.predict_proba(X[60:90])
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict_proba(X[60:90]), expected)
    from skdl import Resize

    sized = Resize((16, 16)).fit_transform(X[60:90])
    found = fitted.model_.predict(sized, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_the_keras_model_can_be_saved(digits, tmp_path):
    X, y = digits
    fitted = VGG16Classifier(weights="random", image_size=32, epochs=1).fit(X[:20], y[:20])
    fitted.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = np.random.default_rng(0).uniform(0, 16, (3, 32, 32, 1)).astype(np.float32)
    np.testing.assert_allclose(
        loaded.predict(images, verbose=0), fitted.model_.predict(images, verbose=0), rtol=1e-5
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:X has negative values")
@parametrize("kind", ["head", "block", "all", "copies"], exhaustive=["all"])
def test_standardised_images_are_mapped_back_everywhere(digits, kind):
    """Behind a prefix, in a network that begins at the images, and in the Keras model alike."""
    _, y = digits
    images = np.random.default_rng(0).normal(size=(40, 16, 16, 3)).astype(np.float32)
    fitted = model(**KINDS[kind]).fit(images, y[:40])
    assert fitted.value_range_ == "standardized"
    found = fitted.model_.predict(images, verbose=0)
    np.testing.assert_allclose(found, fitted.predict_proba(images), rtol=1e-3, atol=1e-5)
    # As pixels whose range is that of the same values.
    pixels = images * 0.225 + 0.45
    same = model(**KINDS[kind], value_range=(0, 1)).fit(pixels, y[:40])
    np.testing.assert_allclose(same.predict_proba(pixels), found, rtol=1e-2, atol=1e-3)


def test_without_a_store_the_prefix_runs_once_too(digits, monkeypatch):
    X, y = digits
    passed = []
    run = FeatureNetwork.run

    def counting(self, images, *rest):
        passed.append(len(images))
        return run(self, images, *rest)

    monkeypatch.setattr(FeatureNetwork, "run", counting)
    model(store=None).fit(X, y)
    distinct = len(np.unique(X.reshape(len(X), -1), axis=0))
    assert sum(passed) == distinct


def test_a_new_head_learns(digits):
    X, y = digits
    fitted = model(epochs=30).fit(X[:200], y[:200])
    assert fitted.score(X[200:], y[200:]) > 0.7
    assert fitted.history_["loss"][-1] < fitted.history_["loss"][0] / 2
    assert fitted.n_iter_ == 30


@pytest.mark.slow
def test_the_prefix_runs_once_for_each_image(digits, monkeypatch):
    X, y = digits
    passed = []
    run = FeatureNetwork.run

    def counting(self, images, *rest):
        passed.append(len(images))
        return run(self, images, *rest)

    monkeypatch.setattr(FeatureNetwork, "run", counting)
    distinct = len(np.unique(X.reshape(len(X), -1), axis=0))
    from skdl import FeatureStore

    estimator = model(store=FeatureStore(), epochs=20)
    GridSearchCV(estimator, {"optimizer__learning_rate": [0.01, 0.001]}, cv=3).fit(X, y)
    assert sum(passed) == distinct
    passed.clear()
    estimator.set_params(trainable=1, warmup_epochs=2, epochs=3).fit(X, y)
    assert sum(passed) == distinct  # of the cut; the pooled features were known


def test_fits_share_one_compiled_model(digits, trainers_made):
    X, y = digits
    for seed in range(3):
        model(trainable=1, warmup_epochs=1, epochs=1, head=(9,), random_state=seed).fit(X, y)
    assert len(trainers_made) == 2  # the head alone, and with the last block


def test_frozen_layers_stay_as_they_are(digits):
    X, y = digits
    fitted = model(trainable=1, warmup_epochs=1, epochs=2).fit(X, y)
    before = model(epochs=1).fit(X, y).model_
    changed = []
    backbones = [m.get_layer("cifar_resnet20") for m in (fitted.model_, before)]
    for layer, other in zip(backbones[0].layers, backbones[1].layers, strict=True):
        for a, b in zip(layer.weights, other.weights, strict=True):
            if not np.array_equal(a.numpy(), b.numpy()):
                changed.append((layer.name, a.name))
    assert changed
    first = backbones[0].layers.index(backbones[0].get_layer("stage2"))
    names = [layer.name for layer in backbones[0].layers]
    assert all(names.index(name) > first for name, _ in changed)
    # Statistics of batch normalisation are not touched where it is trained, either.
    assert not [name for _, name in changed if name.startswith("moving")]


@pytest.mark.slow
def test_layers_below_learn_more_slowly(digits):
    X, y = digits

    start = model(epochs=1).fit(X[:64], y[:64]).model_.get_layer("cifar_resnet20").get_weights()

    def movement(decay):
        fitted = model(
            trainable="all",
            warmup_epochs=1,
            epochs=1,
            layer_decay=decay,
            optimizer="sgd",
            optimizer__learning_rate=0.01,
        ).fit(X[:64], y[:64])
        weights = fitted.model_.get_layer("cifar_resnet20").get_weights()
        pairs = zip(weights, start, strict=True)
        return [np.abs(a - b).max() for a, b in pairs if a.ndim == 4]

    even, decayed = movement(1.0), movement(0.1)
    assert decayed[0] < even[0] / 100  # four blocks down
    assert decayed[0] > 0


def test_warm_up_comes_first(digits):
    X, y = digits
    fitted = model(trainable=1, warmup_epochs=3, epochs=2, optimizer__learning_rate=0.01).fit(X, y)
    assert fitted.n_iter_ == 5
    np.testing.assert_allclose(fitted.history_["learning_rate"], [0.01] * 3 + [0.001] * 2)
    fitted.set_params(finetune_learning_rate=1e-4, learning_rate_schedule="cosine").fit(X, y)
    rates = fitted.history_["learning_rate"]
    np.testing.assert_allclose(rates[:4], [0.01, 0.01, 0.01, 1e-4], rtol=1e-5)
    assert rates[4] < rates[3]


@pytest.mark.slow
def test_early_stopping_keeps_the_best(digits):
    X, y = digits
    with pytest.warns(ConvergenceWarning, match="worse than .* with frozen features.*are kept"):
        fitted = model(
            trainable=1,
            warmup_epochs=20,
            epochs=3,
            early_stopping=True,
            finetune_learning_rate=0.5,
            random_state=0,
        ).fit(X, y)
    alone = model(epochs=20, early_stopping=True).fit(X, y)
    assert fitted.score(X, y) > 0.8
    np.testing.assert_allclose(fitted.predict_proba(X), alone.predict_proba(X), atol=1e-4)


def test_a_worse_end_is_said_without_validation_too(digits):
    X, y = digits
    with pytest.warns(ConvergenceWarning, match="ended with a loss of"):
        model(trainable=1, warmup_epochs=20, epochs=1, finetune_learning_rate=0.5).fit(X, y)


@pytest.mark.slow
def test_divergence_is_an_error(digits):
    X, y = digits
    with pytest.raises(ValueError, match="diverged: loss became"):
        model(trainable="all", warmup_epochs=0, optimizer="sgd", finetune_learning_rate=1e30).fit(
            X, y
        )


def test_training_that_goes_on_has_the_rate_of_fine_tuning(digits):
    params = {"trainable": 1, "warmup_epochs": 0, "epochs": 1, "finetune_learning_rate": 0.002}
    X, y = digits[0][:40], digits[1][:40]
    warm = model(**params, warm_start=True).fit(X, y).fit(X, y)
    np.testing.assert_allclose(warm.history_["learning_rate"], 0.002)
    params["epochs"] = 2
    parts = model(**params, learning_rate_schedule="step").partial_fit(X, y, classes=np.unique(y))
    parts.partial_fit(X, y)
    np.testing.assert_allclose(parts.history_["learning_rate"], [0.002, 0.0002])


def test_partial_fit_and_warm_start(digits):
    X, y = digits
    fitted = model(trainable=1, warm_start=True, warmup_epochs=1, epochs=1).fit(X, y)
    assert fitted.n_iter_ == 2
    assert fitted.fit(X, y).n_iter_ == 3  # no warm-up again
    step = model().partial_fit(X, y, classes=np.unique(y))
    first = step.history_["loss"][0]
    for _ in range(10):
        step.partial_fit(X, y)
    assert step.history_["loss"][-1] < first
    with pytest.raises(ValueError, match="continues with the classes"):
        fitted.fit(X, y == 1)


@pytest.mark.slow
def test_files(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.array(["dark", "bright"] * 12)
    paths = []
    for number, label in enumerate(labels):
        size = (20 + number, 30, 3)
        image = rng.integers(0, 100, size) + (140 if label == "bright" else 0)
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(image.astype(np.uint8)).save(paths[-1])
    for kind in ("head", "block", "augmented", "copies"):
        fitted = model(**KINDS[kind], optimizer__learning_rate=0.01).fit(paths, labels)
        assert fitted.score(paths, labels) > 0.9
        assert fitted.image_shape_ == (16, 16, 3)


def test_class_weight_and_labels(digits):
    X, y = digits
    names = np.where(y == 3, "three", "other")
    plain = model(epochs=10).fit(X, names)
    weighted = model(epochs=10, class_weight={"three": 50, "other": 1}).fit(X, names)
    assert list(plain.classes_) == ["other", "three"]
    assert (weighted.predict(X) == "three").sum() > (plain.predict(X) == "three").sum()


def test_validation_data(digits):
    X, y = digits
    fitted = model().fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    probabilities = fitted.predict_proba(X[200:])
    loss = -np.log(probabilities[np.arange(100), y[200:]]).mean()
    np.testing.assert_allclose(fitted.history_["val_loss"][-1], loss, rtol=1e-4)


@pytest.mark.slow
def test_bfloat16(digits):
    X, y = digits
    for kind in ("head", "block"):
        fitted = model(**KINDS[kind], precision="bfloat16").fit(X, y)
        plain = model(**KINDS[kind]).fit(X, y)
        assert fitted.predict_proba(X).dtype == np.float32
        agreement = (fitted.predict(X) == plain.predict(X)).mean()
        assert agreement > 0.9


def test_verbose_numbers_all_epochs(digits):
    X, y = digits
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        model(trainable=1, warmup_epochs=2, epochs=1, verbose=1).fit(X[:50], y[:50])
    lines = shown.getvalue().splitlines()
    assert [line.split("  ")[0] for line in lines] == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]


@pytest.mark.slow
def test_another_process_fits_the_same(digits):
    code = """
from skdl import TransferClassifier
from skdl.datasets import load_digits_images
X, y = load_digits_images(return_X_y=True)
m = TransferClassifier(image_size=16, epochs=2, trainable=1, warmup_epochs=1, random_state=0)
print(m.fit(X[:100], y[:100]).predict_proba(X[:3]).tobytes().hex())
"""
    X, y = digits
    here = model(epochs=2, trainable=1, warmup_epochs=1).fit(X[:100], y[:100])
    assert run_forked(code).strip() == here.predict_proba(X[:3]).tobytes().hex()


def test_vgg16(digits):
    X, y = digits
    fitted = VGG16Classifier(weights="random", image_size=32, epochs=3, random_state=0)
    fitted.fit(X[:40], y[:40])
    assert fitted.model_.get_layer("pooling").output.shape == (None, 512)
    assert "backbone" not in fitted.get_params()


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"image_size": None}, ValueError, r"8 × 8 pixels, but .* requires .* 32 × 32"),
        ({"trainable": 9}, ValueError, "trainable=9, but the backbone 'vgg16' has 5 blocks"),
        ({"trainable": 0}, ValueError, "'trainable' parameter"),
        ({"trainable": "block5"}, ValueError, "'block5' .* does not exist. Similar names: block5_"),
        ({"head": (0,)}, ValueError, r"head must be a sequence of positive .* Got \(0,\)"),
        ({"head": "big"}, ValueError, "'head' parameter"),
        ({"dropout": 1}, ValueError, "'dropout' parameter"),
        ({"layer_decay": 0}, ValueError, "'layer_decay' parameter"),
        ({"warmup_epochs": -1}, ValueError, "'warmup_epochs' parameter"),
        ({"finetune_learning_rate": 0}, ValueError, "'finetune_learning_rate' parameter"),
        ({"augmentation_copies": 2}, ValueError, "augmentation_copies=2 without augmentation"),
        ({"weights": "places"}, ValueError, "has no weights 'places'"),
        ({"optimizer__rate": 1}, ValueError, "optimizer__rate"),
        ({"pooling": None}, ValueError, "'pooling' parameter"),
    ],
)
def test_bad_parameters(digits, params, error, message):
    X, y = digits
    estimator = VGG16Classifier(**{"weights": "random", "image_size": 32, **params})
    with pytest.raises(error, match=message):
        estimator.fit(X[:20], y[:20])
    with pytest.raises(NotFittedError):
        estimator.predict(X)


def test_a_schedule_of_keras_gives_the_rates_itself(digits):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    estimator = model(trainable=1, learning_rate_schedule=schedule, epochs=1, warmup_epochs=1)
    clone(estimator).fit(*digits)
    with pytest.raises(ValueError, match="Both finetune_learning_rate=0.1 and a Keras schedule"):
        estimator.set_params(finetune_learning_rate=0.1).fit(*digits)


def test_a_failed_fit_leaves_the_estimator_as_it_was(digits):
    X, y = digits
    fitted = model().fit(X, y)
    expected = fitted.predict_proba(X[:5])
    with pytest.raises(ValueError, match="requires images of at least 8 × 8"):
        fitted.set_params(image_size=4).fit(X, y)
    np.testing.assert_array_equal(fitted.set_params(image_size=16).predict_proba(X[:5]), expected)
