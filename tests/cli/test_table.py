"""Tables: in a pipe, on terminals of any width, and with the text of strangers."""

import io
import re

import pytest

from skdl.cli._table import show_table

HEADER = ("name", "entries", "description")
ROWS = [
    ("first", "7", "A few words of description.\nand=a, second=line"),
    ("second-one", "1,234", "Other words."),
]


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def show(capsys, monkeypatch):
    """A function that gives the lines of a table as a pipe has them, or lines so wide."""

    def lines(columns=None, header=HEADER, rows=ROWS, right=("entries",)):
        if columns is None:
            monkeypatch.delenv("COLUMNS", raising=False)
        else:
            monkeypatch.setenv("COLUMNS", str(columns))
        show_table(header, rows, right)
        return capsys.readouterr().out.splitlines()

    return lines


def on_terminal(monkeypatch, columns, rows=ROWS, **environment):
    terminal = Terminal()
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environment, "COLUMNS": str(columns)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", terminal)
    show_table(HEADER, rows)
    return terminal.getvalue()


def test_a_pipe_has_whole_lines(show):
    assert show() == [
        "name        entries  description",
        "first             7  A few words of description.",
        "                     and=a, second=line",
        "second-one    1,234  Other words.",
    ]
    long = "word " * 200
    assert show(rows=[("a", "1", long)])[1].endswith(long.rstrip())


def test_a_wide_terminal_has_the_same(show):
    assert show(120) == show()


def test_cells_are_wrapped_between_words(show):
    assert show(41) == [
        "name        entries  description",
        "first             7  A few words of",
        "                     description.",
        "                     and=a, second=line",
        "second-one    1,234  Other words.",
    ]


def test_the_widest_column_gives_way(show):
    found = show(40, ("a", "b"), [("x" * 12, "some words " * 5)], ())
    assert [line[:14] for line in found[1:]] == ["x" * 12 + "  ", *[" " * 14] * (len(found) - 2)]
    assert max(map(len, found)) <= 40


def test_paragraphs_where_words_would_break(show):
    rows = [("x" * 20, "1", "and=" + "y" * 20 + " more"), ("total", "2", "")]
    assert show(40, rows=rows) == [
        "x" * 20,
        "    entries: 1",
        "    description:",
        f"    and={'y' * 20} more",
        "total",
        "    entries: 2",
    ]


def test_no_line_is_longer_than_the_terminal(show):
    rows = [("n" * 90, "12", "w" * 300)]
    for columns in (40, 60, 80, 120):
        found = show(columns, rows=rows)
        assert max(map(len, found)) <= columns
        assert "".join(found).count("w") == 300  # nothing is cut off


@pytest.mark.parametrize("columns", [40, 60, 120, None])
def test_text_of_strangers_is_shown_as_it_is(show, columns):
    rows = [("[red]a[/red]", ":smile:", "\x1b[2J \u202e [link=file:/]b")]
    text = " ".join("\n".join(show(columns, rows=rows)).split())
    assert "[red]a[/red]" in text
    assert ":smile:" in text
    assert r"\x1b[2J \u202e [link=file:/]b" in text


def test_a_terminal_has_a_bold_header_and_nothing_else(monkeypatch):
    header, *others = on_terminal(monkeypatch, 50).splitlines()
    assert set(re.findall("\x1b[^m]*m", header)) == {"\x1b[1m", "\x1b[0m"}
    assert "\x1b" not in "".join(others)


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": "unknown"}])
def test_a_dumb_terminal_has_no_codes(monkeypatch, environment):
    printed = on_terminal(monkeypatch, 50, **environment)
    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) <= 50


def test_wide_characters_take_two_columns(show):
    found = show(40, rows=[("図図", "1", "word " * 9)])
    assert found[1].startswith("図図        1  word")
