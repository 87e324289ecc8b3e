"""``skdl run``: the thin face of `analyze_folder`."""

import pytest
from digit_files import write_digits

from skdl import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("data") / "digits", n=40)


def test_it_says_what_it_found_and_plans_and_did(folder, capsys):
    status = cli.main(
        ["run", str(folder), "--models", "majority", "--folds", "3", "--positive", "3",
         "--report", "md", "--seed", "1"]
    )  # fmt: skip
    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert any(line.startswith("40 images of 2 classes: 3 (") for line in lines)
    assert "The positive class is '3'." in lines
    assert any(line.startswith("Planned: less than 1 s of 15 min") for line in lines)
    assert "roc_auc 0.500 (mean of 3 folds)" in out
    made = folder.with_name("digits-skdl")
    assert f"Report: {made / 'report.md'}" in out
    assert (made / "model.skdl").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--minutes", "0"], "minutes must be more than 0"),
        (["--models", "majority,svm"], "There is no model 'svm'"),
        (["--positive", "cat"], "'cat' is not one of the classes"),
        (["--folds", "99"], "there are 99 folds"),
        (["--exclude", "3", "--exclude", "8"], "exclude"),
        (["--group-column", "PatientID"], "PatientID"),
        (["--backbone", "onnx:absent.onnx"], "'onnx:absent.onnx' names a file that does not exist"),
    ],
)
def test_what_is_wrong_is_one_line(folder, tmp_path, capsys, arguments, said):
    status = cli.main(["run", str(folder), "--out", str(tmp_path / "o"), *arguments])
    err = capsys.readouterr().err
    assert status == 1
    assert err.startswith("skdl run: ")
    assert said in err
    assert not (tmp_path / "o").exists()
