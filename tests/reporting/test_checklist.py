"""The checklist: each answer of a report against what is known of the run by other means."""

import hashlib
import json
import platform
from functools import partial
from html.parser import HTMLParser
from importlib.metadata import version

import joblib
import numpy as np
import onnx_models
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import (
    balanced_accuracy_score,
    confusion_matrix,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skdl
from skdl import BackboneFeatures, CNNClassifier, TransferClassifier, evaluate
from skdl.audit import find_look_alikes
from skdl.evaluation import EvaluationWarning
from skdl.images import read_batch
from skdl.metrics import confidence_interval

report = partial(skdl.report, audit=False)  # which takes its time
CLAIM = [str(number) for number in range(1, 45)]
TRIPOD = [
    "1",
    "2",
    "3a",
    "3b",
    "3c",
    "4",
    "5a",
    "5b",
    "6a",
    "6b",
    "6c",
    "7",
    "8a",
    "8b",
    "8c",
    "9a",
    "9b",
    "9c",
    "10",
    "11",
    "12a",
    "12b",
    "12c",
    "12d",
    "12e",
    "12f",
    "12g",
    "13",
    "14",
    "15",
    "16",
    "17",
    "18a",
    "18b",
    "18c",
    "18d",
    "18e",
    "18f",
    "19",
    "20a",
    "20b",
    "20c",
    "21",
    "22",
    "23a",
    "23b",
    "24",
    "25",
    "26",
    "27a",
    "27b",
    "27c",
]
X, Y = load_digits(return_X_y=True)
X, Y = X[:300].reshape(-1, 8, 8), Y[:300]
CALIBRATION = {
    "expected_calibration_error": "Expected calibration error",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
    "brier": "Brier score",
    "brier_skill": "Brier skill",
}
# What a machine answers, and no run.
OF_THE_MACHINE = {"Software", "Machine and time"}


def lines(folder, source, images=X, labels=Y, **settings):
    path = report(source, images, labels, folder / "r.json", **settings)
    return json.loads(path.read_text("utf-8"))["checklist"]


def answers(*args, **settings):
    """Answers of the run, by what the items ask."""
    found = lines(*args, **settings)
    assert len({line["asks"] for line in found}) == len(found)
    return {line["asks"]: line["answer"] for line in found if line["answer"]}


def share(n, n_all):
    return f"{n} ({100 * n / n_all:.1f}\u00a0%)"


def wilson(hits, n):
    """By the formula of Wilson (1927)."""
    z, p = 1.959963984540054, hits / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return f"{p:.3f} ({middle - half:.3f} to {middle + half:.3f})"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def network():
    """Labels, groups and the evaluation of a network whose folds keep groups together."""
    y, groups = (Y % 2).astype(int), np.r_[np.arange(298) // 3, 99, 99]
    model = CNNClassifier(epochs=4, batch_size=16, random_state=3, class_weight="balanced")
    result = evaluate(model, X, y, cv=GroupKFold(3), groups=groups, return_estimator=True)
    return y, groups, result


@pytest.mark.slow
def test_a_network_in_folds(network, folder):
    y, groups, result = network
    table = result.predictions.sort_values("row")
    y_pred, scores = table["y_pred"].to_numpy(), table["proba_1"].to_numpy()
    assert (y_pred == (scores >= 0.5)).all()
    folds = list(GroupKFold(3).split(X, y, result.groups))
    fold_of = np.zeros(300)
    for number, (_, rows) in enumerate(folds):
        fold_of[rows] = number
    pairs = find_look_alikes(read_batch(X, mixed=True))
    assert len(pairs.first) > 1
    assert (fold_of[pairs.first] == fold_of[pairs.second]).all()
    alike = (
        f"None of {len(pairs.first)} pairs of images that look alike is in both training and test "
        "data of a fold."
    )
    n_train, n_test = (sorted({len(fold[side]) for fold in folds}) for side in (0, 1))
    (tn, fp), (fn, tp) = confusion_matrix(y, y_pred)
    wrong, often = fp + fn, ("even", "odd", fp) if fp >= fn else ("odd", "even", fn)
    sizes = np.unique(groups, return_counts=True)[1]
    balanced = confidence_interval("balanced_accuracy", y, y_pred, groups=result.groups)
    auc = confidence_interval("roc_auc", y, scores, groups=result.groups)

    def limits(name, hits, n):
        _, low, high = confidence_interval(name, y, y_pred, groups=result.groups)
        return f"{hits / n:.3f} ({low:.3f} to {high:.3f})"

    ends = {
        name: f"{value:.3f} ({found[1]:.3f} to {found[2]:.3f})"
        for name, value, found in (
            ("balanced accuracy", balanced_accuracy_score(y, y_pred), balanced),
            ("ROC AUC", roc_auc_score(y, scores), auc),
        )
    }
    test = [
        f"sensitivity {limits('sensitivity', tp, tp + fn)}, specificity "
        f"{limits('specificity', tn, tn + fp)}",
        f"ROC AUC {ends['ROC AUC']}",
        f"positive predictive value {limits('ppv', tp, tp + fp)}",
        f"negative predictive value {limits('npv', tn, tn + fn)}",
    ]
    assert set(sizes) == {3}
    assert len(n_train) == len(n_test) == 2
    calibrated = []
    for name, title in CALIBRATION.items():
        value, low, high = confidence_interval(
            name, y, scores, groups=result.groups, random_state=0
        )
        calibrated.append(f"{title} {value:.3f} ({low:.3f} to {high:.3f})")
    brier = np.mean((scores - y) ** 2)
    assert f"Brier score {brier:.3f} (" in calibrated[3]
    skill = 1 - brier / np.mean((y.mean() - y) ** 2)
    assert f"Brier skill {skill:.3f} (" in calibrated[4]
    counts = result.fitted["CNNClassifier", 0].model_.count_params()
    expected = {
        "Development, evaluation, or both": "Both: models were fitted, and tested on held-out "
        "images.",
        "Number of images, by class": f"300 images of 2 classes: “even” "
        f"{share((y == 0).sum(), 300)}, “odd” {share((y == 1).sum(), 300)}.",
        "Number of patients or other groups": f"{len(sizes)} groups, such as patients, with 3 "
        "images each.",
        "What the model sees": "Images of 8 × 8 pixels (height × width), channels: 1, format: "
        f"float64, values from {X.min():g} to {X.max():g}.",
        "Unreadable images, copies and look-alikes": "None of 300 images is unreadable, and none "
        "repeats another one pixel for pixel.",
        "Preprocessing": "Pixel values are interpreted as black at 0 and white at 16.",
        "Missing data": "No label and no value of X is missing.",
        "Division into training and test data": "“CNNClassifier” was tested by cross-validation in "
        f"3 folds on 300 images of 2 classes. Folds: cv={GroupKFold(3)!r}.",
        "What was kept apart": f"Groups, such as patients: none of {len(sizes)} is in both "
        "training and test data of a fold.",
        "Test images in the training data": "No test image is also in the training data of its "
        f"fold, value for value. {alike}",
        "Numbers in each analysis": f"Tested: 300 images (“even” {(y == 0).sum()}, “odd” "
        f"{(y == 1).sum()}). Trained on {n_train[0]} to {n_train[1]} and tested on {n_test[0]} "
        f"to {n_test[1]} images in each of 3 folds.",
        "Kind of model": "CNNClassifier. A network, architecture='simple'. Parameters of the "
        f"network: {counts:,}.",
        "Full specification": "All parameters that were set: see “How to reproduce”. Fitted values "
        "are not included.",
        "Output": "Probabilities of 2 classes, and the class.",
        "Threshold": "“odd” if the probability is at least 0.5, as the predictions show.",
        "Initial values and pretrained weights": "CNNClassifier: random values, drawn separately "
        "in each fold (random_state=3).",
        "Training": "CNNClassifier with batch_size=16, class_weight='balanced', epochs=4, "
        "random_state=3, optimizer='adam'. Epochs trained in each fold: 4.",
        "Augmentation": "None.",
        "Seeds": "random_state=3.",
        "Imbalanced classes": "CNNClassifier: class_weight='balanced'.",
        "Parameter search": "No search in this run. How the parameters were chosen before is not "
        "known here.",
        "Choice of the final model": "Training does not stop early on validation data "
        "(early_stopping=False).",
        "Ensembles": "None.",
        "Scores and plots": "Scores: accuracy, sensitivity, specificity, balanced accuracy, ROC "
        "AUC, positive predictive value, negative predictive value.",
        "Uncertainty and tests": "95\u00a0% intervals by Wilson, MOVER, Obuchowski.",
        "Test on data from the same source": "300 of 300 images were tested by models that were "
        "fitted on others.",
        "How predictions were made": "predict and predict_proba of the fitted estimator of each "
        "fold.",
        "Scores with intervals": f"Accuracy {limits('accuracy', tp + tn, 300)}, {test[0]}, "
        f"balanced accuracy {ends['balanced accuracy']}, {', '.join(test[1:])}.",
        "Diagnostic scores with intervals": f"S{', '.join(test)[1:]}.",
        "Missing scores and failed folds": "No fold failed, and no score is missing.",
        "Calibration": f"{'; '.join(calibrated)}.",
        "Mistakes": f"{wrong} of 300 images were misclassified ({100 * wrong / 300:.1f}\u00a0%), "
        f"most often “{often[0]}” as “{often[1]}” ({often[2]}).",
        "Which data were used": "Identified by the SHA-256 of images, labels and groups: "
        f"{result.data_digest}.",
    }
    found = answers(folder, result, labels=y, target_names=["even", "odd"])
    assert set(found) == set(expected) | OF_THE_MACHINE
    for asks, answer in expected.items():
        assert found[asks] == answer, asks


def test_the_machine(network, folder):
    y, _, result = network
    found = answers(folder, result, labels=y)
    packages = [f"{name} {version(name)}" for name in ("skdl", "scikit-learn", "numpy", "pandas")]
    for text in [*packages, f"Python {platform.python_version()}"]:
        assert text in found["Software"]
    seconds = result.times["fit_seconds"].sum()
    said = "less than a second" if seconds < 1 else f"{seconds:.0f} second"
    assert f"Fitting took {said}" in found["Machine and time"]
    assert f"{joblib.cpu_count()} " in found["Machine and time"]


@pytest.fixture(scope="module")
def nested_search():
    pipeline = make_pipeline(BackboneFeatures(image_size=16), StandardScaler(), SVC())
    search = GridSearchCV(pipeline, {"svc__C": [0.1, 1.0, 10.0], "svc__gamma": [0.01, 0.1]}, cv=2)
    labels = Y[:120] % 3
    with pytest.warns(EvaluationWarning, match="are missing"):  # no ROC AUC of decision values
        result = evaluate(search, X[:120], labels, cv=2, return_estimator=True)
    return labels, result


def test_a_search_in_folds(nested_search, folder):
    y, result = nested_search
    table = result.predictions.sort_values("row")
    y_pred = table["y_pred"].to_numpy()
    found = answers(folder, result, X[:120], y)
    assert found["Kind of model"] == (
        "GridSearchCV of SVC after BackboneFeatures, StandardScaler. Features of a network, "
        "backbone='cifar_resnet20'."
    )
    assert found["Preprocessing"] == (
        "Steps before the classifier: BackboneFeatures, StandardScaler, fitted in each fold. "
        "BackboneFeatures: image_size=16."
    )
    searches = [result.fitted["GridSearchCV", fold] for fold in (0, 1)]
    shown = [
        [f"{search.best_params_[name]:.4g}" for search in searches]
        for name in ("svc__C", "svc__gamma")
    ]
    chosen = [f"{one} (2 times)" if one == other else f"{one}, {other}" for one, other in shown]
    inner = np.mean([search.best_score_ for search in searches])
    outer = table.assign(right=y_pred == y).groupby("fold")["right"].mean().mean()
    assert found["Parameter search"] == (
        "GridSearchCV of 6 candidates over svc__C, svc__gamma. Nested: it used only the training "
        f"data of each fold. Chosen: svc__C {chosen[0]}; svc__gamma {chosen[1]}. Mean accuracy of "
        f"the best: {inner:.3f} in the search, {outer:.3f} on the test images."
    )
    assert found["Choice of the final model"] == "GridSearchCV selects the best of its candidates."
    # C and gamma are those of no fold before the search has chosen.
    assert found["Training"].endswith("SVC with its default parameters.")
    assert "param_grid={'svc__C': [0.1, 1.0, 10.0], 'svc__gamma'" in found["Training"]
    assert "weights “cifar10”, shipped as skdl.backbones:" in found[START]
    assert "Licence: BSD-3-Clause." in found[START]
    assert found["Output"] == "Decision values, and the class."
    decisions = table[[f"decision_{label}" for label in (0, 1, 2)]].to_numpy()
    assert (decisions.argmax(axis=1) == y_pred).all()
    assert found["Threshold"] == "The class with the largest decision value."
    sensitivity = recall_score(y, y_pred, average="macro")
    value = precision_score(y, y_pred, average="macro")
    assert f"Sensitivity {sensitivity:.3f} (" in found["Diagnostic scores with intervals"]
    assert f"positive predictive value {value:.3f} (" in found["Scores with intervals"]
    assert "ROC AUC" not in found["Scores with intervals"]
    n_missing = len(result.missing)
    assert found["Missing scores and failed folds"] == (
        f"{n_missing} scores of folds are missing: see “Missing scores”."
    )
    assert found["Division into training and test data"].endswith(f"Folds: cv={result.cv}.")
    assert found["Test on data from another source"].startswith("None in this run")
    n_groups = len(set(result.groups.tolist()))
    assert n_groups < 120
    assert found["What was kept apart"] == (
        "Single images: no groups, such as patients, were passed. Images that look alike count as "
        f"one group; there are {n_groups} groups."
    )
    for asks in ("Number of patients or other groups", "Augmentation", "Explanations"):
        assert asks not in found  # maps are drawn in other kinds of reports


START = "Initial values and pretrained weights"


def test_a_fitted_classifier_of_a_table(folder):
    """Nothing is known of what it was fitted on."""
    table, y = load_breast_cancer(return_X_y=True)
    table = (table - table.mean(axis=0)) / table.std(axis=0)
    model = LogisticRegression(max_iter=50).fit(table[::2], y[::2])
    rows, truth = table[1::2], y[1::2]
    found = answers(folder, model, rows, truth, target_names=["malignant", "benign"])
    y_pred = model.predict(rows)
    (tn, fp), (fn, tp) = confusion_matrix(truth, y_pred)
    assert found["Development, evaluation, or both"] == (
        "Evaluation of a model that was already fitted."
    )
    n, counts = len(truth), np.bincount(truth)
    assert found["Number of images, by class"] == (
        f"{n} rows of 2 classes: “malignant” {share(counts[0], n)}, “benign” {share(counts[1], n)}."
    )
    assert found["Numbers in each analysis"] == (
        f"Tested: {n} rows (“malignant” {counts[0]}, “benign” {counts[1]})."
    )
    assert found["What the model sees"] == "30 features per row of X."
    assert (
        found["How predictions were made"] == "predict and predict_proba of the fitted estimator."
    )
    assert found["Training"] == "LogisticRegression with max_iter=50."
    assert f"Accuracy {wilson(tp + tn, n)}, sens" in found["Scores with intervals"]
    assert f"Sensitivity {wilson(tp, tp + fn)}, spec" in found["Diagnostic scores with intervals"]
    assert found["Mistakes"].startswith(f"{fp + fn} of {n} rows were misclassified")
    unknown = (
        "Division into training and test data",
        "What was kept apart",
        "Test images in the training data",
        "Test on data from the same source",
        "Test on data from another source",
        "Unreadable images, copies and look-alikes",
        "Augmentation",
        "Choice of the final model",
        START,
    )
    assert not set(unknown) & set(found)


@pytest.mark.slow
def test_a_fitted_transfer_network(folder):
    model = TransferClassifier(image_size=16, weights="random", epochs=2, random_state=0)
    model.set_params(head=(8,), augmentation="light", early_stopping=True)
    model.fit(X[:100], Y[:100] % 2)
    found = answers(folder, model, X[100:], Y[100:] % 2)
    assert found[START] == "TransferClassifier: random weights, the same each time."
    assert found["Augmentation"] == "augmentation='light'."
    assert found["Choice of the final model"] == (
        "TransferClassifier uses early stopping on validation data: n_iter_no_change=10, "
        "tol=0.0001."
    )
    assert "head=(8,)" in found["Training"]
    assert "trainable='head'" in found["Training"]
    assert f"Epochs trained: {len(model.history_['loss'])}." in found["Training"]
    assert "backbone='cifar_resnet20'" in found["Kind of model"]
    assert f"Parameters of the network: {model.model_.count_params():,}." in found["Kind of model"]
    assert found["Preprocessing"].startswith("TransferClassifier: image_size=16.")


@pytest.mark.slow
def test_weights_of_a_file_are_known_by_their_digest(folder, tmp_path):
    random = TransferClassifier(image_size=16, weights="random", epochs=1, random_state=0)
    path = tmp_path / "mine.weights.h5"
    backbone = random.fit(X[:40], Y[:40] % 2).model_
    layer = next(layer for layer in backbone.layers if hasattr(layer, "layers"))
    layer.save_weights(path)
    model = random.set_params(weights=str(path)).fit(X[:40], Y[:40] % 2)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"sha256 {digest}." in answers(folder, model, X[40:], Y[40:] % 2)[START]


def test_the_file_of_an_onnx_model_is_known_by_its_digest(folder, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    path = onnx_models.identity(tmp_path / "mine.onnx")
    features = BackboneFeatures(**onnx_models.settings(path))
    model = make_pipeline(features, LogisticRegression()).fit(X[:40], Y[:40] % 2)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    found = answers(folder, model, X[40:], Y[40:] % 2)[START]
    assert found.startswith("BackboneFeatures: weights of the file '")
    assert found.endswith(f"mine.onnx', sha256 {digest}.")


@pytest.fixture(scope="module")
def troubled():
    """Two models of ten classes; one fails in a fold, and two images stand twice."""
    images, y = X.copy(), Y
    images[200], images[201] = images[0], images[1]
    groups = np.arange(300)
    models = {"plain": LogisticRegression(C=1e-4), "fails": Fails()}
    folds = [(np.arange(100, 300), np.arange(100)), (np.arange(200), np.arange(200, 300))]
    with pytest.warns(EvaluationWarning):
        result = evaluate(models, images.reshape(300, -1), y, cv=folds, groups=groups)
    return images.reshape(300, -1), y, result


class Fails(LogisticRegression):
    def fit(self, X, y):
        if y[0] == Y[0]:
            raise RuntimeError("no")
        return super().fit(X, y)


def test_folds_that_fail_and_leak(troubled, folder):
    images, y, result = troubled
    found = answers(folder, result, images, y, model="plain")
    plain = result.predictions.query("model == 'plain'")
    assert found["Number of images, by class"].endswith(f"Tested: {plain['row'].nunique()}.")
    assert found["Test images in the training data"] == (
        "4 test images are also in the training data, pixel for pixel: the scores are too good."
    )
    assert found["Missing scores and failed folds"].startswith("No fold failed")
    assert "Test on data from another source" not in found  # anyone's folds
    assert "p values of 1 pair adjusted by Holm" in found["Uncertainty and tests"]
    other = answers(folder, result, images, y, model="fails")
    n = len(result.metrics)
    assert other["Missing scores and failed folds"] == (
        f"1 of 2 folds failed; {n} scores of folds are missing: see “Missing scores”."
    )
    assert "Trained on 200 and tested on 100 images in one fold." in other[ANALYSES]
    assert "Ensembles" not in other  # of a class that nobody knows here


ANALYSES = "Numbers in each analysis"


def test_images_that_folds_have_on_both_sides(folder):
    folds = [(np.arange(0, 200), np.arange(190, 300)), (np.arange(100, 300), np.arange(100))]
    with pytest.warns(EvaluationWarning, match="10 test images are"):
        result = evaluate(LogisticRegression(C=1e-4), X.reshape(300, -1), Y, cv=folds)
    found = answers(folder, result, X.reshape(300, -1), Y)
    assert found["Test on data from the same source"].endswith(
        "fitted on others, except for 10 that folds have on both sides."
    )


def test_groups_that_are_split(folder):
    groups = np.arange(300) % 50
    with pytest.warns(EvaluationWarning, match="50 groups are"):
        result = evaluate(
            LogisticRegression(C=1e-4), X.reshape(300, -1), Y, cv=[*[half()]], groups=groups
        )
    found = answers(folder, result, X.reshape(300, -1), Y)
    assert found["What was kept apart"] == (
        "Groups were not kept together: 50 of 50 are in both training and test data of a fold."
    )
    assert found["Number of patients or other groups"] == (
        "50 groups, such as patients, with 6 images each."
    )


def half():
    return np.arange(150), np.arange(150, 300)


def test_one_hospital_held_out_is_no_internal_test(folder):
    y = Y % 2
    hospitals = np.repeat([0, 1, 2], 100)
    result = evaluate(
        LogisticRegression(C=1e-4), X.reshape(300, -1), y, cv=LeaveOneGroupOut(), groups=hospitals
    )
    assert "Test on data from another source" not in answers(folder, result, X.reshape(300, -1), y)


def test_files_and_copies(folder, tmp_path):
    paths = []
    for row in range(40):
        paths.append(str(tmp_path / f"{row}.png"))
        pixels = (X[row % 38] * 15.9).astype(np.uint8)
        Image.fromarray(pixels if row else np.pad(pixels, 2)).save(paths[-1])
    paths[0] = str(tmp_path / "0.png")
    model = CNNClassifier(epochs=1, random_state=0, image_size=8, color="grayscale")
    with pytest.warns(EvaluationWarning):
        result = evaluate(model, paths, Y[:40] % 2, cv=2, look_alikes="ignore", scoring="accuracy")
    found = answers(folder, result, paths, Y[:40] % 2)
    n_copies = 40 - len({(tmp_path / f"{row}.png").read_bytes() for row in range(40)})
    assert n_copies == 1  # the first was padded
    assert found["Unreadable images, copies and look-alikes"] == (
        "Of 40 images, 0 cannot be read and 1 repeats another one byte for byte."
    )
    assert found["What the model sees"].startswith("Images of 8 to 12 × 8 to 12 pixels")
    assert "format: PNG, values from 0 to" in found["What the model sees"]
    assert found["Missing data"] == "No label is missing."
    assert found["Preprocessing"] == "CNNClassifier: image_size=8, color='grayscale'."


def test_values_that_are_missing(folder):
    table, y = load_breast_cancer(return_X_y=True, as_frame=True)
    table, y = table[::4].reset_index(drop=True), y[::4]
    table.iloc[3:8, 2] = np.nan
    result = evaluate(HistGradientBoostingClassifier(max_iter=5, random_state=0), table, y, cv=2)
    found = answers(folder, result, table, y)
    assert found["Missing data"] == (
        f"No label is missing; 5 of the {table.size:,} values of X are missing."
    )
    assert found["Ensembles"].startswith("HistGradientBoostingClassifier: several")
    assert "Choice of the final model" not in found  # early_stopping="auto" may be either


@pytest.mark.parametrize(
    ("model", "asks", "answer"),
    [
        (
            FixedThresholdClassifier(LogisticRegression(C=1e-4), threshold=0.3),
            "Threshold",
            "FixedThresholdClassifier: threshold=0.3.",
        ),
        (
            TunedThresholdClassifierCV(LogisticRegression(C=1e-4)),
            "Threshold",
            "The threshold of each fold was chosen by TunedThresholdClassifierCV within the "
            "training data.",
        ),
        (
            RandomizedSearchCV(SVC(), {"C": [1, 2, 4]}, n_iter=2, cv=2, random_state=0),
            "Parameter search",
            "RandomizedSearchCV of 2 candidates over C. Nested: it used only the training data of "
            "each fold.",
        ),
        (
            GridSearchCV(
                make_pipeline(StandardScaler(), SVC()),
                {"svc": [SVC(), RandomForestClassifier(3)]},
                cv=2,
            ),
            "Kind of model",
            "GridSearchCV after StandardScaler. Steps chosen by the search: svc.",
        ),
        (
            GridSearchCV(
                make_pipeline(StandardScaler(), SVC()),
                {"svc": [SVC(), RandomForestClassifier(3)]},
                cv=2,
            ),
            "Ensembles",
            None,
        ),
        (
            GridSearchCV(RandomForestClassifier(3), {"class_weight": [None, "balanced"]}, cv=2),
            "Imbalanced classes",
            "RandomForestClassifier: class_weight chosen by the search",
        ),
        (
            LogisticRegressionCV(Cs=2, cv=2, max_iter=200),
            "Parameter search",
            "LogisticRegressionCV chooses by its own cross-validation.",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_kinds_of_models(model, asks, answer, folder):
    flat, y = X.reshape(300, -1)[:, 1:], Y % 2
    result = evaluate(model, flat, y, cv=2, scoring="accuracy")
    found = answers(folder, result, flat, y)
    if answer is None:
        assert asks not in found
    else:
        assert found[asks].startswith(answer)


def test_a_threshold_that_predictions_do_not_show(folder):
    """All are taken for negative, so that it may lie anywhere above."""
    flat, y = X.reshape(300, -1), (Y == 8).astype(int)
    with pytest.warns(EvaluationWarning, match="are missing"):
        result = evaluate(LogisticRegression(C=1e-9), flat, y, cv=2)
    assert set(result.predictions["y_pred"]) == {0}
    assert "Threshold" not in answers(folder, result, flat, y)


# ---- the list as a whole -------------------------------------------------------------------------


def test_all_items_are_listed(network, folder):
    y, _, result = network
    found = lines(folder, result, labels=y)
    named = [
        {n for line in found for n in line[kind].split(", ") if n} for kind in ("claim", "tripod")
    ]
    assert named == [set(CLAIM), set(TRIPOD)]


@pytest.mark.parametrize("kind", ["network", "search", "fitted"])
def test_at_least_25_items_are_answered(kind, network, nested_search, folder):
    if kind == "network":
        y, _, result = network
        found = lines(folder, result, labels=y)
    elif kind == "search":
        y, result = nested_search
        found = lines(folder, result, X[:120], y)
    else:
        model = CNNClassifier(epochs=1, random_state=0).fit(X[:100], Y[:100])
        found = lines(folder, model, X[100:], Y[100:])
    answered = [line for line in found if line["answer"]]
    assert len(answered) >= 25
    numbers = {
        (kind, n)
        for line in answered
        for kind in ("claim", "tripod")
        for n in line[kind].split(", ")
        if n
    }
    assert len(numbers) >= 25


class Cells(HTMLParser):
    """Rows of the checklist, and the lists of what is left open."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.facts, self._row, self._inside = {}, "", [], ""
        self.feed(text[text.index('<section class="check">') :])

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self._row = []
        if tag in ("th", "td"):
            self._row.append("")
        self._inside = tag if tag in ("th", "td", "dd") else self._inside

    def handle_endtag(self, tag):
        if tag == "tr":
            self.rows[" ".join(self._row[0].split())] = self._row[1].strip()

    def handle_data(self, data):
        if self._inside == "dd":
            self.facts += data
        elif self._row:
            self._row[-1] += data


# What is said of pictures, where there are any.
OF_PICTURES = {
    "Scores and plots": "Drawn: confusion matrix, ROC curve, precision, recall and F1 of each "
    "class, reliability diagram, decision curve.",
    "Explanations": "Where the network looked, in the first of these (Grad-CAM): see “Mistakes”.",
    "Mistakes": "The worst are shown under “Mistakes”.",
}


@pytest.mark.slow
def test_html_and_markdown_say_the_same_and_name_their_pictures(network, folder):
    y, _, result = network
    stated = {"CLAIM 44": "No <b>funding</b> | $1.", "TRIPOD+AI 12b": "Nothing else was done."}
    found = lines(folder, result, labels=y, stated=stated)
    page = Cells(report(result, X, y, folder / "r.html", stated=stated).read_text("utf-8"))
    text = report(result, X, y, folder / "r.md", stated=stated).read_text("utf-8")
    left = text[text.index("### Not stated") :]
    for line in found:
        of_pictures = OF_PICTURES.get(line["asks"])
        said = " ".join(filter(None, (line["answer"], of_pictures, line["stated"])))
        named = [f"CLAIM {line['claim']}"] * bool(line["claim"])
        named += [f"TRIPOD+AI {' and '.join(line['tripod'].split(', '))}"] * bool(line["tripod"])
        numbers = ", ".join(named)
        if said:
            if "Fitting took" not in said:
                assert page.rows[f"{line['asks']} {numbers}"] == said
            assert f"| {line['asks']} | {numbers} |" in text
        else:
            assert f"{line['asks']} ({numbers})" in page.facts
            assert f"{line['asks']} ({numbers})" in left
    assert "No &lt;b&gt;funding&lt;/b&gt; \\| \\$1." in text


class TestStated:
    def test_fills_what_the_run_leaves_open(self, network, folder):
        y, _, result = network
        stated = {
            "CLAIM 8": "Adults only.",
            "TRIPOD+AI 18f": "On request.",
            "CLAIM 35": "12 patients were excluded.",
            "CLAIM 25": "On one evening.",
        }
        found = {line["asks"]: line for line in lines(folder, result, labels=y, stated=stated)}
        assert found["Who was included and excluded"]["stated"] == "Adults only."
        assert found["Availability of data, code and model"]["stated"] == "On request."
        # Both items of the number are answered: it stands beside the first.
        line = found["Number of images, by class"]
        assert line["stated"] == "12 patients were excluded."
        assert line["answer"].startswith("300 images")
        assert found["Training"]["stated"] == "On one evening."
        assert sum(bool(line["stated"]) for line in found.values()) == len(stated)

    def test_the_open_one_of_several_items_comes_first(self, nested_search, folder):
        y, result = nested_search
        stated = {"CLAIM 35": "40 patients."}
        found = {line["asks"]: line for line in lines(folder, result, X[:120], y, stated=stated)}
        assert found["Number of patients or other groups"]["stated"] == "40 patients."

    def test_the_model_card_counts(self, network, folder):
        y, _, result = network
        card = {"Uses": "Second reading.", "Training data": "Our own.", "Citation": "Nobody."}
        found = {line["asks"]: line for line in lines(folder, result, labels=y, card=card)}
        assert found["Background and intended use"]["stated"] == "See the model card, “Uses”."
        assert found["Where the data come from"]["stated"].endswith("“Training data”.")
        assert sum(bool(line["stated"]) for line in found.values()) == 2

    @pytest.mark.parametrize(
        ("stated", "message"),
        [
            ({"CLAIM 45": "x"}, "stated has an unknown item 'CLAIM 45'. Items are CLAIM 1 to 44"),
            ({"TRIPOD+AI 18": "x"}, "Did you mean 'TRIPOD.AI 18a', 'TRIPOD.AI 18b'"),
            ({"Funding": "x"}, "has an unknown item 'Funding'"),
            ({44: "x"}, "has an unknown item 44"),
            ({"CLAIM 44": ["x"]}, r"stated\['CLAIM 44'\] must be text. Got \['x'\]"),
            ("CLAIM 44", "stated must be a dict of items and texts"),
        ],
    )
    def test_bad_input(self, network, stated, message, tmp_path):
        y, _, result = network
        with pytest.raises(ValueError, match=message):
            report(result, X, y, tmp_path / "r.html", stated=stated)
        assert list(tmp_path.iterdir()) == []
