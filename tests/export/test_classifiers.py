"""What stands behind features: transformers, classifiers and thresholds of scikit-learn."""

import numpy as np
import pytest
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.linear_model import (
    LogisticRegression,
    Perceptron,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC, NuSVC

from skdl import BackboneFeatures


@pytest.fixture(scope="module")
def digit_images(digits):
    """Sixty digits of four kinds, and features of theirs."""
    X, y = digits
    rows = np.flatnonzero(y < 4)[:60]
    images = X[rows].reshape(-1, 8, 8, 1).astype(np.float32)
    network = BackboneFeatures(store=None).fit(images)
    return images, y[rows], network


def behind(network, *steps):
    """A pipeline whose features are computed once: fitted on features, put behind the network."""
    return make_pipeline(network, *steps)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize(
    "classifier",
    [
        LogisticRegression(),
        LogisticRegression(fit_intercept=False),
        LinearSVC(),
        RidgeClassifier(),
        SGDClassifier(random_state=0),
        SGDClassifier(loss="log_loss", random_state=0),
        Perceptron(),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5),
        SVC(),
        SVC(kernel="linear", C=0.1),
        SVC(kernel="poly", coef0=1.0, gamma=0.01),
        SVC(decision_function_shape="ovo"),
        SVC(break_ties=True, gamma=0.1),
        NuSVC(nu=0.3, gamma="auto"),
    ],
    ids=str,
)
def test_classifiers(classifier, n_classes, digit_images, agree):
    images, y, network = digit_images
    names = np.array(["zero", "one", "two", "three"])[y % n_classes]
    run = agree(behind(network, StandardScaler(), classifier).fit(images, names), images)
    kind = "probabilities" if hasattr(classifier, "predict_proba") else "scores"
    assert [output.name for output in run.session.get_outputs()] == ["label", kind]


def test_liblinear_of_two_classes(digit_images, agree):
    images, y, network = digit_images
    agree(behind(network, LogisticRegression(solver="liblinear")).fit(images, y % 2), images)


@pytest.mark.parametrize(
    "transformer",
    [
        StandardScaler(with_mean=False),
        StandardScaler(with_std=False),
        MinMaxScaler((-1, 2)),
        MinMaxScaler(clip=True),
        MaxAbsScaler(),
        RobustScaler(),
        Normalizer(),
        Normalizer("l1"),
        Normalizer("max"),
        PCA(5),
        PCA(5, whiten=True),
        TruncatedSVD(5),
        SelectKBest(k=7),
        VarianceThreshold(0.01),
    ],
    ids=str,
)
def test_transformers(transformer, digit_images, agree):
    """On images that are brighter and darker than those of the fit, too."""
    images, y, network = digit_images
    pipeline = behind(network, transformer).fit(images[:30], y[:30])
    agree(pipeline, np.concatenate([images, images[:3] / 4]))


@pytest.mark.parametrize("positive", ["even", "odd"])
@pytest.mark.parametrize(
    "classifier", [LogisticRegression(C=0.01), LinearSVC()], ids=["probabilities", "scores"]
)
def test_thresholds(classifier, positive, digit_images, agree):
    """Moved so that labels are others than without it."""
    images, y, network = digit_images
    names = np.array(["even", "odd"])[y % 2]
    plain = behind(network, StandardScaler(), classifier).fit(images, names)
    responses = (
        plain.predict_proba(images)[:, int(positive == "odd")]
        if hasattr(plain, "predict_proba")
        else plain.decision_function(images) * (1 if positive == "odd" else -1)
    )
    for share in (0.1, 0.9):
        limit = float(np.mean(np.sort(responses)[int(share * 60) : int(share * 60) + 2]))
        moved = FixedThresholdClassifier(plain, threshold=limit, pos_label=positive)
        run = agree(moved.fit(images, names), images)
        n_positive = np.count_nonzero(run(images)["label"] == positive)
        assert n_positive == 60 - int(share * 60) - 1
    usual = FixedThresholdClassifier(plain, pos_label=positive).fit(images, names)
    agree(usual, images)


@pytest.mark.parametrize("response", ["predict_proba", "decision_function"])
def test_tuned_thresholds(response, digit_images, agree):
    images, y, network = digit_images
    tuned = TunedThresholdClassifierCV(
        behind(network, LogisticRegression(C=0.01)), response_method=response, cv=2
    )
    agree(tuned.fit(images, y == 3), images)


def test_a_threshold_inside_a_pipeline(digit_images, agree):
    images, y, network = digit_images
    inside = FixedThresholdClassifier(LogisticRegression(), threshold=0.2)
    agree(behind(network, StandardScaler(), inside).fit(images, y == 3), images)


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (
            SGDClassifier(loss="modified_huber"),
            "how SGDClassifier converts scores to probabilities",
        ),
        (SVC(kernel="sigmoid"), "an? SVC with an unsupported kernel"),
        (OneVsRestClassifier(LinearSVC()), "a OneVsRestClassifier in this position"),
    ],
    ids=["modified_huber", "sigmoid", "one against the rest"],
)
def test_what_is_refused(classifier, message, digit_images, exported):
    images, y, network = digit_images
    with pytest.raises(ValueError, match=message):
        exported(behind(network, classifier).fit(images, y))


def test_a_threshold_on_probabilities_that_are_not_exported(digit_images, exported):
    images, y, network = digit_images
    svc = SVC(probability=True) if "probability" in SVC().get_params() else None
    if svc is None:
        pytest.skip("this scikit-learn has no probabilities of an SVC")
    model = FixedThresholdClassifier(behind(network, svc)).fit(images, y % 2)
    with pytest.raises(ValueError, match="only scores are exported: set response_method"):
        exported(model)
