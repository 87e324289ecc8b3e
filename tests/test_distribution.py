"""What is handed out: the wheel, the source distribution, and their page."""

import re
import tarfile
import tomllib
import zipfile
from email import message_from_string

import pytest
from helpers import ROOT
from packaging.requirements import Requirement

import skdl

if not (ROOT / "skdl").exists():
    pytest.skip("what is built of the source is tested beside it", allow_module_level=True)
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager


def files_of(folder):
    files = (path for path in ROOT.glob(f"{folder}/**/*") if path.is_file())
    made = {"__pycache__", "_build", "_scripts", "api", "auto_examples"}  # and not committed
    return {str(path.relative_to(ROOT)) for path in files if not made & {*path.parts}}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")))
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    about = f"skdl-{skdl.__version__}.dist-info"
    described = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert {*wheel.namelist()} == files_of("skdl") | {f"{about}/{name}" for name in described}
    assert "skdl/py.typed" in wheel.namelist()
    assert sum(entry.compress_size for entry in wheel.infolist()) < 2e6


def test_the_wheel_says_what_it_needs(wheel, project):
    (metadata,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    told = message_from_string(wheel.read(metadata).decode())
    plain = [need for need in told.get_all("Requires-Dist") if "extra ==" not in need]
    assert sorted(plain) == sorted(project["dependencies"])
    assert {*told.get_all("Provides-Extra")} == {*project["optional-dependencies"]}
    assert told["License-Expression"] == "BSD-3-Clause"
    assert told["Requires-Python"] == project["requires-python"]
    assert told["Description-Content-Type"] == "text/markdown"
    (scripts,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "skdl = skdl.cli:main" in wheel.read(scripts).decode()


def test_nothing_of_google_colab_is_replaced(project):
    needed = {need.name: need.specifier for need in map(Requirement, project["dependencies"])}
    lines = (ROOT / ".ci" / "colab.txt").read_text().splitlines()
    there = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert len(there) == 10
    for name, version in there.items():
        assert version in needed[name], name


def test_the_source_distribution_holds_what_its_tests_run(tmp_path):
    (path,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path))
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    there = {"README.md", "LICENSE", "pyproject.toml", "CHANGELOG.md", "CONTRIBUTING.md"}
    for folder in ("skdl", "tests", "examples", "docs", "benchmarks", "tools"):
        there |= files_of(folder)
    assert sorted(there - names) == []
    # What tests name as a place in the repository is one of these.
    texts = [path.read_text() for path in ROOT.glob("tests/**/*.py")]
    named = {name for text in texts for name in re.findall(r'ROOT / "([\w.]+)', text)}
    assert {"tools", "docs", "examples"} <= named
    assert named <= {name.partition("/")[0] for name in names}


def test_no_link_of_the_package_page_leads_into_the_repository():
    metadata = ProjectMetadata(str(ROOT), PluginManager())
    page, readme = metadata.core.readme, (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)]*)\)", readme)
    assert "docs/quickstart.md" in links
    assert not [link for link in re.findall(r"\]\(([^)]*)\)", page) if "://" not in link]
    assert "Quickstart (docs/quickstart.md): the main job" in page
    assert page.count("\n") == readme.count("\n")
    for name in re.findall(r"\(((?:docs|examples|[A-Z]+\.md)[\w/.]*)\)", page):
        assert (ROOT / name).exists(), name
