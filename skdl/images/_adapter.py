"""Images of any channels, brought to those of a pretrained network.

Decisions: docs/decisions.md#image-arrays-and-value-ranges.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_choice
from skdl.images._resizing import COLORS, settled

InputAdapter: TypeAlias = Literal["mean", "first3", "repeat"]

_KINDS: tuple[InputAdapter, ...] = ("mean", "first3", "repeat")
_RGBA = 4


@dataclass(frozen=True)
class Adapter:
    """What makes images of some channels of images of others.

    Parameters
    ----------
    kind : {"mean", "first3", "repeat"}
    found : int
        Number of channels of the images as they come.
    made : int
        And as they go.
    whole : bool
        Whether means are rounded to whole numbers, in every dtype: where the images of the fit were
        such. Otherwise they are floats.
    """

    kind: InputAdapter
    found: int
    made: int
    whole: bool

    @classmethod
    def between(cls, kind: InputAdapter, found: int, takes: int, whole: bool) -> "Adapter":
        """That which makes images for a network that takes so many channels.

        Raises
        ------
        ValueError
            If there are too few or too many channels for it.
        """
        if kind == "first3" and found < 3:
            raise ValueError(
                f"input_adapter='first3' uses the first three channels, but the images have "
                f"{found}. Set it to 'mean' or 'repeat'."
            )
        if kind == "repeat" and found > takes:
            others = "'mean' or 'first3'" if found >= 3 else "'mean'"
            raise ValueError(
                f"input_adapter='repeat' repeats channels until there are the {takes} that the "
                f"pretrained network expects, but the images have {found}, so some would be "
                f"dropped. Set it to {others}."
            )
        return cls(kind, found, {"mean": 1, "first3": 3, "repeat": takes}[kind], whole)

    def __call__(self, images: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Images, the last axis of which are the channels."""
        if self.kind == "first3":
            return images[..., :3]
        if self.kind == "repeat":
            return np.take(images, np.arange(self.made) % self.found, axis=-1)
        means = images.sum(axis=-1, keepdims=True, dtype=np.float64) / self.found
        return settled(means, images.dtype if self.whole else np.dtype(np.float32), self.whole)

    def of_batch(self, images: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The same of many images, with no more than one of them in double precision."""
        if self.kind != "mean":
            return self(images)
        return np.stack([self(image) for image in images])


def check_input_adapter(input_adapter: Any) -> InputAdapter | None:
    """Refuse a parameter `input_adapter` that is none."""
    kind: InputAdapter | None = check_choice(input_adapter, "input_adapter", (None, *_KINDS))
    return kind


def are_colors(images: npt.NDArray[Any], *, each: bool = False) -> bool:
    """Whether images are gray, in colour, or in colour with a channel that tells nothing.

    It is opacity: a fourth channel that is the same everywhere, in all images or in `each` by
    itself.
    """
    n_channels = images.shape[-1]
    if n_channels != _RGBA:
        return n_channels in COLORS
    fourth = images[..., 3]
    return bool((fourth == (fourth[:, :1, :1] if each else fourth[:1, :1, :1])).all())


def refuse_channels(images: npt.NDArray[Any], takes: int) -> None:
    """Refuse images of which a pretrained network that takes so many channels would miss some."""
    found = images.shape[-1]
    if are_colors(images):
        return
    varies = ", the last of which varies and so is not just opacity" if found == _RGBA else ""
    ways = ["'mean' (their mean)"]
    if found >= 3:
        ways.append("'first3' (the first three)")
    if found <= takes:
        ways.append("'repeat' (the channels in turn, repeatedly)")
    raise ValueError(
        f"X holds images of {found} channels{varies}, but the pretrained network expects {takes}. "
        f"Set input_adapter to {' or '.join(ways)}; choose the channels to use, such as "
        f"X[..., :{3 if found > 3 else 1}]; or train a network from scratch on all of them, such "
        "as CNNClassifier."
    )
