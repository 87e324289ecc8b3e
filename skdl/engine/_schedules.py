"""Learning rates by epoch."""

import math
from typing import Literal


def scheduled_rate(
    epoch: int, *, kind: Literal["cosine", "step"], base: float, first_epoch: int, epochs: int
) -> float:
    """Learning rate of an epoch.

    Parameters
    ----------
    epoch : int
        Counted from the very first one.
    kind : {"cosine", "step"}
        "cosine" lowers the rate along half a cosine (Loshchilov and Hutter, ICLR 2017); "step"
        divides it by 10 after half and again after three quarters of the epochs (He et al.,
        CVPR 2016). After the last epoch the rate stays.
    base : float
        Rate of the first epoch.
    first_epoch : int
        Where the schedule starts.
    epochs : int
        How many epochs it spans.
    """
    done = min(epoch - first_epoch, epochs - 1) / epochs
    if kind == "cosine":
        return base * 0.5 * (1 + math.cos(math.pi * done))
    return base * (1.0 if done < 0.5 else 0.1 if done < 0.75 else 0.01)
