"""Image files in folders of classes, in archives and in lists."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.utils import Bunch

from skdl._utils.checks import check_choice, check_path, warn_user
from skdl._utils.text import counted, shown_path
from skdl.datasets._bunch import Codes, draw, refuse_pair_with_groups, what_is_closed
from skdl.datasets._columns import Wanted
from skdl.datasets._concerns import (
    about_called,
    about_copies,
    about_divided,
    about_several,
    about_spellings,
    about_untrained,
    first_of,
)
from skdl.datasets._contents import files_of_several, find_copies
from skdl.datasets._examined import fault_of, readable, refuse_emptied, settle
from skdl.datasets._given_groups import add_groups
from skdl.datasets._groups_of_files import with_groups_of_files
from skdl.datasets._layout import arrange
from skdl.datasets._listing import Entry, Listing, sorted_names
from skdl.datasets._lists import listing_of_csv
from skdl.datasets._patterns import Patterns, check_patterns, without_excluded
from skdl.datasets._tree import Tree, tree_of_archive, tree_of_folder
from skdl.images import SUFFIXES, is_archive, untold

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
    label_columns: Sequence[str] | None = None,
    group_column: str | Literal[False] | None = None,
    groups: str | os.PathLike[str] | None = None,
    exclude: str | Sequence[str] | None = None,
) -> Any:
    """Load paths and labels of image files from a folder, an archive or a list.

    No image is kept in memory: estimators and ``skdl.ImageLoader`` decode the files when they are
    needed.

    Parameters
    ----------
    path : str or path-like
        One of

        - a folder with one folder per class, ``pets/cats/1.jpg``, or with such folders in folders
          of subsets, ``pets/train/cats/1.jpg``
        - a zip or tar archive of such a folder. It is read in place, without being unpacked; a
          compressed tar archive is decompressed once, into ``archives/`` in the data home
        - a CSV file with a column of paths, relative to the folder of the file, and a column of
          labels, optionally with columns of subsets and of groups. A name or an id without an
          ending is searched for in that folder and below
    subset : {"train", "test", "val", "all"}, default="all"
        Which images to load. Folders and values "training", "testing", "valid" and "validation"
        are accepted as well. Classes have the same codes in all subsets.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do about files and folders that cannot be read, and about folders of classes
        without an image: raise an error that names them, leave them out, or leave them out with a
        warning. A folder that holds only text files, such as annotations, is not a class.
    verify : bool, default=True
        Whether to decode each image once, so that damaged files are found now and not in ``fit``.
        If False, read only their headers.
    find_duplicates : bool, default=True
        Whether to look for images that are equal byte for byte. This reads all files of equal size,
        whatever the value of `verify`. False saves that time, but test images that are also in the
        training set go unnoticed.
    n_samples : int, default=None
        Number of images to draw, in the proportions of the classes. If None, use all. Only the
        drawn files are examined, also for duplicates; those that cannot be read are replaced by
        others of their class, as long as there are any.
    random_state : int, RandomState instance or None, default=0
        Seed of the draw.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a bunch. Groups cannot be returned so.
    path_column, label_column : str, default=None
        Columns of the CSV file. If None, use the only one with a usual name, such as "path" or
        "image_id", and "label" or "diagnosis". For a folder or an archive, `path_column` is a
        column of `groups`.
    label_columns : list of str, default=None
        Columns of the CSV file to use instead of `label_column`, one per class, which hold 1 in
        the rows of images of that class and 0 in all others. If None and no column has a usual
        name, use all columns of 0 and 1, with a warning.
    group_column : str or False, default=None
        What identifies images that belong together, such as those of a patient: a column of
        `groups`, if that is set, else a column of the CSV file; for a folder or an archive, a value
        in its files, such as "PatientID" in DICOM files. If None, use a column named after
        patients, subjects, cases and so on, or the "PatientID", with a warning. If False, there
        are no groups.
    groups : str or path-like, default=None
        A CSV file with a column of images, by path, name or id without an ending, and a column of
        groups. It must list each image once.
    exclude : str or list of str, default=None
        Shell-style patterns of files and folders to leave out, such as ``"*_mask.png"``. A pattern
        is compared with the end of a path and is case-sensitive: ``"thumbs"`` leaves out folders of
        this name, wherever they are, ``"cats/*.gif"`` files in folders `cats`. ``*`` matches any
        part of a name, ``**`` any number of folders.

    Returns
    -------
    bunch : sklearn.utils.Bunch
        With the attributes

        - `data`, `filenames` : ndarray of str of shape (n,), the same array: absolute paths, sorted
          by subset, class and name, or in the order of the CSV file. Members of archives have paths
          such as ``"/data/pets.zip/cats/1.jpg"``
        - `target` : int64 ndarray of shape (n,), positions in `target_names`
        - `target_names` : ndarray of str of shape (n_classes,), sorted: whole numbers by value,
          everything else as text. Classes that occur only in another subset are included
        - `groups` : ndarray of str of shape (n,), for ``evaluate(…, groups=…)`` and scikit-learn's
          ``GroupKFold``; None if they are not known
        - `subsets` : ndarray of str of shape (n,), such as "train" and "test"; None if there are
          no subsets
        - `duplicates` : list of tuples of str, paths of images that are equal byte for byte: loaded
          ones and, without `n_samples`, their copies in other subsets. None without
          `find_duplicates`
        - `unreadable` : list of (str, str), paths of files and folders that were left out, and why
        - `companions` : list of str, paths of masks and thumbnails, which are left out: files that
          lie beside the image they belong to, such as ``1_mask.png`` beside ``1.png`` or a
          folder ``masks`` beside ``images``, or ``train_masks`` beside ``train``. Empty for a CSV
          file, all of whose rows are loaded
        - `excluded` : list of str, paths of images that `exclude` left out
        - `ignored` : dict of str to int, number of files without the ending of an image, by their
          ending. Hidden files and system folders, such as ``@eaDir``, do not count
        - `DESCR` : str

    Raises
    ------
    FileNotFoundError
        If there is no such folder, archive or file.
    TypeError
        If `path` is not a path.
    ValueError
        If `path` holds no images or cannot be read, a class has no images, images belong to no
        class or subset, the subset does not exist, a file cannot be read, an id or a row of
        `groups` matches several files, an image has no group, or a parameter is invalid.

    See Also
    --------
    skdl.datasets.describe_images : Sizes, formats and value ranges per class.

    Notes
    -----
    There is a warning, one of each kind, if equal images are in two subsets or belong to two
    classes, if a group has images in two subsets, if images lie outside the folders of classes or
    anything else is left out, if a pattern of `exclude` or a row of `groups` matches nothing, if
    columns are used or ignored because of their names or values, and if files hold several frames
    or pages, of which the first is used.

    Links in a folder are followed, and each folder is read once, so that a link to a folder above
    itself does no harm. Links in an archive are not followed: they count as files that cannot be
    read if they are named like images or may be folders of classes.

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
    refuse_pair_with_groups(group_column or groups, return_X_y)
    source = check_path(path, "path")
    wanted = Wanted(path_column, label_column, label_columns, group_column)
    table = None if groups is None else check_path(groups, "groups")
    patterns = check_patterns(exclude)
    with what_is_closed(source):
        listing = _list(source, wanted, table, patterns)
    patterns.warn_of_unused(shown_path(source))
    concerns = list(about_spellings(*listing.join_spellings()))
    entries = listing.of_subset(subset, source)
    names = sorted_names(entry.label for entry in listing.entries)
    codes = {name: code for code, name in enumerate(names)}
    target = np.array([codes[entry.label] for entry in entries], dtype=np.int64)
    paths = np.array([entry.path for entry in entries], dtype=np.str_)
    drawn = draw(target, len(names), n_samples, random_state)
    rows, unreadable = readable(paths, drawn, verify)
    unreadable += [(link, fault_of(link, verify)) for link in listing.links]
    folders = listing.faults(subset)
    unreadable += folders
    concerns += settle(unreadable, source, on_error, bool(folders))
    refuse_emptied(target, target[rows], names)

    data, target = paths[rows], target[rows]
    loaded = [entries[row] for row in rows]
    every = listing.entries if n_samples is None else loaded
    if not listing.grouped:
        loaded = with_groups_of_files(listing, loaded, every, group_column, source)
    copies: list[list[Entry]] = []
    if find_duplicates:
        compared = listing.entries if n_samples is None else loaded
        equal = find_copies([entry.path for entry in compared], data.tolist())
        copies = [[compared[row] for row in group] for group in equal]
    concerns += [*about_copies(copies), *about_divided(listing.entries), *listing.left_out]
    if subset == "all" and listing.unlabelled:
        unlabelled = first_of(list(listing.unlabelled.values()))
        concerns.append(f"The images in {unlabelled} have no class, and are left out.")
    concerns += [*listing.doubts, *about_untrained(listing.entries)]
    concerns += about_called(listing.called_groups, return_X_y)
    several = files_of_several(data.tolist())
    untold(several)  # from now on
    for concern in [*concerns, *about_several(several)]:
        warn_user(concern)
    if return_X_y:
        return data, target
    divided = any(entry.subset for entry in loaded)
    return Bunch(
        data=data,
        filenames=data,
        target=target,
        target_names=np.array(names, dtype=np.str_),
        groups=np.array([entry.group for entry in loaded]) if listing.grouped else None,
        subsets=np.array([entry.subset for entry in loaded]) if divided else None,
        duplicates=[tuple(e.path for e in group) for group in copies] if find_duplicates else None,
        unreadable=unreadable,
        companions=listing.companions,
        excluded=listing.excluded,
        ignored=listing.ignored,
        DESCR=_description(source, subset, names, target, len(unreadable), listing),
    )


def _list(source: Path, wanted: Wanted, groups: Path | None, patterns: Patterns) -> Listing:
    """What a source holds, with the groups of a table."""
    if source.is_file() and source.suffix.lower() == ".csv":
        inside = wanted if groups is None else replace(wanted, group=False)
        listing = listing_of_csv(source, inside, patterns)
        wanted = replace(wanted, path=None)  # of the list, not of the table
    else:
        _refuse_columns(source, wanted, groups)
        listing = arrange(without_excluded(_tree(source), patterns), source)
    if groups is not None:
        add_groups(listing, groups, wanted, source)
    return listing


def _refuse_columns(source: Path, wanted: Wanted, groups: Path | None) -> None:
    """Refuse names of columns where there is no table."""
    if wanted.of_labels or (groups is None and wanted.path):
        raise ValueError(
            "The parameters path_column, label_column and label_columns are for CSV files; "
            f"{shown_path(source)} is not a CSV file."
        )


def _tree(source: Path) -> Tree:
    if source.is_dir():
        return tree_of_folder(source)
    if is_archive(source):
        return tree_of_archive(source)
    if not source.exists():
        raise FileNotFoundError(f"There is no folder, archive or CSV file {shown_path(source)}.")
    raise ValueError(
        f"{shown_path(source)} is neither a folder, nor a CSV file, nor an archive "
        f"({', '.join(SUFFIXES)})."
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
    n = len(listing.excluded)
    excluded = f", {counted(n, 'image')} by exclude" if n else ""
    classes = "\n".join(f"- {name}: {count:,}" for name, count in zip(names, counts, strict=True))
    return (
        f"Image files of {source}\n\nSubset: {subset}. {len(target):,} images in {len(names)} "
        f"classes:\n{classes}\n\nLeft out: {n_unreadable:,} unreadable files and "
        f"{sum(listing.ignored.values()):,} files of other kinds{companions}{excluded}.\n"
    )
