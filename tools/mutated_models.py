"""Damaged and crafted model files: none may run code, crash, or predict otherwise unnoticed.

    python tools/mutated_models.py 10000            all of them, in two processes
    python tools/mutated_models.py 10000 --seed 1   others

Half of the files are damaged as a disk or a network damages them: they must be refused, or predict
what the original predicts, to the bit. The other half are crafted: what is changed has right
checksums again, as an attacker would see to. They must be refused, or be models that predict; when
they predict otherwise for the probe images, a warning must have said so.
"""

import argparse
import collections
import copy
import faulthandler
import hashlib
import io
import itertools
import json
import os
import pickle
import random
import resource
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import skdl
from skdl.persistence import ModelFileError

SECONDS_EACH = 60
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.", "socket.connect")
FORBIDDEN += ("os.remove", "os.rename", "os.mkdir", "shutil.", "pickle.find_class", "ctypes.")


class Canary:
    """What a pickle or a crafted name calls."""

    def __reduce__(self):
        return os.mkdir, (str(Path(tempfile.gettempdir()) / "mutated-models-canary"),)


PICKLE = pickle.dumps(Canary())
EVIL = [
    ("os", "system"),
    ("posix", "system"),
    ("os", "mkdir"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "open"),
    ("builtins", "__import__"),
    ("builtins", "getattr"),
    ("pickle", "loads"),
    ("joblib.numpy_pickle", "load"),
    ("numpy", "load"),
    ("numpy", "fromfile"),
    ("numpy", "memmap"),
    ("numpy.testing._private.utils", "runstring"),
    ("numpy.f2py", "compile"),
    ("scipy.io", "loadmat"),
    ("sklearn.datasets._base", "load_files"),
    ("sklearn.conftest", "pytest"),
    ("sklearn.tests.test_base", "MyEstimator"),
    ("sklearn.utils._testing", "MinimalClassifier"),
    ("keras.src.layers.core.lambda_layer", "Lambda"),
    ("keras.src.saving.saving_lib", "load_model"),
    ("skdl._utils.storage", "remove"),
    ("skdl.store._features", "FeatureStore"),
    ("functools", "partial"),
    ("antigravity", "geohash"),
    ("__main__", "Canary"),
]
LOADERS = [
    "ObjectNode",
    "TypeNode",
    "FunctionNode",
    "MethodNode",
    "OperatorFuncNode",
    "ConstructorFromReduceNode",
    "CachedNode",
    "PartialNode",
    "TreeNode",
    "LossNode",
    "NdArrayNode",
    "JsonNode",
    "DictNode",
    "TupleNode",
    "QuantileForestNode",
    "BytesNode",
    "SparseMatrixNode",
    "RandomGeneratorNode",
]
VALUES = [None, True, -1, 0, 1, 2**31, 2**63, -(2**63), 1e308, "", "x", "../../x", [], {}, [[]]]
VALUES += [{"class_name": "Lambda", "module": "keras.layers", "config": {"function": "x"}}]
VALUES += [{"class_name": "system", "module": "os", "config": {"command": "true"}}]


# ---- the models ----------------------------------------------------------------------------------


def small_models():
    """Models of scikit-learn, which take a millisecond to load, and images to predict."""
    X, y = load_digits(return_X_y=True)
    X, y = X[y < 3][:150] / 16, y[y < 3][:150]
    two = np.minimum(y, 1)
    models = {
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
        "svc": make_pipeline(FunctionTransformer(np.sqrt), SVC(probability=False)),
        "forest": RandomForestClassifier(3, max_depth=4, random_state=0),
        "neighbors": KNeighborsClassifier(algorithm="kd_tree", leaf_size=10),
        "boosting": GradientBoostingClassifier(n_estimators=2, random_state=0),
        "histograms": HistGradientBoostingClassifier(max_iter=3, random_state=0),
    }
    fitted = {name: model.fit(X, y) for name, model in models.items()}
    fitted["threshold"] = FixedThresholdClassifier(LogisticRegression(), threshold=0.4).fit(X, two)
    return fitted, X[::5]


def network_models():
    """A network, and features of another."""
    X, y = load_digits(return_X_y=True)
    X, y = X[y < 3][:60].reshape(-1, 8, 8).astype(np.uint8), y[y < 3][:60]
    network = skdl.CNNClassifier(epochs=1, architecture__filters=4, random_state=0)
    features = skdl.BackboneFeatures("cifar_resnet20", image_size=32, store=None)
    models = {"network": network, "features": make_pipeline(features, LogisticRegression())}
    return {name: model.fit(X, y) for name, model in models.items()}, X[::5]


class Original:
    """A file that is as it was saved, taken apart."""

    def __init__(self, model, images, folder):
        path = Path(folder, "original.skdl")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            skdl.save(model, path, probes=images[:8])
            self.images = images
            self.predicted = predictions(skdl.load(path), images)
        self.data = path.read_bytes()
        self.members = unpacked(self.data)
        self.inside = unpacked(self.members["model.skops"])


def predictions(model, images):
    scores = next(n for n in ("predict_proba", "decision_function") if hasattr(model, n))
    return [np.asarray(getattr(model, name)(images)) for name in (scores, "predict")]


def unpacked(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", compression) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return buffer.getvalue()


def mended(members):
    """A file whose manifest has the checksums of what it holds."""
    manifest = json.loads(members["manifest.json"])
    rest = {name: content for name, content in members.items() if name != "manifest.json"}
    manifest["members"] = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in rest.items()
    }
    return packed({"manifest.json": json.dumps(manifest).encode(), **rest})


# ---- damage --------------------------------------------------------------------------------------


def flipped(data, rng, most=8):
    data = bytearray(data)
    for _ in range(rng.randint(1, most)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def damage_bits(original, rng):
    return flipped(original.data, rng)


def damage_end(original, rng):
    return original.data[: rng.randrange(len(original.data))]


def damage_block(original, rng):
    data = bytearray(original.data)
    start = rng.randrange(len(data))
    size = rng.randint(1, 512)
    kind = rng.randrange(4)
    if kind == 0:
        data[start : start + size] = bytes(len(data[start : start + size]))
    elif kind == 1:
        del data[start : start + size]
    elif kind == 2:
        data[start:start] = rng.randbytes(size)
    else:
        data[start:start] = data[start : start + size]
    return bytes(data)


def damage_ends(original, rng):
    junk = rng.randbytes(rng.randint(1, 100))
    return junk + original.data if rng.random() < 0.5 else original.data + junk


def damage_members(original, rng):
    members = list(original.members.items())
    first, second = rng.sample(range(len(members)), 2)
    (one, content), (other, others) = members[first], members[second]
    kind = rng.randrange(4)
    if kind == 0:
        members[first], members[second] = (one, others), (other, content)
    elif kind == 1:
        members.append((one, rng.choice([content, others])))
    elif kind == 2:
        del members[first]
    else:
        members[first] = (one, others)
    return packed(members)


# ---- crafted -------------------------------------------------------------------------------------


def craft_names(original, rng):
    names = ["../../evil", "/etc/evil", "C:\\evil", "..\\evil", "a/../b", "\x00", "x" * 70000, ""]
    members = dict(original.members)
    content = members.pop(rng.choice(sorted(set(members) - {"manifest.json"})))
    members[rng.choice(names)[:60000]] = content
    return mended(members)


def craft_bomb(original, rng):
    members = dict(original.members)
    if rng.random() < 0.5:
        bomb = bytes(rng.choice([10**6, 10**7]))
        inside = {**original.inside, rng.choice(sorted(original.inside)): bomb}
        members["model.skops"] = packed(inside, zipfile.ZIP_DEFLATED)
        return mended(members)
    members["zeros"] = bytes(10**6)
    return packed(members, zipfile.ZIP_DEFLATED)


def craft_pickle(original, rng):
    members = dict(original.members)
    name = rng.choice(sorted(set(members) - {"manifest.json"}))
    members[name] = object_array(PICKLE) if rng.random() < 0.5 else PICKLE
    return mended(members)


def object_array(content):
    header = io.BytesIO()
    about = {"descr": "|O", "fortran_order": False, "shape": (1,)}
    np.lib.format.write_array_header_1_0(header, about)
    return header.getvalue() + content


def craft_manifest(original, rng):
    manifest = json.loads(original.members["manifest.json"])
    change_json(manifest, rng)
    return mended({**original.members, "manifest.json": json.dumps(manifest).encode()})


def change_json(root, rng):
    """Change one value anywhere in a JSON object."""
    places = []
    waiting = [root]
    while waiting:
        here = waiting.pop()
        items = here.items() if isinstance(here, dict) else enumerate(here)
        for key, value in items:
            places.append((here, key))
            if isinstance(value, dict | list):
                waiting.append(value)
    here, key = rng.choice(places)
    if rng.random() < 0.1:
        del here[key]
    else:
        here[key] = copy.deepcopy(rng.choice(VALUES))


def with_inside(original, inside):
    return mended({**original.members, "model.skops": packed(inside)})


def nodes_of(schema):
    waiting, found = [schema], []
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            if "__loader__" in here:
                found.append(here)
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)
    return found


def craft_schema(original, rng):
    """Another tree of what is made."""
    schema = json.loads(original.inside["schema.json"])
    for _ in range(rng.randint(1, 2)):
        nodes = nodes_of(schema)
        node = rng.choice(nodes)
        kind = rng.randrange(8)
        if kind == 0:
            node["__module__"], node["__class__"] = rng.choice(EVIL)
        elif kind == 1:
            node["__loader__"] = rng.choice(LOADERS)
        elif kind == 2:
            node["__loader__"] = rng.choice(LOADERS)
            node["__module__"], node["__class__"] = rng.choice(EVIL)
        elif kind == 3:
            other = copy.deepcopy(rng.choice(nodes))
            node.clear()
            node.update(other)
        elif kind == 4:
            node["__id__"] = rng.choice(nodes).get("__id__")
        elif kind == 5 and "content" in node:
            node["content"] = json.dumps(rng.choice(VALUES))
        elif kind == 6:
            deep = node
            for _ in range(rng.choice([50, 500, 3000])):
                deep["content"] = [{"__loader__": "ListNode", "__module__": "builtins"}]
                deep["content"][0] |= {"__class__": "list", "content": []}
                deep = deep["content"][0]
        else:
            change_json(schema, rng)
    try:
        text = json.dumps(schema)
    except RecursionError:
        text = "[" * 100_000
    return with_inside(original, {**original.inside, "schema.json": text.encode()})


def craft_call(original, rng):
    """A call of something, in the place of a value."""
    schema = json.loads(original.inside["schema.json"])
    node = rng.choice(nodes_of(schema))
    module, name = rng.choice(EVIL)
    text = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
    text |= {"content": '"touch /tmp/mutated-models-canary"', "__id__": 1}
    args = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode"}
    args |= {"content": [text], "__id__": 2}
    made = {"__class__": name, "__module__": module, "__id__": 3, "content": args}
    made["__loader__"] = rng.choice(LOADERS)
    made["__reduce__"] = {"args": args}
    made["attrs"] = args
    node.clear()
    node.update(made)
    text = json.dumps(schema).encode()
    return with_inside(original, {**original.inside, "schema.json": text})


def craft_array(original, rng):
    """Other values, shapes or types in an array of the model."""
    inside = dict(original.inside)
    names = [name for name in inside if name.endswith(".npy")]
    name = rng.choice(names)
    data = inside[name]
    kind = rng.randrange(7)
    array = np.load(io.BytesIO(data))
    if kind == 0:
        inside[name] = flipped(data, rng)
    elif kind == 1:
        header = io.BytesIO()
        about = {"descr": array.dtype.descr if array.dtype.names else array.dtype.str}
        shape = rng.choice([(2**40,), (2**31, 2**31), (-1,), (0, 2**62)])
        about |= {"fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(header, about)
        inside[name] = header.getvalue() + data[-64:]
    elif kind == 2:
        inside[name] = inside[rng.choice(names)]
    elif kind == 3:
        inside[name] = object_array(PICKLE)
    elif kind == 4:
        inside[name] = data[: rng.randrange(len(data))]
    else:
        inside[name] = saved(strange(array, rng))
    return with_inside(original, inside)


def strange(array, rng):
    """Extreme values, or some more or less of them."""
    array = array.copy()
    flat = array.reshape(-1)
    if not array.size or rng.random() < 0.3:
        return np.resize(array, rng.choice([(0,), (1,), (3, 2), (array.size + 7,)]))
    where = rng.randrange(len(flat))
    if array.dtype.names:
        field = rng.choice(array.dtype.names)
        if array.dtype[field].kind in "iuf":
            flat[field][where] = extreme(array.dtype[field], rng)
    elif array.dtype.kind in "iuf":
        flat[where] = extreme(array.dtype, rng)
    return array


def extreme(dtype, rng):
    if dtype.kind == "f":
        return dtype.type(rng.choice([np.nan, np.inf, -np.inf, 1e30, -1, 0, 0.5]))
    limits = np.iinfo(dtype)
    small = [value for value in (-2, -1, 0, 1, 5, 100) if value >= limits.min]
    return dtype.type(rng.choice([limits.max, limits.min, limits.max // 2, *small]))


def saved(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def craft_probes(original, rng):
    members = dict(original.members)
    name = rng.choice([name for name in members if name.startswith("probes/")])
    array = np.load(io.BytesIO(members[name]))
    members[name] = saved(strange(array, rng)) if array.dtype.kind in "iuf" else members[name]
    return mended(members)


DAMAGES = [damage_bits, damage_bits, damage_end, damage_block, damage_ends, damage_members]
CRAFTS = [craft_names, craft_bomb, craft_pickle, craft_manifest, craft_schema, craft_schema]
CRAFTS += [craft_call, craft_array, craft_array, craft_array, craft_probes]


# ---- trying them ---------------------------------------------------------------------------------


class Watch:
    """Notes what no loading of a file may do."""

    def __init__(self):
        self.seen, self.on = [], False
        sys.addaudithook(self)

    def __call__(self, event, args):
        if not self.on:
            return
        writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
        imports = event == "import" and args[0] in {module for module, _ in EVIL} - KNOWN
        if writes or imports or event.startswith(FORBIDDEN):
            self.seen.append((event, repr(args)[:100]))


# Modules that are loaded anyway.
KNOWN = {"os", "posix", "builtins", "functools", "numpy", "pickle", "subprocess", "__main__"}
KNOWN |= {"joblib.numpy_pickle", "skdl._utils.storage", "skdl.store._features"}


def tried(data, original, path, watch):
    """What became of a file: "refused", "equal", "warned", "other", or what is wrong."""
    path.write_bytes(data)
    watch.seen.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        watch.on = True
        try:
            model = skdl.load(path)
        except ModelFileError:
            model = None
        except BaseException as error:
            return f"WRONG: {type(error).__name__}: {error}"
        finally:
            watch.on = False
        warned = any("does not predict" in str(warning.message) for warning in caught)
        if watch.seen:
            return f"WRONG: it did {watch.seen[:3]}"
        if model is None:
            return "refused"
        watch.on = True
        try:
            now = predictions(model, original.images)
        except Exception:
            now = None
        finally:
            watch.on = False
        if watch.seen:
            return f"WRONG: predicting did {watch.seen[:3]}"
    if now is not None and all(map(same, now, original.predicted)):
        return "equal"
    return "warned" if warned else "other"


def same(one, other):
    return (
        one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes()
    )


def cases(originals, numbers, seed):
    """Files, one a number: damaged ones have even numbers, crafted ones odd."""
    names = sorted(originals)
    for number in numbers:
        rng = random.Random(f"{seed}-{number}")
        name = rng.choice(names)
        change = rng.choice(CRAFTS if number % 2 else DAMAGES)
        yield number, name, change.__name__, change(originals[name], rng)


def run(originals, numbers, seed, folder, note=lambda number: None):
    """Counts of what became of files, and those with which something is wrong."""
    watch, path = Watch(), Path(folder, "mutated.skdl")
    counts, wrong = collections.Counter(), []
    for number, name, change, data in cases(originals, numbers, seed):
        note(number)
        outcome = tried(data, originals[name], path, watch)
        if outcome == "other" and change.startswith("damage"):
            outcome = "WRONG: another model without an error"
        counts[change, outcome.partition(":")[0]] += 1
        if outcome.startswith("WRONG"):
            wrong.append(f"{number}: {name}, {change}: {outcome}")
    return counts, wrong


# ---- the command ---------------------------------------------------------------------------------


def work(start, stop, seed):
    """In a process of its own: crashes are seen from outside."""
    folder = tempfile.mkdtemp()
    small, images = small_models()
    networks, pixels = network_models()
    originals = {name: Original(model, images, folder) for name, model in small.items()}
    originals |= {name: Original(model, pixels, folder) for name, model in networks.items()}

    def note(number):
        print(number, flush=True)
        faulthandler.dump_traceback_later(SECONDS_EACH, exit=True)

    counts, wrong = run(originals, range(start, stop), seed, folder, note)
    faulthandler.cancel_dump_traceback_later()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found = [[*key, number] for key, number in counts.items()]
    print(json.dumps({"counts": found, "wrong": wrong, "peak": peak}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("n", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        return work(*options.part, options.seed)
    cuts = [options.n * part // 4 for part in range(5)]
    total, wrong, peak = collections.Counter(), [], 0
    waiting = list(itertools.pairwise(cuts))
    running = []
    while waiting or running:
        while waiting and len(running) < 2:
            part = waiting.pop(0)
            words = [sys.executable, __file__, str(options.n), "--seed", str(options.seed)]
            words += ["--part", *map(str, part)]
            running.append(
                subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            )
        process = running.pop(0)
        printed, said = process.communicate()
        lines = printed.splitlines()
        if process.returncode:
            last = lines[-1] if lines else "the start"
            wrong.append(
                f"{last}: WRONG: the process ended with {process.returncode}\n{said[-2000:]}"
            )
            continue
        found = json.loads(lines[-1])
        total.update({(change, what): number for change, what, number in found["counts"]})
        wrong += found["wrong"]
        peak = max(peak, found["peak"])
    for what in ("refused", "equal", "warned", "other", "WRONG"):
        number = sum(count for (_, outcome), count in total.items() if outcome == what)
        print(f"{what:10}{number:8,}")
    for (change, outcome), count in sorted(total.items()):
        print(f"  {change:18}{outcome:10}{count:8,}")
    print(f"largest memory of a process: {peak:,} MB")
    print("\n".join(wrong) or "nothing is wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
