"""Groups that image files name in their headers, such as the patients of DICOM files."""

from collections.abc import Sequence
from dataclasses import replace

from skdl._utils.text import counted, shortened, shown_path
from skdl._utils.threads import in_threads
from skdl.datasets._listing import Entry
from skdl.images import UnreadableImageError, read_image_info


def with_groups_of_files(entries: Sequence[Entry], field: str) -> list[Entry]:
    """Entries with the group that each file says it belongs to.

    What cannot be read has none; what is wrong with it is said when it is examined.

    Raises
    ------
    ValueError
        If files that can be read do not say it, naming the first.
    """
    groups = list(in_threads(_groups_of, [entry.path for entry in entries]))
    without = [
        entry.path
        for entry, found in zip(entries, groups, strict=True)
        if found is not None and not found.get(field)
    ]
    if without:
        known = sorted({name for found in groups if found for name in found})
        there = f"The files have {', '.join(known)}. " if known else ""
        raise ValueError(
            f"The parameter group_column={shortened(field)}, but "
            f"{counted(len(without), 'file does', 'files do')} not say it, such as "
            f"{shown_path(without[0])}. {there}Of a folder, it is a field of DICOM files "
            "('PatientID', 'StudyInstanceUID'); for other files, list them in a CSV file."
        )
    return [
        replace(entry, group=(found or {}).get(field, ""))
        for entry, found in zip(entries, groups, strict=True)
    ]


def _groups_of(path: str) -> dict[str, str] | None:
    try:
        return read_image_info(path).groups
    except UnreadableImageError:
        return None
