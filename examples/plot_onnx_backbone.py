"""
An ONNX model as a backbone
===========================

Networks of other libraries can compute features once they are exported to ONNX: DINOv2, CLIP,
whatever timm and Hugging Face provide. ONNX Runtime runs them, and TensorFlow is not required.

The file of such a network is too large to be included. By default, this script creates a small
model itself, from the backbone that comes with skdl, and uses digits. ``--full`` uses the
photographs of cats and dogs in the data home, and requires the file of a transformer: ``--model
FILE``, exported as described on the page "ONNX models as backbones" of the documentation.
"""

# %%
# Images, the file of the model, and its settings. ONNX files do not record which pixel values their
# weights expect, so the settings do: values between 0 and 1 times `scale`, minus `mean`, divided by
# `std`. The small model expects bytes as they are.

import argparse
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skdl
from skdl import BackboneFeatures, Resize
from skdl.datasets import load_digits_images, load_image_folder
from skdl.downloads import get_data_home

parser = argparse.ArgumentParser(description="An ONNX model as a backbone")
parser.add_argument("--full", action="store_true", help="cats and dogs, and your own model")
parser.add_argument("--model", help="an ONNX file, for --full")
parser.add_argument("--image-size", type=int, default=224, help="its input size, for --full")
parser.add_argument("--save", metavar="FILE", help="write the picture to this file")
arguments = parser.parse_args()
made = tempfile.TemporaryDirectory()  # removed at the end
folder = Path(made.name)

if arguments.full:
    X, y = load_image_folder(get_data_home() / "cats_vs_dogs", return_X_y=True)
    model = arguments.model
    settings = {
        "image_size": arguments.image_size,
        "backbone__mean": (0.485, 0.456, 0.406),
        "backbone__std": (0.229, 0.224, 0.225),
        "pooling": ["cls", "avg"],
    }
else:
    X, y = load_digits_images(n_samples=600, return_X_y=True)
    X = Resize(32, color="rgb").fit_transform((X * 255 / 16).astype(np.uint8))
    shipped = BackboneFeatures("cifar_resnet20", store=None).fit(X)
    model = skdl.export_onnx(shipped, folder / "small.onnx")
    settings = {"backbone__scale": 255, "backbone__mean": 0, "backbone__std": 1}

# %%
# Name the backbone as ``onnx:PATH``, and use it in a pipeline like any other.

features = BackboneFeatures(f"onnx:{model}", **settings)
pipeline = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=1000))
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
scores = cross_val_score(pipeline, X_train, y_train, cv=3)
print(f"cross-validated accuracy {scores.mean():.3f}")

# %%
# Each image passed through the model once: the search finds the features in the store.

grid = {"logisticregression__C": [0.001, 0.01, 0.1, 1.0]}
search = GridSearchCV(pipeline, grid, cv=3).fit(X_train, y_train)
print(f"test accuracy {search.score(X_test, y_test):.3f} with {search.best_params_}")

# %%
# A fitted pipeline contains the model. After saving and loading, it makes the same predictions,
# even without the ONNX file.

skdl.save(search.best_estimator_, folder / "pipeline.skdl")
if not arguments.full:
    Path(model).unlink()
loaded = skdl.load(folder / "pipeline.skdl")
equal = np.array_equal(loaded.predict_proba(X_test), search.predict_proba(X_test))
print(f"saved and loaded, it predicts the same: {equal}")

# %%
# Two principal components of the features already separate many of the classes.

points = PCA(2).fit_transform(loaded[:-1].transform(X_test))
figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
for label in np.unique(y_test):
    axes.scatter(*points[y_test == label].T, s=14, label=str(label))
axes.set(xlabel="first principal component", ylabel="second principal component")
axes.set_title("Features of test images")
figure.legend(title="class", loc="outside right upper")

if arguments.save:
    figure.savefig(arguments.save, dpi=120)
else:
    plt.show()
