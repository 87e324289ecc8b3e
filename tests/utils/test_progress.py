"""A bar on a terminal, plain lines elsewhere."""

import io
import re
import subprocess
import sys

import pytest
from helpers import run_python

from skdl._utils import progress as module
from skdl._utils.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def open_terminal(monkeypatch):
    """A function that gives what is written to a terminal that can draw."""

    def opened():
        found = Terminal()
        monkeypatch.setenv("TERM", "xterm")
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("sys.stdout", found)
        return found

    return opened


def text_of(terminal):
    return re.sub("\x1b[^a-zA-Z]*[a-zA-Z]", "", terminal.getvalue())


def test_a_terminal_has_one_line(open_terminal):
    terminal = open_terminal()
    with Progress("[b]Working[/b]", 4) as progress:
        for _ in range(4):
            progress.step()
    assert terminal.getvalue().count("\n") == 1
    assert text_of(terminal).split("\r")[-1].startswith("[b]Working[/b] ━")
    assert "0/4" in text_of(terminal)
    assert "4/4" in text_of(terminal).split("\r")[-1]


def test_elsewhere_is_a_line_per_step(capsys):
    with Progress("Working", 2) as progress:
        progress.step()
        progress.update(2, "nearly there")
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Working 1/2  \d+\.\d s", first)
    assert re.fullmatch(r"Working 2/2  \d+\.\d s  nearly there", second)


def test_a_dumb_terminal_has_lines(open_terminal, monkeypatch):
    terminal = open_terminal()
    monkeypatch.setenv("TERM", "dumb")
    with Progress("Working", 1) as progress:
        progress.step()
    assert terminal.getvalue().startswith("Working 1/1 ")


def test_lines_on_a_terminal_where_they_are_wanted(open_terminal):
    terminal = open_terminal()
    progress = Progress("Epoch", 1, bar=False)
    progress.update(1, "loss 0.5")
    assert re.fullmatch(r"Epoch 1/1  \d+\.\d s  loss 0.5\n", terminal.getvalue())


def test_many_short_steps(capsys, monkeypatch):
    clock = iter([0.0, 1.0, 12.0, 13.0, 14.0])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    with Progress("Reading", 400, unit="images") as progress:
        for done in (100, 240, 300, 400):
            progress.update(done)
    assert capsys.readouterr().out.splitlines() == [
        "Reading 240/400  12.0 s  20 images/s",
        "Reading 400/400  14.0 s  29 images/s",
    ]


def test_nothing_where_all_is_done_at_once(open_terminal):
    terminal = open_terminal()
    with Progress("Reading", 400, unit="images") as progress:
        progress.update(400)
    with Progress("Working", 0):
        pass
    with Progress("Working", 3, shown=False) as progress:
        progress.step()
    assert terminal.getvalue() == ""


def test_a_bar_within_a_bar_is_lines(open_terminal):
    terminal = open_terminal()
    with Progress("Outer", 2) as outer:
        with Progress("Inner", 1) as inner:
            inner.step()
        outer.step()
    assert re.search(r"Inner 1/1  \d+\.\d s\n", text_of(terminal))
    with Progress("Next", 1) as progress:
        progress.step()
    assert "Next ━" in text_of(terminal)


def test_the_terminal_is_given_back_after_an_error(open_terminal):
    terminal = open_terminal()
    with pytest.raises(KeyError), Progress("Working", 3):
        raise KeyError
    assert sys.stdout is terminal
    assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count("\x1b[?25h") == 1


def test_a_reader_that_has_left_does_not_stop_the_work():
    code = (
        "from skdl._utils.progress import Progress\n"
        "import sys, os\n"
        "with Progress('Working', 9999) as progress:\n"
        "    for _ in range(9999): progress.step()\n"
        "sys.stderr.write('done')\n"
        "os._exit(0)"
    )
    process = subprocess.run(
        f'{sys.executable} -c "{code}" | head -1',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.stderr == "done"


def test_lines_need_no_rich():
    run_python(
        "import sys\n"
        "from skdl._utils.progress import Progress\n"
        "with Progress('Working', 1) as progress: progress.step()\n"
        "assert 'rich' not in sys.modules"
    )
