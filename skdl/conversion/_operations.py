"""TensorFlow's operations and what stands for each of them in ONNX.

Feature maps stay as ONNX's convolutions have them, channels first, for as long as operations do not
mind: a transposition stands where an image enters and where maps become vectors.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from skdl.conversion._graph import Graph, Symbol, Value

Handler = Callable[..., Symbol | list[Symbol]]

OPERATIONS: dict[str, Handler] = {}
"""By the name that TensorFlow has for them."""

AXIS_CHANNELS_FIRST = (0, 2, 3, 1)
"""Where (n, height, width, channels) stand in maps with channels first."""


class UnsupportedError(ValueError):
    """Raised for parts that cannot be exported; the message names the part."""


def converts(*names: str) -> Callable[[Handler], Handler]:
    """Enter a function into the table."""

    def enter(handler: Handler) -> Handler:
        OPERATIONS.update(dict.fromkeys(names, handler))
        return handler

    return enter


def given(operation: Any, name: str, channels_first: bool = False, output: int = 0) -> Symbol:
    """What an operation gives, now that it has a name in the graph."""
    tensor = operation.outputs[output]
    if tensor.shape.rank is None:
        raise UnsupportedError(f"the shape of {tensor.name!r} is not known in advance")
    dtype = np.dtype(tensor.dtype.as_numpy_dtype)
    return Symbol(name, tuple(tensor.shape.as_list()), dtype, channels_first)


def last(graph: Graph, value: Value) -> str:
    """The name of a value in TensorFlow's order."""
    return graph.channels_last(value) if isinstance(value, Symbol) else graph.constant(value)


def known(operation: Any, value: Value, what: str) -> Any:
    """A value that must be known in advance, as plain Python has it."""
    if isinstance(value, Symbol):
        raise UnsupportedError(
            f"{what} of the operation {operation.type} ({operation.name!r}) are not known in "
            "advance"
        )
    return value.tolist()


# ---- one value ---------------------------------------------------------------------------------

# Names in ONNX, where they are others; `Round` rounds half to even in both.
_SAME_NAMES = "Abs Ceil Elu Erf Exp Floor Log Neg Reciprocal Relu Round Selu Sigmoid Sign Softplus"
_UNARY: dict[str, str] = {name: name for name in f"{_SAME_NAMES} Softsign Sqrt Tanh".split()}
_UNARY |= {"Inv": "Reciprocal", "LogicalNot": "Not"}


@converts(*_UNARY)
def _one(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    name = graph.add(_UNARY[operation.type], x.name)
    return given(operation, name, x.channels_first)


@converts("Relu6")
def _relu6(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    ends = (graph.constant(end, x.dtype) for end in (0, 6))
    return given(operation, graph.add("Clip", x.name, *ends), x.channels_first)


@converts("LeakyRelu")
def _leaky_relu(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    name = graph.add("LeakyRelu", x.name, alpha=operation.get_attr("alpha"))
    return given(operation, name, x.channels_first)


@converts("Rsqrt")
def _rsqrt(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    return given(operation, graph.add("Reciprocal", graph.add("Sqrt", x.name)), x.channels_first)


@converts("Square")
def _square(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    return given(operation, graph.add("Mul", x.name, x.name), x.channels_first)


@converts("Erfc")
def _erfc(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    name = graph.add("Sub", graph.constant(1, x.dtype), graph.add("Erf", x.name))
    return given(operation, name, x.channels_first)


@converts("ZerosLike")
def _zeros_like(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    zeros = graph.add("ConstantOfShape", graph.add("Shape", x.name))  # float32
    return given(operation, graph.cast(zeros, x.dtype), x.channels_first)


@converts("Expm1")
def _expm1(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    name = graph.add("Sub", graph.add("Exp", x.name), graph.constant(1, x.dtype))
    return given(operation, name, x.channels_first)


@converts("Cast")
def _cast(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    dtype = operation.outputs[0].dtype.as_numpy_dtype
    return given(operation, graph.cast(x.name, dtype), x.channels_first)


@converts("Softmax", "LogSoftmax")
def _softmax(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    axis = 1 if x.channels_first else -1
    return given(operation, graph.add(operation.type, x.name, axis=axis), x.channels_first)


# ---- several values, element by element --------------------------------------------------------

_BINARY: dict[str, str] = {
    name: name for name in ["Add", "Div", "Equal", "Greater", "Less", "Mul", "Pow", "Sub"]
}
_BINARY |= {"AddV2": "Add", "RealDiv": "Div", "Maximum": "Max", "Minimum": "Min"}
_BINARY |= {"GreaterEqual": "GreaterOrEqual", "LessEqual": "LessOrEqual"}
_BINARY |= {"LogicalAnd": "And", "LogicalOr": "Or"}


def _aligned(graph: Graph, *values: Value) -> tuple[bool, list[str]]:
    """Whether channels come first, and the names of values in one order.

    They do if they do in one of the values, and all others can be turned, too.
    """
    rank = max(len(value.shape) for value in values)
    turns = rank == 4 and any(isinstance(v, Symbol) and v.channels_first for v in values)
    if turns and all(not isinstance(v, Symbol) or len(v.shape) in (0, 4) for v in values):
        return True, [_first(graph, value) for value in values]
    return False, [last(graph, value) for value in values]


def _first(graph: Graph, value: Value) -> str:
    if isinstance(value, Symbol):
        return value.name if not value.shape else graph.channels_first(value)
    if value.size == 1:
        return graph.constant(value.reshape(()))
    of_maps = value.reshape((1,) * (4 - value.ndim) + value.shape)
    return graph.constant(of_maps.transpose(0, 3, 1, 2))


@converts(*_BINARY)
def _two(graph: Graph, operation: Any, x: Value, y: Value) -> Symbol:
    channels_first, names = _aligned(graph, x, y)
    name = graph.add(_BINARY[operation.type], *names)
    return given(operation, name, channels_first)


@converts("BiasAdd")
def _bias(graph: Graph, operation: Any, x: Value, bias: Value) -> Symbol:
    _refuse_channels_first(operation)
    channels_first, names = _aligned(graph, x, bias)
    return given(operation, graph.add("Add", *names), channels_first)


@converts("SquaredDifference")
def _squared_difference(graph: Graph, operation: Any, x: Value, y: Value) -> Symbol:
    channels_first, names = _aligned(graph, x, y)
    difference = graph.add("Sub", *names)
    return given(operation, graph.add("Mul", difference, difference), channels_first)


@converts("AddN")
def _sum_of(graph: Graph, operation: Any, *values: Value) -> Symbol:
    channels_first, names = _aligned(graph, *values)
    return given(operation, graph.add("Sum", *names), channels_first)


@converts("Select", "SelectV2")
def _select(graph: Graph, operation: Any, *values: Value) -> Symbol:
    channels_first, names = _aligned(graph, *values)
    return given(operation, graph.add("Where", *names), channels_first)


# ---- products ----------------------------------------------------------------------------------


@converts("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def _product(graph: Graph, operation: Any, *factors: Value) -> Symbol:
    prefix = "transpose" if operation.type == "MatMul" else "adj"
    letters = "ab" if operation.type == "MatMul" else "xy"
    names = []
    for factor, letter in zip(factors, letters, strict=True):
        turns = operation.get_attr(f"{prefix}_{letter}")
        if turns and not isinstance(factor, Symbol):
            names.append(graph.constant(np.swapaxes(factor, -1, -2)))
            continue
        name = last(graph, factor)
        if turns:
            order = [*range(len(factor.shape))]
            order[-2:] = order[:-3:-1]
            name = graph.add("Transpose", name, perm=order)
        names.append(name)
    return given(operation, graph.add("MatMul", *names))


@converts("Einsum")
def _einsum(graph: Graph, operation: Any, *values: Value) -> Symbol:
    equation = operation.get_attr("equation").decode()
    names = [last(graph, value) for value in values]
    return given(operation, graph.add("Einsum", *names, equation=equation))


# ---- sums and the like over axes ---------------------------------------------------------------

_OVER_AXES = {"Mean": "ReduceMean", "Max": "ReduceMax", "Min": "ReduceMin", "Sum": "ReduceSum"}
_OVER_AXES |= {"Prod": "ReduceProd"}


@converts(*_OVER_AXES)
def _over_axes(graph: Graph, operation: Any, x: Symbol, axes: Value) -> Symbol:
    rank, keeps = len(x.shape), operation.get_attr("keep_dims")
    chosen = sorted({axis % rank for axis in np.ravel(known(operation, axes, "axes"))})
    # Of (n, height, width, channels), what is left is in order where height and width go.
    stays = x.channels_first and (keeps or chosen == [1, 2])
    name = x.name if stays else graph.channels_last(x)
    if stays:
        chosen = [AXIS_CHANNELS_FIRST[axis] for axis in chosen]
    if operation.type == "Sum":
        name = graph.add("ReduceSum", name, graph.constant(chosen, np.int64), keepdims=int(keeps))
    else:
        name = graph.add(_OVER_AXES[operation.type], name, axes=chosen, keepdims=int(keeps))
    return given(operation, name, stays and keeps)


def _refuse_channels_first(operation: Any) -> None:
    """Where TensorFlow itself has channels first, which its CPU kernels hardly know."""
    if not operation.get_attr("data_format").startswith(b"NHW"):
        raise UnsupportedError(
            f"the operation {operation.type} ({operation.name!r}) uses channels first: set "
            "data_format='channels_last'"
        )


def on_maps(operation: Any, x: Value) -> Symbol:
    """The feature maps that an operation takes, channels last."""
    _refuse_channels_first(operation)
    if not isinstance(x, Symbol) or None in x.shape[1:]:
        raise UnsupportedError(f"the input size of {operation.name!r} is not known in advance")
    return x
