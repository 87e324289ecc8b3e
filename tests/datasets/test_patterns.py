"""What `exclude` leaves out of folders, archives and lists."""

import warnings

import pytest
from folders import load, pack, relative

from skdl.datasets import load_image_folder

FILES = (
    "cats/1.png", "cats/1_seg.png", "cats/old/2.png", "dogs/1.png", "dogs/thumbs/1.png",
    "thumbs/x.png",
)  # fmt: skip


@pytest.fixture
def mess(make_images):
    return make_images(*FILES)


@pytest.mark.parametrize(
    ("exclude", "kept"),
    [
        ("thumbs", "cats/1.png cats/old/2.png dogs/1.png"),
        ("thumbs/", "cats/1.png cats/old/2.png dogs/1.png"),
        ("dogs/thumbs", "cats/1.png cats/old/2.png dogs/1.png thumbs/x.png"),
        (["thumbs", "o*d"], "cats/1.png dogs/1.png"),
        (["thumbs", "cats/*.png"], "cats/old/2.png dogs/1.png"),  # * ends at a slash
        (["thumbs", "cats/**/[2-9].png"], "cats/1.png dogs/1.png"),
        (["thumbs", "cats/**/1.png"], "cats/old/2.png dogs/1.png"),  # ** may be no folder
        (["thumbs", "**/old/**"], "cats/1.png dogs/1.png"),
        (["thumbs", "./old"], "cats/1.png dogs/1.png"),
        (["thumbs", "*.png"], ""),
        ([], "cats/1.png cats/old/2.png dogs/1.png thumbs/x.png"),
    ],
)
def test_patterns_fit_the_ends_of_paths(mess, exclude, kept, tmp_path):
    kept = kept.split()
    if not kept:
        with pytest.raises(ValueError, match=r"no image in .* except those .* exclude leaves ou"):
            load_image_folder(pack(mess, tmp_path / "mess.zip"), exclude=exclude)
        return
    for source in (mess, pack(mess, tmp_path / "mess.zip")):
        bunch, said = load(source, exclude=exclude)
        root = mess if source == mess else f"{source}/pets"
        assert relative(bunch.data, root) == kept
        assert len(bunch.excluded) == len(FILES) - len(kept) - len(bunch.companions)
        assert not any("exclude" in text for text in said)
        assert ("by exclude" in bunch.DESCR) == bool(bunch.excluded)


def test_a_class_that_is_left_out_is_none(pets):
    bunch = load_image_folder(pets, exclude="cats")
    assert bunch.target_names.tolist() == ["dogs"]
    assert relative(bunch.excluded, pets) == ["cats/1.png", "cats/2.png", "cats/3.png"]
    assert "Left out: 0 unreadable files and 0 files of other kinds, 3 images by exclude." in (
        bunch.DESCR
    )
    assert load_image_folder(pets, exclude="cats/*").target_names.tolist() == ["dogs"]


def test_what_is_left_out_need_not_be_readable_or_of_a_class(pets):
    (pets / "cats" / "cut.png").write_bytes(b"")
    (pets / "empty").mkdir()
    (pets / "stray.png").write_bytes(b"")
    (pets / "cats" / "1.dcm").write_bytes(b"")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bunch = load_image_folder(pets, exclude=["cut.png", "empty", "stray.*", "*.dcm"])
    assert len(bunch.data) == 5
    assert (bunch.unreadable, bunch.ignored) == ([], {})


@pytest.mark.parametrize("accent", ["é", "e\u0301"])
def test_accents_are_one_character_or_two(make_images, accent):
    root = make_images(f"caf{accent}/1.png", "b/1.png")
    assert load_image_folder(root, exclude="café").target_names.tolist() == ["b"]
    assert load_image_folder(root, exclude="cafe\u0301").target_names.tolist() == ["b"]


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("_seg", "Did you mean '*_seg*'?"),
        ("data/mess/thumbs", "Did you mean 'thumbs'?"),
        ("THUMBS", "With other capitals, it would match 2 names."),
        ("thumsb", "Did you mean 'thumbs'?"),
        ("*.xyz", ""),
    ],
)
def test_patterns_that_fit_nothing(mess, pattern, meant):
    bunch, said = load(mess, exclude=pattern)
    (text,) = [text for text in said if "exclude" in text]
    assert text.startswith(f"exclude={pattern!r} matches no file or folder in ")
    assert text.endswith(f"pets'. {meant}".rstrip())
    assert bunch.excluded == []


@pytest.mark.parametrize("exclude", [3, "", "/", [""], ["a", None], True, {"a": 1}, b"a"])
def test_what_is_no_pattern(pets, exclude):
    with pytest.raises(ValueError, match="exclude must be a pattern of names, such as"):
        load_image_folder(pets, exclude=exclude)


def test_rows_of_lists(pets):
    rows = ["path,label", "cats/1.png,", "cats/2.png,cat", f"{pets}/dogs/1.png,dog", "gone.png,x"]
    (pets / "list.csv").write_text("\n".join(rows))
    bunch = load_image_folder(pets / "list.csv", exclude=["cats/1.*", "gone.png"])
    assert relative(bunch.data, pets) == ["cats/2.png", "dogs/1.png"]
    assert relative(bunch.excluded, pets) == ["cats/1.png", "gone.png"]
    with pytest.raises(ValueError, match="'label' of .* is empty in row 0"):
        load_image_folder(pets / "list.csv", exclude="cats/2.png")
    rows[2] = "cats/2.png,"
    (pets / "list.csv").write_text("\n".join(rows))
    with pytest.raises(ValueError, match="'label' of .* is empty in row 1"):  # of the file
        load_image_folder(pets / "list.csv", exclude=["cats/1.*"])
    with pytest.raises(ValueError, match="exclude leaves out all files of"):
        load_image_folder(pets / "list.csv", exclude="*.png")
