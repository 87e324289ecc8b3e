"""Noise while a network is trained is that of `ImageNoise`."""

import inspect

import numpy as np
import pytest
import tensorflow as tf

from skdl import Augmentation, ImageNoise
from skdl.engine import augmented
from skdl.engine._augment import KINDS, add_noise, numbers_of
from skdl.preprocessing import CHANGES, NOISES, _noise, plan_noise, rectangle

# ---- one table -----------------------------------------------------------------------------------


def defaults(of):
    found = inspect.signature(of).parameters.values()
    return {parameter.name: parameter.default for parameter in found}


def test_signatures_have_the_defaults_of_the_table():
    assert defaults(Augmentation) == {name: change.default for name, change in CHANGES.items()}
    assert {defaults(ImageNoise)["amount"]} == {change.default for change in NOISES.values()}
    assert defaults(ImageNoise)["kind"] in NOISES


def test_both_sides_know_what_is_in_the_table():
    assert set(KINDS) == {*CHANGES, *NOISES}
    assert set(_noise._ADD) == set(NOISES)


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("amount", [-0.1, float("nan"), float("inf"), True, "0.1", None])
def test_both_sides_refuse_the_same_amounts(kind, amount):
    messages = []
    for use in (plan_noise, lambda noise: noise.fit(np.zeros((2, 4, 4)))):
        with pytest.raises(ValueError, match=f"amount of kind='{kind}' must be a finite") as error:
            use(ImageNoise(kind, amount=amount))
        messages.append(str(error.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("kind", NOISES)
def test_the_most_there_may_be(kind):
    high = NOISES[kind].high
    assert plan_noise(ImageNoise(kind, amount=high or 50)).amounts == ((kind, float(high or 50)),)
    if high is not None:
        with pytest.raises(ValueError, match="from 0 to 1. Got 1.01"):
            plan_noise(ImageNoise(kind, amount=1.01))
    assert plan_noise(ImageNoise(kind, amount=0)) is None


# ---- the same random numbers ---------------------------------------------------------------------


class Drawn:
    """A generator that gives numbers that were drawn elsewhere."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def draw(self, shape):
        return np.asarray(self.numbers.pop(0), dtype=np.float64).reshape(shape)

    random = standard_normal = draw


def n_seen(shape):
    """Channels but for transparency, which is the fourth of four."""
    return 3 if shape[2] == 4 else shape[2]


def numpy_draws(kind, shape, seed, place):
    """What NumPy's side has to draw to do as TensorFlow's does."""
    if kind == "occlusion":
        return Drawn(place)
    if kind == "salt_and_pepper":  # one number says there what two say here
        chances = tf.random.stateless_uniform([1, *shape[:2], 1], seed).numpy().astype(np.float64)
        return Drawn(2 * np.minimum(chances, 1 - chances), 1 - chances)
    colours = [1, *shape[:2], n_seen(shape)]
    return Drawn(tf.random.stateless_normal(colours, seed).numpy()[0])


@pytest.mark.parametrize(
    "shape", [(8, 8, 1), (10, 40, 3), (40, 10, 4), (1, 30, 1), (9, 12, 5)], ids=str
)
@pytest.mark.parametrize("extremes", [(0.0, 1.0), (-2.5, 3.0)], ids=["unit", "standardized"])
@pytest.mark.parametrize("amount", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("kind", NOISES)
def test_equal_numbers_make_equal_noise(kind, amount, extremes, shape):
    low, high = extremes
    image = np.random.default_rng(0).uniform(low, high, shape).astype(np.float32)
    place, seed = np.float32([0.7, 0.2]), (3, 5)
    plan = plan_noise(ImageNoise(kind, amount=amount), extremes)
    numbers = tf.constant(numbers_of(plan, *shape[:2])[len(KINDS) :], tf.float32)
    found = add_noise(
        tf.constant(image[np.newaxis]), seed, kind, amount, place[np.newaxis], numbers
    ).numpy()[0]
    free = extremes != (0.0, 1.0)
    zero, unit = (0.0, 1.0) if free else (low, high - low)
    dose = _noise._Dose(amount, low, high, zero=zero, unit=unit)
    n = n_seen(shape)
    colours = image[..., :n].astype(np.float64)
    expected = _noise._ADD[kind](numpy_draws(kind, shape, seed, place), colours, dose)
    if kind in ("salt_and_pepper", "occlusion"):
        assert np.array_equal(found[..., :n], expected.astype(np.float32))
    np.testing.assert_allclose(found[..., :n], expected, rtol=1e-5, atol=1e-6)
    assert np.array_equal(found[..., n:], image[..., n:])
    assert not np.array_equal(found, image) or (kind, amount) == ("salt_and_pepper", 0.01)


@pytest.mark.parametrize("amount", [0.05, 0.5])
def test_the_share_of_pixels_that_are_replaced(amount):
    batch = np.full((20, 30, 40, 3), 0.5, np.float32)
    batch += np.linspace(0, 0.1, 20, dtype=np.float32).reshape(-1, 1, 1, 1)
    noise = ImageNoise("salt_and_pepper", amount=amount, value_range=(0, 1), random_state=0)
    for noisy in (noise.fit_transform(batch), augmented(batch, plan_noise(noise), (3, 0))):
        for value in (0, 1):
            replaced = (noisy == value).all(axis=-1).mean()
            assert replaced == pytest.approx(amount / 2, rel=0.15)


@pytest.mark.parametrize("kind", ["gaussian", "speckle"])
@pytest.mark.parametrize("amount", [0.02, 0.1])
def test_the_strength_of_what_is_added(kind, amount):
    batch = np.full((20, 30, 40, 1), 0.5, np.float32)
    batch += np.linspace(0, 1e-3, 20, dtype=np.float32).reshape(-1, 1, 1, 1)
    noise = ImageNoise(kind, amount=amount, value_range=(0, 1), random_state=0)
    strength = amount if kind == "gaussian" else amount * 0.5
    for noisy in (noise.fit_transform(batch), augmented(batch, plan_noise(noise), (3, 0))):
        assert (noisy - batch).std() == pytest.approx(strength, rel=0.02)


# ---- other random numbers ------------------------------------------------------------------------

SHAPES = [(10, 40, 1), (40, 10, 3), (7, 13, 4)]
AMOUNTS = {"gaussian": 0.3, "speckle": 0.6, "salt_and_pepper": 0.2, "occlusion": 0.25}


def both(kind, image, value_range, n=1500):
    """An image degraded by `ImageNoise`, and as while training."""
    noise, batch = (
        ImageNoise(kind, amount=AMOUNTS[kind], value_range=value_range),
        image[np.newaxis],
    )
    expected = np.concatenate(
        [noise.set_params(random_state=seed).fit_transform(batch) for seed in range(n)]
    )
    free = value_range == "standardized"
    plan = plan_noise(noise, (float(image.min()), float(image.max())) if free else (0.0, 1.0))
    return expected, augmented(np.repeat(batch, n, axis=0), plan, (3, 0), clipped=not free)


@pytest.mark.parametrize(
    ("shape", "value_range"),
    [*((shape, (0, 1)) for shape in SHAPES), (SHAPES[1], "standardized")],
    ids=str,
)
@pytest.mark.parametrize("kind", AMOUNTS)
def test_noise_while_training_is_that_of_image_noise(kind, shape, value_range):
    image = np.random.default_rng(0).random(shape, dtype=np.float32)
    if value_range == "standardized":
        image = 4 * image - 1.5
    expected, found = both(kind, image, value_range)
    for moment in (np.mean, np.std):
        a, b = moment(expected, axis=0), moment(found, axis=0)
        scale = expected.std(axis=0)
        np.testing.assert_allclose(b, a, atol=8 * scale.max() / np.sqrt(len(found)))
    if shape[2] == 4:
        assert np.array_equal(found[..., 3], np.broadcast_to(image[..., 3], found.shape[:3]))


@pytest.mark.parametrize("shape", [(10, 40), (40, 10), (7, 13), (1, 30), (5, 5)], ids=str)
@pytest.mark.parametrize("amount", [0.01, 0.25, 0.7, 1.0])
def test_the_rectangle_is_the_same_while_training(shape, amount):
    # Images that differ, as equal ones are given equal noise.
    values = np.linspace(1, 2, 400, dtype=np.float32).reshape(-1, 1, 1, 1)
    batch = np.broadcast_to(values, (400, *shape, 1))

    def covered(images):
        rows, columns = ((images == 0).any(axis=axis) for axis in (2, 1))
        sizes = set(zip(rows.sum(axis=1)[:, 0], columns.sum(axis=1)[:, 0], strict=True))
        return sizes, {tuple(row[:, 0]) for row in rows}, {tuple(row[:, 0]) for row in columns}

    noise = ImageNoise("occlusion", amount=amount, value_range=(0, 2), random_state=0)
    changed = augmented(batch / 2, plan_noise(noise), (3, 0))
    assert covered(changed) == covered(noise.fit_transform(batch))
    assert len(covered(changed)[0]) == 1


@pytest.mark.parametrize("shape", [(10, 40), (40, 10), (7, 13), (1, 30)], ids=str)
@pytest.mark.parametrize("share", [0.01, 0.25, 1.0])
def test_the_rectangle_that_is_handed_over(shape, share):
    numbers = numbers_of(plan_noise(ImageNoise("occlusion", amount=share)), *shape)
    assert tuple(numbers[len(KINDS) :]) == (*rectangle(share, *shape), 0.0, 1.0)
