"""Search, score and save an image classifier like any scikit-learn estimator."""

import joblib
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skdl import CNNClassifier
from skdl.metrics import CLINICAL_SCORERS

X, y = load_digits(return_X_y=True)  # 1,797 images of 8×8 pixels, one per row
X_train, X_test, y_train, y_test = train_test_split(X, y == 8, stratify=y, random_state=0)

pipeline = make_pipeline(MinMaxScaler(), CNNClassifier(epochs=10, random_state=0))
grid = {"cnnclassifier__architecture__dropout": [0.2, 0.5]}
search = GridSearchCV(pipeline, grid, scoring=CLINICAL_SCORERS, refit="roc_auc", cv=3)
search.fit(X_train, y_train)

for name, scorer in CLINICAL_SCORERS.items():
    print(f"{name}: {scorer(search, X_test, y_test):.3f}")
joblib.dump(search.best_estimator_, "eights.joblib")
