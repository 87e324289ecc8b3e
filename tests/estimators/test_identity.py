"""What networks tell of the files that they start from."""

import hashlib

import pytest
from sklearn.base import clone

from skdl import BackboneFeatures, CNNClassifier, TransferClassifier, VGG16Features


@pytest.mark.parametrize("cls", [BackboneFeatures, TransferClassifier, VGG16Features])
@pytest.mark.parametrize("kind", [str, None])
def test_files_of_weights_are_told_by_content(tmp_path, cls, kind):
    path = tmp_path / "mine.npz"
    model = cls(weights=path if kind is None else kind(path))
    assert model.__skdl_digest__() == []  # not there yet
    for content in (b"some", b"others"):
        path.write_bytes(content)
        assert clone(model).__skdl_digest__() == [hashlib.sha256(content).hexdigest()]


@pytest.mark.parametrize(
    "model",
    [CNNClassifier(), BackboneFeatures(), VGG16Features(weights="random"), TransferClassifier()],
    ids=repr,
)
def test_without_a_file_there_is_nothing_to_tell(model):
    assert model.__skdl_digest__() == []


def test_a_builder_may_read_files_of_weights(tmp_path):
    path = tmp_path / "start.npz"
    path.write_bytes(b"some")
    model = CNNClassifier(architecture__weights=path, architecture__width=3)
    assert model.__skdl_digest__() == [hashlib.sha256(b"some").hexdigest()]
