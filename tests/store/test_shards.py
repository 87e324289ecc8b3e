"""Files of feature vectors: their format, and damage anywhere in them."""

import hashlib
import os
import shutil

import numpy as np
import pytest
from stored import change, place_of_row

from skdl.store import FeatureStore

# What a folder holds of two images, byte for byte; versions and machines read each other's.
SPACE = {"backbone": "resnet50"}
KEYS = [hashlib.sha256(image).digest() for image in (b"a", b"b")]
FEATURES = np.float32([[1, 2, 0.5], [-3, np.inf, 4]])
PLACE = "features-v1/daa65c3d53bcdc538970a6c49a34370c3e5579b71ff69df197ada0e2dd64eece"
DESCRIPTION = b'{"backbone":"resnet50"}'
SHARD = bytes.fromhex(
    "534b444c4645415401000000030000000200000000000000daa65c3d53bcdc538970a6c49a34370c3e5579b7"
    "1ff69df197ada0e2dd64eecedec99b0e0000c03fca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72"
    "b9807785afee48bb3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d08e4d03e"
    "ede9e0d10000803f000000400000003f000040c00000807f00008040"
)


def test_what_is_written_is_the_same_for_good(tmp_path):
    FeatureStore(tmp_path).put(SPACE, KEYS, FEATURES, seconds=3.0)
    (shard,) = tmp_path.glob(f"{PLACE}/*.shard")
    assert shard.read_bytes() == SHARD
    assert (tmp_path / PLACE / "space.json").read_bytes() == DESCRIPTION
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def test_what_was_written_is_read_for_good(tmp_path):
    (tmp_path / PLACE).mkdir(parents=True)
    (tmp_path / PLACE / "space.json").write_bytes(DESCRIPTION)
    (tmp_path / PLACE / f"{'ab' * 16}.shard").write_bytes(SHARD)
    store = FeatureStore(tmp_path)
    features, found = store.get(SPACE, KEYS, 3)
    assert found.all()
    assert np.array_equal(features, FEATURES)
    assert store.seconds_saved == 3.0
    assert store.info().spaces[0].space == SPACE
    assert store.verify().sound


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_any_part(stored, seed):
    width = 5000  # of which some fifty rows are read at a time
    rng = np.random.default_rng(seed)
    keys = [key for i in range(3) for key in stored.put(100, f"{i}", width=width)]
    for size in (1, 7, 150, 400):
        chosen = [keys[i] for i in rng.integers(0, 300, size)]
        chosen[:: seed + 2] = stored.keys(len(chosen[:: seed + 2]), "unknown")
        unknown = len(chosen[:: seed + 2])
        assert stored.found(chosen, width=width) == size - unknown


def test_a_row_wider_than_what_is_read_at_a_time(stored):
    assert stored.found(stored.put(3, width=300_000), width=300_000) == 3


@pytest.mark.parametrize("known", [False, True], ids=["new process", "same process"])
def test_a_flipped_bit_of_a_vector(stored, known):
    keys = stored.put(5)
    (shard,) = stored.shards()
    change(shard, place_of_row(shard, keys[3]) + 5)
    reader = stored if known else stored.again()
    assert reader.found(keys) == 4
    assert reader.found(keys[3:4]) == 0
    check = stored.store.verify()
    assert (check.entries, check.damaged_entries, check.damaged_files) == (4, 1, ())
    assert not check.sound


@pytest.mark.parametrize("known", [False, True], ids=["new process", "same process"])
def test_a_flipped_bit_anywhere(stored, known):
    """Nothing wrong is ever given, verify finds it, and what is put again is found again."""
    keys = stored.put(3)
    (shard,) = stored.shards()
    for position in range(shard.stat().st_size):
        reader = stored.again()
        if known:
            assert reader.found(keys) == 3
        change(shard, position, 1 << position % 8)
        check = stored.store.verify()
        assert check.damaged_files == (shard,) or check.damaged_entries == 1
        found = reader.found(keys)  # which compares each vector that is found
        assert found >= check.entries if known else found == check.entries
        change(shard, position, 1 << position % 8)
    change(shard, 0)
    other = stored.again()
    assert other.found(keys) == 0
    other.put(3)
    assert other.found(keys) == 3
    assert other.again().found(keys) == 3


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


@pytest.mark.parametrize("known", [False, True], ids=["new process", "same process"])
def test_a_shard_of_another_size(stored, known):
    keys = stored.put(5)
    stored.put(5, "whole")
    shard = stored.shards()[0]
    data = shard.read_bytes()
    for size in (*range(0, len(data), 7), len(data) - 1, len(data) + 1):
        shard.write_bytes((data + b"x")[:size])
        reader = stored if known else stored.again()
        assert reader.found(keys + stored.keys(5, "whole")) == 5
        assert reader.found(keys) == 0
        assert stored.store.verify().damaged_files == (shard,)
    reader.put(5)
    assert reader.found(keys) == 5


def test_a_file_that_shrinks_while_it_is_read(stored, monkeypatch):
    keys = stored.put(5)
    (shard,) = stored.shards()
    real, smaller = os.fstat, shard.stat().st_size - 10

    def shrink(file):
        status = real(file)
        os.truncate(shard, smaller)
        return status

    monkeypatch.setattr(os, "fstat", shrink)
    assert stored.found(keys) == 0


def test_pages_of_zeros(stored):
    keys = stored.put(5)
    (shard,) = stored.shards()
    data = shard.read_bytes()
    place = place_of_row(shard, keys[2])
    shard.write_bytes(data[:place] + bytes(len(data) - place))  # as after a power failure
    assert stored.found(keys) == 2
    shard.write_bytes(bytes(len(data)))
    assert stored.again().found(keys) == 0


def test_garbage_among_the_shards(stored, tmp_path):
    keys = stored.put(5)
    whole = stored.shards()[0].read_bytes()
    place = stored.shards()[0].parent
    garbage = {"empty": b"", "noise": np.random.default_rng(0).bytes(5000)}
    # Whatever it claims to hold, such as more than there is memory for.
    garbage |= {
        f"claims {start}": whole[:start] + b"\xff" * 8 + whole[start + 8 :]
        for start in range(0, len(whole) // 3, 4)
    }
    for name, content in garbage.items():
        (place / f"{name}.shard").write_bytes(content)
    (place / "folder.shard").mkdir()
    (place / "dangling.shard").symlink_to(tmp_path / "nowhere")
    (place / "notes.txt").write_text("mine")
    other = stored.again()
    assert other.found(keys + stored.keys(3, "unknown")) == 5
    other.put(2, "more")
    assert other.store.info().files == 2 + len(garbage)
    check = other.store.verify()
    assert {path.stem for path in check.damaged_files} == garbage.keys()
    assert check.entries == 7
    other.store.verify(repair=True)
    assert other.store.verify().sound
    assert (other.store.info().entries, other.store.info().files) == (7, 2)
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
