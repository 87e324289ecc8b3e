"""Reports."""

import base64
import dataclasses
import errno
import json
import os
import re
import shutil
from contextlib import nullcontext
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from helpers import chromium, run_python
from matplotlib.text import Text
from PIL import Image
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    LeaveOneOut,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skdl
from skdl import BackboneFeatures, CNNClassifier, FeatureStore, evaluate
from skdl.evaluation import EvaluationWarning
from skdl.metrics import make_clinical_scorer
from skdl.plotting import SaliencyDisplay
from skdl.reporting import _content
from skdl.reporting._pictures import Subject, plans, worst_mistakes

report = partial(skdl.report, audit=False)  # which takes its time
SCRIPT = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Tags, the text that is shown, and what is loaded from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.shown, self.loaded = [], [], []
        self._inside = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._inside.append(tag)
        attrs = dict(attrs)
        address = attrs.get("src") or (attrs.get("href") if tag == "link" else None)
        if address and not address.startswith("data:"):
            self.loaded.append(address)

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self._inside):
            self.shown.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.shown).replace("\u00a0", " ").split())


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:600], y[:600]


@pytest.fixture(scope="module")
def evaluated(digits):
    models = {
        "ridge": make_pipeline(StandardScaler(), RidgeClassifier()),
        "svc": make_pipeline(StandardScaler(), SVC(probability=False, random_state=0)),
    }
    with pytest.warns(UserWarning, match="are missing"):  # no ROC AUC without probabilities
        return evaluate(models, *digits, cv=3)


@pytest.fixture(scope="module")
def binary(digits):
    X, y = digits
    labels = np.where(y == 8, "ill <b>", "well")
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, random_state=0))
    return X, labels, evaluate(model, X, labels, cv=3, pos_label="ill <b>")


def test_html(binary, tmp_path):
    X, y, result = binary
    before = plt.get_fignums()
    path = report(result, X, y, tmp_path / "report.html", title="Eights")
    page = Page(path.read_text(encoding="utf-8"))
    assert page.loaded == []
    summary = result.summary().set_index("metric")
    assert f"{summary.loc['roc_auc', 'value']:.3f}" in page.text
    percent = f"{100 * summary.loc['sensitivity', 'value']:.1f} %"
    assert f"{percent} of the images of class “ill <b>” were found" in page.text
    for heading in ("Scores", "Mistakes", "Classes", "Data", "Model", "How to reproduce"):
        assert heading in page.text
    for heading in ("Uses", "Out-of-scope use", "Bias, risks and limitations", "Training data"):
        assert heading in page.text
    assert result.data_digest in page.text
    assert page.tags.count("img") == len(pictures_of(path)) >= 6
    assert plt.get_fignums() == before


def pictures_of(path):
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', path.read_text(encoding="utf-8"))
    return [base64.b64decode(picture) for picture in found]


@pytest.fixture(scope="module")
def of_two_models(evaluated, digits, tmp_path_factory):
    """A report with its pictures as they are."""
    return report(evaluated, *digits, tmp_path_factory.mktemp("two") / "report.html")


def test_pictures_are_whole(evaluated, digits, of_two_models, tmp_path):
    path = of_two_models
    for number, picture in enumerate(pictures_of(path)):
        (tmp_path / f"{number}.png").write_bytes(picture)
        with Image.open(tmp_path / f"{number}.png") as image:
            image.load()
            assert min(image.size) > 100
    text = Page(path.read_text(encoding="utf-8")).text
    assert "Comparison of models" in text
    assert "Evaluation of svc" in text  # the better one
    assert "Missing scores" in text
    other = json.loads(report(evaluated, *digits, tmp_path / "r.json", model="ridge").read_text())
    assert (other["model"], other["title"]) == ("ridge", "Evaluation of ridge")


def test_a_fitted_network(digits, tmp_path):
    X, y = digits
    model = CNNClassifier(epochs=3, random_state=0).fit(X[:300], y[:300])
    path = report(model, X[300:], y[300:], tmp_path / "report.html")
    page = Page(path.read_text(encoding="utf-8"))
    score = f"{100 * model.score(X[300:], y[300:]):.1f} %"
    assert f"{score} of the images were classified correctly" in page.text
    assert "Training: loss and accuracy per epoch" in page.text
    assert "Where the network looked" in page.text
    assert "random_state=0" in page.text


def test_markdown(binary, tmp_path):
    X, y, result = binary
    path = report(result, X, y, tmp_path / "a report.md", title=f"*{SCRIPT}* | #1")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# \\*&lt;script&gt;alert(1)&lt;/script&gt;\\* \\| \\#1\n")
    assert "<script>" not in text
    assert "## Model card" in text
    images = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert len(images) >= 6
    for name in images:
        assert (tmp_path / name.replace("%20", " ")).is_file()


def test_json(evaluated, digits, tmp_path):
    path = report(evaluated, *digits, tmp_path / "report.json")
    found = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)  # no NaN
    summary = evaluated.summary()
    assert len(found["scores"]) == len(summary)
    first = found["scores"][0]
    assert first["value"] == pytest.approx(summary["value"].iloc[0])
    assert any(row["value"] is None and row["reason"] for row in found["scores"])
    assert found["versions"]["skdl"]
    assert "Uses" in found["model_card"]


def test_users_text_is_shown_as_text(digits, tmp_path):
    X, y = digits
    names = np.array([SCRIPT, '"><img src=x onerror=alert(2)>', "$x^2$ & {{ 7 * 7 }}"])
    labels = names[y % 3]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    result = evaluate({SCRIPT: model}, X, labels, cv=2, scoring={SCRIPT: "accuracy"})
    path = report(result, X, labels, tmp_path / "report.html", title=SCRIPT)
    page = Page(path.read_text(encoding="utf-8"))
    plain = Page(report(model.fit(X, y % 3), X, y % 3, tmp_path / "plain.html").read_text())
    assert page.tags.count("script") == plain.tags.count("script")
    assert "x" not in page.loaded
    assert SCRIPT in page.text
    assert "$x^2$ & {{ 7 * 7 }}" in page.text


@pytest.fixture(scope="module")
def scripted(digits, tmp_path_factory):
    """A report with scripts and long words in the place of names."""
    X, y = digits
    labels = np.where(y == 8, SCRIPT, "well " * 12)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    result = evaluate(model, X, labels, cv=2, pos_label=SCRIPT)
    path = tmp_path_factory.mktemp("scripted") / "report.html"
    return report(result, X, labels, path, title=SCRIPT).read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser(scripted, tmp_path, width):
    """Nothing of the user's runs, and nothing is wider than the window."""
    path = tmp_path / "report.html"
    probe = (
        "<script>window.alert = () => { document.title = 'alerted'; };"
        "addEventListener('load', () => document.body.setAttribute('data-found', JSON.stringify({"
        "page: document.documentElement.scrollWidth, window: innerWidth,"
        "heading: document.querySelector('h1').textContent})));</script>"
    )
    path.write_text(scripted.replace("<head>", f"<head>{probe}", 1), encoding="utf-8")
    # A window of Chromium is never narrower than 500 pixels; a frame may be.
    frame = tmp_path / "frame.html"
    frame.write_text(
        f"<iframe id='f' src='{path.name}' width='{width}' height='900' style='border:0'></iframe>"
        "<script>addEventListener('load', () => document.body.setAttribute('data-found',"
        "document.getElementById('f').contentDocument.body.getAttribute('data-found')))</script>"
    )
    dumped = chromium(
        tmp_path,
        "--allow-file-access-from-files",
        "--virtual-time-budget=5000",
        "--dump-dom",
        frame.as_uri(),
    )
    found = json.loads(
        re.search(r'data-found="([^"]*)"', dumped)
        .group(1)
        .replace("&quot;", '"')
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
    )
    assert found["heading"] == SCRIPT
    assert found["window"] == width
    assert found["page"] <= width
    assert "alerted" not in dumped


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_prints_to_three_pages(of_two_models, tmp_path):
    """And the checklist to two more."""
    path = of_two_models
    text = path.read_text(encoding="utf-8")
    without = tmp_path / "without.html"
    without.write_text(
        re.sub(r'<section class="check">.*?</section>', "", text, flags=re.DOTALL), encoding="utf-8"
    )
    assert len(without.read_text(encoding="utf-8")) < len(text)
    assert 2 <= n_pages(without, tmp_path) <= 3
    assert n_pages(path, tmp_path) <= n_pages(without, tmp_path) + 2


def n_pages(path, folder):
    chromium(folder, f"--print-to-pdf={folder / 'report.pdf'}", path.as_uri())
    return len(re.findall(rb"/Type */Page\b", (folder / "report.pdf").read_bytes()))


def test_a_table_of_features(tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    result = evaluate(RidgeClassifier(), X, y, cv=3)
    text = report(result, X, y, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "An image of each class" not in text
    assert "ROC curve" in text


def test_class_names_are_those_of_the_table(tmp_path, monkeypatch):
    X, y = load_digits(n_class=3, return_X_y=True)
    y = y + 1  # labels that could be positions in a list of three names
    model = LogisticRegression(max_iter=500).fit(X[:300], y[:300])
    rows = np.flatnonzero(y[300:] != 3) + 300
    rows = rows[model.predict(X[rows]) != 3]  # the last class does not occur
    X, y = X[rows], y[rows]
    result = evaluate(model, X, y, cv="prefit", pos_label=2, scoring="accuracy")
    kept = []
    monkeypatch.setattr(_content, "pictures", lambda drawn: (kept.append(list(drawn)), ([], []))[1])
    for names in (["1", "2", "3"], ["zero", "one", "two"]):
        given = None if names[0] == "1" else names
        report(result, X, y, tmp_path / "report.md", target_names=given)
        draw = {name: draw for name, _, draw in kept[-1]}
        shown = " ".join(text.get_text() for text in draw["classes"]().figure_.findobj(Text))
        for label, name in zip((1, 2), names, strict=False):
            assert re.search(rf"\b{name}\b.*{np.sum(y == label)}", shown)
        titles = {ax.get_title() for ax in draw["samples"]().axes_} - {""}
        assert titles <= set(names[:2])
        plt.close("all")


def test_the_worst_mistakes_are_the_surest(digits, tmp_path):
    X, y = digits
    model = FixedThresholdClassifier(
        LogisticRegression(C=3e-4, max_iter=500), threshold=0.1, response_method="predict_proba"
    ).fit(X[:300], y[:300] == 8)
    result = evaluate(model, X[300:], y[300:] == 8, cv="prefit")
    recorded = result.recorded("FixedThresholdClassifier")
    assert (recorded.confidence < 0.5).any()  # it decides against the larger probability
    second = recorded.predicted.astype(int)
    expected = recorded.probabilities[np.arange(len(second)), second]
    assert np.array_equal(recorded.confidence, expected)


def test_mistakes_by_decision_values(digits):
    X, y = digits
    for target in (y == 8, y):
        model = RidgeClassifier(alpha=1e4).fit(X[:300], target[:300])
        with pytest.warns(UserWarning, match="are missing") if target is y else nullcontext():
            result = evaluate(model, X[300:], target[300:], cv="prefit")
        values = model.decision_function(X[300:])
        sure = np.abs(values) if values.ndim == 1 else values.max(axis=1)
        assert np.allclose(result.recorded("RidgeClassifier").confidence, sure)


def test_images_of_another_evaluation(binary, tmp_path):
    X, y, result = binary
    with pytest.raises(ValueError, match="images in X differ .*, or are in another order"):
        report(result, X[::-1], y, tmp_path / "report.html")
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        report(result, X, y, tmp_path / "report.html", images=X[:5])
    assert list(tmp_path.iterdir()) == []


def test_images_beside_their_features(digits, tmp_path):
    X, y = digits
    features = X[:, ::3] / 16
    result = evaluate(LogisticRegression(max_iter=300), features, y, cv=3, scoring="accuracy")
    path = report(
        result, features, y, tmp_path / "report.md", images=X.reshape(-1, 8, 8), notes=["A <note>."]
    )
    text = path.read_text()
    assert (tmp_path / "report-pictures" / "mistakes.png").exists()
    assert "A &lt;note&gt;." in text
    assert text.index("A &lt;note") < text.index("was tested by")


@pytest.mark.usefixtures("undrawn")
def test_groups_and_the_best_of_several(digits, tmp_path):
    X, y = digits
    models = {"a": RidgeClassifier(), "b": LogisticRegression(max_iter=300)}
    options = {"cv": GroupKFold(3), "groups": np.arange(len(y)) // 4, "scoring": "accuracy"}
    result = evaluate(models, X, y, **options)
    text = report(result, X, y, tmp_path / "report.md").read_text()
    n_groups = len(np.unique(options["groups"]))
    assert f"belong to {n_groups} groups, such as patients, which intervals and p values" in text
    assert "independent, so true intervals are wider" not in text
    assert "the best of 2 models by accuracy" in text
    chosen = report(result, X, y, tmp_path / "report.md", model="a").read_text()
    assert "the best of" not in chosen


@pytest.mark.parametrize("suffix", [".html", ".md", ".json"])
def test_a_full_disk(binary, tmp_path, monkeypatch, suffix):
    """The report of before is as it was, and nothing of the new one is left."""
    X, y, result = binary
    code = errno.ENOSPC
    path = tmp_path / f"report{suffix}"
    path.write_text("the one before")

    def full(file, *arguments, **settings):
        # What fits is written, as on a disk; a picture or two do.
        written = sum(f.stat().st_size for f in tmp_path.rglob("*") if f.is_file())
        if written > 40_000 or file.name.startswith(f".{path.name}"):
            raise OSError(code, os.strerror(code), str(file))
        return whole(file, *arguments, **settings)

    whole = Path.write_bytes
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        patched.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match=f"{os.strerror(code)}. No part of it is left") as caught:
            report(result, X, y, path)
    assert caught.value.errno == code
    assert str(caught.value).startswith(f"The report '{path}' cannot be written: ")
    assert "Free disk space, or choose another path" in str(caught.value)
    assert [*tmp_path.rglob("*")] == [path]
    assert path.read_text() == "the one before"


def test_a_place_that_cannot_be_written_is_refused_before_the_work(digits, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="is a file. Choose another path for the report"):
        report(Never(), *digits, tmp_path / "file" / "report.html")


class Never:
    classes_ = [3, 8]

    def fit(self, X, y):
        return self

    def predict(self, X):
        pytest.fail("It was evaluated all the same.")


@pytest.mark.usefixtures("undrawn")
def test_a_folder_in_the_place_of_the_report(binary, tmp_path):
    X, y, result = binary
    (tmp_path / "report.html").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder. Choose another path"):
        report(result, X, y, tmp_path / "report.html")
    assert report(result, X, y, tmp_path / "REPORT.HTML").read_text().startswith("<!DOCTYPE")


def test_a_report_in_the_home_folder(binary, tmp_path, monkeypatch):
    X, y, result = binary
    monkeypatch.setenv("HOME", str(tmp_path))
    assert report(result, X, y, "~/report.json") == tmp_path / "report.json"


def test_paths_and_names(digits, tmp_path):
    X, y = digits
    paths = []
    for number in range(50):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray((X[number] * 15).astype(np.uint8).reshape(8, 8)).save(paths[-1])
    model = CNNClassifier(epochs=1, random_state=0)
    with pytest.warns(UserWarning, match="contains classes|are missing|not in y_true"):
        result = evaluate(model, paths, y[:50] % 2, cv=2)
    names = ["even", "odd"]
    path = report(result, paths, y[:50] % 2, tmp_path / "report.html", target_names=names)
    text = Page(path.read_text(encoding="utf-8")).text
    assert "even" in text
    assert "PNG" in text  # from the description of the files
    assert "look at the intervals" in text


def test_a_test_set_of_one_class(digits, tmp_path):
    X, y = digits
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(X, y == 8)
    path = report(model, X[y == 8], y[y == 8] == 8, tmp_path / "report.html")
    text = Page(path.read_text(encoding="utf-8")).text
    assert "Few test images of the class “False” (0)" in text
    assert "Missing scores" in text


@pytest.mark.usefixtures("undrawn")
def test_a_model_that_always_fails_beside_others(digits, tmp_path):
    X, y = digits
    models = {"fails": SVC(C=-1), "works": LogisticRegression(max_iter=300)}
    with pytest.warns(UserWarning, match="are missing"):
        result = evaluate(models, X, y == 8, cv=2)
    text = Page(report(result, X, y == 8, tmp_path / "report.html").read_text()).text
    assert "Evaluation of works" in text
    with pytest.raises(ValueError, match="'fails' has no predictions"):
        report(result, X, y == 8, tmp_path / "report.html", model="fails")


@pytest.mark.usefixtures("undrawn")
def test_the_threshold_is_that_of_the_model(digits, tmp_path):
    X, y = digits[0], (digits[1] == 8).astype(int)
    plain = LogisticRegression(C=0.001, max_iter=300)
    model = FixedThresholdClassifier(plain, threshold=0.2).fit(X, y)
    ((_, _, draw),) = [p for p in plans(subject(model, X, y)) if p[0] == "operating_point"]
    marked = draw().axes_[1].get_legend_handles_labels()[1]
    plt.close("all")
    lowest = plain.fit(X, y).predict_proba(X)[:, 1][model.predict(X) == 1].min()
    assert any(f"threshold {lowest:.3g}" in text for text in marked)
    tuned = TunedThresholdClassifierCV(plain, scoring="balanced_accuracy", random_state=0)
    result = evaluate(tuned, X, y, cv=3)
    text = Page(report(result, X, y, tmp_path / "report.html").read_text()).text
    assert "0.5 is marked; the thresholds of the folds differ" in text


def subject(model, X, y):
    result = evaluate(model, X, y, cv="prefit")
    (name,) = result.models
    return Subject(result, name, X, y, ["other", "eight"], None, result.summary())


@pytest.mark.usefixtures("undrawn")
def test_what_should_make_a_reader_wonder(digits, tmp_path):
    X, y = digits
    X = X.copy()
    X[-1] = X[0]
    with pytest.warns(UserWarning, match="are also in the training data|are missing") as caught:
        result = evaluate(LogisticRegression(C=1e-9), X, (y == 8).astype(int), cv=3)
    told = [str(warning.message) for warning in caught]
    assert any("2 test images are also in the training data" in text for text in told)
    text = Page(report(result, X, (y == 8).astype(int), tmp_path / "r.html").read_text()).text
    assert "2 test images are also in the training data: the scores are too good" in text
    assert "predicts the same class for all images" in text
    assert "without a seed" not in text  # this solver draws nothing


@pytest.mark.usefixtures("undrawn")
def test_a_single_test_set(digits, tmp_path):
    X, y = digits
    X = X.copy()
    X[300] = X[0]
    halves = [(np.arange(300), np.arange(300, 600))]
    with pytest.warns(UserWarning, match="1 test image is also in the training data"):
        result = evaluate(LogisticRegression(max_iter=300), X, y, cv=halves)
    text = Page(report(result, X, y, tmp_path / "r.html").read_text(encoding="utf-8")).text
    assert "was trained once and tested on 300 images of 10 classes" in text
    assert "Training data 300 images: see “Data”." in " ".join(text.split())
    assert "1 test image is also in the training data: the scores are too good" in text


@pytest.mark.usefixtures("undrawn")
def test_overlapping_test_sets(digits, tmp_path):
    X, y = digits
    draws = ShuffleSplit(3, train_size=200, test_size=300, random_state=0)
    result = evaluate(LogisticRegression(max_iter=300), X, y, cv=draws)
    text = Page(report(result, X, y, tmp_path / "r.html").read_text(encoding="utf-8")).text
    n_tested = result.predictions["row"].nunique()
    assert 300 < n_tested < 900
    assert (
        f"was trained and tested 3 times, on overlapping parts of {n_tested} images of 10 classes."
    ) in text
    assert "Training data 200 images, in each fold: see “Data”." in " ".join(text.split())


class TestRepeats:
    @pytest.fixture(scope="class")
    def repeated(self, digits):
        X, y = digits
        cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
        return evaluate(LogisticRegression(max_iter=300), X, y, cv=cv, scoring="accuracy")

    @pytest.mark.usefixtures("undrawn")
    def test_are_explained(self, digits, repeated, tmp_path):
        text = Page(report(repeated, *digits, tmp_path / "r.html").read_text("utf-8")).text
        assert "by cross-validation, 2 times in 3 folds, on 600 images" in text
        assert "means over 2 repeats, in each of which every image was tested once" in text
        value = repeated.summary()["value"].item()
        assert value == pytest.approx(repeated.scores["value"].mean(), abs=1e-3)
        assert f"{value:.3f}" in text

    @pytest.mark.usefixtures("undrawn")
    def test_draws_count_as_often_as_all_were_tested(self, digits, tmp_path):
        X, y = digits
        draws = ShuffleSplit(3, test_size=0.5, random_state=0)
        result = evaluate(LogisticRegression(max_iter=300), X, y, cv=draws, scoring="accuracy")
        text = Page(report(result, X, y, tmp_path / "r.html").read_text("utf-8")).text
        assert "Images were tested up to 3 times: only the first prediction of each counts." in text


@pytest.mark.usefixtures("undrawn")
def test_intervals_are_explained(binary, evaluated, digits, tmp_path):
    X, y, result = binary
    text = Page(report(result, X, y, tmp_path / "r.html", level=0.9).read_text("utf-8")).text
    assert "90 % of the intervals would contain the score of all such images" in text
    for name in ("Wilson: for proportions", "MOVER: for combinations", "DeLong: for the area"):
        assert name in text
    assert "Bootstrap:" not in text
    found = json.loads(report(evaluated, *digits, tmp_path / "r.json").read_text("utf-8"))
    assert any(sentence.startswith("MOVER") for sentence in found["intervals"])


@pytest.mark.usefixtures("undrawn")
def test_models_are_compared_by_what_they_predicted(digits, tmp_path):
    X, y = digits[0], (digits[1] == 8).astype(int)
    plain = LogisticRegression(C=0.001, max_iter=300)
    strict = FixedThresholdClassifier(plain, threshold=0.9, response_method="predict_proba")
    result = evaluate({"plain": plain, "strict": strict}, X, y, cv=3)
    found, missed = (result.per_model(model)["y_pred"] for model in ("plain", "strict"))
    only_plain = ((found == y) & (missed != y)).sum()
    assert only_plain > 10
    only_strict = ((missed == y) & (found != y)).sum()
    text = Page(report(result, X, y, tmp_path / "r.html").read_text("utf-8")).text
    assert f"{only_plain} against {only_strict} images" in text
    difference = (found[y == 1] == 1).mean() - (missed[y == 1] == 1).mean()
    assert f"{difference:+.3f} (".replace("-", "−") in text


@pytest.mark.usefixtures("undrawn")
def test_sentences_are_of_the_class_that_a_scorer_means(digits, tmp_path):
    X, y = digits[0][:200], np.where(digits[1][:200] == 8, "ill", "well")
    models = {"a": LogisticRegression(max_iter=300), "b": RidgeClassifier()}
    scoring = {"sensitivity": make_clinical_scorer("sensitivity", pos_label="ill")}
    result = evaluate(models, X, y, cv=3, scoring=scoring)
    assert result.positive == "ill"
    table = result.per_model("a")
    share = 100 * (table["y_pred"] == "ill")[table["y_true"] == "ill"].mean()
    text = Page(report(result, X, y, tmp_path / "r.html", model="a").read_text("utf-8")).text
    assert f"{share:.1f} % of the images of class “ill” were found (sensitivity, 95 % int" in text
    found = result.summary().set_index("model")["value"]
    row = result.compare().iloc[0]
    assert row["sensitivity_difference"] == pytest.approx(found["a"] - found["b"])
    several = evaluate(
        models["a"], *digits, cv=3, scoring={"it": make_clinical_scorer("sensitivity", pos_label=3)}
    )
    text = Page(report(several, *digits, tmp_path / "r.html").read_text("utf-8")).text
    assert "of the images of class “3” were found" in text


@pytest.mark.slow
def test_what_has_no_interval_shows_none(digits, tmp_path):
    X, y = digits[0], (digits[1] == 0).astype(int)
    models = {"perfect": SVC(), "dummy": DummyClassifier()}
    with pytest.warns(EvaluationWarning, match="are missing"):
        result = evaluate(models, np.c_[X, 50 * y], y, cv=3)
    path = report(result, np.c_[X, 50 * y], y, tmp_path / "r.md", image_shape=(13, 5))
    assert "nan" not in path.read_text("utf-8")
    assert "p = –" not in path.read_text("utf-8")


@pytest.mark.slow
def test_a_model_that_finds_nothing_has_a_curve(digits, tmp_path):
    X, y = digits[0], (digits[1] == 8).astype(int)
    model = FixedThresholdClassifier(
        LogisticRegression(max_iter=300), threshold=1.0, response_method="predict_proba"
    )
    with pytest.warns(EvaluationWarning, match="are missing"):
        result = evaluate(model, X, y, cv=2)
    text = Page(report(result, X, y, tmp_path / "r.html").read_text("utf-8")).text
    assert "ROC curve, and sensitivity and specificity by threshold" in text
    assert "must be a finite number" not in text
    assert "The model predicts the same class for all images." in text


def test_whatever_was_evaluated_has_a_report(digits, tmp_path):
    X, y = digits[0], (digits[1] == 8).astype(int)
    plain = LogisticRegression(max_iter=300)
    column = pd.DataFrame({"y": y})
    report(evaluate(plain, X, column, cv=2), X, column, tmp_path / "column.html")
    rows = sparse.csr_array(X)
    report(evaluate(plain, rows, y, cv=2), rows, y, tmp_path / "sparse.html")
    fitted = {"a": clone(plain).fit(X, y), "b": RidgeClassifier().fit(X, y)}
    with pytest.warns(EvaluationWarning, match="are missing"):
        result = evaluate(fitted, X[y == 1], y[y == 1], cv="prefit")
    text = Page(report(result, X[y == 1], y[y == 1], tmp_path / "one.html").read_text()).text
    assert "The models are not compared: y_true has only one class" in text


def searched(models):
    spaces = {"a": {"alpha": [1.0]}, "c": {"strategy": ["prior"]}}
    return {name: GridSearchCV(models[name], space, cv=2) for name, space in spaces.items()}


@pytest.mark.usefixtures("undrawn")
def test_the_best_of_equal_models(digits, tmp_path):
    X, y = digits
    models = {"a": RidgeClassifier(), "b": RidgeClassifier(), "c": DummyClassifier()}
    with pytest.warns(EvaluationWarning, match="are missing"):
        result = evaluate(models, X, y, cv=3)
    text = Page(report(result, X, y, tmp_path / "r.html").read_text("utf-8")).text
    assert "Evaluation of a" in text
    assert "the best of 3 models by accuracy on these images, together with “b”, so its" in text
    chosen = evaluate(searched(models), X, y, cv=3).choose("accuracy")
    text = Page(report(chosen, X, y, tmp_path / "r.html", model="best").read_text("utf-8")).text
    assert "Each fold chose it among 2 models by inner scores" in text
    assert "so choosing it has not made its scores too good." in text
    assert text.count("too good") == 1
    text = Page(report(chosen, X, y, tmp_path / "r.html", model="a").read_text("utf-8")).text
    assert "the best of 2 models by accuracy on these images, so its scores" in text


def test_the_diagram_of_an_estimator_needs_no_locale(binary, tmp_path, monkeypatch):
    X, y, result = binary

    def in_ascii(estimator):
        return "é".encode().decode("ascii")

    monkeypatch.setattr("skdl.reporting._content.estimator_html_repr", in_ascii)
    page = report(result, X, y, tmp_path / "r.html").read_text("utf-8")
    assert "<pre>Pipeline(steps=[(&#x27;standardscaler&#x27;, StandardScaler())," in page


@pytest.mark.usefixtures("undrawn")
def test_time_that_a_store_saved(digits, tmp_path):
    X, y = digits[0][:60].reshape(-1, 8, 8), digits[1][:60] % 2
    store = FeatureStore()
    model = make_pipeline(BackboneFeatures(image_size=16, store=store), LogisticRegression())
    first = evaluate(model, X, y, cv=2, scoring="accuracy")
    again = evaluate(model, X, y, cv=2, scoring="accuracy")
    saved = [result.times["stored_seconds"].sum() for result in (first, again)]
    assert 0 < saved[0] < saved[1]  # test images of one fold are training images of the next
    assert sum(saved) < store.seconds_saved  # probabilities are asked for after the clock stopped
    long = dataclasses.replace(again, times=again.times.assign(stored_seconds=78.0))
    text = Page(report(long, X, y, tmp_path / "r.html").read_text("utf-8")).text
    assert "computing the features that were read from a store would have taken 156 seconds" in text
    assert "Time saved by a store per fold (s)" in text
    assert "78.00" in text


@pytest.mark.parametrize(
    ("model", "unseeded"),
    [
        (make_pipeline(StandardScaler(), SVC()), ""),
        (LogisticRegression(solver="saga", max_iter=9), "random_state"),
        (make_pipeline(PCA(svd_solver="full"), RandomForestClassifier(5)), "randomforest"),
        (make_pipeline(PCA(svd_solver="randomized"), RidgeClassifier()), "pca__random_state"),
        (RandomForestClassifier(5, random_state=0), ""),
    ],
)
@pytest.mark.filterwarnings("ignore:The max_iter was reached")
def test_only_seeds_that_matter_are_missed(digits, tmp_path, model, unseeded):
    X, y = digits
    result = evaluate(model, X, y, cv=2, scoring="accuracy")
    found = json.loads(report(result, X, y, tmp_path / "r.json").read_text("utf-8"))
    if unseeded:
        assert found["reproduce"]["May differ"].startswith(f"without a seed: {unseeded}")
    else:
        assert not found["reproduce"]["May differ"]


@pytest.mark.usefixtures("undrawn")
def test_hundreds_of_folds_say_the_same_once(digits, tmp_path):
    X, y = digits[0][:60], digits[1][:60]
    with pytest.warns(UserWarning, match="are missing") as caught:
        result = evaluate(RidgeClassifier(), X, y, cv=LeaveOneOut())
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == len(set(messages)) < 5
    text = Page(report(result, X, y, tmp_path / "r.html").read_text("utf-8")).text
    assert "60 of 60" in text  # folds without a ROC AUC, in one row
    assert text.count("60 of 60") < 10


class TestMistakes:
    @pytest.fixture(scope="class")
    def files(self, digits, tmp_path_factory):
        folder = tmp_path_factory.mktemp("patients")
        for row in range(80):
            place = folder / ("even" if digits[1][row] % 2 == 0 else "odd")
            place.mkdir(exist_ok=True)
            pixels = (digits[0][row].reshape(8, 8) * 15.9).astype(np.uint8)
            Image.fromarray(pixels).save(place / f"scan-{row}.png")
        paths = sorted(str(path) for path in folder.rglob("*.png"))
        return folder, paths, [int("odd/" in path) for path in paths]

    @pytest.mark.usefixtures("undrawn")
    def test_have_the_names_of_their_files(self, files, tmp_path):
        folder, paths, y = files
        result = evaluate(CNNClassifier(epochs=1, random_state=0), paths, y, cv=2)
        page = Page(report(result, paths, y, tmp_path / "r.html").read_text("utf-8"))
        table = result.per_model("CNNClassifier")
        wrong = table[table["y_true"] != table["y_pred"]]["row"]
        named = re.findall(r"(?:odd|even)/scan-\d+\.png", page.text)
        assert len(named) == min(len(wrong), 12) > 0
        assert set(named) <= {str(Path(paths[row]).relative_to(folder)) for row in wrong}
        assert str(folder) not in page.text  # nobody's business

    @pytest.mark.usefixtures("undrawn")
    def test_of_arrays_have_their_rows(self, binary, tmp_path):
        X, y, result = binary
        text = report(result, X, y, tmp_path / "r.md").read_text("utf-8")
        table = result.per_model("Pipeline")
        first = table[table["y_true"] != table["y_pred"]]
        assert any(f"| row {row} |" in text for row in first["row"])
        assert "| No. | Image | True class | Predicted | Probability |" in text

    @pytest.mark.slow
    def test_show_where_the_network_of_the_fold_looked(self, digits, tmp_path, monkeypatch):
        X, y = digits[0][:90].reshape(-1, 8, 8), digits[1][:90] % 2
        network = CNNClassifier("separable", epochs=1, random_state=0)
        model = GridSearchCV(network, {"batch_size": [16]}, cv=2)
        result = evaluate(model, X, y, cv=2, return_estimator=True)
        assert sorted(result.fitted) == [("GridSearchCV", 0), ("GridSearchCV", 1)]
        asked = []
        real = SaliencyDisplay.from_estimator.__func__

        def noted(cls, estimator, *args, **params):
            asked.append(estimator)
            return real(cls, estimator, *args, **params)

        monkeypatch.setattr(SaliencyDisplay, "from_estimator", classmethod(noted))
        text = Page(report(result, X, y, tmp_path / "r.html").read_text("utf-8")).text
        assert re.search(r"Where the network looked.*\((Grad-CAM|occlusion)", text)
        table = result.per_model("GridSearchCV")
        confidence = result.recorded("GridSearchCV").confidence
        wrong = np.flatnonzero(table["y_true"] != table["y_pred"])
        worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:6]
        folds = table["fold"].to_numpy()[worst]
        assert asked == [result.fitted["GridSearchCV", fold] for fold in folds]
        without = evaluate(model, X, y, cv=2)
        assert without.fitted == {}
        assert "Where the network" not in report(without, X, y, tmp_path / "r.md").read_text()

    @pytest.mark.slow
    def test_show_where_the_network_looked_whose_features_are_taken(self, digits, tmp_path):
        X, y = digits[0][:60].reshape(-1, 8, 8), np.arange(60) % 2  # half of them are mistakes
        model = make_pipeline(BackboneFeatures(store=None), LogisticRegression(max_iter=300))
        result = evaluate(model, X, y, cv=2, return_estimator=True)
        kept = {key: fitted for key, fitted in result.fitted.items() if key[1] == 1}
        wrong, _ = worst_mistakes(result, "Pipeline")
        folds = result.per_model("Pipeline")["fold"].to_numpy()[wrong[:6]]
        numbers = [str(number) for number in np.flatnonzero(folds == 1) + 1]
        assert 1 < len(numbers) < 6
        where = f"numbers {', '.join(numbers[:-1])} and {numbers[-1]} of these (occlusion)"
        text = report(dataclasses.replace(result, fitted=kept), X, y, tmp_path / "r.md").read_text(
            "utf-8"
        )
        assert f"Where the network looked, in {where}" in text

    def test_estimators_are_not_kept_in_a_checkpoint(self, digits, tmp_path):
        with pytest.raises(ValueError, match="A checkpoint does not keep estimators"):
            evaluate(
                RidgeClassifier(), *digits, checkpoint=tmp_path / "kept", return_estimator=True
            )
        assert not (tmp_path / "kept").exists()


class TestCard:
    @pytest.mark.usefixtures("undrawn")
    def test_can_be_filled_in(self, binary, tmp_path):
        X, y, result = binary
        card = {"Uses": SCRIPT, "Citation": ["One, 2026.", "Two."], "Model card contact": "Nobody"}
        path = report(result, X, y, tmp_path / "r.html", card=card)
        page = Page(path.read_text("utf-8"))
        assert SCRIPT not in path.read_text("utf-8")
        for text in (SCRIPT, "One, 2026.", "Two.", "Nobody"):
            assert text in page.text
        assert "Not stated." not in page.text
        assert "Not stated." in Page(report(result, X, y, path).read_text("utf-8")).text

    @pytest.mark.parametrize(
        ("card", "message"),
        [
            ({"Use": "x"}, "card has no heading 'Use'. Its headings are: Model details, Uses, "),
            ("Uses: x", "card must be a dict of headings and texts. Got str"),
        ],
    )
    def test_bad_input(self, binary, tmp_path, card, message):
        X, y, result = binary
        with pytest.raises(ValueError, match=message):
            report(result, X, y, tmp_path / "r.html", card=card)
        assert list(tmp_path.iterdir()) == []


def test_an_older_report_stays_until_the_new_one_is_whole(binary, tmp_path, monkeypatch):
    X, y, result = binary
    path = tmp_path / "report.html"
    path.write_text("older")
    monkeypatch.setattr("skdl.reporting._report.html", lambda content: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report(result, X, y, path)
    assert path.read_text() == "older"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_picture_that_fails_is_named(binary, tmp_path, monkeypatch):
    X, y, result = binary

    def fails(*args, **kwargs):
        raise RuntimeError("out of ink")

    monkeypatch.setattr(
        "skdl.plotting.PerClassMetricsDisplay.from_predictions", fails, raising=True
    )
    with pytest.warns(UserWarning, match="picture is missing.*out of ink"):
        path = report(result, X, y, tmp_path / "report.html")
    assert "out of ink" in Page(path.read_text(encoding="utf-8")).text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "report.pdf"}, r"end in .html, .md or .json"),
        ({"model": "forest"}, "no model 'forest'"),
        ({"y": np.array(["well"] * 600)}, "labels in y differ from those of the evaluation"),
        ({"X": np.zeros((10, 64))}, "Pass X and y of the evaluation"),
        ({"level": 2}, "level"),
        ({"target_names": ["one"]}, "target_names"),
    ],
)
def test_bad_input(binary, tmp_path, change, message):
    X, y, result = binary
    arguments = {"X": X, "y": y, "path": "report.html", **change}
    path = tmp_path / arguments.pop("path")
    with pytest.raises(ValueError, match=message):
        report(result, arguments.pop("X"), arguments.pop("y"), path, **arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_matplotlib_is_not_needed_until_then():
    run_python("import sys, skdl.reporting; assert 'matplotlib' not in sys.modules")
