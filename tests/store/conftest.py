import pytest
from stored import Stored


@pytest.fixture
def stored(tmp_path):
    return Stored(tmp_path / "store")


@pytest.fixture
def in_memory():
    return Stored(None)


@pytest.fixture(params=["memory", "folder"])
def either(request, tmp_path):
    return Stored(tmp_path / "store" if request.param == "folder" else None)


@pytest.fixture
def bounded(tmp_path):
    """Make a store with a bound."""
    return lambda max_bytes, name="store": Stored(tmp_path / name, max_bytes=max_bytes)
