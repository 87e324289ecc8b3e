"""What a registry of plugins is; :mod:`skdl.plugins` holds skdl's own."""

import difflib
import fnmatch
import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import metadata
from typing import Any

from skdl._utils.checks import warn_user
from skdl._utils.text import shortened
from skdl.plugins._source import Description, describe_callable, describe_source

_OWN = "skdl"


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
        The object itself, or ``"module:attribute"``, which is imported when it is needed.
    rivals : tuple of Plugin
        Entries of other packages that claim the same name.
    """

    name: str
    owner: str
    target: str | Callable[..., Any]
    rivals: tuple["Plugin", ...] = ()

    def load(self) -> Callable[..., Any]:
        """Import and return the object.

        Raises
        ------
        ValueError
            If the import fails, the object is not callable, or several packages claim the name.
        """
        if self.rivals:
            raise ValueError(self._clash())
        if not isinstance(self.target, str):
            return self.target
        try:
            loaded: Callable[..., Any] = metadata.EntryPoint(self.name, self.target, "").load()
        except (Exception, SystemExit) as error:
            reason = ": ".join(filter(None, (type(error).__name__, str(error))))
            raise self._broken(f"importing {self.target!r} failed with {reason}") from error
        if not callable(loaded):
            raise self._broken(f"{self.target!r} is {shortened(loaded)}, which is not callable")
        return loaded

    def _broken(self, why: str) -> ValueError:
        return ValueError(
            f"The plugin {self.name!r} of package {self.owner!r} is broken: {why}. Fix or "
            f"uninstall {self.owner!r}."
        )

    @property
    def description(self) -> Description:
        """Summary and parameters, found without importing anything."""
        return self._examined[0]

    @property
    def error(self) -> str | None:
        """Why the plugin cannot work, as far as its source file shows; None if it can."""
        return self._examined[1]

    @cached_property
    def _examined(self) -> tuple[Description, str | None]:
        if self.rivals:
            return Description(), self._clash()
        if not isinstance(self.target, str):
            return describe_callable(self.target), None
        try:
            return describe_source(self.target), None
        except (ImportError, AttributeError, SyntaxError, ValueError, OSError) as error:
            return Description(), f"{type(error).__name__}: {error}"

    def _clash(self) -> str:
        owners = sorted(plugin.owner for plugin in (self, *self.rivals))
        others = [owner for owner in owners if owner != _OWN]
        advice = (
            "Uninstall all but one of them."
            if others == owners
            else f"It is one of skdl's own names: uninstall {' and '.join(map(repr, others))}."
        )
        claimants = " and ".join(map(repr, owners))
        return f"The name {self.name!r} is claimed by {claimants}. {advice}"


class Registry:
    """Names of one kind of plugin.

    Parameters
    ----------
    group : str
        Group of entry points, such as ``"skdl.architectures"``.
    noun : str
        What error messages call an entry.
    own : dict of str to str, default=None
        skdl's own entries, as ``"module:attribute"``.

    Examples
    --------
    >>> from skdl.plugins import architectures
    >>> "simple" in architectures.names()
    True
    """

    def __init__(self, group: str, noun: str, own: Mapping[str, str] | None = None) -> None:
        self.group = group
        self.noun = noun
        self.own = own or {}

    @cached_property
    def _plugins(self) -> dict[str, Plugin]:
        """All entries, skdl's own and those of other packages: their metadata is read once."""
        entries = metadata.entry_points(group=self.group)
        plugins: dict[str, Plugin] = {}
        for plugin in (
            *(Plugin(name, _OWN, target) for name, target in self.own.items()),
            *(Plugin(entry.name, _owner(entry), _target(entry)) for entry in entries),
        ):
            known = plugins.setdefault(plugin.name, plugin)
            if (known.owner, known.target) != (plugin.owner, plugin.target):  # or found twice
                plugins[plugin.name] = replace(known, rivals=(*known.rivals, plugin))
        return plugins

    def __iter__(self) -> Iterator[Plugin]:
        return iter(sorted(self._plugins.values(), key=lambda plugin: plugin.name))

    def entries(self) -> tuple[Plugin, ...]:
        """All current entries, unsorted; the same until one is added.

        Returns
        -------
        plugins : tuple of Plugin
            Hashable, so that it can be the key of a cache.
        """
        return tuple(self._plugins.values())

    def matching(self, pattern: str = "*") -> list[Plugin]:
        """Entries whose names match a pattern, with a warning for each broken one.

        Parameters
        ----------
        pattern : str, default="*"
            Shell-style pattern, such as ``"res*"``.

        Returns
        -------
        plugins : list of Plugin
            Sorted by name, including broken ones, which have an `error`.
        """
        plugins = self._select(pattern)
        for plugin in plugins:
            if plugin.error:
                warn_user(
                    f"The {self.noun} {plugin.name!r} of package {plugin.owner!r} is broken: "
                    f"{plugin.error}"
                )
        return plugins

    def names(self, pattern: str = "*") -> list[str]:
        """Sorted names that match a pattern.

        Parameters
        ----------
        pattern : str, default="*"
            Shell-style pattern, such as ``"res*"``.
        """
        return [plugin.name for plugin in self._select(pattern)]

    def _select(self, pattern: str) -> list[Plugin]:
        return [plugin for plugin in self if fnmatch.fnmatchcase(plugin.name, pattern)]

    def register(self, name: str, target: Callable[..., Any]) -> None:
        """Add an entry.

        Parameters
        ----------
        name : str
            A new name.
        target : callable
            A function or class at the top level of a module, so that other processes can use it.

        Raises
        ------
        ValueError
            If another object has the name already, or the object is a lambda or a local function.
        """
        if not isinstance(name, str) or not name:
            raise ValueError(
                f"The name of {_an(self.noun)} must be non-empty text, got {shortened(name)}."
            )
        _require_named(target, self.noun)
        if not hasattr(target, "__qualname__"):
            raise ValueError(
                f"Register a function or a class as {_an(self.noun)}, not {shortened(target)}."
            )
        owner = target.__module__.partition(".")[0]
        known = self._plugins.get(name)
        if known is not None and _place(known.target) != _place(target):
            raise ValueError(
                f"The {self.noun} name {shortened(name)} is taken by {known.owner!r}; {owner!r} "
                "cannot register it again. Choose another name."
            )
        self._plugins[name] = Plugin(name, owner, target)

    def registered_in_code(self, name: str) -> Callable[..., Any] | None:
        """The object behind a name, if only code that ran in this process registered it.

        Estimators carry it along into other processes, where that code may not have run.

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
            The object to register.
        """
        if name not in self._plugins:
            self.register(name, target)

    def get(self, name: str) -> Callable[..., Any]:
        """Return the object registered under a name.

        Parameters
        ----------
        name : str
            The name.

        Returns
        -------
        target : callable
            The object, imported if necessary.

        Raises
        ------
        ValueError
            If nothing has that name; the message lists the nearest ones.
        """
        text = name if isinstance(name, str) else ""
        plugin = self._plugins.get(text)
        if plugin is None:
            near = difflib.get_close_matches(text, self._plugins, n=3, cutoff=0.5)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise ValueError(
                f"Unknown {self.noun} {shortened(name)}.{hint} Known: {', '.join(self.names())}."
            )
        return plugin.load()


def _owner(entry: metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "an unnamed package"


def _target(entry: metadata.EntryPoint) -> str:
    return entry.value.partition("[")[0].replace(" ", "")  # without extras


def _an(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _place(target: str | Callable[..., Any]) -> str:
    """Where a target is defined: the same place after a reload, or in a cell that is run again."""
    return target if isinstance(target, str) else f"{target.__module__}:{target.__qualname__}"


def _require_named(target: Any, noun: str) -> None:
    """Refuse what no module holds under its name.

    Whether it really can be pickled shows only later: a decorator sees a function before its module
    does.
    """
    if not callable(target):
        raise ValueError(
            f"{_an(noun).capitalize()} must be a registered name or a callable, got "
            f"{shortened(target)} of type {type(target).__name__}."
        )
    name = getattr(target, "__qualname__", type(target).__qualname__)
    if "<lambda>" in name or "<locals>" in name:
        kind = "a lambda" if "<lambda>" in name else f"the local function {shortened(name)}"
        raise ValueError(
            f"The {noun} is {kind}, which cannot be pickled and would not reach another process. "
            "Define it with def at the top level of a module."
        )


def require_importable(target: Any, noun: str) -> None:
    """Refuse a callable that other processes could not import.

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

    Examples
    --------
    >>> from skdl.plugins import require_importable
    >>> require_importable(len, "function")
    >>> require_importable(lambda: 0, "function")
    Traceback (most recent call last):
    ...
    ValueError: The function is a lambda, which cannot be pickled and would not reach ...
    """
    _require_named(target, noun)
    if getattr(target, "__module__", None) == "__main__":
        return  # joblib takes what a script or notebook defines along by its value
    try:
        pickle.dumps(target)
    except Exception as error:
        raise ValueError(
            f"The {noun} {shortened(target)} cannot be pickled, so it would not reach another "
            f"process: {error}. Define it with def at the top level of a module that can be "
            "imported."
        ) from error
