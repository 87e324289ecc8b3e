"""
A pretrained network, or one trained from scratch?
==================================================

That depends on how many images there are. With few, a network that has seen others is ahead: its
features go into a support vector machine, or it is trained further on the new images. With many, a
network that starts from nothing catches up.

By default this runs on scikit-learn's digits with the backbone that comes with skdl, which was
trained on small photographs, within a minute and offline. ``--full`` takes cats and dogs with
MobileNetV2, and needs the folder ``cats_vs_dogs`` in the data home, and weights of MobileNetV2.
"""

# %%
# Images, the backbone, and the size in which the backbone sees them. Of cats and dogs, X holds the
# paths of the files: the pretrained networks take them as they are, and the network from scratch is
# given smaller images, decoded once for all epochs.

import argparse

import matplotlib.pyplot as plt
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skdl import BackboneFeatures, CNNClassifier, ImageLoader, TransferClassifier
from skdl.datasets import load_digits_images, load_image_folder
from skdl.downloads import get_data_home
from skdl.plotting import LearningCurveDisplay

parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
parser.add_argument("--full", action="store_true", help="cats and dogs, and MobileNetV2")
parser.add_argument(
    "--weights", default="auto", help="file for MobileNetV2; by default those of ImageNet"
)
parser.add_argument("--save", metavar="FILE", help="write the picture to this file")
arguments = parser.parse_args()

if arguments.full:
    X, y = load_image_folder(get_data_home() / "cats_vs_dogs", return_X_y=True)
    pretrained = {"backbone": "mobilenet_v2", "weights": arguments.weights, "image_size": 160}
    loader, sizes, n_test = ImageLoader((64, 64)), [50, 200, 800, 2000], 1000
else:
    X, y = load_digits_images(return_X_y=True)
    pretrained = {"backbone": "cifar_resnet20", "image_size": 16}
    loader, sizes, n_test = "passthrough", [40, 120, 400], 500

# %%
# Three ways to a classifier:
#
# - *Frozen features*: what the backbone makes of an image is what the support vector machine sees.
#   Each image goes through the backbone once, in all splits and sizes together, for its features
#   are kept and found again.
# - *Fine-tuning*: a new head is trained on the frozen backbone first, then together with the last
#   block of the backbone, more slowly.
# - *From scratch*: a small network with random start values.

models = {
    "frozen features and SVC": make_pipeline(
        BackboneFeatures(**pretrained), StandardScaler(), SVC(C=10)
    ),
    "fine-tuned": TransferClassifier(
        **pretrained,
        trainable=1,
        warmup_epochs=15,
        epochs=10,
        finetune_learning_rate=1e-5 if arguments.full else 1e-3,
        random_state=0,
    ),
    "from scratch": make_pipeline(loader, CNNClassifier(epochs=30, batch_size=16, random_state=0)),
}

# %%
# All are trained on the same growing parts of the same splits, and tested on the same images. The
# bands reach from the lowest to the highest score of the three splits.

splits = StratifiedShuffleSplit(3, train_size=max(sizes), test_size=n_test, random_state=0)
display = LearningCurveDisplay.from_estimators(
    models, X, y, train_sizes=sizes, cv=splits, scoring="accuracy", interval="range"
)

means = {name: scores.mean(axis=1) for name, scores in display.scores.items()}
print(f"{'training images':25s}", *(f"{size:6d}" for size in sizes))
for name, accuracies in means.items():
    print(f"{name:25s}", *(f"{accuracy:6.3f}" for accuracy in accuracies))

# %%
# What the pretrained network is worth is the distance between the curves, and it shrinks to the
# right. Digits are not photographs, and easy: the better the new images fit those that the backbone
# knows, and the harder they are, the longer it stays ahead.

ahead = means["frozen features and SVC"] - means["from scratch"]
print(f"frozen features are ahead by {ahead[0]:+.3f} at first, by {ahead[-1]:+.3f} at last")

if arguments.save:
    display.figure_.savefig(arguments.save, dpi=120)
else:
    plt.show()
