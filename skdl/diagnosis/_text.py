"""A diagnosis as text of at most 80 columns."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from skdl._utils.text import counted

_WIDTH = 79
_LABEL = 14
_UNKNOWN = "unknown"


def as_text(facts: dict[str, Any], problems: Sequence[Any]) -> str:
    """Facts, one topic a paragraph, and then what is wrong."""
    lines = [line for label, text in _facts(facts) for line in _paragraph(label, text)]
    if not problems:
        return "\n".join([*lines, "", "Nothing is wrong."])
    lines += ["", f"{counted(len(problems), 'problem')}:"]
    for number, problem in enumerate(problems, start=1):
        start = f"{number}. "
        mark = "BROKEN: " if problem.broken else ""
        lines += ["", *_wrapped(mark + problem.what, start, " " * len(start))]
        lines += _wrapped(problem.advice, " " * len(start), " " * len(start))
    return "\n".join(lines)


def _paragraph(label: str, text: str) -> list[str]:
    return _wrapped(text, f"{label:<{_LABEL}}", " " * _LABEL)


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _facts(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    python, system, home = facts["python"], facts["system"], facts["data_home"]
    yield "skdl", f"{facts['skdl']['version']} in {facts['skdl']['path']}"
    yield "Python", f"{python['version']} ({python['implementation']})"
    yield (
        "system",
        " ".join(
            filter(None, (system["name"], system["release"], system["machine"], system["libc"]))
        ),
    )
    yield (
        "packages",
        ", ".join(
            f"{name} {package['version'] or 'MISSING'}"
            for name, package in facts["packages"].items()
        )
        or _UNKNOWN,
    )
    yield "extras", _extras(facts["extras"]) or "none"
    yield "cores", _cores(facts["cores"])
    yield "memory", _memory(facts["memory"])
    yield "accelerators", _accelerators(facts["tensorflow"]["tried"])
    hardware = facts["bfloat16"]
    yield (
        "bfloat16",
        ", ".join(
            f"{who}: {_yes(hardware[key])}"
            for key, who in (("processor", "processor"), ("accelerators", "accelerators"))
            if key == "processor" or hardware[key] is not None
        ),
    )
    yield "data home", _data_home(home)
    weights = home.get("weights") or {}
    yield "weights", ", ".join(f"{n} ({_size(s)})" for n, s in weights.items()) or "none"
    folders = home.get("folders") or {}
    yield (
        "data folders",
        ", ".join(
            f"{name} ({counted(of['files'], 'file')}, {_size(of['bytes'])})"
            for name, of in folders.items()
        )
        or "none",
    )
    yield "plugins", _plugins(facts["plugins"])
    values = facts["variables"]
    yield "variables", ", ".join(f"{name}={value}" for name, value in values.items()) or "none"


def _extras(extras: dict[str, Any]) -> str:
    told = []
    for extra, packages in extras.items():
        lacking = [name for name, package in packages.items() if not package["fits"]]
        told.append(f"{extra} (without {', '.join(lacking)})" if lacking else extra)
    return ", ".join(told)


def _cores(cores: dict[str, Any]) -> str:
    there, usable = cores["there"], cores["usable"]
    of = f"{usable} of {there}" if there != usable else f"{usable}"
    container = cores["container"]
    limit = f", of which a container allows {container:g}" if container else ""
    return f"{of}{limit}; {cores['processor']}"


def _memory(memory: dict[str, Any]) -> str:
    names = (("total", "{}"), ("available", "{} available"), ("container", "a container allows {}"))
    told = [text.format(_size(memory[name])) for name, text in names if memory[name] is not None]
    return ", ".join(told) or _UNKNOWN


def _accelerators(tried: dict[str, Any] | None) -> str:
    if tried is None or "accelerators" not in tried:
        return "not checked" if tried is None else _UNKNOWN
    return ", ".join(card["name"] for card in tried["accelerators"]) or "none"


def _data_home(home: dict[str, Any]) -> str:
    if home["path"] is None:
        return "cannot be used"
    size = f"{_size(home['bytes'])} in use, " if home["exists"] else "not created yet, "
    free = _UNKNOWN if home["free_bytes"] is None else _size(home["free_bytes"])
    return f"{home['path']}: {size}{free} free, {'not ' if home['fault'] else ''}writable"


def _plugins(plugins: dict[str, Any]) -> str:
    told = []
    for group, of in plugins.items():
        others = f" (with {', '.join(of['packages'])})" if of["packages"] else ""
        told.append(f"{of['names']} {group}{others}")
    return ", ".join(told)


def _size(n_bytes: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"


def _yes(value: bool | None) -> str:
    return _UNKNOWN if value is None else "yes" if value else "no"
