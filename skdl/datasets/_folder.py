"""Image files in folders of classes, in archives and in lists."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from skdl._utils.checks import check_choice, check_path, warn_user
from skdl._utils.text import counted, middle_out, shown_path
from skdl._utils.threads import in_threads
from skdl.datasets._bunch import Codes, draw, refuse_pair_with_groups, what_is_closed
from skdl.datasets._concerns import (
    NAMED,
    about_copies,
    about_divided,
    about_several,
    about_spellings,
    about_untrained,
    first_of,
)
from skdl.datasets._contents import files_of_several, find_copies
from skdl.datasets._headers import with_groups_of_files
from skdl.datasets._layout import arrange
from skdl.datasets._listing import Entry, Listing, sorted_names
from skdl.datasets._lists import listing_of_csv
from skdl.datasets._tree import tree_of_archive, tree_of_folder
from skdl.images import (
    SUFFIXES,
    UnreadableImageError,
    is_archive,
    read_image,
    read_image_info,
    untold,
)

OnError = Literal["raise", "skip", "warn"]
Subset = Literal["train", "test", "val", "all"]


def load_image_folder(
    path: str | os.PathLike[str],
    *,
    subset: Subset = "all",
    on_error: OnError = "raise",
    verify: bool = True,
    find_duplicates: bool = True,
    n_samples: int | None = None,
    random_state: Any = 0,
    return_X_y: bool = False,
    path_column: str | None = None,
    label_column: str | None = None,
    group_column: str | None = None,
) -> Any:
    """Paths and labels of image files in a folder, an archive or a list.

    Nothing is kept in memory: estimators and ``skdl.ImageLoader`` decode the files when they are
    needed.

    Parameters
    ----------
    path : str or path-like
        One of

        - a folder with a folder for each class, ``pets/cats/1.jpg``, or with such folders in
          folders for subsets, ``pets/train/cats/1.jpg``
        - a zip or tar archive of such a folder. It is read in place, without being unpacked; a
          compressed tar archive is decompressed once, into ``archives/`` in the data home
        - a CSV file with a column of paths, which count from the file's own folder, a column of
          labels and perhaps one called "subset" or "split"
    subset : {"train", "test", "val", "all"}, default="all"
        Which images. Folders and values "training", "testing", "valid" and "validation" are
        understood as well. Classes have the same codes in all subsets.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do about files and folders that cannot be read, and about folders of classes
        without an image: refuse them all by name, leave them out, or leave them out with a
        warning. A folder in which there are text files only, such as annotations, is no class.
    verify : bool, default=True
        Whether to decode each image once, so that damaged files are found now and not in ``fit``.
        False reads only their headers.
    find_duplicates : bool, default=True
        Whether to look for images that are equal byte for byte, for which all files of equal size
        are read, whatever `verify` says. False spares that time, and test images that were trained
        on stay unknown.
    n_samples : int, default=None
        Draw this many images, in the classes' proportions. None takes all. Only the drawn files are
        examined, also for duplicates; what cannot be read among them is replaced by others of its
        class, while there are any.
    random_state : int, RandomState instance or None, default=0
        Seed of the draw.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a bunch. It has no place for groups.
    path_column, label_column : str, default=None
        Columns of the CSV file. None takes the only one with a usual name, such as "path" and
        "label".
    group_column : str, default=None
        Column of the CSV file that tells what images belong together, such as those of a patient;
        of DICOM files in a folder or archive, "PatientID" or "StudyInstanceUID".

    Returns
    -------
    bunch : sklearn.utils.Bunch
        With the attributes

        - `data`, `filenames` : ndarray of str of shape (n,), the same array: absolute paths, sorted
          by subset, class and name, or in the order of the CSV file. Members of archives have paths
          such as ``"/data/pets.zip/cats/1.jpg"``
        - `target` : int64 ndarray of shape (n,), positions in `target_names`
        - `target_names` : ndarray of str of shape (n_classes,), sorted: whole numbers by value,
          everything else as text. Classes that only another subset has are among them
        - `groups` : ndarray of str of shape (n,), for ``evaluate(…, groups=…)`` and scikit-learn's
          ``GroupKFold``; None without `group_column`
        - `duplicates` : list of tuples of str, paths of images that are equal byte for byte: loaded
          ones and, without `n_samples`, their copies in other subsets. None without
          `find_duplicates`
        - `unreadable` : list of (str, str), paths of files and folders that were left out, and why
        - `companions` : list of str, paths of masks and thumbnails, which are left out: files that
          lie beside the image they belong to, such as ``1_mask.png`` beside ``1.png`` or a
          folder ``masks`` beside ``images``, or ``train_masks`` beside ``train``. A CSV file
          decides for itself: [] for it
        - `ignored` : dict of str to int, how many files did not end as images do, by their ending.
          Hidden files do not count, nor do folders of the system, such as ``@eaDir``
        - `DESCR` : str

    Raises
    ------
    FileNotFoundError
        If there is no such folder, archive or file.
    TypeError
        If `path` is no path.
    ValueError
        If it holds no images or cannot be read, a class has none, images belong to no class or
        subset, the subset is not there, a file cannot be read, or a parameter is wrong.

    See Also
    --------
    skdl.datasets.describe_images : Sizes, formats and value ranges by class.

    Notes
    -----
    A warning is given if equal images lie in two subsets or belong to two classes, if a group has
    images in two subsets, if images lie outside the folders of classes, about what else was left
    out, and about files with several frames or pages, of which the first is taken: one of each
    kind.

    Links in a folder are followed, and each folder is read once, so that a link to a folder above
    itself does no harm. Links in an archive are not followed: they count as files that cannot be
    read, if they are called like images or may be folders of classes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skdl.datasets import load_image_folder
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name in ("cats", "dogs"):
    ...         Path(root, name).mkdir()
    ...         Image.new("RGB", (8, 8), "red" if name == "cats" else "blue").save(
    ...             f"{root}/{name}/1.png"
    ...         )
    ...     pets = load_image_folder(root)
    >>> pets.target, pets.target_names
    (array([0, 1]), array(['cats', 'dogs'], dtype='<U4'))
    """
    check_choice(subset, "subset", ("train", "test", "val", "all"))
    check_choice(on_error, "on_error", ("raise", "skip", "warn"))
    refuse_pair_with_groups(group_column, return_X_y)
    source = check_path(path, "path")
    with what_is_closed(source):
        listing = _list(source, path_column, label_column, group_column)
    concerns = list(about_spellings(*listing.join_spellings()))
    entries = listing.of_subset(subset, source)
    names = sorted_names(entry.label for entry in listing.entries)
    codes = {name: code for code, name in enumerate(names)}
    target = np.array([codes[entry.label] for entry in entries], dtype=np.int64)
    paths = np.array([entry.path for entry in entries], dtype=np.str_)
    drawn = draw(target, len(names), n_samples, random_state)
    rows, unreadable = _readable(paths, drawn, verify)
    unreadable += [(link, _fault(link, verify)) for link in listing.links]
    folders = listing.faults(subset)
    unreadable += folders
    concerns += _settle(unreadable, source, on_error, bool(folders))
    _refuse_emptied(target, target[rows], names)

    data, target = paths[rows], target[rows]
    loaded = [entries[row] for row in rows]
    copies: list[list[Entry]] = []
    if find_duplicates:
        compared = listing.entries if n_samples is None else loaded
        groups = find_copies([entry.path for entry in compared], data.tolist())
        copies = [[compared[row] for row in group] for group in groups]
    concerns += [*about_copies(copies), *about_divided(listing.entries), *listing.left_out]
    if subset == "all" and listing.unlabelled:
        unlabelled = first_of(list(listing.unlabelled.values()))
        concerns.append(f"The images in {unlabelled} have no class, and are left out.")
    concerns += [*listing.doubts, *about_untrained(listing.entries)]
    several = files_of_several(data.tolist())
    untold(several)  # from now on
    for concern in [*concerns, *about_several(several)]:
        warn_user(concern)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        filenames=data,
        target=target,
        target_names=np.array(names, dtype=np.str_),
        groups=None if group_column is None else np.array([entry.group for entry in loaded]),
        duplicates=[tuple(e.path for e in group) for group in copies] if find_duplicates else None,
        unreadable=unreadable,
        companions=listing.companions,
        ignored=listing.ignored,
        DESCR=_description(source, subset, names, target, len(unreadable), listing),
    )


def _list(source: Path, *columns: str | None) -> Listing:
    if source.is_file() and source.suffix.lower() == ".csv":
        return listing_of_csv(source, *columns)
    *named, group_field = columns
    if any(column is not None for column in named):
        raise ValueError(
            "The parameters path_column and label_column are for CSV files; "
            f"{shown_path(source)} is none."
        )
    if source.is_dir() or is_archive(source):
        tree = tree_of_folder(source) if source.is_dir() else tree_of_archive(source)
        listing = arrange(tree, source)
        if group_field is not None:
            listing.entries = with_groups_of_files(listing.entries, group_field)
        return listing
    if not source.exists():
        raise FileNotFoundError(f"There is no folder, archive or CSV file {shown_path(source)}.")
    raise ValueError(
        f"{shown_path(source)} is neither a folder, nor a CSV file, nor an archive "
        f"({', '.join(SUFFIXES)})."
    )


def _readable(
    paths: npt.NDArray[np.str_], drawn: Sequence[tuple[Codes, int]], verify: bool
) -> tuple[Codes, list[tuple[str, str]]]:
    """Rows of images that can be read, as many as were drawn; and paths of those that cannot."""
    chosen: list[int] = []
    unreadable: list[tuple[str, str]] = []
    for order, missing in drawn:
        queue = order
        while missing and len(queue):
            batch, queue = queue[:missing], queue[missing:]
            faults = in_threads(partial(_fault, verify=verify), paths[batch].tolist())
            for row, fault in zip(batch.tolist(), faults, strict=True):
                if fault:
                    unreadable.append((str(paths[row]), fault))
                else:
                    chosen.append(row)
                    missing -= 1
    return np.array(sorted(chosen), dtype=np.int64), sorted(unreadable)


def _fault(path: str, verify: bool) -> str:
    """Why a file cannot be read, nothing if it can."""
    try:
        if verify:
            # Small: a JPEG is decoded at an eighth of its size.
            read_image(path, image_size=8, frame="first")
        else:
            read_image_info(path)
    except UnreadableImageError as error:
        return error.reason
    return ""


def _settle(
    unreadable: Sequence[tuple[str, str]], source: Path, on_error: str, with_folders: bool
) -> list[str]:
    """What to say of what cannot be read; a ValueError if that is to be refused."""
    n = len(unreadable)
    if not n or on_error == "skip":
        return []
    what, verb = counted(n, "file"), "read"
    if with_folders:
        what, verb = counted(n, "file or folder", "files or folders"), "used"
    lines = [f"{what} of {shown_path(source)} cannot be {verb}:"]
    lines += [f"- {middle_out(path)}: {reason}" for path, reason in unreadable[:NAMED]]
    if n > NAMED:
        lines.append(f"- and {n - NAMED:,} more")
    if on_error == "warn":
        return ["\n".join([*lines, "They are left out."])]
    advice = "Remove or replace them, or leave them out with on_error='skip'."
    raise ValueError("\n".join([*lines, advice]))


def _refuse_emptied(before: Codes, after: Codes, names: list[str]) -> None:
    gone = sorted(set(before.tolist()) - set(after.tolist()))
    if gone:
        raise ValueError(
            f"No image of class {first_of([names[code] for code in gone])} can be read."
        )


def _description(
    source: Path,
    subset: str,
    names: list[str],
    target: Codes,
    n_unreadable: int,
    listing: Listing,
) -> str:
    counts = np.bincount(target, minlength=len(names))
    n = len(listing.companions)
    companions = f", {n:,} masks or thumbnails" if n else ""
    classes = "\n".join(f"- {name}: {count:,}" for name, count in zip(names, counts, strict=True))
    return (
        f"Image files of {source}\n\nSubset: {subset}. {len(target):,} images in {len(names)} "
        f"classes:\n{classes}\n\nLeft out: {n_unreadable:,} unreadable files and "
        f"{sum(listing.ignored.values()):,} files of other kinds{companions}.\n"
    )
