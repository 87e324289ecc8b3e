"""Warnings that point at the user's line."""

import sys
import warnings

_INSIDE = ("contextlib", "joblib", "skdl", "sklearn")


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn where the user called, however many calls lie between.

    Parameters
    ----------
    message : str
    category : type of Warning, default=UserWarning
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_inside(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_inside(module: str) -> bool:
    return module.partition(".")[0] in _INSIDE
