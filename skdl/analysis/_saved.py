"""The seam to model files."""

import os
from dataclasses import dataclass
from typing import Any


@dataclass
class SavedModel:
    estimator: Any
    novelty: Any = None
    target_names: list[str] | None = None


def read_model(path: str | os.PathLike[str], *, trusted: Any = ()) -> SavedModel:
    import joblib

    return joblib.load(path)
