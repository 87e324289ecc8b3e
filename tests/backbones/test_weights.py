"""Weights of backbones are read whole or not at all, once, whatever the file's format."""

import errno
import hashlib
import io
import os
import shutil
import tempfile
import threading
import tracemalloc
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import keras
import mutants
import numpy as np
import pytest
from helpers import run_forked
from keras import layers
from published import application, randomized, write_legacy

from skdl._utils.cache import Cache
from skdl.backbones import Backbone, Preprocessing, PretrainedWeights, _reading, declare_backbone
from skdl.backbones import _loading as loading
from skdl.backbones._loading import check_weights_name, load_weights
from skdl.downloads import RemoteFile, _fetch
from skdl.engine import BackboneSpec
from skdl.plugins import backbones, register_backbone

COMMON = Preprocessing(scale=2, mean=(1.0,))


@declare_backbone(Backbone(COMMON, {"last": 6}, min_size=8, default_size=8))
def small(input_shape, width=4, *, last=6):
    """Every kind of weight that a file may hold."""
    inputs = keras.Input(input_shape)
    x = layers.Normalization(axis=-1, name="scaled")(inputs)
    x = layers.Conv2D(width, 3, name="first")(x)
    x = layers.BatchNormalization(name="normalized")(x)
    x = layers.Dropout(0.1, name="dropped")(layers.ReLU(name="rectified")(x))
    x = layers.SeparableConv2D(width, 3, name="separable")(x)
    return keras.Model(inputs, layers.Conv2D(last, 1, name="last")(x))


def trained(width=4, seed=0):
    return randomized(small((8, 8, 3), width), seed)


def with_classifier(model):
    x = layers.GlobalAveragePooling2D()(model.output)
    return keras.Model(model.input, layers.Dense(10, activation="softmax")(x))


def write(model, path):
    """Weights in the format that the end of a name stands for."""
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
    elif path.name.endswith(".keras"):
        model.save(path)
    elif path.name.endswith(".npz"):
        np.savez(path, *model.get_weights())
    else:
        write_legacy(model, path)
    return path


def load(weights, backbone=small, **params):
    return BackboneSpec(backbone, params).load(weights)


@pytest.fixture(autouse=True)
def nothing_cached(monkeypatch):
    monkeypatch.setattr(loading, "_kept_weights", Cache(at_least=1))


@pytest.fixture
def builds(monkeypatch):
    """The networks that are built."""
    built, build = [], BackboneSpec.build

    def counted(self, size):
        built.append(self.label)
        return build(self, size)

    monkeypatch.setattr(BackboneSpec, "build", counted)
    return built


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A data home, and no network."""
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(_fetch, "_PAUSE", 0.0)
    monkeypatch.setattr(_fetch, "_download_once", lambda *args: "failed: no network")
    return tmp_path / "home"


FORMATS = ["x.h5", "x.weights.h5", "x.keras", "x.npz"]


# ---- what is read ----------------------------------------------------------------------------


def test_all_formats_hold_the_same(tmp_path):
    model = trained()
    loaded = [load(write(model, tmp_path / name)) for name in FORMATS]
    expected = [variable.value.numpy() for variable in model.weights]
    for weights in loaded:
        values = [value for value in weights.arrays if value.dtype.kind == "f" or value.shape == ()]
        assert len(values) == len(expected)
        for one, other in zip(values, expected, strict=True):
            assert np.array_equal(one, other)
    assert len({weights.digest for weights in loaded}) == 1
    assert load(write(trained(seed=1), tmp_path / "other.h5")).digest != loaded[0].digest


def test_whole_models_of_keras_2_and_3(tmp_path):
    """As ``model.save`` writes them, optimizer included."""
    model = trained()
    digest = load(write(model, tmp_path / "x.h5")).digest
    model.compile("adam", "mse")
    model.fit(np.zeros((4, 8, 8, 3)), np.zeros((4, 4, 4, 6)), verbose=0)
    model.set_weights(trained().get_weights())
    for name in ("whole.h5", "whole.keras"):
        model.save(tmp_path / name)
        assert load(tmp_path / name).digest == digest
    model.save_weights(tmp_path / "trained.weights.h5")
    assert load(tmp_path / "trained.weights.h5").digest == digest


@pytest.mark.parametrize("ending", ["x.h5", "x.weights.h5"])
def test_files_of_keras_own_networks(ending, tmp_path):
    """Which lack what the backbone adds: a name for its end."""
    model = randomized(application("mobilenet_v3_small", (32, 32, 3)))
    path = write(model, tmp_path / ending)
    weights = load(path, "mobilenet_v3_small")
    built = BackboneSpec("mobilenet_v3_small", {}).build_with((32, 32), weights)
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    expected = np.asarray(model(images, training=False))
    np.testing.assert_allclose(built(images, training=False), expected, rtol=1e-5, atol=1e-6)


def test_values_are_read_only(tmp_path):
    for weights in (load(write(trained(), tmp_path / "x.npz")), load("random")):
        for array in weights.arrays:
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_networks_are_built_with_them(tmp_path):
    model = trained()
    weights = load(write(model, tmp_path / "x.h5"))
    images = np.random.default_rng(0).normal(0, 1, (2, 12, 9, 3)).astype(np.float32)
    larger = BackboneSpec(small, {}).build_with((12, 9), weights)
    expected = small((12, 9, 3))
    expected.set_weights(model.get_weights())
    expected.get_layer("scaled").finalize_state()  # as Keras does when it loads them
    found = np.asarray(larger(images, training=False))
    np.testing.assert_allclose(found, expected(images, training=False), rtol=1e-5, atol=1e-5)


def test_numbers_of_another_precision_will_do(tmp_path):
    arrays = [value.astype(np.float64) for value in trained().get_weights()]
    np.savez(tmp_path / "x.npz", *arrays)
    weights = load(tmp_path / "x.npz")
    assert {value.dtype for value in weights.arrays if value.ndim > 1} == {np.dtype("float32")}
    assert weights.digest == load(write(trained(), tmp_path / "y.npz")).digest


def test_paths_of_all_kinds(tmp_path, monkeypatch):
    write(trained(), tmp_path / "x.h5")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link.h5").symlink_to(tmp_path / "x.h5")
    found = [load(path) for path in (tmp_path / "x.h5", str(tmp_path / "x.h5"), "x.h5", "~/x.h5")]
    found.append(load("link.h5"))
    assert len({weights.digest for weights in found}) == 1


# ---- what is read once -----------------------------------------------------------------------


def test_the_same_file_is_read_once(tmp_path, builds, monkeypatch):
    path = write(trained(), tmp_path / "x.h5")
    first = load(path)
    assert load(str(path)) is first
    monkeypatch.chdir(tmp_path)
    assert load("x.h5") is first
    assert len(builds) == 1
    load("random")
    assert load("random").digest != first.digest
    assert len(builds) == 2


def test_a_changed_file_is_read_again(tmp_path, builds):
    path = write(trained(), tmp_path / "x.npz")
    first = load(path)
    write(trained(seed=1), path)
    os.utime(path, ns=(0, 1))
    second = load(path)
    assert second.digest != first.digest
    assert len(builds) == 2


def test_parameters_and_builders_do_not_share(tmp_path, builds):
    assert load("random").arrays[3].shape != load("random", width=8).arrays[3].shape
    assert load("random", width=4) is load("random")  # the default, spelled out
    load("random", mutants.whole_backbone)
    assert len(builds) == 3


def test_a_name_that_is_registered_anew(builds):
    try:
        register_backbone("test-renewed")(small)
        first = load("random", "test-renewed")
        del backbones._plugins["test-renewed"]
        register_backbone("test-renewed")(mutants.whole_backbone)
        assert load("random", "test-renewed").digest != first.digest
    finally:
        del backbones._plugins["test-renewed"]


@pytest.mark.slow
def test_random_weights_are_the_same_in_another_process():
    code = """
import test_weights
print(test_weights.load("random").digest)
print(test_weights.load("random", "cifar_resnet20").digest)
"""
    found = [load("random").digest, load("random", "cifar_resnet20").digest]
    assert run_forked(code).split() == found
    assert len(set(found)) == 2


def test_weights_that_come_with_skdl():
    auto, named = load("auto", "cifar_resnet20"), load("cifar10", "cifar_resnet20")
    assert auto is named
    assert auto.digest != load("random", "cifar_resnet20").digest
    assert all(np.isfinite(array).all() for array in auto.arrays)


def test_the_cache_is_bounded(tmp_path, builds):
    paths = [write(trained(seed=seed), tmp_path / f"{seed}.npz") for seed in range(3)]
    size = load(paths[0]).nbytes
    assert size == sum(array.nbytes for array in load(paths[0]).arrays)
    loading._kept_weights.max_bytes = 2 * size
    for path in paths:
        load(path)
    assert sum(weights.nbytes for weights in loading._kept_weights.values()) <= 2 * size
    assert len(loading._kept_weights) == 2
    load(paths[2])
    load(paths[1])
    assert len(builds) == 3
    load(paths[0])  # had to go
    load(paths[1])  # was used last, of the two
    assert len(builds) == 4
    loading._kept_weights.max_bytes = 1
    load(paths[2])
    assert len(loading._kept_weights) == 1  # however large it is


def test_threads_build_once(tmp_path, builds):
    path = write(trained(), tmp_path / "x.npz")
    found = []
    threads = [threading.Thread(target=lambda: found.append(load(path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(weights) for weights in found}) == 1
    assert len(builds) == 1


# ---- what is refused -------------------------------------------------------------------------


def assert_refused(path, reason=".", backbone=small, **params):
    label = backbone if isinstance(backbone, str) else backbone.__qualname__
    with pytest.raises(ValueError, match=reason) as error:
        load(path, backbone, **params)
    message = str(error.value)
    assert f"The file {str(path)!r} does not contain weights of the backbone {label!r}" in message
    assert message.endswith("Nothing was loaded.")
    assert "\n" not in message
    assert not loading._kept_weights
    return message


@pytest.mark.parametrize("name", FORMATS)
def test_weights_of_other_networks(name, tmp_path):
    assert_refused(write(trained(width=5), tmp_path / name))
    assert_refused(write(with_classifier(trained()), tmp_path / name))
    assert_refused(write(trained(), tmp_path / name), width=5)
    assert_refused(write(mutants.whole_backbone((8, 8, 3)), tmp_path / name))


def test_messages_say_what_does_not_fit(tmp_path):
    n, other = trained().count_params(), trained(width=5).count_params()
    for name in ("x.h5", "x.weights.h5", "x.keras"):
        message = assert_refused(write(trained(width=5), tmp_path / name))
        assert (
            f"without its classifier: it has {other:,} values, but the network has {n:,}."
            in message
        )
    write(trained(width=5), tmp_path / "x.npz")
    assert_refused(tmp_path / "x.npz", "its 14 arrays do not have the shapes of the network's")


def test_as_many_values_of_other_shapes(tmp_path):
    """The wrong network, although the number of values is right."""
    n = trained().count_params()
    inputs = keras.Input((1, 1, n - 1))
    other = keras.Model(inputs, layers.Conv2D(1, 1, name="first")(inputs))
    assert other.count_params() == n
    for name in FORMATS:
        assert_refused(write(other, tmp_path / name))


def test_vgg19_is_not_vgg16(tmp_path):
    # Real sizes, but no values: HDF5 writes nothing of what is 0.
    name = "vgg19.h5"
    with h5py.File(tmp_path / name, "w") as file:
        file.attrs["layer_names"] = ["all"]
        file.create_group("all").create_dataset("values", 20_024_384)
    message = assert_refused(tmp_path / name, backbone="vgg16")
    assert "it has 20,024,384 values, but the network has 14,714,688" in message


def test_weights_of_another_alpha(tmp_path):
    model = application("mobilenet_v2", (32, 32, 3), alpha=0.5)
    write_legacy(model, tmp_path / "x.h5")
    for alpha in (0.35, 0.75):
        message = assert_refused(tmp_path / "x.h5", backbone="mobilenet_v2", alpha=alpha)
        assert "values, but the network has " in message


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "content",
    [
        lambda whole: b"",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-1000],
        lambda whole: whole[:10],
        lambda whole: b"\0" * len(whole),
        lambda whole: b"These are no weights.\n" * 100,
        lambda whole: np.random.default_rng(0).bytes(len(whole)),
        lambda whole: whole[:8] + np.random.default_rng(0).bytes(len(whole) - 8),
    ],
    ids=["empty", "half", "cut", "start", "zeros", "text", "garbage", "magic"],
)
def test_damaged_files(name, content, tmp_path):
    path = write(trained(), tmp_path / name)
    path.write_bytes(content(path.read_bytes()))
    assert_refused(path)


@pytest.mark.parametrize("name", FORMATS)
def test_damage_anywhere_in_a_file(name, tmp_path):
    """Either the file is refused, or it holds other values; there is no other error."""
    path = write(trained(), tmp_path / name)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    model = small((8, 8, 3))
    refused = []
    for place in rng.integers(0, len(whole), 40).tolist():
        path.write_bytes(whole[:place] + rng.bytes(4) + whole[place + 4 :])
        loading._kept_weights.clear()
        try:
            load_weights(small, path, {}, lambda: model)
        except ValueError as error:
            refused.append(str(error))
    assert all(str(path) in message for message in refused)
    assert len(refused) < 40
    path.write_bytes(whole)
    load(path)


@pytest.mark.parametrize("name", ["x.h5", "x.weights.h5", "x.keras", "x.npz"])
def test_files_of_one_format_under_the_name_of_another(name, tmp_path):
    for other in FORMATS:
        if other == name:
            continue
        written = write(trained(), tmp_path / f"other-{other}")
        (tmp_path / name).write_bytes(written.read_bytes())
        if (other, name) == ("x.h5", "x.weights.h5"):
            assert load(tmp_path / name).digest == load(written).digest
            loading._kept_weights.clear()
        else:
            assert_refused(tmp_path / name)


def test_hdf5_that_holds_something_else(tmp_path):
    for name in ("x.h5", "y.weights.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            file["table"] = np.zeros(7)
        assert_refused(tmp_path / name, "it has 7 values, but the network has ")
    n = trained().count_params()
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["table"] = np.zeros(n)
    assert_refused(tmp_path / "x.h5", "neither in the format of Keras 2 nor named .weights.h5")
    for name, kind in (("z.h5", "layer_names"), ("z.weights.h5", "layer_names"), ("a.h5", "")):
        with h5py.File(tmp_path / name, "w") as file:
            file["table"] = np.zeros(n)
            if kind:
                file.attrs["layer_names"] = ["first", "last"]
            else:
                file.create_group("model_weights")
        assert_refused(tmp_path / name)
    with h5py.File(tmp_path / "b.weights.h5", "w") as file:
        file["layers"] = np.zeros(n)
    assert_refused(tmp_path / "b.weights.h5")


def test_archives_without_weights(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    assert_refused(tmp_path / "x.keras", "model.weights.h5")
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.txt", "{}")
    assert_refused(tmp_path / "x.npz")
    with zipfile.ZipFile(tmp_path / "y.npz", "w") as archive:
        archive.writestr("../evil.npy", "{}")
    assert_refused(tmp_path / "y.npz")
    assert not (tmp_path.parent / "evil.npy").exists()


class Evil:
    def __reduce__(self):
        return (os.mkdir, ("evil",))


def test_arrays_that_do_not_fit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.npz"
    values = trained().get_weights()
    objects = np.empty(1, dtype=object)
    objects[0] = Evil()
    for arrays in (
        [],
        values[:-1],
        [*values, values[0]],
        values[::-1],
        [*values[:-1], values[-1][:, None]],
        [*values[:-1], objects],
        [np.array([value], dtype=object) for value in range(len(values))],
        [np.full(value.shape, "text") for value in values],
    ):
        np.savez(path, *arrays)
        assert_refused(path)
    assert not (tmp_path / "evil").exists()
    with open(path, "wb") as file:
        np.save(file, values[0])
    assert_refused(path)


@declare_backbone(Backbone(COMMON, {"last": 2}, min_size=8, default_size=8))
def single(input_shape):
    """A network of one array."""
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, layers.Conv2D(2, 1, use_bias=False, name="last")(inputs))


def array_header(**fields):
    header = io.BytesIO()
    plain = {"descr": "<f4", "fortran_order": False, "shape": (1, 1, 3, 2)}
    np.lib.format.write_array_header_1_0(header, plain | fields)
    return header.getvalue()


TOO_MUCH = 2**26
SWOLLEN = {
    "many values.npz": array_header(shape=(TOO_MUCH // 4,)),
    "large values.npz": array_header(descr=f"|S{TOO_MUCH}"),
    "large header.npz": b"\x93NUMPY\2\0" + (TOO_MUCH - 100).to_bytes(4, "little"),
    "swollen.keras": b"",
}


@pytest.mark.parametrize("name", SWOLLEN)
def test_files_that_decompress_to_far_too_much(name, tmp_path, monkeypatch):
    member = "model.weights.h5" if name.endswith(".keras") else "arr_0.npy"
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, SWOLLEN[name] + bytes(TOO_MUCH))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
    (tmp_path / "full").mkdir()
    written, remove = [], shutil.rmtree

    def watched(folder, *args, **kwargs):
        written.extend(path.stat().st_size for path in Path(folder).rglob("*"))
        remove(folder, *args, **kwargs)

    monkeypatch.setattr(shutil, "rmtree", watched)
    tracemalloc.start()
    try:
        assert_refused(tmp_path / name, backbone=single)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max([most, *written]) < TOO_MUCH / 2
    assert bool(written) == name.endswith(".keras")


def test_no_room_to_unpack(tmp_path, monkeypatch):
    path = write(trained(), tmp_path / "x.keras")

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_reading, "copy_limited", full)
    with pytest.raises(OSError, match=f"'{path}' cannot be unpacked in .*: No space left on dev"):
        load(path)


def test_values_in_hdf5_that_are_too_large(tmp_path):
    with h5py.File(tmp_path / "x.weights.h5", "w") as file:
        options = {"dtype": f"S{TOO_MUCH}", "chunks": (1,), "compression": "gzip"}
        file.create_dataset("layers/conv2d/vars/0", (6,), **options)
    assert_refused(tmp_path / "x.weights.h5", "values, which are not weights", backbone=single)
    with h5py.File(tmp_path / "x.weights.h5", "w") as file:
        file.create_dataset("layers/conv2d/vars/0", (6,), dtype=h5py.string_dtype())
    assert_refused(tmp_path / "x.weights.h5", "values, which are not weights", backbone=single)


@declare_backbone(Backbone(COMMON, {"last": 6}, min_size=8, default_size=8))
def nested(input_shape):
    inputs = keras.Input(input_shape)
    blocks = [keras.Sequential([layers.Conv2D(6, 3)], name=f"block{i}") for i in range(2)]
    x = blocks[1](blocks[0](inputs))
    return keras.Model(inputs, layers.Conv2D(6, 1, name="last")(x))


@pytest.mark.parametrize("name", FORMATS)
def test_networks_inside_networks(name, tmp_path):
    path = write(randomized(nested((8, 8, 3))), tmp_path / name)
    assert load(path, nested).digest != load("random", nested).digest


def test_no_value_is_left_as_it_was(tmp_path):
    """Keras passes over some of what is missing in a file."""
    path = write(randomized(nested((8, 8, 3))), tmp_path / "x.weights.h5")
    with h5py.File(path, "a") as file:
        groups = []
        file.visit(groups.append)
    whole = path.read_bytes()
    for group in groups:
        path.write_bytes(whole)
        with h5py.File(path, "a") as file:
            has_values = isinstance(file[group], h5py.Dataset) or _has_values(file[group])
            file.move(group, f"{group}-moved")
        if has_values:
            assert_refused(path, backbone=nested)


def _has_values(group):
    names = []
    group.visit(names.append)
    return any(isinstance(group[name], h5py.Dataset) for name in names)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers(name, value, tmp_path):
    model = trained()
    kernel = model.get_layer("first").kernel
    kernel.assign(np.where(np.arange(kernel.shape[-1]) == 2, np.float32(value), kernel.numpy()))
    message = assert_refused(write(model, tmp_path / name))
    assert "values of first/kernel are missing, NaN or infinite" in message


def test_names_of_files_in_the_data_home(home, tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with pytest.raises(FileNotFoundError) as error:
        load("x.npz")
    both = f"neither in '{tmp_path}/work' nor in '{home}/weights'"
    assert str(error.value) == (
        f"The parameter weights names the file 'x.npz', which does not exist, {both}."
    )
    (home / "weights" / "mine").mkdir(parents=True)
    write(trained(), home / "weights" / "x.npz")
    write(trained(), home / "weights" / "mine" / "y.h5")
    assert load("x.npz").digest == load("mine/y.h5").digest == load("./x.npz").digest
    write(trained(seed=1), tmp_path / "work" / "x.npz")  # nearer
    assert load("x.npz").digest == load(tmp_path / "work" / "x.npz").digest
    assert load("x.npz").digest != load("mine/y.h5").digest


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="weights names the file .*x.h5', which does not"):
        load(tmp_path / "x.h5")
    (tmp_path / "x.h5").mkdir()
    for folder in (tmp_path, tmp_path / "x.h5"):
        with pytest.raises(FileNotFoundError, match=f"file '{folder}', which is a folder"):
            load(folder)
    (tmp_path / "x.ckpt").write_text("")
    with pytest.raises(ValueError, match=r"'.*x.ckpt' has an unknown format. Expected one of .wei"):
        load(tmp_path / "x.ckpt")


def test_unknown_names():
    with pytest.raises(ValueError, match="backbone 'vgg16' has no weights 'image-net'") as error:
        load("image-net", "vgg16")
    message = str(error.value)
    assert "Pass one of 'random', 'imagenet', or the path of a file (.weights.h5," in message
    with pytest.raises(ValueError, match="'small' has no weights 'auto'. It declares no trained"):
        load("auto")
    with pytest.raises(ValueError, match=r"has no weights ''"):
        load("")
    for wrong in (None, 3, ["imagenet"]):
        with pytest.raises(ValueError, match="pass 'random'. Got"):
            load(wrong, "vgg16")


# ---- what is downloaded ----------------------------------------------------------------------


def test_without_a_network(home):
    with pytest.raises(ConnectionError) as error:
        load("imagenet", "vgg16")
    message = str(error.value)
    assert message.startswith("The 'imagenet' weights of the backbone 'vgg16' are not on this mach")
    name = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert f"The file '{home}/weights/{name}' could not be downloaded" in message
    assert "Put the file from https://storage.googleapis.com/tensorflow/ker" in message
    assert f"/vgg16/{name}" in message
    assert "Or pass the path of a file as weights, or use the backbone 'cifar_resnet20'" in message
    assert not loading._kept_weights


@pytest.mark.parametrize(("name", "kind"), [("vgg16", "sha256"), ("vgg19", "md5")])
def test_the_wrong_file_in_the_data_home(name, kind, home):
    file = check_weights_name(name, "imagenet", {}).file
    path = home / file.name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=f"has 0 bytes, expected {file.size:,}"):
        load("imagenet", name)
    with open(path, "wb") as sparse:
        sparse.truncate(file.size)
    with pytest.raises(ValueError, match=f"The file '{path}' is not the right one") as error:
        load("imagenet", name)
    digest = getattr(file, kind)
    assert f"the {kind} of its content is " in str(error.value)
    assert f"expected {digest}" in str(error.value)
    assert path.stat().st_size == file.size


def declared(path, url="https://example.org/x.h5", kind="sha256", values=None):
    """The small backbone with weights that lie at an address."""
    content = path.read_bytes()
    digests = {"sha256": None, kind: hashlib.new(kind, content).hexdigest()}
    file = RemoteFile("weights/x.h5", url, size=len(content), **digests)
    weights = (PretrainedWeights("mine", file, "MIT", "Somebody", values_sha256=values),)

    def builder(input_shape):
        return small(input_shape)

    return declare_backbone(Backbone(COMMON, {"last": 6}, min_size=8, weights=weights))(builder)


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_the_right_file_in_the_data_home(kind, home, tmp_path):
    path = write(trained(), tmp_path / "mine.h5")
    backbone = declared(path, kind=kind)
    with pytest.raises(ConnectionError, match="no network"):
        load("mine", backbone)
    (home / "weights").mkdir(parents=True, exist_ok=True)
    path.rename(home / "weights" / "x.h5")
    found = load("mine", backbone)
    assert load("auto", backbone) is found
    assert found.digest == load(home / "weights" / "x.h5").digest


def digest_of_values(model):
    """As the documentation of `values_sha256` has it."""
    digest = hashlib.sha256()
    for array in map(np.ascontiguousarray, model.get_weights()):
        digest.update(f"{array.shape}{array.dtype.str}".encode() + array.tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", ["anything.weights.h5", "anything.keras", "anything.npz", "x.h5"])
def test_declared_values_in_any_file_of_the_data_home(name, home, tmp_path, builds):
    path = write(trained(), tmp_path / "mine.h5")
    values = digest_of_values(trained())
    backbone = declared(path, values=values)
    folder = home / "weights"
    folder.mkdir(parents=True)
    write(trained(seed=1), folder / "another.npz")
    write(trained(width=5), folder / "narrow.keras")
    (folder / "damaged.h5").write_bytes(b"damaged")
    (folder / "folder.h5").mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ConnectionError, match="no network"):
        load("mine", backbone)
    write(trained(), folder / name)
    if name == "x.h5":  # the declared name, but not the same bytes
        with h5py.File(folder / name, "a") as file:
            file.attrs["written by"] = "somebody"
    found = load("mine", backbone)
    assert found.digest == values
    before = len(builds)
    assert load("auto", backbone) is found
    assert len(builds) == before  # nor is any of the others read again
    with pytest.raises((ConnectionError, ValueError), match="no network|is not the right one"):
        load("mine", declared(path))  # of which no values are known


def test_a_file_in_its_place_comes_first(home, tmp_path, monkeypatch):
    path = write(trained(), tmp_path / "mine.h5")
    backbone = declared(path, values=digest_of_values(trained()))
    (home / "weights").mkdir(parents=True)
    write(trained(), home / "weights" / "a.npz")
    path.rename(home / "weights" / "x.h5")
    read = []
    monkeypatch.setattr(_reading, "read_into", lambda model, path, label: read.append(path.name))
    load("mine", backbone)
    assert read == ["x.h5"]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "params", "file"),
    [
        ("vgg16", {}, "vgg16_imagenet_notop.weights.h5"),
        ("mobilenet_v2", {"alpha": 0.35}, "mobilenet_v2_0.35_224_no_top.weights.h5"),
    ],
)
def test_published_values_in_the_data_home(name, params, file, data_home):
    path = data_home / "weights" / file
    if not path.exists():
        pytest.skip(f"{data_home} holds no {file}")
    assert load("imagenet", name, **params) is load(path, name, **params)


def test_declared_weights_of_another_network(home, tmp_path):
    path = write(trained(width=5), tmp_path / "mine.h5")
    backbone = declared(path)
    (home / "weights").mkdir(parents=True, exist_ok=True)
    path.rename(home / "weights" / "x.h5")
    with pytest.raises(
        ValueError, match=f"'{home}/weights/x.h5' does not contain weights of the ba"
    ):
        load("mine", backbone)


def test_downloads_happen_once_and_show_progress(tmp_path, monkeypatch, capsys):
    content, asked = write(trained(), tmp_path / "mine.h5").read_bytes(), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path / "home"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        backbone = declared(tmp_path / "mine.h5", f"http://127.0.0.1:{server.server_port}/x.h5")
        first = load("mine", backbone)
        loading._kept_weights.clear()
        again = load("auto", backbone)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert asked == ["/x.h5"]
    assert first.digest == again.digest == load(tmp_path / "mine.h5").digest
    assert (tmp_path / "home" / "weights" / "x.h5").read_bytes() == content
    pytest.importorskip("tqdm")
    assert "100%" in capsys.readouterr().err
