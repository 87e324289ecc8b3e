"""Look-alikes: planted ones of every kind are found, and no others."""

import runpy
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from skdl.audit import _candidates, find_look_alikes, join_groups
from skdl.images import read_batch

TOOL = Path(__file__).parents[2] / "tools" / "planted_look_alikes.py"
planted = SimpleNamespace(**runpy.run_path(str(TOOL)))


@pytest.fixture(scope="module")
def photographs():
    """224 patches of two photographs, 64 by 64 pixels in RGB, that do not overlap."""
    patches = []
    for photo in load_sample_images().images:
        tiles = photo[: 7 * 60, : 10 * 64].reshape(7, 60, 10, 64, 3).swapaxes(1, 2)
        patches.append(tiles.reshape(-1, 60, 64, 3))
    return np.concatenate(patches)


def found(images, **params):
    pairs = find_look_alikes(read_batch(images, mixed=True), **params)
    assert (pairs.first < pairs.second).all()
    return {(int(a), int(b)) for a, b in zip(pairs.first, pairs.second, strict=True)}


def textured(photographs, n):
    """The patches with most contrast; sky is like other sky."""
    contrast = photographs.mean(axis=3).std(axis=(1, 2))
    return photographs[np.argsort(-contrast)[:n]]


def versions_of(images, kind, seed=0):
    """Versions of images as pixels of their own shape."""
    random = np.random.default_rng(seed)
    shape = images.shape[2], images.shape[1]
    made = []
    for pixels in images:
        picture = Image.fromarray(pixels.squeeze())
        changed = planted.KINDS[kind](picture, random).convert(picture.mode)
        made.append(np.asarray(changed.resize(shape)).reshape(pixels.shape))
    return np.stack(made)


@pytest.mark.parametrize("kind", planted.KINDS)
def test_photographs_and_their_versions(photographs, kind):
    images = textured(photographs, 60)
    pairs = found(np.concatenate([images, versions_of(images[:20], kind)]))
    truth = {(row, row + 60) for row in range(20)}
    assert len(pairs & truth) >= 19
    assert len(pairs - truth) <= 1


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_all_symmetries(photographs, turn, mirrored):
    images = textured(photographs, 60)
    turned = np.rot90(images[:10, :, 2:62], turn, axes=(1, 2))
    if mirrored:
        turned = turned[:, ::-1]
    pairs = found(np.concatenate([images[:, :, 2:62], turned]))
    assert {(row, row + 60) for row in range(10)} <= pairs
    assert len(pairs) <= 11


@pytest.mark.parametrize(
    "change",
    [
        lambda images: images.mean(axis=3),
        lambda images: images[..., :1],
        lambda images: np.concatenate([images, np.full_like(images[..., :1], 255)], axis=3),
        lambda images: images.astype(np.uint16) * 257,
        lambda images: images.astype(np.float32) / 255,
        lambda images: images.astype(np.float64) / 127.5 - 1,
        lambda images: (images // 128).astype(np.uint8),
        lambda images: images[:, :60, :60].reshape(len(images), -1),
    ],
    ids=["gray", "one channel", "RGBA", "16 bits", "floats", "about 0", "two values", "flat"],
)
def test_kinds_of_arrays(photographs, change):
    images = textured(photographs, 40)
    images = change(np.concatenate([images, images[:8, :, ::-1]]))
    pairs = found(images)
    assert {(row, row + 40) for row in range(8)} <= pairs
    assert len(pairs) <= 9


def test_files_of_all_kinds(photographs, tmp_path):
    """Sizes, colours, depths and formats differ; what cannot be read has no pairs."""
    images, paths = textured(photographs, 30), []
    for row, pixels in enumerate(images):
        paths.append(tmp_path / f"{row}.png")
        Image.fromarray(pixels).save(paths[-1])
    gray = Image.fromarray(images[0]).convert("L")
    gray.save(tmp_path / "gray.png")
    Image.fromarray(np.asarray(gray).astype(np.uint16) * 257).save(tmp_path / "deep.png")
    Image.fromarray(images[1]).resize((301, 199)).save(tmp_path / "big.jpg", quality=70)
    Image.fromarray(images[2]).convert("RGBA").save(tmp_path / "see-through.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    names = ["gray.png", "deep.png", "big.jpg", "see-through.png", "broken.png", "missing.png"]
    paths += [tmp_path / name for name in names]
    assert found([str(path) for path in paths]) == {(0, 30), (0, 31), (1, 32), (2, 33)}


def test_large_pictures_shrink_as_they_are_read(tmp_path, photographs, monkeypatch):
    sizes = []
    read = sys.modules["skdl.audit._thumbnails"].read_image
    monkeypatch.setattr(
        "skdl.audit._thumbnails.read_image",
        lambda path, **params: sizes.append(params["image_size"]) or read(path, **params),
    )
    for row in range(3):
        Image.fromarray(photographs[row]).resize((900, 800)).save(tmp_path / f"{row}.jpg")
    found([str(path) for path in sorted(tmp_path.iterdir())])
    assert sizes == [32] * 3


def test_images_of_one_colour_are_like_nothing(photographs):
    images = textured(photographs, 20).copy()
    images[[3, 5, 8]] = 0, 200, 200
    images[9] = images[4]
    assert found(images) == {(4, 9)}
    assert found(np.zeros((4, 8, 8))) == set()
    assert found(np.full((4, 8, 8), 1e6) + np.arange(4)[:, np.newaxis, np.newaxis]) == set()


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_for_a_pair(photographs, n):
    batch = read_batch(photographs[:2], mixed=True)[:n]
    pairs = find_look_alikes(batch)
    assert [len(part) for part in pairs] == [0, 0, 0]
    assert [part.dtype.kind for part in pairs] == ["i", "i", "f"]


@pytest.mark.parametrize("n", [2, 3, 5, 15, 16, 17, 22])
def test_few_images(make_pictures, n):
    images = make_pictures(n)
    images[-1] = images[0][::-1, ::-1]
    assert found(images) == {(0, n - 1)}


def test_more_similarity_finds_fewer_of_the_same_pairs():
    digits = load_digits().images[:150]
    images = np.concatenate([digits, np.roll(digits[:40], 1, axis=2), digits[:40] ** 0.8])
    by_bar = [found(images, similarity=bar) for bar in (0.0, 0.9, 0.99, 0.999, 1.0)]
    assert all(more >= fewer for more, fewer in pairwise(by_bar))
    assert len(by_bar[0]) > len(by_bar[-1])


def test_similarity_is_the_bar_of_each_pair(photographs):
    images = textured(photographs, 60)
    images = read_batch(np.concatenate([images, versions_of(images, "cropped")]))
    pairs = find_look_alikes(images, similarity=0.9)
    assert (pairs.similarity >= 0.9 - 1e-6).all()
    assert (pairs.similarity <= 1).all()


@pytest.mark.parametrize("similarity", [-0.1, 1.1, np.nan, True, "0.9", None])
def test_similarities_that_are_none(photographs, similarity):
    with pytest.raises(ValueError, match="similarity must be a finite number"):
        find_look_alikes(read_batch(photographs[:3]), similarity=similarity)


def test_equal_pixels_count_as_wholly_similar(photographs):
    images = textured(photographs, 30)
    pairs = find_look_alikes(read_batch(np.concatenate([images, images])), similarity=1)
    assert set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == {
        (row, row + 30) for row in range(30)
    }
    assert pairs.similarity == pytest.approx(1)


def test_the_order_of_rows_does_not_matter(photographs):
    images = textured(photographs, 80)
    images = np.concatenate([images, versions_of(images[:30], "shifted")])
    pairs = find_look_alikes(read_batch(images))
    order = np.random.default_rng(3).permutation(len(images))
    again = find_look_alikes(read_batch(images[order]))
    ends = np.sort([order[again.first], order[again.second]], axis=0)
    by_rows = np.lexsort(ends[::-1])
    assert (ends[:, by_rows] == [pairs.first, pairs.second]).all()
    assert again.similarity[by_rows] == pytest.approx(pairs.similarity, abs=1e-5)


def test_pairs_come_in_order_and_with_any_number_of_threads(photographs):
    images = textured(photographs, 40)
    images = read_batch(np.concatenate([images, images[::-1]]))
    one, two, all_ = (find_look_alikes(images, n_jobs=n) for n in (1, 2, -1))
    assert (np.lexsort([one.second, one.first]) == np.arange(40)).all()
    for other in (two, all_):
        for part, same in zip(one, other, strict=True):
            assert (part == same).all()


def test_the_callers_images_and_random_state_are_left_alone(photographs):
    images = textured(photographs, 20).astype(np.float32)
    before, state = images.copy(), np.random.get_state()[1].copy()
    found(images)
    assert (images == before).all()
    assert (np.random.get_state()[1] == state).all()


def test_digits_are_not_joined_because_strokes_are_alike():
    """Of 800 digits of 8×8 pixels, written by many people, next to none is a copy of another."""
    pairs = find_look_alikes(read_batch(load_digits().images[:800]))
    assert len(pairs.first) <= 2


def test_copies_of_digits_are_found_where_strokes_are_alike():
    digits = load_digits().images[:600]
    turned = np.rot90(digits[:200], axes=(1, 2))
    pairs = found(np.concatenate([digits, digits[200:400] * 0.8 + 1, turned]))
    truth = {(200 + row, 600 + row) for row in range(200)}
    truth |= {(row, 800 + row) for row in range(200)}
    assert len(pairs & truth) >= 390
    assert len(pairs - truth) <= 5


def test_many_copies_of_one_picture(photographs):
    images = np.concatenate([textured(photographs, 40), np.repeat(photographs[:1], 60, axis=0)])
    pairs = find_look_alikes(read_batch(images))
    groups = join_groups(None, len(images), pairs.first, pairs.second)
    assert np.bincount(groups).max() >= 60


def test_scores_are_computed_in_blocks(photographs, monkeypatch):
    """However many images there are, no more scores than allowed are in memory at a time."""
    monkeypatch.setattr(_candidates, "_IN_BLOCK", 4000)
    sizes, find = [], _candidates._best_rows

    def best_rows(features, part, k):
        sizes.append(len(features[0][part]) * len(features[0]))
        return find(features, part, k)

    images = textured(photographs, 140)
    images = np.concatenate([images, images[:60, :, ::-1]])
    whole = found(images)
    monkeypatch.setattr(_candidates, "_best_rows", best_rows)
    assert found(images) == whole
    assert max(sizes) <= 4000
    assert sum(sizes) == 200**2


def test_few_pairs_are_compared_in_detail(monkeypatch, photographs):
    """Of images that resemble nothing, three candidates each, not all others."""
    compared, similarities = [], sys.modules["skdl.audit._look_alikes"].similarities

    def counting(thumbs, first, *rest):
        compared.append(len(first))
        return similarities(thumbs, first, *rest)

    monkeypatch.setattr("skdl.audit._look_alikes.similarities", counting)
    found(textured(photographs, 100))
    assert compared[0] <= 3 * 100
    assert sum(compared) < 100 * 99 / 2 / 4


@pytest.mark.realdata
@pytest.mark.parametrize("name", planted.DATA)
def test_planted_in_real_data(name):
    n = 800 if name == "BUSI" else 3000
    row = planted.measure(name, n_images=n, n_planted=400, seed=1)
    assert row.recall >= 0.95
    assert row.precision >= 0.95


def test_the_table_of_the_docs_is_of_what_is_planted():
    table = planted.PAGE.read_text().split(planted.START)[1].split(planted.END)[0]
    assert planted.page(table) == planted.PAGE.read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    assert rows[0][1:] == list(planted.DATA)
    assert [row[0] for row in rows[2:]] == [*planted.KINDS, *planted._ROWS]
    for cells in rows[2 : 3 + len(planted.KINDS)]:
        of_all = cells[0] == "**all**"
        for cell in cells[1:]:
            recall, precision = map(float, cell.strip("*").split(" / "))
            assert 0 <= recall <= 100
            assert 0 <= precision <= 100
            assert min(recall, precision) >= 95 or not of_all
    assert all(int(cell.replace(",", "")) >= 2000 for cell in rows[-4][1:])


def test_planted_versions_are_scored_as_the_docs_say():
    """Four originals, 0 and 1 alike; planted: 4 of 0, 5 of 1, 6 of 2, 7 of 3."""
    first, second = np.array([[0, 1], [0, 4], [1, 4], [2, 6], [6, 7]]).T
    kind = np.array([0, 0, 1, 1])
    pairs = planted.LookAlikes(first, second, np.ones(5))
    result = planted.Result("four", 4, np.arange(4), kind, pairs)
    assert result.recall == 0.5  # 4 and 6
    assert result.precision == pytest.approx(2 / 3)  # (1, 4) counts neither way, (6, 7) is wrong
    assert (result.recall_of(0), result.precision_of(0)) == (0.5, 1.0)
    assert (result.recall_of(1), result.precision_of(1)) == (0.5, 0.5)
    assert int(result.originals.sum()) == 1
    assert result.largest == 2


def test_copies_hide_nothing(photographs):
    """What looks like one of twenty copies is found as if there were one."""
    images = textured(photographs, 40)
    again = np.concatenate([images, *[images[:1]] * 20, images[:1, :, ::-1]])
    assert {(0, row) for row in range(40, 61)} <= found(again)


def test_files_have_the_pairs_of_their_arrays(photographs, tmp_path):
    images = textured(photographs, 100)
    images = np.concatenate([images, versions_of(images[:30], "cropped")])
    paths = [str(tmp_path / f"{row:03}.png") for row in range(len(images))]
    for pixels, path in zip(images, paths, strict=True):
        Image.fromarray(pixels).save(path)
    of_files, of_arrays = (find_look_alikes(read_batch(X)) for X in (paths, images))
    assert len(of_files.first) >= 25
    for ours, theirs in zip(of_files, of_arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs)
