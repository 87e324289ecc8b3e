"""Studies of photographs and of medical images, with pretrained networks."""

from functools import partial
from typing import Any

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.preprocessing import Augmentation
from skdl.studies import _data
from skdl.studies._declaration import Goal, Model, Published, Setting, Study, with_setting
from skdl.studies._wrappers import Columns

_BUSI = (
    "The medical images are private: BUSI (benign against malignant breast ultrasound) stands in "
    "for them. Images that look alike are not on both sides, or left out if their labels differ."
)
_VIEWS = (
    "features of several layers and of three views of each image and its mirror image, linear SVM"
)
_MEDICAL_METRICS = ("roc_auc", "sensitivity", "specificity", "accuracy")


def _transfer(setting: Setting, epochs: int, **params: Any) -> Any:
    from skdl.estimators import TransferClassifier

    network = TransferClassifier(
        **setting.pretrained("vgg16"), epochs=epochs, random_state=setting.seed, **params
    )
    if setting.epochs:
        warmup = min(setting.epochs, network.warmup_epochs)
        network.set_params(epochs=setting.epochs, warmup_epochs=warmup)
    return network


def _pets_features(setting: Setting) -> Any:
    from sklearn.linear_model import LogisticRegression

    from skdl.estimators import BackboneFeatures

    return make_pipeline(
        BackboneFeatures(**setting.pretrained("vgg16"), image_size=192),
        StandardScaler(),
        LogisticRegression(C=0.01, max_iter=3000),
    )


def _small_network(setting: Setting, architecture: str, epochs: int, **params: Any) -> Any:
    from skdl.estimators import CNNClassifier

    return CNNClassifier(
        architecture,
        image_size=64,
        color="grayscale",
        epochs=setting.epochs or epochs,
        random_state=setting.seed,
        **params,
    )


def _svm(setting: Setting, features: Any, **params: Any) -> Any:
    from sklearn.svm import SVC

    return make_pipeline(features, StandardScaler(), SVC(random_state=setting.seed, **params))


def _linear_svm(setting: Setting, features: Any) -> Any:
    # Of degree 1: linear, but scaled by the number of features, of which there are many.
    return _svm(setting, features, kernel="poly", degree=1)


def _svm_of_images(setting: Setting) -> Any:
    from skdl.estimators import BackboneFeatures

    return _svm(setting, BackboneFeatures(**setting.pretrained("vgg16"), image_size=224))


def _linear_svm_of_images(setting: Setting) -> Any:
    return _linear_svm(setting, _data.views(setting))


transfer = with_setting(_transfer)
small_network = with_setting(_small_network)
finetuned = partial(transfer, 10, trainable=1, finetune_learning_rate=1e-5)

SMALL = {
    "as published": (
        "network “simple” on 64×64, 20 epochs",
        small_network("simple", 20),
    ),
    "improved": (
        "network “separable”, augmentation, a cosine schedule, 60 epochs",
        small_network(
            "separable",
            60,
            batch_size=16,
            augmentation=Augmentation(
                rotation=15,
                shift=0.1,
                zoom=0.15,
                horizontal_flip=True,
                brightness=0.1,
                contrast=0.2,
            ),
            learning_rate_schedule="cosine",
        ),
    ),
}
WHOLE = {
    "as published": (
        "the whole network on 128×128, batches of 2, 50 epochs, Adam",
        transfer(
            50,
            image_size=128,
            trainable="all",
            batch_size=2,
            warmup_epochs=0,
            finetune_learning_rate=1e-3,
        ),
    ),
    "improved": ("frozen, one dense layer, 30 epochs", transfer(30, image_size=224)),
}


def _both(models: dict[Any, tuple[str, Any]], **params: Any) -> tuple[Model, ...]:
    return tuple(Model(variant, *model, **params) for variant, model in models.items())


def _clinical(part: str, sensitivity: float, specificity: float, area: float) -> tuple[Any, ...]:
    figures = {"roc_auc": area, "sensitivity": sensitivity, "specificity": specificity}
    return tuple(Published(metric, value, part=part) for metric, value in figures.items())


STUDIES = (
    Study(
        name="pets-features",
        title="Cats against dogs: features of a pretrained network",
        load=_data.cats_and_dogs,
        models=(
            Model(
                "as published",
                "frozen backbone on 150×150, shear, zoom and flips, one dense layer, Adam",
                transfer(
                    20,
                    image_size=150,
                    augmentation=Augmentation(shear=11, zoom=0.2, horizontal_flip=True),
                    augmentation_copies=4,
                ),
            ),
            Model(
                "improved",
                "features of images at 192×192, logistic regression",
                _pets_features,
            ),
        ),
        published=(Published("accuracy", 0.9194, on="validation"),),
        goals=(Goal("accuracy", 0.98),),
        stand_in="The photographs are 2,000 of 25,000 in the data set, resized, and 2,000 to test.",
        backbone="vgg16",
    ),
    Study(
        name="pets-finetune",
        title="Cats against dogs: fine-tuning a pretrained network",
        load=_data.cats_and_dogs,
        models=(
            Model(
                "as published",
                "the last block trained on 150×150, a dense layer of 256, RMSprop, 10 epochs; two "
                "outputs instead of one with a sigmoid",
                finetuned(image_size=150, head=(256,), optimizer="rmsprop"),
            ),
            Model(
                "improved",
                "the last block trained on 192×192, Adam, a longer warm-up",
                finetuned(image_size=192, warmup_epochs=10),
            ),
        ),
        published=(Published("accuracy", 0.9795),),
        stand_in="The photographs are 2,000 of 25,000 in the data set, resized, and 2,000 to test.",
        backbone="vgg16",
    ),
    Study(
        name="medical-cnn",
        title="A small network on 84 medical images",
        load=_data.ultrasound,
        models=_both(SMALL),
        metrics=_MEDICAL_METRICS,
        published=_clinical("", 0.83, 0.62, 0.725),
        stand_in=_BUSI,
    ),
    Study(
        name="medical-svm",
        title="Features of a pretrained network in a CSV file, and a support vector machine",
        load=_data.ultrasound_table,
        models=(
            Model(
                "as published",
                "features of the last layer, SVM",
                with_setting(_svm)(Columns("last__")),
            ),
            Model("improved", _VIEWS, with_setting(_linear_svm)(Columns("views__"))),
        ),
        metrics=_MEDICAL_METRICS,
        published=_clinical("", 0.60, 0.86, 0.893),
        goals=(Goal("roc_auc", 0.86),),
        stand_in=_BUSI,
        backbone="vgg16",
    ),
    Study(
        name="medical-vgg16",
        title="A pretrained network trained on 84 medical images",
        load=_data.ultrasound_few,
        models=_both(WHOLE),
        metrics=_MEDICAL_METRICS,
        published=_clinical("", 0.02, 1.00, 0.511),
        goals=(Goal("roc_auc", 0.80),),
        stand_in=_BUSI,
        backbone="vgg16",
    ),
    Study(
        name="medical-compare",
        title="Three ways to classify medical images: sensitivity against ROC AUC",
        load=_data.ultrasound_few,
        models=(
            *_both(SMALL, part="small network", pretrained=False),
            Model(
                "as published",
                "features of the last layer, SVM",
                _svm_of_images,
                part="features and SVM",
            ),
            Model(
                "improved",
                _VIEWS,
                _linear_svm_of_images,
                part="features and SVM",
            ),
            *_both(WHOLE, part="pretrained network"),
        ),
        metrics=_MEDICAL_METRICS,
        published=(
            *_clinical("small network", 0.83, 0.62, 0.725),
            *_clinical("features and SVM", 0.60, 0.86, 0.893),
            *_clinical("pretrained network", 0.02, 1.00, 0.511),
        ),
        stand_in=_BUSI,
        backbone="vgg16",
    ),
)
