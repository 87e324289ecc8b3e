"""What a model file asks for, looked at before anything of it is made.

The model itself is written and read by skops, whose file is a tree of nodes in JSON beside arrays.
Each node is checked here by a list of what its kind may be; skops then reads what is left, and
checks it once more. Nothing is imported for a name that is not known or trusted.

Decisions: docs/decisions.md#saving-and-exporting-models.
"""

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any
from zipfile import ZipFile

from skdl._utils.text import shortened
from skdl.persistence import _names
from skdl.persistence._container import check_array, check_sparse, read_json, read_member
from skdl.persistence._errors import ModelFileError, refuse_more

SCHEMA = "schema.json"
_PROTOCOL = 2  # of skops 0.13 and later
_SCALARS = (str, int, float, bool, type(None))


class Audit:
    """One look at the nodes of a model.

    Parameters
    ----------
    archive : ZipFile
        As skops wrote it.
    trusted : collection of str
        Names that the caller trusts.
    """

    def __init__(self, archive: ZipFile, trusted: Collection[str]) -> None:
        self.named: set[str] = set()  # classes and functions that are made or taken
        self.untrusted: set[str] = set()
        self._archive = archive
        self._trusted = frozenset(trusted)
        self._sizes = {info.filename: info.file_size for info in archive.infolist()}
        self._read: dict[str, Any] = {}  # which node reads a member
        self._seen: dict[int, Any] = {}
        self._n_nodes = 0
        schema = read_json(archive, SCHEMA)
        if schema.get("protocol") != _PROTOCOL or schema.get("protocol") is True:
            raise ModelFileError(
                f"it uses version {shortened(schema.get('protocol'))} of the format of skops, but "
                f"this version of skdl reads version {_PROTOCOL}"
            )
        self._look(schema)

    def _look(self, schema: dict[str, Any]) -> None:
        # A stack, not recursion: what is nested deeply is refused before it is followed.
        waiting: list[tuple[Any, frozenset[Any]]] = [(schema, frozenset())]
        while waiting:
            node, above = waiting.pop()
            self._n_nodes += 1
            refuse_more(self._n_nodes, "values", "values")
            refuse_more(len(above), "depth", "levels of nested values")
            identity = node.get("__id__") if isinstance(node, dict) else None
            if identity is not None and not _is_whole(identity):
                raise ModelFileError(f"a value has the identity {shortened(identity)}")
            if identity in above:
                raise ModelFileError("a value contains itself")
            # skops makes the first one of an identity, and takes it for the others.
            if identity is not None and self._seen.setdefault(identity, node) != node:
                raise ModelFileError(f"two values have the identity {identity}")
            below = above | {identity if identity is not None else -self._n_nodes}
            waiting.extend((child, below) for child in self._check(node))

    def _check(self, node: Any) -> Iterator[Any]:
        """Refuse a node that is not as skops writes it; give those inside it."""
        kind = node.get("__loader__") if isinstance(node, dict) else None
        check = _CHECKS.get(kind) if isinstance(kind, str) else None
        if check is None:
            raise ModelFileError(f"a value has the unknown kind {shortened(kind)}")
        module, name = node.get("__module__"), node.get("__class__")
        if not (isinstance(module, str) and isinstance(name, str)):
            raise ModelFileError(f"a value of the kind {kind} has no name")
        try:
            yield from check(self, node, module, name)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, ModelFileError):
                raise
            raise ModelFileError(f"a value of the kind {kind} is not complete: {error}") from error

    def allow(self, module: str, name: str, known: Callable[[str, str], bool]) -> None:
        """Note a name, and whether it may be used."""
        full = f"{module}.{name}"
        if full in self.named or full in self.untrusted:
            return
        if full in self._trusted or known(module, name):
            self.named.add(full)
        else:
            self.untrusted.add(full)

    def builder(self, node: Any) -> None:
        """Note a function that is to be registered under a name, whatever it is."""
        if isinstance(node, dict) and node.get("__loader__") != "JsonNode":
            full = f"{node['__module__']}.{node['__class__']}"
            if full not in self._trusted:
                self.untrusted.add(full)

    def member(self, node: dict[str, Any], ending: str) -> tuple[str, bytes]:
        """A member that a node reads; each belongs to one node."""
        name, identity = node["file"], node.get("__id__")
        if not isinstance(name, str) or not name.endswith(ending) or name not in self._sizes:
            raise ModelFileError(
                f"a value is in the member {shortened(name)}, which does not exist"
            )
        if self._read.setdefault(name, identity) != identity or identity is None:
            raise ModelFileError(f"several values are in the member {name}")
        return name, read_member(self._archive, name)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _no_class(module: str, name: str) -> bool:
    return False


def _exactly(*known: str) -> Callable[[str, str], bool]:
    return lambda module, name: f"{module}.{name}" in known


def _container(*known: str) -> Any:
    def check(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
        audit.allow(module, name, _exactly(*known))
        content = node["content"]
        if not isinstance(content, list):
            raise TypeError("not a list")
        yield from content

    return check


def _scalar(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    text = node["content"]
    if not isinstance(text, str) or not isinstance(json.loads(text), _SCALARS):
        raise ModelFileError(f"a plain value is {shortened(text)}")
    yield from ()


def _dict(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    known = ("builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch")
    audit.allow(module, name, _exactly(*known))
    content, types = node["content"], node["key_types"]
    if not isinstance(content, dict) or len(types["content"]) != len(content):
        raise TypeError("keys and types of keys differ")
    for kind in types["content"]:
        # skops calls them on text, of which a bool is always true.
        if kind["__module__"] == "builtins" and kind["__class__"] not in _names.PLAIN_TYPES:
            raise ModelFileError(
                f"a dict has keys of type {shortened(kind['__class__'])}, which cannot be saved; "
                "text, int and float can"
            )
    if "_max_image_pixels" in content:
        raise ModelFileError("it sets a limit for the size of images that differs from its own")
    audit.builder(content.get("_registered_builder"))
    yield types
    yield from content.values()


def _default_dict(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _exactly("collections.defaultdict"))
    yield node["content"]["main"]
    yield node["content"]["default_factory"]


def _array(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(
        module,
        name,
        lambda m, n: m == "numpy" and (n == "ndarray" or _names.is_number_type(n)),
    )
    if node["type"] == "json":
        yield node["shape"]
        if not isinstance(node["content"], list):
            raise TypeError("not a list")
        yield from node["content"]
        return
    if node["type"] != "numpy":
        raise ModelFileError(f"an array has the kind {shortened(node['type'])}")
    member, data = audit.member(node, ".npy")
    check_array(data, member)


def _tree(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    """A tree of scikit-learn, which follows its arrays without a look at their dimensions."""
    audit.allow(module, name, _exactly("sklearn.tree._tree.Tree"))
    args, content = node["__reduce__"]["args"], node["content"]
    n_features, n_classes, n_outputs = args["content"]
    n_nodes = _number(content["content"]["node_count"])
    nodes, values = (_header(audit, content["content"][key]) for key in ("nodes", "values"))
    counts = _header(audit, n_classes)
    fits = (
        _number(n_features) > 0
        and n_nodes > 0
        and nodes[0] == (n_nodes,)
        and nodes[1].names is not None
        and counts[0] == (_number(n_outputs),)
        and values[0][:2] == (n_nodes, _number(n_outputs))
        and len(values[0]) == 3
    )
    if not fits or _number(content["content"]["max_depth"]) < 0:
        raise ModelFileError("the arrays of a tree do not fit together")
    yield args
    yield content


def _number(node: Any) -> int:
    value = json.loads(node["content"])
    if node["__loader__"] != "JsonNode" or not _is_whole(value):
        raise TypeError("not a whole number")
    return int(value)


def _header(audit: Audit, node: Any) -> Any:
    """Shape and type of an array that stands in a member."""
    if node["__loader__"] != "NdArrayNode" or node["type"] != "numpy":
        raise TypeError("not a plain array")
    member, data = audit.member(node, ".npy")
    return check_array(data, member)


def _masked(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _exactly("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"))
    yield node["content"]["data"]
    yield node["content"]["mask"]


def _dtype(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _exactly("numpy.dtype"))
    yield node["content"]


def _sparse(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, lambda m, n: m.startswith("scipy.sparse."))
    if node["type"] != "scipy":
        raise ModelFileError(f"a sparse matrix has the kind {shortened(node['type'])}")
    member, data = audit.member(node, ".npz")
    check_sparse(data, member)
    yield from ()


def _bytes(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _exactly("builtins.bytes", "builtins.bytearray"))
    audit.member(node, ".bin")
    yield from ()


def _random_state(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _exactly("numpy.random.mtrand.RandomState"))
    yield node["content"]


def _generator(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _exactly("numpy.random._generator.Generator"))
    state = node["content"]["bit_generator"]
    bits = state["content"]["bit_generator"]
    if bits["__loader__"] != "JsonNode" or not _names.is_bit_generator(json.loads(bits["content"])):
        raise ModelFileError("a random number generator is not one of NumPy")
    yield state
    yield node["content"]["seed_seq"]


def _slice(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _exactly("builtins.slice"))
    for end in ("start", "stop", "step"):
        if not isinstance(node["content"][end], _SCALARS):
            raise TypeError("the bounds are not plain values")
    yield from ()


def _object(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _names.is_known_class)
    if node.get("content") is not None:
        yield node["content"]


def _reduced(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _names.is_known_class)
    yield node["__reduce__"]["args"]
    yield node["content"]


def _called(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _exactly("builtins.frozenset", "builtins.complex", "builtins.range"))
    yield node["content"]


def _type(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _names.is_known_type)
    yield from ()


def _function(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _names.is_known_function)
    yield from ()


def _partial(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, name, _exactly("functools.partial"))
    for part in ("func", "args", "kwds", "namespace"):
        yield node["content"][part]


def _method(audit: Audit, node: Any, module: str, name: str) -> Iterator[Any]:
    audit.allow(module, f"{name}.{node['content']['func']}", _no_class)
    yield node["content"]["obj"]


_CHECKS: dict[str, Any] = {
    "BytearrayNode": _bytes,
    "BytesNode": _bytes,
    "ConstructorFromReduceNode": _called,
    "DTypeNode": _dtype,
    "DefaultDictNode": _default_dict,
    "DictNode": _dict,
    "FunctionNode": _function,
    "JsonNode": _scalar,
    "ListNode": _container("builtins.list"),
    "LossNode": _reduced,
    "MaskedArrayNode": _masked,
    "MethodNode": _method,
    "NdArrayNode": _array,
    "ObjectNode": _object,
    "PartialNode": _partial,
    "RandomGeneratorNode": _generator,
    "RandomStateNode": _random_state,
    "SetNode": _container("builtins.set"),
    "SliceNode": _slice,
    "SparseMatrixNode": _sparse,
    "TreeNode": _tree,
    "TupleNode": _container("builtins.tuple"),
    "TypeNode": _type,
}


def refuse_untrusted(names: Collection[str]) -> None:
    """Refuse classes and functions that are neither known nor trusted, by name."""
    if names:
        listed = sorted(names)
        shown = ", ".join(map(shortened, listed[:5])) + (", …" if len(listed) > 5 else "")
        raise ModelFileError(
            f"it names {shown}, which skdl does not know to be harmless. If you trust the author "
            f"of the file, and have the package installed, pass trusted=[{shown}]"
        )
