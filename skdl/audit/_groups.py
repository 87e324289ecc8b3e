"""Groups that splitters keep together."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def join_groups(groups: Any, n: int, first: Any, second: Any) -> npt.NDArray[np.intp]:
    """Number the groups of n rows, joined where a pair of rows belongs together.

    `groups` is an array of shape (n,) or None, where each row is a group of its own; `first` and
    `second` are the rows of the pairs.
    """
    codes = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    codes = codes.astype(np.int32)  # SciPy before 1.12 finds nothing with wider ones
    ends = codes[np.asarray(first, dtype=np.intp)], codes[np.asarray(second, dtype=np.intp)]
    size = int(codes.max()) + 1 if n else 0
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(size, size))
    joined = connected_components(graph, directed=False)[1][codes]
    _, numbers = np.unique(joined, return_inverse=True)
    return np.asarray(numbers, dtype=np.intp)
