"""What a result was computed with."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib

_PACKAGES = (
    "skdl",
    "scikit-learn",
    "tensorflow",
    "keras",
    "scikeras",
    "numpy",
    "pandas",
    "scipy",
    "pillow",
)


def versions(*more: str) -> dict[str, str]:
    """Return the versions of packages that results depend on, to record them with a result.

    Parameters
    ----------
    *more : str
        Names of additional packages.

    Returns
    -------
    versions : dict of str to str
        Versions of the packages that are installed.

    Examples
    --------
    >>> from skdl.reporting import versions
    >>> {"skdl", "scikit-learn", "keras", "joblib"} <= set(versions("joblib"))
    True
    """
    found = {}
    for name in (*_PACKAGES, *more):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str]:
    """Return Python, system and processor, which may affect the last digits of results.

    Returns
    -------
    machine : dict of str to str
        "Python", "system" and "processor".

    Examples
    --------
    >>> from skdl.reporting import machine
    >>> list(machine())
    ['Python', 'system', 'processor']
    """
    there, usable = os.cpu_count() or 1, joblib.cpu_count()  # which this process may use
    cores = f"{there} cores" if usable == there else f"{usable} of {there} cores"
    return {
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": f"{processor()}, {cores}",
    }


def processor() -> str:
    """Name of the processor; Linux tells it only here."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
