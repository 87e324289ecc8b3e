"""Checks that a change of skdl's code comes with a line in CHANGELOG.md.

``python tools/changelog_entry.py MESSAGE`` checks what is staged: a commit-msg hook of pre-commit,
which passes the file of the commit message. ``python tools/changelog_entry.py --since REVISION``
checks all commits since then, such as those of a pull request. Changes of comments and docstrings
need no line; for others that no user notices, write ``Changelog: none`` into a commit message.
"""

import argparse
import ast
import re
import subprocess
import sys
from pathlib import Path

INDEX = ""  # the revision of what is staged, in `git show :path`
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def main(arguments: list[str] | None = None) -> int:
    """Print what lacks a line; 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("message", nargs="?", type=Path, help="file of the commit message")
    what.add_argument("--since", metavar="REVISION")
    options = parser.parse_args(arguments)
    if options.since:
        before, after = git("merge-base", options.since, "HEAD").strip(), "HEAD"
        messages = git("log", "--format=%B", f"{before}..HEAD")
    else:
        before, after = "HEAD", INDEX
        messages = options.message.read_text(encoding="utf-8")
    changed = changed_code(before, after)
    if not changed or re.search(r"^Changelog: none$", messages, re.MULTILINE):
        return 0
    if show(before, "CHANGELOG.md") != show(after, "CHANGELOG.md"):
        return 0
    print(
        f"The code of {', '.join(changed)} changes, and CHANGELOG.md does not: add a line under "
        '"Unreleased", or write "Changelog: none" on a line of the commit message if no user '
        "notices the change.",
        file=sys.stderr,
    )
    return 1


def changed_code(before: str, after: str) -> list[str]:
    """Modules of skdl that differ in more than comments and docstrings."""
    ends = [before, after] if after else ["--cached", before]
    names = git("diff", "--name-only", "--no-renames", *ends, "--", "skdl/*.py").splitlines()
    return [name for name in names if code(show(before, name)) != code(show(after, name))]


def code(source: str) -> str:
    """What a module does, without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.dump(tree)


def show(revision: str, name: str) -> str:
    """A file as it was, or nothing if there was none."""
    found = subprocess.run(
        ["git", "show", f"{revision}:{name}"], check=False, capture_output=True, text=True
    )
    return found.stdout


def git(*command: str) -> str:
    """What git prints."""
    return subprocess.run(["git", *command], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
