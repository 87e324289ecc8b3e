"""Folds inside estimators that keep groups together, for estimators whose own folds do not.

Decisions: docs/decisions.md#groups and docs/decisions.md#evaluation-and-folds.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold
from sklearn.utils.metadata_routing import MetadataRouter, get_routing_for_object

from skdl._utils.cache import Cache
from skdl._utils.checksums import digest_of
from skdl._utils.tags import kind_of
from skdl.evaluation._multilabel_folds import MultilabelStratifiedKFold, check_enough

_CALLERS = ("fit", "fit_transform")
_Split = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
_FOLDS: Cache[npt.NDArray[np.int32]] = Cache(max_bytes=2**24)

# ---- splitters -----------------------------------------------------------------------------------


class _KeptFolds(StratifiedGroupKFold):  # type: ignore[misc]
    """Folds that are computed once for the same classes and groups.

    Each candidate that splits for itself asks for them, and so does each model that is compared.
    """

    def _kept(self, X: Any, y: Any, groups: Any) -> Iterator[_Split]:
        """Yield training and test rows."""
        check_enough(self.n_splits, groups)
        number = _FOLDS.get(self._key(y, groups), lambda: self._numbers(X, y, groups))
        for fold in range(self.n_splits):
            yield np.flatnonzero(number != fold), np.flatnonzero(number == fold)

    def _numbers(self, X: Any, y: Any, groups: Any) -> npt.NDArray[np.int32]:
        """The fold that tests on each row."""
        number = np.empty(len(y), dtype=np.int32)
        splits = super().split(X, y, groups)
        if np.ndim(y) == 2:  # several labels
            seed = self.random_state if isinstance(self.random_state, Integral) else 0
            folds = MultilabelStratifiedKFold(self.n_splits, random_state=int(seed))
            splits = folds.split(X, y, groups)
        for fold, (_, test) in enumerate(splits):
            number[test] = fold
        return number

    def _key(self, y: Any, groups: Any) -> tuple[Any, ...] | None:
        """What the folds depend on; None where each time has its own, or its warning."""
        _, classes, counts = np.unique(y, return_inverse=True, return_counts=True, axis=0)
        drawn = self.shuffle and not isinstance(self.random_state, Integral)
        if drawn or counts.min() < self.n_splits:
            return None
        _, members = np.unique(groups, return_inverse=True)
        how = self.n_splits, self.shuffle, self.random_state
        return *how, digest_of(classes), digest_of(members)


class StratifiedGroupFolds(_KeptFolds):
    """Stratified folds of a search that keep groups together."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[_Split]:
        """Yield training and test rows."""
        return super().split(X, y, None) if groups is None else self._kept(X, y, groups)


class GroupFolds(GroupKFold):  # type: ignore[misc]
    """Folds of a regression that keep groups together."""


class GroupHoldout(_KeptFolds):
    """A single stratified split that keeps groups together.

    Use it for searches with slow candidates: each candidate is fitted once instead of once per
    fold. Repeated calls return the same split.

    Parameters
    ----------
    test_size : float in (0, 0.5], default=0.2
        Proportion of rows in the test set, as far as groups allow; rounded to the nearest of 1/2,
        1/3, 1/4, ….
    random_state : int, default=0
        Random seed of the split.

    See Also
    --------
    sklearn.model_selection.StratifiedGroupKFold : This split is its first fold.
    sklearn.model_selection.GroupShuffleSplit : Several splits, which are not stratified.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.evaluation import GroupHoldout
    >>> y, patients = np.arange(20) % 2, np.arange(20) // 4
    >>> (train, test), = GroupHoldout(0.2).split(np.zeros((20, 3)), y, patients)
    >>> len(test), set(patients[train]) & set(patients[test])
    (4, set())
    """

    def __init__(self, test_size: float = 0.2, random_state: int = 0) -> None:
        super().__init__(max(2, round(1 / test_size)), shuffle=True, random_state=random_state)
        self.test_size = test_size

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[_Split]:
        """Yield training and test rows, once.

        Parameters
        ----------
        X : array-like of shape (n, …)
            The rows.
        y : array-like of shape (n,)
            Class labels.
        groups : array-like of shape (n,), default=None
            Groups. If None, each row is its own group.

        Yields
        ------
        train, test : ndarray of int
            Positions of rows.

        Raises
        ------
        ValueError
            If there are fewer groups than parts of this size.
        """
        yield next(self._kept(X, y, np.arange(len(y)) if groups is None else groups))

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return 1.

        Parameters
        ----------
        X, y, groups : object, default=None
            Ignored.

        Returns
        -------
        n_splits : int
            1.
        """
        return 1


def folds_by_groups(estimator: Any) -> Any:
    """What an estimator's `cv`, None or a number, becomes where groups are kept together."""
    cv = estimator.cv
    if isinstance(cv, Real) and not isinstance(cv, Integral):
        seed = getattr(estimator, "random_state", None)
        return GroupHoldout(float(cv), int(seed) if isinstance(seed, Integral) else 0)
    n_splits = 5 if cv is None else int(cv)
    inner = getattr(estimator, "estimator", None)
    if "classifier" in (kind_of(estimator), kind_of(inner)):
        return StratifiedGroupFolds(n_splits)
    return GroupFolds(n_splits)


# ---- estimators that pass no groups to their folds ---------------------------------------------


def routing_of(estimator: Any) -> Any:
    """What an estimator requests and passes on; None where it has no metadata routing."""
    try:
        return get_routing_for_object(estimator)
    except (NotImplementedError, RecursionError):  # endless in RidgeClassifierCV with its own score
        return None


def passes_on(router: Any, name: str = "") -> bool:
    """Whether fitting passes groups on to something inside, or to what has this name there."""
    return isinstance(router, MetadataRouter) and any(
        method.caller in _CALLERS and pair.router.consumes(method.callee, ["groups"])
        for target, pair in router
        if target == (name or target) and target != "$self_request"
        for method in pair.mapping
    )


def takes_groups(estimator: Any, method: str = "fit") -> bool:
    """Whether an estimator, or something in it that it passes them to, asks for groups."""
    routing = routing_of(estimator)
    return routing is not None and bool(routing.consumes(method, ["groups"]))


def ask_for_groups(estimator: Any, asks: bool = True) -> None:
    """Let an estimator ask for groups in `fit`, or say that it does not."""
    with config_context(enable_metadata_routing=True):
        estimator.set_fit_request(groups=asks)


def fit_with_groups(estimator: Any, X: Any, y: Any, groups: Any) -> None:
    """Fit an estimator, with the groups where something in it asks for them."""
    if groups is None or not takes_groups(estimator):
        estimator.fit(X, y)
        return
    with config_context(enable_metadata_routing=True):
        estimator.fit(X, y, groups=groups)


class _SplitsItself:
    """In front of an estimator that cross-validates without asking its splitter about groups.

    Its `fit` takes groups, and turns `cv` into the rows that a splitter makes of them.
    """

    __metadata_request__fit = {"groups": True}

    def fit(self, X: Any, y: Any = None, *args: Any, groups: Any = None, **params: Any) -> Any:
        """Fit, with folds that keep groups together."""
        if groups is None:
            return super().fit(X, y, *args, **params)  # type: ignore[misc]
        changed: dict[str, Any] = {}
        cv: Any = getattr(self, "cv", None)
        if hasattr(cv, "split"):
            changed["cv"] = list(cv.split(X, y, groups))
        if isinstance(self, StackingClassifier):  # its rows are those of X, and in their order
            final = LogisticRegression() if self.final_estimator is None else self.final_estimator
            changed["final_estimator"] = _OfRows(final, groups)
        with _with_params(self, changed):
            routed = passes_on(self._inherited_router())  # which no longer has the splitter
            if routed:
                params["groups"] = groups
            with config_context(enable_metadata_routing=routed):
                super().fit(X, y, *args, **params)  # type: ignore[misc]
        if isinstance(self, StackingClassifier):
            self.final_estimator_ = self.final_estimator_.estimator_
        return self

    def get_metadata_routing(self) -> Any:
        """Return what is requested: groups, and what is inherited."""
        router = self._inherited_router()
        if not isinstance(router, MetadataRouter):
            router = MetadataRouter(owner=type(self).__name__)
        return router.add_self_request(self)

    def _inherited_router(self) -> Any:
        try:
            return super().get_metadata_routing()  # type: ignore[misc]
        except NotImplementedError:
            return None

    def __reduce__(self) -> Any:
        return _empty, (type(self).__mro__[2],), self.__getstate__()


def _empty(original: Any) -> Any:
    made: Any = _splitting_itself(original)
    return made.__new__(made)


def splits_itself(estimator: Any) -> bool:
    """Change a copy of an estimator so that its folds keep groups together; False if it cannot."""
    if isinstance(estimator, _SplitsItself):
        return True
    fit = getattr(type(estimator), "fit", None)
    if not getattr(fit, "__module__", "").startswith("sklearn."):
        return False  # another hand's `fit` may do anything
    original: Any = type(estimator)
    estimator.__class__ = _splitting_itself(original)
    ask_for_groups(estimator)
    return True


@functools.cache
def _splitting_itself(original: Any) -> Any:
    """A class that is as this one, but keeps groups together in its own folds."""
    names = {"__module__": __name__, "__doc__": original.__doc__}
    return type(original.__name__, (_SplitsItself, original), names)


@contextmanager
def _with_params(estimator: Any, changed: dict[str, Any]) -> Iterator[None]:
    before = {name: getattr(estimator, name) for name in changed}
    vars(estimator).update(changed)
    try:
        yield
    finally:
        vars(estimator).update(before)


class _OfRows(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that is fitted to rows whose groups are known."""

    def __init__(self, estimator: Any, groups: Any) -> None:
        self.estimator = estimator
        self.groups = groups

    def fit(self, X: Any, y: Any, **_: Any) -> "_OfRows":
        """Fit the classifier, with its groups."""
        self.estimator_ = clone(self.estimator)
        fit_with_groups(self.estimator_, X, y, self.groups)
        return self
