"""Filling a store by the workers of a Dask cluster: processes of their own, some of which die."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from brightness import Brightness, how_often
from helpers import ROOT
from machines import LOOPBACK, machines, until
from PIL import Image

from skdl.store import FeatureStore, fill

dask = pytest.importorskip("dask", exc_type=ImportError)
distributed = pytest.importorskip("distributed", exc_type=ImportError)


@pytest.fixture(scope="module")
def cluster():
    """Two processes of one thread, which a nanny starts again where they die."""
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **LOOPBACK) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def paths(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for number in range(40):
        pixels = draw.integers(0, 256, (4, 5, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return sorted(map(str, folder.iterdir()))


@pytest.fixture
def noted(tmp_path):
    (tmp_path / "noted").mkdir()
    return tmp_path / "noted"


def right(store, paths):
    """How many entries there are; each is right."""
    assert FeatureStore(store).verify().sound
    found = Brightness(FeatureStore(store)).transform(paths)
    expected = [np.asarray(Image.open(path)).reshape(-1, 3).mean(axis=0) for path in paths]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    return FeatureStore(store).info().entries


def test_workers_fill_a_store(cluster, tmp_path, paths, noted, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = [os.path.relpath(path) for path in paths]
    report = fill(Brightness(folder=noted), given, "store", cluster, batch=3, verbose=0)
    assert (report.computed, report.found, report.unreadable) == (40, 0, {})
    assert set(how_often(noted).values()) == {1}
    assert right(tmp_path / "store", paths) == 40
    again = fill(Brightness(), [*given, "gone.png"], "store", cluster, batch=3, verbose=0)
    assert (again.computed, again.found) == (0, 40)
    assert again.unreadable == {str(tmp_path / "gone.png"): "there is no such file"}


def test_a_worker_that_is_killed_costs_its_task(cluster, tmp_path, paths, noted):
    features = Brightness(folder=noted, dies=1)
    report = fill(features, paths, tmp_path / "store", cluster, batch=5, verbose=0)
    assert report.computed + report.found == 40
    assert (noted / "death-0").exists()
    assert right(tmp_path / "store", paths) == 40
    assert max(how_often(noted).values()) <= 2


@pytest.mark.slow
def test_workers_that_die_again_and_again_are_an_error(cluster, tmp_path, paths, noted):
    features = Brightness(folder=noted, dies=100)
    with pytest.raises(RuntimeError, match="Workers died repeatedly on the same task"):
        fill(features, paths, tmp_path / "store", cluster, batch=40, verbose=0)
    report = fill(Brightness(), paths, tmp_path / "store", cluster, batch=5, verbose=0)
    assert report.computed + report.found == 40
    assert right(tmp_path / "store", paths) == 40


@pytest.mark.slow
def test_workers_that_run_out_of_memory_are_an_error(tmp_path, paths):
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, memory_limit="600MiB", **LOOPBACK
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        features = Brightness(hungry=700, slow=30)
        with pytest.raises(RuntimeError, match=r"perhaps because they ran out of memory\. Use sm"):
            fill(features, paths, tmp_path / "store", client, batch=40, verbose=0)
        assert fill(Brightness(), paths, tmp_path / "store", client, verbose=0).computed == 40
    assert right(tmp_path / "store", paths) == 40


FULL = """
import errno, os
from skdl.store import _folder

def full(*how):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

_folder.write_shard = full
"""


def test_a_full_disk(tmp_path, paths):
    with (
        machines(tmp_path, (["--preload", FULL], {})) as (client, _),
        pytest.raises(OSError, match="No space left on device"),
    ):
        fill(Brightness(), paths, tmp_path / "store", client, batch=4, verbose=0)
    assert fill(Brightness(), paths, tmp_path / "store", verbose=0).computed == 40
    assert right(tmp_path / "store", paths) == 40


CALLER = """
import sys
from pathlib import Path
from brightness import Brightness
from distributed import Client
from skdl.store import fill

folder = Path(sys.argv[1])
if __name__ == "__main__":
    with Client(scheduler_file=str(folder / "scheduler.json"), timeout=60) as client:
        paths = sorted(map(str, (folder / "images").iterdir()))
        features = Brightness(folder=folder / "noted", slow=0.05)
        print(fill(features, paths, folder / "store", client, batch=4, verbose=0).computed)
"""


@pytest.mark.slow
@pytest.mark.parametrize("comes_back", [True, False])
def test_the_machine_of_the_caller_stops(tmp_path, paths, noted, comes_back):
    """As a laptop that is closed for a while, or for good."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    with machines(tmp_path, ([], {}), ([], {})) as (client, _):
        caller = subprocess.Popen(
            [sys.executable, "-c", CALLER, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        until(lambda: len(list(noted.iterdir())) > 4)
        caller.send_signal(signal.SIGSTOP if comes_back else signal.SIGKILL)
        time.sleep(1.5)
        if comes_back:
            caller.send_signal(signal.SIGCONT)
            assert caller.communicate(timeout=60)[0].strip() == "40"
        else:
            caller.communicate(timeout=60)
            features = Brightness(folder=noted)
            report = fill(features, paths, tmp_path / "store", client, batch=4, verbose=0)
            assert report.found >= 4
            assert report.found + report.computed == 40
    assert right(tmp_path / "store", paths) == 40
    assert max(how_often(noted).values()) <= (1 if comes_back else 2)


def test_an_error_of_a_worker_is_raised_here(cluster, tmp_path, paths):
    Path(paths[11]).unlink()
    Path(paths[11]).mkdir()
    report = fill(Brightness(), paths, tmp_path / "store", cluster, batch=8, verbose=0)
    assert list(report.unreadable) == [paths[11]]
    with pytest.raises(ValueError, match="The workers of a cluster cannot share"):
        fill(Brightness(), paths, FeatureStore(), cluster)


@pytest.mark.slow
def test_a_worker_in_another_folder_and_with_another_data_home(tmp_path, paths, monkeypatch):
    settings = {"SKDL_DATA_HOME": str(tmp_path / "elsewhere")}
    with machines(tmp_path, ([], settings), ([], {})) as (client, _):
        monkeypatch.chdir(tmp_path)
        given = [os.path.relpath(path) for path in paths]
        report = fill(Brightness(), given, "store", client, batch=3, verbose=0)
    assert report.computed == 40
    assert right(tmp_path / "store", paths) == 40
    assert not [path for path in tmp_path.glob("machine */*") if "store" in path.name]


WITHOUT_IMAGES = """
import os

os.path.exists = lambda path, there=os.path.exists: there(path) and ".png" not in str(path)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "settings", "lacks"),
    [
        ([], {"PYTHONPATH": str(ROOT)}, "ModuleNotFoundError: .*No module named 'brightness'"),
        (["--preload", "import skdl; skdl.__version__ = '0.0'"], {}, r"it has skdl 0\.0, but this"),
        (["--preload", WITHOUT_IMAGES], {}, "it cannot find"),
        (
            ["--preload", "import pathlib; pathlib.Path.exists = lambda *path, **how: False"],
            {},
            "it cannot see the store's folder",
        ),
    ],
    ids=["plugin", "version", "images", "folder"],
)
def test_a_worker_that_lacks_something_is_named(tmp_path, paths, arguments, settings, lacks):
    with machines(tmp_path, ([], {}), (arguments, settings)) as (client, _):
        with pytest.raises(RuntimeError, match=rf"The worker tcp://\S+ cannot take part: {lacks}"):
            fill(Brightness(), paths, tmp_path / "store", client, verbose=0)
        assert not list((tmp_path / "store").rglob("*.shard"))
        assert not [p for p in (tmp_path / "store").iterdir() if p.name.startswith(".skdl")]
        if "brightness" in lacks:  # which can be sent
            client.upload_file(str(ROOT / "tests" / "brightness.py"))
            assert fill(Brightness(), paths, tmp_path / "s", client, verbose=0).computed == 40


@pytest.mark.slow
def test_a_scheduler_that_is_killed(tmp_path, paths):
    with machines(tmp_path, ([], {})) as (client, (scheduler, worker)):

        def killing(done):
            if not killed:
                killed.append(done)
                os.kill(scheduler.pid, signal.SIGKILL)

        killed = []
        features = Brightness(slow=0.05)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("skdl._utils.progress.Progress.update", lambda self, *how: killing(how))
            with pytest.raises(ConnectionError, match="connection to the Dask scheduler"):
                fill(features, paths, tmp_path / "store", client, batch=4, verbose=0)
        assert killed
        worker.wait(60)
    report = fill(Brightness(), paths, tmp_path / "store", verbose=0)
    assert report.found >= 4
    assert report.found + report.computed == 40
    assert right(tmp_path / "store", paths) == 40
