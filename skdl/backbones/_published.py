"""Weights that Keras publishes.

Addresses and md5 digests are those in Keras 3.15. Keras states no sha256 but for ConvNeXt; the
others are those that public projects pin the same files to. Where none was found, the md5 stands.

Decisions: docs/decisions.md#pretrained-networks-and-features.
"""

from skdl.backbones._weights import PretrainedWeights
from skdl.downloads import RemoteFile

_HOST = "https://storage.googleapis.com"
_FOLDER = "tensorflow/keras-applications"
_KERNELS = "weights_tf_dim_ordering_tf_kernels"

# Backbone: file, bytes, sha256 or md5 by their lengths.
_FILES = {
    "convnext_tiny": (
        f"{_FOLDER}/convnext/convnext_tiny_notop.h5",
        111_650_432,
        "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    ),
    "densenet121": (
        f"{_FOLDER}/densenet/densenet121_{_KERNELS}_notop.h5",
        29_084_464,
        "acdb8da1b8e1e82feebe6be07ef63ce75e8dcfb302eaa49065b9d0311c089d3e",
    ),
    "efficientnet_b0": (
        "keras-applications/efficientnetb0_notop.h5",
        16_705_208,
        "50bc09e76180e00e4465e1a485ddc09d",
    ),
    "efficientnetv2_b0": (
        f"{_FOLDER}/efficientnet_v2/efficientnetv2-b0_notop.h5",
        24_274_472,
        "893217f2bb855e2983157299931e43ff",
    ),
    "inception_v3": (
        f"{_FOLDER}/inception_v3/inception_v3_{_KERNELS}_notop.h5",
        87_910_968,
        "9617109a16463f250180008f9818336b767bdf5164315e8cd5761a8c34caa62a",
    ),
    "mobilenet_v3_small": (
        f"{_FOLDER}/mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        4_334_752,
        "d3e8ec802a04aa4fc771ee12a9a9b836",
    ),
    "resnet50": (
        f"{_FOLDER}/resnet/resnet50_{_KERNELS}_notop.h5",
        94_765_736,
        "66c8b43daff3fcc15bc4f30e3d2a167e21a14d9c9598a5394e5516471f4af504",
    ),
    "vgg16": (
        f"{_FOLDER}/vgg16/vgg16_{_KERNELS}_notop.h5",
        58_889_256,
        "bfe5187d0a272bed55ba430631598124cff8e880b98d38c9e56c8d66032abdc1",
    ),
    "vgg19": (
        f"{_FOLDER}/vgg19/vgg19_{_KERNELS}_notop.h5",
        80_134_624,
        "253f8cb515780f3b799900260a226db6",
    ),
    "xception": (
        f"{_FOLDER}/xception/xception_{_KERNELS}_notop.h5",
        83_683_744,
        "b0042744bf5b25fce3cb969f33bebb97",
    ),
}
# Alpha of MobileNetV2: bytes and sha256. For 0.5, 0.75, 1.3 and 1.4, no digest is published.
_MOBILENET_V2 = {
    1.0: (9_406_464, "f8aff69536bd77a692c594f559c798c19bf7f3f36668fc9fa00b21c6aab4797c"),
    0.35: (2_019_640, "df1c3db1d0d9193719c4c70f707c56f7021f999f825bdc57454c275cf6def19f"),
}

# Of the values, by which they are known in files of other formats: backbone, or alpha, and sha256.
_VALUES: dict[str | float, str] = {
    "vgg16": "4bba0d667b1e4a97a924ebb0d5d7a7cab0d6613b878cbf4b5491473c114f6d63",
    0.35: "181c5c450265538116b977643e4571e2531214f7bf3b0499573e78a7d3c9aac5",
}

# As Keras Applications has stated them; the weights of those not named here are under Apache-2.0.
_LICENCES = {
    "convnext_tiny": "MIT (Facebook AI Research)",
    "densenet121": "BSD-3-Clause (Zhuang Liu)",
    "resnet50": "MIT (Kaiming He)",
    "vgg16": "CC BY 4.0 (Visual Geometry Group, University of Oxford)",
    "vgg19": "CC BY 4.0 (Visual Geometry Group, University of Oxford)",
    "xception": "MIT (Keras)",
}
_APACHE = "Apache-2.0"
_CITATION = "Keras Applications; data: O. Russakovsky et al., 'ImageNet large scale visual "
_CITATION += "recognition challenge', IJCV 2015."


def published_weights(backbone: str) -> tuple[PretrainedWeights, ...]:
    """Weights of a backbone that can be downloaded."""
    if backbone == "mobilenet_v2":
        return tuple(
            _imagenet(
                f"{_FOLDER}/mobilenet_v2/mobilenet_v2_{_KERNELS}_{alpha}_224_no_top.h5",
                *entry,
                params={"alpha": alpha},
                values=_VALUES.get(alpha),
            )
            for alpha, entry in _MOBILENET_V2.items()
        )
    licence = _LICENCES.get(backbone, _APACHE)
    return (_imagenet(*_FILES[backbone], licence=licence, values=_VALUES.get(backbone)),)


def _imagenet(
    path: str,
    size: int,
    digest: str,
    licence: str = _APACHE,
    params: dict[str, float] | None = None,
    values: str | None = None,
) -> PretrainedWeights:
    is_md5 = len(digest) == 32
    file = RemoteFile(
        f"weights/{path.rpartition('/')[2]}",
        (f"{_HOST}/{path}",),
        sha256=None if is_md5 else digest,
        size=size,
        md5=digest if is_md5 else None,
    )
    return PretrainedWeights("imagenet", file, licence, _CITATION, params or {}, values)
