"""What runs in a process of its own: libraries are imported one by one, and TensorFlow started.

Each step is told as a line of JSON before and after, so that a process that ends in the middle has
said where.
"""

import json
import os
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Import the modules that are named as arguments, and run TensorFlow."""
    told = os.dup(1)
    os.dup2(2, 1)  # what libraries print is none of it

    def tell(**facts: Any) -> None:
        os.write(told, (json.dumps(facts) + "\n").encode())

    for module in sys.argv[1:]:
        tell(begun=module)
        try:
            import_module(module)
        except BaseException as error:
            tell(module=module, error=f"{type(error).__name__}: {error}")
        else:
            tell(module=module, error="")
    if "tensorflow" in sys.modules:
        tell(begun="running TensorFlow")
        try:
            tell(**_run())
        except BaseException as error:
            tell(module="running TensorFlow", error=f"{type(error).__name__}: {error}")


def _run() -> dict[str, Any]:
    """Devices that TensorFlow finds, and what it computes of ones."""
    import tensorflow as tf

    cards = tf.config.list_physical_devices("GPU")
    for card in cards:
        tf.config.experimental.set_memory_growth(card, True)
    devices = [tf.config.experimental.get_device_details(card) for card in cards]
    ones = tf.ones((8, 8))
    half = tf.cast(ones, tf.bfloat16)
    return {
        "accelerators": [
            {
                "name": str(details.get("device_name", card.name)),
                "compute_capability": list(details.get("compute_capability", ())) or None,
            }
            for card, details in zip(cards, devices, strict=True)
        ],
        "built_with_cuda": bool(tf.test.is_built_with_cuda()),
        "computes_float32": float(tf.reduce_sum(ones @ ones)) == 512,
        "computes_bfloat16": float(tf.reduce_sum(tf.cast(half @ half, tf.float32))) == 512,
    }
