"""Pictures of where a model finds its evidence, one per image file."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skdl._utils.checks import warn_user
from skdl._utils.compat import PLAIN_TEXT
from skdl._utils.progress import Progress
from skdl._utils.storage import make_writable, replacing
from skdl._utils.text import printable, shown_path

_ADVICE = "Choose another folder for the explanations."
_LONGEST_NAME = 60
_BY: dict[Any, str] = {
    "grad_cam": "evidence for the class, by gradients (Grad-CAM)",
    "occlusion": "evidence for the class, by covering parts of the image (occlusion)",
}


def explain_rows(
    saved: Any, table: Any, labels: Sequence[Any], folder: Path, most: int, shown: bool
) -> Any:
    """Draw the first images that could be read; paths of the pictures, "" where there is none."""
    import pandas as pd

    make_writable(folder, _ADVICE)
    rows = np.flatnonzero(table["error"] == "")[:most].tolist()
    pictures = [""] * len(table)
    with Progress("explain", len(rows), shown=shown, unit="images") as progress:
        for done, row in enumerate(rows, start=1):
            path = str(table["path"].iloc[row])
            picture = folder / _name(row, len(table), path)
            try:
                figure = _figure(saved, path, labels[row], _title(table.iloc[row]))
            except ValueError as error:  # of one image, after others went well
                warn_user(f"{shown_path(path)} has no picture: {error}")
                continue
            with replacing(picture, _ADVICE) as part:
                figure.savefig(part, format="png", dpi=110)
            pictures[row] = str(picture)
            progress.update(done)
    return pd.Series(pictures, dtype=PLAIN_TEXT)


def _name(row: int, n: int, path: str) -> str:
    """Of a picture: the number of the row, and what the image is called."""
    stem = re.sub(r"[^\w.-]+", "_", os.path.splitext(os.path.basename(path))[0])
    return f"{row + 1:0{len(str(n))}d}_{stem[:_LONGEST_NAME]}.png"


def _title(row: Any) -> str:
    title = printable(os.path.basename(row["path"]))[-_LONGEST_NAME:]
    if row.get("unlike"):
        title += ": unlike everything in the training set"
    return title


def _figure(saved: Any, path: str, label: Any, title: str) -> Any:
    """The image, and beside it the same with the evidence over it."""
    from matplotlib.figure import Figure

    from skdl.plotting import SaliencyDisplay

    figure = Figure(figsize=(7.2, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    display = SaliencyDisplay.from_estimator(
        saved.estimator, np.array([path]), [label], target_names=saved.target_names, ax=[right]
    )
    image = display.images[0]
    left.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=1)
    left.set_axis_off()
    figure.suptitle(f"{title}\n{_BY[display.method]}", fontsize=10, parse_math=False)
    return figure
