"""Groups by what DICOM files say of themselves."""

import numpy as np
import pytest
from folders import load
from image_files import DEEP, GRAY, dicom

from skdl.datasets import load_image_folder


@pytest.fixture
def scans(tmp_path):
    """Four scans of three patients, one of whom is in both subsets."""
    patients = {"train/a/1": "P1", "train/a/2": "P2", "train/b/1": "P2", "test/a/1": "P1"}
    patients["test/b/1"] = "P3"
    for number, (name, patient) in enumerate(patients.items()):
        path = tmp_path / "scans" / f"{name}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        study = f"1.2.{number}"
        path.write_bytes(dicom(DEEP + number, PatientID=patient, StudyInstanceUID=study))
    return tmp_path / "scans"


def test_patients_and_studies(scans):
    bunch, messages = load(scans, group_column="PatientID")
    assert bunch.groups.tolist() == ["P1", "P2", "P2", "P1", "P3"]
    assert len(messages) == 1
    assert messages[0].startswith("1 group has images in two subsets")
    bunch, messages = load(scans, subset="test", group_column="StudyInstanceUID")
    assert (bunch.groups.tolist(), messages) == (["1.2.3", "1.2.4"], [])
    assert load_image_folder(scans).groups is None


def test_files_that_say_nothing(scans, make_images):
    needed = (
        r"1 file does not say it, such as '.*9.npy'. The files have PatientID, StudyInstanceUID"
    )
    np.save(scans / "train" / "a" / "9.npy", GRAY)
    with pytest.raises(ValueError, match=needed):
        load_image_folder(scans, group_column="PatientID")
    with pytest.raises(ValueError, match="group_column='patient', but 2 files do not say it, such"):
        load_image_folder(make_images("a/1.png", "b/1.png"), group_column="patient")
    with pytest.raises(ValueError, match="path_column, label_column and label_columns are for"):
        load_image_folder(scans, path_column="path")


def test_what_cannot_be_read_is_left_to_the_one_who_examines_it(scans):
    (scans / "train" / "a" / "0.dcm").write_bytes(b"")
    with pytest.raises(ValueError, match=r"1 file of .* cannot be read"):
        load_image_folder(scans, group_column="PatientID")
    bunch, _ = load(scans, group_column="PatientID", on_error="skip")
    assert len(bunch.groups) == len(bunch.data) == 5
