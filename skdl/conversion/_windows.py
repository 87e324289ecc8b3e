"""TensorFlow's convolutions, poolings and resizing in ONNX."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skdl.conversion._graph import Graph, Symbol, Value
from skdl.conversion._operations import UnsupportedError, converts, given, known, last, on_maps
from skdl.conversion._shaping import sliced


@dataclass(frozen=True)
class Apart(Symbol):
    """Maps that TensorFlow takes apart into batches, and which stay whole here.

    So it computes convolutions with holes: taken apart (SpaceToBatchND), they are convolved without
    holes, and put together again (BatchToSpaceND). Here the convolution has the holes.
    """

    holes: tuple[int, ...] = (1, 1)
    pads: tuple[int, ...] = (0, 0, 0, 0)


def _pads(
    operation: Any, maps: Symbol, kernel: list[int], strides: list[int], dilations: list[int]
) -> list[int]:
    """What TensorFlow adds before and behind height and width, as ONNX lists it."""
    if isinstance(maps, Apart):
        return list(maps.pads)
    sides: Any = maps.shape[1:3]
    padding = operation.get_attr("padding")
    if padding == b"VALID":
        return [0, 0, 0, 0]
    if padding == b"EXPLICIT":
        explicit = operation.get_attr("explicit_paddings")
        return [explicit[2], explicit[4], explicit[3], explicit[5]]
    totals = [
        max((-(-side // step) - 1) * step + (width - 1) * apart + 1 - side, 0)
        for side, width, step, apart in zip(sides, kernel, strides, dilations, strict=True)
    ]
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _kernel(graph: Graph, kernel: Value, order: tuple[int, ...]) -> str:
    if isinstance(kernel, Symbol):
        return str(graph.add("Transpose", kernel.name, perm=list(order)))
    return graph.constant(kernel.transpose(order))


@converts("Conv2D")
def _convolution(graph: Graph, operation: Any, x: Value, kernel: Value) -> Symbol:
    maps: Any = on_maps(operation, x)
    group = maps.shape[3] // kernel.shape[2]
    return _convolved(graph, operation, maps, _kernel(graph, kernel, (3, 2, 0, 1)), kernel, group)


@converts("DepthwiseConv2dNative")
def _depthwise(graph: Graph, operation: Any, x: Value, kernel: Value) -> Symbol:
    if isinstance(kernel, Symbol):
        raise UnsupportedError(f"the kernel of {operation.name!r} is computed from the images")
    height, width, n_channels, multiplier = kernel.shape
    # Kernels of one channel after the other, as ONNX has the groups.
    kernels = kernel.reshape(height, width, 1, n_channels * multiplier).transpose(3, 2, 0, 1)
    maps = on_maps(operation, x)
    return _convolved(graph, operation, maps, graph.constant(kernels), kernel, n_channels)


def _convolved(
    graph: Graph, operation: Any, maps: Symbol, name: str, kernel: Value, group: int
) -> Symbol:
    size: Any = list(kernel.shape[:2])
    strides = operation.get_attr("strides")[1:3]
    dilations = operation.get_attr("dilations")[1:3]
    if isinstance(maps, Apart):
        dilations = list(maps.holes)
    result = given(
        operation,
        graph.add(
            "Conv",
            graph.channels_first(maps),
            name,
            kernel_shape=size,
            strides=strides,
            dilations=dilations,
            group=group,
            pads=_pads(operation, maps, size, strides, dilations),
        ),
        channels_first=True,
    )
    return Apart(**vars(result)) if isinstance(maps, Apart) else result


@converts("SpaceToBatchND")
def _taken_apart(graph: Graph, operation: Any, x: Symbol, holes: Value, pads: Value) -> Symbol:
    users = {user.type for user in operation.outputs[0].consumers()}
    if len(x.shape) != 4 or not users <= {"Conv2D", "DepthwiseConv2dNative"}:
        raise UnsupportedError(f"the operation SpaceToBatchND ({operation.name!r})")
    before, behind = zip(*known(operation, pads, "paddings"), strict=True)
    apart = tuple(known(operation, holes, "blocks"))
    return Apart(**vars(x), holes=apart, pads=(*before, *behind))


@converts("BatchToSpaceND")
def _put_together(graph: Graph, operation: Any, x: Symbol, holes: Value, crops: Value) -> Symbol:
    if not isinstance(x, Apart):
        raise UnsupportedError(f"the operation BatchToSpaceND ({operation.name!r})")
    cut = {
        axis: (before, -behind if behind else None, 1)
        for axis, (before, behind) in enumerate(known(operation, crops, "crops"), 1)
    }
    return given(operation, sliced(graph, x, cut), channels_first=True)


@converts("Conv2DBackpropInput")
def _transposed(graph: Graph, operation: Any, size: Value, kernel: Value, x: Value) -> Symbol:
    maps: Any = on_maps(operation, x)
    wanted, strides = known(operation, size, "sizes")[1:3], operation.get_attr("strides")[1:3]
    sides = zip(maps.shape[1:3], kernel.shape[:2], wanted, strides, strict=True)
    # What the convolution would give beyond the size, taken off on both sides; or what it lacks.
    surplus = [(side - 1) * step + width - want for side, width, want, step in sides]
    cut = [max(n, 0) for n in surplus]
    name = graph.add(
        "ConvTranspose",
        graph.channels_first(maps),
        _kernel(graph, kernel, (3, 2, 0, 1)),
        kernel_shape=list(kernel.shape[:2]),
        strides=strides,
        pads=[n // 2 for n in cut] + [n - n // 2 for n in cut],
        output_padding=[max(-n, 0) for n in surplus],
    )
    return given(operation, name, channels_first=True)


@converts("MaxPool", "AvgPool")
def _pool(graph: Graph, operation: Any, x: Value) -> Symbol:
    maps = on_maps(operation, x)
    kernel, strides = operation.get_attr("ksize")[1:3], operation.get_attr("strides")[1:3]
    name = graph.add(
        {"MaxPool": "MaxPool", "AvgPool": "AveragePool"}[operation.type],
        graph.channels_first(maps),
        kernel_shape=kernel,
        strides=strides,
        pads=_pads(operation, maps, kernel, strides, [1, 1]),
    )
    return given(operation, name, channels_first=True)


@converts("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def _normalisation(graph: Graph, operation: Any, x: Value, *statistics: Value) -> list[Symbol]:
    maps = on_maps(operation, x)
    if operation.get_attr("is_training"):
        raise UnsupportedError(f"{operation.name!r} normalises by the batch, even in predictions")
    names = [last(graph, value) for value in statistics]
    epsilon = operation.get_attr("epsilon")
    name = graph.add("BatchNormalization", graph.channels_first(maps), *names, epsilon=epsilon)
    rest = [given(operation, name, output=n) for n in range(1, len(operation.outputs))]  # unused
    return [given(operation, name, channels_first=True), *rest]


@converts("ResizeNearestNeighbor", "ResizeBilinear")
def _resized(graph: Graph, operation: Any, x: Symbol, size: Value) -> Symbol:
    height, width = known(operation, size, "sizes")
    if None in x.shape[1:]:
        raise UnsupportedError(f"the input size of {operation.name!r} is not known in advance")
    corners, halves = operation.get_attr("align_corners"), operation.get_attr("half_pixel_centers")
    mode = "align_corners" if corners else "half_pixel" if halves else "asymmetric"
    nearest = "round_prefer_ceil" if halves or corners else "floor"
    linear = operation.type == "ResizeBilinear"
    sizes = graph.add(
        "Concat",
        graph.add(
            "Slice",
            graph.add("Shape", x.name),
            graph.constant([0], np.int64),
            graph.constant([1], np.int64),
        ),
        graph.constant([x.shape[3], height, width], np.int64),
        axis=0,
    )
    name = graph.add(
        "Resize",
        graph.channels_first(x),
        "",
        "",
        sizes,
        coordinate_transformation_mode=mode,
        mode="linear" if linear else "nearest",
        nearest_mode=nearest,  # which "linear" does not read
    )
    return given(operation, name, channels_first=True)
