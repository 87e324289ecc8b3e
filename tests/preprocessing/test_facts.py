"""`ImageFacts`: what is known of images without looking at what they show."""

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone

from skdl.preprocessing import ImageFacts, _facts


@pytest.fixture
def paths(tmp_path):
    """A gray PNG with a white frame, and a JPEG in colour."""
    gray = np.full((40, 20), 100, dtype=np.uint8)
    gray[:1], gray[-1:], gray[:, :1], gray[:, -1:] = 255, 255, 255, 255
    color = np.broadcast_to(np.array([10, 20, 60], dtype=np.uint8), (8, 16, 3))
    files = [str(tmp_path / "gray.png"), str(tmp_path / "color.jpg")]
    Image.fromarray(gray).save(files[0])
    Image.fromarray(color).save(files[1], quality=95)
    return files


def table(X, **params):
    facts = ImageFacts(**params)
    names = facts.get_feature_names_out()
    return [dict(zip(names, row, strict=True)) for row in facts.fit_transform(X)]


def test_facts_of_files_of_several_sizes(paths):
    gray, color = table(paths)
    assert (gray["height"], gray["width"], gray["channels"], gray["bits"]) == (40, 20, 1, 8)
    assert (gray["low"], gray["high"]) == (100, 255)
    n_frame = 40 * 20 - 38 * 18
    assert gray["brightness"] == pytest.approx(100 + 155 * n_frame / 800)
    assert (gray["border_brightness"], gray["border_contrast"]) == (255, 0)
    assert np.isnan(gray["quantization"])
    assert (color["height"], color["width"], color["channels"]) == (8, 16, 3)
    assert color["brightness"] == pytest.approx(30, abs=2)
    assert color["quantization"] > 0
    assert color["bytes_per_pixel"] > 1


def test_arrays_and_files_have_the_same_but_for_what_only_files_have(paths):
    (of_array,) = table(np.asarray(Image.open(paths[0]))[None])
    of_file = table(paths)[0]
    only = {"bytes_per_pixel", "quantization"}
    assert {k: v for k, v in of_array.items() if k not in only} == {
        k: v for k, v in of_file.items() if k not in only
    }
    assert np.isnan(of_array["bytes_per_pixel"])


def test_brightness_is_the_mean_of_all_channels_but_transparency():
    X = np.random.default_rng(0).random((3, 8, 9, 5))
    for n_channels in (1, 2, 3, 4, 5):
        images = X[..., :n_channels]
        seen = images[..., :3] if n_channels == 4 else images
        for row, facts in enumerate(table(images)):
            assert facts["channels"] == n_channels
            assert facts["brightness"] == pytest.approx(seen[row].mean(), rel=1e-5)
            assert facts["high"] == pytest.approx(images[row].max())


def test_each_image_is_measured_once(paths, monkeypatch):
    facts = ImageFacts()
    first = facts.fit_transform(paths)
    monkeypatch.setattr(_facts, "measure_images", None)
    np.testing.assert_array_equal(clone(facts).fit(paths).transform(paths[::-1]), first[::-1])


def test_bad_input(paths, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"broken\.png"):
        ImageFacts().fit_transform([paths[0], str(tmp_path / "broken.png")])
    with pytest.raises(ValueError, match="n_jobs"):
        ImageFacts(n_jobs=0).fit(paths)
    with pytest.raises(ValueError, match="X"):
        ImageFacts().fit([])
