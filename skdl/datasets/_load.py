"""A data set by its name."""

import inspect
from typing import Any

from skdl._utils.checks import suggest
from skdl._utils.text import shortened
from skdl.plugins import datasets


def load_dataset(name: str, **params: Any) -> Any:
    """Load a data set by the name under which it is registered.

    Parameters
    ----------
    name : str
        A name that ``skdl list datasets`` prints: of a data set of skdl, of an installed plugin, or
        registered with :func:`skdl.plugins.register_dataset`.
    **params : dict
        Parameters of its loader, such as ``n_samples=100`` or ``return_X_y=True``.

    Returns
    -------
    bunch : sklearn.utils.Bunch
        With `data`, `target`, `target_names`, `DESCR` and whatever else the loader returns; the
        pair of images and labels with ``return_X_y=True``.

    Raises
    ------
    ValueError
        If no data set has that name, its plugin is broken, or the loader rejects a value.
    TypeError
        If its loader does not accept one of the parameters.

    See Also
    --------
    skdl.plugins.register_dataset : Register a custom loader under a name.

    Examples
    --------
    >>> from skdl.datasets import load_dataset
    >>> X, y = load_dataset("digits", n_samples=100, return_X_y=True)
    >>> X.shape
    (100, 8, 8)
    """
    loader = datasets.get(name)
    try:
        takes = inspect.signature(loader).parameters
    except (TypeError, ValueError):  # compiled code may not say
        return loader(**params)
    takes_any = any(param.kind is param.VAR_KEYWORD for param in takes.values())
    for keyword in params:
        if keyword not in takes and not takes_any:
            raise TypeError(
                f"The data set {name!r} has no parameter {shortened(keyword)}."
                f"{suggest(keyword, takes)} Its parameters: {', '.join(takes) or 'none'}."
            )
    return loader(**params)
