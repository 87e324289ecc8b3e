"""Saving model files.

Decisions: docs/decisions.md#saving-and-exporting-models.
"""

import hashlib
import io
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy.typing as npt
from sklearn.utils.metadata_routing import MetadataRequest

from skdl._utils.checks import check_path, warn_user
from skdl._utils.environment import versions
from skdl._utils.sending import sending
from skdl._utils.storage import replacing
from skdl._utils.text import shown_path
from skdl.persistence._audit import SCHEMA
from skdl.persistence._container import array_bytes, pack
from skdl.persistence._errors import ModelFileError
from skdl.persistence._manifest import (
    FORMAT,
    KIND,
    MANIFEST,
    MODEL,
    PROBES,
    check_mapping,
    check_target_names,
    facts_of,
)
from skdl.persistence._probes import Outputs, given_probes, outputs_of, synthetic_probes
from skdl.persistence._reading import read_bytes, untrusted_names
from skdl.persistence._sound import parts_of

NO_PROBES = "No images could be generated"
_ADVICE = "Choose another place for the file."
_NONE = {  # as skops writes it
    "__class__": "str",
    "__module__": "builtins",
    "__loader__": "JsonNode",
    "content": "null",
    "is_json": True,
}


def save(
    estimator: Any,
    path: str | os.PathLike[str],
    *,
    probes: Any = None,
    card: Any = None,
    estimate: Any = None,
    novelty: Any = None,
    target_names: Sequence[str] | None = None,
) -> None:
    """Save a fitted estimator to a file that other people can load without running its code.

    The file is read back before it is put in place: a file that would not give the same predictions
    is not written.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of skdl or scikit-learn, including pipelines and searches of these.
        Custom classes and functions are saved by name, and must be trusted to load the file.
    path : str or path-like
        The file, such as "model.skdl". An existing file is replaced.
    probes : array-like of images, or paths of shape (n,), default=None
        A few images, of which at most the first 8 are saved in the file together with the
        predictions of the estimator, which are compared when the file is loaded. Anyone who has the
        file can see them. If None, generate three images in the format that the estimator expects,
        the same each time. For a pipeline that only accepts paths, such as one that begins with
        :class:`skdl.ImageLoader`, probes are the input of the second step, and the steps after the
        first are compared.
    card : dict, default=None
        Description of the model: text, numbers, lists and dicts.
    estimate : dict, default=None
        Estimated performance, such as ``{"roc_auc": 0.91, "low": 0.88, "high": 0.94}``.
    novelty : estimator, default=None
        A fitted detector of images that are unlike the training images. Parts that it shares with
        the estimator are saved once.
    target_names : list of str, default=None
        Names of the classes, in the order of ``estimator.classes_``.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    IsADirectoryError
        If `path` is a folder.
    ModelFileError
        If a part of the estimator cannot be saved in such a file, naming it.
    ValueError
        If `probes`, `card`, `estimate` or `target_names` are invalid.

    Warns
    -----
    UserWarning
        If a class or a function must be trusted to load the file, naming it; if the estimator has
        callbacks, which are left out; or if no probes can be generated.

    See Also
    --------
    load : Load the estimator.
    skdl.persistence.read_model : Load everything else in the file as well.

    Notes
    -----
    Keras optimizers, schedules and initialisers are saved as their settings. Folders of a feature
    store, those of ``Pipeline(memory=…)`` and folders of weights belong to this machine and are
    left out.

    Examples
    --------
    >>> import skdl
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> model = LogisticRegression(max_iter=200).fit(X / 16, y)
    >>> skdl.save(model, "digits.skdl", probes=X[:4] / 16)
    >>> skdl.load("digits.skdl").predict(X[:4] / 16)
    array([0, 1, 2, 3])
    """
    from sklearn.utils.validation import check_is_fitted

    place = check_path(path, "path")
    if place.is_dir():
        raise IsADirectoryError(f"path is a folder, {shown_path(place)}. Name a file in it.")
    check_is_fitted(estimator)
    about = facts_of(estimator)
    about["target_names"] = check_target_names(target_names, about["classes"])
    about["card"] = check_mapping(card, "card")
    about["estimate"] = check_mapping(estimate, "estimate")
    about["versions"] = versions("skops")
    images, outputs = _probes_of(estimator, probes)
    if any(getattr(part, "callbacks", None) for part in parts_of([estimator, novelty])):
        warn_user(
            "The parameter callbacks is left out of the file: callbacks are for training, and may "
            "run any code. The loaded estimator makes the same predictions, but has callbacks=None."
        )
    members = {MODEL: _dumped(estimator, novelty)}
    if images is not None:
        members[PROBES] = array_bytes(images)
        members |= {f"probes/{name}.npy": array_bytes(out) for name, out in outputs.items()}
    data = pack({MANIFEST: _manifest(about, members), **members})
    _read_back(data, place)
    with replacing(place, _ADVICE) as part:
        part.write_bytes(data)


def _probes_of(estimator: Any, probes: Any) -> tuple[npt.NDArray[Any] | None, Outputs]:
    if probes is not None:
        images = given_probes(estimator, probes)
        try:
            return images, outputs_of(estimator, images)
        except Exception as error:
            raise ValueError(f"The estimator does not accept probes: {error}") from error
    for images in synthetic_probes(estimator):
        try:
            return images, outputs_of(estimator, images)
        except Exception:  # of another step: the next one, then
            continue
    warn_user(
        f"{NO_PROBES} that this {type(estimator).__name__} accepts, so its "
        "predictions will not be compared when it is loaded. Pass a few images as probes."
    )
    return None, {}


def _dumped(estimator: Any, novelty: Any) -> bytes:
    import skops.io

    try:
        with sending(), _named_owners([estimator, novelty]):
            data: bytes = skops.io.dumps({"estimator": estimator, "novelty": novelty})
    except (Exception, RecursionError) as error:
        raise ModelFileError(
            f"This {type(estimator).__name__} cannot be saved: {error} joblib.dump saves whatever "
            "can be pickled, for your own use."
        ) from error
    return _compact(data)


@contextmanager
def _named_owners(model: Any) -> Iterator[None]:
    """Requests for metadata that name their estimator, as before scikit-learn 1.9.

    They hold it since, to name it in messages, and skops follows such a circle for ever.
    """
    held = []
    for part in parts_of(model):
        requests = [part, *vars(part).values()] if isinstance(part, MetadataRequest) else []
        held += [(one, one.owner) for one in requests if hasattr(one, "owner")]
    try:
        for request, owner in held:
            request.owner = owner if isinstance(owner, str) else type(owner).__name__
        yield
    finally:
        for request, owner in held:
            request.owner = owner


def _compact(data: bytes) -> bytes:
    """The file of skops with numbers for addresses in memory: equal models are equal files.

    What stands in several places is alike in all of them, and its arrays are kept once.
    """
    with ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read(SCHEMA))
        first: dict[int, Any] = {}
        files: dict[str, str] = {}
        waiting = [schema]
        while waiting:
            here = waiting.pop()
            if isinstance(here, list):
                waiting.extend(here)
            if not isinstance(here, dict):
                continue
            if "__id__" in here:
                known = first.setdefault(here["__id__"], here)
                if known is not here:
                    here.clear()
                    here.update(known)
                    continue
                here["__id__"] = len(first)
            if _names_a_folder(here):
                here["content"]["content"]["memory"] = {**_NONE, "__id__": -1}
            if here.get("__module__") == "_loss":  # in which scikit-learn before 1.9 says they are
                here["__module__"] = "sklearn._loss._loss"
            if "__loader__" in here and "file" in here:
                ending = here["file"].rpartition(".")[2]
                here["file"] = files.setdefault(here["file"], f"{len(files)}.{ending}")
            waiting.extend(here.values())
        text = json.dumps(schema, separators=(",", ":")).encode()
        return pack({SCHEMA: text, **{new: archive.read(old) for old, new in files.items()}})


def _names_a_folder(node: dict[str, Any]) -> bool:
    """Whether it is an estimator of scikit-learn that may keep what it computes in a folder."""
    is_sklearns = str(node.get("__module__")).startswith("sklearn.")
    return (
        is_sklearns
        and node.get("__loader__") == "ObjectNode"
        and "memory" in (node["content"] or {}).get("content", ())
    )


def _manifest(about: dict[str, Any], members: dict[str, bytes]) -> bytes:
    sums = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in members.items()
    }
    return json.dumps({"kind": KIND, "format": FORMAT, **about, "members": sums}, indent=1).encode()


def _read_back(data: bytes, place: Path) -> None:
    """Refuse to write what could not be read, or would predict otherwise."""
    try:
        needed = untrusted_names(data)
        hidden = sorted(name for name in needed if name.startswith("__main__.") or "<" in name)
        if hidden:
            raise ModelFileError(
                f"{', '.join(hidden)} is defined in a script or notebook, or has no name, so "
                "nobody else could import it. Define it with def at the top level of a module."
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, different = read_bytes(data, needed)
    except Exception as error:
        raise ModelFileError(f"{shown_path(place)} is not written: {error}") from error
    if different:
        raise ModelFileError(
            f"{shown_path(place)} is not written, because the estimator read back makes other "
            f"predictions: {'; '.join(different)}."
        )
    if needed:
        listed = ", ".join(map(repr, sorted(needed)))
        warn_user(f"To load {shown_path(place)}, these names must be trusted: trusted=[{listed}].")
