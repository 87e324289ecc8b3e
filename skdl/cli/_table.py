"""Tables: plain and as wide as they are in a pipe, wrapped on a terminal.

Decisions: docs/decisions.md#analyses-and-the-command-line.
"""

import os
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from skdl._utils.text import printable

# In characters.
_NARROWEST = 40  # no terminal is taken to be narrower
_GAP = 2
_NARROWEST_COLUMN = 16
_INDENT = 4

Cells = list[list[str]]


def output_width() -> int | None:
    """Characters in a line; None in a pipe or a file, where a line may be as long as it is."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return None
    return max(_NARROWEST, shutil.get_terminal_size().columns)


def show_table(
    header: Sequence[str], rows: Iterable[Sequence[object]], right: Collection[str] = ()
) -> None:
    """Print a table with cells of any origin; those of the columns `right` end on one line."""
    cells = [[printable(str(cell), keep="\n") for cell in row] for row in (header, *rows)]
    width = output_width()
    lines = _plain(cells, right) if width is None else _fitted(cells, right, width)
    print("\n".join(line.rstrip() for line in lines), flush=True)


def _plain(cells: Cells, right: Collection[str]) -> Iterator[str]:
    header, columns = cells[0], zip(*cells, strict=True)
    sides = [">" if name in right else "<" for name in header]
    widths = [max(map(len, "\n".join(column).split("\n"))) for column in columns]
    for row in cells:
        for parts in zip_longest(*(cell.split("\n") for cell in row), fillvalue=""):
            found = zip(parts, sides, widths, strict=True)
            yield (" " * _GAP).join(f"{part:{side}{width}}" for part, side, width in found)


def _fitted(cells: Cells, right: Collection[str], width: int) -> list[str]:
    """Lines of a table with wrapped cells, or of paragraphs where that would break words."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    (header, *rows), columns = cells, ["\n".join(column) for column in zip(*cells, strict=True)]
    console = Console(width=width + _GAP, height=len(cells))  # the last column has a gap, too
    widths = _widths(columns, width - _GAP * (len(header) - 1))
    with console.capture() as captured:
        if widths is not None:
            table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="bold")
            for name, column_width in zip(header, widths, strict=True):
                side: Any = "right" if name in right else "left"
                table.add_column(Text(name), width=column_width, justify=side)
            for row in rows:
                table.add_row(*map(Text, row))
            console.print(table)
        else:
            for title, *others in rows:
                console.print(Text(title, "bold"), width=width)
                for name, cell in zip(header[1:], others, strict=True):
                    if cell:
                        text = Text(f"{name}: {cell}" if name else cell)
                        console.print(Padding(text, (0, 0, 0, _INDENT)), width=width)
    lines: list[str] = captured.get().splitlines()
    return lines


def _widths(columns: list[str], room: int) -> list[int] | None:
    """How wide each column is to be; None where not even their longest words fit."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column.split("\n"))) for column in columns]
    words = [max(map(cell_len, column.split())) for column in columns]
    least = [
        min(width, max(word, _NARROWEST_COLUMN)) for width, word in zip(widths, words, strict=True)
    ]
    if sum(least) > room:
        return None
    while sum(widths) > room:  # the widest column that may be narrower gives way
        spare = [width if width > low else 0 for width, low in zip(widths, least, strict=True)]
        widths[spare.index(max(spare))] -= 1
    return widths
