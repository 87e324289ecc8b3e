"""What this process knows of the shards that other processes add, remove and replace."""

import errno
import hashlib
import itertools
import os
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np

from skdl.store import FeatureStore


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
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda *args: opened.append(args[0]) or real(*args))
    other = stored.again()
    for _ in range(3):
        assert other.found(stored.keys(2, "unknown")) == 0
    assert sorted(opened) == sorted(stored.shards())
    assert other.found(stored.keys(2, "0")) == 2
    assert len(opened) == 5  # to read the vectors
    stored.put(1, "new")
    opened.clear()
    other.found(stored.keys(2, "unknown"))
    assert opened == stored.shards()[-1:]


def test_known_entries_need_no_listing(stored, monkeypatch):
    keys = stored.put(5)
    stored.found(keys)
    monkeypatch.setattr(os, "listdir", None)
    monkeypatch.setattr(os, "scandir", None)
    assert stored.found(keys) == 5


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


def test_shards_that_vanish_between_listing_and_opening(stored, monkeypatch):
    keys = stored.put(3) + stored.put(3, "more")
    first, second = stored.shards()
    real = Path.open
    moved = []

    def opened(path, *args):
        if not moved:  # as if another process had merged both into a new one
            for shard in (first, second):
                moved.append(shard.rename(shard.with_name("ab" + shard.name)))
        return real(path, *args)

    monkeypatch.setattr(Path, "open", opened)
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


def test_an_entry_takes_some_twenty_bytes_of_memory(tmp_path):
    n, space = 100_000, {"backbone": "resnet50"}
    keys = [hashlib.sha256(number.to_bytes(4, "little")).digest() for number in range(n)]
    FeatureStore(tmp_path).put(space, keys, np.zeros((n, 1), dtype=np.float32))
    store = FeatureStore(tmp_path)
    tracemalloc.start()
    assert store.get(space, keys[:1], 1)[1].all()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 24 * n


def test_keys_that_begin_alike_are_told_apart(tmp_path):
    space, keys = {"backbone": "resnet50"}, [bytes(8) + bytes([i]) * 24 for i in range(4)]
    features = np.arange(3, dtype=np.float32)[:, None]
    FeatureStore(tmp_path).put(space, keys[:2], features[:2])
    FeatureStore(tmp_path).put(space, keys[2:3], features[2:])
    for order in itertools.permutations(range(4)):
        store = FeatureStore(tmp_path)
        for row in order:
            values, found = store.get(space, [keys[row]], 1)
            assert not found or values == row < 3
        assert FeatureStore(tmp_path).get(space, [keys[order[0]]], 1)[1] == (order[0] < 3)


def test_what_is_gone_takes_no_memory(tmp_path):
    """Of shards that were merged, or pushed out, in a process that puts for long."""
    store = FeatureStore(tmp_path, max_bytes=200_000)
    for number in range(800):
        key = hashlib.sha256(number.to_bytes(4, "little")).digest()
        store.put({"backbone": "resnet50"}, [key], np.zeros((1, 8), dtype=np.float32))
    (index,) = store._features._indices.values()
    assert len(index._numbered) == len(index.shards) < 100
    assert sum(len(run.starts) for run in index._runs) < 2400


def test_a_folder_that_takes_long_to_list_is_looked_at_rarely(stored, monkeypatch):
    """A twentieth of the time at most, however many are not found."""
    real, passed, listed = time.monotonic, [0.0], []
    monkeypatch.setattr(time, "monotonic", lambda: real() + passed[0])
    other, listdir = stored.again(), os.listdir

    def slow(folder):
        passed[0] += 1
        listed.append(folder)
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", slow)
    for _ in range(4):
        assert other.found(stored.keys(2, "unknown")) == 0
    assert len(listed) == 2  # the first, which finds all, does not count
    keys = stored.put(5)
    listed.clear()
    passed[0] += 18
    assert other.found(keys) == 0
    passed[0] += 3
    assert other.found(keys) == 5
    assert len(listed) == 1
    stored.put(5, "more")
    assert stored.again().store.compact() == 1
    assert other.found(keys) == 5  # merged meanwhile


def test_many_shards_are_opened_by_several_threads(stored, monkeypatch):
    keys = [key for number in range(40) for key in stored.put(2, f"{number}")]
    threads, real = set(), Path.open

    def slow(path, *args):
        threads.add(threading.get_ident())
        time.sleep(0.002)
        return real(path, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", slow)
        other = stored.again()
        assert other.found(stored.keys(1, "unknown")) == 0
    assert len(threads) > 1
    assert other.found(keys) == 80
