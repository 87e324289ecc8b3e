"""Archives that are damaged, ambiguous or hostile, whether read in place or unpacked."""

import gzip
import io
import shutil
import struct
import tarfile
import zipfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from archives import COMPRESSED, CONTENT, list_members, make_tar, make_zip

from skdl.downloads import extract_archive
from skdl.images import member_names, read_bytes

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
def test_an_archive_cut_off_anywhere(tmp_path, own_data_home, name):
    whole = Path(MAKERS[name](tmp_path / name)).read_bytes()
    places = range(0, len(whole), len(whole) // 60)
    refused, right = outcomes(tmp_path / name, [whole[:place] for place in places])
    assert refused + right == 2 * len(places)
    assert right == 0 or name == "plain.tar"  # which ends with zeros that nobody needs
    assert outcomes(tmp_path / name, [whole]) == (0, 2)


@pytest.mark.parametrize("name", MAKERS)
def test_an_archive_with_a_changed_bit(tmp_path, own_data_home, name):
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
        with pytest.raises(ValueError, match="directory lists 3 members, but its end says 4"):
            read(path)


@pytest.mark.slow
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


def test_a_header_that_would_fill_the_memory(tmp_path, own_data_home):
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
