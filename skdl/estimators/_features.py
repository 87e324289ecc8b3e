"""`BackboneFeatures`: a frozen network as a transformer.

Decisions: docs/decisions.md#pretrained-networks-and-features.
"""

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
    """Features of a pretrained network, computed once per image.

    The network is frozen: only the shape and the value range of the images are learned, so the
    transformer can be applied before any split. Features are kept in a store, by the content of the
    image, so that folds, candidates of a search and reruns reuse what was computed before.

    Networks are Keras or ONNX models; for the latter, TensorFlow is neither needed nor imported.

    Parameters
    ----------
    backbone : str or callable, default="cifar_resnet20"
        Name of a backbone (``skdl list backbones``), or a builder decorated with
        :func:`skdl.backbones.declare_backbone` or :func:`skdl.backbones.declare_onnx_backbone`. The
        default is small and includes its weights; "mobilenet_v2" is a good first choice for
        photographs. Or "onnx:PATH", an ONNX model by its path or by its name in ``weights/`` of the
        data home.
    weights : str or path-like, default="auto"
        "auto" uses the trained weights that the backbone declares, "imagenet" those of that name;
        they are downloaded once into the data home. "random" uses random weights, the same each
        time, for comparison. Or a file, by its path or by its name in ``weights/`` of the data
        home: ``.h5``, ``.weights.h5`` or ``.keras`` as written by Keras, or ``.npz`` with the
        arrays of ``model.get_weights()``. For a backbone that is declared as an ONNX model, a
        declared name or an ``.onnx`` file; "onnx:PATH" contains its weights.
    layer : str, list of str or None, default=None
        Layers whose feature maps to use; those of several layers are concatenated. If None, use the
        last layer. For an ONNX model, names of outputs or of any other values in its graph; for
        "onnx:PATH", None means the first output.
    pooling : {"avg", "max", "flatten", "gem", "cls"} or list of these, default="avg"
        How to pool a feature map: its mean, its maximum, all its values, or its generalised mean
        with exponent 3. For a transformer, they pool the tokens of its patches; "cls" uses the
        class token ("token" in timm). Vectors are used unchanged. Several poolings are
        concatenated.
    image_size : int, (height, width) or None, default=None
        Size to resize images to before they reach the network. If None, keep their size, which must
        not be below the smallest size that the backbone accepts.
    keep_aspect : bool, default=False
        Whether resizing keeps the aspect ratio and pads with black on both sides.
    input_adapter : {"mean", "first3", "repeat"} or None, default=None
        How to convert images of any number of channels for the network, before any other step.
        "mean" uses the mean of the channels, rounded to whole numbers if the images of `fit` are
        whole numbers; "first3" uses the first three; "repeat" repeats all of them in order until
        there are as many as the network expects. None accepts grayscale and colour images, and
        colour images with a fourth channel that is the same everywhere, such as opacity; others
        raise an error. Image files are read in colour, so that "mean" converts them to grayscale,
        and "first3" has no effect.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images, and of images with more channels than pixels per side, which are
        otherwise assumed to be channels-first; see :mod:`skdl.images`.
    value_range : (low, high), "standardized" or None, default=None
        Pixel values of black and white. If None, learn them in `fit`, as
        :func:`skdl.images.learn_value_range` does. For floats above 1, they are learned from the
        maximum, which differs from fold to fold; setting `value_range` then avoids recomputing
        features. Pixel values are mapped to what the weights expect.
    batch_size : int, default=32
        Number of images per batch.
    precision : {"float32", "bfloat16"}, default="float32"
        Data type that wide convolutions compute in. "bfloat16" is faster on hardware that supports
        it, but features differ in the third digit. ONNX models compute as they were exported.
    engine : {"auto", "tensorflow", "onnxruntime"}, default="auto"
        What runs the network. "auto" is TensorFlow for a Keras network, and ONNX Runtime for an
        ONNX model. "onnxruntime" converts a Keras network in `fit` (extra ``onnx``): on CPUs, it is
        often faster, especially for single images, and the fitted transformer does not need
        TensorFlow. Features agree with TensorFlow's to about 1e-5 of their magnitude and are stored
        separately.
    store : "auto", str, path-like, FeatureStore or None, default="auto"
        Where features are stored. "auto" uses the memory of this process, at most 1 GiB for all
        transformers together. A folder is persistent and can be shared by processes and machines.
        If None, features are computed each time. In a pickle, as sent to workers, a relative path
        is made absolute.
    n_jobs : int, default=None
        Number of threads that read, resize and hash images; None and -1 use all cores.
    verbose : int, default=0
        If 1, show a progress bar.
    **routed : dict
        `backbone__*` parameters go to the backbone's builder, such as ``backbone__alpha=0.35``. For
        "onnx:PATH", they are `mean` and `std`, one value or one per channel, of pixel values from 0
        to 1 times `scale` (by default 1); `color` ("rgb", "bgr" or "grayscale"); `layout` ("NCHW"
        or "NHWC"), `map_layout` and `prefix_tokens`, as in
        :func:`skdl.backbones.declare_onnx_backbone`.

    Attributes
    ----------
    layers_ : list of str
        The layers whose features are used.
    image_shape_ : (height, width, channels)
        Shape of one image. Image files are decoded to it.
    value_range_ : (low, high) or "standardized"
        The value range in use.
    n_features_in_ : int
        Number of values of one image: height × width × channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X was a DataFrame with string column names.

    See Also
    --------
    VGG16Features : The same with VGG16.
    skdl.store.FeatureStore : A store with a custom size limit.
    skdl.datasets.load_feature_csv : Features from a table.

    Notes
    -----
    Grayscale images are repeated to three channels. If the images of `fit` have four channels, the
    last is dropped. Standardised images, which have negative values, are mapped back as if they had
    the mean and standard deviation of photographs, with a warning; pass the original images
    instead.

    ONNX Runtime runs an ONNX model on the CPU, with as many threads as this process has cores. The
    model is part of the fitted transformer: a pickle needs no file. If `mean` and `std` are not
    set, those of ImageNet are used, with a warning. Features do not depend on the batch that an
    image is in.

    In Keras networks, batch normalisations are folded into the preceding convolutions, which saves
    time but changes the last digits.

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

    Images with five channels, which are averaged for the network:

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
    score: Any = Absent(". Put a classifier after it in a pipeline.")
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
        """Learn the shape and the value range of the images, and load the weights.

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
            does not exist or weights that do not fit, leaving the transformer unchanged.
        FileNotFoundError, ConnectionError
            If the weights are missing; the message says which file to put where.
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
            Ignored, since features do not correspond to pixels.

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
                f"The parameter pooling must be {what}. It contains {shortened(unknown[0])}."
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
