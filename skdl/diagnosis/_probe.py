"""Libraries and TensorFlow tried in a process of their own, which may end as it likes.

Decisions: docs/decisions.md#analyses-and-the-command-line.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import skdl
from skdl.diagnosis._shown import tidy

_SECONDS = 300
_CODE = "from skdl.diagnosis._probed import main; main()"
_LAST_LINES = 3


def probe(modules: Sequence[str]) -> dict[str, Any]:
    """What happens when modules are imported and TensorFlow runs.

    `failed` has the modules whose import raised, and why; `ended` says where the process ended
    itself, and how, "" if it did not. What TensorFlow told is there if it ran.
    """
    paths = [str(Path(skdl.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    try:
        process = subprocess.run(
            [sys.executable, "-c", _CODE, *modules],
            capture_output=True,
            env=environment,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return _read(error.stdout or b"", f"did not end within {_SECONDS} s")
    except OSError as error:
        return _read(b"", f"could not be started: {error}")
    if process.returncode == 0:
        return _read(process.stdout, "")
    said = process.stderr.decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
    return _read(process.stdout, f"{_how(process.returncode)}. {' '.join(said)}".strip())


def _how(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _read(told: bytes, ended: str) -> dict[str, Any]:
    found: dict[str, Any] = {"failed": {}, "ended": ""}
    begun = ""
    for line in told.splitlines():
        facts = json.loads(line)
        begun = facts.get("begun", begun)
        if "accelerators" in facts:
            found |= facts
        elif facts.get("error"):
            found["failed"][facts["module"]] = tidy(facts["error"])
    if ended:
        where = f", at {begun}" if begun else ""
        found["ended"] = tidy(f"The process that tests the libraries {ended}{where}.")
    return found
