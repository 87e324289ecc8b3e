"""The code of each section of `docs/works_with.md`, where the library it is about is installed."""

import ast
import importlib
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import ROOT, code_of, parametrize, run_script
from sklearn.multiclass import OneVsOneClassifier

PAGE = (ROOT / "docs/works_with.md").read_text()
BEGIN, *REST = re.split(r"^## (.+)\n", PAGE, flags=re.MULTILINE)
SECTIONS = {name: code_of(BEGIN + text) for name, text in zip(REST[::2], REST[1::2], strict=True)}


def accuracy(model, X, y):
    return np.mean(model.predict(X) == y)


def check_two_dimensions(page):
    assert accuracy(page.bagging, page.X_test, page.y_test) > 0.8
    assert page.paths.shape == (600, 1)
    assert accuracy(page.bagging_files, page.paths, page.y_train) > 0.8
    for refusing in (page.bagging, OneVsOneClassifier(page.network)):
        for X in (page.images_train, page.paths[:, 0]):
            with pytest.raises(ValueError, match="dim 3|Expected 2D"):
                refusing.fit(X, page.y_train)


def check_imbalanced_learn(page):
    eight = page.y_test == 8
    for model, X in ((page.behind_features, page.images_test), (page.before_network, page.X_test)):
        predicted = model.predict(X)
        assert predicted[eight].mean() > 0.6
        assert predicted[~eight].mean() < 0.2


def check_mapie(page):
    assert page.sets.shape == (200, 10, 1)
    assert 0.8 < page.coverage < 1
    assert page.sets.sum(axis=1).mean() < 5
    flat = page.SplitConformalClassifier(page.network.fit(page.X_train, page.y_train))
    sets = flat.conformalize(page.X_test, page.y_test).predict_set(page.X_test)[1]
    assert sets[range(200), page.y_test, 0].mean() > 0.85


def check_cleanlab(page):
    assert np.isin(np.arange(10), page.suspects).mean() > 0.5
    assert len(page.suspects) < 100


def check_optuna(page):
    states = [trial.state.name for trial in page.study.trials]
    assert set(states) <= {"COMPLETE", "PRUNED"}
    assert page.study.best_value > 0.6
    assert page.study.best_params.keys() == {"learning_rate", "dropout"}


def check_mlxtend(page):
    assert accuracy(page.vote, page.images_test, page.y_test) > 0.8
    assert 0 <= page.p_value <= 1


def check_skore(page):
    assert page.scores["accuracy"] > 0.7
    flat = page.skore.evaluate(page.network, page.X_train, page.y_train, splitter=0.2)
    assert flat.metrics.accuracy() == page.scores["accuracy"]
    assert {"precision_8", "recall_8", "log_loss"} <= set(page.scores.index)


def check_skops(page):
    others = {name for name in page.unknown if not name.startswith("skdl.")}
    assert others <= {"keras.src.optimizers.adam.Adam", "numpy.dtype"}  # the latter of skops 0.16
    expected = page.network.predict_proba(page.X_test)
    assert np.array_equal(page.loaded.predict_proba(page.X_test), expected)


def check_mlflow(printed):
    assert printed.same == "True"
    assert printed.epochs == "3"
    assert float(printed.accuracy) > 0.8
    assert 0 < float(printed.loss) < 2


def check_shap(page):
    first = page.pixels_test[:2]
    sums = page.parts.base_values + page.parts.values.sum(axis=(1, 2, 3))
    np.testing.assert_allclose(sums, page.network.predict_proba(first), atol=1e-5)
    assert page.pixels.shape == (2, 8, 8, 1, 10)


def check_lime(page):
    predicted = page.network.predict(page.images_test[:1])[0]
    assert page.explanation.top_labels[0] == predicted
    assert len(page.explanation.local_exp[predicted]) == 16


def check_fairlearn(page):
    assert page.frame.by_group.shape == (2, 2)
    assert page.frame.overall.between(0.6, 1).all()
    assert np.mean(page.decisions == page.big_test) > 0.6


def check_venn_abers(page):
    eight = page.y_test == 8
    assert page.probabilities[eight, 1].mean() > 0.5 > 0.2 > page.probabilities[~eight, 1].mean()
    assert (page.bounds[:, 0] <= page.bounds[:, 1]).all()


def check_dask(printed):
    assert float(printed.score) > 0.7


CHECKS = {
    "Where X must have two dimensions": check_two_dimensions,
    "imbalanced-learn": check_imbalanced_learn,
    "MAPIE": check_mapie,
    "cleanlab": check_cleanlab,
    "Optuna": check_optuna,
    "mlxtend": check_mlxtend,
    "skore": check_skore,
    "skops": check_skops,
    "MLflow": check_mlflow,
    "SHAP": check_shap,
    "LIME": check_lime,
    "Fairlearn": check_fairlearn,
    "venn-abers": check_venn_abers,
    "Dask": check_dask,
}
# They change scikit-learn's classes, or start processes that import the script.
SCRIPTS = {"MLflow", "Dask"}


def imported(code):
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_each_section_is_checked():
    assert SECTIONS.keys() == CHECKS.keys()


@parametrize("section", CHECKS, exhaustive={"Dask"})  # installed for other tests, and slow
def test_a_neighbour(section, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    for package in imported(SECTIONS[section]):
        pytest.importorskip(package)
    script = tmp_path / "works_with.py"
    script.write_text(SECTIONS[section])
    if section in SCRIPTS:
        printed = re.findall(r"^(\w+): (.+)$", run_script(script, cwd=tmp_path), re.MULTILINE)
        CHECKS[section](SimpleNamespace(**dict(printed)))
        return
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        CHECKS[section](importlib.import_module("works_with"))
    finally:
        sys.modules.pop("works_with", None)
