"""A store in a folder: damage, the bound, merging, and what other processes do meanwhile."""

import errno
import inspect
import json
import os
import shutil
import struct
import subprocess
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from skdl.store import _folder, _index, _limit, _shards

FORMAT = "features-v1"


def change(path, position, bits=1):
    """Flip bits of one byte, without a new modification time."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[position] ^= bits
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


# ---- files -------------------------------------------------------------------------------------


def test_nothing_is_made_before_it_is_needed(stored):
    assert stored.found(stored.keys(2)) == 0
    assert stored.store.info().of_this_format is False
    assert stored.store.verify().sound
    assert stored.store.clear() == 0
    stored.put(0)
    assert not stored.folder.exists()


def test_the_files_of_a_store(stored):
    stored.put(3)
    description, shard = sorted(stored.files(), key=lambda path: path.suffix)
    assert (description.name, shard.suffix) == ("space.json", ".shard")
    assert description.parent == shard.parent
    assert description.parent.parent.name == FORMAT
    assert json.loads(description.read_text()) == stored.space
    assert shard.stat().st_size == 64 + 3 * (32 + 4 + 8 * 4)
    assert shard.read_bytes()[-32:] == stored.rows(stored.keys(3))[-1].tobytes()


def test_another_process_finds_it(stored):
    keys = stored.put(5)
    other = stored.again()
    assert other.found(keys) == 5
    more = stored.put(5, "more")
    assert other.found(keys + more) == 10


def test_shards_are_opened_once(stored, monkeypatch):
    for i in range(4):
        stored.put(2, f"{i}")
    opened = []
    monkeypatch.setattr(
        _index, "open_shard", lambda *a: opened.append(a[0]) or _shards.open_shard(*a)
    )
    other = stored.again()
    for _ in range(3):
        assert other.found(stored.keys(2, "0")) == 2
        assert other.found(stored.keys(2, "unknown")) == 0
    assert sorted(opened) == sorted(stored.shards())
    stored.put(1, "new")
    other.found(stored.keys(2, "unknown"))
    assert len(opened) == 5


def test_known_entries_need_no_listing(stored, monkeypatch):
    keys = stored.put(5)
    stored.found(keys)
    monkeypatch.setattr(_index.os, "listdir", None)
    assert stored.found(keys) == 5


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_any_part(stored, monkeypatch, seed):
    monkeypatch.setattr(_shards, "_BYTES_AT_A_TIME", 20 * 32)
    rng = np.random.default_rng(seed)
    keys = [key for i in range(3) for key in stored.put(100, f"{i}")]
    for size in (1, 7, 150, 400):
        chosen = [keys[i] for i in rng.integers(0, 300, size)]
        chosen[:: seed + 2] = stored.keys(len(chosen[:: seed + 2]), "unknown")
        unknown = len(chosen[:: seed + 2])
        assert stored.found(chosen) == size - unknown


def test_a_row_wider_than_what_is_read_at_a_time(stored, monkeypatch):
    monkeypatch.setattr(_shards, "_BYTES_AT_A_TIME", 10)
    assert stored.found(stored.put(5)) == 5


def test_large_puts_are_several_shards(bounded, monkeypatch):
    stored = bounded(2**30)
    monkeypatch.setattr(_folder, "_SHARD_BYTES", 10 * (32 + 36))
    keys = stored.put(35)
    assert len(stored.shards()) == 4
    assert stored.found(keys) == 35


# ---- damage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [False, True], ids=["new process", "same process"])
def test_a_flipped_bit_in_an_entry(stored, known):
    keys = stored.put(5)
    (shard,) = stored.shards()
    change(shard, -33)  # the last byte of the last row but one
    reader = stored if known else stored.again()
    assert reader.found(keys) == 4
    assert reader.found(keys[3:4]) == 0
    check = stored.store.verify()
    assert (check.entries, check.damaged_entries, check.damaged_files) == (4, 1, ())
    assert not check.sound


@pytest.mark.parametrize("rounds", [1, 2])
def test_what_was_damaged_is_put_again_and_wins(stored, rounds):
    keys = stored.put(5)
    for _ in range(rounds):
        change(stored.shards()[-1], -1)
        stored = stored.again()
        assert stored.found(keys) == 4
        stored.put(5)
        assert stored.found(keys) == 5
    for _ in range(5):  # whichever shard a new process happens to read first
        assert stored.again().found(keys) == 5


# In the header: each field; then a key, and a checksum of an entry.
@pytest.mark.parametrize("position", [0, 8, 12, 16, 23, 24, 55, 56, 60, 63, 64, 64 + 5 * 32])
def test_a_flipped_bit_before_the_entries(stored, position):
    keys = stored.put(5)
    (shard,) = stored.shards()
    change(shard, position)
    other = stored.again()
    assert other.found(keys) == 0
    assert other.store.verify().damaged_files == (shard,)
    other.put(5)
    assert other.found(keys) == 5
    assert other.again().found(keys) == 5


@pytest.mark.parametrize("known", [False, True], ids=["new process", "same process"])
@pytest.mark.parametrize("size", [0, 10, 64, 100, 64 + 5 * 36, 64 + 5 * 68 - 1, 64 + 5 * 68 + 1])
def test_a_shard_of_another_size(stored, size, known):
    keys = stored.put(5)
    stored.put(5, "whole")
    shard = stored.shards()[0]
    data = shard.read_bytes()
    shard.write_bytes((data + b"x")[:size])
    reader = stored if known else stored.again()
    assert reader.found(keys + stored.keys(5, "whole")) == 5
    assert reader.found(keys) == 0
    assert stored.store.verify().damaged_files == (shard,)
    reader.put(5)
    assert reader.found(keys) == 5


def test_a_file_that_shrinks_while_it_is_read(stored, monkeypatch):
    monkeypatch.setattr(_shards, "_BYTES_AT_A_TIME", 32)
    keys = stored.put(5)
    (shard,) = stored.shards()
    real = os.fstat

    def shrink(file):
        status = real(file)
        os.truncate(shard, 64 + 5 * 36 + 40)
        return status

    monkeypatch.setattr(_shards.os, "fstat", shrink)
    assert stored.found(keys) == 0


def test_pages_of_zeros(stored):
    keys = stored.put(5)
    (shard,) = stored.shards()
    data = shard.read_bytes()
    shard.write_bytes(data[:-96] + bytes(96))  # as after a power failure
    assert stored.found(keys) == 2
    shard.write_bytes(bytes(len(data)))
    assert stored.again().found(keys) == 0


def test_garbage_among_the_shards(stored, tmp_path):
    keys = stored.put(5)
    place = stored.shards()[0].parent
    (place / "empty.shard").touch()
    (place / "garbage.shard").write_bytes(np.random.default_rng(0).bytes(5000))
    huge = struct.pack("<8sIIQ", b"SKDLFEAT", 1, 2**32 - 1, 2**60)
    (place / "huge.shard").write_bytes(huge + bytes(40))
    (place / "folder.shard").mkdir()
    (place / "dangling.shard").symlink_to(tmp_path / "nowhere")
    (place / "notes.txt").write_text("mine")
    other = stored.again()
    assert other.found(keys + stored.keys(3, "unknown")) == 5
    other.put(2, "more")
    info = other.store.info()
    assert (info.entries, info.files) == (7, 5)
    check = other.store.verify()
    assert {p.name for p in check.damaged_files} == {"empty.shard", "garbage.shard", "huge.shard"}
    assert check.entries == 7
    other.store.verify(repair=True)
    assert other.store.verify().sound
    assert other.found(keys) == 5
    assert (place / "notes.txt").read_text() == "mine"
    assert (place / "folder.shard").is_dir()


def test_a_shard_of_another_space(stored):
    keys = stored.put(5)
    stored.put(1, "other", space={})
    wrong, right = sorted(stored.shards(), key=lambda p: p.stat().st_size)
    shutil.copy(right, wrong.with_name("ab.shard"))
    assert stored.found(keys, space={}) == 0
    assert stored.store.verify().damaged_files == (wrong.with_name("ab.shard"),)


def test_repair(stored):
    keys = stored.put(5)
    stored.put(3, "entire")
    stored.put(4, "lost")
    first, _, last = stored.shards()
    change(first, -1)
    change(last, 0)
    os.utime(first, (1e9, 1e9))
    before = stored.files()
    assert not stored.store.verify().sound
    assert stored.files() == before
    check = stored.store.verify(repair=True)
    assert (check.entries, check.damaged_entries, check.damaged_files) == (7, 1, (last,))
    assert not check.sound
    check = stored.store.verify()
    assert (check.entries, check.files, check.sound) == (7, 2, True)
    assert stored.found(keys) == 4
    assert stored.again().found(keys + stored.keys(3, "entire")) == 7
    assert not first.exists()


def test_repair_of_a_shard_without_a_right_entry(stored):
    stored.put(1)
    (shard,) = stored.shards()
    change(shard, -1)
    stored.store.verify(repair=True)
    assert stored.shards() == []


def test_a_damaged_description(stored):
    keys = stored.put(2)
    description = stored.shards()[0].with_name("space.json")
    description.write_text("{}")
    assert stored.store.info().spaces[0].space is None
    assert stored.store.verify().damaged_files == (description,)
    stored.store.verify(repair=True)
    assert not description.exists()
    assert stored.store.verify().sound
    stored.put(1, "new")
    assert stored.store.info().spaces[0].space == stored.space
    assert stored.found(keys) == 2


# ---- other processes ---------------------------------------------------------------------------


def test_removed_shards(stored):
    keys = stored.put(5)
    others = stored.put(5, "others")
    assert stored.found(keys + others) == 10
    stored.shards()[0].unlink()
    assert stored.found(keys + others) == 5
    stored.put(5)
    assert stored.found(keys + others) == 10


def test_a_key_in_two_shards(stored):
    first, second = stored.again(), stored.again()
    for writer in (first, second):
        writer.found(stored.keys(3))
    keys = first.put(3)
    second.put(3)
    assert len(stored.shards()) == 2
    for store in (first, second, stored):
        assert store.found(keys) == 3
    stored.shards()[0].unlink()
    for store in (first, second, stored):
        assert store.found(keys) == 3
    stored.shards()[0].unlink()
    for store in (first, second, stored):
        assert store.found(keys) == 0


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
    real = _shards._write
    deleted = []

    def write(file, pieces):
        real(file, pieces)
        if not deleted:
            deleted.append(shutil.rmtree(stored.folder))

    monkeypatch.setattr(_shards, "_write", write)
    assert stored.found(stored.put(5, "new")) == 5
    assert deleted


@pytest.mark.parametrize("error", [FileNotFoundError, FileExistsError, PermissionError])
def test_the_store_is_cleared_between_two_steps_of_a_put(stored, monkeypatch, error):
    failures = [error("as mkdir and access say it")] * 3
    real = _shards.write_shard

    def write_shard(*args):
        if failures:
            stored.again().store.clear()
            raise failures.pop()
        return real(*args)

    monkeypatch.setattr(_folder, "write_shard", write_shard)
    stored.put(5, "before")
    assert stored.found(stored.put(5)) == 5
    failures += [error("for good")] * 9
    with pytest.warns(UserWarning, match="cannot be stored"):
        stored.put(5, "more")


def test_another_process_clears(stored):
    keys = stored.put(5)
    assert stored.again().store.clear() > 0
    assert stored.found(keys) == 0
    assert stored.found(stored.put(5)) == 5


def test_shards_that_vanish_between_listing_and_opening(stored, monkeypatch):
    keys = stored.put(3) + stored.put(3, "more")
    first, second = stored.shards()
    real = _shards.open_shard
    moved = []

    def open_shard(path, space):
        if not moved:  # as if another process had merged both into a new one
            for shard in (first, second):
                moved.append(shard.rename(shard.with_name("ab" + shard.name)))
        return real(path, space)

    monkeypatch.setattr(_index, "open_shard", open_shard)
    assert stored.again().found(keys) == 6


def test_a_shard_that_cannot_be_read_for_a_moment(stored, monkeypatch):
    keys = stored.put(3)
    other = stored.again()
    real = Path.open

    def stale(path, *args, **kwargs):
        if path.suffix == ".shard":
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return real(path, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", stale)
        assert other.found(keys) == 0
        assert stored.found(keys) == 0
    assert other.found(keys) == 3
    assert stored.found(keys) == 3


def test_another_format_is_left_alone(stored):
    keys = stored.put(2)
    later = stored.folder / "features-v2" / ("ab" * 32) / "x.shard"
    later.parent.mkdir(parents=True)
    later.write_bytes(b"of the future")
    (stored.folder / "features-very-old").mkdir()
    assert stored.store.info().other_formats == ("features-v2",)
    assert stored.store.verify(repair=True).sound
    assert stored.found(keys) == 2
    stored.store.clear()
    assert later.read_bytes() == b"of the future"


def test_clear_leaves_other_files(stored):
    stored.put(2)
    stored.put(2, space={})
    place = stored.shards()[0].parent
    kept = [
        stored.folder / "notes.txt",
        stored.folder / "x.shard",
        stored.folder / FORMAT / "notes.shard",
        stored.folder / FORMAT / "mine" / "x.shard",
        place / "notes.txt",
        place / "notes.part",
    ]
    (place / ".x.shard.12-ab.part").touch()
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    size = sum(p.stat().st_size for p in stored.files()) - 4 * len(kept)
    assert stored.store.clear() == size
    assert stored.files() == sorted(kept)
    assert len(list((stored.folder / FORMAT).iterdir())) == 3


def test_clear_leaves_the_folder_itself(stored):
    stored.put(2)
    stored.store.clear()
    assert list(stored.folder.iterdir()) == []


# ---- the bound ---------------------------------------------------------------------------------


def age(path, seconds):
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def test_the_least_recently_used_go_first(bounded):
    stored = bounded(8_600)
    names = [f"{i}" for i in range(6)]
    for name in names:
        before = set(stored.shards())
        stored.put(15, name)  # 64 + 15 * 68 = 1084 bytes
        (new,) = set(stored.shards()) - before
        age(new, 1000 * (10 - int(name)))
    assert stored.again().found(stored.keys(1, "0")) == 1  # now it is the newest
    stored.put(15, "last")
    assert stored.size() == 7 * 1084
    stored.put(15, "one more")
    assert stored.size() == 7 * 1084 <= 0.9 * 8_600
    left = [n for n in (*names, "last", "one more") if stored.found(stored.keys(15, n)) == 15]
    assert left == ["0", "2", "3", "4", "5", "last", "one more"]


def test_the_bound_holds_for_all_spaces_and_widths(bounded):
    stored = bounded(20_000)
    for i in range(30):
        stored.put(10, f"{i}", width=8 + i % 3, space={"space": i % 4})
        assert stored.size() <= 20_000
    assert stored.found(stored.keys(10, "29"), width=8 + 29 % 3, space={"space": 1}) == 10


def test_another_process_has_filled_the_folder(bounded):
    bounded(10**6).put(200)
    stored = bounded(5_000)
    stored.put(1, "new")
    assert stored.size() <= 4_500
    assert stored.found(stored.keys(1, "new")) == 1


@pytest.mark.parametrize("bound", [1, 100, 140, 1000, 5000])
def test_more_than_the_bound_is_put(bounded, bound):
    stored = bounded(bound)
    keys = stored.put(1000)
    assert stored.size() <= 0.9 * bound
    found = stored.found(keys)
    assert found * 68 <= 0.9 * bound
    assert found >= 0.7 * (0.9 * bound - 140) / (68 + 64)
    assert stored.found(keys[:found]) == found


def test_listing_everything_is_rare(bounded, monkeypatch):
    stored = bounded(10**6)
    scans = []
    real = _limit.SizeLimit._enforce_now
    monkeypatch.setattr(
        _limit.SizeLimit, "_enforce_now", lambda self: scans.append(1) or real(self)
    )
    for i in range(40):
        stored.put(10, f"{i}")
    assert len(scans) == 1
    monkeypatch.setattr(_limit, "_SECONDS_UNSEEN", -1)
    stored.put(10, "later")
    assert len(scans) == 2


def test_files_that_cannot_be_removed(bounded, monkeypatch):
    stored = bounded(5_000)
    stored.put(60)

    def refuse(path, missing_ok=False):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        stored.put(60, "more")
    stored.put(1, "last")
    assert stored.size() <= 5_000


def test_use_is_noted_once_a_minute(stored, monkeypatch):
    keys = stored.put(2)
    (shard,) = stored.shards()
    age(shard, 5000)
    old = shard.stat().st_mtime
    other = stored.again()
    other.found(keys)
    assert shard.stat().st_mtime > old + 4000
    age(shard, 5000)
    other.found(keys)
    assert shard.stat().st_mtime < time.time() - 4000
    monkeypatch.setattr(_shards, "_TOUCHED_EVERY", 0)
    monkeypatch.setattr(_shards.os, "utime", lambda path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        other.found(keys)


@pytest.mark.parametrize("ahead", [3600, 10 * 365 * 24 * 3600])
def test_what_is_dated_in_the_future_ages_from_now_on(bounded, ahead):
    """As by a clock that is wrong; it was kept for ever."""
    stored = bounded(5_000)
    keys = [stored.put(8, f"{number}") for number in range(3)]
    first, *rest = stored.shards()
    age(first, -ahead)
    for number, shard in enumerate(rest):
        age(shard, 1000 - number)
    stored.again(max_bytes=5_000).put(1, "now")  # which lists the folder, and removes nothing
    assert abs(first.stat().st_mtime - time.time()) < 100
    assert len(stored.shards()) == 4
    age(first, 5000)  # an hour and a half later
    stored.again(max_bytes=5_000).put(60, "much")
    assert stored.again().found(keys[0]) == 0
    assert stored.size() <= 5_000


def test_what_is_dated_in_the_future_and_cannot_be_dated_anew_goes_first(bounded, monkeypatch):
    stored = bounded(5_000)
    keys = [stored.put(8, f"{number}") for number in range(3)]
    first, *_ = stored.shards()
    age(first, -1e6)

    def refuse(path, times=None):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "utime", refuse)
    stored.again(max_bytes=5_000).put(48, "more")
    assert stored.again().found(keys[0]) == 0
    assert stored.again().found(keys[2]) == 8


def test_verify_and_info_are_no_use(stored):
    stored.put(2)
    (shard,) = stored.shards()
    age(shard, 5000)
    stored.again().store.verify()
    assert abs(stored.store.info().spaces[0].last_used - (time.time() - 5000)) < 100


# ---- merging -----------------------------------------------------------------------------------


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


def test_large_shards_are_not_merged(stored, monkeypatch):
    stored.put(300, "large")
    (large,) = stored.shards()
    for i in range(70):
        stored.put(1, f"{i}")
    assert large.exists()
    wide = [stored.put(2, f"{i}", width=200_000)[0] for i in range(3)]
    monkeypatch.setattr(_folder, "_SMALL_SHARDS", 0)
    stored.put(1, "x", width=200_000)
    assert len([p for p in stored.shards() if p.stat().st_size > 700_000]) == 4
    assert stored.found(wide, width=200_000) == 3


def test_merging_is_cheap_in_the_long_run(stored, monkeypatch):
    written = []
    real = _shards._write
    monkeypatch.setattr(
        _shards, "_write", lambda f, p: written.append(sum(map(len, p))) or real(f, p)
    )
    for i in range(600):
        stored.put(1, f"{i}")
    assert len(stored.shards()) <= 64 + 600 // 256 + 1
    assert sum(written) < 5 * 600 * (64 + 68)


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
    real = _folder.FolderFeatures._add
    calls = []

    def add(self, space, index, keys, values, seconds):
        if self is first.store._features and len(keys) > 60 and not calls:
            calls.append(1)
            second.put(1, "second")
        real(self, space, index, keys, values, seconds)

    monkeypatch.setattr(_folder.FolderFeatures, "_add", add)
    first.put(1, "first")
    assert calls
    for store in (first, second, stored, stored.again()):
        keys = [stored.keys(1, name)[0] for name in (*map(str, range(64)), "first", "second")]
        assert store.found(keys) == 66
    assert stored.store.verify().sound


def test_a_disk_that_is_too_full_to_merge(stored, monkeypatch):
    keys = [stored.put(1, f"{i}")[0] for i in range(64)]
    real = _shards._write

    def write(file, pieces):
        if sum(map(len, pieces)) > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file, pieces)

    monkeypatch.setattr(_shards, "_write", write)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keys += stored.put(1, "last")
    assert stored.found(keys) == 65
    assert stored.again().found(keys) == 65


# ---- folders that cannot be written to -----------------------------------------------------------


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk(stored, monkeypatch, code):
    keys = stored.put(3)
    real = _shards._write

    def write(file, pieces):
        os.write(file, b"some of it")
        raise OSError(code, os.strerror(code))

    before = stored.files()
    monkeypatch.setattr(_shards, "_write", write)
    with pytest.warns(UserWarning, match=f"{stored.folder}.*{os.strerror(code)}.*Make room") as w:
        stored.put(3, "more")
    assert w[0].filename == inspect.getfile(type(stored))  # which called put
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stored.put(3, "more")
    assert stored.files() == before
    assert stored.found(keys + stored.keys(3, "more")) == 3
    monkeypatch.setattr(_shards, "_write", real)  # there is room again
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
        patch.setattr(_folder.os, "access", lambda *_: False)
        with pytest.raises(PermissionError, match=r"store' of the feature store cannot be written"):
            stored.store.check_writable()

    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        with pytest.raises(OSError, match="Read-only file system. Change its") as caught:
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


# ---- leftovers ---------------------------------------------------------------------------------


def leave_parts(stored):
    """What killed processes leave: of now, and of days ago."""
    place = stored.shards()[0].parent
    parts = [place / f".{'ab' * 16}.shard.1-a.part", place / ".space.json.1-b.part"]
    parts.append(stored.folder / FORMAT / ".probe.1-c.part")
    for part in parts:
        part.write_bytes(b"half")
    return parts


def test_stale_leftovers_are_removed_by_a_put(stored):
    stored.put(1)
    new, old, older = leave_parts(stored)
    age(old, 2 * 24 * 3600)
    age(older, -3 * 24 * 3600)  # by a clock that was wrong
    stored.again().put(1, "more")
    assert new.exists()
    assert not old.exists()
    assert not older.exists()


def test_leftovers_are_reported_and_removed(stored):
    keys = stored.put(1)
    parts = leave_parts(stored)
    check = stored.store.verify()
    assert (check.leftovers, check.sound) == (3, True)
    assert all(part.exists() for part in parts)
    assert stored.store.verify(repair=True).leftovers == 3
    assert not any(part.exists() for part in parts)
    assert stored.found(keys) == 1
    leave_parts(stored)
    stored.store.clear()
    assert stored.files() == []
