"""What augmentation does to a batch."""

import numpy as np
import pytest
import tensorflow as tf

from skdl.engine._augment import augment, numbers_of
from skdl.preprocessing import CHANGES, MIXINGS, Augmentation, plan_augmentation

PHOTO = np.zeros((1, 16, 20, 3), np.float32)
PHOTO[:, 4:8, 5:10] = (1.0, 0.5, 0.25)  # a block up and left of the centre
PHOTO[:, 10:12, 14:18] = (0.25, 0.5, 1.0)
IMAGES = np.repeat(PHOTO, 400, axis=0)


def change(images=IMAGES, seed=(3, 0), limits=(0.0, 1.0), **params):
    plan = plan_augmentation(Augmentation(**params))
    function = tf.function(augment, autograph=False)
    return function(
        tf.constant(images),
        tf.constant(seed),
        plan.kinds,
        tf.constant(numbers_of(plan, *images.shape[1:3]), tf.float32),
        tf.constant(limits, tf.float32),
    ).numpy()


def centres(images):
    """Row and column of the centre of brightness of each image."""
    weights = images.sum(axis=3)
    total = weights.sum(axis=(1, 2))
    rows, columns = np.mgrid[: images.shape[1], : images.shape[2]]
    return (
        np.array([(weights * rows).sum((1, 2)), (weights * columns).sum((1, 2))]).T / total[:, None]
    )


@pytest.mark.parametrize("kind", [k for k in CHANGES if k not in (*MIXINGS, "n_changes")])
def test_each_change_changes_and_is_seeded(kind):
    params = {kind: True if kind.endswith("flip") else 10 if kind in ("rotation", "shear") else 0.2}
    changed = change(**params)
    assert changed.shape == IMAGES.shape
    assert changed.dtype == np.float32
    assert np.abs(changed - IMAGES).max() > 0.05
    different = len(np.unique(changed.reshape(400, -1), axis=0))
    if kind == "shift":
        assert different == 7 * 9  # all shifts of whole pixels
    else:  # some squares are cut out of the background
        assert different > (1 if "flip" in kind else 200 if kind == "cutout" else 300)
    np.testing.assert_array_equal(changed, change(**params))
    assert not np.array_equal(changed, change(seed=(3, 1), **params))
    assert changed.min() >= 0
    assert changed.max() <= 1


@pytest.mark.parametrize(("kind", "axis"), [("horizontal_flip", 2), ("vertical_flip", 1)])
@pytest.mark.parametrize("others", [{}, {"shift": 1e-6}])
def test_flips_are_exact_and_happen_half_of_the_time(kind, axis, others):
    changed = change(**{kind: True}, **others)
    tolerance = 1e-3 if others else 0
    mirrored = np.abs(changed - np.flip(IMAGES, axis)).max(axis=(1, 2, 3)) <= tolerance
    same = np.abs(changed - IMAGES).max(axis=(1, 2, 3)) <= tolerance
    assert (mirrored | same).all()
    assert 0.4 < mirrored.mean() < 0.6


def test_a_shift_alone_is_of_whole_pixels():
    generator = np.random.default_rng(0)
    images = np.repeat(generator.random((1, 16, 20, 2), dtype=np.float32), 900, axis=0)
    changed = change(images, shift=0.1)
    padded = np.pad(images[0], ((1, 1), (2, 2), (0, 0)), mode="edge")
    counts = []
    for down in range(3):
        for right in range(5):
            shifted = padded[down : down + 16, right : right + 20]
            counts.append((np.abs(changed - shifted).max(axis=(1, 2, 3)) < 1e-5).sum())
    assert sum(counts) == 900
    assert min(counts) > 35  # of 60 that are expected
    flipped = change(images, shift=0.1, horizontal_flip=True)
    either = np.concatenate([changed, changed[:, :, ::-1]]).round(4)
    assert {image.tobytes() for image in flipped.round(4)} <= {x.tobytes() for x in either}


def test_a_shift_of_less_than_a_pixel_is_none_of_whole_pixels():
    offsets = centres(change(shift=0.04)) - centres(IMAGES)
    assert 0.5 < np.abs(offsets[:, 0]).max() <= 0.04 * 16 + 0.05
    np.testing.assert_allclose(offsets[:, 1].std(), 0.04 * 20 / np.sqrt(3), rtol=0.15)


def test_shifts_are_uniform_up_to_the_share():
    offsets = centres(change(shift=0.1, zoom=1e-6)) - centres(IMAGES)
    assert np.abs(offsets[:, 0]).max() <= 0.1 * 16 + 0.05
    assert np.abs(offsets[:, 1]).max() <= 0.1 * 20 + 0.05
    np.testing.assert_allclose(offsets.std(axis=0), np.array([1.6, 2.0]) / np.sqrt(3), rtol=0.15)
    np.testing.assert_allclose(offsets.mean(axis=0), 0, atol=0.2)


def test_rotation_turns_about_the_centre_by_degrees():
    images = np.zeros((300, 33, 33, 1), np.float32)
    images[:, 14:19, 27:32] = 1
    start = centres(images) - 16
    turned = centres(change(images, rotation=40)) - 16
    np.testing.assert_allclose(np.hypot(*turned.T), np.hypot(*start.T), rtol=0.03)
    angles = np.degrees(np.arctan2(turned[:, 0], turned[:, 1]))
    assert 36 < np.abs(angles).max() <= 41
    assert abs(angles.mean()) < 4
    np.testing.assert_allclose(angles.std(), 40 / np.sqrt(3), rtol=0.1)


def test_zoom_changes_distances_from_the_centre():
    images = np.zeros((300, 33, 33, 1), np.float32)
    images[:, 14:19, 24:29] = 1
    distances = centres(change(images, zoom=0.2))[:, 1] - 16
    assert 0.78 * 10 < distances.min() < 0.84 * 10
    assert 1.16 * 10 < distances.max() < 1.22 * 10


def test_shear_keeps_rows_in_place():
    images = np.zeros((300, 33, 33, 1), np.float32)
    images[:, 4:7, 14:19] = 1
    moved = centres(change(images, shear=20)) - centres(images)
    assert np.abs(moved[:, 0]).max() < 0.3
    assert np.abs(moved[:, 1]).max() <= 11 * np.tan(np.radians(20)) + 0.2
    assert moved[:, 1].min() < -2
    assert moved[:, 1].max() > 2


def test_what_comes_in_repeats_the_edge():
    images = np.full((50, 12, 12, 1), 0.75, np.float32)
    params = {"rotation": 45, "shift": 0.3, "zoom": 0.5, "shear": 20}
    np.testing.assert_allclose(change(images, **params), 0.75, atol=1e-6)


def test_brightness_and_contrast():
    images = np.full((400, 8, 8, 1), 0.5, np.float32)
    images[:, :4] = 0.3
    added = change(images, brightness=0.2) - images
    assert np.ptp(added, axis=(1, 2, 3)).max() < 1e-6
    assert -0.2 <= added.min() < -0.17
    assert 0.17 < added.max() <= 0.2
    contrasted = change(images, contrast=0.5)
    np.testing.assert_allclose(contrasted.mean(axis=(1, 2, 3)), 0.4, atol=1e-6)
    spreads = np.ptp(contrasted, axis=(1, 2, 3)) / 0.2
    assert 0.5 <= spreads.min() < 0.55
    assert 1.45 < spreads.max() <= 1.5 + 1e-5


def test_noise_is_independent_and_of_its_deviation():
    images = np.full((50, 16, 16, 3), 0.5, np.float32)
    noise = change(images, noise=0.05) - images
    np.testing.assert_allclose(noise.std(), 0.05, rtol=0.02)
    assert abs(noise.mean()) < 1e-3
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.1
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.05


def test_cutout_fills_one_square_with_the_mean():
    images = np.random.default_rng(0).random((200, 20, 30, 3), dtype=np.float32)
    changed = change(images, cutout=0.5)
    filled = (changed != images).any(axis=3)
    shares = filled.mean(axis=(1, 2))
    np.testing.assert_allclose(shares.mean(), 0.25, atol=0.03)
    for image, original, cut in list(zip(changed, images, filled, strict=True))[:20]:
        rows, columns = np.flatnonzero(cut.any(axis=1)), np.flatnonzero(cut.any(axis=0))
        assert cut[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        expected = np.broadcast_to(original.mean(axis=(0, 1)), image[cut].shape)
        np.testing.assert_allclose(image[cut], expected, atol=1e-5)
    assert len({tuple(np.argwhere(cut)[0]) for cut in filled}) > 50


def test_standardised_images_are_not_clipped():
    images = np.random.default_rng(0).normal(size=(20, 8, 8, 1)).astype(np.float32)
    changed = change(images, limits=(-np.inf, np.inf), noise=1.0)
    assert changed.min() < -3
    assert changed.max() > 3


def test_global_generators_stay_as_they_are():
    tf.random.set_seed(5)
    expected = tf.random.uniform([3]).numpy()
    tf.random.set_seed(5)
    change(rotation=10, noise=0.1)
    np.testing.assert_array_equal(tf.random.uniform([3]).numpy(), expected)
