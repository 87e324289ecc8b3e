"""Names of strangers' in terminals, pages and tables: shown, and nothing else."""

import json
import os

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import ROOT
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl import FeatureStore, cli, evaluate, report
from skdl._utils.text import encodable, printable
from skdl.plotting import (
    ClassDistributionDisplay,
    ConfusionMatricesDisplay,
    PerClassMetricsDisplay,
)

NOT_UTF8 = os.fsdecode(b"caf\xe9")  # a folder's name from another time, as Python reads it
ACTING = "\x1b[2J\x1b]0;owned\x07\u202etxt\x9b31m\x7f\u2028"
SHOWN = r"\x1b[2J\x1b]0;owned\x07\u202etxt\x9b31m\x7f\u2028"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, Größe ≥ 3 µm 図 👩‍⚕️", "plain, Größe ≥ 3 µm 図 👩‍⚕️"),
        ("mit\u00a0Leerzeichen", "mit\u00a0Leerzeichen"),
        ("کتاب\u200cها", "کتاب\u200cها"),  # a joiner that Persian needs
        (ACTING, SHOWN),
        (NOT_UTF8, r"caf\udce9"),
        ("a\nb\r\tc\0", r"a\nb\r\tc\x00"),
    ],
)
def test_what_is_shown(text, shown):
    assert printable(text) == shown
    printable(text).encode()
    assert printable(f"{text}\n", keep="\n").endswith("\n")


def test_only_what_cannot_be_encoded_is_escaped():
    assert encodable(f"{NOT_UTF8}\x1b\n") == "caf\\udce9\x1b\n"


# ---- labels --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data():
    X, y = load_digits(n_class=3, return_X_y=True)
    return X[:150], y[:150], np.array([NOT_UTF8, f"<b>{ACTING}", "{well} $x^2$"])


@pytest.fixture(scope="module")
def result(data):
    X, y, names = data
    models = {f"of {NOT_UTF8}": GaussianNB(), "other": GaussianNB(var_smoothing=0.1)}
    return evaluate(models, X, names[y], cv=3, pos_label=NOT_UTF8)


def test_labels_of_an_evaluation_stay_what_they_are(data, result):
    X, y, names = data
    assert set(result.classes) == set(names)
    assert "proba_caf\\udce9" in result.predictions
    table = result.per_model("other")
    assert table["y_true"].tolist() == names[y].tolist()
    assert result.models == ["of caf\\udce9", "other"]
    expected = evaluate(GaussianNB(var_smoothing=0.1), X, y, cv=3, pos_label=0)
    values = result.summary().query("model == 'other'")["value"]
    np.testing.assert_allclose(values, expected.summary()["value"])
    assert result.compare()["auc_difference"].notna().all()
    assert table.groupby("y_true").size().sum() == len(y)
    found = evaluate(GaussianNB().fit(X, names[y].astype(object)), X, names[y], cv="prefit")
    assert found.missing.empty


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".html", ".md", ".json"])
def test_reports_are_written(data, result, tmp_path, suffix, recwarn):
    X, y, names = data
    path = tmp_path / f"{NOT_UTF8}{suffix}"
    card = {"Uses": f"Of {NOT_UTF8}."}
    report(result, X, names[y], path, title=f"{NOT_UTF8}, again", notes=[NOT_UTF8], card=card)
    text = path.read_bytes().decode()
    assert not [w for w in recwarn if "picture is missing" in str(w.message)]
    if suffix == ".json":
        found = json.loads(text)
        text = "\n".join([found["title"], *found["summary"], *found["model_card"]["Uses"]])
        text.encode()
    else:
        assert not set(ACTING) & set(text) - set("]0;ownedtx31m[2J")
        text = text.replace("\\\\", "\\")
    assert r"caf\udce9, again" in text
    assert r"of the images of class “caf\udce9” were found" in text
    assert r"Of caf\udce9." in text


def test_names_of_files_in_the_table_of_mistakes(tmp_path, data):
    from PIL import Image

    X, y, _ = data
    paths = []
    for i, image in enumerate(X[:60].reshape(-1, 8, 8)):
        folder = tmp_path / NOT_UTF8
        folder.mkdir(exist_ok=True)
        paths.append(str(folder / f"{NOT_UTF8}-{i}.png"))
        Image.fromarray((image * 15).astype(np.uint8)).save(paths[-1])
    labels = np.random.default_rng(0).permutation(y[:60])  # so that there are mistakes
    result = evaluate(GaussianNB(), X[:60], labels, cv=2)
    path = report(result, X[:60], labels, tmp_path / "report.md", images=paths)
    assert r"caf\\udce9-" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "draw",
    [
        lambda y: ConfusionMatricesDisplay.from_predictions(y, y),
        lambda y: PerClassMetricsDisplay.from_predictions(y, y),
        lambda y: ClassDistributionDisplay.from_labels(y),
        lambda y: ClassDistributionDisplay.from_labels(y == y[0], target_names=list(set(y))[:2]),
    ],
)
def test_plots(draw, data, tmp_path):
    _, y, names = data
    figure = draw(names[y]).figure_
    figure.savefig(tmp_path / "plot.png")
    plt.close(figure)


# ---- Markdown ------------------------------------------------------------------------------------


def same(X, note):
    return X


def test_html_in_parameters_stays_in_a_block_of_code(tmp_path):
    """Of a list, an indented block would be a part, and its HTML would be the page's."""
    X, y = load_digits(n_class=2, return_X_y=True)
    script = "<script>alert(1)</script>\n\n````\n<img src=x onerror=alert(2)>"
    step = FunctionTransformer(same, kw_args={"note": script})
    model = make_pipeline(step, GaussianNB())
    result = evaluate(model, X[:100], y[:100], cv=2)
    text = report(result, X[:100], y[:100], tmp_path / "r.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    opened = next(i for i, line in enumerate(lines) if line.startswith("```"))
    fence = lines[opened].removesuffix("text")
    closed = opened + 1 + lines[opened + 1 :].index(fence)
    assert lines[opened - 1] == ""
    assert "<script>" in "\n".join(lines[opened:closed])
    assert "<script>" not in "\n".join([*lines[:opened], *lines[closed:]])
    assert "<img" not in "\n".join([*lines[:opened], *lines[closed:]])


# ---- commands ------------------------------------------------------------------------------------


def printed(capsys, *arguments):
    status = cli.main([*map(str, arguments)])
    found = capsys.readouterr()
    text = found.out + found.err
    assert not set(ACTING) & set(text) - set("]0;ownedtx31m[2J")
    text.encode()
    return status, text


def test_store(tmp_path, capsys):
    folder = tmp_path / NOT_UTF8
    space = {"backbone": ACTING, "layer": [ACTING], f"size{ACTING}": NOT_UTF8}
    store = FeatureStore(folder)
    store.put(space, [b"1" * 32], np.zeros((1, 4), np.float32))
    status, text = printed(capsys, "store", "info", folder)
    assert status == 0
    assert SHOWN[:20] in text
    assert r"caf\udce9" in text
    assert printed(capsys, "store", "verify", folder)[0] == 0
    status, text = printed(capsys, "store", "info", tmp_path / ACTING.replace("\x1b]0", ""))
    assert status == 1
    assert r"\x1b[2J" in text
    assert printed(capsys, "store", "clear", folder)[0] == 0


def test_records_of_others(tmp_path, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    published = ROOT / "docs" / "studies" / "cifar-cnn.json"
    record = json.loads(published.read_text(encoding="utf-8"))
    record["data"]["name"] = ACTING
    record["notes"] = [f"{ACTING} {NOT_UTF8} <script>alert(1)</script>"]
    for row in record["comparison"]:
        row["note"] = f"{ACTING}\n{NOT_UTF8}"
    (folder / "study.json").write_text(json.dumps(record), encoding="utf-8")
    capsys.readouterr()
    status, text = printed(capsys, "study", "compare", folder)
    assert status == 0
    assert SHOWN in text
    status, text = printed(capsys, "study", "compare", "--markdown", folder)
    assert status == 0
    assert r"caf\udce9" in text
    assert "<script>" not in text
    status, text = printed(capsys, "study", "compare", tmp_path / f"no{ACTING[-3:]}")
    assert status == 1


def test_plugins(capsys):
    status, text = printed(capsys, "list", f"no{ACTING}")
    assert status == 1
    assert "matches" in text
