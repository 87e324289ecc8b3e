"""
Clinical scores, and a threshold for them
=========================================

Few lesions are malignant. A study asks how many of them a model finds (sensitivity), how many of
the benign ones it recognises as benign (specificity), how certain these figures are, and at which
threshold the model should decide.

By default, this example uses lesions drawn with NumPy and runs within a minute, offline: figures on
them say nothing about patients. ``--full`` uses BUSI, ultrasound images of the breast, whose folder
has to be in the data home, and weights of MobileNetV2.
"""

# %%
# Images and labels, as text. The drawn lesions are dark and surrounded by speckle, as in
# ultrasound; benign lesions have a smooth outline, malignant ones a ragged one. In BUSI, the images
# without a finding are left out, and so is one image that has both labels.

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import BackboneFeatures, CNNClassifier, ImageLoader, evaluate
from skdl.datasets import load_image_folder
from skdl.downloads import get_data_home
from skdl.metrics import confidence_interval, make_clinical_scorer
from skdl.plotting import ImageGridDisplay, ModelComparisonDisplay, OperatingPointDisplay

parser = argparse.ArgumentParser(description="Clinical scores, and a threshold for them")
parser.add_argument("--full", action="store_true", help="BUSI and MobileNetV2")
parser.add_argument(
    "--weights", default="auto", help="file for MobileNetV2; by default, ImageNet weights"
)
parser.add_argument("--save", metavar="FOLDER", help="write the pictures to this folder")
arguments = parser.parse_args()


def draw_lesions(labels, size=32, seed=0):
    """Dark blobs in speckle, with an outline that is ragged if the label is "malignant"."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    images = np.empty((len(labels), size, size), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        y, x = generator.uniform(0.42 * size, 0.58 * size, 2)
        angle = np.arctan2(rows - y, columns - x)
        radius = generator.uniform(0.2, 0.32) * size
        # Both kinds are lobed; the malignant ones have spikes as well, sometimes hardly any.
        outline = 1 + 0.12 * np.sin(2 * angle + generator.uniform(0, 6))
        if label == "malignant":
            spikes, depth = generator.integers(5, 9), generator.uniform(0.1, 0.45)
            outline += depth * np.sin(spikes * angle + generator.uniform(0, 6))
        inside = np.hypot(rows - y, columns - x) < radius * outline
        echo = np.where(inside, 60, 130) * generator.gamma(9, 1 / 9, (size, size))
        image[:] = np.clip(echo, 0, 255)
    return images


if arguments.full:
    bunch = load_image_folder(get_data_home() / "busi")
    names = bunch.target_names[bunch.target]
    twice = [path for equal in bunch.duplicates for path in equal]
    kept = (names != "normal") & ~np.isin(bunch.data, twice)
    X, y = bunch.data[kept], names[kept]
    backbone = BackboneFeatures("mobilenet_v2", weights=arguments.weights, image_size=224)
    loader, epochs = ImageLoader((64, 64), color="grayscale"), 20
else:
    y = np.random.default_rng(0).permutation(np.repeat(["benign", "malignant"], [450, 150]))
    X = draw_lesions(y)
    backbone = BackboneFeatures("cifar_resnet20", image_size=32)
    loader, epochs = "passthrough", 12

examples = ImageGridDisplay.from_images(X, y, n_per_class=6)

# %%
# Two classifiers: a logistic regression on frozen features of a pretrained network, and a small
# network trained from scratch. Both weight the classes, so that the rare class counts. Both accept
# paths; before the network, ``ImageLoader`` decodes the files once for all epochs.

features = make_pipeline(
    backbone,
    StandardScaler(),
    LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000),
)
cnn = make_pipeline(loader, CNNClassifier(epochs=epochs, class_weight="balanced", random_state=0))
models = {"frozen features": features, "network from scratch": cnn}

# %%
# ``evaluate`` tests both on the same folds. A third of the images is held out, to test the
# threshold that is chosen further down. Intervals are Wilson's, and DeLong's for the area under the
# ROC curve.

X_study, X_test, y_study, y_test = train_test_split(
    X, y, test_size=1 / 3, stratify=y, random_state=0
)
folds = StratifiedKFold(4, shuffle=True, random_state=0)
result = evaluate(models, X_study, y_study, cv=folds, pos_label="malignant")

shown = ["sensitivity", "specificity", "roc_auc"]
summary = result.summary().query("metric in @shown")
print(summary[["model", "metric", "value", "low", "high"]].round(3).to_string(index=False))

comparison = ModelComparisonDisplay.from_result(
    result, shown, title=f"{len(y_study)} lesions, 4 folds"
)

# %%
# Both models are tested on the same images, so the difference can be tested with a paired test.

pair = result.compare().iloc[0]
print(f"difference of the areas {pair['auc_difference']:+.3f}, DeLong's p {pair['delong_p']:.2g}")

# %%
# The sensitivity at a probability of 0.5 is arbitrary. Instead, require a specificity of at least
# 0.9, and choose the threshold with the highest sensitivity among those that reach it. It is chosen
# by cross-validation on the images of the study, for the model with the larger area, and tested on
# the images that were held out.

areas = summary.query("metric == 'roc_auc'").set_index("model")["value"]
print(f"the threshold is chosen for: {areas.idxmax()}")

scorer = make_clinical_scorer("sensitivity_at_specificity", specificity=0.9, pos_label="malignant")
tuned = TunedThresholdClassifierCV(models[areas.idxmax()], scoring=scorer, cv=folds)
tuned.fit(X_study, y_study)
plain = tuned.estimator_  # the same model, which decides at 0.5

for name, model in {"at 0.5": plain, f"at {tuned.best_threshold_:.3f}": tuned}.items():
    y_pred = model.predict(X_test)
    for score in ("sensitivity", "specificity"):
        value, low, high = confidence_interval(score, y_test, y_pred, pos_label="malignant")
        print(f"{name:10s} {score:12s} {value:.3f} ({low:.3f} to {high:.3f})")

operating_point = OperatingPointDisplay.from_estimator(tuned, X_test, y_test, pos_label="malignant")

# %%
# The interval of the sensitivity is wide, because only the malignant lesions count; a larger study
# would be needed for a precise figure. Intervals also assume that the images are independent.
# Several images of one patient are not: keep them in one fold, with ``groups``. BUSI contains such
# images and does not name the patients, so its scores are a little too good.

if arguments.save:
    folder = Path(arguments.save)
    folder.mkdir(parents=True, exist_ok=True)
    for name, display in {
        "examples": examples,
        "comparison": comparison,
        "operating_point": operating_point,
    }.items():
        display.figure_.savefig(folder / f"{name}.png", dpi=120)
else:
    plt.show()
