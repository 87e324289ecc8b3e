"""Studies of small photographs: CIFAR-10, as arrays and as files."""

from typing import Any

from skdl.studies import _data
from skdl.studies._declaration import Goal, Model, Published, Setting, Study

_SIZES = {100: 0.05, 1_000: 0.089, 10_000: 0.675, 50_000: 0.7944}  # and the published accuracy


def _network(architecture: str, setting: Setting, epochs: int, **params: Any) -> Any:
    from skdl.estimators import CNNClassifier

    return CNNClassifier.from_protocol(
        architecture, **{"epochs": epochs, "random_state": setting.seed} | params
    ).set_params(**({"epochs": setting.epochs} if setting.epochs else {}))


def _flips_and_shifts(shift: float = 0.125) -> Any:
    from skdl import Augmentation

    return Augmentation(shift=shift, horizontal_flip=True)


def _regularized(architecture: str, setting: Setting, epochs: int, **params: Any) -> Any:
    """A network with what photographs bear, normalised, with momentum and weight decay."""
    return _network(
        architecture,
        setting,
        epochs,
        **{
            "augmentation": _flips_and_shifts(),
            "batch_size": 128,
            "optimizer": "sgd",
            "optimizer__learning_rate": 0.05,
            "optimizer__momentum": 0.9,
            "learning_rate_schedule": "cosine",
            "architecture__batch_norm": True,
            "architecture__l2": 2.5e-4,
            "architecture__dropout": 0.3,
        }
        | params,
    )


def _simple(setting: Setting) -> Any:
    return _network("simple", setting, 10)


def _simple_regularized(setting: Setting, epochs: int = 15, filters: int = 64) -> Any:
    # Dropout of the dense layer's 128 units takes more than augmentation leaves to regularise.
    return _network(
        "simple",
        setting,
        epochs,
        augmentation=_flips_and_shifts(0.0625),
        batch_size=64,
        learning_rate_schedule="cosine",
        architecture__batch_norm=True,
        architecture__filters=filters,
        architecture__dropout=0.0,
    )


def _alexnet(setting: Setting) -> Any:
    return _network("alexnet", setting, 100, validation_fraction=0.2)


def _alexnet_regularized(setting: Setting) -> Any:
    return _regularized("alexnet", setting, 15, architecture__width=0.25)


def _zfnet(setting: Setting) -> Any:
    return _network("zfnet", setting, 50, validation_fraction=0.2)


def _zfnet_regularized(setting: Setting) -> Any:
    return _regularized("zfnet", setting, 15, architecture__width=0.25)


def _resnet(setting: Setting, **params: Any) -> Any:
    return _network("resnet20", setting, 50, augmentation=_flips_and_shifts(), **params)


def _resnet_regularized(setting: Setting) -> Any:
    return _resnet(setting, optimizer__nesterov=True, architecture__l2=2.5e-4)


def _frozen(setting: Setting, n_train: int) -> Any:
    from skdl.estimators import TransferClassifier
    from skdl.studies._wrappers import OnSubset

    network = TransferClassifier(
        **setting.pretrained("vgg16"),
        image_size=64,
        epochs=setting.epochs or 30,
        random_state=setting.seed,
    )
    return OnSubset(network, n_train, setting.seed)


def _regression_on_features(setting: Setting, backbone: str, n_train: int) -> Any:
    """Logistic regression on features of several layers."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from skdl.estimators import BackboneFeatures

    pretrained = setting.pretrained(backbone)
    features = BackboneFeatures(
        **pretrained, layer=_data.several_layers(pretrained["backbone"]), image_size=128
    )
    # More images bear less regularisation.
    regression = LogisticRegression(C=min(1e-6 * n_train + 1e-4, 1e-2), max_iter=200)
    return make_pipeline(features, StandardScaler(), regression)


def _features(setting: Setting, n_train: int) -> Any:
    from skdl.studies._wrappers import OnSubset

    pipeline = _regression_on_features(setting, "vgg16", n_train)
    return OnSubset(pipeline, n_train, setting.seed)


def _by_size() -> tuple[Model, ...]:
    models = []
    for n in _SIZES:
        models.append(
            Model(
                "as published",
                "the frozen backbone's features of images in 64×64, one dense layer",
                lambda setting, n=n: _frozen(setting, n),  # type: ignore[misc]
                part=f"{n:,} images",
                n_train=n,
            )
        )
        models.append(
            Model(
                "improved",
                "features of several layers of images in 128×128, logistic regression",
                lambda setting, n=n: _features(setting, n),  # type: ignore[misc]
                part=f"{n:,} images",
                n_train=n,
            )
        )
    return tuple(models)


def _from_files(setting: Setting) -> Any:
    return _network("simple", setting, 10, augmentation="light", batch_size=64)


def _regularized_from_files(setting: Setting) -> Any:
    return _simple_regularized(setting, epochs=10, filters=32)


def _transferred_from_files(setting: Setting) -> Any:
    from skdl.estimators import TransferClassifier

    return TransferClassifier(
        **setting.pretrained("inception_v3"),
        image_size=96,
        epochs=setting.epochs or 20,
        batch_size=64,
        random_state=setting.seed,
    )


def _features_of_files(setting: Setting) -> Any:
    return _regression_on_features(setting, "inception_v3", setting.n_train or 50_000)


STUDIES = (
    Study(
        name="cifar-cnn",
        title="The network “simple” on CIFAR-10",
        load=_data.cifar10,
        models=(
            Model("as published", "network “simple”, 10 epochs", _simple),
            Model(
                "improved",
                "64 filters, batch normalisation, flips and shifts for dropout, a cosine schedule, "
                "15 epochs",
                _simple_regularized,
            ),
        ),
        published=(
            Published("accuracy", 0.6399),
            Published("accuracy", 0.7234, on="train"),
        ),
        goals=(
            Goal("accuracy", 0.67, variant="as published"),
            Goal("accuracy", 0.75, variant="improved"),
        ),
    ),
    Study(
        name="cifar-alexnet",
        title="AlexNet on CIFAR-10",
        load=_data.cifar10,
        models=(
            Model("as published", "Adam, 100 epochs, 20 % held out", _alexnet),
            Model(
                "improved",
                "a quarter of the filters, all images, batch normalisation, flips and shifts, SGD "
                "with momentum and weight decay, a cosine schedule, 15 epochs",
                _alexnet_regularized,
            ),
        ),
        published=(
            Published("accuracy", 0.5324, on="validation"),
            Published("accuracy", 0.9107, on="train"),
        ),
        goals=(Goal("accuracy", 0.78, variant="improved"),),
    ),
    Study(
        name="cifar-zfnet",
        title="ZFNet on CIFAR-10, with the distribution of the classes",
        load=_data.cifar10,
        models=(
            Model("as published", "Adam, 50 epochs, 20 % held out", _zfnet),
            Model(
                "improved",
                "a quarter of the filters, all images, batch normalisation, flips and shifts, SGD "
                "with momentum and weight decay, a cosine schedule, 15 epochs",
                _zfnet_regularized,
            ),
        ),
        published=(Published("accuracy", 0.807),),
        goals=(Goal("accuracy", 0.81),),
    ),
    Study(
        name="cifar-resnet",
        title="ResNet-20 on CIFAR-10",
        load=_data.cifar10,
        models=(
            Model(
                "as published",
                "SGD of 0.1 with momentum 0.9 and weight decay 1e-4, cosine schedule, batches of "
                "128, flips and shifts, 50 epochs",
                _resnet,
            ),
            Model(
                "improved",
                "the same with weight decay 5e-4 and Nesterov momentum",
                _resnet_regularized,
            ),
        ),
        goals=(Goal("accuracy", 0.87),),
    ),
    Study(
        name="cifar-transfer",
        title="A pretrained network on CIFAR-10, by the number of training images",
        load=_data.cifar10,
        models=_by_size(),
        published=tuple(
            Published("accuracy", value, part=f"{n:,} images") for n, value in _SIZES.items()
        ),
        backbone="vgg16",
    ),
    Study(
        name="microscopy-folder",
        title="A large folder of files: a small network, then a pretrained one",
        load=_data.cifar10_files,
        models=(
            Model(
                "as published",
                "network “simple”, read from disk with light augmentation, 10 epochs",
                _from_files,
                part="small network",
                pretrained=False,
            ),
            Model(
                "improved",
                "with batch normalisation, flips and shifts for dropout, a cosine schedule",
                _regularized_from_files,
                part="small network",
                pretrained=False,
            ),
            Model(
                "as published",
                "the frozen backbone on images in 96×96, one dense layer",
                _transferred_from_files,
                part="pretrained",
            ),
            Model(
                "improved",
                "features of several layers of images in 128×128, logistic regression",
                _features_of_files,
                part="pretrained",
            ),
        ),
        published=(
            Published("accuracy", 0.30, part="small network", note="at most"),
            Published("accuracy", 0.30, part="pretrained", note="at most"),
        ),
        stand_in="The microscope archive is not public: the files of CIFAR-10 stand in for it.",
        backbone="inception_v3",
        detailed=True,
    ),
)
