"""The rules of the house: who may import whom, sizes, one door to scikeras."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import packages_distributions

import pytest
from helpers import PACKAGE, ROOT

SOURCES = sorted(PACKAGE.glob("**/*.py"))


def name_of(path):
    """A module as skdl/room/file.py."""
    return f"skdl/{path.relative_to(PACKAGE).as_posix()}"


def test_imports_point_down_and_the_wings_do_not_know_each_other():
    pytest.importorskip("importlinter")
    process = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout
    assert "0 broken" in process.stdout


def test_the_root_holds_public_words():
    names = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    private = {name for name in names if name.startswith("_") and not name.startswith("__")}
    assert private == {"_utils"}
    assert {name for name in names if name.endswith(".py")} == {"__init__.py", "__main__.py"}
    rooms = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    for room in rooms:
        assert ast.get_docstring(ast.parse((room / "__init__.py").read_text())), room


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_package_imports_the_private_modules_of_another(path):
    room = path.relative_to(PACKAGE).parts[0]
    imports = list(ast.walk(ast.parse(path.read_text())))
    modules = [node.module for node in imports if isinstance(node, ast.ImportFrom) and node.module]
    modules += [
        alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names
    ]
    for module in modules:
        package, *inside = module.split(".")
        if package == "skdl" and len(inside) > 1 and inside[0] not in ("_utils", room):
            assert not inside[1].startswith("_"), module


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("studies/*.py")), ids=lambda p: p.name)
def test_studies_are_users(path):
    """They import what any user may: names that a package has in its `__all__`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not [alias for alias in node.names if alias.name.startswith("skdl")]
        elif isinstance(node, ast.ImportFrom):
            package, *room = node.module.split(".")
            if package == "skdl" and room[:1] != ["studies"]:
                assert {alias.name for alias in node.names} <= {*import_module(node.module).__all__}


def test_scikeras_has_one_door():
    importing = [
        p.name for p in SOURCES if re.search(r"^\s*(from|import) scikeras", p.read_text(), re.M)
    ]
    assert importing == ["_base.py"]


PRIVATE = {"sklearn": "skdl/_utils/scikit.py", "numpy": "skdl/_utils/compat.py"}
PRIVATE |= dict.fromkeys(("keras", "tensorflow"), "skdl/engine/_private.py")
FOREIGN = ("scikeras", *PRIVATE)


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def given_names(tree):
    """Private names that a module gives: definitions, what it sets, keys of its dicts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.Dict):
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant))


def taken_names(tree):
    """Private names that a module takes from an object: of itself or not, and which."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            owner = ast.unparse(node.value)
            yield owner in ("self", "cls") or owner.startswith("super("), node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr"):
            owner, name, *_ = node.args
            if isinstance(name, ast.Constant):
                yield ast.unparse(owner) == "self", name.value


def names_of_libraries():
    """Private names of the classes that skdl's own have as a base, or handle."""
    import keras
    from sklearn.base import BaseEstimator
    from sklearn.metrics import accuracy_score, make_scorer

    keras_classes = (keras.Model, keras.layers.BatchNormalization, keras.optimizers.Adam)
    of_keras = {name for cls in keras_classes for name in dir(cls)}
    return {*dir(BaseEstimator), *dir(make_scorer(accuracy_score))}, of_keras


def test_private_names_of_libraries_stand_in_one_file_each():
    places = set(PRIVATE.values())
    trees = {name_of(path): ast.parse(path.read_text()) for path in SOURCES}
    own = {name for path, tree in trees.items() if path not in places for name in given_names(tree)}
    own |= {"_replace", "_getframe", "_instances"}  # of named tuples, Python and Dask's worker
    of_scikit, of_keras = names_of_libraries()
    found = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for name in names:
                library, *parts = name.split(".")
                hidden = any(map(is_private, parts)) or parts[:1] in (["src"], ["python"])
                if library in FOREIGN and hidden and path != PRIVATE.get(library):
                    found.append((path, name))
        if path not in places:
            for of_itself, name in taken_names(tree):
                strange = of_scikit if of_itself else of_scikit | of_keras
                if is_private(name) and (name not in own or name in strange):
                    found.append((path, name))
    assert found == []


def imported_by(path):
    """Top-level names of what a module imports, itself and the standard library left out."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names - {"skdl"} - sys.stdlib_module_names


# Rooms that may import what an extra brings.
EXTRAS = {
    "testing": ["testing"],
    "conversion": ["onnx"],
    "export": ["onnx"],
    "_utils/workers.py": ["dask"],
    "analysis/_cluster.py": ["dask"],
    "backbones": ["onnx"],
    "images/_decoders": ["dicom", "heif", "nifti", "tiff"],
}


def test_what_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def names_of(requirements):
        return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}

    required = names_of(project["dependencies"])
    of_room = {
        PACKAGE / room: names_of(need for extra in named for need in extras[extra])
        for room, named in EXTRAS.items()
    }
    distributions = packages_distributions()
    imported = set()
    for path in SOURCES:
        names = imported_by(path)
        here = {
            distribution.lower().replace("_", "-")
            for name in names
            for distribution in distributions.get(name, [name])  # an extra that is not installed
        }
        extra = (names for room, names in of_room.items() if path.is_relative_to(room))
        assert here <= required.union(*extra), path
        imported |= here
    assert imported == required.union(*of_room.values())  # and what is declared is imported


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_modules_stay_small(path):
    assert len(path.read_text().splitlines()) <= 400


def test_warnings_are_given_at_the_callers_line():
    assert [p.name for p in SOURCES if "warnings.warn(" in p.read_text()] == ["checks.py"]


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").exists()
