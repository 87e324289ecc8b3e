"""Groups and images that look alike are kept together, or said to be apart."""

import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GroupKFold, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl import evaluate
from skdl.evaluation import EvaluationWarning

N = 30  # pictures, of which the first ten have a brighter version behind them all
FIRST, SECOND = np.arange(10), np.arange(10) + N


@pytest.fixture(scope="module")
def pictures():
    generator = np.random.default_rng(0)
    coarse = generator.integers(20, 200, (N, 6, 6))
    X = coarse.repeat(6, axis=1).repeat(6, axis=2)
    return np.concatenate([X, X[:10] + 20]).astype(np.uint8)


Y = np.r_[np.arange(N) % 2, np.arange(10) % 2]
FLAT = make_pipeline(FunctionTransformer(lambda X: np.reshape(X, (len(X), -1))), RidgeClassifier())


def evaluated(X, **options):
    return evaluate(FLAT, X, Y, **{"cv": 4, "scoring": "accuracy", **options})


def folds_of(result):
    return result.predictions.sort_values("row")["fold"].to_numpy()


def test_look_alikes_are_kept_together(pictures):
    with warnings.catch_warnings():
        warnings.simplefilter("error", EvaluationWarning)
        found = evaluated(pictures)
    pairs = found.look_alikes
    assert pairs[["first", "second"]].to_numpy().tolist() == np.c_[FIRST, SECOND].tolist()
    assert pairs["similarity"].between(0.95, 1).all()
    np.testing.assert_array_equal(folds_of(found)[FIRST], folds_of(found)[SECOND])
    assert len(np.unique(found.groups)) == N
    assert found.own_groups is None
    assert "StratifiedGroupKFold" in found.cv


def test_they_are_found_in_files_and_beside_features(pictures, tmp_path):
    paths = [str(tmp_path / f"{row}.png") for row in range(len(pictures))]
    for path, pixels in zip(paths, pictures, strict=True):
        Image.fromarray(pixels).save(path)
    features = pictures.reshape(len(pictures), -1)
    expected = evaluated(pictures).look_alikes
    for images in (pictures, paths):
        found = evaluated(features, images=images)
        pd.testing.assert_frame_equal(found.look_alikes, expected)
    assert evaluated(features).look_alikes is None
    readers = make_pipeline(FunctionTransformer(_read), RidgeClassifier())
    found = evaluate(readers, paths, Y, cv=4, scoring="accuracy")
    pd.testing.assert_frame_equal(found.look_alikes, expected)


def _read(paths):
    return np.stack([np.asarray(Image.open(path)).ravel() for path in paths])


def test_groups_are_joined_by_them(pictures):
    groups = np.array([f"p{row}" for row in range(len(Y))])
    groups[1] = "p0"
    said = r"10 pairs of images .* different groups, such as rows 0 \('p0'\) and 30 \('p30'\)"
    with pytest.warns(EvaluationWarning, match=said):
        found = evaluated(pictures, groups=groups)
    assert found.own_groups.tolist() == groups.tolist()
    assert len(set(folds_of(found)[[0, 1, 30, 31]])) == 1
    assert found.split_groups == []


def test_groups_that_have_them_together_stay_as_they_are(pictures):
    groups = np.array([f"p{row % N}" for row in range(len(Y))])
    with warnings.catch_warnings():
        warnings.simplefilter("error", EvaluationWarning)
        found = evaluated(pictures, groups=groups)
    assert found.groups.tolist() == groups.tolist()


def test_without_them_nothing_is_different(pictures):
    X, y = pictures[:N], Y[:N]
    options = {"cv": 3, "scoring": "accuracy"}
    found = evaluate(FLAT, X, y, **options)
    plain = evaluate(FLAT, X, y, look_alikes="ignore", **options)
    assert found.groups is None
    assert (len(found.look_alikes), plain.look_alikes) == (0, None)
    assert (found.cv, found.data_digest) == (plain.cv, plain.data_digest)
    pd.testing.assert_frame_equal(found.predictions, plain.predictions)


def test_warn_counts_them(pictures):
    said = r"20 test images look like a training image.*for example rows 0 and 30 \(see"
    with pytest.warns(EvaluationWarning, match=said):
        found = evaluated(pictures, look_alikes="warn")
    assert found.groups is None
    plain = evaluated(pictures, look_alikes="ignore")
    pd.testing.assert_frame_equal(found.predictions, plain.predictions)


def test_splitters_that_use_groups_get_them(pictures):
    found = evaluated(pictures, cv=GroupKFold(4))
    np.testing.assert_array_equal(folds_of(found)[FIRST], folds_of(found)[SECOND])


@pytest.mark.parametrize("make", [lambda: KFold(4), lambda: KFold(4).split(Y)])
def test_splitters_that_do_not_are_named(pictures, make):
    name = r"KFold\(n_splits=4.*" if hasattr(make(), "split") else "iterable"
    with pytest.warns(EvaluationWarning, match=rf"20 test images look .* cv={name} does not keep"):
        evaluated(pictures, cv=make())


def test_copies_are_look_alikes(pictures):
    X = pictures.copy()
    X[5], X[20] = 7, 7  # of one colour, which are like no other image
    found = evaluated(X)
    assert [5, 20, 1.0] in found.look_alikes.to_numpy().tolist()
    assert found.leaks.empty


def test_a_checkpoint_is_one_of_the_same_groups(pictures, tmp_path):
    first = evaluated(pictures, checkpoint=tmp_path)
    again = evaluated(pictures, checkpoint=tmp_path)
    pd.testing.assert_frame_equal(first.predictions, again.predictions)
    with pytest.raises(ValueError, match="belongs to an evaluation with different X, y or groups"):
        evaluated(pictures, checkpoint=tmp_path, look_alikes="ignore")


def test_arrays_that_are_no_images_are_tables():
    X = np.full((40, 3, 3), "a", dtype=object)
    X[:, 0, 0] = np.arange(40).astype(str)
    model = make_pipeline(
        FunctionTransformer(lambda X: X[:, 0, :1].astype(float)), RidgeClassifier()
    )
    assert evaluate(model, X, Y, cv=2, scoring="accuracy").look_alikes is None


PATIENTS = np.arange(40) // 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": PATIENTS[:3]}, "groups has 3 values, but there are 40 images"),
        ({"groups": [None, *PATIENTS[1:]]}, "groups has NaN or None at row 0.*a separate group"),
        ({"groups": np.where(PATIENTS, PATIENTS, np.nan)}, "NaN or None at row 0, and in 2 rows"),
        ({"groups": ["p1"] * 40}, "groups contains only one group, 'p1': .* or omit groups"),
        ({"groups": PATIENTS // 7}, "4 folds need at least 4 groups, .* 3. Set cv to at most 3."),
        ({"look_alikes": "yes"}, "look_alikes must be one of 'group', 'warn', 'ignore'"),
        ({"images": np.zeros((3, 8, 8))}, "images has 3 images, and X has 40 rows"),
    ],
)
def test_bad_input(options, message):
    X = np.random.default_rng(0).normal(size=(40, 3))
    with pytest.raises(ValueError, match=message):
        evaluate(RidgeClassifier(), X, Y, **{"cv": 4, **options})


def test_one_big_component_leaves_too_few_groups(pictures):
    X = np.repeat(pictures[:1], 40, axis=0)
    said = "4 folds need at least 4 groups, and there is 1 after joining look-alikes; .* 40 im"
    with pytest.raises(ValueError, match=said):
        evaluated(X)


@pytest.mark.parametrize(
    ("alone", "message"),
    [
        (1, r"The class 2 is in only one group, \d+: the fold .* trained without the class"),
        (2, "The class 2 is in only 2 groups, and there are 4 folds: .* Set cv to at most 2"),
    ],
)
def test_a_class_in_few_groups(alone, message):
    y = np.where(alone > PATIENTS, 2, PATIENTS % 2)
    X = np.random.default_rng(0).normal(size=(40, 3)) + y[:, None]
    with pytest.warns(EvaluationWarning, match=message):
        evaluate(RidgeClassifier(), X, y, groups=PATIENTS, cv=4, scoring="accuracy")


def test_fitted_models_may_be_tested_on_one_group():
    X = np.random.default_rng(0).normal(size=(40, 3))
    fitted = RidgeClassifier().fit(X, Y)
    found = evaluate(fitted, X, Y, cv="prefit", groups=np.zeros(40), scoring="accuracy")
    assert found.missing.empty


def test_many_draws_that_test_every_class_are_no_matter():
    """The number of draws says nothing about how often a class can be tested."""
    X, y, groups = np.arange(24.0).reshape(24, 1), np.arange(24) % 2, np.arange(24) // 4
    draws = [(np.flatnonzero(groups != g), np.flatnonzero(groups == g)) for g in range(6)] * 3
    with warnings.catch_warnings():
        warnings.simplefilter("error", EvaluationWarning)
        evaluate(GaussianNB(), X, y, cv=draws, groups=groups, scoring="accuracy")


def test_what_an_audit_found_is_not_looked_for_again(pictures, monkeypatch):
    from skdl import audit_images

    X = np.concatenate([pictures[:-1], pictures[5:6]])  # the last is a copy
    searched = evaluated(X)
    audit = audit_images(X)
    monkeypatch.setattr("skdl.evaluation._groups.find_look_alikes", None)
    found = evaluated(X, look_alikes=audit)
    ends = ["first", "second"]
    pd.testing.assert_frame_equal(found.look_alikes[ends], searched.look_alikes[ends])
    np.testing.assert_array_equal(found.groups, searched.groups)
    np.testing.assert_array_equal(folds_of(found), folds_of(searched))
    with pytest.raises(ValueError, match="has 40 images, and X has 39"):
        evaluate(FLAT, X[1:], Y[1:], look_alikes=audit)
