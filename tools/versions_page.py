"""Write the table of docs/install.md: ``python tools/versions_page.py``."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "install.md"
START, END = "<!-- written by tools/versions_page.py -->\n", "<!-- end -->"
USES = {
    "scikeras": "estimators around Keras models",
    "tensorflow": "training and running networks",
    "keras": "building networks",
    "scikit-learn": "everything around a network",
    "numpy": "arrays",
    "scipy": "distributions for intervals, sparse matrices",
    "pandas": "tables, frames",
    "joblib": "several processes, saving",
    "threadpoolctl": "one thread of BLAS for small matrices",
    "cloudpickle": "functions of the user's own in saved estimators",
    "matplotlib": "figures",
    "h5py": "files of weights",
    "pillow": "image files",
    "pooch": "downloads that are verified",
    "requests": "downloads",
    "rich": "tables and bars of the command line",
    "jinja2": "reports",
    "packaging": "versions that `skdl doctor` compares",
    "skops": "model files for other people",
}


def table() -> str:
    """The oldest version of each library that skdl needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    rows = [f"| Python | {project['requires-python'].removeprefix('>=')} | |"]
    for requirement in project["dependencies"]:
        name, oldest = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement).groups()
        rows.append(f"| {name} | {oldest} | {USES[name]} |")
    return "\n".join(["| | oldest | for |", "|---|---|---|", *rows]) + "\n"


def page() -> str:
    """The whole page, with its table written anew."""
    before, rest = PAGE.read_text().split(START)
    return before + START + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page())
