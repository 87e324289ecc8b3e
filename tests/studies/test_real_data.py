"""A study with a pretrained network reaches its goal."""

import pytest

from skdl.studies import get_study, run_study

pytestmark = [
    pytest.mark.realdata,
    # One image of BUSI is there twice, and in two classes.
    pytest.mark.filterwarnings("ignore:Equal images belong to two classes"),
    pytest.mark.filterwarnings("ignore:1 test image stands in the training data"),
]


def test_features_in_a_csv_file_and_an_svm(data_home, tmp_path):
    weights = data_home / "weights" / "mobilenet_v2_1.0_224_no_top_from_int8.weights.h5"
    run = run_study("medical-svm", backbone="mobilenet_v2", weights=str(weights), out=tmp_path)
    (goal,) = get_study("medical-svm").goals
    area = run.comparison.query("variant == 'improved' and metric == @goal.metric")["measured"]
    assert area.item() >= goal.at_least
    assert run.record["settings"]["weights"] == weights.name
    run = run_study(
        "pets-features",
        backbone="mobilenet_v2",
        weights=str(weights),
        n_train=40,
        only=["improved"],
        out=tmp_path / "pets",
    )
    assert run.record["models"]["improved"]["test"]["accuracy"]["value"] > 0.9
    record = (run.folder / "study.json").read_text()
    assert weights.name in record
    assert str(data_home) not in record  # where they lie is nobody's business
