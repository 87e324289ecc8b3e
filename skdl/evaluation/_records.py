"""What a checkpoint keeps, as files of JSON with a checksum: reading them runs no code.

A file is one line, ``{"format": …, "sha256": …, "content": …}``. The checksum is that of the
content as it is written, and tells damage, not forgery. Arrays are their bytes in base64, those of
Python's objects and of texts of any length lists.

Decisions: docs/decisions.md#evaluation-and-folds.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.storage import replacing
from skdl._utils.text import plain
from skdl.evaluation._folds import Fold, FoldRecord
from skdl.evaluation._recorded import Recorded, RecordedNumbers, RecordedPredictions

_FORMAT = 3
_ADVICE = "Choose another folder as checkpoint."
_KINDS_OF_BYTES = "biufcSUmM"
_END = b"}\n"
_HEAD_BYTES = len(f'{{"format": {_FORMAT}, "sha256": "{"0" * 64}", "content": ')
_ARRAYS = ("classes", "predicted", "probabilities", "decisions")
_ABOUT = ("cv", "digest", "data")
_DAMAGED = "it is damaged, or was not written by this version of skdl"


class UnusableFileError(Exception):
    """A file of a checkpoint that is there, but cannot be taken; the text says why."""


def write(content: Mapping[str, Any], path: Path) -> None:
    """Write a file, whole or not at all; TypeError if the content is nothing that JSON can hold."""
    data = _sealed(json.dumps(content).encode())
    with replacing(path, _ADVICE) as part:
        part.write_bytes(data)


def read(path: Path) -> dict[str, Any] | None:
    """The content of a file; None if there is none, UnusableFileError if it cannot be taken."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnusableFileError(f"it cannot be read: {error.strerror}") from error
    content = data[_HEAD_BYTES : -len(_END)]
    if data != _sealed(content):
        raise UnusableFileError(_DAMAGED)
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError, RecursionError) as error:  # another hand wrote it
        raise UnusableFileError(_DAMAGED) from error


def _sealed(content: bytes) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    return f'{{"format": {_FORMAT}, "sha256": "{digest}", "content": '.encode() + content + _END


def from_record(record: FoldRecord, name: str) -> dict[str, Any]:
    """The record of a fold as JSON holds it, without its estimator; `name` is that of the file."""
    found = {key: value for key, value in vars(record).items() if key != "estimator"}
    if record.recorded is not None:
        found["recorded"] = _from_recorded(record.recorded)
    return {"file": name, "record": found}


def to_record(content: Mapping[str, Any], fold: Fold, name: str) -> FoldRecord:
    """What `from_record` made of this fold; UnusableFileError if it is something else."""
    try:
        given = dict(content["record"])
        recorded = _to_recorded(given.pop("recorded"))
        record = FoldRecord(**given, recorded=recorded)
        parts = recorded if isinstance(recorded, list) else [recorded]
        lengths = {length for part in parts for length in _lengths(part)}
        numbers = content["file"], record.fold, record.n_train, record.n_test
    except Exception as error:  # whatever another hand may have written there
        raise UnusableFileError(_DAMAGED) from error
    wanted = name, fold.number, len(fold.train), len(fold.test)
    if numbers != wanted or lengths != {record.n_test}:
        raise UnusableFileError("it belongs to another fold")
    return record


def _from_recorded(recorded: Recorded | list[Recorded]) -> Any:
    """A list of what was said of several outputs, or a dict of one, which of numbers is shorter."""
    if isinstance(recorded, list):
        return [_from_recorded(part) for part in recorded]
    if isinstance(recorded, RecordedNumbers):
        return {"predicted": _from_array(recorded.predicted)}
    arrays = {array: _from_array(getattr(recorded, array)) for array in _ARRAYS}
    return {**arrays, "problem": recorded.problem}


def _to_recorded(content: Any) -> Any:
    if isinstance(content, list):
        return [_to_recorded(part) for part in content]
    given = dict(content)
    if set(given) == {"predicted"}:
        return RecordedNumbers(_to_array(given["predicted"]))
    arrays = {array: _to_array(given.pop(array)) for array in _ARRAYS}
    return RecordedPredictions(**arrays, **given)


def _lengths(recorded: Recorded) -> list[int]:
    arrays = [getattr(recorded, array, None) for array in _ARRAYS[1:]]
    return [len(array) for array in arrays if array is not None]


def from_folds(folds: list[Fold], about: Mapping[str, str]) -> dict[str, Any]:
    """Folds, and what made them, as JSON holds them."""
    pairs = [[_from_array(fold.train), _from_array(fold.test)] for fold in folds]
    return {**{key: about[key] for key in _ABOUT}, "folds": pairs}


def to_folds(content: Mapping[str, Any]) -> list[Fold]:
    """The folds of what `from_folds` made; UnusableFileError if it is something else."""
    try:
        if not all(isinstance(content[key], str) for key in _ABOUT):
            raise TypeError
        return [
            Fold(number, _to_array(train).astype(np.intp), _to_array(test).astype(np.intp))
            for number, (train, test) in enumerate(content["folds"])
        ]
    except Exception as error:
        raise UnusableFileError(_DAMAGED) from error


def _from_array(array: Any) -> Any:
    if array is None:
        return None
    array = np.asarray(array)
    found = {"shape": list(array.shape), "dtype": array.dtype.str}
    if array.dtype.kind in _KINDS_OF_BYTES:
        return {**found, "bytes": base64.b64encode(array.tobytes()).decode()}
    return {**found, "dtype": array.dtype.kind, "values": plain(array.ravel().tolist())}


def _to_array(content: Any) -> Any:
    if content is None:
        return None
    dtype, shape = np.dtype(content["dtype"]), content["shape"]
    if "bytes" in content:
        data = bytearray(base64.b64decode(content["bytes"], validate=True))
        return np.frombuffer(data, dtype).reshape(shape)
    values: npt.NDArray[Any] = np.empty(len(content["values"]), dtype)
    values[:] = content["values"]
    return values.reshape(shape)
