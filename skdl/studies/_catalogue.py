"""All studies, by name."""

import difflib

from skdl.studies import _cifar, _mnist, _pretrained
from skdl.studies._declaration import Study
from skdl.studies._text import shown

_BY_NAME = {study.name: study for study in (*_mnist.STUDIES, *_cifar.STUDIES, *_pretrained.STUDIES)}


def list_studies() -> list[Study]:
    """List all case studies.

    Returns
    -------
    studies : list of Study
        The studies as declared: name, title, source, models, published figures.

    Examples
    --------
    >>> from skdl.studies import list_studies
    >>> [study.name for study in list_studies()][:3]
    ['digits', 'mnist-cnn', 'mnist-cnn-report']
    """
    return list(_BY_NAME.values())


def get_study(name: str) -> Study:
    """Return a case study by its name.

    Parameters
    ----------
    name : str
        A name that :func:`list_studies` lists.

    Returns
    -------
    study : Study
        The study.

    Raises
    ------
    ValueError
        If there is no study of that name.

    Examples
    --------
    >>> from skdl.studies import get_study
    >>> get_study("mnist-lenet5").title
    'LeNet-5 on MNIST'
    """
    if name not in _BY_NAME:
        close = difflib.get_close_matches(name, _BY_NAME, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"There is no study {shown(name)}.{hint} The studies are: {', '.join(_BY_NAME)}."
        )
    return _BY_NAME[name]
