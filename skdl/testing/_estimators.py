"""Contracts of image classifiers and image transformers."""

import copy
import pickle
import random
import tempfile
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from skdl.testing._contracts import CLASSIFIER, TRANSFORMER, contract, require_arrays, run_all
from skdl.testing._data import N_CLASSES, digit_images, fitted, layouts, outputs, same, seeded

_EPOCHS = 20


def _fitted_with_outputs(estimator: Any) -> tuple[Any, Any, Any, Any]:
    """Digits and their labels, an estimator fitted to them, and what it makes of them."""
    X, y = digit_images()
    model = fitted(estimator)
    return X, y, model, outputs(model, X)


@contract(CLASSIFIER)
def check_probabilities(estimator: Any) -> None:
    """Probabilities: one row per image, one column per class, not negative, rows that sum to 1."""
    X, y = digit_images()
    model = fitted(estimator)
    assert list(model.classes_) == list(range(N_CLASSES)), f"classes_ is {model.classes_!r}"
    probabilities = np.asarray(model.predict_proba(X))
    expected = (len(X), N_CLASSES)
    assert probabilities.shape == expected, f"shape {probabilities.shape}, expected {expected}"
    assert np.isfinite(probabilities).all(), "predict_proba returns NaN or infinity"
    assert (probabilities >= 0).all(), "predict_proba returns negative values"
    same(probabilities.sum(axis=1), np.ones(len(X)), "sums of predict_proba", 1e-4)
    found = np.asarray(model.predict(X))
    assert np.array_equal(found, model.classes_[probabilities.argmax(axis=1)]), (
        "predict is not the most probable class"
    )
    assert found.dtype == y.dtype, f"labels of dtype {y.dtype} come back as {found.dtype}"


@contract(CLASSIFIER)
def check_learning(estimator: Any) -> None:
    """Training changes what is predicted, and in the direction of the labels."""
    X, y = digit_images()
    right = _log_likelihood_after(estimator, X, y)
    wrong = _log_likelihood_after(estimator, X, (y + 1) % N_CLASSES)
    assert right > wrong, (
        "an estimator fitted on the labels fits them no better than one fitted on wrong labels"
    )


@contract(CLASSIFIER)
def check_sample_weights(estimator: Any) -> None:
    """Where `fit` takes `sample_weight`, images count the more, the larger their weight."""
    if not has_fit_parameter(estimator, "sample_weight"):
        return
    X, y = digit_images()
    # Each image twice, once with its label and once with a wrong one: the weights decide.
    images, labels = np.concatenate([X, X]), np.concatenate([y, (y + 1) % N_CLASSES])
    weights = np.repeat([1.0, 0.01], len(X))
    right = _log_likelihood_after(estimator, images, labels, sample_weight=weights)
    wrong = _log_likelihood_after(estimator, images, labels, sample_weight=weights[::-1].copy())
    assert right > wrong, (
        "labels of large sample_weight are fitted no better than those of small sample_weight"
    )
    _refused(
        lambda: seeded(estimator).fit(X, y, sample_weight=weights[: len(X) - 1]),
        "fewer weights than images",
    )


@contract(CLASSIFIER)
def check_held_out_groups(estimator: Any) -> None:
    """Where `fit` takes `groups`, no group is both trained on and held out for validation.

    `validation_rows_` says what was held out, if anything was.
    """
    if not has_fit_parameter(estimator, "groups"):
        return
    X, y = digit_images()
    groups = np.random.default_rng(0).permutation(len(X)) // 3
    model = seeded(estimator)
    asked = {"early_stopping": True, "validation_fraction": 0.25}.items()
    model.set_params(**{name: value for name, value in asked if name in model.get_params()})
    rows = getattr(model.fit(X, y, groups=groups), "validation_rows_", None)
    if rows is not None:
        split = np.intersect1d(groups[rows], np.delete(groups, rows))
        assert len(rows), "validation_rows_ is empty"
        assert not len(split), (
            f"{len(split)} groups are in both the training and the validation set"
        )
        model = seeded(estimator).fit(X, y, groups=groups)
    if getattr(model, "validation_rows_", None) is None:
        same(outputs(model, X), outputs(fitted(estimator), X), "groups where none is held out", 0)
    short = groups[:-1]
    _refused(lambda: seeded(estimator).fit(X, y, groups=short), "fewer groups than images")


def _log_likelihood_after(estimator: Any, X: Any, y: Any, **fit_params: Any) -> float:
    """Mean log likelihood of the digits' labels, after a fit that is long enough to learn."""
    model = seeded(estimator)
    if "epochs" in model.get_params():  # enough for moving averages to find the data
        model.set_params(epochs=max(_EPOCHS, model.get_params()["epochs"]))
    images, right = digit_images()
    probabilities = model.fit(X, y, **fit_params).predict_proba(images)
    return float(np.mean(np.log(probabilities[np.arange(len(right)), right] + 1e-9)))


@contract(CLASSIFIER)
def check_label_renaming(estimator: Any) -> None:
    """Other names for the classes, in the same order, rename the predictions and nothing else."""
    X, y = digit_images()
    expected = fitted(estimator)
    for names in (np.array(["a", "b", "c"]), np.array(["x", "y", "z"], dtype=object), [-5, 0, 7]):
        model = seeded(estimator).fit(X, np.asarray(names)[y])
        assert list(model.classes_) == list(names), f"classes_ is {model.classes_!r}"
        same(model.predict_proba(X), expected.predict_proba(X), "renamed labels")
        assert np.array_equal(model.predict(X), np.asarray(names)[expected.predict(X)]), (
            "predictions are not renamed with the labels"
        )


@contract(CLASSIFIER, TRANSFORMER)
def check_row_order(estimator: Any) -> None:
    """Images in another order have outputs in another order."""
    X, _, model, expected = _fitted_with_outputs(estimator)
    order = np.random.default_rng(0).permutation(len(X))
    same(outputs(model, X[order]), expected[order], "rows in another order")


@contract(CLASSIFIER, TRANSFORMER)
def check_batch_independence(estimator: Any) -> None:
    """An output depends on its image alone, not on those beside it."""
    X, _, model, expected = _fitted_with_outputs(estimator)
    parts = [outputs(model, X[rows]) for rows in (slice(0, 1), slice(1, 6), slice(6, None))]
    same(np.concatenate(parts), expected, "predicting in parts")
    alone = np.concatenate([outputs(model, X[:1]), outputs(model, np.zeros_like(X))])[:1]
    same(alone, expected[:1], "an image among others")


@contract(CLASSIFIER, TRANSFORMER)
def check_input_dtypes(estimator: Any) -> None:
    """The same pixel values as uint8 and as floats have the same outputs."""
    X, _, model, expected = _fitted_with_outputs(estimator)
    for dtype in ("float32", "float64", "int32"):
        same(outputs(model, X.astype(dtype)), expected, f"images as {dtype}")


@contract(CLASSIFIER, TRANSFORMER)
def check_input_layouts(estimator: Any) -> None:
    """Arrays of any layout are the same images; none is written to."""
    X, y, _, expected = _fitted_with_outputs(estimator)
    with tempfile.TemporaryDirectory() as folder:
        for name, array in layouts(X, folder).items():
            model = seeded(estimator).fit(array, y)
            same(outputs(model, array), expected, f"an array {name}")
            assert np.array_equal(array, X), f"an array {name} was changed"
            del model
            if isinstance(array, np.memmap):
                array.base.close()  # type: ignore[union-attr]


@contract(CLASSIFIER, TRANSFORMER)
def check_flattened_images(estimator: Any) -> None:
    """Flattened images have the outputs of the images themselves."""
    X, y, _, expected = _fitted_with_outputs(estimator)
    flat = X.reshape(len(X), -1)
    model = seeded(estimator).fit(flat, y)
    same(outputs(model, flat).reshape(expected.shape), expected, "flattened images")


@contract(CLASSIFIER, TRANSFORMER)
def check_seeding(estimator: Any) -> None:
    """With a seed, fits are the same, and the global generators are left alone."""
    X, _ = digit_images()
    before = random.getstate(), np.random.get_state()
    try:
        first = outputs(fitted(estimator), X)
        random.random(), np.random.random()
        moved: Any = random.getstate(), np.random.get_state()
        second = outputs(fitted(estimator), X)
        after: Any = random.getstate(), np.random.get_state()
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
    assert np.array_equal(first, second), "two fits with the same seed differ"
    assert after[0] == moved[0], "a fit draws from Python's global generator"
    assert all(np.array_equal(a, b) for a, b in zip(after[1], moved[1], strict=True)), (
        "a fit draws from NumPy's global generator"
    )


@contract(CLASSIFIER, TRANSFORMER)
def check_refitting(estimator: Any) -> None:
    """A second fit starts from nothing, and leaves the parameters as they were."""
    X, y = digit_images()
    model = seeded(estimator)
    before = {k: repr(v) for k, v in model.get_params(deep=False).items()}
    model.fit(X[:20, ::-1], y[:20]).fit(X, y)
    same(outputs(model, X), outputs(fitted(estimator), X), "a second fit", 0)
    after = {k: repr(v) for k, v in model.get_params(deep=False).items()}
    assert after == before, "fit changes the parameters"


@contract(CLASSIFIER, TRANSFORMER)
def check_two_fits_side_by_side(estimator: Any) -> None:
    """Two fitted estimators share nothing: neither fit changes what the other predicts."""
    X, y, first, expected = _fitted_with_outputs(estimator)
    second = seeded(estimator, 1).fit(X[::-1].copy(), y)
    outputs(second, X)
    same(outputs(first, X), expected, "an estimator beside another one", 0)


def _outputs_of_pickle(pickled: bytes, X: Any) -> Any:
    return outputs(pickle.loads(pickled), X)


@contract(CLASSIFIER, TRANSFORMER)
def check_pickling(estimator: Any) -> None:
    """Pickled, copied and sent to another process, an estimator predicts the same."""
    X, y, model, expected = _fitted_with_outputs(estimator)
    pickled = pickle.dumps(model)
    same(outputs(pickle.loads(pickled), X), expected, "after pickling", 0)
    same(outputs(copy.deepcopy(model), X), expected, "after copy.deepcopy", 0)
    workers = joblib.Parallel(n_jobs=2, backend="loky")
    (elsewhere,) = workers([joblib.delayed(_outputs_of_pickle)(pickled, X)])
    same(elsewhere, expected, "in another process")
    unfitted = pickle.loads(pickle.dumps(seeded(estimator)))
    same(outputs(unfitted.fit(X, y), X), expected, "pickled before fit", 0)


@contract(CLASSIFIER, TRANSFORMER)
def check_cloning(estimator: Any) -> None:
    """`get_params`, `set_params` and `clone` make the round trip; a clone is not fitted."""
    model = fitted(estimator)
    copied, unfitted = clone(model), repr(seeded(estimator))  # fitted ones may say more
    assert repr(copied) == unfitted, f"clone is {copied!r}"
    learned = [name for name in vars(copied) if name.endswith("_") and not name.startswith("_")]
    assert not learned, f"a clone has fitted attributes: {learned}"
    params = model.get_params(deep=False)
    again = type(model)(**params)
    assert repr(again) == unfitted, "the parameters do not result in the same estimator"


@contract(CLASSIFIER, TRANSFORMER)
def check_corrupt_input(estimator: Any) -> None:
    """NaN, infinity and text are refused, in fit and afterwards, and images of another shape, too.

    An estimator with `image_size` resizes them.
    """
    X, y = digit_images()
    model = fitted(estimator)
    bad = {"NaN": X.astype(float), "infinity": X.astype(float), "text": X.astype(object)}
    bad["NaN"][3, 0, 0, 0] = np.nan
    bad["infinity"][3, 0, 0, 0] = np.inf
    bad["text"][3, 0, 0, 0] = "pixel"
    for name, images in bad.items():
        _refused(lambda images=images: seeded(estimator).fit(images, y), f"{name} in fit")
        _refused(lambda images=images: outputs(model, images), f"{name} after fit")
    _refused(lambda: seeded(estimator).fit(X[:0], y[:0]), "no image at all")
    params = model.get_params().items()
    sizes = [value for name, value in params if name.rpartition("__")[2] == "image_size"]
    if all(size is None for size in sizes):
        _refused(lambda: outputs(model, X[:, :-1]), "images of another shape")


def _refused(work: Any, what: str) -> None:
    try:
        work()
    except (ValueError, TypeError) as error:
        assert str(error).strip(), f"{what}: refused without a message"
        return
    except Exception as error:
        raise AssertionError(f"{what}: {type(error).__name__} instead of ValueError") from error
    raise AssertionError(f"{what} was not refused with a ValueError or TypeError")


@contract(CLASSIFIER)
def check_wrong_labels(estimator: Any) -> None:
    """Labels that are too few, missing or all the same are refused."""
    X, y = digit_images()
    _refused(lambda: seeded(estimator).fit(X, y[:-1]), "fewer labels than images")
    _refused(lambda: seeded(estimator).fit(X, np.zeros(len(X), int)), "a single class")
    _refused(lambda: seeded(estimator).fit(X, np.where(y == 0, np.nan, y)), "NaN among the labels")


@contract(TRANSFORMER)
def check_set_output(estimator: Any) -> None:
    """Rows as many as images; two-dimensional output has names and becomes a DataFrame."""
    X, _ = digit_images()
    model = fitted(estimator)
    plain = np.asarray(model.transform(X))
    assert len(plain) == len(X), f"{len(X)} images result in {len(plain)} rows"
    if plain.ndim != 2:
        return
    names = list(model.get_feature_names_out())
    assert len(names) == len(set(names)) == plain.shape[1], (
        f"{plain.shape[1]} columns have {len(names)} names, {len(set(names))} different ones"
    )
    frame = fitted(estimator).set_output(transform="pandas").transform(X)
    assert list(getattr(frame, "columns", [])) == names, (
        "set_output does not return a DataFrame with these columns"
    )
    same(frame.to_numpy(), plain, "as a DataFrame")


@contract(TRANSFORMER)
def check_labels_are_not_used(estimator: Any) -> None:
    """A transformer of images learns nothing from labels."""
    X, y = digit_images()
    expected = outputs(seeded(estimator).fit(X), X)
    same(outputs(seeded(estimator).fit(X, y), X), expected, "fitted with labels", 0)


def check_image_classifier(estimator: Any) -> None:
    """Check that an estimator fulfils all contracts of an image classifier.

    Parameters
    ----------
    estimator : estimator instance
        An unfitted estimator that is cheap to fit, since it is fitted some thirty times on 36
        images of 8×8 pixels.

    Raises
    ------
    AssertionError
        If contracts are broken. The message says which, and how.

    Examples
    --------
    >>> from skdl import CNNClassifier
    >>> from skdl.testing import check_image_classifier
    >>> check_image_classifier(CNNClassifier(epochs=2))
    """
    run_all(CLASSIFIER, estimator)


def check_image_transformer(estimator: Any) -> None:
    """Check that an estimator fulfils all contracts of an image transformer.

    Parameters
    ----------
    estimator : estimator instance
        An unfitted estimator. It is fitted some thirty times on 36 images of 8×8 pixels.

    Raises
    ------
    AssertionError
        If contracts are broken. The message says which, and how.
    ValueError
        If its tags say that it accepts text, such as paths of files, but not arrays of images.

    Examples
    --------
    >>> from sklearn.preprocessing import MaxAbsScaler
    >>> from skdl.testing import check_image_transformer
    >>> check_image_transformer(MaxAbsScaler())  # takes flattened images only
    Traceback (most recent call last):
    ...
    AssertionError: MaxAbsScaler() breaks ...
    """
    require_arrays(estimator)
    run_all(TRANSFORMER, estimator)
