"""What stands in training and test data of a fold."""

import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import (
    GroupKFold,
    KFold,
)

from skdl import CNNClassifier, evaluate
from skdl.evaluation import EvaluationWarning


def test_copies_in_training_and_test_data(cancer):
    X, y = cancer[0].copy(), cancer[1].copy()
    X[500], y[500] = X[3], y[3]
    with pytest.warns(UserWarning, match=r"1 test images.*rows 500 and 3|rows 3 and 500"):
        found = evaluate(RidgeClassifier(), X, y, scoring="accuracy", cv=KFold(2))
    assert found.leaks[["test_row", "train_row"]].to_numpy().tolist() == [[3, 500], [500, 3]]
    groups = np.arange(len(y))
    groups[500] = 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = evaluate(
            RidgeClassifier(), X, y, scoring="accuracy", cv=GroupKFold(3), groups=groups
        )
    assert kept.leaks.empty


def test_copies_in_columns_of_several_kinds(cancer):
    X = pd.DataFrame(cancer[0][:200]).add_prefix("x").assign(flag=np.arange(200) % 3 == 0)
    assert np.asarray(X).dtype == object
    y = cancer[1][:200]
    first = evaluate(RidgeClassifier(), X, y, cv=KFold(2), scoring="accuracy")
    again = evaluate(RidgeClassifier(), X.copy(), y, cv=KFold(2), scoring="accuracy")
    assert first.data_digest == again.data_digest
    assert first.leaks.empty
    X.iloc[150] = X.iloc[3]
    with pytest.warns(EvaluationWarning, match="2 test images"):
        found = evaluate(RidgeClassifier(), X, y, cv=KFold(2), scoring="accuracy")
    assert found.leaks["test_row"].tolist() == [3, 150]
    assert found.data_digest != first.data_digest


def test_copies_of_files(tmp_path, digits):
    X, y = digits
    for number in range(40):
        pixels = X[number if number != 31 else 5].reshape(8, 8).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    paths = [str(tmp_path / f"{number}.png") for number in range(40)]
    with pytest.warns(UserWarning, match="2 test images are also in the training data"):
        found = evaluate(
            CNNClassifier(epochs=1, random_state=0),
            paths,
            y[:40] > 4,
            scoring="accuracy",
            cv=KFold(4),
        )
    assert set(found.leaks["test_row"]) == {5, 31}
