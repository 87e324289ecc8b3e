"""What a report says of predicted numbers where it would speak of classes."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl._utils.scikit import safe_indexing
from skdl._utils.text import encodable
from skdl.evaluation import RegressionResult
from skdl.images import read_batch
from skdl.plotting import (
    BlandAltmanDisplay,
    ImageGridDisplay,
    ModelComparisonDisplay,
    TrainingHistoryDisplay,
    new_figure,
    tidy,
)
from skdl.reporting import _tables as tables
from skdl.reporting._pictures import Plans, Subject, histories_of
from skdl.reporting._tables import image_names
from skdl.reporting._words import general_cautions, how_tested, p_value, shown_limits

_N_WORST, _N_SAMPLES = 12, 6
_PHRASES = {
    "r2": "R² is {value}",
    "mae": "Predictions are {value} from the truth on average",
}
_LIMITS = ("lower_limit_of_agreement", "upper_limit_of_agreement")
ABOUT_COMPARISONS = (
    "Differences are those of the errors of the first model minus the second, with intervals and p "
    "values of the t test for paired samples; p values are adjusted for the number of pairs by "
    "Holm's method. If images are in groups, those of a group count together."
)


def number(value: float, digits: int = 4) -> str:
    """A number in the unit of y, in so many significant digits; a dash where there is none."""
    return "–" if pd.isna(value) else f"{value:,.{digits}g}".replace("-", "−")


def _rounding(row: Any) -> Callable[[float], str]:
    """How the numbers of a row are shown: the width of the interval in two digits."""
    width = row["high"] - row["low"]
    if not width > 0:
        return number
    decimals = max(0, 1 - math.floor(math.log10(width)))
    return lambda value: "–" if pd.isna(value) else f"{value:,.{decimals}f}".replace("-", "−")


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """The scores, each rounded as its interval allows."""
    table = tables.scores(rows)
    for place, (_, row) in enumerate(rows.iterrows()):
        shown = _rounding(row)
        table.iloc[place, table.columns.get_loc("Value")] = shown(row["value"])
        if not pd.isna(row["low"]):
            ends = f"{shown(row['low'])} to {shown(row['high'])}"
            table.iloc[place, table.columns.get_loc("Interval")] = ends
        for column, key in (("Mean of folds", "fold_mean"), ("Standard deviation", "fold_std")):
            if column in table:
                table.iloc[place, table.columns.get_loc(column)] = shown(row[key])
    return table


def lead(result: RegressionResult, model: str, rows: pd.DataFrame, level: float) -> list[str]:
    """What was found, in a few sentences."""
    n = len(result.per_model(model))
    sentences = [f"{how_tested(result, model)} {n:,} images."]
    found = rows.set_index("metric")
    for metric, phrase in _PHRASES.items():
        known = [name for name in result.metrics if _name(result, name) == metric]
        if not known or pd.isna(found.loc[known[0], "value"]):
            continue
        row = found.loc[known[0]]
        shown = _rounding(row)
        limits = shown_limits(row, level, shown)
        brackets = f" ({limits})" if limits else ""
        sentences.append(f"{phrase.format(value=shown(row['value']))}{brackets}.")
    if "bias" in result.metrics and not pd.isna(found.loc["bias", "value"]):
        sentences.append(_bias(found.loc["bias"], level))
    if set(_LIMITS) <= set(result.metrics):
        low, high = (found.loc[name, "value"] for name in _LIMITS)
        if not np.isnan([low, high]).any():
            shown = _rounding(found.loc[_LIMITS[0]])
            below, above = (shown(abs(end)) for end in (low, high))
            sides = f"between {below} below and {above} above the truth"
            if low > 0 or high < 0:
                side = "above" if low > 0 else "below"
                sides = f"{below} to {above} {side} the truth"
            sentences.append(
                f"If errors are normally distributed, 95\u00a0% of the predictions lie {sides} "
                "(limits of agreement)."
            )
    return sentences


def _bias(row: Any, level: float) -> str:
    """How much too high or too low predictions are on average."""
    sign = -1 if row["value"] < 0 else 1
    ends = sorted((sign * row["low"], sign * row["high"]))
    turned = {"value": abs(row["value"]), "low": ends[0], "high": ends[1]}
    shown = _rounding(turned)
    which = "low" if sign < 0 else "high"
    limits = shown_limits(turned, level, shown)
    return f"On average, they are {shown(turned['value'])} too {which}" + (
        f" ({limits})." if limits else "."
    )


def _name(result: RegressionResult, metric: str) -> str:
    known = result.known(metric)
    return known.name if known is not None and known.sign > 0 else ""


def cautions(result: RegressionResult, model: str) -> list[str]:
    """What a reader should know before trusting the numbers."""
    table = result.per_model(model)
    found = general_cautions(result, model)
    if np.ptp(table["y_pred"]) == 0 and np.ptp(table["y_true"]) > 0:
        found.append("The model predicts the same number for all images.")
    return found


def worst(result: RegressionResult, model: str) -> npt.NDArray[np.intp]:
    """Positions of the largest errors in the predictions, a dozen at most."""
    table = result.per_model(model)
    errors = np.abs(table["y_pred"].to_numpy() - table["y_true"].to_numpy())
    order = np.argsort(-errors, kind="stable")[:_N_WORST]
    return np.asarray(order[errors[order] > 0])


def errors(result: RegressionResult, model: str, X: Any) -> pd.DataFrame | None:
    """The largest errors, by the numbers in their picture; None without any."""
    rows = result.per_model(model).iloc[worst(result, model)]
    if rows.empty:
        return None
    if result.grouping is None:
        what, which = "Image", image_names(X, rows["row"].to_numpy())
    else:
        what, which = "Group", [encodable(str(name)) for name in rows["group"]]
    return pd.DataFrame(
        {
            "No.": [str(place + 1) for place in range(len(rows))],
            what: which,
            "True": rows["y_true"].map(number),
            "Predicted": rows["y_pred"].map(number),
            "Error": (rows["y_pred"] - rows["y_true"]).map(number),
        }
    )


def of_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """The comparison of the models."""
    table = pd.DataFrame({"Models": pairs["model_a"] + " against " + pairs["model_b"]})
    for name, title in (("mae", "Absolute error"), ("mse", "Squared error")):
        table[title] = [_difference(row, name) for _, row in pairs.iterrows()]
    table["Closer to the truth"] = [
        f"{row['only_a_closer']} against {row['only_b_closer']} images"
        for _, row in pairs.iterrows()
    ]
    return table


def _difference(row: Any, name: str) -> str:
    value, low, high = (row[f"{name}_difference{end}"] for end in ("", "_low", "_high"))
    if pd.isna(low):
        return number(value)
    p = p_value(row[f"{name}_p_holm"])
    return f"{number(value)}\n({number(low)} to {number(high)})\n{p}"


def data(subject: Subject, found: pd.DataFrame | None) -> pd.DataFrame:
    """The images, and the numbers that they are mapped to."""
    y = subject.y
    table = {"Images": [f"{len(y):,}"]}
    if found is not None:
        of_all = found.iloc[-1]
        for name in ("height", "width", "value"):
            low, high = of_all[f"{name}_min"], of_all[f"{name}_max"]
            table[name.capitalize()] = [f"{low:g}" if low == high else f"{low:g} to {high:g}"]
        for name in ("channels", "format", "duplicates", "unreadable"):
            table[name.capitalize()] = [str(of_all[name])]
    named = {"mean": y.mean(), "median": np.median(y), "smallest": y.min(), "largest": y.max()}
    for name, value in named.items():
        table[f"Target, {name}"] = [number(float(value))]
    return pd.DataFrame(table)


# ---- pictures ------------------------------------------------------------------------------------


def plans(subject: Subject) -> Plans:
    """Name, caption and drawing of each picture that applies."""
    result, model = subject.result, subject.model
    table = result.per_model(model)
    if len(result.models) > 1:
        yield (
            "comparison",
            "The models, with intervals",
            lambda: ModelComparisonDisplay(subject.summary).plot(),
        )
    yield "predicted", "Predicted and true numbers", lambda: _predicted(table)
    if len(table) > 1:
        yield (
            "agreement",
            "Bland-Altman plot: bias and limits of agreement, with intervals",
            lambda: BlandAltmanDisplay.from_predictions(
                table["y_true"], table["y_pred"], groups=subject.groups
            ),
        )
    histories = histories_of(subject)
    if histories:
        several = "" if len(histories) == 1 else " of the first fold"
        yield (
            "training",
            f"Training{several}: loss per epoch",
            lambda: TrainingHistoryDisplay(next(iter(histories.values()))).plot(),
        )
    if subject.shows_images:
        yield (
            "samples",
            "Images from the smallest to the largest target",
            lambda: _samples(subject),
        )
        yield from _worst_plans(subject, table)


def _worst_plans(subject: Subject, table: pd.DataFrame) -> Plans:
    places = worst(subject.result, subject.model)
    if not len(places):
        return
    rows = table.iloc[places]
    captions = [
        f"{place + 1}: {number(predicted)}, true {number(true)}"
        for place, (predicted, true) in enumerate(zip(rows["y_pred"], rows["y_true"], strict=True))
    ]
    yield "mistakes", "Largest errors", lambda: _drawn(subject, rows["row"].to_numpy(), captions)


def _samples(subject: Subject) -> Any:
    order = np.argsort(subject.y, kind="stable")
    rows = order[np.unique(np.linspace(0, len(order) - 1, _N_SAMPLES).astype(int))]
    return _drawn(subject, rows, [number(value) for value in subject.y[rows]])


def _drawn(subject: Subject, rows: Any, captions: Sequence[str]) -> Any:
    batch = read_batch(safe_indexing(subject.X, rows)).unflattened(subject.image_shape)
    return ImageGridDisplay(batch.displayable(np.arange(len(rows))), list(captions)).plot()


def _predicted(table: pd.DataFrame) -> Any:
    from matplotlib.ticker import MaxNLocator
    from sklearn.metrics import PredictionErrorDisplay

    ax = new_figure(5.4, 4.0).add_subplot()
    display = PredictionErrorDisplay.from_predictions(
        table["y_true"].to_numpy(),
        table["y_pred"].to_numpy(),
        kind="actual_vs_predicted",
        subsample=None,
        ax=ax,
        scatter_kwargs={"alpha": 0.4, "edgecolor": "none"},
    )
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(6))
    ax.set(xlabel="Predicted", ylabel="True")
    tidy(ax)
    return display
