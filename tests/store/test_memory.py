"""A store in the memory of this process."""

import gc
import pickle
import tracemalloc

import numpy as np
import pytest

from skdl.store import FeatureStore


def test_memory_forgets_what_was_used_least_recently(in_memory):
    in_memory.store = FeatureStore(max_bytes=10 * (8 * 4 + 512))
    old, new = in_memory.put(5, "old"), in_memory.put(5, "new")
    assert in_memory.found(old[:2]) == 2
    in_memory.put(5, "newer")
    assert in_memory.found(old) == 2
    assert in_memory.found(new) == 3
    assert in_memory.found(in_memory.keys(5, "newer")) == 5


@pytest.mark.parametrize("width", [1, 100, 3000])
def test_memory_stays_below_its_bound(width):
    bound = 2_000_000
    store = FeatureStore(max_bytes=bound)
    block = np.ones((300, width), dtype=np.float32)
    gc.collect()
    tracemalloc.start()
    try:
        for i in range(40):
            # Copies, as the caller's keys go away.
            keys = [bytes([i]) + k.to_bytes(31, "big") for k in range(300)]
            store.put({}, keys, block)
            del keys
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.4 * bound < held < bound
    assert store.info().bytes <= bound


def test_more_than_memory_may_hold(in_memory):
    in_memory.store = FeatureStore(max_bytes=10 * (8 * 4 + 512))
    assert in_memory.found(in_memory.put(100)) == 10
    in_memory.put(1, "wide", width=10_000)
    assert in_memory.found(in_memory.keys(1, "wide"), width=10_000) == 0
    assert in_memory.found(in_memory.keys(100)) == 10
    in_memory.store = FeatureStore(max_bytes=1)
    assert in_memory.found(in_memory.put(3)) == 0


def test_check_writable_in_memory():
    assert FeatureStore().check_writable() is None


def test_pickled_in_memory_is_new_and_empty():
    store = FeatureStore(max_bytes=12345)
    store.put({}, [bytes(32)], np.ones((1, 2), dtype=np.float32))
    store.get({}, [bytes(32)], 2)
    other = pickle.loads(pickle.dumps(store))
    assert other != store
    assert (other.folder, other.max_bytes, other.hits, other.misses) == (None, 12345, 0, 0)
    assert other.info().entries == 0
    assert len(pickle.dumps(store)) < 500
