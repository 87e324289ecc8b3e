"""ONNX models whose features are known, made by hand; importable by worker processes too."""

import numpy as np

MEAN, STD = (0.1, 0.2, 0.3), (0.5, 0.25, 0.125)
SIZE = 8  # of the images, and 4 × 4 pixels a patch


def save(path, nodes, outputs, shape=("n", 3, "h", "w"), dtype=np.float32, constants=None, **more):
    """Write a graph; `nodes` are (kind, inputs, outputs, attributes), `outputs` names and ranks."""
    import onnx
    from onnx import helper, numpy_helper

    def kind(of):
        return helper.np_dtype_to_tensor_dtype(np.dtype(of))

    inputs = [helper.make_tensor_value_info("pixels", kind(dtype), shape)]
    inputs += [helper.make_tensor_value_info(n, kind(np.float32), s) for n, s in more.items()]
    graph = helper.make_graph(
        [helper.make_node(op, takes, gives, **settings) for op, takes, gives, settings in nodes],
        "made",
        inputs,
        [helper.make_tensor_value_info(n, kind(np.float32), [None] * r) for n, r in outputs],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in (constants or {}).items()],
    )
    # Of operators that onnxruntime 1.18, the oldest supported, runs.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


def identity(path, shape=("n", 3, "h", "w"), dtype=np.float32):
    """Maps that are the preprocessed images, and twice as much of them."""
    cast = ("Cast", ["pixels"], ["maps"], {"to": 1})
    return save(path, [cast, ("Add", ["maps", "maps"], ["twice"], {})], [("maps", 4)], shape, dtype)


def vit(path, n_prefix=1, **shape):
    """Tokens of patches, their means; before them `n_prefix` tokens, 10 times the image's mean."""
    size = SIZE // 4
    kernel = np.eye(3, dtype=np.float32)[:, :, None, None] * np.ones((4, 4), np.float32) / 16
    nodes = [
        ("Conv", ["pixels", "kernel"], ["grid"], {"strides": [4, 4]}),
        ("Reshape", ["grid", "flat"], ["columns"], {}),
        ("Transpose", ["columns"], ["patches"], {"perm": [0, 2, 1]}),
        ("ReduceMean", ["patches"], ["mean"], {"axes": [1], "keepdims": 1}),
        ("Mul", ["mean", "ten"], ["token"], {}),
        ("Concat", ["token"] * n_prefix + ["patches"], ["last_hidden_state"], {"axis": 1}),
        ("Squeeze", ["token", "one"], ["pooler_output"], {}),
    ]
    constants = {
        "kernel": kernel,
        "flat": np.array([0, 3, size * size]),
        "ten": np.float32(10),
        "one": np.array([1]),
    }
    outputs = [("last_hidden_state", 3), ("pooler_output", 2)]
    return save(path, nodes, outputs, constants=constants, **shape)


def features_in_a_worker(path, X):
    """How many threads ONNX Runtime has in a worker, whether TensorFlow is there, and features."""
    import sys

    from skdl import BackboneFeatures
    from skdl.backbones import _onnx_session

    found = BackboneFeatures(**settings(path)).fit(X).transform(X)
    (session,) = _onnx_session._alive
    return session.get_session_options().intra_op_num_threads, "tensorflow" in sys.modules, found


def photographs(n=6, size=SIZE):
    """Bytes in colour, no two alike."""
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def settings(path, **more):
    """What makes `BackboneFeatures` of such a file."""
    known = {"backbone__mean": MEAN, "backbone__std": STD, "store": None}
    return {"backbone": f"onnx:{path}", **known, **more}


def preprocessed(X):
    """What the model gets of bytes, channels last."""
    return (X / 255 - np.array(MEAN)) / np.array(STD)
