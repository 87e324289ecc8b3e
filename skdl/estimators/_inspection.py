"""Looks into trained classifiers: where the evidence for a class lies, and what layers give."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from skdl.engine import Inspector
from skdl.estimators._inputs import check_labels, encode_labels
from skdl.images import ImageFormat


class InspectionMixin:
    """Methods of image classifiers that look into the network. None of them changes anything."""

    classes_: npt.NDArray[Any]
    _image_format: ImageFormat
    _network: Any
    _fitted_optimizer: Any

    def grad_cam(
        self, X: Any, y: Any = None, *, layer: str | None = None
    ) -> npt.NDArray[np.float32]:
        """Where in the images the evidence for a class lies, by gradients (Grad-CAM).

        The maps of a layer are weighted by the gradients of the class's logit, averaged over all
        positions, and added up; what speaks against the class is set to zero. The logit is what
        goes into the softmax, whose own gradient vanishes where it is sure; of networks that end
        otherwise, it is the logarithm of the probability.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.
        y : array-like of shape (n,), or a label, default=None
            Class whose evidence is shown, of each image or of all. None takes the predicted ones.
        layer : str, default=None
            Layer that gives feature maps, by its name in :meth:`layer_shapes`. None takes the last
            one whose maps have more than one position.

        Returns
        -------
        maps : float32 ndarray of shape (n, height, width)
            In the size of the images (`image_shape_`), in [0, 1]: divided by the largest value of
            each image. All zeros where nothing speaks for the class.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit; if a label is not among the classes, or
            there are not as many as images; if there is no such layer, naming the near ones, or it
            gives no feature maps.

        Notes
        -----
        Maps of the layer are stretched to the size of the images. Where convolutions are not
        padded, this is off by up to half their margin.

        A map of the layer has one weight for all positions. That suits networks that average their
        last maps. Dense layers behind flattened maps may count a map for a class at one place and
        against it at another; the means then say little, or nothing at all.

        References
        ----------
        R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh and D. Batra, "Grad-CAM: visual
        explanations from deep networks via gradient-based localization", ICCV 2017.

        Examples
        --------
        >>> from skdl import CNNClassifier
        >>> from skdl.datasets import load_digits_images
        >>> X, y = load_digits_images(return_X_y=True)
        >>> model = CNNClassifier(epochs=1, random_state=0).fit(X[:200], y[:200])
        >>> model.grad_cam(X[:5], y=3).shape
        (5, 8, 8)
        """
        inspector = self._inspector()
        name = inspector.map_layer(layer)
        batch, images = self._image_format.check_batch(X, self)
        codes = None if y is None else self._codes(y, len(batch))
        return inspector.evidence(images, codes, name, self._image_format.image_shape[:2])

    def activations(self, X: Any, *, layer: str) -> npt.NDArray[np.float32]:
        """What a layer of the network gives for images.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.
        layer : str
            Name of the layer, see :meth:`layer_shapes`.

        Returns
        -------
        activations : float32 ndarray of shape (n, height, width, channels)
            Of layers that give no feature maps, (n, …). Of a layer that is used several times, what
            it gives the last time.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, or there is no such layer, naming the
            near ones.

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
            Name of the layer, see :meth:`layer_shapes`.

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
            If there is no such layer, naming the near ones, or it is no convolution.

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
        """Names of the network's layers, and the shape of what each gives for one image.

        Returns
        -------
        shapes : dict of str to tuple of int
            In the order of the computation. Names that a builder gives are kept; the others are
            those that Keras gives in a new process, such as "conv2d_1" to the second convolution,
            whatever was built before. (In `model_`, the numbers may be others.)

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
        return Inspector.of(self._network, self._fitted_optimizer)

    def _codes(self, y: Any, n: int) -> npt.NDArray[np.int32]:
        """Positions of the classes of `n` images."""
        labels = check_labels([y] * n if np.ndim(y) == 0 else y)
        if len(labels) != n:
            raise ValueError(
                f"X has {n} images, but y has {len(labels)} labels: pass one per image."
            )
        return encode_labels(labels, self.classes_)
