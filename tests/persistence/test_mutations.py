"""Damaged and crafted files by the hundred; tools/mutated_models.py tries more."""

import pytest
from persistence.crafted import tool


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    models, images = tool().small_models()
    folder = tmp_path_factory.mktemp("originals")
    return {name: tool().Original(model, images, folder) for name, model in models.items()}


def test_no_mutated_file_runs_code_or_is_another_model_unnoticed(originals, tmp_path):
    counts, wrong = tool().run(originals, range(240), "tests", tmp_path)
    assert not wrong, "\n".join(wrong)
    found = {what: sum(n for (_, w), n in counts.items() if w == what) for _, what in counts}
    assert found["refused"] > 150
    assert found["equal"] > 20  # else these models are refused as they are


def test_the_watch_sees_what_is_not_allowed(tmp_path, monkeypatch):
    """Otherwise the others prove nothing."""
    import pickle

    watch = tool().Watch()
    monkeypatch.setattr(tool().tempfile, "gettempdir", lambda: str(tmp_path))
    watch.on = True
    pickle.loads(pickle.dumps(tool().Canary()))
    (tmp_path / "file").write_text("")
    watch.on = False
    events = [event for event, _ in watch.seen]
    assert {"pickle.find_class", "os.mkdir", "open"} <= set(events)
