"""Archives that tests make, right and wrong, and how they read them."""

import io
import os
import stat
import tarfile
import zipfile

from skdl.images import member_names

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


def list_members(path):
    base, names = member_names(path)
    return [f"{base}/{name}" for name in names]
