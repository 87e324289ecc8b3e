"""Looks into trained networks: what their layers give."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from skdl.engine import Inspector
from skdl.images import ImageFormat


class LayersMixin:
    """Methods that inspect the network of an estimator without changing it."""

    _image_format: ImageFormat
    _network: Any
    _fitted_optimizer: Any

    def activations(self, X: Any, *, layer: str) -> npt.NDArray[np.float32]:
        """Output of a layer of the network for images.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.
        layer : str
            Name of the layer; see :meth:`layer_shapes`.

        Returns
        -------
        activations : float32 ndarray of shape (n, height, width, channels)
            For layers that do not output feature maps, of shape (n, …). For a layer that is used
            several times, the output of its last use.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, or there is no such layer, naming
            similar ones.

        Examples
        --------
        >>> from skdl import CNNClassifier
        >>> from skdl.datasets import load_digits_images
        >>> X, y = load_digits_images(return_X_y=True)
        >>> model = CNNClassifier(epochs=1, random_state=0).fit(X[:200], y[:200])
        >>> model.activations(X[:5], layer="conv2d").shape
        (5, 8, 8, 32)
        """
        inspector = self._inspector()
        name = inspector.check_layer(layer)
        _, images = self._image_format.check_batch(X, self)
        return inspector.outputs(images, name)

    def filters(self, *, layer: str) -> npt.NDArray[np.float32]:
        """Filters of a convolution.

        Parameters
        ----------
        layer : str
            Name of the layer; see :meth:`layer_shapes`.

        Returns
        -------
        filters : float32 ndarray of shape (height, width, input channels, n_filters)
            Those of a depthwise convolution, and of the depthwise part of a separable one, have one
            input channel. Colours are in the order of the images, red first.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If there is no such layer, naming similar ones, or it is not a convolution.

        Examples
        --------
        >>> from skdl import CNNClassifier
        >>> from skdl.datasets import load_digits_images
        >>> X, y = load_digits_images(return_X_y=True)
        >>> model = CNNClassifier(epochs=1, random_state=0).fit(X[:200], y[:200])
        >>> model.filters(layer="conv2d").shape
        (3, 3, 1, 32)
        """
        return self._inspector().filters(layer)

    def layer_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names of the network's layers, and the shape of each layer's output for one image.

        Returns
        -------
        shapes : dict of str to tuple of int
            In the order of the computation. Names set by a builder are kept; the others are those
            that Keras assigns in a new process, such as "conv2d_1" to the second convolution,
            regardless of what was built before. (In `model_`, the numbers may differ.)

        Raises
        ------
        NotFittedError
            Before fit.

        Examples
        --------
        >>> from skdl import CNNClassifier
        >>> from skdl.datasets import load_digits_images
        >>> X, y = load_digits_images(return_X_y=True)
        >>> model = CNNClassifier(epochs=1, random_state=0).fit(X[:200], y[:200])
        >>> shapes = model.layer_shapes()
        >>> shapes["conv2d_1"], shapes["flatten"]
        ((4, 4, 64), (256,))
        """
        return dict(self._inspector().shapes)

    def _inspector(self) -> Inspector:
        check_is_fitted(self)
        return Inspector.of(self._network.first, self._fitted_optimizer)
