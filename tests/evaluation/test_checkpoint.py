"""Files of a checkpoint: plain, whole or refused, and where the caller said."""

import errno
import hashlib
import json
import os
import pickle
import shutil
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import evaluate

X, Y = (values[:90] for values in load_breast_cancer(return_X_y=True))


class Counted(GaussianNB):
    """Counts its fits."""

    n_fits = 0

    def fit(self, X, y):
        Counted.n_fits += 1
        return super().fit(X, y)


@pytest.fixture(autouse=True)
def _count_anew():
    Counted.n_fits = 0


def run(folder, model=None, y=Y, **options):
    options = {"cv": 3, "scoring": "accuracy", **options}
    return evaluate(model or Counted(), X, y, checkpoint=folder, **options)


def records(folder):
    return sorted(folder.glob("Counted-*.json"))


def flipped(content, bit):
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def some_bits(content):
    """Some in each part of a file, its first and its last."""
    return [*np.linspace(0, 8 * len(content) - 1, 24, dtype=int).tolist(), 8 * 20, 8 * 60]


def test_a_flipped_bit_in_a_record_is_found(tmp_path):
    first = run(tmp_path)
    record = records(tmp_path)[1]
    whole = record.read_bytes()
    for bit in some_bits(whole):
        record.write_bytes(flipped(whole, bit))
        Counted.n_fits = 0
        with pytest.warns(UserWarning, match=rf"1 of the records .*{record.name}: it is damaged"):
            again = run(tmp_path)
        assert Counted.n_fits == 1
        pd.testing.assert_frame_equal(again.predictions, first.predictions, check_exact=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(tmp_path)


def test_a_flipped_bit_in_the_plan_is_an_error(tmp_path):
    first = run(tmp_path)
    plan = tmp_path / "plan.json"
    whole = plan.read_bytes()
    for bit in some_bits(whole):
        plan.write_bytes(flipped(whole, bit))
        with pytest.raises(ValueError, match=r"plan\.json, cannot be used: .*Delete this file"):
            run(tmp_path)
    plan.unlink()  # as the message says, which costs nothing where cv makes the same folds
    pd.testing.assert_frame_equal(run(tmp_path).times, first.times)
    assert Counted.n_fits == 3


class _RunsCode:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


@pytest.mark.filterwarnings("ignore:A fold cannot be kept")
@pytest.mark.parametrize("foreign", [b"", b"{}", b"\x00" * 500, "a pickle", "another", "folder"])
def test_what_is_no_record_is_refused_and_runs_no_code(tmp_path, foreign):
    folder, marker = tmp_path / "kept", tmp_path / "it ran"
    first = run(folder)
    plan, record, other = folder / "plan.json", *records(folder)[:2]
    contents = {"a pickle": pickle.dumps(_RunsCode(marker)), "another": other.read_bytes()}
    record.unlink()
    if foreign == "folder":
        record.mkdir()
    else:
        record.write_bytes(contents.get(foreign, foreign))
    with pytest.warns(UserWarning, match=f"cannot be used, and their folds are .*{record.name}"):
        again = run(folder)
    pd.testing.assert_frame_equal(again.predictions, first.predictions)
    assert Counted.n_fits == 4
    plan.write_bytes(contents.get(foreign, foreign if isinstance(foreign, bytes) else b"folder"))
    with pytest.raises(ValueError, match="plan of the checkpoint"):
        run(folder)
    assert not marker.exists()


FOREIGN = [
    b"",
    b"{",
    b"null",
    b"[" * 100_000,
    b"{}",
    b'{"file": 1, "record": 2}',
    "missing",
    "more",
]


@pytest.mark.parametrize("content", FOREIGN, ids=lambda content: str(content[:20]))
def test_what_others_wrote_with_a_right_checksum_is_refused(tmp_path, content):
    first = run(tmp_path)
    for name in (records(tmp_path)[0].name, "plan.json"):
        path = tmp_path / name
        whole = path.read_bytes()
        given = json.loads(whole)["content"]
        if content == "missing":
            given.popitem()
        if content == "more":
            (given.get("record") or given["folds"][0][0])["more"] = 1
        changed = content if isinstance(content, bytes) else json.dumps(given).encode()
        head, digest = whole[:13], hashlib.sha256(changed).hexdigest()
        path.write_bytes(b'%b "sha256": "%b", "content": %b}\n' % (head, digest.encode(), changed))
        if name == "plan.json" and content != "more":  # of which nothing is read
            with pytest.raises(ValueError, match=r"plan\.json, cannot be used"):
                run(tmp_path)
        elif name != "plan.json":
            with pytest.warns(UserWarning, match=f"1 of the records .*{name}: it is damaged"):
                again = run(tmp_path)
            pd.testing.assert_frame_equal(again.predictions, first.predictions)


def test_many_damaged_records_are_one_warning(tmp_path):
    run(tmp_path, cv=6)
    for record in records(tmp_path):
        record.write_bytes(record.read_bytes()[:-100])
    with pytest.warns(UserWarning, match=r"6 of the records .* and 3 more\.$") as caught:
        run(tmp_path, cv=6)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_a_record_of_other_data_is_not_taken(tmp_path):
    run(tmp_path / "first")
    second = tmp_path / "second"
    shutil.copytree(tmp_path / "first", second)
    (second / "plan.json").unlink()
    run(second, y=1 - Y)
    assert Counted.n_fits == 6


def test_records_are_json_that_anyone_can_read(tmp_path):
    result = run(tmp_path, model={"forest": RandomForestClassifier(5, random_state=0)})
    for path in tmp_path.iterdir():
        assert json.loads(path.read_text())["content"]
    record = json.loads(next(tmp_path.glob("forest-0-*")).read_text())["content"]["record"]
    assert record["n_test"] == result.times["n_test"][0]
    assert record["fit_seconds"] == result.times["fit_seconds"][0]


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


LABELS = [
    Y,
    Y.astype(bool),
    Y.astype(np.uint8),
    np.array(["benign", "bösartig ☢"])[Y],
    np.array(["a", "bb"], dtype=object)[Y],
    pd.Series(np.array(["a", "bb"])[Y]),
    pd.Series(np.array(["a", "bb"])[Y]).astype("category"),
    (Y / 2).astype(np.float32) * 2,
]


@pytest.mark.parametrize("y", LABELS, ids=lambda y: str(y.dtype))
@pytest.mark.parametrize("model", [GaussianNB(), RidgeClassifier()], ids=["proba", "decision"])
def test_what_is_kept_comes_back_as_it_was(tmp_path, y, model):
    positive = {"pos_label": np.unique(y)[1], "scoring": ["accuracy", "f1"]}
    first, again = (run(tmp_path, model, y, **positive) for _ in range(2))
    for table in ("predictions", "scores", "times", "missing"):
        pd.testing.assert_frame_equal(getattr(again, table), getattr(first, table))
    assert again.classes.tolist() == first.classes.tolist()


class Trained(RidgeClassifier):
    """With a history in types of NumPy."""

    def fit(self, X, y):
        super().fit(X, y)
        self.history_ = {"loss": [np.float32(0.5), np.float64("nan")], "all": np.arange(3)}
        return self


def test_histories_come_back_as_they_were(tmp_path):
    first, again = (run(tmp_path, Trained()).histories for _ in range(2))
    assert repr(first) == repr(again)
    assert first["Trained", 0]["all"] == [0, 1, 2]


class Odd(GaussianNB):
    """Predicts what no file can hold."""

    def predict(self, X):
        found = np.empty(len(X), dtype=object)
        found[:] = [complex(label) for label in super().predict(X)]
        return found


def test_labels_that_cannot_be_kept_are_said(tmp_path):
    with pytest.warns(UserWarning, match=r"A fold cannot be kept in the file .*complex"):
        result = run(tmp_path, Odd(), scoring={"one": lambda estimator, X, y: 1.0})
    assert (result.scores["value"] == 1).all()


# ---- where, and whether there is room -----------------------------------------------------------


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
    said = r"kept in the file .*Counted-1-\w+\.json: No space left on device\. .*Make room"
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
    with pytest.raises(OSError, match=r"plan\.json' cannot be written: No space left .*Make room"):
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
