"""Images to numbers: `CNNRegressor` and `TransferRegressor`."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from helpers import same_state, subclassed, tiny
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skdl
from skdl import BackboneFeatures, CNNRegressor, TransferRegressor


@pytest.fixture(scope="module")
def data():
    """Images with a bright disc; its radius in pixels, and where it is."""
    generator = np.random.default_rng(0)
    radius, top, left = generator.uniform(2, 6, 500), *generator.uniform(6, 10, (2, 500))
    rows, columns = np.mgrid[:16, :16]
    distance = np.hypot(
        rows - top[:, np.newaxis, np.newaxis], columns - left[:, np.newaxis, np.newaxis]
    )
    X = (255 * (distance < radius[:, np.newaxis, np.newaxis])).astype(np.uint8)
    return X, np.column_stack([radius, top, left])


@pytest.fixture(scope="module")
def fitted(data):
    X, Y = data
    return CNNRegressor(epochs=15, random_state=0).fit(X[:400], Y[:400, 0])


ESTIMATORS = {
    "network": CNNRegressor(tiny, epochs=2, random_state=0),
    "absolute": CNNRegressor(tiny, loss="absolute_error", epochs=2, random_state=0),
    "Huber": CNNRegressor(tiny, loss="huber", epochs=2, random_state=0),
    "head": TransferRegressor(epochs=2, random_state=0),
    "tuned": TransferRegressor(trainable=1, warmup_epochs=1, epochs=1, random_state=0),
    "copies": TransferRegressor(
        augmentation="light", augmentation_copies=2, epochs=2, random_state=0
    ),
}
each = pytest.mark.parametrize("name", ESTIMATORS)


def few(data, outputs=0, n=60):
    return data[0][:n], data[1][:n, outputs]


# ---- what is learned -----------------------------------------------------------------------------


def test_a_number_is_learned(data, fitted):
    X, Y = data
    predicted = fitted.predict(X[400:])
    assert predicted.shape == (100,)
    assert predicted.dtype == np.float64
    assert fitted.score(X[400:], Y[400:, 0]) == r2_score(Y[400:, 0], predicted) > 0.9
    assert fitted.n_outputs_ == 1
    assert fitted.target_mean_ == pytest.approx([Y[:400, 0].mean()])
    assert fitted.target_scale_ == pytest.approx([Y[:400, 0].std()])


def test_several_numbers_are_learned(data):
    X, Y = data
    model = CNNRegressor(epochs=20, random_state=0).fit(X[:400], Y[:400])
    assert model.predict(X[400:]).shape == (100, 3)
    assert (r2_score(Y[400:], model.predict(X[400:]), multioutput="raw_values") > 0.8).all()


def test_a_backbone_learns_them_too(data):
    X, Y = data
    model = TransferRegressor(epochs=40, random_state=0).fit(X[:400], Y[:400, 0])
    baseline = make_pipeline(BackboneFeatures(), StandardScaler(), Ridge(10))
    baseline.fit(X[:400], Y[:400, 0])
    assert model.score(X[400:], Y[400:, 0]) > 0.9
    assert baseline.score(X[400:], Y[400:, 0]) > 0.9


@pytest.mark.parametrize("factor", [1e-6, 1e9])
def test_the_unit_does_not_matter(factor, data):
    X, y = few(data)
    one = clone(ESTIMATORS["network"]).fit(X, y)
    other = clone(ESTIMATORS["network"]).fit(X, factor * y - 3 * factor)
    assert np.allclose(other.predict(X) / factor + 3, one.predict(X), atol=1e-4)


@pytest.mark.slow
def test_outliers_matter_less_to_absolute_errors(data):
    X, Y = data
    y = Y[:400, 0].copy()
    y[::20] = 500
    errors = {}
    for loss in ("squared_error", "absolute_error", "huber"):
        model = CNNRegressor(loss=loss, epochs=15, random_state=0).fit(X[:400], y)
        errors[loss] = mean_absolute_error(Y[400:, 0], model.predict(X[400:]))
    assert errors["absolute_error"] < errors["huber"] < errors["squared_error"]


@each
@pytest.mark.parametrize("outputs", [0, slice(None), [0]], ids=["one", "several", "a column"])
def test_every_regressor_takes_them(name, outputs, data):
    X, y = few(data, outputs)
    model = clone(ESTIMATORS[name]).fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == y.shape
    assert np.array_equal(clone(ESTIMATORS[name]).fit(X, y).predict(X), predicted)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


def test_the_keras_model_gives_standardised_numbers(data, fitted):
    X = data[0][:20]
    standardised = fitted.model_(X[..., np.newaxis]).numpy()[:, 0]
    found = standardised * fitted.target_scale_ + fitted.target_mean_
    assert np.allclose(found, fitted.predict(X), atol=1e-5)


def test_files(data, fitted, tmp_path):
    X = data[0][:20]
    skdl.save(fitted, tmp_path / "model.skdl")
    assert np.array_equal(skdl.load(tmp_path / "model.skdl").predict(X), fitted.predict(X))
    joblib.dump(fitted, tmp_path / "model.joblib")
    assert np.array_equal(joblib.load(tmp_path / "model.joblib").predict(X), fitted.predict(X))


def test_layers_can_be_looked_at(data, fitted):
    X = data[0][:3]
    assert fitted.activations(X, layer="conv2d").shape == (3, 14, 14, 32)
    assert fitted.filters(layer="conv2d").shape == (3, 3, 1, 32)
    assert list(fitted.layer_shapes().values())[-1] == (1,)


# ---- in scikit-learn -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["list", "series", "ints", "objects"])
def test_y_may_be_of_any_kind(kind, data):
    X, y = few(data)
    y = np.round(y)
    given = {
        "list": list,
        "series": pd.Series,
        "ints": lambda y: y.astype(int),
        "objects": lambda y: y.astype(object),
    }[kind](y)
    models = [clone(ESTIMATORS["network"]).fit(X, wanted) for wanted in (y, given)]
    assert same_state(*models)


def test_searches(data):
    X, y = few(data, n=120)
    model = CNNRegressor(tiny, epochs=3, random_state=0)
    scores = cross_val_score(model, X, y, cv=3, scoring="neg_mean_absolute_error")
    assert (scores < 0).all()
    search = GridSearchCV(model, {"loss": ["squared_error", "huber"]}, cv=2).fit(X, y)
    assert search.predict(X).shape == y.shape


def test_fits_share_one_compiled_model(data, trainers_made):
    X, y = few(data)
    for seed in range(4):
        CNNRegressor(tiny, epochs=1, random_state=seed).fit(X, y + seed)
    assert len(trainers_made) == 1


# ---- weights and validation data -----------------------------------------------------------------


def test_a_weight_of_zero_leaves_the_row_out(data):
    X, y = few(data)
    weights = np.ones(60)
    weights[::3] = 0
    kept = weights > 0
    model = clone(ESTIMATORS["network"]).fit(X, y, sample_weight=weights)
    other = clone(ESTIMATORS["network"]).fit(X[kept], y[kept])
    assert same_state(model, other)
    assert np.array_equal(model.target_mean_, other.target_mean_)


def test_weights_draw_the_predictions(data):
    X = np.zeros((60, 8, 8), np.uint8)
    y = np.arange(60) % 2
    X[:, 0, 0] = 255  # something to learn a range from
    for weight in (1, 3):
        model = CNNRegressor(tiny, epochs=60, optimizer__learning_rate=0.01, random_state=0)
        with pytest.warns(ConvergenceWarning, match="all the same"):
            model.fit(X, y, sample_weight=np.where(y == 1, weight, 1))
        assert model.predict(X[:1])[0] == pytest.approx(weight / (weight + 1), abs=0.05)


def test_early_stopping_and_groups(data):
    X, y = few(data, n=120)
    groups = np.arange(120) // 4
    model = CNNRegressor(tiny, epochs=3, early_stopping=True, random_state=0)
    rows = model.fit(X, y, groups=groups).validation_rows_
    assert not set(groups[rows]) & set(np.delete(groups, rows))
    assert len(rows) == 12
    assert set(model.history_) == {"loss", "val_loss", "learning_rate"}


def test_validation_data_of_ones_own(data):
    X, y = few(data)
    model = clone(ESTIMATORS["network"]).fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    errors = (model.predict(X[40:]) - y[40:]) / model.target_scale_
    assert model.history_["val_loss"][-1] == pytest.approx(np.square(errors).mean(), rel=1e-4)


def test_training_that_goes_on(data):
    X, y = few(data)
    model = CNNRegressor(tiny, random_state=0).partial_fit(X, y).partial_fit(X, y + 100)
    assert model.n_iter_ == 2
    assert model.target_mean_ == pytest.approx([y.mean()])
    with pytest.raises(ValueError, match="one number per image"):
        model.partial_fit(X, np.column_stack([y, y]))
    warm = CNNRegressor(tiny, epochs=1, warm_start=True, random_state=0).fit(X, y).fit(X, y)
    assert same_state(warm, CNNRegressor(tiny, epochs=2, random_state=0).fit(X, y))


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: None, "requires y to be passed"),
        (lambda y: np.where(np.arange(60) == 7, np.nan, y), "NaN: first at row 7, in 1 rows"),
        (lambda y: np.where(np.arange(60) == 7, -np.inf, y), "infinity: first at row 7"),
        (lambda y: [*["young"] * 59, "old"], "array of numbers .* Got 'young'"),
        (lambda y: [[1.0], *[[1.0, 2.0]] * 59], r"array of numbers .* Got \[1\.0\]"),
        (lambda y: y[:-1], "inconsistent numbers"),
        (lambda y: y[:, np.newaxis, np.newaxis], r"Got the shape \(60, 1, 1\)"),
        (lambda y: y + 1j, "Complex data not supported"),
        (lambda y: y[:, np.newaxis][:, :0], "Got the shape"),
    ],
    ids=[
        "None",
        "NaN",
        "infinity",
        "text",
        "ragged",
        "short",
        "three axes",
        "complex",
        "no column",
    ],
)
def test_y_that_is_not_of_numbers(change, message, data):
    X, y = few(data)
    model = CNNRegressor(tiny)
    with pytest.raises(ValueError, match=message):
        model.fit(X, change(y))
    assert not hasattr(model, "n_iter_")


def test_constant_targets(data):
    X, Y = data[0][:60], data[1][:60].copy()
    Y[:, 1] = 7
    with pytest.warns(UserWarning, match="Column 1 of y is 7 for all 60"):
        model = CNNRegressor(tiny, epochs=1, random_state=0).fit(X, Y)
    assert model.target_scale_[1] == 1
    with pytest.warns(UserWarning, match="y is 7 for all 60"):
        CNNRegressor(tiny, epochs=1, random_state=0).fit(X, Y[:, 1])


def test_weights_of_nothing(data):
    with pytest.raises(ValueError, match="nothing to train on|at least one non-zero"):
        CNNRegressor(tiny).fit(*few(data), sample_weight=np.zeros(60))


@pytest.mark.parametrize(
    ("params", "message"),
    [({"loss": "mse"}, "'loss' parameter"), ({"class_weight": "balanced"}, "class_weight")],
)
def test_parameters_of_other_estimators(params, message, data):
    with pytest.raises((ValueError, TypeError), match=message):
        CNNRegressor(tiny, **params).fit(*few(data))


def test_networks_whose_softmax_cannot_be_replaced(data):
    with pytest.raises(ValueError, match="does not end in a layer with activation='softmax'"):
        CNNRegressor(subclassed).fit(*few(data))


class TestGradCam:
    """Where in the images lies what raises a number."""

    @pytest.fixture(scope="class")
    @classmethod
    def spots(cls):
        """Noise with a bright spot at the left or the right, and how bright each of them is."""
        generator = np.random.default_rng(0)
        X = 0.1 * generator.random((400, 16, 16, 1), dtype=np.float32)
        left, right = generator.random((2, 400)).astype(np.float32)
        X[:, 5:10, 2:6, 0] += left[:, None, None]
        X[:, 5:10, 11:15, 0] += right[:, None, None]
        return X, np.column_stack([left, right])

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, spots):
        return CNNRegressor(epochs=10, random_state=0).fit(*spots)

    @pytest.mark.parametrize("output", [0, 1])
    def test_maps_show_the_spot_of_the_output(self, spots, fitted, output):
        X, _ = spots
        maps = fitted.grad_cam(X[:50], output, layer="conv2d")
        assert maps.shape == (50, 16, 16)
        assert maps.min() >= 0
        assert maps.max() == 1
        spot = [maps[:, 4:11, 1:7].mean(), maps[:, 4:11, 10:16].mean()][output]
        assert spot > maps.mean()

    def test_bad_input(self, spots, fitted):
        X, _ = spots
        with pytest.raises(ValueError, match="output"):
            fitted.grad_cam(X[:3], 2)
        with pytest.raises(ValueError, match="layer"):
            fitted.grad_cam(X[:3], layer="conv")
        with pytest.raises(NotFittedError):
            CNNRegressor().grad_cam(X[:3])
