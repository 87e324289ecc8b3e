"""Measure and check skdl on a graphics card, in ten minutes: ``python -m benchmarks.gpu``.

Epochs of `simple` and `resnet18` and features of VGG16, in float32 and in bfloat16, against plain
Keras and PyTorch; whether memory is taken as needed and results repeat; and tests of the suite.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.__main__ import RESULTS, machine
from benchmarks.gpu_cases import (
    CASES,
    CHECKS,
    PRECISIONS,
    TESTS,
    TESTS_ON_CPU,
    NoCardError,
    cards,
)
from benchmarks.table import markdown, short

ROOT = Path(__file__).parents[1]
NO_GPU = "TensorFlow finds no GPU here: nothing was measured. (`skdl doctor` says what it found.)"
PARTS = (*CHECKS, *CASES, "tests")
_STEP = 25.0  # seconds without which no process is started: libraries take most of them
_FOR_TESTS = 60.0
_ALWAYS = ("skdl", "keras")  # which are installed
_OUTCOMES = ("PASSED", "FAILED", "ERROR", "SKIPPED")


class NotMeasuredError(Exception):
    """Why something has no figure; `failed` is whether that is wrong."""

    def __init__(self, why: str, failed: bool) -> None:
        super().__init__(why)
        self.failed = failed


@dataclass
class Run:
    """What is found, in the time that there is."""

    on_cpu: bool
    deadline: float
    out: Path | None
    report: dict[str, Any] = field(
        default_factory=lambda: {"cases": {}, "checks": {}, "tests": {}, "left_out": {}}
    )
    failed: list[str] = field(default_factory=list)

    def child(self, *words: str) -> Any:
        """What a fresh process finds."""
        left = self.deadline - time.monotonic()
        if left < _STEP:
            raise NotMeasuredError("there was no time left for it", failed=False)
        small = ["--on-cpu"] if self.on_cpu else []
        words = ("--side", *words, *small)
        status, told, errors = _finished("benchmarks.gpu", *words, seconds=left, hide=self.on_cpu)
        if status is None:
            raise NotMeasuredError("the time was up", failed=False)
        if status:
            lines = errors.strip().splitlines() or ["no message"]
            raise NotMeasuredError(f"failed: {lines[-1]}", failed=True)
        found = json.loads(told.splitlines()[-1])
        if "absent" in found:
            raise NotMeasuredError(found["absent"], failed=False)
        return found["found"]

    def leave_out(self, what: str, why: str, failed: bool = False) -> None:
        """Say it at once, and in the end."""
        self.report["left_out"][what] = why
        if failed:
            self.failed.append(what)
        say(f"  {what}: {why}")

    def keep(self) -> None:
        """Write what is known so far: whoever stops it has that."""
        if self.out is not None:
            self.out.mkdir(parents=True, exist_ok=True)
            text = json.dumps({**self.report, "failed": self.failed}, indent=2)
            (self.out / "gpu.json").write_text(text + "\n")


def _finished(
    module: str, *arguments: str, seconds: float, hide: bool
) -> tuple[int | None, str, str]:
    """Status of a module that is run, None if it took longer, and what it printed until then.

    `hide` is whether there is no GPU for it.
    """
    hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if hide else {}
    with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=told,
            stderr=errors,
            cwd=ROOT,
            env={**os.environ, **hidden},
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            if process.poll() is None:  # with all that it has started
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        told.seek(0)
        errors.seek(0)
        return status, told.read(), errors.read()


def say(text: str) -> None:
    """Print, whether or not somebody reads along."""
    print(text, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; 1 if something failed, a check missed or a test did; 2 without a GPU."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)} (default: all)"
    )
    parser.add_argument("--out", type=Path, help="folder of gpu.json (default: of all results)")
    parser.add_argument("--minutes", type=float, default=10, help="limit (default: %(default)s)")
    parser.add_argument("--precision", choices=PRECISIONS, help="only this one")
    parser.add_argument(
        "--on-cpu", action="store_true", help="try the script without a GPU, on a few images"
    )
    parser.add_argument("--side", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.side:  # the fresh process that measures
        print(json.dumps(_measured(arguments.side, arguments.on_cpu)))
        return 0
    unknown = [name for name in arguments.parts if name not in PARTS]
    if unknown:
        parser.error(f"unknown part {unknown[0]!r}; known: {', '.join(PARTS)}")
    start = time.monotonic()
    out = arguments.out or (None if arguments.on_cpu else RESULTS)
    run = Run(arguments.on_cpu, start + 60 * arguments.minutes, out)
    try:
        found = run.child("cards")
    except NotMeasuredError as problem:
        say(f"TensorFlow could not be asked for a GPU, {problem}: nothing was measured.")
        return 1
    if not found and not arguments.on_cpu:
        say(NO_GPU)
        return 2
    only = PRECISIONS if arguments.precision is None else (arguments.precision,)
    _report(run, found, arguments.parts or PARTS, only)
    say(f"\nTook {time.monotonic() - start:.0f} s.")
    return 1 if run.failed else 0


def _measured(words: Sequence[str], on_cpu: bool) -> dict[str, Any]:
    """What a fresh process is for: the cards, a check, or a side of a case in a precision."""
    name, *side = words
    if name == "cards":
        return {"found": cards()}
    if not side:
        return {"found": CHECKS[name](on_cpu)}
    contender, precision = side
    try:
        return {"found": CASES[name].sides[contender](precision, on_cpu)}
    except NoCardError as error:
        return {"absent": str(error)}


def _report(run: Run, found: list[str], parts: Sequence[str], precisions: Sequence[str]) -> None:
    named = ", ".join(found) or "none"
    small = ": a small version, whose figures mean nothing" if run.on_cpu else ""
    say(f"GPU: {named}{small}")
    run.report |= {"gpu": found, "on_cpu": run.on_cpu, "machine": machine()}
    for check in filter(parts.__contains__, CHECKS):
        _check(run, check)
        run.keep()
    for precision in precisions:
        for name in filter(parts.__contains__, CASES):
            _compare(run, name, precision)
            run.keep()
    if "tests" in parts:
        _test(run)
        run.keep()
    measured = run.report["cases"]
    if measured:
        say(f"\n{markdown({'cases': measured})}")
    for what, why in run.report["left_out"].items():
        say(f"Left out: {what}: {why}")
    say(f"Failed: {', '.join(run.failed)}" if run.failed else "Nothing failed.")


# ---- figures -------------------------------------------------------------------------------------


def _compare(run: Run, name: str, precision: str) -> None:
    """All sides of a case in a precision."""
    case = CASES[name]
    title = f"{name}, small" if run.on_cpu else case.title
    say(f"\n{title}, {precision}")
    figures: dict[str, list[float]] = {}
    for side in case.sides:
        what = f"{name}, {precision}, {side}"
        if side not in _ALWAYS and find_spec(side) is None:
            run.leave_out(what, "it is not installed")
            continue
        try:
            seconds = run.child(name, side, precision)
        except NotMeasuredError as problem:
            run.leave_out(what, str(problem), problem.failed)
            continue
        figures[side] = [seconds]
        compared = side != "skdl" and "skdl" in figures
        ratio = f"  skdl / {side} = {figures['skdl'][0] / seconds:.3f}" if compared else ""
        say(f"  {side:<6}{short(seconds):>8} s{ratio}")
    if "skdl" in figures:
        run.report["cases"][f"{name}-{precision}"] = {
            "title": f"{title}, {precision}", "unit": "s", "figures": figures, "bars": [],
        }  # fmt: skip


# ---- checks --------------------------------------------------------------------------------------


def _check(run: Run, name: str) -> None:
    """A check, in words."""
    try:
        found = run.child(name)
        if name == "repeat":
            found = _differences(found, run.child(name))
    except NotMeasuredError as problem:
        run.leave_out(name, str(problem), problem.failed)
        return
    good, words = _IN_WORDS[name](found)
    run.report["checks"][name] = {**found, "good": good, "words": words}
    if good is False:
        run.failed.append(name)
    say(f"  {name}: {words}")


def _differences(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """How far probabilities differ at most, by fits in one process and in two."""
    found = {}
    for name, (one, another) in first.items():
        pairs = {"one process": another, "two processes": second[name][0]}
        found[name] = {
            where: float(np.abs(np.subtract(one, other)).max()) for where, other in pairs.items()
        }
    return found


def _memory_in_words(found: dict[str, Any]) -> tuple[bool | None, str]:
    if found["as_needed"] is None:
        return None, "there is no card whose memory could be taken"
    growth = "on" if all(found["growth"]) else "OFF"
    peaks = [f"{found[name]['peak'] / 2**20:,.0f} MiB" for name in ("few", "many")]
    held = found["few"]["held"]
    taken = "" if held is None else f"; then {held['used']:,} of {held['total']:,} MiB were taken"
    verdict = "as needed" if found["as_needed"] else "NOT as needed"
    return found["as_needed"], (
        f"{verdict}: growth is {growth}, TensorFlow used {peaks[0]} at most in a fit on few images"
        f"{taken}; and {peaks[1]} in one on more"
    )


def _limit_in_words(found: dict[str, Any]) -> tuple[bool | None, str]:
    if found["kept"] is None:
        return None, "there is no card whose memory could be limited"
    verdict = "is kept" if found["kept"] else "is NOT kept"
    return found["kept"], (
        f"a limit of {found['MiB']:,} MiB that the user has set {verdict}, "
        f"{found['peak'] / 2**20:,.0f} MiB used at most"
    )


def _repeat_in_words(found: dict[str, Any]) -> tuple[bool, str]:
    said = [
        f"{name} by fits in {where} "
        + (f"differ by up to {difference:.2g}" if difference else "are equal")
        for name, places in found.items()
        for where, difference in places.items()
    ]
    return not any(any(places.values()) for places in found.values()), (
        f"probabilities of {'; of '.join(said)}"
    )


_IN_WORDS: dict[str, Callable[[dict[str, Any]], tuple[bool | None, str]]] = {
    "memory": _memory_in_words,
    "limit": _limit_in_words,
    "repeat": _repeat_in_words,
}


def _test(run: Run) -> None:
    """The suite's tests, as far as there is time."""
    left = run.deadline - time.monotonic()
    if find_spec("pytest") is None:
        run.leave_out("tests", "pytest is not installed")
        return
    if left < _FOR_TESTS:
        run.leave_out("tests", "there was no time left for them")
        return
    say("\nTests of the suite")
    tests = TESTS_ON_CPU if run.on_cpu else TESTS
    status, told, _ = _finished(
        "pytest", "-v", "--tb=line", "-p", "no:cacheprovider", *tests, seconds=left, hide=run.on_cpu
    )
    outcomes = re.findall(r"^(\S+::.*) (PASSED|FAILED|ERROR|SKIPPED)\s+\[", told, re.MULTILINE)
    counts = {kind: sum(found == kind for _, found in outcomes) for kind in _OUTCOMES}
    broken = [test for test, found in outcomes if found in ("FAILED", "ERROR")]
    run.report["tests"] = {**counts, "broken": broken, "finished": status is not None}
    say(f"  {', '.join(f'{n} {kind.lower()}' for kind, n in counts.items() if n) or 'none ran'}")
    for test in broken:
        say(f"  broken: {test}")
    if status is None:
        run.leave_out("the other tests", "the time was up")
    if broken or status not in (0, None):
        run.failed.append("tests")


if __name__ == "__main__":
    sys.exit(main())
