"""Several labels per image: 0 and 1 in a column for each, in all classifiers."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from helpers import returns_compiled, same_state, subclassed, tiny
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss, make_scorer, recall_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.utils import compute_class_weight

import skdl
from skdl import BackboneFeatures, CNNClassifier, TransferClassifier, VGG16Classifier
from skdl.engine import TrainingSet
from skdl.estimators._holding_out import hold_out_labels
from skdl.images import ImageArray


def labels_of(y):
    """Whether a digit is even, is greater than 4, has a loop."""
    return np.column_stack([y % 2 == 0, y > 4, np.isin(y, [0, 6, 8, 9])]).astype(int)


@pytest.fixture(scope="module")
def data(digits):
    X, y = digits
    return X[:1000], labels_of(y[:1000]), X[1000:], labels_of(y[1000:])


@pytest.fixture(scope="module")
def fitted(data):
    X, Y, *_ = data
    return CNNClassifier(epochs=10, random_state=0).fit(X, Y)


def few(data, n=60):
    return data[0][:n], data[1][:n]


ESTIMATORS = {
    "network": CNNClassifier(tiny, epochs=2, random_state=0),
    "head": TransferClassifier(image_size=16, epochs=2, random_state=0),
    "tuned": TransferClassifier(
        image_size=16, trainable=1, warmup_epochs=1, epochs=1, random_state=0
    ),
    "copies": TransferClassifier(
        image_size=16, augmentation="light", augmentation_copies=2, epochs=2, random_state=0
    ),
    "VGG16": VGG16Classifier(
        weights="random", image_size=32, pooling="avg", epochs=2, random_state=0
    ),
}
each = pytest.mark.parametrize("name", ESTIMATORS)


# ---- what is learned -----------------------------------------------------------------------------


def test_labels_are_learned_and_predicted(data, fitted):
    *_, X, Y = data
    probabilities, predicted = fitted.predict_proba(X), fitted.predict(X)
    assert probabilities.shape == predicted.shape == Y.shape
    assert probabilities.dtype == np.float32
    assert np.array_equal(predicted, probabilities > 0.5)
    assert set(np.unique(predicted)) == {0, 1}
    assert (recall_score(Y, predicted, average=None) > 0.85).all()
    assert fitted.score(X, Y) == (predicted == Y).all(axis=1).mean()
    assert fitted.classes_.tolist() == [0, 1, 2]


def test_the_history_holds_the_share_of_right_labels(data, fitted):
    X, Y, *_ = data
    assert set(fitted.history_) == {"loss", "accuracy", "learning_rate"}
    assert fitted.history_["accuracy"][-1] == pytest.approx(
        (fitted.predict(X) == Y).mean(), abs=0.03
    )
    loss = np.mean([log_loss(Y[:, k], fitted.predict_proba(X)[:, k]) for k in range(3)])
    assert fitted.history_["loss"][-1] == pytest.approx(loss, abs=0.1)


@each
def test_every_classifier_takes_them(name, data):
    X, Y = few(data)
    model = clone(ESTIMATORS[name]).fit(X, Y)
    assert model.predict_proba(X).shape == (60, 3)
    again = clone(ESTIMATORS[name]).fit(X, Y)
    assert same_state_of(model, again)
    loaded = pickle.loads(pickle.dumps(model))
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert np.array_equal(loaded.predict(X), model.predict(X))


def same_state_of(first, second):
    return all(map(np.array_equal, first._network.state, second._network.state))


def test_features_of_a_backbone_for_all_labels(data):
    X, Y, X_test, Y_test = data
    features = BackboneFeatures(image_size=16)
    for judge in (MultiOutputClassifier, ClassifierChain):
        model = make_pipeline(features, judge(LogisticRegression(max_iter=2000))).fit(X, Y)
        assert f1_score(Y_test, model.predict(X_test), average="macro") > 0.85


def test_the_keras_model_gives_the_same_probabilities(data, fitted, tmp_path):
    import keras

    X = data[2][:20]
    images = X.reshape(-1, 8, 8, 1)
    assert np.allclose(fitted.model_(images).numpy(), fitted.predict_proba(X), atol=1e-6)
    fitted.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(images, data[3][:20], verbose=0)[1] == pytest.approx(
        (fitted.predict(X) == data[3][:20]).mean()
    )


def test_files_that_run_no_code(data, fitted, tmp_path):
    X = data[2][:20]
    skdl.save(fitted, tmp_path / "model.skdl")
    loaded = skdl.load(tmp_path / "model.skdl")
    assert np.array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    joblib.dump(fitted, tmp_path / "model.joblib")
    assert np.array_equal(joblib.load(tmp_path / "model.joblib").predict(X), fitted.predict(X))


def test_where_the_network_looks_for_a_label(data, fitted):
    X = data[2][:4]
    maps = fitted.grad_cam(X, y=2)
    assert maps.shape == (4, 8, 8)
    assert not np.array_equal(maps, fitted.grad_cam(X, y=0))
    best = fitted.predict_proba(X).argmax(axis=1)
    assert np.array_equal(fitted.grad_cam(X), fitted.grad_cam(X, y=best))
    with pytest.raises(ValueError, match="not among the classes"):
        fitted.grad_cam(X, y=3)


# ---- in scikit-learn -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sparse", "frame", "lists", "floats", "bools", "objects"])
def test_y_may_be_of_any_kind(kind, data):
    X, Y = few(data)
    given = {
        "sparse": csr_matrix,
        "frame": lambda Y: pd.DataFrame(Y, columns=["even", "large", "loop"]),
        "lists": lambda Y: Y.tolist(),
        "floats": lambda Y: Y.astype(float),
        "bools": lambda Y: Y.astype(bool),
        "objects": lambda Y: Y.astype(object),
    }[kind](Y)
    model, other = (clone(ESTIMATORS["network"]).fit(X, y) for y in (Y, given))
    assert same_state(model, other)
    assert model.score(X, Y) == model.score(X, given)


def test_labels_by_name(data):
    X, Y = few(data)
    names = np.array(["even", "large", "loop"])
    lists = [names[row.astype(bool)].tolist() for row in Y]
    binarizer = MultiLabelBinarizer()
    model = clone(ESTIMATORS["network"]).fit(X, binarizer.fit_transform(lists))
    assert binarizer.classes_.tolist() == names.tolist()
    found = binarizer.inverse_transform(model.predict(X))
    assert {name for some in found for name in some} <= set(names)


def test_searches_and_scorers(data):
    X, Y = few(data, 120)
    scorer = make_scorer(f1_score, average="macro", zero_division=0.0)
    model = CNNClassifier(tiny, epochs=3, random_state=0)
    scores = cross_val_score(model, X, Y, cv=3, scoring=scorer)
    assert ((scores >= 0) & (scores <= 1)).all()
    search = GridSearchCV(model, {"architecture__units": [4, 16]}, scoring=scorer, cv=2).fit(X, Y)
    assert search.best_estimator_.predict(X).shape == Y.shape
    assert cross_val_predict(model, X, Y, cv=3, method="predict_proba").shape == Y.shape


def test_fits_share_one_compiled_model(data, trainers_made):
    for seed in range(4):
        CNNClassifier(tiny, epochs=1, random_state=seed).fit(*few(data))
    assert len(trainers_made) == 1


# ---- weights -------------------------------------------------------------------------------------


def test_a_weight_of_zero_leaves_the_row_out(data):
    X, Y = few(data)
    weights = np.ones(60)
    weights[::3] = 0
    kept = weights > 0
    model = clone(ESTIMATORS["network"]).fit(X, Y, sample_weight=weights)
    assert same_state(model, clone(ESTIMATORS["network"]).fit(X[kept], Y[kept]))


def test_weights_of_labels_are_those_of_scikit_learn(data):
    X, Y = few(data, 200)
    by_hand = [
        dict(enumerate(compute_class_weight("balanced", classes=np.array([0, 1]), y=Y[:, label])))
        for label in range(3)
    ]
    model = clone(ESTIMATORS["network"]).set_params(class_weight="balanced").fit(X, Y)
    other = clone(ESTIMATORS["network"]).set_params(class_weight=by_hand).fit(X, Y)
    assert np.allclose(model.history_["loss"], other.history_["loss"], rtol=1e-6)
    assert same_state(model, other)


def test_the_loss_weighs_each_label(data):
    X, Y = few(data, 200)
    weights = np.random.default_rng(0).uniform(0.5, 2, 200)
    model = CNNClassifier(tiny, architecture__dropout=0.0, epochs=1, batch_size=200, random_state=0)
    model.set_params(optimizer="sgd", optimizer__learning_rate=0.0)  # the start values stay
    model.set_params(class_weight=[{0: 1, 1: 3}, {1: 0.5}, {0: 0, 1: 1}])
    p = model.fit(X, Y, sample_weight=weights).predict_proba(X).astype(float)
    of_labels = np.where(Y == 1, [3, 0.5, 1], [1, 1, 0])
    losses = -(Y * np.log(p) + (1 - Y) * np.log1p(-p))
    expected = (weights[:, np.newaxis] * of_labels * losses).mean()
    assert model.history_["loss"][0] == pytest.approx(expected, rel=1e-5)


def test_rare_labels_are_found_when_balanced(digits):
    X, y = digits
    Y = np.column_stack([y == 8, y < 5]).astype(int)
    rare = np.flatnonzero(y == 8)[:25]
    rows = np.concatenate([rare, np.flatnonzero(y != 8)[:475]])
    base = CNNClassifier(epochs=4, random_state=0)
    plain = base.fit(X[rows], Y[rows]).predict_proba(X[900:])[:, 0]
    balanced = clone(base).set_params(class_weight="balanced").fit(X[rows], Y[rows])
    positive = Y[900:, 0] == 1
    assert balanced.predict_proba(X[900:])[positive, 0].mean() > plain[positive].mean() + 0.1


# ---- validation data -----------------------------------------------------------------------------


def test_what_is_held_out_has_its_share_of_each_label():
    generator = np.random.default_rng(0)
    shares = np.array([0.5, 0.2, 0.05, 0.02])
    Y = (generator.random((1000, 4)) < shares).astype(np.float32)
    data = TrainingSet(
        ImageArray(np.zeros((1000, 2, 2, 1), np.float32)), Y, np.ones((1000, 1), np.float32)
    )
    for seed in range(3):
        kept, held, rows = hold_out_labels(data, 0.2, seed)
        assert (len(kept), len(held)) == (800, 200)
        assert np.array_equal(held.targets, Y[rows])
        assert (abs(held.targets.sum(axis=0) - 0.2 * Y.sum(axis=0)) <= 1).all()
    assert not np.array_equal(rows, hold_out_labels(data, 0.2, 0)[2])


def test_a_split_that_leaves_nothing_to_train_on(data):
    X, Y = few(data, 4)
    with pytest.raises(ValueError, match="of 4 images leaves none to train on"):
        CNNClassifier(tiny, validation_fraction=0.9).fit(X, Y)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_any_share_can_be_held_out(fraction):
    Y = np.eye(3, dtype=np.float32)[np.arange(30) % 3]
    Y[::7] = 1
    data = TrainingSet(
        ImageArray(np.zeros((30, 2, 2, 1), np.float32)), Y, np.ones((30, 1), np.float32)
    )
    kept, held, _ = hold_out_labels(data, fraction, 0)
    assert len(held) == round(30 * fraction)
    assert len(kept) + len(held) == 30


def test_early_stopping_and_groups(data):
    X, Y = few(data, 120)
    groups = np.arange(120) // 4
    model = CNNClassifier(tiny, epochs=3, early_stopping=True, random_state=0)
    rows = model.fit(X, Y, groups=groups).validation_rows_
    assert not set(groups[rows]) & set(np.delete(groups, rows))
    assert len(rows) == 12
    assert {"val_loss", "val_accuracy"} <= set(model.history_)
    whole = model.fit(X, Y).validation_rows_
    assert len(whole) == 12
    assert (Y[whole].sum(axis=0) > 0).all()


def test_validation_data_of_ones_own(data):
    X, Y = few(data)
    model = clone(ESTIMATORS["network"]).fit(X[:40], Y[:40], X_val=X[40:], y_val=Y[40:])
    p = model.predict_proba(X[40:]).astype(float)
    losses = -(Y[40:] * np.log(p) + (1 - Y[40:]) * np.log1p(-p))
    assert model.history_["val_loss"][-1] == pytest.approx(losses.mean(), rel=1e-4)
    assert model.history_["val_accuracy"][-1] == pytest.approx(((p > 0.5) == Y[40:]).mean())


# ---- training that goes on -----------------------------------------------------------------------


def test_partial_fit(data):
    X, Y = few(data)
    model = CNNClassifier(tiny, random_state=0).partial_fit(X, Y, classes=[0, 1, 2])
    model.partial_fit(X[:20], Y[:20]).partial_fit(X[20:], Y[20:])
    assert model.n_iter_ == 3
    with pytest.raises(ValueError, match="3 columns"):
        model.partial_fit(X, Y[:, :2])
    with pytest.raises(ValueError, match="last call to partial_fit"):
        model.partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"range\(3\)"):
        CNNClassifier(tiny).partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match="should have 3 columns"):
        model.partial_fit(X, Y[:, 0])


def test_warm_start(data):
    X, Y = few(data)
    model = CNNClassifier(tiny, epochs=1, warm_start=True, random_state=0).fit(X, Y).fit(X, Y)
    assert same_state(model, CNNClassifier(tiny, epochs=2, random_state=0).fit(X, Y))
    with pytest.raises(ValueError, match="should have 3 columns"):
        model.fit(X, Y[:, 0])
    single = CNNClassifier(tiny, epochs=1, warm_start=True, random_state=0).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="one class per image"):
        single.fit(X, Y)


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda Y: Y + Y, "should hold 0 and 1 only.* Got 2"),
        (lambda Y: Y.astype(float) - 0.5, r"Got (-0\.5|0\.5) in row 0, column 0"),
        (lambda Y: np.where(Y == 1, np.nan, 0.0), "Got nan"),
        (lambda Y: np.array([["yes", "no"]] * len(Y)), "0 and 1 only.* Got 'yes'"),
        (lambda Y: [["even"], *[["even", "loop"]] * (len(Y) - 1)], "MultiLabelBinarizer"),
        (lambda Y: Y[:, :, np.newaxis], "1d array"),
        (lambda Y: Y[:-1], "inconsistent numbers"),
    ],
    ids=["2", "halves", "NaN", "text", "ragged", "three axes", "short"],
)
def test_y_that_is_not_of_labels(change, message, data):
    X, Y = few(data)
    with pytest.raises(ValueError, match=message):
        CNNClassifier(tiny).fit(X, change(Y))


@pytest.mark.parametrize("weights", [np.ones(59), np.ones((60, 3)), -np.ones(60), np.zeros(60)])
def test_weights_that_are_not_of_the_images(weights, data):
    with pytest.raises(ValueError, match=r"[Ss]ample[ _]weight"):
        CNNClassifier(tiny).fit(*few(data), sample_weight=weights)


def test_labels_that_are_always_or_never_set(data):
    X, Y = few(data)
    Y = np.column_stack([Y, np.zeros(60, int), np.ones(60, int)])
    with pytest.warns(UserWarning, match="Label (3 is set in none|4 is set in all)") as caught:
        model = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, Y)
    said = [str(warning.message) for warning in caught]  # other libraries may warn, too
    assert [words[:7] for words in said if words.startswith("Label ")] == ["Label 3", "Label 4"]
    assert model.predict_proba(X).shape == (60, 5)


def test_one_hot_classes(digits):
    X, y = digits
    with pytest.warns(UserWarning, match=r"pass y\.argmax\(axis=1\)"):
        CNNClassifier(tiny, epochs=1).fit(X[:60], np.eye(10, dtype=int)[y[:60]])


@pytest.mark.parametrize(
    "class_weight",
    [{0: 1, 1: 2}, [{0: 1}], [{0: 1}, {2: 1}, {}], [{1: -1}, {}, {}], ["balanced"] * 3],
)
def test_weights_that_are_not_of_the_labels(class_weight, data):
    with pytest.raises(ValueError, match=r"class_weight.*list of 3 dicts"):
        CNNClassifier(tiny, class_weight=class_weight).fit(*few(data))


def test_weights_of_labels_for_classes(data):
    X, Y = few(data)
    with pytest.raises(ValueError, match="one class per image, pass a dict"):
        CNNClassifier(tiny, class_weight=[{0: 1, 1: 2}]).fit(X, Y[:, 0])


def test_networks_whose_softmax_cannot_be_replaced(data):
    with pytest.raises(ValueError, match="does not end in a layer with activation='softmax'"):
        CNNClassifier(subclassed).fit(*few(data))
    with pytest.raises(ValueError, match="compiled"):
        CNNClassifier(returns_compiled).fit(*few(data))


def test_a_score_of_other_targets(data, fitted):
    X, Y = few(data)
    with pytest.raises(ValueError, match="multilabel-indicator"):
        fitted.score(X, Y[:, 0])
