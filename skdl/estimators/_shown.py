"""What notebooks show of an estimator: scikit-learn's diagram, and what it was fitted on."""

from typing import Any

from skdl._utils import html
from skdl._utils.text import counted


class ShownMixin:
    """Adds what was learned to the diagram; anything else is scikit-learn's."""

    @property
    def _repr_html_(self) -> Any:
        diagram = super()._repr_html_  # type: ignore[misc]  # AttributeError if text is displayed
        return lambda: diagram() + fitted_html(self)

    def _repr_mimebundle_(self, **settings: Any) -> dict[str, str]:
        shown: dict[str, str] = super()._repr_mimebundle_(**settings)  # type: ignore[misc]
        if "text/html" in shown:
            shown["text/html"] += fitted_html(self)
        return shown

    def _fitted_on(self) -> str:
        """On which images it was fitted; "" if it was not."""
        shape, value_range = (vars(self).get(name) for name in ("image_shape_", "value_range_"))
        if shape is None or value_range is None:
            return ""
        if value_range == "standardized":
            values = "standardised values"
        else:
            values = f"values from {value_range[0]:g} to {value_range[1]:g}"
        return f"fitted on images of shape {shape}, {values}"


def fitted_html(estimator: Any) -> str:
    """What a fitted estimator has seen and how its loss fell; "" before fit."""
    seen = estimator._fitted_on()
    if not seen:
        return ""
    facts, history = [f"{seen[:1].upper()}{seen[1:]}."], vars(estimator).get("history_", {})
    classes = vars(estimator).get("classes_")
    if classes is not None:
        facts.append(f"{counted(len(classes), 'class', 'classes')}.")
    losses = {name: history[name] for name in ("loss", "val_loss") if history.get(name)}
    if losses:
        ends = ", ".join(f"{name} {values[-1]:.3g}" for name, values in losses.items())
        facts.append(f"{counted(len(losses['loss']), 'epoch')}: {ends}.")
    return f"<div>{html.line(*facts)}{html.sparkline(losses)}</div>"
