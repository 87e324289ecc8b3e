"""Filling a store with the features of many images, in this process."""

import errno
import os
import re
import shutil

import numpy as np
import pytest
from brightness import Brightness, how_often
from PIL import Image

from skdl.store import FeatureStore, FillReport, _fill, fill


@pytest.fixture
def paths(tmp_path):
    return write_images(tmp_path / "images", 10)


def write_images(folder, n):
    folder.mkdir()
    draw = np.random.default_rng(0)
    paths = [str(folder / f"{number}.png") for number in range(n)]
    for path in paths:
        Image.fromarray(draw.integers(0, 256, (4, 5, 3), dtype=np.uint8)).save(path)
    return paths


def test_everything_is_computed_once(tmp_path, paths, capsys):
    features = Brightness(folder=tmp_path / "noted")
    (tmp_path / "noted").mkdir()
    report = fill(features, paths, tmp_path / "store", batch=4)
    assert isinstance(report, FillReport)
    assert (report.images, report.computed, report.found, report.unreadable) == (10, 10, 0, {})
    assert report.bytes == sum(map(os.path.getsize, paths))
    assert "10 images, " in capsys.readouterr().out
    again = fill(features, paths[::-1], tmp_path / "store", batch=3, verbose=0)
    assert (again.computed, again.found) == (0, 10)
    assert set(how_often(tmp_path / "noted").values()) == {1}
    assert capsys.readouterr().out == ""
    assert features.store is None
    assert not hasattr(features, "n_features_in_")


def test_a_pipeline_finds_what_was_filled(tmp_path, paths):
    fill(Brightness(), paths, tmp_path / "store", verbose=0)
    store = FeatureStore(tmp_path / "store")
    found = Brightness(store, folder=tmp_path).fit(paths).transform(paths)  # notes nothing
    expected = [np.asarray(Image.open(path)).reshape(-1, 3).mean(axis=0) for path in paths]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert store.hits == 10
    assert how_often(tmp_path) == {"images": 1, "store": 1}


def test_a_store_in_memory_and_a_fitted_transformer(paths):
    store = FeatureStore()
    fitted = Brightness().fit(paths)
    assert fill(fitted, paths, store, verbose=0).computed == 10
    assert fitted.store is None
    assert fill(fitted, paths, store, verbose=0).found == 10


def test_equal_images_and_paths_are_computed_once(tmp_path, paths):
    shutil.copy(paths[0], tmp_path / "copy.png")
    report = fill(
        Brightness(), [*paths, paths[3], tmp_path / "copy.png"], tmp_path / "s", verbose=0
    )
    assert (report.images, report.computed, report.found) == (11, 10, 1)


def test_relative_paths(tmp_path, paths, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(Brightness(), [os.path.relpath(path) for path in paths], "store", verbose=0)
    assert FeatureStore(tmp_path / "store").info().entries == 10


def test_unreadable_files_are_counted_and_named(tmp_path, paths, capsys):
    for path, content in ((paths[0], b""), (paths[7], b"no image")):
        with open(path, "wb") as file:
            file.write(content)
    gone = str(tmp_path / "gone.png")
    report = fill(Brightness(), [*paths, gone], tmp_path / "store", batch=4)
    assert (report.computed, report.found) == (8, 0)
    assert list(report.unreadable) == sorted([paths[0], paths[7], gone])
    assert report.unreadable[gone] == "there is no such file"
    said = capsys.readouterr().out
    assert f"Unreadable: {gone} (there is no such file); {paths[0]} (" in said
    many = [str(tmp_path / f"{number}.png") for number in range(9)]
    assert "; and 4 more." in str(fill(Brightness(), [*paths[1:3], *many], tmp_path / "s"))
    with pytest.raises(ValueError, match=r"None of the first 9 images can be read. The first"):
        fill(Brightness(), many, tmp_path / "store")


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_after_an_interrupt_the_rest_is_computed(tmp_path, paths, batch, monkeypatch):
    note, noted = Brightness._note, []

    def interrupted(self, name):
        noted.append(name)
        if len(noted) == 6:
            raise KeyboardInterrupt
        note(self, name)

    with monkeypatch.context() as patch:
        patch.setattr(Brightness, "_note", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fill(Brightness(), paths, tmp_path / "store", batch=batch, verbose=0)
    kept = FeatureStore(tmp_path / "store").info().entries
    assert kept == 5 // batch * batch
    report = fill(Brightness(), paths, tmp_path / "store", batch=batch, verbose=0)
    assert (report.found, report.computed) == (kept, 10 - kept)


def test_a_full_disk_is_an_error(tmp_path, paths, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    fill(Brightness(), paths[:4], tmp_path / "store", verbose=0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            fill(Brightness(), paths, tmp_path / "store", verbose=0)
    report = fill(Brightness(), paths, tmp_path / "store", verbose=0)
    assert (report.found, report.computed) == (4, 6)


def test_a_folder_that_vanishes_is_made_again(tmp_path, paths, monkeypatch):
    note = Brightness._note

    def removing(self, name):
        shutil.rmtree(tmp_path / "store", ignore_errors=True)
        note(self, name)

    monkeypatch.setattr(Brightness, "_note", removing)
    fill(Brightness(), paths, tmp_path / "store", batch=5, verbose=0)
    assert FeatureStore(tmp_path / "store").info().entries == 5  # of the last batch


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"features": None}, TypeError, "features must be a transformer that keeps what it"),
        ({"features": Image}, TypeError, "features must be a transformer that keeps what it"),
        ({"store": None}, TypeError, "store must be a folder or a FeatureStore"),
        ({"store": 3}, TypeError, "folder"),
        ({"paths": []}, ValueError, "X is empty"),
        ({"paths": np.zeros((3, 4))}, ValueError, "X does not hold paths of image files"),
        ({"batch": 0}, ValueError, "batch must be"),
        ({"batch": True}, ValueError, "batch must be"),
        ({"verbose": -1}, ValueError, "verbose must be"),
        (
            {"client": 3, "store": FeatureStore()},
            ValueError,
            "The workers of a cluster cannot share a store in memory",
        ),
        ({"client": "tcp://127.0.0.1:8786"}, TypeError, "client must be a distributed.Client"),
    ],
)
def test_bad_input(tmp_path, paths, given, error, message):
    params = {"features": Brightness(), "paths": paths, "store": tmp_path / "store", **given}
    with pytest.raises(error, match=re.escape(message)):
        fill(**params)


def test_a_store_that_is_too_small(tmp_path, paths):
    with pytest.raises(
        ValueError, match=r"need up to 912 bytes, but the store keeps 500 bytes"
    ) as e:
        fill(Brightness(), paths, FeatureStore(tmp_path / "store", max_bytes=500))
    advice = re.search(r"Pass (FeatureStore\(.*\))", str(e.value))[1]
    assert fill(Brightness(), paths, eval(advice), verbose=0).computed == 10


def test_files_are_few_afterwards_and_nothing_is_touched_where_nothing_is_new(tmp_path, paths):
    fill(Brightness(), paths, tmp_path / "store", batch=1, verbose=0)
    (shard,) = tmp_path.glob("store/*/*/*.shard")
    status = shard.stat()
    fill(Brightness(), paths, tmp_path / "store", verbose=0)
    (again,) = tmp_path.glob("store/*/*/*.shard")
    assert (again, again.stat().st_ino) == (shard, status.st_ino)


def test_a_disk_that_is_too_full_for_fewer_files_is_no_error(tmp_path, paths, monkeypatch):
    def full(self):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(FeatureStore, "compact", full)
    assert fill(Brightness(), paths, tmp_path / "store", verbose=0).computed == 10


def test_there_are_never_many_files(tmp_path, paths, monkeypatch):
    monkeypatch.setattr(_fill, "_BATCHES_APART", 3)
    place, numbers = tmp_path / "store", []
    note = Brightness._note

    def counting(self, name):
        numbers.append(len(list(place.glob("*/*/*.shard"))))
        note(self, name)

    monkeypatch.setattr(Brightness, "_note", counting)
    assert fill(Brightness(), paths, place, batch=1, verbose=0).computed == 10
    assert numbers == [0, 1, 2, 1, 2, 3, 1, 2, 3, 1]
    assert FeatureStore(place).info().files == 1
    assert fill(Brightness(), paths, place, verbose=0).found == 10


def test_what_a_killed_call_has_left_is_merged_first(tmp_path, paths, monkeypatch):
    for path in paths[:4]:
        with monkeypatch.context() as patch:
            patch.setattr(FeatureStore, "compact", lambda self: 0)
            fill(Brightness(), [path], tmp_path / "store", verbose=0)
    assert FeatureStore(tmp_path / "store").info().files == 4
    assert fill(Brightness(), paths[:4], tmp_path / "store", verbose=0).found == 4
    assert FeatureStore(tmp_path / "store").info().files == 1
