"""Studies with a pretrained network reach their goals."""

import pytest

from skdl.studies import get_study, run_study

pytestmark = pytest.mark.realdata


@pytest.fixture
def weights(data_home):
    return data_home / "weights" / "mobilenet_v2_1.0_224_no_top_from_int8.weights.h5"


def test_features_in_a_csv_file_and_an_svm(weights, tmp_path):
    options = {"backbone": "mobilenet_v2", "weights": str(weights), "out": tmp_path}
    run = run_study("medical-svm", only=["improved"], **options)
    (goal,) = get_study("medical-svm").goals
    area = run.comparison.query("metric == @goal.metric")["measured"]
    assert area.item() >= goal.at_least
    assert run.record["data"]["n_equal"] == 0
    assert run.record["settings"]["weights"] == weights.name


def test_features_of_photographs(data_home, weights, tmp_path):
    options = {"backbone": "mobilenet_v2", "weights": str(weights), "out": tmp_path}
    run = run_study("pets-features", n_train=40, only=["improved"], **options)
    assert run.record["models"]["improved"]["test"]["accuracy"]["value"] > 0.9
    record = (run.folder / "study.json").read_text()
    assert weights.name in record
    assert str(data_home) not in record  # where they lie is nobody's business
