"""Studies of digits and clothes."""

from typing import Any

from skdl.preprocessing import Augmentation, ImageNoise
from skdl.studies import _data
from skdl.studies._declaration import Goal, Model, Published, Setting, Study, with_setting
from skdl.studies._wrappers import OnNoisy

_NOISE = (
    f"The published noise is not known: a standard deviation of {_data.NOISE:g} stands in for it, "
    "chosen because a network trained on such images scores about the published 0.8065 of "
    "mnist-noise."
)


def _network(setting: Setting, architecture: str, epochs: int, **params: Any) -> Any:
    from skdl.estimators import CNNClassifier

    return CNNClassifier(
        architecture, epochs=setting.epochs or epochs, random_state=setting.seed, **params
    )


def _augmented(setting: Setting, architecture: str, epochs: int, **params: Any) -> Any:
    """A network with what digits bear: small turns, shifts and changes of size."""
    params = {
        "augmentation": Augmentation(rotation=8, shift=0.06, zoom=0.08),
        "batch_size": 128,
        "learning_rate_schedule": "cosine",
        "optimizer__learning_rate": 0.002,
    } | params
    return _network(setting, architecture, epochs, **params)


def _noisy(setting: Setting) -> Any:
    network = _network(setting, "simple", 10)
    return OnNoisy(network, _data.NOISE, random_state=setting.seed)


def _denoised(setting: Setting, epochs: int, n_draws: int, **params: Any) -> Any:
    from skdl import DenoisingAutoencoder

    network = _network(setting, "simple", epochs, batch_size=128, **params)
    denoiser = DenoisingAutoencoder(
        (32, 64),
        noise=ImageNoise(amount=_data.NOISE),
        epochs=setting.epochs or 15,
        learning_rate_schedule="cosine",
        optimizer__learning_rate=0.003,
        random_state=setting.seed,
    )
    return OnNoisy(network, _data.NOISE, denoiser, n_draws, setting.seed)


def _residual(setting: Setting) -> Any:
    from skdl.estimators import CNNClassifier

    return CNNClassifier.from_protocol(
        "resnet20",
        augmentation=Augmentation(shift=0.05, horizontal_flip=True),
        epochs=setting.epochs or 10,
        random_state=setting.seed,
    )


plain = with_setting(_network)
augmented = with_setting(_augmented)
denoised = with_setting(_denoised)

STUDIES = (
    Study(
        name="digits",
        title="The network “simple” on scikit-learn's digits, in five folds",
        source="skdl's own study, which needs no data",
        load=_data.digits,
        models=(
            Model("as published", "network “simple”, 10 epochs", plain("simple", 10)),
            Model(
                "improved",
                "with augmentation, batch normalisation and a cosine schedule, 30 epochs",
                augmented("simple", 30, batch_size=32, architecture__batch_norm=True),
            ),
        ),
    ),
    Study(
        name="mnist-cnn",
        title="The network “simple” on MNIST",
        load=_data.mnist,
        models=(
            Model("as published", "network “simple”, 10 epochs", plain("simple", 10)),
            Model(
                "improved",
                "with augmentation, batch normalisation and a cosine schedule, 15 epochs",
                augmented("simple", 15, architecture__batch_norm=True),
            ),
        ),
        published=(
            Published("accuracy", 0.9915),
            Published("accuracy", 0.9814, note="another report"),
            Published("accuracy", 0.9924, on="train", note="another report"),
        ),
        goals=(Goal("accuracy", 0.992),),
    ),
    Study(
        name="mnist-cnn-report",
        title="The network “deep” on MNIST, with all the pictures of a report",
        load=_data.mnist,
        models=(
            Model(
                "as published",
                "network “deep”, 5 epochs, batches of 64, 20 % held out",
                plain("deep", 5, batch_size=64, validation_fraction=0.2),
            ),
            Model(
                "improved",
                "all images, augmentation, batch normalisation, a cosine schedule, 15 epochs",
                augmented("deep", 15, architecture__batch_norm=True),
            ),
        ),
        published=(Published("accuracy", 0.9884),),
        detailed=True,
        goals=(Goal("accuracy", 0.991),),
    ),
    Study(
        name="mnist-noise",
        title="The network “simple”, trained and tested on noisy MNIST",
        load=_data.noisy_mnist,
        models=(
            Model("as published", "network “simple”, 10 epochs", _noisy),
            Model(
                "improved",
                "new noise in each epoch, a cosine schedule, 15 epochs",
                plain(
                    "simple",
                    15,
                    augmentation=Augmentation(noise=_data.NOISE),
                    batch_size=128,
                    learning_rate_schedule="cosine",
                ),
            ),
        ),
        published=(Published("accuracy", 0.8065),),
        stand_in=_NOISE,
    ),
    Study(
        name="mnist-denoise",
        title="A denoising autoencoder, and a classifier trained on denoised MNIST",
        load=_data.noisy_mnist,
        models=(
            Model(
                "as published",
                "autoencoder of 32 and 64 filters, then network “simple”, 10 epochs",
                denoised(10, 1),
            ),
            Model(
                "improved",
                "each image is made noisy and denoised five times; a cosine schedule, 5 epochs",
                denoised(5, 5, learning_rate_schedule="cosine"),
            ),
        ),
        published=(Published("accuracy", 0.919, on="validation"),),
        stand_in=_NOISE,
    ),
    Study(
        name="mnist-lenet5",
        title="LeNet-5 on MNIST",
        load=_data.mnist,
        models=(
            Model(
                "as published",
                "10 epochs, batches of 128, 20 % held out",
                plain("lenet5", 10, batch_size=128, validation_fraction=0.2),
            ),
            Model(
                "improved",
                "all images, augmentation, a cosine schedule, 20 epochs",
                augmented("lenet5", 20),
            ),
        ),
        published=(Published("accuracy", 0.9903),),
        goals=(Goal("accuracy", 0.9905),),
    ),
    Study(
        name="mnist-series",
        title="The first network of the notebooks, on MNIST",
        load=_data.mnist,
        models=(
            Model(
                "as published",
                "network “simple”, 5 epochs, batches of 128",
                plain("simple", 5, batch_size=128),
            ),
            Model(
                "improved",
                "with augmentation, batch normalisation and a cosine schedule, 10 epochs",
                augmented("simple", 10, architecture__batch_norm=True),
            ),
        ),
        published=(Published("accuracy", 0.9793),),
        stand_in="The layers of the published network are not known: “simple” stands in for it.",
    ),
    Study(
        name="fashion-cnn",
        title="A small network on Fashion-MNIST",
        load=_data.fashion_mnist,
        models=(
            Model("as published", "network “simple”, 10 epochs", plain("simple", 10)),
            Model(
                "improved",
                "ResNet-20 by its protocol, flips and shifts, 10 epochs",
                _residual,
            ),
        ),
        published=(Published("accuracy", 0.8057),),
        stand_in="The layers of the published network are not known: “simple” stands in for it.",
        goals=(Goal("accuracy", 0.925, variant="improved"),),
    ),
)
