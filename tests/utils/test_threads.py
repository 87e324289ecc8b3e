"""Work done by several threads, where that is quicker."""

import threading
import time

import pytest

from skdl._utils.threads import PER_TASK, in_threads


def where(item):
    if item == "slow":
        time.sleep(0.002)
    return threading.get_ident()


def test_quick_items_are_not_handed_over(monkeypatch):
    clock = iter(range(10_000))
    # As if each took a microsecond: whoever shares this machine is not to be seen.
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock) * 1e-6)
    assert set(in_threads(where, ["quick"] * 5 * PER_TASK, 2)) == {threading.get_ident()}


@pytest.mark.parametrize("n_quick", [0, 3])
def test_what_comes_behind_a_slow_one_is_handed_over(n_quick):
    own = threading.get_ident()
    found = list(in_threads(where, [*["quick"] * n_quick, *["slow"] * 4 * PER_TASK], 2))
    assert len(found) == n_quick + 4 * PER_TASK
    assert found[: n_quick + 1] == [own] * (n_quick + 1)
    others = set(found[n_quick + 1 :])
    assert own not in others
    assert len(others) == 2


@pytest.mark.parametrize("seconds", [0.0, 0.002])
def test_results_come_in_order_and_errors_in_their_place(seconds):
    def inverse(item):
        time.sleep(seconds)
        return 1 / item

    results = in_threads(inverse, [*range(50, 0, -1), 0, 1], 2)
    assert [next(results) for _ in range(50)] == [1 / item for item in range(50, 0, -1)]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_nothing_to_do():
    assert list(in_threads(where, [])) == []
