"""What is wrong with the facts, and what to do about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from skdl._utils.text import counted, shortened
from skdl.diagnosis._packages import module_of

_GB = 10**9
_LITTLE_MEMORY, _LITTLE_ROOM = 1.5 * _GB, 2 * _GB
_PIP = "python -m pip install"
# What TensorFlow's wheels for Linux need.
_OLDEST_GLIBC = (2, 17)
_ON_KERAS = ("keras", "scikeras", "skdl.estimators")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_THREADS_OF_TENSORFLOW = "TF_NUM_INTRAOP_THREADS"


@dataclass(frozen=True)
class Problem:
    """A problem that :func:`skdl.diagnose` found.

    Attributes
    ----------
    what : str
        The problem, in a sentence.
    advice : str
        What to do about it.
    broken : bool
        Whether skdl, or a part of it, does not work; otherwise it costs time, or may matter later.

    Examples
    --------
    >>> from skdl import diagnose
    >>> [problem.what for problem in diagnose(tensorflow=False).problems if problem.broken]
    []
    """

    what: str
    advice: str
    broken: bool = False


def find_problems(facts: dict[str, Any]) -> list[Problem]:
    """All that is wrong, what is broken first."""
    finders = (_of_versions, _of_imports, _of_cards, _of_threads, _of_memory, _of_folders, _of_text)
    found = [problem for finder in finders for problem in finder(facts)]
    return sorted(found, key=lambda problem: not problem.broken)


def _of_versions(facts: dict[str, Any]) -> Iterator[Problem]:
    python, own = facts["python"], facts["skdl"]
    if not python["fits"]:
        yield Problem(
            f"Python is {python['version']}, but skdl needs {python['needed']}.",
            "Install skdl in an environment with such a Python.",
            broken=True,
        )
    if own["installed"] is None:
        yield Problem(
            f"skdl runs from {own['path']} without being installed, so the versions that it needs "
            "are not known.",
            f"In its checkout: {_PIP} .",
        )
    elif own["installed"] != own["version"]:
        yield Problem(
            f"skdl {own['version']} runs from {own['path']}, but {own['installed']} is installed.",
            "Uninstall one of them, or start Python elsewhere.",
        )
    for name, package in facts["packages"].items():
        version, needed = package["version"], package["needed"]
        what = f"is {version}, but skdl needs {needed}" if version else "is missing"
        if not package["fits"]:
            yield Problem(f"The package {name} {what}.", f'{_PIP} "{name}{needed}"', broken=True)
    if len(names := facts["tensorflow"]["packages"]) > 1:
        yield Problem(
            f"The packages {' and '.join(names)} hold the same files.",
            f"{_PIP.replace('install', 'uninstall')} {' '.join(names)}, then install one of them.",
        )
    for group, plugins in facts["plugins"].items():
        for name, why in plugins["broken"].items():
            yield Problem(
                f"Among the {group}, {shortened(name)} is broken: {why}",
                f"Update or uninstall the package that provides it: skdl list {group}",
                broken=True,
            )


def _of_imports(facts: dict[str, Any]) -> Iterator[Problem]:
    backend = facts["variables"].get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        yield Problem(
            f"The environment variable KERAS_BACKEND is {shortened(backend)}, but skdl needs Keras "
            "on TensorFlow.",
            "Unset it before you start Python.",
            broken=True,
        )
    tried = facts["tensorflow"]["tried"]
    if tried is None:
        return
    failed = dict(tried["failed"])
    for name in _ON_KERAS if backend != "tensorflow" else ():
        failed.pop(name, None)
    if len(failed) > 1:
        failed.pop("skdl.estimators", None)  # which fails for the same reason
    packages = {module_of(name): name for name in facts["packages"]}
    for module, why in failed.items():
        again = f"{_PIP} --force-reinstall {packages.get(module, 'skdl')}"
        advice = _of_old_system(facts) or again
        if module == "running TensorFlow":
            yield Problem(f"TensorFlow does not run: {why}", advice, broken=True)
        else:
            yield Problem(f"{module} cannot be imported: {why}", advice, broken=True)
    if tried["ended"]:
        illegal = "SIGILL" in tried["ended"]
        advice = "The processor lacks instructions that the library needs: use another computer."
        other = "Reinstall the library named there, in a new environment if necessary."
        yield Problem(tried["ended"], advice if illegal else other, broken=True)
    if tried.get("computes_float32") is False:
        yield Problem(
            "TensorFlow computes a wrong product of two matrices.",
            f"{_PIP} --force-reinstall tensorflow; if that does not help, the processor or the "
            "graphics card is faulty.",
            broken=True,
        )


def _of_old_system(facts: dict[str, Any]) -> str:
    """What to do where the system is too old, or another than TensorFlow is made for; else ""."""
    system = facts["system"]
    library, _, version = (system["libc"] or "").partition(" ")
    if system["name"] != "Linux":
        return ""
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if library == "glibc" and numbers and numbers < _OLDEST_GLIBC:
        return f"The C library, glibc {version}, is too old: use a newer system, or a container."
    if library != "glibc":
        return "TensorFlow needs glibc, which this system does not have: use another image."
    return ""


def _of_cards(facts: dict[str, Any]) -> Iterator[Problem]:
    tensorflow = facts["tensorflow"]
    tried = tensorflow["tried"]
    if not tensorflow["nvidia_driver"] or tried is None or tried.get("accelerators") != []:
        return
    hidden = facts["variables"].get("CUDA_VISIBLE_DEVICES")
    if hidden in ("", "-1"):
        yield Problem(
            f"The environment variable CUDA_VISIBLE_DEVICES is {hidden!r}, which hides graphics "
            "cards.",
            "Unset it to use the card.",
        )
    else:
        yield Problem(
            "There is an NVIDIA driver, but TensorFlow finds no graphics card.",
            f'{_PIP} "tensorflow[and-cuda]", and run nvidia-smi to see whether the driver works.',
        )


def _of_threads(facts: dict[str, Any]) -> Iterator[Problem]:
    cores, variables = facts["cores"], facts["variables"]
    usable = cores["usable"]
    for name in (*_THREADS, _THREADS_OF_TENSORFLOW):
        value = variables.get(name)
        if value is None:
            continue
        numbers = [part.strip() for part in value.split(",")]  # one for each level of nesting
        may_be_zero = name == _THREADS_OF_TENSORFLOW  # all cores
        if not all(part.isdecimal() and (int(part) or may_be_zero) for part in numbers):
            yield Problem(
                f"The environment variable {name} is {shortened(value)}, which is not a number of "
                "threads.",
                "Unset it.",
            )
        elif int(numbers[0]) == 1 < usable:
            yield Problem(
                f"The environment variable {name} is 1, so only one of {usable} cores is used.",
                "Unset it, unless several processes share the cores.",
            )
        elif int(numbers[0]) > usable:
            yield Problem(
                f"The environment variable {name} is {value}, but {counted(usable, 'core')} may be "
                "used: the threads compete for them.",
                f"Unset it, or set it to {usable}.",
            )
    container, affinity = cores["container"], cores["affinity"]
    if (
        container
        and affinity
        and affinity >= 2 * container
        and not (_THREADS_OF_TENSORFLOW in variables and "OMP_NUM_THREADS" in variables)
    ):
        n = max(1, round(container))
        yield Problem(
            f"The container may use {container:g} of {affinity} cores, but libraries start one "
            "thread per core.",
            f"Set OMP_NUM_THREADS={n} and {_THREADS_OF_TENSORFLOW}={n}.",
        )


def _of_memory(facts: dict[str, Any]) -> Iterator[Problem]:
    memory = facts["memory"]
    known = [memory[name] for name in ("available", "container") if memory[name] is not None]
    if known and min(known) < _LITTLE_MEMORY:
        yield Problem(
            f"There are {min(known) / _GB:.1f} GB of memory left; TensorFlow alone needs 0.5.",
            "Close other programs, or use smaller images and batches.",
        )


def _of_folders(facts: dict[str, Any]) -> Iterator[Problem]:
    home, temporary = facts["data_home"], facts["temporary_folder"]
    choose = "Set the environment variable SKDL_DATA_HOME to another folder."
    if home["path"] is None:
        yield Problem(f"The data home cannot be used: {home['fault']}", choose, broken=True)
    elif home["fault"]:
        use = " Existing files can be used, but nothing can be downloaded." * home["exists"]
        yield Problem(
            f"Nothing can be written to the data home {home['path']}: {home['fault']}{use}",
            choose,
            broken=not home["exists"],
        )
    elif not home["exists"] and "SKDL_DATA_HOME" in facts["variables"]:
        yield Problem(
            f"SKDL_DATA_HOME is {home['path']}, which does not exist yet.",
            "The first download creates it. If your data are elsewhere, correct the variable.",
        )
    free = home.get("free_bytes")
    if free is not None and free < _LITTLE_ROOM and not home["fault"]:
        yield Problem(
            f"There are {free / _GB:.1f} GB left on the disk of the data home.",
            f"Free disk space. {choose}",
        )
    if n := home.get("leftovers"):
        yield Problem(
            f"{counted(n, 'file')} in the data home {'was' if n == 1 else 'were'} left by an "
            "interrupted download.",
            "The next download of the same file removes it. To remove it yourself: its name ends "
            "in .part",
        )
    if temporary["fault"]:
        yield Problem(
            f"There is no folder for temporary files: {temporary['fault']}",
            "Set the environment variable TMPDIR to a folder that can be written to.",
            broken=True,
        )


def _of_text(facts: dict[str, Any]) -> Iterator[Problem]:
    system = facts["system"]
    for name, what in (("encoding", "text"), ("file_encoding", "file names")):
        if system[name].lower().replace("-", "") not in ("utf8", "cp65001"):
            yield Problem(
                f"Python encodes {what} as {system[name]}, so other characters are lost.",
                "Set the environment variable PYTHONUTF8=1.",
            )
            return
