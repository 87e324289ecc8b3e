"""The analysis as a script of public names."""

import inspect
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline

from skdl.analysis._ladder import ON_FEATURES

_WIDTH = 88
_INDENT = "    "
_STEP = len(_INDENT) + 1  # and a comma
# Where the public name of a class is, if that is not the module above its own.
_PUBLIC = {"skdl.estimators": "skdl"}


class Code:
    """Python for estimators, and what has to be imported for it; values by names where given."""

    def __init__(self, names: dict[str, str] | None = None) -> None:
        self.names = names or {}
        self.imports: dict[str, set[str]] = {}

    def of(self, value: Any, room: int = _WIDTH) -> str:
        """An expression that makes this value; in several lines where it is longer than `room`."""
        if isinstance(value, str) and value in self.names:
            return self.names[value]
        if isinstance(value, str):
            return quoted(value)
        if isinstance(value, Pipeline):
            return self._pipeline(value, room)
        if hasattr(value, "get_params") or _is_splitter(value):
            return self._call(type(value), self._changed(value, room - _STEP), room)
        if isinstance(value, dict):
            return _within(
                "{", [self._item(k, v, room - _STEP) for k, v in value.items()], "}", room
            )
        if isinstance(value, list):
            return _within("[", [self.of(item, room - _STEP) for item in value], "]", room)
        if isinstance(value, tuple):
            return _within(
                "(", [self.of(item, room - _STEP) for item in value], ")", room, alone=","
            )
        if isinstance(value, np.generic):
            return repr(value.item())
        return repr(value)

    def _pipeline(self, value: Pipeline, room: int) -> str:
        steps = [step for _, step in value.steps]
        same = make_pipeline(*steps).steps
        if [name for name, _ in same] != [name for name, _ in value.steps]:
            return self._call(Pipeline, [("", self.of(list(value.steps), room - _STEP))], room)
        self._import(make_pipeline.__module__, "make_pipeline")
        written = [self.of(step, room - _STEP) for step in steps]
        return _within("make_pipeline(", written, ")", room)

    def _item(self, key: Any, value: Any, room: int) -> str:
        name = self.of(key)
        return f"{name}: {self.of(value, room - len(name) - 2)}"

    def _call(self, kind: type, params: Iterable[tuple[str, str]], room: int) -> str:
        self._import(kind.__module__, kind.__name__)
        written = [f"{name}={code}" if name else code for name, code in params]
        return _within(f"{kind.__name__}(", written, ")", room)

    def _changed(self, value: Any, room: int) -> list[tuple[str, str]]:
        """Parameters that differ from the defaults; those that come first without their names."""
        signature = inspect.signature(type(value)).parameters
        params = value.get_params(deep=False) if hasattr(value, "get_params") else vars(value)
        params = {name: params[name] for name in signature if name in params} | (
            value.get_params(deep=False) if hasattr(value, "get_params") else {}
        )
        found, in_place = [], True
        for name, given in params.items():
            known = signature.get(name)
            if known is not None and _same(given, known.default):
                in_place = False
                continue
            by_place = known is not None and known.kind is known.POSITIONAL_OR_KEYWORD
            in_place = in_place and by_place and known is not None
            needed = in_place and known is not None and known.default is known.empty
            found.append(("" if needed else name, self.of(given, room - len(name) - 1)))
            in_place = needed
        return found

    def _import(self, module: str, name: str) -> None:
        public = ".".join(part for part in module.split(".") if not part.startswith("_"))
        self.imports.setdefault(_PUBLIC.get(public, public), set()).add(name)

    def import_lines(self, more: dict[str, Sequence[str]]) -> list[str]:
        """Lines that import everything."""
        wanted = {module: set(names) for module, names in self.imports.items()}
        for module, names in more.items():
            wanted.setdefault(module, set()).update(names)
        blocks: dict[bool, list[str]] = {False: [], True: []}
        for module in sorted(wanted):
            names = sorted(wanted[module])
            line = f"from {module} import {', '.join(names)}"
            if len(line) > _WIDTH:
                listed = "".join(f"{_INDENT}{name},\n" for name in names)
                line = f"from {module} import (\n{listed})"
            blocks[module.startswith("skdl")].append(line)
        return [*blocks[False], "", *blocks[True]]


def quoted(text: str) -> str:
    """A text as Python, in double quotes where it has none."""
    written = repr(text)
    return f'"{written[1:-1]}"' if written[0] == "'" and '"' not in text else written


def _is_splitter(value: Any) -> bool:
    return hasattr(value, "split") and hasattr(value, "get_n_splits")


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and repr(value) == repr(default)


def _within(start: str, items: list[str], end: str, room: int, alone: str = "") -> str:
    """Items in one line, or one per line."""
    text = start + ", ".join(items) + (alone if len(items) == 1 else "") + end
    if len(text) <= room and "\n" not in text:
        return text
    inner = "".join(f"{indent(item, _INDENT)},\n" for item in items)
    return f"{start}\n{inner}{end}"


def script(
    models: dict[str, Any], features: Any, run: dict[str, Any], folder: Path, out: Path
) -> str:
    """The text of ``run.py``; `run` holds the arguments of `evaluate` and of what follows it."""
    code = Code({str(out / "features"): "STORE"})
    cv = code.of(run["cv"])
    first = code.of(features) if features is not None else ""
    written = "".join(
        f"{_INDENT}{quoted(name)}: {indent(code.of(model, _WIDTH - 16), _INDENT).lstrip()},\n"
        for name, model in models.items()
    )
    detects = run["best"] in ON_FEATURES
    imports = code.import_lines(
        {
            "pathlib": ["Path"],
            "threadpoolctl": ["threadpool_limits"],
            "skdl": ["audit_images", "evaluate", "report", "save"],
            "skdl.datasets": ["load_image_folder"],
            **({"skdl.inspection": ["NoveltyDetector"]} if detects else {}),
        }
    )
    how_read = {"on_error": "skip", "find_duplicates": False, **run["reading"]}
    given = ["FOLDER", *(f"{name}={code.of(value)}" for name, value in how_read.items())]
    read = _within("load_image_folder(", given, ")", _WIDTH - len("images = "))
    scoring, metric, pos_label = (run[name] for name in ("scoring", "metric", "pos_label"))
    once = (
        f"# Each image goes through the network once: the models find its features.\n{first}"
        ".fit_transform(X)\n\n"
        if first
        else ""
    )
    novelty = (
        "\n    # Flags images unlike these, by the features that the model has of them.\n"
        "    novelty=NoveltyDetector(model[0]).fit(X, groups=audit.groups),"
        if detects
        else ""
    )
    return (
        f'"""The analysis of {folder.name}, as `skdl run` made it: the same figures."""\n\n'
        + "\n".join(imports).replace("import Path\n", "import Path\n\n", 1)
        + f"""

FOLDER = {quoted(str(folder))}
HERE = Path(__file__).resolve().parent
STORE = str(HERE / "features")

images = {read}
X, y = images.data, images.target_names[images.target]
audit = audit_images(X, y, groups=images.groups)
print(audit)

threadpool_limits(1, user_api="blas")  # several threads take longer for such models
{once}models = {{
{written}}}
result = evaluate(
    models,
    X,
    y,
    cv={indent(cv, _INDENT).lstrip()},
    scoring={indent(code.of(list(scoring), 60), _INDENT).lstrip()},
    pos_label={code.of(pos_label)},
    groups=images.groups,
    look_alikes=audit,
    return_estimator=True,  # for pictures of where the network looked
    verbose=1,
)
# In each fold the model with the best inner score: what choosing the best is worth.
result = result.choose({quoted(metric)})
summary = result.summary()
print(summary.to_string())

again = HERE / "again"
again.mkdir(exist_ok=True)
result.predictions.to_csv(again / "predictions.csv", index=False)
report(result, X, y, again / "report.html", model="best", audit=audit)

model = result.refit("best", X, y)  # on all images
worth = summary.query("model == 'best' and metric == '{metric}'").iloc[0]
save(
    model,
    again / "model.skdl",
    estimate=worth[["metric", "value", "low", "high"]].dropna().to_dict(),{novelty}
)
"""
    )
