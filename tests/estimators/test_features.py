"""Frozen features as a transformer."""

import contextlib
import io
import os
import pickle
import shutil
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from helpers import run_forked
from PIL import Image
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

from skdl import BackboneFeatures, FeatureStore, TransferClassifier, VGG16Features
from skdl.datasets import load_digits_images, load_feature_csv, load_image_folder
from skdl.engine._features import FeatureNetwork
from skdl.images import UnreadableImageError
from skdl.store import fill
from skdl.testing import check_image_transformer


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits_images(return_X_y=True)
    return X[:200], y[:200]


@pytest.fixture
def counted(monkeypatch):
    """Numbers of images of each batch that goes through a network."""
    batches = []
    run = FeatureNetwork.run

    def counting(self, images, *rest):
        batches.append(len(images))
        return run(self, images, *rest)

    monkeypatch.setattr(FeatureNetwork, "run", counting)
    return batches


def test_scikit_learn_checks():
    results = check_estimator(BackboneFeatures(image_size=8), on_skip=None)
    assert sum(result["status"] == "passed" for result in results) >= 45


@pytest.mark.slow
def test_contracts_of_transformers():
    check_image_transformer(BackboneFeatures(image_size=16))


def test_a_search_computes_each_image_once(digits, counted):
    X, y = digits
    pipeline = make_pipeline(
        BackboneFeatures(image_size=16, store=FeatureStore()), StandardScaler(), SVC()
    )
    search = GridSearchCV(pipeline, {"svc__C": [0.1, 1, 10, 100]}, cv=5).fit(X, y)
    assert search.best_score_ > 0.8
    distinct = len(np.unique(X.reshape(len(X), -1), axis=0))
    assert sum(counted) == distinct


@pytest.mark.slow
def test_a_search_again_in_another_process_computes_nothing(counted, tmp_path):
    code = """
import sys
import numpy as np
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from skdl import BackboneFeatures
from skdl.datasets import load_digits_images
from skdl.engine._features import FeatureNetwork
n = 0
run = FeatureNetwork.run
def counting(self, images, *rest):
    global n
    n += len(images)
    return run(self, images, *rest)
FeatureNetwork.run = counting
X, y = load_digits_images(return_X_y=True)
pipeline = make_pipeline(BackboneFeatures(image_size=16, store=sys.argv[1]), SVC())
print(cross_val_score(pipeline, X[:100], y[:100], cv=3).tolist(), n)
"""
    X, y = load_digits_images(return_X_y=True)
    pipeline = make_pipeline(BackboneFeatures(image_size=16, store=tmp_path / "store"), SVC())
    scores = cross_val_score(pipeline, X[:100], y[:100], cv=3).tolist()
    assert sum(counted) == 100
    assert run_forked(code, tmp_path / "store") == f"{scores} 0\n"


def test_two_processes_on_one_folder(digits, tmp_path):
    X, y = digits
    pipeline = make_pipeline(BackboneFeatures(image_size=16, store=tmp_path / "s"), SVC())
    parallel = cross_val_score(pipeline, X, y, cv=4, n_jobs=2)
    store = FeatureStore(tmp_path / "s")
    n_put = sum(space.entries for space in store.info().spaces)
    assert len(X) <= n_put <= 2 * len(X)
    found = store.verify()
    assert not found.damaged_files
    assert not found.damaged_entries
    alone = BackboneFeatures(image_size=16, store=None).fit_transform(X)
    stored = BackboneFeatures(image_size=16, store=tmp_path / "s").fit_transform(X)
    np.testing.assert_allclose(stored, alone, rtol=1e-4, atol=1e-5)
    serial = cross_val_score(pipeline, X, y, cv=4)
    np.testing.assert_allclose(parallel, serial, atol=0.02)


def test_halves_are_transformed_as_the_whole(digits):
    X, _ = digits
    both = BackboneFeatures(image_size=16, store=None).fit(X)
    half = BackboneFeatures(image_size=16, store=None).fit(X[:100])
    np.testing.assert_array_equal(both.transform(X[100:]), half.transform(X[100:]))


def test_the_value_range_is_that_of_fit(digits):
    X, _ = digits
    fitted = BackboneFeatures(image_size=16).fit(X)
    assert fitted.value_range_ == (0.0, 16.0)
    dark = fitted.transform(X[:3] / 4)
    assert not np.allclose(dark, fitted.transform(X[:3]))
    same = BackboneFeatures(image_size=16, value_range=(0, 4)).fit(X / 4).transform(X[:3] / 4)
    np.testing.assert_allclose(same, fitted.transform(X[:3]), rtol=1e-4, atol=1e-4)


def test_names_and_frames(digits):
    X, _ = digits
    features = BackboneFeatures(image_size=16, layer=["stage2", "stage3"]).fit(X)
    assert features.layers_ == ["stage2", "stage3"]
    names = features.get_feature_names_out()
    assert len(names) == 32 + 64
    assert [names[0], names[-1]] == ["stage2_0", "stage3_63"]
    frame = features.set_output(transform="pandas").transform(X[:3])
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == list(names)


def test_files_and_arrays_alike(tmp_path, digits):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    paths = [str(tmp_path / f"{number}.png") for number in range(6)]
    for path, image in zip(paths, pixels, strict=True):
        Image.fromarray(image).save(path)
    of_files = BackboneFeatures().fit_transform(paths)
    np.testing.assert_allclose(of_files, BackboneFeatures().fit_transform(pixels), rtol=1e-5)
    resized = BackboneFeatures(image_size=(24, 16)).fit(paths)
    assert resized.image_shape_ == (24, 16, 3)
    assert np.isfinite(resized.transform(pd.Series(paths))).all()


@pytest.mark.parametrize("store", ["auto", "folder", None])
def test_members_of_an_archive_and_files_alike(tmp_path, store):
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        (tmp_path / "images" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "images" / "ab"[number % 2] / f"{number}.png")
    archive = shutil.make_archive(str(tmp_path / "images"), "zip", tmp_path / "images")
    files, labels = load_image_folder(tmp_path / "images", return_X_y=True)
    members, _ = load_image_folder(archive, return_X_y=True)
    features = BackboneFeatures(store=str(tmp_path / "store") if store == "folder" else store)
    found = features.fit_transform(members)
    np.testing.assert_array_equal(found, features.fit_transform(files))
    assert len(np.unique(found, axis=0)) == 6
    model = TransferClassifier(store=features.store, epochs=2, random_state=0)
    np.testing.assert_array_equal(
        clone(model).fit(members, labels).predict_proba(files),
        clone(model).set_params(store=None).fit(files, labels).predict_proba(members),
    )


@pytest.mark.parametrize("store", ["auto", None])
def test_a_file_that_vanished_is_named(tmp_path, digits, store):
    for number in range(3):
        Image.fromarray(digits[0][number].astype(np.uint8)).save(tmp_path / f"{number}.png")
    paths = [str(tmp_path / f"{number}.png") for number in range(3)]
    features = BackboneFeatures(image_size=16, store=store).fit(paths)
    (tmp_path / "1.png").unlink()
    with pytest.raises(UnreadableImageError, match="1.png"):
        features.transform(paths)


def test_folds_of_gray_and_coloured_files_share_features(tmp_path, counted):
    rng = np.random.default_rng(0)
    paths = [str(tmp_path / f"{number}.png") for number in range(8)]
    for number, path in enumerate(paths):
        gray = rng.integers(0, 256, (16, 16), dtype=np.uint8)
        picture = Image.fromarray(gray)
        picture.convert("RGB" if number == 7 else "L").save(path)
    store = FeatureStore()
    for rows in (paths[:4], paths[4:], paths):
        features = BackboneFeatures(store=store).fit(rows)
        assert features.image_shape_ == (16, 16, 3)
        features.transform(paths)
    assert sum(counted) == len(paths)


def test_the_last_layer_by_name_is_the_same_entry(digits, counted):
    X, _ = digits
    store = FeatureStore()
    for layer in (None, "stage3", ["stage3"]):
        BackboneFeatures(image_size=16, layer=layer, store=store).fit_transform(X[:10])
    assert sum(counted) == 10


@pytest.mark.slow
def test_a_pickle_predicts_alone(digits, tmp_path):
    X, y = digits
    pipeline = make_pipeline(BackboneFeatures(image_size=16), SVC()).fit(X, y)
    joblib.dump(pipeline, tmp_path / "pipeline.joblib")
    np.save(tmp_path / "X.npy", X[:20])
    code = """
import sys, joblib, numpy as np
pipeline = joblib.load(sys.argv[1] + "/pipeline.joblib")
print(pipeline.predict(np.load(sys.argv[1] + "/X.npy")).tolist())
"""
    assert run_forked(code, tmp_path).strip() == str(pipeline.predict(X[:20]).tolist())


def test_a_pickle_needs_no_file_of_weights(digits, tmp_path):
    X, _ = digits
    path = tmp_path / "w.npz"
    builtin = BackboneFeatures(image_size=16).fit(X)
    np.savez(path, *builtin._extractor.weights.arrays)
    fitted = BackboneFeatures(image_size=16, weights=str(path), store=None).fit(X)
    copy = pickle.loads(pickle.dumps(fitted))
    path.unlink()
    np.testing.assert_array_equal(copy.transform(X[:5]), fitted.transform(X[:5]))


def test_inputs_stay_as_they_are(digits):
    X = digits[0].copy()
    X.flags.writeable = False
    BackboneFeatures(image_size=16).fit_transform(X)
    state = np.random.get_state()[1].copy()
    BackboneFeatures(image_size=16, weights="random", store=None).fit_transform(X[:5])
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_random_weights_are_the_same_each_time(digits):
    X, _ = digits
    first, second = (
        BackboneFeatures(image_size=16, weights="random", store=None).fit_transform(X[:5])
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, BackboneFeatures(image_size=16).fit_transform(X[:5]))


def test_routed_parameters():
    estimator = BackboneFeatures("mobilenet_v2", weights="random", backbone__alpha=0.35)
    assert clone(estimator).get_params()["backbone__alpha"] == 0.35
    X = np.zeros((2, 32, 32, 3), np.uint8)
    narrow = estimator.set_params(layer="block_2_add").fit(X)
    wide = clone(estimator).set_params(backbone__alpha=1.0).fit(X)
    assert len(narrow.get_feature_names_out()) == 8
    assert len(wide.get_feature_names_out()) == 24


def test_progress(digits):
    X, _ = digits
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        BackboneFeatures(image_size=16, verbose=1, store=None).fit_transform(X)
    assert f"{len(X)}/{len(X)}" in shown.getvalue()
    with contextlib.redirect_stdout(io.StringIO()) as silent:
        BackboneFeatures(image_size=16, store=None).fit_transform(X)
    assert silent.getvalue() == ""


def test_vgg16(digits):
    X = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    last = VGG16Features(weights="random").fit(X)
    assert last.layers_ == ["block5_pool"]
    general = BackboneFeatures("vgg16", weights="random").fit_transform(X)
    np.testing.assert_array_equal(last.transform(X), general)
    assert "backbone" not in last.get_params()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_features_by_way_of_a_table(digits, tmp_path, kind):
    """Written to a file and read again, VGG16's features give the same predictions."""
    X, y = digits
    X, y = X[:60], y[:60]
    features = VGG16Features(weights="random", image_size=32).set_output(transform="pandas")
    table = features.fit_transform(X).assign(label=y)
    path = tmp_path / f"features.{kind}"
    if kind == "csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    bunch = load_feature_csv(path, target_column="label")
    by_table = make_pipeline(StandardScaler(), SVC()).fit(bunch.data[:40], bunch.target[:40])
    direct = make_pipeline(clone(features), StandardScaler(), SVC()).fit(X[:40], y[:40])
    assert list(by_table.predict(bunch.data[40:])) == list(direct.predict(X[40:]))


def test_an_embedded_backbone_knows_more_than_a_random_one():
    X, y = load_digits_images(return_X_y=True)
    scores = [
        cross_val_score(
            make_pipeline(
                BackboneFeatures(image_size=24, weights=weights),
                StandardScaler(),
                LogisticRegression(max_iter=500),
            ),
            X[:600],
            y[:600],
            cv=3,
        ).mean()
        for weights in ("auto", "random")
    ]
    assert scores[0] > scores[1]


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"image_size": None}, ValueError, r"8 × 8 pixels, but .* 'vgg16' requires .* 32 × 32"),
        (
            {"layer": "block5_pol"},
            ValueError,
            "'block5_pol' .* Similar names: block5_pool",
        ),
        ({"layer": 3}, ValueError, "layer must be the name of a layer, a list of names, or None"),
        ({"layer": []}, ValueError, "layer must be the name of a layer"),
        ({"layer": ["block1_pool"] * 2}, ValueError, "layer contains a name twice"),
        ({"pooling": "mean"}, ValueError, "'pooling' parameter .* must be"),
        ({"pooling": ["avg", "mean"]}, ValueError, "pooling must be one of .*It contains 'mean'"),
        ({"pooling": []}, ValueError, r"pooling must be .*, or a list of them. Got \[\]"),
        ({"pooling": ["avg", "avg"]}, ValueError, "pooling contains a name twice"),
        ({"pooling": 3}, ValueError, "'pooling' parameter .* must be"),
        ({"image_size": (3, 4, 5)}, ValueError, r"image_size must be .* Got \(3, 4, 5\)"),
        ({"image_size": 0}, ValueError, "image_size must be"),
        ({"image_size": True}, ValueError, "image_size must be"),
        ({"image_size": 16}, ValueError, "16 × 16 pixels"),
        ({"weights": "cifar10"}, ValueError, "has no weights 'cifar10'.*'random', 'imagenet'"),
        ({"weights": None}, ValueError, "for random weights, pass 'random'. Got None"),
        ({"weights": "none.h5"}, FileNotFoundError, "'none.h5', which does not exist"),
        ({"store": 3}, ValueError, "store must be 'auto', a folder"),
        ({"n_jobs": 0}, ValueError, "'n_jobs' parameter"),
        ({"batch_size": 0}, ValueError, "'batch_size' parameter"),
        ({"value_range": (1, 0)}, ValueError, "value_range must be None"),
        ({"precision": "float16"}, ValueError, "'precision' parameter"),
    ],
)
def test_bad_parameters(params, error, message):
    X = np.zeros((2, 8, 8, 3), np.uint8)
    estimator = VGG16Features(**{"weights": "random", "image_size": 32, **params})
    with pytest.raises(error, match=message):
        estimator.fit(X)
    with pytest.raises(NotFittedError):
        estimator.transform(X)


def test_bad_backbones():
    X = np.zeros((2, 32, 32, 3), np.uint8)
    for backbone, message in (
        ("resnet5", "Unknown backbone 'resnet5'. Did you mean 'resnet50'"),
        (lambda shape: None, "lambda"),
        (os.path.join, "declares nothing"),
    ):
        with pytest.raises(ValueError, match=message):
            BackboneFeatures(backbone).fit(X)
    with pytest.raises(ValueError, match="no parameter 'alpha'.*Its parameters: none"):
        BackboneFeatures(backbone__alpha=0.5).fit(X)
    with pytest.raises(TypeError, match="unexpected keyword argument 'alpha'"):
        BackboneFeatures(alpha=0.5)


def test_bad_input(digits, tmp_path):
    fitted = BackboneFeatures().fit(digits[0])
    with pytest.raises(ValueError, match=r"images of shape \(9, 9, 1\).*\(8, 8, 1\)"):
        fitted.transform(np.zeros((2, 9, 9)))
    with pytest.raises(TypeError, match="Sparse"):
        fitted.transform(sparse.csr_array(np.eye(64)))
    with pytest.raises(ValueError, match="NaN: first at row 1"):
        fitted.transform(np.stack([np.zeros((8, 8)), np.full((8, 8), np.nan)]))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"broken\.png"):
        BackboneFeatures(image_size=16).fit_transform([str(broken)])
    with pytest.warns(UserWarning, match="treated as standardised"):
        BackboneFeatures().fit(np.random.default_rng(0).normal(size=(4, 16, 16, 3)))


def test_a_folder_that_cannot_be_written_to(digits, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(FileExistsError, match="feature store"):
        BackboneFeatures(image_size=16, store=file / "store").fit(digits[0])


def test_what_a_transformer_has_not(digits):
    fitted = BackboneFeatures(image_size=16).fit(digits[0])
    for name in ("predict", "partial_fit", "score"):
        assert not hasattr(fitted, name)


@pytest.mark.slow
def test_several_layers_and_poolings_in_one_pass():
    """Which searches over them find; by their names, and in any order."""
    X, _ = load_digits_images(return_X_y=True, n_samples=60)
    store = FeatureStore()
    settings = {"image_size": 16, "store": store}
    layers, poolings = ["stage2", "stage3"], ["avg", "max"]
    every = BackboneFeatures(layer=layers, pooling=poolings, **settings)
    table = every.set_output(transform="pandas").fit_transform(X)
    assert list(table.columns[[0, 32, 64]]) == ["stage2_avg_0", "stage2_max_0", "stage3_avg_0"]
    n_computed = store.misses
    for layer in layers:
        for pooling in poolings:
            one = BackboneFeatures(layer=layer, pooling=pooling, **settings).fit(X)
            found = one.transform(X)
            names = [f"{layer}_{pooling}_{number}" for number in range(found.shape[1])]
            np.testing.assert_array_equal(found, table[names].to_numpy())
            assert one.get_feature_names_out()[0] == f"{layer}_0"
    assert store.misses == n_computed
    assert clone(every).get_params()["pooling"] == poolings


def test_a_saved_transformer_makes_no_folder_elsewhere(digits, tmp_path):
    """Such as that of the store, under a path of the machine where it was fitted."""
    store = tmp_path / "mine" / "store"
    for model in (
        BackboneFeatures(image_size=16, store=store),
        TransferClassifier(image_size=16, epochs=1, store=store, random_state=0),
    ):
        X, y = digits[0][:40], digits[1][:40] % 2
        expected = outputs(model.fit(X, y), X)
        assert any(store.rglob("*.shard"))
        saved = pickle.dumps(model)
        shutil.rmtree(store.parent)
        np.testing.assert_array_equal(outputs(pickle.loads(saved), X), expected)
        assert list(tmp_path.iterdir()) == []
        clone(model).fit(X, y)  # makes it


@pytest.mark.parametrize("kind", [str, Path])
def test_a_relative_store_of_a_worker_is_that_of_the_caller(digits, tmp_path, monkeypatch, kind):
    """Whatever working directory the worker has."""
    X, y = digits[0][:20], digits[1][:20]
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    monkeypatch.chdir(here)
    pipeline = make_pipeline(BackboneFeatures(image_size=16, store=kind("kept")), SVC())
    sent = pickle.dumps(pipeline)
    monkeypatch.chdir(there)
    worker = clone(pickle.loads(sent)).fit(X, y)
    assert pipeline[0].store == kind("kept")
    assert worker[0].store == kind(here / "kept")
    assert list(there.iterdir()) == []
    store = FeatureStore(here / "kept")
    BackboneFeatures(image_size=16, store=store).fit_transform(X)
    assert (store.hits, store.misses) == (20, 0)


@pytest.mark.parametrize("store", ["auto", None, "", 3, "~/kept", FeatureStore()])
def test_what_a_pickle_calls_a_store(store, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = str(tmp_path / "kept") if store == "~/kept" else store
    for estimator in (BackboneFeatures(store=store), TransferClassifier(store=store)):
        found = pickle.loads(pickle.dumps(estimator)).store
        assert found == expected or (isinstance(store, FeatureStore) and found.folder is None)
        assert estimator.store is store


class Interrupted(FeatureStore):
    """A store whose folder is asked while files are replaced."""

    def get_together(self, spaces, keys):
        found = super().get_together(spaces, keys)
        if self.replace is not None:
            replace, self.replace = self.replace, None
            replace()
        return found


@pytest.mark.parametrize("in_place", [True, False], ids=["in place", "renamed"])
@pytest.mark.parametrize("n_equal", [0, 1, 3], ids=["alone", "copied", "copies"])
def test_a_file_that_is_replaced_does_not_poison_the_store(tmp_path, digits, in_place, n_equal):
    """Between its digest and its decoding: each image has its own features, then and later."""
    X, _ = digits
    paths = [tmp_path / f"{number}.png" for number in range(8 + n_equal)]
    for path, image in zip(paths, X, strict=False):
        Image.fromarray(image.squeeze().astype(np.uint8) * 15).save(path)
    for path in paths[8:]:
        shutil.copy(paths[3], path)
    old = paths[3].read_bytes()
    new = tmp_path / "new"
    Image.fromarray(X[100].squeeze().astype(np.uint8) * 15).save(new, format="png")

    def replace():
        if in_place:
            paths[3].write_bytes(new.read_bytes())
        else:
            new.replace(paths[3])

    features = BackboneFeatures(image_size=16, value_range=(0, 255), batch_size=4, store=None)
    names = [str(path) for path in paths]
    before = features.fit(names).transform(names)
    store = Interrupted(tmp_path / "store")
    store.replace = replace
    found = features.set_params(store=store).fit(names).transform(names)
    others = np.arange(len(paths)) != 3
    np.testing.assert_allclose(found[others], before[others], rtol=1e-4, atol=1e-5)
    assert not np.allclose(found[3], before[3], rtol=1e-3)
    again = features.set_params(store=tmp_path / "store").fit(names).transform(names)
    np.testing.assert_allclose(again, found, rtol=1e-4, atol=1e-5)
    paths[3].write_bytes(old)
    np.testing.assert_allclose(features.transform(names), before, rtol=1e-4, atol=1e-5)


def outputs(model, X):
    return model.transform(X) if hasattr(model, "transform") else model.predict_proba(X)


def test_no_bar_where_everything_was_stored(digits, capsys):
    features = BackboneFeatures(image_size=16, batch_size=8, store=FeatureStore(), verbose=1)
    features.fit_transform(digits[0][:40])
    assert "40/40" in capsys.readouterr().out
    for _ in range(3):
        features.transform(digits[0][:40])
    assert capsys.readouterr().out == ""
    features.transform(digits[0][:60])
    assert "60/60" in capsys.readouterr().out


@pytest.mark.parametrize("kind", [BackboneFeatures, VGG16Features])
def test_what_fill_has_stored_is_found(kind, digits, tmp_path):
    paths = []
    for number, pixels in enumerate(digits[0][:6].reshape(-1, 8, 8)):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray((pixels * 15).astype(np.uint8)).save(paths[-1])
    features = kind(weights="random", image_size=32, store=None)
    report = fill(features, paths, tmp_path / "store", batch=4, verbose=0)
    assert (report.computed, report.found) == (6, 0)
    assert features.store is None
    store = FeatureStore(tmp_path / "store")
    found = clone(features).set_params(store=store).fit_transform(paths)
    assert (store.hits, store.misses) == (6, 0)
    np.testing.assert_allclose(found, features.fit_transform(paths), rtol=1e-4, atol=1e-5)
