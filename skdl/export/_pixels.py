"""What estimators do to arrays of pixels before a network gets them, as nodes of a graph.

Resizing is that of Pillow, to the bit of bytes: ONNX's own `Resize` with antialiasing rounds other
pixels, up to a fifth of them.

Decisions: docs/decisions.md#saving-and-exporting-models.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from skdl._utils.compat import PILLOW_MAY_RESIZE_ROWS_FIRST
from skdl.conversion import Graph, Symbol, UnsupportedError
from skdl.images import CHANNELS, COLOR_CHANNELS, NEAR, ImageFormat, pixel_range

# Pillow weighs bytes in whole numbers of so many bits, and brightness in 16.
_BITS = 22
_LUMA, _LUMA_BITS = (19595, 38470, 7471), 16
_LUMA_OF_FLOATS = (0.299, 0.587, 0.114)


def input_of(learned: ImageFormat) -> Symbol:
    """What the graph takes: bytes where the fit had them, and otherwise float32."""
    size = (None, None) if learned.image_size else learned.image_shape[:2]
    dtype = np.dtype(np.uint8 if learned.dtype == np.uint8 else np.float32)
    return Symbol("images", (None, *size, learned.image_shape[2]), dtype)


def add_pixels(graph: Graph, images: Symbol, learned: ImageFormat) -> Symbol:
    """Images as the network gets them, as float32 of another size and colour."""
    pixels = _Pixels(graph, images, learned)
    return Symbol(graph.cast(pixels.brought(), np.float32), (None, *learned.input_shape), _FLOAT)


_FLOAT = np.dtype(np.float32)


class _Pixels:
    """Pixels on their way, in double precision; see :class:`skdl.images.Resizer` for the rules."""

    def __init__(self, graph: Graph, images: Symbol, learned: ImageFormat) -> None:
        self.graph, self.images, self.learned = graph, images, learned
        self.bytes = images.dtype == np.uint8
        black, _ = pixel_range(learned.value_range)
        standardized = learned.value_range == "standardized"
        self.black = 0.0 if standardized and not learned.for_backbone else black
        self.name = graph.cast(images.name, np.float64)

    @property
    def may_be_bytes(self) -> bool:
        """Of floats: each image is looked at."""
        return not self.bytes and self.learned.value_range == (0.0, 255.0)

    def brought(self) -> str:
        """The name of the images as the network gets them."""
        learned, n_channels = self.learned, self.images.shape[3]
        resizes = learned.image_size is not None
        if learned.adapter is not None:
            self._adapt(n_channels)
            n_channels = learned.channels
        converts = n_channels != learned.channels
        possible = learned.channels in COLOR_CHANNELS.values() and n_channels in CHANNELS
        if converts and not possible:
            raise UnsupportedError(
                f"images of {n_channels} channels are not converted to {learned.channels}"
            )
        if resizes and n_channels not in CHANNELS:
            return self._each_channel()
        return self._converted_and_resized(converts, resizes)

    def _converted_and_resized(self, converts: bool, resizes: bool) -> str:
        if self.bytes:
            if converts:
                self.name = self._converted_bytes(self.name)
            return self._resized_bytes(self.name) if resizes else self.name
        if not converts and not resizes:
            return self.name
        return self._brought_floats(converts, resizes)

    def _brought_floats(self, converts: bool, resizes: bool) -> str:
        if converts and (self.learned.for_backbone or not resizes):
            self.name = self._either(self._converted_bytes, self._rounded_floats)
            converts = False  # a backbone's images are resized in a step of its own
        if not resizes:
            return self.name
        self.name = self._in_float32(self.name)
        if not converts:
            same = self._has_size() if self.may_be_bytes else None
            return self._either(self._resized_bytes, lambda x: self._resized_floats(x, same))
        return self._either(
            lambda x: self._resized_bytes(self._converted_bytes(x)),
            lambda x: self._resized_floats(self._converted_floats(x), None),
        )

    # ---- any channels --------------------------------------------------------------------------

    def _adapt(self, n_channels: int | None) -> None:
        """What :class:`skdl.images.Adapter` makes of the channels."""
        add, adapter = self.graph.add, self.learned.adapter
        assert adapter is not None
        if n_channels != adapter.found:
            raise UnsupportedError(
                f"images of {n_channels} channels, while input_adapter was fitted on "
                f"{adapter.found}"
            )
        if adapter.kind != "mean":
            places = np.arange(adapter.made) % adapter.found
            self.name = add("Gather", self.name, self.graph.constant(places, np.int64), axis=3)
            return
        total = add("ReduceSum", self.name, self.graph.constant([3], np.int64))
        self.name = add("Div", total, self._number(adapter.found))
        if adapter.whole:
            self.name = self._rounded(self.name)
        else:
            self.name = self._in_float32(self.name)
            self.bytes = False

    def _each_channel(self) -> str:
        """Channels of no picture are resized each by itself, as grayscale images are."""
        add, n_channels = self.graph.add, self.learned.channels
        name = add("Transpose", self.name, perm=[0, 3, 1, 2])
        one, rest = (self.graph.constant([n], np.int64) for n in (1, -1))
        shape = add("Concat", rest, self._sides(), one, axis=0)
        self.name = add("Reshape", name, shape)
        name = self._converted_and_resized(converts=False, resizes=True)
        shape = self.graph.constant([-1, n_channels, *self.learned.input_shape[:2]], np.int64)
        return str(add("Transpose", add("Reshape", name, shape), perm=[0, 2, 3, 1]))

    # ---- which rule ----------------------------------------------------------------------------

    def _either(self, of_bytes: Callable[[str], str], of_floats: Callable[[str], str]) -> str:
        """What comes of an image of bytes where it holds such, and of floats where it does not."""
        floats = of_floats(self.name)
        if not self.may_be_bytes:
            return floats
        are_bytes = self._are_bytes(self.name)
        return str(self.graph.add("Where", are_bytes, of_bytes(self.name), floats))

    def _are_bytes(self, name: str) -> str:
        """Of each image, whether its values are whole numbers from 0 to 255."""
        add = self.graph.add
        off = add("Abs", add("Sub", name, add("Round", name)))
        beyond = add("Abs", add("Sub", name, add("Clip", name, self._number(0), self._number(255))))
        return str(add("Equal", self._extreme("Max", add("Max", off, beyond)), self._number(0)))

    def _has_size(self) -> str:
        size = self.graph.constant(self.learned.image_size, np.int64)
        equal = self.graph.cast(self.graph.add("Equal", self._sides(), size), np.int64)
        both = self.graph.add("ReduceMin", equal, keepdims=0)
        return self.graph.cast(both, np.bool_)

    # ---- colours -------------------------------------------------------------------------------

    def _converted_floats(self, name: str) -> str:
        if self.learned.channels == 3:
            return self._to_rgb(name)
        luma = self.graph.constant(np.array(_LUMA_OF_FLOATS)[:, np.newaxis])
        return str(self.graph.add("MatMul", self._first_three(name), luma))

    def _rounded_floats(self, name: str) -> str:
        """Of the scale of bytes: whole numbers."""
        converted = self._converted_floats(name)
        return self._rounded(converted) if self.may_be_bytes else converted

    def _converted_bytes(self, name: str) -> str:
        if self.learned.channels == 3:
            return self._to_rgb(name)
        luma = self.graph.constant(np.array(_LUMA, np.float64)[:, np.newaxis])
        return self._shifted(self.graph.add("MatMul", self._first_three(name), luma), _LUMA_BITS)

    def _to_rgb(self, name: str) -> str:
        if self.images.shape[3] == 4:
            return self._first_three(name)
        return str(self.graph.add("Concat", name, name, name, axis=3))

    def _first_three(self, name: str) -> str:
        if self.images.shape[3] == 3:
            return name
        bounds = (self.graph.constant([n], np.int64) for n in (0, 3, 3))
        return str(self.graph.add("Slice", name, *bounds))

    # ---- sizes ---------------------------------------------------------------------------------

    def _resized_bytes(self, name: str) -> str:
        self._check_channels()

        def along(weights: str, name: str, axis: int) -> str:
            weights = self.graph.add("Mul", weights, self._number(2.0**_BITS))
            weights = self.graph.add("Floor", self.graph.add("Add", weights, self._number(0.5)))
            name = self._shifted(self._along(weights, name, axis), _BITS)
            return str(self.graph.add("Clip", name, self._number(0), self._number(255)))

        return self._along_both(name, along)

    def _resized_floats(self, name: str, same: str | None) -> str:
        self._check_channels()
        add, black = self.graph.add, self._number(self.black)
        ends = [self._extreme("Min", name), self._extreme("Max", name)]
        if self.learned.keep_aspect:
            ends = [add("Min", ends[0], black), add("Max", ends[1], black)]

        def along(weights: str, name: str, axis: int) -> str:
            return self._in_float32(self._along(weights, name, axis))

        name = self._along_both(self._in_float32(add("Sub", name, black)), along)
        name = add("Add", name, black)
        name = add("Min", add("Max", name, ends[0]), ends[1])
        if not self.may_be_bytes:
            return str(name)
        whole = self._rounded(name)
        return str(whole if same is None else add("Where", same, name, whole))

    def _check_channels(self) -> None:
        if self.learned.channels == 4:  # one of them is transparency
            raise UnsupportedError(
                f"resizing images of {self.learned.channels} channels "
                f"(image_size={self.learned.image_size}): resize them with skdl.Resize before fit"
            )

    def _along_both(self, name: str, along: Callable[[str, str, int], str]) -> str:
        """Both sides resized, each by a function (weights, images, axis), in Pillow's order."""
        sides = self.graph.cast(self._sides(), np.float64)
        lengths = [self.graph.add("Gather", sides, self._index(number)) for number in (0, 1)]
        inner = self._inner_sizes(lengths)
        weights = [
            self._matrix(*sizes)
            for sizes in zip(lengths, inner, self.learned.input_shape[:2], strict=True)
        ]

        def columns_first() -> str:
            return along(weights[0], along(weights[1], name, 2), 1)

        def rows_first() -> str:
            return along(weights[1], along(weights[0], name, 1), 2)

        if not PILLOW_MAY_RESIZE_ROWS_FIRST:
            return columns_first()
        # If the height loses more than twice what the width does.
        lost = [self.graph.add("Sub", *pair) for pair in zip(lengths, inner, strict=True)]
        more = self.graph.add("Greater", lost[0], self.graph.add("Mul", lost[1], self._number(2)))
        loses = self.graph.add("Greater", lost[0], self._number(0))
        first = self.graph.add("And", more, loses)
        return self.graph.either(first, rows_first, columns_first, np.float64)

    def _along(self, weights: str, name: str, axis: int) -> str:
        """Weighted sums along the columns (2), or the rows (1)."""
        if axis == 2:
            return str(self.graph.add("MatMul", weights, name))
        # Images as matrices of rows, and back.
        shape = self.graph.add("Shape", name)
        in_rows = self.graph.constant([0, 0, -1], np.int64)
        summed = self.graph.add("MatMul", weights, self.graph.add("Reshape", name, in_rows))
        bounds = (self.graph.constant([n], np.int64) for n in (2, 4))
        behind = self.graph.add("Slice", shape, *bounds)
        before = self.graph.constant([0, self.learned.input_shape[0]], np.int64)
        shape = self.graph.add("Concat", before, behind, axis=0)
        return str(self.graph.add("Reshape", summed, shape))

    def _inner_sizes(self, lengths: list[str]) -> list[str]:
        """Height and width of what is not border."""
        add = self.graph.add
        sizes = [self._number(side) for side in self.learned.input_shape[:2]]
        if not self.learned.keep_aspect:
            return sizes
        scales = [add("Div", *pair) for pair in zip(sizes, lengths, strict=True)]
        scale, one = add("Min", *scales), self._number(1)
        return [add("Max", add("Round", add("Mul", length, scale)), one) for length in lengths]

    def _matrix(self, length: str, inner: str, size: int) -> str:
        """Triangles as wide as pixels are afterwards, by which Pillow weighs pixels.

        `inner` of the rows have weights, those before and behind have none: they are black.
        """
        add, half, one = self.graph.add, self._number(0.5), self._number(1)
        scale = add("Div", length, inner)
        places: Any = self.graph.constant(np.arange(float(size))[:, np.newaxis])
        rest = add("Sub", self._number(size), inner)
        border = add("Floor", add("Mul", rest, half))
        places = add("Sub", places, border)
        centers = add("Mul", add("Add", places, half), scale)
        pixels = add("Range", self._number(0), length, one)
        distances = add("Add", add("Sub", pixels, centers), half)
        distances = add("Mul", distances, add("Div", one, add("Max", scale, one)))
        weights = add("Max", add("Sub", one, add("Abs", distances)), self._number(0))
        total = add("ReduceSum", weights, self.graph.constant([1], np.int64))
        begun = add("GreaterOrEqual", places, self._number(0))
        inside = add("And", begun, add("Less", places, inner))
        shares = add("Div", weights, add("Where", inside, total, one))
        return str(add("Where", inside, shares, self._number(0)))

    # ---- small things --------------------------------------------------------------------------

    def _sides(self) -> str:
        shape = self.graph.add("Shape", self.images.name)
        bounds = (self.graph.constant([n], np.int64) for n in (1, 3))
        return str(self.graph.add("Slice", shape, *bounds))

    def _extreme(self, which: str, name: str) -> str:
        """The smallest or the largest value of each image."""
        return str(self.graph.add(f"Reduce{which}", name, axes=[1, 2, 3]))

    def _rounded(self, name: str) -> str:
        """Whole numbers, see :class:`skdl.images.Resizer`."""
        near = self.graph.add("Round", self.graph.add("Mul", name, self._number(0.5 / NEAR)))
        return str(self.graph.add("Round", self.graph.add("Mul", near, self._number(2 * NEAR))))

    def _shifted(self, name: str, bits: int) -> str:
        """Whole numbers without their last bits, rounded."""
        rounded = self.graph.add("Add", name, self._number(2.0 ** (bits - 1)))
        scaled = self.graph.add("Mul", rounded, self._number(2.0**-bits))
        return str(self.graph.add("Floor", scaled))

    def _in_float32(self, name: str) -> str:
        """Numbers as precise as float32, as which Pillow keeps them."""
        return self.graph.cast(self.graph.cast(name, np.float32), np.float64)

    def _index(self, number: int) -> str:
        return self.graph.constant(number, np.int64)

    def _number(self, value: float) -> str:
        return self.graph.constant(value, np.float64)
