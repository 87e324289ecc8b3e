"""Files beside the images: annotations, and formats that are not read."""

import shutil
import sys
import warnings

import numpy as np
import pytest
from folders import load
from image_files import DEEP, dicom

import skdl
from skdl.datasets import load_image_folder


def test_formats_that_are_not_read_are_counted_aloud(make_images):
    root = make_images("a/1.png", "b/1.png")
    for name in ("a/1.nrrd", "a/2.nrrd", "b/3.LIF", "b/4.mat", "b/notes.txt"):
        (root / name).write_bytes(b"\0")
    needed = (
        r"4 files are in formats that are not supported: 1 .lif \(Leica, read by readlif\), 1 .mat "
        r"\(MATLAB, read by scipy.io.loadmat\), 2 .nrrd \(NRRD, read by pynrrd\). "
        r"Convert them to PNG or TIFF"
    )
    with pytest.warns(UserWarning, match=needed):
        assert len(load_image_folder(root).data) == 2
    for image in root.rglob("*.png"):
        image.unlink()
    with pytest.raises(ValueError, match=r"no image in .* among 5 files. 4 files are in formats"):
        load_image_folder(root)


@pytest.mark.parametrize("name", ["IM{:04}", "1.2.840.113619.2.5.17628{}", "image.{}"])
def test_files_without_an_ending_are_counted_aloud(make_images, name):
    root = make_images("a/1.png", "b/1.png")
    for n in range(6):
        (root / "a" / name.format(n)).write_bytes(b"\0")
    needed = r"6 files are in formats that are not supported: 6 without an ending. Convert"
    with pytest.warns(UserWarning, match=needed):
        assert load_image_folder(root).ignored == {"": 6}


def test_a_few_texts_without_an_ending_are_no_images(make_images):
    root = make_images("a/1.png", "b/1.png")
    for name in ("README", "LICENSE", "a/Makefile", "b/3.txt"):
        (root / name).write_bytes(b"\0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_image_folder(root).ignored == {"": 3, ".txt": 1}


def test_other_files(pets):
    for name in (".DS_Store", "Thumbs.db", "cats/.hidden.png", "cats/desktop.ini"):
        (pets / name).write_bytes(b"")
    (pets / "__MACOSX" / "cats").mkdir(parents=True)
    (pets / "__MACOSX" / "cats" / "1.png").write_bytes(b"")
    (pets / ".git").mkdir()
    for name in ("README", "cats/notes.TXT", "dogs/notes.txt"):
        (pets / name).write_text("text")
    bunch = load_image_folder(pets)
    assert len(bunch.data) == 5
    assert bunch.ignored == {"": 1, ".txt": 2}
    assert "3 files of other kinds" in bunch.DESCR


@pytest.mark.parametrize(
    ("place", "images"),
    [
        ("annotations", ("cats/1.png", "dogs/2.png")),
        ("Annotations/xmls", ("cats/1.png", "dogs/2.png")),
        ("annotations", ("images/cats/1.png", "images/dogs/2.png")),
        ("train/annotations", ("train/cats/1.png", "train/dogs/2.png")),
        ("annotations", ("train/cats/1.png", "train/dogs/2.png")),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_annotations_is_no_class(make_images, tmp_path, place, images, packed):
    root = make_images(*images)
    (root / place).mkdir(parents=True)
    for name in ("1.xml", "2.JSON", "list.txt"):
        (root / place / name).write_text("text")
    path = shutil.make_archive(str(root), "zip", root) if packed else root
    bunch, (message,) = load(path)
    said = "1 folder holds text files only, such as annotations, and is skipped: "
    assert message.startswith(said)
    assert place.split("/xmls")[0] in message
    assert bunch.target_names.tolist() == ["cats", "dogs"]
    assert bunch.ignored == {".json": 1, ".txt": 1, ".xml": 1}


def test_a_folder_of_other_files_is_an_empty_class(make_images):
    root = make_images("cats/1.png", "dogs/2.png")
    (root / "birds").mkdir()
    for name in ("1.xml", "1.mat"):
        (root / "birds" / name).write_text("text")
    with pytest.raises(ValueError, match="birds: there is no image in this folder"):
        load_image_folder(root)


def test_annotations_inside_a_class_are_no_news(make_images):
    root = make_images("cats/1.png", "dogs/2.png")
    (root / "cats/annotations").mkdir()
    (root / "cats/annotations/1.xml").write_text("text")
    bunch, messages = load(root)
    assert (len(bunch.data), messages) == (2, [])


# ---- kinds that need an extra ------------------------------------------------------------------


def write_kinds(root):
    """Three DICOM, two NIfTI and one HEIC file beside one PNG of each class; bytes will do."""
    for name in ("a/1.dcm", "a/2.DCM", "b/3.dicom", "a/4.nii", "b/5.nii.gz", "b/6.heic"):
        (root / name).write_bytes(b"\0")
    return root


def test_kinds_that_need_an_extra_say_which(make_images, monkeypatch):
    root = write_kinds(make_images("a/1.png", "b/1.png"))
    for module in ("pydicom", "nibabel", "pillow_heif"):
        monkeypatch.setitem(sys.modules, module, None)
    (message,) = load(root)[1]
    assert message == (
        "Images that need a library are left out: 2 .dcm files: install skdl[dicom]; "
        "1 .dicom file: install skdl[dicom]; 1 .heic file: install skdl[heif]; "
        "1 .nii file: install skdl[nifti]; "
        "1 .nii.gz file: install skdl[nifti]."
    )
    assert load(root)[0].ignored[".nii.gz"] == 1
    for image in root.rglob("*.png"):
        image.unlink()
    with pytest.raises(ValueError, match=r"no image in .* among 6 files. .*2 .dcm files: install"):
        load_image_folder(root)


@pytest.mark.parametrize("packed", [False, True])
def test_dicom_files_without_an_ending(make_images, monkeypatch, packed):
    root = make_images("a/1.png", "b/1.png")
    for name in ("a/IM0001", "a/1.2.840.113619.2.5", "b/IM0003"):
        (root / name).write_bytes(dicom(DEEP[:8, :8] >> 4))
    (root / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM" + b"1.2.840.10008.1.3.10\0")
    (root / "README").write_text("text")
    path = shutil.make_archive(str(root), "zip", root) if packed else root
    bunch = load_image_folder(path)
    assert bunch.target.tolist() == [0, 0, 0, 1, 1]
    assert bunch.ignored == {"": 2}
    monkeypatch.setitem(sys.modules, "pydicom", None)
    bunch, messages = load(path)
    assert len(bunch.data) == 2
    assert messages == [
        "Images that need a library are left out: 3 files without an ending: install skdl[dicom]."
    ]


def test_files_of_every_kind_are_images_like_any_others(tmp_path):
    """In folders, audits, look-alikes and estimators, on disk and in an archive."""
    for label in ("a", "b"):
        (tmp_path / "scans" / label).mkdir(parents=True)
        for n in range(4):
            pixels = np.random.default_rng(n + 10 * (label == "b")).integers(
                0, 4096, (16, 16), dtype=np.uint16
            )
            if n == 3:
                pixels = np.outer(np.arange(16), np.arange(16)).astype(np.uint16)
            scale = {"RescaleSlope": 1 + (label == "b"), "RescaleIntercept": -1024}
            content = dicom(pixels, **scale)
            (tmp_path / "scans" / label / f"{n}.dcm").write_bytes(content)
    archive = shutil.make_archive(str(tmp_path / "scans"), "zip", tmp_path / "scans")
    for source in (tmp_path / "scans", archive):
        bunch, messages = load(source, group_column=False)
        assert (bunch.target.tolist(), bunch.ignored) == ([0] * 4 + [1] * 4, {})
        assert bunch.duplicates == []
        found = skdl.audit_images(bunch.data, bunch.target, verbose=0)
        assert set(found.images["format"]) == {"DICOM"}
        assert set(found.images["dtype"]) == {"float32"}
        assert found.images["low"].min() >= -1024
        pairs = [*found.copies.itertuples(), *found.look_alikes.itertuples()]
        assert [(pair.first, pair.second) for pair in pairs] == [(3, 7)]
        loaded = skdl.ImageLoader(8).fit_transform(bunch.data)
        assert loaded.shape == (8, 8, 8, 1)
        assert messages == []


@pytest.mark.networks
def test_estimators_take_files_of_every_kind(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(12) % 2
    paths, images = [], []
    for n, label in enumerate(labels):
        images.append(rng.integers(0, 2000, (8, 8)).astype(np.float32) + 2000 * label)
        paths.append(tmp_path / f"{n}.npy")
        np.save(paths[-1], images[-1])
    model = skdl.CNNClassifier(epochs=1, random_state=0)
    of_files = model.fit(paths, labels).predict_proba(paths)
    of_arrays = model.fit(np.stack(images), labels).predict_proba(np.stack(images))
    np.testing.assert_array_equal(of_files, of_arrays)
