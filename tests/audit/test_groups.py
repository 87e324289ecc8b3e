"""Groups joined by pairs."""

import numpy as np
import pytest

from skdl.audit import join_groups


@pytest.mark.parametrize(
    ("groups", "pairs", "expected"),
    [
        (None, [], [0, 1, 2, 3]),
        (None, [(0, 2), (2, 3)], [0, 1, 0, 0]),
        (["b", "a", "b", "c"], [], [0, 1, 0, 2]),
        (["b", "a", "b", "c"], [(1, 3)], [0, 1, 0, 1]),
    ],
)
def test_pairs_join_groups(groups, pairs, expected):
    first, second = np.array(pairs, dtype=int).reshape(-1, 2).T
    found = join_groups(groups, 4, first, second)
    same = np.equal.outer(found, found)
    assert (same == np.equal.outer(expected, expected)).all()
    assert set(found) == set(range(len(set(expected))))
