"""The example of a third-party package, installed, used and uninstalled."""

import shutil
import subprocess
import sys
import sysconfig

import pytest
from helpers import ROOT

USES_IT = """
import pickle
import numpy as np
from sklearn.model_selection import GridSearchCV
import skdl
from skdl.plugins import architectures

assert "keras" not in __import__("sys").modules
assert "dilated" in skdl.list_architectures("dil*")
(plugin,) = architectures.matching("dilated")
assert (plugin.owner, plugin.error) == ("skdl-shapes", None)
assert "filters=16" in plugin.description.parameters
assert "keras" not in __import__("sys").modules, "listing imports the plugin"

X, y = skdl.load_dataset("shapes", n_samples=60, return_X_y=True)
model = skdl.CNNClassifier.from_protocol("dilated", epochs=2, random_state=0)
search = GridSearchCV(model, {"architecture__filters": [4, 8]}, cv=2, n_jobs=2, error_score="raise")
search.fit(X, y)
again = pickle.loads(pickle.dumps(search.best_estimator_))
assert np.array_equal(again.predict_proba(X), search.predict_proba(X))
print("used")
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A fresh environment that sees the packages of this one, so that nothing is downloaded."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    here = sysconfig.get_path("purelib")
    with open(f"{site}/of_the_tests.pth", "w") as file:
        file.write(f"import site; site.addsitedir({here!r})\n")
    shutil.copytree(ROOT / "examples" / "plugin", folder / "plugin")
    return python, folder


def run(*command, cwd):
    process = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]
    return process.stdout


@pytest.mark.exhaustive
def test_the_example_plugin(environment):
    python, folder = environment
    run(
        python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index",
        folder / "plugin", cwd=folder,
    )  # fmt: skip
    listed = run(python, "-m", "skdl", "list", "dilated", cwd=folder)
    assert "skdl-shapes" in listed
    assert "Three convolutions that look further and further around." in listed
    assert run(python, "-c", USES_IT, cwd=folder).strip() == "used"
    tested = run(python, "-m", "pytest", "-q", folder / "plugin" / "tests", cwd=folder)
    assert " passed" in tested.splitlines()[-1]
    run(python, "-m", "pip", "uninstall", "-y", "skdl-shapes", cwd=folder)
    gone = subprocess.run(
        [python, "-m", "skdl", "list", "dilated"], cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert gone.returncode == 1
    assert "matches 'dilated'" in gone.stderr
