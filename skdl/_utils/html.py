"""Small pieces of HTML for notebooks. Whatever users wrote is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from skdl._utils.text import encodable, printable

_SPARK_WIDTH, _SPARK_HEIGHT = 160, 32  # pixels
_COLORS = ("#2b6cb0", "#c05621")  # of lines, also told apart by dashes


def text(value: object) -> str:
    """A value as text in HTML."""
    return escape(encodable(printable(str(value))))


def table(
    header: Sequence[object], rows: Iterable[Sequence[object]], *, wrapped: bool = False
) -> str:
    """A table whose first column is a heading of each row; lines of cells may be wrapped."""
    style = "text-align:left" if wrapped else "text-align:left;white-space:nowrap"
    head = "".join(f"<th style='text-align:left'>{text(name)}</th>" for name in header)
    body = "".join(
        f"<tr><th style='text-align:left'>{text(first)}</th>"
        + "".join(f"<td style='{style}'>{text(cell)}</td>" for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    return (
        "<div style='overflow-x:auto'><table style='margin:0.3em 0'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def block(title: object, *parts: str) -> str:
    """A title, and what stands below it."""
    return (
        f"<div><p style='margin:0.3em 0'><strong>{text(title)}</strong></p>{''.join(parts)}</div>"
    )


def line(*sentences: object) -> str:
    """A paragraph of those sentences that are not empty."""
    said = " ".join(text(sentence) for sentence in sentences if sentence)
    return f"<p style='margin:0.3em 0'>{said}</p>" if said else ""


def sparkline(series: Mapping[str, Sequence[float]]) -> str:
    """Lines on one scale, as a small picture without axes; "" if there is only one value.

    Values that are not finite are left out.
    """
    known = {
        name: [(x, y) for x, y in enumerate(values) if y - y == 0]
        for name, values in series.items()
    }
    values = [y for points in known.values() for _, y in points]
    last = max((x for points in known.values() for x, _ in points), default=0)
    if not last:
        return ""
    low, high = min(values), max(values)
    scale = (_SPARK_HEIGHT - 4) / (high - low or 1)
    lines = []
    for number, (name, points) in enumerate(known.items()):
        places = " ".join(
            f"{2 + x * (_SPARK_WIDTH - 4) / last:.1f},{_SPARK_HEIGHT - 2 - (y - low) * scale:.1f}"
            for x, y in points
        )
        dashes = " stroke-dasharray='4 2'" if number else ""
        lines.append(
            f"<polyline points='{places}' fill='none' stroke='{_COLORS[number % 2]}' "
            f"stroke-width='1.5'{dashes}><title>{text(name)}</title></polyline>"
        )
    return (
        f"<svg width='{_SPARK_WIDTH}' height='{_SPARK_HEIGHT}' role='img' "
        f"aria-label='{text(', '.join(known))} per epoch' style='vertical-align:middle'>"
        f"{''.join(lines)}</svg>"
    )
