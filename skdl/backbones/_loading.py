"""Weights of backbones: which file they are in, and those that are kept.

Decisions: docs/decisions.md#pretrained-networks-and-features.
"""

import hashlib
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from skdl._utils.cache import Cache
from skdl._utils.checksums import checksum_of, refuse_damaged
from skdl._utils.storage import file_version, find_file, get_data_home
from skdl._utils.text import shortened, shown_path
from skdl.backbones._declaration import ONNX, backbone_of, builder_of, label_of
from skdl.backbones._weights import PretrainedWeights
from skdl.downloads import RemoteFile, fetch

if TYPE_CHECKING:
    import keras

Build = Callable[[], "keras.Model"]
Read = Callable[[Path], "BackboneWeights"]

FORMATS = (".weights.h5", ".h5", ".keras", ".npz")
"""Endings of the files that are read."""


@dataclass(frozen=True)
class BackboneWeights:
    """Values of all variables of a backbone, in the order of ``model.variables``."""

    arrays: tuple[npt.NDArray[Any], ...]  # read-only: estimators share them
    digest: str  # sha256 of the values

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_checksum": checksum_of(self.arrays)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        refuse_damaged(state["arrays"], state.pop("_checksum", None))
        self.__dict__.update(state)

    def __skdl_verify__(self) -> None:
        """Let the digest be that of the values, by which networks and features are shared.

        The values of a file of another's making may have the digest of others.
        """
        self.__dict__["digest"] = _digest_of(self.arrays)


# Of the last estimators: searches make many clones of one, and may use large weights, too.
_kept_weights = Cache[BackboneWeights](max_bytes=512 * 2**20, at_least=1)
# Files of the data home that do not hold the declared values.
_others = Cache[bool](max_number=1024)


def check_weights_name(
    backbone: Any,
    weights: str | os.PathLike[str],
    params: Mapping[str, Any],
    formats: tuple[str, ...] = FORMATS,
) -> PretrainedWeights | Path | None:
    """What a `weights` parameter means: declared weights, a file, or None for random ones.

    `params` are the builder's, defaults included.
    """
    if not isinstance(weights, str | os.PathLike):
        raise ValueError(
            "The parameter weights must be a name or the path of a file; for random weights, pass "
            f"'random'. Got {shortened(weights)}."
        )
    if weights == "random":
        return None
    text = str(os.fspath(weights))
    declared = backbone_of(backbone).weights
    named = [entry for entry in declared if text in ("auto", entry.name)]
    if named:
        return _of_these_params(named, params, label_of(backbone))
    if text.endswith(formats) or os.path.exists(text):
        return _existing(text, formats)
    names = ["random"] * (formats is FORMATS) + list(dict.fromkeys(e.name for e in declared))
    none = "" if declared else " It declares no trained weights."
    one_of = f"one of {', '.join(map(repr, names))}, or " if names else ""
    raise ValueError(
        f"The backbone {label_of(backbone)} has no weights {shortened(text)}.{none} Pass {one_of}"
        f"the path of a file ({', '.join(formats)})."
    )


def _existing(text: str, formats: tuple[str, ...]) -> Path:
    path = find_file(text, "weights")
    if path is None:
        absent = Path(text).expanduser()
        if absent.is_dir():
            problem = "is a folder"
        elif absent.is_absolute():
            problem = "does not exist"
        else:
            kept = get_data_home() / "weights"
            problem = f"does not exist, neither in {os.getcwd()!r} nor in {shown_path(kept)}"
        raise FileNotFoundError(
            f"The parameter weights names the file {shown_path(absent)}, which {problem}."
        )
    if not path.name.endswith(formats):
        raise ValueError(
            f"The file of weights {shown_path(path)} has an unknown format. Expected one of "
            f"{', '.join(formats)}."
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
        f"The backbone {label} has no {entries[0].name!r} weights with {wanted}, only with "
        f"{known}. Use one of these, a file of weights, or weights='random'."
    )


def load_weights(
    backbone: Any,
    weights: str | os.PathLike[str],
    params: Mapping[str, Any],
    build: Build,
) -> BackboneWeights:
    """Load the weights of a backbone; the same ones again cost nothing.

    They are "auto", "random", a declared name or the path of a file, of Keras 2 or 3 or ``.npz``
    (the arrays of ``model.weights``, in that order); one that leads to no file from here is looked
    up in ``weights/`` of the data home. `build` makes the network, always with the same random
    start values. Of a file that holds others than the network's, nothing is loaded.
    """
    source = check_weights_name(backbone, weights, params)
    label = label_of(backbone)
    name = label, builder_of(backbone), repr(sorted(params.items()))

    def read(path: Path | None) -> BackboneWeights:
        key = (*name, path and file_version(path))
        return _kept_weights.get(key, lambda: _weights_in(path, label, build))

    if not isinstance(source, PretrainedWeights):
        return read(source)
    if isinstance(source.file, str):
        with shipped(source.file) as path:
            return read(path)
    place = _in_its_place(source.file)
    if place is None:
        found = _found_by_values(source, read)
        if found is not None:
            return found
        place = downloaded(source, label)
    return read(place)


def shipped(file: str) -> AbstractContextManager[Path]:
    """A file that a package ships, as ``"package:path"``."""
    package, _, member = file.partition(":")
    return as_file(files(package) / member)


def weights_at_hand(backbone: str | Callable[..., Any], **params: Any) -> bool:
    """Check whether the trained weights of a backbone are on this machine.

    Nothing is downloaded.

    Parameters
    ----------
    backbone : str or callable
        Name of a backbone, ``"onnx:PATH"``, or a builder.
    **params : dict
        Parameters of the builder, such as ``alpha=0.35``.

    Returns
    -------
    at_hand : bool
        Whether ``weights="auto"`` finds them.

    Raises
    ------
    ValueError
        If there is no such backbone.

    Examples
    --------
    >>> from skdl.backbones import weights_at_hand
    >>> weights_at_hand("cifar_resnet20")
    True
    """
    if isinstance(backbone, str) and backbone.startswith(ONNX):
        return find_file(backbone.removeprefix(ONNX), "weights") is not None
    builder, declaration = builder_of(backbone), backbone_of(backbone)
    known = declared_params(builder, params)
    try:
        source = check_weights_name(backbone, "auto", known)
    except ValueError:  # none that are published for these parameters
        return False
    if not isinstance(source, PretrainedWeights) or isinstance(source.file, str):
        return source is not None
    if _in_its_place(source.file) is not None:
        return True
    size, label = declaration.default_size, label_of(backbone)
    name = label, builder, repr(sorted(known.items()))

    def read(path: Path | None) -> BackboneWeights:
        shape = (size, size, declaration.preprocessing.channels)
        key = (*name, path and file_version(path))
        return _kept_weights.get(
            key, lambda: _weights_in(path, label, lambda: builder(shape, **params))
        )

    return _found_by_values(source, read) is not None


def _in_its_place(file: RemoteFile) -> Path | None:
    try:
        return fetch(file, download_if_missing=False)
    except (FileNotFoundError, ValueError):  # ValueError: another file is
        return None


def _weights_in(path: Path | None, label: str, build: Build) -> BackboneWeights:
    """The weights in a file, or random ones."""
    model = build()
    if path is not None:
        from skdl.backbones._reading import read_into  # with Keras, which has made the model

        read_into(model, path, label)
    return _values_of(model)


def _found_by_values(source: PretrainedWeights, read: Read) -> BackboneWeights | None:
    """Declared weights from whichever file in the data home holds them."""
    if source.values_sha256 is None:
        return None
    for path in sorted((get_data_home() / "weights").glob("*")):
        if not path.name.endswith(FORMATS) or not path.is_file() or not _may_hold(path, source):
            continue
        key = source.values_sha256, file_version(path)
        if key in _others:
            continue
        try:
            found = read(path)
        except ValueError:  # another network's
            found = None
        if found is not None and found.digest == source.values_sha256:
            return found
        _others.put(key, True)
    return None


def _may_hold(path: Path, source: PretrainedWeights) -> bool:
    """Whether a file is about as large as the declared one, compressed or with an optimizer."""
    assert not isinstance(source.file, str)
    size, slack = path.stat().st_size, 2**20
    return source.file.size / 2 - slack <= size <= 4 * source.file.size + slack


def downloaded(source: PretrainedWeights, label: str) -> Path:
    assert not isinstance(source.file, str)
    try:
        return fetch(source.file)
    except ConnectionError as error:
        raise ConnectionError(
            f"The {source.name!r} weights of the backbone {label} are not on this machine. "
            f"{error}\nOr pass the path of a file as weights, or use the backbone "
            "'cifar_resnet20', whose weights come with skdl."
        ) from error


def _values_of(model: "keras.Model") -> BackboneWeights:
    digest = _digest_of(variable.numpy() for variable in model.weights)
    arrays = tuple(np.asarray(variable.value.numpy()) for variable in model.variables)
    for array in arrays:
        array.setflags(write=False)
    return BackboneWeights(arrays, digest)


def _digest_of(arrays: Iterable[npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        value = np.ascontiguousarray(array)
        digest.update(f"{value.shape}{value.dtype.str}".encode())
        # As bytes, since types that NumPy does not know itself have no buffer.
        digest.update(value.reshape(-1).view(np.uint8))
    return digest.hexdigest()


def declared_params(builder: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a builder: those given, and the defaults of the others."""
    parameters = inspect.signature(builder).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return {**defaults, **params}
