"""Checkpoints go on where a run ended, and know again what was fitted."""

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from evaluation import counted
from evaluation.counted import Counted, Y, records, run
from helpers import run_forked
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import (
    make_scorer,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    KFold,
    PredefinedSplit,
    StratifiedKFold,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import BackboneFeatures, CNNClassifier, evaluate
from skdl.backbones._cifar import cifar_resnet20


@pytest.fixture(autouse=True)
def _count_anew():
    Counted.n_fits = 0


def test_many_damaged_records_are_one_warning(tmp_path):
    run(tmp_path, cv=6)
    for record in records(tmp_path):
        record.write_bytes(record.read_bytes()[:-100])
    with pytest.warns(UserWarning, match=r"6 of the records .* and 3 more\.$") as caught:
        run(tmp_path, cv=6)
    assert len(caught) == 1
    assert caught[0].filename == counted.__file__


def test_a_record_of_other_data_is_not_taken(tmp_path):
    run(tmp_path / "first")
    second = tmp_path / "second"
    shutil.copytree(tmp_path / "first", second)
    (second / "plan.json").unlink()
    run(second, y=1 - Y)
    assert Counted.n_fits == 6


class FromFile(Counted):
    """Depends on a file, and says so."""

    def __init__(self, file=None, *, priors=None, var_smoothing=1e-9):
        super().__init__(priors=priors, var_smoothing=var_smoothing)
        self.file = file

    def __skdl_digest__(self):
        return {"holds": self.file.read_text(), "rows": np.arange(3)}


@pytest.mark.parametrize("inside", ["alone", "pipeline", "search", "threshold"])
def test_what_an_estimator_tells_of_itself_is_compared(tmp_path, inside):
    file = tmp_path / "numbers"
    model = {
        "alone": FromFile(file),
        "pipeline": make_pipeline(StandardScaler(), FromFile(file)),
        "search": GridSearchCV(FromFile(file), {"var_smoothing": [1e-9]}, cv=2),
        "threshold": FixedThresholdClassifier(FromFile(file)),
    }[inside]
    fits = []
    for content in ("1", "1", "2", "1"):
        file.write_text(content)
        run(tmp_path / "kept", {"model": model})
        fits.append(Counted.n_fits)
    once = fits[0]
    assert fits == [once, once, 2 * once, 2 * once]


class Odd(GaussianNB):
    """Predicts what no file can hold."""

    def predict(self, X):
        found = np.empty(len(X), dtype=object)
        found[:] = [complex(label) for label in super().predict(X)]
        return found


def test_labels_that_cannot_be_kept_are_said(tmp_path):
    with pytest.warns(UserWarning, match=r"A fold cannot be stored in the file .*complex"):
        result = run(tmp_path, Odd(), scoring={"one": lambda estimator, X, y: 1.0})
    assert (result.scores["value"] == 1).all()


class Moves(Counted):
    """Changes the working directory while it is fitted, as workers may have another one."""

    def __init__(self, folder=None, *, priors=None, var_smoothing=1e-9):
        super().__init__(priors=priors, var_smoothing=var_smoothing)
        self.folder = folder

    def fit(self, X, y):
        os.chdir(self.folder)
        return super().fit(X, y)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_relative_checkpoint_is_where_the_caller_is(tmp_path, monkeypatch, n_jobs):
    caller, worker = tmp_path / "caller", tmp_path / "worker"
    caller.mkdir()
    worker.mkdir()
    monkeypatch.chdir(caller)
    run("kept", {"Counted": Moves(worker)}, n_jobs=n_jobs)
    assert len(records(caller / "kept")) == 3
    assert list(worker.iterdir()) == []


def test_home_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    run("~/kept")
    assert len(records(tmp_path / "kept")) == 3


def test_a_full_disk_costs_the_record_alone(tmp_path, monkeypatch):
    whole = run(None)
    write, room = Path.write_bytes, 2  # the plan and a fold

    def written(path, data):
        nonlocal room
        room -= 1
        if room < 0:
            write(path, data[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", written)
    said = r"stored in the file .*Counted-1-\w+\.json: No space left on device\. .*Free disk space"
    with pytest.warns(UserWarning, match=said) as caught:
        result = run(tmp_path)
    assert len(caught) == 1
    pd.testing.assert_frame_equal(result.predictions, whole.predictions)
    monkeypatch.undo()
    assert [path.name[:9] for path in records(tmp_path)] == ["Counted-0"]
    assert len(list(tmp_path.iterdir())) == 2
    Counted.n_fits = 0
    pd.testing.assert_frame_equal(run(tmp_path).predictions, whole.predictions)
    assert Counted.n_fits == 2


def test_a_disk_that_is_full_from_the_start_is_an_error(tmp_path, monkeypatch):
    def full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        OSError, match=r"plan\.json' cannot be written: No space left .*Free disk space"
    ):
        run(tmp_path)
    assert Counted.n_fits == 0


def test_what_a_killed_process_left_is_removed_a_day_later(tmp_path):
    """Also what is dated in the future, by a clock that was wrong."""
    parts = [tmp_path / f".plan.json.{number}-ab.part" for number in range(3)]
    for part, days in zip(parts, (-3, 0, 3), strict=True):
        part.write_bytes(b"half")
        moment = time.time() + days * 24 * 3600
        os.utime(part, (moment, moment))
    run(tmp_path)
    assert [part.exists() for part in parts] == [False, True, False]


class Noted(RidgeClassifier):
    """Writes a line a fit."""

    def __init__(self, file=None, alpha=1.0):
        super().__init__(alpha=alpha)
        self.file = file

    def fit(self, X, y):
        with open(self.file, "a") as file:
            file.write("fit\n")
        return super().fit(X, y)


def n_fits(file):
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_a_checkpoint_goes_on(cancer, tmp_path):
    file, folder = tmp_path / "fits", tmp_path / "kept"
    cv = StratifiedKFold(4, shuffle=True)  # without a seed: the folds are kept as well
    first = evaluate(Noted(file), *cancer, cv=cv, checkpoint=folder)
    assert n_fits(file) == 4
    again = evaluate(Noted(file), *cancer, cv=cv, checkpoint=folder)
    assert n_fits(file) == 4
    pd.testing.assert_frame_equal(first.predictions, again.predictions)
    pd.testing.assert_frame_equal(first.times, again.times)
    one = next(path for path in folder.iterdir() if "-2-" in path.name)
    one.write_bytes(one.read_bytes()[:100])  # what is damaged is computed again
    with pytest.warns(UserWarning, match=rf"1 of the records in the checkpoint .*{one.name}"):
        evaluate(Noted(file), *cancer, cv=cv, checkpoint=folder)
    assert n_fits(file) == 5
    models = {"Noted": Noted(file), "other": Noted(file, alpha=2.0)}
    both = evaluate(models, *cancer, cv=cv, checkpoint=folder)
    assert n_fits(file) == 9
    assert both.models == ["Noted", "other"]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["path", "data home"])
def test_changed_weights_are_taken_anew(place, tmp_path, monkeypatch):
    """A file of other weights under the same name is another model."""
    X, y = load_digits(n_class=2, return_X_y=True)
    images = X[:60].reshape(-1, 8, 8).astype(np.float32)
    arrays = cifar_resnet20((16, 16, 3)).get_weights()
    weights = tmp_path / "weights" / "mine.npz"
    weights.parent.mkdir()
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path))
    named = weights if place == "path" else "mine.npz"
    features = BackboneFeatures(weights=named, image_size=16, value_range=(0, 16))
    model = make_pipeline(features, LogisticRegression(max_iter=1000))
    found = []
    for factor in (1, 1, 3):
        np.savez(weights, *[factor * array for array in arrays])
        options = {"cv": 2, "checkpoint": tmp_path / "kept"}
        found.append(evaluate(model, images, y[:60], **options).predictions["proba_1"])
    assert found[0].equals(found[1])
    assert not found[0].equals(found[2])
    anew = evaluate(model, images, y[:60], cv=2).predictions["proba_1"]
    np.testing.assert_allclose(found[2], anew)
    assert len(list((tmp_path / "kept").iterdir())) == 1 + 2 + 2


def test_other_metrics_fit_nothing(cancer, tmp_path):
    file, folder = tmp_path / "fits", tmp_path / "kept"
    evaluate(Noted(file), *cancer, cv=3, checkpoint=folder)
    assert n_fits(file) == 3
    doubled = make_scorer(lambda y_true, y_pred: 2 * np.mean(y_true == y_pred))
    for scoring in ("accuracy", ["sensitivity", "f1"], {"doubled": doubled}):
        found = evaluate(Noted(file), *cancer, cv=3, checkpoint=folder, scoring=scoring)
        plain = evaluate(Noted(tmp_path / "other"), *cancer, cv=3, scoring=scoring)
        pd.testing.assert_frame_equal(found.scores, plain.scores)
    assert n_fits(file) == 3


def test_a_changed_function_is_called_again(cancer, tmp_path):
    file, folder = tmp_path / "fits", tmp_path / "kept"

    def scored_by(scorer):
        found = evaluate(Noted(file), *cancer, cv=3, checkpoint=folder, scoring={"it": scorer})
        return found.scores["value"].tolist()

    first = scored_by(lambda estimator, X, y: estimator.score(X, y))
    assert n_fits(file) == 3
    assert scored_by(lambda estimator, X, y: -estimator.score(X, y)) == [-score for score in first]
    assert n_fits(file) == 6


CLASS = """
from sklearn.linear_model import RidgeClassifier

class Mine(RidgeClassifier):
    def predict(self, X):
        return {predict}
"""


@pytest.mark.slow
def test_a_changed_class_is_fitted_again(tmp_path):
    run = """
import sys
from sklearn.datasets import load_breast_cancer
from skdl import evaluate
from mine import Mine
X, y = load_breast_cancer(return_X_y=True)
print(evaluate(Mine(), X, y, cv=3, scoring="accuracy", checkpoint="kept").scores["value"].mean())
"""
    found = []
    for predict in ("super().predict(X)", "1 - super().predict(X)"):
        (tmp_path / "mine.py").write_text(CLASS.format(predict=predict))
        command = [sys.executable, "-B", "-c", run]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        found.append((float(done.stdout), len(list((tmp_path / "kept").glob("Mine-*")))))
    first = found[0][0]
    assert found == [(first, 3), (pytest.approx(1 - first), 6)]


FUNCTIONS = """
import sys
import keras
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skdl import CNNClassifier, evaluate

def longest(estimator, X, y):
    return float(len(y))

X, y = load_digits(return_X_y=True)
network = CNNClassifier(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), epochs=1, random_state=0)
models = {"cnn": make_pipeline(FunctionTransformer(lambda X: X / 16), network)}
evaluate(models, X[:200], y[:200], cv=2, checkpoint=sys.argv[1], scoring=["accuracy"])
evaluate(models, X[:200], y[:200], cv=2, checkpoint=sys.argv[1], scoring={"longest": longest})
"""


@pytest.mark.slow
def test_functions_and_keras_objects_are_known_again_in_another_process(tmp_path):
    folder = tmp_path / "kept"
    for _ in range(2):
        run_forked(FUNCTIONS, folder)
        assert len(list(folder.glob("cnn-*.json"))) == 4


def test_a_clone_is_known_again(tmp_path):
    part = StandardScaler()
    model = make_pipeline(part, part, Counted())  # a clone has two of it
    with sklearn.config_context(enable_metadata_routing=True):
        model[-1].set_partial_fit_request(sample_weight=True)
        run(tmp_path, model)
        assert Counted.n_fits == 3
        run(tmp_path, clone(model))
        assert Counted.n_fits == 3
        model[-1].set_partial_fit_request(sample_weight=False)
        run(tmp_path, model)
        assert Counted.n_fits == 6


def test_a_checkpoint_of_something_else(cancer, tmp_path):
    X, y = cancer
    evaluate(RidgeClassifier(), X, y, cv=3, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="different X, y or groups"):
        evaluate(RidgeClassifier(), X + 1, y, cv=3, checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"different cv \(3\)"):
        evaluate(RidgeClassifier(), X, y, cv=4, checkpoint=tmp_path)

    class Halves:
        def get_n_splits(self, X=None, y=None, groups=None):
            return 2

        def split(self, X, y=None, groups=None):
            return KFold(2).split(X)

    first = np.arange(len(y)) % 3
    for number, splitter in enumerate((Halves(), PredefinedSplit(first))):
        folder = tmp_path / str(number)
        models = {"model": RidgeClassifier()}
        kept = evaluate(models, X, y, cv=splitter, checkpoint=folder)
        again = evaluate(models, X, y, cv=clone(splitter, safe=False), checkpoint=folder)
        pd.testing.assert_frame_equal(kept.times, again.times)  # nothing was fitted again
        with pytest.raises(ValueError, match="different cv"):
            evaluate(models, X, y, cv=PredefinedSplit(first[::-1]), checkpoint=folder)
    halves = np.arange(0, len(y), 2), np.arange(1, len(y), 2)
    for folder, given in ((tmp_path / "given", [halves]), (tmp_path / "other", [halves[::-1]])):
        evaluate(RidgeClassifier(), X, y, cv=given, checkpoint=folder)
    again = evaluate(RidgeClassifier(), X, y, cv=[halves], checkpoint=tmp_path / "given")
    assert again.predictions["row"].tolist() == halves[1].tolist()
    with pytest.raises(ValueError, match=r"different cv \(iterable\)"):
        evaluate(RidgeClassifier(), X, y, cv=[halves], checkpoint=tmp_path / "other")
    (tmp_path / "plan.json").write_bytes(b"something")
    with pytest.raises(ValueError, match=r"plan.json, cannot be used: it is damaged.* Delete this"):
        evaluate(RidgeClassifier(), X, y, cv=3, checkpoint=tmp_path)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OSError, match="Choose another folder as checkpoint"):
        evaluate(RidgeClassifier(), X, y, cv=3, checkpoint=blocked / "folder")


def neural(checkpoint=None):
    """Four fits of a network."""
    X, y = load_digits(return_X_y=True)
    model = CNNClassifier(epochs=20, random_state=0)
    return evaluate(model, X[:400], y[:400], cv=4, checkpoint=checkpoint, scoring="accuracy")


@pytest.mark.slow
def test_a_killed_run_ends_with_the_same_result(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from evaluation import test_checkpoint as t; "
    )
    command = [sys.executable, "-c", code + "t.neural(sys.argv[2])", str(Path(__file__).parents[1])]
    process = subprocess.Popen([*command, str(tmp_path)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not list(tmp_path.glob("CNNClassifier-1-*.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("CNNClassifier-*.json")}
    assert 2 <= len(done) < 4
    resumed, whole = neural(tmp_path), neural()
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())
    pd.testing.assert_frame_equal(resumed.predictions, whole.predictions, check_exact=True)


def test_a_timeout_ends_between_folds_and_the_same_call_goes_on(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    options = {"cv": 4, "scoring": "accuracy", "checkpoint": tmp_path / "kept"}
    with pytest.raises(TimeoutError, match=r"timeout of 0 seconds .* 3 folds were left\. Finished"):
        evaluate(GaussianNB(), X, y, timeout=0, **options)
    with pytest.raises(TimeoutError, match=r"2 folds were left"):
        evaluate(GaussianNB(), X, y, timeout=0, **options)
    result = evaluate(GaussianNB(), X, y, timeout=1e6, **options)
    assert len(result.scores) == 4
    with pytest.raises(TimeoutError, match="Pass a checkpoint"):
        evaluate(GaussianNB(), X, y, cv=4, timeout=0)
    with pytest.raises(ValueError, match="timeout must be a finite number of at least 0"):
        evaluate(GaussianNB(), X, y, timeout=-1)
