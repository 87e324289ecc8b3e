import pytest

from skdl.reporting import _content, _outputs, _pictures


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures that take less time."""
    monkeypatch.setattr(_pictures, "_DPI", 20)


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures are empty, for a test that reads what stands around them."""

    def pictures(plans):
        return [_pictures.Picture(name, caption, b"") for name, caption, _ in plans], []

    for module in (_content, _outputs):
        monkeypatch.setattr(module, "pictures", pictures)
