"""A bar on a terminal, plain lines elsewhere."""

import io

from skdl._utils.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_on_a_terminal_is_one_line():
    stream = Terminal()
    progress = Progress(4, "Working", stream)
    for _ in range(4):
        progress.step()
    assert stream.getvalue().count("\n") == 1
    last = stream.getvalue().split("\r")[-1]
    assert last.startswith("Working " + "█" * 30 + " 4/4")


def test_progress_elsewhere_is_a_line_a_step():
    stream = io.StringIO()
    progress = Progress(2, "Working", stream)
    progress.step()
    progress.step()
    assert [line.split()[:2] for line in stream.getvalue().splitlines()] == [
        ["Working", "1/2"],
        ["Working", "2/2"],
    ]
