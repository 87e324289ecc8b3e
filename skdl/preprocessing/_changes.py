"""The one table of random changes of images: their names, how much there may be, and defaults."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skdl._utils.checks import check_choice, check_number, check_whole


@dataclass(frozen=True)
class Change:
    """How much of a change there may be.

    False as the default makes it one that is or is not, None a whole number or nothing.
    """

    default: float | bool | None
    high: float | None = None
    below: float | None = None

    def check(self, value: Any, name: str) -> float:
        """The amount as a number; ValueError if it is none, or out of range."""
        if self.default is False:
            value = bool(value) if isinstance(value, np.bool_) else value
            return float(check_choice(value, name, (False, True)))
        if self.default is None:
            return 0.0 if value is None else float(check_whole(value, name, low=1))
        return check_number(value, name, low=0, high=self.high, below=self.below)


CHANGES = {
    "rotation": Change(0.0, high=180),
    "shift": Change(0.0, below=1),
    "zoom": Change(0.0, below=1),
    "shear": Change(0.0, below=90),
    "horizontal_flip": Change(False),
    "vertical_flip": Change(False),
    "brightness": Change(0.0, high=1),
    "contrast": Change(0.0, high=1),
    "noise": Change(0.0),
    "cutout": Change(0.0, high=1),
    "mixup": Change(0.0),
    "cutmix": Change(0.0),
    "n_changes": Change(None),
}
"""Parameters of `Augmentation`."""

NOISES = {
    "gaussian": Change(0.1),
    "salt_and_pepper": Change(0.1, high=1),
    "speckle": Change(0.1),
    "occlusion": Change(0.1, high=1),
}
"""Kinds of `ImageNoise`, and its amounts."""

DENOISED_AMOUNT = 0.3
"""Amount of a kind of noise that a denoiser is asked for by its name alone."""


MIXINGS = ("mixup", "cutmix")
"""Changes that join images with others of their batch, and their targets alike."""


@dataclass(frozen=True)
class AugmentationPlan:
    """Random changes as plain numbers, as the engine takes them."""

    amounts: tuple[tuple[str, float], ...]  # of `CHANGES` or `NOISES`, where they are not 0
    extremes: tuple[float, float] = (0.0, 1.0)  # black and white; standardised images have others

    @property
    def mixes(self) -> bool:
        """Whether images are joined."""
        return any(kind in MIXINGS for kind in self.kinds)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the changes, in a fixed order."""
        return tuple(name for name, _ in self.amounts)
