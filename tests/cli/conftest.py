import pytest
from stored import Stored


@pytest.fixture
def stored(tmp_path):
    return Stored(tmp_path / "store")
