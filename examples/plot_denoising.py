"""
Classify noisy images, with and without a denoising autoencoder
===============================================================

Gaussian noise makes handwritten digits hard to recognise. A classifier trained on clean images
fails on noisy ones; a classifier trained on noisy images recovers a part of the accuracy; an
autoencoder that removes the noise first, followed by a classifier trained on the denoised images,
recovers more.

By default, this example uses scikit-learn's digits and runs within a minute, offline. ``--full``
uses MNIST with noise of standard deviation 1.0; its files have to be in the data home.
"""

# %%
# Clean and noisy images. The standard deviation is a fraction of the value range, and values
# outside the range are clipped.

import argparse

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skdl import CNNClassifier, DenoisingAutoencoder, ImageNoise
from skdl.datasets import load_digits_images, load_mnist

parser = argparse.ArgumentParser(
    description="Classify noisy images, with and without a denoising autoencoder"
)
parser.add_argument("--full", action="store_true", help="MNIST and noise of 1.0")
parser.add_argument("--epochs", type=int, default=None, help="epochs of the autoencoder")
parser.add_argument("--save", metavar="FILE", help="write the picture to this file")
arguments = parser.parse_args()

if arguments.full:
    X_train, y_train = load_mnist(subset="train", return_X_y=True)
    X_test, y_test = load_mnist(subset="test", return_X_y=True)
    amount, epochs, batch_size, filters = 1.0, arguments.epochs or 6, 128, (32, 64)
else:
    X, y = load_digits_images(return_X_y=True)
    X_train, X_test, y_train, y_test = X[:1200], X[1200:], y[:1200], y[1200:]
    amount, epochs, batch_size, filters = 0.5, arguments.epochs or 30, 32, (32, 32)

noisy_train = ImageNoise(amount=amount, random_state=0).fit_transform(X_train)
noisy_test = ImageNoise(amount=amount, random_state=1).fit(X_train).transform(X_test)

# %%
# The autoencoder requires only clean images: it adds new noise itself in each epoch.

denoiser = DenoisingAutoencoder(
    filters,
    noise=ImageNoise(amount=amount),
    epochs=epochs,
    batch_size=batch_size,
    learning_rate_schedule="cosine",
    optimizer__learning_rate=0.003,
    random_state=0,
).fit(X_train)


def psnr(images, clean):
    """Mean peak signal-to-noise ratio, in decibels."""
    low, high = denoiser.value_range_
    errors = np.square((images.astype(float) - clean) / (high - low))
    return float(np.mean(-10 * np.log10(errors.reshape(len(images), -1).mean(axis=1))))


cleaned_test = denoiser.transform(noisy_test)
before, after = psnr(noisy_test, X_test), psnr(cleaned_test, X_test)
print(f"PSNR: noisy {before:.2f} dB, denoised {after:.2f} dB, gained {after - before:.2f} dB")

# %%
# Three classifiers, all tested on noisy images. The last one is a pipeline that denoises its input
# first.


def classifier():
    return CNNClassifier(epochs=10, batch_size=batch_size, random_state=0)


on_clean = classifier().fit(X_train, y_train)
on_noisy = classifier().fit(noisy_train, y_train)
on_denoised = classifier().fit(denoiser.transform(noisy_train), y_train)

scores = {
    "trained and tested on clean images": on_clean.score(X_test, y_test),
    "trained on clean, tested on noisy images": on_clean.score(noisy_test, y_test),
    "trained and tested on noisy images": on_noisy.score(noisy_test, y_test),
    "trained and tested on denoised images": make_pipeline(denoiser, on_denoised).score(
        noisy_test, y_test
    ),
}
for name, accuracy in scores.items():
    print(f"{name:42s} {accuracy:.4f}")

# %%
# Clean, noisy and denoised images.

figure, axes = plt.subplots(3, 8, figsize=(8, 3.4), layout="constrained")
for row, (name, images) in zip(
    axes, {"clean": X_test, "noisy": noisy_test, "denoised": cleaned_test}.items(), strict=True
):
    row[0].set_ylabel(name)
    for ax, image in zip(row, images, strict=False):
        ax.imshow(image, cmap="gray", vmin=0, vmax=denoiser.value_range_[1])
        ax.set(xticks=[], yticks=[])
if arguments.save:
    figure.savefig(arguments.save, dpi=120)
else:
    plt.show()
