"""The quickstart, the code in the documentation, and the docstrings are true."""

import dataclasses
import importlib
import inspect
import os
import pkgutil
import re
import runpy
import sys
import tomllib
import warnings
from pathlib import Path

import global_state
import matplotlib as mpl
import matplotlib.pyplot as plt
import onnx_models
import pytest
from helpers import ROOT, code_of, run_script
from numpydoc.docscrape import ClassDoc, FunctionDoc

import skdl
from skdl.metrics import confidence_interval

PAGES = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md"])
QUICKSTART = ROOT / "docs/quickstart.md"
TRUST = ROOT / "docs/trust.md"
EXPORT = ROOT / "docs/export.md"
ONNX_BACKBONES = ROOT / "docs/onnx-backbones.md"
CLUSTER = ROOT / "docs/cluster.md"
ELSEWHERE = {
    QUICKSTART,
    TRUST,
    EXPORT,
    ONNX_BACKBONES,
    CLUSTER,
    ROOT / "docs/works_with.md",
}  # run by tests of their own
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(skdl.__path__, "skdl.")
    if module.name != "skdl.__main__"
)

OF_NETWORKS = [
    name
    for name in MODULES
    if name.startswith(("skdl.engine.", "skdl.estimators.", "skdl.testing."))
]


def public_objects():
    for name in MODULES:
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", []):
            value = getattr(module, public)
            documented = inspect.isclass(value) or inspect.isfunction(value)
            if documented and value.__module__.startswith("skdl"):
                yield f"{value.__module__}.{value.__qualname__}", value


# The engine, the cellar, and what the estimators share, is not for users.
PUBLIC = {
    name: value
    for name, value in public_objects()
    if not name.startswith(("skdl._utils", "skdl.engine.", "skdl.estimators._progress"))
    or name.endswith(".clear")
}


@pytest.fixture
def run_page(tmp_path, monkeypatch):
    """A function that runs the code of a page in a folder of its own."""

    def run(page):
        code, name = code_of(page.read_text()), f"page_{page.stem.lower()}"
        (tmp_path / f"{name}.py").write_text(code)
        # What is registered would stay so, and a script says where it begins.
        if "register" in code or "__main__" in code:
            run_script(tmp_path / f"{name}.py", cwd=tmp_path)
            return None
        with mpl.rc_context():
            try:
                return importlib.import_module(name)
            finally:
                sys.modules.pop(name, None)
                plt.close("all")

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return run


@pytest.mark.parametrize(
    "page",
    [p for p in PAGES if p not in ELSEWHERE and "```python" in p.read_text()],
    ids=lambda p: p.name,
)
def test_code_on_a_page_runs(page, run_page, few_digits, monkeypatch):
    if page.name == "README.md":  # which trains on all, in ten folds
        monkeypatch.setattr("sklearn.datasets.load_digits", lambda return_X_y: few_digits)
    run_page(page)


def test_the_quickstart_prints_scores_and_saves(run_page, tmp_path, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # the first page that anybody runs
        run_page(QUICKSTART)
    scores = dict(re.findall(r"(\w+): ([\d.]+)", capsys.readouterr().out))
    assert set(scores) == {"sensitivity", "specificity", "balanced_accuracy", "roc_auc"}
    assert float(scores["roc_auc"]) > 0.95
    assert (tmp_path / "eights.joblib").stat().st_size > 100_000


def test_what_the_page_about_export_runs_elsewhere_predicts_alike(run_page):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    page = run_page(EXPORT)
    assert page.labels.tolist() == page.model.predict(page.images).tolist()
    wanted = page.model.predict_proba(page.images)
    assert abs(page.probabilities - wanted).max() <= 1e-5
    assert page.classes == page.model.classes_.tolist()


WITHOUT_TENSORFLOW = """
import sys
import tomllib
sys.modules.update(dict.fromkeys(["tensorflow", "keras", "scikeras"]))
"""


@pytest.mark.slow
def test_the_page_about_clusters_runs(tmp_path):
    pytest.importorskip("distributed")
    (tmp_path / "page.py").write_text(code_of(CLUSTER.read_text()))
    assert "300 computed, 0 found" in run_script(tmp_path / "page.py", cwd=tmp_path)


@pytest.mark.slow
def test_the_page_about_onnx_backbones_runs_without_tensorflow(tmp_path):
    """With a small transformer of random weights in place of DINOv2, which is too large to ship."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    onnx_models.transformer(tmp_path / "dinov2_small.onnx", width=384)
    code = code_of(ONNX_BACKBONES.read_text())
    (tmp_path / "page.py").write_text(WITHOUT_TENSORFLOW + code)
    run_script(tmp_path / "page.py", cwd=tmp_path)
    assert (tmp_path / "scans.skdl").exists()
    for block in re.findall(r"```py\n(.*?)```", ONNX_BACKBONES.read_text(), flags=re.DOTALL):
        compile(block, ONNX_BACKBONES.name, "exec")  # needs PyTorch


@pytest.mark.slow
def test_the_figures_of_the_page_about_trust_are_true(run_page, capsys):
    """To 0.02, as features differ in the last digits from one version of a library to the next."""
    page, text = run_page(TRUST), TRUST.read_text()

    def says(sentence, *values):
        figures = re.escape(sentence).replace("XXX", r"(\d\.\d\d)")
        found = [float(figure) for figure in re.search(figures, text).groups()]
        assert found == pytest.approx(list(values), abs=0.02)

    assert "look like another one" in capsys.readouterr().out
    shortcuts = page.audit_images(page.scans, page.sick, groups=page.names).shortcuts
    says("alone has a\nROC AUC of XXX", shortcuts.set_index("property").loc["largest value", "auc"])
    of_auc = page.table.loc["roc_auc"]
    says("both sides | XXX |", of_auc["ignoring"])
    says("kept apart | XXX |", of_auc["apart"])
    says("by | XXX (XXX to XXX)", *of_auc[["difference", "low", "high"]])
    row = page.result.summary().set_index("metric").loc["roc_auc"]
    assert row["method"] == "obuchowski"
    says("is XXX with an interval of XXX to XXX", *row[["value", "low", "high"]])
    predicted = page.result.per_model("GridSearchCV")
    alone = confidence_interval("roc_auc", predicted["y_true"], predicted["proba_1"])
    says("would be XXX to XXX", *alone[1:])
    assert page.result.summary().set_index("metric").loc["calibration_slope", "low"] > 1
    scanners = page.result.subgroups(["roc_auc"]).set_index("value")
    says("the ROC AUC is XXX, on the old one XXX", *scanners.loc[["new", "old"], "estimate"])
    says("(*p* = XXX)", scanners.loc["new", "p_holm"])
    assert "CLAIM 2024" in Path("report.html").read_text()


def test_the_table_of_versions_is_up_to_date():
    written = runpy.run_path(str(ROOT / "tools" / "versions_page.py"))["page"]()
    assert written == (ROOT / "docs" / "install.md").read_text()
    assert "| scikit-learn | 1.6 |" in written


def test_the_table_of_extras_has_all():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = re.findall(r"^\| `skdl\[(\w+)\]` \|", (ROOT / "docs/install.md").read_text(), re.M)
    assert sorted(listed) == sorted(project["optional-dependencies"])


def test_the_quickstart_is_the_example():
    example = (ROOT / "examples/quickstart.py").read_text().partition('"""\n\n')[2]
    assert example in code_of(QUICKSTART.read_text())
    assert len([line for line in example.splitlines() if line.strip()]) <= 20


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


def marked(name):
    """Modules whose examples run studies or analyses take long."""
    is_slow = name.startswith(("skdl.studies.", "skdl.analysis."))
    return pytest.param(name, marks=pytest.mark.slow) if is_slow else name


@pytest.mark.parametrize("name", [marked(name) for name in MODULES if name not in OF_NETWORKS])
def test_examples_in_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changed = global_state.changes(lambda: global_state.run_examples(name))
    if not name.startswith("skdl.architectures."):  # builders draw seeds of layers as Keras does
        assert not changed


@pytest.mark.slow
def test_examples_of_networks_change_nothing_in_a_new_process(tmp_path):
    """The first network that a process builds, too: with the state that Keras draws seeds from."""
    script = ROOT / "tests" / "global_state.py"
    found = run_script(script, *OF_NETWORKS, cwd=tmp_path, timeout=500)
    assert found == f"looked at {len(OF_NETWORKS)}\n"


ORDER = [
    "Parameters",
    "Attributes",
    "Returns",
    "Yields",
    "Raises",
    "Warns",
    "See Also",
    "Notes",
    "References",
    "Examples",
]

# Helpers that make sense only together with others, whose examples show them.
WITHOUT_EXAMPLE = {
    "skdl.images._value_range.range_offset_and_scale",
    "skdl.images._value_range.rescale",
    "skdl.plugins._registry.Plugin",
}


def described_parameters(doc):
    names = [name for entry in doc["Parameters"] for name in entry.name.split(",")]
    return [name.strip(" *") for name in names]


def taken_parameters(value):
    return [name for name in inspect.signature(value).parameters if name not in ("self", "cls")]


@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings(name):
    value = PUBLIC[name]
    doc = ClassDoc(value) if inspect.isclass(value) else FunctionDoc(value)
    assert doc["Summary"]
    assert doc["Examples"] or name in WITHOUT_EXAMPLE
    # Warnings and errors have no signature.
    plain = not (inspect.isclass(value) and issubclass(value, Exception))
    # Parameters of other dataclasses are their attributes.
    if plain and (doc["Parameters"] or not dataclasses.is_dataclass(value)):
        described = [n for n in described_parameters(doc) if n != "routed"]
        assert described == taken_parameters(value)
    sections = re.findall(r"\n(\w[\w ]+)\n-{3,}\n", inspect.getdoc(value))
    assert sections == sorted(sections, key=ORDER.index)


@pytest.mark.parametrize(
    "name",
    [
        n
        for n, v in PUBLIC.items()
        if n.startswith("skdl.metrics.")
        and inspect.isfunction(v)
        and not v.__name__.startswith("make")
    ],
)
def test_formulas_of_scores_have_a_source(name):
    assert FunctionDoc(PUBLIC[name])["References"]


@pytest.mark.parametrize("name", [n for n, v in PUBLIC.items() if inspect.isclass(v)])
def test_public_methods_are_documented(name):
    for method, value in inspect.getmembers(PUBLIC[name], inspect.isfunction):
        if not method.startswith("_") and value.__module__.startswith("skdl"):
            doc = FunctionDoc(value)
            assert doc["Summary"], method
            if not method.startswith("set_") or method == "set_params":
                assert described_parameters(doc) == taken_parameters(value), method


def test_fitted_attributes_are_documented(few_digits):
    from skdl import CNNClassifier

    model = CNNClassifier(epochs=1).fit(*few_digits)
    documented = {entry.name for entry in ClassDoc(CNNClassifier)["Attributes"]}
    public = {n for n in vars(model) if n.endswith("_") and not n.startswith("_")}
    assert public | {"model_", "multilabel_", "feature_names_in_"} == documented


def test_the_readme_has_its_two_commands():
    text = (ROOT / "README.md").read_text()
    commands = re.findall(r"```sh\n(.*?)\n```", text, flags=re.DOTALL)
    assert commands == [
        "python -m pip install -e . && python -m skdl demo",
        'python -m pip install -e ".[test]" && python -m pytest -n 2 --dist worksteal',
    ]
    assert os.path.exists(ROOT / "LICENSE")
