"""Weights of backbones, read whole or not at all."""

import hashlib
import os
import tempfile
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import numpy.typing as npt

from skdl._shortened import shortened
from skdl.backbones._declaration import backbone_of
from skdl.backbones._weights import PretrainedWeights
from skdl.downloads import fetch
from skdl.plugins import backbones

Build = Callable[[], keras.Model]

FORMATS = (".weights.h5", ".h5", ".keras", ".npz")
# Loaded weights that are kept for the next estimator: searches make many clones of one.
_MAX_CACHED_BYTES = 512 * 2**20

_lock = threading.RLock()
_cache: "OrderedDict[Any, BackboneWeights]" = OrderedDict()


@dataclass(frozen=True)
class BackboneWeights:
    """Values of all variables of a backbone, in the order of ``model.variables``.

    Attributes
    ----------
    arrays : tuple of ndarray
        Read-only: estimators share them.
    digest : str
        sha256 of the values.
    """

    arrays: tuple[npt.NDArray[Any], ...]
    digest: str

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays)


def check_weights_name(
    backbone: Any, weights: str | os.PathLike[str], params: Mapping[str, Any]
) -> PretrainedWeights | Path | None:
    """What a `weights` parameter means: declared weights, a file, or None for random ones.

    Parameters
    ----------
    backbone : str or callable
    weights : "auto", "random", a declared name or the path of a file
    params : dict
        Parameters of the builder, defaults included.

    Raises
    ------
    FileNotFoundError
        If it is the path of no file.
    ValueError
        If there are no such weights, listing those there are; or the file has another format.
    """
    if not isinstance(weights, str | os.PathLike):
        raise ValueError(
            "The parameter weights must be a name or the path of a file; for random ones, pass "
            f"'random'. Got {shortened(weights)}."
        )
    if weights == "random":
        return None
    text = str(os.fspath(weights))
    declared = backbone_of(backbone).weights
    named = [entry for entry in declared if text in ("auto", entry.name)]
    if named:
        return _of_these_params(named, params, _label(backbone))
    if text.endswith(FORMATS) or os.path.exists(text):
        return _existing(Path(text).expanduser())
    names = ["random", *dict.fromkeys(entry.name for entry in declared)]
    none = "" if declared else " It declares no trained weights."
    raise ValueError(
        f"The backbone {_label(backbone)} has no weights {shortened(text)}.{none} Pass one of "
        f"{', '.join(map(repr, names))}, or the path of a file ({', '.join(FORMATS)})."
    )


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(
            f"The parameter weights names the file {str(path)!r}, which "
            + ("is a folder." if path.is_dir() else "does not exist.")
        )
    if not path.name.endswith(FORMATS):
        raise ValueError(
            f"The file of weights {str(path)!r} has an unknown format. Expected one of "
            f"{', '.join(FORMATS)}."
        )
    return path


def _of_these_params(
    entries: list[PretrainedWeights], params: Mapping[str, Any], label: str
) -> PretrainedWeights:
    for entry in entries:
        if all(params.get(name) == value for name, value in entry.params.items()):
            return entry
    known = "; ".join(
        ", ".join(f"backbone__{name}={shortened(value)}" for name, value in entry.params.items())
        for entry in entries
    )
    wanted = ", ".join(f"{name}={shortened(params.get(name))}" for name in entries[0].params)
    raise ValueError(
        f"There are no {entries[0].name!r} weights of the backbone {label} with {wanted}; there "
        f"are for {known}. Take one of these, a file of weights, or weights='random'."
    )


def forget_weights() -> None:
    """Drop the weights that are kept for the next estimator."""
    with _lock:
        _cache.clear()


def load_weights(
    backbone: Any,
    weights: str | os.PathLike[str],
    params: Mapping[str, Any],
    build: Build,
) -> BackboneWeights:
    """Load the weights of a backbone; the same ones again cost nothing.

    Parameters
    ----------
    backbone : str or callable
        A registered name, or a builder.
    weights : "auto", "random", a declared name or the path of a file
        A path ends in ``.h5`` (written by Keras 2 or 3), ``.weights.h5``, ``.keras``, or ``.npz``
        (the arrays of ``model.weights``, in that order).
    params : dict
        Parameters of the builder, defaults included.
    build : callable
        Makes the network, always with the same random start values.

    Returns
    -------
    weights : BackboneWeights

    Raises
    ------
    FileNotFoundError, ConnectionError
        If the file is not there, or could not be downloaded.
    ValueError
        If there are no such weights, or the file holds others than the network's: then nothing is
        loaded.
    """
    source = check_weights_name(backbone, weights, params)
    label = _label(backbone)
    with _file_of(source, label) as path:
        builder = backbones.get(backbone) if isinstance(backbone, str) else backbone
        key = (label, builder, repr(sorted(params.items())), _identity(path))
        with _lock:
            if key not in _cache:
                model = build()
                if path is not None:
                    _read_into(model, path, label)
                _cache[key] = _values_of(model)
            _cache.move_to_end(key)
            found = _cache[key]
            while len(_cache) > 1 and sum(w.nbytes for w in _cache.values()) > _MAX_CACHED_BYTES:
                _cache.popitem(last=False)
    return found


@contextmanager
def _file_of(source: PretrainedWeights | Path | None, label: str) -> Iterator[Path | None]:
    """The file to read, None for random weights."""
    if not isinstance(source, PretrainedWeights):
        yield source
    elif isinstance(source.file, str):
        package, _, name = source.file.partition(":")
        with as_file(files(package) / name) as path:
            yield path
    else:
        try:
            path = fetch(source.file)
        except ConnectionError as error:
            raise ConnectionError(
                f"The {source.name!r} weights of the backbone {label} are not on this machine. "
                f"{error}\nOr pass the path of a file as weights, or take the backbone "
                "'cifar_resnet20', whose weights come with skdl."
            ) from error
        yield path


def _identity(path: Path | None) -> Any:
    """What tells a file from another one that was put in its place."""
    if path is None:
        return None
    status = path.stat()
    return str(path.resolve()), status.st_size, status.st_mtime_ns


def _values_of(model: keras.Model) -> BackboneWeights:
    digest = hashlib.sha256()
    for variable in model.weights:
        value = np.ascontiguousarray(variable.numpy())
        digest.update(f"{value.shape}{value.dtype.str}".encode())
        digest.update(value.tobytes())
    arrays = tuple(np.asarray(variable.value.numpy()) for variable in model.variables)
    for array in arrays:
        array.setflags(write=False)
    return BackboneWeights(arrays, digest.hexdigest())


def _read_into(model: keras.Model, path: Path, label: str) -> None:
    """Read a file into a new network, which is thrown away if that fails.

    Raises
    ------
    ValueError
        If the file is damaged, or holds another network's weights.
    """
    for variable in model.weights:
        if keras.backend.is_float_dtype(variable.dtype):
            variable.assign(np.full(variable.shape, np.nan, variable.dtype))
    try:
        if path.name.endswith(".npz"):
            _read_arrays(model, path)
        elif path.name.endswith(".keras"):
            with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
                _read_h5(model, Path(archive.extract("model.weights.h5", folder)))
        else:
            _read_h5(model, path)
        _refuse_missing_values(model)
    except MemoryError:
        raise
    except Exception as error:  # whatever h5py, zipfile, NumPy and Keras make of damaged files
        reason = str(error).partition("\n")[0].strip("'\" ") or type(error).__name__
        raise ValueError(
            f"The file {str(path)!r} does not hold weights of the backbone {label} without its "
            f"classifier: {reason.rstrip('.')}. Nothing was loaded."
        ) from error


def _read_h5(model: keras.Model, path: Path) -> None:
    with h5py.File(path) as file:
        legacy = "layer_names" in file.attrs or "model_weights" in file
        n_values = _n_values(file.get("model_weights", file))
    _refuse_other_count(n_values, model)
    if legacy or path.name.endswith(".weights.h5"):
        # Keras tells the formats apart by the end of the name.
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder, "legacy.h5" if legacy else "model.weights.h5")
            link.symlink_to(path.resolve())
            model.load_weights(link)
    else:
        raise ValueError(
            "it is neither of Keras 2's format nor named .weights.h5, as Keras 3 wants it"
        )


def _refuse_missing_values(model: keras.Model) -> None:
    for variable in model.weights:
        if not np.isfinite(variable.numpy()).all():
            raise ValueError(f"values of {variable.path} are missing, NaN or infinite")


def _n_values(file: Any) -> int:
    """Number of values in a file, without those of an optimizer or of random generators."""
    total = 0

    def count(name: str, item: Any) -> None:
        nonlocal total
        left_out = name.startswith("optimizer") or "seed_generator" in name
        if isinstance(item, h5py.Dataset) and not left_out:
            total += int(item.size)

    file.visititems(count)
    return total


def _refuse_other_count(n_values: int, model: keras.Model) -> None:
    # Keras passes over what a file has beyond the network's layers.
    if n_values != model.count_params():
        raise ValueError(f"it has {n_values:,} values, the network {model.count_params():,}")


def _read_arrays(model: keras.Model, path: Path) -> None:
    with np.load(path, allow_pickle=False) as archive:
        arrays = [archive[name] for name in archive.files]
    found, expected = [a.shape for a in arrays], [tuple(v.shape) for v in model.weights]
    if found != expected:
        raise ValueError(f"its {len(found)} arrays are not of the shapes of the network's weights")
    model.set_weights(arrays)


def _label(backbone: Any) -> str:
    name = backbone if isinstance(backbone, str) else getattr(backbone, "__qualname__", backbone)
    return repr(name)


def declared_params(builder: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a builder: those given, and the defaults of the others."""
    import inspect

    signature = inspect.signature(builder)
    defaults = {
        name: parameter.default
        for name, parameter in signature.parameters.items()
        if parameter.default is not parameter.empty
    }
    return {**defaults, **params}
