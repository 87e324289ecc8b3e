"""What a caller passed, checked."""

from pathlib import Path

import numpy as np
import pytest

from skdl._utils.checks import (
    check_choice,
    check_counts,
    check_number,
    check_path,
    check_sizes,
    check_whole,
)


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_whole_numbers(value):
    checked = check_whole(value, "n", low=3, high=3)
    assert checked == 3
    assert type(checked) is int


@pytest.mark.parametrize("value", [True, np.True_, 2.0, "3", None, [3], np.array([3])])
def test_what_is_no_whole_number(value):
    with pytest.raises(ValueError, match=r"^n must be a whole number of at least 0\. Got "):
        check_whole(value, "n", low=0)


def test_bounds_of_whole_numbers():
    with pytest.raises(ValueError, match=r"^n must be a whole number of at least 1\. Got 0\.$"):
        check_whole(0, "n", low=1)
    with pytest.raises(ValueError, match=r"^n must be a whole number from 1 to 3\. Got 4\.$"):
        check_whole(4, "n", low=1, high=3)
    with pytest.raises(ValueError, match=r"^n must be a whole number\. Got 'a'\.$"):
        check_whole("a", "n")


@pytest.mark.parametrize("value", [0, 0.5, 1, np.float32(0.5), np.int64(1)])
def test_numbers(value):
    assert check_number(value, "alpha", low=0, high=1) == value
    assert type(check_number(value, "alpha")) is float


@pytest.mark.parametrize("value", [True, np.nan, np.inf, "1", None, 1.01, -0.01, 1j])
def test_what_is_no_number_from_0_to_1(value):
    with pytest.raises(ValueError, match=r"^alpha must be a finite number from 0 to 1\. Got "):
        check_number(value, "alpha", low=0, high=1)


def test_a_bound_that_may_not_be_reached():
    assert check_number(0.99, "alpha", low=0, below=1) == 0.99
    message = r"^alpha must be a finite number of at least 0 and below 1\. Got 1\.$"
    with pytest.raises(ValueError, match=message):
        check_number(1, "alpha", low=0, below=1)


@pytest.mark.parametrize(("value", "sizes"), [(3, (3, 3)), ((2, 3), (2, 3)), ([2, 3], (2, 3))])
def test_sizes(value, sizes):
    assert check_sizes(value, "size") == sizes
    assert check_sizes(np.asarray(sizes), "size") == sizes


@pytest.mark.parametrize("value", [0, True, (1, 2, 3), (1,), (0, 1), (1.5, 2), "ab", None])
def test_bad_sizes(value):
    with pytest.raises(ValueError, match="^size must be a positive whole number, or two of them"):
        check_sizes(value, "size")


def test_paths(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for path in ("~/a/../b", "b", np.str_("./b"), tmp_path / "b", Path("b")):
        assert check_path(path, "folder") == tmp_path / "b"
    for wrong in (None, 3, b"b", ["b"], True):
        with pytest.raises(TypeError, match=r"^folder must be a path, as a string or .*\. Got "):
            check_path(wrong, "folder")
    with pytest.raises(ValueError, match="^folder must not be empty; '.' is the working directory"):
        check_path("", "folder")


@pytest.mark.parametrize("value", [(1, 2), [1, 2], np.array([1, 2])])
def test_counts(value):
    assert check_counts(value, "units") == (1, 2)
    assert check_counts((), "units") == ()
    assert {type(count) for count in check_counts(value, "units")} == {int}


@pytest.mark.parametrize("value", [(), (0,), (1.5,), (True,), ("1",), "12", 3, None, [[1, 2]]])
def test_bad_counts(value):
    what = "^units must be a sequence of positive whole numbers, at least 1 of them. Got"
    with pytest.raises(ValueError, match=what):
        check_counts(value, "units", shortest=1)


def test_choices():
    assert check_choice("avg", "pooling", ["avg", "max"]) == "avg"
    assert check_choice(1, "n", [1, 2]) == 1
    with pytest.raises(
        ValueError, match=r"^pooling must be one of 'avg', 'max'\. Got 'awg'\. Did you mean 'avg'\?"
    ):
        check_choice("awg", "pooling", ["avg", "max"])
    for value in (True, 1.0, "1", None, [1]):
        with pytest.raises(ValueError, match=r"^n must be one of 1, 2\. Got "):
            check_choice(value, "n", [1, 2])
