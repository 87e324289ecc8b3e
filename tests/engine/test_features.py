"""Each image's features are computed once, and are those of the network."""

import gc
import json
import os
import pickle
import time
from dataclasses import replace

import keras
import mutants
import numpy as np
import pytest
from helpers import run_forked
from keras import layers
from PIL import Image

from skdl._utils.cache import Cache
from skdl.backbones import Backbone, Preprocessing, backbone_of, declare_backbone
from skdl.backbones import _extraction as extraction
from skdl.engine import BackboneSpec, FeatureExtractor, FeatureSpec
from skdl.engine import _features as features
from skdl.engine._features import FeatureNetwork
from skdl.images import ImageArray, ImageBatch, ImageFiles, pixel_range
from skdl.preprocessing import Resize
from skdl.store import FeatureStore, seconds_saved_here

SHAPE = (10, 9, 3)
BYTES = (0.0, 255.0)


@declare_backbone(
    Backbone(Preprocessing(mean=(0.5,)), {"early": 4, "last": 6}, min_size=8, default_size=8)
)
def normalized(input_shape, activation="relu", rate=0.0):
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(4, 3, name="early_conv")(inputs)
    x = layers.Activation(activation, name="early")(layers.BatchNormalization(name="norm")(x))
    return keras.Model(inputs, layers.Conv2D(6, 3, strides=2, name="last")(x))


@declare_backbone(Backbone(Preprocessing("grayscale"), {"last": 4}, min_size=8, default_size=8))
def of_gray(input_shape):
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, layers.Conv2D(4, 3, name="last")(inputs))


@declare_backbone(Backbone(Preprocessing(), {"wide": 160}, min_size=8, default_size=8))
def wide(input_shape):
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(160, 3, activation="relu", name="narrow")(inputs)
    return keras.Model(inputs, layers.Conv2D(160, 3, name="wide")(x))


class OfArrays(FeatureExtractor):
    """Takes arrays in any size as well."""

    def spaces(self, images):
        return super().spaces(self._batch(images))

    def transform(self, images, *args, **kwargs):
        return super().transform(self._batch(images), *args, **kwargs)

    def _batch(self, images):
        if isinstance(images, ImageBatch):
            return images
        return ImageArray(images).sized(self.spec.image_shape[:2], pixel_range(self.value_range))


def extractor(
    backbone=normalized,
    *,
    shape=SHAPE,
    tapped=(-1,),
    pooling="avg",
    precision="float32",
    weights="random",
    value_range=BYTES,
    **params,
):
    spec = BackboneSpec(backbone, params)
    return OfArrays(
        FeatureSpec(spec, shape, tapped, () if pooling is None else (pooling,), precision),
        spec.load(weights),
        value_range,
    )


def several(tapped, poolings):
    spec = BackboneSpec(normalized, {})
    return OfArrays(FeatureSpec(spec, SHAPE, tapped, poolings), spec.load("random"), BYTES)


def images_of(n, shape=SHAPE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def maps_of(images, layer="last", backbone=normalized):
    """Feature maps, by Keras alone."""
    model = BackboneSpec(backbone, {}).build(images.shape[1:3])
    values = backbone_of(backbone).preprocessing.apply(images.astype(np.float32) / 255)
    tapped = keras.Model(model.input, model.get_layer(layer).output)
    return np.asarray(tapped(values, training=False))


def assert_close(found, expected):
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * max(1, np.abs(expected).max())


@pytest.fixture(autouse=True)
def no_networks(monkeypatch):
    monkeypatch.setattr(features, "_networks", Cache(features._networks.max_number))


@pytest.fixture
def runs(monkeypatch):
    """Numbers of images that went through a network, batch by batch."""
    sizes, run = [], FeatureNetwork.run

    def counted(self, images, offset, scale):
        sizes.append(len(images))
        return run(self, images, offset, scale)

    monkeypatch.setattr(FeatureNetwork, "run", counted)
    return sizes


@pytest.fixture
def built(monkeypatch):
    """Networks that are built for features."""
    specs, build = [], FeatureNetwork.__init__

    def counted(self, spec, weights):
        specs.append(spec)
        build(self, spec, weights)

    monkeypatch.setattr(FeatureNetwork, "__init__", counted)
    return specs


# ---- what comes out --------------------------------------------------------------------------

POOLED = {
    "avg": lambda maps: maps.mean(axis=(1, 2)),
    "max": lambda maps: maps.max(axis=(1, 2)),
    "flatten": lambda maps: maps.reshape(len(maps), -1),
    "gem": lambda maps: np.cbrt((np.maximum(maps, 1e-6) ** 3).mean(axis=(1, 2))),
}


@pytest.mark.parametrize("pooling", POOLED)
def test_poolings(pooling):
    images = images_of(5)
    subject = extractor(pooling=pooling)
    expected = POOLED[pooling](maps_of(images))
    assert_close(subject.transform(images), expected)
    assert subject.network.output_shape == expected.shape[1:]
    assert subject.network.widths == [expected.shape[1]]


def test_feature_maps():
    images = images_of(5)
    subject, expected = extractor(pooling=None), maps_of(images)
    assert subject.network.output_shape == expected.shape[1:] == (3, 3, 6)
    assert_close(subject.transform(images).reshape(expected.shape), expected)
    store = FeatureStore()
    for _ in range(2):
        assert_close(subject.transform(images, store), expected.reshape(5, -1))


@pytest.mark.parametrize("pooling", ["avg", "flatten"])
def test_several_layers_side_by_side(pooling):
    images = images_of(4)
    subject = extractor(tapped=("last", "early_conv", "early"), pooling=pooling)
    parts = [POOLED[pooling](maps_of(images, name)) for name in ("last", "early_conv", "early")]
    assert subject.network.names == ["last", "early_conv", "early"]
    assert subject.network.widths == [part.shape[1] for part in parts]
    assert_close(subject.transform(images), np.concatenate(parts, axis=1))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("backbone", [normalized, of_gray])
def test_channels(backbone, channels):
    images = images_of(3, (10, 9, channels))
    colors = np.repeat(images, 3, axis=-1) if channels == 1 else images[..., :3]
    if backbone is of_gray:
        colors = (colors @ np.array([0.299, 0.587, 0.114]))[..., None]
    expected = POOLED["avg"](maps_of(colors, "last", backbone))
    assert_close(extractor(backbone, shape=(10, 9, channels)).transform(images), expected)


@pytest.mark.parametrize(
    ("encode", "value_range"),
    [
        (lambda images: images, (0.0, 255.0)),
        (lambda images: images.astype(np.float32), (0.0, 255.0)),
        (lambda images: (images / 255).astype(np.float32), (0.0, 1.0)),
        (lambda images: (images / 255 * 20 - 10).astype(np.float32), (-10.0, 10.0)),
    ],
)
def test_value_ranges(encode, value_range):
    images = images_of(4)
    found = extractor(value_range=value_range).transform(encode(images))
    assert_close(found, POOLED["avg"](maps_of(images)))


def test_standardized_images():
    images = images_of(4)
    values = (images / 255 - 0.45) / 0.225
    found = extractor(value_range="standardized").transform(values.astype(np.float32))
    assert_close(found, POOLED["avg"](maps_of(images)))
    far = np.float32([-1e4, 1e4])[np.random.default_rng(0).integers(0, 2, images.shape)]
    assert np.isfinite(extractor(value_range="standardized").transform(far)).all()


def test_no_images():
    for store in (None, FeatureStore()):
        found = extractor().transform(images_of(0), store)
        assert found.shape == (0, 6)
        assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("tapped", "message"),
    [
        (
            ("earli",),
            "'earli' of the backbone 'normalized' does not exist. Similar names: early",
        ),
        (("early", "nothing"), "The layer 'nothing' of the backbone 'normalized' does not exist"),
    ],
)
def test_unknown_layers(tapped, message):
    with pytest.raises(ValueError, match=message):
        _ = extractor(tapped=tapped).network


def test_layers_that_keras_named(built):
    dropout = BackboneSpec(mutants.whole_backbone, {}).build((8, 8)).layers[2]
    subject = extractor(mutants.whole_backbone, tapped=(dropout.name,))
    with pytest.raises(ValueError, match=f"layer '{dropout.name}' .* Keras numbers differently"):
        _ = subject.network
    first = extractor(mutants.whole_backbone, tapped=("first",)).transform(images_of(2))
    # Positions are the same in each process; dropout does nothing in prediction.
    assert_close(extractor(mutants.whole_backbone, tapped=(2,)).transform(images_of(2)), first)


@declare_backbone(Backbone(Preprocessing(), {"last": 6}, min_size=8, default_size=8))
def with_a_vector(input_shape):
    inputs = keras.Input(input_shape)
    x = layers.GlobalAveragePooling2D(name="squeezed")(inputs)
    x = layers.Reshape((1, 1, 3), name="reshaped")(x)
    return keras.Model(inputs, layers.Conv2D(6, 1, name="last")(x))


def test_layers_without_feature_maps():
    with pytest.raises(ValueError, match=r"\['squeezed'\] .* do not all output feature maps"):
        _ = extractor(with_a_vector, tapped=("squeezed",)).network


def test_bfloat16_is_near():
    images = images_of(4, (12, 12, 3))
    single = extractor(wide, shape=(12, 12, 3)).transform(images)
    half = extractor(wide, shape=(12, 12, 3), precision="bfloat16").transform(images)
    assert half.dtype == np.float32
    assert not np.array_equal(half, single)
    cosines = (half * single).sum(1) / np.sqrt((half**2).sum(1) * (single**2).sum(1))
    assert (cosines >= 0.999).all()


# ---- resizing --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_images_of_another_size_are_resized(dtype):
    """Bytes in another dtype as bytes."""
    images, subject = images_of(7, (20, 14, 3)), extractor()
    expected = extractor().transform(Resize(SHAPE[:2]).fit_transform(images))
    images = images.astype(dtype)
    for batch_size in (1, 3, 100):
        assert_close(subject.transform(images, batch_size=batch_size), expected)
        assert_close(subject.transform(images, FeatureStore(), batch_size), expected)
    assert_close(subject.transform(images_of(3)), extractor().transform(images_of(3)))


@pytest.mark.parametrize("value_range", [(0.0, 255.0), (0.0, 256.0), (0.0, 1.0), "standardized"])
def test_resized_images_do_not_depend_on_their_neighbours(value_range):
    """Whole numbers beside others: what a resize would learn of one must not reach another."""
    images = (images_of(4, (20, 14, 3)) // 2).astype(np.float32)
    images[0] += 0.5
    images = images / 255 if value_range == (0.0, 1.0) else images
    images = images - 60 if value_range == "standardized" else images
    subject = extractor(value_range=value_range)
    together = subject.transform(images)
    alone = np.concatenate([subject.transform(images[row : row + 1]) for row in range(4)])
    assert_close(together, alone)
    assert_close(subject.transform(images, batch_size=1), alone)
    assert_close(subject.transform(images[::-1])[::-1], alone)


# ---- the store -------------------------------------------------------------------------------


def test_each_image_goes_through_the_network_once(runs):
    store, subject = FeatureStore(), extractor()
    images = images_of(11)
    plain = subject.transform(images)
    runs.clear()
    first = subject.transform(images, store, batch_size=4)
    assert runs == [4, 4, 3]
    assert_close(first, plain)
    again = subject.transform(images[::-1], store, batch_size=4)
    assert np.array_equal(again, first[::-1])
    more = subject.transform(np.concatenate([images[5:], images_of(2, seed=1)]), store)
    assert np.array_equal(more[:6], first[5:])
    assert runs == [4, 4, 3, 2]
    assert extractor().transform(images, store).tolist() == first.tolist()  # another estimator
    assert sum(runs) == 13


def test_duplicates_are_computed_once(runs):
    images = images_of(3)
    rows = [0, 1, 0, 2, 2, 0, 1]
    reports = []
    found = extractor().transform(images[rows], FeatureStore(), report=reports.append)
    assert runs == [3]
    assert_close(found, extractor().transform(images)[rows])
    assert reports[-1] == len(rows)
    assert reports == sorted(reports)


@pytest.mark.parametrize("stored", [False, True])
def test_batch_sizes_agree(stored, runs):
    images = images_of(9)
    expected = POOLED["avg"](maps_of(images))
    for batch_size in (1, 2, 9, 50):
        store = FeatureStore() if stored else None
        runs.clear()
        assert_close(extractor().transform(images, store, batch_size), expected)
        assert max(runs) == min(batch_size, 9)
        assert sum(runs) == 9


@pytest.mark.parametrize("n_known", [0, 2, 5])
def test_reports(n_known):
    images, store, reports = images_of(5), FeatureStore(), []
    extractor().transform(images[:n_known], store)
    extractor().transform(images, store, 2, report=reports.append)
    assert reports[-1] == 5
    assert reports == sorted(reports)
    assert all(0 < done <= 5 for done in reports)
    plain = []
    extractor().transform(images, None, 2, report=plain.append)
    assert plain == [2, 4, 5]


def test_a_folder_is_shared(tmp_path, runs):
    images = images_of(4)
    first = extractor().transform(images, FeatureStore(tmp_path / "store"))
    second = extractor().transform(images, FeatureStore(tmp_path / "store"))
    assert np.array_equal(first, second)
    assert runs == [4]


def test_what_was_computed_is_kept_when_work_stops(runs, monkeypatch):
    images, store = images_of(9), FeatureStore()
    monkeypatch.setattr(extraction, "_PUT_BYTES", 1)

    def stop(done):
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extractor().transform(images, store, 3, report=stop)
    extractor().transform(images, store, 3)
    assert runs == [3, 3, 3]


def test_few_puts(monkeypatch):
    puts, put = [], FeatureStore.put

    def counted(self, space, keys, rows, **more):
        puts.append(len(keys))
        put(self, space, keys, rows, **more)

    monkeypatch.setattr(FeatureStore, "put", counted)
    monkeypatch.setattr(extraction, "_PUT_SECONDS", 1e9)
    extractor().transform(images_of(10), FeatureStore(), 1)
    assert puts == [10]
    monkeypatch.setattr(extraction, "_PUT_BYTES", 3 * 6 * 4)
    extractor().transform(images_of(10), FeatureStore(), 1)
    assert puts == [10, 3, 3, 3, 1]


def variants(tmp_path):
    """Extractors and images whose features must not be taken for each other's."""
    images = images_of(3)
    floats = images.astype(np.float32)
    np.savez(tmp_path / "x.npz", *(w + 0.1 for w in normalized((8, 8, 3)).get_weights()))
    large = images_of(3, (20, 14, 3))
    files = []
    for row, image in enumerate(images_of(3, (20, 14, 3))):
        Image.fromarray(image).save(tmp_path / f"{row}.png")
        files.append(str(tmp_path / f"{row}.png"))
    paths = np.array(files)
    return {
        "plain": (extractor(), images),
        "weights": (extractor(weights=tmp_path / "x.npz"), images),
        "backbone": (extractor(mutants.whole_backbone), images),
        "parameter": (extractor(activation="tanh"), images),
        "layer": (extractor(tapped=("early",)), images),
        "layers": (extractor(tapped=("early", "last")), images),
        "max": (extractor(pooling="max"), images),
        "gem": (extractor(pooling="gem"), images),
        "flatten": (extractor(pooling="flatten"), images),
        "maps": (extractor(pooling=None), images),
        "range": (extractor(value_range=(0.0, 256.0)), images),
        "standardized": (extractor(value_range="standardized"), floats),
        "precision": (extractor(precision="bfloat16"), images),
        "dtype": (extractor(), floats),
        "shape": (extractor(shape=(9, 10, 3)), images.reshape(3, 9, 10, 3)),
        "gray": (extractor(shape=(10, 27, 1)), images.reshape(3, 10, 27, 1)),
        "resized": (extractor(), large),
        "resized larger": (extractor(shape=(12, 9, 3)), large),
        "resized from another": (extractor(), large.reshape(3, 14, 20, 3)),
        "files": (extractor(), ImageFiles(paths).in_shape(SHAPE, resize=True)),
        "files with borders": (
            extractor(),
            ImageFiles(paths).in_shape(SHAPE, True, keep_aspect=True),
        ),
        "larger files": (
            extractor(shape=(12, 9, 3)),
            ImageFiles(paths).in_shape((12, 9, 3), resize=True),
        ),
        "gray files": (
            extractor(shape=(10, 9, 1)),
            ImageFiles(paths).in_shape((10, 9, 1), resize=True),
        ),
    }


@pytest.mark.slow
def test_what_differs_in_anything_shares_nothing(tmp_path, runs):
    store, results = FeatureStore(), {}
    cases = variants(tmp_path)
    for name, (subject, images) in cases.items():
        runs.clear()
        results[name] = subject.transform(images, store)
        assert sum(runs) == 3, name
        assert_close(results[name], subject.transform(images))
    spaces = {json.dumps(case[0].spaces(case[1]), sort_keys=True) for case in cases.values()}
    assert len(spaces) == len(cases)
    runs.clear()
    for name, (subject, images) in cases.items():
        assert np.array_equal(subject.transform(images, store), results[name])
    assert runs == []


def test_each_layer_of_one_pass_is_found_alone(runs):
    store, images = FeatureStore(), images_of(5)
    both = several(("early", "last"), ("avg", "max", "gem"))
    found = both.transform(images, store)
    assert found.shape == (5, 3 * (4 + 6))
    assert runs == [5]
    column = 0
    for layer, width in (("early", 4), ("last", 6)):
        for pooling in ("avg", "max", "gem"):
            alone = extractor(tapped=(layer,), pooling=pooling)
            part = alone.transform(images, store)
            assert runs == [5]
            assert np.array_equal(part, found[:, column : column + width])
            assert np.array_equal(part, alone.transform(images))  # as computed by itself
            runs.pop()
            column += width
    other = several(("last", "early"), ("gem", "max")).transform(images, store)
    assert runs == [5]
    assert np.array_equal(other[:, :6], found[:, 24:30])
    # What is missing of one of them only is computed, and nothing else.
    more = several(("early", "last"), ("avg", "flatten")).transform(images, store)
    assert runs == [5, 5]
    assert np.array_equal(more[:, :4], found[:, :4])


@pytest.mark.parametrize("layer", ["early_conv", "norm"])
def test_layers_that_change_how_others_are_computed_are_kept_together(layer, runs):
    """A convolution whose normalisation cannot be multiplied in; and any that is not declared."""
    store, images = FeatureStore(), images_of(5)
    found = several((layer, "last"), ("avg",)).transform(images, store)
    alone = extractor(tapped=("last",)).transform(images, store)
    assert runs == [5, 5]
    assert np.array_equal(alone, extractor(tapped=("last",)).transform(images))
    assert np.array_equal(several((layer, "last"), ("avg",)).transform(images, store), found)


def test_the_time_of_a_pass_is_kept_with_what_it_computed(tmp_path, monkeypatch):
    slow, run = [], FeatureNetwork.run

    def slower(self, images, offset, scale):
        time.sleep(0.05)
        slow.append(len(images))
        return run(self, images, offset, scale)

    monkeypatch.setattr(FeatureNetwork, "run", slower)
    images = images_of(4)
    for folder in (None, tmp_path / "store"):
        store = FeatureStore(folder)
        several(("early", "last"), ("avg",)).transform(images, store, batch_size=2)
        assert store.seconds_saved == 0
        again = FeatureStore(folder) if folder else store
        before = seconds_saved_here()
        several(("early", "last"), ("avg",)).transform(images, again)
        whole = again.seconds_saved
        assert whole >= 0.1  # of two batches
        assert seconds_saved_here() - before == pytest.approx(whole)
        extractor(tapped=("early",)).transform(images[:2], again)
        # Half of the layers, and half of the images.
        assert again.seconds_saved - whole == pytest.approx(whole / 4, rel=1e-3)


def test_preprocessing_is_part_of_the_key(monkeypatch, runs):
    store, images = FeatureStore(), images_of(3)
    extractor().transform(images, store)
    declaration = replace(normalized.backbone, preprocessing=Preprocessing(mean=(0.4,)))
    monkeypatch.setattr(normalized, "backbone", declaration)
    features._networks.clear()
    found = extractor().transform(images, store)
    assert runs == [3, 3]
    assert_close(found, POOLED["avg"](maps_of(images)))


def test_parameters_that_change_nothing_share(runs):
    store, images = FeatureStore(), images_of(3)
    extractor(rate=0.0).transform(images, store)
    extractor(rate=0.5).transform(images, store)
    assert runs == [3]


# ---- files -----------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    paths = []
    for row, image in enumerate(images_of(5)):
        paths.append(str(tmp_path / f"{row}.png"))
        Image.fromarray(image).save(paths[-1])
    return np.array(paths)


def test_files_give_what_their_images_give(files):
    expected = extractor().transform(images_of(5))
    for store in (None, FeatureStore()):
        for batch_size in (2, 50):
            found = extractor().transform(
                ImageFiles(files).in_shape(SHAPE, False), store, batch_size
            )
            assert_close(found, expected)


def test_files_are_known_by_their_content(files, tmp_path, runs):
    store, subject = FeatureStore(), extractor()
    first = subject.transform(ImageFiles(files).in_shape(SHAPE, False), store)
    assert runs == [5]
    copies = []
    for row, path in enumerate(files):
        copies.append(str(tmp_path / f"copy of {row}.png"))
        os.link(path, copies[-1])
    os.utime(files[0], (0, 0))
    again = subject.transform(ImageFiles(np.array([*files, *copies])).in_shape(SHAPE, False), store)
    assert np.array_equal(again, np.concatenate([first, first]))
    assert runs == [5]
    before = os.stat(files[3])
    Image.fromarray(images_of(1, seed=9)[0]).save(tmp_path / "new.png")
    os.replace(tmp_path / "new.png", files[3])
    os.utime(files[3], ns=(before.st_atime_ns, before.st_mtime_ns))
    changed = subject.transform(ImageFiles(files).in_shape(SHAPE, False), store)
    assert runs == [5, 1]
    assert np.array_equal(changed[[0, 1, 2, 4]], first[[0, 1, 2, 4]])
    assert_close(changed[3:4], subject.transform(images_of(1, seed=9)))


def test_files_are_not_decoded_when_their_features_are_known(files, monkeypatch):
    store = FeatureStore()
    first = extractor().transform(ImageFiles(files).in_shape(SHAPE, False), store)

    def fail(*args):
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFiles, "decode", fail)
    assert np.array_equal(
        extractor().transform(ImageFiles(files).in_shape(SHAPE, False), store), first
    )


def test_files_that_cannot_be_read(files, tmp_path):
    for store in (None, FeatureStore()):
        paths = np.array([*files, str(tmp_path / "nothing.png")])
        with pytest.raises((OSError, ValueError), match=r"nothing\.png"):
            extractor().transform(ImageFiles(paths).in_shape(SHAPE, False), store)
    (tmp_path / "broken.png").write_bytes(b"x")
    paths = np.array([*files, str(tmp_path / "broken.png")])
    store = FeatureStore()
    with pytest.raises((OSError, ValueError), match=r"broken\.png"):
        extractor().transform(ImageFiles(paths).in_shape(SHAPE, False), store)
    assert extractor().transform(ImageFiles(files).in_shape(SHAPE, False), store).shape == (5, 6)


# ---- networks --------------------------------------------------------------------------------


def test_one_trace_a_dtype():
    network = extractor().network
    assert network.n_traces == 1  # of float32, to know the shapes
    for n in (1, 2, 32, 5):
        network.run(images_of(n).astype(np.float32), 0.0, 1.0)
    assert network.n_traces == 1
    for n, value_range in ((1, BYTES), (7, (0.0, 1.0)), (3, "standardized")):
        extractor(value_range=value_range).transform(images_of(n))
    assert network.n_traces == 2
    extractor().transform(images_of(3), FeatureStore(), 1)
    assert network.n_traces == 2


def test_the_network_is_built_once_for_all(built):
    first, second = extractor(), extractor(value_range=(0.0, 1.0))
    assert first.network is first.network is second.network
    assert pickle.loads(pickle.dumps(first)).network is first.network
    assert len(built) == 1
    assert extractor(pooling="max").network is not first.network
    assert extractor(activation="tanh").network is not first.network
    assert len(built) == 3


def test_other_weights_are_another_network(tmp_path):
    images, values = images_of(3), normalized((8, 8, 3)).get_weights()
    np.savez(tmp_path / "x.npz", *(value * 2 for value in values))
    random, doubled = extractor(), extractor(weights=tmp_path / "x.npz")
    assert random.spec == doubled.spec
    assert random.network is not doubled.network
    model = normalized(SHAPE)
    model.set_weights([value * 2 for value in values])
    expected = np.asarray(model(images.astype(np.float32) / 255 - 0.5, training=False))
    for _ in range(2):
        assert_close(random.transform(images), POOLED["avg"](maps_of(images)))
        assert_close(doubled.transform(images), POOLED["avg"](expected))


def test_the_pool_is_bounded(built):
    bound = features._networks.max_number
    subjects = [extractor(shape=(8, 8 + more, 3)) for more in range(bound + 1)]
    for subject in subjects:
        _ = subject.network
    assert len(features._networks) == bound
    n = len(built)
    _ = subjects[-1].network, subjects[1].network
    assert len(built) == n
    _ = subjects[0].network, subjects[1].network
    assert len(built) == n + 1


def test_parameters_that_make_no_key(built):
    subject = extractor(rate=np.zeros(2))
    assert subject.spec.key is None or hash(subject.spec.key)
    assert_close(subject.transform(images_of(2)), extractor().transform(images_of(2)))


def test_normalizations_are_folded():
    names = [type(layer).__name__ for layer in extractor().network._model.layers]
    assert "BatchNormalization" not in names
    tapped = extractor(tapped=("early_conv", "last")).network._model.layers
    assert "BatchNormalization" in [type(layer).__name__ for layer in tapped]


def test_threads_share(built):
    from concurrent.futures import ThreadPoolExecutor

    images, subject = images_of(6), extractor()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: subject.transform(images, batch_size=2), range(4)))
    assert len(built) == 1
    assert subject.network.n_traces == 2
    for one in found[1:]:
        assert np.array_equal(one, found[0])


def test_the_garbage_collector_is_left_on():
    assert gc.isenabled()
    extractor().transform(images_of(1))
    assert gc.isenabled()


# ---- other processes -------------------------------------------------------------------------


@pytest.mark.slow
def test_extractors_reach_other_processes(tmp_path):
    backbone, path = mutants.whole_backbone, tmp_path / "x.npz"
    np.savez(path, *(value + 0.01 for value in backbone((8, 8, 3)).get_weights()))
    subject = extractor(backbone, weights=path, tapped=("first", "last"))
    path.unlink()
    images, store = images_of(4), FeatureStore(tmp_path / "store")
    expected = subject.transform(images, store)
    (tmp_path / "extractor.pickle").write_bytes(pickle.dumps(subject))
    np.save(tmp_path / "images.npy", images)
    code = """
import pickle, sys
import numpy as np
from pathlib import Path
from skdl.engine._features import FeatureNetwork
from skdl.store import FeatureStore, seconds_saved_here
folder = Path(sys.argv[1])
subject = pickle.loads((folder / "extractor.pickle").read_bytes())
images = np.load(folder / "images.npy")
np.save(folder / "found.npy", subject.transform(images))
FeatureNetwork.run = None  # everything is known
np.save(folder / "stored.npy", subject.transform(images, FeatureStore(folder / "store")))
"""
    run_forked(code, tmp_path)
    assert_close(np.load(tmp_path / "found.npy"), expected)
    assert np.array_equal(np.load(tmp_path / "stored.npy"), expected)
