"""What the caller of an evaluation passed, checked."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import indexable

from skdl._utils.labels import check_groups, check_kind, class_labels
from skdl._utils.tags import kind_of
from skdl._utils.text import encodable, plain, shortened
from skdl.evaluation._leaks import digests_of
from skdl.evaluation._targets import Targets, read_targets
from skdl.images import ImageFiles, find_paths


def check_positive(targets: Targets, pos_label: Any) -> None:
    if pos_label is None:
        return
    if not targets.are_classes:
        what = "numbers" if targets.of_numbers else "several labels, each of which is set or not"
        raise ValueError(
            f"pos_label={shortened(pos_label)} names a class, but y holds {what}. Omit pos_label."
        )
    classes = plain(np.unique(targets.values))
    if pos_label not in classes:
        raise ValueError(
            f"pos_label={shortened(pos_label)} is not one of the labels {shortened(classes)}."
        )


def known_classes(fitted: Mapping[str, Any], labels: npt.NDArray[Any]) -> list[Any]:
    """Classes of fitted estimators; refuses labels of another kind."""
    known = {name: est.classes_ for name, est in fitted.items() if hasattr(est, "classes_")}
    for name, classes in known.items():
        check_kind(labels, "y", class_labels(classes, name), f"classes_ of {shortened(name)}")
    return list(known.values())


def _given(estimator: Any) -> str:
    if isinstance(estimator, type):
        return f"it is the class {estimator.__name__} and not {estimator.__name__}()"
    return f"it is {shortened(estimator)}"


def _predicts(estimator: Any) -> bool:
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        return False
    kind = kind_of(estimator)
    if kind in ("classifier", "regressor"):
        return True  # some have predict only once they are fitted
    return hasattr(estimator, "predict") and kind != "clusterer"


def named_estimators(estimators: Any) -> dict[str, Any]:
    if not isinstance(estimators, Mapping):
        estimators = {type(estimators).__name__: estimators}
    if not estimators:
        raise ValueError("estimators is empty. Pass at least one estimator.")
    for name, estimator in estimators.items():
        if not _predicts(estimator):
            raise ValueError(
                f"The estimator {shortened(name)} is neither a classifier nor a regressor: "
                f"{_given(estimator)}. Pass a classifier or a regressor, or a dict of names and "
                "estimators."
            )
    named = {encodable(str(name)): estimator for name, estimator in estimators.items()}
    if len(named) < len(estimators):
        raise ValueError(f"Several estimators have the same name: {shortened(list(estimators))}.")
    return named


def check_data(
    named: Mapping[str, Any], X: Any, y: Any, groups: Any
) -> tuple[Any, Targets, Any, Callable[[], list[bytes]]]:
    """Checked data for these estimators, and what gives the digests of the images."""
    paths = find_paths(X)  # not read_batch: X may be a table, too
    images = X if paths is None else paths
    if isinstance(images, list | tuple):
        images = np.asarray(images)
    digests = partial(digests_of, images) if paths is None else ImageFiles(paths).digests
    targets = read_targets(named, y)
    if not hasattr(images, "__len__") or getattr(images, "shape", None) == ():
        raise ValueError(f"X must hold one row per image. Got {shortened(X)}.")
    indexable(images)
    n = images.shape[0] if hasattr(images, "shape") else len(images)
    if n != len(targets):
        what = "rows" if targets.outputs else "numbers" if targets.of_numbers else "labels"
        raise ValueError(
            f"X has {n} images, and y has {len(targets)} {what}. Pass one {what[:-1]} per image."
        )
    if groups is not None:
        groups = check_groups(groups, n, several=False)  # which a fold may test as a whole
    return images, targets, groups, digests
