"""Analysing a folder of images, from looking at it to a model."""

import math
import os
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from threadpoolctl import threadpool_limits

from skdl._utils.checks import check_choice, check_number, check_path, check_whole, suggest
from skdl._utils.storage import make_writable
from skdl._utils.text import say, shortened
from skdl.analysis._backbone import check_backbone
from skdl.analysis._climb import climb, how_to_evaluate
from skdl.analysis._cluster import on_cluster
from skdl.analysis._folder import ADVICE, claim, default_out, keep_plan
from skdl.analysis._ladder import RUNGS, build
from skdl.analysis._look import Look, look
from skdl.analysis._looked import with_networks, with_store
from skdl.analysis._plan import Plan, make_plan, plan_of
from skdl.analysis._result import BEST, FolderAnalysis, estimate_of
from skdl.analysis._write import (
    about_failures,
    about_models,
    novelty_of,
    paid_for,
    write_model,
    write_predictions,
    write_report,
    write_run,
    write_script,
)
from skdl.evaluation import EvaluationResult

_FOR_WRITING = (0.1, 15.0)  # of the time, and seconds at least
_FOR_REPORT = 10.0  # of these seconds
_FOR_PICTURES = 20.0  # seconds that a short analysis, too, has for where networks looked
_FOR_A_MODEL = 30.0  # seconds that any model has, at least, in what is advised


def analyze_folder(
    folder: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    pos_label: Any = None,
    groups: str | os.PathLike[str] | None = None,
    group_column: str | Literal[False] | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    exclude: str | Sequence[str] | None = None,
    minutes: float = 15,
    models: Sequence[str] | None = None,
    backbone: str | None = None,
    weights: str | None = None,
    folds: int = 5,
    random_state: int = 0,
    report: str = "html",
    cluster: str | None = None,
    verbose: int = 1,
) -> FolderAnalysis:
    """Analyse a folder of images: audit, nested cross-validation, report and model.

    It does what a careful statistician would do by hand: look at the images first, compare networks
    with simple baselines, search inside the folds, keep patients and look-alikes together, and
    account for choosing the best of several models. The script ``run.py`` that it writes does the
    same with public functions, as a starting point for your own analysis.

    Parameters
    ----------
    folder : str or path-like
        A folder with one folder per class, an archive of such a folder, or a CSV file of paths and
        labels, see :func:`skdl.datasets.load_image_folder`. Nothing in it is changed.
    out : str or path-like, default=None
        Output folder. If None, use ``<folder>-skdl`` beside the folder. The same call continues an
        interrupted analysis from what is stored there.
    pos_label : str, default=None
        The positive class of two classes. If None, use the rarer one, or the second by name if both
        are equally frequent.
    groups : str or path-like, default=None
        CSV file that says which images belong together, such as those of a patient.
    group_column, path_column, label_column : str, default=None
        Columns of the CSV files, if they have no usual names. `group_column` may also name a value
        in the files, such as "PatientID" of DICOM files, or be False for no groups. See
        :func:`skdl.datasets.load_image_folder`.
    exclude : str or list of str, default=None
        Shell-style patterns of files and folders to leave out, such as ``"*_mask.png"``, see
        :func:`skdl.datasets.load_image_folder`.
    minutes : float, default=15
        Maximum time in total, in minutes. Models that would take longer are left out, the simple
        ones last.
    models : sequence of str, default=None
        Models to compare, out of "majority" (the shares of the classes), "shortcuts" (a random
        forest on size, mode and brightness alone), "logistic" and "svc" (on features of a
        pretrained network), "network" (a small one, trained from scratch) and "finetune" (a
        pretrained one whose last block is trained). If None, use all for which there is time.
    backbone : str, default=None
        The pretrained network: its name, or ``"onnx:PATH"``, an ONNX model, whose features are
        used, but which is not trained. If None, use the best one whose weights are available, as
        far as the size of the images and the time allow.
    weights : str, default=None
        Its weights, as :class:`skdl.BackboneFeatures` accepts them. Requires `backbone`.
    folds : int, default=5
        Number of folds of the cross-validation, at least 2.
    random_state : int, default=0
        Random seed.
    report : {"html", "md", "json"}, default="html"
        Format of the report.
    cluster : str, default=None
        Address of the scheduler of a Dask cluster, such as "tcp://127.0.0.1:8786", whose workers
        compute features and fit folds. They must see the images and `out` under the same absolute
        paths. The plan is what this machine could do alone within `minutes`.
    verbose : int, default=1
        If 1, print what is found, planned and done. If 0, print nothing.

    Returns
    -------
    found : FolderAnalysis
        The scores, the model, and the output folder.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, archive, ONNX model or other file.
    OSError
        If nothing can be written to `out`.
    ImportError
        If the backbone is an ONNX model and onnx or onnxruntime is not installed, or `cluster` is
        set and distributed is not installed.
    ConnectionError
        If the scheduler of the cluster does not answer, or the connection to it is lost.
    RuntimeError
        If a worker of the cluster cannot take part, naming it and the reason.
    ValueError
        If there are no images or only one class, a class has fewer images than there are folds, or
        there are fewer groups than folds, a model or backbone is unknown, an ONNX model cannot
        compute features, the positive class is not one of the classes, a parameter is out of range,
        `out` holds something else or an analysis with other settings, or there is no time for any
        model.

    Warns
    -----
    EvaluationWarning
        If images of different groups look alike, or a class has fewer groups than there are folds.

    See Also
    --------
    skdl.audit_images, skdl.evaluate, skdl.report : The parts that it combines.

    Notes
    -----
    Models are compared on the same folds, which keep groups and look-alikes together and are
    stratified by class. Each model is a search inside the training data of a fold; with two
    classes, its threshold is tuned there as well, for balanced accuracy. The first metric, by which
    the best is chosen, is the area under the ROC curve, or balanced accuracy if there are more than
    two classes. Each fold picks the model with the best inner score, so that the scores of "best"
    account for the choice: see :meth:`skdl.EvaluationResult.choose`. The model in ``model.skdl`` is
    the one with the best mean of inner scores, fitted on all images.

    Times are measured in advance; no fold is started once the time is up.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from skdl import analyze_folder
    >>> draw = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name, brightness in (("day", 120), ("night", 40)):
    ...         Path(root, "sky", name).mkdir(parents=True)
    ...         for number in range(12):
    ...             pixels = draw.integers(brightness, brightness + 99, (8, 8), dtype=np.uint8)
    ...             Image.fromarray(pixels).save(Path(root, "sky", name, f"{number}.png"))
    ...     found = analyze_folder(
    ...         Path(root, "sky"), models=["majority", "shortcuts"], report="json", verbose=0
    ...     )
    >>> found.best, found.estimate["value"] > 0.9
    ('shortcuts', True)
    """
    start = time.monotonic()
    source = check_path(folder, "folder")
    _check(minutes, models, folds, random_state, report, verbose)
    backbone, weights = check_backbone(backbone, weights, models)
    reading = {
        "groups": None if groups is None else str(check_path(groups, "groups")),
        "group_column": group_column,
        "path_column": path_column,
        "label_column": label_column,
        "exclude": _listed(exclude),
    }
    settings = {
        "folder": str(source),
        "pos_label": pos_label,
        **reading,
        "minutes": float(minutes),
        "models": None if models is None else list(models),
        "backbone": backbone,
        "weights": weights,
        "folds": int(folds),
        "random_state": int(random_state),
    }
    place = default_out(source) if out is None else check_path(out, "out")
    kept = claim(place, settings)
    tell = say if verbose else _silent
    with on_cluster(cluster) as client:
        found = look(source, reading, pos_label=pos_label, folds=folds, verbose=verbose)
        for line in found.lines():
            tell(line)
        deadline = start + 60 * minutes - max(_FOR_WRITING[0] * 60 * minutes, _FOR_WRITING[1])
        _check_time(deadline, start, minutes)
        make_writable(place, ADVICE)
        # Several threads take longer for such models; the script that is written says the same.
        # Why: docs/decisions.md#analyses-and-the-command-line
        with threadpool_limits(1, user_api="blas"):
            plan = _planned(kept, found, settings, place, deadline - time.monotonic())
            keep_plan(place, settings, plan.as_dict())
            for line in ("", *plan.lines(minutes), ""):
                tell(line)
            result, plan = climb(found, plan, settings, place, deadline, tell, client)
            return _written(found, plan, settings, place, result, report, tell, start)


def _check_time(deadline: float, start: float, minutes: float) -> None:
    """Refuse to begin where looking has taken all of the time."""
    now = time.monotonic()
    if now >= deadline:
        needed = now - start + _FOR_WRITING[1] + _FOR_A_MODEL
        raise ValueError(
            f"Looking at the images took {now - start:.0f} s, and the rest of {minutes:g} min is "
            "reserved for the report: there is no time for a model. Allow more minutes, at least "
            f"{math.ceil(needed / 60 / (1 - _FOR_WRITING[0]))}."
        )


def _silent(text: str = "") -> None:
    """Say nothing."""


def _listed(exclude: Any) -> Any:
    """Patterns as JSON holds them, of one or of many; None of none."""
    if isinstance(exclude, str):
        return [exclude]
    return (list(exclude) or None) if isinstance(exclude, list | tuple) else exclude


def _check(
    minutes: Any,
    models: Any,
    folds: Any,
    random_state: Any,
    report: Any,
    verbose: Any,
) -> None:
    """What can be said to be wrong before anything is read."""
    check_number(minutes, "minutes")
    if minutes <= 0:
        raise ValueError(f"minutes must be more than 0. Got {shortened(minutes)}.")
    check_whole(folds, "folds", low=2)
    check_whole(random_state, "random_state", low=0)
    check_whole(verbose, "verbose", low=0)
    check_choice(report, "report", ("html", "md", "json"))
    if models is not None:
        if isinstance(models, str) or not len(models):
            raise ValueError(
                f"models must be a list of names, of {', '.join(RUNGS)}. Got {shortened(models)}."
            )
        for name in models:
            if name not in RUNGS:
                raise ValueError(
                    f"There is no model {shortened(name)}. The models are {', '.join(RUNGS)}."
                    f"{suggest(str(name), RUNGS)}"
                )


def _planned(
    kept: dict[str, Any] | None, found: Look, settings: dict[str, Any], out: Path, budget: float
) -> Plan:
    if kept is not None:
        return plan_of(kept)
    with warnings.catch_warnings():  # of fits that only tell how long they take
        warnings.simplefilter("ignore")
        return make_plan(
            found,
            models=settings["models"],
            backbone=settings["backbone"],
            weights=settings["weights"],
            folds=settings["folds"],
            seed=settings["random_state"],
            store=str(out / "features"),
            budget=budget,
        )


# ---- writing -------------------------------------------------------------------------------------


def _written(
    found: Look,
    plan: Plan,
    settings: dict[str, Any],
    out: Path,
    result: EvaluationResult,
    kind: str,
    tell: Any,
    start: float,
) -> FolderAnalysis:
    """Choose, fit the best to everything, and write all files."""
    result = result.choose(plan.setting.metric, name=BEST)
    best = next(
        name
        for name in result.models
        if name != BEST and result.estimators[name] is result.estimators[BEST]
    )
    summary = result.summary()
    estimate = estimate_of(result, BEST, summary)
    worth = paid_for(result, summary)
    failures = [f"{name}: {line}" for name in plan.models for line in about_failures(result, name)]
    notes = [worth, *failures, *about_models(plan)]
    models = {name: build(name, plan.setting) for name in plan.models}
    how = {**how_to_evaluate(found, settings), "metric": plan.setting.metric, "best": best}
    write_script(out, found, plan, models, how)
    write_predictions(out, found, result)
    model = result.refit(BEST, found.X, found.y)
    novelty = novelty_of(model, found, best)
    with_store(model, "auto")  # none of this machine
    shown = result
    if kind != "json":  # which has no pictures
        now = time.monotonic()
        left = start + 60 * settings["minutes"] - _FOR_REPORT - now
        # A few pictures should not keep anybody waiting as long as all models did.
        allowed = min(left, max(_FOR_PICTURES, (now - start) / 2))
        shown, missed = with_networks(result, found, plan, allowed, tell)
        notes += missed
    path = write_report(out, found, shown, kind, notes)
    write_model(out, model, novelty, found, best, estimate, worth)
    seconds = time.monotonic() - start
    write_run(
        out, settings, found, plan, result, summary, best=best, estimate=estimate, seconds=seconds
    )
    tell("")
    tell(worth)
    tell(f"Fitted on all images: {best} ({RUNGS[best]}), {out / 'model.skdl'}")
    tell(f"Report: {path}; everything else: {out}  ({seconds:.0f} s)")
    return FolderAnalysis(out, result, best, model, estimate, found.audit, plan.left_out)
