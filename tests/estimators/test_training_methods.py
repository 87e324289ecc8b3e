"""Losses, sampling, mixtures, several members and test-time augmentation of the estimators."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import recall_score
from sklearn.model_selection import GridSearchCV

import skdl
from skdl import (
    Augmentation,
    CNNClassifier,
    CNNRegressor,
    TransferClassifier,
    TransferRegressor,
    VGG16Classifier,
)
from skdl.metrics import quadratic_kappa_score

QUICK = {"epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def grades(digits):
    """Digits, and how much ink there is in five grades."""
    X, _ = digits
    ink = X.sum(axis=1)
    return X, np.digitize(ink, np.quantile(ink, [0.2, 0.4, 0.6, 0.8])) + 1


@pytest.fixture(scope="module")
def rare(digits):
    """Eights among other digits, one in forty."""
    X, y = digits
    rows = np.concatenate([np.flatnonzero(y == 8)[:20], np.flatnonzero(y != 8)[:780]])
    rest = np.setdiff1d(np.arange(len(y)), rows)
    return X[rows], (y[rows] == 8).astype(int), X[rest], (y[rest] == 8).astype(int)


@pytest.fixture(scope="module")
def ordinal(grades):
    X, y = grades
    model = CNNClassifier(epochs=12, loss="ordinal", optimizer__learning_rate=0.005, random_state=0)
    return model.fit(X[:1000], y[:1000])


@pytest.mark.filterwarnings("error:The structure of `inputs`")  # of Keras, about lists of one
class TestOrdinal:
    """Classes in an order."""

    def test_grades_are_learned_in_their_order(self, grades, ordinal):
        X, y = grades
        assert ordinal.classes_.tolist() == [1, 2, 3, 4, 5]
        assert quadratic_kappa_score(y[1000:], ordinal.predict(X[1000:])) > 0.9
        probabilities = ordinal.predict_proba(X[1000:])
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        # One score decides: whoever is more probably above one threshold is so above all.
        above = 1 - np.cumsum(probabilities, axis=1)[:, :-1]
        order = np.argsort(above[:, 1])
        assert (np.diff(above[order], axis=0) > -1e-4).all()

    def test_it_is_saved_and_looked_into(self, grades, ordinal, tmp_path):
        X, _ = grades
        expected = ordinal.predict_proba(X[:50])
        np.testing.assert_array_equal(
            pickle.loads(pickle.dumps(ordinal)).predict_proba(X[:50]), expected
        )
        skdl.save(ordinal, tmp_path / "grades.skdl")
        np.testing.assert_array_equal(
            skdl.load(tmp_path / "grades.skdl").predict_proba(X[:50]), expected
        )
        images = X[:50].reshape(-1, 8, 8, 1)
        np.testing.assert_allclose(ordinal.model_.predict(images, verbose=0), expected, atol=1e-5)
        assert ordinal.grad_cam(X[:3]).max() == 1

    @pytest.mark.slow
    def test_on_a_backbone_and_of_two_classes(self, grades):
        X, y = grades
        model = TransferClassifier(
            weights="random", image_size=16, loss="ordinal", epochs=3, random_state=0
        )
        assert model.fit(X[:200], y[:200]).predict_proba(X[:5]).shape == (5, 5)
        two = CNNClassifier(
            loss="ordinal", epochs=8, optimizer__learning_rate=0.005, random_state=0
        )
        two.fit(X[:1000], y[:1000] > 3)
        assert two.score(X[1000:], y[1000:] > 3) > 0.85

    @pytest.mark.parametrize(
        ("params", "change", "message"),
        [
            ({}, lambda y: np.array(list("abcde"))[y - 1], "ordered classes.*'a'"),
            ({"label_smoothing": 0.1}, lambda y: y, "label_smoothing ignores the order"),
            ({}, lambda y: np.eye(6, dtype=int)[y], "loss='ordinal' is for one class per image"),
        ],
    )
    def test_bad_input(self, grades, params, change, message):
        X, y = grades
        with pytest.raises(ValueError, match=message):
            CNNClassifier(loss="ordinal", **params, **QUICK).fit(X[:100], change(y[:100]))


class TestLosses:
    """Focal loss and label smoothing."""

    def test_without_any_it_is_the_cross_entropy(self, few_digits):
        plain = CNNClassifier(**QUICK).fit(*few_digits)
        focal = CNNClassifier(loss="focal", focal_gamma=0, **QUICK).fit(*few_digits)
        X = few_digits[0]
        np.testing.assert_array_equal(plain.predict_proba(X), focal.predict_proba(X))

    @pytest.mark.slow
    def test_smoothing_makes_it_less_sure(self, digits):
        X, y = digits
        settings = {"epochs": 8, "random_state": 0}
        sure, smooth = (
            CNNClassifier(label_smoothing=share, **settings).fit(X[:1000], y[:1000])
            for share in (0.0, 0.3)
        )
        means = [model.predict_proba(X[1000:]).max(axis=1).mean() for model in (sure, smooth)]
        assert means[1] < means[0] - 0.1
        assert smooth.score(X[1000:], y[1000:]) > 0.85

    @pytest.mark.slow
    def test_the_focal_loss_is_lower_and_learns(self, digits):
        X, y = digits
        model = CNNClassifier(loss="focal", epochs=8, random_state=0).fit(X[:1000], y[:1000])
        assert model.history_["loss"][0] < 0.8 * np.log(10)
        assert model.score(X[1000:], y[1000:]) > 0.85

    def test_several_labels(self, few_digits):
        X, y = few_digits
        Y = np.column_stack([y % 2, y > 4]).astype(int)
        model = CNNClassifier(loss="focal", label_smoothing=0.1, epochs=8, random_state=0)
        assert model.fit(X, Y).score(X, Y) > 0.6

    @pytest.mark.slow
    def test_they_are_searched(self, few_digits):
        grid = {"loss": ["cross_entropy", "focal"], "label_smoothing": [0.0, 0.1]}
        search = GridSearchCV(CNNClassifier(**QUICK), grid, cv=2).fit(*few_digits)
        assert search.best_params_["loss"] in ("cross_entropy", "focal")

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"loss": "hinge"}, "loss"),
            ({"focal_gamma": -1}, "focal_gamma"),
            ({"label_smoothing": 1.0}, "label_smoothing"),
            ({"sampling": "weighted"}, "sampling"),
            ({"tta": -1}, "tta"),
            ({"n_members": 0}, "n_members"),
        ],
    )
    @pytest.mark.parametrize("kind", [CNNClassifier, TransferClassifier, VGG16Classifier])
    def test_bad_parameters(self, few_digits, kind, params, message):
        with pytest.raises(ValueError, match=f"The '{message}' parameter"):
            kind(**params).fit(*few_digits)


class TestSampling:
    """Equally many images of each class in an epoch."""

    def test_rare_classes_are_found_more_often(self, rare):
        X, y, X_test, y_test = rare
        plain, balanced = (
            CNNClassifier(epochs=6, sampling=sampling, random_state=0).fit(X, y)
            for sampling in (None, "balanced")
        )
        found = [recall_score(y_test, model.predict(X_test)) for model in (plain, balanced)]
        assert found[1] > found[0] + 0.2

    def test_equal_classes_are_drawn_as_before_but_in_another_order(self, few_digits):
        models = [CNNClassifier(sampling="balanced", **QUICK).fit(*few_digits) for _ in range(2)]
        X = few_digits[0]
        first, second = (model.predict_proba(X) for model in models)
        np.testing.assert_array_equal(first, second)

    def test_not_with_several_labels(self, few_digits):
        X, y = few_digits
        Y = np.column_stack([y % 2, y > 4]).astype(int)
        with pytest.raises(ValueError, match="Set class_weight='balanced' instead"):
            CNNClassifier(sampling="balanced", **QUICK).fit(X, Y)


class TestMixtures:
    """Mixup and CutMix."""

    @pytest.mark.parametrize("params", [{"mixup": 0.4}, {"cutmix": 1.0}])
    def test_they_are_seeded_and_learn(self, digits, params):
        X, y = digits
        settings = {"augmentation": Augmentation(**params), "epochs": 6, "random_state": 0}
        first, second = (CNNClassifier(**settings).fit(X[:1000], y[:1000]) for _ in range(2))
        np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
        assert first.score(X[1000:], y[1000:]) > 0.8
        plain = CNNClassifier(epochs=6, random_state=0).fit(X[:1000], y[:1000])
        assert first.history_["loss"][-1] > plain.history_["loss"][-1]
        assert all(0 <= value <= 1 for value in first.history_["accuracy"])

    def test_amounts_share_a_compiled_network(self, few_digits, trainers_made):
        for amount in (0.1, 0.2, 0.3):
            CNNClassifier(augmentation=Augmentation(mixup=amount), **QUICK).fit(*few_digits)
        assert len(trainers_made) == 1

    def test_validation_is_on_whole_images(self, few_digits):
        X, y = few_digits
        model = CNNClassifier(augmentation=Augmentation(mixup=1.0), epochs=1, random_state=0).fit(
            X, y, X_val=X, y_val=y
        )
        accuracy = (model.predict(X) == y).mean()
        np.testing.assert_allclose(model.history_["val_accuracy"], accuracy, atol=1e-6)

    @pytest.mark.slow
    def test_labels_numbers_and_weights(self, few_digits):
        X, y = few_digits
        mixing = Augmentation(mixup=0.4, cutmix=1.0)
        Y = np.column_stack([y % 2, y > 4]).astype(int)
        settings = {"augmentation": mixing, "epochs": 10, "random_state": 0}
        labels = CNNClassifier(class_weight="balanced", **settings).fit(X, Y)
        assert labels.predict_proba(X).shape == Y.shape
        ink = X.sum(axis=1)
        weights = np.linspace(0.5, 1.5, len(X))
        assert CNNRegressor(**settings).fit(X, ink, sample_weight=weights).score(X, ink) > 0.3

    def test_copies_that_are_computed_before(self, few_digits):
        model = TransferClassifier(
            weights="random",
            image_size=16,
            augmentation=Augmentation(mixup=0.2),
            augmentation_copies=2,
        )
        with pytest.raises(ValueError, match="Set augmentation_copies=None"):
            model.fit(*few_digits)


class TestMembers:
    """Several networks as one estimator."""

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, few_digits):
        return CNNClassifier(n_members=3, **QUICK).fit(*few_digits)

    def test_predictions_are_averaged(self, few_digits, fitted):
        X = few_digits[0]
        single = CNNClassifier(**QUICK).fit(*few_digits)
        members = fitted._network.members
        parts = [clone(single).fit(*few_digits) for _ in members]
        for part, member in zip(parts, members, strict=True):
            part._network = member
        outputs = [part.predict_proba(X) for part in parts]
        np.testing.assert_array_equal(outputs[0], single.predict_proba(X))
        assert np.abs(outputs[1] - outputs[2]).max() > 0.01
        np.testing.assert_allclose(fitted.predict_proba(X), np.mean(outputs, axis=0), atol=1e-6)
        assert fitted.history_ == single.history_

    def test_grad_cam_is_of_the_class_that_they_predict_together(self, few_digits, fitted):
        X = few_digits[0]
        predicted = fitted.predict(X)
        assert (
            fitted._network.first.predict(fitted._image_format.check_batch(X, fitted)[1]).argmax(
                axis=1
            )
            != predicted
        ).any()
        np.testing.assert_array_equal(fitted.grad_cam(X), fitted.grad_cam(X, predicted))

    def test_they_share_one_compiled_network(self, few_digits, trainers_made):
        CNNClassifier(n_members=4, **QUICK).fit(*few_digits)
        assert len(trainers_made) == 1

    def test_it_is_saved_whole(self, few_digits, fitted, tmp_path):
        X = few_digits[0]
        expected = fitted.predict_proba(X)
        copy = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(copy.predict_proba(X), expected)
        skdl.save(fitted, tmp_path / "members.skdl")
        copy = skdl.load(tmp_path / "members.skdl")
        np.testing.assert_array_equal(copy.predict_proba(X), expected)
        found = fitted.model_.predict(X.reshape(-1, 8, 8, 1), verbose=0)
        np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_export(self, few_digits, fitted, tmp_path):
        ort = pytest.importorskip("onnxruntime")
        pytest.importorskip("onnx")
        skdl.export_onnx(fitted, tmp_path / "members.onnx")
        session = ort.InferenceSession(tmp_path / "members.onnx")
        X = few_digits[0]
        images = X.reshape(-1, 8, 8, 1).astype(np.float32)
        outputs = session.run(None, {session.get_inputs()[0].name: images})
        (probabilities,) = [output for output in outputs if output.ndim == 2]
        np.testing.assert_allclose(probabilities, fitted.predict_proba(X), atol=1e-5)

    def test_maps_are_those_of_the_first(self, few_digits, fitted):
        single = CNNClassifier(**QUICK).fit(*few_digits)
        X = few_digits[0][:3]
        np.testing.assert_allclose(fitted.grad_cam(X, y=3), single.grad_cam(X, y=3), atol=1e-6)

    @pytest.mark.slow
    def test_on_backbones_and_of_numbers(self, few_digits):
        X, y = few_digits
        settings = {"weights": "random", "image_size": 16, "n_members": 2, **QUICK}
        assert TransferClassifier(**settings).fit(X, y).predict_proba(X[:4]).shape == (4, 10)
        ink = X.sum(axis=1)
        numbers = TransferRegressor(**settings).fit(X, ink).predict(X[:4])
        assert numbers.shape == (4,)

    def test_going_on_is_refused(self, few_digits):
        X, y = few_digits
        with pytest.raises(ValueError, match="warm_start=True continues with one network"):
            CNNClassifier(n_members=2, warm_start=True).fit(X, y)
        with pytest.raises(ValueError, match="partial_fit continues with one network"):
            CNNClassifier(n_members=2).partial_fit(X, y, classes=range(10))


class TestVariants:
    """Test-time augmentation."""

    def test_predictions_are_means_over_variants(self, few_digits):
        X, y = few_digits
        model = CNNClassifier(augmentation="light", **QUICK).fit(X, y)
        plain = model.predict_proba(X)
        several = model.set_params(tta=4).predict_proba(X)
        assert 1e-3 < np.abs(several - plain).max() < 0.5
        np.testing.assert_allclose(several.sum(axis=1), 1, atol=1e-5)
        # No matter what else is predicted, or in which order.
        np.testing.assert_allclose(model.predict_proba(X[7:9]), several[7:9], atol=1e-6)
        np.testing.assert_array_equal(model.predict_proba(X), several)

    @pytest.mark.slow
    def test_a_flip_makes_predictions_of_mirrored_images_nearly_alike(self, few_digits):
        X, y = few_digits
        images = X.reshape(-1, 8, 8)
        model = CNNClassifier(augmentation=Augmentation(horizontal_flip=True), **QUICK)
        model.fit(images, y)
        mirrored = images[:, :, ::-1]
        apart = np.abs(model.predict_proba(images) - model.predict_proba(mirrored)).mean()
        model.set_params(tta=31)
        nearer = np.abs(model.predict_proba(images) - model.predict_proba(mirrored)).mean()
        assert nearer < 0.6 * apart

    def test_values_as_they_were_learned(self, few_digits):
        X, y = few_digits
        model = CNNClassifier(augmentation="medium", tta=3, **QUICK).fit(X, y)
        other = CNNClassifier(augmentation="medium", tta=3, **QUICK).fit(X / 16, y)
        np.testing.assert_allclose(model.predict_proba(X), other.predict_proba(X / 16), atol=1e-4)

    @pytest.mark.slow
    def test_numbers_and_backbones(self, few_digits):
        X, y = few_digits
        ink = X.sum(axis=1)
        model = CNNRegressor(augmentation="light", tta=2, **QUICK).fit(X, ink)
        assert model.predict(X).shape == ink.shape
        on_backbone = TransferClassifier(
            weights="random", image_size=16, augmentation="light", tta=2, **QUICK
        )
        assert on_backbone.fit(X, y).predict_proba(X[:3]).shape == (3, 10)

    def test_without_augmentation(self, few_digits):
        model = CNNClassifier(tta=2, **QUICK).fit(*few_digits)
        with pytest.raises(ValueError, match="Set augmentation, such as 'light', or tta=0"):
            model.predict(few_digits[0])

    def test_it_is_not_exported(self, few_digits, tmp_path):
        pytest.importorskip("onnx")
        model = CNNClassifier(augmentation="light", tta=2, **QUICK).fit(*few_digits)
        with pytest.raises(ValueError, match="test-time augmentation is not part of the network"):
            skdl.export_onnx(model, tmp_path / "model.onnx")


def test_one_cycle(few_digits):
    model = CNNClassifier(
        learning_rate_schedule="one_cycle",
        epochs=10,
        optimizer__learning_rate=0.01,
        random_state=0,
    ).fit(*few_digits)
    rates = np.array(model.history_["learning_rate"])
    assert rates.argmax() in (2, 3)
    assert rates.max() > 0.009
    assert (np.diff(rates[:3]) > 0).all()
    assert (np.diff(rates[3:]) < 0).all()
    assert rates[-1] < 0.0005


def test_random_changes(few_digits):
    X, y = few_digits
    model = CNNClassifier(augmentation="random", **QUICK).fit(X, y)
    images = model.augmented_images(X[:4], n_variants=5)
    assert images.shape == (4, 6, 8, 8, 1)
    assert np.abs(images[:, 1:] - images[:, :1]).max() > 0.1
    with pytest.raises(ValueError, match="n_changes of Augmentation"):
        CNNClassifier(augmentation=Augmentation(rotation=3, n_changes=0)).fit(X, y)
