"""Print the tables of docs/metrics.md on intervals of scores of probabilities.

How often 95 % intervals hold the true value, and what the calibration error is estimated to be:

    python tools/calibration_coverage.py
"""

import argparse
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, ndtr, softmax

from skdl.metrics import confidence_interval, expected_calibration_error

N_TRUTH = 400_000


class Binary(NamedTuple):
    """Normal log odds of which the true ones are a linear function."""

    n: int
    mean: float
    spread: float
    intercept: float
    slope: float


class Several(NamedTuple):
    """Normal scores of classes, of which the true ones are a multiple."""

    n: int
    n_classes: int
    spread: float
    slope: float


BINARY = {
    "100, perfect": Binary(100, 0, 1.5, 0, 1),
    "1000, perfect": Binary(1000, 0, 1.5, 0, 1),
    "300, perfect, 7 % positive": Binary(300, -3, 1.2, 0, 1),
    "100, too extreme (slope 0.5)": Binary(100, 0, 3, 0, 0.5),
    "500, too extreme (slope 0.6), 16 % positive": Binary(500, -3, 2, 0, 0.6),
    "200, too moderate (slope 1.8)": Binary(200, -1, 0.8, 0.5, 1.8),
    "60, too low (intercept 0.7)": Binary(60, -1, 1.5, 0.7, 1),
    "5000, too extreme (slope 0.5)": Binary(5000, 0, 3, 0, 0.5),
}
SEVERAL = {
    "300 of 3 classes, perfect": Several(300, 3, 1.5, 1),
    "300 of 3 classes, too extreme (slope 0.5)": Several(300, 3, 1.5, 0.5),
    "1000 of 10 classes, perfect": Several(1000, 10, 2, 1),
    "1000 of 10 classes, too extreme (slope 0.5)": Several(1000, 10, 2, 0.5),
}
# Of groups of 1 to 10 samples whose probabilities and outcomes are correlated; the marginal truth
# is that of independent samples.
IN_GROUPS = Binary(0, -0.5, 2, 0, 0.6)
GROUPED = [(n, correlation) for n in (20, 50, 200) for correlation in (0.3, 0.7)]
NAMES = (
    "expected_calibration_error",
    "calibration_slope",
    "calibration_intercept",
    "brier",
    "brier_skill",
)
OF_ALL = ("expected_calibration_error", "brier", "brier_skill")


def drawn(
    scenario: Binary | Several, n: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true probabilities of `n` samples, of shape (n, n_columns)."""
    if isinstance(scenario, Binary):
        odds = generator.normal(scenario.mean, scenario.spread, (n, 1))
        return expit(odds), expit(scenario.intercept + scenario.slope * odds)
    scores = generator.normal(0, scenario.spread, (n, scenario.n_classes))
    return softmax(scores, axis=1), softmax(scenario.slope * scores, axis=1)


def samples(
    scenario: Binary | Several, n_draws: int, seed: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Labels and predicted probabilities of test samples that hold all classes."""
    generator = np.random.default_rng(seed)
    for _ in range(n_draws):
        predicted, true = drawn(scenario, scenario.n, generator)
        if isinstance(scenario, Binary):
            yield (generator.random(scenario.n) < true[:, 0]).astype(int), predicted[:, 0]
        else:
            draws = generator.random((scenario.n, 1))
            labels = (true.cumsum(axis=1) < draws).sum(axis=1)
            yield labels.clip(max=scenario.n_classes - 1), predicted


def grouped_samples(
    n_groups: int, correlation: float, n_draws: int, seed: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Labels, predicted probabilities and groups of samples that are alike within a group."""
    generator = np.random.default_rng(seed)
    for _ in range(n_draws):
        groups = np.repeat(np.arange(n_groups), generator.integers(1, 11, n_groups))
        shared = generator.normal(size=(2, n_groups))[:, groups]
        own = generator.normal(size=(2, len(groups)))
        odds, luck = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
        odds = IN_GROUPS.mean + IN_GROUPS.spread * odds
        true = expit(IN_GROUPS.intercept + IN_GROUPS.slope * odds)
        yield (ndtr(luck) < true).astype(int), expit(odds), groups


def truths(scenario: Binary | Several) -> dict[str, float]:
    """What the scores would be of infinitely many samples, of these bins."""
    predicted, true = drawn(scenario, N_TRUTH, np.random.default_rng(1))
    n_bins = min(15, scenario.n // 10) or 15
    error = np.mean(
        [
            np.mean([part.mean() ** 2 for part in np.array_split(t[np.argsort(p)], n_bins)])
            for p, t in zip(predicted.T, (true - predicted).T, strict=True)
        ]
    )
    # The mean over outcomes that occur with the true probabilities.
    brier = (true * (1 - predicted) ** 2 + (1 - true) * predicted**2).sum(axis=1).mean()
    prevalence = true.mean(axis=0)
    found = {
        "expected_calibration_error": float(np.sqrt(error)) if error > 1e-6 else 0.0,
        "brier": float(brier),
        "brier_skill": float(1 - brier / (prevalence * (1 - prevalence)).sum()),
    }
    if isinstance(scenario, Binary):
        odds = np.log(predicted / (1 - predicted))
        found["calibration_slope"] = scenario.slope
        found["calibration_intercept"] = float(
            brentq(lambda added: (expit(odds + added) - true).mean(), -9, 9)
        )
    return found


def coverage(scenario: Binary | Several, name: str, n_draws: int) -> float:
    """Share of the intervals that hold the true value."""
    true = truths(scenario)[name]
    held = []
    for y_true, y_prob in samples(scenario, n_draws):
        _, low, high = confidence_interval(name, y_true, y_prob)
        held.append(low <= true <= high)
    return float(np.mean(held))


def grouped_coverage(name: str, n_groups: int, correlation: float, n_draws: int) -> float:
    """Share of the intervals of samples in groups that hold the true value, where there is one."""
    true = truths(IN_GROUPS)[name]
    held = []
    for y_true, y_prob, groups in grouped_samples(n_groups, correlation, n_draws):
        try:
            _, low, high = confidence_interval(name, y_true, y_prob, groups=groups)
        except ValueError:  # all groups are of one class
            continue
        held.append(low <= true <= high)
    return float(np.mean(held))


def mean_error(scenario: Binary | Several, n_draws: int, **settings: Any) -> float:
    """The mean of the estimates of the calibration error."""
    found = [expected_calibration_error(*s, **settings) for s in samples(scenario, n_draws)]
    return float(np.mean(found))


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-draws", type=int, default=2000)
    n_draws = parser.parse_args().n_draws
    warnings.simplefilter("ignore")
    rows = []
    scenarios: dict[str, Binary | Several] = {**BINARY, **SEVERAL}
    for title, scenario in scenarios.items():
        names = NAMES if isinstance(scenario, Binary) else OF_ALL
        shares = [
            f"{100 * coverage(scenario, name, n_draws):.1f}" if name in names else ""
            for name in NAMES
        ]
        rows.append([title, *shares])
    print(table(["samples", *(name.replace("_", " ") for name in NAMES)], rows), end="\n\n")
    rows = []
    for title, scenario in scenarios.items():
        true = truths(scenario)["expected_calibration_error"]
        plain = mean_error(scenario, n_draws, debiased=False)
        rows.append([title, *(f"{x:.3f}" for x in (true, mean_error(scenario, n_draws), plain))])
    print(table(["samples", "true", "debiased", "plain"], rows), end="\n\n")
    rows = [
        [
            f"{n_groups} groups, correlation {correlation}",
            *(
                f"{100 * grouped_coverage(name, n_groups, correlation, n_draws):.1f}"
                for name in NAMES
            ),
        ]
        for n_groups, correlation in GROUPED
    ]
    print(table(["samples", *(name.replace("_", " ") for name in NAMES)], rows))


if __name__ == "__main__":
    main()
