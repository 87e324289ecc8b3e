"""Dask clusters of processes that are started by hand, as on machines of their own."""

import contextlib
import os
import subprocess
import sys
import time

from helpers import ROOT

LOOPBACK = {"host": "127.0.0.1", "dashboard_address": None}


@contextlib.contextmanager
def machines(tmp_path, *workers):
    """A scheduler and workers that are started by hand; each worker with arguments and settings."""
    address = tmp_path / "scheduler.json"
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    given = [*command, "--port", "0", "--no-dashboard", "--scheduler-file", str(address)]
    processes = [_started(given, tmp_path, {"PYTHONPATH": path})]
    try:
        for number, (arguments, settings) in enumerate(workers):
            place = tmp_path / f"machine {number}"
            place.mkdir()
            command = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-nanny"]
            given = [*command, "--no-dashboard", "--nthreads", "1", "--host", "127.0.0.1"]
            given += ["--scheduler-file", str(address), *arguments]
            processes.append(_started(given, place, {"PYTHONPATH": path, **settings}))
        until(address.exists)
        from distributed import Client

        with Client(scheduler_file=str(address), timeout=60) as client:
            client.wait_for_workers(len(workers), timeout=60)
            yield client, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _started(command, cwd, settings):
    env = {**os.environ, **settings}
    return subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def until(happens):
    """Wait, a minute at most."""
    end = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.05)
