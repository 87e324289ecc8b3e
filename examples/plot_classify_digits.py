"""
Classify handwritten digits
===========================

Train a convolutional network, watch it learn, and look at what it predicts right and wrong: as one
figure, by class, and image by image.

By default, this example uses scikit-learn's digits and runs within a minute, offline. ``--full``
uses MNIST, whose files have to be in the data home.
"""

# %%
# Images and labels. A third of the digits is held out as test set; MNIST has a separate test set.

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.model_selection import train_test_split

from skdl import CNNClassifier, report
from skdl.datasets import load_digits_images, load_mnist
from skdl.metrics import confidence_interval
from skdl.plotting import (
    ConfusionMatricesDisplay,
    PerClassMetricsDisplay,
    PredictionGridDisplay,
    TrainingHistoryDisplay,
)

parser = argparse.ArgumentParser(description="Classify handwritten digits")
parser.add_argument("--full", action="store_true", help="MNIST")
parser.add_argument("--epochs", type=int, default=None, help="maximum number of epochs")
parser.add_argument("--save", metavar="FOLDER", help="write pictures and a report to this folder")
arguments = parser.parse_args()

if arguments.full:
    X_train, y_train = load_mnist(subset="train", return_X_y=True)
    X_test, y_test = load_mnist(subset="test", return_X_y=True)
    epochs, batch_size = arguments.epochs or 15, 128
else:
    X, y = load_digits_images(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=1 / 3, stratify=y, random_state=0
    )
    epochs, batch_size = arguments.epochs or 40, 32
print(f"{len(X_train)} images to train on, {len(X_test)} to test on, of shape {X_train.shape[1:]}")

# %%
# The network "simple" has two convolutions, two poolings and a dense layer. Early stopping holds
# out a tenth of the training images, stops when the loss on them no longer falls, and keeps the
# weights of the best epoch. With a ``random_state``, the same call leads to the same weights.

model = CNNClassifier(
    "simple",
    epochs=epochs,
    batch_size=batch_size,
    early_stopping=True,
    n_iter_no_change=5,
    random_state=0,
).fit(X_train, y_train)
print(f"trained for {model.n_iter_} epochs")

history = TrainingHistoryDisplay.from_estimator(model)

# %%
# The accuracy on the test images, with the interval in which it would lie with other test images.

y_pred = model.predict(X_test)
accuracy, low, high = confidence_interval("accuracy", y_test, y_pred)
print(f"test accuracy {accuracy:.4f}, 95 % interval from {low:.4f} to {high:.4f}")

# %%
# Which digits are confused? Counts are on the left, followed by each column divided by its sum
# (precision: which digits the predictions of a class are) and each row divided by its sum (recall:
# how the digits of a class are predicted).

confusion = ConfusionMatricesDisplay.from_predictions(y_test, y_pred)

# %%
# The same by class, with intervals: with so few images of each digit, most differences between the
# digits are due to chance.

per_class = PerClassMetricsDisplay.from_predictions(y_test, y_pred)
recall = per_class.frame.query("metric == 'recall'").set_index("class")["value"]
print(f"the digit found least often: {recall.idxmin()}, recall {recall.min():.3f}")

# %%
# Ten test images and their predictions. Below, the most confident mistakes of the network: look
# there for wrong labels and for images that nobody could read.

samples = PredictionGridDisplay.from_estimator(
    model, X_test, y_test, n_images=10, title="Ten test images"
)
print("ten predictions:", *y_pred[:10])
print("true labels:    ", *y_test[:10])

mistakes = PredictionGridDisplay.from_estimator(
    model, X_test, y_test, which="wrong", n_images=10, title="The most confident mistakes"
)

# %%
# Save everything as one file that you can send.

if arguments.save:
    folder = Path(arguments.save)
    folder.mkdir(parents=True, exist_ok=True)
    for name, display in {
        "history": history,
        "confusion": confusion,
        "per_class": per_class,
        "samples": samples,
        "mistakes": mistakes,
    }.items():
        display.figure_.savefig(folder / f"{name}.png", dpi=120)
    print("wrote", report(model, X_test, y_test, folder / "report.html", title="Digits"))
else:
    plt.show()
