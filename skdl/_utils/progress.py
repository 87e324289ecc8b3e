"""How far a long task has come."""

import contextlib
import sys
import time
from typing import TextIO


class Progress:
    """A bar on a terminal, plain lines elsewhere.

    Parameters
    ----------
    total : int
        Number of steps.
    label : str
        What is going on.
    stream : text file, default=None
        Where to write; None is standard output.
    """

    def __init__(self, total: int, label: str, stream: TextIO | None = None) -> None:
        self._total = total
        self._label = label
        self._stream = stream or sys.stdout
        self._done = 0
        self._start = time.perf_counter()
        self._show()

    def step(self) -> None:
        """One more step is done."""
        self._done += 1
        self._show()

    def _show(self) -> None:
        # Whoever read along may have left; that is no reason for the work itself to fail.
        with contextlib.suppress(BrokenPipeError):
            self._write()

    def _write(self) -> None:
        seconds = time.perf_counter() - self._start
        count = f"{self._done}/{self._total}"
        if self._stream.isatty():
            filled = round(30 * self._done / max(self._total, 1))
            bar = "█" * filled + "░" * (30 - filled)
            end = "\n" if self._done == self._total else ""
            self._stream.write(f"\r{self._label} {bar} {count}  {seconds:.0f} s {end}")
        elif self._done:
            self._stream.write(f"{self._label} {count}  {seconds:.0f} s\n")
        self._stream.flush()
