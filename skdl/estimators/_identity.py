"""What tells a network from another of the same class and parameters."""

import os
from typing import Any

from skdl._utils.storage import weights_digest
from skdl.backbones import ONNX


class IdentityMixin:
    """Tells what files of weights hold: others may have taken their place."""

    def __skdl_digest__(self) -> list[str]:
        """Digests of the files that parameters name, for `evaluate`'s checkpoints."""
        params: dict[str, Any] = self.get_params(deep=False)  # type: ignore[attr-defined]
        files = [
            value
            for name, value in sorted(params.items())
            if name.rpartition("__")[2] == "weights" and isinstance(value, str | os.PathLike)
        ]
        backbone = params.get("backbone")
        if isinstance(backbone, str) and backbone.startswith(ONNX):
            files.append(backbone.removeprefix(ONNX))
        digests = map(weights_digest, files)
        return [digest for digest in digests if digest is not None]
