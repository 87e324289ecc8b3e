"""What several test modules need, importable by worker processes too."""

import atexit
import functools
import importlib.util
import json
import os
import re
import select
import struct
import subprocess
import sys
import tempfile
import zlib
from importlib import metadata
from pathlib import Path

import numpy as np

import skdl

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(skdl.__file__).parent  # elsewhere where the tests run with an installed wheel


@functools.cache
def tool(name):
    """A script of tools/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def version(library):
    """Major and minor version of an installed library: (1, 6)."""
    return tuple(map(int, metadata.version(library).split(".")[:2]))


def run_python(code, *arguments, timeout=240):
    """Run code in a process of its own and return what it printed."""
    return _run("-c", code, *arguments, timeout=timeout)


def run_script(path, *arguments, cwd=ROOT, timeout=240):
    """Run a file in a process of its own and return what it printed."""
    return _run(path, *arguments, cwd=cwd, timeout=timeout)


def _run(*arguments, cwd=ROOT, timeout):
    process = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=cwd,
        env=_environment(),
        check=False,
    )
    assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]
    return process.stdout


def _environment():
    path = [ROOT, ROOT / "tests", ROOT / "tests/engine", ROOT / "tests/backbones"]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}


def run_forked(code, *arguments, timeout=240):
    """Run code in a process of its own that has the networks imported, in a fork of one that has.

    TensorFlow has not run in that. The import takes longer than most of what is tested.
    """
    if not sys.platform.startswith("linux"):
        return run_python(code, *arguments, timeout=timeout)
    server = _server()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("out", "err")]
        asked = [code, [*map(str, arguments)], *map(str, files)]
        print(json.dumps(asked), file=server.stdin)
        server.stdin.flush()
        in_time, *_ = select.select([server.stdout], [], [], timeout)
        if not in_time:
            _server.cache_clear()
            server.kill()
        status = server.stdout.readline().strip() or "ended"
        out, err = (file.read_text() if file.is_file() else "" for file in files)
    assert status == "0", f"{status}: {out[-3000:]}{err[-3000:]}"
    return out


@functools.cache
def _server():
    server = subprocess.Popen(
        [sys.executable, ROOT / "tests" / "forks.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=_environment(),
    )
    atexit.register(server.communicate)
    return server


def code_of(text):
    """The Python code of a page of the documentation."""
    return "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))


def parametrize(name, values, exhaustive, **options):
    """`pytest.mark.parametrize`, with values that only the exhaustive run takes."""
    import pytest  # not in worker processes

    params = [
        pytest.param(value, marks=pytest.mark.exhaustive) if value in exhaustive else value
        for value in values
    ]
    return pytest.mark.parametrize(name, params, **options)


def chromium(folder, *arguments):
    """What headless Chromium writes, with its profile in a folder."""
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"]
    command += [f"--user-data-dir={folder / 'profile'}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def tiny(input_shape, n_classes, units=8, dropout=0.25):
    """A builder in a test module, importable by its name."""
    import keras

    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(n_classes, activation="softmax"),
        ]
    )


def normalized(input_shape, n_classes, rate=0.1):
    """Batch normalisation, noise and depthwise convolutions: every kind of variable."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.GaussianNoise(0.05),
            layers.SeparableConv2D(8, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.SpatialDropout2D(rate),
            layers.GlobalAveragePooling2D(),
            layers.Dense(n_classes, activation="softmax", kernel_initializer="he_normal"),
        ]
    )


def augmented(input_shape, n_classes):
    """Keras's own augmentation layers, active while training."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.RandomTranslation(0.1, 0.1),
            layers.RandomRotation(0.1),
            layers.RandomZoom(0.1),
            layers.RandomContrast(0.2),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


def subclassed(input_shape, n_classes):
    """A model that is built at its first call, with a training step as Keras's guide writes it."""
    import keras
    import tensorflow as tf

    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.flatten = keras.layers.Flatten()
            self.head = keras.layers.Dense(n_classes, activation="softmax")

        def call(self, x):
            return self.head(self.flatten(x))

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    return Subclassed()


def takes_other_images(input_shape, n_classes):
    return tiny((28, 28, 1), n_classes)


def returns_logits(input_shape, n_classes):
    import keras

    return keras.Sequential(
        [keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(n_classes)]
    )


def returns_wrong_width(input_shape, n_classes):
    return tiny(input_shape, n_classes + 1)


def returns_nothing(input_shape, n_classes):
    return None


def returns_compiled(input_shape, n_classes):
    model = tiny(input_shape, n_classes)
    model.compile(loss="sparse_categorical_crossentropy")
    return model


def raises_error(input_shape, n_classes):
    raise RuntimeError("the builder has a bug")


def loads_weights(input_shape, n_classes):
    """Start values that come from elsewhere, as from a file of pretrained weights."""
    model = tiny(input_shape, n_classes, dropout=0.0)
    kernel = model.layers[1].kernel
    kernel.assign(np.linspace(-0.2, 0.2, int(np.prod(kernel.shape))).reshape(kernel.shape))
    return model


def same_state(first, second):
    """Whether two fitted estimators have the same weights, to the bit."""
    a, b = first._network.state, second._network.state
    return len(a) == len(b) and all(
        x.dtype == y.dtype and np.array_equal(x, y) for x, y in zip(a, b, strict=True)
    )


def save_small_mobilenet(images, path):
    """Weights of the smallest MobileNetV2 that tell images apart, as random ones hardly do.

    They are random, but the normalisations have the statistics of the images.
    """
    import keras

    model = keras.applications.MobileNetV2(
        images.shape[1:], alpha=0.35, include_top=False, weights=None
    )
    generator = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
        elif layer.weights:
            height, width, *_ = layer.kernel.shape
            scale = 1 / np.sqrt(height * width)
            layer.kernel.assign(generator.normal(scale=scale, size=layer.kernel.shape))
    model(images / np.float32(127.5) - 1, training=True)
    model.save_weights(path)


def in_percent(share):
    """How plots write a probability."""
    return "> 99 %".replace(" ", "\u00a0") if 0.995 <= share < 1 else f"{100 * share:.0f}\u00a0%"


def png(values, exif_orientation=None, xmp=None):
    """Bytes of a PNG file of 16-bit values of shape (height, width, 1 to 4 channels)."""
    height, width, channels = values.shape
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
    ]
    if exif_orientation is not None:
        entry = struct.pack(">HHIHH", 0x0112, 3, 1, exif_orientation, 0)
        chunks.append((b"eXIf", struct.pack(">2sHIH", b"MM", 42, 8, 1) + entry + bytes(4)))
    if xmp is not None:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + xmp))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*chunks, (b"IEND", b"")]
    )


def tiff(values, byte_order="<", white_is_zero=False):
    """Bytes of an uncompressed TIFF file of values of shape (height, width, 1, 3 or 4 channels)."""
    height, width, channels = values.shape
    pixels = values.astype(values.dtype.newbyteorder(byte_order)).tobytes()
    bits, form = 8 * values.dtype.itemsize, {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    photometric = 2 if channels > 1 else int(not white_is_zero)
    several = struct.pack(f"{byte_order}{channels}H", *[bits] * channels)
    forms = struct.pack(f"{byte_order}{channels}H", *[form] * channels)
    start = 8  # of the pixels; the lists and the directory come behind them
    lists = start + len(pixels)
    tags = [
        (256, 4, [width]),
        (257, 4, [height]),
        (258, 3, [bits] if channels == 1 else (channels, lists)),
        (259, 3, [1]),
        (262, 3, [photometric]),
        (273, 4, [start]),
        (277, 3, [channels]),
        (278, 4, [height]),
        (279, 4, [len(pixels)]),
        *([(338, 3, [2])] if channels == 4 else []),
        (339, 3, [form] if channels == 1 else (channels, lists + len(several))),
    ]
    directory = struct.pack(f"{byte_order}H", len(tags))
    for tag, kind, value in tags:
        if isinstance(value, tuple):
            directory += struct.pack(f"{byte_order}HHII", tag, kind, *value)
        else:
            padded = f"{byte_order}HHI" + ("H2x" if kind == 3 else "I")
            directory += struct.pack(padded, tag, kind, 1, *value)
    at = lists + len(several) + len(forms)
    header = struct.pack(f"{byte_order}2sHI", b"II" if byte_order == "<" else b"MM", 42, at)
    return header + pixels + several + forms + directory + bytes(4)
