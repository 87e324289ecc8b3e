"""The items of two checklists for reports on models, and what a run says to them.

CLAIM 2024: A. S. Tejani and others, "Checklist for Artificial Intelligence in Medical Imaging
(CLAIM): 2024 update", Radiology: Artificial Intelligence 6(4), 2024. TRIPOD+AI: G. S. Collins and
others, "TRIPOD+AI statement", BMJ 385, e078378, 2024. The numbers are theirs, the words are not.

Decisions: docs/decisions.md#reports-and-case-studies.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from skdl._utils.checks import suggest
from skdl._utils.text import shortened
from skdl.reporting import _about_data as data
from skdl.reporting import _about_model as model
from skdl.reporting import _about_training as training
from skdl.reporting import _answers as run_of
from skdl.reporting._about_numbers import ANSWERS
from skdl.reporting._answers import Run


class Item(NamedTuple):
    """An item: its numbers in both checklists, what it asks for, and what answers it."""

    claim: str
    tripod: str
    asks: str
    answer: Callable[[Run], str] | None = None  # None: a run cannot know
    card: str = ""  # heading of the model card that states it


SECTIONS: dict[str, tuple[Item, ...]] = {
    "Study": (
        Item("1", "1", "Title that names the method"),
        Item("2", "2", "Structured abstract"),
        Item("3", "3a, 3b", "Background and intended use", card="Uses"),
        Item("", "3c", "Known inequalities in health care"),
        Item("4", "4", "Aims and hypotheses"),
        Item("", "4", "Development, evaluation, or both", run_of.development),
        Item("5", "", "Prospective or retrospective"),
        Item("6", "", "Goal of the study"),
    ),
    "Data": (
        Item("7", "5a", "Where the data come from", card="Training data"),
        Item("", "5b", "Dates of collection"),
        Item("", "6a", "Setting and centres"),
        Item("8", "6b", "Who was included and excluded"),
        Item("", "6c", "Treatments"),
        Item("35", "20a", "Number of images, by class", data.images),
        Item("35", "20a", "Number of patients or other groups", data.groups),
        Item("36", "20b", "Who the patients are", data.patients),
        Item("", "9b", "What the model sees", data.inputs),
        Item("", "9a", "Why these inputs were chosen"),
        Item("", "9c", "Who assessed inputs that need judgement"),
        Item("", "7", "Unreadable images, copies and look-alikes", data.quality),
        Item("", "7", "Shortcuts, such as brightness", data.shortcuts),
        Item("9", "7, 12b", "Preprocessing", model.preprocessing),
        Item("10", "", "Which parts of the data were used"),
        Item("11", "", "Removal of identifying information"),
        Item("12", "11", "Missing data", data.missing_data),
        Item("13", "", "How images were acquired"),
    ),
    "Reference standard": (
        Item("14", "8a", "How the true classes were determined"),
        Item("15", "8a", "Why the true classes were determined this way"),
        Item("16", "8b", "Who assigned the true classes"),
        Item("17", "8c", "Labels of the test images, and blinding"),
        Item("18", "", "Agreement between raters"),
    ),
    "Training and test data": (
        Item("19", "12a", "Division into training and test data", run_of.partition),
        Item("20", "12a", "What was kept apart", run_of.level_of_split),
        Item("20", "", "Test images in the training data", run_of.leakage),
        Item("21", "10", "Intended number of images, and why"),
        Item("", "21", "Numbers in each analysis", run_of.sizes_of_sets),
    ),
    "Model": (
        Item("22", "12c", "Kind of model", model.technology),
        Item("22", "22", "Full specification", model.specification),
        Item("22", "15", "Output", model.output),
        Item("", "15", "Threshold", model.threshold),
        Item("23", "", "Software", training.software),
        Item("24", "", "Initial values and pretrained weights", training.start),
    ),
    "Training": (
        Item("25", "12c", "Training", training.training),
        Item("25", "", "Augmentation", training.augmentation),
        Item("25", "", "Seeds", training.seeds),
        Item("25", "", "Machine and time", training.hardware),
        Item("", "13", "Imbalanced classes", training.imbalance),
        Item("26", "12c", "Parameter search", training.search),
        Item("26", "", "Choice of the final model", training.selection),
        Item("27", "", "Ensembles", training.ensemble),
    ),
    "Evaluation": (
        Item("28", "12e", "Scores and plots", run_of.metrics),
        Item("29", "12e", "Uncertainty and tests", run_of.uncertainty),
        Item("30", "", "Robustness"),
        Item("31", "", "Explanations", run_of.explained),
        Item("32", "12c", "Test on data from the same source", run_of.internal),
        Item("33", "16, 20c", "Test on data from another source", run_of.external),
        Item("", "12g", "How predictions were made", model.predictions),
        Item("", "12d", "Differences between clusters: method"),
        Item("", "14", "Fairness"),
        Item("", "12f, 24", "Model updating"),
    ),
    "Results": (
        Item("37", "23a", "Scores with intervals", run_of.performance),
        Item("38", "23a", "Diagnostic scores with intervals", run_of.diagnostic),
        Item("", "12e, 23a", "Calibration", run_of.calibration),
        Item("", "23a", "Scores of subgroups", run_of.of_subgroups),
        Item("", "23b", "Differences between clusters: results"),
        Item("37", "", "Missing scores and failed folds", run_of.incomplete),
        Item("39", "", "Mistakes", run_of.failures),
    ),
    "Discussion": (
        Item("", "25", "Interpretation"),
        Item("40", "26", "Limitations", card="Bias, risks and limitations"),
        Item("41", "", "What it means for practice"),
        Item("", "27a", "Handling of poor-quality input"),
        Item("", "27b", "What users have to do and know"),
        Item("", "27c", "Next steps"),
    ),
    "Other information": (
        Item("", "17", "Ethics approval and consent"),
        Item("34", "18d", "Registration"),
        Item("42", "18c", "Protocol"),
        Item("43", "", "Which data were used", run_of.data_digest),
        Item("43", "18e, 18f", "Availability of data, code and model"),
        Item("44", "18a", "Funding"),
        Item("", "18b", "Conflicts of interest"),
        Item("", "19", "Involvement of patients and the public"),
    ),
}


ABOUT = (
    "Items of CLAIM 2024 (doi 10.1148/ryai.240300) and TRIPOD+AI (doi 10.1136/bmj-2023-078378) by "
    "number, in our own words. Answers come from this run and from the authors."
)
"""What the checklist is, in a sentence."""
LEFT_OPEN = "Not stated, and left to the authors"
"""Heading of the items without an answer."""


@dataclass(frozen=True)
class Line:
    """An item with its answer; both "" where nobody states it."""

    section: str
    claim: str
    tripod: str
    asks: str
    answer: str  # by the run
    stated: str = ""  # by the authors

    @property
    def text(self) -> str:
        """What stands beside the item; "" where it is not stated."""
        return " ".join(filter(None, (self.answer, self.stated)))

    @property
    def numbers(self) -> str:
        """Such as "CLAIM 9, TRIPOD+AI 7 and 12b"."""
        claim = f"CLAIM {self.claim}" if self.claim else ""
        tripod = f"TRIPOD+AI {self.tripod.replace(', ', ' and ')}" if self.tripod else ""
        return ", ".join(filter(None, (claim, tripod)))


def checklist(
    run: Run, stated: Mapping[str, str] | None = None, card: Mapping[str, Any] | None = None
) -> list[Line]:
    """All items, those of the run with its answers, those of the authors with their texts."""
    items = [(section, item) for section, items in SECTIONS.items() for item in items]
    asked = [item.answer for _, item in items]
    if run.subject.of_numbers:
        asked = [ANSWERS.get(answer, answer) for answer in asked]
    answers = [answer(run) if answer else "" for answer in asked]
    texts = [
        f"See the model card, “{item.card}”." if item.card and item.card in (card or {}) else ""
        for _, item in items
    ]
    for number, text in check_stated(stated).items():
        places = [place for place, (_, item) in enumerate(items) if number in _numbers(item)]
        # The first that the run leaves open; where it leaves none, beside its answer.
        place = next((p for p in places if not answers[p]), places[0])
        texts[place] = " ".join(filter(None, (texts[place], text)))
    return [
        Line(section, item.claim, item.tripod, item.asks, answer, text)
        for (section, item), answer, text in zip(items, answers, texts, strict=True)
    ]


def _numbers(item: Item) -> list[str]:
    found = [("CLAIM", item.claim), ("TRIPOD+AI", item.tripod)]
    return [f"{kind} {n}" for kind, numbers in found for n in numbers.split(", ") if n]


def check_stated(stated: Any) -> dict[str, str]:
    """Texts by the number of their item; refuses numbers that no item has."""
    if stated is None:
        return {}
    if not isinstance(stated, Mapping):
        raise ValueError(
            "stated must be a dict of items and texts, such as {'CLAIM 44': 'No funding.'}. Got "
            f"{type(stated).__name__}."
        )
    known = [n for items in SECTIONS.values() for item in items for n in _numbers(item)]
    for number, text in stated.items():
        if number not in known:
            near = sorted({n for n in known if re.sub(r"[a-z]$", "", n) == str(number)})
            hint = f" Did you mean {', '.join(map(repr, near))}?" if near else ""
            raise ValueError(
                f"stated has an unknown item {shortened(number)}. Items are CLAIM 1 to 44 and "
                f"TRIPOD+AI 1 to 27c.{hint or suggest(str(number), known)}"
            )
        if not isinstance(text, str):
            raise ValueError(f"stated[{shortened(number)}] must be text. Got {shortened(text)}.")
    return dict(stated)
