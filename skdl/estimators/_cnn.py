"""`CNNClassifier`: a convolutional network, trained from scratch."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from skdl._utils.scikit import StrOptions
from skdl._utils.text import shortened
from skdl.estimators._classifier import CLASSIFIER_CONSTRAINTS, ImageClassifier
from skdl.plugins import architectures
from skdl.preprocessing import Augmentation


class CNNClassifier(ImageClassifier):
    """Convolutional network for images, trained from scratch.

    An ordinary scikit-learn classifier: it works in pipelines, cross-validation and searches,
    accepts labels of any kind, and can be saved with joblib. With an int `random_state`, two fits
    are bit-identical on one machine, and no global random state is touched.

    Parameters
    ----------
    architecture : str or callable, default="simple"
        Name of a registered network (see :func:`skdl.list_architectures`), or a function
        ``(input_shape, n_classes, **params) -> keras.Model`` at the top level of a module that
        returns an uncompiled network ending in a softmax. Lambdas are not accepted, because they
        cannot be pickled or sent to another process.
    epochs : int, default=10
        Number of passes over the training data, at least 1.
    batch_size : int, default=32
        Number of images per training step, at least 1.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Name or class of a Keras optimizer, configured by `optimizer__*` parameters; or a configured
        instance, which is copied for each fit.
    learning_rate_schedule : {"cosine", "step", "one_cycle"}, Keras schedule or None, default=None
        How the learning rate changes. "cosine" lowers it to nearly 0 over `epochs`; "step" divides
        it by 10 after half of them and again after three quarters; "one_cycle" raises it from 4 %
        of its value over the first 30 % of the epochs, then lowers it to nearly 0; a
        ``keras.optimizers.schedules.LearningRateSchedule`` sets the rate of each training step.
    early_stopping : bool, default=False
        Stop when the validation loss has not improved by `tol` for `n_iter_no_change` epochs, and
        keep the weights of the epoch with the lowest validation loss.
    validation_fraction : float in (0, 1), default=None
        Share of the training data to hold out for validation. The split is stratified, seeded by
        `random_state`, and holds out whole groups if `groups` is passed to `fit`. If None, use 0.1
        with `early_stopping`, and no validation without it. Not used when `X_val` and `y_val` are
        passed to `fit`.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping ends training.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of the classes, multiplied by `sample_weight`; "balanced" weights each class by the
        inverse of its frequency. With several labels per image, pass a list of dicts such as
        ``{0: 1.0, 1: 5.0}``, one per label; "balanced" weights both states of each label by the
        inverse of their frequencies. Validation losses are weighted in the same way.
    loss : {"cross_entropy", "focal", "ordinal"}, default="cross_entropy"
        Loss to minimise. "focal" gives less weight to images that are already classified well,
        which may help if a class is rare. "ordinal" is for ordered classes, such as grades, which
        must be numbers: the network computes one score, and classes are the ranges of the score
        between thresholds, which are trained too.
    focal_gamma : float, default=2.0
        Focusing parameter of ``loss="focal"``, at least 0: the loss of an image is multiplied by
        ``(1 - p) ** focal_gamma``, where p is the probability of its class. 0 is the cross-entropy.
    label_smoothing : float in [0, 1), default=0.0
        Share of each target that is spread evenly over all classes, which keeps the network from
        becoming overconfident. Not available with ``loss="ordinal"``.
    sampling : {"balanced"} or None, default=None
        How images are drawn for each epoch. If None, use each image once. If "balanced", draw the
        same number of images, equally many from each class, so that images of rare classes are used
        several times. Not available with several labels per image.
    augmentation : None, {"light", "medium", "strong", "random"} or Augmentation, default=None
        Random changes to the training images, drawn again in each epoch: a preset or an
        :class:`Augmentation`, whose parameters can be searched, such as ``augmentation__rotation``.
        Seeded by `random_state`. Prediction and validation use the unchanged images.
    tta : int, default=0
        Test-time augmentation: number of variants of each image whose predictions are averaged with
        that of the image. Each variant shifts, rotates, flips and lightens or darkens all images in
        the same way, within the limits of `augmentation` and seeded by `random_state`; noise,
        cutout and mixing are left out. Can be set after `fit`.
    n_members : int, default=1
        Number of networks to train with different seeds; their predictions are averaged.
        `history_`, `n_iter_` and feature maps are those of the first network. Not available with
        `warm_start` or `partial_fit`.
    image_size : int, (height, width) or None, default=None
        Size to resize images to, for arrays and files. If None, keep their size, which must be the
        same for all images.
    keep_aspect : bool, default=False
        Whether resizing keeps the aspect ratio and pads with black on both sides.
    color : {"rgb", "grayscale"} or None, default=None
        Colour mode to convert images of 1, 3 or 4 channels to. If None, keep the channels of
        arrays, whatever their number; grayscale image files have one channel if all files are
        grayscale, and three otherwise.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images. If None, treat rows whose length is a square number, or three
        times one, as square images, and others as strips one pixel high. Four-dimensional arrays
        with more channels than pixels per side are assumed to be channels-first and raise an error,
        unless this parameter states their shape.
    value_range : (low, high), "standardized" or None, default=None
        Pixel values of black and white. If None, learn them in `fit`: 0 to 255 for uint8; 0 to 1
        for other data within that range; 0 to the largest value for other non-negative data; data
        with negative values is treated as standardised and used unchanged.
    precision : {"float32", "bfloat16"}, default="float32"
        Data type that the network computes in. "bfloat16" is mixed precision: faster and smaller on
        hardware that supports it, with weights and probabilities in float32.
    callbacks : callback, or list of callbacks, classes or functions, default=None
        Keras callbacks, copied for each fit, or classes or functions that return a new one. Their
        `model`, and files they save of it, expect values from 0 to 1 (unlike `model_`).
    warm_start : bool, default=False
        Whether `fit` continues from the weights and the optimizer state of the previous fit. Raises
        an error if the classes or the image shape differ.
    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, dropout, the order of the batches and the validation split. Pass
        an int for reproducible fits, bit-identical with the same number of threads. If None, draw a
        seed from NumPy's global generator.
    verbose : int, default=0
        If 1, print one line per epoch.
    **routed : dict
        `architecture__*` parameters go to the network's builder (such as
        ``architecture__dropout=0.3``), `optimizer__*` parameters to the optimizer (such as
        ``optimizer__learning_rate=0.01``).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted; with several labels per image, the column numbers.
    multilabel_ : bool
        Whether each image may have several labels.
    model_ : keras.Model
        The trained network, compiled; built on first access.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks of the last fit with their state, such as ``History().history``, but without
        their `model`. Not included in pickles.
    history_ : dict of str to list of float
        Per epoch: "loss", "accuracy", "learning_rate", and with validation data "val_loss" and
        "val_accuracy". The training accuracy is measured during training. If fits with and without
        validation data follow each other, values that were not measured are NaN.
    n_iter_ : int
        Number of epochs trained, over all fits with `warm_start` and calls of `partial_fit`.
    validation_rows_ : ndarray of int of shape (n_held_out,) or None
        Indices, in the X of `fit`, of the images held out for validation, in ascending order; None
        if no images were held out.
    image_shape_ : (height, width, channels)
        Shape of one image of the arrays seen in `fit`; for image files, the shape they are decoded
        to.
    value_range_ : (low, high) or "standardized"
        The value range in use.
    n_features_in_ : int
        Number of values of one image: height × width × channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X was a DataFrame with string column names.

    See Also
    --------
    skdl.list_architectures : The registered networks.
    sklearn.neural_network.MLPClassifier : A network without convolutions.

    Notes
    -----
    The loss is the sparse categorical cross-entropy. With several labels per image, the network
    ends in sigmoids instead of a softmax, and the loss is the binary cross-entropy, averaged over
    the labels; the validation split is stratified iteratively (Sechidis, Tsoumakas and Vlahavas,
    ECML PKDD 2011). `partial_fit` continues with the optimizer state of the previous `partial_fit`;
    after a plain `fit`, it resets the optimizer, unless `warm_start` is set. Pickles leave the
    optimizer's state out unless `warm_start` is set.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from skdl import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    >>> model = CNNClassifier(epochs=5, random_state=0).fit(X_train, y_train)
    >>> bool(model.score(X_test, y_test) > 0.9)
    True
    """

    _parameter_constraints = {
        **CLASSIFIER_CONSTRAINTS,
        "architecture": [str, callable],
        "color": [None, StrOptions({"rgb", "grayscale"})],
    }

    def __init__(
        self,
        architecture: str | Callable[..., Any] = "simple",
        *,
        epochs: int = 10,
        batch_size: int = 32,
        optimizer: Any = "adam",
        learning_rate_schedule: Any = None,
        early_stopping: bool = False,
        validation_fraction: float | None = None,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        class_weight: dict[Any, float] | list[dict[int, float]] | Literal["balanced"] | None = None,
        loss: Literal["cross_entropy", "focal", "ordinal"] = "cross_entropy",
        focal_gamma: float = 2.0,
        label_smoothing: float = 0.0,
        sampling: Literal["balanced"] | None = None,
        augmentation: str | Augmentation | None = None,
        tta: int = 0,
        n_members: int = 1,
        image_size: int | tuple[int, int] | None = None,
        keep_aspect: bool = False,
        color: Literal["rgb", "grayscale"] | None = None,
        image_shape: Sequence[int] | None = None,
        value_range: tuple[float, float] | Literal["standardized"] | None = None,
        precision: Literal["float32", "bfloat16"] = "float32",
        callbacks: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
        **routed: Any,
    ) -> None:
        self._set_parameters(locals())

    @classmethod
    def from_protocol(
        cls, architecture: str | Callable[..., Any], **params: Any
    ) -> "CNNClassifier":
        """Create an estimator with a network's reference training protocol.

        Parameters
        ----------
        architecture : str or callable
            Name of a registered network, or a builder, that defines its reference protocol (see
            :func:`skdl.plugins.reference_protocol`).
        **params : dict
            Parameters that override the protocol's or are added to them. With an `optimizer` other
            than the protocol's, the protocol's `optimizer__*` parameters are left out, since they
            are settings of that optimizer.

        Returns
        -------
        estimator : CNNClassifier
            Unfitted estimator, with optimizer, schedule, batch size and epochs as ordinary
            parameters.

        Raises
        ------
        ValueError
            If the name is unknown, or the network defines no protocol.

        Examples
        --------
        >>> from skdl import CNNClassifier
        >>> CNNClassifier.from_protocol("lenet5", random_state=0)
        CNNClassifier(architecture='lenet5', batch_size=128, random_state=0)
        >>> model = CNNClassifier.from_protocol("resnet20", optimizer="adam")
        >>> "optimizer__momentum" in model.get_params()  # SGD's
        False
        """
        builder = architectures.get(architecture) if isinstance(architecture, str) else architecture
        protocol = getattr(builder, "reference_protocol", None)
        if protocol is None:
            raise ValueError(
                f"The architecture {shortened(architecture)} defines no reference protocol. "
                "Decorate its builder with skdl.plugins.reference_protocol(epochs=…, …), or set "
                "the parameters of CNNClassifier yourself."
            )
        own = cls(architecture, **protocol).optimizer
        if params.get("optimizer", own) != own:
            protocol = {k: v for k, v in protocol.items() if not k.startswith("optimizer__")}
        return cls(architecture, **{**protocol, **params})
