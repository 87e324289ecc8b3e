"""The bound of a store in a folder."""

import errno
import os
import time
from pathlib import Path

import pytest
from stored import FORMAT, age, leave_parts


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


@pytest.fixture
def wait(monkeypatch):
    """Let seconds pass, as far as the store can tell."""
    real, passed = time.monotonic, [0]
    monkeypatch.setattr(time, "monotonic", lambda: real() + sum(passed))
    return passed.append


def test_listing_everything_is_rare(bounded, monkeypatch, wait):
    stored = bounded(10**6)
    listed = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(Path(path).name) or real(path))
    for i in range(40):
        stored.put(10, f"{i}")
    once = listed.count(FORMAT)
    assert 0 < once < 10
    wait(31)
    stored.put(10, "later")
    assert listed.count(FORMAT) == 2 * once


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


def test_use_is_noted_once_a_minute(stored, wait):
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
    wait(61)
    other.found(keys)
    assert shard.stat().st_mtime > time.time() - 4000


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


def test_stale_leftovers_are_removed_by_a_put(stored):
    stored.put(1)
    new, old, older = leave_parts(stored)
    age(old, 2 * 24 * 3600)
    age(older, -3 * 24 * 3600)  # by a clock that was wrong
    stored.again().put(1, "more")
    assert new.exists()
    assert not old.exists()
    assert not older.exists()
