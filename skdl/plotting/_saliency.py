"""Images with what in them speaks for a class.

Decisions: docs/decisions.md#inspection-and-novelty.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import check_choice, check_number, check_whole
from skdl.inspection import Cover, as_images, class_codes, class_scores, covered_maps, network_input
from skdl.plotting._labels import names_by_label, percent
from skdl.plotting._layout import (
    CAPTION_WIDTH,
    add_bar,
    draw_image,
    first_rows,
    image_axes,
    wrapped,
)
from skdl.plotting._palette import LINE_WIDTH

Kind = Literal["probability", "decision"]
Method = Literal["auto", "grad_cam", "occlusion"]

_LEVEL = 0.5  # of the contour, which tells in grayscale


@dataclass(eq=False, repr=False)
class SaliencyDisplay:
    """Images overlaid with maps of the evidence for a class.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    images : sequence of ndarray of shape (h, w, c)
        The images to draw, with values in [0, 1].
    maps : sequence of ndarray of shape (h', w')
        The evidence in each image, in [0, 1]; maps of any size are stretched over the image.
    class_names : sequence of str, default=None
        The class of each map. If None, it is not shown.
    scores : sequence of float, default=None
        Scores of the estimator for these classes.
    score_kind : {"probability", "decision"}, default="probability"
        Whether `scores` are probabilities, or values of a decision function.
    method : {"grad_cam", "occlusion"}, default=None
        Method that computed the maps.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes
        One per image, row by row.
    colorbar_ : matplotlib.colorbar.Colorbar
        The colour bar: no evidence, half of the maximum in the image (the contour), the maximum.

    See Also
    --------
    skdl.inspection.grad_cam : The maps of a network, and their source.
    skdl.inspection.occlusion_maps : The maps of any classifier, and their source.
    skdl.plotting.FeatureMapDisplay : The feature maps of a layer.

    Notes
    -----
    A map shows what the score depends on, not whether the prediction is right: read it together
    with the label.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdl.plotting import SaliencyDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = LogisticRegression(max_iter=200).fit(X[:300] / 16, y[:300])
    >>> display = SaliencyDisplay.from_estimator(model, X[:4] / 16, patch=2)
    >>> display.method, display.class_names, display.maps[0].shape
    ('occlusion', ['0', '1', '2', '3'], (8, 8))
    """

    images: Sequence[npt.NDArray[Any]]
    maps: Sequence[npt.NDArray[Any]]
    class_names: Sequence[str] | None = None
    scores: Sequence[float] | None = None
    _: KW_ONLY
    score_kind: Kind = "probability"
    method: Literal["grad_cam", "occlusion"] | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        method: Method = "auto",
        layer: str | None = None,
        patch: int | tuple[int, int] | None = None,
        stride: int | tuple[int, int] | None = None,
        fill: float | Literal["mean"] = "mean",
        n_images: int = 12,
        target_names: Sequence[str] | None = None,
        image_shape: Sequence[int] | None = None,
        alpha: float = 0.7,
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the evidence for a class that a fitted classifier uses.

        Parameters
        ----------
        estimator : fitted classifier, Pipeline or search
            Classifier with ``predict_proba`` or ``decision_function``, and ``classes_``.
        X : array-like
            Images or paths of image files, as :mod:`skdl.images` reads them.
        y : array-like of shape (n,), or a label, default=None
            Class whose evidence is shown, for each image or for all. If None, use the predicted
            classes.
        method : {"auto", "grad_cam", "occlusion"}, default="auto"
            "grad_cam" uses the network (see :meth:`skdl.CNNClassifier.grad_cam`), which is the
            estimator, or the last step of a pipeline whose other steps keep images as images.
            "occlusion" covers parts of the image in turn, and measures by how much the score of the
            class falls; it works with any classifier. "auto" is "grad_cam" if it is possible and
            finds evidence in any of the images, and else "occlusion"; `method` of the display is
            the one used.
        layer : str, default=None
            For "grad_cam": layer of the network. If None, use the last feature maps.
        patch : int or (height, width), default=None
            For "occlusion": size of the covered part in pixels. If None, use a quarter of the
            shorter side.
        stride : int or (rows, columns), default=None
            For "occlusion": steps between covered parts. If None, use half of `patch`.
        fill : float or "mean", default="mean"
            For "occlusion": pixel value of the covered part, in the scale of X; "mean" is the mean
            colour of each image.
        n_images : int, default=12
            Maximum number of images to draw; the first ones are drawn.
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or indexed by labels, as in
            scikit-learn's data sets. If None, use the labels themselves.
        image_shape : (height, width) or (height, width, channels), default=None
            Shape of flattened images. If None, use the ``image_shape_`` of the estimator, if any.
        alpha : float in [0, 1], default=0.7
            Opacity of the strongest evidence.
        title : str, default=None
            Title of the figure.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on, one per image. If None, create a new figure.

        Returns
        -------
        display : SaliencyDisplay
            The drawn display.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If the estimator has none of the required methods, a label is not among its classes,
            there is no such layer, or a parameter is out of range.

        Notes
        -----
        Maps of both methods are divided by the largest value of each image, and evidence against
        the class is set to zero; if nothing remains, the caption is "nothing found". If steps of a
        pipeline resize or load images, they are drawn as the network gets them. Occlusion predicts
        many covered copies of each image; see :func:`skdl.inspection.occlusion_maps`.
        """
        check_choice(method, "method", ("auto", "grad_cam", "occlusion"))
        check_whole(n_images, "n_images", low=1)
        check_is_fitted(estimator)
        model = getattr(estimator, "best_estimator_", estimator)
        n, X = len(X), first_rows(X, n_images)
        scores, used = class_scores(model, X)
        kind: Kind = "probability" if used == "predict_proba" else "decision"
        codes = class_codes(model, X, scores, y, n)[:n_images]
        labels = np.asarray(model.classes_)[codes]
        found: Any = None
        by: Literal["grad_cam", "occlusion"] = "grad_cam"
        needed = method == "grad_cam" or layer is not None
        if method != "occlusion":
            try:
                network, passed, shown = network_input(model, X, "grad_cam")
                maps = network.grad_cam(passed, labels, layer=layer)
                found = as_images(model, shown, image_shape), maps
            except ValueError:
                if needed:
                    raise
        if found is None or not (needed or found[1].any()):
            by, cover = "occlusion", Cover(patch, stride, fill)
            found = covered_maps(model, X, codes, scores, image_shape, cover)
        names = names_by_label([np.asarray(model.classes_)], target_names)
        images, maps = found
        shown_names = [names[label] for label in labels.tolist()]
        shown_scores = scores[np.arange(len(codes)), codes].tolist()
        display = cls(images, maps, shown_names, shown_scores, score_kind=kind, method=by)
        return display.plot(alpha=alpha, title=title, ax=ax)

    def plot(self, *, alpha: float = 0.7, title: str | None = None, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        alpha : float in [0, 1], default=0.7
            Opacity of the strongest evidence.
        title : str, default=None
            Title of the figure.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on, one per image. If None, create a new figure.

        Returns
        -------
        self : SaliencyDisplay
            The display, with `figure_`, `axes_` and `colorbar_`.

        Raises
        ------
        ValueError
            If `alpha` is out of range, or `ax` holds fewer axes than there are images.
        """
        check_number(alpha, "alpha", low=0, high=1)
        captions = [self._caption(i) for i in range(len(self.images))]
        figure, axes = image_axes(ax, captions, title, with_bar=True)
        overlays, colors = [], _colors(alpha)
        drawn = zip(axes, self.images, self.maps, captions, strict=True)
        for panel, image, evidence, caption in drawn:
            draw_image(panel, image, caption)
            overlays.append(_overlay(panel, image.shape[:2], evidence, colors))
        bar = add_bar(axes, overlays[0], "Evidence")
        bar.set_ticks([0, _LEVEL, 1], labels=["none", "half", "most"])
        bar.ax.axhline(_LEVEL, color="black", linewidth=LINE_WIDTH)
        self.colorbar_ = bar
        self.figure_, self.axes_ = figure, np.array(axes, dtype=object)
        return self

    def _caption(self, i: int) -> str:
        if self.class_names is None:
            return "" if np.any(self.maps[i]) else "nothing found"
        caption = str(self.class_names[i])
        if self.scores is not None:
            score = self.scores[i]
            is_share = self.score_kind == "probability"
            caption += f" ({percent(score)})" if is_share else f" (score {score:.2f})"
        caption = wrapped(caption, CAPTION_WIDTH)
        return caption if np.any(self.maps[i]) else f"{caption}\nnothing found"


def _colors(alpha: float) -> Any:
    """A perceptually uniform colour map, the more opaque the more evidence."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    values = np.linspace(0, 1, 256)
    colors = colormaps["viridis"](values)
    colors[:, 3] = alpha * values
    return ListedColormap(colors)


def _overlay(ax: Any, size: tuple[int, int], evidence: npt.NDArray[Any], colors: Any) -> Any:
    """Draw a map over an image, stretched to its size."""
    from matplotlib.patheffects import withStroke

    height, width = size
    overlay = ax.imshow(
        evidence,
        cmap=colors,
        vmin=0,
        vmax=1,
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        interpolation="bilinear",
        aspect=ax.get_aspect(),
    )
    if np.min(evidence) < _LEVEL < np.max(evidence):
        # As far as the edge of the image, not only to the middle of the last pixel.
        padded = np.pad(evidence, 1, mode="edge")
        y, x = (
            np.r_[0, np.arange(n) + 0.5, n] * side / n - 0.5
            for n, side in zip(np.shape(evidence), size, strict=True)
        )
        line = ax.contour(x, y, padded, levels=[_LEVEL], colors="white", linewidths=LINE_WIDTH)
        line.set(path_effects=[withStroke(linewidth=2.6, foreground="black")])
    return overlay
