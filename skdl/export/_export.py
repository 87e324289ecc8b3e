"""`export_onnx`: a fitted estimator as a file for ONNX Runtime."""

import os
from pathlib import Path
from typing import Any

from skdl._utils.checks import check_path
from skdl._utils.storage import replacing
from skdl._utils.text import shown_path
from skdl.conversion import UnsupportedError
from skdl.export._building import Building
from skdl.export._chain import parts_of
from skdl.export._comparison import compare


def export_onnx(estimator: Any, path: str | os.PathLike[str]) -> Path:
    """Write a fitted estimator to an ONNX file, which other programs can run without skdl.

    The graph contains everything that the estimator does to an array of images: resizing, the value
    range learned in fit, the network, and the steps after it. Before the file is written, the
    results of the graph are compared with those of the estimator.

    Parameters
    ----------
    estimator : estimator
        A fitted `CNNClassifier`, `TransferClassifier` or `VGG16Classifier`; a `CNNRegressor` or
        `TransferRegressor`; a `BackboneFeatures` or `VGG16Features`; a `DenoisingAutoencoder`; or a
        pipeline in which such features pass through transformers of scikit-learn (`StandardScaler`,
        `MinMaxScaler`, `MaxAbsScaler`, `RobustScaler`, `Normalizer`, `PCA`, `TruncatedSVD`, or
        feature selectors) to a linear classifier or regressor of scikit-learn, or an `SVC` or `SVR`
        with a linear, RBF or polynomial kernel. Also one of these in a search (its best estimator
        is exported), under a fixed or tuned threshold, or frozen. An `ImageLoader` at the beginning
        is left out: the graph expects the images that it decodes.
    path : str or path-like
        Name of the file, which must end in ".onnx". An existing file is replaced.

    Returns
    -------
    path : pathlib.Path
        The file, as an absolute path.

    Raises
    ------
    ImportError
        If onnx or onnxruntime is not installed.
    NotFittedError
        If the estimator, or a part of it, is not fitted.
    ValueError
        If a part cannot be exported, naming it and what can be exported; if the results of the
        graph differ from those of the estimator; or if the path does not end in ".onnx".
    FileNotFoundError
        If the folder of the file does not exist.
    TypeError
        If `path` is not a path.

    See Also
    --------
    CNNClassifier : Its attribute `model_` is the network for Keras's own formats.

    Notes
    -----
    The graph has one input, "images", of shape (n, height, width, channels), for any n: of dtype
    uint8 if the estimator was fitted on bytes, and float32 otherwise, in the value range of the
    training images. With `image_size`, images may have any height and width; they are resized as in
    Pillow, with identical bits for bytes. Flattened images must be reshaped to their shape.

    Its outputs are "label", of shape (n,), or (n, n_labels) with several labels per image, and
    "probabilities" of shape (n, n_classes), as returned by `predict` and `predict_proba`; or
    "scores", as returned by `decision_function`, for classifiers without probabilities and for an
    `SVC`. Without a classifier, the output is "features" or, for a denoiser, "denoised", as
    returned by `transform`; for a regressor, "numbers", as returned by `predict`. The metadata of
    the file contains, as JSON, the "classes" in the order of the probabilities, "image_shape" and
    "value_range"; with a threshold, also "threshold" and "positive", the class predicted from the
    threshold on.

    Files are in operator set 17: ONNX Runtime 1.14 (February 2023) and newer run them. Numbers
    agree to 1e-5 of the largest; a label may differ if two classes are that close. After features,
    the graph computes in double precision, as scikit-learn does.

    References
    ----------
    ONNX: Open Neural Network Exchange, https://onnx.ai

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdl import CNNClassifier, export_onnx
    >>> digits = load_digits()
    >>> model = CNNClassifier(epochs=1, random_state=0).fit(digits.images, digits.target)
    >>> export_onnx(model, "digits.onnx").name  # doctest: +SKIP
    'digits.onnx'
    """
    file = check_path(path, "path")
    if file.suffix.lower() != ".onnx":
        raise ValueError(f"path must end in '.onnx'. Got {shown_path(file)}.")
    if not file.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {shown_path(file.parent)}. Create it, or choose another path."
        )
    onnx = _import_onnx()
    try:
        building = Building(parts_of(estimator))
    except UnsupportedError as error:
        name = type(estimator).__name__
        raise ValueError(f"This {name} cannot be exported to ONNX: {error}.") from error
    model = building.model()
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString()
    compare(estimator, building, content)
    with replacing(file, "Choose another path.") as part:
        part.write_bytes(content)
    return file


def _import_onnx() -> Any:
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'export_onnx needs onnx and onnxruntime: python -m pip install "skdl[onnx]"'
        ) from error
    return onnx
