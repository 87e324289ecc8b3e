"""The reference of the site names everything that is public, once."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import pytest
from helpers import PACKAGE, ROOT, run_python

import skdl

if not (ROOT / "docs/_extensions").exists():
    pytest.skip("the site is built of the source", allow_module_level=True)


@pytest.fixture(scope="module")
def reference():
    sys.path.insert(0, str(ROOT / "docs/_extensions"))
    try:
        yield importlib.import_module("skdl_reference")
    finally:
        sys.path.remove(str(ROOT / "docs/_extensions"))


def test_every_public_name_stands_once(reference):
    modules = [f"skdl.{module.name}" for module in pkgutil.iter_modules(skdl.__path__)]
    public = {}
    for name in ["skdl", *(name for name in modules if not name.startswith("skdl._"))]:
        if name == "skdl.cli":  # its page is the command line's own help
            continue
        module = importlib.import_module(name)
        for own in module.__all__:
            value = getattr(module, own)
            if not own.startswith("__") and not inspect.ismodule(value):
                public.setdefault(id(value), (name, own))
    listed = [
        (module, name) for module in reference.MODULES for name in reference.public_names(module)
    ]
    values = [id(getattr(importlib.import_module(module), name)) for module, name in listed]
    assert len(values) == len(set(values)), "a name stands twice"
    assert set(values) == set(public), [public[v] for v in set(public) - set(values)]


def test_a_page_lists_the_names_of_its_module(reference):
    page = reference.page("skdl.evaluation")
    assert page.startswith("skdl.evaluation\n===============\n")
    assert "\n   RegressionResult\n" in page
    assert "\n   evaluate" not in page  # which stands with the module skdl
    assert "`evaluation and folds <../decisions.html#evaluation-and-folds>`__" in page
    assert "\n   evaluate\n" in reference.page("skdl")


def test_the_index_describes_each_module(reference):
    rows = re.findall(r"\* - :doc:`(.+)`\n     - (.+)\.\n", reference.index())
    assert [name for name, _ in rows] == list(reference.MODULES)


def test_trailing_underscores_are_no_links(reference):
    lines = ["ndarray of shape (n_features_in_,)", "see `classes_`, or (n_classes_,)"]
    reference.escape_names(None, "class", "x", None, None, lines)
    assert lines == [r"ndarray of shape (n_features_in\_,)", "see `classes_`, or (n_classes_,)"]


def test_the_command_line_is_all_there(reference):
    page = reference.command_line()
    for command in (
        "run",
        "audit",
        "predict",
        "study run",
        "store verify",
        "doctor",
        "list",
        "demo",
    ):
        assert f"\nskdl {command}\n-----" in page
    assert "--group-column" in page


@pytest.mark.slow
def test_networks_and_backbones_are_listed_when_the_site_is_built(reference):
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import skdl_networks
for name in ("architectures", "backbones"):
    source = [open(f"{sys.argv[1]}/../{name}.md").read()]
    skdl_networks.fill(None, name, source)
    print(source[0], end="\\0")
"""
    written = run_python(code, ROOT / "docs/_extensions").split("\0")
    registries = skdl.plugins.architectures, skdl.plugins.backbones
    for page, plugins in zip(written, registries, strict=False):
        headings = re.findall(r"^## (\w+)$", page, re.M)
        assert headings == [plugin.name for plugin in plugins if plugin.owner == "skdl"]
        assert "<!--" not in page
    assert "62,378,344 trainable parameters for 227×227×3 and 1000 classes" in written[0]
    assert "| `vgg16` | 14,714,688 | 32×32 | 224×224 | 512 | 58.9 MB |" in written[1]


def test_quoted_messages_are_those_of_skdl():
    """Between ellipses, each is what the code says."""
    said = []
    for path in Path(skdl.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    part.value if isinstance(part, ast.Constant) else "…" for part in node.values
                ]
                said.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.append(node.value)
    all_said = "\n".join(said)
    quoted = re.findall(r'^\| "([^|]*)"', (ROOT / "docs/messages.md").read_text(), re.M)
    assert len(quoted) > 15
    for message in quoted:
        for part in filter(None, map(str.strip, message.split("…"))):
            assert part in all_said, message


def slug(heading):
    """The anchor of a heading, as GitHub and the site make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_decisions_are_linked_from_the_code_that_they_explain():
    page = (ROOT / "docs/decisions.md").read_text()
    sections = [slug(heading) for heading in re.findall(r"^## (.+)$", page, re.M)]
    assert len(sections) == len(set(sections)) > 15
    linked = {}
    for path in [*PACKAGE.rglob("*.py"), ROOT / ".ci/run", ROOT / "pyproject.toml"]:
        for anchor in re.findall(r"docs/decisions\.md#([\w-]+)", path.read_text()):
            linked.setdefault(anchor, path)
    strange = {anchor: path for anchor, path in linked.items() if anchor not in sections}
    assert not strange, "no such section"
    assert not set(sections) - set(linked), "no link to the section"
