"""From what a user passed to what a report says."""

from collections.abc import Sequence
from typing import Any

from sklearn.utils import check_consistent_length, column_or_1d

from skdl.evaluation import MultioutputResult
from skdl.reporting._audited import check_audit
from skdl.reporting._checklist import check_stated
from skdl.reporting._content import Content, of_one
from skdl.reporting._evaluated import evaluated
from skdl.reporting._outputs import of_outputs


def gather(
    source: Any,
    X: Any,
    y: Any,
    *,
    images: Any,
    title: str | None,
    notes: Sequence[str],
    model: str | None,
    pos_label: Any,
    target_names: Any,
    image_shape: Any,
    level: float,
    card: Any,
    stated: Any,
    audit: Any,
    draw: bool = True,
) -> Content:
    """Evaluate, if that was not done, and put everything together, with pictures or without."""
    check_stated(stated)  # before the work
    check_audit(audit, len(y) if hasattr(y, "__len__") else column_or_1d(y).size)
    result = evaluated(source, X, y, pos_label)
    shown = X if images is None else images
    check_consistent_length(shown, y)
    settings: dict[str, Any] = {
        "title": title,
        "notes": notes,
        "model": model,
        "target_names": target_names,
        "image_shape": image_shape,
        "level": level,
        "card": card,
        "stated": stated,
        "audit": audit,
        "draw": draw,
    }
    if isinstance(result, MultioutputResult):
        return of_outputs(result, X, shown, y, settings)
    return of_one(result, X, shown, y, **settings)
