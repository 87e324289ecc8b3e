"""What a plugin is, read from its source file without importing it."""

import ast
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

# How often a name may be imported from one module into the next.
_MAX_STEPS = 5


@dataclass(frozen=True)
class Description:
    """First line of a function's docstring, and its parameters, such as ``"dropout=0.5"``."""

    summary: str = ""
    parameters: tuple[str, ...] = ()


def describe_callable(target: Callable[..., Any]) -> Description:
    """Describe an object that is there already."""
    summary = (inspect.getdoc(target) or "").partition("\n")[0]
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return Description(summary)
    return Description(summary, tuple(str(p).replace(" ", "") for p in map(_bare, parameters)))


def _bare(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(annotation=inspect.Parameter.empty)


def describe_source(target: str) -> Description:
    """Describe ``"module:attribute"`` from the source file; nothing is imported.

    The description is empty where the source does not say, such as for compiled modules. What is
    missing or no Python is the error that an import would raise.
    """
    module, _, attribute = target.partition(":")
    attribute, _, inner = attribute.partition(".")
    for _ in range(_MAX_STEPS):
        spec = _find(module)
        if spec.origin is None or not spec.origin.endswith(".py"):
            return Description()
        tree = ast.parse(Path(spec.origin).read_bytes(), filename=spec.origin)
        found = _definition(tree, attribute)
        if isinstance(found, ast.FunctionDef) and not inner:
            return _describe_definition(found)
        if isinstance(found, ast.ClassDef) and not inner:
            return _describe_class(found)
        if not isinstance(found, ast.ImportFrom):
            break
        (alias,) = [a for a in found.names if (a.asname or a.name) == attribute]
        module, attribute = _imported_from(found, module, spec), alias.name
    if found is None and not _is_dynamic(tree):
        raise AttributeError(f"module {module!r} has no attribute {attribute!r}")
    return Description()


def _find(module: str) -> ModuleSpec:
    """Find a module as an import would, but without running its packages."""
    package, _, _ = module.rpartition(".")
    path = _find(package).submodule_search_locations or [] if package else None
    loaded = getattr(sys.modules.get(module), "__spec__", None)
    spec: ModuleSpec | None = loaded or PathFinder.find_spec(module, path)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {module!r}")
    return spec


def _definition(tree: ast.Module, name: str) -> ast.AST | None:
    """The last statement of a module that gives a name its value."""
    found: ast.AST | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            found = node if node in tree.body or found is None else found
        elif (
            isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
        ) or (
            isinstance(node, ast.ImportFrom | ast.Import)
            and any((alias.asname or alias.name) == name for alias in node.names)
        ):
            found = node
    return found


def _is_dynamic(tree: ast.Module) -> bool:
    """Whether a module may have names that its source does not show."""
    return _definition(tree, "__getattr__") is not None or any(
        isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body
    )


def _imported_from(node: ast.ImportFrom, module: str, spec: ModuleSpec) -> str:
    if not node.level:
        return node.module or ""
    package = module if spec.submodule_search_locations else module.rpartition(".")[0]
    for _ in range(node.level - 1):
        package = package.rpartition(".")[0]
    return ".".join(part for part in (package, node.module) if part)


def _describe_class(node: ast.ClassDef) -> Description:
    """By its docstring, and the parameters of its own constructor, if it has one."""
    summary = (ast.get_docstring(node) or "").partition("\n")[0]
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            return Description(summary, _describe_definition(inner).parameters[1:])  # without self
    return Description(summary)


def _describe_definition(node: ast.FunctionDef) -> Description:
    summary = (ast.get_docstring(node) or "").partition("\n")[0]
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    pairs = [
        *zip(plain, [*defaults, *arguments.defaults], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    names = [a.arg if d is None else f"{a.arg}={ast.unparse(d)}" for a, d in pairs]
    names += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    names += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    return Description(summary, tuple(names))
