"""Pictures of what was found beyond the predictions: the audit, subgroups and calibration."""

from typing import Any

import pandas as pd

from skdl.audit import DataAudit
from skdl.plotting import DataAuditDisplay, DecisionCurveDisplay, SubgroupDisplay
from skdl.reporting._calibration import reliability
from skdl.reporting._pictures import Plans, Subject, codes_of

_N_PAIRS = 6


def audit_plans(whole: Subject, audit: DataAudit | None) -> Plans:
    """Pairs of images that show one picture, or of which one label is wrong."""
    if audit is not None and len(audit.look_alikes) + len(audit.conflicts):
        yield (
            "look_alikes",
            "Pairs of images that look alike: first those of different classes or groups, then the "
            "least similar",
            lambda: DataAuditDisplay.from_audit(
                audit, whole.X, max_pairs=_N_PAIRS, image_shape=whole.image_shape
            ),
        )


def subgroup_plans(subject: Subject, found: pd.DataFrame | None, level: float) -> Plans:
    if found is None:
        return
    metric = found["metric"].iloc[0]
    rows = subject.summary.query("model == @subject.model and metric == @metric")
    overall = tuple(rows[["value", "low", "high"]].iloc[0])
    yield (
        "subgroups",
        "Subgroups, with intervals",
        lambda: SubgroupDisplay(found[found["metric"] == metric], overall, metric, level).plot(),
    )


def calibration_plans(subject: Subject, found: pd.DataFrame | None, level: float) -> Plans:
    """Probabilities against frequencies, and what decisions by them are worth."""
    if found is None:
        return
    result = subject.result
    codes = codes_of(result, result.per_model(subject.model)["y_true"])
    probabilities = result.recorded(subject.model).scores_of(result.positive)
    settings: dict[str, Any] = {
        "pos_label": result.classes.tolist().index(result.positive),
        "target_names": subject.names,
        "level": level,
    }
    groups = ""
    if result.groups is not None:
        groups = "; intervals of the curve assume independent images"
    yield (
        "reliability",
        f"Predicted probabilities and observed frequencies{groups}",
        lambda: reliability(codes, probabilities, found, **settings),
    )
    yield (
        "decision_curve",
        f"Net benefit of using the model, treating all and treating none{groups}",
        lambda: DecisionCurveDisplay.from_predictions(codes, probabilities, **settings),
    )
