"""What a backbone says of itself. Plain Python, so that listing it needs no TensorFlow."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from skdl._utils.checks import check_choice, check_number, check_whole
from skdl._utils.text import shortened
from skdl.backbones._weights import PretrainedWeights
from skdl.plugins import backbones

Builder = TypeVar("Builder", bound=Callable[..., Any])

ONNX = "onnx:"
"""What the name of a backbone begins with that is the path of an ONNX file."""

_CHANNELS = {"rgb": 3, "bgr": 3, "grayscale": 1}


@dataclass(frozen=True)
class Preprocessing:
    """Map from pixel values in [0, 1] to what a network's weights were trained on.

    A value becomes ``(value * scale - mean) / std``, channel by channel, in the order of `color`.

    Parameters
    ----------
    color : {"rgb", "bgr", "grayscale"}, default="rgb"
        Order of the channels that the weights expect.
    scale : float, default=1.0
        Factor for pixel values, such as 255 for weights trained on bytes.
    mean : tuple of float, default=(0.0,)
        Subtracted after scaling: one value, or one per channel in the order of `color`.
    std : tuple of float, default=(1.0,)
        Divisor, applied last: one value, or one per channel.

    Raises
    ------
    ValueError
        If a value is missing or is not such a number.

    Examples
    --------
    Preprocessing for the VGG16 weights that were trained with Caffe:

    >>> import numpy as np
    >>> from skdl.backbones import Preprocessing
    >>> caffe = Preprocessing("bgr", scale=255, mean=(103.939, 116.779, 123.68))
    >>> caffe.apply(np.ones((1, 1, 1, 3))).round(3).ravel().tolist()
    [151.061, 138.221, 131.32]
    """

    color: Literal["rgb", "bgr", "grayscale"] = "rgb"
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        check_choice(self.color, "color", _CHANNELS)
        check_number(self.scale, "scale")
        for name in ("mean", "std"):
            values = getattr(self, name)
            if not isinstance(values, Collection) or len(values) not in (1, self.channels):
                raise ValueError(
                    f"{name} must have 1 or {self.channels} values. Got {shortened(values)}."
                )
            for value in values:
                check_number(value, f"A value of {name}")
        if not min(self.scale, *self.std) > 0:
            raise ValueError(
                f"scale and std must be positive. Got scale={shortened(self.scale)}, "
                f"std={shortened(self.std)}."
            )

    @property
    def channels(self) -> int:
        """Number of channels that the network expects: 3, or 1 for grayscale."""
        return _CHANNELS[self.color]

    def apply(self, images: Any) -> Any:
        """Preprocess images.

        Parameters
        ----------
        images : float ndarray or tensor of shape (n, height, width, channels)
            RGB or grayscale images, with values in [0, 1].

        Returns
        -------
        images : float ndarray or tensor
            Preprocessed images of the same shape.
        """
        # Operators only, so that the same code serves NumPy arrays and TensorFlow tensors.
        if self.color == "bgr":
            images = images[..., ::-1]
        return (images * self.scale - self.mean) / self.std


@dataclass(frozen=True)
class Backbone:
    """Declaration of a backbone.

    Parameters
    ----------
    preprocessing : Preprocessing
        What the weights expect.
    layers : dict of str to int
        Names of the layers that are useful for features, in order from the input, and their numbers
        of channels; the last one is the output.
    min_size : int, default=32
        Smallest height and width, in pixels.
    default_size : int, default=224
        Height and width that the weights were trained on.
    weights : tuple of PretrainedWeights, default=()
        Trained weights that can be chosen by name; the first of them are the default.

    Raises
    ------
    ValueError
        If `layers` is empty, its names are not text or its widths are not positive whole numbers,
        or the sizes are not positive whole numbers with `min_size` at most `default_size`.
    TypeError
        If `preprocessing` or `weights` is something else.

    Examples
    --------
    >>> from skdl.backbones import Backbone, Preprocessing
    >>> Backbone(Preprocessing(), {"block1": 16, "block2": 32}).width
    32
    """

    preprocessing: Preprocessing
    layers: Mapping[str, int] = field(hash=False)
    min_size: int = 32
    default_size: int = 224
    weights: tuple[PretrainedWeights, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.preprocessing, Preprocessing):
            raise TypeError(
                f"preprocessing must be a Preprocessing, got {shortened(self.preprocessing)}."
            )
        if not isinstance(self.weights, tuple) or not all(
            isinstance(entry, PretrainedWeights) for entry in self.weights
        ):
            raise TypeError(
                f"weights must be a tuple of PretrainedWeights, got {shortened(self.weights)}."
            )
        if not isinstance(self.layers, Mapping) or not self.layers:
            raise ValueError(
                "layers must be a dict of layer names and numbers of channels, with at least the "
                f"last layer. Got {shortened(self.layers)}."
            )
        for name, width in self.layers.items():
            if not isinstance(name, str) or not name:
                raise ValueError(f"Names in layers must be non-empty text. Got {shortened(name)}.")
            check_whole(width, f"The number of channels of layer {shortened(name)}", low=1)
        low = check_whole(self.min_size, "min_size", low=1)
        check_whole(self.default_size, "default_size", low=low)

    @property
    def width(self) -> int:
        """Number of channels of the output."""
        return list(self.layers.values())[-1]


def declare_backbone(declaration: Backbone) -> Callable[[Builder], Builder]:
    """Declare what a backbone expects and returns.

    Parameters
    ----------
    declaration : Backbone
        The declaration.

    Returns
    -------
    decorator : callable
        Returns the builder, which carries the declaration as its attribute `backbone`. A builder is
        a function ``(input_shape, **params) -> keras.Model`` at the top level of a module; the
        model accepts preprocessed images, ends in feature maps ``(n, height, width, channels)``,
        has random weights, and is not compiled.

    Raises
    ------
    TypeError
        If `declaration` is something else.

    Examples
    --------
    >>> import keras
    >>> from skdl.backbones import Backbone, Preprocessing, declare_backbone
    >>> @declare_backbone(Backbone(Preprocessing(), {"edges": 8}, min_size=8))
    ... def edges(input_shape):
    ...     inputs = keras.Input(input_shape)
    ...     return keras.Model(inputs, keras.layers.Conv2D(8, 3, name="edges")(inputs))
    >>> edges.backbone.width
    8
    """
    if not isinstance(declaration, Backbone):
        raise TypeError(f"declare_backbone expects a Backbone, got {shortened(declaration)}.")

    def decorator(builder: Builder) -> Builder:
        builder.backbone = declaration  # type: ignore[attr-defined]
        return builder

    return decorator


def builder_of(name_or_builder: str | Callable[..., Any]) -> Callable[..., Any]:
    """The builder of a backbone, if need be by its registered name."""
    return backbones.get(name_or_builder) if isinstance(name_or_builder, str) else name_or_builder


def label_of(name_or_builder: Any) -> str:
    """What error messages call a builder."""
    return repr(getattr(name_or_builder, "__qualname__", name_or_builder))


def backbone_of(name_or_builder: str | Callable[..., Any]) -> Backbone:
    """The declaration of a backbone.

    Parameters
    ----------
    name_or_builder : str or callable
        A registered name, or a builder.

    Returns
    -------
    declaration : Backbone
        The declaration that :func:`declare_backbone` attached.

    Raises
    ------
    ValueError
        If the name is unknown or names a file, or the builder declares nothing.

    Examples
    --------
    >>> from skdl.backbones import backbone_of
    >>> backbone_of("cifar_resnet20").min_size
    8
    """
    if isinstance(name_or_builder, str) and name_or_builder.startswith(ONNX):
        raise ValueError(
            f"The backbone {shortened(name_or_builder)} is a file, which declares nothing; its "
            "layers are known once it is fitted. Put @declare_onnx_backbone(Backbone(...)) of "
            "skdl.backbones above a function to declare it."
        )
    builder = builder_of(name_or_builder)
    declaration = getattr(builder, "backbone", None)
    if not isinstance(declaration, Backbone):
        raise ValueError(
            f"The backbone {shortened(getattr(builder, '__name__', builder))} declares nothing. "
            "Put @declare_backbone(Backbone(...)) of skdl.backbones above its builder."
        )
    return declaration


def check_params(
    builder: Callable[..., Any],
    params: Mapping[str, Any],
    label: str,
    prefix: str,
    inputs: Collection[str],
) -> None:
    """Refuse parameters that a builder does not take beside its inputs, as the user wrote them."""
    signature = inspect.signature(builder).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.values()):
        return
    known = [name for name in signature if name not in inputs]
    unknown = [name for name in params if name not in known]
    if unknown:
        raise ValueError(
            f"{label} has no parameter {shortened(unknown[0])}, set as "
            f"{prefix}{unknown[0]}={shortened(params[unknown[0]])}. Its parameters: "
            f"{', '.join(known) or 'none'}."
        )
