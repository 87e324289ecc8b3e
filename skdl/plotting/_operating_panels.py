"""The panels of an operating point: the ROC curve, and both rates by threshold."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import RocCurveDisplay

from skdl.plotting._palette import COLORS, MARKERS, REFERENCE, STYLES, add_legend, tidy

if TYPE_CHECKING:
    from skdl.plotting._operating_point import OperatingPointDisplay

_MARK: dict[str, Any] = {
    "ms": 8,
    "mec": "black",
    "linestyle": "none",
    "zorder": 4,
    "clip_on": False,  # also where it stands on the frame
}


def draw_curve(display: "OperatingPointDisplay", ax: Any) -> None:
    """The ROC curve, with the chosen threshold on it."""
    RocCurveDisplay(fpr=1 - display.specificity, tpr=display.sensitivity).plot(
        ax=ax,
        curve_kwargs={"color": COLORS[0], "label": _area_in_words(display)},
        plot_chance_level=True,
        chance_level_kw={"color": REFERENCE, "label": "chance (AUC 0.5)"},
        despine=True,
    )
    sensitivity, specificity = display.operating_point
    label = f"threshold {display.threshold:.3g}"
    ax.plot(1 - specificity, sensitivity, color=COLORS[0], marker="o", label=label, **_MARK)
    ax.set(xlabel="1 − specificity", ylabel="Sensitivity")
    tidy(ax)


def _area_in_words(display: "OperatingPointDisplay") -> str:
    if display.roc_auc is None:
        return "ROC curve"
    area, low, high = display.roc_auc
    if np.isnan(low) or np.isnan(high):
        return f"AUC {area:.3f} (no interval)"
    return f"AUC {area:.3f} ({100 * display.level:g} % CI {low:.3f} to {high:.3f})"


def draw_rates(display: "OperatingPointDisplay", ax: Any) -> None:
    """Sensitivity and specificity by threshold."""
    finite = display.thresholds[np.isfinite(display.thresholds)]
    low, high = _limits(finite, display.threshold)
    # A rate holds from above the threshold before to its own: all cases lie above the lowest.
    places = np.concatenate([[low], finite[::-1], [high]])
    at_threshold = dict(zip(("sensitivity", "specificity"), display.operating_point, strict=True))
    rates = {"sensitivity": (display.sensitivity, 1.0), "specificity": (display.specificity, 0.0)}
    ax.axvline(
        display.threshold, color=REFERENCE, linewidth=1, label=f"threshold {display.threshold:.3g}"
    )
    for i, (name, (rate, lowest)) in enumerate(rates.items()):
        ax.step(
            places,
            np.concatenate([[lowest], rate[::-1]]),
            where="pre",
            color=COLORS[i],
            linestyle=STYLES[i],
            label=f"{name} ({at_threshold[name]:.3f} at the threshold)",
        )
        ax.plot(display.threshold, at_threshold[name], color=COLORS[i], marker=MARKERS[i], **_MARK)
    ax.set(xlabel=f"Threshold of the {display.score_name}", ylabel="Rate")
    ax.set(xlim=(low, high), ylim=(-0.02, 1.02))
    tidy(ax)


def _limits(scores: npt.NDArray[np.float64], threshold: float) -> tuple[float, float]:
    """From where to where thresholds are drawn."""
    low, high = min(scores.min(), threshold), max(scores.max(), threshold)
    if low >= 0 and high <= 1:
        return -0.02, 1.02
    margin = 0.05 * ((high - low) or 1.0)
    return low - margin, high + margin


def draw_legend(ax: Any, below: bool) -> None:
    from matplotlib.transforms import offset_copy

    place: dict[str, Any] = {"loc": "best"}
    if below:
        place = {
            "loc": "upper center",
            "bbox_to_anchor": (0.5, 0),
            "bbox_transform": offset_copy(ax.transAxes, ax.figure, y=-0.45, units="inches"),
        }
    add_legend(ax, borderaxespad=0, **place)
