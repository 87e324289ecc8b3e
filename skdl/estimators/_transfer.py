"""`TransferClassifier`: a classifier on a pretrained network."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from skdl.estimators._classifier import CLASSIFIER_CONSTRAINTS, ImageClassifier
from skdl.estimators._transfer_base import TRANSFER_CONSTRAINTS, OnBackbone
from skdl.preprocessing import Augmentation


class TransferClassifier(OnBackbone, ImageClassifier):
    """Classifier that trains a new head, and optionally more layers, of a pretrained network.

    Layers below the first trained layer are frozen and run once per image instead of once per
    epoch. Their outputs are kept in a store, so that folds, candidates of a search and reruns reuse
    them.

    Parameters
    ----------
    backbone : str or callable, default="cifar_resnet20"
        Name of a backbone (``skdl list backbones``), or a builder decorated with
        :func:`skdl.backbones.declare_backbone`.
    weights : str or path-like, default="auto"
        Initial weights; see :class:`BackboneFeatures`.
    trainable : "head", "all", int or str, default="head"
        What to train: only the dense layers after the backbone ("head"); everything ("all"); this
        number of last blocks of the backbone (blocks end in the layers that it declares); or the
        layer of this name and all layers after it. Everything else is frozen.
    head : sequence of int, default=()
        Units of dense layers before the softmax.
    pooling : {"avg", "max", "flatten", "gem"}, default="avg"
        How to pool the last feature map; see :class:`BackboneFeatures`.
    dropout : float in [0, 1), default=0.0
        Dropout rate after each layer of `head`, or of the features if `head` is empty.
    image_size : int, (height, width) or None, default=None
        Size to resize images to before they reach the network. If None, keep their size.
    keep_aspect : bool, default=False
        Whether resizing keeps the aspect ratio and pads with black on both sides.
    input_adapter : {"mean", "first3", "repeat"} or None, default=None
        How to convert images of any number of channels for the network: use the mean of the
        channels, the first three, or all channels repeated; see :class:`BackboneFeatures`. If None,
        images that are neither grayscale nor colour raise an error.
    epochs : int, default=30
        Number of passes over the training data, at least 1, not counting `warmup_epochs`.
    batch_size : int, default=32
        Number of images per training step, at least 1.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Name or class of a Keras optimizer, configured by `optimizer__*` parameters; or a configured
        instance, which is copied for each fit.
    learning_rate_schedule : {"cosine", "step", "one_cycle"}, Keras schedule or None, default=None
        How the learning rate changes; see :class:`CNNClassifier`.
    warmup_epochs : int, default=5
        If part of the backbone is trained: number of passes before that, in which only the head is
        trained, so that its first steps do not destroy what the backbone has learned.
    finetune_learning_rate : float or None, default=None
        Learning rate while part of the backbone is trained, also for the head. If None, use a tenth
        of the optimizer's learning rate, or the Keras schedule.
    layer_decay : float in (0, 1], default=1.0
        Factor that the learning rate is multiplied by for each block, from the head down.
    early_stopping : bool, default=False
        Stop when the validation loss has not improved by `tol` for `n_iter_no_change` epochs, and
        keep the weights of the epoch with the lowest validation loss, which may be an epoch before
        the backbone was trained.
    validation_fraction : float in (0, 1), default=None
        Share of the training data to hold out for validation. If None, use 0.1 with
        `early_stopping`, and no validation without it. Whole groups are held out if `groups` is
        passed to `fit`. Not used when `X_val` and `y_val` are passed to `fit`.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping ends training.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of the classes, or of the labels; see :class:`CNNClassifier`.
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
        Random changes to the training images; see :class:`CNNClassifier`. They are drawn again in
        each epoch, so that all images pass through the whole network each time.
    augmentation_copies : int or None, default=None
        With `augmentation`: draw this many variants of each image once, so that the frozen layers
        run once per variant; each epoch uses one variant of each image.
    tta : int, default=0
        Test-time augmentation: number of variants of each image whose predictions are averaged with
        that of the image. Each variant shifts, rotates, flips and lightens or darkens all images in
        the same way, within the limits of `augmentation` and seeded by `random_state`; noise,
        cutout and mixing are left out. Can be set after `fit`.
    n_members : int, default=1
        Number of networks to train with different seeds; their predictions are averaged.
        `history_`, `n_iter_` and feature maps are those of the first network. Not available with
        `warm_start` or `partial_fit`.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images.
    value_range : (low, high), "standardized" or None, default=None
        Pixel values of black and white; if None, learn them in `fit`.
    precision : {"float32", "bfloat16"}, default="float32"
        Data type that the network computes in.
    store : "auto", str, path-like, FeatureStore or None, default="auto"
        Where the outputs of frozen layers are stored; see :class:`BackboneFeatures`.
    callbacks : callback, or list of callbacks, classes or functions, default=None
        Keras callbacks, copied for each fit, or classes or functions that return a new one. Their
        `model` is the whole network, which expects images with values from 0 to 1 (unlike `model_`)
        in the size that reaches the network. They see the warm-up as a separate training run.
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the previous fit, without a warm-up.
    random_state : int, RandomState instance or None, default=None
        Seeds the head, dropout, augmentation, the order of the batches and the validation split.
    verbose : int, default=0
        If 1, print one line per epoch.
    **routed : dict
        `backbone__*` parameters go to the backbone's builder (such as ``backbone__alpha=0.35``),
        `optimizer__*` parameters to the optimizer (such as ``optimizer__learning_rate=0.01``).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted; with several labels per image, the column numbers.
    multilabel_ : bool
        Whether each image may have several labels.
    model_ : keras.Model
        The whole network, compiled. It accepts the same pixel values as the estimator, in the size
        and the channels that reach the network. Built on first access.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks of the last fit with their state, such as ``History().history``, but without
        their `model`. Not included in pickles.
    history_ : dict of str to list of float
        Per epoch, including the warm-up: "loss", "accuracy", "learning_rate", and with validation
        data "val_loss" and "val_accuracy".
    n_iter_ : int
        Number of epochs trained, including the warm-up.
    validation_rows_ : ndarray of int of shape (n_held_out,) or None
        Indices, in the X of `fit`, of the images held out for validation, in ascending order; None
        if no images were held out.
    image_shape_ : (height, width, channels)
        Shape of one image.
    value_range_ : (low, high) or "standardized"
        The value range in use.
    n_features_in_ : int
        Number of values of one image: height × width × channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X was a DataFrame with string column names.

    Warns
    -----
    ConvergenceWarning
        If the loss after training the backbone is worse than with frozen features, or all training
        images are predicted as one class.

    See Also
    --------
    BackboneFeatures : Frozen features for any classifier of scikit-learn.
    VGG16Classifier : The same with VGG16.

    Notes
    -----
    Batch normalisation keeps its statistics in the whole backbone, even in trained layers, because
    statistics of small batches would ruin it. Its scales and offsets are trained.

    The head receives features that are standardised with the mean and standard deviation of the
    frozen features of the training data.

    References
    ----------
    J. Yosinski, J. Clune, Y. Bengio and H. Lipson, "How transferable are features in deep neural
    networks?", NeurIPS 2014. Layer-wise decay: J. Howard and S. Ruder, "Universal language model
    fine-tuning for text classification", ACL 2018.

    Examples
    --------
    >>> from skdl import TransferClassifier
    >>> from skdl.datasets import load_digits_images
    >>> X, y = load_digits_images(return_X_y=True)
    >>> model = TransferClassifier(image_size=(16, 16), random_state=0).fit(X[:1000], y[:1000])
    >>> bool(model.score(X[1000:], y[1000:]) > 0.85)
    True
    """

    _routing_prefixes = frozenset({"backbone", "optimizer"})
    _parameter_constraints = {
        "backbone": [str, callable],
        **CLASSIFIER_CONSTRAINTS,
        **TRANSFER_CONSTRAINTS,
    }

    def __init__(
        self,
        backbone: str | Callable[..., Any] = "cifar_resnet20",
        *,
        weights: Any = "auto",
        trainable: str | int = "head",
        head: Sequence[int] = (),
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
        class_weight: dict[Any, float] | list[dict[int, float]] | Literal["balanced"] | None = None,
        loss: Literal["cross_entropy", "focal", "ordinal"] = "cross_entropy",
        focal_gamma: float = 2.0,
        label_smoothing: float = 0.0,
        sampling: Literal["balanced"] | None = None,
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
