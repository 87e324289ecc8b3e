import numpy as np
import pytest
from mutants import whole_dataset
from sklearn.datasets import load_digits

import skdl
from skdl.datasets import load_dataset, load_digits_images
from skdl.plugins import datasets, register_dataset


@pytest.fixture
def registered():
    """Register a loader for one test."""
    names = []

    def register(name, loader):
        names.append(name)
        register_dataset(name)(loader)

    yield register
    for name in names:
        del datasets._plugins[name]


def sized(*, size=3, return_X_y=False):
    return (size, return_X_y)


def takes_anything(**params):
    return params


def takes_nothing():
    return "loaded"


def test_it_is_a_name_of_skdl():
    assert skdl.load_dataset is load_dataset


def test_skdls_own_are_loaded_with_their_parameters():
    X, y = load_dataset("digits", n_samples=50, return_X_y=True)
    expected, labels = load_digits_images(n_samples=50, return_X_y=True)
    assert np.array_equal(X, expected)
    assert np.array_equal(y, labels)
    assert load_dataset("digits").DESCR == load_digits_images().DESCR


@pytest.mark.networks
def test_a_registered_loader_is_called(registered):
    registered("test-whole", whole_dataset)
    registered("test-sized", sized)
    registered("test-any", takes_anything)
    registered("test-nothing", takes_nothing)
    registered("test-sklearn", load_digits)
    assert set(load_dataset("test-whole")) >= {"data", "target", "target_names", "DESCR"}
    assert load_dataset("test-sized", size=5, return_X_y=True) == (5, True)
    assert load_dataset("test-any", version=2) == {"version": 2}
    assert load_dataset("test-nothing") == "loaded"
    assert load_dataset("test-sklearn", n_class=2).target.max() == 1


def test_a_data_set_of_another_package(tmp_path, monkeypatch):
    """Found by its metadata, and imported only now."""
    info = tmp_path / "shapes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shapes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[skdl.datasets]\nshapes = module_of_shapes:load\nodd = module_of_shapes:missing\n"
    )
    (tmp_path / "module_of_shapes.py").write_text("def load(*, size=16):\n    return size\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(vars(datasets), "_plugins", raising=False)  # metadata is read once
    try:
        assert load_dataset("shapes", size=8) == 8
        with pytest.raises(ValueError, match="plugin 'odd' of package 'shapes' is broken"):
            load_dataset("odd")
    finally:
        vars(datasets).pop("_plugins", None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("minst", r"Unknown data set 'minst'\. Did you mean 'mnist'\? Known: "),
        ("xyz", r"Unknown data set 'xyz'\. Known: cifar10, digits, "),
        ("", "Unknown data set ''"),
        (None, r"Unknown data set None\. "),
        (3, r"Unknown data set 3\. Known"),
        (["mnist"], r"Unknown data set \['mnist'\]\. Known"),
        (load_digits_images, r"Unknown data set <function load_digits_images"),
    ],
)
def test_bad_names(name, message):
    with pytest.raises(ValueError, match=message):
        load_dataset(name)


def test_parameters_that_the_loader_does_not_take(registered):
    message = (
        r"'digits' has no parameter 'n_sample'\. Did you mean 'n_samples'\? Its parameters: "
        r"n_samples, random_state, return_X_y\."
    )
    with pytest.raises(TypeError, match=message):
        load_dataset("digits", n_sample=3)
    registered("test-nothing", takes_nothing)
    with pytest.raises(TypeError, match=r"has no parameter 'subset'\. Its parameters: none\."):
        load_dataset("test-nothing", subset="test")


def test_values_are_checked_by_the_loader():
    with pytest.raises(ValueError, match="n_samples"):
        load_dataset("digits", n_samples=-1)
