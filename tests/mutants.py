"""Networks, estimators and data sets that break one contract each, and whole ones beside them."""

import random

import keras
import numpy as np
import tensorflow as tf
from helpers import tiny
from keras import layers
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted, validate_data

from skdl.backbones import Backbone, Preprocessing, declare_backbone

# ---- networks ----------------------------------------------------------------------------------


def _network(input_shape, n_classes, between=(), **params):
    inputs = keras.Input(input_shape)
    x = inputs
    for layer in between:
        x = layer(x)
    x = layers.Dense(16, activation="relu", **params)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax", **params)(x))


_BUILT = {}


def same_model_each_time(input_shape, n_classes):
    key = input_shape, n_classes
    if key not in _BUILT:
        _BUILT[key] = tiny(*key)
    return _BUILT[key]


def draws_from_numpy(input_shape, n_classes):
    np.random.random()
    return tiny(input_shape, n_classes)


def sets_the_policy(input_shape, n_classes):
    keras.config.set_dtype_policy("mixed_bfloat16")
    return tiny(input_shape, n_classes)


def starts_alike(input_shape, n_classes):
    kernel = keras.initializers.GlorotUniform(seed=1)
    return _network(input_shape, n_classes, kernel_initializer=kernel)


def wants_grayscale(input_shape, n_classes):
    if input_shape[2] != 1:
        raise KeyError("channels")
    return tiny(input_shape, n_classes)


def wants_grayscale_and_says_so(input_shape, n_classes):
    if input_shape[2] != 1:
        raise ValueError(f"needs images with 1 channel, got {input_shape[2]}")
    return tiny(input_shape, n_classes)


def has_one_sigmoid_for_two(input_shape, n_classes):
    if n_classes > 2:
        return tiny(input_shape, n_classes)
    body = tiny(input_shape, 2)
    return keras.Sequential([*body.layers[:-1], layers.Dense(1, activation="sigmoid")])


def has_ten_classes_at_most(input_shape, n_classes):
    return tiny(input_shape, min(10, n_classes))


def seeds_tensorflow(input_shape, n_classes):
    tf.random.set_seed(0)
    return tiny(input_shape, n_classes)


def draws_its_structure(input_shape, n_classes):
    return tiny(input_shape, n_classes, units=random.choice([16, 32, 64]))


@keras.saving.register_keras_serializable("mutants")
class BuiltAtTheFirstCall(keras.Model):
    def __init__(self, n_classes, **kwargs):
        super().__init__(**kwargs)
        self.n_classes = n_classes
        self.flatten = layers.Flatten()
        self.head = layers.Dense(n_classes, activation="softmax")

    def call(self, x):
        return self.head(self.flatten(x))

    def get_config(self):
        return {**super().get_config(), "n_classes": self.n_classes}


def whole_subclassed(input_shape, n_classes):
    return BuiltAtTheFirstCall(n_classes)


def whole_in_gray(input_shape, n_classes):
    """Adds the channels up, crops at random while training, and keeps every contract."""
    inputs = keras.Input(input_shape)
    x = layers.RandomCrop(*input_shape[:2])(keras.ops.mean(inputs, axis=-1, keepdims=True))
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax")(x))


@keras.saving.register_keras_serializable("mutants")
class MinusBatchMean(layers.Layer):
    def call(self, x):
        return x - keras.ops.mean(x, axis=0, keepdims=True)


def looks_at_the_batch(input_shape, n_classes):
    return _network(input_shape, n_classes, [MinusBatchMean()])


def ignores_the_image(input_shape, n_classes):
    return _network(input_shape, n_classes, [layers.Rescaling(0.0, offset=1.0)])


def sees_one_corner(input_shape, n_classes):
    height, width, _ = input_shape
    crop = layers.Cropping2D(((0, height - height // 2), (0, width - width // 2)))
    return _network(input_shape, n_classes, [crop])


def sees_one_channel(input_shape, n_classes):
    inputs = keras.Input(input_shape)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(inputs[..., :1]))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax")(x))


def has_a_dead_branch(input_shape, n_classes):
    inputs = keras.Input(input_shape)
    flat = layers.Flatten()(inputs)
    dead = layers.Rescaling(0.0)(layers.Dense(8)(flat))
    x = layers.Concatenate()([layers.Dense(8, activation="relu")(flat), dead])
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax")(x))


def hardly_learns(input_shape, n_classes):
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1e-3)(layers.Dense(n_classes)(layers.Flatten()(inputs)))
    return keras.Model(inputs, layers.Softmax()(x))


def ignores_a_parameter(input_shape, n_classes, units=8, dropout=0.25):
    return tiny(input_shape, n_classes, units=units)


def has_no_default(input_shape, n_classes, units):
    return tiny(input_shape, n_classes, units=units)


class NotRegistered(layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor


def cannot_be_loaded(input_shape, n_classes):
    return _network(input_shape, n_classes, [NotRegistered(2.0)])


# ---- backbones ---------------------------------------------------------------------------------


def _backbone(layers=("first", "last"), width=8, **declared):
    preprocessing = Preprocessing("rgb", scale=255, mean=(127.5,), std=(127.5,))
    widths = dict.fromkeys(layers, width)
    return declare_backbone(Backbone(preprocessing, widths, **{"min_size": 8, **declared}))


def _feature_maps(input_shape, between=(), name="last", **params):
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(8, 3, activation="relu", name="first", **params)(inputs)
    for layer in between:
        x = layer(x)
    return keras.Model(inputs, layers.Conv2D(8, 3, name=name, **params)(x))


@_backbone()
def whole_backbone(input_shape, dropout=0.1):
    return _feature_maps(input_shape, [layers.Dropout(dropout)])


def declares_nothing(input_shape):
    return whole_backbone(input_shape)


class MakesNaN(Preprocessing):
    def apply(self, images):
        return images * float("nan")


@declare_backbone(Backbone(MakesNaN(), {"last": 8}, min_size=8))
def preprocesses_to_nothing(input_shape):
    return whole_backbone(input_shape)


@_backbone()
def pools_its_features(input_shape):
    body = whole_backbone(input_shape)
    return keras.Model(body.inputs, layers.GlobalAveragePooling2D(name="pool")(body.output))


@_backbone(width=9)
def is_less_wide_than_it_says(input_shape):
    return whole_backbone(input_shape)


@_backbone()
def is_compiled(input_shape):
    model = whole_backbone(input_shape)
    model.compile(loss="mse")
    return model


@_backbone(["first", "middle", "last"])
def has_no_such_layer(input_shape):
    return whole_backbone(input_shape)


@_backbone(["last", "first"])
def declares_out_of_order(input_shape):
    return whole_backbone(input_shape)


@_backbone(["first"])
def goes_on_after_the_last(input_shape):
    return whole_backbone(input_shape)


@_backbone(min_size=4)
def needs_larger_images(input_shape):
    return whole_backbone(input_shape)


_BACKBONE = {}


@_backbone()
def same_backbone_each_time(input_shape):
    if input_shape not in _BACKBONE:
        _BACKBONE[input_shape] = whole_backbone(input_shape)
    return _BACKBONE[input_shape]


@_backbone()
def backbone_that_starts_alike(input_shape):
    kernel = keras.initializers.GlorotUniform(seed=1)
    return _feature_maps(input_shape, kernel_initializer=kernel)


@_backbone()
def backbone_that_looks_at_the_batch(input_shape):
    return _feature_maps(input_shape, [MinusBatchMean()])


@_backbone()
def backbone_that_ignores_the_image(input_shape):
    return _feature_maps(input_shape, [layers.Rescaling(0.0, offset=1.0)])


@_backbone()
def backbone_that_sees_one_channel(input_shape):
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(8, 3, activation="relu", name="first")(inputs[..., 1:2])
    return keras.Model(inputs, layers.Conv2D(8, 3, name="last")(x))


@_backbone()
def backbone_that_seeds_tensorflow(input_shape):
    tf.random.set_seed(0)
    return whole_backbone(input_shape)


@_backbone()
def backbone_that_draws_its_structure(input_shape):
    return _feature_maps(input_shape, [layers.Conv2D(random.choice([4, 8, 16]), 1)])


@_backbone()
def has_more_weights_for_large_images(input_shape):
    return _feature_maps(input_shape, [layers.Conv2D(8 if input_shape[0] < 64 else 16, 1)])


@_backbone(["last"])
def has_weights_for_one_size(input_shape):
    inputs = keras.Input(input_shape)
    x = layers.Dense(64)(layers.Flatten()(inputs))
    return keras.Model(inputs, layers.Conv2D(8, 3, name="last")(layers.Reshape((8, 8, 1))(x)))


@_backbone()
def backbone_that_ignores_a_parameter(input_shape, alpha=1.0):
    return whole_backbone(input_shape)


@_backbone()
def backbone_that_cannot_be_loaded(input_shape):
    return _feature_maps(input_shape, [NotRegistered(2.0)])


# ---- classifiers -------------------------------------------------------------------------------


class Whole(ClassifierMixin, BaseEstimator):
    """Logistic regression of pixels, started at random; it keeps every contract."""

    def __init__(self, random_state=0):
        self.random_state = random_state

    def _pixels(self, X, reset=False):
        X = np.asarray(X)
        if not reset and X.ndim > 2 and X.shape[1:] != getattr(self, "_shape", X.shape[1:]):
            raise ValueError(f"images of {X.shape[1:]}, fitted on {self._shape}")
        if X.ndim == 0 or len(X) == 0:
            raise ValueError("no images")
        if reset and X.ndim > 2:
            self._shape = X.shape[1:]
        flat = X.reshape(len(X), -1)
        return validate_data(self, flat, dtype=np.float64, reset=reset) / 255

    def fit(self, X, y, sample_weight=None):
        if np.asarray(y).dtype.kind == "f" and not np.isfinite(y).all():
            raise ValueError("labels are NaN")
        pixels = self._pixels(X, reset=True)
        rng = np.random.default_rng(self.random_state)
        self._start = rng.normal(size=pixels.shape[1]) * 1e-3
        self._model = LogisticRegression(max_iter=60)
        self._model.fit(pixels + self._start, y, sample_weight)
        self.classes_ = self._model.classes_
        return self

    def predict_proba(self, X):
        check_is_fitted(self, "classes_")
        return self._model.predict_proba(self._pixels(X) + self._start)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class WholeWithGroups(Whole):
    """Keeps the contract of groups as well: it leaves whole ones out of its training."""

    def __init__(self, random_state=0, validation_fraction=None):
        super().__init__(random_state)
        self.validation_fraction = validation_fraction

    def fit(self, X, y, sample_weight=None, groups=None):
        self.validation_rows_ = None
        if self.validation_fraction is None:
            if groups is not None:
                self._check(groups, len(X))
            return super().fit(X, y, sample_weight)
        self._check(groups, len(X))
        self.validation_rows_ = self._held_out(np.asarray(groups))
        kept = np.delete(np.arange(len(X)), self.validation_rows_)
        return super().fit(X[kept], y[kept])

    def _check(self, groups, n):
        if len(groups) != n:
            raise ValueError("one group per image")

    def _held_out(self, groups):
        names = np.unique(groups)
        n = int(np.ceil(self.validation_fraction * len(names)))
        return np.flatnonzero(np.isin(groups, names[:n]))


class SplitsGroups(WholeWithGroups):
    def _held_out(self, groups):
        return np.arange(int(self.validation_fraction * len(groups)))


class HoldsOutNothing(WholeWithGroups):
    def _held_out(self, groups):
        return np.arange(0)


class LearnsFromGroups(WholeWithGroups):
    def fit(self, X, y, sample_weight=None, groups=None):
        super().fit(X, y, sample_weight, groups)
        self._model.intercept_[0] += groups is not None
        return self


class TakesAnyNumberOfGroups(WholeWithGroups):
    def _check(self, groups, n):
        pass


class NotNormalised(Whole):
    def predict_proba(self, X):
        return super().predict_proba(X) * 2


class PredictsTheLeastProbable(Whole):
    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmin(axis=1)]


class LearnsNothing(Whole):
    def fit(self, X, y):
        super().fit(X, y)
        self._model.coef_[:] = 0
        self._model.intercept_[:] = 0
        return self


class KnowsIntegersOnly(Whole):
    def fit(self, X, y):
        super().fit(X, np.unique(y, return_inverse=True)[1])
        return self


class BreaksThree(NotNormalised, KnowsIntegersOnly):
    pass


class SortsRows(Whole):
    def predict_proba(self, X):
        return np.sort(super().predict_proba(X), axis=0)


class ScalesByBatch(Whole):
    def predict_proba(self, X):
        X = np.asarray(X)
        return super().predict_proba(X * (255 / max(1, X.max())))


class TakesBytesForNumbers(Whole):
    def predict_proba(self, X):
        X = np.asarray(X)
        return super().predict_proba(X / 255 if X.dtype == np.uint8 else X)


class WritesToItsInput(Whole):
    def fit(self, X, y):
        super().fit(X, y)
        if X.flags.writeable and X.flags.f_contiguous:
            X[0] = 0
        return self


class RefusesFlattened(Whole):
    def fit(self, X, y):
        assert np.ndim(X) == 4
        return super().fit(X, y)


class IgnoresItsSeed(Whole):
    def fit(self, X, y):
        self._rng = np.random.default_rng()
        super().fit(X, y)
        self._model.intercept_ += self._rng.normal(size=3)
        return self


class DrawsFromNumPy(Whole):
    def fit(self, X, y):
        np.random.random()
        return super().fit(X, y)


class GoesOn(Whole):
    def fit(self, X, y):
        before = getattr(self, "_model", None)
        super().fit(X, y)
        if before is not None:
            self._model.coef_ = (self._model.coef_ + before.coef_) / 2
        return self


class ChangesItsParameters(Whole):
    def fit(self, X, y):
        super().fit(X, y)
        self.random_state = 99
        return self


class SharesItsWeights(Whole):
    shared = {}

    def fit(self, X, y):
        super().fit(X, y)
        self.shared["model"] = self._model
        return self

    def predict_proba(self, X):
        check_is_fitted(self, "classes_")
        return self.shared["model"].predict_proba(self._pixels(X) + self._start)


class CannotBePickled(Whole):
    def fit(self, X, y):
        self._callback = lambda: None
        return super().fit(X, y)


class ForgetsItsWeights(Whole):
    def __getstate__(self):
        state = super().__getstate__().copy()
        state.pop("_start", None)
        return state

    def predict_proba(self, X):
        self._start = getattr(self, "_start", np.ones(64))
        return super().predict_proba(X)


class ClonesItsWeights(Whole):
    def __sklearn_clone__(self):
        import copy

        return copy.deepcopy(self)


class TakesAnything(Whole):
    def _pixels(self, X, reset=False):
        X = np.asarray(X, dtype=object)
        numbers = [[v if isinstance(v, (int, float)) else 0 for v in row.ravel()] for row in X]
        return super()._pixels(np.nan_to_num(np.array(numbers, float), posinf=0), reset)


class TakesAnyLabels(Whole):
    def fit(self, X, y):
        n = min(len(X), len(y))
        return super().fit(
            X[:n], np.nan_to_num(y[:n]) if np.asarray(y).dtype.kind == "f" else y[:n]
        )


class IgnoresWeights(Whole):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)


class WeighsTheOtherWay(Whole):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y, None if sample_weight is None else 1 / np.asarray(sample_weight))


class TakesAnyNumberOfWeights(Whole):
    def fit(self, X, y, sample_weight=None):
        return super().fit(
            X, y, None if sample_weight is None else np.resize(sample_weight, len(X))
        )


# ---- transformers ------------------------------------------------------------------------------


class WholeRows(TransformerMixin, BaseEstimator):
    """Mean brightness of each row of pixels; it keeps every contract."""

    _pixels = Whole._pixels

    def fit(self, X, y=None):
        self._pixels(X, reset=True)
        return self

    def transform(self, X):
        check_is_fitted(self, "n_features_in_")
        return self._pixels(X).reshape(len(X), 8, 8).mean(axis=2)

    def get_feature_names_out(self, input_features=None):
        return np.array([f"row {row}" for row in range(8)], dtype=object)


class DropsARow(WholeRows):
    def transform(self, X):
        return super().transform(X)[1:]


class NamesTooFew(WholeRows):
    def get_feature_names_out(self, input_features=None):
        return np.array(["row"], dtype=object)


class LooksAtLabels(WholeRows):
    def fit(self, X, y=None):
        self._offset = 0 if y is None else np.mean(y)
        return super().fit(X)

    def transform(self, X):
        return super().transform(X) + self._offset


# ---- data sets ---------------------------------------------------------------------------------


def whole_dataset(*, return_X_y=False):
    X, y = load_digits(return_X_y=True)
    images = X.reshape(-1, 8, 8).astype(np.uint8)
    names = [str(digit) for digit in range(10)]
    if return_X_y:
        return images, y
    return Bunch(data=images, target=y, target_names=names, DESCR="Handwritten digits.")


def _changed(return_X_y=False, **fields):
    bunch = Bunch(**{**whole_dataset(), **fields})
    return (bunch.data, bunch.target) if return_X_y else bunch


def without_description(*, return_X_y=False):
    return _changed(return_X_y, DESCR=" ")


def without_target_names(*, return_X_y=False):
    X, y = whole_dataset(return_X_y=True)
    return (X, y) if return_X_y else Bunch(data=X, target=y, DESCR="Handwritten digits.")


def with_text_labels(*, return_X_y=False):
    return _changed(return_X_y, target=whole_dataset().target.astype(str))


def with_an_empty_class(*, return_X_y=False):
    return _changed(return_X_y, target_names=[*map(str, range(10)), "ten"])


def with_missing_pixels(*, return_X_y=False):
    images = whole_dataset().data.astype(float)
    images[5, 2, 2] = np.nan
    return _changed(return_X_y, data=images)


def with_another_pair(*, return_X_y=False):
    X, y = whole_dataset(return_X_y=True)
    return (X, y[::-1]) if return_X_y else whole_dataset()


def without_a_pair():
    return whole_dataset()


def with_a_table_of_labels(*, return_X_y=False):
    return _changed(return_X_y, target=np.eye(10, dtype=int)[whole_dataset().target])


def without_an_image(*, return_X_y=False):
    X, y = whole_dataset(return_X_y=True)
    return _changed(return_X_y, data=X[:0], target=y[:0])


def with_a_missing_file(*, return_X_y=False):
    paths = [f"no-such-file-{row}.png" for row in range(len(whole_dataset().target))]
    return _changed(return_X_y, data=np.array(paths))


_LOADS = []


def dataset_in_another_order_each_time(*, return_X_y=False):
    X, y = whole_dataset(return_X_y=True)
    _LOADS.append(None)
    return _changed(return_X_y, data=np.roll(X, len(_LOADS), 0), target=np.roll(y, len(_LOADS)))


_CACHED = whole_dataset()


def cached_dataset(*, return_X_y=False):
    return (_CACHED.data, _CACHED.target) if return_X_y else Bunch(**_CACHED)


def dataset_with_cached_labels(*, return_X_y=False):
    return _changed(return_X_y, target=_CACHED.target)
