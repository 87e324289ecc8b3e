"""How far a long task has come.

Decisions: docs/decisions.md#analyses-and-the-command-line.
"""

import contextlib
import sys
import threading
import time
from typing import Any

_SECONDS_BETWEEN_LINES = 10
_screen = threading.Lock()  # held while a bar is drawn: two would overwrite each other


class Progress:
    """A bar on a terminal or in a notebook; plain lines elsewhere, and beside another bar.

    `unit` is what is counted where steps are many and short, such as "images": how many there are
    per second is shown, lines come only now and then, and none where all is done at once. Without
    `bar` there is a line per step on a terminal, too, with the time of this step.
    """

    def __init__(
        self, label: str, total: int, *, shown: bool = True, unit: str = "", bar: bool = True
    ) -> None:
        self._label, self._total, self._unit = label, total, unit
        self._shown, self._draws = shown, bar
        self._bar: Any = None
        self._done = 0
        self._began = False
        self._start = self._last = time.perf_counter()

    def __enter__(self) -> "Progress":
        if not self._unit and self._total:
            self.update(0)
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
            _screen.release()

    def step(self) -> None:
        """One more step is done."""
        self.update(self._done + 1)

    def update(self, done: int, note: str = "") -> None:
        """So many steps are done; the note stands beside their number."""
        self._done = done
        all_at_once = self._unit and not self._began and done == self._total
        if not self._shown or all_at_once:
            return
        if not self._began and self._draws:
            self._bar = _new_bar(self._label, self._total)
        self._began = True
        now = time.perf_counter()
        if self._unit:
            seconds = max(now - self._start, 1e-9)  # clocks have steps
            note = ", ".join(filter(None, [f"{done / seconds:,.0f} {self._unit}/s", note]))
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, note=note)
        elif done:
            self._write_line(now, note)

    def _write_line(self, now: float, note: str) -> None:
        due = self._done == self._total or now - self._last > _SECONDS_BETWEEN_LINES
        if due or not self._unit:
            seconds = now - (self._start if self._draws else self._last)
            line = f"{self._label} {self._done}/{self._total}  {seconds:.1f} s  {note}"
            # Whoever read along may have left; that is no reason for the work itself to fail.
            with contextlib.suppress(BrokenPipeError):
                print(line.rstrip(), flush=True)
            self._last = now


def _new_bar(label: str, total: int) -> Any:
    """A bar of rich's that is being drawn; None where there is no place for one."""
    if not (sys.stdout.isatty() or "ipykernel" in sys.modules):
        return None
    from rich import progress
    from rich.console import Console

    console = Console()
    if not (console.is_interactive or console.is_jupyter) or not _screen.acquire(blocking=False):
        return None
    bar = progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[note]}", markup=False),
        progress.TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )
    bar.add_task(label, total=total, note="")
    bar.start()
    return bar
