"""Files of ONNX models: which one is meant, what it holds, what its graph takes and gives."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skdl._utils.cache import Cache
from skdl._utils.storage import file_version, find_file, get_data_home
from skdl._utils.text import shortened, shown_path
from skdl.backbones._declaration import ONNX, label_of
from skdl.backbones._loading import BackboneWeights, check_weights_name, downloaded, shipped

INSTALL = 'python -m pip install "skdl[onnx]"'
_LARGEST = 2**31 - 1  # of a message of protobuf

_kept = Cache["OnnxWeights"](max_bytes=512 * 2**20, at_least=1)


def require_onnx(label: str) -> Any:
    """The package onnx, where ONNX Runtime is installed, too."""
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise ImportError(f"The backbone {label} needs onnx and onnxruntime: {INSTALL}") from error
    return onnx


class OnnxWeights(BackboneWeights):
    """The content of an ONNX file, whose sha256 is the digest."""

    @classmethod
    def of(cls, content: bytes) -> "OnnxWeights":
        # An array, since joblib shares those among workers.
        return cls((np.frombuffer(content, np.uint8),), hashlib.sha256(content).hexdigest())

    @property
    def content(self) -> bytes:
        return self.arrays[0].tobytes()

    def __skdl_verify__(self) -> None:
        self.__dict__["digest"] = hashlib.sha256(self.content).hexdigest()


# ---- which file ----------------------------------------------------------------------------------


def load_onnx(backbone: Any, weights: Any, params: Mapping[str, Any]) -> OnnxWeights:
    """The model that a backbone and a `weights` parameter mean; the same again costs nothing.

    `params` are the backbone's, defaults included.
    """
    label = label_of(backbone)
    onnx = require_onnx(label)

    def read(path: Path) -> OnnxWeights:
        return _kept.get(file_version(path), lambda: _read(onnx, path))

    if isinstance(weights, str) and weights == "random":
        raise ValueError(
            f"weights='random', but the backbone {label} is an ONNX model, which contains its "
            "weights."
        )
    if isinstance(backbone, str) and backbone.startswith(ONNX):
        if weights != "auto":
            raise ValueError(
                f"weights={shortened(weights)}, but the backbone {label} names the file that holds "
                "its weights. Leave weights at 'auto'."
            )
        return read(_existing(backbone.removeprefix(ONNX), label))
    source = check_weights_name(backbone, weights, params, (".onnx",))
    assert source is not None  # which is for random ones
    if isinstance(source, Path):
        return read(source)
    if isinstance(source.file, str):
        with shipped(source.file) as path:
            return read(path)
    return read(downloaded(source, label))


def _existing(name: str, label: str) -> Path:
    path = find_file(name, "weights") if name else None
    if path is None:
        here = "" if os.path.isabs(name) else f", neither in {os.getcwd()!r} nor "
        raise FileNotFoundError(
            f"The backbone {label} names a file that does not exist"
            + (here and f"{here}in {shown_path(get_data_home() / 'weights')}")
            + "."
        )
    return path


# ---- what it holds -------------------------------------------------------------------------------


def _read(onnx: Any, path: Path) -> OnnxWeights:
    """The content of a file, with what it keeps in files beside it."""
    content = path.read_bytes()
    model = parsed(onnx, content, f"The file {shown_path(path)}")
    if external_data(onnx, model):
        try:
            onnx.load_external_data_for_model(model, str(path.parent))
        except Exception as error:  # whatever onnx and the system make of names and sizes
            raise ValueError(
                f"The file {shown_path(path)} stores its weights in another file, which cannot be "
                f"read: {first_line(error)}. Put that file in the same folder."
            ) from error
        if model.ByteSize() > _LARGEST:
            raise ValueError(
                f"The model {shown_path(path)} is larger than 2 GiB with its weights, which is "
                "more than an ONNX model can hold. Export it in float16, or export a smaller "
                "model."
            )
        content = model.SerializeToString(deterministic=True)
    return OnnxWeights.of(content)


def parsed(onnx: Any, content: bytes, what: str) -> Any:
    """A model from the content of its file; ValueError if that is none."""
    try:
        model = onnx.load_model_from_string(content)
        if model.ir_version < 1 or not model.graph.node or not model.graph.output:
            raise ValueError("it has no graph")
    except Exception as error:  # of protobuf
        raise ValueError(
            f"{what} is not an ONNX model: it begins with {content[:24]!r}. Export it again, or "
            "download it completely."
        ) from error
    return model


def external_data(onnx: Any, model: Any) -> bool:
    """Whether a model has weights that are in other files."""
    external = onnx.TensorProto.EXTERNAL
    graphs, found = [model.graph], False
    while graphs:
        graph = graphs.pop()
        tensors = list(graph.initializer)
        tensors += [part for sparse in graph.sparse_initializer for part in (sparse.values,)]
        for attribute in (attribute for node in graph.node for attribute in node.attribute):
            graphs += [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]
            tensors += [*attribute.tensors, *([attribute.t] if attribute.HasField("t") else [])]
        found = found or any(tensor.data_location == external for tensor in tensors)
    return found


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].strip().rstrip(".") or type(error).__name__
