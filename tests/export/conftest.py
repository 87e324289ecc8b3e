"""How the tests of this folder run what was exported."""

import numpy as np
import pytest

import skdl


class Exported:
    """A file in ONNX Runtime."""

    def __init__(self, path):
        import onnxruntime

        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0]
        self.facts = self.session.get_modelmeta().custom_metadata_map

    def __call__(self, images):
        names = [output.name for output in self.session.get_outputs()]
        return dict(zip(names, self.session.run(None, {self.input.name: images}), strict=True))


METHODS = {
    "label": "predict",
    "numbers": "predict",
    "probabilities": "predict_proba",
    "scores": "decision_function",
}


@pytest.fixture
def exported(tmp_path):
    """A function that exports an estimator."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")

    def export(estimator):
        return Exported(skdl.export_onnx(estimator, tmp_path / "model.onnx"))

    return export


@pytest.fixture
def agree(exported):
    """A function that exports an estimator and holds what the file gives against what it gives.

    Numbers agree to 1e-5 of the largest; of images as the estimator takes them, and as the graph
    does where these differ.
    """

    def compare(estimator, images, of_graph=None):
        run = exported(estimator)
        found = run(images if of_graph is None else of_graph)
        for name, values in found.items():
            wanted = np.asarray(getattr(estimator, METHODS.get(name, "transform"))(images))
            assert values.shape == wanted.shape
            if name == "label":
                assert values.tolist() == wanted.tolist()
            else:
                scale = np.abs(wanted).max()
                assert scale > 0
                np.testing.assert_allclose(values, wanted, rtol=0, atol=1e-5 * scale)
        return run

    return compare
