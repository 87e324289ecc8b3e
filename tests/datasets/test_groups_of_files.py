"""Groups that files tell of themselves: the patients and studies of DICOM files."""

import numpy as np
import pytest
from folders import load
from image_files import dicom

from skdl import cli
from skdl.datasets import load_image_folder


@pytest.fixture
def scans(tmp_path):
    """Write DICOM files of patients, each with pixels of its own."""

    def write(*patients, studies=()):
        for n, patient in enumerate(patients):
            path = tmp_path / "scans" / "ab"[n % 2] / f"{n}.dcm"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(n).integers(0, 4000, (8, 8), dtype=np.uint16)
            study = studies[n] if studies else "1.2.3"
            path.write_bytes(dicom(pixels, PatientID=patient, StudyInstanceUID=study))
        return tmp_path / "scans"

    return write


PATIENTS = ("P1", "P1", "P2", "P3")  # of a/0, b/1, a/2 and b/3


def test_patients_are_taken_aloud(scans):
    root = scans(*PATIENTS)
    with pytest.warns(UserWarning, match="^The PatientID of the files is used as groups."):
        bunch = load_image_folder(root)
    assert bunch.groups.tolist() == ["P1", "P2", "P1", "P3"]
    bunch, said = load(root, group_column="PatientID", n_samples=2)
    assert len(bunch.groups) == 2
    assert said == []
    assert load(root, group_column=False)[0].groups is None
    with pytest.warns(UserWarning, match=r"^The PatientID of the files .* return_X_y=True cannot"):
        load_image_folder(root, return_X_y=True)


def test_studies(scans):
    root = scans(*PATIENTS, studies=("1.1", "1.2", "1.1", "1.3"))
    bunch = load_image_folder(root, group_column="StudyInstanceUID")
    assert bunch.groups.tolist() == ["1.1", "1.1", "1.2", "1.3"]
    root = scans("", "", "", "", studies=("1.1", "1.2", "1.1", "1.3"))
    with pytest.warns(UserWarning, match="^The StudyInstanceUID of the files is used as groups."):
        assert load_image_folder(root).groups.tolist() == ["1.1", "1.1", "1.2", "1.3"]


@pytest.mark.parametrize(
    ("patients", "why"),
    [
        (("P1", "", "P2", "P3"), "1 file does not have it, such as '.*b/1.dcm'"),
        (("ANON",) * 4, "it is the same in all of them"),
    ],
)
def test_patients_that_are_not_taken(scans, patients, why):
    root = scans(*patients)
    with pytest.warns(UserWarning, match=f"^The PatientID of the files is not used as g.*{why}"):
        assert load_image_folder(root).groups is None
    if "" in patients:
        with pytest.raises(ValueError, match=f"group_column='PatientID', but {why}. Leave such"):
            load_image_folder(root, group_column="PatientID")
    else:
        assert load_image_folder(root, group_column="PatientID").groups.tolist() == ["ANON"] * 4


def test_what_files_do_not_tell(scans, pets):
    needed = (
        "group_column='PatientId', but .* files hold only PatientID, StudyInstanceUID. Did you mean"
    )
    with pytest.raises(ValueError, match=needed):
        load_image_folder(scans(*PATIENTS), group_column="PatientId")
    with pytest.raises(ValueError, match="group_column='PatientID', but .* no file holds any"):
        load_image_folder(pets, group_column="PatientID")


def test_tables_and_lists_come_first(scans):
    root = scans(*PATIENTS)
    rows = [f"{'ab'[n % 2]}/{n}.dcm,{n % 2},Q{n}" for n in range(4)]
    (root / "list.csv").write_text("\n".join(["path,label,patient", *rows]))
    assert load(root / "list.csv")[0].groups.tolist() == ["Q0", "Q1", "Q2", "Q3"]
    (root / "plain.csv").write_text("\n".join(["path,label,x", *rows]))
    assert load(root / "plain.csv")[0].groups.tolist() == list(PATIENTS)
    bunch, said = load(root, groups=root / "list.csv")
    assert (bunch.groups.tolist(), said) == (["Q0", "Q2", "Q1", "Q3"], [])


def test_mixed_folders_have_no_groups(scans, make_images):
    root = scans(*PATIENTS)
    (root / "a" / "9.png").write_bytes((make_images("9.png") / "9.png").read_bytes())
    with pytest.warns(UserWarning, match=r"1 file does not have it, such as '.*a/9.png'"):
        assert load_image_folder(root).groups is None


def test_an_audit_keeps_patients_together(scans, capsys):
    assert cli.main(["audit", str(scans(*PATIENTS))]) == 0
    assert "Audit of 4 images, 2 classes, 3 groups" in capsys.readouterr().out


def test_patients_in_two_subsets(scans):
    root = scans(*PATIENTS)
    for name, number in (("train", "0"), ("test", "1")):
        (root / name / "x").mkdir(parents=True)
        (root / "ab"[int(number)] / f"{number}.dcm").rename(root / name / "x" / f"{number}.dcm")
    for name in "ab":
        for file in (root / name).iterdir():
            file.unlink()
        (root / name).rmdir()
    with pytest.warns(UserWarning, match="1 group has images in two subsets"):
        load_image_folder(root, group_column="PatientID")
