"""What is said of an ONNX model besides the file: by a plugin, or by whoever names the file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from skdl._utils.checks import check_choice, check_whole, warn_user
from skdl._utils.text import shortened
from skdl.backbones._declaration import ONNX, Backbone, Preprocessing, builder_of
from skdl.downloads import RemoteFile

Layout = Literal["NCHW", "NHWC"]
Builder = TypeVar("Builder", bound=Callable[..., Any])

_LAYOUTS = ("NCHW", "NHWC")
# Of ImageNet's channels, red, green and blue, as values in [0, 1].
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class OnnxDetails:
    """How a graph is read, see :func:`declare_onnx_backbone`; None is what the file shows."""

    layout: Layout | None = None
    map_layout: Layout | None = None
    prefix_tokens: int | None = None

    def __post_init__(self) -> None:
        for name in ("layout", "map_layout"):
            check_choice(getattr(self, name), name, (None, *_LAYOUTS))
        if self.prefix_tokens is not None:
            check_whole(self.prefix_tokens, "prefix_tokens", low=0)


def declare_onnx_backbone(
    declaration: Backbone,
    *,
    layout: Layout | None = None,
    map_layout: Layout | None = None,
    prefix_tokens: int | None = None,
) -> Callable[[Builder], Builder]:
    """Declare an ONNX model as a backbone, which ONNX Runtime runs.

    Parameters
    ----------
    declaration : Backbone
        What the model expects and returns. Its `layers` are names of outputs, or of other values in
        the graph, with their widths; its `weights` are ONNX files, with their sha256 and licence.
    layout : {"NCHW", "NHWC"}, default=None
        Layout of the images that the model expects: channels first or last. If None, read it from
        the file, which is possible if the file states the number of channels.
    map_layout : {"NCHW", "NHWC"}, default=None
        Layout of the feature maps that the model returns, if different from that of the images.
    prefix_tokens : int, default=None
        Number of tokens before those of the patches: 1 for a class token alone, 5 for DINOv2 with
        registers, 0 for none. If None, infer it from the number of tokens.

    Returns
    -------
    decorator : callable
        Decorator of a function at the top level of a module, which is never called: it defines the
        name, the docstring and the parameters of the backbone. The parameters select among
        `weights` with `params`.

    Raises
    ------
    TypeError
        If `declaration` is something else.
    ValueError
        If another parameter is invalid, or a file of the weights does not end in ``.onnx``.

    See Also
    --------
    declare_backbone : The same for Keras networks.
    skdl.BackboneFeatures : Also accepts the path of a file, as ``"onnx:PATH"``.

    Notes
    -----
    `TransferClassifier` does not accept such a backbone, because ONNX Runtime cannot train
    networks.

    References
    ----------
    ONNX: Open Neural Network Exchange, https://onnx.ai

    Examples
    --------
    >>> from skdl.backbones import (
    ...     Backbone, Preprocessing, PretrainedWeights, declare_onnx_backbone
    ... )
    >>> from skdl.downloads import RemoteFile
    >>> weights = PretrainedWeights(
    ...     "scans",
    ...     RemoteFile(
    ...         "weights/scans.onnx",
    ...         "https://example.org/scans.onnx",
    ...         sha256="ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
    ...         size=88_000_000,
    ...     ),
    ...     licence="Apache-2.0",
    ...     citation="A. Author, 'Scans', 2026.",
    ... )
    >>> half = (0.5, 0.5, 0.5)
    >>> @declare_onnx_backbone(
    ...     Backbone(
    ...         Preprocessing(mean=half, std=half),
    ...         {"last_hidden_state": 384},
    ...         min_size=14,
    ...         weights=(weights,),
    ...     ),
    ...     layout="NCHW",
    ...     prefix_tokens=1,
    ... )
    ... def scans():
    ...     '''A vision transformer.'''
    >>> scans.backbone.width
    384
    """
    if not isinstance(declaration, Backbone):
        raise TypeError(f"declare_onnx_backbone expects a Backbone, got {shortened(declaration)}.")
    for entry in declaration.weights:
        name = entry.file.name if isinstance(entry.file, RemoteFile) else entry.file
        if not name.endswith(".onnx"):
            raise ValueError(
                f"The weights {entry.name!r} of an ONNX backbone must be a file that ends in "
                f"'.onnx'. Got {shortened(name)}."
            )
    details = OnnxDetails(layout, map_layout, prefix_tokens)

    def decorator(builder: Builder) -> Builder:
        builder.backbone = declaration  # type: ignore[attr-defined]
        builder.onnx = details  # type: ignore[attr-defined]
        return builder

    return decorator


def is_onnx(backbone: Any) -> bool:
    """Whether a backbone is run by ONNX Runtime; of a name that is unknown, it is not."""
    if isinstance(backbone, str):
        if backbone.startswith(ONNX):
            return True
        backbone = builder_of(backbone)
    return isinstance(getattr(backbone, "onnx", None), OnnxDetails)


def refuse_onnx(backbone: Any, estimator: str) -> None:
    """Refuse a backbone that cannot be trained."""
    if is_onnx(backbone):
        raise ValueError(
            f"{estimator} trains Keras networks, but the backbone {shortened(backbone)} is an ONNX "
            "model, whose weights cannot be trained. Use its features: "
            "make_pipeline(BackboneFeatures(…), LogisticRegression())."
        )


@dataclass(frozen=True)
class FileParams:
    """The ``backbone__`` parameters of ``"onnx:PATH"``."""

    color: Literal["rgb", "bgr", "grayscale"] | None = None
    scale: float = 1.0
    mean: Any = None
    std: Any = None
    layout: Layout | None = None
    map_layout: Layout | None = None
    prefix_tokens: int | None = None

    @property
    def details(self) -> OnnxDetails:
        return OnnxDetails(self.layout, self.map_layout, self.prefix_tokens)

    def preprocessing(self, channels: int, label: str) -> Preprocessing:
        """What is done to pixel values; a warning where nobody has said it."""
        color = self.color or ("rgb" if channels == 3 else "grayscale")
        if Preprocessing(color).channels != channels:
            raise ValueError(
                f"backbone__color={color!r}, but the backbone {label} expects {channels} channels."
            )
        mean, std = self.mean, self.std
        if mean is None and std is None and self.scale == 1.0:
            if channels != 3:
                raise ValueError(
                    f"The backbone {label} expects grayscale images, but its file does not state "
                    "which pixel values its weights expect. Set backbone__mean and backbone__std, "
                    "such as (0.5,)."
                )
            mean, std = (values[::-1] if color == "bgr" else values for values in (_MEAN, _STD))
            warn_user(
                f"The file of the backbone {label} does not state which pixel values its weights "
                "expect, so the mean and standard deviation of ImageNet are used. Set "
                "backbone__mean and backbone__std to the values it was trained with; those of "
                f"ImageNet are mean={_MEAN}, std={_STD}."
            )
        return Preprocessing(
            color,
            self.scale,
            (0.0,) if mean is None else _numbers(mean),
            (1.0,) if std is None else _numbers(std),
        )


def _numbers(value: Any) -> Any:
    """One number, or several, as Preprocessing takes them."""
    if isinstance(value, int | float):
        return (value,)
    return tuple(value) if hasattr(value, "__iter__") and not isinstance(value, str) else value
