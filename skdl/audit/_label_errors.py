"""Labels that out-of-fold probabilities contradict.

Decisions: docs/decisions.md#look-alikes-and-data-audits.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl._utils.labels import check_finite, check_known, class_labels, score_values

_COLUMNS = ["row", "label", "suggested", "probability", "suggested_probability", "margin"]


def find_label_errors(y: Any, probabilities: Any, *, classes: Any = None) -> pd.DataFrame:
    """Find labels that are probably wrong, by confident learning.

    An image is listed if a model that was not trained on it predicts another class than its label,
    with at least the average confidence of the model in images of that class. A class that is hard
    for the model thus has a lower bar than an easy one.

    Parameters
    ----------
    y : array-like of shape (n,)
        Class labels.
    probabilities : array-like of shape (n, n_classes)
        Out-of-fold probabilities, such as those of
        ``cross_val_predict(model, X, y, method="predict_proba")``. Probabilities of a model that
        was fitted to these labels would only repeat them.
    classes : array-like of shape (n_classes,), default=None
        The class of each column. If None, use the sorted labels.

    Returns
    -------
    errors : pandas.DataFrame
        One row per suspect, the most certain first: "row" (position in y), "label", "suggested"
        (the class that the model predicts), "probability" of the label, "suggested_probability",
        and "margin", their difference, which is negative.

    Raises
    ------
    ValueError
        If y holds no labels, `probabilities` has another shape or values outside [0, 1], or `y` has
        a label that is not in `classes`.

    See Also
    --------
    skdl.EvaluationResult.label_errors : Find label errors from an evaluation.
    audit_images : List them together with other problems of a data set.

    Notes
    -----
    A list of suspects is not a list of errors: it also contains hard images. Inspect them in order.
    ``docs/audit.md`` shows, for labels flipped on purpose, how many of the suspects were errors and
    how many of the errors were found.

    References
    ----------
    C. G. Northcutt, L. Jiang and I. L. Chuang, "Confident learning: estimating uncertainty in
    dataset labels", Journal of Artificial Intelligence Research 70 (2021), 1373-1411.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_predict
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skdl.audit import find_label_errors
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> y[[7, 70]] = 1 - y[[7, 70]]
    >>> model = make_pipeline(StandardScaler(), LogisticRegression())
    >>> found = find_label_errors(y, cross_val_predict(model, X, y, method="predict_proba"))
    >>> bool(found["row"].isin([7, 70]).sum() == 2), len(found) < 20
    (True, True)
    """
    labels = class_labels(y, "y")
    known = np.unique(labels) if classes is None else class_labels(classes, "classes")
    check_known(labels, known, "probabilities")
    values = _checked(probabilities, len(labels), len(known))
    order = np.argsort(known)
    codes = order[np.searchsorted(known, labels, sorter=order)]
    return _contradictions(labels, known, codes, values)


def _checked(probabilities: Any, n: int, n_classes: int) -> npt.NDArray[np.float64]:
    values = score_values(probabilities, "probabilities")
    if values.shape != (n, n_classes):
        raise ValueError(
            f"probabilities must have shape ({n}, {n_classes}), one row per label and one column "
            f"per class. Got {values.shape}."
        )
    check_finite(values, "probabilities")
    if values.min() < 0 or values.max() > 1:
        row = int(np.argmax(((values < 0) | (values > 1)).any(axis=1)))
        raise ValueError(f"probabilities must be in [0, 1]. Row {row} has {values[row].max():g}.")
    return values


def _contradictions(
    labels: npt.NDArray[Any],
    classes: npt.NDArray[Any],
    codes: npt.NDArray[np.intp],
    values: npt.NDArray[np.float64],
) -> pd.DataFrame:
    rows = np.arange(len(codes))
    own = values[rows, codes]
    counts = np.bincount(codes, minlength=len(classes))
    sums = np.bincount(codes, own, minlength=len(classes))
    # The mean confidence in images of each class; of a class without images, nothing reaches it.
    bars = np.divide(sums, counts, out=np.full(len(classes), np.inf), where=counts > 0)
    confident = np.where(values >= bars, values, -1.0)
    suggested = confident.argmax(axis=1)
    suspect = (confident.max(axis=1) >= 0) & (suggested != codes)
    suspect &= values[rows, suggested] > own
    found = np.flatnonzero(suspect)
    table = pd.DataFrame(
        {
            "row": found,
            "label": labels[found],
            "suggested": classes[suggested[found]],
            "probability": own[found],
            "suggested_probability": values[found, suggested[found]],
        },
    )
    table["margin"] = table["probability"] - table["suggested_probability"]
    return table.sort_values("margin", kind="stable", ignore_index=True)[_COLUMNS]
