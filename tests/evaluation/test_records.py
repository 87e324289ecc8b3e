"""Files of a checkpoint: plain, and whole or refused."""

import hashlib
import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evaluation.counted import Counted, Y, records, run
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.naive_bayes import GaussianNB


@pytest.fixture(autouse=True)
def _count_anew():
    Counted.n_fits = 0


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


@pytest.mark.filterwarnings("ignore:A fold cannot be stored")
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


def test_records_are_json_that_anyone_can_read(tmp_path):
    result = run(tmp_path, model={"forest": RandomForestClassifier(5, random_state=0)})
    for path in tmp_path.iterdir():
        assert json.loads(path.read_text())["content"]
    record = json.loads(next(tmp_path.glob("forest-0-*")).read_text())["content"]["record"]
    assert record["n_test"] == result.times["n_test"][0]
    assert record["fit_seconds"] == result.times["fit_seconds"][0]


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
