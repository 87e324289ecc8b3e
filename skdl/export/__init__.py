"""Fitted estimators as files that other programs run without skdl.

Decisions: docs/decisions.md#saving-and-exporting-models.
"""

from skdl.export._export import export_onnx

__all__ = ["export_onnx"]
