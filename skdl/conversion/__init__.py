"""Conversion of TensorFlow graphs to ONNX, for files of other programs and for ONNX Runtime.

Decisions: docs/decisions.md#saving-and-exporting-models.
"""

from skdl.conversion._graph import Graph, Symbol
from skdl.conversion._operations import UnsupportedError
from skdl.conversion._program import add_function

__all__: list[str] = []  # all of it is for the other rooms
