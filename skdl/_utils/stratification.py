"""Parts of images with several labels each, such that every part has its share of each label."""

from typing import Any

import numpy as np
import numpy.typing as npt


def parts_by_label(
    counts: npt.NDArray[Any],
    sizes: npt.NDArray[np.int64],
    room: npt.NDArray[Any],
    generator: np.random.Generator,
) -> npt.NDArray[np.intp]:
    """Iterative stratification: the rarest label first, each unit to the part that lacks it most.

    Units are images, or groups of them that stay together. `counts`, (n_units, n_labels), says how
    many images of each have a label, `sizes` how many images there are, and `room` how many each
    part should get.

    K. Sechidis, G. Tsoumakas and I. Vlahavas, "On the stratification of multi-label data", ECML
    PKDD 2011.
    """
    room = room.astype(np.float64)
    wanted = (room / room.sum())[:, np.newaxis] * counts.sum(axis=0)
    part = np.full(len(counts), -1)
    while (left := counts[part < 0].sum(axis=0)).any():
        label = int(np.argmin(np.where(left > 0, left, left.max() + 1)))
        units = generator.permutation(np.flatnonzero((counts[:, label] > 0) & (part < 0)))
        for unit in units[np.argsort(-counts[units, label], kind="stable")]:
            part[unit] = _most_wanting(wanted[:, label], room)
            room[part[unit]] -= sizes[unit]
            wanted[part[unit]] -= counts[unit]
    rest = generator.permutation(np.flatnonzero(part < 0))  # without any label
    for unit in rest[np.argsort(-sizes[rest], kind="stable")]:
        part[unit] = _most_wanting(room, room)
        room[part[unit]] -= sizes[unit]
    return part


def _most_wanting(wanted: npt.NDArray[Any], room: npt.NDArray[Any]) -> int:
    """Of the parts that have room; of ties, that with the most of it."""
    open_to = room > 0 if (room > 0).any() else np.ones(len(room), dtype=np.bool_)
    return int(np.lexsort((room, np.where(open_to, wanted, -np.inf)))[-1])
