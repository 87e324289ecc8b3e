"""The door of the engine: one job in, one result out, and a short way to the traced loop."""

import ast
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from helpers import PACKAGE, tiny

from skdl import CNNClassifier
from skdl.engine import Fitted, Job, OptimizerSpec, Recipe, TrainingSet, fit
from skdl.images import ImageArray

ADAM = OptimizerSpec.of(keras.optimizers.Adam(0.1))


@pytest.fixture
def job():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 8, 8, 1), dtype=np.uint8)
    labels, weights = np.arange(20, dtype=np.int32) % 2, np.ones(20, np.float32)
    data = TrainingSet(ImageArray(images), labels, weights)
    recipe = Recipe(tiny, {}, (8, 8, 1), 2)
    return Job(recipe, data, None, (0, 255), ADAM, seed=0, epochs=2, batch_size=8)


def test_a_job_that_goes_on_is_one_training_in_two_parts(job):
    whole = fit(replace(job, epochs=3))
    first = fit(job)
    both = fit(replace(job, epochs=1, mode="warm_start", start=first))
    assert both.history == whole.history
    assert both.n_epochs == 3
    for found, expected in zip(
        [*both.network.state, *both.optimizer_state],
        [*whole.network.state, *whole.optimizer_state],
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)
    assert len(first.history["loss"]) == 2  # as it was


def test_figures_that_were_not_taken_are_nan(job):
    first = fit(replace(job, validation=job.data))
    both = fit(replace(job, epochs=1, start=first))
    np.testing.assert_array_equal(np.isnan(both.history["val_loss"]), [False, False, True])
    assert not np.isnan(both.history["loss"]).any()


def test_rates_of_schedules(job):
    def rates(kind, **params):
        scheduled = replace(job, schedule=(kind, 4), **params)
        first = scheduled.first_epoch
        return [scheduled.learning_rate(first + epoch) for epoch in range(6)]

    assert job.learning_rate(0) is None
    np.testing.assert_allclose(rates("step"), [0.1, 0.1, 0.01, 0.001, 0.001, 0.001])
    cosine = rates("cosine")
    np.testing.assert_allclose(cosine[:3], [0.1, 0.05 * (1 + np.sqrt(0.5)), 0.05])
    assert cosine[3] == cosine[4] > 0
    before = Fitted(None, ADAM, [], {"loss": [1.0, 1.0]})
    assert rates("step", mode="warm_start", start=before) == rates("step")
    np.testing.assert_allclose(
        rates("step", mode="partial_fit", start=before)[:2], [0.01, 0.001], rtol=1e-6
    )


def test_a_schedule_needs_a_rate_to_start_from(job):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    optimizer = OptimizerSpec.of(keras.optimizers.Adam(schedule))
    with pytest.raises(ValueError, match="'cosine' requires an optimizer with a constant"):
        replace(job, optimizer=optimizer, schedule=("cosine", 2))


def test_weights_of_another_network_are_refused(job):
    first = fit(job)
    other = replace(job, recipe=replace(job.recipe, params={"units": 5}), start=first)
    with pytest.raises(ValueError, match="does not match the weights.*warm_start=False"):
        fit(other)


def test_the_way_from_fit_to_the_traced_loop_is_short(few_digits, monkeypatch):
    from skdl.engine import _trainer

    ways = []
    call = _trainer.Loop._call

    def watched(self, *arguments):
        traced = call(self, *arguments)

        def run():
            frame, names = sys._getframe(1), []
            while frame.f_code.co_name != "test_the_way_from_fit_to_the_traced_loop_is_short":
                if "/skdl/" in frame.f_code.co_filename:
                    names.append(frame.f_code.co_name)
                frame = frame.f_back
            ways.append(names[::-1])
            return traced()

        return run

    monkeypatch.setattr(_trainer.Loop, "_call", watched)
    CNNClassifier(tiny, epochs=1).fit(*few_digits)
    # The first is what KeywordsMixin puts around methods; the last calls the traced function.
    assert ways[0] == ["checked", "fit", "_train", "_run", "fit", "_train", "_run_epoch"]


def test_the_estimators_know_few_names_of_the_engine():
    names = set()
    for path in (PACKAGE / "estimators").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "skdl.engine":
                names |= {alias.name for alias in node.names}
    assert len(names) <= 15, sorted(names)
