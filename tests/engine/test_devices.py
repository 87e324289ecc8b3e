"""Cores and memory: what a worker process gets, and that the user's own process stays as it was."""

import os
import sys

import numpy as np
import pytest
from helpers import run_forked, run_python, run_script, tiny
from joblib import Parallel, cpu_count, delayed, parallel_config

from skdl import CNNClassifier
from skdl.engine import _devices

MODEL = CNNClassifier(tiny, epochs=2, optimizer__learning_rate=0.01, random_state=0)


def threads_after(model, X, y):
    """In a worker: TensorFlow's threads after a fit, and the losses."""
    import tensorflow as tf

    losses = model.fit(X, y).history_["loss"]
    threading = tf.config.threading
    return (
        threading.get_intra_op_parallelism_threads(),
        threading.get_inter_op_parallelism_threads(),
        losses,
    )


def in_workers(few_digits, n_tasks=2):
    """Two workers; one that gets no task does not import TensorFlow."""
    return Parallel(2)(delayed(threads_after)(MODEL, *few_digits) for _ in range(n_tasks))


@pytest.mark.slow
def test_a_loky_worker_uses_its_share_of_the_cores(few_digits, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    share = max(cpu_count() // 2, 1)
    for *threads, _ in in_workers(few_digits):
        assert threads == [share, share]


@pytest.mark.exhaustive
def test_inner_max_num_threads(few_digits):
    with parallel_config("loky", inner_max_num_threads=3):
        ((*threads, _),) = in_workers(few_digits, n_tasks=1)
    assert threads == [3, 3]


@pytest.mark.slow
def test_as_many_threads_as_cores_give_the_same_to_the_bit(few_digits):
    expected = MODEL.fit(*few_digits).history_["loss"]
    with parallel_config("loky", inner_max_num_threads=os.cpu_count()):
        ((*threads, losses),) = in_workers(few_digits, n_tasks=1)
    assert threads == [os.cpu_count()] * 2
    assert losses == expected


WITH_A_CPU_LIMIT = """
import test_devices as t
from sklearn.datasets import load_digits
if __name__ == "__main__":
    print([threads for *threads, _ in t.in_workers(load_digits(return_X_y=True))])
"""


@pytest.mark.exhaustive
def test_loky_max_cpu_count(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert run_python(WITH_A_CPU_LIMIT).split("\n")[0] == "[[1, 1], [1, 1]]"


def test_the_users_own_process_keeps_its_threads(few_digits):
    intra, inter, _ = threads_after(MODEL, *few_digits)
    assert (intra, inter) == (0, 0)
    for *threads, _ in Parallel(2, backend="threading")(
        delayed(threads_after)(MODEL, *few_digits) for _ in range(2)
    ):
        assert threads == [0, 0]


THREADS_OF_THE_USER = """
import tensorflow as tf
from joblib import Parallel, delayed

def work():
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.constant(1)  # from here on, TensorFlow refuses other settings
    import skdl.engine
    return (tf.config.threading.get_intra_op_parallelism_threads(),
            tf.config.threading.get_inter_op_parallelism_threads())

print(Parallel(2)(delayed(work)() for _ in range(1)))
"""


@pytest.mark.exhaustive
def test_what_a_worker_has_set_itself_is_left():
    assert run_python(THREADS_OF_THE_USER).strip() == "[(2, 0)]"


DASK = """
from dask import config
from distributed import Client, LocalCluster

def threads():
    import test_devices as t
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return t.threads_after(t.MODEL, X[:300], y[:300])

if __name__ == "__main__":
    config.set({"distributed.worker.multiprocessing-method": "spawn"})
    with (
        LocalCluster(n_workers=1, threads_per_worker=3, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        intra, inter, _ = client.submit(threads).result()
        print("threads", intra, inter)
"""


@pytest.mark.slow
def test_a_dask_worker_uses_its_threads(tmp_path):
    pytest.importorskip("distributed")
    script = tmp_path / "script.py"  # a spawned process reads it again
    script.write_text(DASK)
    found = [line for line in run_script(script).splitlines() if line.startswith("threads")]
    assert found == ["threads 3 3"]


# ---- memory ------------------------------------------------------------------------------------


def test_graphics_memory_grows_as_needed(monkeypatch):
    """With a stand-in for a card, since few machines that run the tests have one."""
    import tensorflow as tf

    grown = []

    def set_memory_growth(card, enable):
        if card == "in use":
            raise RuntimeError("Physical devices cannot be modified after being initialized")
        grown.append((card, enable))

    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind: {"GPU": ["in use", "free"]}[kind]
    )
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", set_memory_growth)
    _devices.prepare_devices()
    assert grown == [("free", True)]


PEAK = """
import os, re
import numpy as np
from skdl import CNNClassifier

def status(field):
    return int(re.search(field + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024

before = status("VmRSS")
X = np.random.default_rng(0).integers(0, 256, (60_000, 28, 28), dtype=np.uint8)
CNNClassifier(epochs=1, batch_size=128, random_state=0).fit(X, np.arange(60_000) % 10)
print(X.nbytes, status("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.exhaustive
def test_a_fit_needs_little_more_than_its_data():
    n_bytes, peak = np.array(run_python(PEAK).split(), dtype=float)
    assert n_bytes == 60_000 * 28 * 28
    assert peak < n_bytes + 400e6


# ---- forked processes --------------------------------------------------------------------------


FORKED = """
import multiprocessing, signal
import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from skdl import BackboneFeatures, CNNClassifier, DenoisingAutoencoder, TransferClassifier

X = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 1), dtype=np.uint8)
y = np.arange(40) % 2
models = {
    "cnn": CNNClassifier(epochs=1, random_state=0),
    "noise": DenoisingAutoencoder(epochs=1, random_state=0),
    "pipeline": make_pipeline(BackboneFeatures(image_size=16), LogisticRegression(max_iter=1000)),
    "transfer": TransferClassifier(epochs=1, random_state=0),
}

def use(name, method, *data):
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(60)  # it would wait for ever
    getattr(models[name], method)(*data)
    return "done"

def said(name, method, *data):
    try:
        return use(name, method, *data)
    except RuntimeError as error:
        return str(error)

def in_a_pool(*tasks):
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return [pool.apply_async(said, task).get(120) for task in tasks]

fitting = [(name, "fit", X, y) for name in models]
print(*in_a_pool(fitting[0], ("cnn", "predict", X)))  # TensorFlow is loaded, and has not run
for name, method, *data in (*fitting[:3], ("cnn", "predict", X), ("cnn", "grad_cam", X[:1])):
    getattr(models[name], method)(*data)
using = [("cnn", "predict", X), ("noise", "transform", X), ("pipeline", "predict", X)]
answers = in_a_pool(*using, *fitting, ("cnn", "grad_cam", X[:1]), ("cnn", "partial_fit", X, y))
try:
    Parallel(2, backend="multiprocessing")(delayed(use)(*task) for task in using)
except RuntimeError as error:
    answers.append(str(error))
print(*answers, sep="\\n")
models["cnn"].predict(X)  # here, all is well
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_process_that_was_forked_after_tensorflow_ran_is_refused():
    """In whatever runs a network, also one that was prepared before; it would wait for ever."""
    before, *after = run_forked(FORKED).splitlines()
    assert before == "done done"
    assert len(after) == 3 + 4 + 2 + 1
    for answer in after:
        assert answer.startswith("This process was forked from one in which TensorFlow had run")
        assert "joblib's loky or multiprocessing's 'spawn'" in answer
