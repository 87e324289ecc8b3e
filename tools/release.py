"""Everything that is checked before a release: ``python tools/release.py``.

Builds into dist/, and prints what is left to do by hand.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Run all steps, in their order; the first that fails ends it."""
    version = version_of((ROOT / "skdl/__init__.py").read_text())
    problems = [*of_version(version, ROOT), *of_checkout(version)]
    if problems:
        print("\n".join(f"✗ {problem}" for problem in problems), file=sys.stderr)
        return 1
    print(f"✓ {version}: version, changelog, citation, checkout")
    files = build()
    print(f"✓ built: {', '.join(file.name for file in files)}")
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, files))
    run(sys.executable, "-m", "pytest", "-q", "tests/test_distribution.py")
    print("✓ contents and metadata")
    (wheel,) = (file for file in files if file.suffix == ".whl")
    smoke_test(wheel)
    print(
        f"✓ installed and run outside the checkout\n\nNow: git tag -s v{version}; git push --tags"
    )
    print("     python -m twine upload dist/*")
    return 0


def version_of(source: str) -> str:
    """The version that the package has."""
    found = re.search(r'^__version__ = "([^"]+)"', source, flags=re.MULTILINE)
    assert found, "skdl/__init__.py has no __version__"
    return found[1]


def of_version(version: str, root: Path) -> list[str]:
    """What does not fit the version."""
    problems = []
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        problems.append(f"{version} is no version of a release: set it in skdl/__init__.py.")
    changelog = (root / "CHANGELOG.md").read_text()
    if not re.search(
        rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE
    ):
        problems.append(f'CHANGELOG.md has no section "## [{version}] - year-month-day".')
    if f"\nversion: {version}\n" not in (root / "CITATION.cff").read_text():
        problems.append(f'CITATION.cff has no "version: {version}".')
    return problems


def of_checkout(version: str) -> list[str]:
    """Why this checkout is not what is to be released."""
    problems = []
    if output("git", "status", "--porcelain"):
        problems.append("There are changes that are not committed.")
    if output("git", "tag", "--list", f"v{version}"):
        problems.append(f"v{version} is tagged already.")
    return problems


def build() -> list[Path]:
    """The wheel and the source distribution, new."""
    folder = ROOT / "dist"
    for old in folder.glob("skdl-*"):
        old.unlink()
    run(sys.executable, "-m", "hatchling", "build", "-d", str(folder))
    return sorted(folder.glob("skdl-*"))


def smoke_test(wheel: Path) -> None:
    """Install the wheel in a fresh environment elsewhere, and run the demo."""
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "venv", f"{folder}/venv")
        scripts = Path(folder) / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        python = str(scripts / "python")
        run(python, "-m", "pip", "install", "-q", str(wheel))
        run(python, "-m", "skdl", "demo", "--quick", "--out", f"{folder}/demo", cwd=folder)


def run(*command: str, cwd: str | Path = ROOT) -> None:
    """Run a command; one that fails ends everything."""
    subprocess.run(command, cwd=cwd, check=True)


def output(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
