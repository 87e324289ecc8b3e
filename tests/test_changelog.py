"""The check that code changes come with a line in the changelog."""

import subprocess

import pytest
from helpers import ROOT, tool

if not (ROOT / "tools").exists():
    pytest.skip("commits are made of the source", allow_module_level=True)

MODULE = '"""A module."""\n\n\ndef double(x):\n    """Twice."""\n    return 2 * x\n'


@pytest.fixture(scope="module")
def check():
    return tool("changelog_entry")


def git(*command):
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@localhost", *command],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with one commit and one module."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):  # set where a hook runs the tests
        monkeypatch.delenv(name, raising=False)
    git("init", "-q", "-b", "main")
    (tmp_path / "skdl").mkdir()
    (tmp_path / "skdl/_module.py").write_text(MODULE)
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n")
    (tmp_path / "message").write_text("Double more\n")
    git("add", "skdl", "CHANGELOG.md")
    git("commit", "-q", "-m", "First")
    return tmp_path


def staged(path, text):
    path.write_text(text)
    git("add", str(path))


def test_code_needs_a_line(check, checkout, capsys):
    staged(checkout / "skdl/_module.py", MODULE.replace("2 * x", "x + x"))
    assert check.main(["message"]) == 1
    assert "skdl/_module.py changes, and CHANGELOG.md does not" in capsys.readouterr().err
    staged(checkout / "CHANGELOG.md", "## [Unreleased]\n\n- Sums.\n")
    assert check.main(["message"]) == 0


def test_a_line_that_is_not_staged_does_not_count(check, checkout):
    staged(checkout / "skdl/_new.py", "x = 1\n")
    (checkout / "CHANGELOG.md").write_text("## [Unreleased]\n\n- A new module.\n")
    assert check.main(["message"]) == 1


def test_a_module_that_is_removed_needs_a_line(check, checkout):
    git("rm", "-q", "skdl/_module.py")
    assert check.main(["message"]) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [("Twice.", "Two times."), ("return", "# a comment\n    return"), ('"""A module."""\n', "")],
)
def test_words_need_none(check, checkout, old, new):
    staged(checkout / "skdl/_module.py", MODULE.replace(old, new))
    assert check.main(["message"]) == 0


def test_what_is_not_of_the_package_needs_none(check, checkout):
    staged(checkout / "tools.py", "x = 1\n")
    assert check.main(["message"]) == 0


def test_a_message_can_say_that_there_is_none(check, checkout):
    staged(checkout / "skdl/_module.py", "x = 1\n")
    (checkout / "message").write_text("Tidy\n\nChangelog: none\n")
    assert check.main(["message"]) == 0


def test_the_commits_of_a_branch(check, checkout):
    git("checkout", "-q", "-b", "branch")
    staged(checkout / "skdl/_module.py", "x = 1\n")
    git("commit", "-q", "-m", "One")
    assert check.main(["--since", "main"]) == 1
    staged(checkout / "CHANGELOG.md", "## [Unreleased]\n\n- One.\n")
    git("commit", "-q", "-m", "Its line")
    assert check.main(["--since", "main"]) == 0
    assert check.main(["--since", "HEAD"]) == 0


@pytest.mark.parametrize("arguments", [[], ["message", "--since", "main"]])
def test_either_a_message_or_a_revision(check, checkout, arguments):
    with pytest.raises(SystemExit):
        check.main(arguments)
