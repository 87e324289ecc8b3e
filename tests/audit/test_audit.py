"""Audits of data sets with planted faults: each is found, and nothing else is."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse

import skdl
from skdl import images
from skdl.audit import DataAudit, audit_images
from skdl.datasets import load_digits_images
from skdl.images import _files

N = 24


@pytest.fixture(name="X")
def some_pictures(make_pictures):
    return make_pictures(N)


@pytest.fixture(name="y")
def two_classes():
    return np.arange(N) % 2


def save(folder, X, ending=".png", **options):
    """Files of images, in their order."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{row:03}{ending}" for row in range(len(X))]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image.squeeze()).save(path, **options)
    return [str(path) for path in paths]


def brightened(image):
    return np.clip(image * 0.8 + 30, 0, 255).astype(np.uint8)


# ---- nothing to find -----------------------------------------------------------------------------


def test_different_pictures_are_sound(X, y):
    audit = audit_images(X, y)
    assert isinstance(audit, DataAudit)
    assert audit.findings == []
    tables = "unreadable", "copies", "look_alikes", "conflicts", "group_conflicts", "empty"
    assert [len(getattr(audit, name)) for name in tables] == [0] * 6
    assert audit.groups.tolist() == list(range(N))
    assert audit.summary()[["found", "images"]].to_numpy().sum() == 0
    assert str(audit) == f"Audit of {N} images, 2 classes, {N} groups\n\nNothing was found."


def test_it_is_reached_from_the_root():
    assert skdl.audit_images is audit_images
    assert skdl.audit.DataAudit is DataAudit


def test_files_and_arrays_are_measured_alike(X, tmp_path):
    of_files = audit_images(save(tmp_path / "a", X)).images
    of_arrays = audit_images(X).images
    shared = [name for name in of_arrays if name not in ("format", "bytes")]
    pd.testing.assert_frame_equal(of_files[shared], of_arrays[shared])
    assert set(of_files["format"]) == {"PNG"}
    sizes = [len((tmp_path / "a" / f"{row:03}.png").read_bytes()) for row in range(N)]
    assert of_files["bytes"].tolist() == sizes


@pytest.mark.parametrize("as_", [list, pd.Series, np.array])
def test_paths_come_in_any_container(X, tmp_path, as_):
    paths = save(tmp_path / "a", X[:4])
    assert audit_images(as_(paths)).images["path"].tolist() == paths


def test_flat_and_gray_arrays(make_pictures):
    gray = make_pictures(6, channels=1)[..., 0]
    whole = audit_images(gray)
    assert whole.sizes.to_dict("records") == [{"height": 32, "width": 32, "images": 6}]
    assert whole.modes["channels"].tolist() == [1]
    pd.testing.assert_frame_equal(audit_images(gray.reshape(6, -1)).images, whole.images)


@pytest.mark.parametrize("n_channels", [2, 5])
def test_arrays_of_any_channels(make_pictures, n_channels):
    X = np.concatenate([make_pictures(12, seed=seed) for seed in (0, 1)], axis=3)[..., :n_channels]
    X[7] = X[2]
    X[9] = X[3, :, ::-1]
    audit = audit_images(X, np.arange(12) % 2)
    assert audit.modes.to_dict("records")[0]["channels"] == n_channels
    assert audit.copies["row"].tolist() == [2, 7]
    pairs = audit.look_alikes[["first", "second"]].to_numpy().tolist()
    assert [3, 9] in pairs
    assert audit.groups[3] == audit.groups[9] != audit.groups[0]
    flat = audit_images(X.reshape(12, -1), np.arange(12) % 2, image_shape=X.shape[1:])
    pd.testing.assert_frame_equal(flat.images, audit.images)
    with pytest.raises(ValueError, match="Images are channels-last"):
        audit_images(np.moveaxis(X, -1, 1))
    narrow = audit_images(X[:, :1], image_shape=(1, 32, n_channels))
    assert narrow.modes["channels"].tolist() == [n_channels]


def test_nothing_of_the_users_is_written_to(X, y):
    X.setflags(write=False)
    y.setflags(write=False)
    audit_images(X, y, groups=y)


# ---- unreadable ----------------------------------------------------------------------------------


def test_unreadable_files_are_listed_and_the_rest_is_audited(X, y, tmp_path):
    X[5] = X[1]
    paths = save(tmp_path / "a", X)
    (tmp_path / "a" / "002.png").write_bytes(b"no image")
    (tmp_path / "a" / "003.png").unlink()
    audit = audit_images(paths, y)
    assert audit.unreadable["row"].tolist() == [2, 3]
    assert audit.unreadable["path"].tolist() == paths[2:4]
    assert audit.unreadable["class"].tolist() == [0, 1]
    assert "not an image of the kinds" in audit.unreadable["reason"][0]
    assert "there is no such file" in audit.unreadable["reason"][1]
    assert audit.copies["row"].tolist() == [1, 5]
    assert audit.findings[0].startswith(f"2 of {N} files cannot be read, such as ")
    assert "002.png" in audit.findings[0]
    assert len(audit.groups) == N
    assert audit.images["unreadable"].to_numpy().nonzero()[0].tolist() == [2, 3]
    assert audit.images["brightness"].isna().to_numpy().nonzero()[0].tolist() == [2, 3]


def test_files_of_which_none_can_be_read():
    audit = audit_images(["no.png", "such.png"], [0, 1])
    assert audit.unreadable["row"].tolist() == [0, 1]
    assert audit.groups.tolist() == [0, 1]
    assert audit.shortcuts.empty
    assert "2 of 2 files cannot be read" in str(audit)
    assert "no.png" in audit._repr_html_()


def test_a_directory_and_infinity_cannot_be_read(tmp_path, make_pictures):
    X = make_pictures(3, channels=1).astype(np.float32)[..., 0]
    X[1, 3, 3] = np.inf
    paths = [tmp_path / f"{row}.tif" for row in range(3)]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    (tmp_path / "folder.png").mkdir()
    audit = audit_images([*paths, tmp_path / "folder.png"])
    assert audit.unreadable["row"].tolist() == [1, 3]
    assert audit.unreadable["reason"].tolist() == [
        "its values contain NaN or infinity",
        "it is a folder",
    ]


# ---- copies and look-alikes ----------------------------------------------------------------------


def test_copies_are_of_pixels_and_not_of_bytes(X, tmp_path):
    paths = save(tmp_path / "a", X[:6])
    paths += save(tmp_path / "b", X[:2], compress_level=0)
    paths += save(tmp_path / "c", X[2:3], ".bmp")
    audit = audit_images(paths)
    assert audit.copies["set"].tolist() == [0, 0, 1, 1, 2, 2]
    assert audit.copies["row"].tolist() == [0, 6, 1, 7, 2, 8]
    assert audit.copies["path"].tolist() == [paths[row] for row in (0, 6, 1, 7, 2, 8)]
    assert audit.look_alikes.empty  # copies are none
    assert audit.groups.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2]
    assert "3 of 9 images repeat another one pixel for pixel" in audit.findings[0]


def test_equal_bytes_of_another_shape_or_depth_are_no_copies(make_pictures, tmp_path):
    flat = np.arange(64, dtype=np.uint8)
    paths = [tmp_path / f"{i}.png" for i in range(2)]
    for path, shape in zip(paths, [(4, 16), (16, 4)], strict=True):
        Image.fromarray(flat.reshape(shape)).save(path)
    assert audit_images(paths).copies.empty


def test_look_alikes_are_found_and_join_groups(X, y):
    X[7] = brightened(X[3])
    X[9] = brightened(X[3])
    audit = audit_images(X, y)
    found = audit.look_alikes
    assert set(zip(found["first"], found["second"], strict=True)) == {(3, 7), (3, 9), (7, 9)} or (
        # Equal ones are copies, of which the first stands for both.
        audit.copies["row"].tolist() == [7, 9]
        and set(zip(found["first"], found["second"], strict=True)) == {(3, 7)}
    )
    assert (found["similarity"] >= 0.95).all()
    assert (found["similarity"] <= 1).all()
    assert len({audit.groups[row] for row in (3, 7, 9)}) == 1
    assert audit.groups.max() + 1 == N - 2
    assert audit.images["look_alikes"][3]
    assert any("look like another one" in finding for finding in audit.findings)


def test_the_most_similar_pairs_come_first(X):
    X[1] = brightened(X[0])
    X[3] = np.clip(X[2] + np.random.default_rng(0).normal(0, 6, X[2].shape), 0, 255)
    similarity = audit_images(X).look_alikes["similarity"]
    assert len(similarity) == 2
    assert similarity.is_monotonic_decreasing


def test_many_copies_make_few_pairs(make_pictures):
    X = np.repeat(make_pictures(3), 40, axis=0)
    X[0] = brightened(X[0])
    audit = audit_images(X)
    assert audit.copies["set"].value_counts().tolist() == [40, 40, 39]
    assert len(audit.look_alikes) == 1
    assert audit.groups.max() == 2


def test_copies_of_arrays_beside_most_others(make_pictures):
    """Where few rows are left out, all are compared, and pairs of copies are dropped."""
    X = make_pictures(40)
    X[5], X[6], X[7] = X[4], X[4], brightened(X[4])
    audit = audit_images(X)
    found = audit.look_alikes
    assert list(zip(found["first"], found["second"], strict=True)) == [(4, 7)]


def test_similarity_is_the_bar(X):
    noise = np.random.default_rng(0).normal(0, 25, X[0].shape)
    X[1] = np.clip(X[0] + noise, 0, 255)
    assert len(audit_images(X, similarity=0.8).look_alikes) == 1
    assert len(audit_images(X, similarity=0.9999).look_alikes) == 0


# ---- conflicts -----------------------------------------------------------------------------------


def test_conflicts_of_copies_and_look_alikes(X, tmp_path):
    y = np.array(["benign"] * 12 + ["malignant"] * 12)
    X[1], X[20] = X[0], X[0]  # two of one class, one of the other
    X[21] = brightened(X[5])
    X[7] = brightened(X[6])  # of one class
    audit = audit_images(X, y)
    found = audit.conflicts
    assert found[["first", "second"]].to_numpy().tolist() == [[0, 20], [5, 21]]
    assert found["similarity"][0] == 1
    assert found["first_class"].tolist() == ["benign"] * 2
    assert found["second_class"].tolist() == ["malignant"] * 2
    assert audit.findings[0].startswith("2 pairs of copies or look-alikes are of different classes")
    assert "row 0 and row 20 ('benign' and 'malignant')" in audit.findings[0]
    named = audit_images(save(tmp_path / "a", X), y)
    assert "'000.png' and '020.png' ('benign' and 'malignant')" in named.findings[0]


def test_one_picture_of_two_patients(X, y):
    X[4], X[8] = X[0], brightened(X[2])
    groups = np.array([f"p{row // 2}" for row in range(N)])
    audit = audit_images(X, y, groups=groups)
    found = audit.group_conflicts
    assert found[["first", "second"]].to_numpy().tolist() == [[0, 4], [2, 8]]
    assert found["first_group"].tolist() == ["p0", "p1"]
    assert found["second_group"].tolist() == ["p2", "p4"]
    assert "row 0 and row 4 ('p0' and 'p2')" in "".join(audit.findings)
    joined = {frozenset(np.flatnonzero(audit.groups == own)) for own in np.unique(audit.groups)}
    assert {frozenset((0, 1, 4, 5)), frozenset((2, 3, 8, 9)), frozenset((6, 7))} <= joined
    assert len(joined) == N // 2 - 2


def test_look_alikes_of_one_patient_are_no_conflict(X):
    X[1] = X[0]
    assert audit_images(X, groups=np.arange(N) // 2).group_conflicts.empty


# ---- what images are like ------------------------------------------------------------------------


def test_sizes_and_modes(make_pictures, tmp_path):
    paths = save(tmp_path / "a", make_pictures(5))
    paths += save(tmp_path / "b", make_pictures(3, side=20, channels=1, seed=1), ".jpg")
    audit = audit_images(paths)
    assert audit.sizes.to_dict("records") == [
        {"height": 32, "width": 32, "images": 5},
        {"height": 20, "width": 20, "images": 3},
    ]
    assert audit.modes.to_dict("records") == [
        {"channels": 3, "dtype": "uint8", "format": "PNG", "images": 5},
        {"channels": 1, "dtype": "uint8", "format": "JPEG", "images": 3},
    ]
    assert "Color and grayscale images are mixed: color (5), grayscale (3)" in audit.findings[-1]


def test_files_of_several_depths(make_pictures, tmp_path):
    gray = make_pictures(8, channels=1)[..., 0]
    deep = gray[4:].astype(np.uint16) * 257
    paths = save(tmp_path / "a", gray[:4]) + save(tmp_path / "b", deep)
    audit = audit_images(paths)
    assert audit.unreadable.empty
    assert sorted(audit.modes["dtype"]) == ["uint16", "uint8"]
    assert "Files are of several depths: " in "".join(audit.findings)


def test_empty_images(X):
    X[2] = 7
    X[3] = [9, 0, 200]  # one colour, too
    X[4] = 100 + (X[4] > 250)
    X[6] = 7  # equal to another one, and no copy of it
    audit = audit_images(X)
    assert audit.empty["row"].tolist() == [2, 3, 4, 6]
    assert audit.empty["kind"].tolist() == ["one color", "one color", "nearly empty", "one color"]
    assert audit.copies.empty
    assert audit.groups.tolist() == list(range(N))
    assert any("3 of 24 images are of one color, such as row 2" in text for text in audit.findings)
    assert any("1 of 24 images is nearly empty, such as row 4" in text for text in audit.findings)


@pytest.mark.parametrize(("scale", "shift"), [(1 / 255, 0), (1, 0), (257, 0), (10, -1000)])
def test_what_is_empty_does_not_hang_on_the_scale(X, scale, shift):
    X[4] = 100 + (X[4] > 250)
    assert audit_images(X.astype(float) * scale + shift).empty["row"].tolist() == [4]


def test_a_dark_picture_with_something_in_it_is_not_empty(X):
    X[4] = 0
    X[4, 3:6, 3:6] = 255
    assert audit_images(X).empty.empty


def test_value_ranges(X, y):
    values = X.astype(np.float32)
    values[y == 1] /= 255
    audit = audit_images(values, np.where(y, "ill", "well"))
    ranges = audit.value_ranges
    assert ranges.index.tolist() == ["ill", "well"]
    assert ranges.loc["ill", ["images", "low", "high"]].tolist() == [12, 0, 1]
    assert ranges.loc["well", ["images", "low", "high"]].tolist() == [12, 0, 255]
    assert ranges.loc["well", "brightness"] == pytest.approx(X[y == 0].mean(), rel=1e-4)
    text = "Value ranges differ between classes: 0 to 1 in 'ill' and 0 to 255 in 'well'."
    assert any(finding.startswith(text) for finding in audit.findings)
    assert audit_images(values).value_ranges.index.tolist() == ["all"]


# ---- as many as there are ------------------------------------------------------------------------


def test_an_archive_is_audited_in_place(X, y, tmp_path):
    X[1] = X[0]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for row, image in enumerate(X):
            png = io.BytesIO()
            Image.fromarray(image).save(png, "PNG")
            archive.writestr(f"{y[row]}/{row}.png", png.getvalue())
    paths = [f"{tmp_path}/a.zip/{y[row]}/{row}.png" for row in range(N)]
    audit = audit_images([*paths, f"{tmp_path}/a.zip/none.png"])
    assert audit.copies["row"].tolist() == [0, 1]
    assert audit.unreadable["row"].tolist() == [N]


def test_each_file_is_measured_in_one_reading(X, tmp_path, monkeypatch):
    read, paths = [], save(tmp_path / "a", X)
    monkeypatch.setattr("skdl.audit._audit.search", lambda *args: [np.empty(0, int)] * 3)
    original = _files.read_bytes
    monkeypatch.setattr(_files, "read_bytes", lambda path: read.append(path) or original(path))
    monkeypatch.setattr("skdl.audit._audit._result", lambda *args: None)
    audit_images(paths)
    assert sorted(read) == sorted(paths)


def test_arrays_are_measured_in_chunks(make_pictures, monkeypatch):
    X = make_pictures(10)
    whole = audit_images(X).images
    monkeypatch.setattr("skdl.images._facts._CHUNK_BYTES", 3 * X[0].size * 4)
    seen, original = [], images.ImageArray.chunks

    def watched(self, size, *args):
        for span, pixels, digests in original(self, size, *args):
            seen.append(len(pixels))
            yield span, pixels, digests

    monkeypatch.setattr(images.ImageArray, "chunks", watched)
    pd.testing.assert_frame_equal(audit_images(X).images, whole)
    assert seen[:4] == [3, 3, 3, 1]


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_any_number_of_threads_finds_the_same(X, y, tmp_path, n_jobs):
    X[1] = brightened(X[0])
    paths = save(tmp_path / "a", X)
    audit, wanted = audit_images(paths, y, n_jobs=n_jobs), audit_images(paths, y)
    pd.testing.assert_frame_equal(audit.images, wanted.images)
    pd.testing.assert_frame_equal(audit.look_alikes, wanted.look_alikes)


def test_progress_is_shown_when_asked_for(X, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("skdl._utils.progress._SECONDS_BETWEEN_LINES", -1)
    paths = save(tmp_path / "a", X)
    audit_images(paths)
    assert capsys.readouterr().out == ""
    audit_images(paths, verbose=1)
    assert f"Looking at images {N}/{N}" in capsys.readouterr().out


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"X": []}, ValueError, "X"),
        ({"X": "folder"}, ValueError, "X is a single value, 'folder'"),
        ({"X": sparse.eye(4)}, TypeError, "Sparse data was passed"),
        ({"X": np.full((3, 4, 4), np.nan)}, ValueError, "NaN"),
        ({"y": [0, 1]}, ValueError, f"y has 2 rows, and X has {N}"),
        ({"y": [0.5] * N}, ValueError, "y has the value 0.5 at row 0"),
        ({"y": [None] + [1] * (N - 1)}, ValueError, "y has NaN or None at row 0"),
        ({"groups": [1, 2]}, ValueError, f"groups has 2 values, but there are {N} images"),
        ({"groups": [None] + [1] * (N - 1)}, ValueError, "groups has NaN or None at row 0. Give"),
        ({"groups": [1] * N}, ValueError, "groups contains only one group, 1"),
        ({"similarity": 1.1}, ValueError, "similarity must be a finite number from 0 to 1"),
        ({"similarity": True}, ValueError, "similarity must be a finite number"),
        ({"similarity": "high"}, ValueError, "similarity must be a finite number"),
        ({"n_jobs": 1.5}, ValueError, "n_jobs must be a whole number"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
        ({"verbose": -1}, ValueError, "verbose must be a whole number of at least 0"),
    ],
)
def test_bad_input(X, y, changes, error, message):
    with pytest.raises(error, match=message):
        audit_images(**{"X": X, "y": y, **changes})


def test_one_image(make_pictures):
    audit = audit_images(make_pictures(1), ["a"], groups=["p"])
    assert audit.groups.tolist() == [0]
    assert audit.findings == []


def test_real_digits_have_no_copies():
    digits = load_digits_images(n_samples=200)
    audit = audit_images(digits.data, digits.target)
    assert audit.copies.empty
    assert len(audit.classes) == 10
