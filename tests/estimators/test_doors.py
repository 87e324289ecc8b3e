"""What is no batch of images is refused by one sentence, wherever images go in."""

import collections
import functools
import io
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from helpers import run_python, tiny, version
from PIL import Image
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import (
    BackboneFeatures,
    CNNClassifier,
    DenoisingAutoencoder,
    ImageLoader,
    ImageNoise,
    Resize,
    all_estimators,
)

N = 12
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 3), dtype=np.uint8)
GRAY = PIXELS[..., 0].reshape(N, -1) / 255
Y = np.arange(N) % 2
SENTENCE = "Expected images: an array of shape (n, height, width, channels), (n, height, width)"
PATHS = "Expected paths of image files: a list, an array"


class Deceptive:
    """A class of the user's whose text is long, and which is no array."""

    def __repr__(self):
        return "x" * 100_000


BAD = {
    "None": None,
    "a number": 3.5,
    "a NumPy number": np.float64(3),
    "a truth value": True,
    "bytes": bytes(600_000),
    "a bytearray": bytearray(600_000),
    "a function": tiny,
    "a class": CNNClassifier,
    "an object": Deceptive(),
    "a set": {1, 2},
    "a frozenset": frozenset([1]),
    "a dict": {"images": PIXELS},
    "keys": {"a": 1}.keys(),
    "a generator": (image for image in PIXELS),
    "a map": map(np.asarray, PIXELS),
    "a dataset": tf.data.Dataset.from_tensor_slices(PIXELS),
    "a ragged tensor": tf.ragged.constant([[1.0, 2.0], [3.0]]),
    "a sparse tensor": tf.sparse.from_dense(tf.eye(N)),
    "a symbolic tensor": keras.Input((8, 8, 3)),
    "one-dimensional numbers": np.arange(200_000.0),
    "a list of numbers": list(range(N)),
    "a range": range(N),
    "a deque": collections.deque(range(N)),
    "a Series of numbers": pd.Series(range(N)),
    "five dimensions": np.zeros((N, 2, 2, 2, 3)),
    "a structured array": np.zeros(N, [("pixel", "f4"), ("label", "i4")]),
    "void": np.zeros((N, 4), "V4"),
    "dates": np.zeros((N, 4), "datetime64[s]"),
    "complex": np.ones((N, 4), complex),
    "a matrix": GRAY.view(np.matrix),
    "sparse": sparse.csr_array(GRAY),
    "a sparse dict": sparse.dok_array(GRAY),
    "no rows": PIXELS[:0],
    "an empty list": [],
    "no height": PIXELS[:, :0],
    "no columns": GRAY[:, :0],
    "a column name twice": pd.DataFrame(GRAY, columns=["a", "a", *map(str, range(62))]),
    "a frame of numbers and text": pd.DataFrame({"a": range(N), "b": ["text" * 30_000] * N}),
    "a frame of dates": pd.DataFrame({"a": pd.to_datetime(["2020-01-01"] * N), "b": range(N)}),
    "text in two columns": np.full((N, 2), "a.png"),
    "contents of files": [bytes(50_000)] * N,
    "paths as bytes": np.array([b"a.png"] * N),
    "images of several sizes": [PIXELS[0]] * 3 + [PIXELS[0, :7]] + [PIXELS[0]] * 8,
    "lists of several lengths": [[1, 2]] * 11 + [[1]],
    "None among images": [*PIXELS[:5], None, *PIXELS[6:]],
    "None among lists": [[1, 2], None],
    "objects": np.array([[{"a": "b" * 90_000}, 1]] * N, dtype=object),
    "a picture": Image.fromarray(PIXELS[0]),
    "a pair": (PIXELS, Y),
}
TO_FIT = ["fit", "partial_fit", "score"]
TO_ASK = ["predict", "predict_proba", "transform", "encode", "grad_cam", "readable"]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A function that gives an estimator by its name, fitted on a few images."""
    path = tmp_path_factory.mktemp("files") / "a.png"
    Image.fromarray(PIXELS[0]).save(path)
    params = {
        "DenoisingAutoencoder": {"filters": (2,)},
        "VGG16Classifier": {"weights": "random", "image_size": 32},
        "VGG16Features": {"weights": "random", "image_size": 32},
    }

    @functools.cache
    def fit(name):
        model = dict(all_estimators())[name](**params.get(name, {}))
        if hasattr(model, "epochs"):
            model.set_params(epochs=1, random_state=0)
        return model.fit([str(path)] * N if name == "ImageLoader" else PIXELS, Y)

    return fit


def fresh(X):
    """Iterators are used up by none of the calls, but one that is would hide what comes after."""
    return (image for image in PIXELS) if hasattr(X, "__next__") else X


def calls_with(model, X):
    """Everything that takes images, by its name, with a batch that is none."""

    def call(method, *others, **options):
        images = (image for image in PIXELS) if hasattr(X, "__next__") else X
        return functools.partial(getattr(model, method), images, *others, **options)

    calls = {name: call(name, Y) for name in TO_FIT if hasattr(model, name)}
    calls |= {name: call(name) for name in TO_ASK if hasattr(model, name)}
    if hasattr(model, "predict_proba"):
        calls["initialize"] = call("initialize", Y)
    if hasattr(model, "predict_proba") and X is not None:
        calls["X_val"] = functools.partial(model.fit, PIXELS, Y, X_val=call("fit").args[0], y_val=Y)
    return calls


@pytest.mark.filterwarnings("error", "ignore:X has feature names", "ignore:All training images")
@pytest.mark.parametrize("name", [name for name, _ in all_estimators()])
def test_what_is_no_batch_of_images(fitted, name):
    """At every method of every estimator: the sentence, and never more than a screen."""
    model = fitted(name)
    before = dict(vars(model))
    for kind, X in BAD.items():
        calls = calls_with(model, X)
        assert {"fit", "predict" if "predict" in calls else "transform"} <= calls.keys()
        for method, call in calls.items():
            with pytest.raises((ValueError, TypeError)) as caught:
                call()
            message = str(caught.value)
            assert (PATHS if name == "ImageLoader" else SENTENCE) in message, (
                kind,
                method,
                message,
            )
            assert len(message) < 2000, (kind, method)
    assert all(vars(model)[key] is value for key, value in before.items())


ADVICE = {
    "a folder": (Path(__file__).parent, "is a folder.*load_image_folder"),
    "a folder as text": ("~", "is a folder.*load_image_folder"),
    "a generator": ((image for image in PIXELS), r"only once: pass list\(X\)"),
    "a dict": ({"data": PIXELS, "target": Y}, r"one of its values.*\['data', 'target'\]"),
    "a set": ({"a.png"}, r"no order: pass a list, such as sorted\(X\)"),
    "other channels": ([PIXELS[0], PIXELS[0, ..., 0]], "Convert them to the same channels"),
    "RGB and RGBA": ([PIXELS[0], PIXELS[0, ..., [0, 1, 2, 2]]], "Resize|same channels"),
    "other sizes": ([PIXELS[0], PIXELS[0, :7]], "Resize them to one size"),
    "contents": ([b"\x89PNG"] * N, "content of files as arrays or Pillow"),
}


@pytest.mark.parametrize("kind", ADVICE)
@pytest.mark.parametrize("estimator", [CNNClassifier(tiny), Resize(8), ImageLoader()])
def test_what_to_do_instead(kind, estimator):
    X, advice = ADVICE[kind]
    with pytest.raises(ValueError, match=advice):
        estimator.fit(fresh(X), Y)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("trained", [PIXELS, PIXELS[..., 0], PIXELS[..., 0].reshape(N, -1)])
@pytest.mark.parametrize(
    "estimator",
    [
        CNNClassifier(tiny, epochs=1, image_size=8),
        BackboneFeatures(image_size=16),
        DenoisingAutoencoder((2,), epochs=1, image_size=8),
    ],
)
def test_one_image_of_other_channels_where_all_are_resized(estimator, trained, channels):
    """It would pass for as many gray images as it has rows, each three pixels wide."""
    model = clone(estimator).fit(trained, Y)
    ask = model.predict if hasattr(model, "predict") else model.transform
    image = np.zeros((9, 10, channels), np.uint8)
    with pytest.raises(ValueError, match=r"that of a single image .* A batch of one is X\[None\]"):
        ask(image)
    narrow = clone(estimator).fit(np.zeros((N, 9, 3), np.uint8) + Y[:, None, None], Y)
    ask = narrow.predict if hasattr(narrow, "predict") else narrow.transform
    assert len(ask(np.zeros((5, 9, 3), np.uint8))) == 5


def test_a_query_that_was_not_run():
    query = pytest.importorskip("polars").LazyFrame({"a": [1.0], "b": [2.0]})
    for estimator in (CNNClassifier(tiny), Resize(8), ImageLoader()):
        with pytest.raises(TypeError, match=r"holds no data yet. Pass X.collect\(\)"):
            estimator.fit(query, Y)


@pytest.mark.parametrize("estimator", [Resize(8), ImageNoise()])
def test_objects_that_are_no_numbers_are_named(estimator):
    with pytest.raises(ValueError, match=r"X holds a path: PosixPath\('a.png'\) at row 0"):
        estimator.fit([Path("a.png")] * N)
    with pytest.raises(TypeError, match="X holds <_io.BytesIO.* at row 0, which is not a num"):
        estimator.fit([io.BytesIO()] * N)


def test_what_the_loader_cannot_take():
    for X, message in [
        ([], "X is empty"),
        ([b"a.png"] * N, r"bytes: b'a.png' at row 0. Pass paths as str \(os.fsdecode\)"),
        (GRAY, r"an array of shape \(12, 64\)"),
        (list(range(N)), "but 0 at row 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            ImageLoader().fit(X)


HUGE = {
    "text": "x" * 100_000,
    "bytes": bytes(100_000),
    "numbers": list(range(100_000)),
    "an array": np.zeros(100_000),
    "a class of the user's": Deceptive(),
}


@pytest.mark.parametrize("name", [name for name, _ in all_estimators()])
def test_no_message_holds_a_whole_parameter(name):
    X = ["a.png"] * N if name == "ImageLoader" else PIXELS
    for parameter in set(dict(all_estimators())[name]().get_params()) - {"callbacks", "store"}:
        for kind, value in HUGE.items():
            model = dict(all_estimators())[name]()
            if parameter == "backbone":
                model.set_params(weights="random")
            elif parameter == "weights" and kind == "text":
                continue  # a file of that name is looked for by the system
            with pytest.raises((ValueError, TypeError)) as caught:
                model.set_params(**{parameter: value}).fit(X, Y)
            assert len(str(caught.value)) < 2000, (parameter, kind)


@pytest.mark.parametrize("labels", [["x" * 100_000, "y"] * 6, [f"class {i}" for i in range(N)]])
def test_no_message_holds_a_whole_label(labels):
    model = CNNClassifier("simple", epochs=1).fit(PIXELS, Y)
    with pytest.raises(ValueError, match="not among the classes") as caught:
        model.partial_fit(PIXELS, labels)
    assert len(str(caught.value)) < 2000


def string_dtype():
    if version("numpy") < (2, 0):
        pytest.skip("NumPy before 2.0 has no text of any length")
    return np.dtypes.StringDType


FRAME = pd.DataFrame(GRAY, columns=[f"p{i}" for i in range(64)])
KINDS_OF_FRAMES = {
    "pandas": lambda frame: frame,
    "pandas, nullable": lambda frame: frame.convert_dtypes(),
    "pandas, sparse": lambda frame: frame.astype(pd.SparseDtype(float)),
    "polars": lambda frame: pytest.importorskip("polars").DataFrame(frame.to_dict("list")),
    "pyarrow": lambda frame: pytest.importorskip("pyarrow").table(frame.to_dict("list")),
}


@pytest.mark.parametrize("kind", KINDS_OF_FRAMES)
def test_frames_of_any_library(kind):
    if kind == "polars" and version("scikit-learn") < (1, 9):
        pytest.skip("older scikit-learn sees no names of columns in new Polars")
    frame = KINDS_OF_FRAMES[kind](FRAME)
    expected = CNNClassifier(tiny, epochs=1, random_state=0).fit(FRAME, Y)
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(frame, Y)
    assert np.array_equal(model.predict_proba(frame), expected.predict_proba(FRAME))
    assert list(model.feature_names_in_) == list(FRAME)
    with pytest.raises(ValueError, match="should match those that were passed during fit"):
        model.predict(KINDS_OF_FRAMES[kind](FRAME[list(FRAME)[::-1]]))
    noisy = ImageNoise(random_state=0).fit(frame)
    assert np.array_equal(noisy.transform(frame), noisy.transform(FRAME))
    denoiser = DenoisingAutoencoder((2,), epochs=1, random_state=0).fit(frame)
    assert denoiser.score(frame) == denoiser.score(FRAME)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_containers_that_steps_before_give(container):
    pytest.importorskip(container)
    with config_context(transform_output=container):
        model = make_pipeline(StandardScaler(), CNNClassifier(tiny, epochs=1)).fit(GRAY, Y)
        assert model.predict(GRAY).shape == (N,)
        features = make_pipeline(ImageNoise(), BackboneFeatures(image_size=16)).fit_transform(GRAY)
        assert type(features).__module__.startswith(container)
        denoiser = DenoisingAutoencoder((2,), epochs=1).fit(GRAY)
        assert np.isfinite(denoiser.score(GRAY))


KINDS_OF_COLUMNS = {
    "text of any length": lambda values: np.array(values, string_dtype()()),
    "a Series": pd.Series,
    "a Series of text": lambda values: pd.Series(values, dtype="string"),
    "a frame": lambda values: pd.DataFrame({"path": values}),
    "a tuple": tuple,
    "paths": lambda values: [Path(value) for value in values],
    "polars": lambda values: pytest.importorskip("polars").Series(values),
    "a frame of polars": lambda values: pytest.importorskip("polars").DataFrame({"path": values}),
    "pyarrow": lambda values: pytest.importorskip("pyarrow").array(values),
    "chunks of pyarrow": lambda values: pytest.importorskip("pyarrow").chunked_array([values]),
    "a table of pyarrow": lambda values: pytest.importorskip("pyarrow").table({"path": values}),
}


@pytest.mark.parametrize("kind", KINDS_OF_COLUMNS)
def test_columns_of_paths_of_any_library(kind, tmp_path):
    paths = [str(tmp_path / f"{row}.png") for row in range(N)]
    for path, pixels in zip(paths, PIXELS, strict=True):
        Image.fromarray(pixels).save(path)
    column = KINDS_OF_COLUMNS[kind](paths)
    assert np.array_equal(ImageLoader().fit_transform(column), PIXELS)
    model = CNNClassifier(tiny, epochs=1, random_state=0)
    found = model.fit(column, Y).predict_proba(column)
    assert np.array_equal(found, model.fit(PIXELS, Y).predict_proba(PIXELS))


KINDS_OF_ROWS = {
    "a list of arrays": list,
    "a Series of arrays": lambda images: pd.Series(list(images)),
    "a column of arrays": lambda images: pd.DataFrame({"image": list(images)}),
    "objects": lambda images: pd.Series(list(images)).to_numpy(),
    "pictures": lambda images: list(map(Image.fromarray, images)),
    "a Series of pictures": lambda images: pd.Series(list(map(Image.fromarray, images))),
    "tensors": lambda images: list(map(tf.constant, images)),
    "a tensor": tf.constant,
    "a masked array that hides nothing": np.ma.masked_array,
}


@pytest.mark.parametrize("kind", KINDS_OF_ROWS)
def test_images_row_by_row(kind):
    rows = KINDS_OF_ROWS[kind](PIXELS)
    assert np.array_equal(Resize(None).fit_transform(rows), PIXELS)
    model = CNNClassifier(tiny, epochs=1, random_state=0)
    found = model.fit(rows, Y).predict_proba(rows)
    assert np.array_equal(found, model.fit(PIXELS, Y).predict_proba(PIXELS))


def test_pictures_with_a_palette_are_what_they_show():
    pictures = [Image.fromarray(pixels) for pixels in PIXELS // 255 * 255]
    expected = Resize(None).fit_transform(pictures)
    for mode in ("P", "CMYK"):
        found = Resize(None).fit_transform([picture.convert(mode) for picture in pictures])
        assert np.array_equal(found, expected)


def test_the_row_of_another_size_is_named():
    for rows in (pd.Series([*PIXELS[:3], PIXELS[3, :7]]), [*PIXELS[:3], PIXELS[3, :7]]):
        with pytest.raises(ValueError, match=r"row 3 has shape \(7, 8, 3\). Resize them to one"):
            Resize().fit(rows)


def test_what_is_missing_among_objects():
    """It once passed as NaN, and made the value range that of all other images, too."""
    images = GRAY.reshape(N, 8, 8).tolist()
    images[3][2][2] = None
    holed = FRAME.astype("Float64").mask(FRAME.index.to_series() == 3)
    for X in (images, np.array(images, dtype=object), holed, holed.astype(object)):
        with pytest.raises(ValueError, match="Input X contains NaN: first at row 3"):
            CNNClassifier(tiny, epochs=1).fit(X, Y)
        with pytest.raises(ValueError, match="Input X contains NaN: first at row 3"):
            ImageNoise().fit(X)


def test_masks_that_hide_something():
    hidden = Y == 1
    fitted = CNNClassifier(tiny, epochs=1).fit(GRAY, Y)
    message = "masked values: first at row 1, in 6 of 12 rows"
    for images in (np.ma.masked_array(GRAY, np.repeat(hidden[:, None], 64, axis=1)),):
        for call in (fitted.predict, Resize().fit, BackboneFeatures().fit):
            with pytest.raises(ValueError, match=f"X is a masked array with {message}"):
                call(images)
            for rows in (list(images), tuple(images)):
                with pytest.raises(
                    ValueError, match=r"X\[1\] is a masked array with masked values"
                ):
                    call(rows)
    with pytest.raises(ValueError, match=f"y is a masked array with {message}"):
        fitted.fit(GRAY, np.ma.masked_array(Y, hidden))
    with pytest.raises(ValueError, match=f"y is a masked array with {message}"):
        fitted.score(GRAY, np.ma.masked_array(Y, hidden))
    with pytest.raises(ValueError, match=f"sample_weight is a masked array with {message}"):
        fitted.fit(GRAY, Y, sample_weight=np.ma.masked_array(np.ones(N), hidden))


LETTERS = ["a", "b"] * 6
KINDS_OF_LABELS = {
    "text of any length": lambda y: np.array(y, string_dtype()(na_object=None)),
    "a Series of text": lambda y: pd.Series(y, dtype="string"),
    "objects": lambda y: np.array([pd.NA if label is None else label for label in y], object),
    "polars": lambda y: pytest.importorskip("polars").Series(y),
    "pyarrow": lambda y: pytest.importorskip("pyarrow").array(y),
    "a list": list,
}


@pytest.mark.parametrize("kind", KINDS_OF_LABELS)
def test_labels_of_any_library(kind):
    labels = KINDS_OF_LABELS[kind](LETTERS)
    model = CNNClassifier(tiny, epochs=1, random_state=0).fit(GRAY, labels)
    assert model.classes_.tolist() == ["a", "b"]
    assert model.score(GRAY, labels) == model.score(GRAY, LETTERS)
    with pytest.raises(ValueError, match="y contains NaN or None: first at row 1, in 1 rows"):
        model.fit(GRAY, KINDS_OF_LABELS[kind](["a", None, *LETTERS[2:]]))


@pytest.mark.parametrize("images", [PIXELS, PIXELS[..., :1]], ids=["colour", "grayscale"])
@pytest.mark.parametrize("image_size", [None, 8])
def test_one_image_without_its_axis(images, image_size):
    """Where sizes may differ, it would be a batch of strips."""
    model = CNNClassifier(tiny, epochs=1, image_size=image_size).fit(images, Y)
    assert len(model.predict(images[0][None])) == 1
    for image in (images[0], images[0, ..., 0], images[0].ravel()):
        with pytest.raises(ValueError, match=r"batch of (one|it) is X\[None\]"):
            model.predict(image)
        with pytest.raises(ValueError, match=r"batch of (one|it) is X_val\[None\]"):
            model.fit(images, Y, X_val=image, y_val=Y[: len(image)])


def test_one_image_for_a_transformer():
    for model in (ImageNoise().fit(PIXELS), Resize(4).fit(PIXELS)):
        for image in (PIXELS[0], PIXELS[0].ravel()):
            with pytest.raises(ValueError, match=r"batch of (one|it) is X\[None\]"):
                model.transform(image)


@pytest.mark.parametrize("batch_size", [2**31 - 1, 2**32 + 8, 2**70, np.uint8(12)])
def test_a_batch_size_beyond_what_tensorflow_counts_to(batch_size):
    """2**32 + 8 once was 8, and what is just below 2**31 did not end."""
    for kind in (CNNClassifier, DenoisingAutoencoder):
        models = [kind(epochs=2, batch_size=n, random_state=0) for n in (N, batch_size)]
        histories = [model.fit(PIXELS, Y).history_ for model in models]
        assert histories[0] == histories[1]


UNDER_DISPATCH = """
import sys
import numpy as np, sklearn, tensorflow as tf
from skdl import BackboneFeatures, CNNClassifier, DenoisingAutoencoder, ImageNoise
from helpers import run_python, tiny

sklearn.set_config(array_api_dispatch=True)
paths, y = sys.argv[1:], np.arange(len(sys.argv) - 1) % 2
X = tf.constant(np.random.default_rng(0).integers(0, 256, (len(y), 8, 8), dtype=np.uint8))
for images in (paths, X):
    for labels, weights in ((y, np.ones(len(y))), (tf.constant(y), tf.ones(len(y)))):
        model = CNNClassifier(tiny, epochs=1, class_weight="balanced", random_state=0)
        model.fit(images, labels, sample_weight=weights)
        print(model.score(images, labels, sample_weight=weights))
    print(BackboneFeatures().fit(images).transform(images).shape)
    print(DenoisingAutoencoder((2,), epochs=1).fit(images).score(images) > 0)
print(ImageNoise().fit_transform(X).shape)
"""


@pytest.mark.slow
def test_array_api_dispatch_of_scikit_learn(tmp_path, monkeypatch):
    if version("scikit-learn") < (1, 8):
        pytest.importorskip("array_api_compat", reason="which older scikit-learn needs")
    paths = [str(tmp_path / f"{row}.png") for row in range(N)]
    for path, pixels in zip(paths, PIXELS, strict=True):
        Image.fromarray(pixels[..., 0]).save(path)
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    lines = run_python(UNDER_DISPATCH, *paths).splitlines()
    assert lines[2:4] == lines[6:8] == ["(12, 64)", "True"]
    assert lines[0] == lines[1]
    assert lines[4] == lines[5]
    assert lines[-1] == "(12, 8, 8)"
