"""A feature store with what tests do to it again and again."""

import hashlib

import numpy as np

from skdl.store import FeatureStore


def keys_of(n, name=""):
    return [hashlib.sha256(f"{name}-{i}".encode()).digest() for i in range(n)]


def rows_of(keys, width=8):
    """What was computed of images, so that a wrong row is told from a right one."""
    if not keys:
        return np.zeros((0, width), dtype=np.float32)
    seeds = np.array([int.from_bytes(key[:3], "big") for key in keys], dtype=np.float32)
    return seeds[:, None] + np.arange(width, dtype=np.float32)


SPACE = {"backbone": "resnet50", "layer": None, "size": [224, 224], "weights": "ab" * 32}


class Stored:
    """A store with what the tests do to it again and again."""

    space = SPACE
    keys = staticmethod(keys_of)
    rows = staticmethod(rows_of)

    def __init__(self, folder, **params):
        self.folder = folder
        self.store = FeatureStore(folder, **params)

    def again(self, **params):
        """The same folder, as another process would see it."""
        return Stored(self.folder, **params)

    def put(self, n, name="", width=8, space=SPACE):
        keys = keys_of(n, name)
        self.store.put(space, keys, rows_of(keys, width))
        return keys

    def found(self, keys, width=8, space=SPACE):
        """How many are found; each of them is right, and the other rows are 0."""
        features, found = self.store.get(space, keys, width)
        assert features.dtype == np.float32
        assert found.dtype == bool
        assert features.shape == (len(keys), width)
        assert np.array_equal(features[found], rows_of(keys, width)[found])
        assert not features[~found].any()
        return int(found.sum())

    def shards(self):
        return sorted(self.folder.glob("features-v1/*/*.shard"), key=lambda p: p.stat().st_mtime_ns)

    def size(self):
        return sum(path.stat().st_size for path in self.shards())

    def files(self):
        return sorted(p for p in self.folder.rglob("*") if p.is_file())
