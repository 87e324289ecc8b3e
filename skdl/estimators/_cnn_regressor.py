"""`CNNRegressor`: a convolutional network for numbers, trained from scratch."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from skdl._utils.scikit import StrOptions
from skdl.estimators._regressor import REGRESSOR_CONSTRAINTS, ImageRegressor
from skdl.preprocessing import Augmentation


class CNNRegressor(ImageRegressor):
    """Convolutional network that maps images to numbers, trained from scratch.

    An ordinary scikit-learn regressor of one or several outputs, such as an age, a grade or the
    position of a landmark. Targets are standardised for training, so that their unit does not
    matter. With an int `random_state`, two fits are bit-identical on one machine.

    Parameters
    ----------
    architecture : str or callable, default="simple"
        Name of a registered network (see :func:`skdl.list_architectures`), or a function
        ``(input_shape, n_classes, **params) -> keras.Model`` at the top level of a module that
        returns an uncompiled network ending in a layer with ``activation="softmax"``, which is
        omitted here; `n_classes` is the number of outputs. Lambdas are not accepted, because they
        cannot be pickled or sent to another process.
    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        Loss to minimise, computed on standardised targets. "absolute_error" estimates medians and
        is less sensitive to outliers; "huber" is squared up to one standard deviation and absolute
        beyond.
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
        Share of the training data to hold out for validation. The split is random, seeded by
        `random_state`, and holds out whole groups if `groups` is passed to `fit`. If None, use 0.1
        with `early_stopping`, and no validation without it. Not used when `X_val` and `y_val` are
        passed to `fit`.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping ends training.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
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
    n_outputs_ : int
        Number of outputs.
    target_mean_ : ndarray of shape (n_outputs_,)
        Mean of the y of `fit`, weighted.
    target_scale_ : ndarray of shape (n_outputs_,)
        Its standard deviation; 1 if it is constant.
    model_ : keras.Model
        The trained network, compiled; built on first access.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks of the last fit with their state, such as ``History().history``, but without
        their `model`. Not included in pickles.
    history_ : dict of str to list of float
        Per epoch: "loss" of the standardised targets, "learning_rate", and with validation data
        "val_loss". If fits with and without validation data follow each other, values that were not
        measured are NaN.
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
    CNNClassifier : The same for classes.
    BackboneFeatures : Features of a pretrained network for any regressor of scikit-learn.
    sklearn.neural_network.MLPRegressor : A network without convolutions.

    Notes
    -----
    `model_` returns standardised values; multiply them by `target_scale_` and add `target_mean_`.

    Examples
    --------
    Predict how much of an image is bright:

    >>> import numpy as np
    >>> from skdl import CNNRegressor
    >>> generator = np.random.default_rng(0)
    >>> share = generator.random(200)
    >>> X = (generator.random((200, 8, 8)) < share[:, None, None]).astype(float)
    >>> model = CNNRegressor(epochs=10, random_state=0).fit(X[:150], share[:150])
    >>> bool(model.score(X[150:], share[150:]) > 0.8)
    True
    """

    _parameter_constraints = {
        **REGRESSOR_CONSTRAINTS,
        "architecture": [str, callable],
        "color": [None, StrOptions({"rgb", "grayscale"})],
    }

    def __init__(
        self,
        architecture: str | Callable[..., Any] = "simple",
        *,
        loss: Literal["squared_error", "absolute_error", "huber"] = "squared_error",
        epochs: int = 10,
        batch_size: int = 32,
        optimizer: Any = "adam",
        learning_rate_schedule: Any = None,
        early_stopping: bool = False,
        validation_fraction: float | None = None,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
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
