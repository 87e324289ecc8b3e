"""The audit of the images that a report shows."""

from typing import Any

import numpy as np

from skdl._utils.text import shortened
from skdl.audit import DataAudit, audit_images
from skdl.evaluation import EvaluationResult
from skdl.reporting._pictures import Subject

_MOST = 5_000  # images that a report audits by itself: more take minutes
NOTHING = "No unreadable, equal, similar or empty images, and no shortcuts were found."
"""What is said of an audit without findings."""


def check_audit(audit: Any, n: int) -> None:
    """Refuse what is neither a choice nor an audit of so many images."""
    if isinstance(audit, DataAudit):
        if len(audit.images) != n:
            raise ValueError(
                f"audit has {len(audit.images):,} images, but the report shows {n:,}. Pass the "
                "audit of the images of this report."
            )
    elif not isinstance(audit, bool):
        raise ValueError(
            "audit must be True, False or a DataAudit returned by skdl.audit_images(X, y). Got "
            f"{shortened(audit)}."
        )


def audited(
    audit: bool | DataAudit, whole: Subject, groups: Any, by_class: bool = True, result: Any = None
) -> tuple[DataAudit | None, list[str]]:
    """The audit, and why there is none, if that needs to be said."""
    if isinstance(audit, DataAudit):
        return audit, []
    if not audit or not whole.shows_images:
        return None, []
    n = len(whole.y)
    if n > _MOST:
        return None, [
            f"The images were not audited because there are more than {_MOST:,}. Pass "
            "audit=skdl.audit_images(X, y) to search for look-alikes, shortcuts and wrong labels."
        ]
    by_class = by_class and not whole.of_numbers
    labels = [whole.names[code] for code in whole.y] if by_class else None
    try:
        found = audit_images(
            whole.X,
            labels,
            groups=groups,
            probabilities=_out_of_fold(whole, result) if by_class else None,
            image_shape=whole.image_shape,
        )
        return found, []
    except Exception as error:  # less is better than no report
        return None, [f"The images were not audited: {error}"]


def _out_of_fold(whole: Subject, result: Any) -> Any:
    """Probabilities by names of classes in sorted order; None unless all images have their own."""
    if not isinstance(result, EvaluationResult) or result.cv == "prefit":
        return None
    table, recorded = result.per_model(whole.model), result.recorded(whole.model)
    order = np.argsort(whole.names)
    if recorded.probabilities is None or len(table) < len(whole.y):
        return None
    present = np.isin(order, whole.y)
    one_name_each = len(set(whole.names)) == len(whole.names)
    return recorded.probabilities[:, order] if one_name_each and present.all() else None
