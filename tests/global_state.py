"""What examples of docstrings leave changed in their process.

A test starts this file in a process of its own, with the names of modules as arguments.
"""

import doctest
import gc
import importlib
import os
import random
import sys
import warnings

import numpy as np

OTHERS = ["keras", "matplotlib.pyplot", "pandas", "scikeras.wrappers", "scipy.stats"] + [
    f"sklearn.{name}" for name in ("metrics", "model_selection", "utils.estimator_checks")
]


def state():
    """What belongs to the user, of the modules that are loaded."""
    found = {
        "random": random.getstate(),
        "numpy.random": [str(part) for part in np.random.get_state()],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "filters of warnings": list(warnings.filters),
        "numpy errors": np.geterr(),
        "print options": np.get_printoptions(),
        "garbage collector": gc.isenabled(),
        "paths": list(sys.path),
        "recursion limit": sys.getrecursionlimit(),
    }
    loaded = sys.modules
    if "keras" in loaded:
        config = loaded["keras"].config
        found["keras"] = (
            config.floatx(),
            config.epsilon(),
            config.image_data_format(),
            config.dtype_policy().name,
            config.is_traceback_filtering_enabled(),
            config.is_interactive_logging_enabled(),
        )
    if "tensorflow.python.eager.context" in loaded:
        found["tensorflow seed"] = loaded["tensorflow.python.eager.context"].global_seed()
    if "sklearn" in loaded:
        found["scikit-learn"] = loaded["sklearn"].get_config()
    if "matplotlib" in loaded:
        found["matplotlib"] = dict(loaded["matplotlib"].rcParams)
    if "PIL.ImageFile" in loaded:
        found["Pillow"] = (
            loaded["PIL.Image"].MAX_IMAGE_PIXELS,
            loaded["PIL.ImageFile"].LOAD_TRUNCATED_IMAGES,
        )
    if "pandas" in loaded:
        found["pandas"] = loaded["pandas"].get_option("display.max_rows")
    return found


def changes(run):
    """What a function leaves changed: what it brings along is new, what was there has to stay."""
    before = state()
    run()
    after = state()
    return [
        f"{key}: {difference(before[key], after[key])}"
        for key in before
        if before[key] != after[key]
    ]


def run_examples(name):
    """Import a module, and run the examples of its docstrings."""
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(importlib.import_module(name), optionflags=options).failed == 0, name


def main(names):
    for module in OTHERS:  # what their imports change is not ours
        importlib.import_module(module)
    for name in names:
        for change in changes(lambda: run_examples(name)):  # noqa: B023
            print(f"{name}: {change}")
    print("looked at", len(names))


def difference(before, after):
    if isinstance(before, dict):
        keys = [key for key in {*before, *after} if before.get(key) != after.get(key)]
        return {key: (before.get(key), after.get(key)) for key in keys}
    return "changed" if len(str(before)) > 200 else (before, after)


if __name__ == "__main__":
    main(sys.argv[1:])
