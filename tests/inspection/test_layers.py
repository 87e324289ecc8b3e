"""Networks are asked wherever they stand: alone, in pipelines, in searches, behind thresholds."""

import numpy as np
import pytest
from inspection.networks import averaging
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import CNNClassifier, Resize
from skdl.inspection import activations, feature_maps, grad_cam, occlusion_maps


@pytest.fixture(scope="module")
def binary(digits):
    chosen = digits[1] < 2
    return digits[0][chosen][:80], digits[1][chosen][:80]


def network(**params):
    return CNNClassifier(averaging, epochs=1, random_state=0, **params)


@pytest.fixture(scope="module")
def fitted(binary):
    return network().fit(*binary)


def assert_asked(estimator, X, inner, passed, predicted=None):
    """The functions give what the methods of the network inside give."""
    np.testing.assert_array_equal(grad_cam(estimator, X, 1), inner.grad_cam(passed, 1))
    np.testing.assert_array_equal(grad_cam(estimator, X), inner.grad_cam(passed, predicted))
    for layer in ("maps", "scores"):
        expected = inner.activations(passed, layer=layer)
        np.testing.assert_array_equal(activations(estimator, X, layer=layer), expected)
    maps = inner.activations(passed, layer="maps")
    np.testing.assert_array_equal(
        feature_maps(estimator, X, layer="maps"), maps.transpose(0, 3, 1, 2)
    )


def test_networks_themselves(fitted, binary):
    assert_asked(fitted, binary[0][:5], fitted, binary[0][:5])


def test_pipelines(binary):
    X, y = binary
    resizing = make_pipeline(Resize((12, 10)), network()).fit(X, y)
    assert_asked(resizing, X[:5], resizing[-1], resizing[0].transform(X[:5]))
    assert grad_cam(resizing, X[:5]).shape == (5, 12, 10)
    scaling = make_pipeline(StandardScaler(), network()).fit(X, y)
    assert_asked(scaling, X[:5], scaling[-1], scaling[0].transform(X[:5]))


def test_searches_inside_and_outside_of_pipelines(binary):
    X, y = binary
    pipeline = make_pipeline(StandardScaler(), network())
    outer = GridSearchCV(pipeline, {"cnnclassifier__epochs": [1]}, cv=2).fit(X, y)
    best = outer.best_estimator_
    assert_asked(outer, X[:5], best[-1], best[0].transform(X[:5]))
    inner = make_pipeline(StandardScaler(), GridSearchCV(network(), {"epochs": [1]}, cv=2))
    inner.fit(X, y)
    assert_asked(inner, X[:5], inner[-1].best_estimator_, inner[0].transform(X[:5]))


def test_the_predicted_class_is_that_of_the_threshold(binary):
    X, y = binary
    strict = FixedThresholdClassifier(
        network(), threshold=1.0, response_method="predict_proba", pos_label=1
    ).fit(X, y)
    predicted = strict.predict(X[:5])
    assert set(predicted) == {0}
    assert_asked(strict, X[:5], strict.estimator_, X[:5], predicted)


def test_forms_of_x(fitted, binary):
    X = binary[0][:3]
    expected = grad_cam(fitted, X)
    for same in (X.reshape(-1, 8, 8), X.tolist(), X.reshape(-1, 8, 8, 1)):
        np.testing.assert_array_equal(grad_cam(fitted, same), expected)


def test_bad_layers_and_labels(fitted, binary):
    X = binary[0][:2]
    for function in (grad_cam, activations, feature_maps):
        with pytest.raises(ValueError, match="no layer 'map'. Similar names: maps"):
            function(fitted, X, layer="map")
    with pytest.raises(ValueError, match=r"'scores' outputs values of shape \(2,\) for an image"):
        feature_maps(fitted, X, layer="scores")
    with pytest.raises(ValueError, match="7 at row 0, which is not among the classes"):
        grad_cam(fitted, X, 7)
    with pytest.raises(ValueError, match="X has 2 images, but y has 1 labels"):
        grad_cam(fitted, X, [1])


@pytest.mark.parametrize("function", [grad_cam, activations, feature_maps])
def test_bad_estimators(function, binary):
    X, y = binary
    layer = {"layer": "maps"}
    unfitted = [network(), make_pipeline(StandardScaler(), network())]
    for estimator in [*unfitted, GridSearchCV(network(), {"epochs": [1]})]:
        with pytest.raises(NotFittedError):
            function(estimator, X[:2], **layer)
    linear = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match=r"LogisticRegression has no \w+: pass a network"):
        function(linear, X[:2], **layer)
    unseen = make_pipeline(PCA(16), network()).fit(X, y)
    with pytest.raises(ValueError, match="CNNClassifier does not receive the images"):
        function(unseen, X[:2], **layer)


def test_what_is_public():
    import skdl.inspection

    public = {grad_cam, activations, feature_maps, occlusion_maps, skdl.inspection.NoveltyDetector}
    assert {getattr(skdl.inspection, name) for name in skdl.inspection.__all__} == public


@pytest.mark.parametrize("step", ["passthrough", None])
def test_a_first_step_that_does_nothing(binary, step):
    X, y = binary
    model = Pipeline([("step", step), ("network", network())]).fit(X, y)
    np.testing.assert_array_equal(grad_cam(model, X[:3]), grad_cam(model[-1], X[:3]))
