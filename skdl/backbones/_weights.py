"""Weights that can be named. Plain Python, as the declarations are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skdl._shortened import shortened
from skdl.downloads import RemoteFile


@dataclass(frozen=True)
class PretrainedWeights:
    """Trained weights of a backbone, and where they come from.

    Parameters
    ----------
    name : str
        What users pass as `weights`, such as ``"imagenet"``.
    file : RemoteFile or str
        A file to be downloaded; or ``"package:path"``, a file that a Python package ships. Formats
        are ``.npz``, ``.h5``, ``.weights.h5`` and ``.keras``.
    licence : str
        Under which the weights may be used.
    citation : str
        Who made them, on what.
    params : dict, default={}
        Parameters of the builder that these weights belong to, such as ``{"alpha": 0.35}``.

    Raises
    ------
    ValueError
        If a text is empty, or `file` names no package.
    TypeError
        If `file` is something else.

    Examples
    --------
    >>> from skdl.backbones import backbone_of
    >>> weights, = backbone_of("cifar_resnet20").weights
    >>> weights.name, weights.licence
    ('cifar10', 'BSD-3-Clause')
    """

    name: str
    file: RemoteFile | str
    licence: str
    citation: str
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for what in ("name", "licence", "citation"):
            value = getattr(self, what)
            if not isinstance(value, str) or not value:
                raise ValueError(
                    f"The {what} of PretrainedWeights must be non-empty text, got "
                    f"{shortened(value)}."
                )
        if isinstance(self.file, str):
            if not all(self.file.partition(":")):
                raise ValueError(
                    'The file of PretrainedWeights must be a RemoteFile or "package:path", got '
                    f"{shortened(self.file)}."
                )
        elif not isinstance(self.file, RemoteFile):
            raise TypeError(
                'The file of PretrainedWeights must be a RemoteFile or "package:path", got '
                f"{shortened(self.file)}."
            )
        if not isinstance(self.params, Mapping):
            raise TypeError(
                f"The params of PretrainedWeights must be a dict, got {shortened(self.params)}."
            )
