"""What a layer of a network makes of an image, and what its filters look for."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import check_choice, check_whole
from skdl._utils.nesting import nested
from skdl.images import read_batch
from skdl.inspection import as_images, maps_of, network_input
from skdl.plotting._layout import add_bar, draw_image, image_axes

Kind = Literal["activations", "filters"]


@dataclass(eq=False, repr=False)
class FeatureMapDisplay:
    """A grid of the feature maps of a layer, or of the filters of a convolution.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    maps : ndarray of shape (n_maps, h, w), or (n_maps, h, w, 3)
        Feature maps or filters; those with three channels are drawn as colours.
    numbers : sequence of int, default=None
        Numbers of the maps in the layer, counted from 0. If None, number them consecutively.
    image : ndarray of shape (h, w, c), default=None
        The image of the feature maps, with values in [0, 1]; drawn first.
    kind : {"activations", "filters"}, default="activations"
        Whether the maps are activations or filters.
    label : str, default=None
        Label of the colour bar.
    title : str, default=None
        Title of the figure.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes
        The axes of the image, if any, then one per map, row by row.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        The colour bar, which all maps share; None if filters are drawn as colours.

    See Also
    --------
    skdl.CNNClassifier.layer_shapes : Names of the layers.
    skdl.inspection.feature_maps : The maps as arrays.
    skdl.plotting.SaliencyDisplay : Where in an image the evidence for a class is.

    Examples
    --------
    >>> from skdl import CNNClassifier
    >>> from skdl.datasets import load_digits_images
    >>> from skdl.plotting import FeatureMapDisplay
    >>> X, y = load_digits_images(return_X_y=True)
    >>> model = CNNClassifier(epochs=1, random_state=0).fit(X[:200], y[:200])
    >>> display = FeatureMapDisplay.from_estimator(model, X[:1], layer="conv2d", n_maps=8)
    >>> display.maps.shape, len(display.axes_)
    ((8, 8, 8), 9)
    >>> display = FeatureMapDisplay.from_estimator(model, layer="conv2d", kind="filters")
    >>> display.title
    'conv2d: 16 of 32 filters'
    """

    maps: npt.NDArray[Any]
    numbers: Sequence[int] | None = None
    image: npt.NDArray[Any] | None = None
    _: KW_ONLY
    kind: Kind = "activations"
    label: str | None = None
    title: str | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        *,
        layer: str,
        kind: Kind = "activations",
        n_maps: int = 16,
        image_shape: Sequence[int] | None = None,
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw a layer of a fitted network.

        Parameters
        ----------
        estimator : fitted classifier, Pipeline or search
            A network of skdl, or a pipeline that ends in one.
        X : array-like of one image, default=None
            A batch of one, such as ``X[:1]``, for "activations"; not used for "filters".
        layer : str
            Name of the layer; see :meth:`skdl.CNNClassifier.layer_shapes`.
        kind : {"activations", "filters"}, default="activations"
            "activations" are the feature maps of the layer for the image. "filters" are the kernels
            of a convolution: those with three input channels as colours, in which grey means a
            weight of zero; for others, the mean over their input channels.
        n_maps : int, default=16
            Maximum number of maps or filters to draw; the first ones are drawn.
        image_shape : (height, width) or (height, width, channels), default=None
            Shape of a flattened image. If None, use the ``image_shape_`` of the estimator.
        title : str, default=None
            Title of the figure. If None, it names the layer.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on: one for the image, if there is one, then one per map. If None, create a
            new figure.

        Returns
        -------
        display : FeatureMapDisplay
            The drawn display.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it has no network, or the network has no such layer; if the layer has no feature maps
            or no filters; or if X is not one image.
        """
        check_choice(kind, "kind", ("activations", "filters"))
        n_maps = check_whole(n_maps, "n_maps", low=1)
        check_is_fitted(estimator)
        if kind == "filters":
            display = cls._of_filters(estimator, layer, n_maps)
        else:
            display = cls._of_activations(estimator, X, layer, n_maps, image_shape)
        return display.plot(title=title, ax=ax)

    @classmethod
    def _of_activations(cls, model: Any, X: Any, layer: str, n_maps: int, image_shape: Any) -> Self:
        if X is None:
            raise ValueError("X is None. Pass a batch of one image, such as X[:1].")
        n_images = len(read_batch(X))
        if n_images != 1:
            raise ValueError(f"X holds {n_images} images. Pass a batch of one, such as X[:1].")
        network, passed, shown = network_input(model, X, "activations")
        maps = maps_of(network, passed, layer)[0]
        shown_maps = maps[:n_maps]
        return cls(
            shown_maps,
            range(len(shown_maps)),
            as_images(model, shown, image_shape)[0],
            label="Activation",
            title=f"{layer}: {len(shown_maps)} of {len(maps)} feature maps",
        )

    @classmethod
    def _of_filters(cls, model: Any, layer: str, n_maps: int) -> Self:
        *_, network = nested(model)
        if not hasattr(network, "filters"):
            raise ValueError(f"{type(network).__name__} has no filters. Pass a network of skdl.")
        filters = network.filters(layer=layer)
        n_inputs, n_filters = filters.shape[2:]
        n_maps = min(n_maps, n_filters)
        maps = np.moveaxis(filters[..., :n_maps], -1, 0)
        what = f", mean over {n_inputs} input channels" if n_inputs > 1 else ""
        return cls(
            maps if n_inputs == 3 else maps.mean(axis=-1),
            range(n_maps),
            kind="filters",
            label="Weight",
            title=f"{layer}: {n_maps} of {n_filters} filters"
            + (" as colours, grey is 0" if n_inputs == 3 else what),
        )

    def plot(self, *, title: str | None = None, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        title : str, default=None
            Title of the figure. If None, use that of the display.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on; see :meth:`from_estimator`. If None, create a new figure.

        Returns
        -------
        self : FeatureMapDisplay
            The display, with `figure_`, `axes_` and `colorbar_`.

        Raises
        ------
        ValueError
            If `ax` does not hold the required number of axes.
        """
        numbers = range(len(self.maps)) if self.numbers is None else self.numbers
        captions = ["image"] * (self.image is not None) + [str(number) for number in numbers]
        is_color = self.maps.ndim == 4
        title = self.title if title is None else title
        figure, axes = image_axes(ax, captions, title, with_bar=not is_color)
        panels = list(axes)
        if self.image is not None:
            draw_image(panels.pop(0), self.image, captions.pop(0))
        # One scale for all, so that they can be compared.
        low, high = self._limits()
        for panel, values, caption in zip(panels, self.maps, captions, strict=True):
            if is_color:
                draw_image(panel, (values - low) / (high - low), caption)
            else:
                cmap = "gray" if self.kind == "filters" else "viridis"
                draw_image(panel, values, caption, cmap=cmap, limits=(low, high))
        self.colorbar_ = None if is_color else add_bar(axes, panels[0].images[0], self.label)
        self.figure_, self.axes_ = figure, np.array(axes, dtype=object)
        return self

    def _limits(self) -> tuple[float, float]:
        """Values of the darkest and of the brightest point; of filters, zero is in the middle."""
        low, high = float(np.min(self.maps)), float(np.max(self.maps))
        if self.kind == "filters":
            high = max(-low, high)
            low = -high
        return low, high if high > low else low + 1
