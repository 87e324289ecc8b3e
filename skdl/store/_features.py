"""`FeatureStore`: computed feature vectors, kept so that they need not be computed again."""

import functools
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdl._utils.checks import check_number, check_whole, warn_user
from skdl._utils.text import shown_path
from skdl.store._checks import Space, checked_features, checked_folder, checked_keys
from skdl.store._described import page_of
from skdl.store._folder import FolderFeatures
from skdl.store._memory import MemoryFeatures
from skdl.store._reports import StoreCheck, StoreInfo

_thread = threading.local()
_LONGEST = 1e12  # seconds
_DEFAULT_IN_MEMORY = 2**30
_DEFAULT_IN_FOLDER = 10 * 2**30


def seconds_saved_here() -> float:
    """Time that this thread has saved by finding features in any store.

    The difference between two readings is what all stores saved in between.

    Returns
    -------
    seconds : float
        Time that computing these features took, since the thread began.

    See Also
    --------
    FeatureStore : Counts the same for itself, as `seconds_saved`.

    Examples
    --------
    >>> import hashlib
    >>> import numpy as np
    >>> from skdl.store import FeatureStore, seconds_saved_here
    >>> store, key = FeatureStore(), hashlib.sha256(b"an image").digest()
    >>> store.put({"layer": "pool"}, [key], np.float32([[1, 2]]), seconds=3.0)
    >>> before = seconds_saved_here()
    >>> features, found = store.get({"layer": "pool"}, [key], width=2)
    >>> round(seconds_saved_here() - before, 3)
    3.0
    """
    return float(getattr(_thread, "seconds", 0.0))


@functools.cache
def opened(store: "FeatureStore") -> "FeatureStore":
    """One object for equal stores in a folder, which keeps in mind what lies there."""
    return store


class FeatureStore:
    """A cache of feature vectors that a network computed from images.

    Features are stored under what they depend on: the image, identified by the sha256 of its
    content, and everything else, such as network, weights and layer, in a description called space.
    Therefore, nothing in a store is ever out of date, and one store serves all estimators.

    Parameters
    ----------
    folder : str or path-like, default=None
        Folder of the store, in which ``~`` is expanded. It is created when it is first needed.
        Processes and machines may share it. If None, keep the features in the memory of this
        process.
    max_bytes : int, default=None
        Maximum size; the least recently used features are removed first. None means 1 GiB in
        memory and 10 GiB in a folder.

    Attributes
    ----------
    folder : pathlib.Path or None
        Absolute path of the folder.
    max_bytes : int
        Maximum size.
    hits, misses : int
        Number of feature vectors that `get` found and did not find, for this object in this
        process.
    seconds_saved : float
        Time that computing the features took that `get` found, as far as it was passed to `put`.

    Raises
    ------
    TypeError, ValueError
        If `folder` is not a path, or is a file, or `max_bytes` is not a positive whole number.

    Notes
    -----
    The files in a folder are written completely or not at all, and never changed. Each entry has a
    checksum that is verified when the entry is read; whatever is damaged or removed is computed
    again. When the disk is full, `put` warns once, and work continues without storing.

    If several processes write, a folder may hold somewhat more than `max_bytes` for half a minute.

    ``copy.deepcopy``, and therefore :func:`sklearn.base.clone`, return the store itself. A store in
    memory is pickled without its content, a store in a folder as a reference to that folder. Two
    stores with the same folder and the same `max_bytes` are equal.

    The command ``skdl store`` shows, verifies and clears a folder.

    Examples
    --------
    >>> import hashlib
    >>> import numpy as np
    >>> from skdl.store import FeatureStore
    >>> store = FeatureStore(max_bytes=10_000_000)
    >>> space = {"backbone": "resnet50", "pooling": "avg"}
    >>> images = np.zeros((2, 8, 8), dtype=np.uint8), np.ones((2, 8, 8), dtype=np.uint8)
    >>> keys = [hashlib.sha256(image).digest() for image in images]
    >>> store.put(space, keys[:1], np.float32([[1, 2, 3]]))
    >>> features, found = store.get(space, keys, width=3)
    >>> found
    array([ True, False])
    >>> features[found]
    array([[1., 2., 3.]], dtype=float32)
    >>> store.hits, store.misses
    (1, 1)
    """

    def __init__(
        self, folder: str | os.PathLike[str] | None = None, *, max_bytes: int | None = None
    ) -> None:
        path = checked_folder(folder)
        if max_bytes is None:
            max_bytes = _DEFAULT_IN_MEMORY if path is None else _DEFAULT_IN_FOLDER
        self._start(path, check_whole(max_bytes, "max_bytes", low=1))

    def _start(self, folder: Path | None, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._features: MemoryFeatures | FolderFeatures
        if folder is None:
            self._features = MemoryFeatures(max_bytes)
        else:
            self._features = FolderFeatures(folder, max_bytes)
        self._lock = threading.Lock()
        self._warned = False
        self.hits = self.misses = 0
        self.seconds_saved = 0.0

    @property
    def folder(self) -> Path | None:
        return self._features.folder

    @property
    def max_bytes(self) -> int:
        return self._max_bytes

    def get(
        self, space: Mapping[str, Any], keys: Sequence[bytes], width: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Look up stored feature vectors.

        Parameters
        ----------
        space : dict
            What the features depend on besides the image; anything that JSON can hold.
        keys : list of bytes, length n_images
            Sha256 digests of the images, 32 bytes each.
        width : int
            Length of a feature vector. Stored vectors of another length are not found.

        Returns
        -------
        features : ndarray of shape (n_images, width), dtype float32
            A copy. Rows that were not found are 0.
        found : ndarray of shape (n_images,), dtype bool
            Which rows were found.

        Raises
        ------
        TypeError, ValueError
            If JSON cannot hold `space`, a key is not a digest, or `width` is not a positive whole
            number.
        """
        return self.get_together([(space, width)], keys)

    def get_together(
        self, spaces: Sequence[tuple[Mapping[str, Any], int]], keys: Sequence[bytes]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Look up feature vectors of several spaces, side by side.

        Parameters
        ----------
        spaces : list of (dict, int)
            What the features depend on, and their width, as in :meth:`get`.
        keys : list of bytes, length n_images
            Sha256 digests of the images, 32 bytes each.

        Returns
        -------
        features : ndarray of shape (n_images, sum of widths), dtype float32
            A copy. Rows that were not found are 0.
        found : ndarray of shape (n_images,), dtype bool
            Which rows were found in all spaces. `hits` counts these, and `misses` all others.

        Raises
        ------
        TypeError, ValueError
            As in :meth:`get`.
        """
        checked = [Space.of(space) for space, _ in spaces]
        names = checked_keys(keys)
        ends = np.cumsum([check_whole(width, "width", low=1) for _, width in spaces])
        features = np.zeros((len(names), ends[-1]), dtype=np.float32)
        parts = np.split(features, ends[:-1], axis=1)  # views
        pairs = list(zip(checked, parts, strict=True))
        with self._lock:
            answers = [self._features.get(space, names, part) for space, part in pairs]
            found = np.all([there for there, _ in answers], axis=0)
            rows = np.flatnonzero(found)
            seconds = sum(spent for _, spent in answers)
            if any(len(rows) < there.sum() for there, _ in answers):
                # What some of the spaces lack is computed for all: the others save nothing then.
                some = [names[row] for row in rows]
                again = [self._features.get(space, some, part[rows]) for space, part in pairs]
                seconds = sum(spent for _, spent in again)
            self.hits += len(rows) * len(parts)
            self.misses += (len(names) - len(rows)) * len(parts)
            self.seconds_saved += seconds
        _thread.seconds = seconds_saved_here() + seconds
        features[~found] = 0
        return features, found

    def put(
        self,
        space: Mapping[str, Any],
        keys: Sequence[bytes],
        features: NDArray[np.float32],
        *,
        seconds: float = 0.0,
    ) -> None:
        """Store feature vectors, as far as they fit.

        Parameters
        ----------
        space, keys
            As in :meth:`get`.
        features : ndarray of shape (n_images, width), dtype float32
            One vector per image.
        seconds : float, default=0.0
            Time that computing all of them took; 0 if unknown.

        Raises
        ------
        TypeError, ValueError
            If JSON cannot hold `space`, a key is not a digest, the features have another type or
            shape, or `seconds` is negative or not finite.

        Warns
        -----
        UserWarning
            The first time that the folder cannot be written to, for example because the disk is
            full.
        """
        try:
            self._put(space, keys, features, seconds)
        except OSError as error:
            if self._warned:
                return
            self._warned = True
            reason = os.strerror(error.errno) if error.errno else str(error)
            warn_user(
                f"Features cannot be stored in {shown_path(str(self.folder))}: {reason}. The run "
                "continues, and they will be computed again next time. Free disk space or choose "
                "another folder."
            )

    def _put(
        self, space: Any, keys: Any, features: Any, seconds: float, merge: bool = True
    ) -> None:
        """Store feature vectors; an OSError says that this cannot be done."""
        checked, names = Space.of(space), checked_keys(keys)
        rows = checked_features(features, len(names))
        spent = check_number(seconds, "seconds", low=0, high=_LONGEST)
        with self._lock:
            self._features.put(checked, names, rows, spent / max(len(names), 1), merge)

    def info(self) -> StoreInfo:
        """Describe what the store holds.

        Returns
        -------
        info : StoreInfo
            Its `spaces`, the last used first, each with `space` (its description), `digest`,
            `entries`, `files`, `bytes` and `last_used` (seconds since 1970); the totals `entries`,
            `files` and `bytes`; `of_this_format`, whether there is a store, even an empty one; and
            `other_formats`, names of folders of other versions of skdl.
        """
        with self._lock:
            return self._features.info()

    def compact(self) -> int:
        """Merge files that are less than half full into full ones.

        This is optional: a folder that many processes have filled holds many files, which take
        longer to list and to open. A full file has 64 MiB, or a thousandth of `max_bytes` if that
        is more. Other processes may read and write meanwhile.

        Returns
        -------
        removed : int
            Decrease in the number of files.

        Raises
        ------
        OSError
            If a file cannot be written, for example because the disk is full. Nothing is lost.
        """
        with self._lock:
            return self._features.compact()

    def clear(self) -> int:
        """Remove everything that is stored, and nothing else in the folder.

        Returns
        -------
        removed : int
            Number of bytes.
        """
        with self._lock:
            return self._features.clear()

    def verify(self, *, repair: bool = False) -> StoreCheck:
        """Read every entry and verify its checksum.

        Parameters
        ----------
        repair : bool, default=False
            Whether to remove what is damaged, and the temporary files of processes that were
            killed. What another process is writing at that time may be lost, which does no harm.

        Returns
        -------
        check : StoreCheck
            Intact `entries` and the `files` that hold them, `damaged_files` (paths),
            `damaged_entries` in otherwise intact files, `leftovers` (temporary files); `repaired`
            and `sound`, whether nothing was damaged.

        Raises
        ------
        OSError
            If a file cannot be read or removed.
        """
        with self._lock:
            return self._features.verify(repair)

    def check_writable(self) -> None:
        """Create the folder, and check that it can be written to.

        Raises
        ------
        FileExistsError
            If its path, or a parent of it, is a file.
        PermissionError, OSError
            If it cannot be created or written to, unless the disk is full, for which `put` warns.
        """
        self._features.check_writable()

    def __repr__(self) -> str:
        place = "" if self.folder is None else f"{shown_path(self.folder)}, "
        return f"{type(self).__name__}({place}max_bytes={self.max_bytes})"

    def _repr_html_(self) -> str:
        return page_of(self)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, FeatureStore) or self.folder is None:
            return NotImplemented
        return (self.folder, self.max_bytes) == (other.folder, other.max_bytes)

    def __hash__(self) -> int:
        return id(self) if self.folder is None else hash((self.folder, self.max_bytes))

    def __copy__(self) -> "FeatureStore":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "FeatureStore":
        return self

    def __getstate__(self) -> dict[str, Any]:
        folder = None if self.folder is None else str(self.folder)
        return {"folder": folder, "max_bytes": self.max_bytes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Without the checks: on another machine there may be a file, which `put` will warn of.
        folder = None if state["folder"] is None else Path(state["folder"])
        self._start(folder, state["max_bytes"])
