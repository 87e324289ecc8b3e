"""A store in a folder: merging, what others do meanwhile, and where nothing can be written."""

import errno
import inspect
import os
import shutil
import subprocess
import warnings
from pathlib import Path

import pytest
from stored import FORMAT, change, place_of_row

from skdl.store import FeatureStore, _folder


def test_large_puts_are_several_shards(bounded):
    stored = bounded(20_000)  # which removes whole shards: they should not be too large
    keys = stored.put(100)
    assert len(stored.shards()) == 3
    assert stored.found(keys) == 100


def test_the_folder_is_deleted_while_in_use(stored):
    keys = stored.put(5)
    shutil.rmtree(stored.folder)
    assert stored.found(keys) == 0
    assert stored.store.info().entries == 0
    keys = stored.put(5)
    assert stored.found(keys) == 5
    assert stored.store.info().spaces[0].space == stored.space


def test_the_folder_is_deleted_while_it_is_written(stored, monkeypatch):
    stored.put(1)
    real = os.write
    deleted = []

    def write(file, data):
        if not deleted:
            deleted.append(shutil.rmtree(stored.folder))
        return real(file, data)

    monkeypatch.setattr(os, "write", write)
    assert stored.found(stored.put(5, "new")) == 5
    assert deleted


@pytest.mark.parametrize("error", [FileNotFoundError, FileExistsError, PermissionError])
def test_the_store_is_cleared_between_two_steps_of_a_put(stored, monkeypatch, error):
    failures = [error("as mkdir and access say it")] * 3
    real = os.replace

    def replace(source, target):
        if failures and str(target).endswith(".shard"):
            stored.again().store.clear()
            raise failures.pop()
        return real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    stored.put(5, "before")
    assert stored.found(stored.put(5)) == 5
    assert not failures
    failures += [error("for good")] * 9
    with pytest.warns(UserWarning, match="cannot be stored"):
        stored.put(5, "more")


def test_another_process_clears(stored):
    keys = stored.put(5)
    assert stored.again().store.clear() > 0
    assert stored.found(keys) == 0
    assert stored.found(stored.put(5)) == 5


def test_small_shards_are_merged(stored):
    keys = [stored.put(1, f"{i}")[0] for i in range(200)]
    assert len(stored.shards()) <= 65
    assert stored.found(keys) == 200
    assert stored.again().found(keys) == 200
    assert stored.store.verify().entries == 200


def test_small_shards_of_other_processes_are_merged(stored):
    keys = []
    for i in range(70):  # each of them a process that only puts
        keys += stored.again().put(1, f"{i}")
    assert len(stored.shards()) <= 65
    assert stored.again().found(keys) == 70


def test_merging_keeps_spaces_and_widths_apart(stored):
    for i in range(100):
        stored.put(1, f"{i}", width=8 + i % 2)
        stored.put(1, f"{i}", space={})
    for i in range(100):
        assert stored.found(stored.keys(1, f"{i}"), width=8 + i % 2) == 1
        assert stored.found(stored.keys(1, f"{i}"), space={}) == 1


def test_merging_leaves_out_damage_and_what_was_superseded(stored):
    for i in range(64):
        stored.put(2, f"{i % 32}")
    change(stored.shards()[40], -1)
    gone = stored.shards()[41]
    change(stored.shards()[42], 0)
    other = stored.again()
    other.found(stored.keys(1, "unknown"))
    gone.unlink()
    other.put(2, "last")
    other.put(2, "one more")
    other.put(2, "and another")
    assert len(stored.shards()) <= 4
    check = stored.store.verify()
    assert check.damaged_entries == 0
    assert len(check.damaged_files) <= 1
    assert check.entries <= 2 * 35
    kept = sum(other.found(stored.keys(2, f"{i}")) for i in range(32))
    assert kept >= 2 * 32 - 5


def test_large_shards_are_not_merged(stored):
    for n in (60, 300):  # large in bytes, and in entries
        stored.put(n, f"{n}", width=5000)
    large = stored.shards()
    for i in range(70):
        stored.put(1, f"{i}", width=5000)
    assert len(stored.shards()) < 70
    assert all(shard.exists() for shard in large)


def test_merging_is_cheap_in_the_long_run(stored, monkeypatch):
    written = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda f, data: written.append(len(data)) or real(f, data))
    for i in range(600):
        stored.put(1, f"{i}")
    assert len(stored.shards()) <= 64 + 600 // 256 + 1
    assert sum(written) < 5 * sum(path.stat().st_size for path in stored.shards())


def test_merging_with_a_small_bound(bounded):
    stored = bounded(20_000)
    for i in range(400):
        stored.put(1, f"{i}")
        assert stored.size() <= 20_000
    assert stored.found(stored.keys(1, "399")) == 1
    # The bound removes shards, and must not find everything in one of them.
    assert len(stored.shards()) > 4
    assert stored.store.info().entries > 60


def test_two_processes_merge_at_once(stored, monkeypatch):
    """While one has read the small shards and not yet written, the other merges them."""
    for i in range(64):
        stored.put(1, f"{i}")
    first, second = stored.again(), stored.again()
    for store in (first, second):
        store.found(stored.keys(1, "unknown"))
    real = os.replace
    calls = []

    def replace(source, target):
        if os.path.getsize(source) > 60 * 68 and not calls:
            calls.append(1)
            second.put(1, "second")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    first.put(1, "first")
    assert calls
    for store in (first, second, stored, stored.again()):
        keys = [stored.keys(1, name)[0] for name in (*map(str, range(64)), "first", "second")]
        assert store.found(keys) == 66
    assert stored.store.verify().sound


def test_a_disk_that_is_too_full_to_merge(stored, monkeypatch):
    keys = [stored.put(1, f"{i}")[0] for i in range(64)]
    real = os.write

    def write(file, data):
        if len(data) > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(file, data)

    monkeypatch.setattr(os, "write", write)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keys += stored.put(1, "last")
    assert stored.found(keys) == 65
    assert stored.again().found(keys) == 65


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk(stored, monkeypatch, code):
    keys = stored.put(3)
    real = os.write

    def write(file, data):
        real(file, b"some of it")
        raise OSError(code, os.strerror(code))

    before = stored.files()
    monkeypatch.setattr(os, "write", write)
    with pytest.warns(
        UserWarning, match=f"{stored.folder}.*{os.strerror(code)}.*Free disk space"
    ) as w:
        stored.put(3, "more")
    assert w[0].filename == inspect.getfile(type(stored))  # which called put
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stored.put(3, "more")
    assert stored.files() == before
    assert stored.found(keys + stored.keys(3, "more")) == 3
    monkeypatch.setattr(os, "write", real)  # there is room again
    assert stored.found(stored.put(3, "more")) == 3


def test_a_disk_that_is_really_full(bounded, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system of our own can be mounted here")
    try:
        stored = bounded(2**30, "small")
        stored.store.check_writable()
        keys = stored.put(500)
        with pytest.warns(UserWarning, match="No space left on device"):
            stored.put(5000, "more")
        assert stored.found(keys + stored.keys(5000, "more")) == 500
        assert len(stored.files()) == 2
        assert stored.store.verify().sound
        assert stored.found(stored.put(500, "less")) == 500
        stored.put(3400, "rest")
        stored.store.check_writable()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_check_writable(stored):
    stored.store.check_writable()
    assert [p.name for p in stored.folder.rglob("*")] == [FORMAT]
    assert stored.store.info().of_this_format


@pytest.mark.parametrize("below", ["", "/below", "/far/below"])
def test_a_file_in_the_way(bounded, tmp_path, below):
    stored = bounded(10**6, f"file{below}")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="since '.*file' is a file. Choose another") as caught:
        stored.store.check_writable()
    assert f"The folder {str(stored.folder)!r} of the feature store" in str(caught.value)
    assert stored.found(stored.keys(2)) == 0
    with pytest.warns(UserWarning, match="cannot be stored in"):
        stored.put(2)
    assert stored.found(stored.keys(2)) == 0
    assert (tmp_path / "file").read_text() == "mine"


def test_a_file_in_place_of_the_format(stored):
    stored.folder.mkdir()
    (stored.folder / FORMAT).write_text("mine")
    with pytest.raises(FileExistsError, match=f"since '.*{FORMAT}' is a file"):
        stored.store.check_writable()
    assert stored.store.clear() == 0
    assert stored.store.info().of_this_format is False


def test_no_permission(stored, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        with pytest.raises(PermissionError, match=r"store' of the feature store cannot be written"):
            stored.store.check_writable()

    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        with pytest.raises(OSError, match="Read-only file system. Choose another folder") as caught:
            stored.store.check_writable()
    assert caught.value.errno == errno.EROFS
    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", refuse)
        with pytest.raises(OSError, match="Read-only file system"):
            stored.store.check_writable()


def test_check_writable_lets_a_full_disk_pass(stored, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "touch", full)
    assert stored.store.check_writable() is None


def test_a_folder_that_can_only_be_read(stored, monkeypatch):
    keys = stored.put(3)

    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for name in ("utime", "replace", "unlink"):
        monkeypatch.setattr(os, name, refuse)
    other = stored.again()
    assert other.found(keys) == 3
    with pytest.warns(UserWarning, match="Read-only file system"):
        other.put(3, "more")


@pytest.mark.parametrize(("bound", "n_files"), [(10**5, 10), (10**6, 2)])
def test_a_large_store_has_larger_files(bounded, monkeypatch, bound, n_files):
    monkeypatch.setattr(_folder, "_SHARD_BYTES", 100 * (8 * 4 + 36))
    monkeypatch.setattr(_folder, "_SHARDS_AT_MOST", 20)
    stored = bounded(bound)
    keys = stored.put(1_000)
    assert len(stored.shards()) == n_files
    assert stored.found(keys) == stored.again().found(keys) == 1_000


def test_compacting_leaves_full_files(stored, monkeypatch):
    keys = [key for number in range(20) for key in stored.put(300, f"{number}")]
    others = stored.put(300, "others", width=5)
    alone = stored.put(2, "alone", space={"another": "space"})
    assert len(stored.shards()) == 22
    reader = stored.again()
    assert reader.found(keys) == 6000
    monkeypatch.setattr(_folder, "_SHARD_BYTES", 1000 * (8 * 4 + 36))
    monkeypatch.setattr(_folder, "_SHARDS_AT_MOST", 10**6)
    assert stored.again().store.compact() == 20 - 7  # three at a time, and two
    assert len(stored.shards()) == 9
    for store in (stored, reader, stored.again()):
        assert store.found(keys) == 6000
        assert store.found(others, width=5) == 300
        assert store.found(alone, space={"another": "space"}) == 2
    assert stored.again().store.compact() == 0
    assert stored.store.verify().entries == 6302


def test_compacting_drops_what_is_there_twice_or_damaged(stored):
    keys = stored.put(300)
    first, second = stored.again(), stored.again()
    for writer in (first, second):
        writer.found(stored.keys(3, "more"))
    first.put(300, "more")
    second.put(300, "more")
    change(stored.shards()[0], place_of_row(stored.shards()[0], keys[3]))
    assert stored.again().store.compact() == 2
    assert stored.again().store.info().entries == 599
    assert stored.again().found(keys) == 299
    assert stored.again().store.verify().sound


def test_compacting_on_a_full_disk_loses_nothing(stored, monkeypatch):
    keys = stored.put(300) + stored.put(300, "more")

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            stored.store.compact()
    assert stored.found(keys) == stored.again().found(keys) == 600
    assert stored.store.compact() == 1
    assert FeatureStore().compact() == 0
