"""`Augmentation`: which random changes training images go through.

Decisions: docs/decisions.md#augmentation-and-noise.
"""

from typing import Any

from sklearn.base import BaseEstimator

from skdl._utils.text import shortened
from skdl.preprocessing._changes import CHANGES, AugmentationPlan


class Augmentation(BaseEstimator):
    """Random changes to training images, drawn separately for each image and epoch.

    The parameter `augmentation` of the classifiers accepts an instance, or the name of a preset.
    Rotation, shift, zoom, shear and flips are applied as one transformation with bilinear
    interpolation; areas from outside the image repeat the pixels at its edge. A parameter of 0 or
    False has no effect.

    Parameters
    ----------
    rotation : float, default=0.0
        Largest angle, in degrees, to either side; at most 180.
    shift : float, default=0.0
        Largest shift in each direction, as a share of height and width; below 1. Alone or with
        flips, it is a whole number of pixels, if that share is a pixel or more, so that nothing is
        blurred.
    zoom : float, default=0.0
        Largest change of size: 0.1 makes an image up to 10 % larger or smaller; below 1.
    shear : float, default=0.0
        Largest angle of shear, in degrees, to either side; below 90.
    horizontal_flip : bool, default=False
        Whether to mirror a random half of the images left to right. Not suited to digits and
        letters.
    vertical_flip : bool, default=False
        Whether to turn a random half of the images upside down.
    brightness : float, default=0.0
        Largest amount added or subtracted, as a share of the value range; at most 1.
    contrast : float, default=0.0
        Largest change of the distances from the image's mean: 0.1 makes them up to 10 % larger or
        smaller; at most 1.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on each value, as a share of the value range.
    cutout : float, default=0.0
        Side of one square, as a share of the image's sides, that is placed at random and filled
        with the image's mean; at most 1 (DeVries and Taylor, 2017).
    mixup : float, default=0.0
        Blend each image, and its target, with another of its batch (Zhang et al., 2018). The value
        is both parameters of the beta distribution from which the share of each is drawn; 0.1 to
        0.4 are usual, and 0 disables blending.
    cutmix : float, default=0.0
        Paste part of another image of the batch into each image, and mix the targets in the same
        proportion (Yun et al., 2019). The value has the same meaning as for `mixup`; 1 is usual. If
        both are set, one of them is drawn for each image.
    n_changes : int, default=None
        Number of the other changes to apply to each image, drawn separately for each image (Cubuk
        et al., 2020). If None, apply all.

    Notes
    -----
    Values are clipped to the value range. For standardised images, `brightness` and `noise` are in
    units of the data, and nothing is clipped.

    The presets: "light" is ``Augmentation(rotation=5, shift=0.05, zoom=0.05)``; "medium" is
    ``Augmentation(rotation=10, shift=0.1, zoom=0.1, brightness=0.1, contrast=0.1)``; "strong" is
    ``Augmentation(rotation=20, shift=0.15, zoom=0.2, shear=10, brightness=0.2, contrast=0.3,
    noise=0.05, cutout=0.3)``. None of them flips images: whether a mirrored image is of the same
    class depends on what it shows. "random" draws two of many strong changes for each image:
    ``Augmentation(rotation=30, shift=0.15, zoom=0.3, shear=20, brightness=0.3, contrast=0.5,
    noise=0.1, cutout=0.3, n_changes=2)``.

    `mixup` and `cutmix` combine images of a batch; `augmented_images` of an estimator shows single
    images and leaves them out.

    References
    ----------
    E. D. Cubuk, B. Zoph, J. Shlens and Q. V. Le, "RandAugment: practical automated data
    augmentation with a reduced search space", NeurIPS 2020.

    T. DeVries and G. W. Taylor, "Improved regularization of convolutional neural networks with
    cutout", 2017, arXiv:1708.04552.

    S. Yun, D. Han, S. J. Oh, S. Chun, J. Choe and Y. Yoo, "CutMix: regularization strategy to train
    strong classifiers with localizable features", ICCV 2019.

    H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz, "mixup: beyond empirical risk minimization",
    ICLR 2018.

    Examples
    --------
    >>> from skdl import Augmentation, CNNClassifier
    >>> model = CNNClassifier(augmentation=Augmentation(rotation=10, horizontal_flip=True))
    >>> model.set_params(augmentation__rotation=20).augmentation
    Augmentation(horizontal_flip=True, rotation=20)
    """

    def __init__(
        self,
        *,
        rotation: float = 0.0,
        shift: float = 0.0,
        zoom: float = 0.0,
        shear: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        brightness: float = 0.0,
        contrast: float = 0.0,
        noise: float = 0.0,
        cutout: float = 0.0,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        n_changes: int | None = None,
    ) -> None:
        self.rotation = rotation
        self.shift = shift
        self.zoom = zoom
        self.shear = shear
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.brightness = brightness
        self.contrast = contrast
        self.noise = noise
        self.cutout = cutout
        self.mixup = mixup
        self.cutmix = cutmix
        self.n_changes = n_changes


PRESETS: dict[str, dict[str, Any]] = {
    "light": {"rotation": 5, "shift": 0.05, "zoom": 0.05},
    "medium": {"rotation": 10, "shift": 0.1, "zoom": 0.1, "brightness": 0.1, "contrast": 0.1},
    "strong": {
        "rotation": 20,
        "shift": 0.15,
        "zoom": 0.2,
        "shear": 10,
        "brightness": 0.2,
        "contrast": 0.3,
        "noise": 0.05,
        "cutout": 0.3,
    },
    "random": {
        "rotation": 30,
        "shift": 0.15,
        "zoom": 0.3,
        "shear": 20,
        "brightness": 0.3,
        "contrast": 0.5,
        "noise": 0.1,
        "cutout": 0.3,
        "n_changes": 2,
    },
}


def plan_augmentation(augmentation: Any) -> AugmentationPlan | None:
    """Validate an `augmentation` parameter; None if nothing is to be changed."""
    if augmentation is None:
        return None
    if isinstance(augmentation, str) and augmentation in PRESETS:
        augmentation = Augmentation(**PRESETS[augmentation])
    if not isinstance(augmentation, Augmentation):
        raise ValueError(
            f"The parameter augmentation must be None, a preset ({', '.join(PRESETS)}) or an "
            f"Augmentation(rotation=…, …). Got {shortened(augmentation)}."
        )
    params = sorted(augmentation.get_params(deep=False).items())
    checked = [(name, CHANGES[name].check(of, f"{name} of Augmentation")) for name, of in params]
    amounts = tuple((name, amount) for name, amount in checked if amount)
    return AugmentationPlan(amounts) if {name for name, _ in amounts} - {"n_changes"} else None
