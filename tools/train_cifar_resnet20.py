"""Train the network behind the backbone `cifar_resnet20`, on CIFAR-10.

    python tools/train_cifar_resnet20.py OUT

The network learns two things at once: the ten classes, and what a larger network sees in the same
images (G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural network", 2015; of
feature maps: A. Romero et al., "FitNets", ICLR 2015). With the classes alone, average pooling
throws the layout of an image away, and the features tell little about images that are no
photographs. So a part of the training images are gray, inverted, or cut out before black.

Needs in the data home: CIFAR-10 (the JPEG version will do, and is what the shipped weights were
trained on), and MobileNetV2 with ImageNet weights in ``weights``, which is the larger network.
Writes OUT/cifar_resnet20.npz, the weights as they stand in skdl/backbones, and OUT/log.txt, a line
an epoch, kept as tools/train_cifar_resnet20.log. A run that was interrupted goes on where it was.
"""

import argparse
import shutil
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy import ndimage
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from skdl import BackboneFeatures
from skdl.architectures import resnet20
from skdl.datasets import load_cifar10
from skdl.downloads import get_data_home

TEACHER = "weights/mobilenet_v2_1.0_224_no_top_from_int8.weights.h5"
# Feature maps of MobileNetV2 in 96×96: name, height, channels. Each is averaged in a 3×3 grid.
LAYERS = (
    ("block_5_add", 12, 32),
    ("block_9_add", 6, 64),
    ("block_12_add", 6, 96),
    ("block_15_add", 3, 160),
)
N_COMPONENTS = 128
# What the copies of an image are in turn, and how much its class counts there.
KINDS = ("colour", "blob", "gray", "symmetric blob", "colour", "symmetric blob")
CLASS_WEIGHT = {"colour": 1.0, "gray": 0.5, "blob": 0.0, "symmetric blob": 0.0}
TEACHER_WEIGHT = 5.0
SIZES = (32, 28)
BATCH_SIZE = 128
# Stages: epochs of 50,000 copies each, weight of the classes, learning rate. In the second, new
# linear layers begin behind the trained network, and the classes come into their own.
STAGES = ((24, 1.0, 0.004), (6, 5.0, 0.0015))
WEIGHT_DECAY = 0.05


# ---- images ----------------------------------------------------------------------------------


def views(images: np.ndarray, kind: str, generator: np.random.Generator) -> np.ndarray:
    """One changed copy of each image, uint8 of the same shape."""
    moved = _moved(images, generator)
    if kind == "colour":
        return moved.astype(np.uint8)
    gray = moved.mean(axis=-1, keepdims=True)
    if kind == "gray":
        inverted = generator.random(len(gray)) < 0.5
        gray[inverted] = 255 - gray[inverted]
    else:
        shapes = _blobs(len(gray), gray.shape[1], generator)
        if kind == "symmetric blob":
            shapes = np.maximum(shapes, shapes[:, :, ::-1])
        contrast = generator.uniform(0.2, 1.0, (len(gray), 1, 1, 1))
        light = generator.uniform(0.4, 1.0, (len(gray), 1, 1, 1))
        gray = 255 * light + contrast * (gray - 128)
        gray = gray.clip(0, 255) * shapes[..., None]
    return np.repeat(gray.clip(0, 255).astype(np.uint8), 3, axis=-1)


def _moved(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Flipped, shifted and scaled; float32."""
    n, size = len(images), images.shape[1]
    extent = generator.uniform(0.8, 1.15, (n, 2))
    middle = 0.5 + generator.uniform(-0.1, 0.1, (n, 2))
    low, high = middle - extent / 2, middle + extent / 2
    flipped = generator.random(n) < 0.5
    left, right = np.where(flipped, high[:, 1], low[:, 1]), np.where(flipped, low[:, 1], high[:, 1])
    boxes = np.stack([low[:, 0], left, high[:, 0], right], axis=1).astype(np.float32)
    return tf.image.crop_and_resize(images, boxes, np.arange(n), (size, size)).numpy()


def _blobs(n: int, size: int, generator: np.random.Generator) -> np.ndarray:
    """Random shapes around the middle: 1 inside, 0 outside."""
    y, x = np.mgrid[:size, :size] / (size - 1) - 0.5
    shapes = np.empty((n, size, size), dtype=np.float32)
    for shape in shapes:
        noise = ndimage.gaussian_filter(
            generator.normal(size=(size, size)), generator.uniform(2, 6)
        )
        height, width = generator.uniform(0.2, 0.6, 2)
        inside = 4 * (1 - np.hypot(y / height, x / width)) + 1.2 * noise / noise.std() > 0
        shape[...] = ndimage.gaussian_filter(inside.astype(np.float32), 0.5)
    return shapes


# ---- the larger network ----------------------------------------------------------------------


class Teacher:
    """What MobileNetV2 sees: principal components of its feature maps in a 3×3 grid."""

    def __init__(self) -> None:
        self.features = BackboneFeatures(
            "mobilenet_v2",
            weights=get_data_home() / TEACHER,
            image_size=96,
            layer=[name for name, _, _ in LAYERS],
            pooling="flatten",
            store=None,
        )

    def fit(self, images: np.ndarray) -> "Teacher":
        """Learn the components."""
        self.features.fit(images)
        grids = self._grids(images)
        self.scaler = StandardScaler().fit(grids)
        # Each layer counts the same.
        self.weights = np.concatenate([np.full(9 * c, (9 * c) ** -0.5) for _, _, c in LAYERS])
        self.components = PCA(N_COMPONENTS, random_state=0).fit(self._scaled(grids))
        # Half-way to equal variances, so that the small components count as well.
        self.scale = self.components.explained_variance_**-0.25
        self.scale /= np.sqrt((self.components.explained_variance_ * self.scale**2).sum())
        return self

    def transform(self, images: np.ndarray) -> np.ndarray:
        """Targets, whose variances sum to 1; float16 of shape (n, N_COMPONENTS)."""
        found = self.components.transform(self._scaled(self._grids(images))) * self.scale
        return found.astype(np.float16)

    def _scaled(self, grids: np.ndarray) -> np.ndarray:
        return self.scaler.transform(grids) * self.weights

    def _grids(self, images: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [self._grid(images[start : start + 1000]) for start in range(0, len(images), 1000)]
        )

    def _grid(self, images: np.ndarray) -> np.ndarray:
        maps, start, found = self.features.transform(images), 0, []
        for _, height, channels in LAYERS:
            end = start + height * height * channels
            cells = maps[:, start:end].reshape(-1, 3, height // 3, 3, height // 3, channels)
            found.append(cells.mean(axis=(2, 4)).reshape(len(maps), -1))
            start = end
        return np.concatenate(found, axis=1)


def make_training_data(
    X: np.ndarray, y: np.ndarray, copies: int, log: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images, targets, classes and the weights of the classes."""
    generator, start = np.random.default_rng(0), time.perf_counter()
    kinds = [KINDS[copy % len(KINDS)] for copy in range(copies)]
    sample = np.concatenate([views(X[:2000], kind, generator) for kind in KINDS])
    teacher = Teacher().fit(sample)
    images, targets = [], []
    for kind in kinds:
        for first in range(0, len(X), 5000):
            images.append(views(X[first : first + 5000], kind, generator))
            targets.append(teacher.transform(images[-1]))
        print(
            f"Copy {len(images) * 5000 // len(X)}/{copies} ({kind})  "
            f"{time.perf_counter() - start:.0f} s",
            file=log,
        )
    weights = np.repeat([CLASS_WEIGHT[kind] for kind in kinds], len(X)).astype(np.float32)
    return np.concatenate(images), np.concatenate(targets), np.tile(y, copies), weights


# ---- training --------------------------------------------------------------------------------


class Batches(keras.utils.PyDataset):
    """Batches in a seeded order, in turn of each size."""

    def __init__(self, data: tuple[np.ndarray, ...], n_images: int, seed: int) -> None:
        super().__init__()
        self.data, self.n_images, self.seed, self.epoch = data, n_images, seed, 0
        self._shuffle()

    def _shuffle(self) -> None:
        generator = np.random.default_rng([self.seed, self.epoch])
        self.rows = generator.permutation(len(self.data[0]))[: self.n_images]

    def __len__(self) -> int:
        return self.n_images // BATCH_SIZE

    def on_epoch_end(self) -> None:
        self.epoch += 1
        self._shuffle()

    def __getitem__(self, number: int) -> tuple[Any, Any, Any]:
        rows = np.sort(self.rows[number * BATCH_SIZE : (number + 1) * BATCH_SIZE])
        images, targets, classes, weights = (values[rows] for values in self.data)
        size = SIZES[number % len(SIZES)]
        images = tf.image.resize(images, (size, size), antialias=True) / 255.0
        return (
            images,
            {"class": classes, "teacher": targets.astype(np.float32)},
            {"class": weights, "teacher": np.ones(len(rows), np.float32)},
        )


def network(n_steps: int, class_weight: float, learning_rate: float) -> keras.Model:
    """The backbone with two linear layers behind its pooled features."""
    classifier = resnet20((None, None, 3), 10)
    maps = classifier.get_layer("stage3").output
    backbone = keras.Model(classifier.input, maps, name="cifar_resnet20")
    images = keras.Input((None, None, 3))
    features = keras.layers.GlobalAveragePooling2D()(backbone(images))
    features = keras.layers.BatchNormalization(center=False, scale=False)(features)
    outputs = {
        "class": keras.layers.Dense(10, dtype="float32", name="class")(features),
        "teacher": keras.layers.Dense(
            N_COMPONENTS, kernel_initializer="zeros", dtype="float32", name="teacher"
        )(features),
    }
    model = keras.Model(images, outputs)
    warm = n_steps // 20
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, n_steps - warm, warmup_target=learning_rate, warmup_steps=warm
    )
    model.compile(
        keras.optimizers.AdamW(schedule, weight_decay=WEIGHT_DECAY),
        loss={
            "class": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "teacher": lambda known, found: tf.reduce_sum(tf.square(known - found), axis=-1),
        },
        loss_weights={"class": class_weight, "teacher": TEACHER_WEIGHT},
        weighted_metrics={"class": ["accuracy"]},
    )
    return model


class Lines(keras.callbacks.Callback):
    """A line an epoch."""

    def __init__(self, log: Any, n_epochs: int) -> None:
        super().__init__()
        self.log, self.n_epochs = log, n_epochs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        found = "  ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        seconds = time.perf_counter() - self.start
        print(f"Epoch {epoch + 1}/{self.n_epochs}  {seconds:.1f} s  {found}", file=self.log)


def train(
    data: tuple[np.ndarray, ...], n: int, number: int, weights: Path | None, out: Path, log: Any
) -> None:
    """Run a stage, from the weights of the one before, and write its own."""
    n_epochs, class_weight, learning_rate = STAGES[number]
    batches = Batches(data, n, seed=number)
    model = network(n_epochs * len(batches), class_weight, learning_rate)
    backbone = model.get_layer("cifar_resnet20")
    if weights is not None:
        stored = np.load(weights)
        backbone.set_weights([stored[name] for name in stored.files])
    backup = keras.callbacks.BackupAndRestore(str(out / f"backup{number + 1}"))
    model.fit(batches, epochs=n_epochs, verbose=0, callbacks=[backup, Lines(log, n_epochs)])
    np.savez(out / "part.npz", *backbone.get_weights())
    (out / "part.npz").rename(out / f"stage{number + 1}.npz")


def main() -> None:
    """Train, and write weights and log."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--n-samples", type=int, help="images to train on; all by default")
    parser.add_argument("--version", default="auto", help="of CIFAR-10: original or jpeg")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)

    X, y = load_cifar10(subset="train", version=arguments.version, return_X_y=True)
    X, y = X[: arguments.n_samples], y[: arguments.n_samples]
    with open(arguments.out / "log.txt", "a", buffering=1) as log:
        kept = arguments.out / "data.npz"
        if not kept.exists():
            data = make_training_data(X, y, len(KINDS), log)
            np.savez(arguments.out / "part.npz", *data)
            (arguments.out / "part.npz").rename(kept)
        stored = np.load(kept)
        data = tuple(stored[name] for name in stored.files)
        keras.config.set_dtype_policy("mixed_bfloat16")
        weights = None
        for number in range(len(STAGES)):
            done = arguments.out / f"stage{number + 1}.npz"
            if not done.exists():
                train(data, len(X), number, weights, arguments.out, log)
            weights = done
    shutil.copy(weights, arguments.out / "cifar_resnet20.npz")


if __name__ == "__main__":
    main()
