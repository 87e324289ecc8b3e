"""Keras's objects as plain values, for files that other people load.

Only objects of Keras's own classes, as the name of the class and its settings: nothing is imported
for them, and nothing in them can run. Keras itself is imported only where there are such objects.
"""

from importlib import import_module
from typing import Any

from skdl._utils.sending import KERAS_ROOMS, foreign_keras, is_sending
from skdl._utils.text import shortened


def plain(value: Any) -> Any:
    """A value in which each object and class of Keras's own is a dict that says which it is."""
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    cls = value if isinstance(value, type) else type(value)
    name = _name_of(cls)
    if name is None:
        return value
    return {"keras": name} if cls is value else {"keras": name, "config": value.get_config()}


def revived(value: Any) -> Any:
    """A value as it was before `plain`.

    Raises
    ------
    ValueError
        If it names what is no class of Keras, or one that could run code.
    """
    if type(value) in (list, tuple):
        return type(value)(revived(item) for item in value)
    if type(value) is not dict:
        return value
    if "keras" not in value or not value.keys() <= {"keras", "config"}:
        return {key: revived(item) for key, item in value.items()}
    cls, config = _class_of(value["keras"]), value.get("config")
    if config is None:
        return cls
    foreign = foreign_keras(config) if isinstance(config, dict) else "no settings"
    if foreign:
        raise ValueError(f"The settings of {value['keras']} contain {shortened(foreign)}.")
    return cls.from_config(config)


def _name_of(cls: type) -> str | None:
    """A class of Keras by its public name, such as "optimizers.Adam"; None of others."""
    if not cls.__module__.startswith("keras."):
        return None
    for room in KERAS_ROOMS:
        if vars(_room(room)).get(cls.__name__) is cls:
            return f"{room}.{cls.__name__}"
    return None


def _class_of(name: Any) -> Any:
    room, _, cls_name = name.rpartition(".") if isinstance(name, str) else ("", "", "")
    cls = vars(_room(room)).get(cls_name) if room in KERAS_ROOMS else None
    if not isinstance(cls, type) or not hasattr(cls, "from_config") or "Lambda" in cls_name:
        raise ValueError(f"Keras has no class {shortened(name)} that a file may name.")
    return cls


def _room(name: str) -> Any:
    import skdl.architectures  # noqa: F401 (starts TensorFlow)

    return import_module(f"keras.{name}")


class PlainState:
    """Base of descriptions whose state is plain where it goes to other people."""

    plain = staticmethod(plain)
    revived = staticmethod(revived)

    def __getstate__(self) -> dict[str, Any]:
        return plain(dict(vars(self))) if is_sending() else dict(vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(revived(state))
