"""Folders and lists of images that tests load."""

import os
import tarfile
import warnings
import zipfile

from skdl.datasets import load_image_folder


def relative(paths, root):
    return [os.path.relpath(path, root) for path in paths]


def pack(folder, archive):
    """Put a folder, by its own name, into an archive."""
    ending = archive.name.partition(".")[2]
    if ending == "zip":
        with zipfile.ZipFile(archive, "w") as opened:
            for path in sorted(folder.rglob("*")):
                opened.write(path, path.relative_to(folder.parent))
    else:
        with tarfile.open(archive, "w" + ending.replace("tar", "", 1).replace(".", ":")) as opened:
            opened.add(folder, folder.name)
    return archive


def damage(path):
    path.write_bytes(path.read_bytes()[:150])  # the header is whole


def load(path, **params):
    """What is loaded, and what is said of it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bunch = load_image_folder(path, **params)
    return bunch, [str(warning.message) for warning in caught]


def list_of_patients(root, patients, name="list.csv"):
    rows = [f"{path},{path[0]},{patient}" for path, patient in patients]
    (root / name).write_text("\n".join(["path,label,patient", *rows]))
    return root / name
