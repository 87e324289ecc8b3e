"""Weights that can be named. Plain Python, as the declarations are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skdl._utils.text import shortened
from skdl.downloads import RemoteFile


@dataclass(frozen=True)
class PretrainedWeights:
    """Trained weights of a backbone, and where they come from.

    Parameters
    ----------
    name : str
        What users pass as `weights`, such as ``"imagenet"``.
    file : RemoteFile or str
        A file to download; or ``"package:path"``, a file that a Python package ships. Formats are
        ``.npz``, ``.h5``, ``.weights.h5`` and ``.keras``.
    licence : str
        Licence under which the weights may be used.
    citation : str
        Who trained the weights, and on what.
    params : dict, default={}
        Parameters of the builder that these weights belong to, such as ``{"alpha": 0.35}``.
    values_sha256 : str, default=None
        Digest that identifies the values in any file: a file in ``weights/`` of the data home that
        contains these values can then replace `file`. It is the hex digest of, for the
        ``numpy.ascontiguousarray`` of each of ``model.weights`` in order, its shape and type,
        ``f"{array.shape}{array.dtype.str}"``, and its bytes.

    Raises
    ------
    ValueError
        If a text is empty, `file` names no package, or `values_sha256` is not a digest.
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
    values_sha256: str | None = None

    def __post_init__(self) -> None:
        for what in ("name", "licence", "citation"):
            value = getattr(self, what)
            if not isinstance(value, str) or not value:
                raise ValueError(
                    f"The {what} of PretrainedWeights must be non-empty text, got "
                    f"{shortened(value)}."
                )
        if not isinstance(self.file, RemoteFile):
            is_text = isinstance(self.file, str)
            if not is_text or not all(self.file.partition(":")):
                raise (ValueError if is_text else TypeError)(
                    'The file of PretrainedWeights must be a RemoteFile or "package:path", got '
                    f"{shortened(self.file)}."
                )
        if not isinstance(self.params, Mapping):
            raise TypeError(
                f"The params of PretrainedWeights must be a dict, got {shortened(self.params)}."
            )
        digest = self.values_sha256
        if digest is not None and not re.fullmatch("[0-9a-f]{64}", str(digest)):
            raise ValueError(
                "The values_sha256 of PretrainedWeights must be 64 lowercase hexadecimal digits, "
                f"got {shortened(digest)}."
            )
