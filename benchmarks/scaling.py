"""How long features take on many workers: ``python -m benchmarks.scaling``.

A model of `skdl.store.fill` by its events: the scheduler hands out one batch after the other, a
worker reads its images while it computes, looks at what others have written, and writes what it has
computed; all read and write through one file system. ``--check`` runs `fill` here with one and with
two workers, and compares. ``--store`` says what opening a large store takes; ``--search``, how much
memory processes take while they search.
"""

import argparse
import heapq
import math
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from skdl._utils.text import in_bytes
from skdl.store._fill import room_for
from skdl.store._folder import FolderFeatures
from skdl.store._index import OPENERS
from skdl.store._pace import SHARE
from skdl.store._shards import ENTRY_OVERHEAD

_CALLS_OF_AN_IMAGE = 3  # open, read and close
_CALLS_OF_A_BATCH = 8  # list, probe, write and rename
_READERS = 4  # threads of a worker that read at the same time
_CALLS_OF_A_SHARD = 4  # open, its size, header and keys
_NAMES_PER_CALL = 100  # of a listing by NFS, about
_BYTES_IN_MEMORY = 20
_SORTED_PER_SECOND = 3e6  # entries that one process takes up; measured with ten million


@dataclass(frozen=True)
class Cluster:
    """What a run depends on; rates are those of one worker, but for the file system's."""

    n_images: int
    n_workers: int
    seconds_per_image: float = 0.085  # VGG16 in float32, a core with AVX-512
    bytes_per_image: float = 100e3
    width: int = 512
    batch: int = 256
    bandwidth: float = 1e9  # bytes per second, of all workers together
    latency: float = 1e-3  # seconds of a call of the file system
    seconds_per_task: float = 1e-3  # of the scheduler, which handles one at a time
    startup: float = 8.0  # importing TensorFlow, and building the network


@dataclass(frozen=True)
class Outcome:
    """What came out: how long it takes, and the share of that time in which each part works."""

    seconds: float
    workers: float
    file_system: float
    scheduler: float

    @property
    def limit(self) -> str:
        """What keeps it from being faster."""
        parts = ("workers", "file_system", "scheduler")
        return max(parts, key=lambda part: getattr(self, part)).replace("_", " ")


def simulate(cluster: Cluster) -> Outcome:
    """Go through the events of all batches."""
    free = [cluster.startup] * cluster.n_workers  # when each worker takes its next batch
    scheduler = file_system = 0.0  # when each has done what was asked of it
    computing = moved = 0.0
    n_batches = math.ceil(cluster.n_images / cluster.batch)
    for number in range(n_batches):
        n = min(cluster.batch, cluster.n_images - number * cluster.batch)
        scheduler += cluster.seconds_per_task
        start = max(heapq.heappop(free), scheduler)
        reading = n * cluster.bytes_per_image / cluster.bandwidth
        file_system = max(file_system, start) + reading
        waiting = start + n * _CALLS_OF_AN_IMAGE * cluster.latency / _READERS
        work = n * cluster.seconds_per_image
        done = max(start + work, file_system, waiting)  # the next images are read while it computes
        # What the others have written meanwhile.
        looking = (cluster.n_workers - 1) * _CALLS_OF_A_SHARD * cluster.latency / OPENERS
        done += min(looking, SHARE * (done - start))
        writing = n * 4 * cluster.width / cluster.bandwidth
        done += writing + _CALLS_OF_A_BATCH * cluster.latency
        moved += reading + writing
        computing += work
        heapq.heappush(free, done)
    seconds = max(free)
    busy = cluster.n_workers * seconds
    return Outcome(seconds, computing / busy, moved / seconds, scheduler / seconds)


def duration(seconds: float) -> str:
    """In words."""
    for length, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def table() -> str:
    """A million and a hundred million images on 1 to 1,000 workers, of processors and of cards."""
    lines = [
        "| images | workers | a core, file system 1 GB/s | hours of a worker | limit "
        "| a card, 1 GB/s | limit | a card, 10 GB/s | limit |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for n_images in (10**6, 10**8):
        for n_workers in (1, 10, 100, 1000):
            core = Cluster(n_images, n_workers)
            card = replace(core, seconds_per_image=1 / 3000, startup=20.0)
            cells = [f"{n_images:,}", f"{n_workers:,}"]
            for number, kind in enumerate((core, card, replace(card, bandwidth=1e10))):
                found = simulate(kind)
                cells.append(duration(found.seconds))
                if number == 0:
                    cells.append(f"{n_workers * found.seconds / 3600:,.0f}")
                cells.append(found.limit)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


# ---- the store -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Opening:
    """What it takes a process to open a store that `fill` has filled."""

    files: int
    file_bytes: int
    memory: int  # bytes
    calls: int  # of the file system, one after the other
    seconds_besides: float  # reading the keys, and sorting them

    def seconds(self, latency: float) -> float:
        return self.calls * latency + self.seconds_besides


def opening(n_entries: int, width: int = 512, bandwidth: float = 1e9) -> Opening:
    """By the layout of the files, whose size is the store's own."""
    store = FolderFeatures(Path("store"), room_for(n_entries, width))
    per_file = store.shard_entries(width)
    files = math.ceil(n_entries / per_file)
    listing = math.ceil(files / _NAMES_PER_CALL)
    opened = math.ceil(files / OPENERS) * _CALLS_OF_A_SHARD
    reading = n_entries * ENTRY_OVERHEAD / bandwidth
    return Opening(
        files,
        per_file * (4 * width + ENTRY_OVERHEAD),
        n_entries * _BYTES_IN_MEMORY,
        listing + opened,
        reading + n_entries / _SORTED_PER_SECOND,
    )


def store_table(width: int = 512) -> str:
    """A million to a hundred million entries, on file systems of 1 and 10 ms per call."""
    lines = [
        "| entries | on disk | files | size of a file | memory per process | calls to open "
        "| time to open at 1 ms per call | at 10 ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for n in (10**6, 10**7, 10**8):
        found = opening(n, width)
        cells = [
            f"{n:,}",
            in_bytes(n * (4 * width + ENTRY_OVERHEAD)),
            f"{found.files:,}",
            in_bytes(found.file_bytes),
            in_bytes(found.memory),
            f"{found.calls:,}",
            f"{found.seconds(1e-3):.1f} s",
            f"{found.seconds(1e-2):.1f} s",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


# ---- against a run -------------------------------------------------------------------------------


def check(n_images: int = 600, side: int = 96) -> str:
    """Measure `fill` with one and two workers of a thread, and what the model says of it."""
    from distributed import Client, LocalCluster
    from PIL import Image

    from skdl import BackboneFeatures
    from skdl.store import fill

    lines = ["| workers | measured | model | ratio |", "|---|---|---|---|"]
    features = BackboneFeatures("mobilenet_v2", weights="random", image_size=side)
    with tempfile.TemporaryDirectory() as folder:
        draw = np.random.default_rng(0)
        paths = [str(Path(folder, f"{number}.png")) for number in range(2 * n_images)]
        for path in paths:
            Image.fromarray(draw.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path)
        first, rest = paths[:n_images], paths[n_images:]
        rate = 0.0
        for n_workers in (1, 2):
            place = Path(folder, f"store of {n_workers}")
            with (
                LocalCluster(
                    n_workers=n_workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                ) as cluster,
                Client(cluster) as client,
            ):
                fill(features, first, place, client, batch=50, verbose=0)  # imports and builds
                start = time.perf_counter()
                fill(features, rest, place, client, batch=50, verbose=0)
                measured = time.perf_counter() - start
            rate = rate or measured / n_images  # of one worker
            told = simulate(
                Cluster(
                    n_images,
                    n_workers,
                    seconds_per_image=rate,
                    bytes_per_image=Path(rest[0]).stat().st_size,
                    width=1280,
                    batch=50,
                    latency=1e-5,
                    startup=0.0,
                )
            ).seconds
            row = (f"{measured:.2f} s", f"{told:.2f} s", f"{told / measured:.2f}")
            lines.append(f"| {n_workers} | {' | '.join(row)} |")
    return "\n".join(lines)


def _resident(dask_worker: Any = None) -> int:
    """Bytes of this process in memory."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def memory_of_a_search(n_candidates: int = 500) -> str:
    """By how much processes grow while two workers search on features of scikit-learn's digits.

    From their state after a search of two candidates, which imports everything and builds networks.
    """
    from distributed import Client, LocalCluster
    from joblib import parallel_config
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    from skdl import BackboneFeatures
    from skdl.datasets import load_digits_images

    X, y = load_digits_images(return_X_y=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
        parallel_config("dask"),
    ):
        model = make_pipeline(BackboneFeatures(image_size=16, store=folder), LogisticRegression())

        def resident() -> list[int]:
            return [_resident(), *client.run(_resident).values()]

        def search(n: int) -> None:
            grid = {"logisticregression__C": np.logspace(-5, 0, n)}
            GridSearchCV(model, grid, cv=2, refit=False, n_jobs=-1).fit(X, y)

        search(4)
        before = resident()
        search(n_candidates)
        grown = [after - start for after, start in zip(resident(), before, strict=True)]
    names = ["the caller", "a worker", "the other worker"]
    told = ", ".join(f"{name} {grew / 1e6:.0f} MB" for name, grew in zip(names, grown, strict=True))
    return f"{n_candidates} candidates, more in memory: {told}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.scaling")
    parser.add_argument("--check", action="store_true", help="run fill here, and compare")
    parser.add_argument("--search", action="store_true", help="memory of a search by two workers")
    parser.add_argument("--store", action="store_true", help="what opening a large store takes")
    chosen = parser.parse_args()
    parts = {"check": check, "search": memory_of_a_search, "store": store_table}
    asked = [part for name, part in parts.items() if getattr(chosen, name)]
    for part in asked or [table]:
        print(part())


if __name__ == "__main__":
    main()
