import pytest

from skdl.diagnosis import _machine

FLAGS = "processor\t: 0\nmodel name\t: A Processor\nflags\t\t: fpu sse2 avx2\n"


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A sound system whose files can be written: 4 cores, 16 GB, no container."""
    root = tmp_path / "system"

    def write(name, text):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    write("proc/meminfo", "MemTotal:  16000000 kB\nMemAvailable:  8000000 kB\nHugePages_Total: 0\n")
    write("proc/cpuinfo", FLAGS)
    monkeypatch.setattr(_machine, "_SYSTEM", root)
    monkeypatch.setattr("joblib.cpu_count", lambda: 4)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: range(4), raising=False)
    for name in _machine.variables():
        monkeypatch.delenv(name)
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path / "home" / "data"))
    (tmp_path / "home" / "data").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return write
