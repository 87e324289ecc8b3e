"""What an audit found, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from skdl._utils.labels import listed
from skdl._utils.text import counted, names_within, plain, printable, shortened, shown_path

if TYPE_CHECKING:
    from skdl.audit._result import DataAudit

# Areas from which on a property tells classes apart to some degree, and nearly alone.
_SOME, _NEARLY = 0.6, 0.9
# Values of one class that spread so many times as far as those of another.
_WIDER = 2
# A class of fewer images may not show its range.
_ENOUGH = 5


def findings_of(audit: DataAudit) -> list[str]:
    """The most serious first: what cannot be used, what is wrong, what makes scores too good."""
    parts = (
        _unreadable(audit),
        _conflicts(audit),
        _label_errors(audit),
        _shortcuts(audit),
        _group_conflicts(audit),
        _look_alikes(audit),
        _copies(audit),
        _value_ranges(audit),
        _depths(audit),
        _empty(audit),
        _lesser_shortcuts(audit),
        _colors(audit),
    )
    return [printable(sentence) for part in parts for sentence in part]


def _unreadable(audit: DataAudit) -> Iterator[str]:
    table = audit.unreadable
    if len(table):
        first = table.iloc[0]
        yield (
            f"{_some(len(table), audit, 'file')} cannot be read, such as "
            f"{_image(audit, first['row'])}: {first['reason']}. Replace or drop "
            f"{'it' if len(table) == 1 else 'them'}."
        )


def _conflicts(audit: DataAudit) -> Iterator[str]:
    table = audit.conflicts
    if len(table):
        yield (
            f"{counted(len(table), 'pair')} of copies or look-alikes "
            f"{'is' if len(table) == 1 else 'are'} of different classes, such as "
            f"{_pair(audit, table, 'class')}. One of the two labels is probably wrong."
        )


def _label_errors(audit: DataAudit) -> Iterator[str]:
    table = audit.label_errors
    if len(table):
        first = table.iloc[0]
        yield (
            f"{counted(len(table), 'label')} of {counted(len(audit.images), 'image')} "
            f"{'contradicts' if len(table) == 1 else 'contradict'} the prediction of a model that "
            f"was not trained on the image, such as that of {_image(audit, first['row'])}: "
            f"{_label(first['class'])}, although {_label(first['suggested'])} has a probability of "
            f"{first['suggested_probability']:.2f}. Check these images first, and correct the "
            "labels that are wrong."
        )


def _shortcuts(audit: DataAudit) -> Iterator[str]:
    for _, found in _telling(audit, _NEARLY, 1.01):
        yield (
            f"{_capital(found['property'])} alone tells the classes apart: {_area(found)}; "
            f"{found['detail']}. A network may learn this instead of what the images show. "
            "Equalise the property between classes, or use images of all classes from each source."
        )


def _lesser_shortcuts(audit: DataAudit) -> Iterator[str]:
    found = [f"{row['property']} ({_area(row)})" for _, row in _telling(audit, _SOME, _NEARLY)]
    if found:
        yield (
            f"{'One property alone tells' if len(found) == 1 else 'Properties alone tell'} the "
            f"classes apart to some degree: {', '.join(found)}. This may be part of what the "
            "images show, or come from how they were made."
        )


def _telling(audit: DataAudit, least: float, below: float) -> Iterator[tuple[Any, Any]]:
    table = audit.shortcuts
    chosen = (table["low"] > 0.5) & (table["auc"] >= least) & (table["auc"] < below)
    yield from table[chosen].iterrows()


def _group_conflicts(audit: DataAudit) -> Iterator[str]:
    table = audit.group_conflicts
    if len(table):
        yield (
            f"{counted(len(table), 'pair')} of copies or look-alikes "
            f"{'is' if len(table) == 1 else 'are'} in different groups, such as "
            f"{_pair(audit, table, 'group')}. If they show one patient, correct the groups; "
            "the groups of this audit are already joined."
        )


def _look_alikes(audit: DataAudit) -> Iterator[str]:
    n = int(audit.images["look_alikes"].sum())
    if n:
        yield (
            f"{_some(n, audit)} look like another one, in {counted(len(audit.look_alikes), 'pair')}"
            f", such as {_pair(audit, audit.look_alikes)}. In a random split, training and test "
            "data would share them, and scores would be too good. Split by the groups of this "
            "audit."
        )


def _copies(audit: DataAudit) -> Iterator[str]:
    n = len(audit.copies) - audit.copies["set"].nunique()
    if n:
        one, other = (_image(audit, row) for row in audit.copies["row"][:2])
        yield (
            f"{_some(n, audit)} {'repeats' if n == 1 else 'repeat'} another one pixel for pixel, "
            f"such as {one} and {other}. Drop {'it' if n == 1 else 'them'}, or split by the "
            "groups of this audit."
        )


def _value_ranges(audit: DataAudit) -> Iterator[str]:
    table = audit.value_ranges[audit.value_ranges["images"] >= _ENOUGH]
    spread = table["high"] - table["low"]
    if len(table) > 1 and spread.max() > _WIDER * spread.min():
        ends = [
            f"{table.loc[label, 'low']:g} to {table.loc[label, 'high']:g} in {_label(label)}"
            for label in (spread.idxmin(), spread.idxmax())
        ]
        yield (
            f"Value ranges differ between classes: {' and '.join(ends)}. Bring all images to one "
            "scale."
        )


def _depths(audit: DataAudit) -> Iterator[str]:
    counts = audit.modes.groupby("dtype")["images"].sum().sort_values(ascending=False)
    if len(counts) > 1:
        yield (
            f"Files are of several depths: {_with_counts(counts)}. Their values are on different "
            "scales, and estimators reject the mixture. Convert all files to one depth."
        )


def _empty(audit: DataAudit) -> Iterator[str]:
    for kind, words in (("one color", "of one color"), ("nearly empty", "nearly empty")):
        found = audit.empty[audit.empty["kind"] == kind]
        if len(found):
            yield (
                f"{_some(len(found), audit)} {'is' if len(found) == 1 else 'are'} {words}, such as "
                f"{_image(audit, found['row'].iloc[0])}: there is nothing to learn from."
                + _may_be_transparent(audit, found["row"])
                * (kind == "one color")
            )


def _may_be_transparent(audit: DataAudit, rows: Any) -> str:
    if not audit.images["format"].iloc[rows].isin(("PNG", "GIF", "WEBP")).any():
        return ""
    return (
        " If a viewer shows more, it is in their transparency, which is dropped. Draw them on a "
        "background first."
    )


def _colors(audit: DataAudit) -> Iterator[str]:
    names = audit.modes["channels"].map({1: "grayscale", 3: "color"}).dropna()
    counts = audit.modes["images"].groupby(names).sum().sort_values(ascending=False)
    if len(counts) > 1:
        yield (
            f"Color and grayscale images are mixed: {_with_counts(counts)}. Estimators convert all "
            "of them to color. Set color='grayscale' if colors are irrelevant."
        )


def _some(n: int, audit: DataAudit, one: str = "image") -> str:
    return f"{n:,} of {counted(len(audit.images), one)}"


def _area(found: Any) -> str:
    return f"ROC AUC {found['auc']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def _pair(audit: DataAudit, table: pd.DataFrame, name: str = "") -> str:
    """The first pair, with a value of both."""
    ends = ("first", "second")
    one, other = (_image(audit, table[end].iloc[0]) for end in ends)
    values = [shortened(plain(table[f"{end}_{name}"].iloc[0])) for end in ends if name]
    return f"{one} and {other}" + f" ({' and '.join(values)})" * bool(name)


def _image(audit: DataAudit, row: int) -> str:
    """An image by its file, or else by its row."""
    if "path" not in audit.images:
        return f"row {row}"
    return shown_path(names_within(audit.images["path"].tolist())[row])


def _label(label: Any) -> str:
    return listed([label])[1:-1]


def _with_counts(counts: pd.Series) -> str:
    return ", ".join(f"{name} ({n:,})" for name, n in counts.items())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
