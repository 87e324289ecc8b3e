"""What a network, be it in a pipeline or a search, says of images."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from skdl._utils.text import shortened
from skdl.inspection._evidence import network_input


def grad_cam(
    estimator: Any, X: Any, y: Any = None, *, layer: str | None = None
) -> npt.NDArray[np.float32]:
    """Where a network finds the evidence for a class, by gradients (Grad-CAM).

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        A network of skdl, or what ends in one: a pipeline whose other steps keep images as images,
        such as Resize, ImageLoader and scalers, a search, or a classifier with a threshold.
    X : array-like
        Images or paths of image files, as the estimator takes them.
    y : array-like of shape (n,), or a label, default=None
        Class whose evidence is asked for, of each image or of all. None takes the predicted ones.
    layer : str, default=None
        Layer that gives feature maps, by its name in :meth:`skdl.CNNClassifier.layer_shapes`. None
        takes the last one whose maps have more than one position.

    Returns
    -------
    maps : float32 ndarray of shape (n, height, width)
        In the size of the images as the network gets them, in [0, 1]: divided by the largest value
        of each image. All zeros where nothing speaks for the class.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If there is no network, it does not see the images, or it has no such layer; if a label is
        not among the classes, or there are not as many as images.

    See Also
    --------
    occlusion_maps : The same of any classifier, by covering parts of the images.
    skdl.CNNClassifier.grad_cam : How the maps are computed.
    skdl.plotting.SaliencyDisplay : Draws the maps over the images.

    References
    ----------
    R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh and D. Batra, "Grad-CAM: visual
    explanations from deep networks via gradient-based localization", ICCV 2017.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skdl import CNNClassifier, Resize
    >>> from skdl.datasets import load_digits_images
    >>> from skdl.inspection import grad_cam
    >>> X, y = load_digits_images(return_X_y=True)
    >>> model = make_pipeline(Resize(12), CNNClassifier(epochs=1, random_state=0))
    >>> grad_cam(model.fit(X[:200], y[:200]), X[:5], 3).shape
    (5, 12, 12)
    """
    check_is_fitted(estimator)
    network, passed, _ = network_input(estimator, X, "grad_cam")
    if y is None and network is not estimator:  # which may have a threshold of its own
        y = estimator.predict(X)
    return np.asarray(network.grad_cam(passed, y, layer=layer))


def activations(estimator: Any, X: Any, *, layer: str) -> npt.NDArray[np.float32]:
    """What a layer of a network gives for images.

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        A network of skdl, or what ends in one, as for :func:`grad_cam`.
    X : array-like
        Images or paths of image files, as the estimator takes them.
    layer : str
        Name of the layer, see :meth:`skdl.CNNClassifier.layer_shapes`.

    Returns
    -------
    activations : float32 ndarray of shape (n, height, width, channels)
        Of layers that give no feature maps, (n, …).

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If there is no network, it does not see the images, or it has no such layer.

    See Also
    --------
    feature_maps : The maps one after the other.
    skdl.CNNClassifier.activations : Of the network itself.

    Examples
    --------
    >>> from skdl import CNNClassifier
    >>> from skdl.datasets import load_digits_images
    >>> from skdl.inspection import activations
    >>> X, y = load_digits_images(return_X_y=True)
    >>> model = CNNClassifier(epochs=1, random_state=0).fit(X[:200], y[:200])
    >>> activations(model, X[:5], layer="dense").shape
    (5, 128)
    """
    check_is_fitted(estimator)
    network, passed, _ = network_input(estimator, X, "activations")
    return np.asarray(network.activations(passed, layer=layer))


def feature_maps(estimator: Any, X: Any, *, layer: str) -> npt.NDArray[np.float32]:
    """Feature maps that a layer of a network makes of images, one after the other.

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        A network of skdl, or what ends in one, as for :func:`grad_cam`.
    X : array-like
        Images or paths of image files, as the estimator takes them.
    layer : str
        Name of a layer that gives feature maps, see :meth:`skdl.CNNClassifier.layer_shapes`.

    Returns
    -------
    maps : float32 ndarray of shape (n, n_maps, height, width)
        Of each image, one map per channel of the layer.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        As :func:`activations`; or if the layer gives no feature maps.

    See Also
    --------
    activations : The same, channels last, and of layers of any kind.
    skdl.plotting.FeatureMapDisplay : Draws the maps of an image.

    Examples
    --------
    >>> from skdl import CNNClassifier
    >>> from skdl.datasets import load_digits_images
    >>> from skdl.inspection import feature_maps
    >>> X, y = load_digits_images(return_X_y=True)
    >>> model = CNNClassifier(epochs=1, random_state=0).fit(X[:200], y[:200])
    >>> feature_maps(model, X[:5], layer="conv2d").shape
    (5, 32, 8, 8)
    """
    check_is_fitted(estimator)
    network, passed, _ = network_input(estimator, X, "activations")
    return maps_of(network, passed, layer)


def maps_of(network: Any, X: Any, layer: str) -> npt.NDArray[np.float32]:
    """Feature maps of a layer of a network, channels first."""
    values = network.activations(X, layer=layer)
    if values.ndim != 4:
        raise ValueError(
            f"The layer {shortened(layer)} gives values of shape {values.shape[1:]} for an image; "
            "expected feature maps (height, width, channels). layer_shapes() lists all layers."
        )
    return np.moveaxis(values, -1, 1)
