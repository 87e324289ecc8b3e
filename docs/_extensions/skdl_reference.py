"""The reference: a page for each public module, and one for each of its public names.

They are made of ``__all__`` when Sphinx starts, so that none is missing and none is extra.
"""

import argparse
import functools
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import skdl
from skdl.cli import _parser as parser

FOLDER = "api"
# In the order of the reference: what most people look for comes first.
MODULES = (
    "skdl",
    "skdl.evaluation",
    "skdl.metrics",
    "skdl.plotting",
    "skdl.audit",
    "skdl.inspection",
    "skdl.preprocessing",
    "skdl.images",
    "skdl.datasets",
    "skdl.store",
    "skdl.persistence",
    "skdl.diagnosis",
    "skdl.architectures",
    "skdl.backbones",
    "skdl.downloads",
    "skdl.engine",
    "skdl.plugins",
    "skdl.reporting",
    "skdl.studies",
    "skdl.testing",
)


def public_names(module: str) -> list[str]:
    """What a module gives to users, apart from modules and its version."""
    found = importlib.import_module(module)
    names = [name for name in found.__all__ if not name.startswith("__")]
    own = [name for name in names if not inspect.ismodule(getattr(found, name))]
    if module != "skdl":  # what the top level gives as well is documented there
        top = {id(getattr(skdl, name)) for name in skdl.__all__}
        own = [name for name in own if id(getattr(found, name)) not in top]
    return sorted(own, key=str.lower)


def page(module: str) -> str:
    """The page of a module, in reStructuredText."""
    doc = re.sub(r"docs/decisions\.md#([\w-]+)", _link, _doc(module))
    names = "\n".join(f"   {name}" for name in public_names(module))
    title = f"{module}\n{'=' * len(module)}"
    table = (
        f".. currentmodule:: {module}\n\n"
        f".. autosummary::\n   :toctree: generated\n   :nosignatures:\n\n{names}"
    )
    return f"{title}\n\n{doc}\n\n{table}\n"


def _doc(module: str) -> str:
    return (importlib.import_module(module).__doc__ or "").strip()


def _link(found: re.Match[str]) -> str:
    return f"`{found[1].replace('-', ' ')} <../decisions.html#{found[1]}>`__"


def index() -> str:
    """The table of all modules, in reStructuredText."""
    title = "API reference"
    intro = "Every public name, by module. Estimators and the main functions are in ``skdl``."
    rows = "\n".join(
        f"   * - :doc:`{module}`\n     - {_doc(module).splitlines()[0]}" for module in MODULES
    )
    listed = "\n".join(f"   {module}" for module in MODULES)
    return (
        f"{title}\n{'=' * len(title)}\n\n{intro}\n\n.. list-table::\n\n{rows}\n\n"
        f".. toctree::\n   :hidden:\n\n{listed}\n"
    )


def command_line() -> str:
    """The help of every command, in reStructuredText."""
    title = "Command line"
    parts = [
        f"{title}\n{'=' * len(title)}\n\n``skdl`` and ``python -m skdl`` are the same command."
    ]
    for name, text in sorted(helps().items()):
        quoted = "\n".join(f"   {line}".rstrip() for line in text.splitlines())
        parts.append(f"{name}\n{'-' * len(name)}\n\n.. code-block:: text\n\n{quoted}")
    return "\n\n".join(parts) + "\n"


def helps() -> dict[str, str]:
    """What ``--help`` prints, by command; commands that only group others are left out."""
    found, open_ones = {}, [parser()]
    while open_ones:
        one = open_ones.pop()
        inner = [a for a in one._actions if isinstance(a, argparse._SubParsersAction)]
        open_ones += [command for action in inner for command in action.choices.values()]
        if not inner:
            one.formatter_class = functools.partial(one.formatter_class, width=100)
            found[one.prog] = one.format_help()
    return found


def write_pages(app: Any, config: Any) -> None:
    """Write the pages that have changed, before Sphinx looks which there are."""
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(exist_ok=True)
    pages = {module: page(module) for module in MODULES}
    pages |= {"index": index(), "command-line": command_line()}
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def escape_names(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """A trailing underscore, as of ``n_features_in_``, is no link."""
    for place, line in enumerate(lines):
        if "`" not in line:
            lines[place] = re.sub(r"(?<=[a-z])_(?=[,)\]])", r"\\_", line)


def skip_strangers(
    app: Any, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what is inherited from other libraries: it is documented there."""
    owner = getattr(member, "__module__", None) or ""
    return True if owner and not owner.startswith("skdl") else None


def setup(app: Any) -> dict[str, bool]:
    """Take part in the build."""
    app.connect("config-inited", write_pages)
    app.connect("autodoc-skip-member", skip_strangers)
    app.connect("autodoc-process-docstring", escape_names, priority=1000)
    return {"parallel_read_safe": True}
