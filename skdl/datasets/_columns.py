"""Which columns of a table hold paths, labels, subsets and groups.

Decisions: docs/decisions.md#folders-tables-and-data-sets.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from skdl._utils.text import counted, shortened, shown_path
from skdl.datasets._csv import are_missing, require_column, row_numbers
from skdl.datasets._subsets import canonical_subset

# By what remains of a name without capitals, spaces and signs; earlier ones first.
_PATHS = (
    ("path", "file", "filename", "filepath", "image", "imagepath", "imagename", "imagefile"),
    ("img", "imgpath", "imgname", "imgfile"),
    ("imageid", "imgid", "fileid", "imageindex", "idcode", "id"),
)
_LABELS = (("label", "class", "target", "category"), ("labels", "diagnosis", "dx", "finding"))
_SUBSETS = ("subset", "split")
# These are columns of subsets only if all of their values are called so.
_PERHAPS_SUBSETS = ("set", "fold", "partition", "phase", "dataset", "datasplit", "usage")
# Whoever has several images; of a patient there may be several lesions.
_WHO = ("patient", "subject", "participant", "donor", "person", "animal", "case", "lesion")
_NUMBERED = ("id", "ids", "no", "nr", "number", "code", "key", "uid")
_BARE = ("patient", "subject", "participant", "donor")  # without a number; cases have controls
# These may be arms of a trial, too.
_PERHAPS_GROUPS = ("group", "groups", "groupid", "study", "studyid", "visit", "series", "site")

_ZERO_OR_ONE = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}

GroupColumn: TypeAlias = str | Literal[False] | None


@dataclass(frozen=True)
class Wanted:
    """The columns that the caller named."""

    path: str | None = None
    label: str | None = None
    labels: Sequence[str] | None = None
    group: GroupColumn = None

    def __post_init__(self) -> None:
        for name, value in (("path", self.path), ("label", self.label), ("group", self.group)):
            if not (
                value is None or isinstance(value, str) or (name == "group" and value is False)
            ):
                raise ValueError(
                    f"The parameter {name}_column must be the name of a column. Got "
                    f"{shortened(value)}."
                )
        if self.labels is not None and (
            not isinstance(self.labels, list | tuple)
            or not all(isinstance(name, str) for name in self.labels)
            or len(set(self.labels)) < max(2, len(self.labels))
        ):
            raise ValueError(
                "The parameter label_columns must be a list of at least two columns of 0 and 1, "
                f"one per class. Got {shortened(self.labels)}."
            )
        if self.label is not None and self.labels is not None:
            raise ValueError("Set label_column or label_columns, not both.")

    @property
    def of_labels(self) -> list[str]:
        """The columns of labels, as far as they are named."""
        return [self.label] if self.label is not None else list(self.labels or ())


def usual_columns(table: Any, ranks: Iterable[Collection[str]]) -> list[str]:
    """Columns with usual names: those of the first rank that has any."""
    plain = {column: re.sub(r"[\W_]+", "", column).casefold() for column in table.columns}
    found = ([column for column, name in plain.items() if name in rank] for rank in ranks)
    return next(filter(None, found), [])


def column_of_paths(table: Any, wanted: str | None, file: Path) -> str:
    """The column of paths, names or ids of files."""
    return _wanted_or_usual(table, wanted, "path_column", _PATHS, file)


def _wanted_or_usual(
    table: Any, wanted: Any, parameter: str, ranks: Sequence[Sequence[str]], file: Path
) -> str:
    if wanted is not None:
        require_column(table, wanted, parameter, file)
        return str(wanted)
    found = usual_columns(table, ranks)
    if len(found) != 1:
        columns = list(table.columns)
        has = f"several of them: {shortened(found)}" if found else f"columns {shortened(columns)}"
        raise ValueError(
            f"The parameter {parameter} is not set, and {shown_path(file)} does not have exactly "
            f"one column with a usual name ({', '.join(ranks[0])}): it has {has}. Set {parameter}."
        )
    return found[0]


def column_of_subsets(table: Any, taken: Collection[Any]) -> str | None:
    """The column of subsets, if there is one."""
    rest = table[[column for column in table.columns if column not in taken]]
    named = usual_columns(rest, [_SUBSETS])
    perhaps = usual_columns(rest, [_PERHAPS_SUBSETS])
    sure = (c for c in perhaps if all(canonical_subset(value) for value in table[c].unique()))
    return next(iter(named), None) or next(sure, None)


def column_of_groups(
    table: Any, wanted: GroupColumn, taken: Collection[str]
) -> tuple[str | None, str]:
    """The column of groups, named or called so; and why it cannot be taken, "" if it can.

    Of several columns of patients and the like, it is the one that joins most.
    """
    if wanted is not None:
        return wanted or None, ""
    rest = table[[column for column in table.columns if column not in taken]]
    ranks = [
        {*([who, f"{who}s"] if who in _BARE else []), *(who + what for what in _NUMBERED)}
        for who in _WHO
    ]
    found = usual_columns(rest, ranks)
    if not found:
        perhaps = usual_columns(rest, [_PERHAPS_GROUPS])
        return (perhaps[0], "may hold groups, or something else") if perhaps else (None, "")
    column = found[0]
    missing = int(are_missing(table[column]).sum())
    if missing:
        return column, f"has no value in {counted(missing, 'row')}"
    if len(table) > 1 and table[column].nunique() == 1:
        return column, "has only one value"
    return column, ""


def column_for_groups(table: Any, wanted: GroupColumn, file: Path) -> str:
    """The column of groups in a table that is there for them."""
    if not wanted:
        called, _ = column_of_groups(table, None, [])
        if called is not None:
            return called
    return _wanted_or_usual(table, wanted or None, "group_column", (_WHO, _PERHAPS_GROUPS), file)


def labels_of(
    table: Any, wanted: Wanted, taken: Collection[Any], file: Path
) -> tuple[list[str], list[str], str]:
    """The label of each row, the columns that they are in, and what to say of these."""
    if wanted.labels is not None:
        columns = list(wanted.labels)
        _refuse_others(table, columns, taken, file)
        return _one_of(table, columns, file), columns, ""
    if wanted.label is None and not usual_columns(table, _LABELS):
        rest = [c for c in table.columns if c not in taken and not c.startswith("Unnamed: ")]
        columns = [column for column in rest if _zero_or_one(table[column]) is not None]
        if len(columns) > 1:
            labels = _one_of(table, columns, file)
            doubt = f"The columns {_named(columns)} of {shown_path(file)} are used as labels"
            return labels, columns, f"{doubt}; set label_columns to use others."
    column = _wanted_or_usual(table, wanted.label, "label_column", _LABELS, file)
    return table[column].tolist(), [column], ""


def _refuse_others(table: Any, names: Iterable[str], taken: Collection[Any], file: Path) -> None:
    """Refuse names of `label_columns` that are no columns of 0 and 1."""
    for name in names:
        require_column(table, name, "label_columns", file)
        if name in taken:
            raise ValueError(
                f"The parameter label_columns has {shortened(name)}, but this column of "
                f"{shown_path(file)} holds paths or groups."
            )
        other = table[name][~_tidy(table[name]).isin(_ZERO_OR_ONE)]
        if len(other):
            raise ValueError(
                f"The column {shortened(name)} of {shown_path(file)} holds "
                f"{shortened(other.iloc[0])} in row {other.index[0]}. Columns of label_columns "
                "must hold 0 and 1; for a column of names, set label_column."
            )


def _zero_or_one(values: Any) -> Any:
    """Where a column of 0 and 1 holds 1; None if it holds anything else."""
    found = _tidy(values).map(_ZERO_OR_ONE)
    return None if found.isna().any() else found.to_numpy(dtype=np.bool_)


def _tidy(values: Any) -> Any:
    return values.str.strip().str.lower()


def _one_of(table: Any, columns: list[str], file: Path) -> list[str]:
    """The column that holds 1 in each row."""
    ones = np.column_stack([_zero_or_one(table[column]) for column in columns])
    wrong = np.flatnonzero(ones.sum(axis=1) != 1)
    if len(wrong):
        row = row_numbers(table)[wrong[0]]
        held = [column for column, one in zip(columns, ones[wrong[0]], strict=True) if one]
        more = f" (and {len(wrong) - 1:,} more)" if len(wrong) > 1 else ""
        raise ValueError(
            f"The columns {_named(columns)} of {shown_path(file)} hold 0 and 1, but row {row} has "
            f"1 in {_named(held) if held else 'none'} of them{more}: each image must have one "
            "label. Set label_columns to the columns of classes, or label_column."
        )
    return [columns[place] for place in ones.argmax(axis=1)]


def _named(columns: Sequence[str]) -> str:
    return ", ".join(map(shortened, columns[:10])) + ", …" * (len(columns) > 10)
