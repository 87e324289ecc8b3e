"""How outputs of an ONNX model become one vector per image: maps, tokens, vectors."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdl.backbones._onnx_declaration import Layout

# How many tokens may stand before those of the patches: none, a class token, one more of a teacher
# (DeiT), four registers (DINOv2 and DINOv3).
_PREFIXES = (0, 1, 2, 5)

Array = npt.NDArray[Any]


class Places:
    """What an output has of each image: tokens of the whole, then vectors of its places.

    Parameters
    ----------
    values : ndarray of shape (n, h, w, c), (n, c, h, w), (n, tokens, c) or (n, c)
    name : str
        What messages call it.
    size : (height, width)
        Of the images.
    map_layout : {"NCHW", "NHWC"}
        How maps are given.
    prefix_tokens : int or None
        How many tokens are of the whole; None finds out.
    """

    def __init__(
        self,
        values: Array,
        name: str,
        size: tuple[int, int],
        map_layout: Layout,
        prefix_tokens: int | None,
    ) -> None:
        self._name, self._rank = name, values.ndim
        if values.ndim == 4:
            _refuse_other_layout(values, name, size, map_layout)
            if map_layout == "NCHW":
                values = values.transpose(0, 2, 3, 1)
            values = values.reshape(len(values), -1, values.shape[3])
        elif values.ndim == 2:
            values = values[:, None]
        n_prefix = 0 if self._rank != 3 else _n_prefix(values.shape[1], name, size, prefix_tokens)
        self._prefix, self._places = values[:, :n_prefix], values[:, n_prefix:]
        self.channels = int(values.shape[2])

    def pooled(self, pooling: str) -> npt.NDArray[np.float32]:
        """One vector per image."""
        if pooling == "cls":
            found = self._class_token()
        elif pooling == "flatten":
            both = np.concatenate([self._prefix, self._places], axis=1)
            found = both.reshape(len(both), -1)
        elif pooling == "max":
            found = self._places.max(axis=1)
        elif pooling == "gem":
            if self._rank == 2:
                raise ValueError(self._vectors("gem"))
            cubes = np.maximum(self._places.astype(np.float64), 1e-6) ** 3
            found = np.cbrt(cubes.mean(axis=1))
        else:
            found = self._places.mean(axis=1, dtype=np.float64)
        return found.astype(np.float32)

    def _class_token(self) -> Array:
        if self._rank == 2:
            raise ValueError(self._vectors("cls"))
        if not self._prefix.shape[1]:
            kind = "feature maps" if self._rank == 4 else "patch tokens"
            raise ValueError(
                f"pooling='cls', but the output {self._name!r} consists of {kind}, without a class "
                "token. Set pooling='avg'."
            )
        return self._prefix[:, 0]

    def _vectors(self, pooling: str) -> str:
        return (
            f"pooling={pooling!r}, but the output {self._name!r} is one vector per image, which is "
            "used unchanged. Leave pooling at 'avg'."
        )


def check_output(values: Any, name: str, n_images: int) -> None:
    """Refuse what is no output of one row per image."""
    shape: tuple[int, ...] = getattr(values, "shape", ())
    is_number = getattr(values, "dtype", np.dtype(object)).kind == "f"
    if is_number and len(shape) in (2, 3, 4) and shape[0] == n_images and 0 not in shape:
        return
    kind = f"{values.dtype} of shape {shape}" if hasattr(values, "dtype") else type(values).__name__
    raise ValueError(
        f"The output {name!r} is {kind} for {n_images} image{'s' * (n_images > 1)}; expected "
        "floats of shape (n, channels), (n, tokens, channels) or of feature maps. Choose another "
        "layer."
    )


def _refuse_other_layout(
    values: Array, name: str, size: tuple[int, int], map_layout: Layout
) -> None:
    """Of square images, maps are square: by which the wrong layout is seen."""
    shape = list(values.shape)
    first, second = shape[1:3], shape[2:4]
    here, there = (second, first) if map_layout == "NCHW" else (first, second)
    if size[0] == size[1] and len(set(here)) > 1 and len(set(there)) == 1:
        other = "NHWC" if map_layout == "NCHW" else "NCHW"
        raise ValueError(
            f"The output {name!r} has shape {values.shape[1:]} for a square image, which does not "
            f"match the layout {map_layout}. Set backbone__map_layout={other!r}, or declare it."
        )


def _n_prefix(n: int, name: str, size: tuple[int, int], declared: int | None) -> int:
    """How many of n tokens are of no patch."""
    if declared is not None:
        if declared >= n:
            raise ValueError(
                f"The output {name!r} has {n} tokens, but prefix_tokens={declared} leaves none for "
                "the image."
            )
        return declared
    height, width = size
    grids = {(height // side) * (width // side) for side in range(1, min(size) + 1)}
    for prefix in _PREFIXES:
        if n - prefix in grids:
            return prefix
    raise ValueError(
        f"The output {name!r} has {n} tokens for an image of {height} × {width} pixels, and it is "
        "unclear how many of them do not belong to a patch. Set backbone__prefix_tokens, such as "
        "1 for a class token alone, or declare it."
    )
