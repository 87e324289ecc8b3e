"""What a run says to the items of a checklist about the training of its model."""

from contextlib import suppress
from typing import Any

from skdl._utils.text import counted, shortened
from skdl.downloads import weights_digest
from skdl.plugins import backbones
from skdl.reporting._answers import Run, span
from skdl.reporting._card import NOT_STATED, procedure
from skdl.reporting._choices import chosen_in
from skdl.reporting._estimators import (
    class_of,
    is_ours,
    searched_steps,
    searches_of,
    space_of,
    takes,
    value_of,
    values_of,
)
from skdl.reporting._words import best_of, ranked


def start(run: Run) -> str:
    """What a network starts from."""
    found = [_pretrained(run, e) for e in [*run.steps, *run.parts] if hasattr(e, "weights")]
    for part in run.parts:
        params = part.get_params(deep=False)
        goes_on = run.prefit and params.get("warm_start")
        if isinstance(params.get("architecture"), str) and "epochs" in params and not goes_on:
            seed = value_of(part, "random_state", run.searched)
            anew = "" if run.prefit else ", drawn separately in each fold"
            found.append(f"{class_of(part)}: random values{anew} ({seed}).")
    return " ".join(filter(None, found))


def _pretrained(run: Run, estimator: Any) -> str:
    """Which weights a backbone has, where they come from, and their digest."""
    weights, name = estimator.weights, class_of(estimator)
    if not hasattr(estimator, "__skdl_digest__"):  # of a stranger's, it may mean anything
        return ""
    if {"weights", "backbone"} & run.searched:
        return f"{name}: weights chosen by the search."
    if weights == "random":
        return f"{name}: random weights, the same each time."
    backbone = getattr(estimator, "backbone", None)
    is_file = isinstance(backbone, str) and backbone.startswith("onnx:")
    named = str(backbone).removeprefix("onnx:") if is_file else weights
    if (digest := weights_digest(named)) is not None:
        return f"{name}: weights of the file {shortened(str(named))}, sha256 {digest}."
    declared = _declared(estimator)
    if declared is None:
        return f"{name}: weights={shortened(weights)}."
    file = declared.file
    where = f"shipped as {file}" if isinstance(file, str) else f"published as {file.urls[0]}"
    sums = "" if isinstance(file, str) else f", sha256 {file.sha256}"
    if sums and file.sha256 is None:
        sums = f", md5 {file.md5}"
    return (
        f"{name}: weights “{declared.name}”, {where}{sums}. {declared.citation.rstrip('.')}. "
        f"Licence: {declared.licence}."
    )


def _declared(estimator: Any) -> Any:
    """What a backbone declares of the weights that an estimator names, or None."""
    with suppress(Exception):  # no such name, or a plugin that is broken
        ours = is_ours(estimator) and class_of(estimator).startswith("VGG16")  # has no parameter
        backbone = "vgg16" if ours else estimator.backbone
        builder: Any = backbones.get(backbone) if isinstance(backbone, str) else backbone
        params = {
            name.removeprefix("backbone__"): value
            for name, value in estimator.get_params().items()
            if name.startswith("backbone__")
        }
        named = [w for w in builder.backbone.weights if estimator.weights in ("auto", w.name)]
        fitting = [w for w in named if all(params.get(k, v) == v for k, v in w.params.items())]
        return fitting[0] if fitting else None
    return None


def training(run: Run) -> str:
    """How the model was trained."""
    also = ("optimizer", "epochs", "batch_size", "trainable")
    found = procedure(run.result.estimators[run.model], also)
    epochs = [
        len(history["loss"])
        for (model, _), history in run.result.histories.items()
        if model == run.model and "loss" in history
    ]
    if epochs:
        where = "" if run.prefit or len(epochs) == 1 else " in each fold"
        found.append(f"Epochs trained{where}: {span(epochs)}.")
    return " ".join(found)


def augmentation(run: Run) -> str:
    """Random changes of the training images."""
    part = next((e for e in run.parts if "augmentation" in e.get_params(deep=False)), None)
    if part is None:
        return ""
    none = part.augmentation is None and "augmentation" not in run.searched
    return "None." if none else f"{value_of(part, 'augmentation', run.searched)}."


def imbalance(run: Run) -> str:
    """Weights of classes, where an estimator has such a parameter."""
    found = [e for e in [*run.steps, *run.parts] if takes(e, "class_weight")]
    shown = [f"{class_of(e)}: {value_of(e, 'class_weight', run.searched)}" for e in found]
    return f"{'; '.join(shown)}." if shown else ""


def selection(run: Run) -> str:
    """Which model is kept of a training, and of several models."""
    found = []
    part = next((e for e in run.parts if takes(e, "early_stopping")), None)
    if part is not None and "early_stopping" not in run.searched:
        names = ("validation_fraction", "n_iter_no_change", "tol")
        if part.early_stopping is True:
            how = values_of(part, names, run.searched)
            found.append(f"{class_of(part)} uses early stopping on validation data: {how}.")
        elif part.early_stopping is False:
            found.append("Training does not stop early on validation data (early_stopping=False).")
    for search in searches_of(run.parts):
        found.append(f"{class_of(search)} selects the best of its candidates.")
    if len(run.result.tested) > 1:
        found.append(best_of(run.result, run.subject.summary, run.model) if _is_best(run) else "")
    return " ".join(filter(None, found))


def _is_best(run: Run) -> bool:
    summary = run.subject.summary
    metric = run.result.metrics[0]
    values = summary[summary["metric"] == metric].set_index("model")["value"]
    values = ranked(run.result, metric, values)
    return bool(values[run.model] == values.max())


def search(run: Run) -> str:
    """The space of a search, what it chose, and whether test images had a say."""
    found = []
    for part in searches_of(run.parts):
        names, n = space_of(part)
        size = f" of {counted(n, 'candidate')}" if n else ""
        found.append(f"{class_of(part)}{size} over {', '.join(sorted(names))}.")
        if not run.prefit:
            found.append("Nested: it used only the training data of each fold.")
    own = [e for e in run.parts if class_of(e).endswith("CV") and not hasattr(e, "estimator")]
    found += [f"{class_of(e)} chooses by its own cross-validation." for e in own]
    if not found and all(map(is_ours, run.parts)):
        return "No search in this run. How the parameters were chosen before is not known here."
    return " ".join([*found, *chosen_in(run.choices)])


def ensemble(run: Run) -> str:
    """Whether several models decide together."""
    parts = run.parts
    of_several = [class_of(e) for e in parts if type(e).__module__.startswith("sklearn.ensemble")]
    for part in parts:
        if type(part).__module__.startswith("sklearn.calibration") and hasattr(part, "ensemble"):
            of_several += [class_of(part)] if part.ensemble in (True, "auto") else []
    if of_several:
        return f"{of_several[0]}: several models predict together."
    known = all(map(is_ours, parts)) and not searched_steps(parts)
    return "None." if known else ""


# ---- how it can be done again --------------------------------------------------------------------


def seeds(run: Run) -> str:
    """Seeds, and what had none."""
    free = run.reproduce["May differ"]
    return f"{run.reproduce['Seeds']}.{f' What may differ: {free}.' if free else ''}"


def software(run: Run) -> str:
    """Versions, as they are now."""
    named = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    return f"{named}, Python {run.machine['Python']}, when this report was written."


def hardware(run: Run) -> str:
    """The processor, as it is now, and how long fitting took."""
    text = f"{run.machine['processor']}, where this report was written."
    cores = run.times["n_cores"].dropna()
    if len(cores):
        text += f" Cores available to a fold: {span(cores)}."
    return text if run.energy == NOT_STATED else f"{text} {run.energy}"
