"""Records of folds in a folder, so that an evaluation that was killed goes on."""

import functools
import hashlib
import inspect
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import cloudpickle
import joblib
import numpy as np
from joblib.hashing import NumpyHasher

from skdl._environment import versions
from skdl._storage import file_digest, replacing
from skdl.evaluation._folds import Fold, FoldRecord

_FORMAT = 2
_PLAN = "plan.joblib"
_LONGEST_NAME = 80  # of a model, in the name of a file


class Checkpoint:
    """Folder of records, for one data set and one set of folds.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    data : str
        Digest of images, labels and groups.
    """

    def __init__(self, folder: Path, data: str) -> None:
        self.folder, self.data = folder, data

    def folds(self, made: list[Fold], cv: str, digest: str) -> list[Fold]:
        """Folds of the run before, or those of this one, which are written down.

        Parameters
        ----------
        made : list of Fold
            Those of this run.
        cv : str
            What made them, for the reader.
        digest : str
            The same, to be told apart; "" if it is the folds themselves that were given.

        Raises
        ------
        ValueError
            If the folder belongs to other data or another `cv`.
        """
        path = self.folder / _PLAN
        if not path.exists():
            plan = {"format": _FORMAT, "data": self.data, "cv": cv, "digest": digest, "folds": made}
            _dump(plan, path)
            return made
        plan = _load(path)
        if plan is None or plan.get("format") != _FORMAT:
            raise ValueError(
                f"{path} is damaged, or written by another version of skdl. Delete the folder, or "
                "choose another as checkpoint."
            )
        folds: list[Fold] = plan["folds"]
        other = ""
        if plan["data"] != self.data:
            other = "X, y or groups"
        elif plan["digest"] != digest or (not digest and not _same(folds, made)):
            other = f"cv ({plan['cv']})"
        if other:
            raise ValueError(
                f"The checkpoint {self.folder} belongs to an evaluation with another {other}. "
                "Choose another folder, or delete this one."
            )
        return folds

    def path(
        self, model: str, estimator: Any, judges: Mapping[str, Callable[..., float]], fold: Fold
    ) -> Path:
        """File of the record of a fold.

        It tells apart estimators and scorers that need the estimator, by their values, their code
        and the files of weights that they name, rows, and versions of packages.
        """
        what = (estimator, _weights_of(estimator), dict(judges), fold.train, fold.test, versions())
        digest = digest_of(what)[:16]
        name = re.sub(r"[^\w.-]+", "_", model)[:_LONGEST_NAME]
        return self.folder / f"{name}-{fold.number}-{digest}.joblib"


def _weights_of(estimator: Any) -> list[str]:
    """Digests of the files of weights that parameters name: others may have taken their place."""
    return [
        _digest_of_weights(os.fspath(value), os.stat(value).st_mtime_ns, os.stat(value).st_size)
        for name, value in sorted(estimator.get_params().items())
        if name.rpartition("__")[2] == "weights"
        and isinstance(value, str | os.PathLike)
        and os.path.isfile(value)
    ]


@functools.cache
def _digest_of_weights(path: str, changed: int, size: int) -> str:
    return file_digest(path)  # once for all folds


def _same(folds: list[Fold], others: list[Fold]) -> bool:
    return len(folds) == len(others) and all(
        np.array_equal(fold.train, other.train) and np.array_equal(fold.test, other.test)
        for fold, other in zip(folds, others, strict=True)
    )


def load_record(path: Path) -> FoldRecord | None:
    """The record, or None if there is no such file or it is damaged."""
    found = _load(path)
    return found if isinstance(found, FoldRecord) else None


def save_record(record: FoldRecord, path: Path) -> None:
    """Write a record; a fold that failed is tried again."""
    if not record.failure:
        _dump(record, path)


def digest_of(what: Any) -> str:
    """Digest of estimators, functions, splitters and arrays, the same in another process."""
    return str(_Hasher().hash(what))


def digest_of_data(images: list[bytes], y: Any, groups: Any) -> str:
    """Digest of a data set: contents of the images, labels and groups, in their order."""
    digest = hashlib.sha256(b"".join(images))
    for values in (y, groups):
        digest.update(joblib.hash(None if values is None else np.asarray(values).tolist()).encode())
    return digest.hexdigest()


class _Hasher(NumpyHasher):  # type: ignore[misc]
    """Hashes by content what joblib hashes by name or by address, or not at all."""

    def __init__(self) -> None:
        super().__init__(hash_name="sha256")

    def save(self, obj: Any) -> None:
        """Add an object to the hash."""
        if isinstance(obj, FunctionType):
            obj = (cloudpickle.dumps(obj), _source(obj))
        elif isinstance(obj, type):  # any, also one that no other process could import
            obj = (obj.__module__, obj.__qualname__, _source(obj))
        elif hasattr(type(obj), "from_config") and hasattr(obj, "get_config"):
            obj = (type(obj).__module__, type(obj).__qualname__, obj.get_config())  # of Keras
        super().save(obj)


@functools.cache
def _source(what: Any) -> str:
    """Source of a function or class, whose pickle may be no more than its name.

    That of installed packages is left out: their versions are known.
    """
    try:
        if "site-packages" in inspect.getfile(what):
            return ""
        return inspect.getsource(what)
    except (OSError, TypeError):  # it was typed in, or is built in
        return ""


def _dump(value: Any, path: Path) -> None:
    with replacing(path, "Choose another folder as checkpoint.") as temporary:
        joblib.dump(value, temporary)


def _load(path: Path) -> Any:
    try:
        return joblib.load(path)
    except FileNotFoundError:
        return None
    except Exception:  # whatever a damaged pickle raises
        return None
