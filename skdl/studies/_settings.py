"""What a run of a study is asked for: checked before anything is trained.

Decisions: docs/decisions.md#reports-and-case-studies.
"""

import json
import numbers
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skdl.downloads import replacing, weights_digest
from skdl.studies._declaration import Model, Setting, Study
from skdl.studies._text import shown

SETTINGS = "settings.json"
ADVICE = "Choose another folder for the study."


def check(setting: Setting, study: Study) -> None:
    """Refuse what no run can be asked for."""
    _check_whole("seed", setting.seed, 0)
    for what in ("n_train", "epochs"):
        if getattr(setting, what) is not None:
            _check_whole(what, getattr(setting, what), 1)
    for what in ("backbone", "weights"):
        if getattr(setting, what) is not None and not study.backbone:
            raise ValueError(f"The study {study.name!r} has no pretrained network: drop {what}.")


def _check_whole(what: str, value: Any, least: int) -> None:
    most = 2**32 - 1  # of seeds
    if not isinstance(value, numbers.Integral) or not least <= int(value) <= most:
        raise ValueError(f"{what} must be a whole number of at least {least}. Got {shown(value)}.")


def check_epochs(setting: Setting, estimators: dict[str, Any]) -> None:
    """Refuse epochs where nothing has any."""
    names = {name.rpartition("__")[2] for e in estimators.values() for name in e.get_params()}
    if setting.epochs is not None and "epochs" not in names:
        raise ValueError("None of these models is trained in epochs: drop epochs.")


def check_weights(setting: Setting, study: Study) -> None:
    """Find out now, and not after the first networks, that weights are missing."""
    from skdl.estimators import BackboneFeatures

    pretrained = setting.pretrained(study.backbone)
    nothing = np.zeros((1, 96, 96, 3), dtype=np.uint8)
    try:
        BackboneFeatures(**pretrained, image_size=96, store=None).fit(nothing)
    except (OSError, ValueError) as error:
        raise type(error)(
            f"{error}\nSet `backbone` to another pretrained network, such as cifar_resnet20, or "
            "`weights` to a file of weights (--backbone, --weights)."
        ) from error


def chosen(study: Study, only: Sequence[str] | None, n_train: int | None) -> list[Model]:
    """Models that are asked for, and have enough images."""
    names = [model.name for model in study.models]
    known = {*names, *(model.variant for model in study.models)}
    for name in only or ():
        if name not in known:
            raise ValueError(
                f"The study {study.name!r} has no model {shown(name)}. It has: {', '.join(names)}."
            )
    wanted = [m for m in study.models if only is None or m.name in only or m.variant in only]
    found = [m for m in wanted if n_train is None or (m.n_train or 0) <= n_train]
    if wanted and not found:
        least = min(model.n_train for model in wanted if model.n_train)
        raise ValueError(f"n_train must be at least {least} for these models. Got {n_train}.")
    return found


def check_folder(setting: Setting, study: Study) -> None:
    """Refuse a folder in which another setting was run."""
    asked = _identity(setting, study)
    try:
        before = json.loads((setting.folder / SETTINGS).read_text(encoding="utf-8"))
        other = {key: value for key, value in before.items() if value != asked[key]}
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, AttributeError):
        return
    if other:
        changed = ", ".join(f"{key} {value}, not {asked[key]}" for key, value in other.items())
        raise ValueError(
            f"The folder {setting.folder} belongs to a run with other settings: {changed}. Choose "
            "another folder with out (--out), or delete this one."
        )


def claim(setting: Setting, study: Study) -> None:
    """Write the setting into the folder."""
    with replacing(setting.folder / SETTINGS, ADVICE) as part:
        text = json.dumps(_identity(setting, study), indent=2, default=int)  # of NumPy
        part.write_text(text + "\n", encoding="utf-8")


def _identity(setting: Setting, study: Study) -> dict[str, Any]:
    return asked_for(setting) | {"study": study.name, "weights_digest": digest(setting)}


def digest(setting: Setting) -> str | None:
    """Sha256 of the file of weights; None of weights that have a name."""
    return None if setting.weights is None else weights_digest(setting.weights)


def asked_for(setting: Setting) -> dict[str, Any]:
    """The setting as JSON: without folders, which are nobody's business."""
    found = {key: value for key, value in vars(setting).items() if key != "folder"}
    return found | {"weights": setting.weights and Path(setting.weights).name}
