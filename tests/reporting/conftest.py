from itertools import chain

import pytest

from skdl.reporting import _content, _pictures


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures that take less time."""
    monkeypatch.setattr(_pictures, "_DPI", 20)


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures are empty, for a test that reads what stands around them."""

    def pictures(subject, more):
        plans = chain(_pictures._plans(subject), more)
        return [_pictures.Picture(name, caption, b"") for name, caption, _ in plans], []

    monkeypatch.setattr(_content, "pictures", pictures)
