"""Studies of digits and clothes."""

from typing import Any

from skdl.studies import _data
from skdl.studies._declaration import Goal, Model, Published, Setting, Study

_NOISE = (
    f"The published noise is not known: a standard deviation of {_data.NOISE:g} stands in for it, "
    "chosen because a network trained on such images scores about the published 0.8065 of "
    "mnist-noise."
)


def _network(architecture: str, setting: Setting, epochs: int, **params: Any) -> Any:
    from skdl.estimators import CNNClassifier

    return CNNClassifier(
        architecture, epochs=setting.epochs or epochs, random_state=setting.seed, **params
    )


def _augmented(architecture: str, setting: Setting, epochs: int, **params: Any) -> Any:
    """A network with what digits bear: small turns, shifts and changes of size."""
    from skdl import Augmentation

    params = {
        "augmentation": Augmentation(rotation=8, shift=0.06, zoom=0.08),
        "batch_size": 128,
        "learning_rate_schedule": "cosine",
        "optimizer__learning_rate": 0.002,
    } | params
    return _network(architecture, setting, epochs, **params)


def _simple(setting: Setting) -> Any:
    return _network("simple", setting, 10)


def _simple_augmented(setting: Setting) -> Any:
    return _augmented("simple", setting, 15, architecture__batch_norm=True)


def _digits_augmented(setting: Setting) -> Any:
    return _augmented("simple", setting, 30, batch_size=32, architecture__batch_norm=True)


def _deep(setting: Setting) -> Any:
    return _network("deep", setting, 5, batch_size=64, validation_fraction=0.2)


def _deep_augmented(setting: Setting) -> Any:
    return _augmented("deep", setting, 15, architecture__batch_norm=True)


def _lenet5(setting: Setting) -> Any:
    return _network("lenet5", setting, 10, batch_size=128, validation_fraction=0.2)


def _lenet5_augmented(setting: Setting) -> Any:
    return _augmented("lenet5", setting, 20)


def _first_of_series(setting: Setting) -> Any:
    return _network("simple", setting, 5, batch_size=128)


def _first_of_series_augmented(setting: Setting) -> Any:
    return _augmented("simple", setting, 10, architecture__batch_norm=True)


def _noisy(setting: Setting) -> Any:
    from skdl.studies._wrappers import OnNoisy

    return OnNoisy(_network("simple", setting, 10), _data.NOISE, random_state=setting.seed)


def _noise_drawn_anew(setting: Setting) -> Any:
    from skdl import Augmentation

    return _network(
        "simple",
        setting,
        15,
        augmentation=Augmentation(noise=_data.NOISE),
        batch_size=128,
        learning_rate_schedule="cosine",
    )


def _denoised(setting: Setting) -> Any:
    return _on_denoised(_network("simple", setting, 10, batch_size=128), setting, 1)


def _denoised_often(setting: Setting) -> Any:
    network = _network("simple", setting, 5, batch_size=128, learning_rate_schedule="cosine")
    return _on_denoised(network, setting, 5)


def _on_denoised(network: Any, setting: Setting, n_draws: int) -> Any:
    from skdl import DenoisingAutoencoder, ImageNoise
    from skdl.studies._wrappers import OnNoisy

    denoiser = DenoisingAutoencoder(
        (32, 64),
        noise=ImageNoise(amount=_data.NOISE),
        epochs=setting.epochs or 15,
        learning_rate_schedule="cosine",
        optimizer__learning_rate=0.003,
        random_state=setting.seed,
    )
    return OnNoisy(network, _data.NOISE, denoiser, n_draws, setting.seed)


def _fashion(setting: Setting) -> Any:
    return _network("simple", setting, 10)


def _fashion_residual(setting: Setting) -> Any:
    from skdl import Augmentation
    from skdl.estimators import CNNClassifier

    return CNNClassifier.from_protocol(
        "resnet20",
        augmentation=Augmentation(shift=0.05, horizontal_flip=True),
        epochs=setting.epochs or 10,
        random_state=setting.seed,
    )


STUDIES = (
    Study(
        name="digits",
        title="The network “simple” on scikit-learn's digits, in five folds",
        source="skdl's own study, which needs no data",
        load=_data.digits,
        models=(
            Model("as published", "network “simple”, 10 epochs", _simple),
            Model(
                "improved",
                "with augmentation, batch normalisation and a cosine schedule, 30 epochs",
                _digits_augmented,
            ),
        ),
    ),
    Study(
        name="mnist-cnn",
        title="The network “simple” on MNIST",
        load=_data.mnist,
        models=(
            Model("as published", "network “simple”, 10 epochs", _simple),
            Model(
                "improved",
                "with augmentation, batch normalisation and a cosine schedule, 15 epochs",
                _simple_augmented,
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
                _deep,
            ),
            Model(
                "improved",
                "all images, augmentation, batch normalisation, a cosine schedule, 15 epochs",
                _deep_augmented,
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
                "noise drawn anew in each epoch, a cosine schedule, 15 epochs",
                _noise_drawn_anew,
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
                _denoised,
            ),
            Model(
                "improved",
                "each image is made noisy and denoised five times; a cosine schedule, 5 epochs",
                _denoised_often,
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
            Model("as published", "10 epochs, batches of 128, 20 % held out", _lenet5),
            Model(
                "improved",
                "all images, augmentation, a cosine schedule, 20 epochs",
                _lenet5_augmented,
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
                _first_of_series,
            ),
            Model(
                "improved",
                "with augmentation, batch normalisation and a cosine schedule, 10 epochs",
                _first_of_series_augmented,
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
            Model("as published", "network “simple”, 10 epochs", _fashion),
            Model(
                "improved",
                "ResNet-20 by its protocol, flips and shifts, 10 epochs",
                _fashion_residual,
            ),
        ),
        published=(Published("accuracy", 0.8057),),
        stand_in="The layers of the published network are not known: “simple” stands in for it.",
        goals=(Goal("accuracy", 0.925, variant="improved"),),
    ),
)
