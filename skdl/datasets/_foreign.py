"""Files beside the images: annotations, and images in formats that are not read."""

from collections import defaultdict
from collections.abc import Mapping

from skdl.datasets._tree import Parts, Tree, ending_of

# What the formats are called, by the endings of files.
_FORMATS = {
    ".dcm": "DICOM",
    ".dicom": "DICOM",
    ".ima": "DICOM",
    ".nii": "NIfTI",
    ".gz": "compressed, such as NIfTI",
    ".nrrd": "NRRD",
    ".mha": "MetaImage",
    ".mhd": "MetaImage",
    ".npy": "NumPy",
    ".npz": "NumPy",
    ".mat": "MATLAB",
    ".heic": "HEIF",
    ".heif": "HEIF",
    ".avif": "AVIF",
    ".jxl": "JPEG XL",
    ".jp2": "JPEG 2000",
    ".j2k": "JPEG 2000",
    ".ppm": "Netpbm",
    ".pgm": "Netpbm",
    ".pbm": "Netpbm",
    ".pnm": "Netpbm",
    ".apng": "animated PNG",
    ".tga": "Targa",
    ".psd": "Photoshop",
    ".dng": "raw photograph",
    ".cr2": "raw photograph",
    ".nef": "raw photograph",
    ".svs": "slide scanner",
    ".ndpi": "slide scanner",
    ".czi": "Zeiss",
    ".lif": "Leica",
    ".nd2": "Nikon",
}
_ANNOTATIONS = {".xml", ".json", ".txt", ".csv"}
_ADVICE = "Convert them to PNG or TIFF, or read them yourself and pass arrays."


def about_foreign(ignored: Mapping[str, int]) -> str:
    """What was left out though it looks like images, in words; "" if nothing."""
    found = {ending: n for ending, n in ignored.items() if ending in _FORMATS}
    if not found:
        return ""
    kinds = ", ".join(f"{n:,} {ending} ({_FORMATS[ending]})" for ending, n in sorted(found.items()))
    n = sum(found.values())
    files = "1 file is" if n == 1 else f"{n:,} files are"
    return f"{files} in formats that are not read: {kinds}. {_ADVICE}"


def folders_of_annotations(tree: Tree) -> set[Parts]:
    """Folders in which there are texts, such as XML files, and nothing else: no classes."""
    endings: dict[Parts, set[str]] = defaultdict(set)
    for file in tree.others:
        for depth in range(1, len(file)):
            endings[file[:depth]].add(ending_of(file))
    unknown = [*tree.files, *tree.links, *(folder for folder, _ in tree.closed)]
    needed = {parts[:depth] for parts in unknown for depth in range(1, len(parts) + 1)}
    return {folder for folder in endings if endings[folder] <= _ANNOTATIONS} - needed
