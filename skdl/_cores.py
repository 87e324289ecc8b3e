"""How many cores this process may use."""

import multiprocessing
import os
import sys

import joblib


def cores_of_worker() -> int | None:
    """How many cores this process should use, None if it is no worker.

    joblib divides the cores among loky's workers, minding `inner_max_num_threads` and
    ``LOKY_MAX_CPU_COUNT``, and tells each its share as ``OMP_NUM_THREADS``, for OpenMP and BLAS. A
    Dask worker has a number of threads.
    """
    if multiprocessing.parent_process() is None:
        return None
    if type(multiprocessing.current_process()).__name__ == "LokyProcess":
        share = os.environ.get("OMP_NUM_THREADS", "")
        return int(share) if share.isdigit() and int(share) > 0 else None
    if "distributed.worker" in sys.modules:
        # Not distributed.get_worker(): that knows no worker while a task is being unpickled.
        workers = getattr(sys.modules["distributed.worker"].Worker, "_instances", ())
        return sum(worker.state.nthreads for worker in workers) or None
    return None


def available_cores() -> int:
    """Number of cores for threads of this process: its share as a worker, or the machine's."""
    return cores_of_worker() or joblib.cpu_count()
