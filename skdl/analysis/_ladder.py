"""The models of an analysis, from the majority class to a network that is fine-tuned.

Decisions: docs/decisions.md#calibration-and-thresholds.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skdl.evaluation import GroupHoldout
from skdl.preprocessing import ImageFacts

RUNGS = {
    "majority": "the share of each class, whatever the image",
    "shortcuts": "a random forest on size, mode and brightness alone",
    "logistic": "features of a pretrained network, logistic regression",
    "svc": "features of a pretrained network, support vector machine",
    "network": "a small network, trained from scratch",
    "finetune": "a pretrained network, its last block trained",
}
ON_FEATURES = ("logistic", "svc")
NETWORKS = ("network", "finetune")


@dataclass(frozen=True)
class Backbone:
    """A pretrained network at hand: its name, weights and parameters, image size and layers."""

    name: str
    size: int | tuple[int, int]  # a side, or height and width
    layers: dict[str, int]  # names and numbers of features, from the image on
    weights: str = "auto"
    params: dict[str, Any] = field(default_factory=dict)
    onnx: bool = False  # which is not trained
    file: str = ""  # of an ONNX model that is named by its path

    @property
    def label(self) -> str:
        """How it is called."""
        height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        pixels = f" on {width}×{height} pixels"
        if self.file:
            return f"{self.file}{pixels}, scaled by the mean and standard deviation of ImageNet"
        params = "".join(f", {name}={value}" for name, value in self.params.items())
        file = "" if self.weights == "auto" else f" (weights: {self.weights})"
        return f"{self.name}{params}{file}{pixels}"

    @property
    def step(self) -> str:
        """What it is called in pipelines."""
        return _as_step(f"onnx_{Path(self.file).stem}" if self.file else self.name)

    @property
    def parts(self) -> dict[str, int]:
        """Numbers of features by what the layers are called in pipelines."""
        found: dict[str, int] = {}
        for number, (layer, width) in enumerate(self.layers.items()):
            name = _as_step(f"{self.step}_{layer}")
            while name in found:
                name = f"{name}_{number}"
            found[name] = width
        return found

    def routed(self) -> dict[str, Any]:
        """Parameters of estimators that take it."""
        given = {f"backbone__{name}": value for name, value in self.params.items()}
        return {"weights": self.weights, "image_size": self.size, **given}


def _as_step(name: str) -> str:
    """A name without two underscores side by side, which part the names of parameters."""
    return re.sub(r"[\W_]+", "_", name).strip("_")


@dataclass(frozen=True)
class Setting:
    """What the models depend on."""

    binary: bool
    metric: str
    inner: int  # folds of searches; 1 holds one part out, where there are many images
    network_inner: int  # the same of networks, which take long
    seed: int
    store: str
    backbones: tuple[Backbone, ...]  # the one to fine-tune first
    network_size: int
    epochs: tuple[int, int]


def build(name: str, setting: Setting) -> Any:
    """The model of a rung, not fitted."""
    return _BUILDERS[name](setting)


def features(setting: Setting) -> Any:
    """The transformer to features of all networks and layers that searches choose from."""
    parts = [(backbone.step, _features_of(backbone, setting)) for backbone in setting.backbones]
    return parts[0][1] if len(parts) == 1 else FeatureUnion(parts)


def _features_of(backbone: Backbone, setting: Setting) -> Any:
    from skdl.estimators import BackboneFeatures

    return BackboneFeatures(
        backbone.name, layer=list(backbone.layers), store=setting.store, **backbone.routed()
    )


def _search(setting: Setting, estimator: Any, grid: Any) -> Any:
    """A search that keeps the best candidate; of two classes, with a threshold that is tuned."""
    search = GridSearchCV(estimator, grid, scoring=setting.metric, cv=_inner(setting))
    return _tuned(search, folds_of_tuning(setting)) if setting.binary else search


def _inner(setting: Setting) -> Any:
    return _splits(setting.inner, setting)


def folds_of_tuning(setting: Setting) -> int:
    """Folds in which a threshold is tuned: of a part of the images it would be left to chance."""
    return setting.inner if setting.inner > 1 else 3


def _splits(n: int, setting: Setting) -> Any:
    return n if n > 1 else GroupHoldout(0.2, setting.seed)


def _tuned(estimator: Any, cv: Any) -> Any:
    return TunedThresholdClassifierCV(estimator, scoring="balanced_accuracy", cv=cv)


def _majority(setting: Setting) -> Any:
    return GridSearchCV(
        DummyClassifier(strategy="prior"),
        {"strategy": ["prior"]},
        scoring=setting.metric,
        cv=_inner(setting),
    )


def _shortcuts(setting: Setting) -> Any:
    # Without class weights, which scikit-learn's forests refuse of text like "3".
    forest = RandomForestClassifier(n_estimators=30, random_state=setting.seed)
    return make_pipeline(ImageFacts(), _search(setting, forest, {"min_samples_leaf": [2]}))


def _logistic(setting: Setting) -> Any:
    classifier = LogisticRegression(class_weight="balanced", max_iter=1000)
    return _on_features(setting, classifier, "logisticregression__C", [0.01, 0.1])


def _svc(setting: Setting) -> Any:
    # Each candidate is calibrated anew, which takes long where there are many images.
    cv = 3 if setting.inner > 1 else _inner(setting)
    classifier = CalibratedClassifierCV(SVC(class_weight="balanced"), cv=cv, ensemble=True)
    return _on_features(setting, classifier, "calibratedclassifiercv__estimator__C", [1, 10])


def _on_features(setting: Setting, classifier: Any, name: str, values: list[Any]) -> Any:
    """Features, then a search for layers and regularisation, which computes none of them again."""
    columns, start = [], 0
    for part, width in widths(setting).items():
        columns.append((part, StandardScaler(), slice(start, start + width)))
        start += width
    grids = [
        {f"columntransformer__{part}": ["drop"] for part, _, _ in columns if part not in kept}
        | {name: values}
        for kept in choices_of_layers(setting)
    ]
    return make_pipeline(
        features(setting),
        _search(setting, make_pipeline(ColumnTransformer(columns), classifier), grids),
    )


def choices_of_layers(setting: Setting) -> list[list[str]]:
    """Which features searches try: of each network the last layer and all, and of both networks."""
    found = []
    for backbone in setting.backbones:
        parts = list(backbone.parts)
        found += [parts[-1:], parts] if len(parts) > 1 else [parts]
    return [*found, list(widths(setting))] if len(setting.backbones) > 1 else found


def widths(setting: Setting) -> dict[str, int]:
    """Numbers of features by network and layer."""
    return {part: width for backbone in setting.backbones for part, width in backbone.parts.items()}


def _network(setting: Setting) -> Any:
    from skdl.estimators import CNNClassifier

    network = CNNClassifier(
        "simple" if setting.network_size <= 32 else "separable",
        image_size=setting.network_size,
        learning_rate_schedule="cosine",
        class_weight="balanced",
        augmentation="light" if setting.network_size <= 32 else "medium",
        random_state=setting.seed,
    )
    return _searched(setting, network, {"epochs": list(setting.epochs)})


def _finetune(setting: Setting) -> Any:
    from skdl.estimators import TransferClassifier

    backbone = setting.backbones[0]
    network = TransferClassifier(
        backbone.name,
        trainable=1,
        warmup_epochs=10,
        epochs=10,
        class_weight="balanced",
        store=setting.store,
        random_state=setting.seed,
        **backbone.routed(),
    )
    return _searched(setting, network, {"finetune_learning_rate": [1e-4]})


def _searched(setting: Setting, network: Any, grid: dict[str, list[Any]]) -> Any:
    """A search whose threshold is tuned on one split, since networks take long."""
    cv = _splits(setting.network_inner, setting)
    search = GridSearchCV(network, grid, scoring=setting.metric, cv=cv)
    return _tuned(search, _splits(1, setting)) if setting.binary else search


_BUILDERS = {
    "majority": _majority,
    "shortcuts": _shortcuts,
    "logistic": _logistic,
    "svc": _svc,
    "network": _network,
    "finetune": _finetune,
}
