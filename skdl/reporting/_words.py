"""Results in sentences."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from skdl.evaluation import EvaluationResult, about_groups, in_both
from skdl.metrics import TABLE, about_few_groups

# Fewer test images of a class than this make for intervals that hardly say anything.
_FEW = 30
# Scores of which neither the greatest nor the smallest is best.
_PERFECT = {
    "bias": 0.0,
    "lower_limit_of_agreement": 0.0,
    "upper_limit_of_agreement": 0.0,
    "calibration_slope": 1.0,
    "calibration_intercept": 0.0,
}
HEADLINES = ("accuracy", "sensitivity", "specificity", "roc_auc")
"""Scores that a summary has sentences for."""


def name_of(metric: str) -> str:
    """What to call a metric."""
    return TABLE[metric].title if metric in TABLE else metric.replace("_", " ").capitalize()


def figure(value: float, digits: int = 3) -> str:
    """A number, or a dash where there is none."""
    return "–" if pd.isna(value) else f"{value:.{digits}f}"


def signed(value: float) -> str:
    """A difference, with its sign."""
    return f"{value:+.3f}".replace("-", "\u2212")


def p_value(value: float) -> str:
    """A p value, which is never 0; "" without one."""
    if pd.isna(value):
        return ""
    return "p < 0.001" if value < 0.0005 else f"p = {figure(value)}"


def interval(row: Any) -> str:
    """An interval, or a dash."""
    return "–" if pd.isna(row["low"]) else f"{row['low']:.3f} to {row['high']:.3f}"


def lead(
    result: EvaluationResult, model: str, rows: pd.DataFrame, names: Sequence[str], level: float
) -> list[str]:
    """What was found, in a few sentences."""
    n = len(result.per_model(model))
    sentences = [f"{how_tested(result, model)} {n:,} images of {len(result.classes)} classes."]
    found = rows.set_index("metric")
    for metric in result.metrics:
        phrase, term = _phrase(result, metric, names)
        row = found.loc[metric]
        if not phrase or pd.isna(row["value"]):
            continue
        shown = figure if phrase.startswith("the ROC AUC") else percent
        text = phrase.format(value=shown(row["value"]))
        limits = shown_limits(row, level, shown)
        brackets = ", ".join(filter(None, (term, limits)))
        sentences.append(text[0].upper() + text[1:] + (f" ({brackets})." if brackets else "."))
    return sentences


def shown_limits(row: Any, level: float, shown: Callable[[float], str]) -> str:
    """The interval of a score, in words; "" without one."""
    if pd.isna(row["low"]):
        return ""
    return f"{100 * level:g}\u00a0% interval {shown(row['low'])} to {shown(row['high'])}"


def _phrase(result: EvaluationResult, metric: str, names: Sequence[str]) -> tuple[str, str]:
    """What a metric says, and its term; "" for those that need no sentence."""
    known = result.known(metric)
    if known is None or known.name not in HEADLINES:
        return "", ""
    if known.name == "accuracy":
        return "{value} of the images were classified correctly", ""
    if known.name == "roc_auc":
        of_which = ""
        if known.pos_label is not None and len(names) > 2:
            of_which = f" of class {_quoted(result, names, known.pos_label)} against the rest"
        return f"the ROC AUC{of_which} is {{value}}", ""
    if known.average == "macro":
        which = "a class" if known.name == "sensitivity" else "other classes"
        what = "found" if known.name == "sensitivity" else "recognised as such"
        average = f"on average over the classes, {{value}} of the images of {which} were {what}"
        return average, known.name
    if known.average != "binary":
        return "", ""
    label = result.positive if known.pos_label is None else known.pos_label
    if label not in result.classes.tolist():
        return "", ""
    name = _quoted(result, names, label)
    if known.name == "sensitivity":
        return f"{{value}} of the images of class {name} were found", known.name
    return (
        f"{{value}} of the images of classes other than {name} were recognised as such",
        known.name,
    )


def _quoted(result: EvaluationResult, names: Sequence[str], label: Any) -> str:
    """The name of a class, not taken for a place of a value by `str.format`."""
    name: str = names[result.classes.tolist().index(label)]
    return "“" + name.replace("{", "{{").replace("}", "}}") + "”"


def about_positive(result: EvaluationResult, names: Sequence[str]) -> list[str]:
    """Which scores are those of one class of several, in a sentence; none without such a class."""
    if result.pos_label is None or len(names) <= 2:
        return []
    name = names[result.classes.tolist().index(result.pos_label)]
    return [
        f"“{name}” is the positive class, against all others, in sensitivity, specificity, ROC AUC "
        "and other scores that have one, also in the comparison of models. Accuracy, balanced "
        "accuracy and McNemar's test treat every class separately."
    ]


def cautions(result: EvaluationResult, model: str, names: Sequence[str]) -> list[str]:
    """What a reader should know before trusting the numbers."""
    found = []
    table = result.per_model(model)
    counts = table["y_true"].value_counts()
    few = [
        f"“{name}” ({counts.get(label, 0)})"
        for label, name in zip(result.classes.tolist(), names, strict=True)
        if counts.get(label, 0) < _FEW
    ]
    if few:
        found.append(
            f"Few test images of {'the class' if len(few) == 1 else 'the classes'} "
            f"{', '.join(few[:10])}{' and others' if len(few) > 10 else ''}: look at the "
            "intervals, not only at the scores."
        )
    if len(table["y_pred"].unique()) == 1 and len(counts) > 1:
        found.append("The model predicts the same class for all images.")
    return [*general_cautions(result, model), *found]


def general_cautions(result: Any, model: str) -> list[str]:
    """The same of classes and of numbers: leaks, groups and missing scores."""
    found = []
    if len(result.leaks):
        found.append(f"{in_both(result.leaks)}: the scores are too good.")
    if result.split_groups:
        found.append(about_groups(result))
    table = result.per_model(model)
    n_missing = len(result.missing[result.missing["model"] == model])
    if n_missing:
        found.append(
            "1 score is missing; see “Missing scores” for the reason."
            if n_missing == 1
            else f"{n_missing} scores are missing; see “Missing scores” for the reasons."
        )
    n_groups = len(table) if result.groups is None else len(set(result.groups[table["row"]]))
    if n_groups < len(table):
        found.append(
            f"The test images belong to {n_groups:,} groups, such as patients, which intervals and "
            "p values take into account: images of a group may be correlated, but groups are "
            f"independent. {about_few_groups(n_groups)}".rstrip()
        )
    return found


def about_grouping(grouping: Any) -> str:
    """That rows are groups of images, in words."""
    n, n_images = len(grouping.names), grouping.of_images.predictions["row"].nunique()
    return (
        f"Each case is a group of images, such as those of a patient: {n:,} groups of "
        f"{n_images:,} images. {joined_by(grouping)} Below, “images” are these groups, and the "
        "picture of a group is its first image."
    )


def joined_by(grouping: Any) -> str:
    """How the scores of a group's images became one."""
    joined = {"mean": "their mean", "max": "their maximum", "noisy_or": "a noisy or"}
    return f"Scores of the images of a group were combined by {joined[grouping.how]}."


def ranked(result: Any, metric: str, values: Any) -> Any:
    """Values of a metric such that the greatest is the best."""
    known = result.known(metric)
    if known is None or known.sign < 0:
        return values
    if known.name in _PERFECT:
        return -(values - _PERFECT[known.name]).abs()
    return values if TABLE[known.name].greater_is_better else -values


def best_of(result: Any, summary: pd.DataFrame, model: str) -> str:
    """That the best of several models was picked by what it is judged by, or inside the folds."""
    metric = result.metrics[0]
    picked = result.choices[result.choices["parameter"] == "model"]
    chosen = set(picked["model"][picked["value"].isin(result.models)])  # by `choose`
    single = [name for name in result.tested if name not in chosen]
    if model in chosen:
        return (
            f"Each fold chose it among {len(single)} models by inner scores, which do not depend "
            "on its test images, so choosing it has not made its scores too good."
        )
    values = summary[summary["metric"] == metric].set_index("model")["value"][single]
    others = [name for name in single if values[name] == values[model] and name != model]
    equal = " and ".join(f"“{name}”" for name in others)
    return (
        f"It is the best of {len(single)} models by {in_words(metric)} on these images"
        f"{f', together with {equal}' if others else ''}, so its scores are a little too good."
    )


def about_intervals(result: Any, model: str, rows: Any, level: float) -> list[str]:
    """What the intervals of a model mean, and how they were found, in sentences."""
    percent = f"{100 * level:g}\u00a0%"
    found = [
        f"Intervals: if this were repeated with many other samples of as many test images, "
        f"{percent} of the intervals would contain the score of all such images. The intervals do "
        "not reflect the variation between training sets."
    ]
    used = set(rows["method"])
    found += [text[0].upper() + text[1:] for method, text in METHODS.items() if method in used]
    n_repeats = result.n_repeats(model)
    most = result.predictions.query("model == @model")["row"].value_counts().max()
    if n_repeats > 1:
        found.append(
            f"Repeats: scores and limits of intervals are means over {n_repeats} repeats, in each "
            "of which every image was tested once. Comparisons, tables of classes and pictures "
            "show the first repeat."
        )
    if most > n_repeats:
        counted = "first prediction" if n_repeats == 1 else f"first {n_repeats} predictions"
        count = "counts" if n_repeats == 1 else "count"
        found.append(f"Images were tested up to {most} times: only the {counted} of each {count}.")
    return found


ABOUT_COMPARISONS = (
    "Differences are those of the first model minus the second, of the predicted labels, with "
    "intervals for paired samples. p values are those of DeLong's test for the areas and of "
    "McNemar's test for the labels, or of their equivalents for images in groups, adjusted for the "
    "number of pairs by Holm's method."
)
METHODS = {
    "wilson": "Wilson: for proportions, such as accuracy and sensitivity.",
    "mover": "MOVER: for combinations of several proportions, such as averages over the classes.",
    "delong": "DeLong: for the area under the ROC curve.",
    "obuchowski": "Obuchowski: for the area under the ROC curve of images in groups.",
    "wald": "Wald: for the Brier score, its skill, calibration slope and intercept, and for R² and "
    "errors of numbers.",
    "t": "Student's t: for the bias and limits of agreement.",
    "chi-squared": "chi-squared: for the expected calibration error.",
    "bootstrap": "bootstrap: for everything else, by resampling the test images.",
}
"""Methods of intervals: name and use."""


def how_tested(result: Any, model: str) -> str:
    """By how many folds, in words that the number of images ends."""
    n_folds = result.times.query("model == @model")["fold"].nunique()
    if result.cv == "prefit":
        return f"“{model}”, already fitted, was tested on"
    if n_folds == 1:
        return f"“{model}” was trained once and tested on"
    counts = result.predictions.query("model == @model")["row"].value_counts()
    if counts.min() == counts.max() > 1:
        return (
            f"“{model}” was tested by cross-validation, {counts.max()} times in "
            f"{n_folds // counts.max()} folds, on"
        )
    if counts.max() > 1:
        return f"“{model}” was trained and tested {n_folds} times, on overlapping parts of"
    return f"“{model}” was tested by cross-validation in {n_folds} folds on"


def in_words(metric: str) -> str:
    """Name of a metric inside a sentence."""
    name = name_of(metric)
    return name if name.isupper() or "ROC" in name else name[0].lower() + name[1:]


def percent(value: float) -> str:
    """A share in percent."""
    return f"{100 * value:.1f}\u00a0%"
