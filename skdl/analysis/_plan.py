"""What is run in the time there is, and what is left out, and why."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.analysis._backbone import TINY, candidates, seconds_per_image
from skdl.analysis._ladder import (
    NETWORKS,
    ON_FEATURES,
    RUNGS,
    Backbone,
    Setting,
    build,
    choices_of_layers,
    folds_of_tuning,
    widths,
)
from skdl.analysis._look import Look

_FOR_FEATURES = 0.4  # of the time, at most
_EPOCHS = ((20, 60), (10, 30), (5, 15))
_LARGEST_NETWORK = 64
_SMALLEST_FINETUNED = 96
_FEW = 200  # images, from which the weights of a network are not learned
_MOST_BACKBONES = 2
# Why: docs/decisions.md#calibration-and-thresholds
_MANY = 1000  # images, of which one part that is held out tells enough
_PROBED_ROWS = 600
_PROBED_IMAGES = 128


@dataclass(frozen=True)
class Plan:
    """What is run, with what, and for how long."""

    setting: Setting
    models: list[str]
    left_out: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def lines(self, minutes: float) -> list[str]:
        """What will be run, and what not, in words."""
        planned = _in_words(sum(self.seconds.values()))
        about = [f"Planned: {planned} of {minutes:g} min, besides the report."]
        if "features" in self.seconds:
            labels = " and ".join(backbone.label for backbone in self.setting.backbones)
            about.append(f"  features   {labels}: {_in_words(self.seconds['features'])}")
        about += [
            f"  {name:<10} {RUNGS[name]}: {_in_words(self.seconds.get(name, 0))}"
            for name in self.models
        ]
        return about + [f"  Left out: {name}, {why}." for name, why in self.left_out.items()]

    def without(self, name: str, why: str) -> "Plan":
        """The plan without a model."""
        return replace(
            self,
            models=[other for other in self.models if other != name],
            left_out={**self.left_out, name: why},
        )

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)


def plan_of(content: dict[str, Any]) -> Plan:
    """The plan that `as_dict` made this of."""
    setting = dict(content["setting"])
    setting["backbones"] = tuple(map(_backbone_of, setting["backbones"]))
    setting["epochs"] = tuple(setting["epochs"])
    return Plan(**{**content, "setting": Setting(**setting)})


def _backbone_of(content: dict[str, Any]) -> Backbone:
    size = content["size"]
    return Backbone(**{**content, "size": tuple(size) if isinstance(size, list) else size})


def make_plan(
    look: Look,
    *,
    models: Sequence[str] | None,
    backbone: str | None,
    weights: str | None,
    folds: int,
    seed: int,
    store: str,
    budget: float,
) -> Plan:
    """Measure, and fill the seconds of the budget from the bottom of the ladder up."""
    wanted = list(RUNGS) if models is None else [name for name in RUNGS if name in models]
    smallest = int(np.unique(look.y, return_counts=True)[1].min())
    setting = Setting(
        binary=look.binary,
        metric="roc_auc" if look.binary else "balanced_accuracy",
        inner=1 if len(look.y) >= _MANY else 3 if smallest >= 4 * folds else 2,
        network_inner=1,
        seed=seed,
        store=store,
        backbones=(),
        network_size=min(_LARGEST_NETWORK, max(8, max(look.size))),
        epochs=_EPOCHS[0],
    )
    plan = Plan(setting, [])
    if set(wanted) & {*ON_FEATURES, "finetune"}:
        plan = _with_backbones(plan, look, backbone, weights, _FOR_FEATURES * budget)
    if "finetune" in wanted and any(used.onnx for used in plan.setting.backbones):
        plan = plan.without("finetune", "as an ONNX model is not trained")
    for name in wanted:
        if name in plan.left_out:
            continue
        if models is None and name in NETWORKS and _too_few(look):
            why = (
                f"as {len(look.y)} images are too few to train a network well (name them "
                "with --models to run them anyway)"
            )
            plan = plan.without(name, why)
            continue
        plan = _with_model(plan, name, look, folds, budget - sum(plan.seconds.values()))
    if not plan.models:
        why = "; ".join(f"{name}, {why}" for name, why in plan.left_out.items())
        raise ValueError(f"There is no time for any model: {why}.")
    if not set(plan.models) & {*ON_FEATURES, "finetune"}:
        plan.seconds.pop("features", None)
    return _with_fair_searches(plan, budget)


def _with_fair_searches(plan: Plan, budget: float) -> Plan:
    """With networks searched in as many folds as other models, if there is time for it.

    Of inner scores, that of a single split is the least certain, and the best is chosen by them.
    """
    fair = replace(plan.setting, network_inner=plan.setting.inner)
    seconds = dict(plan.seconds)
    for name in set(NETWORKS) & set(plan.models):
        seconds[name] *= _fits(fair, name) / _fits(plan.setting, name)
    if sum(seconds.values()) > budget:
        return plan
    return replace(plan, setting=fair, seconds=seconds)


def _too_few(look: Look) -> bool:
    """Whether there are too few images to train a network, unless they are tiny."""
    return len(look.y) < _FEW and max(look.size) > TINY


def _with_backbones(
    plan: Plan, look: Look, name: str | None, weights: str | None, most: float
) -> Plan:
    """The best backbones whose features are there in time."""
    chosen: list[Backbone] = []
    spent, fastest = 0.0, np.inf
    for candidate in candidates(name, weights, look.size):
        if candidate.name in {backbone.name for backbone in chosen}:
            continue
        if chosen:  # beside another network, what it says in the end is enough
            candidate = replace(candidate, layers=dict(list(candidate.layers.items())[-1:]))
        seconds = seconds_per_image(candidate, look.X) * len(look.X)
        fastest = min(fastest, seconds)
        if spent + seconds <= most:
            chosen.append(candidate)
            spent += seconds
        if len(chosen) == (1 if max(look.size) <= TINY else _MOST_BACKBONES):
            break
    if chosen:
        setting = replace(plan.setting, backbones=tuple(chosen))
        return replace(plan, setting=setting, seconds={**plan.seconds, "features": spent})
    why = "as no weights of a pretrained network are available"
    if np.isfinite(fastest):
        why = f"whose features would take {_in_words(fastest)} with the fastest available network"
    return replace(plan, left_out=dict.fromkeys((*ON_FEATURES, "finetune"), why))


def _with_model(plan: Plan, name: str, look: Look, folds: int, left: float) -> Plan:
    """With another model, if there is time for it."""
    if name == "finetune" and max(look.size) < _SMALLEST_FINETUNED:
        why = "as the images are small, and fine-tuning adds little to the features of a network"
        return plan.without(name, why)
    for setting in _settings(plan.setting, name):
        n_fits = (folds + 1) * _fits(setting, name)  # one more for all images
        seconds = n_fits * _COSTS[name](setting, look, folds)
        if seconds <= left:
            seconds_of = {**plan.seconds, name: seconds}
            return replace(plan, setting=setting, models=[*plan.models, name], seconds=seconds_of)
    needed, rest = _in_words(seconds), _in_words(max(left, 0.0))
    little = "slightly more than is left" if needed == rest else f"and {rest} are left"
    return plan.without(name, f"which would take {needed}, {little}; allow more minutes for it")


def _settings(setting: Setting, name: str) -> list[Setting]:
    if name != "network":
        return [setting]
    choices = _EPOCHS if setting.inner > 1 else _EPOCHS[1:]  # many images: as many steps
    return [replace(setting, epochs=epochs) for epochs in choices]


def _fits(setting: Setting, name: str) -> float:
    """How often a model is fitted in a fold, in fits to all of the training data."""
    if name in NETWORKS:
        first, last = setting.epochs if name == "network" else (0, 1)
        search = 1 + _share(setting.network_inner) * (first + last) / last
        return search * (1 + _share(1) if setting.binary else 1)
    n_candidates = {"majority": 1, "shortcuts": 1, "logistic": 2, "svc": 2}[name]
    if name in ON_FEATURES:
        n_candidates *= len(choices_of_layers(setting))
    search = 1 + n_candidates * _share(setting.inner)
    tuned = setting.binary and name != "majority"
    return search * (1 + _share(folds_of_tuning(setting)) if tuned else 1)


def _share(n: int) -> float:
    """Images that the folds of a search train on, as a share of all."""
    return n - 1 if n > 1 else 0.8


# ---- how long a fit takes ------------------------------------------------------------------------


def _cheap(setting: Setting, look: Look, folds: int) -> float:
    return 0.002


def _of_facts(setting: Setting, look: Look, folds: int) -> float:
    forest = _innermost(build("shortcuts", setting))
    return _of_numbers(forest, 12, look, folds, power=1.0)


def _of_features(name: str, power: float) -> Callable[[Setting, Look, int], float]:
    def seconds(setting: Setting, look: Look, folds: int) -> float:
        of_each, choices = widths(setting), choices_of_layers(setting)
        width = sum(of_each[part] for parts in choices for part in parts) // len(choices)
        classifier = _innermost(build(name, setting)).steps[-1][1]
        return _of_numbers(make_pipeline(StandardScaler(), classifier), width, look, folds, power)

    return seconds


def _innermost(model: Any) -> Any:
    """The estimator that a search fits to features."""
    inside = model.steps[-1][1]
    while (
        hasattr(inside, "estimator") and hasattr(inside, "cv") and not hasattr(inside, "ensemble")
    ):
        inside = inside.estimator
    return inside


def _of_numbers(estimator: Any, width: int, look: Look, folds: int, power: float) -> float:
    """A fit to numbers drawn at random, as many as in a fold, or to fewer and scaled up."""
    n = len(look.y) - len(look.y) // folds
    rows = _some_of_each(look.y, _PROBED_ROWS)
    X = np.random.default_rng(0).normal(size=(len(rows), width)).astype(np.float32)
    start = time.perf_counter()
    clone(estimator).fit(X, look.y[rows])
    took = time.perf_counter() - start
    return float(took * max(1, n / len(rows)) ** power)


def _of_network(setting: Setting, look: Look, folds: int) -> float:
    """Epochs of the small network, measured on some of the images."""
    network = _network_of(build("network", setting))
    rows = _some_of_each(look.y, _PROBED_IMAGES)

    def seconds(epochs: int) -> float:
        start = time.perf_counter()
        with warnings.catch_warnings():  # of what is learned in so few
            warnings.simplefilter("ignore", ConvergenceWarning)
            clone(network).set_params(epochs=epochs).fit(look.X[rows], look.y[rows])
        return time.perf_counter() - start

    seconds(1)  # builds and compiles
    one = seconds(1)
    more = int(np.clip(1 / one, 2, 30))  # long enough to be measured
    per_epoch = max(seconds(1 + more) - one, 0.0) / more
    n, last = len(look.y) - len(look.y) // folds, setting.epochs[1]
    return (per_epoch * last + one) * n / len(rows)


def _network_of(model: Any) -> Any:
    while hasattr(model, "estimator"):
        model = model.estimator
    return model


def _of_finetuning(setting: Setting, look: Look, folds: int) -> float:
    """As long as half of the network takes, back and forth in each epoch."""
    network = _network_of(build("finetune", setting))
    once = seconds_per_image(setting.backbones[0], look.X)
    n = len(look.y) - len(look.y) // folds
    return float(once * n * (1 + 0.5 * network.epochs))


def _some_of_each(y: npt.NDArray[Any], n: int) -> npt.NDArray[np.intp]:
    """About n rows, some of each class."""
    order = np.random.default_rng(0).permutation(len(y))
    firsts = np.unique(y[order], return_index=True)[1]
    rest = np.setdiff1d(np.arange(len(y)), firsts)[: max(0, n - len(firsts))]
    return np.sort(order[np.concatenate([firsts, rest])])


_COSTS: dict[str, Callable[[Setting, Look, int], float]] = {
    "majority": _cheap,
    "shortcuts": _of_facts,
    "logistic": _of_features("logistic", 1.0),
    "svc": _of_features("svc", 2.0),
    "network": _of_network,
    "finetune": _of_finetuning,
}


def _in_words(seconds: float) -> str:
    """A duration, roughly."""
    if seconds < 1:
        return "less than 1 s"
    if seconds < 100:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min"
