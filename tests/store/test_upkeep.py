"""A look at every entry, repair, and what killed processes left."""

import os
import time

from stored import age, change, leave_parts


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


def test_verify_and_info_are_no_use(stored):
    stored.put(2)
    (shard,) = stored.shards()
    age(shard, 5000)
    stored.again().store.verify()
    assert abs(stored.store.info().spaces[0].last_used - (time.time() - 5000)) < 100


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
