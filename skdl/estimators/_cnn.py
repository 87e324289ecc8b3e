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

    An ordinary scikit-learn classifier: it works in pipelines, cross-validation and searches, takes
    labels of any kind, and is saved with joblib. With an int `random_state`, two fits are
    bit-identical on one machine, and no global random state is touched.

    Parameters
    ----------
    architecture : str or callable, default="simple"
        Name of a registered network (see :func:`skdl.list_architectures`), or a function
        ``(input_shape, n_classes, **params) -> keras.Model`` at the top level of a module that
        returns an uncompiled network ending in a softmax. A lambda is refused: it could not be
        pickled or reach another process.
    epochs : int, default=10
        Passes over the training data, at least 1.
    batch_size : int, default=32
        Images per training step, at least 1.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Name or class of a Keras optimizer, configured by `optimizer__*` parameters; or a configured
        instance, which is copied for each fit.
    learning_rate_schedule : {"cosine", "step", "one_cycle"}, Keras schedule or None, default=None
        How the learning rate changes. "cosine" lowers it to nearly 0 over `epochs`; "step" divides
        it by 10 after half and again after three quarters of them; "one_cycle" raises it from 4 %
        of its value over the first 30 % of the epochs, then lowers it to nearly 0; a
        ``keras.optimizers.schedules.LearningRateSchedule`` gives the rate of each training step.
    early_stopping : bool, default=False
        Stop when the validation loss has not improved by `tol` for `n_iter_no_change` epochs, and
        keep the weights of the epoch with the lowest validation loss.
    validation_fraction : float in (0, 1), default=None
        Share of the training data to hold out for validation: a stratified split, seeded by
        `random_state`, and of whole groups, if `fit` gets `groups`. None means 0.1 with
        `early_stopping`, and no validation without. Not used when `X_val` and `y_val` are passed to
        `fit`.
    n_iter_no_change : int, default=10
        Epochs without improvement after which early stopping ends the training.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of the classes, multiplied with `sample_weight`; "balanced" weighs each class by the
        inverse of its frequency. With several labels per image, a list of dicts such as
        ``{0: 1.0, 1: 5.0}``, one for each label; "balanced" weighs both states of each label by the
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
        How images are drawn for each epoch. None uses each image once. "balanced" draws the same
        number of images, equally many of each class, so that those of rare classes are used several
        times. Not available with several labels per image.
    augmentation : None, {"light", "medium", "strong", "random"} or Augmentation, default=None
        Random changes of the training images, drawn anew in each epoch: a preset or an
        :class:`Augmentation`, whose parameters are searched as ``augmentation__rotation``. Seeded
        by `random_state`; predictions and validation see the images as they are.
    tta : int, default=0
        Test-time augmentation: number of variants of each image whose predictions are averaged with
        its own. Each variant shifts, rotates, flips and lightens or darkens all images in the same
        way, within the limits of `augmentation` and seeded by `random_state`; noise, cutout and
        mixing are left out. Can be set after `fit`.
    n_members : int, default=1
        Number of networks that are trained with different seeds, and whose predictions are
        averaged. `history_`, `n_iter_` and feature maps are those of the first network. Not
        available with `warm_start` or `partial_fit`.
    image_size : int, (height, width) or None, default=None
        What images are resized to, arrays and files alike. None keeps their size, which must be the
        same for all.
    keep_aspect : bool, default=False
        Whether resizing keeps the ratio of height and width, and fills up with black on both sides.
    color : {"rgb", "grayscale"} or None, default=None
        What images of 1, 3 or 4 channels are converted to. None keeps the channels of arrays, be
        they as many as they may; of image files, grayscale ones have one channel if all are, and
        three otherwise.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images. None takes rows whose length is a square, or three times one, as
        square images, and others as strips one pixel high. Images of four dimensions with more
        channels than pixels a side are taken for channels-first and refused, unless this says so.
    value_range : (low, high), "standardized" or None, default=None
        Pixel values that stand for black and white. None learns them in `fit`: 0 to 255 for uint8;
        0 to 1 for other values within it; 0 to the largest value for other non-negative data; data
        with negative values is taken as standardised, and used as it is.
    precision : {"float32", "bfloat16"}, default="float32"
        What the network computes in. "bfloat16" is mixed precision: faster and smaller on hardware
        made for it, with weights and probabilities in float32.
    callbacks : callback, or list of callbacks, classes or functions, default=None
        Keras callbacks, copied for each fit, or classes or functions that make a new one. Their
        `model`, and files they save of it, take values from 0 to 1 (unlike `model_`).
    warm_start : bool, default=False
        Whether `fit` goes on from the weights and the optimizer state of the fit before. Refused
        with other classes or another image shape.
    random_state : int, RandomState instance or None, default=None
        Seeds the start values, dropout, the order of the batches and the validation split. An int
        makes fits reproducible, to the bit with as many threads; None draws a seed from NumPy's
        global generator.
    verbose : int, default=0
        1 prints a line per epoch.
    **routed : dict
        `architecture__*` parameters go to the network's builder (such as
        ``architecture__dropout=0.3``), `optimizer__*` parameters to the optimizer (such as
        ``optimizer__learning_rate=0.01``).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted; with several labels per image, the numbers of their columns.
    multilabel_ : bool
        Whether each image may have several labels.
    model_ : keras.Model
        The trained network, compiled; made when first asked for.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks of the last fit, with what they remember, such as ``History().history``;
        without their `model`. Pickles leave them out.
    history_ : dict of str to list of float
        By epoch: "loss", "accuracy", "learning_rate", and with validation data "val_loss" and
        "val_accuracy". The accuracy of the training data is that seen while training. Where fits
        with and without validation data follow each other, NaN stands for what was not taken.
    n_iter_ : int
        Number of epochs trained, over all fits with `warm_start` and calls of `partial_fit`.
    validation_rows_ : ndarray of int of shape (n_held_out,) or None
        Positions, in the X of `fit`, of the images that it held out for validation, in ascending
        order; None where it held out none.
    image_shape_ : (height, width, channels)
        Shape of one image of the arrays seen in `fit`; of image files, what they are decoded to.
    value_range_ : (low, high) or "standardized"
        The value range in use.
    n_features_in_ : int
        Number of values of one image: height × width × channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X was a DataFrame with string names.

    See Also
    --------
    skdl.list_architectures : The registered networks.
    sklearn.neural_network.MLPClassifier : A network without convolutions.

    Notes
    -----
    The loss is the sparse categorical cross-entropy. With several labels per image, the network
    ends in sigmoids instead of a softmax, and the loss is the binary cross-entropy, averaged over
    the labels; what is held out for validation is stratified iteratively (Sechidis, Tsoumakas and
    Vlahavas, ECML PKDD 2011). `partial_fit` goes on with the optimizer's state of the `partial_fit`
    before it; after a plain `fit` it starts the optimizer afresh, unless `warm_start` is set.
    Pickles leave the optimizer's state out unless `warm_start` is set.

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
        """Estimator set up as a network is usually trained.

        Parameters
        ----------
        architecture : str or callable
            Name of a registered network, or a builder, that states its reference protocol (see
            :func:`skdl.plugins.reference_protocol`).
        **params : dict
            Parameters that take the place of the protocol's, or come on top. With an `optimizer`
            other than the protocol's, the protocol's `optimizer__*` parameters, which are that
            optimizer's settings, are left out.

        Returns
        -------
        estimator : CNNClassifier
            Unfitted, with optimizer, schedule, batch size and epochs as ordinary parameters.

        Raises
        ------
        ValueError
            If the name is unknown, or the network states no protocol.

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
                f"The architecture {shortened(architecture)} states no reference protocol. "
                "Decorate its "
                "builder with skdl.plugins.reference_protocol(epochs=…, …), or set the parameters "
                "of CNNClassifier yourself."
            )
        own = cls(architecture, **protocol).optimizer
        if params.get("optimizer", own) != own:
            protocol = {k: v for k, v in protocol.items() if not k.startswith("optimizer__")}
        return cls(architecture, **{**protocol, **params})
