"""What subgroups are: columns of values, read and checked before anything is fitted."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl._utils.labels import column, kind_of
from skdl._utils.text import encodable, shortened

MISSING = "missing"  # what images without a value are called

_MOST_NUMBERS = 10  # more different ones are cut into bands
_MOST_VALUES = 50  # more are no subgroups, but names
_BANDS = (0.25, 0.5, 0.75)


def read_subgroups(subgroups: Any, n: int) -> pd.DataFrame | None:
    """Subgroups as an evaluation keeps them: n rows of categories in order, or missing."""
    if subgroups is None:
        return None
    if isinstance(subgroups, pd.Series):
        given = [("subgroup" if subgroups.name is None else subgroups.name, subgroups)]
    elif isinstance(subgroups, pd.DataFrame):
        given = [(name, subgroups.iloc[:, i]) for i, name in enumerate(subgroups.columns)]
    elif isinstance(subgroups, Mapping):
        given = list(subgroups.items())
    else:
        raise ValueError(
            "subgroups must be a DataFrame with one row per image, a Series, or a dict of names "
            f"and columns. Got {shortened(subgroups)}."
        )
    if not given:
        raise ValueError("subgroups has no columns. Pass at least one, or None.")
    found: dict[str, pd.Categorical] = {}
    for key, values in given:
        name = encodable(str(key))
        if name in found:
            raise ValueError(f"subgroups has more than one column {shortened(name)}. Rename one.")
        found[name] = _categories(values, f"subgroups[{shortened(name)}]", n)
    return pd.DataFrame(found)


def _categories(values: Any, name: str, n: int) -> pd.Categorical:
    """Texts of the values, in their order; what is missing stays so."""
    of_pandas = isinstance(values, pd.Series | pd.Index | pd.api.extensions.ExtensionArray)
    try:  # as objects: NumPy makes text of numbers beside text, and pandas wants text in UTF-8
        series = pd.Series(values, dtype=None if of_pandas else object)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must have shape (n,), one value per image. Got {shortened(values)}."
        ) from None
    if len(series) != n:
        raise ValueError(
            f"{name} has {len(series)} values, and X has {n} images. Pass one value per image, and "
            "None or NaN for unknown values."
        )
    missing = series.isna().to_numpy()
    if missing.all():
        raise ValueError(f"{name} has no values: all are NaN or None. Drop the column.")
    if isinstance(series.dtype, pd.CategoricalDtype):
        used = series.cat.remove_unused_categories().cat
        codes, texts = used.codes.to_numpy(), [encodable(str(value)) for value in used.categories]
    else:
        codes, texts = _codes(series.tolist(), missing, name)
    if len(texts) > _MOST_VALUES:
        raise ValueError(
            f"{name} has {len(texts)} different values, and subgroups can have at most "
            f"{_MOST_VALUES}. Merge values, or drop the column."
        )
    of_rows = [None if hidden else texts[code] for code, hidden in zip(codes, missing, strict=True)]
    return pd.Categorical(of_rows, categories=list(dict.fromkeys(texts)), ordered=True)


def _codes(
    values: list[Any], missing: npt.NDArray[np.bool_], name: str
) -> tuple[npt.NDArray[Any], list[str]]:
    """Places of the values in a list of texts; any place where one is missing."""
    first = values[int(np.argmin(missing))]
    whole = [first if hidden else value for value, hidden in zip(values, missing, strict=True)]
    known = column(whole, name, "text, numbers, booleans or categories", ("numbers", "text"))
    different, codes = np.unique(known, return_inverse=True)
    if kind_of(known) == "text":
        return codes, [encodable(text) for text in different.tolist()]
    if known.dtype == bool or len(different) <= _MOST_NUMBERS:
        return codes, _in_words(different)
    edges = np.quantile(known[~missing], _BANDS, method="inverted_cdf")  # values that occur
    edges = np.unique(edges[edges < different[-1]])
    if not len(edges):  # most are the largest one
        edges = different[-2:-1]
    texts = _in_words(edges)
    between = [f"> {low} to {high}" for low, high in itertools.pairwise(texts)]
    return np.searchsorted(edges, known), [f"≤ {texts[0]}", *between, f"> {texts[-1]}"]


def _in_words(numbers: npt.NDArray[Any]) -> list[str]:
    if numbers.dtype.kind != "f":
        return [str(number) for number in numbers.tolist()]
    short = [f"{number:g}" for number in numbers.tolist()]
    return short if len(set(short)) == len(short) else [str(n) for n in numbers.tolist()]
