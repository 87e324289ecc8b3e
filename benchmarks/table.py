"""The results as the Markdown table that docs/performance.md quotes."""

import statistics


def markdown(report: dict) -> str:
    """One line a bar: figures as medians with their range, the ratio, the bar.

    Parameters
    ----------
    report : dict
        What ``results.json`` holds.
    """
    lines = ["| case | skdl | peer | ratio skdl / peer | bar | |", "|---|---|---|---|---|---|"]
    for case in report["cases"].values():
        figures = {name: _figure(values, case["unit"]) for name, values in case["figures"].items()}
        judged = {bar["peer"]: bar for bar in case["bars"]}
        peers = [None] if None in judged else [name for name in figures if name != "skdl"]
        lines += [_line(case, figures, peer, judged.get(peer)) for peer in peers]
    return "\n".join(lines)


def short(value: float) -> str:
    """A number in three digits, or as many as it has before the point."""
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"


def _figure(values: list[float], unit: str) -> str:
    text = f"{short(statistics.median(values))} {unit}".strip()
    if len(values) > 1:
        text += f" ({short(min(values))} to {short(max(values))})"
    return text


def _line(case: dict, figures: dict, peer: str | None, bar: dict | None) -> str:
    own, values = figures["skdl"], case["figures"]
    other = "–" if peer is None else f"{peer}: {figures[peer]}"
    if peer is None:
        ratio = "–"
    elif bar is not None:
        ratio = f"{bar['value']:.3g} ({bar['spread'][0]:.3g} to {bar['spread'][1]:.3g})"
    else:
        pairs = zip(values["skdl"], values[peer], strict=True)
        ratio = f"{statistics.median(a / b for a, b in pairs):.3g}"
    limit = "" if bar is None else f"≤ {short(bar['at_most'])}"
    if bar is not None and bar.get("difference"):
        limit += f" {case['unit']} more"
        ratio = f"{short(bar['value'])} {case['unit']} more"
    verdict = "" if bar is None else ("reached" if bar["reached"] else "**missed**")
    return f"| {case['title']} | {own} | {other} | {ratio} | {limit} | {verdict} |"
