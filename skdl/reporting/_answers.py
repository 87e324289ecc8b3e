"""What a run says to the items of a checklist about its data, folds and scores.

Each answer is computed from what was evaluated. "" means that a run cannot know, or does not.

Decisions: docs/decisions.md#reports-and-case-studies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from skdl._utils.text import counted
from skdl.audit import DataAudit
from skdl.evaluation import in_both
from skdl.reporting._calibration import in_a_sentence
from skdl.reporting._estimators import parts_of, searched, steps_of, takes
from skdl.reporting._pictures import Subject
from skdl.reporting._subgroups import outliers
from skdl.reporting._words import METHODS, figure, in_words, interval, name_of

# Splitters that draw folds of one data set; others may hold out a hospital.
_DRAWN = (
    "KFold",
    "StratifiedKFold",
    "StratifiedGroupKFold",
    "RepeatedKFold",
    "RepeatedStratifiedKFold",
    "ShuffleSplit",
    "StratifiedShuffleSplit",
    "LeaveOneOut",
)
_PLOTS = {
    "confusion": "confusion matrix",
    "operating_point": "ROC curve",
    "classes": "precision, recall and F1 of each class",
    "reliability": "reliability diagram",
    "decision_curve": "decision curve",
    "predicted": "predicted against true numbers",
    "agreement": "Bland-Altman plot",
}
MOST_CLASSES = 12  # that are listed one by one


@dataclass(frozen=True)
class Run:
    """What answers are read off: an evaluation, and what a report made of it."""

    subject: Subject
    whole: Subject  # all images, where the evaluation is of groups of them
    X: Any  # what was evaluated; the images that are shown may be others
    described: pd.DataFrame | None  # of all images, by class and in all
    audit: DataAudit | None
    subgroups: pd.DataFrame | None  # scores of the model in each
    choices: pd.DataFrame  # made inside the model
    calibration: pd.DataFrame | None
    rows: pd.DataFrame  # scores of the model
    pairs: pd.DataFrame | None
    level: float
    lead: Sequence[str]
    energy: str
    reproduce: Mapping[str, str]
    versions: dict[str, str]
    machine: dict[str, str]
    captions: Mapping[str, str]  # of the pictures that were drawn, by name

    @property
    def result(self) -> Any:
        """The evaluation."""
        return self.subject.result

    @property
    def of_images(self) -> Any:
        """That of the images, where the evaluation is of groups of them."""
        return getattr(self.result.grouping, "of_images", self.result)

    @property
    def model(self) -> str:
        """The model that is shown."""
        return self.subject.model

    @property
    def prefit(self) -> bool:
        """Whether the model was fitted before, on data that are not known here."""
        return bool(self.result.cv == "prefit")

    @property
    def times(self) -> pd.DataFrame:
        """A row for each fold of the model."""
        found = self.of_images.times
        return found[found["model"] == self.model]

    @cached_property
    def parts(self) -> list[Any]:
        """The estimator, then what it works with; fitted ones where it was fitted before."""
        return parts_of(self.result.estimators[self.model])

    @property
    def steps(self) -> list[Any]:
        """Transformers before the model."""
        return steps_of(self.parts)

    @property
    def searched(self) -> set[str]:
        """Names of parameters that a search sets in each fold."""
        return searched(self.parts)

    @property
    def network(self) -> Any:
        """What is trained by epochs, or None."""
        return next((part for part in self.parts if takes(part, "epochs", "optimizer")), None)

    @property
    def fitted(self) -> list[Any]:
        """The estimators of the folds, where they were kept."""
        return [fit for (model, _), fit in self.result.fitted.items() if model == self.model]

    @property
    def rows_are(self) -> str:
        """What to call one row of X."""
        return "image" if self.subject.shows_images else "row"

    @property
    def cases_are(self) -> str:
        """What to call what was tested: rows of X, or groups of them."""
        return self.rows_are if self.result.grouping is None else "group"


def span(values: Any, unit: str = "") -> str:
    """The only value of some, or the smallest and the largest."""
    low, high = min(values), max(values)
    return f"{low:,g}{unit}" if low == high else f"{low:,g} to {high:,g}{unit}"


# ---- folds ---------------------------------------------------------------------------------------


def development(run: Run) -> str:
    """Whether models were developed, evaluated, or both."""
    if run.prefit:
        return "Evaluation of a model that was already fitted."
    return "Both: models were fitted, and tested on held-out images."


def partition(run: Run) -> str:
    """How images came into training and test data."""
    if run.prefit:
        return ""
    cv = run.result.cv
    by_number = (cv == "None" or cv.isdigit()) and not run.subject.of_numbers
    stratified = ", stratified by class" if by_number else ""
    return f"{run.lead[0]} Folds: cv={cv}{stratified}."


def level_of_split(run: Run) -> str:
    """What was kept apart: groups, or single images."""
    result, rows = run.of_images, f"{run.rows_are}s"
    if run.prefit:
        return ""
    if result.own_groups is None:
        alike = ""
        if result.groups is not None:
            n = len(np.unique(result.groups))
            alike = f" Images that look alike count as one group; there are {n:,} groups."
        return f"Single {rows}: no groups, such as patients, were passed.{alike}"
    n = len(np.unique(result.own_groups))
    if result.split_groups:
        return (
            f"Groups were not kept together: {len(result.split_groups):,} of {n:,} are in both "
            "training and test data of a fold."
        )
    return f"Groups, such as patients: none of {n:,} is in both training and test data of a fold."


def leakage(run: Run) -> str:
    """Test images that were trained on, and those that look like one that was."""
    leaks = run.of_images.leaks
    if run.prefit:
        return ""
    if len(leaks):
        text = f"{in_both(leaks)}, pixel for pixel: the scores are too good."
    else:
        text = f"No test {run.rows_are} is also in the training data of its fold, value for value."
    return f"{text} {_look_alikes(run)}".rstrip()


def _look_alikes(run: Run) -> str:
    """How many pairs that look alike stand on both sides, where folds share out all images."""
    pairs, times = run.of_images.look_alikes, run.times
    n = len(run.whole.y)
    if pairs is None or (times["n_train"] + times["n_test"] != n).any():
        return ""
    if pairs.empty:
        return "No two images look alike."
    tested = run.of_images.predictions.query("model == @run.model").groupby("row")["fold"].agg(set)
    if len(tested) < n:  # a fold failed
        return ""
    ends = (tested.loc[pairs[end]].to_numpy() for end in ("first", "second"))
    apart = sum(one != other for one, other in zip(*ends, strict=True))
    of_pairs = f"of {counted(len(pairs), 'pair')} of images that look alike"
    if not apart:
        return f"None {of_pairs} is in both training and test data of a fold."
    return f"{apart:,} {of_pairs} {'is' if apart == 1 else 'are'} in both."


def sizes_of_sets(run: Run) -> str:
    """How many were trained on and tested."""
    result, names = run.result, run.subject.names
    table = result.per_model(run.model)
    counts = [(table["y_true"] == label).sum() for label in result.classes.tolist()]
    tested = ", ".join(
        f"“{name}” {n:,}" for name, n in list(zip(names, counts, strict=True))[:MOST_CLASSES]
    )
    more = f" and {len(names) - MOST_CLASSES} more" if len(names) > MOST_CLASSES else ""
    text = f"Tested: {counted(len(table), run.cases_are)} ({tested}{more})."
    if run.prefit:
        return text
    done = run.of_images.predictions.query("model == @run.model")["fold"].unique()
    folds = run.times[run.times["fold"].isin(done)]
    several = f"in each of {len(folds)} folds" if len(folds) > 1 else "in one fold"
    return (
        f"{text} Trained on {span(folds['n_train'])} and tested on {span(folds['n_test'])} "
        f"{run.rows_are}s {several}."
    )


def internal(run: Run) -> str:
    """Whether tests were made on held-out parts of the same data."""
    if run.prefit:
        return ""
    leaks = run.of_images.leaks
    n = len(run.of_images.per_model(run.model))
    n_all = counted(len(run.whole.y), run.rows_are)
    n_both = leaks.loc[leaks["test_row"] == leaks["train_row"], "test_row"].nunique()
    but = f", except for {n_both:,} that folds have on both sides" if n_both else ""
    return f"{n:,} of {n_all} were tested by models that were fitted on others{but}."


def external(run: Run) -> str:
    """Tests on data of another origin: none where the folds were drawn by chance."""
    drawn = run.result.cv == "None" or run.result.cv.isdigit() or run.result.cv.startswith(_DRAWN)
    if run.prefit or not drawn:
        return ""
    return "None in this run: training and test data are parts of the same X."


# ---- scores --------------------------------------------------------------------------------------


def metrics(run: Run) -> str:
    """The scores and displays by name."""
    plots = [name for name in _PLOTS if name in run.captions]
    named = ", ".join(in_words(metric) for metric in run.result.metrics)
    shown = f" Drawn: {', '.join(_PLOTS[name] for name in plots)}." if plots else ""
    return f"Scores: {named}.{shown}"


def uncertainty(run: Run) -> str:
    """How intervals and p values were found."""
    used = set(run.rows["method"])
    named = [text.partition(":")[0] for method, text in METHODS.items() if method in used]
    text = ""
    if named:
        text = f"{100 * run.level:g}\u00a0% intervals by {', '.join(named)}."
    if run.pairs is not None:
        area = "DeLong's test and " if run.pairs["delong_p"].notna().any() else ""
        n = counted(len(run.pairs), "pair")
        text += (
            f" Models compared by {area}McNemar's test, p values of {n} adjusted by Holm's method."
        )
    return text.strip()


def performance(run: Run) -> str:
    """All scores with their intervals."""
    return _listed(run, run.result.metrics)


def diagnostic(run: Run) -> str:
    """Scores of a diagnostic test with their intervals."""
    names = ("sensitivity", "specificity", "ppv", "npv", "roc_auc")
    known = {metric: run.result.known(metric) for metric in run.result.metrics}
    return _listed(run, [metric for metric, k in known.items() if k and k.name in names])


def calibration(run: Run) -> str:
    """Scores of the probabilities with their intervals."""
    return "" if run.calibration is None else in_a_sentence(run.calibration)


def _listed(run: Run, wanted: Sequence[str]) -> str:
    found = run.rows.set_index("metric")
    scored = [metric for metric in wanted if not pd.isna(found.loc[metric, "value"])]
    listed: list[str] = []
    for metric in scored:
        row = found.loc[metric]
        limits = "" if pd.isna(row["low"]) else f" ({interval(row)})"
        name = name_of(metric) if not listed else in_words(metric)
        listed.append(f"{name} {figure(row['value'])}{limits}")
    return f"{', '.join(listed)}." if listed else ""


def of_subgroups(run: Run) -> str:
    """Whether scores of subgroups differ."""
    if run.subgroups is None:
        return ""
    n = len(run.subgroups.drop_duplicates(["column", "value"]))
    scores = ", ".join(in_words(metric) for metric in run.subgroups["metric"].unique())
    found = outliers(run.subgroups)
    text = f"{scores[0].upper()}{scores[1:]} of {counted(n, 'subgroup')}, each against the rest"
    if not run.subgroups["p_holm"].notna().any():
        return f"{text}: see “Subgroups”."
    how = "after Holm's correction, p < 0.05"
    return f"{text}: {', '.join(found) if found else 'none differs'} {how}."


def failures(run: Run) -> str:
    """How many were wrong, and which mistake is the most frequent."""
    result = run.result
    table = result.per_model(run.model)
    wrong = table[table["y_true"] != table["y_pred"]]
    text = (
        f"{len(wrong):,} of {counted(len(table), run.cases_are)} were misclassified "
        f"({100 * len(wrong) / len(table):.1f}\u00a0%)"
    )
    if wrong.empty:
        return f"{text}."
    named = dict(zip(result.classes.tolist(), run.subject.names, strict=True))
    (truth, given), n = next(iter(wrong.value_counts(["y_true", "y_pred"]).items()))
    most = f"most often “{named[truth]}” as “{named[given]}” ({n:,})"
    shown = " The worst are shown under “Mistakes”." if "mistakes" in run.captions else ""
    return f"{text}, {most}.{shown}"


def incomplete(run: Run) -> str:
    """Scores that are missing, and folds that failed."""
    missing = run.result.missing
    n = int((missing["model"] == run.model).sum())
    tested = run.result.predictions.query("model == @run.model")["fold"].nunique()
    n_failed = len(run.times) - tested
    failed = f"{n_failed} of {counted(len(run.times), 'fold')} failed" if n_failed else ""
    lacks = f"{counted(n, 'score')} of folds {'is' if n == 1 else 'are'} missing" if n else ""
    text = "; ".join(filter(None, (failed, lacks)))
    return f"{text}: see “Missing scores”." if text else "No fold failed, and no score is missing."


def explained(run: Run) -> str:
    """Maps of where a network looked, if they were drawn."""
    caption = run.captions.get("saliency", "")
    return f"{caption}: see “Mistakes”." if caption else ""


def data_digest(run: Run) -> str:
    """By what the data are known again."""
    grouped = run.of_images.own_groups is not None
    of_what = "images, labels and groups" if grouped else "images and labels"
    return f"Identified by the SHA-256 of {of_what}: {run.result.data_digest}."
