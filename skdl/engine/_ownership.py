"""Which variables belong to a network already."""

import threading
import weakref
from collections.abc import Iterable
from typing import Any

_lock = threading.Lock()
# By identity: variables compare by value.
_claimed: dict[int, weakref.ref[Any]] = {}


def claim(variables: Iterable[Any]) -> bool:
    """Note that variables belong to a new network; False if one belongs to another already."""
    with _lock:
        for key in [key for key, known in _claimed.items() if known() is None]:
            del _claimed[key]
        new = list(variables)
        owned = any(id(variable) in _claimed for variable in new)
        _claimed.update((id(variable), weakref.ref(variable)) for variable in new)
        return not owned
