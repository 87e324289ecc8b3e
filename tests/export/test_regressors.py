"""Regressors behind features, as graphs."""

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import ElasticNet, LinearRegression, PoissonRegressor, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR, LinearSVR, NuSVR

from skdl import BackboneFeatures, export_onnx

ort = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def images():
    generator = np.random.default_rng(0)
    X = generator.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    means = X.mean(axis=(1, 2))
    return X, means[:, 0], means[:, [0, 2]]


@pytest.mark.parametrize(
    "regressor",
    [
        LinearRegression(),
        Ridge(10),
        RidgeCV(),
        ElasticNet(0.01),
        LinearSVR(max_iter=50_000),
        SVR(),
        SVR(kernel="linear"),
        NuSVR(kernel="poly", degree=2),
        GridSearchCV(Ridge(), {"alpha": [1, 10]}, cv=2),
    ],
    ids=lambda regressor: type(regressor).__name__,
)
def test_graphs_give_what_the_pipeline_gives(images, regressor, tmp_path):
    X, y, _ = images
    model = make_pipeline(BackboneFeatures(weights="random"), StandardScaler(), regressor)
    model.fit(X, y)
    session = ort.InferenceSession(export_onnx(model, tmp_path / "model.onnx"))
    assert [output.name for output in session.get_outputs()] == ["numbers"]
    (found,) = session.run(None, {"images": X[:7]})
    np.testing.assert_allclose(found, model.predict(X[:7]), rtol=1e-4)


def test_several_outputs(images, tmp_path):
    X, _, Y = images
    model = make_pipeline(BackboneFeatures(weights="random"), Ridge()).fit(X, Y)
    session = ort.InferenceSession(export_onnx(model, tmp_path / "model.onnx"))
    (found,) = session.run(None, {"images": X[:7]})
    np.testing.assert_allclose(found, model.predict(X[:7]), rtol=1e-4)


@pytest.mark.parametrize("regressor", [PoissonRegressor(), KernelRidge()])
def test_others_are_named(images, regressor, tmp_path):
    X, y, _ = images
    model = make_pipeline(BackboneFeatures(weights="random"), StandardScaler(), regressor)
    with pytest.raises(ValueError, match=f"a {type(regressor).__name__} in this position"):
        export_onnx(model.fit(X, y), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
