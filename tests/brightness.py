"""A transformer that workers can import and that needs no network: the mean of each channel."""

import hashlib
import os
import signal
import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from skdl.images import read_image

SPACE = {"features": "mean of each channel"}


class Brightness(TransformerMixin, BaseEstimator):
    """Keeps what it computes in a store; `folder` gets a file for each image that is computed.

    It can take its time, and memory, in MiB.
    """

    def __init__(self, store=None, folder=None, dies=0, slow=0.0, hungry=0):
        self.store = store
        self.folder = folder
        self.dies = dies
        self.slow = slow
        self.hungry = hungry

    def fit(self, X, y=None):
        self.n_features_in_ = read_image(X[0]).size
        return self

    def get_feature_names_out(self, input_features=None):
        return np.array(["red", "green", "blue"])

    def transform(self, X):
        contents = [Path(path).read_bytes() if os.path.isfile(path) else b"" for path in X]
        keys = [hashlib.sha256(content).digest() for content in contents]
        features, found = self.store.get(SPACE, keys, 3)
        missing = list({keys[row]: row for row in np.flatnonzero(~found).tolist()}.values())
        for row in missing:
            features[row] = read_image(X[row]).reshape(-1, 3).mean(axis=0)
            self._note(keys[row].hex())
            held = b"x" * (self.hungry * 2**20)
            time.sleep(self.slow)
            del held
        if missing:
            self.store.put(SPACE, [keys[row] for row in missing], features[missing])
        return features

    def _note(self, name):
        """Write down that an image is computed; the first so many times, die over the second."""
        if self.folder is None:
            return
        Path(self.folder, f"{name}-{time.time_ns()}").touch()
        deaths = len(list(Path(self.folder).glob("death-*")))
        if deaths < self.dies and len(os.listdir(self.folder)) > 1:
            Path(self.folder, f"death-{deaths}").touch()
            os.kill(os.getpid(), signal.SIGKILL)


def how_often(folder):
    """How often each image was computed."""
    names = [path.name.split("-")[0] for path in Path(folder).iterdir()]
    return {name: names.count(name) for name in set(names) - {"death"}}
