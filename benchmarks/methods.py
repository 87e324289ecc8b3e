"""Whether methods of training pay: ``python -m benchmarks.methods [DATA …]``.

Each method is trained on the same images with the same seeds as the default, and tested on the same
test images. The table says how much more or less accurate it is: the mean of the differences over
the seeds, with a 95 % interval by Student's t distribution. It is about seeds; test images are the
same for all.
"""

import argparse
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np
from scipy import stats

from skdl import Augmentation, CNNClassifier, TransferClassifier
from skdl._utils.environment import processor, versions
from skdl.datasets import load_fashion_mnist, load_image_folder

RESULTS = Path(__file__).parent / "results" / "methods"
DEFAULT = "default"
METHODS = {
    DEFAULT: {},
    "augmentation light": {"augmentation": "light"},
    "augmentation medium": {"augmentation": "medium"},
    "augmentation random": {"augmentation": "random"},
    "mixup 0.2": {"augmentation": Augmentation(mixup=0.2)},
    "cutmix 1": {"augmentation": Augmentation(cutmix=1.0)},
    "label smoothing 0.1": {"label_smoothing": 0.1},
    "focal loss": {"loss": "focal"},
    "cosine": {"learning_rate_schedule": "cosine"},
    "one cycle, rate × 3": {
        "learning_rate_schedule": "one_cycle",
        "optimizer__learning_rate": 3e-3,
    },
    "AdamW": {"optimizer": "adamw", "optimizer__weight_decay": 0.01},
    "moving average": {"optimizer__use_ema": True, "optimizer__ema_momentum": 0.99},
    "tta 8, light": {"augmentation": "light", "tta": 8},
    "five members": {"n_members": 5},
}


def fashion(n):
    """The first `n` training images of Fashion-MNIST and all test images."""
    X, y = load_fashion_mnist(subset="all", return_X_y=True)
    return X[:n], y[:n], X[60_000:], y[60_000:]


def cifar(n):
    """Some training images of CIFAR-10 (JPEG) and 2,000 test images."""
    return *_drawn(_home("cifar10-jpeg/train"), n), *_drawn(_home("cifar10-jpeg/test"), 2_000)


def cats(n):
    """Some photographs of cats and dogs, and 1,000 others."""
    X, y = _drawn(_home("cats_vs_dogs/train"), n + 1_000)
    return X[:n], y[:n], X[n:], y[n:]


def _home(path):
    return Path(os.environ["SKDL_DATA_HOME"]) / path


def _drawn(folder, n):
    paths, labels = load_image_folder(folder, verify=False, find_duplicates=False, return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(paths))[:n]
    return np.asarray(paths)[rows], np.asarray(labels)[rows]


def small(**params):
    """A small network from scratch."""
    return CNNClassifier(epochs=20, batch_size=64, **params)


def finetuned(**params):
    """The last block of MobileNetV2, fine-tuned."""
    params = {name: value for name, value in params.items() if name != "optimizer__learning_rate"}
    return TransferClassifier(trainable=1, image_size=96, epochs=8, warmup_epochs=3, **params)


DATA = {
    "fashion-1000": ("Fashion-MNIST, 1,000 images", lambda: fashion(1_000), small),
    "cifar-4000": ("CIFAR-10 (JPEG), 4,000 images", lambda: cifar(4_000), small),
    "cats-dogs-600": ("Cats and dogs, 600 photographs", lambda: cats(600), finetuned),
}


def main():
    """Run, and write one JSON file per data set and the table of all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.methods", description=__doc__)
    parser.add_argument("data", nargs="*", metavar="DATA", help=f"any of {', '.join(DATA)}")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    for name in arguments.data or DATA:
        found = run(name, arguments.seeds)
        (arguments.out / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    print(table(arguments.out))


def run(name, n_seeds):
    """Accuracy and seconds of each method and seed."""
    title, load, make = DATA[name]
    X, y, X_test, y_test = load()
    found = {"title": title, "n_test": len(y_test), "processor": processor(), "methods": {}}
    found["versions"] = {key: versions()[key] for key in ("skdl", "tensorflow", "keras")}
    for method, params in METHODS.items():
        rows = found["methods"][method] = {"accuracy": [], "seconds": []}
        for seed in range(n_seeds):
            model = make(random_state=seed, **params)
            start = time.perf_counter()
            model.fit(X, y)
            rows["seconds"].append(round(time.perf_counter() - start, 2))
            rows["accuracy"].append(float(model.score(X_test, y_test)))
        print(name, method, np.mean(rows["accuracy"]).round(4), flush=True)
    return found


def difference(rows, default):
    """Mean difference from the default over the seeds, and its interval."""
    values = np.subtract(rows["accuracy"], default["accuracy"])
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean(), values.mean() - half, values.mean() + half


def table(folder):
    """All data sets beside each other, in percentage points."""
    found = {name: json.loads((folder / f"{name}.json").read_text()) for name in DATA
             if (folder / f"{name}.json").is_file()}  # fmt: skip
    head = ["method", *(data["title"] for data in found.values())]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for method in METHODS:
        cells = [method]
        for data in found.values():
            rows, default = data["methods"][method], data["methods"][DEFAULT]
            if method == DEFAULT:
                cells.append(f"{100 * np.mean(rows['accuracy']):.1f} %")
                continue
            value, low, high = (100 * part for part in difference(rows, default))
            text = f"{value:+.1f} ({low:+.1f} to {high:+.1f})".replace("-", "−")
            cells.append(f"**{text}**" if low > 0 else text)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
