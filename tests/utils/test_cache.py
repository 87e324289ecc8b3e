"""What is kept to be used again."""

import threading
import weakref

import numpy as np
import pytest

from skdl._utils.cache import Cache, clear_caches


class Thing:
    def __init__(self, nbytes=0):
        self.nbytes = nbytes


def made_of(*values):
    """What makes these values, one after the other, and nothing more."""
    return iter(values).__next__


def test_a_value_is_made_once():
    cache, make = Cache(), made_of("x", "y")
    assert [cache.get(key, make) for key in ("a", "b", "a", "b")] == ["x", "y", "x", "y"]
    assert cache.values() == ["x", "y"]
    assert "a" in cache
    assert "c" not in cache


def test_none_is_no_key():
    cache, make = Cache(), made_of("x", "y")
    assert [cache.get(None, make) for _ in range(2)] == ["x", "y"]
    assert not cache


def test_errors_are_not_kept():
    cache = Cache()
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 // 0)
    with pytest.raises(KeyError, match="within"):  # which is not taken for a missing key
        cache.get("a", lambda: {}["within"])
    assert cache.get("a", lambda: 1) == 1


def test_the_number_is_bounded():
    cache = Cache(2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda key=key: key)
    assert cache.values() == ["a", "c"]
    cache.max_number = 0
    cache.put("d", "d")
    assert not cache


@pytest.mark.parametrize(("at_least", "left"), [(0, []), (1, [100])])
def test_bytes_are_bounded(at_least, left):
    cache = Cache(max_bytes=50, at_least=at_least)
    for nbytes in (10, 20, 30):
        cache.put(nbytes, Thing(nbytes))
    assert [thing.nbytes for thing in cache.values()] == [20, 30]
    cache.put(100, Thing(100))
    assert [thing.nbytes for thing in cache.values()] == left


def test_the_newest_wanted_value_is_taken():
    cache = Cache()
    for key in ((1, "a"), (2, "b"), (1, "c"), (2, "d")):
        cache.put(key, key)
    assert cache.take(lambda key: key[0] == 1) == (1, "c")
    assert cache.take(lambda key: key[0] == 1) == (1, "a")
    assert cache.take(lambda key: key[0] == 1) is None
    assert len(cache) == 2


def test_what_goes_with_its_owner():
    cache, owner = Cache(), Thing()
    for _ in range(2):
        cache.get(weakref.ref(owner, cache.drop), lambda: "x")
    assert cache.values() == ["x"]
    del owner
    assert not cache
    cache.drop("unknown")


def test_all_are_cleared():
    caches = [Cache(1), Cache()]
    things = [Thing(), Thing()]
    for cache, thing in zip(caches, things, strict=True):
        cache.put("a", thing)
    seen = [weakref.ref(thing) for thing in things]
    del thing, things
    clear_caches()
    assert not any(map(len, caches))
    assert [ref() for ref in seen] == [None, None]


def in_threads(work, n):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


def test_threads_make_a_value_once():
    cache, made, found = Cache(), [], []
    barrier = threading.Barrier(4)

    def make():
        made.append(object())
        return made[-1]

    def work(number):
        barrier.wait(30)
        found.append(cache.get("a", make))

    in_threads(work, 4)
    assert len(made) == 1
    assert found == made * 4


def test_what_is_kept_is_had_while_something_else_is_made():
    cache, making, leave, found = Cache(), threading.Event(), threading.Event(), []
    cache.put("a", "kept")

    def make():
        making.set()
        assert leave.wait(30)
        return "made"

    def work(number):
        if number == 0:
            found.append(cache.get("b", make))
        else:
            assert making.wait(30)
            found.append(cache.get("a", make))
            cache.drop("a")
            leave.set()

    in_threads(work, 2)
    assert found == ["kept", "made"]


def test_threads_that_put_and_take_lose_nothing():
    cache, taken = Cache(), []
    numbers = np.arange(200).reshape(4, 50)

    def work(number):
        for value in numbers[number].tolist():
            cache.put(value, value)
            taken.append(cache.take(lambda key: True))

    in_threads(work, 4)
    assert sorted(taken) == list(range(200))


def test_a_value_may_use_the_cache_when_it_dies():
    cache = Cache(1)

    class Last:
        def __del__(self):
            cache.drop("a")

    cache.put("x", Last())
    cache.put("a", 1)
    assert not cache
