"""Write the table of docs/metrics.md on intervals of images in groups.

How often 95 % intervals hold the true value, for groups of 1 to 10 images that are alike:

    python tools/coverage_of_intervals.py
"""

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv
from scipy.stats import norm

from skdl.metrics import compare_models, confidence_interval

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "metrics.md"
START, END = "<!-- written by tools/coverage_of_intervals.py -->\n", "<!-- end -->"
GROUPS, CORRELATIONS = (20, 50, 200), (0.0, 0.3, 0.7)
CELLS = [(n_groups, icc) for n_groups in GROUPS for icc in CORRELATIONS]
Ends = tuple[float, float]


class Images(NamedTuple):
    """Images in groups."""

    groups: np.ndarray
    y: np.ndarray
    n_groups: int
    icc: float
    generator: np.random.Generator


def images(n_groups: int, icc: float, generator: np.random.Generator, mixed: bool) -> Images:
    """Groups of 1 to 10 images, most of which hold more of one class than of the other.

    If not `mixed`, all images of a group are of one class.
    """
    groups = np.repeat(np.arange(n_groups), generator.integers(1, 11, n_groups))
    share = generator.beta(0.5, 0.5, n_groups) if mixed else generator.random(n_groups).round()
    y = (generator.random(len(groups)) < share[groups]).astype(int)
    return Images(groups, y, n_groups, icc, generator)


def right(images: Images, ranks: np.ndarray, rate: tuple[float, float]) -> np.ndarray:
    """Which images are got right: beta-binomial, with the rate of a group by its rank in (0, 1).

    `rate` is that of negatives and of positives. Images of a group and class have the intra-class
    correlation, and a group that is easy in one class is easy in the other.
    """
    rates = np.repeat(np.array(rate)[:, None], images.n_groups, axis=1)
    if images.icc:
        total = 1 / images.icc - 1
        rates = betaincinv(rates * total, (1 - rates) * total, ranks)
    return images.generator.random(len(images.y)) < rates[images.y, images.groups]


def of_labels(metric: str, rate: tuple[float, float]) -> Callable[[Images], Ends]:
    """Interval of a score of labels, of which these shares of negatives and positives are right."""

    def interval(images: Images) -> Ends:
        found = right(images, images.generator.random(images.n_groups), rate)
        labels = np.where(found, images.y, 1 - images.y)
        return confidence_interval(metric, images.y, labels, groups=images.groups)[1:]

    return interval


def scores(images: Images, effects: np.ndarray, area: float) -> np.ndarray:
    """Scores with this area under the ROC curve and a normal effect of each group."""
    own = np.sqrt(1 - images.icc) * images.generator.normal(size=len(images.y))
    shared = np.sqrt(images.icc) * effects[images.groups]
    return np.sqrt(2) * norm.ppf(area) * images.y + own + shared


def of_areas(area: float) -> Callable[[Images], Ends]:
    """Interval of the area under the ROC curve."""

    def interval(images: Images) -> Ends:
        found = scores(images, images.generator.normal(size=images.n_groups), area)
        return confidence_interval("roc_auc", images.y, found, groups=images.groups)[1:]

    return interval


def kappa(y: np.ndarray, labels: np.ndarray) -> float:
    """Cohen's kappa, which has no interval of its own."""
    agreed, rates = np.mean(y == labels), np.array([y.mean(), labels.mean()])
    chance = rates.prod() + (1 - rates).prod()
    return float((agreed - chance) / (1 - chance))


def of_kappa(images: Images) -> Ends:
    """Interval of a function by the bootstrap of groups."""
    found = right(images, images.generator.random(images.n_groups), (0.9, 0.8))
    labels = np.where(found, images.y, 1 - images.y)
    return confidence_interval(
        kappa,
        images.y,
        labels,
        groups=images.groups,
        n_resamples=1000,
        random_state=images.generator,
    )[1:]


def of_accuracies(images: Images) -> Ends:
    """Interval of the difference of two accuracies, for half of the groups of the same rate."""
    ranks = images.generator.random((2, images.n_groups))
    ranks[1] = np.where(images.generator.random(images.n_groups) < 0.5, ranks[0], ranks[1])
    found = {"a": right(images, ranks[0], (0.9, 0.9)), "b": right(images, ranks[1], (0.8, 0.8))}
    labels = {name: np.where(hits, images.y, 1 - images.y) for name, hits in found.items()}
    return _difference("accuracy", images, labels)


def of_area_differences(images: Images) -> Ends:
    """Interval of the difference of two areas, with effects of groups that go together."""
    generator = images.generator
    first = generator.normal(size=images.n_groups)
    second = (first + generator.normal(size=images.n_groups)) / np.sqrt(2)
    models = {"a": scores(images, first, 0.9), "b": scores(images, second, 0.8)}
    return _difference("auc", images, models)


def _difference(metric: str, images: Images, models: dict[str, np.ndarray]) -> Ends:
    row = compare_models(images.y, models, groups=images.groups).iloc[0]
    return row[f"{metric}_difference_low"], row[f"{metric}_difference_high"]


class Row(NamedTuple):
    """A score whose coverage is simulated."""

    title: str
    truth: float
    interval: Callable[[Images], Ends]
    mixed: bool = True
    slow: bool = False


ROWS = [
    Row("accuracy, 0.8", 0.8, of_labels("accuracy", (0.8, 0.8))),
    Row("accuracy, 0.9", 0.9, of_labels("accuracy", (0.9, 0.9))),
    Row("sensitivity, 0.8", 0.8, of_labels("sensitivity", (0.9, 0.8))),
    Row("sensitivity, 0.9", 0.9, of_labels("sensitivity", (0.8, 0.9))),
    Row("specificity, 0.8", 0.8, of_labels("specificity", (0.8, 0.9))),
    Row("specificity, 0.9", 0.9, of_labels("specificity", (0.9, 0.8))),
    Row("balanced accuracy, 0.85", 0.85, of_labels("balanced_accuracy", (0.9, 0.8))),
    Row("ROC AUC, 0.85", 0.85, of_areas(0.85)),
    Row("ROC AUC, 0.85, one class per group", 0.85, of_areas(0.85), mixed=False),
    Row("ROC AUC, 0.93", 0.93, of_areas(0.93)),
    Row("Cohen's kappa, 0.7 (bootstrap)", 0.7, of_kappa, slow=True),
    Row("accuracy difference, 0.9 − 0.8", 0.1, of_accuracies),
    Row("ROC AUC difference, 0.9 − 0.8", 0.1, of_area_differences),
]


def coverage(row: int, cell: int, n: int) -> float:
    """Share of intervals that hold the true value, in percent; undefined ones are left out."""
    generator = np.random.default_rng([row, cell])
    hits = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while len(hits) < n:
            found = images(*CELLS[cell], generator, ROWS[row].mixed)
            try:
                low, high = ROWS[row].interval(found)
            except ValueError:
                continue
            # Ends may be values that the score can have, give or take the last bit.
            hits.append(low - 1e-12 <= ROWS[row].truth <= high + 1e-12)
    return 100 * float(np.mean(hits))


def table(n: int, n_slow: int) -> str:
    """The table, a row for each score and a column for each number of groups and correlation."""
    head = ["", *(f"{n_groups}, {icc:g}" for n_groups, icc in CELLS)]
    lines = [head, ["---"] * len(head)]
    for number, row in enumerate(ROWS):
        of_row = n_slow if row.slow else n
        found = [f"{coverage(number, cell, of_row):.1f}" for cell in range(len(CELLS))]
        lines.append([row.title, *found])
        print(*lines[-1], sep="\t", flush=True)
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=3000, help="simulations of each figure")
    parser.add_argument("--n-slow", type=int, default=2000, help="those of the bootstrap")
    settings = parser.parse_args()
    made = table(settings.n, settings.n_slow)
    before, rest = PAGE.read_text().split(START)
    PAGE.write_text(before + START + made + END + rest.split(END, 1)[1])


if __name__ == "__main__":
    main()
