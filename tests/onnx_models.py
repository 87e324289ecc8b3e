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


# ---- a small vision transformer of random weights ------------------------------------------------

PATCH, N_HEADS = 14, 2


def transformer_weights(size, width):
    """Weights of one block, as a larger model would have twelve of."""
    rng, n_tokens = np.random.default_rng(0), 1 + (size // PATCH) ** 2
    shapes = {
        "kernel": (width, 3, PATCH, PATCH),
        "class": (1, 1, width),
        "positions": (1, n_tokens, width),
        "qkv": (width, 3 * width),
        "projection": (width, width),
        "up": (width, 4 * width),
        "down": (4 * width, width),
    }
    return {n: rng.normal(0, 0.2, s).astype(np.float32) for n, s in shapes.items()}


def transformer(path, size=224, width=16):
    """Write it, with the names that Hugging Face gives to what goes in and comes out."""
    ones = {"scale": np.ones(width, np.float32), "shift": np.zeros(width, np.float32)}
    constants = {
        **transformer_weights(size, width),
        **ones,
        "flat": np.array([0, width, -1]),
        "heads": np.array([0, 0, 3, N_HEADS, width // N_HEADS]),
        "joined": np.array([0, 0, width]),
        "root": np.float32((width // N_HEADS) ** -0.5),
        "zero": np.array(0),
        "one": np.array([1]),
    }

    def norm(takes, gives):
        return ("LayerNormalization", [takes, "scale", "shift"], [gives], {"epsilon": 1e-6})

    nodes = [
        ("Conv", ["pixels", "kernel"], ["grid"], {"strides": [PATCH, PATCH]}),
        ("Reshape", ["grid", "flat"], ["columns"], {}),
        ("Transpose", ["columns"], ["patches"], {"perm": [0, 2, 1]}),
        ("ReduceSum", ["patches", "one"], ["sums"], {"keepdims": 1}),
        ("Sub", ["sums", "sums"], ["nothing"], {}),
        ("Add", ["nothing", "class"], ["first"], {}),
        ("Concat", ["first", "patches"], ["tokens"], {"axis": 1}),
        ("Add", ["tokens", "positions"], ["x0"], {}),
        norm("x0", "n0"),
        ("MatMul", ["n0", "qkv"], ["projected"], {}),
        ("Reshape", ["projected", "heads"], ["by_head"], {}),
        ("Transpose", ["by_head"], ["qkv_first"], {"perm": [2, 0, 3, 1, 4]}),
        ("Split", ["qkv_first"], ["q1", "k1", "v1"], {"axis": 0}),
        *[("Squeeze", [f"{n}1", "zeros"], [n], {}) for n in "qkv"],
        ("Transpose", ["k"], ["kt"], {"perm": [0, 1, 3, 2]}),
        ("MatMul", ["q", "kt"], ["products"], {}),
        ("Mul", ["products", "root"], ["scores"], {}),
        ("Softmax", ["scores"], ["attention"], {"axis": -1}),
        ("MatMul", ["attention", "v"], ["mixed"], {}),
        ("Transpose", ["mixed"], ["mixed_back"], {"perm": [0, 2, 1, 3]}),
        ("Reshape", ["mixed_back", "joined"], ["joined_heads"], {}),
        ("MatMul", ["joined_heads", "projection"], ["update"], {}),
        ("Add", ["x0", "update"], ["x1"], {}),
        norm("x1", "n1"),
        ("MatMul", ["n1", "up"], ["hidden"], {}),
        ("Relu", ["hidden"], ["active"], {}),
        ("MatMul", ["active", "down"], ["more"], {}),
        ("Add", ["x1", "more"], ["x2"], {}),
        norm("x2", "last_hidden_state"),
        ("Gather", ["last_hidden_state", "zero"], ["pooler_output"], {"axis": 1}),
    ]
    constants["zeros"] = np.array([0])
    outputs = [("last_hidden_state", 3), ("pooler_output", 2)]
    return save(path, nodes, outputs, ("n", 3, size, size), constants=constants)


def transformed(X, size, width=16):
    """What it gives of preprocessed images, channels last: by NumPy."""
    w = {name: values.astype(float) for name, values in transformer_weights(size, width).items()}
    n, side, depth = len(X), size // PATCH, width // N_HEADS

    def norm(x):
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)

    cut = X.reshape(n, side, PATCH, side, PATCH, 3)
    patches = np.einsum("nyixjc,dcij->nyxd", cut, w["kernel"]).reshape(n, -1, width)
    x = np.concatenate([np.repeat(w["class"], n, axis=0), patches], axis=1) + w["positions"]
    q, k, v = np.moveaxis((norm(x) @ w["qkv"]).reshape(n, -1, 3, N_HEADS, depth), 2, 0)
    scores = np.einsum("nqhd,nkhd->nhqk", q, k) * depth**-0.5
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    x = x + np.einsum("nhqk,nkhd->nqhd", weights, v).reshape(n, -1, width) @ w["projection"]
    return norm(x + np.maximum(norm(x) @ w["up"], 0) @ w["down"])
