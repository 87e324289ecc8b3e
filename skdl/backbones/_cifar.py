"""The backbone that comes with skdl, weights included.

Decisions: docs/decisions.md#pretrained-networks-and-features.
"""

import skdl.architectures  # noqa: F401 (starts TensorFlow)

# isort: split
import keras

from skdl.architectures import resnet20
from skdl.backbones._declaration import Backbone, Preprocessing, declare_backbone
from skdl.backbones._weights import PretrainedWeights


@declare_backbone(
    Backbone(
        Preprocessing(),
        {"stage1": 16, "stage2": 32, "stage3": 64},
        min_size=8,
        default_size=32,
        weights=(
            PretrainedWeights(
                "cifar10",
                "skdl.backbones:cifar_resnet20.npz",
                licence="BSD-3-Clause",
                citation="Trained by the skdl developers with tools/train_cifar_resnet20.py: on "
                "the classes of CIFAR-10 (JPEG), and on what MobileNetV2 with ImageNet weights "
                "sees in its images. A. Krizhevsky, 'Learning multiple layers of features from "
                "tiny images', 2009; M. Sandler et al., 'MobileNetV2: inverted residuals and "
                "linear bottlenecks', CVPR 2018.",
            ),
        ),
    )
)
def cifar_resnet20(input_shape: tuple[int, int, int]) -> keras.Model:
    """Residual network of 20 layers; weights from CIFAR-10 come with skdl.

    K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016,
    section 4.2.
    """
    classifier = resnet20(input_shape, 10)
    end = classifier.get_layer("stage3").output
    return keras.Model(classifier.input, end, name="cifar_resnet20")
