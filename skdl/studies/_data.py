"""The data of the studies, cut into training and test images.

Decisions: docs/decisions.md#reports-and-case-studies.
"""

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion

from skdl.audit import audit_images
from skdl.datasets import (
    load_cifar10,
    load_digits_images,
    load_fashion_mnist,
    load_feature_csv,
    load_image_folder,
    load_mnist,
)
from skdl.downloads import get_data_home, replacing
from skdl.preprocessing import ImageNoise
from skdl.studies._declaration import Setting, StudyData
from skdl.studies._wrappers import ViewFeatures, stratified


def several_layers(backbone: str) -> list[str]:
    """Layers from the middle of a pretrained network to its end."""
    from skdl.backbones import backbone_of

    if backbone == "mobilenet_v2":
        return ["block_5_add", "block_9_add", "block_12_add", "block_15_add", "out_relu"]
    return list(backbone_of(backbone).layers)[-3:]


def digits(setting: Setting) -> StudyData:
    """scikit-learn's digits in five folds."""
    bunch = load_digits_images()
    X, y = bunch.data, bunch.target
    folds = StratifiedKFold(5, shuffle=True, random_state=setting.seed).split(X, y)
    cut = [(_some(train, y, setting), test) for train, test in folds]
    return StudyData("scikit-learn's digits, 5 folds", X, y, cut, bunch.target_names)


def mnist(setting: Setting) -> StudyData:
    """MNIST as it is split."""
    return _split("MNIST", load_mnist, setting)


def fashion_mnist(setting: Setting) -> StudyData:
    """Fashion-MNIST as it is split."""
    return _split("Fashion-MNIST", load_fashion_mnist, setting)


def cifar10(setting: Setting) -> StudyData:
    """CIFAR-10 as it is split, in whichever version is there."""
    train, test = (load_cifar10(subset=subset) for subset in ("train", "test"))
    name = "CIFAR-10 (JPEG)" if test.version == "jpeg" else "CIFAR-10"
    return _joined(name, train, test, setting)


NOISE = 1.0  # standard deviation, as a share of the value range


def noisy_mnist(setting: Setting) -> StudyData:
    """MNIST with noise on the test images: the models make those to train on noisy themselves."""
    plain = mnist(setting)
    ((_, test),) = plain.folds
    X = plain.X.copy()
    X[test] = ImageNoise(amount=NOISE, random_state=setting.seed).fit(X).transform(X[test])
    name = f"MNIST with Gaussian noise of {NOISE:g}, clipped"
    return StudyData(name, X, plain.y, plain.folds, plain.target_names)


def _split(name: str, load: Callable[..., Any], setting: Setting) -> StudyData:
    """Train and test on what the loader gives for that."""
    train, test = load(subset="train"), load(subset="test")
    return _joined(name, train, test, setting)


def _joined(name: str, train: Any, test: Any, setting: Setting) -> StudyData:
    X = np.concatenate([train.data, test.data])
    y = np.concatenate([train.target, test.target])
    rows = np.arange(len(y))
    n = len(train.target)
    return StudyData(name, X, y, [(_some(rows[:n], y, setting), rows[n:])], train.target_names)


def _some(rows: npt.NDArray[Any], y: npt.NDArray[Any], setting: Setting) -> npt.NDArray[Any]:
    """As many of the rows as the setting wants, with the classes' shares as they are."""
    n = setting.n_train
    if n is None or n == len(rows):
        return rows
    n_classes = len(np.unique(y[rows]))
    if not n_classes <= n <= len(rows):
        raise ValueError(f"n_train must be from {n_classes} to {len(rows)}. Got {n}.")
    return rows[stratified(y[rows], n, setting.seed)]


# ---- folders of files ----------------------------------------------------------------------------


def cats_and_dogs(setting: Setting) -> StudyData:
    """Photographs of cats and dogs, as they are split."""
    return _folders("Cats against dogs", "cats_vs_dogs", setting)


def cifar10_files(setting: Setting) -> StudyData:
    """The files of CIFAR-10, to be read while training."""
    return _folders("Files of CIFAR-10 (JPEG)", "cifar10-jpeg", setting)


def _folders(name: str, folder: str, setting: Setting) -> StudyData:
    train, test = (load_image_folder(_there(folder), subset=part) for part in ("train", "test"))
    return _joined(name, train, test, setting)


_BUSI = {"benign": 162, "malignant": 42}  # to test on


def ultrasound(setting: Setting, n_draws: int = 20) -> StudyData:
    """Draws of 42 + 42 ultrasound images to train on, 162 benign and 42 malignant to test on.

    BUSI shows many lesions more than once. Images that look alike never stand on both sides, and
    those of which one is said to be benign and one malignant are left out.
    """
    X, y = _lesions()
    groups = audit_images(X).groups
    disputed = np.isin(groups, np.intersect1d(groups[y == 0], groups[y == 1]))
    X, y, groups = X[~disputed], y[~disputed], groups[~disputed]
    draws = [_draw(y, groups, [setting.seed, draw]) for draw in range(n_draws)]
    most = 2 * min(int(np.sum(y[rest] == code)) for _, rest in draws for code in (0, 1))
    n_train = 84 if setting.n_train is None else setting.n_train
    if most < 4:
        raise ValueError(
            f"There are too few images in {_there('busi')} to test on 162 benign and 42 malignant "
            f"ones and train on others: {np.sum(y == 0)} benign and {np.sum(y == 1)} malignant."
        )
    if n_train % 2 or not 4 <= n_train <= most:
        raise ValueError(f"n_train must be an even number from 4 to {most}. Got {n_train}.")
    folds = [
        (np.concatenate([rest[y[rest] == code][: n_train // 2] for code in (0, 1)]), test)
        for test, rest in draws
    ]
    name = f"BUSI (breast ultrasound), {n_draws} draws"
    return StudyData(name, X, y, folds, list(_BUSI), draws=True)


def _lesions() -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Files of BUSI, and whether they are malignant."""
    with warnings.catch_warnings():  # they are left out
        warnings.filterwarnings("ignore", "Equal images belong to two classes")
        bunch = load_image_folder(_there("busi"))
    names = np.asarray(bunch.target_names)[bunch.target]
    used = np.isin(names, list(_BUSI))
    return np.asarray(bunch.data)[used], (names[used] == "malignant").astype(np.int64)


def ultrasound_few(setting: Setting) -> StudyData:
    """The first five of the draws, for what takes long to train."""
    return ultrasound(setting, 5)


def ultrasound_table(setting: Setting) -> StudyData:
    """200 draws of a table of features, by way of a CSV file, in the place of the images.

    A mean of 20 draws would be uncertain by 0.01, and more cost little here.
    """
    from skdl.estimators import BackboneFeatures

    plain = ultrasound(setting, 200)
    pretrained = setting.pretrained("vgg16")
    features = FeatureUnion(
        [
            ("last", BackboneFeatures(**pretrained, image_size=224, store=None)),
            ("views", views(setting, store=None)),
        ]
    )
    table = features.set_output(transform="pandas").fit_transform(plain.X)
    file = setting.folder / "features.csv"
    with replacing(file, "Choose another folder for the study.") as part:
        table.to_csv(part, index=False)
    return dataclasses.replace(plain, X=load_feature_csv(file).data, images=plain.X)


def views(setting: Setting, **params: Any) -> ViewFeatures:
    """Features of the later layers for several views of ultrasound images."""
    pretrained = setting.pretrained("vgg16")
    layers = several_layers(pretrained["backbone"])
    if pretrained["backbone"] == "mobilenet_v2":
        layers = ["block_12_add", "block_13_expand_relu", "block_15_add", "out_relu"]
    return ViewFeatures(**pretrained, layer=layers, **params)


def _draw(
    y: npt.NDArray[Any], groups: npt.NDArray[np.intp], seed: list[int]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows to test on, and all others that look like none of them, in random order of groups."""
    place = np.random.default_rng(seed).permutation(groups.max() + 1)
    rows = np.argsort(place[groups], kind="stable")
    test = np.concatenate([rows[y[rows] == code][:n] for code, n in enumerate(_BUSI.values())])
    return test, rows[~np.isin(groups[rows], groups[test])]


def _there(name: str) -> Path:
    folder = get_data_home() / name
    if not folder.is_dir():
        raise FileNotFoundError(
            f"This study needs a folder of images, one folder per class, at {folder}. Put it "
            "there, or set SKDL_DATA_HOME to the folder above; docs/studies.md says where the "
            "images come from."
        )
    return folder
