"""The folder that an analysis writes: whose it is, and the plan that it keeps."""

import json
import math
from pathlib import Path
from typing import Any

from skdl._utils.text import plain, shortened, shown_path
from skdl.downloads import replacing

ADVICE = "Choose another folder with out (--out)."
_PLAN = "plan.json"
_FORMAT = 1


def default_out(source: Path) -> Path:
    """Beside what is analysed."""
    name = source.name if source.is_dir() else source.name.partition(".")[0]
    return source.with_name(f"{name}-skdl")


def claim(out: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """The plan of a run before with as many minutes, if there is one; refuses what is another's."""
    if out.is_dir() and any(out.iterdir()):
        return _kept(out, settings)
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{shown_path(out)} is a file. {ADVICE}")
    return None


def _kept(out: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    path = out / _PLAN
    if not path.is_file():
        raise ValueError(
            f"{shown_path(out)} is not empty, and was not written by an analysis of skdl: it is "
            f"left unchanged. {ADVICE}"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        before, plan = dict(content["settings"]), dict(content["plan"])
        if content["format"] != _FORMAT:
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"The plan {shown_path(path)} cannot be read: it is damaged, or from another version "
            f"of skdl. Delete the folder to start again, or choose another with out (--out)."
        ) from error
    for name, value in settings.items():
        if before.get(name) != value and name != "minutes":
            other = shortened(before.get(name))
            raise ValueError(
                f"{shown_path(out)} belongs to an analysis with {name}={other}, not "
                f"{shortened(value)}. Delete it to start again, or choose another folder with "
                "out (--out)."
            )
    # With other minutes, it is planned anew; folds that are done need no time.
    return plan if before.get("minutes") == settings["minutes"] else None


def keep_plan(out: Path, settings: dict[str, Any], plan: dict[str, Any]) -> None:
    """Write the plan, by which the same command goes on."""
    write_json(out / _PLAN, {"format": _FORMAT, "settings": settings, "plan": plan})


def write_json(path: Path, content: Any) -> None:
    """Write a file of JSON, whole or not at all; what is undefined is null."""
    text = json.dumps(_without_nan(plain(content)), indent=2, ensure_ascii=False, default=str)
    write_text(path, text + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all."""
    with replacing(path, ADVICE) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
