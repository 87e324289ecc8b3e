"""Images that are unlike everything that was trained on."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdl import ImageLoader
from skdl.inspection import NoveltyDetector


@parametrize_with_checks(
    [NoveltyDetector(false_alarm_rate=0.1, metric=metric) for metric in ("cosine", "euclidean")]
)
def test_it_is_an_outlier_detector_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(120, 6)) + 2


def by_hand(new, known, k, metric):
    """Distances to the k-th nearest, in plain Python."""
    found = []
    for row in new:
        if metric == "cosine":
            lengths = np.sqrt((known**2).sum(axis=1)) * np.sqrt((row**2).sum())
            distances = 1 - (known * row).sum(axis=1) / lengths
        else:
            distances = np.sqrt(((known - row) ** 2).sum(axis=1))
        found.append(sorted(distances)[k - 1])
    return np.array(found)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("k", [1, 3])
def test_scores_are_distances_to_the_kth_nearest(features, metric, k):
    detector = NoveltyDetector(n_neighbors=k, metric=metric).fit(features[:100])
    scores = detector.score_samples(features[100:])
    np.testing.assert_allclose(-scores, by_hand(features[100:], features[:100], k, metric))
    np.testing.assert_array_equal(
        detector.decision_function(features[100:]), scores - detector.offset_
    )


def test_training_images_are_compared_with_other_groups(features):
    groups = np.arange(120) // 3
    detector = NoveltyDetector(metric="euclidean", false_alarm_rate=0.1)
    detector.fit(features, groups=groups)
    for row in (0, 57):
        others = features[groups != groups[row]]
        alone = by_hand(features[[row]], others, 5, "euclidean")[0]
        assert -detector.training_scores_[row] == pytest.approx(alone)


@pytest.mark.parametrize(
    ("n", "wanted", "farther", "stated"),
    [
        (99, 0.01, 0, 1 / 100),  # the largest is just enough
        (199, 0.01, 1, 2 / 200),
        (300, 0.01, 2, 3 / 301),
        (19, 0.2, 3, 4 / 20),
        (9, 0.5, 4, 5 / 10),
    ],
)
def test_the_threshold_is_the_conformal_rank(n, wanted, farther, stated):
    X = np.random.default_rng(n).normal(size=(n, 3))
    detector = NoveltyDetector(metric="euclidean", false_alarm_rate=wanted).fit(X)
    assert (detector.training_scores_ < detector.offset_).sum() == farther
    assert (detector.training_scores_ == detector.offset_).sum() == 1
    assert detector.false_alarm_rate_ == pytest.approx(stated)


def test_images_of_a_group_share_its_weight():
    """A group of ten images far out counts as one, and a tenth of it as a tenth."""
    X = np.concatenate([np.arange(40.0), 1000 + 100 * np.arange(10.0)])[:, np.newaxis]
    groups = np.r_[np.arange(40), [99] * 10]
    detector = NoveltyDetector(metric="euclidean", n_neighbors=1, false_alarm_rate=0.04)
    detector.fit(X, groups=groups)  # may be flagged: (1 + share) / 42, of up to 6 images
    assert (detector.training_scores_ < detector.offset_).sum() == 6
    assert detector.false_alarm_rate_ == pytest.approx(1.6 / 42)


def flagged(n_groups, sizes, metric, know, wanted, repeats, seed=0):
    """The share of images of new groups that is flagged, and its standard error."""
    rng = np.random.default_rng(seed)

    def draw(groups):
        """Gaussian features; images of a group lie close together."""
        centres = 2 * rng.normal(size=(groups.max() + 1, 8))
        return 1 + centres[groups] + rng.normal(size=(len(groups), 8))

    shares = []
    for _ in range(repeats):
        groups = np.repeat(np.arange(n_groups), rng.choice(sizes, n_groups))
        detector = NoveltyDetector(metric=metric, false_alarm_rate=wanted)
        detector.fit(draw(groups), groups=groups if know else None)
        shares.append((detector.predict(draw(np.arange(100))) == -1).mean())
    return np.mean(shares), np.std(shares) / np.sqrt(repeats)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_false_alarms_are_as_rare_as_stated(metric):
    rate, error = flagged(199, [1], metric, True, 0.01, 250)
    assert 0.01 * 0.6 < rate < 0.01 + 3 * error


def test_groups_keep_false_alarms_as_rare_as_stated():
    settings = (40, [1, 2, 12], "euclidean")
    rate, error = flagged(*settings, True, 0.1, 100)
    assert 0.1 * 0.5 < rate < 0.1 + 3 * error
    ignoring, error = flagged(*settings, False, 0.1, 100)
    assert ignoring > 0.2 + 3 * error  # which is why groups are asked for


def test_too_few_images_for_the_rate_are_said():
    X = np.random.default_rng(0).normal(size=(30, 3)) + 1
    with pytest.warns(UserWarning, match="requires at least 99 images, but there are 30") as caught:
        detector = NoveltyDetector().fit(X)
    assert caught[0].filename == __file__
    assert detector.false_alarm_rate_ == pytest.approx(1 / 31)
    assert detector.offset_ == detector.training_scores_.min()
    with pytest.warns(UserWarning, match="requires at least 19 groups, but there are 10"):
        NoveltyDetector(false_alarm_rate=0.05).fit(X, groups=np.arange(30) // 3)


def test_noise_is_flagged_and_digits_are_not(digits):
    """Of pixels as they are; the digits are on a ground of zeros, and noise is not."""
    X = np.random.default_rng(0).permutation(digits[0])  # writers come one after the other
    detector = NoveltyDetector().fit(X[:400])
    assert (detector.predict(X[400:]) == -1).mean() < 0.02
    noise = np.random.default_rng(0).integers(0, 17, (50, 64))
    black, white = np.zeros((1, 64)), np.full((1, 64), 16)
    for unlike in (noise, black, white, 16 - X[:50]):
        assert (detector.predict(unlike) == -1).all()


def test_a_score_over_the_offset_says_how_many_times_the_threshold(digits):
    X = digits[0]
    detector = NoveltyDetector().fit(X[:200])
    new = np.concatenate([X[200:260], np.eye(64)[:5]])
    np.testing.assert_array_equal(
        detector.score_samples(new) / detector.offset_ > 1, detector.predict(new) == -1
    )


# ---- where features come from --------------------------------------------------------------------


def test_a_fitted_transformer_is_used_as_it_is(digits):
    X = digits[0]
    fitted = PCA(5, random_state=0).fit(X[:150])
    detector = NoveltyDetector(fitted, metric="euclidean").fit(X[200:400])
    assert detector.transformer_ is fitted
    np.testing.assert_array_equal(detector.features_, fitted.transform(X[200:400]))


def test_one_that_is_not_fitted_is_cloned_and_fitted(digits):
    X, transformer = digits[0][:200], PCA(5, random_state=0)
    detector = NoveltyDetector(transformer, metric="euclidean").fit(X)
    assert not hasattr(transformer, "components_")
    np.testing.assert_allclose(
        detector.features_, clone(transformer).fit(X).transform(X), atol=1e-9
    )


@pytest.mark.parametrize(
    "transformer",
    [
        lambda X: np.asarray(X).reshape(len(X), -1) + 1.0,
        FunctionTransformer(lambda X: np.asarray(X).reshape(len(X), -1) + 1.0),
        make_pipeline(FunctionTransformer(lambda X: np.asarray(X).reshape(len(X), -1) + 1.0)),
    ],
    ids=["callable", "stateless", "pipeline"],
)
def test_images_and_any_transformer(transformer, digits):
    X = digits[0].reshape(-1, 8, 8)
    detector = NoveltyDetector(transformer).fit(X[:150])
    same = NoveltyDetector().fit(digits[0][:150] + 1)
    np.testing.assert_array_equal(
        detector.score_samples(X[150:]), same.score_samples(digits[0][150:] + 1)
    )


def test_files(tmp_path, digits):
    from PIL import Image

    paths = [str(tmp_path / f"{row}.png") for row in range(40)]
    for path, image in zip(paths, digits[0], strict=False):
        Image.fromarray((image.reshape(8, 8) * 15).astype(np.uint8)).save(path)
    loader = ImageLoader(flatten=True).fit(paths)
    detector = NoveltyDetector(loader, false_alarm_rate=0.1).fit(paths[:30])
    assert detector.predict(paths[30:]).shape == (10,)


def test_centred_features_are_said(digits):
    X = digits[0][:200]
    scaled = StandardScaler().fit_transform(X)
    with pytest.warns(UserWarning, match="Pass the steps before it, or metric='euclidean'"):
        NoveltyDetector().fit(scaled)
    NoveltyDetector(metric="euclidean").fit(scaled)  # no warning


def test_a_search_clones_it_and_pickles_hold_it(digits):
    X = digits[0]
    detector = NoveltyDetector(n_neighbors=2).fit(X[:150])
    again = clone(detector).fit(X[:150])
    for other in (again, pickle.loads(pickle.dumps(detector))):
        np.testing.assert_array_equal(other.score_samples(X[150:]), detector.score_samples(X[150:]))


def test_the_arrays_of_the_caller_stay_as_they_are(features):
    before = features.copy()
    detector = NoveltyDetector().fit(features)
    features[:] = 0  # what the caller does later does not matter
    assert (detector.features_ == before).all()


# ---- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"false_alarm_rate": 0}, "false_alarm_rate"),
        ({"false_alarm_rate": 1.0}, "false_alarm_rate"),
        ({"false_alarm_rate": "low"}, "false_alarm_rate"),
        ({"n_neighbors": 0}, "n_neighbors"),
        ({"n_neighbors": 2.5}, "n_neighbors"),
        ({"metric": "manhattan"}, "metric"),
        ({"n_neighbors": 120}, "only 119 other images for each image"),
    ],
)
def test_bad_parameters(features, params, message):
    with pytest.raises(ValueError, match=message):
        NoveltyDetector(**params).fit(features)


@pytest.mark.parametrize("transformer", ["mobilenet_v2", 5, PCA])
def test_what_is_no_transformer(features, transformer):
    with pytest.raises(TypeError, match="method transform, be callable, or be None"):
        NoveltyDetector(transformer).fit(features)


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (lambda X: X[:, 0], r"array of shape \(120,\) for 120 images"),
        (lambda X: X[:5], r"array of shape \(5, 6\) for 120 images"),
        (lambda X: X * np.nan, "NaN"),
    ],
)
def test_transformers_that_give_something_else(features, transformer, message):
    with pytest.raises(ValueError, match=message):
        NoveltyDetector(transformer).fit(features)


def test_another_number_of_features_than_in_fit(features):
    detector = NoveltyDetector(lambda X: X).fit(features)
    with pytest.raises(ValueError, match="returned 5 features, but 6 in fit"):
        detector.predict(features[:, :5])
    frame = pd.DataFrame(features, columns=list("abcdef"))
    detector = NoveltyDetector().fit(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        detector.predict(frame.rename(columns={"a": "z"}))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.zeros(120), "groups contains only one group"),
        (np.arange(5), "groups has 5 values, but there are 120 images"),
        (np.r_[np.zeros(117), [1, 2, 3]], "only 3 other images outside the group 0.0"),
        ([None] * 120, "groups has NaN or None"),
    ],
)
def test_bad_groups(features, groups, message):
    with pytest.raises(ValueError, match=message):
        NoveltyDetector().fit(features, groups=groups)


def test_before_fit_and_after_a_fit_that_failed(features):
    with pytest.raises(NotFittedError):
        NoveltyDetector().predict(features)
    detector = NoveltyDetector().fit(features)
    offset = detector.offset_
    with pytest.raises(ValueError, match="groups"):
        detector.fit(features[:50], groups=np.zeros(50))
    assert detector.offset_ == offset
    assert len(detector.features_) == 120


def test_training_images_have_no_predictions_of_their_own(features):
    assert not hasattr(NoveltyDetector(), "fit_predict")
    with pytest.raises(AttributeError, match="has no fit_predict"):
        NoveltyDetector().fit_predict(features)
