"""No message is longer than a screen, however large what it is about."""

import dataclasses
import warnings
import zipfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.naive_bayes import GaussianNB

from skdl import audit_images, evaluate, metrics, report
from skdl._utils.text import shortened
from skdl.datasets import (
    describe_images,
    load_cifar10,
    load_digits_images,
    load_feature_csv,
    load_image_folder,
    load_mnist,
)
from skdl.downloads import RemoteFile, extract_archive, fetch, fetch_content
from skdl.inspection import occlusion_maps
from skdl.metrics import compare_models, confidence_interval, wilson_interval
from skdl.plotting import (
    AugmentationDisplay,
    ClassDistributionDisplay,
    ConfusionMatricesDisplay,
    DataAuditDisplay,
    DecisionCurveDisplay,
    ImageGridDisplay,
    LearningCurveDisplay,
    ModelComparisonDisplay,
    OperatingPointDisplay,
    PerClassMetricsDisplay,
    PredictionGridDisplay,
    ReliabilityDisplay,
    SubgroupDisplay,
    TrainingHistoryDisplay,
)
from skdl.store import FeatureStore
from skdl.studies import compare_studies, get_study, run_study

SCREEN = 2000
N = 12
Y = np.arange(N) % 2
SCORES = np.linspace(0, 1, N)
IMAGES = np.random.default_rng(0).random((N, 4, 4))
X = IMAGES.reshape(N, -1)
BAYES = GaussianNB().fit(X, Y)


class Long:
    def __repr__(self):
        return "long " * 10**5


class Broken:
    def __repr__(self):
        raise RuntimeError("no repr")


HUGE = {
    "text": "a" * 10**6,
    "bytes": b"\xff" * 10**6,
    "list": list(range(10**5)),
    "list of text": ["b" * 10**4] * 100,
    "nested": [[["c" * 1000] * 100] * 20] * 20,
    "dict": {f"key {i}" * 100: "d" * 1000 for i in range(500)},
    "array": np.arange(10**5) / 7,
    "array of text": np.array(["e" * 1000] * 100),
    "array of objects": np.array(["f" * 10**5, None, 3], dtype=object),
    "frame": pd.DataFrame({"g" * 1000: ["h" * 1000] * 100}),
    "object": Long(),
    "number": 10**5000,
    "no repr": Broken(),
}


@pytest.mark.parametrize("what", HUGE)
def test_shortened(what):
    text = shortened(HUGE[what])
    assert len(text) <= 303
    assert "\n" not in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("malignant", "'malignant'"),
        (np.str_("a"), "'a'"),
        (np.float64(0.5), "0.5"),
        (None, "None"),
        ([0, 1, "x"], "[0, 1, 'x']"),
        ({"a": (1, 2)}, "{'a': (1, 2)}"),
        (np.zeros((3, 2)), "ndarray of shape (3, 2)"),
        (b"ab", "b'ab'"),
        (b"\0" * 1000, f"{bytes(30)!r}... (1,000 bytes)"),
        (GaussianNB(), "GaussianNB()"),
    ],
)
def test_what_is_short_is_shown_whole(value, shown):
    assert shortened(value) == shown


@pytest.fixture(scope="module")
def result():
    return evaluate(GaussianNB(), X, Y, cv=2, scoring="accuracy")


def fails(text):
    def score(y_true, y_pred):
        raise ValueError(text)

    return score


def subgroups_of(result):
    values = pd.DataFrame({"a": pd.Categorical(["b", "c"] * 6)})
    return dataclasses.replace(result, subgroup_values=values)


CALLS = {
    "labels": lambda h, r: metrics.sensitivity_score(h, Y),
    "predictions": lambda h, r: metrics.geometric_mean_score(Y, h),
    "pos_label": lambda h, r: metrics.sensitivity_score(Y, Y, pos_label=h),
    "average": lambda h, r: metrics.ppv_score(Y, Y, average=h),
    "zero_division": lambda h, r: metrics.npv_score(Y, Y, zero_division=h),
    "bound": lambda h, r: metrics.sensitivity_at_specificity_score(Y, SCORES, specificity=h),
    "scores": lambda h, r: metrics.specificity_at_sensitivity_score(Y, h, sensitivity=0.5),
    "probabilities": lambda h, r: metrics.expected_calibration_error(Y, h),
    "n_bins": lambda h, r: metrics.expected_calibration_error(Y, SCORES, n_bins=h),
    "norm": lambda h, r: metrics.expected_calibration_error(Y, SCORES, norm=h),
    "classes of": lambda h, r: metrics.brier_skill_score(Y, SCORES, labels=h),
    "class of the slope": lambda h, r: metrics.calibration_slope(Y, SCORES, pos_label=h),
    "thresholds": lambda h, r: metrics.net_benefit(Y, SCORES, h),
    "probabilities drawn": lambda h, r: ReliabilityDisplay.from_predictions(Y, {str(h)[:9999]: h}),
    "result drawn": lambda h, r: ReliabilityDisplay.from_result(r, [h]),
    "thresholds drawn": lambda h, r: DecisionCurveDisplay.from_predictions(Y, SCORES, thresholds=h),
    "counts": lambda h, r: wilson_interval(h, 3),
    "level": lambda h, r: wilson_interval(1, 3, level=h),
    "score": lambda h, r: confidence_interval(h, Y, Y),
    "method": lambda h, r: confidence_interval("accuracy", Y, Y, method=h),
    "n_resamples": lambda h, r: confidence_interval("accuracy", Y, Y, n_resamples=h),
    "interval of": lambda h, r: confidence_interval("accuracy", Y, h),
    "area of": lambda h, r: confidence_interval("roc_auc", Y, h),
    "models": lambda h, r: compare_models(Y, h),
    "model": lambda h, r: compare_models(Y, {"a": Y, str(h)[: 10**6]: h}),
    "labels=": lambda h, r: compare_models(Y, {"a": Y, "b": Y}, labels=["x", h]),
    "y_pred=": lambda h, r: compare_models(Y, {"a": Y, "b": Y}, y_pred={repr(h)[:9999]: Y}),
    "y": lambda h, r: evaluate(GaussianNB(), X, h),
    # Text is a path, which is for skdl.images to refuse.
    "X": lambda h, r: evaluate(GaussianNB(), None if isinstance(h, str) else h, Y),
    "estimator": lambda h, r: evaluate(h, X, Y),
    "estimators": lambda h, r: evaluate({"a" * 9999: h}, X, Y),
    "scoring": lambda h, r: evaluate(GaussianNB(), X, Y, scoring=h),
    "one of scoring": lambda h, r: evaluate(GaussianNB(), X, Y, scoring={"a" * 9999: h}),
    "pos_label of all": lambda h, r: evaluate(GaussianNB(), X, Y, pos_label=h),
    "groups": lambda h, r: evaluate(GaussianNB(), X, Y, groups=h),
    "subgroups": lambda h, r: evaluate(GaussianNB(), X, Y, subgroups=h),
    "a subgroup": lambda h, r: evaluate(GaussianNB(), X, Y, subgroups={"a" * 9999: h}),
    "subgroups of": lambda h, r: subgroups_of(r).subgroups(h),
    "min_images": lambda h, r: subgroups_of(r).subgroups(min_images=h),
    "by_group": lambda h, r: r.by_group(h),
    "per_model": lambda h, r: r.per_model(h),
    "repeat": lambda h, r: r.per_model("GaussianNB", h),
    "summary": lambda h, r: r.summary(level=h),
    "path": lambda h, r: report(r, X, Y, h),
    "card": lambda h, r: report(r, X, Y, "never.html", card=h),
    "matrix": lambda h, r: ConfusionMatricesDisplay.from_predictions(Y, h),
    "target_names": lambda h, r: ConfusionMatricesDisplay.from_predictions(Y, Y, target_names=[h]),
    "classes": lambda h, r: PerClassMetricsDisplay.from_predictions(h, Y),
    "threshold": lambda h, r: OperatingPointDisplay.from_predictions(Y, SCORES, pos_label=h),
    "which": lambda h, r: PredictionGridDisplay.from_predictions(IMAGES, Y, Y, which=h),
    "kind": lambda h, r: ClassDistributionDisplay.from_labels(Y).plot(kind=h),
    "of a class": lambda h, r: ClassDistributionDisplay.from_labels({"a": h, "b": []}),
    "n_per_class": lambda h, r: ImageGridDisplay.from_images(IMAGES, Y, n_per_class=h),
    "comparison": lambda h, r: ModelComparisonDisplay(h).plot(),
    "subgroups drawn": lambda h, r: SubgroupDisplay(h).plot(),
    "curves": lambda h, r: LearningCurveDisplay.from_scores({"a": h}, train_sizes=[1, 2]),
    "sizes": lambda h, r: LearningCurveDisplay.from_scores({"a": [[1]]}, train_sizes=h),
    "history": lambda h, r: TrainingHistoryDisplay(h).plot(),
    "ax": lambda h, r: TrainingHistoryDisplay({"loss": [1]}).plot(ax=h),
    "patch": lambda h, r: occlusion_maps(BAYES, X, patch=h),
    "fill": lambda h, r: occlusion_maps(BAYES, X, fill=h),
    "class": lambda h, r: occlusion_maps(BAYES, X, h),
    "audited": lambda h, r: audit_images(None if isinstance(h, str) else h),
    "labels of an audit": lambda h, r: audit_images(IMAGES, h),
    "groups of an audit": lambda h, r: audit_images(IMAGES, Y, groups=h),
    "similarity": lambda h, r: audit_images(IMAGES, Y, similarity=h),
    "n_jobs of an audit": lambda h, r: audit_images(IMAGES, Y, n_jobs=h),
    "pairs": lambda h, r: DataAuditDisplay.from_audit(audit_images(IMAGES), IMAGES, max_pairs=h),
    "images": lambda h, r: AugmentationDisplay.from_estimator(h, IMAGES),
}


def n_refused(call, given):
    """How many huge inputs are refused, each in a message of one screen at most."""
    errors = []
    for huge in HUGE.values():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                call(huge, given)
            except Exception as error:
                errors.append(str(error))
        assert all(len(str(warning.message)) < SCREEN for warning in caught)
    assert max(map(len, errors), default=0) < SCREEN, max(errors, key=len)[:300]
    return len(errors)


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
def test_no_error_holds_its_input(call, result):
    assert n_refused(CALLS[call], result) > len(HUGE) / 2
    plt.close("all")


LETTER = RemoteFile("letters/a.txt", ("https://example.org/a.txt",), sha256="0" * 64, size=1)
FILES = {
    "folder of images": lambda h, at: load_image_folder(h),
    "subset": lambda h, at: load_image_folder(at, subset=h),
    "on_error": lambda h, at: load_image_folder(at, on_error=h),
    "n_samples": lambda h, at: load_image_folder(at, n_samples=h),
    "path_column": lambda h, at: load_image_folder(at / "images.csv", path_column=h),
    "label_column": lambda h, at: load_image_folder(at / "images.csv", label_column=h),
    "group_column": lambda h, at: load_image_folder(at / "images.csv", group_column=h),
    "label_columns": lambda h, at: load_image_folder(at / "images.csv", label_columns=[h, "b"]),
    "groups of a folder": lambda h, at: load_image_folder(at, groups=h),
    "exclude": lambda h, at: load_image_folder(at, exclude=h),
    "table": lambda h, at: load_feature_csv(h),
    "target_column": lambda h, at: load_feature_csv(at / "table.csv", target_column=h),
    "groups": lambda h, at: load_feature_csv(at / "table.csv", group_column=h),
    "described": lambda h, at: describe_images(h, Y),
    "labels": lambda h, at: describe_images(IMAGES, h),
    "digits": lambda h, at: load_digits_images(n_samples=h),
    "version": lambda h, at: load_cifar10(version=h),
    "cifar10": lambda h, at: load_cifar10(data_home=h, download_if_missing=False),
    "jpegs": lambda h, at: load_cifar10(version="jpeg", data_home=h),
    "mnist": lambda h, at: load_mnist(data_home=h, download_if_missing=False),
    "name": lambda h, at: RemoteFile(h, ("https://example.org/a",), None, 1),
    "urls": lambda h, at: RemoteFile("a", h, None, 1),
    "sha256": lambda h, at: RemoteFile("a", ("https://example.org/a",), h, 1),
    "md5": lambda h, at: RemoteFile("a", ("https://example.org/a",), None, 1, md5=h),
    "data_home": lambda h, at: fetch(LETTER, data_home=h, download_if_missing=False),
    "content": lambda h, at: fetch_content(LETTER, data_home=h, download_if_missing=False),
    "archive": lambda h, at: extract_archive(h, at / "unpacked"),
    "unpacked": lambda h, at: extract_archive(at / "images.zip", h),
    "max_bytes": lambda h, at: extract_archive(at / "images.zip", at / "new", max_bytes=h),
    "store": lambda h, at: FeatureStore(h).put({}, [bytes(32)], np.zeros((1, 2), np.float32)),
    "store's max_bytes": lambda h, at: FeatureStore(max_bytes=h),
    "space": lambda h, at: FeatureStore().get(h, [bytes(32)], 2),
    "in a space": lambda h, at: FeatureStore().get({"a": {"b": {h, 1}}}, [bytes(32)], 2),
    "keys": lambda h, at: FeatureStore().get({}, h, 2),
    "key": lambda h, at: FeatureStore().get({}, [h], 2),
    "width": lambda h, at: FeatureStore().get({}, [bytes(32)], h),
    "features": lambda h, at: FeatureStore().put({}, [bytes(32)], h),
    "studies": lambda h, at: get_study(h),
    "study": lambda h, at: run_study(h),
    "n_train": lambda h, at: run_study("digits", n_train=h, out=at / "study"),
    "seed": lambda h, at: run_study("digits", seed=h, out=at / "study"),
    "only": lambda h, at: run_study("digits", only=[h], out=at / "study"),
    "out": lambda h, at: run_study("digits", out=h, only=["no such model"]),
    "records": lambda h, at: compare_studies(h),
    "record": lambda h, at: compare_studies([h]),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name in "ab":
        (folder / name).mkdir()
        Image.new("L", (8, 8)).save(folder / name / "1.png")
    (folder / "images.csv").write_text("path,label\na/1.png,a\nb/1.png,b\n")
    (folder / "table.csv").write_text("area,class\n1,a\n2,b\n")
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        archive.writestr("a/1.txt", "a")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("call", FILES)
def test_no_error_about_files_holds_its_input(call, files):
    assert n_refused(FILES[call], files) > 0


LONG = "c" * 10**5
TEXTS = {
    "names of columns": (load_image_folder, "list.csv", f"{LONG},d\na,1\n"),
    "columns": (load_image_folder, "list.csv", ",".join(f"c{i}" for i in range(9999)) + "\n1\n"),
    "one column": (load_image_folder, "list.csv", f"{LONG};d\na;1\n"),
    "paths": (load_image_folder, "list.csv", f"path,label\n{LONG}.png,a\n"),
    "labels": (load_image_folder, "list.csv", f"path,label\na.png,{LONG}\nb.png,b\n"),
    "values": (load_feature_csv, "table.csv", f"a,b\n{LONG},1\n"),
    "names of features": (load_feature_csv, "table.csv", f"{LONG},b\nNaN,1\n"),
    "parquet": (load_feature_csv, "table.parquet", LONG),
    "a record": (compare_studies, "study.json", f'{{"format": "{LONG}"}}'),
    "a damaged record": (compare_studies, "study.json", LONG),
}


@pytest.mark.parametrize("what", TEXTS)
def test_no_error_holds_a_file(what, tmp_path):
    function, name, text = TEXTS[what]
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=name) as caught:
        function(tmp_path / name)
    assert len(str(caught.value)) < SCREEN


def test_errors_of_others_are_cut():
    """What failed inside a fold may hold whatever it was given."""

    class Fails(GaussianNB):
        def fit(self, X, y):
            raise ValueError("a" * 10**6)

    with pytest.raises(ValueError, match="Every fold failed") as caught:
        evaluate(Fails(), X, Y, cv=2)
    assert len(str(caught.value)) < SCREEN
    scoring = {"it": metrics.make_clinical_scorer("sensitivity"), "that": lambda e, X, y: 1 / 0}
    scoring["other"] = lambda e, X, y: fails("a" * 10**6)(y, y)
    with pytest.warns(UserWarning, match="are missing"):
        found = evaluate(GaussianNB(), X, Y, cv=2, scoring=scoring)
    assert found.missing["reason"].map(len).max() < SCREEN
