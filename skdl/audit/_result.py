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
    """What :func:`audit_images` found, as tidy tables.

    Tables of images have their "row" (position in X), "class" where labels were passed, and "path"
    of files; tables of pairs have "first" and "second", the rows, "similarity", and the same of
    both, such as "first_class".

    Attributes
    ----------
    images : pandas.DataFrame
        A row for each image: "row", "class", "path", "group", for each table whether the image
        stands in it ("unreadable", "copies", "look_alikes", "conflicts", "group_conflicts",
        "label_errors", "empty"), and what was measured: "height", "width", "channels", "dtype",
        "format" and "bytes" of files, "quantization" (mean step by which a JPEG's brightness was
        rounded), "low" and "high" (smallest and largest value), "brightness" (mean of gray or of
        red, green and blue) and "contrast" (its standard deviation over pixels), and both of the
        outer frame, 5 % of the shorter side wide: "border_brightness", "border_contrast".
    unreadable : pandas.DataFrame
        Files that cannot be read: "reason".
    copies : pandas.DataFrame
        Images whose pixels are equal, whatever their files are: "set" is the number of the set
        they belong to.
    look_alikes : pandas.DataFrame
        Pairs of images that show one picture, the most similar first. Of copies of each other,
        only the first is compared.
    conflicts : pandas.DataFrame
        Pairs of copies, whose similarity is 1, or look-alikes that are of different classes.
    group_conflicts : pandas.DataFrame
        The same of different groups, as they were passed: "first_group", "second_group".
    label_errors : pandas.DataFrame
        Images whose labels out-of-fold probabilities contradict, the surest first: "suggested"
        class, "probability" of the label, "suggested_probability" and "margin"; see
        :func:`find_label_errors`. None without probabilities.
    empty : pandas.DataFrame
        Images without a picture: "kind" is "one color" or "nearly empty", whose brightness has a
        standard deviation below 1 % of the range of values.
    sizes : pandas.DataFrame
        How many "images" have each "height" and "width", the most frequent first.
    modes : pandas.DataFrame
        How many "images" have each "channels", "dtype" and "format".
    value_ranges : pandas.DataFrame
        For each class, or "all": "images" that can be read, "low" and "high", the smallest and the
        largest value, and "brightness", the mean.
    shortcuts : pandas.DataFrame
        Properties that vary, the one that tells most first: "property", "auc" (how well it alone
        tells the classes apart: 0.5 not at all, 1 without a mistake), "low" and "high" (the ends
        of its confidence interval; all intervals hold together with 95 %), "images" (how many have
        it), "detail" (what it is in the classes).
    groups : ndarray of int of shape (n,)
        Numbers of groups, from 0, for any splitter: those that were passed, joined where copies or
        look-alikes lie in several.
    classes : ndarray of shape (n_classes,) or None
        The classes, sorted.
    similarity : float
        From which on images count as look-alikes.

    See Also
    --------
    audit_images : Makes one.

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
        """What is wrong, in sentences, the most serious first; empty where nothing is."""
        return findings_of(self)

    def summary(self) -> pd.DataFrame:
        """How much of each kind was found.

        Returns
        -------
        summary : pandas.DataFrame
            A row for each table, in the order of their attributes: "table", "found" (files, sets,
            pairs or images) and "images" (how many are concerned).
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
