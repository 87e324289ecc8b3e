"""One training as it is described, and what it leaves behind.

Decisions: docs/decisions.md#training.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import keras
import numpy.typing as npt

from skdl.engine._optimizers import OptimizerSpec
from skdl.engine._recipe import Recipe
from skdl.engine._seeding import MEMBERS, seed_of, stream
from skdl.engine._trainer import State, TrainingSet
from skdl.engine._variants import Ensemble
from skdl.images import ValueRange
from skdl.preprocessing import AugmentationPlan

History = dict[str, list[float]]


@dataclass(frozen=True)
class Fitted:
    """What a training leaves behind, and another can go on from.

    `history` holds all epochs that led here, those of trainings before included: by epoch "loss",
    "accuracy" and "learning_rate"; with validation data also "val_loss" and "val_accuracy". NaN
    stands for what was not taken, and for epochs whose weights a callback has restored. The first
    `n_warmup` of this training's are those of a warm-up.
    """

    network: Any
    optimizer: OptimizerSpec
    optimizer_state: State
    history: History
    n_warmup: int = 0

    @property
    def n_epochs(self) -> int:
        return len(self.history.get("loss", []))

    def joined(self, others: Sequence["Fitted"]) -> "Fitted":
        """The same with a network that averages over those of others."""
        networks = [self.network, *(other.network for other in others)]
        return replace(self, network=Ensemble(networks))


@dataclass(frozen=True)
class Job:
    """All that a training needs."""

    # A training from the start; one that goes on, but has a schedule of its own; a part of one that
    # is trained in parts; or none, which leaves the start values.
    Mode = Literal["fit", "warm_start", "partial_fit", "initialize"]

    recipe: Recipe
    data: TrainingSet
    validation: TrainingSet | None
    value_range: ValueRange
    optimizer: OptimizerSpec
    seed: int  # of the start values, the order of the batches and the changes
    epochs: int
    batch_size: int
    mode: Mode = "fit"
    start: Fitted | None = None  # where to go on; None begins with start values
    # How the learning rate changes, over how many epochs; None leaves the optimizer's.
    schedule: tuple[Literal["cosine", "step", "one_cycle"], int] | None = None
    augmentation: AugmentationPlan | None = None
    augments_validation: bool = False  # alike in each epoch
    # Stop after that many epochs in which the validation loss has not improved by the number, and
    # keep the weights of the lowest.
    patience: tuple[int, float] | None = None
    balanced: bool = False  # an epoch takes equally many images of each class
    callbacks: Sequence[keras.callbacks.Callback] = ()
    # Of the number of the last epoch, makes what is called after each with its number, from 1, and
    # its figures.
    report: Callable[[int], Callable[[int, dict[str, float]], None]] | None = None
    # Called before each epoch, with what gives the training so far; what it returns is called after
    # the epoch, and says whether to stop.
    begin_epoch: Callable[[Callable[[], Fitted]], Callable[[], bool]] | None = None
    # Called at the end, with what gives the outputs for images, the data and the history.
    judge: Callable[[Callable[[Any], npt.NDArray[Any]], TrainingSet, History], None] | None = None

    def __post_init__(self) -> None:
        if self.schedule is not None and self.optimizer.learning_rate is None:
            raise ValueError(
                f"learning_rate_schedule={self.schedule[0]!r} requires an optimizer with a "
                "constant learning rate, but the optimizer already has a schedule."
            )

    @property
    def first_epoch(self) -> int:
        """How many epochs the weights have behind them."""
        return 0 if self.start is None else self.start.n_epochs

    def learning_rate(self, epoch: int) -> float | None:
        """What the schedule gives an epoch; None without a schedule.

        "cosine" lowers the rate along half a cosine (Loshchilov and Hutter, ICLR 2017); "step"
        divides it by 10 after half and again after three quarters of the epochs (He et al., CVPR
        2016); "one_cycle" raises it from a 25th to the optimizer's over three tenths of the epochs,
        and lowers it to nearly 0 along half a cosine (Smith and Topin, 2019). After the last epoch
        the rate stays.
        """
        base = self.optimizer.learning_rate
        if self.schedule is None or base is None:
            return None
        kind, n_epochs = self.schedule
        first = 0 if self.mode == "partial_fit" else self.first_epoch
        done = min(epoch - first, n_epochs - 1) / n_epochs
        if kind == "cosine":
            return base * 0.5 * (1 + math.cos(math.pi * done))
        if kind == "one_cycle":
            return base * _one_cycle(min(epoch - first, n_epochs - 1), n_epochs)
        return base * (1.0 if done < 0.5 else 0.1 if done < 0.75 else 0.01)

    def of_member(self, number: int) -> "Job":
        """The same with the seed of another member of an ensemble; nobody watches."""
        seed = seed_of(stream(self.seed, MEMBERS, number))
        return replace(self, seed=seed, begin_epoch=None)

    def joined_with_start(self, history: History) -> History:
        """The history of what came before, and this one."""
        before = {} if self.start is None else self.start.history
        lengths = len(before.get("loss", [])), len(history.get("loss", []))
        missing = [[math.nan] * length for length in lengths]
        return {
            name: before.get(name, missing[0]) + history.get(name, missing[1])
            for name in {**before, **history}
        }


def _one_cycle(epoch: int, n_epochs: int) -> float:
    """Share of the largest rate; an epoch has that of its middle."""
    done, rising = (epoch + 0.5) / n_epochs, 0.3
    if done < rising:
        return 0.04 + 0.96 * done / rising
    return max(0.5 * (1 + math.cos(math.pi * (done - rising) / (1 - rising))), 1e-4)
