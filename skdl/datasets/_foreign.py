"""Files beside the images: annotations, and images in formats that are not read."""

from collections import defaultdict
from collections.abc import Mapping

from skdl.datasets._tree import Parts, Tree, ending_of

# What the formats are called, and what reads them, by the endings of files.
_FORMATS = {
    ".dcm": "DICOM, read by pydicom",
    ".dicom": "DICOM, read by pydicom",
    ".ima": "DICOM, read by pydicom",
    ".nii": "NIfTI, read by nibabel",
    ".gz": "compressed, such as NIfTI, read by nibabel",
    ".nrrd": "NRRD, read by pynrrd",
    ".mha": "MetaImage, read by SimpleITK",
    ".mhd": "MetaImage, read by SimpleITK",
    ".npy": "NumPy, read by numpy.load",
    ".npz": "NumPy, read by numpy.load",
    ".mat": "MATLAB, read by scipy.io.loadmat",
    ".heic": "HEIF, read by pillow-heif",
    ".heif": "HEIF, read by pillow-heif",
    ".avif": "AVIF, read by Pillow",
    ".jxl": "JPEG XL, read by imagecodecs",
    ".jp2": "JPEG 2000, read by Pillow",
    ".j2k": "JPEG 2000, read by Pillow",
    ".ppm": "Netpbm, read by Pillow",
    ".pgm": "Netpbm, read by Pillow",
    ".pbm": "Netpbm, read by Pillow",
    ".pnm": "Netpbm, read by Pillow",
    ".apng": "animated PNG, read by Pillow",
    ".tga": "Targa, read by Pillow",
    ".psd": "Photoshop, read by Pillow",
    ".dng": "raw photograph, read by rawpy",
    ".cr2": "raw photograph, read by rawpy",
    ".nef": "raw photograph, read by rawpy",
    ".svs": "slide scanner, read by openslide-python",
    ".ndpi": "slide scanner, read by openslide-python",
    ".czi": "Zeiss, read by czifile",
    ".lif": "Leica, read by readlif",
    ".nd2": "Nikon, read by nd2",
}
_ANNOTATIONS = {".xml", ".json", ".txt", ".csv"}
_ADVICE = "Convert them to PNG or TIFF, or read them yourself and pass arrays."
# Fewer files without an ending are a README and a licence.
_MANY = 5


def about_foreign(ignored: Mapping[str, int]) -> str:
    """What was left out though it looks like images, in words; "" if nothing."""
    found = {ending: n for ending, n in ignored.items() if ending in _FORMATS}
    without = ignored.get("", 0)
    if not found and without < _MANY:
        return ""
    kinds = [f"{n:,} {ending} ({_FORMATS[ending]})" for ending, n in sorted(found.items())]
    if without >= _MANY:
        found[""] = without
        kinds.append(f"{without:,} without an ending (perhaps DICOM, read by pydicom)")
    n = sum(found.values())
    files = "1 file is" if n == 1 else f"{n:,} files are"
    return f"{files} in formats that are not read: {', '.join(kinds)}. {_ADVICE}"


def folders_of_annotations(tree: Tree) -> set[Parts]:
    """Folders in which there are texts, such as XML files, and nothing else: no classes."""
    endings: dict[Parts, set[str]] = defaultdict(set)
    for file in tree.others:
        for depth in range(1, len(file)):
            endings[file[:depth]].add(ending_of(file))
    unknown = [*tree.files, *tree.links, *(folder for folder, _ in tree.closed)]
    needed = {parts[:depth] for parts in unknown for depth in range(1, len(parts) + 1)}
    return {folder for folder in endings if endings[folder] <= _ANNOTATIONS} - needed
