"""Several processes and one folder, and processes that are killed."""

import json
import os
import subprocess
import sys

import pytest
from helpers import ROOT, run_python

from skdl.store import FeatureStore

# What every process runs first: features that tell which image they belong to.
PREAMBLE = """
import hashlib, json, os, random, signal, sys, time
import numpy as np
from skdl.store import FeatureStore, _folder, _limit

_folder._SMALL_SHARDS = 5  # so that there is always something to merge
folder = sys.argv[1]
SPACES = [{"space": 0}, {"space": 1}]

def keys_of(numbers):
    return [hashlib.sha256(b"%d" % number).digest() for number in numbers]

def rows_of(keys, width=16):
    seeds = np.array([int.from_bytes(key[:3], "big") for key in keys], dtype=np.float32)
    return seeds[:, None] + np.arange(width, dtype=np.float32)

def work(store, rng, n_images=2000):
    first, n = rng.randrange(n_images), rng.choice([1, 1, 1, 3, 300])
    keys, space = keys_of(range(first, first + n)), rng.choice(SPACES)
    features, found = store.get(space, keys, 16)
    assert np.array_equal(features[found], rows_of(keys)[found])
    if not found.all():
        missing = [key for key, there in zip(keys, found) if not there]
        store.put(space, missing, rows_of(missing))
    return int(found.sum())
"""

KILLED = """
kills = 50
rng = random.Random(0)
for attempt in range(kills):
    child = os.fork()
    if not child:
        try:
            store = FeatureStore(folder, max_bytes=200_000)
            mine = random.Random(attempt)
            while True:
                work(store, mine)
        except BaseException as error:
            print("failed:", repr(error), flush=True)
        os._exit(1)
    time.sleep(rng.uniform(0.005, 0.06))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child ended by itself"

store = FeatureStore(folder, max_bytes=200_000)
check = store.verify()
features, found = store.get(SPACES[0], keys_of(range(2300)), 16)
right = np.array_equal(features[found], rows_of(keys_of(range(2300)))[found])
found_twice = store.get(SPACES[0], keys_of(range(2300)), 16)[1]
print(json.dumps({
    "sound": check.sound, "entries": check.entries, "leftovers": check.leftovers,
    "found": int(found.sum()), "again": int(found_twice.sum()), "right": bool(right),
}))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_killed_at_any_moment(tmp_path):
    printed = run_python(PREAMBLE + KILLED, tmp_path / "store").splitlines()
    assert len(printed) == 1, printed
    result = json.loads(printed[0])
    assert result["sound"]
    assert result["right"]
    assert result["found"] == result["again"] > 100
    store = FeatureStore(tmp_path / "store")
    leftovers = list((tmp_path / "store").rglob(".*.part"))
    assert len(leftovers) == result["leftovers"]
    assert store.verify(repair=True).entries == result["entries"]
    assert not list((tmp_path / "store").rglob(".*"))
    assert store.verify().sound
    store.clear()
    assert list((tmp_path / "store").iterdir()) == []


KILLED_AT_EACH_STEP = """
# Killed just before and just after each change of the file system, one after the other.
step = int(sys.argv[2])
rng = random.Random(1)
store = FeatureStore(folder, max_bytes=15_000)
done = 0

def counted(real):
    def call(*args, **kwargs):
        global done
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call

for name in ("write", "replace", "mkdir", "unlink", "utime"):
    setattr(os, name, counted(getattr(os, name)))
_limit._SECONDS_UNSEEN = 0
for i in range(8):
    store.put(SPACES[0], keys_of([i]), rows_of(keys_of([i])))
store.put(SPACES[0], keys_of(range(8, 300)), rows_of(keys_of(range(8, 300))))
print(done)
"""

EACH_STEP = """
for step in range(1, 1000):
    child = os.fork()
    if not child:
        sys.argv = ["", folder + str(step), str(step)]
        exec(compile(PREAMBLE + STEP, "step", "exec"), {})
        os._exit(0)
    _, status = os.waitpid(child, 0)
    store = FeatureStore(folder + str(step), max_bytes=15_000)
    check = store.verify()
    assert check.sound, (step, check)
    features, found = store.get(SPACES[0], keys_of(range(300)), 16)
    assert np.array_equal(features[found], rows_of(keys_of(range(300)))[found])
    store.put(SPACES[0], keys_of([5]), rows_of(keys_of([5])))
    assert store.get(SPACES[0], keys_of([5]), 16)[1].all()
    assert store.verify(repair=True).sound
    assert store.info().spaces[0].space == SPACES[0], step
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        break
print("steps", step)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_killed_at_each_step(tmp_path):
    code = f"{PREAMBLE}\nPREAMBLE = {PREAMBLE!r}\nSTEP = {KILLED_AT_EACH_STEP!r}\n{EACH_STEP}"
    printed = run_python(code, tmp_path / "store").splitlines()
    assert int(printed[-1].split()[1]) > 40


TOGETHER = """
seed = int(sys.argv[2])
rng = random.Random(seed)
store = FeatureStore(folder, max_bytes=int(sys.argv[3]))
_limit._SECONDS_UNSEEN = 0.05
print("ready", flush=True)
end = time.time() + 1.5
hits = rounds = 0
while time.time() < end:
    hits += work(store, rng)
    rounds += 1
    if sys.argv[4] == "clearing" and rounds % 50 == 0:
        rng.choice([store.clear, lambda: store.verify(repair=True), store.info])()
print(json.dumps({"hits": hits, "rounds": rounds}))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("bound", "clearing"), [(10**9, ""), (150_000, ""), (150_000, "clearing")])
def test_processes_share_a_folder(tmp_path, bound, clearing):
    command = [sys.executable, "-W", "error", "-c", PREAMBLE + TOGETHER, str(tmp_path / "store")]
    processes = [
        subprocess.Popen(
            [*command, str(seed), str(bound), clearing],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )
        for seed in range(3)
    ]
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 3, results
    for out, _ in results:
        result = json.loads(out.splitlines()[-1])
        assert result["rounds"] > 10
        assert result["hits"] > 0
    store = FeatureStore(tmp_path / "store", max_bytes=bound)
    check = store.verify()
    assert check.sound
    assert check.leftovers == 0
    assert store.info().bytes <= bound + 3 * 40_000
