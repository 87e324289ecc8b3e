"""Locate evidence in images, inspect layers, and detect images unlike all others.

Decisions: docs/decisions.md#inspection-and-novelty.
"""

from skdl.inspection._evidence import as_images, class_codes, class_scores, network_input
from skdl.inspection._layers import activations, feature_maps, grad_cam, maps_of
from skdl.inspection._novelty import NoveltyDetector
from skdl.inspection._occlusion import Cover, covered_maps, occlusion_maps

__all__ = ["NoveltyDetector", "activations", "feature_maps", "grad_cam", "occlusion_maps"]
