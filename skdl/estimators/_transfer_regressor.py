"""`TransferRegressor`: numbers by a network on a pretrained backbone."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from skdl.estimators._regressor import REGRESSOR_CONSTRAINTS, ImageRegressor
from skdl.estimators._transfer_base import TRANSFER_CONSTRAINTS, OnBackbone
from skdl.preprocessing import Augmentation


class TransferRegressor(OnBackbone, ImageRegressor):
    """Regressor on a pretrained network: a new head, and as much of the network as wanted.

    Layers below the first one that is trained are frozen, and run once for each image instead of
    once for each epoch; their outputs are kept in a store, so that folds, candidates and reruns
    find them.

    Parameters
    ----------
    backbone : str or callable, default="cifar_resnet20"
        Name of a backbone (``skdl list backbones``), or a builder under
        :func:`skdl.backbones.declare_backbone`.
    weights : str or path-like, default="auto"
        Weights to start with, see :class:`BackboneFeatures`.
    trainable : "head", "all", int or str, default="head"
        What is trained: the dense layers behind the backbone only; everything; the last so many
        blocks of the backbone (those that end in the layers it declares); or a layer, by its name,
        and all behind it. Everything else is frozen.
    head : sequence of int, default=()
        Units of dense layers before the outputs.
    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        Loss to minimise, of standardised targets. "absolute_error" estimates medians and is less
        sensitive to outliers; "huber" is squared up to one standard deviation and absolute beyond.
    pooling : {"avg", "max", "flatten", "gem"}, default="avg"
        How the last feature map becomes numbers, see :class:`BackboneFeatures`.
    dropout : float in [0, 1), default=0.0
        Dropped share behind each layer of `head`, or of the features where there is none.
    image_size : int, (height, width) or None, default=None
        What images are resized to before they reach the network. None keeps their own size.
    keep_aspect : bool, default=False
        Whether resizing keeps the ratio of height and width, and fills up with black on both sides.
    input_adapter : {"mean", "first3", "repeat"} or None, default=None
        What makes images for the network of images with any channels: their mean, the first three,
        or all again and again; see :class:`BackboneFeatures`. None refuses those that are neither
        gray nor colour.
    epochs : int, default=30
        Passes over the training data, at least 1, not counting `warmup_epochs`.
    batch_size : int, default=32
        Images per training step, at least 1.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Name or class of a Keras optimizer, configured by `optimizer__*` parameters; or a configured
        instance, which is copied for each fit.
    learning_rate_schedule : {"cosine", "step", "one_cycle"}, Keras schedule or None, default=None
        How the learning rate changes, see :class:`CNNClassifier`.
    warmup_epochs : int, default=5
        Where a part of the backbone is trained: passes before, in which the head is trained alone,
        so that its first steps do not spoil what the backbone has learned.
    finetune_learning_rate : float or None, default=None
        Learning rate once a part of the backbone is trained, of the head as well. None is a tenth
        of the optimizer's, or the Keras schedule.
    layer_decay : float in (0, 1], default=1.0
        Learning rates are multiplied by this for each block on the way from the head down.
    early_stopping : bool, default=False
        Stop when the validation loss has not improved by `tol` for `n_iter_no_change` epochs, and
        keep the weights of the epoch with the lowest validation loss, which may be that before the
        backbone was trained.
    validation_fraction : float in (0, 1), default=None
        Share of the training data to hold out for validation; None means 0.1 with `early_stopping`,
        and no validation without. Whole groups, if `fit` gets `groups`. Not used when `X_val` and
        `y_val` are passed to `fit`.
    n_iter_no_change : int, default=10
        Epochs without improvement after which early stopping ends the training.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
    augmentation : None, {"light", "medium", "strong", "random"} or Augmentation, default=None
        Random changes of the training images, see :class:`CNNClassifier`. They are drawn anew in
        each epoch, for which all images go through the whole network each time.
    augmentation_copies : int or None, default=None
        With `augmentation`: draw this many variants of each image once, so that the frozen layers
        run once for each of them; an epoch takes one of each image.
    tta : int, default=0
        Test-time augmentation: number of variants of each image whose predictions are averaged with
        its own. Each variant shifts, rotates, flips and lightens or darkens all images in the same
        way, within the limits of `augmentation` and seeded by `random_state`; noise, cutout and
        mixing are left out. Can be set after `fit`.
    n_members : int, default=1
        Number of networks that are trained with different seeds, and whose predictions are
        averaged. `history_`, `n_iter_` and feature maps are those of the first network. Not
        available with `warm_start` or `partial_fit`.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images.
    value_range : (low, high), "standardized" or None, default=None
        Pixel values that stand for black and white; None learns them in `fit`.
    precision : {"float32", "bfloat16"}, default="float32"
        What the network computes in.
    store : "auto", str, path-like, FeatureStore or None, default="auto"
        Where the outputs of frozen layers are kept, see :class:`BackboneFeatures`.
    callbacks : callback, or list of callbacks, classes or functions, default=None
        Keras callbacks, copied for each fit, or classes or functions that make a new one. Their
        `model` is the whole network, which takes images with values from 0 to 1 (unlike `model_`)
        in the size that reaches the network. The warm-up is a training of its own to them.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the fit before, without a warm-up.
    random_state : int, RandomState instance or None, default=None
        Seeds the head, dropout, augmentation, the order of the batches and the validation split.
    verbose : int, default=0
        1 prints a line per epoch.
    **routed : dict
        `backbone__*` parameters go to the backbone's builder (such as ``backbone__alpha=0.35``),
        `optimizer__*` parameters to the optimizer (such as ``optimizer__learning_rate=0.01``).

    Attributes
    ----------
    n_outputs_ : int
        Number of outputs.
    target_mean_ : ndarray of shape (n_outputs_,)
        Mean of the y of `fit`, weighted.
    target_scale_ : ndarray of shape (n_outputs_,)
        Its standard deviation; 1 where it is constant.
    model_ : keras.Model
        The whole network, compiled; it takes the pixel values that the estimator takes, in the size
        and the channels that reach the network. Made when first asked for.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks of the last fit, with what they remember, such as ``History().history``;
        without their `model`. Pickles leave them out.
    history_ : dict of str to list of float
        By epoch, those of the warm-up included: "loss" of the standardised numbers,
        "learning_rate", and with validation data "val_loss".
    n_iter_ : int
        Number of epochs trained, those of the warm-up included.
    validation_rows_ : ndarray of int of shape (n_held_out,) or None
        Positions, in the X of `fit`, of the images that it held out for validation, in ascending
        order; None where it held out none.
    image_shape_ : (height, width, channels)
        Shape of one image.
    value_range_ : (low, high) or "standardized"
        The value range in use.
    n_features_in_ : int
        Number of values of one image: height × width × channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X was a DataFrame with string names.

    Warns
    -----
    ConvergenceWarning
        If training the backbone ends worse than its frozen features did, or all training images get
        the same prediction.

    See Also
    --------
    BackboneFeatures : Frozen features for any regressor of scikit-learn.
    TransferClassifier : The same for classes.

    Notes
    -----
    Batch normalisation keeps its statistics in all of the backbone, also where it is trained: those
    of small batches would ruin it. Its scales and offsets are trained.

    The head sees features that are standardised as the frozen features of the training data are.

    References
    ----------
    J. Yosinski, J. Clune, Y. Bengio and H. Lipson, "How transferable are features in deep neural
    networks?", NeurIPS 2014. Layer-wise decay: J. Howard and S. Ruder, "Universal language model
    fine-tuning for text classification", ACL 2018.

    Examples
    --------
    Digits as numbers, which they are:

    >>> from skdl import TransferRegressor
    >>> from skdl.datasets import load_digits_images
    >>> X, y = load_digits_images(return_X_y=True)
    >>> model = TransferRegressor(image_size=(16, 16), random_state=0).fit(X[:1000], y[:1000])
    >>> bool(model.score(X[1000:], y[1000:]) > 0.6)
    True
    """

    _routing_prefixes = frozenset({"backbone", "optimizer"})
    _parameter_constraints = {
        "backbone": [str, callable],
        **REGRESSOR_CONSTRAINTS,
        **TRANSFER_CONSTRAINTS,
    }

    def __init__(
        self,
        backbone: str | Callable[..., Any] = "cifar_resnet20",
        *,
        weights: Any = "auto",
        trainable: str | int = "head",
        head: Sequence[int] = (),
        loss: Literal["squared_error", "absolute_error", "huber"] = "squared_error",
        pooling: Literal["avg", "max", "flatten", "gem"] = "avg",
        dropout: float = 0.0,
        image_size: int | tuple[int, int] | None = None,
        keep_aspect: bool = False,
        input_adapter: Literal["mean", "first3", "repeat"] | None = None,
        epochs: int = 30,
        batch_size: int = 32,
        optimizer: Any = "adam",
        learning_rate_schedule: Any = None,
        warmup_epochs: int = 5,
        finetune_learning_rate: float | None = None,
        layer_decay: float = 1.0,
        early_stopping: bool = False,
        validation_fraction: float | None = None,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        augmentation: str | Augmentation | None = None,
        augmentation_copies: int | None = None,
        tta: int = 0,
        n_members: int = 1,
        image_shape: Sequence[int] | None = None,
        value_range: tuple[float, float] | Literal["standardized"] | None = None,
        precision: Literal["float32", "bfloat16"] = "float32",
        store: Any = "auto",
        callbacks: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
        **routed: Any,
    ) -> None:
        self._set_parameters(locals())

    def _backbone(self) -> Any:
        return self.backbone
