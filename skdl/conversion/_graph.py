"""An ONNX graph while it is being made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

OPSET = 17
"""Of February 2023 (ONNX 1.13, ONNX Runtime 1.14): what is older cannot read the files."""
_IR_VERSION = 8

_TO_FIRST, _TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]


@dataclass(frozen=True)
class Symbol:
    """A value that is known once the graph runs.

    Parameters
    ----------
    name : str
    shape : tuple
        As TensorFlow and NumPy see it: of feature maps (n, height, width, channels). None where it
        is not known before.
    dtype : numpy.dtype
    channels_first : bool
        Whether it stands as (n, channels, height, width) in the graph.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]
    channels_first: bool = False


class Graph:
    """Nodes and constants of a graph, as they are added."""

    def __init__(self) -> None:
        import onnx

        self._onnx = onnx
        self._nodes: list[Any] = []
        self._n_added = 0
        self._constants: dict[str, Any] = {}
        self._names: dict[tuple[Any, ...], str] = {}
        self._turned: dict[str, Symbol] = {}

    def add(self, operation: str, *inputs: str, n_outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; the name of what it gives, or a list of names."""
        self._n_added += 1
        names = [f"{operation.lower()}_{self._n_added}_{i}" for i in range(n_outputs)]
        self._nodes.append(
            self._onnx.helper.make_node(operation, list(inputs), names, **attributes)
        )
        return names[0] if n_outputs == 1 else names

    def constant(self, value: Any, dtype: Any = None) -> str:
        """The name of a constant; equal ones are kept once."""
        array = np.ascontiguousarray(np.asarray(value, dtype)).reshape(np.shape(value))
        content = tuple(array.tolist()) if array.dtype.kind in "OU" else array.tobytes()
        key = (array.dtype.str, array.shape, content)
        if key not in self._names:
            name = self._names[key] = f"constant_{len(self._names)}"
            if array.dtype.kind in "OU":
                array = array.astype(object)  # of str, which ONNX writes as UTF-8
            self._constants[name] = self._onnx.numpy_helper.from_array(array, name)
        return self._names[key]

    def either(
        self, condition: str, of_true: Callable[[], str], of_false: Callable[[], str], dtype: Any
    ) -> str:
        """What one of two functions adds; only that one runs."""
        helper, around, branches = self._onnx.helper, self._nodes, []
        for add in (of_true, of_false):
            self._nodes = []
            name = add()
            value = helper.make_tensor_value_info(name, self._type(np.dtype(dtype)), None)
            branches.append(helper.make_graph(self._nodes, f"{name}_branch", [], [value]))
        self._nodes = around
        then, other = branches
        return str(self.add("If", condition, then_branch=then, else_branch=other))

    def cast(self, name: str, dtype: Any) -> str:
        """A value as another dtype."""
        return str(self.add("Cast", name, to=self._type(np.dtype(dtype))))

    def channels_first(self, value: Symbol) -> str:
        """The name of feature maps as ONNX's convolutions take them."""
        return value.name if value.channels_first else self._turn(value, _TO_FIRST)

    def channels_last(self, value: Symbol) -> str:
        """The name of a value in the order of its shape."""
        return self._turn(value, _TO_LAST) if value.channels_first else value.name

    def _turn(self, value: Symbol, order: list[int]) -> str:
        if value.name not in self._turned:
            name = self.add("Transpose", value.name, perm=order)
            turned = Symbol(name, value.shape, value.dtype, not value.channels_first)
            self._turned[value.name], self._turned[name] = turned, value
        return self._turned[value.name].name

    def model(self, inputs: list[Symbol], outputs: dict[str, Symbol], facts: dict[str, str]) -> Any:
        """The whole as an ``onnx.ModelProto``; only its checker says whether it is one."""
        helper = self._onnx.helper
        for name, value in outputs.items():
            node = helper.make_node("Identity", [self.channels_last(value)], [name])
            self._nodes.append(node)
        graph = helper.make_graph(
            self._nodes,
            "skdl",
            [self._declared(value.name, value) for value in inputs],
            [self._declared(name, value) for name, value in outputs.items()],
            list(self._constants.values()),
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="skdl"
        )
        model.ir_version = _IR_VERSION
        helper.set_model_props(model, facts)
        return model

    def _declared(self, name: str, value: Symbol) -> Any:
        pairs = zip(value.shape, ("n", "height", "width", "channels"), strict=False)
        sides = [name_of_side if side is None else side for side, name_of_side in pairs]
        return self._onnx.helper.make_tensor_value_info(name, self._type(value.dtype), sides)

    def _type(self, dtype: np.dtype[Any]) -> int:
        if dtype.kind in "OU":
            return int(self._onnx.TensorProto.STRING)
        return int(self._onnx.helper.np_dtype_to_tensor_dtype(dtype))


Value = Symbol | npt.NDArray[Any]
"""What an operation takes: known when the graph runs, or known now."""
