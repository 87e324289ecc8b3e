"""Python, the packages that skdl needs, and those of its extras."""

import platform
from importlib import metadata
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

# What a package is imported as, where that is another word.
_MODULES = {"scikit-learn": "sklearn", "pillow": "PIL"}
# Other packages that hold the same modules as TensorFlow.
_TENSORFLOWS = ("tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu")


def module_of(package: str) -> str:
    """What a package that skdl needs is imported as."""
    return _MODULES.get(package, package)


def python() -> dict[str, Any]:
    """Its version, and whether it is one of those that skdl supports."""
    version = platform.python_version()
    needed = _metadata("Requires-Python")
    return {
        "version": version,
        "needed": needed,
        "fits": needed is None or SpecifierSet(needed).contains(version, prereleases=True),
        "implementation": platform.python_implementation(),
    }


def packages() -> dict[str, dict[str, Any]]:
    """Packages that skdl needs: the version that is there, what is needed, whether that fits."""
    needs = [need for need in _requirements() if _applies(need, "")]
    return {need.name: _examined(need) for need in needs}


def extras() -> dict[str, dict[str, dict[str, Any]]]:
    """The same of what each extra adds."""
    names = _metadata("Provides-Extra", every=True) or []
    needs = _requirements()
    return {
        extra: {
            need.name: _examined(need)
            for need in needs
            if _applies(need, extra) and not _applies(need, "") and need.name != "skdl"
        }
        for extra in sorted(names)
    }


def installed() -> str | None:
    """Version of skdl as it was installed, None if it was not."""
    return _version("skdl")


def tensorflows() -> list[str]:
    """Packages that hold TensorFlow; there should be one."""
    return [name for name in _TENSORFLOWS if _version(name) is not None]


def _applies(need: Requirement, extra: str) -> bool:
    return need.marker is None or need.marker.evaluate({"extra": extra})


def _examined(need: Requirement) -> dict[str, Any]:
    version = _version(need.name)
    fits = version is not None and need.specifier.contains(version, prereleases=True)
    return {"version": version, "needed": str(need.specifier), "fits": fits}


def _version(name: str) -> str | None:
    try:
        found: str | None = metadata.version(name)  # None where its files are damaged
    except metadata.PackageNotFoundError:
        return None
    return found


def _requirements() -> list[Requirement]:
    try:
        needs = metadata.requires("skdl") or []
    except metadata.PackageNotFoundError:
        needs = []
    return [Requirement(need) for need in needs]


def _metadata(key: str, *, every: bool = False) -> Any:
    try:
        about = metadata.metadata("skdl")
    except metadata.PackageNotFoundError:
        return None
    return about.get_all(key) if every else about.get(key)
