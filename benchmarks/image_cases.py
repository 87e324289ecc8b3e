"""What is measured of image files and of augmentation."""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks import data, peers
from benchmarks.timing import median_time, megabytes_at_peak


def files_fit(n):
    """Megabytes of resident memory that a fit on image files needs at its peak."""
    from skdl import CNNClassifier

    with tempfile.TemporaryDirectory() as folder:
        paths, y = data.image_files(n, Path(folder))
        model = CNNClassifier(epochs=1, batch_size=128, image_size=32, random_state=0)
        model.fit(paths[:640], y[:640])  # TensorFlow's own share
        return megabytes_at_peak(lambda: model.fit(paths, y))


def files_predict(n):
    """The same for a prediction."""
    from skdl import CNNClassifier

    with tempfile.TemporaryDirectory() as folder:
        paths, y = data.image_files(n, Path(folder))
        model = CNNClassifier(epochs=1, batch_size=128, image_size=32, random_state=0)
        model.fit(paths[:640], y[:640]).predict(paths[:640])
        return megabytes_at_peak(lambda: model.predict_proba(paths))


def files_epoch_skdl():
    """Seconds of an epoch on files."""
    from skdl import CNNClassifier

    with tempfile.TemporaryDirectory() as folder:
        paths, y = data.image_files(12_800, Path(folder))
        model = CNNClassifier(epochs=1, batch_size=128, image_size=32, random_state=0)
        return median_time(lambda: model.fit(paths, y), 3)


def files_epoch_keras():
    """The same with the pipeline that Keras's guides build: decoded in parallel, prefetched."""
    import tensorflow as tf

    def read(path, code):
        image = tf.io.decode_image(tf.io.read_file(path), 3, expand_animations=False)
        image.set_shape([32, 32, 3])
        return tf.cast(image, tf.float32) / 255.0, code

    with tempfile.TemporaryDirectory() as folder:
        paths, y = data.image_files(12_800, Path(folder))
        codes = np.unique(y, return_inverse=True)[1]
        pairs = tf.data.Dataset.from_tensor_slices((paths, codes)).shuffle(len(paths))
        pairs = pairs.map(read, tf.data.AUTOTUNE).batch(128).prefetch(tf.data.AUTOTUNE)
        model = peers.compiled((32, 32, 3))
        return median_time(lambda: model.fit(pairs, epochs=1, verbose=0), 3)


def color_images(n):
    """`n` images of 32×32×3, uint8, and labels."""
    X, y = data.mnist(n)
    return np.repeat(np.pad(X, ((0, 0), (2, 2), (2, 2)))[..., None], 3, axis=3), y


def augmentation_epoch(augmentation):
    """Seconds of an epoch on images of 32×32×3."""
    from skdl import CNNClassifier

    X, y = color_images(12_800)
    model = CNNClassifier(epochs=1, batch_size=128, augmentation=augmentation, random_state=0)
    return median_time(lambda: model.fit(X, y), 5)


def normalized_epoch_skdl():
    """Seconds of an epoch of ResNet-20, which is normalised after each convolution."""
    from skdl import CNNClassifier

    X, y = color_images(2_560)
    model = CNNClassifier("resnet20", epochs=1, batch_size=128, optimizer="sgd", random_state=0)
    model.fit(X, y)
    return median_time(lambda: model.fit(X, y), 3)


def normalized_epoch_keras():
    """The same with `Model.fit`."""
    from skdl.architectures import resnet20

    X, y = color_images(2_560)
    X = X / np.float32(255)
    model = resnet20((32, 32, 3), 10)
    model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, y, batch_size=128, epochs=1, verbose=0)
    return median_time(lambda: model.fit(X, y, batch_size=128, epochs=1, verbose=0), 3)
