"""Folds of images with several labels each."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import BaseCrossValidator

from skdl._utils.checks import check_whole, warn_user
from skdl._utils.labels import check_groups
from skdl._utils.stratification import parts_by_label
from skdl._utils.targets import check_label_sets
from skdl._utils.text import counted


def check_enough(n_splits: int, groups: Any) -> None:
    """Refuse more folds than groups; older versions of scikit-learn test on nothing then."""
    n_groups = len(np.unique(groups))
    if n_splits > n_groups:
        raise ValueError(
            f"{n_splits} folds need at least {n_splits} groups, and there "
            f"{'is 1' if n_groups == 1 else f'are {n_groups}'}. Set cv to fewer folds, or add "
            "images of more groups."
        )


class MultilabelStratifiedKFold(BaseCrossValidator):  # type: ignore[misc]
    """Stratified K-fold cross-validation for multilabel data.

    Each fold preserves the proportion of images that have each label, as far as possible. `y` has
    one column of 0 and 1 per label, for which scikit-learn has no stratified folds. With groups,
    such as patients, each group is in one test fold as a whole.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    random_state : int, default=0
        Random seed of the order in which images with the same labels are assigned to folds.

    See Also
    --------
    sklearn.model_selection.StratifiedKFold : The same for one class per image.
    skdl.evaluation.evaluate : Uses these folds for multilabel data.

    References
    ----------
    Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.evaluation import MultilabelStratifiedKFold
    >>> Y = np.column_stack([np.arange(40) % 2, np.arange(40) % 8 == 0])
    >>> folds = MultilabelStratifiedKFold(5).split(np.zeros((40, 3)), Y)
    >>> [Y[test].sum(axis=0).tolist() for _, test in folds]
    [[4, 1], [4, 1], [4, 1], [4, 1], [4, 1]]
    """

    __metadata_request__split = {"groups": True}

    def __init__(self, n_splits: int = 5, *, random_state: int = 0) -> None:
        self.n_splits = n_splits
        self.random_state = random_state

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """Yield training and test rows.

        Parameters
        ----------
        X : array-like of shape (n, …)
            The rows.
        y : array-like of shape (n, n_labels)
            0 and 1 for each label.
        groups : array-like of shape (n,), default=None
            Groups that stay together. If None, each row is its own group.

        Yields
        ------
        train, test : ndarray of int
            Positions of rows.

        Raises
        ------
        ValueError
            If `n_splits` is less than 2 or more than the number of rows or groups, or y is not as
            described.

        Warns
        -----
        UserWarning
            If a label is set in fewer images than there are folds.
        """
        check_whole(self.n_splits, "n_splits", low=2)
        labels = _checked(y)
        if groups is None:
            members = np.arange(len(labels))
            if self.n_splits > len(labels):
                raise ValueError(
                    f"n_splits={self.n_splits} is more than the number of rows, {len(labels)}."
                )
        else:
            groups = check_groups(groups, len(labels))
            check_enough(self.n_splits, groups)
            members = np.unique(groups, return_inverse=True)[1]
        self._warn_of_rare(labels)
        fold = self._folds(labels, members)[members]
        for number in range(self.n_splits):
            yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object, default=None
            Ignored.

        Returns
        -------
        n_splits : int
            The number of folds.
        """
        return self.n_splits

    def _folds(
        self, labels: npt.NDArray[np.int64], members: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.intp]:
        """The fold that tests each group."""
        sizes = np.bincount(members)
        counts = np.zeros((len(sizes), labels.shape[1]), np.int64)
        np.add.at(counts, members, labels)
        room = np.full(self.n_splits, len(labels) / self.n_splits)
        if len(sizes) == len(labels):  # of single images, folds differ by one at most
            room = np.diff(np.linspace(0, len(labels), self.n_splits + 1).astype(int))
        return parts_by_label(counts, sizes, room, np.random.default_rng(self.random_state))

    def _warn_of_rare(self, labels: npt.NDArray[np.int64]) -> None:
        n_set = labels.sum(axis=0)
        rare = np.flatnonzero((n_set < self.n_splits) & (n_set > 0))
        if len(rare):
            more = f" (and {len(rare) - 1} more)" if len(rare) > 1 else ""
            warn_user(
                f"Label {rare[0]}{more} is set in {counted(n_set[rare[0]], 'image')}, fewer than "
                f"n_splits={self.n_splits}: it is missing from some test folds."
            )


def _checked(y: Any) -> npt.NDArray[np.int64]:
    labels = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
    if labels.ndim != 2:
        raise ValueError(
            f"y must be of shape (n, n_labels), with 0 and 1 for each label. Got {labels.shape}. "
            "For one class per image, use StratifiedKFold."
        )
    return check_label_sets(labels, "y")
