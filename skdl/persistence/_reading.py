"""Loading model files: what is in them, and whether it still predicts what it did."""

import hashlib
import io
import json
import os
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from skdl._utils.checks import check_path, warn_user
from skdl._utils.environment import versions
from skdl._utils.text import shortened, shown_path
from skdl.persistence._audit import Audit, refuse_untrusted
from skdl.persistence._container import open_archive, read_array, read_json, read_member
from skdl.persistence._errors import ModelFileError, refuse_more
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
from skdl.persistence._probes import differences, outputs_of
from skdl.persistence._sound import check_sound


@dataclass(frozen=True)
class SavedModel:
    """Contents of a model file; see :func:`read_model`.

    Attributes
    ----------
    estimator : estimator
        Fitted.
    novelty : estimator or None
        Detector of images that are unlike the training images, if the file has one.
    classes : list or None
        Labels in the order of the columns of ``predict_proba``; None for a transformer.
    target_names : list of str or None
        Names of the classes, if the file has any.
    threshold : float or None
        The decision threshold that was tuned or set.
    image_format : dict or None
        Format of the training images: "image_shape", "value_range", "dtype", "flattened",
        "image_size", "channels" and "color", and "input_adapter" if there is one. None if the
        estimator expects plain columns.
    card : dict
        Description of the model.
    estimate : dict
        Estimated performance of the model, if stated.
    versions : dict of str to str
        Versions of the packages that the model was saved with.

    Examples
    --------
    >>> import skdl
    >>> from skdl.persistence import read_model
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> skdl.save(GaussianNB().fit(*load_digits(return_X_y=True)), "bayes.skdl")
    >>> found = read_model("bayes.skdl")
    >>> found.estimator, found.threshold
    (GaussianNB(), None)
    """

    estimator: Any
    novelty: Any = None
    classes: list[Any] | None = None
    target_names: list[str] | None = None
    threshold: float | None = None
    image_format: dict[str, Any] | None = None
    card: dict[str, Any] = field(default_factory=dict)
    estimate: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


def load(path: str | os.PathLike[str], *, trusted: Collection[str] = ()) -> Any:
    """Load an estimator that :func:`skdl.save` saved, without running code from the file.

    Only skdl, scikit-learn, NumPy, SciPy and Keras are imported, and nothing is written anywhere.
    Such a file can still make wrong predictions: it is only as trustworthy as its author.

    Parameters
    ----------
    path : str or path-like
        The file.
    trusted : list of str, default=()
        Full names of classes and functions, such as "package.module.Name", that may be imported and
        used although skdl does not know them.

    Returns
    -------
    estimator : estimator
        Fitted.

    Raises
    ------
    ModelFileError
        If the file is damaged, asks for something that is not trusted, or is larger than
        :data:`skdl.persistence.LIMITS`.

    Warns
    -----
    UserWarning
        If the predictions for the probe images differ from those made where the estimator was
        saved, by more than 0.0001 of the largest value; naming the versions of packages that
        differ.

    See Also
    --------
    save : Save an estimator.
    skdl.persistence.read_model : Load everything else in the file as well.
    skdl.persistence.inspect_model : Look at a file without loading it.

    Examples
    --------
    >>> import skdl
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_digits(return_X_y=True)
    >>> skdl.save(GaussianNB(var_smoothing=0.01).fit(X, y), "bayes.skdl")
    >>> skdl.load("bayes.skdl").predict(X[:2])
    array([0, 1])
    """
    return read_model(path, trusted=trusted).estimator


def read_model(path: str | os.PathLike[str], *, trusted: Collection[str] = ()) -> SavedModel:
    """Load a model with everything else in its file.

    Parameters
    ----------
    path : str or path-like
        The file.
    trusted : list of str, default=()
        See :func:`skdl.load`.

    Returns
    -------
    model : SavedModel
        The estimator, and the information about it.

    Raises
    ------
    ModelFileError
        See :func:`skdl.load`.

    Warns
    -----
    UserWarning
        See :func:`skdl.load`.

    Examples
    --------
    >>> import skdl
    >>> from skdl.persistence import read_model
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_digits(return_X_y=True)
    >>> model = GaussianNB().fit(X[y < 2], y[y < 2])
    >>> skdl.save(model, "bayes.skdl", target_names=["zero", "one"], estimate={"accuracy": 0.99})
    >>> found = read_model("bayes.skdl")
    >>> found.classes, found.target_names, found.estimate
    ([0, 1], ['zero', 'one'], {'accuracy': 0.99})
    """
    place = check_path(path, "path")
    names = _check_trusted(trusted)
    with _naming(place):
        model, different = read_bytes(_bytes_of(place), names)
    if different:
        _warn(place, different, model.versions)
    return model


def inspect_model(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a model file states about itself, without loading the model.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    manifest : dict
        "format", "estimator" (its class), "classes", "target_names", "threshold", "image_format",
        "card", "estimate", "versions", "members" (bytes and sha256 of each), and "untrusted": names
        that ``trusted`` must contain. What a file states about itself need not be true.

    Raises
    ------
    ModelFileError
        If the file is damaged.

    Examples
    --------
    >>> import skdl
    >>> from skdl.persistence import inspect_model
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> skdl.save(GaussianNB().fit(*load_digits(return_X_y=True)), "bayes.skdl")
    >>> found = inspect_model("bayes.skdl")
    >>> found["estimator"], found["untrusted"]
    ('sklearn.naive_bayes.GaussianNB', [])
    """
    place = check_path(path, "path")
    with _naming(place):
        data = _bytes_of(place)
        with _opened(data) as (_, manifest):
            return {**manifest, "untrusted": sorted(untrusted_names(data))}


def untrusted_names(data: bytes) -> set[str]:
    """Classes and functions that whoever loads a file has to trust."""
    with _opened(data) as (archive, _):
        return Audit(_model_archive(archive)[0], ()).untrusted


def _check_trusted(trusted: Any) -> frozenset[str]:
    listed = [] if isinstance(trusted, str) else list(trusted)
    if isinstance(trusted, str) or not all(isinstance(name, str) for name in listed):
        raise ValueError(
            "trusted must be a list of full names, such as ['package.module.Name']. Got "
            f"{shortened(trusted)}."
        )
    return frozenset(listed)


def _bytes_of(place: Path) -> bytes:
    refuse_more(os.path.getsize(place), "bytes", "bytes")
    return place.read_bytes()


@contextmanager
def _naming(place: Path) -> Iterator[None]:
    """Name the file in what is raised of it, whatever that is."""
    try:
        yield
    except OSError:
        raise
    except (Exception, RecursionError) as error:
        text = str(error).rstrip(".")
        about = text if isinstance(error, ModelFileError) else f"it cannot be read: {text}"
        what = "not a model file of skdl" if "zip archive" in text else "refused"
        advice = " skdl.save writes such files." if "zip archive" in text else ""
        raise ModelFileError(f"{shown_path(place)} is {what}: {about}.{advice}") from error


@contextmanager
def _opened(data: bytes) -> Iterator[tuple[ZipFile, dict[str, Any]]]:
    """The archive of a model file and its manifest, whose members are as it says."""
    with open_archive(data, len(data)) as archive:
        manifest = read_json(archive, MANIFEST)
        found = manifest.get("format")
        if manifest.get("kind") != KIND or not isinstance(found, int) or isinstance(found, bool):
            raise ModelFileError("its manifest is not that of a model")
        if found > FORMAT:
            raise ModelFileError(
                f"it has format {found}, but this version of skdl reads formats up to {FORMAT}: "
                "install a newer version"
            )
        yield archive, manifest


def _model_archive(archive: ZipFile) -> tuple[ZipFile, bytes]:
    data = read_member(archive, MODEL)
    return open_archive(data, len(data)), data


def _check_members(archive: ZipFile, manifest: dict[str, Any]) -> None:
    sums = manifest.get("members")
    names = {info.filename for info in archive.infolist()}
    if not isinstance(sums, dict) or names != {MANIFEST, *sums}:
        raise ModelFileError("its members are not those of its manifest")
    for name, about in sums.items():
        content = read_member(archive, name)
        if about != {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}:
            raise ModelFileError(f"its member {name} is damaged")


def read_bytes(data: bytes, trusted: Collection[str]) -> tuple[SavedModel, list[str]]:
    """The model of a file, and in what its predictions differ from those of the file."""
    with _opened(data) as (archive, manifest):
        _check_members(archive, manifest)
        model, content = _model_archive(archive)
        found = _made(model, content, trusted)
        estimator = found["estimator"]
        _check_facts(manifest, estimator)
        different = _compared(archive, manifest, estimator)
    saved = SavedModel(
        estimator,
        found["novelty"],
        manifest["classes"],
        check_target_names(manifest["target_names"], manifest["classes"]),
        manifest["threshold"],
        manifest["image_format"],
        check_mapping(manifest["card"], "card"),
        check_mapping(manifest["estimate"], "estimate"),
        manifest["versions"],
    )
    return saved, different


def _made(archive: ZipFile, content: bytes, trusted: Collection[str]) -> dict[str, Any]:
    """The objects of a model, once it is known that nothing but those can be made of it."""
    audit = Audit(archive, trusted)
    refuse_untrusted(audit.untrusted)
    import skops.io

    with warnings.catch_warnings():
        # The probes tell whether another version predicts otherwise, and are what is warned of.
        warnings.simplefilter("ignore")
        found = skops.io.load(io.BytesIO(content), trusted=sorted(audit.named))
    if not isinstance(found, dict) or found.keys() != {"estimator", "novelty"}:
        raise ModelFileError("it contains no model")
    check_sound(found, trusted)
    return found


def _check_facts(manifest: dict[str, Any], estimator: Any) -> None:
    for name, value in facts_of(estimator).items():
        if _text(manifest.get(name)) != _text(value):
            raise ModelFileError(
                f"what its manifest states about {name!r} does not match the model"
            )
    texts = manifest.get("versions")
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ModelFileError("its manifest does not state which versions it was saved with")


def _text(value: Any) -> str:
    return json.dumps(value)  # in which nan is nan, and 1 not True


def _compared(archive: ZipFile, manifest: dict[str, Any], estimator: Any) -> list[str]:
    """In what the estimator differs from the file's predictions for its probes."""
    if PROBES not in manifest["members"]:
        return []
    images = read_array(archive, PROBES)
    names = [name for name in manifest["members"] if name not in (MODEL, PROBES)]
    then = {name.removeprefix("probes/").removesuffix(".npy"): name for name in names}
    before = {name: read_array(archive, member) for name, member in then.items()}
    try:
        return differences(before, outputs_of(estimator, images))
    except Exception as error:
        raise ModelFileError(f"its model cannot predict its probe images: {error}") from error


def _warn(place: Path, different: list[str], then: dict[str, str]) -> None:
    now = versions("skops")
    others = [f"{name} {text}" for name, text in then.items() if now.get(name) != text]
    here = [
        f"{name} {now.get(name, 'none')}" for name, text in then.items() if now.get(name) != text
    ]
    where = (
        f"It was saved with {', '.join(others)}; installed here: {', '.join(here)}."
        if others
        else "The versions of all packages are the same."
    )
    warn_user(
        f"{shown_path(place)} does not make the same predictions as where it was saved: "
        f"{'; '.join(different)}. {where} Evaluate it before you rely on it."
    )
