"""What a release needs beside the code."""

import re

import pytest
from helpers import ROOT, tool

import skdl

if not (ROOT / "skdl").exists():
    pytest.skip("releases are made of the source", allow_module_level=True)

GOOD = {
    "CHANGELOG.md": "# Changelog\n\n## [1.2.3] - 2026-01-02\n\n### Added\n",
    "CITATION.cff": "title: x\nversion: 1.2.3\n",
}


@pytest.fixture(scope="module")
def release():
    return tool("release")


def test_a_version_that_is_written_everywhere(release, tmp_path):
    for name, text in GOOD.items():
        (tmp_path / name).write_text(text)
    assert release.of_version("1.2.3", tmp_path) == []


@pytest.mark.parametrize(
    ("version", "change", "problem"),
    [
        ("1.2.3.dev0", {}, "is no version of a release"),
        ("1.2.4", {}, 'no section "## [1.2.4]'),
        ("1.2.3", {"CHANGELOG.md": "## [1.2.3]\n"}, 'no section "## [1.2.3]'),
        ("1.2.3", {"CITATION.cff": "version: 1.2.2\n"}, 'CITATION.cff has no "version: 1.2.3"'),
    ],
)
def test_a_version_that_is_not(release, tmp_path, version, change, problem):
    for name, text in {**GOOD, **change}.items():
        (tmp_path / name).write_text(text)
    assert problem in " ".join(release.of_version(version, tmp_path))


def test_the_citation_has_the_version_of_the_package(release):
    source = (ROOT / "skdl/__init__.py").read_text()
    assert release.version_of(source) == skdl.__version__
    assert f"\nversion: {skdl.__version__}\n" in (ROOT / "CITATION.cff").read_text()


@pytest.mark.parametrize(
    "name", ["AGENTS.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "RELEASING.md", "SECURITY.md"]
)
def test_links_of_pages_lead_somewhere(name):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / name).read_text())
    assert all((ROOT / link).exists() for link in links), links
