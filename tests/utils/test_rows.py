"""Rows as libraries hand them over."""

import numpy as np
import pandas as pd
import pytest

from skdl._utils.rows import is_missing, objects, refuse_masked


@pytest.mark.parametrize("value", [None, np.nan, float("nan"), pd.NA, pd.NaT, np.datetime64("NaT")])
def test_missing(value):
    assert is_missing(value)


@pytest.mark.parametrize("value", [0, "", "nan", 1.5, [], np.zeros(2), np.zeros((2, 2))])
def test_not_missing(value):
    assert not is_missing(value)


def test_objects_stay_as_they_are():
    values = [1, "a", None, [1, 2], np.zeros(3)]
    found = objects(values)
    assert found.shape == (5,)
    assert all(one is other for one, other in zip(found, values, strict=True))


def test_masks():
    refuse_masked(np.ma.masked_array([1, 2]), "X")
    refuse_masked([1, 2], "X")
    with pytest.raises(ValueError, match="first at row 1, in 1 of 3 rows. Masks are ignored"):
        refuse_masked(np.ma.masked_array([1, 2, 3], [False, True, False]), "X")
