"""Labels that out-of-fold probabilities contradict."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB

from skdl import evaluate, report
from skdl.audit import audit_images, find_label_errors

NAMES = np.array([f"digit {label}" for label in range(10)])


@pytest.fixture(scope="module")
def flipped(digits):
    """Digits of which one label in twenty is wrong, and which."""
    X, y = digits
    generator = np.random.default_rng(0)
    wrong = generator.choice(len(y), len(y) // 20, replace=False)
    labels = y.copy()
    labels[wrong] = (y[wrong] + generator.integers(1, 10, len(wrong))) % 10
    return X / 16, labels, np.sort(wrong)


@pytest.fixture(scope="module")
def probabilities(flipped):
    X, labels, _ = flipped
    model = LogisticRegression(max_iter=300)
    return cross_val_predict(model, X, labels, cv=5, method="predict_proba")


def test_flipped_labels_are_found(flipped, probabilities):
    _, labels, wrong = flipped
    found = find_label_errors(labels, probabilities)
    hits = np.isin(found["row"], wrong)
    assert hits.sum() / len(wrong) > 0.7
    assert hits.mean() > 0.6
    assert hits[: len(wrong) // 2].mean() > 0.95  # the surest come first
    assert (found["label"].to_numpy() == labels[found["row"]]).all()
    assert (found["margin"].diff().dropna() >= 0).all()
    assert found["margin"].max() < 0


def test_it_is_the_rule_as_published(flipped, probabilities):
    _, labels, _ = flipped
    bars = [probabilities[labels == k, k].mean() for k in range(10)]
    expected = set()
    for row, (label, values) in enumerate(zip(labels, probabilities, strict=True)):
        able = [k for k in range(10) if values[k] >= bars[k]]
        if able and max(able, key=lambda k: values[k]) != label:
            expected.add(row)
    found = set(find_label_errors(labels, probabilities)["row"])
    assert found <= expected
    # Those that are left out are as likely to be what they are labelled.
    for row in expected - found:
        assert probabilities[row].max() == probabilities[row, labels[row]]


def test_classes_in_any_order(flipped, probabilities):
    _, labels, _ = flipped
    expected = find_label_errors(labels, probabilities)
    order = np.random.default_rng(0).permutation(10)
    found = find_label_errors(NAMES[labels], probabilities[:, order], classes=NAMES[order])
    assert found["row"].tolist() == expected["row"].tolist()
    assert found["suggested"].tolist() == NAMES[expected["suggested"]].tolist()


def test_an_audit_lists_them(flipped, probabilities):
    X, labels, _ = flipped
    images = X.reshape(-1, 8, 8)[:600]
    found = audit_images(images, labels[:600], probabilities=probabilities[:600])
    expected = find_label_errors(labels[:600], probabilities[:600])
    assert found.label_errors["row"].tolist() == expected["row"].tolist()
    assert found.label_errors["class"].tolist() == expected["label"].tolist()
    assert int(found.images["label_errors"].sum()) == len(expected)
    assert found.summary().set_index("table").loc["label_errors", "found"] == len(expected)
    (sentence,) = [s for s in found.findings if "contradict the prediction of a model" in s]
    assert sentence.startswith(f"{len(expected)} labels of 600 images")
    assert "label_errors" in str(found)
    assert "Labels contradicted by a model" in found._repr_html_()
    assert audit_images(images, labels[:600]).label_errors.empty


def test_an_evaluation_and_its_report_list_them(flipped, tmp_path):
    X, labels, _ = flipped
    result = evaluate(GaussianNB(), X[:500], labels[:500])
    found = result.label_errors()
    recorded = result.recorded("GaussianNB")
    expected = find_label_errors(labels[:500], recorded.probabilities)
    assert found["row"].tolist() == expected["row"].tolist()
    path = report(result, X[:500], labels[:500], tmp_path / "r.html", target_names=NAMES)
    page = path.read_text(encoding="utf-8")
    assert f"{len(expected)} labels of 500 images contradict" in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probabilities": np.full((4, 3), 0.5)}, r"must have shape \(4, 2\)"),
        ({"probabilities": np.full((3, 2), 0.5)}, r"must have shape \(4, 2\)"),
        ({"probabilities": np.full((4, 2), 1.5)}, r"must be in \[0, 1\]. Row 0 has 1.5"),
        ({"probabilities": np.full((4, 2), np.nan)}, "probabilities has NaN or None at row 0"),
        ({"y": [0, 1, np.nan, 1]}, "y has NaN or None at row 2"),
        ({"classes": [0, 2]}, "y has the label 1 at row 1"),
    ],
)
def test_bad_input(change, message):
    settings = {"y": [0, 1, 0, 1], "probabilities": np.full((4, 2), 0.5), **change}
    with pytest.raises(ValueError, match=message):
        find_label_errors(**settings)


def test_what_cannot_be_judged(flipped):
    X, labels, _ = flipped
    with pytest.raises(ValueError, match="Pass y"):
        audit_images(X.reshape(-1, 8, 8)[:20], probabilities=np.full((20, 10), 0.1))
    models = {"a": GaussianNB(), "b": RidgeClassifier()}
    result = evaluate(models, X[:300], labels[:300])
    with pytest.raises(ValueError, match="Pass the name of one"):
        result.label_errors()
    with pytest.raises(ValueError, match="'b' has no probabilities"):
        result.label_errors("b")
    fitted = GaussianNB().fit(X[:300], labels[:300])
    with pytest.raises(ValueError, match="The models were passed fitted"):
        evaluate(fitted, X[:300], labels[:300], cv="prefit").label_errors()
