"""Studies of small photographs: CIFAR-10, as arrays and as files."""

from typing import Any

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.preprocessing import Augmentation
from skdl.studies import _data
from skdl.studies._declaration import Goal, Model, Published, Setting, Study, with_setting
from skdl.studies._wrappers import OnSubset

_SIZES = {100: 0.05, 1_000: 0.089, 10_000: 0.675, 50_000: 0.7944}  # and the published accuracy


def _network(setting: Setting, architecture: str, epochs: int, **params: Any) -> Any:
    from skdl.estimators import CNNClassifier

    return CNNClassifier.from_protocol(
        architecture, **{"epochs": epochs, "random_state": setting.seed} | params
    ).set_params(**({"epochs": setting.epochs} if setting.epochs else {}))


def _flips_and_shifts(shift: float = 0.125) -> Augmentation:
    return Augmentation(shift=shift, horizontal_flip=True)


def _regularized(setting: Setting, architecture: str) -> Any:
    """A network with what photographs bear, normalised, with momentum and weight decay."""
    return _network(
        setting,
        architecture,
        15,
        augmentation=_flips_and_shifts(),
        batch_size=128,
        optimizer="sgd",
        optimizer__learning_rate=0.05,
        optimizer__momentum=0.9,
        learning_rate_schedule="cosine",
        architecture__batch_norm=True,
        architecture__l2=2.5e-4,
        architecture__dropout=0.3,
        architecture__width=0.25,
    )


def _simple_regularized(setting: Setting, epochs: int, filters: int) -> Any:
    # Dropout of the dense layer's 128 units takes more than augmentation leaves to regularise.
    return _network(
        setting,
        "simple",
        epochs,
        augmentation=_flips_and_shifts(0.0625),
        batch_size=64,
        learning_rate_schedule="cosine",
        architecture__batch_norm=True,
        architecture__filters=filters,
        architecture__dropout=0.0,
    )


def _transferred(setting: Setting, backbone: str, epochs: int, **params: Any) -> Any:
    from skdl.estimators import TransferClassifier

    return TransferClassifier(
        **setting.pretrained(backbone),
        epochs=setting.epochs or epochs,
        random_state=setting.seed,
        **params,
    )


def _regression_on_features(setting: Setting, backbone: str, n_train: int) -> Any:
    """Logistic regression on features of several layers."""
    from sklearn.linear_model import LogisticRegression

    from skdl.estimators import BackboneFeatures

    pretrained = setting.pretrained(backbone)
    features = BackboneFeatures(
        **pretrained, layer=_data.several_layers(pretrained["backbone"]), image_size=128
    )
    # More images bear less regularisation.
    regression = LogisticRegression(C=min(1e-6 * n_train + 1e-4, 1e-2), max_iter=200)
    return make_pipeline(features, StandardScaler(), regression)


def _features_of_files(setting: Setting) -> Any:
    return _regression_on_features(setting, "inception_v3", setting.n_train or 50_000)


def _frozen(setting: Setting, n_train: int) -> Any:
    network = _transferred(setting, "vgg16", 30, image_size=64)
    return OnSubset(network, n_train, setting.seed)


def _features(setting: Setting, n_train: int) -> Any:
    pipeline = _regression_on_features(setting, "vgg16", n_train)
    return OnSubset(pipeline, n_train, setting.seed)


network = with_setting(_network)
regularized = with_setting(_regularized)
simple_regularized = with_setting(_simple_regularized)


def _by_size() -> tuple[Model, ...]:
    published = "features of images at 64×64 from the frozen backbone, one dense layer"
    improved = "features of several layers of images at 128×128, logistic regression"
    models = []
    for n in _SIZES:
        frozen, features = with_setting(_frozen)(n), with_setting(_features)(n)
        part: dict[str, Any] = {"part": f"{n:,} images", "n_train": n}
        models.append(Model("as published", published, frozen, **part))
        models.append(Model("improved", improved, features, **part))
    return tuple(models)


STUDIES = (
    Study(
        name="cifar-cnn",
        title="The network “simple” on CIFAR-10",
        load=_data.cifar10,
        models=(
            Model("as published", "network “simple”, 10 epochs", network("simple", 10)),
            Model(
                "improved",
                "64 filters, batch normalisation, flips and shifts instead of dropout, a cosine "
                "schedule, 15 epochs",
                simple_regularized(15, 64),
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
            Model(
                "as published",
                "Adam, 100 epochs, 20 % held out",
                network("alexnet", 100, validation_fraction=0.2),
            ),
            Model(
                "improved",
                "a quarter of the filters, all images, batch normalisation, flips and shifts, SGD "
                "with momentum and weight decay, a cosine schedule, 15 epochs",
                regularized("alexnet"),
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
            Model(
                "as published",
                "Adam, 50 epochs, 20 % held out",
                network("zfnet", 50, validation_fraction=0.2),
            ),
            Model(
                "improved",
                "a quarter of the filters, all images, batch normalisation, flips and shifts, SGD "
                "with momentum and weight decay, a cosine schedule, 15 epochs",
                regularized("zfnet"),
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
                "SGD at 0.1 with momentum 0.9 and weight decay 1e-4, cosine schedule, batches of "
                "128, flips and shifts, 50 epochs",
                network("resnet20", 50, augmentation=_flips_and_shifts()),
            ),
            Model(
                "improved",
                "the same with weight decay 5e-4 and Nesterov momentum",
                network(
                    "resnet20",
                    50,
                    augmentation=_flips_and_shifts(),
                    optimizer__nesterov=True,
                    architecture__l2=2.5e-4,
                ),
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
                network("simple", 10, augmentation="light", batch_size=64),
                part="small network",
                pretrained=False,
            ),
            Model(
                "improved",
                "with batch normalisation, flips and shifts instead of dropout, a cosine schedule",
                simple_regularized(10, 32),
                part="small network",
                pretrained=False,
            ),
            Model(
                "as published",
                "the frozen backbone on images at 96×96, one dense layer",
                with_setting(_transferred)("inception_v3", 20, image_size=96, batch_size=64),
                part="pretrained",
            ),
            Model(
                "improved",
                "features of several layers of images at 128×128, logistic regression",
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
