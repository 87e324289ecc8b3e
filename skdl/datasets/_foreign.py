"""Files beside the images: annotations, and images in formats that are not read."""

from collections import defaultdict
from collections.abc import Mapping

from skdl._utils.text import counted
from skdl.datasets._tree import Parts, Tree, ending_of, folders_above
from skdl.images import what_reads

# What the formats are called, and what reads them, by the endings of files.
_FORMATS = {
    ending: what
    for what, endings in {
        "compressed, such as NRRD": ".gz",
        "NRRD, read by pynrrd": ".nrrd",
        "MetaImage, read by SimpleITK": ".mha .mhd",
        "several arrays, read by numpy.load": ".npz",
        "MATLAB, read by scipy.io.loadmat": ".mat",
        "JPEG XL, read by imagecodecs": ".jxl",
        "animated PNG, read by Pillow": ".apng",
        "Targa, read by Pillow": ".tga",
        "Photoshop, read by Pillow": ".psd",
        "raw photograph, read by rawpy": ".dng .cr2 .nef",
        "slide scanner, read by openslide-python": ".svs .ndpi",
        "Zeiss, read by czifile": ".czi",
        "Leica, read by readlif": ".lif",
        "Nikon, read by nd2": ".nd2",
    }.items()
    for ending in endings.split()
}
_ANNOTATIONS = {".xml", ".json", ".txt", ".csv"}
_ADVICE = "Convert them to PNG or TIFF, or read them yourself and pass arrays."
# Fewer files without an ending are a README and a licence.
_MANY = 5


def about_foreign(ignored: Mapping[str, int], wanting: Mapping[str, int]) -> str:
    """What was left out though it looks like images, in words; "" if nothing.

    `wanting` has files without an ending: what would have to be installed to read them.
    """
    said = (_about_wanting(ignored, wanting), _about_unread(ignored, wanting))
    return " ".join(filter(None, said))


def _about_wanting(ignored: Mapping[str, int], wanting: Mapping[str, int]) -> str:
    missing = {ending: what_reads(ending) for ending in sorted(ignored)}
    kinds = [
        f"{counted(ignored[ending], f'{ending} file')}: install {what}"
        for ending, what in missing.items()
        if what
    ]
    kinds += [
        f"{counted(n, 'file')} without an ending: install {what}"
        for what, n in sorted(wanting.items())
    ]
    return f"Images that need a library are left out: {'; '.join(kinds)}." if kinds else ""


def _about_unread(ignored: Mapping[str, int], wanting: Mapping[str, int]) -> str:
    found = {ending: n for ending, n in ignored.items() if ending in _FORMATS}
    without = ignored.get("", 0) - sum(wanting.values())
    kinds = [f"{n:,} {ending} ({_FORMATS[ending]})" for ending, n in sorted(found.items())]
    if without >= _MANY:
        found[""] = without
        kinds.append(f"{without:,} without an ending")
    if not kinds:
        return ""
    files = counted(sum(found.values()), "file is", "files are")
    return f"{files} in formats that are not supported: {', '.join(kinds)}. {_ADVICE}"


def folders_of_annotations(tree: Tree) -> set[Parts]:
    """Folders in which there are texts, such as XML files, and nothing else: no classes."""
    endings: dict[Parts, set[str]] = defaultdict(set)
    for file in tree.others:
        for depth in range(1, len(file)):
            endings[file[:depth]].add(ending_of(file))
    unknown = [*tree.files, *tree.links, *(folder for folder, _ in tree.closed)]
    texts = {folder for folder in endings if endings[folder] <= _ANNOTATIONS}
    return texts - folders_above(unknown) - set(unknown)
