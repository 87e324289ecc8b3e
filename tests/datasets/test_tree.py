"""Files below a folder or in an archive: links, folders of the system, permissions."""

import errno
import os
import shutil
import stat
import tarfile
import zipfile

import numpy as np
import pytest
from folders import damage, load, pack, relative

from skdl.datasets import load_image_folder
from skdl.images import read_image


@pytest.mark.parametrize("archive", ["pets.zip", "pets.tar", "pets.tar.gz", "pets.tgz"])
def test_archives(divided_pets, tmp_path, monkeypatch, archive):
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path / "home"))
    path = pack(divided_pets, tmp_path / archive.replace(".tgz", ".tar.gz"))
    if archive.endswith(".tgz"):
        path = path.rename(tmp_path / archive)
    expected = load_image_folder(divided_pets)
    bunch = load_image_folder(path)
    assert bunch.target.tolist() == expected.target.tolist()
    assert bunch.target_names.tolist() == expected.target_names.tolist()
    for packed, plain in zip(bunch.data, expected.data, strict=True):
        assert packed.endswith(plain.removeprefix(str(tmp_path)))
        assert np.array_equal(read_image(packed), read_image(plain))
    if "gz" not in archive:
        assert bunch.data[0].startswith(f"{path}/pets/train/")
    assert len(load_image_folder(path, subset="test").data) == 3


def test_damaged_images_in_an_archive(pets, tmp_path):
    damage(pets / "cats" / "2.png")
    bunch = load_image_folder(pack(pets, tmp_path / "pets.zip"), on_error="skip")
    assert [path for path, _ in bunch.unreadable] == [f"{tmp_path}/pets.zip/pets/cats/2.png"]
    assert len(bunch.data) == 4


def test_encrypted_archives(pets, tmp_path):
    path = pack(pets, tmp_path / "pets.zip")
    data = path.read_bytes()
    for start in [i for i in range(len(data)) if data.startswith(b"PK\1\2", i)]:
        data = data[: start + 8] + bytes([data[start + 8] | 1]) + data[start + 9 :]
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"5 files of [\s\S]*cats/1.png: it is encrypted"):
        load_image_folder(path)


LINKS = {"cats/link.png": "1.png", "lions/1.png": "../dogs/1.png"}


def pack_with_links(pets, archive, kind=tarfile.SYMTYPE, links=LINKS):
    """An archive of the folder with links in it, by their targets."""
    pack(pets, archive)
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "a") as opened:
            for name, target in links.items():
                info = zipfile.ZipInfo(f"pets/{name}")
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                opened.writestr(info, target)
    else:
        with tarfile.open(archive, "a") as opened:
            for name, target in links.items():
                info = tarfile.TarInfo(f"pets/{name}")
                info.type, info.linkname = kind, target
                opened.addfile(info)
    return archive


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.zip", None), ("a.tar", tarfile.SYMTYPE), ("a.tar", tarfile.LNKTYPE)],
)
def test_links_in_archives_are_refused_by_name(pets, tmp_path, name, kind):
    archive = pack_with_links(pets, tmp_path / name, kind)
    with pytest.raises(ValueError, match="2 files of .* cannot be read") as error:
        load_image_folder(archive)
    for link in LINKS:
        assert f"\n- {archive}/pets/{link}: it is a link" in str(error.value)
    with pytest.raises(ValueError, match="No image of class 'lions' can be read"):
        load_image_folder(archive, on_error="skip")

    archive = pack_with_links(pets, tmp_path / name, kind, {"cats/link.png": "pets/cats/1.png"})
    skipped = load_image_folder(archive, on_error="skip")
    with pytest.warns(UserWarning, match=r"pets/cats/link.png: it is a link[\s\S]*left out"):
        warned = load_image_folder(archive, on_error="warn")
    for bunch in (skipped, warned):
        assert len(bunch.data) == 5
        ((path, reason),) = bunch.unreadable
        assert path == f"{archive}/pets/cats/link.png"
        assert reason.startswith("it is a link, and links in archives are not followed")


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_classes_that_are_links_in_archives(pets, tmp_path, name):
    archive = pack_with_links(pets, tmp_path / name, links={"lions": "cats"})
    with pytest.raises(ValueError, match=r"pets/lions: there is no image in .* \(or it is a link"):
        load_image_folder(archive)
    ((path, _),) = load_image_folder(archive, on_error="skip").unreadable
    assert path == f"{archive}/pets/lions"
    # It may be a folder, or may not.
    archive = pack_with_links(pets, tmp_path / name, links={"lions": "/data/lions"})
    with pytest.raises(ValueError, match=r"1 file of .*\n- .*/pets/lions: it is a link"):
        load_image_folder(archive)
    bunch = load_image_folder(archive, on_error="skip")
    assert [path for path, _ in bunch.unreadable] == [f"{archive}/pets/lions"]
    assert bunch.target_names.tolist() == ["cats", "dogs"]
    assert "1 unreadable files and" in bunch.DESCR
    # It is no image, whatever it leads to; hidden ones do not count.
    (pets / "README").write_text("text")
    links = {"cats/README": "../README", ".hidden": "/etc"}
    archive = pack_with_links(pets, tmp_path / name, links=links)
    bunch = load_image_folder(archive)
    assert bunch.unreadable == []
    assert bunch.ignored == {"": 2}


def test_links(pets, make_images):
    (pets / "cats" / "loop").symlink_to(pets)
    (pets / "loop").symlink_to(pets)
    (pets / "dogs" / "self").symlink_to("self")
    elsewhere = make_images("1.png", root="elsewhere")
    (pets / "lions").symlink_to(elsewhere)
    (pets / "cats" / "4.png").symlink_to(elsewhere / "1.png")
    with pytest.warns(UserWarning, match="belong to two classes"):
        bunch = load_image_folder(pets)
    assert relative(bunch.data, pets) == [
        "cats/1.png", "cats/2.png", "cats/3.png", "cats/4.png", "dogs/1.png", "dogs/2.png",
        "lions/1.png",
    ]  # fmt: skip
    (pets / "tigers").symlink_to(pets / "cats")
    with pytest.raises(ValueError, match=r"tigers: there is no image in this folder \(or it"):
        load_image_folder(pets)


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
    assert relative(bunch.data, root) == list(images)
    assert bunch.target_names.tolist() == ["cats", "dogs"]
    packed, (message,) = load(f"{root}.zip")
    assert message.endswith("'#recycle' (1), '$RECYCLE.BIN' (1), '@eaDir' (2).")
    assert relative(packed.data, f"{root}.zip") == list(images)


def test_empty_folders_of_the_system_in_archives(make_images):
    root = make_images("cats/1.png", "dogs/1.png")
    with zipfile.ZipFile(f"{root}.zip", "w") as archive:
        for name in ("cats/1.png", "dogs/1.png"):
            archive.write(root / name, name)
        archive.mkdir("lost+found")
    assert load_image_folder(f"{root}.zip").target_names.tolist() == ["cats", "dogs"]


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
    assert relative(bunch.data, root) == ["cats/1.png", "dogs/1.png"]
    assert bunch.target_names.tolist() == ["cats", "dogs"]
    assert load(root, on_error="skip")[1] == []


def test_subsets_without_permission(make_images, close_folders):
    root = make_images("train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png")
    close_folders("scandir", root / "test")
    assert load_image_folder(root, subset="train").unreadable == []
    with pytest.raises(ValueError, match="It has 'train'; .*/test' cannot be read: permission"):
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
