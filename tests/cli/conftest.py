import pytest
from stored import Stored


@pytest.fixture
def stored(tmp_path):
    return Stored(tmp_path / "store")


@pytest.fixture(autouse=True)
def no_width_is_set(monkeypatch):
    """A terminal's width in the environment, such as that of xdist's workers, is none of ours."""
    monkeypatch.delenv("COLUMNS", raising=False)
