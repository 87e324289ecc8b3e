"""`BackboneFeatures`: a frozen network as a transformer."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, Literal, TypeAlias

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import validate_params
from skdl._utils.progress import Progress
from skdl._utils.scikit import Interval, StrOptions
from skdl._utils.text import shortened
from skdl.backbones import POOLINGS, Extractor
from skdl.estimators._backbones import (
    check_store,
    feature_source,
    found_store,
    warn_of_standardized,
)
from skdl.estimators._formats import learn_format
from skdl.estimators._params import Absent, NetworkEstimator
from skdl.images import ImageFormat, read_batch

Pooling: TypeAlias = Literal["avg", "max", "flatten", "gem", "cls"]

_POOLINGS = (*POOLINGS, "cls")


class BackboneFeatures(TransformerMixin, NetworkEstimator):
    """Features of a pretrained network, computed once for each image.

    The network is frozen: nothing is learned but the shape and the value range of the images, so
    the transformer can stand before any split. Features are kept in a store, by the content of the
    image, so that folds, candidates of a search and reruns find what was computed before.

    Networks are Keras's or ONNX models; for the latter, TensorFlow is neither needed nor imported.

    Parameters
    ----------
    backbone : str or callable, default="cifar_resnet20"
        Name of a backbone (``skdl list backbones``), or a builder under
        :func:`skdl.backbones.declare_backbone` or :func:`skdl.backbones.declare_onnx_backbone`. The
        default is small and comes with its weights; "mobilenet_v2" is a good first choice for
        photographs. Or "onnx:PATH", an ONNX model by its path or by its name in ``weights/`` of the
        data home.
    weights : str or path-like, default="auto"
        "auto" takes the trained weights that the backbone declares, "imagenet" those by that name:
        they are downloaded once into the data home. "random" takes random weights, the same each
        time, for comparison. Or a file, by its path or by its name in ``weights/`` of the data
        home: ``.h5``, ``.weights.h5`` or ``.keras`` as Keras writes them, or ``.npz`` with the
        arrays of ``model.get_weights()``. Of a backbone that is declared as an ONNX model, a
        declared name or an ``.onnx`` file; "onnx:PATH" has its weights.
    layer : str, list of str or None, default=None
        Which layers' feature maps to take; several are put side by side. None is the last. Of an
        ONNX model, names of outputs or of any other values in its graph; of "onnx:PATH", None is
        the first output.
    pooling : {"avg", "max", "flatten", "gem", "cls"} or list of these, default="avg"
        How a feature map becomes numbers: its mean, its maximum, all its values, or its generalised
        mean with exponent 3. Of the tokens of a transformer, those of its patches; "cls" takes the
        class token (what timm calls "token"). Vectors are taken as they are. Several are put side
        by side.
    image_size : int, (height, width) or None, default=None
        What images are resized to before they reach the network. None keeps their own size, which
        must not be below what the backbone takes.
    keep_aspect : bool, default=False
        Whether resizing keeps the ratio of height and width, and fills up with black on both sides.
    input_adapter : {"mean", "first3", "repeat"} or None, default=None
        What makes images for the network of images with any channels, before all else. "mean" takes
        the mean of the channels, rounded to whole numbers if the images of `fit` are such; "first3"
        the first three; "repeat" all of them, one after the other, again and again until there are
        as many as the network takes. None takes gray and colour, and colour with a fourth channel
        that is the same everywhere, as opacity is; others are refused. Image files are read in
        colour, so that "mean" makes them gray, and "first3" changes nothing.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images, and of those with more channels than pixels a side, which are
        otherwise taken for channels-first; see :mod:`skdl.images`.
    value_range : (low, high), "standardized" or None, default=None
        Pixel values that stand for black and white. None learns them in `fit`, as
        :func:`skdl.images.learn_value_range` does: floats beyond 1 by their maximum, which differs
        from fold to fold, so that setting it saves work. They are mapped to what the weights
        expect.
    batch_size : int, default=32
        Images that go through the network at a time.
    precision : {"float32", "bfloat16"}, default="float32"
        What wide convolutions compute in. "bfloat16" is faster on hardware made for it, and its
        features differ in the third digit. ONNX models compute as they were exported.
    engine : {"auto", "tensorflow", "onnxruntime"}, default="auto"
        What runs the network. "auto" is TensorFlow for a Keras network, and ONNX Runtime for an
        ONNX model. "onnxruntime" converts a Keras network in `fit` (extra ``onnx``): on
        processors it often takes less time, above all for single images, and the fitted transformer
        needs no TensorFlow. Features agree with TensorFlow's to about 1e-5 of their size and are
        stored apart from them.
    store : "auto", str, path-like, FeatureStore or None, default="auto"
        Where features are kept. "auto" is the memory of this process, at most 1 GiB for all
        transformers together; a folder is shared by processes and machines, and kept; None computes
        them each time. In a pickle, as workers get it, a relative path is made absolute.
    n_jobs : int, default=None
        Threads that read, resize and hash images; None and -1 take all cores.
    verbose : int, default=0
        1 shows a progress bar.
    **routed : dict
        `backbone__*` parameters go to the backbone's builder, such as ``backbone__alpha=0.35``.
        Those of "onnx:PATH" are `mean` and `std`, one value or one per channel, of pixel values
        from 0 to 1 times `scale` (by default 1); `color` ("rgb", "bgr" or "grayscale"); `layout`
        ("NCHW" or "NHWC"), `map_layout` and `prefix_tokens`, as of
        :func:`skdl.backbones.declare_onnx_backbone`.

    Attributes
    ----------
    layers_ : list of str
        The layers whose features are taken.
    image_shape_ : (height, width, channels)
        Shape of one image. Image files are decoded to it.
    value_range_ : (low, high) or "standardized"
        The value range in use.
    n_features_in_ : int
        Number of values of one image: height × width × channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X was a DataFrame with string names.

    See Also
    --------
    VGG16Features : The same with VGG16.
    skdl.store.FeatureStore : A store with a bound of its own.
    skdl.datasets.load_feature_csv : Features from a table.

    Notes
    -----
    Grayscale images are repeated to three channels, and where the images of `fit` have four, the
    last is dropped. Standardised images,
    with negative values, are mapped back as if they had the mean and deviation of photographs,
    which a warning says: pass images as they are.

    An ONNX model is run by ONNX Runtime on the processor, with as many threads as this process has
    cores, and is part of the fitted transformer: a pickle needs no file. Where nobody has set
    `mean` and `std`, those of ImageNet are taken, with a warning. Features do not depend on the
    batch that an image is in.

    Of Keras's networks, batch normalisations are multiplied into the convolutions before them,
    which changes the last digits and takes less time.

    References
    ----------
    A. S. Razavian, H. Azizpour, J. Sullivan and S. Carlsson, "CNN features off-the-shelf: an
    astounding baseline for recognition", CVPR workshops 2014. Generalised mean: F. Radenović,
    G. Tolias and O. Chum, "Fine-tuning CNN image retrieval with no human annotation", TPAMI 2019.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skdl import BackboneFeatures
    >>> from skdl.datasets import load_digits_images
    >>> X, y = load_digits_images(return_X_y=True)
    >>> pipeline = make_pipeline(
    ...     BackboneFeatures(image_size=(16, 16)), StandardScaler(), LogisticRegression()
    ... )
    >>> bool(cross_val_score(pipeline, X, y).mean() > 0.9)
    True

    Images of five channels, of which the network sees the mean:

    >>> import numpy as np
    >>> X = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 5), dtype=np.uint8)
    >>> BackboneFeatures(input_adapter="mean").fit_transform(X).shape
    (4, 64)
    """

    _routing_prefixes = frozenset({"backbone"})
    _parameter_constraints: dict[str, list[Any]] = {
        "backbone": [str, callable],
        "pooling": [StrOptions(set(_POOLINGS)), "array-like"],
        "keep_aspect": ["boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "precision": [StrOptions({"float32", "bfloat16"})],
        "engine": [StrOptions({"auto", "tensorflow", "onnxruntime"})],
        "n_jobs": [
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "verbose": ["verbose"],
    }

    predict: Any = Absent(". Use transform.")
    partial_fit: Any = Absent(": nothing is trained.")
    score: Any = Absent(". Put a classifier behind it.")
    layers_: list[str]
    _extractor: Extractor
    _image_format: ImageFormat

    def __init__(
        self,
        backbone: str | Callable[..., Any] = "cifar_resnet20",
        *,
        weights: Any = "auto",
        layer: str | Sequence[str] | None = None,
        pooling: Pooling | Sequence[Pooling] = "avg",
        image_size: int | tuple[int, int] | None = None,
        keep_aspect: bool = False,
        input_adapter: Literal["mean", "first3", "repeat"] | None = None,
        image_shape: Sequence[int] | None = None,
        value_range: tuple[float, float] | Literal["standardized"] | None = None,
        batch_size: int = 32,
        precision: Literal["float32", "bfloat16"] = "float32",
        engine: Literal["auto", "tensorflow", "onnxruntime"] = "auto",
        store: Any = "auto",
        n_jobs: int | None = None,
        verbose: int = 0,
        **routed: Any,
    ) -> None:
        self._set_parameters(locals())

    def fit(self, X: Any, y: Any = None) -> "BackboneFeatures":
        """Learn shape and value range of the images, and load the weights.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images. See :mod:`skdl.images` for what counts as an image batch.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : BackboneFeatures
            The fitted transformer.

        Raises
        ------
        TypeError
            If X is sparse.
        ValueError
            For bad parameters or images, images that are too small for the backbone, a layer that
            does not exist or weights that do not fit, leaving the transformer as it was.
        FileNotFoundError, ConnectionError
            If the weights are not there, saying which file to put where.
        ImportError
            If ONNX Runtime is to run the network, and onnx or onnxruntime is not installed.
        OSError
            If the folder of `store` cannot be written to.
        """
        validate_params(self)
        check_store(self.store)
        batch = read_batch(X, "X", self)
        backbone = feature_source(
            self._backbone(), self._routed("backbone"), self.weights, self._layers(), self.engine
        )
        image_format = learn_format(self, X, batch, backbone_channels=backbone.channels)
        warn_of_standardized(image_format.value_range)
        shape = image_format.input_shape
        backbone.check_size(*shape[:2], "Set image_size=(height, width) to resize them.")
        extractor = backbone.extractor(
            shape, self._poolings(), self.precision, image_format.value_range
        )
        names = extractor.network.names  # builds the network, which may fail
        self._extractor = extractor
        self._image_format = image_format
        self.layers_ = names
        self.image_shape_ = image_format.image_shape
        self.value_range_ = image_format.value_range
        self.n_features_in_ = image_format.n_features
        if image_format.feature_names is not None:
            self.feature_names_in_ = image_format.feature_names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Features of images.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.

        Returns
        -------
        features : float32 ndarray of shape (n, n_features)
            One row per image.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, naming both shapes, or an image file
            cannot be read, naming it.
        """
        check_is_fitted(self)
        store = found_store(self.store)
        _, images = self._image_format.check_batch(X, self)
        n_threads = None if self.n_jobs is None else joblib.effective_n_jobs(self.n_jobs)
        name, shown = type(self).__name__, bool(self.verbose)
        with Progress(name, len(images), shown=shown, unit="images") as progress:
            return self._extractor.transform(
                images, store, int(self.batch_size), n_threads, progress.update
            )

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Names of the features: the layer, the pooling if there are several, and a number.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored: no feature belongs to a pixel.

        Returns
        -------
        names : ndarray of str of shape (n_features,)
            Such as "block5_pool_0".
        """
        check_is_fitted(self)
        poolings = self._extractor.poolings
        parts = [
            f"{layer}_{pooling}" if len(poolings) > 1 else layer
            for layer in self.layers_
            for pooling in poolings
        ]
        widths = self._extractor.network.widths
        names = [
            f"{part}_{number}"
            for part, width in zip(parts, widths, strict=True)
            for number in range(width)
        ]
        return np.asarray(names, dtype=object)

    @property
    def initialized_(self) -> bool:
        """Whether the estimator has weights."""
        return "_extractor" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = False
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _backbone(self) -> Any:
        return self.backbone

    def _layers(self) -> tuple[str, ...] | None:
        if self.layer is None:
            return None
        return _names(self.layer, "layer", "the name of a layer, a list of names, or None")

    def _poolings(self) -> tuple[str, ...]:
        what = f"one of {', '.join(map(repr, _POOLINGS))}, or a list of them"
        names = _names(self.pooling, "pooling", what)
        unknown = [name for name in names if name not in _POOLINGS]
        if unknown:
            raise ValueError(
                f"The parameter pooling must be {what}. Got {shortened(unknown[0])} in it."
            )
        return names


def _names(value: Any, parameter: str, what: str) -> tuple[str, ...]:
    """One name or several as a tuple.

    Raises
    ------
    ValueError
        If there is none, one twice, or anything else.
    """
    names = [value] if isinstance(value, str) else value
    known = isinstance(names, Sequence | np.ndarray) and len(names) > 0
    if not known or not all(isinstance(name, str) for name in names):
        raise ValueError(f"The parameter {parameter} must be {what}. Got {shortened(value)}.")
    if len(set(names)) < len(names):
        raise ValueError(f"The parameter {parameter} contains a name twice: {list(names)}.")
    return tuple(str(name) for name in names)
