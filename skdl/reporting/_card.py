"""The section of a report that stands in as a model card.

Headings: Hugging Face, "Annotated model card template" (2023), after Mitchell et al., "Model cards
for model reporting", FAT* 2019.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from skdl._utils.checks import suggest
from skdl._utils.text import encodable, shortened
from skdl.evaluation import EvaluationResult
from skdl.reporting._estimators import changed, class_of, parts_of, searched, takes, value_of

NOT_STATED = "Not stated."


def card(
    result: Any,
    model: str,
    names: Sequence[str],
    lead: Sequence[str],
    stated: Mapping[str, str | Sequence[str]] | None = None,
) -> list[tuple[str, list[str]]]:
    """Headings with their sentences: those that are stated, or what is known."""
    found = _known(result, model, names, lead)
    texts = check_card(stated, [heading for heading, _ in found])
    return [(heading, texts.get(heading, sentences)) for heading, sentences in found]


def check_card(stated: Any, headings: Sequence[str]) -> dict[str, list[str]]:
    """Texts by their headings; refuses other headings."""
    given = {} if stated is None else stated
    if not isinstance(given, Mapping):
        raise ValueError(f"card must be a dict of headings and texts. Got {type(given).__name__}.")
    unknown = [heading for heading in given if heading not in headings]
    if unknown:
        raise ValueError(
            f"card has no heading {shortened(unknown[0])}. Its headings are: {', '.join(headings)}."
            f"{suggest(str(unknown[0]), headings)}"
        )
    return {
        heading: [text] if isinstance(text, str) else [str(part) for part in text]
        for heading, text in given.items()
    }


def _known(
    result: EvaluationResult, model: str, names: Sequence[str], lead: Sequence[str]
) -> list[tuple[str, list[str]]]:
    """What an evaluation knows; of the rest it says that it is not stated."""
    estimator = result.estimators[model]
    n = len(result.per_model(model))
    fitted = result.cv == "prefit"
    looked_at = "Subgroups of the data were not examined separately."
    if result.subgroup_values is not None:
        by = " and ".join(map(encodable, map(str, result.subgroup_values.columns)))
        looked_at = f"Scores by {by} are under “Subgroups”; other subgroups were not examined."
    return [
        ("Model details", [_about(names)]),
        ("Uses", [NOT_STATED]),
        (
            "Out-of-scope use",
            [
                "Anything that the scores in this report do not cover: other devices, populations "
                "and classes. This is not a medical device."
            ],
        ),
        (
            "Bias, risks and limitations",
            [f"Scores on one data set do not necessarily hold for another. {looked_at}"],
        ),
        ("How to get started with the model", ["joblib.load(path).predict(X)"]),
        ("Training data", [NOT_STATED if fitted else _trained_on(result, model)]),
        ("Training procedure", procedure(estimator)),
        ("Testing data, factors and metrics", [f"{n:,} images: see “Data” and “Scores”."]),
        ("Results", [" ".join(lead)]),
        ("Environmental impact", [energy(result, model)]),
        ("Technical specifications", ["See “How to reproduce”."]),
        ("Citation", [NOT_STATED]),
        ("Model card contact", [NOT_STATED]),
    ]


def _about(names: Sequence[str]) -> str:
    if not names:
        return "Image regressor: one number per image."
    return f"Image classifier of {len(names)} classes: {', '.join(names)}."


def _trained_on(result: EvaluationResult, model: str) -> str:
    """How many images the model saw in a fit, in words."""
    counts = result.times.query("model == @model")["n_train"]
    low, high = counts.min(), counts.max()
    between = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{between} images{', in each fold' if len(counts) > 1 else ''}: see “Data”."


def procedure(estimator: Any, also: Sequence[str] = ()) -> list[str]:
    """Parameters that were set, and some others, of an estimator and what it works with."""
    parts = parts_of(estimator)
    unknown = searched(parts)
    found = []
    for part in parts:
        if hasattr(part, "steps"):
            continue
        names = dict.fromkeys([*changed(part), *(name for name in also if takes(part, name))])
        shown = ", ".join(value_of(part, name, unknown) for name in names)
        found.append(f"{class_of(part)} with {shown or 'its default parameters'}.")
    return found


def energy(result: EvaluationResult, model: str) -> str:
    times = result.times.query("model == @model")
    seconds, stored = times["fit_seconds"].sum(), times["stored_seconds"].sum()
    if not seconds:
        return NOT_STATED
    text = f"Fitting took {_duration(seconds)} in all"
    if stored >= 1:
        text += (
            f", and computing the features that were read from a store would have taken "
            f"{_duration(stored)} more"
        )
    return f"{text}; the energy was not measured."


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "less than a second"
    return "1 second" if round(seconds) == 1 else f"{seconds:,.0f} seconds"
