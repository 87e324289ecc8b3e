"""Write the model files by which tests see that each released format can still be read.

``python tools/model_files.py tests/persistence/formats``, with the oldest supported libraries, once
for each new format. Files of older formats stay as they are.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skdl
from skdl.persistence import inspect_model


def models():
    """A network, and what scikit-learn has: arrays, trees, random states."""
    return {
        "network": skdl.CNNClassifier(epochs=3, architecture__filters=4, random_state=0),
        "svc": make_pipeline(StandardScaler(), SVC(random_state=np.random.RandomState(0))),
        "forest": RandomForestClassifier(2, max_depth=2, random_state=0),
    }


def main(folder):
    X, y = load_digits(return_X_y=True)
    X, y = X[y < 2], np.array(["zero", "one"])[y[y < 2]]
    for name, model in models().items():
        path = Path(folder, f"new-{name}.skdl")
        model.fit(X[:60], y[:60])
        skdl.save(model, path, probes=X[60:68], target_names=["one", "zero"])
        found = inspect_model(path)
        path.rename(path.with_name(f"{found['format']}-{name}.skdl"))
        print(
            name, found["format"], path.with_name(f"{found['format']}-{name}.skdl").stat().st_size
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
