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
    """Locate the evidence of a network for a class by gradients (Grad-CAM).

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        A network of skdl, or an estimator that ends in one: a pipeline whose other steps keep
        images as images, such as Resize, ImageLoader and scalers, a search, or a classifier with a
        threshold.
    X : array-like
        Images or paths of image files, as the estimator accepts them.
    y : array-like of shape (n,), or a label, default=None
        Class whose evidence is shown, for each image or for all. If None, use the predicted
        classes.
    layer : str, default=None
        Name of a layer that outputs feature maps; see :meth:`skdl.CNNClassifier.layer_shapes`. If
        None, use the last one whose maps have more than one position.

    Returns
    -------
    maps : float32 ndarray of shape (n, height, width)
        Maps in the size of the images that the network receives and in [0, 1], divided by the
        largest value of each image. All zeros if there is no evidence for the class.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If there is no network, it does not receive the images, or it has no such layer; if a label
        is not among the classes, or the number of labels differs from that of the images.

    See Also
    --------
    occlusion_maps : The same for any classifier, by covering parts of the images.
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
    """Output of a layer of a network for images.

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        A network of skdl, or an estimator that ends in one, as for :func:`grad_cam`.
    X : array-like
        Images or paths of image files, as the estimator accepts them.
    layer : str
        Name of the layer; see :meth:`skdl.CNNClassifier.layer_shapes`.

    Returns
    -------
    activations : float32 ndarray of shape (n, height, width, channels)
        For layers that do not output feature maps, of shape (n, …).

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If there is no network, it does not receive the images, or it has no such layer.

    See Also
    --------
    feature_maps : The maps with the channels first.
    skdl.CNNClassifier.activations : The same for the network itself.

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
    """Feature maps of a layer of a network for images, channels first.

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        A network of skdl, or an estimator that ends in one, as for :func:`grad_cam`.
    X : array-like
        Images or paths of image files, as the estimator accepts them.
    layer : str
        Name of a layer that outputs feature maps; see :meth:`skdl.CNNClassifier.layer_shapes`.

    Returns
    -------
    maps : float32 ndarray of shape (n, n_maps, height, width)
        One map per channel of the layer, for each image.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        As for :func:`activations`; or if the layer outputs no feature maps.

    See Also
    --------
    activations : The same, channels last, and for layers of any kind.
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
            f"The layer {shortened(layer)} outputs values of shape {values.shape[1:]} for an "
            "image; expected feature maps (height, width, channels). layer_shapes() lists all "
            "layers."
        )
    return np.moveaxis(values, -1, 1)
