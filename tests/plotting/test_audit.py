"""Pairs of look-alikes, drawn side by side."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from plotting.figures import assert_readable, texts

from skdl.audit import audit_images
from skdl.images import _files
from skdl.plotting import DataAuditDisplay

N = 16


@pytest.fixture(name="X")
def pictures():
    """Images of which some are versions of others, the more different the further back."""
    X = np.random.default_rng(0).integers(0, 200, (N, 8, 8), dtype=np.uint8).repeat(4, 1)
    X = X.repeat(4, 2)
    for row, noise in ((9, 6), (10, 12), (11, 18)):
        drawn = np.random.default_rng(1).normal(0, noise, X[0].shape)
        X[row] = np.clip(X[row - 8] + drawn, 0, 255)
    X[15] = X[0]
    return X


@pytest.fixture(name="y")
def classes():
    y = np.full(N, "benign", dtype="<U9")
    y[[2, 15]] = "malignant"
    return y


def pairs_of(display):
    return display.pairs[["first", "second"]].to_numpy().tolist()


def test_conflicts_come_first_and_then_the_least_similar(X, y):
    audit = audit_images(X, y)
    display = DataAuditDisplay.from_audit(audit, X)
    assert pairs_of(display) == [[0, 15], [2, 10], [3, 11], [1, 9]]
    assert len(display.axes_) == len(display.images) == 8
    written = texts(display)
    assert "similarity 1 ✗ classes differ" in written
    assert [text for text in written if text.startswith("row 15")] == ["row 15: malignant"]
    assert sum("differ" in text for text in written) == 2


def test_conflicts_of_groups_come_before_the_others(X):
    groups = np.array([f"p{row % 8}" for row in range(N)])
    groups[9] = "p4"
    audit = audit_images(X, groups=groups)
    display = DataAuditDisplay.from_audit(audit, X)
    assert pairs_of(display) == [[0, 15], [1, 9], [3, 11], [2, 10]]
    written = texts(display)
    assert sum("✗ groups differ" in text for text in written) == 2
    assert "row 9: p4" in written


def test_a_pair_that_differs_in_class_and_group_is_drawn_once(X, y):
    display = DataAuditDisplay.from_audit(audit_images(X, y, groups=np.arange(N)), X)
    assert pairs_of(display)[:2] == [[0, 15], [2, 10]]
    assert len(pairs_of(display)) == 4


def test_the_images_are_those_of_the_rows(X, y):
    display = DataAuditDisplay.from_audit(audit_images(X, y), X, max_pairs=1)
    assert (display.images[0] == display.images[1]).all()
    assert display.images[0][..., 0] == pytest.approx(X[0] / 255)


def test_files_of_any_size_and_depth(X, y, tmp_path, monkeypatch):
    paths = [str(tmp_path / f"{row}.png") for row in range(N)]
    for row, path in enumerate(paths):
        Image.fromarray(X[row]).save(path)
    Image.fromarray(X[0].astype(np.uint16) * 257).save(paths[0])
    Image.fromarray(X[2]).resize((64, 48)).save(paths[2])
    audit = audit_images(paths, y)
    decoded, original = [], _files.decode_image
    monkeypatch.setattr(
        _files, "decode_image", lambda *args: decoded.append(args[1]) or original(*args)
    )
    display = DataAuditDisplay.from_audit(audit, paths, max_pairs=2)
    rows = [row for pair in pairs_of(display) for row in pair]
    assert set(decoded) == {paths[row] for row in rows}
    for row, image in zip(rows, display.images, strict=True):
        assert image.min() >= 0
        assert image.max() <= 1
        assert image.shape[:2] == ((48, 64) if row == 2 else (32, 32))


def test_flat_images(X, y):
    strips = X.reshape(N, -1)
    display = DataAuditDisplay.from_audit(audit_images(strips, y), strips, image_shape=(16, 64))
    assert display.images[0].shape == (16, 64, 1)


def test_given_axes(X, y):
    audit = audit_images(X, y)
    figure, axes = plt.subplots(2, 2)
    display = DataAuditDisplay.from_audit(audit, X, max_pairs=2, ax=axes)
    assert display.figure_ is figure
    assert list(display.axes_) == list(axes.flat)
    with pytest.raises(ValueError, match=re.escape("ax must hold 6 axes")):
        DataAuditDisplay.from_audit(audit, X, max_pairs=3, ax=axes)


def test_nothing_to_draw(X):
    display = DataAuditDisplay.from_audit(audit_images(X[:8]), X[:8])
    assert texts(display) == ["No look-alikes"]
    assert len(display.axes_) == 0


@pytest.mark.parametrize("max_pairs", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("length", [4, 60])
def test_nothing_overlaps(max_pairs, length):
    X = np.random.default_rng(0).integers(0, 200, (20, 8, 8), dtype=np.uint8)
    X = np.concatenate([X, X])
    y = np.repeat([f"b{'enign ' * (length // 6)}", f"m{'W' * length}"], 20)
    display = DataAuditDisplay.from_audit(audit_images(X, y), X, max_pairs=max_pairs, title="Title")
    written = [t for t in display.figure_.findobj(plt.Text) if t.get_text().strip()]
    assert_readable(display.figure_, [*written, *display.axes_])
    assert display.figure_.get_size_inches()[0] <= 12.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": np.zeros((3, 8, 8))}, "X has 3 images, but 16 were audited"),
        ({"max_pairs": 0}, "max_pairs must be a whole number of at least 1"),
        ({"max_pairs": True}, "max_pairs must be"),
        ({"ax": [1, 2]}, "ax must hold matplotlib axes"),
    ],
)
def test_bad_input(X, y, changes, message):
    with pytest.raises(ValueError, match=message):
        DataAuditDisplay.from_audit(**{"audit": audit_images(X, y), "X": X, **changes})
