"""What is needed to do an evaluation again."""

from collections.abc import Callable
from typing import Any


def reproduce(result: Any, estimator: Any) -> dict[str, str]:
    """Folds, seeds, what may differ, and the digest of the data."""
    params = {"": estimator, **estimator.get_params()}
    seeds = {name: params[name] for name in params if name.rpartition("__")[2] == "random_state"}
    free = [name for name, value in seeds.items() if value is None]
    unseeded = [name for name in free if _draws(params[name.rpartition("__")[0]])]
    return {
        "Folds": "already fitted" if result.cv == "prefit" else f"cv={result.cv}",
        "Seeds": ", ".join(f"{name}={value!r}" for name, value in seeds.items()) or "none",
        "May differ": f"without a seed: {', '.join(unseeded)}" if unseeded else "",
        "Data": f"SHA-256 {result.data_digest}",
    }


# When estimators of scikit-learn use their seed, as far as that is not always.
_DRAWS_IF: dict[str, Callable[[dict[str, Any]], bool]] = {
    "SVC": lambda p: p.get("probability") is True,
    "NuSVC": lambda p: p.get("probability") is True,
    "LogisticRegression": lambda p: p["solver"] in ("liblinear", "sag", "saga"),
    "LogisticRegressionCV": lambda p: p["solver"] in ("liblinear", "sag", "saga"),
    "RidgeClassifier": lambda p: p["solver"] in ("sag", "saga"),
    "LinearSVC": lambda p: p["dual"] is not False,
    "PCA": lambda p: p["svd_solver"] in ("auto", "arpack", "randomized"),
    "TunedThresholdClassifierCV": lambda p: isinstance(p["cv"], float),
}


def _draws(estimator: Any) -> bool:
    """Whether a seed may change what an estimator learns."""
    known = _DRAWS_IF.get(type(estimator).__name__)
    ours = not type(estimator).__module__.startswith("sklearn.")
    return known is None or ours or known(estimator.get_params(deep=False))
