"""Fitted estimators as files that other programs run without skdl."""

from skdl.export._export import export_onnx

__all__ = ["export_onnx"]
