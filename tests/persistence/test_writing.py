"""Saving: what goes into a file, and what cannot."""

import io
import json
import warnings
from zipfile import ZipFile

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from persistence.crafted import tool
from PIL import Image
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import Birch, FeatureAgglomeration, KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import make_scorer, recall_score
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, SplineTransformer
from sklearn.svm import SVC, SVR, LinearSVC, OneClassSVM

import skdl
from skdl import ImageLoader, Resize
from skdl.evaluation import GroupHoldout
from skdl.metrics import make_clinical_scorer, sensitivity_score
from skdl.persistence import ModelFileError, inspect_model, read_model

LOGISTIC = LogisticRegression(max_iter=20)
SENSITIVITY = make_clinical_scorer("sensitivity", pos_label=1)
SPECIFIC = make_clinical_scorer("sensitivity_at_specificity", specificity=0.8, pos_label=1)
TWO = {"tuned", "fixed"}
MODELS = {
    "boosting": GradientBoostingClassifier(n_estimators=2, random_state=0),
    "calibrated": CalibratedClassifierCV(SVC(), cv=2, method="isotonic"),
    "fixed": FixedThresholdClassifier(LOGISTIC, threshold=0.3),
    "forest": RandomForestClassifier(n_estimators=3, random_state=np.random.RandomState(0)),
    "functions": make_union(
        FunctionTransformer(np.log1p),
        FunctionTransformer(np.clip, kw_args={"a_min": 1, "a_max": 9}),
    ),
    "histograms": HistGradientBoostingClassifier(max_iter=2),
    "isolation": IsolationForest(n_estimators=3, random_state=0),
    "means": KMeans(3, n_init=1),
    "mlp": MLPClassifier((4,), max_iter=2),
    "near": KNeighborsClassifier(),
    "outliers": OneClassSVM(),
    "process": GaussianProcessClassifier(max_iter_predict=3),
    "regression": SVR(),
    "resized": make_pipeline(
        FunctionTransformer(np.reshape, kw_args={"newshape": (-1, 8, 8)}), Resize(4)
    ),
    "search": GridSearchCV(
        make_pipeline(PCA(4), LinearSVC(class_weight={0: 1, 1: 2, 2: 2})),
        {"pca__n_components": [3, 4]},
        cv=StratifiedKFold(2),
        scoring={"a": make_scorer(recall_score, average="macro"), "b": "accuracy"},
        refit="a",
    ),
    "sgd": SGDClassifier(max_iter=3, tol=None, random_state=0),
    "splines": make_pipeline(SplineTransformer(3), LOGISTIC),
    "stacked": StackingClassifier([("a", GaussianNB()), ("b", SVC())], LOGISTIC, cv=2),
    "tuned": TunedThresholdClassifierCV(LOGISTIC, scoring=SPECIFIC, cv=2),
    "voting": VotingClassifier([("a", GaussianNB()), ("b", LOGISTIC)], voting="soft"),
}
if tuple(map(int, np.__version__.split(".")[:2])) >= (2, 1):
    MODELS["resized"].steps[0][1].kw_args = {"shape": (-1, 8, 8)}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", MODELS)
def test_what_is_loaded_predicts_the_same_to_the_bit(name, zero_to_two, as_saved, tmp_path):
    X, y = zero_to_two
    y = np.minimum(y, 1) if name in TWO else y
    model = MODELS[name].fit(X, y)
    skdl.save(model, tmp_path / "model.skdl", probes=X[:4])
    loaded = skdl.load(tmp_path / "model.skdl")
    assert as_saved(loaded, model)
    assert type(loaded) is type(model)
    # A scorer or a random state is another object, but written alike.
    assert str(loaded).partition(" at 0x")[0] == str(model).partition(" at 0x")[0]


@pytest.mark.parametrize("scoring", [SENSITIVITY, SPECIFIC, make_scorer(sensitivity_score)])
def test_scorers_of_skdl_are_kept_in_a_search(scoring, zero_to_two, tmp_path):
    X, y = zero_to_two[0], np.minimum(zero_to_two[1], 1)
    search = GridSearchCV(LOGISTIC, {"C": [1.0, 2.0]}, scoring=scoring, cv=2).fit(X, y)
    skdl.save(search, tmp_path / "model.skdl", probes=X[:4])
    assert skdl.load(tmp_path / "model.skdl").score(X, y) == search.score(X, y)


def test_equal_models_are_equal_files(fitted, tmp_path):
    for name in ("one.skdl", "other.skdl"):
        skdl.save(fitted, tmp_path / name)
    assert (tmp_path / "one.skdl").read_bytes() == (tmp_path / "other.skdl").read_bytes()


def test_what_a_file_holds_beside_the_model(zero_to_two, tmp_path):
    X, y = zero_to_two
    two = np.array(["benign", "malignant"])[np.minimum(y, 1)]
    model = FixedThresholdClassifier(LOGISTIC, threshold=0.25, pos_label="malignant").fit(X, two)
    skdl.save(
        model,
        tmp_path / "model.skdl",
        probes=pd.DataFrame(X[:12]).to_numpy(),
        card={"use": ["research"], "n": np.int64(3)},
        estimate={"roc_auc": np.float64(0.75)},
        novelty=OneClassSVM().fit(X),
        target_names=["no cancer", "cancer"],
    )
    found = read_model(tmp_path / "model.skdl")
    assert found.classes == ["benign", "malignant"]
    assert found.target_names == ["no cancer", "cancer"]
    assert found.threshold == 0.25
    assert found.image_format is None
    assert (found.card, found.estimate) == ({"use": ["research"], "n": 3}, {"roc_auc": 0.75})
    assert found.versions["skdl"] == skdl.__version__
    assert set(found.novelty.predict(X)) == {-1, 1}
    probes = tool().unpacked((tmp_path / "model.skdl").read_bytes())["probes/images.npy"]
    assert len(probes) == 128 + X[:8].nbytes


def test_the_threshold_of_scores_in_float32(zero_to_two, tmp_path):
    X, y = zero_to_two
    model = TunedThresholdClassifierCV(LOGISTIC).fit(X.astype(np.float32), np.minimum(y, 1))
    model.best_threshold_ = np.float32(model.best_threshold_)  # as of networks
    skdl.save(model, tmp_path / "model.skdl")
    assert read_model(tmp_path / "model.skdl").threshold == model.best_threshold_


def test_parts_that_are_shared_are_kept_once(zero_to_two, tmp_path):
    X, y = zero_to_two
    shared = KNeighborsClassifier(algorithm="brute").fit(X, y)
    skdl.save(shared, tmp_path / "one.skdl")
    skdl.save(shared, tmp_path / "two.skdl", novelty=make_pipeline(shared))
    sizes = [(tmp_path / name).stat().st_size for name in ("one.skdl", "two.skdl")]
    assert sizes[1] < sizes[0] + X.nbytes / 4
    found = read_model(tmp_path / "two.skdl")
    assert found.novelty.steps[0][1] is found.estimator


def test_probes_can_be_files(zero_to_two, tmp_path):
    X, y = zero_to_two
    paths = []
    for number, image in enumerate(X[:30].reshape(-1, 8, 8)):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray((image * 15).astype(np.uint8)).save(paths[-1])
    model = make_pipeline(FunctionTransformer(np.reshape), GaussianNB())
    model.steps[0][1].kw_args = {next(iter(MODELS["resized"].steps[0][1].kw_args)): (-1, 64)}
    model.fit(X[:30], y[:30])
    skdl.save(model, tmp_path / "model.skdl", probes=paths[:3])
    assert inspect_model(tmp_path / "model.skdl")["members"]["probes/images.npy"]["bytes"] == 320


@pytest.mark.parametrize("searched", [False, True])
def test_what_follows_a_loader_has_probes(zero_to_two, tmp_path, searched):
    X, y = zero_to_two
    paths = [str(tmp_path / f"{number}.png") for number in range(30)]
    for path, image in zip(paths, X.reshape(-1, 8, 8), strict=False):
        Image.fromarray((image * 15).astype(np.uint8)).save(path)
    model = make_pipeline(ImageLoader(4, flatten=True), GaussianNB())
    if searched:
        model = GridSearchCV(model, {"gaussiannb__var_smoothing": [1e-3]}, cv=2)
    model.fit(paths, y[:30])
    place = tmp_path / "model.skdl"
    for probes, n in ((None, 3), (paths[:2], 2)):
        skdl.save(model, place, probes=probes)
        with ZipFile(place) as archive:
            images, proba = (
                np.load(io.BytesIO(archive.read(f"probes/{name}.npy")))
                for name in ("images", "predict_proba")
            )
        assert images.shape == (n, 16)
        if probes is not None:
            np.testing.assert_allclose(proba, model.predict_proba(probes), rtol=1e-12)
        assert skdl.load(place).predict(paths).tolist() == model.predict(paths).tolist()
    with pytest.raises((ValueError, OSError), match=r"none\.png"):
        skdl.save(model, place, probes=[str(tmp_path / "none.png")])


@pytest.mark.parametrize("memory", ["folder", joblib.Memory])
def test_folders_of_fitted_steps_are_left_out(zero_to_two, tmp_path, memory):
    folder = str(tmp_path / "steps")
    memory = folder if memory == "folder" else memory(folder, verbose=0)
    inside = make_pipeline(FeatureAgglomeration(9, memory=memory), GaussianNB(), memory=memory)
    model = GridSearchCV(inside, {"gaussiannb__var_smoothing": [1e-3]}, cv=2).fit(*zero_to_two)
    skdl.save(model, tmp_path / "model.skdl")
    loaded = skdl.load(tmp_path / "model.skdl")
    kept = {name: value for name, value in loaded.get_params().items() if name.endswith("memory")}
    assert kept == dict.fromkeys(["estimator__featureagglomeration__memory", "estimator__memory"])
    assert loaded.best_estimator_.memory is loaded.best_estimator_[0].memory is None
    assert inside.memory is memory
    X = zero_to_two[0]
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_an_estimator_that_takes_paths_alone_has_no_probes_unless_given(tmp_path):
    path = str(tmp_path / "a.png")
    Image.new("L", (4, 4), 9).save(path)
    loader = ImageLoader(4, flatten=True).fit([path])
    with pytest.warns(
        UserWarning, match=r"No images could be generated .* Pass a few images as probes"
    ):
        skdl.save(loader, tmp_path / "model.skdl")
    assert skdl.load(tmp_path / "model.skdl").transform([path]).tolist() == [[9] * 16]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"card": "text"}, "card must be a dict or None. Got 'text'."),
        ({"card": {"a": object}}, "card must contain text, numbers, lists and dicts"),
        ({"estimate": {1: 2}}, "estimate must contain text, numbers, lists and dicts"),
        ({"target_names": ["one"]}, "target_names must be 3 names, one per class."),
        ({"target_names": ["a", "b", "a"]}, "target_names must differ"),
        ({"target_names": "abc"}, "target_names must be 3 names, one per class."),
        ({"probes": [[1], [1, 2]]}, "probes must be images of one size"),
        ({"probes": []}, "probes must be images of one size"),
        ({"probes": np.zeros((2, 5))}, "The estimator does not accept probes: X has 5 features"),
    ],
)
def test_bad_input_leaves_the_file_as_it_was(wrong, message, fitted, tmp_path):
    path = tmp_path / "model.skdl"
    path.write_bytes(b"of before")
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        skdl.save(fitted, path, **wrong)
    assert path.read_bytes() == b"of before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_estimator_that_is_not_fitted(tmp_path):
    with pytest.raises(NotFittedError):
        skdl.save(LogisticRegression(), tmp_path / "model.skdl")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Birch(n_clusters=2), "This Birch cannot be saved: .* joblib.dump saves"),
        (
            FunctionTransformer(lambda X: X),
            "<lambda> is defined in a script or notebook, or",
        ),
        (LogisticRegression(class_weight={True: 1, False: 2}), "a dict has keys of type 'bool'"),
    ],
)
def test_what_no_file_can_hold(model, message, zero_to_two, tmp_path):
    X, y = zero_to_two
    with pytest.raises(ModelFileError, match=message):
        skdl.save(model.fit(X, y == 1), tmp_path / "model.skdl", probes=X[:2])
    assert not list(tmp_path.iterdir())


def of_a_notebook(X):
    return X


def test_functions_of_a_notebook(zero_to_two, tmp_path, monkeypatch):
    monkeypatch.setattr(of_a_notebook, "__module__", "__main__")
    model = FunctionTransformer(of_a_notebook).fit(zero_to_two[0])
    with pytest.raises(ModelFileError, match=r"__main__.of_a_notebook is defined in a script"):
        skdl.save(model, tmp_path / "model.skdl", probes=zero_to_two[0][:2])


OWN = """
from pathlib import Path
Path(__file__).with_name("imported").touch()
def doubled(X):
    return 2 * X
"""


def test_functions_of_ones_own_have_to_be_trusted(zero_to_two, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "clinic_tools.py").write_text(OWN)
    import clinic_tools

    X, path = zero_to_two[0], tmp_path / "model.skdl"
    with pytest.warns(
        UserWarning, match=r"these names must be trusted: trusted=\['clinic_tools.doubled'\]"
    ):
        skdl.save(FunctionTransformer(clinic_tools.doubled).fit(X), path, probes=X[:2])
    (tmp_path / "imported").unlink()
    monkeypatch.delitem(__import__("sys").modules, "clinic_tools")
    assert inspect_model(path)["untrusted"] == ["clinic_tools.doubled"]
    with pytest.raises(ModelFileError, match=r"it names 'clinic_tools.doubled'.* pass trusted="):
        skdl.load(path, trusted=["clinic_tools.other"])
    assert not (tmp_path / "imported").exists()
    assert np.array_equal(skdl.load(path, trusted=["clinic_tools.doubled"]).transform(X), 2 * X)


def test_the_manifest_can_be_read_by_anything(saved):
    manifest = json.loads(tool().unpacked(saved.read_bytes())["manifest.json"])
    assert manifest["format"] == 1
    assert manifest["estimator"] == "sklearn.pipeline.Pipeline"
    assert manifest["target_names"] == ["zero", "one", "two"]
    assert set(manifest["members"]) == {
        "model.skops",
        "probes/images.npy",
        "probes/predict.npy",
        "probes/predict_proba.npy",
    }


def test_searches_on_a_part_that_is_held_out_need_no_trust(tmp_path, zero_to_two):
    X, y = zero_to_two
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=GroupHoldout(0.25)).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        skdl.save(search, tmp_path / "search.skdl", probes=X[:2])
    assert inspect_model(tmp_path / "search.skdl")["untrusted"] == []
    np.testing.assert_array_equal(skdl.load(tmp_path / "search.skdl").predict(X), search.predict(X))


def test_requests_for_metadata_are_kept(zero_to_two, tmp_path):
    X, y = zero_to_two
    weights = np.ones(len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        inside = LogisticRegression(max_iter=20).set_fit_request(sample_weight=True)
        inside.set_score_request(sample_weight=False)
        request = inside._metadata_request
        owner = request.owner
        model = GridSearchCV(inside, {"C": [1.0]}, cv=2).fit(X, y, sample_weight=weights)
        inside = model.estimator
        skdl.save(model, tmp_path / "m.skdl")
        assert (request.owner, inside._metadata_request.fit.owner) == (owner, owner)
        loaded = skdl.load(tmp_path / "m.skdl")
        assert loaded.estimator.get_metadata_routing().fit.requests == {"sample_weight": True}
        assert clone(loaded).fit(X, y, sample_weight=weights).score(X, y) == model.score(X, y)
