"""Members of archives, addressed as files; and archives unpacked without trusting them."""

import bz2
import errno
import gzip
import io
import lzma
import os
import shutil
import stat
import struct
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from helpers import run_python
from PIL import Image

from skdl._utils import storage as _storage
from skdl.downloads import extract_archive
from skdl.images import _archives, read_image
from skdl.images._archives import link_targets, list_members, member_names, read_bytes, size_of

CONTENT = {
    "cats/1.bin": b"miaow" * 100,
    "cats/2.bin": os.urandom(3000),
    "dogs/1.bin": b"woof" * 50,
}
UNSAFE = ["../evil.bin", "/etc/evil.bin", "cats/../../evil.bin", "C:/evil.bin", "..\\evil.bin"]
COMPRESSED = {".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}


def make_zip(path, content=CONTENT, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return str(path)


def make_tar(path, content=CONTENT, mode="w", extra=()):
    with tarfile.open(path, mode) as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in extra:
            archive.addfile(info)
    return str(path)


def tar_link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def encrypt(path):
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)


@pytest.fixture(params=["stored.zip", "deflated.zip", "plain.tar"])
def archive(request, tmp_path):
    path = tmp_path / request.param
    if request.param.endswith(".tar"):
        return make_tar(path)
    stored = request.param.startswith("stored")
    return make_zip(path, method=zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)


@pytest.fixture
def data_home(tmp_path, monkeypatch):
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


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
        ("pipe.zip", ValueError, "it is no regular file"),
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


# ---- what is damaged somewhere ------------------------------------------------------------------

MAKERS = {
    "stored.zip": lambda p: make_zip(p, method=zipfile.ZIP_STORED),
    "deflated.zip": make_zip,
    "plain.tar": make_tar,
    **{f"packed{end}": lambda p, m=mode: make_tar(p, mode=m) for end, mode in COMPRESSED.items()},
}


def extracted(path):
    folder = path.parent / "extracted"
    try:
        found = extract_archive(path, folder)
        return {str(p.relative_to(found)): p.read_bytes() for p in found.rglob("*") if p.is_file()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_in_place(path):
    base, names = member_names(path)
    return {name: read_bytes(f"{base}/{name}") for name in names}


def outcomes(path, contents):
    """How often reading raised an error, and how often it gave the right content."""
    wrong = refused = right = 0
    for content in contents:
        path.write_bytes(content)
        for read in (extracted, read_in_place):
            try:
                found = read(path)
            except ValueError:
                refused += 1
            else:
                right += found == CONTENT
                wrong += found != CONTENT
    assert wrong == 0
    return refused, right


@pytest.mark.parametrize("name", MAKERS)
def test_an_archive_cut_off_anywhere(tmp_path, data_home, name):
    whole = Path(MAKERS[name](tmp_path / name)).read_bytes()
    places = range(0, len(whole), len(whole) // 60)
    refused, right = outcomes(tmp_path / name, [whole[:place] for place in places])
    assert refused + right == 2 * len(places)
    assert right == 0 or name == "plain.tar"  # which ends with zeros that nobody needs
    assert outcomes(tmp_path / name, [whole]) == (0, 2)


@pytest.mark.parametrize("name", MAKERS)
def test_an_archive_with_a_changed_bit(tmp_path, data_home, name):
    whole = Path(MAKERS[name](tmp_path / name)).read_bytes()
    places = range(len(whole))
    if name == "plain.tar":  # has checksums of its headers only
        with tarfile.open(tmp_path / name) as archive:
            places = [info.offset + i for info in archive for i in range(tarfile.BLOCKSIZE)]
    bits = np.random.default_rng(0).choice(8 * len(places), 60, replace=False).tolist()
    changed = []
    for bit in bits:
        content = bytearray(whole)
        content[places[bit // 8]] ^= 1 << bit % 8
        changed.append(bytes(content))
    refused, right = outcomes(tmp_path / name, changed)
    assert refused > right


def test_changed_bits_of_the_directory_of_a_zip_archive(tmp_path):
    names = [f"{kind}/{number}.bin" for kind in ("cats", "dogs") for number in range(3)]
    content = {"cats/": b"", **{name: name.encode() for name in names}}
    whole = Path(make_zip(tmp_path / "a.zip", content, zipfile.ZIP_STORED)).read_bytes()
    expected = {name: name.encode() for name in names}
    for bit in range(8 * whole.index(b"PK\1\2"), 8 * len(whole), 11):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        (tmp_path / "a.zip").write_bytes(changed)
        try:
            found = read_in_place(tmp_path / "a.zip")
        except (ValueError, FileNotFoundError):
            continue
        assert found == expected, bit


def test_what_a_cut_archive_is_refused_for(tmp_path):
    path = tmp_path / "a.tar"
    whole = Path(make_tar(path)).read_bytes()
    with tarfile.open(path) as archive:
        end = archive.getmembers()[1].offset  # two members, and nothing behind them
    path.write_bytes(whole[:end])
    for read in (extracted, read_in_place):
        with pytest.raises(ValueError, match="it is cut off: the mark of its end is missing"):
            read(path)
    path.write_bytes(whole + whole)
    for read in (extracted, read_in_place):
        with pytest.raises(
            ValueError, match="follows the end of the archive, such as another arch"
        ):
            read(path)


def test_an_archive_cut_off_behind_an_archive_in_it(tmp_path):
    inner = Path(make_zip(tmp_path / "inner.zip", {"fish/1": b"blub"})).read_bytes()
    path = tmp_path / "a.zip"
    whole = Path(make_zip(path, {"inner.zip": inner, "cats/1": b"1"}, zipfile.ZIP_STORED))
    path.write_bytes(whole.read_bytes()[: whole.read_bytes().index(inner) + len(inner)])
    for read in (extracted, read_in_place):
        with pytest.raises(ValueError, match="does not list the member at its start"):
            read(path)


def test_an_archive_behind_a_program(tmp_path):
    """As a self-extracting one."""
    path = Path(make_zip(tmp_path / "a.zip"))
    path.write_bytes(b"#!/bin/sh\n" * 20 + path.read_bytes())
    assert extracted(path) == read_in_place(path) == CONTENT


def test_a_directory_that_lists_fewer_members(tmp_path):
    path = Path(make_zip(tmp_path / "a.zip"))
    whole = bytearray(path.read_bytes())
    end = whole.index(b"PK\5\6")
    whole[end + 10 : end + 12] = (4).to_bytes(2, "little")
    path.write_bytes(whole)
    for read in (extracted, read_in_place):
        with pytest.raises(ValueError, match="directory lists 3 members, where its end tells of 4"):
            read(path)


@pytest.mark.parametrize("zip64", [True, False])
def test_more_members_than_the_end_can_tell(tmp_path, zip64):
    """Programs that do not know zip64 count on from 0."""
    n, path = 2**16 + 2, tmp_path / "a.zip"
    entry = struct.pack("<4s24xH16x", b"PK\1\2", 5)
    directory = b"".join(entry + b"%05d" % number for number in range(n))
    end = struct.pack("<4s4xHHIIH", b"PK\5\6", 2, 2, len(directory), 0, 0)
    if zip64:
        end = struct.pack("<4sQ12xQQQQ", b"PK\6\6", 44, n, n, len(directory), 0)
        end += struct.pack("<4s4xQI", b"PK\6\7", len(directory), 1)
        end += struct.pack("<4s4xHHIIH", b"PK\5\6", *[2**16 - 1] * 2, *[2**32 - 1] * 2, 0)
    path.write_bytes(directory + end)
    assert len(list_members(path)) == n


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("second", ["cats/1.bin", "cats//1.bin", "./cats\\1.bin"])
def test_members_of_one_name(tmp_path, make, second):
    path = tmp_path / ("a.zip" if make is make_zip else "a.tar")
    make(path, {"cats/1.bin": b"1", "cats/?.bin": b"2"})
    with pytest.warns() if make is make_zip and second == "cats/1.bin" else nullcontext():
        if make is make_zip:
            with zipfile.ZipFile(path, "a") as archive:
                archive.writestr(second, b"3")
        else:
            with tarfile.open(path, "a") as archive:
                info = tarfile.TarInfo(second)
                info.size = 1
                archive.addfile(info, io.BytesIO(b"3"))
    for read in (extracted, read_in_place):
        with pytest.raises(ValueError, match="holds two files named 'cats/1.bin', of which only"):
            read(path)


def with_size(field):
    """A tar archive whose second header states a size like this."""

    def make(path):
        with tarfile.open(make_tar(path)) as archive:
            at = archive.getmembers()[1].offset
        content = bytearray(path.read_bytes())
        content[at + 124 : at + 136] = field
        content[at + 148 : at + 156] = b" " * 8
        total = sum(content[at : at + tarfile.BLOCKSIZE])
        content[at + 148 : at + 156] = f"{total:06o}\0 ".encode()
        path.write_bytes(content)
        return path

    return make


def test_an_archive_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    make_tar(tmp_path / "a.tar")
    assert extract_archive("~/a.tar", "~/new") == tmp_path / "new"


def test_sizes_in_base_256(tmp_path):
    path = with_size(b"\x80" + (3000).to_bytes(11))(tmp_path / "a.tar")
    assert extracted(path) == read_in_place(path) == CONTENT
    for field in (b"\x80" + b"\xff" * 11, b"\xff" * 12, b"\xff" * 10 + b"\0" * 2):
        path = with_size(field)(tmp_path / "a.tar")
        for read in (extracted, read_in_place):
            with pytest.raises(ValueError, match=r"'cats/2.bin' claims to have -?[\d,]+ bytes"):
                read(path)
    path = with_size(b"\x80" + (2**20).to_bytes(11))(tmp_path / "a.tar")
    for read in (extracted, read_in_place):
        with pytest.raises(ValueError, match="unexpected end of data|ends before this member"):
            read(path)


def test_a_header_that_would_fill_the_memory(tmp_path, data_home):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**40
    content = info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(content))
    (tmp_path / "a.tar").write_bytes(content)
    for damaged in (path, tmp_path / "a.tar"):
        for read in (extracted, read_in_place):
            with pytest.raises(ValueError, match=r"a header claims to have [\d,]+ bytes"):
                read(damaged)


def test_a_first_header_with_a_size_in_base_256(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("cats/1.bin")
        info.mtime = 0.5  # which takes a header of its own
        archive.addfile(info)
    content = bytearray(path.read_bytes())
    for field in (b"\x80" + b"\xff" * 11, b"\xff" * 12):
        content[124:136] = field
        content[148:156] = b" " * 8
        content[148:156] = f"{sum(content[:512]):06o}\0 ".encode()
        path.write_bytes(content)
        for read in (extracted, read_in_place):
            with pytest.raises(
                ValueError, match=r"header claims to have [\d,]+ bytes|bad checksum"
            ):
                read(path)


def test_a_tar_archive_that_begins_like_a_zip_archive(tmp_path):
    path = make_tar(tmp_path / "a.tar", {"PK/1.bin": b"1"})
    assert read_in_place(Path(path)) == extracted(Path(path)) == {"PK/1.bin": b"1"}


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
from skdl.images._archives import list_members, read_bytes
members = list_members(sys.argv[1])
expected = [read_bytes(member) for member in members]
child = os.fork()
same = all([read_bytes(member) for member in members] == expected for _ in range(200))
if child == 0:
    os._exit(0 if same else 1)
assert os.waitpid(child, 0)[1] == 0 and same
"""
    run_python(code, archive)


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_compressed_tar_is_decompressed_once(tmp_path, data_home, ending):
    path = make_tar(tmp_path / f"pets{ending}", mode=COMPRESSED[ending])
    members = list_members(path)
    (tar,) = (data_home / "archives").iterdir()
    assert members == [f"{tar}/{name}" for name in sorted(CONTENT)]
    assert [read_bytes(member) for member in members] == [CONTENT[n] for n in sorted(CONTENT)]
    assert read_bytes(f"{path}/cats/1.bin") == CONTENT["cats/1.bin"]
    written = tar.stat().st_mtime_ns
    os.utime(path)  # read anew, but with the same content
    assert list_members(path) == members
    assert tar.stat().st_mtime_ns == written
    assert list((data_home / "archives").iterdir()) == [tar]


def test_a_cleared_cache(tmp_path, data_home):
    path = make_tar(tmp_path / "pets.tar.gz", mode="w:gz")
    members = list_members(path)
    shutil.rmtree(data_home)
    for read in (read_bytes, size_of):
        with pytest.raises(FileNotFoundError, match=r"decompressed .* load that archive again"):
            read(members[0])
    assert list_members(path) == members  # also where the index is still known
    assert read_bytes(members[0]) == CONTENT["cats/1.bin"]
    shutil.rmtree(data_home)
    assert read_bytes(f"{path}/cats/1.bin") == CONTENT["cats/1.bin"]


def test_a_full_disk_is_no_damage(tmp_path, data_home, monkeypatch):
    path = make_tar(tmp_path / "pets.tar.gz", mode="w:gz")

    def fail(path, *args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(OSError, match=f"The folder '{data_home}/archives' cannot be written to: "):
        list_members(path)


@pytest.mark.parametrize("ending", COMPRESSED)
@pytest.mark.parametrize("damage", ["cut", "changed", "no tar"])
def test_a_damaged_compressed_tar_leaves_nothing(tmp_path, data_home, ending, damage):
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
    assert list((data_home / "archives").iterdir()) == []


def test_a_compressed_bomb_leaves_nothing(tmp_path, data_home, monkeypatch):
    monkeypatch.setattr(_storage, "ANY_RATIO_BYTES", 1_000_000)
    path = make_tar(tmp_path / "a.tar.gz", {"a": bytes(3_000_000)}, mode="w:gz")
    with pytest.raises(ValueError, match=r"decompresses to more than 1,000,000 bytes"):
        list_members(path)
    assert list((data_home / "archives").iterdir()) == []


def test_an_archive_that_is_replaced_while_it_is_read(tmp_path, data_home, monkeypatch):
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
    with pytest.raises(ValueError, match="it was replaced while it was read; load it again"):
        list_members(path)
    assert [read_bytes(member) for member in list_members(path)] == [b"new"]
    assert [read_bytes(m) for m in list_members(tmp_path / "copy.tar.gz")] == [b"old"]


@pytest.mark.parametrize("name", ["pets.zip", "pets.tar", "pets.tar.gz"])
def test_images_in_archives(tmp_path, data_home, name):
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    png = io.BytesIO()
    Image.fromarray(image).save(png, "PNG")
    make = make_zip if name.endswith(".zip") else make_tar
    options = {"mode": "w:gz"} if name.endswith(".gz") else {}
    path = make(tmp_path / name, {"noise/1.png": png.getvalue()}, **options)
    assert np.array_equal(read_image(f"{path}/noise/1.png"), image)


@pytest.mark.parametrize("name", ["pets.zip", "pets.tar", *(f"pets{c}" for c in COMPRESSED)])
def test_extraction(tmp_path, name):
    mode = COMPRESSED.get(name[4:], "w")
    path = tmp_path / name
    make_zip(path) if name.endswith(".zip") else make_tar(path, mode=mode)
    folder = extract_archive(path, tmp_path / "new" / "pets")
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert found == CONTENT
    with pytest.raises(FileExistsError, match="Remove it, or choose another"):
        extract_archive(path, folder)


HOSTILE = {
    **{f"path {name}": lambda p, n=name: make_zip(p, {"a": b"", n: b""}) for name in UNSAFE},
    **{f"tar path {name}": lambda p, n=name: make_tar(p, {"a": b"", n: b""}) for name in UNSAFE},
    "symbolic link": lambda p: make_tar(p, extra=[tar_link("a", "/etc")]),
    "hard link": lambda p: make_tar(p, extra=[tar_link("a", "/etc/x", tarfile.LNKTYPE)]),
    "named pipe": lambda p: make_tar(p, extra=[tar_link("a", "", tarfile.FIFOTYPE)]),
    "link in a zip": lambda p: make_zip(p, {zip_link("a"): b"/etc"}),
    "too much": lambda p: make_zip(p, {"a": bytes(60_000), "b": bytes(60_000)}),
    "too much in one": lambda p: make_tar(p, {"a": bytes(200_000)}, "w:gz"),
    "a file that is a folder": lambda p: make_tar(p, {"a": b"", "a/b": b""}),
    "encrypted": lambda p: (make_zip(p), encrypt(p)),
    "unusual compression": lambda p: make_zip(p, method=zipfile.ZIP_BZIP2),
    "two of one name": lambda p: make_tar(p, {"a": b"", "./a": b""}),
    "cut": lambda p: (make_tar(p, mode="w:gz"), os.truncate(p, 1500)),
    "text": lambda p: p.write_text("no archive " * 100),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_extraction_of_what_is_not_to_be_trusted(tmp_path, what):
    HOSTILE[what](tmp_path / "archive")
    target = tmp_path / "home" / "target"
    with pytest.raises(ValueError, match="was not unpacked: "):
        extract_archive(tmp_path / "archive", target, max_bytes=100_000)
    assert list((tmp_path / "home").iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive", "home"]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_no_room_for_what_is_written(tmp_path, data_home, name):
    pytest.importorskip("resource")  # not on Windows
    content = {"cats/1.bin": b"miaow", "cats/2.bin": bytes(300_000)}
    if name == "a.zip":
        make_zip(tmp_path / name, content)
    else:
        make_tar(tmp_path / name, content, COMPRESSED.get(name[1:], "w"))
    # Beyond this limit, writing fails as it does on a full disk.
    code = """
import resource, sys
from skdl.images._archives import list_members
from skdl.downloads import extract_archive
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for step in (lambda: extract_archive(*sys.argv[1:]), lambda: list_members(sys.argv[1])):
    try:
        step()
    except OSError as error:
        print(error)
"""
    target = tmp_path / "new" / "pets"
    said = run_python(code, tmp_path / name, target).splitlines()
    reason = "cannot be written: File too large. Nothing is left of it. Make room and try again, or"
    assert said[0] == f"{str(target)!r} {reason} choose another folder."
    assert list((tmp_path / "new").iterdir()) == []
    assert len(said) == (2 if name == "a.tar.gz" else 1)  # which alone is decompressed to a file
    if len(said) == 2:
        assert said[1].startswith(f"'{data_home}/archives/")
        assert f"{reason} choose another place with the environment variable" in said[1]
        assert list((data_home / "archives").iterdir()) == []


def test_extraction_of_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no archive"):
        extract_archive(tmp_path / "nothing.zip", tmp_path / "new")
