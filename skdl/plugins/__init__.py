"""Registries of networks, backbones, data sets and decoders of image files, by name.

They hold skdl's own entries, those that code registers, and those that other packages declare as
entry points. A name is resolved only when it is needed: listing imports nothing, and TensorFlow is
imported only to build a network.

Decisions: docs/decisions.md#layers-and-plugins.
"""

from skdl.plugins._groups import (
    REGISTRIES,
    architectures,
    backbones,
    datasets,
    decoders,
    list_architectures,
    reference_protocol,
    register_architecture,
    register_backbone,
    register_dataset,
    register_decoder,
)
from skdl.plugins._registry import Plugin, Registry, require_importable

__all__ = [
    "REGISTRIES",
    "Plugin",
    "Registry",
    "architectures",
    "backbones",
    "datasets",
    "decoders",
    "list_architectures",
    "reference_protocol",
    "register_architecture",
    "register_backbone",
    "register_dataset",
    "register_decoder",
    "require_importable",
]
