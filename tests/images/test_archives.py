"""Members of archives, addressed as files."""

import bz2
import errno
import gzip
import io
import lzma
import os
import shutil
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from archives import (
    COMPRESSED,
    CONTENT,
    UNSAFE,
    encrypt,
    list_members,
    make_tar,
    make_zip,
    tar_link,
    zip_link,
)
from helpers import run_python
from PIL import Image

from skdl._utils import storage as _storage
from skdl.images import _archives, link_targets, read_bytes, read_image, size_of


@pytest.fixture(params=["stored.zip", "deflated.zip", "plain.tar"])
def archive(request, tmp_path):
    path = tmp_path / request.param
    if request.param.endswith(".tar"):
        return make_tar(path)
    stored = request.param.startswith("stored")
    return make_zip(path, method=zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)


def test_members_are_read_by_their_address(archive):
    assert list_members(archive) == [f"{archive}/{name}" for name in sorted(CONTENT)]
    for name, data in CONTENT.items():
        assert read_bytes(f"{archive}/{name}") == data
        assert size_of(f"{archive}/{name}") == len(data)


def test_plain_files(tmp_path):
    (tmp_path / "pets.zip").mkdir()  # a folder may be called so
    path = tmp_path / "pets.zip" / "a.bin"
    path.write_bytes(b"abc")
    assert read_bytes(str(path)) == b"abc"
    assert size_of(str(path)) == 3


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("nothing.bin", FileNotFoundError, "there is no such file"),
        ("nothing.zip/a.bin", FileNotFoundError, "there is no such file"),
        ("folder", IsADirectoryError, "it is a folder"),
        ("pipe.zip", ValueError, "it is not a regular file"),
        ("pipe.zip/a.bin", FileNotFoundError, "there is no such file"),
        ("link", FileNotFoundError, "it is a link that leads nowhere"),
        ("pets.zip/cats/3.bin", FileNotFoundError, "there is no 'cats/3.bin' in the archive"),
        ("pets.zip/cats", FileNotFoundError, "there is no 'cats' in the archive"),
        ("pets.zip/", FileNotFoundError, "there is no '' in the archive"),
    ],
)
def test_what_is_no_file(tmp_path, name, error, reason):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    make_zip(tmp_path / "pets.zip")
    with pytest.raises(error, match=reason):
        read_bytes(os.path.join(tmp_path, name))


def test_listing_what_is_no_archive(tmp_path):
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(IsADirectoryError):
        list_members(tmp_path / "folder.zip")
    with pytest.raises(FileNotFoundError):
        list_members(tmp_path / "nothing.zip")
    for name in ("text.zip", "text.tar", "empty.zip", "empty.tar"):
        (tmp_path / name).write_text("" if "empty" in name else "no archive " * 100)
        with pytest.raises(ValueError, match=f"{name}' is damaged, or neither zip nor tar"):
            list_members(tmp_path / name)


@pytest.mark.parametrize("name", UNSAFE)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_paths_that_leave_the_archive(tmp_path, make, name):
    path = make(tmp_path / ("a.zip" if make is make_zip else "a.tar"), {**CONTENT, name: b"evil"})
    with pytest.raises(ValueError, match="which leads out of it; do not trust this archive"):
        list_members(path)


def test_paths_that_need_tidying(tmp_path):
    path = make_tar(tmp_path / "a.tar", {"./cats//1.bin": b"1", "dogs\\2.bin": b"2"})
    assert list_members(path) == [f"{path}/cats/1.bin", f"{path}/dogs/2.bin"]
    assert read_bytes(f"{path}/dogs/2.bin") == b"2"


@pytest.mark.parametrize(
    ("kind", "reason", "target"),
    [
        (tarfile.SYMTYPE, "it is a link, and links in archives", "cats/1.bin"),
        (tarfile.LNKTYPE, "it is a link, and links in archives", "1.bin"),
        (tarfile.FIFOTYPE, "it is a device or a named pipe", None),
    ],
)
def test_links_and_devices_in_tar(tmp_path, kind, reason, target):
    path = make_tar(tmp_path / "a.tar", extra=[tar_link("cats/odd", "1.bin", kind)])
    assert list_members(path) == sorted(f"{path}/{name}" for name in [*CONTENT, "cats/odd"])
    assert link_targets(path) == ({} if target is None else {"cats/odd": target})
    for read in (read_bytes, size_of):
        with pytest.raises(ValueError, match=reason):
            read(f"{path}/cats/odd")


def test_links_in_zip(tmp_path):
    links = {zip_link("cats/odd"): b"../dogs", zip_link("etc"): b"/etc/passwd"}
    path = make_zip(tmp_path / "a.zip", {**links, "cats/1": b"1"})
    assert list_members(path) == [f"{path}/{name}" for name in ("cats/1", "cats/odd", "etc")]
    assert link_targets(path) == {"cats/odd": "dogs", "etc": ""}
    with pytest.raises(ValueError, match="it is a link, and links in archives are not followed"):
        read_bytes(f"{path}/cats/odd")


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("1", "a/b/1"),
        ("./1/", "a/b/1"),
        ("../../c", "c"),
        ("../c/../d", "a/d"),
        ("..", "a"),
        ("../..", ""),
        ("../../../c", ""),
        ("/c", ""),
        ("", "a/b"),
    ],
)
def test_where_links_lead(tmp_path, target, leads_to):
    path = make_tar(tmp_path / "a.tar", extra=[tar_link("a/b/odd", target)])
    assert link_targets(path) == {"a/b/odd": leads_to}


def test_a_damaged_link_in_a_zip(tmp_path):
    path = make_zip(tmp_path / "a.zip", {zip_link("odd"): b"1.bin", "cats/1": b"1"})
    data = (tmp_path / "a.zip").read_bytes().replace(b"PK\3\4", b"?K\3\4", 1)
    (tmp_path / "a.zip").write_bytes(data)
    assert link_targets(path) == {"odd": ""}


def test_encrypted_members(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a": b"secret"})
    encrypt(tmp_path / "a.zip")
    assert list_members(path) == [f"{path}/a"]
    with pytest.raises(ValueError, match="it is encrypted"):
        read_bytes(f"{path}/a")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression(tmp_path, method):
    path = make_zip(tmp_path / "a.zip", method=method)
    with pytest.raises(ValueError, match=r"its compression \(\d+\) is unknown"):
        read_bytes(f"{path}/cats/1.bin")


def test_too_large(tmp_path, archive, monkeypatch):
    monkeypatch.setattr(_archives, "MAX_FILE_BYTES", 1000)
    (tmp_path / "large.bin").write_bytes(bytes(1001))
    for path in (f"{archive}/cats/2.bin", str(tmp_path / "large.bin")):
        with pytest.raises(ValueError, match=r"more than the limit of 1,000 for one image"):
            read_bytes(path)
    assert read_bytes(f"{archive}/dogs/1.bin") == CONTENT["dogs/1.bin"]


def test_a_bomb_that_lies_about_its_size(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a": bytes(10_000_000)})
    data = bytearray((tmp_path / "a.zip").read_bytes())
    place = data.index(b"PK\1\2") + 24
    data[place : place + 4] = (100).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ValueError, match="it is damaged"):
        read_bytes(f"{path}/a")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_of_a_zip(tmp_path, method):
    path = make_zip(tmp_path / "a.zip", method=method)
    data = bytearray((tmp_path / "a.zip").read_bytes())
    place = data.index(b"cats/2.bin") + 1500
    data[place : place + 8] = bytes(8)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ValueError, match="it is damaged"):
        read_bytes(f"{path}/cats/2.bin")
    assert read_bytes(f"{path}/cats/1.bin") == CONTENT["cats/1.bin"]


def test_damaged_archives(tmp_path, archive):
    with open(archive, "rb") as file:
        whole = file.read()
    with open(archive, "wb") as file:
        file.write(whole[:2500])
    with pytest.raises(ValueError, match="is damaged"):
        list_members(archive)
    tar = tmp_path / "middle.tar"
    data = bytearray(Path(make_tar(tar)).read_bytes())
    data[data.index(b"dogs/1.bin") + 20] ^= 255
    tar.write_bytes(data)
    with pytest.raises(ValueError, match=r"is damaged.*bad header at byte"):
        list_members(tar)


def test_a_bomb_read_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr(_storage, "ANY_RATIO_BYTES", 1_000_000)
    bomb = {f"cats/{number}.bin": bytes(400_000) for number in range(4)}
    path = make_zip(tmp_path / "a.zip", bomb)
    with pytest.raises(ValueError, match=r"decompresses to more than 1,000,000 bytes"):
        list_members(path)
    with pytest.raises(ValueError, match=r"decompresses to more than 1,000,000 bytes"):
        read_bytes(f"{path}/cats/1.bin")
    # What is stored takes as much on the disk, however much that is.
    monkeypatch.setattr(_storage, "MAX_TOTAL_BYTES", 1000)
    path = make_zip(tmp_path / "b.zip", bomb, zipfile.ZIP_STORED)
    assert len(list_members(path)) == 4


# ---- what is kept between two reads --------------------------------------------------------------


@pytest.fixture
def indexed(monkeypatch):
    """Archives whose directories are read."""
    found, read = [], _archives._read_index

    def counted(archive):
        found.append(archive)
        return read(archive)

    monkeypatch.setattr(_archives, "_read_index", counted)
    monkeypatch.setattr(_archives, "_indices", type(_archives._indices)())
    return found


def test_many_archives_in_any_order(tmp_path, indexed):
    paths = [make_zip(tmp_path / f"{n}.zip", {"1": b"%d" % n}) for n in range(30)]
    for n in np.random.default_rng(0).integers(0, 30, 300):
        assert read_bytes(f"{paths[n]}/1") == b"%d" % n
    assert sorted(indexed) == sorted(paths)


def test_indices_are_kept_up_to_a_bound(tmp_path, indexed, monkeypatch):
    paths = [
        make_zip(tmp_path / f"{n}.zip", {f"cats/{i}": b"%d" % i for i in range(100)})
        for n in range(3)
    ]
    list_members(paths[0])
    size = _archives._indices._nbytes
    assert 100 * (33 + len("cats/1")) < size < 100 * 150
    monkeypatch.setattr(_archives, "_MAX_INDEX_BYTES", int(2.5 * size))
    for path in [*paths, paths[2], paths[1]]:
        assert read_bytes(f"{path}/cats/7") == b"7"
    assert indexed == paths
    list_members(paths[0])  # had to go
    list_members(paths[1])  # was used last, of the two
    assert indexed == [*paths, paths[0]]
    monkeypatch.setattr(_archives, "_MAX_INDEX_BYTES", 1)
    list_members(paths[2])
    assert read_bytes(f"{paths[2]}/cats/7") == b"7"  # the last one is kept, however large it is
    assert indexed == [*paths, paths[0], paths[2]]


def test_threads_read_a_directory_once(archive, indexed):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: read_bytes(f"{archive}/cats/1.bin"), range(50)))
    assert indexed == [archive]


def test_an_archive_in_the_place_of_one_as_large_and_as_old(tmp_path):
    path, other = tmp_path / "a.tar", tmp_path / "b.tar"
    make_tar(path, {"cats/1.bin": b"miaow", "dogs/1.bin": b"woof!"})
    make_tar(other, {"dogs/1.bin": b"WOOF!", "cats/1.bin": b"MIAOW"})
    os.utime(path, ns=(0, 10**18))
    os.utime(other, ns=(0, 10**18))
    assert path.stat().st_size == other.stat().st_size
    assert read_bytes(f"{path}/cats/1.bin") == b"miaow"
    os.replace(other, path)
    assert read_bytes(f"{path}/cats/1.bin") == b"MIAOW"


def test_a_changed_archive_is_read_anew(archive, tmp_path):
    assert read_bytes(f"{archive}/cats/1.bin") == CONTENT["cats/1.bin"]
    make = make_tar if archive.endswith(".tar") else make_zip
    make(archive, {"birds/1.bin": b"tweet", "cats/1.bin": b"purr"})
    assert read_bytes(f"{archive}/cats/1.bin") == b"purr"
    assert read_bytes(f"{archive}/birds/1.bin") == b"tweet"


def test_threads_share_nothing(archive):
    names = list(CONTENT) * 100
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda name: read_bytes(f"{archive}/{name}"), names))
    assert read == [CONTENT[name] for name in names]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_nothing_stays_open(archive):
    before = len(os.listdir("/proc/self/fd"))
    for name in CONTENT:
        read_bytes(f"{archive}/{name}")
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_processes_share_nothing(archive):
    code = """
import os, sys
from skdl.images import member_names, read_bytes
base, names = member_names(sys.argv[1])
members = [f"{base}/{name}" for name in names]
expected = [read_bytes(member) for member in members]
child = os.fork()
same = all([read_bytes(member) for member in members] == expected for _ in range(200))
if child == 0:
    os._exit(0 if same else 1)
assert os.waitpid(child, 0)[1] == 0 and same
"""
    run_python(code, archive)


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_compressed_tar_is_decompressed_once(tmp_path, own_data_home, ending):
    path = make_tar(tmp_path / f"pets{ending}", mode=COMPRESSED[ending])
    members = list_members(path)
    (tar,) = (own_data_home / "archives").iterdir()
    assert members == [f"{tar}/{name}" for name in sorted(CONTENT)]
    assert [read_bytes(member) for member in members] == [CONTENT[n] for n in sorted(CONTENT)]
    assert read_bytes(f"{path}/cats/1.bin") == CONTENT["cats/1.bin"]
    written = tar.stat().st_mtime_ns
    os.utime(path)  # read anew, but with the same content
    assert list_members(path) == members
    assert tar.stat().st_mtime_ns == written
    assert list((own_data_home / "archives").iterdir()) == [tar]


def test_a_cleared_cache(tmp_path, own_data_home):
    path = make_tar(tmp_path / "pets.tar.gz", mode="w:gz")
    members = list_members(path)
    shutil.rmtree(own_data_home)
    for read in (read_bytes, size_of):
        with pytest.raises(FileNotFoundError, match=r"decompressed .* load that archive again"):
            read(members[0])
    assert list_members(path) == members  # also where the index is still known
    assert read_bytes(members[0]) == CONTENT["cats/1.bin"]
    shutil.rmtree(own_data_home)
    assert read_bytes(f"{path}/cats/1.bin") == CONTENT["cats/1.bin"]


def test_a_full_disk_is_no_damage(tmp_path, own_data_home, monkeypatch):
    path = make_tar(tmp_path / "pets.tar.gz", mode="w:gz")

    def fail(path, *args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(
        OSError, match=f"The folder '{own_data_home}/archives' cannot be written to: "
    ):
        list_members(path)


@pytest.mark.parametrize("ending", COMPRESSED)
@pytest.mark.parametrize("damage", ["cut", "changed", "no tar"])
def test_a_damaged_compressed_tar_leaves_nothing(tmp_path, own_data_home, ending, damage):
    path = tmp_path / f"pets{ending}"
    if damage == "no tar":
        module = {"gz": gzip, "bz2": bz2, "xz": lzma}[COMPRESSED[ending][2:]]
        path.write_bytes(module.compress(b"text " * 1000))
    else:
        whole = bytearray(Path(make_tar(path, mode=COMPRESSED[ending])).read_bytes())
        whole[1000:1010] = bytes(10)
        path.write_bytes(whole[:2000] if damage == "cut" else whole)
    with pytest.raises(ValueError, match="is damaged"):
        list_members(path)
    assert list((own_data_home / "archives").iterdir()) == []


def test_a_compressed_bomb_leaves_nothing(tmp_path, own_data_home, monkeypatch):
    monkeypatch.setattr(_storage, "ANY_RATIO_BYTES", 1_000_000)
    path = make_tar(tmp_path / "a.tar.gz", {"a": bytes(3_000_000)}, mode="w:gz")
    with pytest.raises(ValueError, match=r"decompresses to more than 1,000,000 bytes"):
        list_members(path)
    assert list((own_data_home / "archives").iterdir()) == []


def test_an_archive_that_is_replaced_while_it_is_read(tmp_path, own_data_home, monkeypatch):
    """Nothing is kept under the name of the old one that was in the new one."""
    path = make_tar(tmp_path / "pets.tar.gz", {"old": b"old"}, mode="w:gz")
    shutil.copy(path, tmp_path / "copy.tar.gz")
    new = make_tar(tmp_path / "new.tar.gz", {"new": b"new"}, mode="w:gz")
    digest = _archives.file_digest

    def replaced_after(archive):
        found = digest(archive)
        if os.path.exists(new):
            os.replace(new, path)
        return found

    monkeypatch.setattr(_archives, "file_digest", replaced_after)
    with pytest.raises(ValueError, match="replaced while it was being read; load it again"):
        list_members(path)
    assert [read_bytes(member) for member in list_members(path)] == [b"new"]
    assert [read_bytes(m) for m in list_members(tmp_path / "copy.tar.gz")] == [b"old"]


@pytest.mark.parametrize("name", ["pets.zip", "pets.tar", "pets.tar.gz"])
def test_images_in_archives(tmp_path, own_data_home, name):
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    png = io.BytesIO()
    Image.fromarray(image).save(png, "PNG")
    make = make_zip if name.endswith(".zip") else make_tar
    options = {"mode": "w:gz"} if name.endswith(".gz") else {}
    path = make(tmp_path / name, {"noise/1.png": png.getvalue()}, **options)
    assert np.array_equal(read_image(f"{path}/noise/1.png"), image)
