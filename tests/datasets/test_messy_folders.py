"""Folders of images as they are published and as systems leave them."""

import errno
import os
import shutil
import warnings
import zipfile

import pytest
from PIL import Image

from skdl import ImageLoader
from skdl.datasets import describe_images, load_image_folder


def names(paths, root):
    return [os.path.relpath(path, root) for path in paths]


def load(path, **params):
    """What is loaded, and what is said of it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bunch = load_image_folder(path, **params)
    return bunch, [str(warning.message) for warning in caught]


BUSI = (
    "benign/benign (1).png",
    "benign/benign (1)_mask.png",
    "benign/benign (2).png",
    "benign/benign (2)_mask.png",
    "benign/benign (2)_mask_1.png",
    "normal/normal (1).png",
    "normal/normal (1)_mask.png",
)


def test_masks_beside_their_images_are_left_out(make_images):
    root = make_images(*BUSI)
    bunch, (message,) = load(root)
    assert message.startswith(
        "4 files are masks or thumbnails of other images and are left out: "
        f"'{root}/benign/benign (1)_mask.png', "
    )
    assert "list them in a CSV file" in message
    assert names(bunch.data, root) == [name for name in BUSI if "mask" not in name]
    assert names(bunch.companions, root) == [name for name in BUSI if "mask" in name]
    assert "4 masks or thumbnails" in bunch.DESCR


@pytest.mark.parametrize(
    ("image", "companion"),
    [
        ("1.png", "1_mask.png"),
        ("1.jpg", "1-mask.png"),
        ("1.png", "1_Mask 2.png"),
        ("1.png", "1_mask (2).png"),
        ("1.png", "mask_1.png"),
        ("1.png", "1_seg.png"),
        ("1.png", "1_segmentation.bmp"),
        ("1.png", "1.gt.png"),
        ("1.png", "1_ground_truth.png"),
        ("1.bmp", "1_anno.bmp"),
        ("1.png", "1_label.png"),
        ("1.jpg", "1_superpixels.png"),
        ("1.jpg", "1_thumb.jpg"),
        ("images/1.png", "masks/1.png"),
        ("Images/1.png", "Masks/1_mask.png"),
        ("imgs/p/1.png", "labels/p/1.png"),
        ("images/1.png", "annotations/trimaps/1.png"),
        ("Images/bus_0001-l.png", "Masks/mask_0001-l.png"),
        ("p1/image.png", "p1/mask.png"),
        ("p1/image.png", "p1/mask 2.png"),
        ("img_1.png", "mask_1.png"),
        ("1_image.png", "1_mask.png"),
        ("1.png", "masks/1.png"),
        ("thumbnail/images/1.png", "thumbnail/masks/1.png"),
    ],
)
def test_what_belongs_to_an_image(make_images, image, companion):
    root = make_images(f"ill/{image}", f"ill/{companion}", "well/2.png")
    with pytest.warns(UserWarning, match="1 file is a mask or thumbnail of another image"):
        bunch = load_image_folder(root)
    assert names(bunch.data, root) == [f"ill/{image}", "well/2.png"]
    assert names(bunch.companions, root) == [f"ill/{companion}"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a/1.png", "a/2_mask.png"),  # of another image
        ("mask/1.png", "no_mask/1.png"),  # faces with and without one
        ("with_mask/1.png", "without_mask/1.png"),
        ("masks/1.png", "hats/1.png"),
        ("a/1_mask.png", "b/1.png"),
        ("a/1.png", "a/1_masked.png"),
        ("a/1.png", "a/1mask.png"),
        ("a/1.png", "a/1_2.png"),
        ("a/masks/1.png", "a/2.png"),
        ("a/image_1.png", "a/mask_2.png"),
        ("a/image_1.png", "a/1.png"),
        ("a/photos/1.png", "a/labels/2.png"),
        ("a/mask.png", "b/mask.png"),
    ],
)
def test_what_belongs_to_no_image(make_images, first, second):
    root = make_images(first, second, "z/9.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bunch = load_image_folder(root)
    assert names(bunch.data, root) == [*sorted((first, second)), "z/9.png"]
    assert bunch.companions == []


def test_a_tree_of_masks_beside_that_of_images(make_images):
    shown = ("ill/1.png", "ill/2.png", "well/3.png")
    root = make_images(*(f"{top}/{name}" for top in ("images", "masks") for name in shown))
    with pytest.warns(UserWarning, match="3 files are masks or thumbnails"):
        bunch = load_image_folder(root)
    assert bunch.target_names.tolist() == ["ill", "well"]
    assert names(bunch.data, root / "images") == list(shown)
    assert load_image_folder(root / "masks").target.tolist() == [0, 0, 1]


@pytest.mark.parametrize("folder", ["images", "Img"])
def test_a_folder_of_images_is_no_class(make_images, folder):
    root = make_images(*(f"{top}/{number}.png" for top in (folder, "masks") for number in "123"))
    with pytest.raises(ValueError, match=f"The images lie directly in '{root}/{folder}', so that"):
        load_image_folder(root)


@pytest.mark.parametrize(
    "masks",
    [
        ("train_masks/ill/1.png", "test_masks/ill/3.png"),
        ("train_masks/1.png", "train_masks/2.png"),
        ("masks/1_mask.png",),
        ("masks/train/ill/1.png", "masks/test/ill/3.png"),
        ("Train-Labels/1.png",),
        ("masks_train/1.png", "Segmentations/1.png"),
    ],
)
@pytest.mark.parametrize("wrapper", ["", "data/"])
def test_folders_of_masks_beside_subsets(make_images, masks, wrapper):
    shown = ("test/ill/3.png", "test/well/4.png", "train/ill/1.png", "train/well/2.png")
    root = make_images(*(f"{wrapper}{name}" for name in (*shown, *masks)))
    bunch, (message,) = load(root)
    assert "left out" in message
    assert "mask" in message
    assert sorted(names(bunch.data, root / wrapper)) == list(shown)
    assert sorted(names(bunch.companions, root / wrapper)) == sorted(masks)
    assert len(load(root, subset="test")[0].data) == 2


@pytest.mark.parametrize("folder", ["extra", "masked", "train_more", "trainmasks2x"])
def test_other_folders_beside_subsets_are_refused(make_images, folder):
    root = make_images("train/ill/1.png", "test/ill/2.png", f"{folder}/ill/3.png")
    with pytest.raises(ValueError, match=f"{folder}' lies beside folders of subsets"):
        load_image_folder(root)


@pytest.mark.parametrize(
    ("place", "images"),
    [
        ("annotations", ("cats/1.png", "dogs/2.png")),
        ("Annotations/xmls", ("cats/1.png", "dogs/2.png")),
        ("annotations", ("images/cats/1.png", "images/dogs/2.png")),
        ("train/annotations", ("train/cats/1.png", "train/dogs/2.png")),
        ("annotations", ("train/cats/1.png", "train/dogs/2.png")),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_annotations_is_no_class(make_images, tmp_path, place, images, packed):
    root = make_images(*images)
    (root / place).mkdir(parents=True)
    for name in ("1.xml", "2.JSON", "list.txt"):
        (root / place / name).write_text("text")
    path = shutil.make_archive(str(root), "zip", root) if packed else root
    bunch, (message,) = load(path)
    assert message.startswith("1 folder holds text files only, such as annotations, and no class: ")
    assert place.split("/xmls")[0] in message
    assert bunch.target_names.tolist() == ["cats", "dogs"]
    assert bunch.ignored == {".json": 1, ".txt": 1, ".xml": 1}


def test_a_folder_of_other_files_is_an_empty_class(make_images):
    root = make_images("cats/1.png", "dogs/2.png")
    (root / "birds").mkdir()
    for name in ("1.xml", "1.dcm"):
        (root / "birds" / name).write_text("text")
    with pytest.raises(ValueError, match="birds: there is no image in this folder"):
        load_image_folder(root)


def test_annotations_inside_a_class_are_no_news(make_images):
    root = make_images("cats/1.png", "dogs/2.png")
    (root / "cats/annotations").mkdir()
    (root / "cats/annotations/1.xml").write_text("text")
    bunch, messages = load(root)
    assert (len(bunch.data), messages) == (2, [])


def test_masks_in_archives_and_subsets(make_images, tmp_path):
    root = make_images(*(f"{top}/{name}" for top in ("train", "test") for name in BUSI))
    shutil.make_archive(str(root), "zip", root)
    bunch, (message,) = load(f"{root}.zip", subset="test")
    assert "8 files are masks" in message
    assert not any("mask" in os.path.basename(path) for path in bunch.data)
    assert len(bunch.companions) == 8


def test_a_list_decides_for_itself_what_is_an_image(make_images):
    root = make_images(*BUSI)
    rows = "\n".join(f"{name},{name.partition('/')[0]}" for name in BUSI)
    (root / "all.csv").write_text(f"path,label\n{rows}\n")
    bunch, (message,) = load(root / "all.csv")
    assert f"in it: 4, such as '{root}/benign/benign (1)_mask.png'" in message
    assert len(bunch.data) == len(BUSI)
    assert bunch.companions == []


OF_SYSTEM = (
    "cats/@eaDir/1.png/SYNOPHOTO_THUMB_M.png",
    "dogs/@eaDir/1.png/SYNOPHOTO_THUMB_M.png",
    "$RECYCLE.BIN/S-1-5-18/old.png",
    "#recycle/old.png",
)


def test_folders_of_the_system_are_passed_over(make_images, tmp_path):
    images = ("cats/1.png", "dogs/1.png")
    hidden = ("cats/.thumbnails/1.png", "cats/._1.png", "dogs/.ipynb_checkpoints/1.png")
    root = make_images(*images, *OF_SYSTEM, *hidden, "cats/__MACOSX/1.png")
    (root / "cats" / "Thumbs.db").write_bytes(b"\0")
    shutil.make_archive(str(root), "zip", root)
    for name in ("lost+found", "System Volume Information", "__pycache__", ".ipynb_checkpoints"):
        (root / name).mkdir()
    bunch, (message,) = load(root)
    assert message == (
        "System folders, which hold no data, are skipped: '#recycle' (1), "
        "'$RECYCLE.BIN' (1), '@eaDir' (2), 'System Volume Information' (1), '__pycache__' (1), "
        "'lost+found' (1)."
    )
    assert names(bunch.data, root) == list(images)
    assert bunch.target_names.tolist() == ["cats", "dogs"]
    packed, (message,) = load(f"{root}.zip")
    assert message.endswith("'#recycle' (1), '$RECYCLE.BIN' (1), '@eaDir' (2).")
    assert names(packed.data, f"{root}.zip") == list(images)


def test_empty_folders_of_the_system_in_archives(make_images):
    root = make_images("cats/1.png", "dogs/1.png")
    with zipfile.ZipFile(f"{root}.zip", "w") as archive:
        for name in ("cats/1.png", "dogs/1.png"):
            archive.write(root / name, name)
        archive.mkdir("lost+found")
    assert load_image_folder(f"{root}.zip").target_names.tolist() == ["cats", "dogs"]


def save_frames(path, n):
    colors = ["red", "blue", "lime", "black"][:n]
    first, *others = [Image.new("RGB", (8, 8), color) for color in colors]
    first.save(path, save_all=True, append_images=others)


@pytest.mark.parametrize("ending", [".gif", ".png", ".tif", ".tiff", ".webp", ".PNG"])
@pytest.mark.parametrize("verify", [True, False])
def test_animations_and_documents_are_counted(make_images, ending, verify):
    root = make_images("a/1.jpg", "b/1.jpg", "b/2.png")
    save_frames(root / "a" / f"single{ending}", 1)
    for number in (2, 3):
        save_frames(root / "a" / f"several {number}{ending}", number)
    bunch, (message,) = load(root, verify=verify)
    assert message.startswith(
        "2 files hold several frames or pages, of which the first is taken: "
        f"'{root}/a/several 2{ending}', '{root}/a/several 3{ending}'."
    )
    assert len(bunch.data) == 6
    shutil.make_archive(str(root), "zip", root)
    _, packed = load(f"{root}.zip", verify=verify)
    assert packed == [message.replace(str(root), f"{root}.zip")]


def test_only_loaded_files_are_examined_for_frames(make_images):
    root = make_images("train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/3.png")
    save_frames(root / "test" / "b" / "4.gif", 2)
    assert load(root, subset="train")[1] == []
    assert "1 file holds several" in load(root, subset="test")[1][0]


def test_one_warning_of_a_kind(make_images):
    classes = [f"Class {number}" for number in range(20)]
    root = make_images(
        *(f"train/{name}/1.png" for name in classes),
        *(f"test/{name.lower()}/2.png" for name in classes),
        *(f"test/other {number}/3.png" for number in range(20)),
        *(f"train/{name}/1_mask_{n}.png" for name in classes for n in range(5)),
    )
    _, messages = load(root)
    assert len(messages) == 3
    assert all(len(message) < 80 * 10 for message in messages)
    assert "20 classes have no training images: 'other 0', 'other 1', " in messages[2]
    assert all(", …" in message for message in messages)


def test_empty_folders_of_classes(make_images):
    root = make_images("train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png")
    for name in ("train/c", "train/d", "test/c", "val/c"):
        (root / name).mkdir(parents=True)
    with pytest.raises(ValueError, match="4 files or folders of .* cannot be used:") as error:
        load_image_folder(root)
    reason = "there is no image in this folder (or it is a link to that of another class)"
    assert f"\n- {root}/train/c: {reason}\n- {root}/train/d: {reason}\n" in str(error.value)
    assert str(error.value).endswith("or leave them out with on_error='skip'.")
    bunch, messages = load(root, on_error="skip", subset="train")
    assert names([path for path, _ in bunch.unreadable], root) == ["train/c", "train/d"]
    assert messages == []
    bunch, (message,) = load(root, on_error="warn")
    assert bunch.target_names.tolist() == ["a", "b"]
    assert len(bunch.unreadable) == 4
    assert message.startswith("4 files or folders of")


@pytest.fixture
def close_folders(monkeypatch):
    """Make folders that the system does not open; root opens those without permission, too."""

    def close(function, *closed):
        original = getattr(os, function)

        def refuse(path=".", *args, **kwargs):
            if str(path) in [str(folder) for folder in closed]:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return original(path, *args, **kwargs)

        monkeypatch.setattr(os, function, refuse)

    return close


@pytest.mark.parametrize("function", ["scandir", "stat"])
@pytest.mark.parametrize("name", ["cats/private", "private"])
def test_a_folder_without_permission(make_images, close_folders, function, name):
    root = make_images("cats/1.png", "dogs/1.png", f"{name}/2.png")
    close_folders(function, root / name)
    with pytest.raises(ValueError, match=f"folder of .*\n- {root}/{name}: permission denied\n"):
        load_image_folder(root)
    bunch, (message,) = load(root, on_error="warn")
    assert f"- {root}/{name}: permission denied\nThey are left out." in message
    assert bunch.unreadable == [(f"{root}/{name}", "permission denied")]
    assert names(bunch.data, root) == ["cats/1.png", "dogs/1.png"]
    assert bunch.target_names.tolist() == ["cats", "dogs"]
    assert load(root, on_error="skip")[1] == []


def test_subsets_without_permission(make_images, close_folders):
    root = make_images("train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png")
    close_folders("scandir", root / "test")
    assert load_image_folder(root, subset="train").unreadable == []
    with pytest.raises(ValueError, match="There is 'train'; .*/test' cannot be read: permission"):
        load_image_folder(root, subset="test")
    with pytest.raises(ValueError, match="/test: permission denied"):
        load_image_folder(root)
    root = make_images("train/a/1.png", "train/b/1.png", root="others")
    close_folders("scandir", root / "train")
    with pytest.raises(ValueError, match="There is no image in .*/train' cannot be read: permis"):
        load_image_folder(root)


def test_a_folder_without_permission_beside_the_one_that_holds_the_subsets(
    make_images, close_folders
):
    root = make_images("pets/train/a/1.png", "pets/test/a/2.png", "private/3.png")
    close_folders("scandir", root / "private")
    with pytest.raises(ValueError, match="/private: permission denied"):
        load_image_folder(root)
    assert len(load_image_folder(root, subset="train").data) == 1


@pytest.mark.parametrize("function", ["scandir", "stat"])
def test_the_whole_folder_without_permission(make_images, close_folders, function):
    root = make_images("a/1.png", "b/1.png")
    close_folders(function, root)
    with pytest.raises(ValueError, match=f"'{root}' cannot be read: permission denied"):
        load_image_folder(root, on_error="skip")


def test_a_path_beyond_the_limit(make_images):
    root = make_images("a/1.png", "b/1.png")
    place = os.open(root / "a", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("x" * 250, dir_fd=place)
        deeper = os.open("x" * 250, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = deeper
    os.close(place)
    with pytest.raises(ValueError, match="1 file or folder of") as error:
        load_image_folder(root)
    assert "xxx: file name too long" in str(error.value)
    assert len(str(error.value)) < 1000
    bunch = load_image_folder(root, on_error="skip")
    ((path, reason),) = bunch.unreadable
    assert path.startswith(f"{root}/a/xxx")
    assert reason == "file name too long"
    assert len(bunch.data) == 2
    for path in (root / ("x" * 300), root / ("x" * 300 + ".csv")):
        with pytest.raises(ValueError, match="cannot be read: file name too long"):
            load_image_folder(path)
    (root / "list.csv").write_text(f"path,label\na/1.png,a\n{'x' * 300}.png,a\n")
    assert len(load_image_folder(root / "list.csv", on_error="skip").data) == 1


def test_lists_of_paths_from_the_home_folder(make_images, monkeypatch):
    root = make_images("a/1.png", "b/1.png")
    monkeypatch.setenv("HOME", str(root))
    (root / "a" / "list.csv").write_text("path,label\n~/a/1.png,a\n~/b/1.png,b\n")
    bunch = load_image_folder("~/a/list.csv")
    assert names(bunch.data, root) == ["a/1.png", "b/1.png"]
    images = ImageLoader().fit_transform(["~/a/1.png", "~/b/1.png"])
    assert images.shape == (2, 8, 8, 3)
    assert describe_images(["~/a/1.png"]).loc["all", "unreadable"] == 0
