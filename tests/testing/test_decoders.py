"""The contract of decoders: skdl's own keep it, and what breaks it is named."""

import numpy as np
import pytest
from image_files import samples

from skdl.images import Decoder, ImageInfo
from skdl.images._decoders.pillow import has_feature
from skdl.testing import check_decoder, contracts_of

SAMPLES = samples()
FEATURES = {"avif": "avif", "jpeg2000": "jpg_2000"}


class Raw(Decoder):
    """Height, width and frames, then bytes."""

    extensions = (".raw8",)

    def info(self, file, frame=0):
        height, width, n_frames = file.read(3)
        return ImageInfo(height, width, 1, "RAW8", n_frames=n_frames)

    def pixels(self, file, frame=0):
        height, width, n_frames = file.read(3)
        values = np.frombuffer(file.read(), np.uint8)
        return values.reshape(n_frames, height, width, 1)[frame].copy()


RAW = bytes([2, 3, 2, *range(12)])


class Greedy(Raw):
    """Wants every file."""

    extensions = ("RAW",)

    def recognizes(self, start):
        return True


class Untrue(Raw):
    """Says what is not so."""

    def info(self, file, frame=0):
        return ImageInfo(3, 3, 1, "RAW8")


class Padding(Raw):
    """Makes up what is missing."""

    def pixels(self, file, frame=0):
        height, width, n_frames = file.read(3)
        count = height * width * n_frames
        values = np.frombuffer(file.read().ljust(count, b"\0")[:count], np.uint8)
        return values.reshape(n_frames, height, width, 1)[frame]


class Restless(Raw):
    """Adds noise."""

    rng = np.random.default_rng(0)

    def pixels(self, file, frame=0):
        pixels = super().pixels(file, frame)
        return self.rng.integers(0, 256, pixels.shape, dtype=np.uint8)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_skdls_own_keep_the_contract(name, tmp_path):
    if name in FEATURES and not has_feature(FEATURES[name]):
        pytest.skip("Pillow is older, or was built without it")
    ending, make = SAMPLES[name]
    path = tmp_path / f"a{ending}"
    path.write_bytes(make())
    check_decoder(name, [path, path.read_bytes()])


def test_a_class_is_a_decoder_before_it_is_registered():
    check_decoder(Raw, [RAW])
    assert [check.__name__ for check in contracts_of(Raw)] == ["check_decoder_declares_its_files"]
    assert contracts_of("dicom") == contracts_of(Raw)


@pytest.mark.parametrize(
    ("kind", "files", "message"),
    [
        (Greedy, [], "'RAW' does not start with a dot"),
        (Untrue, [RAW], r"Untrue, of a file: header says|pixels of frame 0 are \(2, 3, 1\)"),
        (Padding, [RAW], "half a file is read as an image"),
        (Restless, [RAW], "frame 0 is not the same when read again"),
        (Raw, [b"\2"], "Raw, of a file: ValueError: not enough values to unpack"),
        (int, [], "it makes 0, not a skdl.images.Decoder"),
    ],
)
def test_broken_contracts_are_named(kind, files, message):
    with pytest.raises(AssertionError, match=message):
        check_decoder(kind, files)


def test_unknown_names():
    with pytest.raises(ValueError, match="Unknown decoder 'dicm'. Did you mean 'dicom'"):
        check_decoder("dicm")
