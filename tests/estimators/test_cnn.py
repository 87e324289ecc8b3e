"""`CNNClassifier` on real images."""

import copy
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from helpers import loads_weights, normalized, run_forked, same_state, subclassed, tiny
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skdl import CNNClassifier, TransferClassifier
from skdl.architectures import simple
from skdl.plotting import TrainingHistoryDisplay


@pytest.fixture(scope="module")
def split(digits):
    X, y = digits
    return train_test_split(X, y, stratify=y, random_state=0)


@pytest.fixture(scope="module")
def fitted(split):
    X_train, _, y_train, _ = split
    return CNNClassifier(epochs=8, random_state=0).fit(X_train, y_train)


# ---- what a fit leaves -------------------------------------------------------------------------


def test_learns_digits(fitted, split):
    _, X_test, _, y_test = split
    assert fitted.score(X_test, y_test) > 0.95


def test_attributes(fitted):
    assert fitted.classes_.tolist() == list(range(10))
    assert fitted.image_shape_ == (8, 8, 1)
    assert fitted.n_features_in_ == 64
    assert fitted.value_range_ == (0.0, 16.0)
    assert fitted.n_iter_ == 8
    assert not hasattr(fitted, "feature_names_in_")
    assert type(fitted.history_) is dict
    assert set(fitted.history_) == {"loss", "accuracy", "learning_rate"}
    for values in fitted.history_.values():
        assert len(values) == 8
        assert all(type(value) is float for value in values)
    assert fitted.history_["loss"][-1] < fitted.history_["loss"][0]


def test_the_network_of_the_case_studies(digits):
    X = np.random.default_rng(0).integers(0, 255, (20, 28, 28), dtype=np.uint8)
    model = CNNClassifier(random_state=0).initialize(X, np.arange(20) % 10)
    assert model.model_.count_params() == 225_034
    kinds = [type(layer).__name__ for layer in simple((28, 28, 1), 10).layers]
    assert kinds == [
        "InputLayer",
        *["Conv2D", "MaxPooling2D"] * 2,
        "Flatten",
        "Dense",
        "Dropout",
        "Dense",
    ]


def test_model_is_a_compiled_keras_model_of_its_own(fitted, split):
    _, X_test, _, y_test = split
    expected = fitted.predict_proba(X_test)
    model = fitted.model_
    assert isinstance(model, keras.Model)
    assert model is fitted.model_
    images = X_test.reshape(-1, 8, 8, 1)
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, atol=1e-6)
    _, accuracy = model.evaluate(images, y_test, verbose=0)
    assert accuracy == pytest.approx(fitted.score(X_test, y_test))
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    assert np.array_equal(fitted.predict_proba(X_test), expected)
    del fitted.__dict__["_materialised"]


def test_model_before_fit():
    assert not hasattr(CNNClassifier(), "model_")
    with pytest.raises(NotFittedError, match="not fitted yet"):
        CNNClassifier().predict(np.zeros((2, 64)))


@pytest.mark.parametrize(
    "shape", [(8, 8, 1), (8, 8, 3), (8, 8, 4), (1, 20, 1), (1, 1, 1), (3, 9, 1)]
)
def test_small_images_of_any_shape(shape):
    X = np.random.default_rng(0).random((12, *shape))
    model = CNNClassifier(epochs=1, random_state=0).fit(X, np.arange(12) % 3)
    assert model.predict_proba(X).shape == (12, 3)
    assert model.image_shape_ == shape


def test_every_spelling_of_the_images_gives_the_same_network(few_digits):
    X, y = few_digits
    flat = CNNClassifier(epochs=1, random_state=0).fit(X, y)
    for images in (X.reshape(-1, 8, 8), X.reshape(-1, 8, 8, 1), np.asfortranarray(X), X.tolist()):
        other = CNNClassifier(epochs=1, random_state=0).fit(images, y)
        assert same_state(flat, other)
        assert np.array_equal(other.predict_proba(X), flat.predict_proba(images))


def test_image_shape_of_flattened_images(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1, image_shape=(4, 16), random_state=0).fit(X, y)
    assert model.image_shape_ == (4, 16, 1)


@pytest.mark.parametrize("value_range", [(0, 16), (0, 32), "standardized"])
def test_an_explicit_value_range_overrides_the_rule(few_digits, value_range):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1, value_range=value_range, random_state=0).fit(X, y)
    assert model.value_range_ == value_range
    learned = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    assert same_state(model, learned) == (value_range == (0, 16))


@pytest.mark.parametrize(
    "convert",
    [
        lambda y: y.astype(bool),
        lambda y: np.where(y, "eight", "other"),
        lambda y: np.where(y, "eight", "other").astype(object),
        lambda y: y * 3.0 - 5,
        lambda y: pd.Series(np.where(y, "eight", "other")),
        lambda y: pd.Series(np.where(y, "eight", "other"), dtype="category"),
        lambda y: list(y),
    ],
)
def test_labels_of_any_kind(two_classes, convert):
    X, y = two_classes
    labels = convert(y)
    model = CNNClassifier(epochs=10, random_state=0).fit(X, labels)
    assert model.predict_proba(X).shape == (len(X), 2)
    predicted = model.predict(X)
    assert set(predicted.tolist()) <= set(labels)
    assert predicted.dtype == model.classes_.dtype
    assert model.score(X, labels) > 0.8


def test_frames_keep_their_column_names(few_digits):
    X, y = few_digits
    frame = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(64)])
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(frame, pd.Series(y))
    assert model.feature_names_in_.tolist() == list(frame.columns)
    model.predict(frame)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")


# ---- seeds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["simple", tiny, normalized])
def test_a_seed_makes_fits_identical(few_digits, architecture):
    X, y = few_digits
    params = {"epochs": 2, "early_stopping": True}
    first = CNNClassifier(architecture, random_state=1, **params).fit(X, y)
    CNNClassifier(architecture, random_state=2, epochs=1).fit(X[:50], y[:50])
    again = CNNClassifier(architecture, random_state=1, **params).fit(X, y)
    other = CNNClassifier(architecture, random_state=2, **params).fit(X, y)
    assert same_state(first, again)
    assert first.history_ == again.history_
    assert not same_state(first, other)


def test_a_seed_makes_fits_identical_in_another_process(few_digits, tmp_path):
    X, y = few_digits
    model = CNNClassifier(epochs=2, early_stopping=True, random_state=1).fit(X, y)
    path = tmp_path / "probabilities.npy"
    run_forked(
        """
import sys, numpy as np
from sklearn.datasets import load_digits
from skdl import CNNClassifier
X, y = load_digits(return_X_y=True)
model = CNNClassifier(epochs=2, early_stopping=True, random_state=1).fit(X[:300], y[:300])
np.save(sys.argv[1], model.predict_proba(X[:300]))
""",
        path,
    )
    assert np.array_equal(np.load(path), model.predict_proba(X))


def test_a_random_state_instance_moves_on(few_digits):
    X, y = few_digits
    state = np.random.RandomState(0)
    model = CNNClassifier(tiny, epochs=1, random_state=state)
    first, second = model.fit(X, y).predict_proba(X), model.fit(X, y).predict_proba(X)
    assert not np.array_equal(first, second)
    model.set_params(random_state=np.random.RandomState(0))
    assert np.array_equal(model.fit(X, y).predict_proba(X), first)


def test_start_values_that_a_builder_loaded_are_kept(few_digits):
    X, y = few_digits
    for seed in (0, 1):
        model = CNNClassifier(loads_weights, random_state=seed).initialize(X, y)
        kernel = model._network.state[0]
        expected = np.linspace(-0.2, 0.2, kernel.size, dtype=np.float32).reshape(kernel.shape)
        np.testing.assert_allclose(kernel, expected)


# ---- training ----------------------------------------------------------------------------------


def test_early_stopping_restores_the_best_weights(split):
    X_train, X_val, y_train, y_val = split
    X_train, y_train = X_train[:200], y_train[:200]
    model = CNNClassifier(
        epochs=60,
        optimizer__learning_rate=0.01,
        early_stopping=True,
        n_iter_no_change=3,
        random_state=0,
    ).fit(X_train, y_train, X_val=X_val, y_val=y_val)
    losses = model.history_["val_loss"]
    assert 3 < model.n_iter_ == len(losses) < 60
    assert int(np.argmin(losses)) < len(losses) - 1
    loss, accuracy = model.model_.evaluate(X_val.reshape(-1, 8, 8, 1), y_val, verbose=0)
    assert loss == pytest.approx(min(losses), rel=1e-3)
    best = int(np.argmin(losses))
    assert accuracy == pytest.approx(model.history_["val_accuracy"][best])


def test_early_stopping_stops_when_the_decrease_is_below_tol(few_digits):
    model = CNNClassifier(
        tiny, epochs=30, early_stopping=True, n_iter_no_change=2, tol=100.0, random_state=0
    ).fit(*few_digits)
    assert model.n_iter_ == 3


def test_the_validation_split_is_stratified_and_seeded(two_classes, monkeypatch):
    from skdl.estimators import _trained

    seen = []
    original = _trained.fit

    def spy(job):
        seen.append((job.data.targets, job.validation.targets, job.validation.images.load()))
        return original(job)

    monkeypatch.setattr(_trained, "fit", spy)
    X, y = two_classes
    rows = np.argsort(y, kind="stable")  # sorted labels: the last rows are of one class
    for seed in (0, 0, 1):
        CNNClassifier(tiny, epochs=1, validation_fraction=0.2, random_state=seed).fit(
            X[rows], y[rows]
        )
    (codes, held_out, images), again, other = seen
    assert len(held_out) == 60
    assert len(codes) == 240
    assert held_out.mean() == pytest.approx(y.mean())
    assert codes.mean() == pytest.approx(y.mean())
    assert np.array_equal(images, again[2])
    assert not np.array_equal(images, other[2])


def test_validation_figures_without_early_stopping(few_digits):
    model = CNNClassifier(tiny, epochs=3, validation_fraction=0.1, random_state=0).fit(*few_digits)
    assert len(model.history_["val_loss"]) == 3
    assert "val_loss" not in CNNClassifier(tiny, epochs=1).fit(*few_digits).history_


def test_zero_weights_leave_rows_out(few_digits):
    X, y = few_digits
    weights = np.r_[np.ones(200), np.zeros(100)]
    weighted = CNNClassifier(tiny, epochs=2, random_state=0).fit(X, y, sample_weight=weights)
    without = CNNClassifier(tiny, epochs=2, random_state=0).fit(X[:200], y[:200])
    assert same_state(weighted, without)


WEIGHTS = np.tile([1.0, 2.0, 0.0], 20)


@pytest.mark.parametrize(
    "weights",
    [
        WEIGHTS.tolist(),
        WEIGHTS.astype(int),
        WEIGHTS.astype(object),
        pd.Series(WEIGHTS),
        pd.Series(WEIGHTS, index=np.arange(60)[::-1]),
        pd.Series(WEIGHTS, index=[f"patient {n}" for n in range(60)], dtype="Float64"),
    ],
    ids=["list", "int", "object", "Series", "reversed index", "nullable, index of str"],
)
@pytest.mark.parametrize(
    "estimator",
    [
        CNNClassifier(tiny, epochs=1, random_state=0),
        TransferClassifier(image_size=8, epochs=1, random_state=0),
    ],
    ids=["CNN", "transfer"],
)
def test_sample_weights_of_any_kind_go_by_their_order(few_digits, estimator, weights):
    X, y = few_digits[0][:60], few_digits[1][:60]
    expected = estimator.fit(X, y, sample_weight=WEIGHTS).predict_proba(X)
    found = estimator.fit(X, pd.Series(y), sample_weight=weights).predict_proba(X)
    assert np.array_equal(found, expected)


def test_log_probabilities(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    found = model.predict_log_proba(X)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.exp(found), model.predict_proba(X), rtol=1e-5)
    certain = copy.deepcopy(model)
    certain._network.state[-1][:] = [200.0, *[0.0] * 9]  # of the other classes nothing is left
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (certain.predict_log_proba(X)[:, 1:] == -np.inf).all()
    assert hasattr(make_pipeline(model), "predict_log_proba")
    with pytest.raises(NotFittedError):
        clone(model).predict_log_proba(X)


def test_class_weight_and_sample_weight_are_multiplied(two_classes):
    X, y = two_classes
    params = {"architecture": tiny, "epochs": 2, "random_state": 0}
    by_class = CNNClassifier(class_weight={0: 1.0, 1: 3.0}, **params).fit(X, y)
    by_row = CNNClassifier(**params).fit(X, y, sample_weight=np.where(y == 1, 3.0, 1.0))
    both = CNNClassifier(class_weight={0: 2.0, 1: 1.0}, **params).fit(
        X, y, sample_weight=np.where(y == 1, 3.0, 0.5)
    )
    assert same_state(by_class, by_row)
    assert same_state(by_class, both)
    assert not same_state(by_class, CNNClassifier(**params).fit(X, y))


def test_balanced_class_weights_raise_the_sensitivity(digits):
    X, y = digits
    rare = np.isin(np.arange(len(y)), np.flatnonzero(y == 8)[:25]) | (y != 8)
    X, y = X[rare][:600], (y[rare][:600] == 8).astype(int)
    params = {"architecture": tiny, "epochs": 10, "random_state": 0}
    plain = CNNClassifier(**params).fit(X, y)
    balanced = CNNClassifier(class_weight="balanced", **params).fit(X, y)
    assert (balanced.predict(X) == 1).sum() > (plain.predict(X) == 1).sum()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("cosine", 0.01 * 0.5 * (1 + np.cos(np.pi * np.arange(8) / 8))),
        ("step", [0.01] * 4 + [0.001] * 2 + [0.0001] * 2),
        (None, [0.01] * 8),
    ],
)
def test_learning_rate_schedules(few_digits, schedule, expected):
    model = CNNClassifier(
        tiny,
        epochs=8,
        optimizer__learning_rate=0.01,
        learning_rate_schedule=schedule,
        random_state=0,
    ).fit(*few_digits)
    np.testing.assert_allclose(model.history_["learning_rate"], expected, rtol=1e-5)


def test_keras_schedules(few_digits):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.5)
    model = CNNClassifier(
        tiny, epochs=3, batch_size=30, learning_rate_schedule=schedule, random_state=0
    ).fit(*few_digits)
    np.testing.assert_allclose(model.history_["learning_rate"], [0.01, 0.005, 0.0025], rtol=1e-5)


def test_verbose_prints_a_line_an_epoch(few_digits, capsys):
    CNNClassifier(tiny, epochs=2, verbose=1, validation_fraction=0.1).fit(*few_digits)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]
    assert "val_loss" in lines[0]
    CNNClassifier(tiny, epochs=2).fit(*few_digits)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("rate", [1e20, 1e30])
@pytest.mark.parametrize("seed", [0, 1])
def test_an_exploded_training_is_an_error_also_where_the_loss_is_a_number(
    few_digits, optimizer, rate, seed
):
    # Behind a pooling, weights that are NaN may give a finite loss.
    model = CNNClassifier(
        epochs=1, optimizer=optimizer, optimizer__learning_rate=rate, random_state=seed
    )
    with pytest.raises(ValueError, match="Training diverged: .* Lower the learning rate"):
        model.fit(*few_digits)
    assert not model.initialized_


@pytest.mark.parametrize("cls", [CNNClassifier, TransferClassifier])
def test_a_loss_far_above_that_of_guessing_is_said(few_digits, cls):
    params = {"optimizer__learning_rate": 1e5, "image_size": 8, "epochs": 2, "random_state": 0}
    model = cls(tiny, **params) if cls is CNNClassifier else cls(**params)
    with pytest.warns(ConvergenceWarning, match=r"while guessing achieves 2\.3\."):
        model.fit(*few_digits)


@pytest.mark.parametrize("cls", [CNNClassifier, TransferClassifier])
def test_one_class_for_all_training_images_is_said(cls):
    X, y = np.zeros((60, 8, 8), np.uint8), np.where(np.arange(60) % 3 == 0, "ill", "well")
    params = {"optimizer__learning_rate": 0.1, "epochs": 2, "random_state": 0}
    model = cls(tiny, **params) if cls is CNNClassifier else cls(image_size=8, **params)
    with pytest.warns(
        ConvergenceWarning, match="All training images.* one class, 'well'"
    ) as caught:
        model.fit(X, y)
    assert [w.filename for w in caught if w.category is ConvergenceWarning] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model.fit(X, y, sample_weight=(y == "ill") * 1.0)  # the only class there is
        clone(model).initialize(X, y)
        clone(model).partial_fit(X, y, classes=["ill", "well"])


def test_large_weights_of_rows_are_no_divergence(few_digits):
    X, y = few_digits
    model = CNNClassifier(
        tiny, epochs=8, random_state=0, class_weight=dict.fromkeys(range(10), 1e4)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model.fit(X, y)


@pytest.mark.parametrize("rate", [1, np.int64(1), True])
def test_a_learning_rate_may_be_a_whole_number(few_digits, rate):
    model = CNNClassifier(tiny, epochs=1, optimizer="sgd", optimizer__learning_rate=rate)
    if rate is True:
        with pytest.raises(ValueError, match="optimizer__learning_rate=True"):
            model.fit(*few_digits)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert model.fit(*few_digits).history_["learning_rate"] == [1.0]


def test_divergence_is_an_error_and_leaves_the_estimator_as_it_was(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    expected = model.predict_proba(X)
    model.set_params(optimizer="sgd", optimizer__learning_rate=1e30, epochs=5)
    with pytest.raises(ValueError, match="Training diverged: .* Lower the learning"):
        model.fit(X, y)
    assert np.array_equal(model.predict_proba(X), expected)


def test_subclassed_models_with_a_step_of_their_own(few_digits):
    X, y = few_digits
    model = CNNClassifier(subclassed, epochs=15, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.7
    assert same_state(model, clone(model).fit(X, y))
    images = X.reshape(-1, 8, 8, 1)
    found = model.model_.predict(images, verbose=0)
    np.testing.assert_allclose(found, model.predict_proba(X), atol=1e-6)


def test_moving_averages_take_the_place_of_the_weights(few_digits):
    X, y = few_digits
    params = {"epochs": 2, "optimizer": "sgd", "optimizer__learning_rate": 0.1, "random_state": 0}
    plain = CNNClassifier(tiny, **params).fit(X, y)
    averaged = CNNClassifier(tiny, optimizer__use_ema=True, **params).fit(X, y)
    assert plain.history_ == averaged.history_
    assert not same_state(plain, averaged)


@pytest.mark.parametrize(
    "optimizer", ["lamb", keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())]
)
def test_unusual_optimizers(few_digits, optimizer):
    first, second = (
        CNNClassifier(tiny, epochs=2, optimizer=optimizer, random_state=0).fit(*few_digits)
        for _ in range(2)
    )
    assert same_state(first, second)


def test_rows_of_weight_zero_do_not_count_for_range_and_balance(two_classes):
    X, y = two_classes
    spoiled = X.copy()
    spoiled[:100] = 1e6
    weights = np.r_[np.zeros(100), np.ones(200)]
    model = CNNClassifier(tiny, epochs=2, class_weight="balanced", random_state=0)
    without = clone(model).fit(X[100:], y[100:])
    weighted = clone(model).fit(spoiled, y, sample_weight=weights)
    assert weighted.value_range_ == without.value_range_
    assert same_state(weighted, without)


# ---- going on ----------------------------------------------------------------------------------


def test_warm_start_goes_on(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=3, warm_start=True, random_state=0)
    first = model.fit(X, y).history_["loss"]
    model.fit(X, y)
    assert model.n_iter_ == 6
    assert model.history_["loss"][:3] == first
    # The same six epochs in one go: weights, optimizer state, dropout and shuffling all go on.
    at_once = CNNClassifier(tiny, epochs=6, random_state=0).fit(X, y)
    assert same_state(model, at_once)
    assert model.history_ == at_once.history_


def test_history_of_fits_with_and_without_validation(few_digits):
    model = CNNClassifier(tiny, epochs=2, warm_start=True, random_state=0).fit(*few_digits)
    model.set_params(validation_fraction=0.2).fit(*few_digits)
    model.set_params(validation_fraction=None).fit(*few_digits)
    assert {len(values) for values in model.history_.values()} == {6}
    assert np.isnan(model.history_["val_loss"]).tolist() == [True] * 2 + [False] * 2 + [True] * 2
    display = TrainingHistoryDisplay.from_estimator(model)
    drawn = display.axes_[0].lines[1]
    assert np.isfinite(drawn.get_ydata()).tolist() == [False] * 2 + [True] * 2 + [False] * 2
    best = int(np.nanargmin(model.history_["val_loss"])) + 1
    assert display.axes_[0].lines[2].get_label() == f"best epoch ({best})"


def test_partial_fits_are_epochs(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, random_state=0)
    for _ in range(3):
        model.partial_fit(X, y, classes=range(10))
    assert model.n_iter_ == 3
    assert same_state(model, CNNClassifier(tiny, epochs=3, random_state=0).fit(X, y))


def test_partial_fit_sees_classes_that_come_later(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, random_state=0)
    model.partial_fit(X[y < 5], y[y < 5], classes=range(10))
    model.partial_fit(X[y >= 5], y[y >= 5])
    model.partial_fit(X[y == 3], y[y == 3])  # of one class only
    assert model.predict_proba(X).shape == (300, 10)


def test_partial_fit_after_fit_goes_on_from_its_weights(few_digits):
    X, y = few_digits
    model = CNNClassifier(epochs=8, random_state=0).fit(X, y)
    before = model.score(X, y)
    model.partial_fit(X, y)
    assert model.n_iter_ == 9
    assert model.score(X, y) > before - 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, y % 5), "warm_start=True continues with the classes of the previous fit"),
        (lambda X, y: (X, y + 1), "warm_start=True continues with the classes"),
        (lambda X, y: (X[:, :49], y), "49 features, but CNNClassifier is expecting 64"),
        (lambda X, y: (X.reshape(-1, 4, 16), y), r"\(4, 16, 1\).*\(8, 8, 1\)"),
    ],
)
def test_warm_start_refuses_other_classes_and_shapes(few_digits, change, message):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1, warm_start=True, random_state=0).fit(X, y)
    expected = model.predict_proba(X)
    with pytest.raises(ValueError, match=message):
        model.fit(*change(X, y))
    assert np.array_equal(model.predict_proba(X), expected)
    assert model.n_iter_ == 1


def test_warm_start_refuses_another_network(few_digits):
    model = CNNClassifier(tiny, epochs=1, warm_start=True, random_state=0).fit(*few_digits)
    with pytest.raises(ValueError, match="does not match the weights"):
        model.set_params(architecture__units=5).fit(*few_digits)


def test_refitting_without_warm_start_starts_afresh(few_digits, two_classes):
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(*few_digits)
    model.fit(*two_classes)
    assert same_state(model, CNNClassifier(tiny, epochs=1, random_state=0).fit(*two_classes))
    assert model.n_iter_ == 1
    assert model.classes_.tolist() == [0, 1]


def test_parameters_set_after_fit_do_not_change_predictions(few_digits):
    X, y = few_digits
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    expected = model.predict_proba(X)
    model.set_params(architecture="simple", value_range=(0, 1), architecture__units=3)
    model._network._bound = None
    assert np.array_equal(model.predict_proba(X), expected)
