"""Registries of networks, by name.

A name is resolved when it is needed and not before: listing imports nothing, and TensorFlow is
imported only to build a network.
"""

import difflib
import fnmatch
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

__all__ = ["Plugin", "Registry", "architectures", "list_architectures", "register_architecture"]

Builder = TypeVar("Builder", bound=Callable[..., Any])


@dataclass(frozen=True)
class Plugin:
    """One entry of a registry.

    Attributes
    ----------
    name : str
        What users write.
    owner : str
        The package that provides it.
    target : str or callable
        The object itself, or ``"module:attribute"``, imported when it is asked for.
    """

    name: str
    owner: str
    target: str | Callable[..., Any]

    def load(self) -> Callable[..., Any]:
        """Import and return the object."""
        if not isinstance(self.target, str):
            return self.target
        module, _, attribute = self.target.partition(":")
        loaded: Callable[..., Any] = getattr(import_module(module), attribute)
        return loaded


class Registry:
    """Names of one kind of plugin.

    Parameters
    ----------
    group : str
        Such as ``"skdl.architectures"``.
    noun : str
        What error messages call an entry.
    builtin : dict of str to str, default=None
        skdl's own entries, as ``"module:attribute"``.

    Examples
    --------
    >>> from skdl.plugins import architectures
    >>> "simple" in architectures.names()
    True
    """

    def __init__(self, group: str, noun: str, builtin: dict[str, str] | None = None) -> None:
        self.group = group
        self.noun = noun
        self._plugins = {
            name: Plugin(name, "skdl", target) for name, target in (builtin or {}).items()
        }

    def __iter__(self) -> Iterator[Plugin]:
        return iter(sorted(self._plugins.values(), key=lambda plugin: plugin.name))

    def names(self, pattern: str = "*") -> list[str]:
        """Sorted names that match a pattern.

        Parameters
        ----------
        pattern : str, default="*"
            Shell-style pattern, such as ``"res*"``.

        Returns
        -------
        names : list of str
            Sorted.
        """
        return [plugin.name for plugin in self if fnmatch.fnmatchcase(plugin.name, pattern)]

    def register(self, name: str, target: Callable[..., Any]) -> None:
        """Add an entry.

        Parameters
        ----------
        name : str
            A new name.
        target : callable
            A function or class at the top level of a module, so that it reaches other processes.

        Raises
        ------
        ValueError
            If another object has the name already, or the object is a lambda or a local function.
        """
        if not isinstance(name, str) or not name:
            raise ValueError(f"The name of an {self.noun} must be non-empty text, got {name!r}.")
        _require_named(target, self.noun)
        if not hasattr(target, "__qualname__"):
            raise ValueError(f"Register a function or a class as an {self.noun}, not {target!r}.")
        owner = target.__module__.partition(".")[0]
        known = self._plugins.get(name)
        if known is not None and not _same_definition(known.target, target):
            raise ValueError(
                f"The {self.noun} name {name!r} is taken by {known.owner!r}; {owner!r} cannot "
                "register it again. Choose another name."
            )
        self._plugins[name] = Plugin(name, owner, target)

    def registered_in_code(self, name: str) -> Callable[..., Any] | None:
        """The object behind a name, if only code that ran in this process knows of it.

        Estimators take it with them into other processes, where that code may not have run.

        Parameters
        ----------
        name : str
            The name.

        Returns
        -------
        target : callable or None
            None for skdl's own and for unknown names.
        """
        plugin = self._plugins.get(name)
        return None if plugin is None or isinstance(plugin.target, str) else plugin.target

    def add_missing(self, name: str, target: Callable[..., Any]) -> None:
        """Register what came from another process, unless the name is known here.

        Parameters
        ----------
        name : str
            The name.
        target : callable
            What it stands for.
        """
        if name not in self._plugins:
            self.register(name, target)

    def get(self, name: str) -> Callable[..., Any]:
        """Object registered under a name.

        Parameters
        ----------
        name : str
            The name.

        Returns
        -------
        target : callable
            The object, imported if need be.

        Raises
        ------
        ValueError
            If nothing has that name; the message lists the nearest ones.
        """
        if name not in self._plugins:
            near = difflib.get_close_matches(name, self._plugins, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise ValueError(
                f"Unknown {self.noun} {name!r}. {hint} Known: {', '.join(self.names())}.".replace(
                    "  ", " "
                )
            )
        return self._plugins[name].load()


def _same_definition(known: str | Callable[..., Any], new: Callable[..., Any]) -> bool:
    """Whether two targets are one definition: a module may be reloaded, a notebook cell rerun."""
    return _place(known) == _place(new)


def _place(target: str | Callable[..., Any]) -> str:
    return target if isinstance(target, str) else f"{target.__module__}:{target.__qualname__}"


def _require_named(target: Any, noun: str) -> None:
    """Refuse what no module holds under its name.

    Whether it really can be pickled shows only later: a decorator sees a function before its module
    does.
    """
    if not callable(target):
        raise ValueError(
            f"An {noun} must be a registered name or a callable, got {target!r} of type "
            f"{type(target).__name__}."
        )
    name = getattr(target, "__qualname__", type(target).__qualname__)
    if "<lambda>" in name or "<locals>" in name:
        kind = "a lambda" if "<lambda>" in name else f"the local function {name!r}"
        raise ValueError(
            f"The {noun} is {kind}, which cannot be pickled and would not reach another process. "
            "Define it with def at the top level of a module."
        )


def require_importable(target: Any, noun: str) -> None:
    """Refuse a callable that no other process could find again.

    Parameters
    ----------
    target : object
        What a user passed as a builder.
    noun : str
        What error messages call it.

    Raises
    ------
    ValueError
        If `target` is not callable, or is a lambda, a closure or a local function: it could not be
        pickled, and would not reach the worker processes of ``n_jobs=2``.
    """
    _require_named(target, noun)
    if getattr(target, "__module__", None) == "__main__":
        return  # joblib takes what a script or notebook defines along by its value
    try:
        pickle.dumps(target)
    except Exception as error:
        raise ValueError(
            f"The {noun} {target!r} cannot be pickled, so it would not reach another process: "
            f"{error}. Define it with def at the top level of a module that can be imported."
        ) from error


architectures = Registry(
    "skdl.architectures", "architecture", {"simple": "skdl.architectures._simple:simple"}
)


def register_architecture(name: str) -> Callable[[Builder], Builder]:
    """Register a network builder under a name that `CNNClassifier` accepts.

    Parameters
    ----------
    name : str
        The name users write: ``CNNClassifier(architecture=name)``.

    Returns
    -------
    decorator : callable
        Returns the builder unchanged. A builder is a function
        ``(input_shape, n_classes, **params) -> keras.Model`` at the top level of a module; the
        model ends in a softmax of `n_classes` units and is not compiled.

    Raises
    ------
    ValueError
        If the name is taken, or the builder is a lambda or a local function.
    TypeError
        If the decorator is used without a name.

    Examples
    --------
    >>> from skdl import list_architectures
    >>> list_architectures("sim*")
    ['simple']
    """
    if not isinstance(name, str):
        raise TypeError(
            "register_architecture needs the name of the architecture: write "
            '@register_architecture("name") above the builder.'
        )

    def decorator(builder: Builder) -> Builder:
        architectures.register(name, builder)
        return builder

    return decorator


def list_architectures(pattern: str = "*") -> list[str]:
    """Names of the registered architectures.

    Parameters
    ----------
    pattern : str, default="*"
        Shell-style pattern, such as ``"res*"``.

    Returns
    -------
    names : list of str
        Sorted.

    Examples
    --------
    >>> from skdl import list_architectures
    >>> "simple" in list_architectures()
    True
    """
    return architectures.names(pattern)
