"""The public function: facts, and what is wrong with them."""

import os
from dataclasses import dataclass
from typing import Any

import skdl
from skdl._utils.checks import check_path
from skdl.diagnosis import _kept, _machine, _packages, _text
from skdl.diagnosis._probe import probe
from skdl.diagnosis._problems import Problem, find_problems
from skdl.diagnosis._shown import tidy
from skdl.plugins import REGISTRIES

_SCHEMA = 1
_FIRST = ("numpy", "tensorflow")  # which others import
_AMPERE = [8, 0]  # the first graphics cards that compute with bfloat16


@dataclass(frozen=True)
class Diagnosis:
    """What skdl runs on, and what is wrong with it.

    Attributes
    ----------
    facts : dict
        Facts on "skdl", "python", "packages", "extras", "system", "cores", "memory", "tensorflow",
        "bfloat16", "data_home", "temporary_folder", "plugins" and "variables", as plain values that
        JSON can hold.
    problems : list of Problem
        The problems; those that are `broken` come first.

    See Also
    --------
    skdl.diagnose : Make a diagnosis.

    Examples
    --------
    >>> from skdl import diagnose
    >>> sorted(diagnose(tensorflow=False).as_dict())
    ['facts', 'ok', 'problems', 'schema']
    """

    facts: dict[str, Any]
    problems: list[Problem]

    @property
    def ok(self) -> bool:
        """Whether nothing is broken. Other problems cost time, or may matter later."""
        return not any(problem.broken for problem in self.problems)

    def as_dict(self) -> dict[str, Any]:
        """Return the diagnosis as plain values, such as for JSON.

        Returns
        -------
        diagnosis : dict
            With "schema", a number that changes when the meaning of a key does; "ok"; "problems",
            a list of dicts with "what", "advice" and "broken"; and "facts".
        """
        problems = [vars(problem) for problem in self.problems]
        return {"schema": _SCHEMA, "ok": self.ok, "problems": problems, "facts": self.facts}

    def __str__(self) -> str:
        return _text.as_text(self.facts, self.problems)


def diagnose(
    *, tensorflow: bool = True, data_home: str | os.PathLike[str] | None = None
) -> Diagnosis:
    """Report what skdl runs on here, and what is wrong with it.

    Nothing is changed, downloaded or sent anywhere. The home folder is shown as ``~``. The facts
    include neither the names of the user and the computer nor environment variables other than
    those of numerical libraries, so that the text can be shared.

    Parameters
    ----------
    tensorflow : bool, default=True
        Whether to import all libraries and to run TensorFlow, in a separate process, which takes
        some seconds. This shows what cannot be imported, and which accelerators there are.
    data_home : str or path-like, default=None
        The data home, as :func:`skdl.downloads.get_data_home` accepts it.

    Returns
    -------
    diagnosis : Diagnosis
        ``print(diagnosis)`` prints the same text as ``skdl doctor``.

    Raises
    ------
    TypeError
        If `data_home` is not a path.

    Examples
    --------
    >>> from skdl import diagnose
    >>> diagnosis = diagnose(tensorflow=False)
    >>> diagnosis.facts["packages"]["numpy"]["fits"]
    True
    """
    if data_home is not None:
        check_path(data_home, "data_home")
    packages = _packages.packages()
    tried = None
    if tensorflow:
        there = [name for name, package in packages.items() if package["version"] is not None]
        there.sort(key=lambda name: name not in _FIRST)
        tried = probe([*map(_packages.module_of, there), "skdl.estimators"])
    facts: dict[str, Any] = {
        "skdl": {
            "version": skdl.__version__,
            "installed": _packages.installed(),
            "path": tidy(os.path.dirname(skdl.__file__)),
        },
        "python": _packages.python(),
        "packages": packages,
        "extras": _packages.extras(),
        "system": _machine.system(),
        "cores": _machine.cores(),
        "memory": _machine.memory(),
        "tensorflow": {
            "packages": _packages.tensorflows(),
            "nvidia_driver": _machine.has_nvidia_driver(),
            "tried": tried,
        },
        "bfloat16": _bfloat16(tried),
        "data_home": _kept.data_home(data_home),
        "temporary_folder": _kept.temporary_folder(),
        "plugins": _plugins(),
        "variables": _machine.variables(),
    }
    return Diagnosis(facts, find_problems(facts))


def _bfloat16(tried: dict[str, Any] | None) -> dict[str, bool | None]:
    """Which hardware computes with bfloat16 itself; None where that is not known."""
    cards = (tried or {}).get("accelerators") or []
    able = [card["compute_capability"] for card in cards if card["compute_capability"]]
    return {
        "processor": _machine.processor_has_bfloat16(),
        "accelerators": all(capability >= _AMPERE for capability in able) if able else None,
    }


def _plugins() -> dict[str, dict[str, Any]]:
    """How many plugins of others each group has, and which are broken."""
    found = {}
    for group, registry in REGISTRIES.items():
        plugins = list(registry)
        broken = {p.name: tidy(p.error) for p in plugins if p.error}
        others = sorted({p.owner for p in plugins} - {"skdl"})
        found[group] = {"names": len(plugins), "packages": others, "broken": broken}
    return found
