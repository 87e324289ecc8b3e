"""How images on their way through a frozen network are counted, over any number of processes."""

import os
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from skdl import BackboneFeatures
from skdl.engine._features import FeatureNetwork


class CountedFeatures(BackboneFeatures):
    """Notes each call of the network in a file beside the folder that is its store."""

    def transform(self, X):
        """The same features."""
        with _noted_runs(_notes(self.store)):
            return super().transform(X)


def counted_images(store):
    """Number of images in each call of the network so far, by all processes."""
    path = _notes(store)
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def _notes(store):
    return Path(f"{store}.calls")


@contextmanager
def _noted_runs(path):
    run = FeatureNetwork.run

    def noted(network, images, *rest):
        # One write in append mode: lines of several processes do not mix.
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, f"{len(images)}\n".encode())
        finally:
            os.close(file)
        return run(network, images, *rest)

    with patch.object(FeatureNetwork, "run", noted):
        yield
