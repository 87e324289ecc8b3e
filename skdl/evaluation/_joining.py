"""What a classifier said of the images of a group, joined to one decision."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl.evaluation._recorded import RecordedPredictions


class Joining:
    """Joins what was said of the images of a fold, by the code of each image's group."""

    def __init__(
        self, said: RecordedPredictions, codes: npt.NDArray[np.intp], how: str, positive: Any
    ) -> None:
        self.said, self.codes, self.how, self.positive = said, codes, how, positive
        self.classes: npt.NDArray[Any] = said.classes_
        self.place: Any = None if positive is None else self.classes.tolist().index(positive)

    def joined(self) -> RecordedPredictions:
        """What it says of the groups."""
        probabilities, decisions = self.said.probabilities, self.said.decisions
        if probabilities is not None:
            probabilities = self._probabilities(probabilities)
        elif decisions is not None:
            decisions = self._decisions(decisions)
        scores = RecordedPredictions(
            self.classes, None, probabilities, decisions, self.said.problem
        )
        scores.predicted = self.classes[self._labels(scores)]
        return scores

    def _by_code(self, values: npt.NDArray[Any], how: str) -> npt.NDArray[np.float64]:
        found = np.array(pd.DataFrame(values).groupby(self.codes).agg(how), dtype=np.float64)
        return np.asarray(found[:, 0] if values.ndim == 1 else found)

    def _probabilities(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        means = self._by_code(values, "mean")
        if self.how == "mean":
            return means
        of_images = values[:, self.place]
        if self.how == "max":
            positive = self._by_code(of_images, "max")
        else:
            positive = 1 - self._by_code(1 - of_images, "prod")
        others = np.delete(means, self.place, axis=1)
        total = others.sum(axis=1, keepdims=True)
        shares = np.divide(
            others, total, out=np.full_like(others, 1 / others.shape[1]), where=total > 0
        )
        rest = shares * (1 - positive[:, None])
        return np.insert(rest, self.place, positive, axis=1)

    def _decisions(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        if self.how == "mean":
            return self._by_code(values, "mean")
        if values.ndim == 1:  # of the second class
            return self._by_code(values, "max" if self.place == 1 else "min")
        found = self._by_code(values, "mean")
        found[:, self.place] = self._by_code(values[:, self.place], "max")
        return found

    def _labels(self, scores: RecordedPredictions) -> npt.NDArray[np.intp]:
        """Positions of the labels of the groups among the classes."""
        votes = self._by_code(self.said.predicted[:, None] == self.classes, "mean")
        found = self._by_scores(scores)
        if self.how == "mean":
            return _most(votes, self.place) if found is None else found
        positive = votes[:, self.place] > 0
        if self.how == "noisy_or" and found is not None:
            positive |= found == self.place
        rest = scores.probabilities if scores.decisions is None else scores.decisions
        rest = np.array(votes if rest is None or rest.ndim == 1 else rest)
        rest[:, self.place] = -np.inf
        return np.asarray(np.where(positive, self.place, rest.argmax(axis=1)))

    def _by_scores(self, scores: RecordedPredictions) -> npt.NDArray[np.intp] | None:
        """Labels by the joined scores; None where those of the images are not by their scores."""
        of_images = self.said.probabilities
        default = 0.0 if of_images is None else 0.5
        if of_images is None:
            of_images = self.said.decisions
        if of_images is None:
            return None
        if len(self.classes) > 2:
            joined = scores.decisions if scores.probabilities is None else scores.probabilities
            follow = (self.classes[of_images.argmax(axis=1)] == self.said.predicted).all()
            return np.asarray(joined.argmax(axis=1)) if follow else None
        taken = self.said.predicted == self.positive
        threshold, exists = threshold_of(self.said.scores_of(self.positive), taken, default)
        if not exists:
            return None
        reached = scores.scores_of(self.positive) >= threshold
        return np.asarray(np.where(reached, self.place, len(self.classes) - 1 - self.place))


def _most(votes: npt.NDArray[np.float64], place: int | None) -> npt.NDArray[np.intp]:
    """The class of most images; of a tie the positive one, or the first."""
    found = np.asarray(votes.argmax(axis=1))
    if place is not None:
        found[votes[:, place] == votes.max(axis=1)] = place
    return found


def threshold_of(scores: Any, positive: Any, default: float) -> tuple[float, bool]:
    """Threshold from which on scores were taken for positive, and whether there is one."""
    low = scores[positive].min(initial=np.inf)
    high = scores[~positive].max(initial=-np.inf)
    if high < default <= low:
        return default, True
    if not positive.any():  # any threshold above all scores
        return float(np.nextafter(high, np.inf)), True
    return (float(low), True) if high < low else (default, False)
