"""Where in images the evidence for a class lies, and what the layers of a network make of them."""

from skdl.inspection._evidence import (
    Cover,
    as_images,
    class_codes,
    class_scores,
    grad_cam_maps,
    network_input,
    occlusion_maps,
    score_kind,
)
