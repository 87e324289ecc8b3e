"""How time and memory are measured."""

import statistics
import time
from collections.abc import Callable


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_time(work: Callable[[], object], times: int) -> float:
    """Median seconds over a number of calls, after one that does not count."""
    work()
    return statistics.median(timed(work) for _ in range(times))


class Stopwatch:
    """Seconds spent in functions, all calls together."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, function: Callable[..., object]) -> Callable[..., object]:
        """The same function, timed."""

        def clocked(*arguments: object, **options: object) -> object:
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - start

        return clocked


def megabytes_at_peak(work: Callable[[], object]) -> float:
    """Resident memory that some work needs at its peak, over what there was before; on Linux."""
    import psutil

    before = psutil.Process().memory_info().rss
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the peaks before
    work()
    with open("/proc/self/status") as file:
        (peak,) = [line.split()[1] for line in file if line.startswith("VmHWM")]
    return (int(peak) * 1024 - before) / 1e6
