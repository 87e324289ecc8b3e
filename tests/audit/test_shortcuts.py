"""Properties that alone tell classes apart: planted ones are found, others are not."""

import warnings

import numpy as np
import pytest
from PIL import Image

from skdl.audit import audit_images

N = 40
Y = np.repeat(["benign", "malignant"], N // 2)


def save(folder, X, endings, **options):
    paths = [folder / f"{row:03}.{ending}" for row, ending in enumerate(endings)]
    for path, image, row in zip(paths, X, range(len(X)), strict=True):
        given = {name: values[row] for name, values in options.items()}
        Image.fromarray(image.squeeze()).save(path, **given)
    return [str(path) for path in paths]


def of(audit, name):
    return audit.shortcuts.set_index("property").loc[name]


def test_all_malignant_images_are_png(make_pictures, tmp_path):
    paths = save(tmp_path, make_pictures(N), np.where(Y == "malignant", "png", "jpg"))
    audit = audit_images(paths, Y)
    found = of(audit, "file format")
    assert found["auc"] == found["high"] == 1
    assert 0.6 < found["low"] < 0.95
    assert found["detail"] == "benign: all JPEG; malignant: all PNG"
    assert any(
        finding.startswith("File format alone tells the classes apart: ROC AUC 1.00 (0.")
        and "to 1.00); benign: all JPEG; malignant: all PNG." in finding
        for finding in audit.findings
    )


def test_format_that_has_nothing_to_do_with_the_class(make_pictures, tmp_path):
    paths = save(tmp_path, make_pictures(N), ["png", "jpg"] * (N // 2))
    audit = audit_images(paths, Y)
    found = of(audit, "file format")
    assert found["low"] <= 0.5 <= found["high"] or found["auc"] < 0.5
    assert audit.findings == []


@pytest.mark.parametrize("seed", range(3))
def test_intervals_of_what_tells_nothing_hold_a_half(seed, make_pictures):
    y = np.random.default_rng(seed).permutation(Y)
    table = audit_images(make_pictures(N), y).shortcuts
    assert len(table) == 4
    assert (table["low"] <= 0.5).all()
    assert (table["low"] <= table["auc"]).all()
    assert (table["auc"] <= table["high"]).all()


# What is planted, and what tells the classes apart then.
PLANTED = {
    "brightness": (lambda X: X // 2 + 100 * (Y == "malignant")[:, None, None, None], "brightness"),
    "contrast": (
        lambda X: np.where((Y == "benign")[:, None, None, None], 96 + X // 4, X),
        "contrast",
    ),
    "largest value": (
        lambda X: np.where((Y == "benign")[:, None, None, None], np.minimum(X, 240), X),
        "largest value",
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_values(planted, make_pictures):
    plant, name = PLANTED[planted]
    found = of(audit_images(plant(make_pictures(N)), Y), name)
    assert found["auc"] > 0.95
    assert found["low"] > 0.7
    assert found["images"] == N


def test_a_frame_is_found_by_the_border_and_not_by_the_whole(make_pictures):
    X = make_pictures(N)
    X[: N // 2, :2] = X[: N // 2, -2:] = 128
    X[: N // 2, :, :2] = X[: N // 2, :, -2:] = 128
    audit = audit_images(X, Y)
    assert audit.shortcuts["property"][0] == "border contrast"
    assert of(audit, "border contrast")["auc"] == 1
    assert of(audit, "brightness")["auc"] < 0.8


@pytest.mark.parametrize("name", ["height", "width", "aspect ratio"])
def test_sizes(name, make_pictures, tmp_path):
    X = list(make_pictures(N))
    for row in range(N // 2):
        X[row] = X[row][2:] if name == "height" else X[row][:, 2:]
    audit = audit_images(save(tmp_path, X, ["png"] * N), Y)
    assert of(audit, name)["auc"] == 1
    other = {"height": "width", "width": "height"}.get(name)
    assert other not in audit.shortcuts["property"].tolist()  # it does not vary


def test_modes(make_pictures, tmp_path):
    X = [image if row < N // 2 else image[..., 0] for row, image in enumerate(make_pictures(N))]
    found = of(audit_images(save(tmp_path, X, ["png"] * N), Y), "mode")
    assert found["auc"] == 1
    assert found["detail"] == "benign: all color uint8; malignant: all grayscale uint8"


def test_compression(make_pictures, tmp_path):
    quality = np.where(Y == "malignant", 60, 95).tolist()
    audit = audit_images(save(tmp_path, make_pictures(N), ["jpg"] * N, quality=quality), Y)
    assert of(audit, "JPEG quantization")["auc"] == 1
    assert of(audit, "bytes per pixel")["auc"] > 0.95
    assert "benign" in of(audit, "JPEG quantization")["detail"]


def test_quantization_is_that_of_the_jpeg_files_alone(make_pictures, tmp_path):
    endings = ["jpg", "jpg", "jpg", "png"] * (N // 4)
    quality = np.where(Y == "malignant", 60, 95).tolist()
    audit = audit_images(save(tmp_path, make_pictures(N), endings, quality=quality), Y)
    assert of(audit, "JPEG quantization")["images"] == 30
    assert of(audit, "JPEG quantization")["auc"] == 1


def test_a_property_may_tell_in_any_way(make_pictures):
    """Images of one class are darker or brighter than all of the other."""
    X = make_pictures(2 * N) // 4
    y = np.repeat([0, 1], N)
    X += np.where(y == 0, 96, np.where(np.arange(2 * N) % 2, 0, 190)).astype(np.uint8)[
        :, None, None, None
    ]
    assert of(audit_images(X, y), "brightness")["auc"] > 0.95


def test_several_classes_each_against_the_rest(make_pictures):
    X = make_pictures(60) // 4
    y = np.repeat(["a", "b", "c"], 20)
    X[y == "a"] += 150
    found = of(audit_images(X, y), "brightness")
    # One class without a mistake, and the two others apart from it and by chance from each other.
    assert 0.75 < found["auc"] < 0.92
    assert found["detail"].startswith("median ")


def test_copies_do_not_make_a_shortcut(make_pictures):
    """Six pictures, each copied ten times: a tree knows their brightness by heart."""
    X = np.repeat(make_pictures(12), 10, axis=0)
    y = np.repeat(np.arange(12) % 2, 10)
    table = audit_images(X, y).shortcuts
    assert (table["low"] <= 0.5).all()


def test_groups_do_not_make_a_shortcut(make_pictures):
    """Each patient has a brightness of their own, which says nothing about the next."""
    level = np.repeat(np.arange(20) * 9, 8)
    X = make_pictures(160) // 4 + level[:, None, None, None].astype(np.uint8)
    patient = np.repeat(np.arange(20), 8)
    y = np.random.default_rng(0).permutation(np.arange(20) % 2)[patient]
    alone = of(audit_images(X, y), "brightness")
    together = of(audit_images(X, y, groups=patient), "brightness")
    assert alone["auc"] > 0.8
    assert together["auc"] < 0.7


def test_intervals_are_wider_where_more_is_looked_at(make_pictures, tmp_path, monkeypatch):
    from skdl.audit import _shortcuts

    X = make_pictures(N)
    monkeypatch.setattr(_shortcuts, "_KINDS", {})
    several = of(audit_images(X, Y), "brightness")
    monkeypatch.setattr(_shortcuts, "_NUMBERS", {"brightness": "brightness"})
    alone = of(audit_images(X, Y), "brightness")
    assert several["auc"] == alone["auc"]
    assert several["high"] - several["low"] > alone["high"] - alone["low"]


def test_an_area_of_one_is_as_sure_as_there_are_groups(make_pictures, tmp_path):
    paths = save(tmp_path, make_pictures(N), np.where(Y == "malignant", "png", "jpg"))
    alone = of(audit_images(paths, Y), "file format")
    together = of(audit_images(paths, Y, groups=np.arange(N) // 4), "file format")
    assert alone["auc"] == together["auc"] == together["high"] == 1
    assert 0.2 < together["low"] < alone["low"] < 1


def test_a_class_of_few_images_is_left_out(make_pictures):
    X = make_pictures(N + 4)
    y = np.array([*Y, *["rare"] * 4])
    table = audit_images(X, y).shortcuts
    assert (table["images"] == N).all()
    assert not table["detail"].str.contains("rare").any()


@pytest.mark.parametrize(
    "y", [None, ["a"] * N, ["a"] * (N - 4) + ["b"] * 4, [str(row) for row in range(N)]]
)
def test_no_two_classes_to_tell_apart(y, make_pictures):
    table = audit_images(make_pictures(N), y).shortcuts
    assert table.empty
    assert table.columns.tolist() == ["property", "auc", "low", "high", "images", "detail"]


def test_it_is_silent_and_the_same_each_time(make_pictures):
    X = make_pictures(N)
    X[Y == "malignant"] //= 3
    before = np.random.get_state()[1].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = audit_images(X, Y).shortcuts
        second = audit_images(X, Y).shortcuts
    assert first.equals(second)
    assert np.random.get_state()[1].tolist() == before
