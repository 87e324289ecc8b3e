"""Records of folds in a folder, so that an evaluation that was killed goes on.

Decisions: docs/decisions.md#evaluation-and-folds.
"""

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
from sklearn.utils.metadata_routing import MetadataRequest

from skdl._utils.checks import warn_user
from skdl._utils.environment import versions
from skdl.evaluation import _records
from skdl.evaluation._folds import Fold, FoldRecord
from skdl.evaluation._records import UnusableFileError

_PLAN = "plan.json"
_LONGEST_NAME = 80  # of a model, in the name of a file
_SHOWN = 3  # files that cannot be used, in a warning


class Checkpoint:
    """Folder of records, for one data set (its digest) and one set of folds."""

    def __init__(self, folder: str | os.PathLike[str], data: str) -> None:
        self.folder = Path(os.path.abspath(os.path.expanduser(folder)))
        self.data = data
        self._unusable: dict[str, str] = {}
        self._warned = False

    def folds(self, made: list[Fold], cv: str, digest: str) -> list[Fold]:
        """Folds of the run before, or those of this one, which are written down.

        `cv` is what made them, for the reader; `digest` tells it apart, and is "" if it is the
        folds themselves that were given. A folder of other data, or `cv`, raises ValueError.
        """
        path = self.folder / _PLAN
        try:
            plan = _records.read(path)
            if plan is None:
                about = {"cv": cv, "digest": digest, "data": self.data}
                _records.write(_records.from_folds(made, about), path)
                return made
            folds = _records.to_folds(plan)
        except UnusableFileError as error:
            raise ValueError(
                f"The plan of the checkpoint, {path}, cannot be used: {error}. Delete this file, "
                "or choose another folder as checkpoint. After deletion, folds that cv makes again "
                "are loaded from their records, and only the others are refitted."
            ) from error
        other = ""
        if plan["data"] != self.data:
            other = "X, y or groups"
        elif plan["digest"] != digest or (not digest and not _same(folds, made)):
            other = f"cv ({plan['cv']})"
        if other:
            raise ValueError(
                f"The checkpoint {self.folder} belongs to an evaluation with different {other}. "
                "Choose another folder, or delete this one."
            )
        return folds

    def path(
        self, model: str, estimator: Any, judges: Mapping[str, Callable[..., float]], fold: Fold
    ) -> Path:
        """File of the record of a fold.

        It tells apart estimators and scorers that need the estimator, by their values, their code
        and what they tell themselves, rows, and versions of packages.
        """
        rows = fold.train, fold.test
        digest = digest_of((self.data, estimator, dict(judges), rows, versions()))[:16]
        name = re.sub(r"[^\w.-]+", "_", model)[:_LONGEST_NAME]
        return self.folder / f"{name}-{fold.number}-{digest}.json"

    def load(self, path: Path, fold: Fold) -> FoldRecord | None:
        """The record of a fold, or None where there is none; `warn_of_unusable` tells the rest."""
        try:
            content = _records.read(path)
            return None if content is None else _records.to_record(content, fold, path.name)
        except UnusableFileError as error:
            self._unusable[path.name] = str(error)
            return None

    def warn_of_unusable(self) -> None:
        """Warn of records that are there, but could not be taken."""
        if not self._unusable:
            return
        shown = [f"{name}: {reason}" for name, reason in self._unusable.items()][:_SHOWN]
        more = len(self._unusable) - len(shown)
        warn_user(
            f"{len(self._unusable)} of the records in the checkpoint {self.folder} cannot be used, "
            f"and their folds are refitted. {'; '.join(shown)}"
            f"{f'; and {more} more' if more else ''}."
        )

    def save(self, record: FoldRecord, path: Path) -> None:
        """Write a record, or warn; a fold that failed is tried again by the next run."""
        if record.failure:
            return
        try:
            _records.write(_records.from_record(record, path.name), path)
        except (OSError, TypeError, ValueError) as error:
            if not self._warned:  # a full disk would say so for each fold
                self._warned = True
                number = getattr(error, "errno", None)
                reason = os.strerror(number) if number else str(error)
                warn_user(
                    f"A fold cannot be stored in the file {path}: {reason}. The evaluation "
                    "continues, and its result will be complete, but the next run will refit the "
                    "folds that are missing from the checkpoint. Free disk space, or choose "
                    "another folder as checkpoint."
                )


def _same(folds: list[Fold], others: list[Fold]) -> bool:
    return len(folds) == len(others) and all(
        np.array_equal(fold.train, other.train) and np.array_equal(fold.test, other.test)
        for fold, other in zip(folds, others, strict=True)
    )


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
        """Add an object to the hash, each time it occurs: one part in two places is two equal ones.

        Only within itself it is told by where it stands, so that circles end.
        """
        inside_itself = id(obj) in self.memo
        self._save(obj)
        if not inside_itself:
            self.memo.pop(id(obj), None)

    def _save(self, obj: Any) -> None:
        if isinstance(obj, FunctionType):
            obj = (cloudpickle.dumps(obj), _source(obj))
        elif isinstance(obj, type):  # any, also one that no other process could import
            obj = (obj.__module__, obj.__qualname__, _source(obj))
        elif isinstance(
            obj, MetadataRequest
        ):  # which holds its estimator, or what it was cloned of
            obj = {name: of.requests for name, of in vars(obj).items() if hasattr(of, "requests")}
        elif hasattr(type(obj), "__skdl_digest__"):
            super().save(obj.__skdl_digest__())  # beside its class and its values
        elif hasattr(type(obj), "from_config") and hasattr(obj, "get_config"):  # that is all of it
            obj = (type(obj).__module__, type(obj).__qualname__, obj.get_config())
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
