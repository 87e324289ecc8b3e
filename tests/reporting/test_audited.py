"""What the audit of the images says in a report."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression

from skdl import audit_images, evaluate, report
from skdl.reporting import _audited


@pytest.fixture(scope="module")
def planted():
    """Row 40 is row 0, row 41 is row 1 brightened and of the other class, row 42 is empty."""
    X, y = load_digits(return_X_y=True)
    X, y = X[:120].reshape(-1, 8, 8).copy(), (y[:120] > 4).astype(int)
    X[40], X[41], X[42] = X[0], X[1] * 0.9 + 1, 3
    y[40], y[41] = y[0], 1 - y[1]
    result = evaluate(
        LogisticRegression(C=1e-4), X.reshape(120, -1), y, cv=2, groups=np.arange(120)
    )
    return X, y, result


def of_json(result, X, y, folder, **settings):
    path = report(result, X.reshape(len(X), -1), y, folder / "r.json", **settings)
    found = json.loads(path.read_text("utf-8"))
    return found, {line["asks"]: line["answer"] for line in found["checklist"]}


QUALITY = "Unreadable images, copies and look-alikes"


def test_what_was_planted_is_told(planted, tmp_path):
    X, y, result = planted
    found, answers = of_json(result, X, y, tmp_path)
    pairs = [(pair["first"], pair["second"]) for pair in found["audit"]["look_alikes"]]
    assert (1, 41) in pairs
    assert (1, 41) in [(pair["first"], pair["second"]) for pair in found["audit"]["conflicts"]]
    counts = {row["table"]: row["images"] for row in found["audit"]["summary"]}
    assert counts["copies"] == 2
    assert counts["empty"] == 1
    assert f"2 with a copy, {counts['look_alikes']} similar to another one" in answers[QUALITY]
    assert answers[QUALITY].endswith("1 empty.")
    for sentence in found["audit"]["findings"]:
        assert "row" in sentence or "classes" in sentence


@pytest.mark.slow
def test_in_html_and_markdown(planted, tmp_path):
    X, y, result = planted
    flat = X.reshape(120, -1)
    names = ["<low>", "high"]
    text = report(result, flat, y, tmp_path / "r.html", target_names=names).read_text("utf-8")
    assert "<h3>What the audit found</h3>" in text
    assert "Pairs of images that look alike" in text
    assert "&lt;low&gt;" in text
    assert "<low>" not in text
    text = report(result, flat, y, tmp_path / "r.md", target_names=names).read_text("utf-8")
    assert "### What the audit found" in text
    assert "](r-pictures/look_alikes.png)" in text
    assert (tmp_path / "r-pictures" / "look_alikes.png").is_file()


def test_an_audit_that_is_passed_is_not_made_again(planted, tmp_path, monkeypatch):
    X, y, result = planted
    audit = audit_images(X, y)
    monkeypatch.setattr(_audited, "audit_images", lambda *args, **kwargs: pytest.fail("again"))
    found, _ = of_json(result, X, y, tmp_path, audit=audit)
    assert found["audit"]["findings"] == audit.findings


def test_without_an_audit(planted, tmp_path, monkeypatch):
    X, y, result = planted
    found, answers = of_json(result, X, y, tmp_path, audit=False)
    assert found["audit"] is None
    # What is known without it: an equal image.
    assert answers[QUALITY] == (
        "Of 120 images, 0 cannot be read and 1 repeats another one pixel for pixel."
    )
    assert not any("audited" in caution for caution in found["cautions"])
    monkeypatch.setattr(_audited, "_MOST", 119)
    found, _ = of_json(result, X, y, tmp_path)
    assert found["audit"] is None
    assert any("not audited because there are more than 119" in c for c in found["cautions"])


def test_an_audit_that_fails_is_told(planted, tmp_path, monkeypatch):
    X, y, result = planted

    def fails(*args, **kwargs):
        raise RuntimeError("no light")

    monkeypatch.setattr(_audited, "audit_images", fails)
    found, _ = of_json(result, X, y, tmp_path)
    assert "The images were not audited: no light" in found["cautions"]


def test_flattened_images_have_their_shape(tmp_path):
    X, y = load_digits(return_X_y=True)
    X, y = np.repeat(X[:40].reshape(40, 8, 8), 2, axis=2).reshape(40, -1), y[:40] % 2
    X[30] = X[0]
    y[30] = y[0]
    model = LogisticRegression(C=1e-4).fit(X, y)
    _, answers = of_json(model, X, y, tmp_path, image_shape=(8, 16))
    assert "Of 40 images: " in answers[QUALITY]
    assert ", 2 with a copy, " in answers[QUALITY]


def test_tables_of_features_are_not_audited(tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    model = LogisticRegression(max_iter=9).set_params(tol=1).fit(X, y)
    found, answers = of_json(model, X, y, tmp_path)
    assert found["audit"] is None
    assert QUALITY not in [asks for asks, answer in answers.items() if answer]
    assert not any("audited" in caution for caution in found["cautions"])


@pytest.mark.parametrize(
    ("audit", "message"),
    [
        ("yes", "audit must be True, False or a DataAudit returned by skdl.audit_images.X, y."),
        (None, "audit must be True"),
        (1, "audit must be True"),
    ],
)
def test_bad_input(planted, tmp_path, audit, message):
    X, y, result = planted
    with pytest.raises(ValueError, match=message):
        of_json(result, X, y, tmp_path, audit=audit)
    assert list(tmp_path.iterdir()) == []


def test_an_audit_of_other_images(planted, tmp_path):
    X, y, result = planted
    with pytest.raises(ValueError, match="audit has 50 images, but the report shows 120"):
        of_json(result, X, y, tmp_path, audit=audit_images(X[:50], y[:50]))
