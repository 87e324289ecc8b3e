"""
A network of your own
=====================

A network is a function that builds a Keras model. Once it has a name, you can use it like skdl's
own, and search its parameters with the others. Before that, ``skdl.testing`` finds mistakes that
are easy to make and that training would hide.

By default, this example uses scikit-learn's digits and runs within a minute, offline. ``--full``
uses Fashion-MNIST, whose files have to be in the data home. ``skdl.testing`` requires the extra
"testing": ``pip install "skdl[testing]"``.
"""

# %%
# Images of ten classes.

import argparse
from pathlib import Path

import keras
import matplotlib.pyplot as plt
from keras import layers
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, train_test_split

from skdl import CNNClassifier, register_architecture
from skdl.datasets import load_digits_images, load_fashion_mnist
from skdl.plotting import FeatureMapDisplay, TrainingHistoryDisplay
from skdl.testing import check_architecture

parser = argparse.ArgumentParser(description="A network of your own")
parser.add_argument("--full", action="store_true", help="Fashion-MNIST")
parser.add_argument("--save", metavar="FOLDER", help="write the pictures to this folder")
arguments = parser.parse_args()

if arguments.full:
    X_train, y_train = load_fashion_mnist(subset="train", return_X_y=True)
    X_test, y_test = load_fashion_mnist(subset="test", return_X_y=True)
    epochs, batch_size = 10, 128
else:
    X, y = load_digits_images(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=1 / 3, stratify=y, random_state=0
    )
    epochs, batch_size = 12, 32

# %%
# The builder receives the shape of the images, the number of classes, and parameters with defaults.
# It returns a new, uncompiled network that ends in a softmax. This network weights its feature maps
# by the content of the whole image, as squeeze-and-excitation networks do (Hu et al., 2018). In a
# project, put the builder in a module, so that a saved classifier can import it.


@register_architecture("gated")
def gated(input_shape, n_classes, *, filters=32, gates=True, dropout=0.2):
    """Two convolutions, each with one gate per feature map."""
    inputs = keras.Input(input_shape)
    x = inputs
    for number in (1, 2):
        x = layers.Conv2D(
            number * filters, 3, padding="same", activation="relu", name=f"conv{number}"
        )(x)
        if gates:
            whole = layers.GlobalAveragePooling2D(keepdims=True)(x)
            gate = layers.Dense(number * filters, activation="sigmoid")(whole)
            x = layers.Multiply(name=f"gated{number}")([x, gate])
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax")(x))


# %%
# Does the builder fulfil what a classifier requires? The contracts try numbers of classes, image
# sizes, initial values, gradients, saving, and each parameter, and name everything that is broken.

check_architecture("gated")
print("gated keeps all contracts")

# %%
# A mistake that training would not reveal: a parameter exists, but is never used. A search over it
# would compare a network with itself.


def forgetful(input_shape, n_classes, *, units=32, dropout=0.2):
    """One dense layer, and no dropout."""
    inputs = keras.Input(input_shape)
    x = layers.Dense(units, activation="relu")(layers.Flatten()(inputs))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax")(x))


try:
    check_architecture(forgetful)
except AssertionError as error:
    print(error)

# %%
# Search the parameters of the network by their names. Do the gates help? On the digits, they do
# not, and it was worth checking.

model = CNNClassifier("gated", epochs=epochs, batch_size=batch_size, random_state=0)
grid = {"architecture__gates": [False, True], "architecture__filters": [16, 32]}
search = GridSearchCV(model, grid, cv=3).fit(X_train, y_train)
for params, mean in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"{params}: {mean:.3f}")
print(f"test accuracy of the best {search.score(X_test, y_test):.4f}")

# %%
# Compare the best network with one of skdl's. A fifth of the training images is held out, to
# monitor both during training.

own = clone(search.best_estimator_)
simple = CNNClassifier("simple", epochs=epochs, batch_size=batch_size, random_state=0)
models = {"gated": own, "simple": simple}
for name, classifier in models.items():
    classifier.set_params(validation_fraction=0.2).fit(X_train, y_train)
    weights = classifier.model_.count_params()
    print(f"{name:7s} {weights:7,d} weights, accuracy {classifier.score(X_test, y_test):.4f}")
history = TrainingHistoryDisplay.from_estimators(models)

# %%
# Feature maps of the first convolution. Layers with a name are found by this name.

maps = FeatureMapDisplay.from_estimator(own, X_test[:1], layer="conv1", n_maps=11)

if arguments.save:
    folder = Path(arguments.save)
    folder.mkdir(parents=True, exist_ok=True)
    history.figure_.savefig(folder / "history.png", dpi=120)
    maps.figure_.savefig(folder / "feature_maps.png", dpi=120)
else:
    plt.show()
