"""What an audit found."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl.audit._findings import findings_of
from skdl.audit._page import page_of, text_of


@dataclass(frozen=True, eq=False, repr=False)
class DataAudit:
    """Findings of :func:`audit_images`, as tidy tables.

    Tables of images have the columns "row" (position in X), "class" if labels were passed, and
    "path" for files. Tables of pairs have "first" and "second", the rows, "similarity", and the
    other columns for both images, such as "first_class".

    Attributes
    ----------
    images : pandas.DataFrame
        One row per image: "row", "class", "path", "group"; for each table whether the image is in
        it ("unreadable", "copies", "look_alikes", "conflicts", "group_conflicts", "label_errors",
        "empty"); and measurements: "height", "width", "channels", "dtype", "format" and "bytes" of
        files, "quantization" (mean step by which a JPEG's brightness was rounded), "low" and "high"
        (smallest and largest value), "brightness" (mean of gray or of red, green and blue) and
        "contrast" (its standard deviation over pixels), and both for the outer frame, whose width
        is 5 % of the shorter side: "border_brightness", "border_contrast".
    unreadable : pandas.DataFrame
        Files that cannot be read: "reason".
    copies : pandas.DataFrame
        Images whose pixels are equal, whatever their files are: "set" is the number of the set
        they belong to.
    look_alikes : pandas.DataFrame
        Pairs of images that show the same picture, the most similar first. Of several copies, only
        the first is compared.
    conflicts : pandas.DataFrame
        Pairs of copies, whose similarity is 1, or look-alikes that are of different classes.
    group_conflicts : pandas.DataFrame
        Such pairs of different groups, as they were passed: "first_group", "second_group".
    label_errors : pandas.DataFrame
        Images whose labels are contradicted by out-of-fold probabilities, the most certain first:
        "suggested" class, "probability" of the label, "suggested_probability" and "margin"; see
        :func:`find_label_errors`. Empty without probabilities.
    empty : pandas.DataFrame
        Images without content: "kind" is "one color", or "nearly empty" if the standard deviation
        of the brightness is below 1 % of the range of values.
    sizes : pandas.DataFrame
        Number of "images" with each "height" and "width", the most frequent first.
    modes : pandas.DataFrame
        Number of "images" with each "channels", "dtype" and "format".
    value_ranges : pandas.DataFrame
        For each class, or "all": "images" that can be read, "low" and "high", the smallest and the
        largest value, and "brightness", the mean.
    shortcuts : pandas.DataFrame
        Properties that vary, the most telling first: "property", "auc" (how well it alone tells the
        classes apart: 0.5 means not at all, 1 without a mistake), "low" and "high" (the limits of
        its confidence interval; all intervals hold together at 95 %), "images" (number of images
        that have it), "detail" (its values in the classes).
    groups : ndarray of int of shape (n,)
        Numbers of groups, from 0, for any splitter: those that were passed, joined if copies or
        look-alikes are in several.
    classes : ndarray of shape (n_classes,) or None
        The classes, sorted.
    similarity : float
        Similarity from which images count as look-alikes.

    See Also
    --------
    audit_images : Returns this result.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.audit import audit_images
    >>> X = np.random.default_rng(0).integers(0, 200, (40, 16, 16), dtype=np.uint8)
    >>> y = np.repeat(["benign", "malignant"], 20)
    >>> X[20:] += 50  # another scanner
    >>> audit = audit_images(X, y)
    >>> print(audit.findings[0].partition(" (")[0])
    Brightness alone tells the classes apart: ROC AUC 1.00
    >>> audit.shortcuts["property"].tolist()[:2]
    ['brightness', 'border brightness']
    """

    images: pd.DataFrame
    unreadable: pd.DataFrame
    copies: pd.DataFrame
    look_alikes: pd.DataFrame
    conflicts: pd.DataFrame
    group_conflicts: pd.DataFrame
    label_errors: pd.DataFrame
    empty: pd.DataFrame
    sizes: pd.DataFrame
    modes: pd.DataFrame
    value_ranges: pd.DataFrame
    shortcuts: pd.DataFrame
    groups: npt.NDArray[np.intp]
    classes: npt.NDArray[Any] | None
    similarity: float

    @property
    def findings(self) -> list[str]:
        """Problems in sentences, the most serious first; empty if there are none."""
        return findings_of(self)

    def summary(self) -> pd.DataFrame:
        """Number of findings of each kind.

        Returns
        -------
        summary : pandas.DataFrame
            One row per table, in the order of the attributes: "table", "found" (number of files,
            sets, pairs or images) and "images" (number of images concerned).
        """
        counts = {
            "unreadable": len(self.unreadable),
            "copies": self.copies["set"].nunique(),
            "look_alikes": len(self.look_alikes),
            "conflicts": len(self.conflicts),
            "group_conflicts": len(self.group_conflicts),
            "label_errors": len(self.label_errors),
            "empty": len(self.empty),
        }
        rows = [(name, found, int(self.images[name].sum())) for name, found in counts.items()]
        return pd.DataFrame(rows, columns=["table", "found", "images"])

    def __repr__(self) -> str:
        return text_of(self)

    def _repr_html_(self) -> str:
        return page_of(self)
