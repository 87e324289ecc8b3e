"""What a model says of image files: planted digits, damage, and things that are no images."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from folders import pack
from inspection.networks import flattening
from PIL import Image
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

import skdl
from skdl import ImageLoader, predict_files
from skdl.inspection import NoveltyDetector
from skdl.persistence import SavedModel

N = 24


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((np.reshape(image, (8, 8)) * 15).astype(np.uint8)).save(path)
    return str(path)


def drawn(y):
    """Rows of zeros, ones and twos, of all writers in the training and beyond."""
    return np.random.default_rng(0).permutation(np.flatnonzero(y < 3))


@pytest.fixture(scope="module")
def files(tmp_path_factory, digits):
    """Zeros, ones and twos to train on."""
    X, y = digits
    root = tmp_path_factory.mktemp("training")
    rows = drawn(y)[:150]
    return [write(root / f"{row}.png", X[row]) for row in rows], np.array(["a", "b", "c"])[y[rows]]


def loading(*steps):
    return make_pipeline(ImageLoader(flatten=True), *steps)


@pytest.fixture(scope="module")
def model(files):
    return loading(LogisticRegression(max_iter=500)).fit(*files)


@pytest.fixture
def new(tmp_path, digits):
    """A folder of digits in folders, in the order of their names."""
    X, y = digits
    rows = drawn(y)[150 : 150 + N]
    root = tmp_path / "new"
    for i, row in enumerate(rows):
        write(root / ("first" if i < 10 else "second/deeper") / f"{i:02d}.png", X[row])
    return root


def names(table):
    return [Path(path).name for path in table["path"]]


def test_one_row_per_file_with_what_the_model_says(model, new):
    table = predict_files(model, new)
    paths = sorted(map(str, new.rglob("*.png")))
    assert table.columns.tolist() == ["path", "label", "proba_a", "proba_b", "proba_c", "error"]
    assert table["path"].tolist() == paths
    assert table["label"].tolist() == model.predict(paths).tolist()
    np.testing.assert_allclose(table.filter(like="proba_"), model.predict_proba(paths))
    assert (table["error"] == "").all()


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_archives_and_their_members(model, new, tmp_path, ending):
    archive = pack(new, tmp_path / f"packed{ending}")
    table = predict_files(model, archive)
    of_folder = predict_files(model, new)
    pd.testing.assert_frame_equal(table.drop(columns="path"), of_folder.drop(columns="path"))
    member = table["path"].iloc[3]
    assert member == f"{archive}/new/first/03.png"
    assert predict_files(model, member)["label"].tolist() == [table["label"].iloc[3]]


def test_the_order_is_kept_and_all_kinds_mix(model, new, tmp_path):
    (new / "list.csv").write_text("file,age\nfirst/07.png,3\n,4\nfirst/07.png,5\nnone.png,1\n")
    archive = pack(new / "first", tmp_path / "first.zip")
    table = predict_files(model, [new / "first" / "09.png", new / "list.csv", archive])
    assert names(table)[:5] == ["09.png", "07.png", "", "07.png", "none.png"]
    assert len(table) == 15
    assert table["error"].tolist()[1:5] == [
        "", "row 1 of list.csv has no path", "", "there is no such file",
    ]  # fmt: skip


def test_a_column_of_paths_by_name(model, new):
    (new / "list.csv").write_text("scan,mask\nfirst/01.png,first/02.png\n")
    with pytest.raises(ValueError, match="Set path_column"):
        predict_files(model, new / "list.csv")
    table = predict_files(model, new / "list.csv", path_column="scan")
    assert names(table) == ["01.png"]


def test_what_is_excluded_is_no_row(model, new):
    sources = [new / "first", new / "second", new / "first" / "01.png"]
    table = predict_files(model, sources, exclude=["0[1-8].png", "deeper"])
    assert names(table)[:2] == ["00.png", "09.png"]
    assert table["error"].tolist()[2:] == ["exclude leaves out all its images"]
    with pytest.warns(UserWarning, match=r"'1x.png' matches no file or folder in 2 paths"):
        predict_files(model, sources[:2], exclude="1x.png")
    with pytest.raises(ValueError, match="exclude leaves out all images of 1 path"):
        predict_files(model, sources[2], exclude="*.png")


@pytest.mark.parametrize("batch_size", [1, 3, 7, 64])
def test_what_cannot_be_read_is_a_row_and_the_rest_goes_on(model, new, batch_size):
    sound = predict_files(model, new)
    cut = new / "first" / "04.png"
    cut.write_bytes(cut.read_bytes()[:60])
    (new / "first" / "05.png").write_bytes(b"")
    Image.new("L", (9, 9)).save(new / "first" / "06.png")  # of another size
    table = predict_files(model, new, batch_size=batch_size)
    bad = table[table["error"] != ""]
    assert names(bad) == ["04.png", "05.png", "06.png"]
    assert bad["label"].isna().all()
    assert bad["proba_a"].isna().all()
    assert "has shape (9, 9, 1)" in bad["error"].iloc[2]
    assert bad["error"].iloc[1].startswith("it is empty, damaged, or not an image")
    rest = table.index.difference(bad.index)
    assert table["label"][rest].tolist() == sound["label"][rest].tolist()
    np.testing.assert_allclose(table["proba_a"][rest], sound["proba_a"][rest])


class Counted(TransformerMixin, BaseEstimator):
    """Passes images on, and notes how many come at a time."""

    def fit(self, X, y=None):
        self.sizes_ = []
        return self

    def transform(self, X):
        self.sizes_.append(len(X))
        return X


@pytest.mark.parametrize("search", [False, True])
def test_files_are_decoded_once_and_in_bounded_batches(files, new, search):
    model = loading(Counted(), LogisticRegression(max_iter=500))
    if search:
        model = GridSearchCV(model, {"logisticregression__C": [1]}, cv=2)
    model.fit(*files)
    counted = (model.best_estimator_ if search else model)[1]
    counted.sizes_.clear()
    predict_files(model, new, batch_size=10)
    assert counted.sizes_ == [10, 10, 4]


# ---- what models say ------------------------------------------------------------------------


def test_decisions_of_models_without_probabilities(files, new):
    paths = sorted(map(str, new.rglob("*.png")))
    model = loading(RidgeClassifier()).fit(*files)
    table = predict_files(model, new)
    columns = ["decision_a", "decision_b", "decision_c"]
    np.testing.assert_allclose(table[columns], model.decision_function(paths))
    two = loading(SVC()).fit(files[0], files[1] == "a")
    table = predict_files(two, new)
    np.testing.assert_allclose(table["decision"], two.decision_function(paths))
    assert table["label"].tolist() == list(map(str, two.predict(paths)))


def test_names_of_classes(files, new):
    model = loading(LogisticRegression(max_iter=500)).fit(files[0], (files[1] == "b").astype(int))
    table = predict_files(SavedModel(model, target_names=["round", "straight"]), new)
    assert table.columns.tolist()[2:4] == ["proba_round", "proba_straight"]
    assert set(table["label"]) == {"round", "straight"}


@pytest.mark.parametrize("pos_label", ["no", "yes", None])
def test_whether_the_threshold_was_passed(files, new, pos_label):
    y = np.where(files[1] == "a", "yes", "no")
    model = FixedThresholdClassifier(
        loading(LogisticRegression(max_iter=500)), threshold=0.9, pos_label=pos_label
    ).fit(files[0], y)
    (new / "first" / "04.png").write_bytes(b"")
    table = predict_files(model, new)
    positive = pos_label or "yes"
    read = table["error"] == ""
    assert (table["positive"][read] == (table[f"proba_{positive}"][read] >= 0.9)).all()
    assert (table["positive"][read] == (table["label"][read] == positive)).all()
    assert table["positive"].isna().tolist() == (~read).tolist()


def test_a_tuned_threshold(files, new):
    y = np.where(files[1] == "a", "yes", "no")
    scoring = make_scorer(f1_score, pos_label="no")
    model = loading(TunedThresholdClassifierCV(LogisticRegression(), scoring=scoring, cv=2))
    model.fit(files[0], y)
    table = predict_files(model, new)
    reached = table["proba_no"] >= model[-1].best_threshold_
    assert table["positive"].tolist() == reached.tolist()


def test_images_unlike_the_training_are_flagged(files, model, new):
    novelty = NoveltyDetector(model[0], false_alarm_rate=0.02).fit(files[0])
    noise = np.random.default_rng(0).integers(0, 17, (5, 64))
    for i, image in enumerate(noise):
        write(new / "noise" / f"{i}.png", image)
    (new / "noise" / "9.png").write_bytes(b"")
    table = predict_files(SavedModel(model, novelty), new)
    assert table.columns.tolist()[-3:] == ["unlike", "distance", "error"]
    is_noise = table["path"].str.contains("noise") & (table["error"] == "")
    assert table["unlike"][is_noise].all()
    assert (table["distance"][is_noise] > 1).all()
    others = table[~table["path"].str.contains("noise")]
    assert others["unlike"].mean() < 0.15
    np.testing.assert_allclose(
        others["distance"], novelty.score_samples(others["path"]) / novelty.offset_
    )
    assert pd.isna(table["unlike"].iloc[-9:][table["error"] != ""]).all()


@pytest.fixture(scope="module")
def network(digits):
    """Trained on arrays of the values that files have."""
    X = (digits[0][:100] * 15).astype(np.uint8).reshape(-1, 8, 8)
    model = skdl.CNNClassifier(flattening, epochs=10, optimizer__learning_rate=0.02, random_state=0)
    return model.fit(X, digits[1][:100])


@pytest.mark.networks
def test_a_network_that_was_trained_on_arrays(network, digits, new):
    table = predict_files(network, new)
    rows = drawn(digits[1])[150 : 150 + N]
    X = (digits[0][rows] * 15).astype(np.uint8).reshape(-1, 8, 8)
    np.testing.assert_allclose(table.filter(like="proba_"), network.predict_proba(X), atol=1e-6)
    assert table["label"].tolist() == list(map(str, network.predict(X)))


# ---- what is found ---------------------------------------------------------------------------


def test_masks_and_other_files_are_left_out_and_said(model, new):
    shutil.copy(new / "first" / "01.png", new / "first" / "01_mask.png")
    (new / "first" / "scan.nrrd").write_bytes(b"")
    (new / ".hidden.png").write_bytes(b"")
    with (
        pytest.warns(UserWarning, match="01_mask.png' looks like a mask"),
        pytest.warns(UserWarning, match=".nrrd"),
    ):
        table = predict_files(model, new)
    assert len(table) == N


def test_a_folder_without_images_and_damaged_archives_are_rows(model, new, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.zip").write_bytes(b"no archive")
    table = predict_files(model, [tmp_path / "empty", tmp_path / "bad.zip", new / "first"])
    assert table["error"].iloc[0] == "there is no image in it"
    assert table["error"].iloc[1]
    assert (table["error"].iloc[2:] == "").all()


def test_nothing_at_all_can_be_read(model, tmp_path):
    table = predict_files(model, [tmp_path / "a.png", tmp_path / "b.png"])
    assert table["error"].tolist() == ["there is no such file"] * 2
    assert table["label"].isna().all()
    assert table["proba_a"].dtype == float


# ---- explanations ----------------------------------------------------------------------------


def test_pictures_of_the_first_images_that_can_be_read(model, new, tmp_path):
    (new / "first" / "01.png").write_bytes(b"")
    folder = tmp_path / "new folder" / "why"
    table = predict_files(model, new / "first", explain=folder, max_explained=3)
    drawn = [Path(path).name for path in table["explanation"] if path]
    assert drawn == ["01_00.png", "03_02.png", "04_03.png"]
    assert sorted(path.name for path in folder.iterdir()) == drawn
    with Image.open(folder / drawn[0]) as image:
        assert image.format == "PNG"
        assert np.ptp(np.asarray(image.convert("L"))) > 200


@pytest.mark.networks
def test_pictures_of_networks_are_by_gradients(network, new, tmp_path, monkeypatch):
    asked = []
    gradients = type(network).grad_cam
    monkeypatch.setattr(
        type(network),
        "grad_cam",
        lambda self, X, *args, **kw: asked.append(len(X)) or gradients(self, X, *args, **kw),
    )
    table = predict_files(network, new, explain=tmp_path / "why", max_explained=1)
    assert asked == [1]
    assert Path(table["explanation"].iloc[0]).is_file()


def test_a_warning_is_given_once_and_not_for_each_batch(files, new):
    def doubt(X):
        warnings.warn(f"{len(X)} images are odd, such as {X[0, 0]!r}", RuntimeWarning, stacklevel=2)
        return X

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        model = loading(FunctionTransformer(doubt), LogisticRegression(max_iter=500)).fit(*files)
    with pytest.warns(RuntimeWarning, match="5 images are odd") as caught:
        assert len(predict_files(model, new, batch_size=5)) == N
    assert (len(caught), caught[0].filename) == (1, __file__)


def test_names_of_pictures_are_harmless(model, new, tmp_path):
    (new / "first" / "00.png").rename(new / "first" / "$\udcff; é\n.png")
    table = predict_files(model, new / "first", explain=tmp_path / "why", max_explained=1)
    assert Path(next(path for path in table["explanation"] if path)).is_file()


def test_a_model_without_scores_explains_nothing(files, new, tmp_path):
    model = VotingClassifier([("a", loading(LogisticRegression(max_iter=500)))]).fit(*files)
    with pytest.raises(ValueError, match="has no probabilities or scores"):
        predict_files(model, new, explain=tmp_path / "why")
    assert not (tmp_path / "why").exists()
    table = predict_files(model, new)
    assert table.columns.tolist() == ["path", "label", "error"]
    assert table["label"].notna().all()


# ---- what is refused -------------------------------------------------------------------------


class OfColumns:
    """Fitted on tables."""

    X, y = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20) % 2


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (LogisticRegression().fit(OfColumns.X, OfColumns.y), "begins with LogisticRegression"),
        (
            make_pipeline(PCA(2), LogisticRegression()).fit(OfColumns.X, OfColumns.y),
            "accepts tables of numbers, not image files: it begins with PCA",
        ),
        (
            GridSearchCV(SVC(), {"C": [1]}, cv=2).fit(OfColumns.X, OfColumns.y),
            "begins with SVC",
        ),
        (
            VotingClassifier([("s", SVC())]).fit(OfColumns.X, OfColumns.y),
            "begins with SVC",
        ),
        (loading(LinearRegression()), "LinearRegression|no classes_"),
        (
            DummyClassifier().fit(OfColumns.X, np.eye(20, 2, dtype=int)),
            "a DummyClassifier, has several outputs",
        ),
        (PCA(2).fit(OfColumns.X), "is a PCA, which has no predict"),
        (5, "is a int, which has no predict"),
    ],
)
def test_models_that_take_no_images(model, message, new, files):
    if hasattr(model, "steps") and not hasattr(model[-1], "coef_"):
        model.fit(files[0], np.arange(len(files[0])))
    with pytest.raises(ValueError, match=message):
        predict_files(model, new)


def test_a_detector_of_tables_is_refused(model, new):
    detector = NoveltyDetector(false_alarm_rate=0.1).fit(OfColumns.X)
    with pytest.raises(ValueError, match="The novelty detector accepts tables of numbers"):
        predict_files(SavedModel(model, detector), new)


def test_the_majority_class_takes_anything(files, new):
    model = DummyClassifier(strategy="constant", constant="c").fit(*files)
    assert set(predict_files(model, new)["label"]) == {"c"}


def test_a_model_that_is_not_fitted(new):
    with pytest.raises(NotFittedError):
        predict_files(loading(LogisticRegression()), new)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number of at least 1"),
        ({"batch_size": True}, ValueError, "batch_size"),
        ({"max_explained": 0}, ValueError, "max_explained"),
        ({"explain": ""}, ValueError, "explain must not be empty"),
        ({"paths": []}, ValueError, "paths is empty"),
        ({"paths": ""}, ValueError, "paths must not be empty"),
        ({"paths": [5]}, TypeError, "paths must be a path"),
        ({"exclude": 3}, ValueError, "exclude must be a pattern of names"),
    ],
)
def test_bad_parameters(model, new, params, error, message):
    with pytest.raises(error, match=message):
        predict_files(model, **{"paths": new, **params})


@pytest.mark.parametrize("name", ["model.joblib", "model.pkl", "MODEL.PICKLE"])
def test_files_that_run_code_are_refused(name, new, tmp_path):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match="loading it could run any code"):
        predict_files(tmp_path / name, new)


def test_no_such_model_file(new, tmp_path):
    with pytest.raises(FileNotFoundError, match="model.skdl"):
        predict_files(tmp_path / "model.skdl", new)
