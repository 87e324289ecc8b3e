"""
Classify image files in folders
===============================

Images are often stored as files, in one folder per class. Pass their paths wherever arrays of
images are accepted: they are decoded while the network trains, so that a folder may be larger than
memory.

By default, this example writes small pictures of shapes to a temporary folder and runs within a
minute, offline. ``--full`` uses CIFAR-10 as JPEG files; the folder ``cifar10-jpeg`` has to be in
the data home.
"""

# %%
# A folder of pictures, such as ``train/disc/7.png``: three shapes with random sizes, positions and
# colours. In the training images, crosses are rare.

import argparse
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from skdl import Augmentation, CNNClassifier
from skdl.datasets import describe_images, load_image_folder
from skdl.downloads import get_data_home
from skdl.metrics import confidence_interval
from skdl.plotting import (
    AugmentationDisplay,
    ClassDistributionDisplay,
    PredictionGridDisplay,
    SaliencyDisplay,
)

parser = argparse.ArgumentParser(description="Classify image files in folders")
parser.add_argument("--full", action="store_true", help="CIFAR-10 as files")
parser.add_argument("--epochs", type=int, default=None)
parser.add_argument("--save", metavar="FOLDER", help="write the pictures to this folder")
arguments = parser.parse_args()


def draw_shape(name, generator, size=24):
    """One bright shape on a dark colour, with noise."""
    radius = generator.uniform(4, 7)
    y, x = generator.uniform(radius + 1, size - radius - 2, 2)
    rows, columns = np.mgrid[:size, :size]
    dy, dx = abs(rows - y), abs(columns - x)
    inside = {
        "cross": (np.minimum(dy, dx) < radius / 3) & (np.maximum(dy, dx) < radius),
        "disc": np.hypot(dy, dx) < radius,
        "square": np.maximum(dy, dx) < 0.85 * radius,
    }[name]
    dark = generator.uniform(20, 120, 3)
    bright = dark + generator.uniform(25, 110, 3)
    pixels = np.where(inside[..., np.newaxis], bright, dark)
    pixels += generator.normal(0, 20, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def write_shapes(root):
    """Write one folder per subset, with one subfolder per class."""
    generator = np.random.default_rng(0)
    counts = {
        "train": {"cross": 80, "disc": 240, "square": 240},
        "test": {"cross": 100, "disc": 100, "square": 100},
    }
    for subset, classes in counts.items():
        for name, count in classes.items():
            folder = root / subset / name
            folder.mkdir(parents=True)
            for number in range(count):
                draw_shape(name, generator).save(folder / f"{number}.png")


if arguments.full:
    root, epochs, batch_size, width = get_data_home() / "cifar10-jpeg", 30, 64, 1.0
else:
    temporary = tempfile.TemporaryDirectory()  # deleted when the script ends
    root, epochs, batch_size, width = Path(temporary.name), 12, 16, 0.5
    write_shapes(root)

# %%
# ``load_image_folder`` returns paths and labels. It tries to read each file, so that a damaged file
# is reported now, and not in the middle of training; it also looks for equal images, which should
# not be in both the training set and the test set.

train = load_image_folder(root, subset="train")
test = load_image_folder(root, subset="test")
names = train.target_names
print(f"{len(train.data)} files to train on, {len(test.data)} to test on: {', '.join(names)}")
print(f"equal files: {len(train.duplicates)}")
print(describe_images(test.data, names[test.target]).T.to_string())

distribution = ClassDistributionDisplay.from_labels(
    {"train": train.target, "test": test.target}, target_names=names
)

# %%
# Training images are changed at random in each epoch. Look at the changes first: would you still
# recognise the images, and does a mirrored image have the same class?

augmentation = Augmentation(rotation=10, shift=0.1, zoom=0.1, horizontal_flip=True)
one_a_class = [np.flatnonzero(train.target == code)[0] for code in range(3)]
augmented = AugmentationDisplay.from_estimator(
    CNNClassifier(augmentation=augmentation), train.data[one_a_class], n_images=3
).figure_

# %%
# Pass the paths to the classifier. Class weights compensate for the few crosses. The network uses
# batch normalisation, and its learning rate falls to nearly 0: the moving statistics of the batches
# match the weights only when these hardly change any more.

model = CNNClassifier(
    "separable",
    architecture__width=width,
    epochs=arguments.epochs or epochs,
    batch_size=batch_size,
    optimizer__learning_rate=0.01,
    learning_rate_schedule="cosine",
    augmentation=augmentation,
    class_weight="balanced",
    random_state=0,
).fit(train.data, train.target)

y_pred = model.predict(test.data)
accuracy, low, high = confidence_interval("accuracy", test.target, y_pred)
print(f"test accuracy {accuracy:.4f}, 95 % interval from {low:.4f} to {high:.4f}")

# %%
# A random sample of correct predictions, and the most confident mistakes.

mixed = np.random.default_rng(0).permutation(len(test.data))
paths, labels = test.data[mixed], test.target[mixed]
right = PredictionGridDisplay.from_estimator(
    model, paths, labels, which="right", n_images=8, target_names=names, title="Right"
)
wrong = PredictionGridDisplay.from_estimator(
    model, paths, labels, which="wrong", n_images=8, target_names=names, title="Wrong"
)

# %%
# Where does the network look? Grad-CAM shows which parts of an image are evidence for the class
# that the network chose: the yellower, the more. This network averages its last feature maps, which
# suits Grad-CAM. A map that highlights something beside the shape would be a reason to distrust the
# figures above.

chosen = [np.flatnonzero(test.target == code)[row] for code in range(3) for row in range(4)]
saliency = SaliencyDisplay.from_estimator(
    model, test.data[chosen], method="grad_cam", target_names=names
)

if arguments.save:
    folder = Path(arguments.save)
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in {
        "classes": distribution.figure_,
        "augmentation": augmented,
        "right": right.figure_,
        "wrong": wrong.figure_,
        "grad_cam": saliency.figure_,
    }.items():
        figure.savefig(folder / f"{name}.png", dpi=120)
else:
    plt.show()
