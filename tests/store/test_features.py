"""What holds for every store, and the one in memory."""

import copy
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from helpers import run_python
from sklearn.base import BaseEstimator, clone

from skdl.store import FeatureStore


def test_what_was_put_is_found(either):
    assert either.found(either.keys(5)) == 0
    keys = either.put(5)
    assert either.found(keys) == 5
    assert either.found(keys[::-1] + either.keys(3, "others") + keys[:2]) == 7
    assert (either.store.hits, either.store.misses) == (12, 8)


def test_nothing_at_all(either):
    assert either.found([]) == 0
    either.put(0)
    assert either.store.info().entries == 0


def test_spaces_are_apart(either):
    keys = either.put(3)
    for other in ({}, {**either.space, "layer": "x"}, {**either.space, "size": [224, 225]}):
        assert either.found(keys, space=other) == 0
    assert either.found(keys, space=dict(reversed(either.space.items()))) == 3
    assert either.found(keys, space={**either.space, "size": (224, 224)}) == 3


def test_widths_are_apart(either):
    keys = either.put(3, width=8)
    assert either.found(keys, width=4) == 0
    assert either.found(keys, width=8) == 3


def test_the_last_put_wins(either):
    keys = either.keys(3)
    either.store.put(either.space, keys, np.zeros((3, 8), dtype=np.float32))
    either.put(3)
    assert either.found(keys) == 3
    assert either.found(keys[:1] * 3) == 3


def test_a_key_twice_in_one_put(either):
    first, second = either.keys(2)
    features = np.concatenate([np.zeros((1, 8)), either.rows([second, first])]).astype(np.float32)
    either.store.put(either.space, [first, second, first], features)
    assert either.found([first, second]) == 2
    assert either.store.info().entries == 2


def test_every_float_comes_back(either):
    values = np.float32([[np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38]])
    key = either.keys(1)
    either.store.put({}, key, values)
    assert either.store.get({}, key, 6)[0].tobytes() == values.tobytes()


def test_arrays_of_any_layout(either):
    keys = either.keys(4)
    either.store.put(either.space, keys, np.asfortranarray(either.rows(keys)))
    assert either.found(keys) == 4
    wide = np.repeat(either.rows(keys), 2, axis=1)[:, ::2]
    wide.setflags(write=False)
    either.store.put({}, keys, wide)
    assert either.found(keys, space={}) == 4


def test_rows_are_copies(either):
    keys = either.keys(2)
    features = either.rows(keys)
    either.store.put(either.space, keys, features)
    features[:] = -1
    got, _ = either.store.get(either.space, keys, 8)
    got[:] = -1
    assert either.found(keys) == 2


def test_clear(either):
    keys = either.put(5)
    assert either.store.clear() >= 5 * 8 * 4
    assert either.found(keys) == 0
    assert either.store.info().spaces == ()
    assert either.store.clear() == 0
    assert either.found(either.put(5)) == 5


def test_info(either):
    either.put(5)
    either.put(2, space={"backbone": "vgg16"}, width=4)
    info = either.store.info()
    assert {s.space["backbone"]: s.entries for s in info.spaces} == {"resnet50": 5, "vgg16": 2}
    assert info.entries == 7
    assert info.bytes == sum(s.bytes for s in info.spaces) > 5 * 8 * 4 + 2 * 4 * 4
    assert info.files == (0 if either.folder is None else 2)
    assert all(abs(s.last_used - info.spaces[0].last_used) < 60 for s in info.spaces)
    (first,) = (s for s in info.spaces if s.space["backbone"] == "resnet50")
    assert first.space == either.space
    assert info.other_formats == ()


def test_verify_finds_nothing_wrong(either):
    either.put(5)
    check = either.store.verify()
    assert check.sound
    assert (check.entries, check.damaged_entries, check.leftovers) == (5, 0, 0)
    assert either.store.verify(repair=True).repaired
    assert either.found(either.keys(5)) == 5


class Takes(BaseEstimator):
    def __init__(self, store=None):
        self.store = store


def test_clones_share_the_store(either):
    store = either.store
    assert clone(Takes(store)).store is store
    assert copy.deepcopy([store])[0] is store
    assert copy.copy(store) is store


def test_pickled_with_a_folder_is_the_same_folder(stored):
    keys = stored.put(3)
    assert stored.found(keys) == 3
    other = pickle.loads(pickle.dumps(stored.store))
    assert other == stored.store
    assert hash(other) == hash(stored.store)
    assert (other.hits, other.misses) == (0, 0)
    assert other.get(stored.space, keys, 8)[1].all()


def test_unpickled_where_a_file_is(stored):
    data = pickle.dumps(stored.store)
    stored.folder.write_text("mine")
    store = pickle.loads(data)
    assert not store.get({}, [bytes(32)], 2)[1].any()
    with pytest.warns(UserWarning, match="cannot be stored"):
        store.put({}, [bytes(32)], np.ones((1, 2), dtype=np.float32))
    assert stored.folder.read_text() == "mine"


def test_equality(tmp_path):
    store = FeatureStore(tmp_path, max_bytes=5)
    assert store == FeatureStore(str(tmp_path) + "/../" + tmp_path.name, max_bytes=5)
    assert store != FeatureStore(tmp_path)
    assert store != FeatureStore(tmp_path / "other", max_bytes=5)
    assert store != FeatureStore(max_bytes=5)
    assert store != str(tmp_path)
    first, second = FeatureStore(), FeatureStore()
    assert first == copy.copy(first)
    assert first != second
    assert len({first, second, store, FeatureStore(tmp_path, max_bytes=5)}) == 3


def test_repr(tmp_path):
    assert repr(FeatureStore(max_bytes=5)) == "FeatureStore(max_bytes=5)"
    assert (
        repr(FeatureStore(tmp_path, max_bytes=5)) == f"FeatureStore({str(tmp_path)!r}, max_bytes=5)"
    )


def test_defaults(tmp_path, monkeypatch):
    assert FeatureStore().max_bytes == 2**30
    assert FeatureStore().folder is None
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    store = FeatureStore("~/features")
    assert (store.folder, store.max_bytes) == (tmp_path / "features", 10 * 2**30)
    assert FeatureStore(Path("features")).folder == tmp_path / "features"
    assert not list(tmp_path.iterdir())
    assert FeatureStore(max_bytes=np.int64(7)).max_bytes == 7


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"folder": 3}, TypeError, "folder .*must be a path, as .* Got 3"),
        ({"folder": b"x"}, TypeError, "folder .*must be a path"),
        ({"folder": ""}, ValueError, "folder .*must not be empty"),
        ({"folder": __file__}, ValueError, "test_features.py' is a file. Choose another"),
        ({"max_bytes": True}, ValueError, "max_bytes must be a whole number .* Got True"),
        ({"max_bytes": 1e9}, ValueError, "max_bytes must be a whole number"),
        ({"max_bytes": "1 GB"}, ValueError, "max_bytes must be a whole number"),
        ({"max_bytes": 0}, ValueError, "max_bytes must be a whole number of at least 1. Got 0"),
        ({"max_bytes": -5}, ValueError, "max_bytes must be a whole number of at least 1. Got -5"),
    ],
)
def test_bad_parameters(params, error, message):
    with pytest.raises(error, match=message):
        FeatureStore(**params)


KEY = bytes(32)


@pytest.mark.parametrize(
    ("space", "keys", "error", "message"),
    [
        (None, [KEY], TypeError, "space must be a dict.* Got None of type NoneType"),
        ("resnet50", [KEY], TypeError, "space must be a dict"),
        ({1: 2}, [KEY], TypeError, "the key 1 in space is not a string"),
        ({"a": [{"b": {2: 3}}]}, [KEY], TypeError, r"the key 2 in space\['a'\]\[0\]\['b'\] is no"),
        ({"a": np.float32(3)}, [KEY], TypeError, "space must hold only what JSON can hold"),
        ({"a": object}, [KEY], TypeError, "space must hold only what JSON can hold"),
        ({"a": float("nan")}, [KEY], ValueError, "space must hold only what JSON can hold"),
        ({}, KEY, TypeError, "keys must be a list of sha256 digests. Got an object of type bytes"),
        ({}, "ab", TypeError, "keys must be a list"),
        ({}, iter([KEY]), TypeError, "keys must be a list"),
        ({}, [KEY, "ab"], ValueError, "32 bytes each. Got 'ab' at position 1"),
        ({}, [KEY, KEY[:31]], ValueError, "32 bytes each. Got 31 bytes at position 1"),
        ({}, [KEY.hex().encode()], ValueError, "32 bytes each. Got 64 bytes at position 0"),
    ],
)
def test_bad_spaces_and_keys(either, space, keys, error, message):
    with pytest.raises(error, match=message):
        either.store.get(space, keys, 2)
    with pytest.raises(error, match=message):
        either.store.put(space, keys, np.zeros((1, 2), dtype=np.float32))
    assert either.store.misses == 0


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        (np.zeros((1, 2)), TypeError, "array of float32. Got float64"),
        (np.zeros((1, 2), dtype=">f4"), TypeError, "array of float32. Got >f4"),
        ([[1.0]], TypeError, "array of float32. Got list"),
        (np.zeros(2, dtype=np.float32), ValueError, r"shape \(1, width\).* Got \(2,\)"),
        (np.zeros((1, 0), dtype=np.float32), ValueError, r"width at least 1. Got \(1, 0\)"),
        (np.zeros((2, 2), dtype=np.float32), ValueError, r"shape \(1, width\).* Got \(2, 2\)"),
    ],
)
def test_bad_features(either, features, error, message):
    with pytest.raises(error, match=message):
        either.store.put({}, [KEY], features)


@pytest.mark.parametrize("width", [0, -1, 2.0, True])
def test_bad_widths(either, width):
    with pytest.raises(ValueError, match="width must be a whole number of at least 1"):
        either.store.get({}, [KEY], width)


def test_nested_descriptions(either):
    space = {"a": {"b": [1, 2.5, None, True, {"c": "ü"}]}}
    key = either.put(1, space=space)
    assert either.found(key, space=space) == 1
    assert either.store.info().spaces[0].space == space


def test_threads(either):
    failed = []

    def work(number):
        try:
            for i in range(15):
                keys = either.put(4, f"{i % 7}")
                features, found = either.store.get(either.space, keys, 8)
                assert found.all()
                assert np.array_equal(features, either.rows(keys))
                either.store.get(either.space, either.keys(4, f"{number}-{i}"), 8)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert (either.store.hits, either.store.misses) == (4 * 15 * 4, 4 * 15 * 4)


def test_no_tensorflow():
    code = "import sys, skdl.store; print({'keras', 'tensorflow', 'sklearn'} & {*sys.modules})"
    assert run_python(code).strip() == "set()"


def test_seconds_are_kept_with_the_entries(either):
    keys = either.keys(4)
    either.store.put(either.space, keys, either.rows(keys), seconds=2.0)
    either.store.get(either.space, [keys[0], keys[3], *either.keys(1, "other")], 8)
    assert either.store.seconds_saved == pytest.approx(1.0)
    either.put(1, "not measured")
    either.found(either.keys(1, "not measured"))
    assert either.store.seconds_saved == pytest.approx(1.0)
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="seconds must be a finite number from 0"):
            either.store.put(either.space, keys, either.rows(keys), seconds=wrong)


def test_seconds_outlive_merging_repairing_and_the_process(stored):
    for i in range(70):  # so many small shards are merged
        keys = stored.keys(1, f"{i}")
        stored.store.put(stored.space, keys, stored.rows(keys), seconds=0.5)
    assert len(stored.shards()) < 70
    again = stored.again()
    assert again.found([stored.keys(1, f"{i}")[0] for i in range(70)]) == 70
    assert again.store.seconds_saved == pytest.approx(35, rel=1e-3)


def test_what_only_some_spaces_hold_saves_nothing(either):
    keys, other = either.keys(4), {**either.space, "layer": "other"}
    store = either.store
    store.put(either.space, keys, either.rows(keys), seconds=4.0)
    store.put(other, keys[:1], either.rows(keys[:1], 3), seconds=0.5)
    features, found = store.get_together([(either.space, 8), (other, 3)], keys)
    assert found.tolist() == [True, False, False, False]
    np.testing.assert_array_equal(features[0, :8], either.rows(keys)[0])
    np.testing.assert_array_equal(features[0, 8:], either.rows(keys, 3)[0])
    assert not features[1:].any()
    assert (store.hits, store.misses) == (2, 6)
    assert store.seconds_saved == pytest.approx(1.5)
    for wrong in ("x", 1e39, None):
        with pytest.raises(ValueError, match="seconds must be a finite number"):
            store.put(other, keys, either.rows(keys), seconds=wrong)
