"""Networks as pure builders: ``(input_shape, n_classes, **params) -> keras.Model``, uncompiled."""

from skdl.architectures._simple import simple

__all__ = ["simple"]
