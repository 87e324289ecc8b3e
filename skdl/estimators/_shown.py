"""What notebooks show of a fitted estimator, besides scikit-learn's diagram."""

from typing import Any

from skdl._utils import html
from skdl._utils.scikit import DiagramMixin
from skdl._utils.text import counted


class ShownMixin(DiagramMixin):
    """Says on which images an estimator was fitted, and how its loss fell."""

    def _below_diagram(self) -> str:
        seen, learned = self._fitted_on(), vars(self)
        if not seen:
            return ""
        facts = [f"{seen[:1].upper()}{seen[1:]}."]
        if learned.get("classes_") is not None:
            facts.append(f"{counted(len(learned['classes_']), 'class', 'classes')}.")
        history: dict[str, Any] = learned.get("history_", {})
        losses = {name: history[name] for name in ("loss", "val_loss") if history.get(name)}
        if losses:
            ends = ", ".join(f"{name} {values[-1]:.3g}" for name, values in losses.items())
            facts.append(f"{counted(len(losses['loss']), 'epoch')}: {ends}.")
        return f"<div>{html.line(*facts)}{html.sparkline(losses)}</div>"

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
