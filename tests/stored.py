"""A feature store with what tests do to it again and again."""

import hashlib
import os
import time

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


def change(path, position, bits=1):
    """Flip bits of one byte, without a new modification time."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[position] ^= bits
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def place_of_row(path, key, width=8):
    """Where in a file the vector of an image lies."""
    return path.read_bytes().index(rows_of([key], width).tobytes())


def age(path, seconds):
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


FORMAT = "features-v1"


def leave_parts(stored):
    """What killed processes leave: of now, and of days ago."""
    place = stored.shards()[0].parent
    parts = [place / f".{'ab' * 16}.shard.1-a.part", place / ".space.json.1-b.part"]
    parts.append(stored.folder / FORMAT / ".probe.1-c.part")
    for part in parts:
        part.write_bytes(b"half")
    return parts


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
