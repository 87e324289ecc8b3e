"""TensorFlow's operations on shapes and places in ONNX."""

from typing import Any

import numpy as np

from skdl.conversion._graph import Graph, Symbol, Value
from skdl.conversion._operations import (
    AXIS_CHANNELS_FIRST,
    UnsupportedError,
    converts,
    given,
    known,
    last,
)


@converts("Reshape")
def _reshape(graph: Graph, operation: Any, x: Symbol, shape: Value) -> Symbol:
    # The number of images is -1, or a multiple of it, see `_known_shape`.
    sides = [side if side >= 0 else -1 for side in known(operation, shape, "sides")]
    if sides.count(-1) > 1:
        raise UnsupportedError(f"the shape of {operation.name!r} is not known in advance")
    name = graph.add("Reshape", graph.channels_last(x), graph.constant(sides, np.int64))
    found = tuple(None if side == -1 else side for side in sides)
    dtype = np.dtype(operation.outputs[0].dtype.as_numpy_dtype)
    if None in found[1:]:  # such as images that are put into a row: TensorFlow may know more
        return given(operation, name)
    return Symbol(name, found, dtype)


@converts("ExpandDims")
def _expand(graph: Graph, operation: Any, x: Symbol, axis: Value) -> Symbol:
    place = int(np.ravel(known(operation, axis, "axes"))[0]) % (len(x.shape) + 1)
    name = graph.add("Unsqueeze", graph.channels_last(x), graph.constant([place], np.int64))
    return Symbol(name, (*x.shape[:place], 1, *x.shape[place:]), x.dtype)


@converts("Squeeze")
def _squeeze(graph: Graph, operation: Any, x: Symbol) -> Symbol:
    axes = operation.get_attr("squeeze_dims") or [i for i, n in enumerate(x.shape) if n == 1]
    places = [axis % len(x.shape) for axis in axes]
    name = graph.add("Squeeze", graph.channels_last(x), graph.constant(places, np.int64))
    return given(operation, name)


@converts("Transpose")
def _transpose(graph: Graph, operation: Any, x: Symbol, order: Value) -> Symbol:
    axes = known(operation, order, "axes")
    if x.channels_first:
        axes = [AXIS_CHANNELS_FIRST[axis] for axis in axes]
    return given(operation, graph.add("Transpose", x.name, perm=axes))


@converts("ConcatV2")
def _concatenate(graph: Graph, operation: Any, *values: Value) -> Symbol:
    *parts, axis = values
    rank = len(parts[0].shape)
    place = known(operation, axis, "axes") % rank
    if any(isinstance(part, Symbol) and part.channels_first for part in parts):
        names = [
            graph.channels_first(part)
            if isinstance(part, Symbol)
            else graph.constant(part.transpose(0, 3, 1, 2))
            for part in parts
        ]
        name = graph.add("Concat", *names, axis=AXIS_CHANNELS_FIRST[place])
        return given(operation, name, channels_first=True)
    return given(operation, graph.add("Concat", *(last(graph, part) for part in parts), axis=place))


@converts("Pack")
def _stack(graph: Graph, operation: Any, *parts: Value) -> Symbol:
    place = operation.get_attr("axis") % (len(parts[0].shape) + 1)
    axes = graph.constant([place], np.int64)
    names = [graph.add("Unsqueeze", last(graph, part), axes) for part in parts]
    return given(operation, graph.add("Concat", *names, axis=place))


@converts("Split", "SplitV")
def _split(graph: Graph, operation: Any, *values: Value) -> list[Symbol]:
    """Split takes (axis, x), SplitV takes (x, sizes, axis)."""
    x, axis = (values[1], values[0]) if operation.type == "Split" else (values[0], values[2])
    assert isinstance(x, Symbol)
    place = known(operation, axis, "axes") % len(x.shape)
    sizes = [tensor.shape[place] for tensor in operation.outputs]
    if None in sizes:
        raise UnsupportedError(f"{operation.name!r} splits the images of a batch")
    stays = x.channels_first
    name = graph.add(
        "Split",
        x.name,
        graph.constant(sizes, np.int64),
        n_outputs=len(sizes),
        axis=AXIS_CHANNELS_FIRST[place] if stays else place,
    )
    names = [name] if len(sizes) == 1 else name
    return [given(operation, one, stays, number) for number, one in enumerate(names)]


@converts("Unpack")
def _unstack(graph: Graph, operation: Any, x: Symbol) -> list[Symbol]:
    place = operation.get_attr("axis") % len(x.shape)
    inside = graph.channels_last(x)
    names = [
        graph.add("Gather", inside, graph.constant(number, np.int64), axis=place)
        for number in range(operation.get_attr("num"))
    ]
    return [given(operation, name, output=number) for number, name in enumerate(names)]


@converts("Pad", "PadV2", "MirrorPad")
def _pad(
    graph: Graph, operation: Any, x: Symbol, pads: Value, value: Value | None = None
) -> Symbol:
    pairs = known(operation, pads, "paddings")
    if x.channels_first:
        pairs = [pairs[0], pairs[3], pairs[1], pairs[2]]
    ends = [before for before, _ in pairs] + [behind for _, behind in pairs]
    inputs, mode = [x.name, graph.constant(ends, np.int64)], "constant"
    if value is not None:
        inputs.append(graph.constant(known(operation, value, "values"), x.dtype))
    if operation.type == "MirrorPad":
        if operation.get_attr("mode") != b"REFLECT":
            raise UnsupportedError(f"symmetric padding ({operation.name!r})")
        mode = "reflect"
    return given(operation, graph.add("Pad", *inputs, mode=mode), x.channels_first)


@converts("Tile")
def _tile(graph: Graph, operation: Any, x: Symbol, times: Value) -> Symbol:
    counts = known(operation, times, "multiples")
    if min(counts) < 0:
        raise UnsupportedError(f"{operation.name!r} repeats the images of a batch")
    name = graph.add("Tile", graph.channels_last(x), graph.constant(counts, np.int64))
    shape = [None if n is None else n * k for n, k in zip(x.shape, counts, strict=True)]
    return Symbol(name, tuple(shape), x.dtype)


@converts("GatherV2")
def _gather(graph: Graph, operation: Any, x: Value, indices: Value, axis: Value) -> Symbol:
    place = known(operation, axis, "axes") % len(x.shape)
    if operation.get_attr("batch_dims"):
        raise UnsupportedError(f"the operation GatherV2 with batch_dims ({operation.name!r})")
    if isinstance(x, Symbol) and x.channels_first and len(indices.shape) == 1:
        name = graph.add("Gather", x.name, last(graph, indices), axis=AXIS_CHANNELS_FIRST[place])
        return given(operation, name, channels_first=True)
    return given(operation, graph.add("Gather", last(graph, x), last(graph, indices), axis=place))


@converts("ReverseV2")
def _reverse(graph: Graph, operation: Any, x: Symbol, axes: Value) -> Symbol:
    places = [axis % len(x.shape) for axis in known(operation, axes, "axes")]
    reversed_ = sliced(graph, x, dict.fromkeys(places, (None, None, -1)))
    return given(operation, reversed_, x.channels_first)


@converts("StridedSlice")
def _strided_slice(graph: Graph, operation: Any, x: Symbol, *bounds: Value) -> Symbol:
    begins, ends, steps = (known(operation, bound, "bounds") for bound in bounds)
    masks = {
        name: operation.get_attr(f"{name}_mask")
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    has = {name: [bool(mask >> i & 1) for i in range(len(begins))] for name, mask in masks.items()}
    slices: dict[int, tuple[int | None, int | None, int]] = {}
    gone: list[int] = []
    new: list[int] = []
    place = 0
    for i, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
        if has["ellipsis"][i]:
            later = sum(not new_axis for new_axis in has["new_axis"][i + 1 :])
            place = len(x.shape) - later
        elif has["new_axis"][i]:
            new.append(place + len(new) - len(gone))
        else:
            if has["shrink_axis"][i]:
                gone.append(place)
                slices[place] = (begin, begin + 1 or None, 1)
            else:
                first = None if has["begin"][i] else begin
                slices[place] = (first, None if has["end"][i] else end, step)
            place += 1
    if not gone and not new:
        return given(operation, sliced(graph, x, slices), x.channels_first)
    plain = Symbol(graph.channels_last(x), x.shape, x.dtype)
    name = sliced(graph, plain, slices)
    if gone:
        name = graph.add("Squeeze", name, graph.constant(gone, np.int64))
    if new:
        name = graph.add("Unsqueeze", name, graph.constant(new, np.int64))
    return given(operation, name)


@converts("Slice")
def _plain_slice(graph: Graph, operation: Any, x: Symbol, begins: Value, sizes: Value) -> Symbol:
    both = zip(known(operation, begins, "bounds"), known(operation, sizes, "sizes"), strict=True)
    slices = {
        axis: (begin, None if size == -1 else begin + size, 1)
        for axis, (begin, size) in enumerate(both)
    }
    return given(operation, sliced(graph, x, slices), x.channels_first)


def sliced(graph: Graph, x: Symbol, slices: dict[int, tuple[int | None, int | None, int]]) -> str:
    """Parts of a value along some axes, as Python's slices have them, in the order it has."""
    far = np.iinfo(np.int64)
    found = [(axis, *bounds) for axis, bounds in slices.items() if bounds != (None, None, 1)]
    if not found:
        return x.name
    axes, begins, ends, steps = zip(*found, strict=True)
    if x.channels_first:
        axes = tuple(AXIS_CHANNELS_FIRST[axis] for axis in axes)
    starts = [
        (0 if step > 0 else far.max) if begin is None else begin
        for begin, step in zip(begins, steps, strict=True)
    ]
    stops = [
        (far.max if step > 0 else far.min) if end is None else end
        for end, step in zip(ends, steps, strict=True)
    ]
    parts = (graph.constant(part, np.int64) for part in (starts, stops, axes, steps))
    return str(graph.add("Slice", x.name, *parts))
