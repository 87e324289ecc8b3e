"""Looks into trained classifiers: where the evidence for a class lies."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl.estimators._inputs import check_labels, encode_labels
from skdl.estimators._layers import LayersMixin
from skdl.images import ImageBatch


class InspectionMixin(LayersMixin):
    """Methods of image classifiers that inspect the network without changing it."""

    classes_: npt.NDArray[Any]
    _averaged: Callable[[ImageBatch], npt.NDArray[np.float32]]

    def grad_cam(
        self, X: Any, y: Any = None, *, layer: str | None = None
    ) -> npt.NDArray[np.float32]:
        """Locate the evidence for a class in images by gradients (Grad-CAM).

        The feature maps of a layer are weighted by the gradients of the class's logit, averaged
        over all positions, and summed; negative values, which are evidence against the class, are
        set to zero. The logit is the input of the softmax, whose own gradient vanishes when the
        network is certain; for networks with another output, it is the logarithm of the
        probability.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.
        y : array-like of shape (n,), or a label, default=None
            Class whose evidence is shown, for each image or for all. If None, use the predicted
            classes.
        layer : str, default=None
            Name of a layer that outputs feature maps; see :meth:`layer_shapes`. If None, use the
            last one whose maps have more than one position.

        Returns
        -------
        maps : float32 ndarray of shape (n, height, width)
            Maps in the size of the images (`image_shape_`) and in [0, 1], divided by the largest
            value of each image. All zeros if there is no evidence for the class.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit; if a label is not among the classes, or
            their number differs from that of the images; if there is no such layer, naming similar
            ones, or it outputs no feature maps.

        Notes
        -----
        Maps of the layer are stretched to the size of the images. If convolutions are not padded,
        this is off by up to half their margin.

        Each map of the layer has one weight for all positions. This suits networks that average
        their last maps. Dense layers after flattened maps may count a map as evidence for a class
        at one position and against it at another; the averaged gradients then carry little or no
        information.

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
        codes: npt.NDArray[Any]
        if y is None:  # what `predict` says, which one network of several need not
            codes = self._averaged(images).argmax(axis=1)
        else:
            codes = self._codes(y, len(batch))
        return inspector.evidence(images, codes, name, self._image_format.image_shape[:2])

    def _codes(self, y: Any, n: int) -> npt.NDArray[np.int32]:
        """Positions of the classes of `n` images."""
        labels = check_labels([y] * n if np.ndim(y) == 0 else y)
        if len(labels) != n:
            raise ValueError(
                f"X has {n} images, but y has {len(labels)} labels: pass one per image."
            )
        return encode_labels(labels, self.classes_)
