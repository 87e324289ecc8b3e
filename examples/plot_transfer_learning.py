"""
A pretrained network, or one trained from scratch?
==================================================

The answer depends on the number of images. With few images, a network that was pretrained on others
is ahead: its features are passed to a support vector machine, or it is fine-tuned on the new
images. With many images, a network that is trained from scratch catches up.

By default, this example uses scikit-learn's digits with the backbone that comes with skdl, which
was trained on small photographs, and runs within a minute, offline. ``--full`` uses cats and dogs
with MobileNetV2; the folder ``cats_vs_dogs`` and weights of MobileNetV2 have to be in the data
home.
"""

# %%
# Images, the backbone, and the size to which images are resized for it. For cats and dogs, X
# contains the paths of the files: the pretrained networks accept them as they are, and the network
# from scratch uses smaller images, decoded once for all epochs.

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

parser = argparse.ArgumentParser(description="A pretrained network, or one trained from scratch?")
parser.add_argument("--full", action="store_true", help="cats and dogs, and MobileNetV2")
parser.add_argument(
    "--weights", default="auto", help="file for MobileNetV2; by default, ImageNet weights"
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
# Three classifiers:
#
# - *Frozen features*: a support vector machine is fitted on features of the backbone. Each image
#   passes through the backbone only once for all splits and sizes, because its features are stored
#   and reused.
# - *Fine-tuning*: a new head is first trained on the frozen backbone, then together with the last
#   block of the backbone, at a lower learning rate.
# - *From scratch*: a small network with random initial values.

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
# All models are trained on the same growing parts of the same splits, and tested on the same
# images. The bands reach from the lowest to the highest score of the three splits.

splits = StratifiedShuffleSplit(3, train_size=max(sizes), test_size=n_test, random_state=0)
display = LearningCurveDisplay.from_estimators(
    models, X, y, train_sizes=sizes, cv=splits, scoring="accuracy", interval="range"
)

means = {name: scores.mean(axis=1) for name, scores in display.scores.items()}
print(f"{'training images':25s}", *(f"{size:6d}" for size in sizes))
for name, accuracies in means.items():
    print(f"{name:25s}", *(f"{accuracy:6.3f}" for accuracy in accuracies))

# %%
# The distance between the curves shows what the pretrained network is worth, and it shrinks to the
# right. Digits are not photographs, and they are easy: the more similar the new images are to those
# that the backbone knows, and the harder they are, the longer it stays ahead.

ahead = means["frozen features and SVC"] - means["from scratch"]
print(f"frozen features are ahead by {ahead[0]:+.3f} at first, by {ahead[-1]:+.3f} at last")

if arguments.save:
    display.figure_.savefig(arguments.save, dpi=120)
else:
    plt.show()
