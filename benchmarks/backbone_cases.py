"""What is measured of backbones by themselves: features by each engine, and VGG16 trained.

Networks are built and traced before the clock starts, and nothing is kept in a store. Weights are
random where `SKDL_DATA_HOME` has none: no time depends on them.
"""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks import data, peers
from benchmarks.timing import median_time, timed

NETWORKS = {
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "resnet50": "ResNet50",
    "mobilenet_v2": "MobileNetV2",
    "efficientnet_b0": "EfficientNetB0",
}
N, SIDE, BATCH = 64, 224, 32
TIMES = 3


def _weights(name):
    paths = {"mobilenet_v2": data.mobilenet_weights, "vgg16": data.vgg16_weights}
    return paths[name]() if name in paths else "random"


def _features(name, precision="float32", engine="auto"):
    from skdl import BackboneFeatures

    return BackboneFeatures(
        name,
        weights=_weights(name),
        precision=precision,
        engine=engine,
        batch_size=BATCH,
        store=None,
    )


# ---- features of a batch -----------------------------------------------------------------------


def by_skdl(name, precision="float32", n=N, side=SIDE, times=TIMES, engine="auto"):
    """Seconds for the features of photographs."""
    X, _ = data.photographs(n, side)
    model = _features(name, precision, engine).fit(X)
    return median_time(lambda: model.transform(X), times)


def by_keras(name, precision="float32", n=N, side=SIDE, times=TIMES):
    """The same photographs through `preprocess_input` and `predict`."""
    X, _ = data.photographs(n, side)
    peers.set_precision(precision)
    network = peers.keras_backbone(name, X.shape[1:], pooling="avg")
    return median_time(
        lambda: network.predict(peers.keras_preprocessed(name, X), batch_size=BATCH, verbose=0),
        times,
    )


def by_torch(name, precision="float32", n=N, side=SIDE, times=TIMES, on_cpu=True):
    """The same network in PyTorch, channels last."""
    from benchmarks import torch_peers

    X, _ = data.photographs(n, side)
    return torch_peers.features(X, precision, times, on_cpu, torch_peers.NETWORKS[name])


def by_onnx(name, n=N, side=SIDE, times=TIMES):
    """What skdl exports, in ONNX Runtime without skdl."""
    X, _ = data.photographs(n, side)
    run = _session(_features(name).fit(X[:4]))
    return median_time(
        lambda: [run(X[start : start + BATCH]) for start in range(0, n, BATCH)], times
    )


def _session(model):
    """A function that runs an exported estimator."""
    import onnxruntime

    from skdl import export_onnx

    with tempfile.TemporaryDirectory() as folder:
        session = onnxruntime.InferenceSession(
            export_onnx(model, Path(folder, "model.onnx")), providers=["CPUExecutionProvider"]
        )
    return lambda images: session.run(None, {"images": images})


def distance(name, n=N, side=SIDE):
    """1 less the smallest cosine between an image's features in bfloat16 and in float32."""
    X, _ = data.photographs(n, side)
    return smallest_cosine_below_1(
        *(_features(name, precision).fit(X).transform(X) for precision in ("float32", "bfloat16"))
    )


def smallest_cosine_below_1(exact, rough):
    """1 less the smallest cosine between rows."""
    exact, rough = exact.astype(float), rough.astype(float)
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(rough, axis=1)
    return float(1 - ((exact * rough).sum(axis=1) / lengths).min())


# ---- one image through a pipeline ----------------------------------------------------------------


def one_image(by, n=40, side=96, times=200):
    """Milliseconds for one photograph through MobileNetV2, a scaler and a support vector machine.

    By the pipeline as it was saved and loaded, with an engine, or by ONNX Runtime alone.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    import skdl

    X, y = data.photographs(n, side)
    features = _features("mobilenet_v2", engine="auto" if by == "onnx" else by)
    model = make_pipeline(features, StandardScaler(), SVC()).fit(X, y)
    if by == "onnx":
        run = _session(model)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.skdl")
            skdl.save(model, path)
            run = skdl.load(path).predict
    return 1000 * median_time(lambda: run(X[:1]), times)


# ---- VGG16, trained ------------------------------------------------------------------------------


def train_skdl(trainable, n=256, side=96, epochs=2):
    """Seconds per further epoch of the whole of VGG16, "all", or of a number of its last blocks."""
    from skdl import VGG16Classifier

    X, y = data.photographs(n, side)
    model = VGG16Classifier(
        weights="random",
        trainable=trainable,
        warmup_epochs=0,
        batch_size=BATCH,
        store=None,
        random_state=0,
    )
    return _seconds_per_epoch(lambda n: model.set_params(epochs=n).fit(X, y), epochs)


def train_keras(trainable, n=256, side=96, epochs=2):
    """The same with `Model.fit`, on images that are preprocessed already."""
    X, y = data.photographs(n, side)
    X = peers.keras_preprocessed("vgg16", X)
    base = peers.keras_backbone("vgg16", X.shape[1:])
    frozen_to = base.layers[0].name if trainable == "all" else "block4_pool"
    model = peers.keras_transfer(base, X[:BATCH], 2, frozen_to, 0.0001)

    def fit(n_epochs):
        return model.fit(X, y, epochs=n_epochs, batch_size=BATCH, verbose=0)

    return _seconds_per_epoch(fit, epochs)


def _seconds_per_epoch(fit, n_more):
    """What epochs after the first add to a fit; what it does once is left out on all sides."""
    fit(1)  # does not count
    one, more = timed(lambda: fit(1)), timed(lambda: fit(1 + n_more))
    return (more - one) / n_more


def train_torch(trainable, n=256, side=96, epochs=2):
    """The same in PyTorch."""
    from benchmarks import torch_peers

    X, y = data.photographs(n, side)
    frozen = None if trainable == "all" else 24  # modules up to the fourth pooling
    return torch_peers.epoch(
        lambda shape: torch_peers.vgg16_classifier(2, frozen),
        X, y, "float32", epochs, on_cpu=True, batch_size=BATCH,
    )  # fmt: skip
