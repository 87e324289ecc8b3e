"""The files that an analysis leaves behind."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skdl.analysis._folder import ADVICE, write_json, write_text
from skdl.analysis._ladder import ON_FEATURES, RUNGS, Setting, features
from skdl.analysis._look import Look
from skdl.analysis._plan import Plan
from skdl.analysis._result import BEST, in_words
from skdl.analysis._script import script
from skdl.downloads import replacing
from skdl.evaluation import EvaluationResult, EvaluationWarning
from skdl.inspection import NoveltyDetector
from skdl.persistence import NO_PROBES, save
from skdl.reporting import machine, report, versions


def write_script(
    out: Path, look: Look, plan: Plan, models: dict[str, Any], how: dict[str, Any]
) -> None:
    """``run.py``: the same in public names."""
    setting: Setting = plan.setting
    how = {**how, "reading": look.reading}
    on_features = set(plan.models) & set(ON_FEATURES)
    text = script(models, features(setting) if on_features else None, how, look.folder, out)
    write_text(out / "run.py", text)


def write_predictions(out: Path, look: Look, result: EvaluationResult) -> None:
    """``predictions.csv``: a block for each model, the best among them, in the order of X."""
    table = result.predictions.sort_values(["row"], kind="stable")
    order = {model: number for number, model in enumerate(result.models)}
    table = table.sort_values("model", key=lambda names: names.map(order), kind="stable")
    rows = table["row"].to_numpy()
    groups = look.groups if look.groups is not None else look.audit.groups
    columns = {
        "model": table["model"],
        "path": look.X[rows],
        "group": groups[rows],
        "fold": table["fold"],
        "label": table["y_true"],
        "predicted": table["y_pred"],
    }
    scores = [name for name in table if name.startswith(("proba_", "decision"))]
    written = pd.DataFrame(columns).assign(**{name: table[name] for name in scores})
    with replacing(out / "predictions.csv", ADVICE) as part:
        written.to_csv(part, index=False, encoding="utf-8", errors="backslashreplace")


def about_models(plan: Plan) -> list[str]:
    """What the models are, and what was left out."""
    listed = "; ".join(f"{name}: {RUNGS[name]}" for name in plan.models)
    about = [f"Models, starting with the simplest: {listed}."]
    if set(plan.models) & set(ON_FEATURES):
        labels = " and ".join(backbone.label for backbone in plan.setting.backbones)
        about.append(f"Features are those of {labels}.")
    return about + [f"Left out: {name}, {why}." for name, why in plan.left_out.items()]


def about_failures(result: EvaluationResult, name: str) -> list[str]:
    """In how many folds a model has no score, and why."""
    metric = result.metrics[0]
    missing = result.missing.query("model == @name and metric == @metric")
    if missing.empty:
        return []
    folds = result.times.query("model == @name")["fold"].nunique()
    return [f"no {metric} in {len(missing)} of {folds} folds: {missing['reason'].iloc[0]}"]


def paid_for(result: EvaluationResult, summary: pd.DataFrame) -> str:
    """What choosing the best costs: its estimate beside the largest of the single ones."""
    metric = result.metrics[0]
    rows = summary[summary["metric"] == metric].set_index("model")
    single = rows.drop(index=BEST)["value"].dropna()
    best = {"metric": metric, **rows.loc[BEST, ["value", "low", "high"]].to_dict()}
    if len(single) == 1:
        return (
            f"The only model, {single.index[0]}: {in_words(best)}, on all out-of-fold predictions "
            "together."
        )
    picked = result.choices.query("model == @BEST and parameter == 'model'")["value"]
    times = [f"{name} in {n}" for name, n in picked.value_counts(sort=False).items()]
    text = (
        f"The best, chosen inside each fold by inner scores ({', '.join(times)} of {len(picked)} "
        f"folds): {in_words(best)}, on all out-of-fold predictions together."
    )
    if round(single.max(), 3) <= round(best["value"], 3):
        return text
    return (
        f"{text} The best of the {len(single)} single models, {single.idxmax()}, has "
        f"{single.max():.3f}, which is optimistic, since it was picked for being the best."
    )


def write_report(
    out: Path,
    look: Look,
    result: EvaluationResult,
    kind: str,
    notes: list[str],
) -> Path:
    """The report on the best."""
    with warnings.catch_warnings():  # evaluate has given them
        warnings.simplefilter("ignore", EvaluationWarning)
        return report(
            result,
            look.X,
            look.y,
            out / f"report.{kind}",
            title=f"{look.folder.name}: {' against '.join(look.classes[:2])}"
            if look.binary
            else f"{look.folder.name}: {len(look.classes)} classes",
            notes=notes,
            model=BEST,
            audit=look.audit,
            card={
                "How to get started with the model": [
                    "skdl predict model.skdl FOLDER",
                    'skdl.load("model.skdl").predict(paths)',
                ]
            },
        )


def write_model(
    out: Path,
    model: Any,
    novelty: NoveltyDetector | None,
    look: Look,
    name: str,
    estimate: dict[str, Any],
    worth: str,
) -> Path:
    """``model.skdl``: what was fitted to all images, and what it is worth.

    Probes are made up: the file is for other people's hands, and images of patients are not.
    """
    path = out / "model.skdl"
    card = {
        "Model details": f"{name}: {RUNGS[name]}.",
        "Training data": look.lines()[0],
        "Results": worth,
    }
    known = {name: value for name, value in estimate.items() if not pd.isna(value)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", NO_PROBES, UserWarning)
        save(model, path, card=card, estimate=known, novelty=novelty)
    return path


def novelty_of(model: Any, look: Look, name: str) -> NoveltyDetector | None:
    """What flags images unlike those trained on, by the features that the model has of them."""
    if name not in ON_FEATURES:
        return None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A false-alarm rate of", UserWarning)  # in the file
        return NoveltyDetector(model[0]).fit(look.X, groups=look.audit.groups)


def write_run(
    out: Path,
    settings: dict[str, Any],
    look: Look,
    plan: Plan,
    result: EvaluationResult,
    summary: pd.DataFrame,
    **found: Any,
) -> None:
    """``run.json``: settings, plan, scores, times and versions."""
    audited = look.audit.summary().set_index("table")["found"].to_dict()
    names, counts = np.unique(look.y, return_counts=True)
    content = {
        "settings": settings,
        "data": {
            "images": len(look.y),
            "classes": dict(zip(names.tolist(), counts.tolist(), strict=True)),
            "pos_label": look.pos_label,
            "unreadable": [list(pair) for pair in look.unreadable],
            "excluded": look.n_excluded,
            "audit": audited,
            "findings": look.audit.findings,
            "digest": result.data_digest,
        },
        "plan": plan.as_dict(),
        **found,
        "scores": summary.to_dict("records"),
        "missing": result.missing.to_dict("records"),
        "choices": result.choices.to_dict("records"),
        "times": result.times.to_dict("records"),
        "versions": versions(),
        "machine": machine(),
    }
    write_json(out / "run.json", content)
