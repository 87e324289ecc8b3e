"""Run the benchmarks: ``python -m benchmarks [CASE …]``."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import data
from benchmarks.cases import CASES, Bar, Case
from benchmarks.table import markdown, short
from skdl._utils.environment import processor, versions

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run the cases, print the table, write JSON and plot; 1 if a case failed or missed a bar."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"any of {', '.join(CASES)}")
    parser.add_argument("--rounds", type=int, help="rounds of each case, instead of its own number")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.cases if name not in CASES]
    if unknown:
        parser.error(f"unknown case {unknown[0]!r}; known: {', '.join(CASES)}")
    if arguments.contender:  # the fresh process that measures
        try:
            print(CASES[arguments.cases[0]].contenders[arguments.contender]())
        except ModuleNotFoundError as error:
            sys.exit(f'{error}: python -m pip install -e ".[bench]"')
        return 0
    results = {}
    for name in arguments.cases or CASES:
        results[name] = _run(name, CASES[name], arguments.rounds or CASES[name].rounds)
        print(_lines(CASES[name], results[name]), flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    _write(arguments.out, results)
    missed = [name for name, result in results.items() if not result["reached"]]
    print(f"\nBars missed: {', '.join(missed)}" if missed else "\nAll bars reached.")
    return 1 if missed else 0


def _run(name: str, case: Case, rounds: int) -> dict:
    figures: dict[str, list[float]] = {contender: [] for contender in case.contenders}
    for _ in range(rounds):
        for contender in case.contenders:
            figures[contender].append(_measure(name, contender))
    bars = [_judge(bar, figures) for bar in case.bars]
    return {
        "title": case.title,
        "unit": case.unit,
        "figures": figures,
        "bars": bars,
        "reached": all(bar["reached"] for bar in bars),
    }


def _measure(name: str, contender: str) -> float:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--contender", contender],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    if process.returncode != 0:
        sys.exit(f"{name}: {contender} failed\n{process.stderr[-3000:]}")
    return float(process.stdout.split()[-1])


def _judge(bar: Bar, figures: dict[str, list[float]]) -> dict:
    """Median over the rounds of skdl's figure, or of its ratio to the peer's in that round."""
    peer = figures[bar.peer] if bar.peer else [1.0] * len(figures["skdl"])
    pairs = zip(figures["skdl"], peer, strict=True)
    ratios = [own - other if bar.difference else own / other for own, other in pairs]
    ratio = statistics.median(ratios)
    return {
        "peer": bar.peer,
        "at_most": bar.at_most,
        "difference": bar.difference,
        "value": ratio,
        "spread": [min(ratios), max(ratios)],
        "reached": ratio <= bar.at_most,
    }


def _lines(case: Case, result: dict) -> str:
    lines = [f"\n{case.title}"]
    for contender, values in result["figures"].items():
        median, spread = statistics.median(values), f"{short(min(values))} to {short(max(values))}"
        lines.append(f"  {contender:<26}{short(median):>8} {case.unit:<9} {spread}")
    for bar in result["bars"]:
        verdict = "reached" if bar["reached"] else "MISSED"
        sign = "-" if bar["difference"] else "/"
        against = f"skdl {sign} {bar['peer']}" if bar["peer"] else "skdl"
        compared = bar["peer"] and not bar["difference"] and case.unit in ("s", "ms")
        faster = f" ({1 / bar['value']:.2f} × faster)" if compared and bar["value"] > 0 else ""
        lines.append(
            f"  {against} = {bar['value']:.3f}{faster}, bar {bar['at_most']:.3f}: {verdict}"
        )
    return "\n".join(lines)


def machine() -> dict:
    """What the figures were measured with, and on what."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "images": data.source(),
        "photographs": data.photograph_source(),
        "mobilenet_v2": Path(data.mobilenet_weights()).name,
        "packages": versions("skorch", "torch"),
    }


def _write(out: Path, results: dict) -> None:
    path = out / "results.json"
    known = json.loads(path.read_text()) if path.exists() else {"machine": {}, "cases": {}}
    measured = known["cases"] | results
    cases = {name: measured[name] for name in CASES if name in measured}
    measured_on = machine()
    # Peers that this run had no need of may not be installed.
    measured_on["packages"] = known["machine"].get("packages", {}) | measured_on["packages"]
    report = {"machine": measured_on, "cases": cases}
    temporary = path.with_suffix(".partial")
    temporary.write_text(json.dumps(report, indent=2) + "\n")
    temporary.replace(path)
    (out / "results.md").write_text(markdown(report) + "\n")
    _plot(out / "results.png", report["cases"])


def _plot(path: Path, cases: dict) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    compared = {n: r for n, r in cases.items() if len(r["figures"]) > 1}
    figure, axes = plt.subplots(
        len(compared), figsize=(8, 1.3 * len(compared) + 0.5), layout="constrained", squeeze=False
    )
    for ax, result in zip(axes[:, 0], compared.values(), strict=True):
        medians = {n: statistics.median(values) for n, values in result["figures"].items()}
        colors = ["#0072B2" if name == "skdl" else "0.75" for name in medians]
        bars = ax.barh(list(medians), list(medians.values()), color=colors)
        labels = [f" {short(value)} {result['unit']}" for value in medians.values()]
        ax.bar_label(bars, labels, fontsize=8)
        ax.set_title(result["title"], fontsize=9, loc="left")
        ax.invert_yaxis()
        ax.margins(x=0.18)
        ax.spines[["top", "right", "bottom"]].set_visible(False)
        ax.tick_params(labelsize=8, bottom=False, labelbottom=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
