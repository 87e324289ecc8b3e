"""Print the tables of docs/metrics.md on how often 95 % intervals hold the true value.

Samples are drawn of known confusion matrices, or of normal distributions for areas:

    python tools/interval_coverage.py
"""

import argparse
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy.stats import norm

from skdl.metrics import compare_models, confidence_interval

# Numbers of samples of each class, and the share of each that is right. What is wrong is taken for
# the other classes with equal probability.
SCENARIOS: dict[str, tuple[list[int], list[float]]] = {
    "170/18/170 at .99/.95/.99": ([170, 18, 170], [0.99, 0.95, 0.99]),
    "132/20 at .95": ([132, 20], [0.95, 0.95]),
    "200/10 at .98": ([200, 10], [0.98, 0.98]),
    "60/8/30/12 at .9/.95/.97/.85": ([60, 8, 30, 12], [0.9, 0.95, 0.97, 0.85]),
    "300/15 × 4 at .98": ([300, 15, 15, 15, 15], [0.98] * 5),
    "100/100 at .9/.8": ([100, 100], [0.9, 0.8]),
    "100/50/150 at .7/.8/.9": ([100, 50, 150], [0.7, 0.8, 0.9]),
    "40/40/40 at .6": ([40, 40, 40], [0.6, 0.6, 0.6]),
}
METRICS = ("balanced_accuracy", "specificity", "ppv", "npv", "f1", "geometric_mean")
AREAS: dict[str, tuple[list[int], float]] = {
    "100/100, area .9": ([100, 100], 0.9),
    "80/20, area .97": ([80, 20], 0.97),
    "100/18/100, areas about .97": ([100, 18, 100], 0.97),
    "60/60/60, areas about .85": ([60, 60, 60], 0.85),
}


def confusion(right: Sequence[float]) -> np.ndarray:
    """Probabilities of the predicted class for each true one."""
    k = len(right)
    matrix = np.repeat((1 - np.array(right))[:, None] / (k - 1), k, axis=1)
    np.fill_diagonal(matrix, right)
    return matrix


def draws(
    counts: Sequence[int], matrix: np.ndarray, n: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """True and predicted labels of `n` samples of test images."""
    generator = np.random.default_rng(seed)
    y_true = np.repeat(np.arange(len(counts)), counts)
    edges = matrix.cumsum(axis=1)[y_true]
    for _ in range(n):
        yield y_true, (generator.random(len(y_true))[:, None] > edges[:, :-1]).sum(axis=1)


def truth(metric: str, counts: Sequence[int], matrix: np.ndarray) -> float:
    """The score of infinitely many samples with these shares of the classes."""
    cells = np.array(counts)[:, None] * matrix
    right, true, predicted = np.diagonal(cells), cells.sum(axis=1), cells.sum(axis=0)
    n = cells.sum()
    rates = {
        "balanced_accuracy": right / true,
        "geometric_mean": right / true,
        "specificity": (n - true - predicted + right) / (n - true),
        "ppv": right / predicted,
        "npv": (n - true - predicted + right) / (n - predicted),
        "f1": 2 * right / (true + predicted),
    }[metric]
    if metric == "geometric_mean":
        return float(rates.prod() ** (1 / len(rates)))
    return float(rates.mean())


def covered(
    samples: Iterator[tuple[Any, Any]],
    interval: Callable[[Any, Any], tuple[float, float]],
    true: float,
) -> float:
    """Share of the intervals that hold the true value; those that are undefined are left out."""
    hits = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for y_true, y_pred in samples:
            try:
                low, high = interval(y_true, y_pred)
            except ValueError:
                continue
            # Ends may be values that the score can have, give or take the last bit.
            hits.append(low - 1e-12 <= true <= high + 1e-12)
    return float(np.mean(hits))


def of_labels(metric: str, scenario: str, method: str, n: int) -> float:
    """Coverage of an average over classes."""
    counts, right = SCENARIOS[scenario]
    matrix = confusion(right)
    average = {"average": "macro"} if metric not in ("balanced_accuracy", "geometric_mean") else {}

    def interval(y_true: Any, y_pred: Any) -> tuple[float, float]:
        settings = {"method": method, "n_resamples": 500, "random_state": 0}
        return confidence_interval(metric, y_true, y_pred, **average, **settings)[1:]

    return covered(draws(counts, matrix, n, seed=1), interval, truth(metric, counts, matrix))


def of_areas(scenario: str, n: int) -> float:
    """Coverage of the area under the ROC curve, or of the mean of those of several classes."""
    counts, area = AREAS[scenario]
    y = np.repeat(np.arange(len(counts)), counts)
    distance = np.sqrt(2) * norm.ppf(area)
    generator = np.random.default_rng(2)

    def scores(labels: np.ndarray) -> np.ndarray:
        values = generator.normal(distance * np.eye(len(counts))[labels])
        return values[:, 1] if len(counts) == 2 else values

    def samples() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for _ in range(n):
            yield y, scores(y)

    # One score a class, higher for samples of it and equal for all others: each curve is that of
    # two normal distributions. Of two classes, the score of the second alone.
    return covered(samples(), lambda a, b: confidence_interval("roc_auc", a, b)[1:], area)


def of_differences(metric: str, scenario: str, shared: float, n: int) -> float:
    """Coverage of the difference of two equally good models that share a part of their mistakes."""
    counts, right = SCENARIOS[scenario]
    matrix = confusion(right)
    first, second, both = (draws(counts, matrix, n, seed) for seed in (3, 4, 5))
    generator = np.random.default_rng(6)

    def pairs() -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
        for (y, a), (_, b), (_, c) in zip(first, second, both, strict=True):
            same = generator.random(len(y)) < shared
            yield y, {"a": np.where(same, c, a), "b": np.where(same, c, b)}

    def interval(y_true: Any, models: Any) -> tuple[float, float]:
        row = compare_models(y_true, models).iloc[0]
        return row[f"{metric}_difference_low"], row[f"{metric}_difference_high"]

    return covered(pairs(), interval, 0.0)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=2000, help="number of samples of each scenario")
    n = parser.parse_args().n
    names = [name.replace("_", " ") for name in METRICS]
    for method, title in (("auto", "counts"), ("bootstrap", "bootstrap")):
        rows = [
            [scenario, *(percent(of_labels(m, scenario, method, n)) for m in METRICS)]
            for scenario in SCENARIOS
        ]
        print(table([f"{title}: {n:,} samples", *names], rows), flush=True)
    rows = [[scenario, percent(of_areas(scenario, n))] for scenario in AREAS]
    print(table(["areas", "DeLong, logit"], rows), flush=True)
    chosen = ("accuracy", "balanced_accuracy")
    rows = [
        [
            f"{scenario}, {100 * shared:.0f} % shared",
            *(percent(of_differences(m, scenario, shared, n)) for m in chosen),
        ]
        for scenario in SCENARIOS
        for shared in (0.0, 0.6)
    ]
    print(table(["differences", *(m.replace("_", " ") for m in chosen)], rows), flush=True)


if __name__ == "__main__":
    main()
