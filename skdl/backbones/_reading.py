"""Files of weights, read whole or not at all."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from skdl._utils.storage import NO_ROOM, copy_limited, restated
from skdl._utils.text import shown_path

# A value takes no more than that, be it a complex number.
_LARGEST_VALUE = 16
# What a .keras file may hold for each value of the network, an optimizer's state included.
_BYTES_PER_VALUE = 32
_ANY_SIZE = 2**24


def read_into(model: keras.Model, path: Path, label: str) -> None:
    """Read a file into a new network, which is thrown away if that fails."""
    for variable in model.weights:
        if keras.backend.is_float_dtype(variable.dtype):
            variable.assign(np.full(variable.shape, np.nan, variable.dtype))
    try:
        if path.name.endswith(".npz"):
            _read_arrays(model, path)
        elif path.name.endswith(".keras"):
            _read_keras(model, path)
        else:
            _read_h5(model, path)
        _refuse_missing_values(model)
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise restated(
                error,
                f"The file {shown_path(path)} cannot be unpacked in {tempfile.gettempdir()!r}: "
                f"{error.strerror}. Free space there, or set the environment variable TMPDIR.",
            ) from error
        # Whatever h5py, zipfile, NumPy and Keras make of damaged files.
        reason = str(error).partition("\n")[0].strip("'\" ") or type(error).__name__
        raise ValueError(
            f"The file {shown_path(path)} does not contain weights of the backbone {label} without "
            f"its classifier: {reason.rstrip('.')}. Nothing was loaded."
        ) from error


def _read_keras(model: keras.Model, path: Path) -> None:
    # Keras compresses nothing: what it wrote is as large as what it holds.
    limit = max(path.stat().st_size, _BYTES_PER_VALUE * model.count_params() + _ANY_SIZE)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        weights = Path(folder, "model.weights.h5")
        with archive.open(weights.name) as source, open(weights, "wb") as file:
            copy_limited(source, file, limit)
        _read_h5(model, weights)


def _read_h5(model: keras.Model, path: Path) -> None:
    with h5py.File(path) as file:
        legacy = "layer_names" in file.attrs or "model_weights" in file
        n_values = _n_values(file.get("model_weights", file))
    if n_values != model.count_params():  # Keras passes over what is beyond the network's layers
        raise ValueError(
            f"it has {n_values:,} values, but the network has {model.count_params():,}"
        )
    if legacy or path.name.endswith(".weights.h5"):
        # Keras tells the formats apart by the end of the name.
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder, "legacy.h5" if legacy else "model.weights.h5")
            link.symlink_to(path.resolve())
            model.load_weights(link)
    else:
        raise ValueError(
            "it is neither in the format of Keras 2 nor named .weights.h5, as Keras 3 requires"
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
            _refuse_other_kinds(name, item.dtype)
            total += int(item.size)

    file.visititems(count)
    return total


def _refuse_other_kinds(name: str, dtype: np.dtype[Any]) -> None:
    if dtype.hasobject or dtype.itemsize > _LARGEST_VALUE:
        raise ValueError(f"{name} contains {dtype} values, which are not weights")


def _read_arrays(model: keras.Model, path: Path) -> None:
    # Values are only read once it is known how many there are.
    found, expected = _shapes(path), [tuple(variable.shape) for variable in model.weights]
    if found != expected:
        raise ValueError(f"its {len(found)} arrays do not have the shapes of the network's weights")
    with np.load(path, allow_pickle=False) as archive:
        model.set_weights([archive[name] for name in archive.files])


def _shapes(path: Path) -> list[tuple[int, ...]]:
    """Shapes of the arrays in a file, by their headers."""
    found = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                if np.lib.format.read_magic(file) != (1, 0):  # others are for long headers
                    raise ValueError(f"{name} is not a plain array")
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            _refuse_other_kinds(name, dtype)
            found.append(shape)
    return found
