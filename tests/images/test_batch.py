"""Batches: what arrays and files have in common, and pixels a few at a time."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skdl.images import ImageArray, ImageFiles, Resizer, read_batch
from skdl.images import _batch as batch_module

N, SHAPE = 70, (4, 6, 3)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (N, *SHAPE), dtype=np.uint8)


@pytest.fixture(scope="module")
def paths(pixels, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    found = [str(folder / f"{row:02}.png") for row in range(N)]
    for path, image in zip(found, pixels, strict=True):
        Image.fromarray(image).save(path)
    return np.array(found)


@pytest.fixture(params=["array", "files"])
def batch(request, pixels, paths):
    """The same images in memory and in files."""
    if request.param == "array":
        return ImageArray(pixels)
    return ImageFiles(paths).in_shape(SHAPE, resize=False)


def sized(pixels, size=(3, 5)):
    return ImageArray(pixels).sized(size, (0.0, 255.0))


def test_arrays_and_files_are_alike(batch, pixels):
    assert len(batch) == N
    assert (batch.shape, batch.dtype, batch.came) == (pixels.shape, np.uint8, np.uint8)
    assert np.array_equal(batch.load(), pixels)
    assert np.array_equal(list(batch), pixels)
    for rows in (slice(3, 9), np.array([5, 1, 1]), pixels[:, 0, 0, 0] > 100):
        assert np.array_equal(batch[rows].load(), pixels[rows])
    assert batch.values().eight_bit
    assert batch.learned_shape(None, None, None, None) == (SHAPE, 3)
    assert batch.learned_shape(None, None, "grayscale", None)[1] == 1
    shown = batch.displayable(np.array([3, 0]))
    np.testing.assert_allclose(shown, pixels[[3, 0]] / 255, rtol=1e-6)
    assert np.array_equal(batch.kept().load(), pixels)


@pytest.mark.parametrize("size", [1, 32, N, 1000])
@pytest.mark.parametrize("rows", [None, np.arange(N)[::-3], np.array([], int)])
def test_chunks_are_all_rows_in_their_order(batch, pixels, size, rows):
    expected = pixels if rows is None else pixels[rows]
    found = np.empty_like(expected)
    for span, some, digests in batch.chunks(size, rows):
        assert len(some) == span.stop - span.start <= size
        assert digests == []
        found[span] = some
    assert np.array_equal(found, expected)


def test_chunks_of_an_array_are_no_copies(pixels):
    for _, some, _ in ImageArray(pixels).chunks(8):
        assert np.shares_memory(some, pixels)
    assert ImageArray(pixels).load() is pixels


def test_chunks_of_files_have_the_digests_of_what_was_decoded(paths):
    files = ImageFiles(paths).in_shape(SHAPE, False)
    found = [digest for *_, digests in files.chunks(30, with_digests=True) for digest in digests]
    assert found == files.digests() == files.digests(n_threads=2)
    assert found[0] == hashlib.sha256(Path(paths[0]).read_bytes()).digest()


def test_one_who_stops_asking_leaves_no_thread(paths):
    chunks = ImageFiles(paths).in_shape(SHAPE, False).chunks(2)
    next(chunks)
    chunks.close()
    with pytest.raises(StopIteration):
        next(chunks)


def test_portions_hold_the_rows_in_their_order(batch, pixels, monkeypatch):
    monkeypatch.setattr(batch_module, "_CHUNK_BYTES", 17 * 72)  # of 72 bytes an image
    order = np.random.default_rng(0).permutation(N)
    seen = []
    for some, rows, places in batch.portions(order, batch_size=4, n_batches=64):
        held = np.arange(N) if rows is None else rows
        assert np.array_equal(some, pixels[held])
        seen += held[places].tolist()
        if rows is not None:
            assert len(rows) in (16, N % 16)  # whole batches, as many as are allowed
    assert seen == order.tolist()


def test_portions_of_an_array_are_the_array(pixels):
    order = np.arange(N)[::-1]
    ((some, rows, places),) = ImageArray(pixels).portions(order, 4, 1)
    assert some is pixels
    assert rows is None
    assert places is order


def test_a_batch_larger_than_a_chunk_stays_whole(paths, monkeypatch):
    monkeypatch.setattr(batch_module, "_CHUNK_BYTES", 1)
    files = ImageFiles(paths).in_shape(SHAPE, False)
    lengths = [len(some) for some, _, _ in files.portions(np.arange(N), 32, 64)]
    assert lengths == [32, 32, 6]


def test_arrays_are_resized_when_their_pixels_are_asked_for(pixels, monkeypatch):
    expected = np.stack([Resizer((3, 5), eight_bit=True, whole=True)(image) for image in pixels])
    calls, resize = [], Resizer.__call__
    monkeypatch.setattr(
        Resizer, "__call__", lambda self, image: calls.append(0) or resize(self, image)
    )
    batch = sized(pixels)
    assert batch.shape == (N, 3, 5, 3)
    assert calls == []
    assert np.array_equal(batch[10:20].load(), expected[10:20])
    assert len(calls) == 10
    for span, some, _ in batch.chunks(32):
        assert np.array_equal(some, expected[span])
    for some, rows, places in batch.portions(np.arange(N), 8, 2):
        assert np.array_equal(some[places], expected[rows])
    once = batch.kept()
    calls.clear()
    assert np.array_equal(once.load(), expected)
    assert calls == []
    assert ImageArray(pixels).sized(SHAPE[:2], (0.0, 1.0)).load() is pixels  # of that size already


def test_what_equal_content_may_differ_in(pixels, paths):
    framed = ImageArray(pixels).sized((3, 5), (0.0, 255.0), keep_aspect=True)
    origins = [
        ImageArray(pixels).origin,
        ImageArray(pixels.astype(np.float32)).origin,
        ImageArray(pixels.reshape(N, 6, 4, 3)).origin,
        framed.origin,
        ImageFiles(paths).origin,
        ImageFiles(paths).in_shape(SHAPE, True, keep_aspect=True).origin,
    ]
    assert len({str(origin) for origin in origins}) == len(origins)
    assert sized(pixels).origin == ImageArray(pixels).origin
    assert sized(pixels).digests() == ImageArray(pixels).digests()


def test_an_array_as_it_came():
    X = np.arange(12, dtype=np.int16).reshape(3, 4)
    batch = ImageArray.of(X)
    assert (batch.dtype, batch.came) == (np.float32, np.int16)
    assert batch.in_own_dtype().dtype == np.int16
    assert ImageArray.of(X.astype(object)).in_own_dtype().dtype == np.float64
    images = batch.unflattened()
    assert images.shape == (3, 2, 2, 1)
    assert batch.unchanged(images, (2, 2, 1)) is X
    assert batch.unchanged(images.sized((4, 4), (0.0, 1.0)), (2, 2, 1)) is None


def test_columns_are_those_of_flattened_images(paths):
    frame = pd.DataFrame(np.ones((2, 4)), columns=list("abcd"))
    assert read_batch(frame).columns(frame) is frame
    images = np.ones((2, 3, 3))
    assert isinstance(read_batch(images).columns(images), np.ndarray)
    table = pd.DataFrame({"path": paths})
    assert read_batch(table).columns(table) is None


def test_one_image_by_itself(pixels, paths):
    kind, image, content = read_batch(pixels).examine(2)
    assert kind == "uint8"
    assert np.array_equal(image, pixels[2])
    assert np.array_equal(content, pixels[2])
    kind, image, content = read_batch(paths).examine(2)
    assert kind == "PNG"
    assert np.array_equal(image, pixels[2])
    assert content == Path(paths[2]).read_bytes()


def test_files_in_memory_need_a_shape(pixels, paths):
    class Fitted:
        image_shape_ = SHAPE

    assert read_batch(pixels).in_memory(pixels, object()) is pixels
    assert np.array_equal(read_batch(paths).in_memory(paths, Fitted()), pixels)
    with pytest.raises(ValueError, match="object has no image_shape_ to decode them to"):
        read_batch(paths).in_memory(paths, object())


def test_four_channels_before_a_backbone():
    fourth = np.random.default_rng(0).random((2, 3, 3, 4))
    with pytest.raises(ValueError, match="4 channels, the last of which varies.* expects 3"):
        read_batch(fourth).learned_shape(None, None, None, 3)
    assert read_batch(fourth).learned_shape(None, None, None, 3, True) == ((3, 3, 4), 4)
    fourth[..., 3] = 0.5
    assert read_batch(fourth).learned_shape(None, None, None, 3) == ((3, 3, 4), 3)
    flattened = read_batch(fourth.reshape(2, -1))
    assert flattened.learned_shape((3, 3, 4), None, None, 3) == ((3, 3, 4), 3)
