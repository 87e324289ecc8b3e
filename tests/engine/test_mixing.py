"""Images that are joined with others of their batch."""

import numpy as np
import pytest
import tensorflow as tf

from skdl.engine._augment import KINDS, _amounts, numbers_of, variant
from skdl.engine._mixing import mix
from skdl.engine._training import _as_many_of_each
from skdl.preprocessing import Augmentation, plan_augmentation


def mixed(kinds, n=64, side=16):
    """Constant images of different values, so that what is from where can be told."""
    values = np.arange(1, n + 1, dtype=np.float32)
    images = np.broadcast_to(values[:, None, None, None], (n, side, side, 1))
    targets, weights = np.eye(n, dtype=np.float32), np.ones(n, np.float32)
    amounts = {kind: tf.constant(1.0) for kind in kinds}
    found = mix(tf.constant(images), tf.constant(targets), tf.constant(weights), [3, 5], amounts)
    return values, *(part.numpy() for part in found)


def test_mixup_blends_images_and_targets_alike():
    values, images, targets, weights = mixed(["mixup"])
    np.testing.assert_allclose(images[:, 3, 4, 0], targets @ values, rtol=1e-4)
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    assert (targets.astype(bool).sum(axis=1) <= 2).all()
    shares = np.diagonal(targets)
    assert shares.min() < 0.2
    assert shares.max() > 0.8
    np.testing.assert_allclose(weights, 1, rtol=1e-6)


def test_cutmix_puts_a_box_of_one_image_into_another():
    values, images, targets, _ = mixed(["cutmix"])
    for value, image, target in zip(values, images[..., 0], targets, strict=True):
        kept = (image == value).mean()
        (other,) = set(np.unique(image)) - {value} or {value}
        np.testing.assert_allclose(target[int(value) - 1], kept if other != value else 1, atol=1e-6)
        rows, columns = np.nonzero(image != value)
        if len(rows):
            box = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert (box == other).all()
            height, width = box.shape
            assert abs(height - width) <= 1


def test_of_both_one_is_drawn_for_each_image():
    values, images, _, _ = mixed(["mixup", "cutmix"])
    flat = np.array([len(np.unique(image)) == 1 for image in images])
    assert 0.2 < flat.mean() < 0.9
    np.testing.assert_array_equal(images, mixed(["mixup", "cutmix"])[1])
    assert len(values) == 64


def test_a_number_of_changes_is_drawn_for_each_image():
    plan = plan_augmentation(
        Augmentation(rotation=10, brightness=0.2, contrast=0.3, noise=0.1, n_changes=2)
    )
    numbers = tf.constant(numbers_of(plan, 8, 8))
    drawn = tf.zeros((500, 11))
    found = _amounts(drawn, tf.constant([1, 2]), plan.kinds, numbers)
    assert set(found) == {"rotation", "brightness", "contrast", "noise"}
    amounts = np.stack([value.numpy() for value in found.values()], axis=1)
    assert ((amounts > 0).sum(axis=1) == 2).all()
    assert np.abs((amounts > 0).mean(axis=0) - 0.5).max() < 0.1
    assert numbers.shape[0] > KINDS.index("n_changes")


def test_a_variant_changes_all_images_alike():
    images = np.random.default_rng(0).random((5, 12, 12, 3), dtype=np.float32)
    plan = plan_augmentation(Augmentation(horizontal_flip=True, rotation=20, brightness=0.1))
    whole = variant(images, plan, 7, clipped=True)
    np.testing.assert_array_equal(whole[2:3], variant(images[2:3], plan, 7, clipped=True))
    assert np.abs(whole - images).max() > 0.1
    assert np.abs(whole - variant(images, plan, 8, clipped=True)).max() > 0.1
    plain = plan_augmentation(Augmentation(noise=0.5, cutout=0.5, mixup=1.0))
    np.testing.assert_array_equal(variant(images, plain, 7, clipped=True), images)


def test_which_plans_mix():
    assert plan_augmentation(Augmentation(mixup=0.2)).mixes
    assert not plan_augmentation("strong").mixes
    assert plan_augmentation(Augmentation(n_changes=2)) is None


@pytest.mark.parametrize("counts", [(90, 9, 1), (50, 50), (3, 1, 1, 1, 1)])
def test_as_many_of_each_class(counts):
    codes = np.repeat(np.arange(len(counts)), counts)
    rows = _as_many_of_each(codes, np.random.default_rng(0))
    assert len(rows) == len(codes)
    found = np.bincount(codes[rows])
    assert found.max() - found.min() <= 1
    for code in range(len(counts)):
        times = np.bincount(rows, minlength=len(codes))[codes == code]
        assert times.max() - times.min() <= 1
