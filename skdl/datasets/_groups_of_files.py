"""Groups that image files tell of themselves, such as the patients of DICOM files."""

import os
from dataclasses import replace
from pathlib import Path

from skdl._utils.checks import suggest
from skdl._utils.text import counted, shortened, shown_path
from skdl._utils.threads import in_threads
from skdl.datasets._columns import GroupColumn
from skdl.datasets._listing import Entry, Listing
from skdl.images import UnreadableImageError, read_image_info

_JOINING = ("PatientID", "StudyInstanceUID")  # a patient may have several studies


def with_groups_of_files(
    listing: Listing, loaded: list[Entry], every: list[Entry], wanted: GroupColumn, source: Path
) -> list[Entry]:
    """Loaded images with their groups, if their files tell any; so the listing's own.

    `every` has those whose files may be read. ValueError where what the caller named is not there.
    """
    samples = {os.path.splitext(entry.path)[1]: entry.path for entry in loaded}  # one of a kind
    if wanted is False or not (any(map(_told_by, samples.values())) or wanted):
        return loaded
    paths = list(dict.fromkeys(entry.path for entry in every))
    told = dict(zip(paths, in_threads(_told_by, paths), strict=True))
    known = {name for groups in told.values() for name in groups}
    name = wanted or next(name for name in (*_JOINING, *sorted(known)) if name in known)
    if name not in known:
        tell = f"their files hold only {', '.join(sorted(known))}" if known else "no file holds any"
        raise ValueError(
            f"The parameter group_column={shortened(name)}, but the images of {shown_path(source)} "
            f"have no table of groups, and {tell}.{suggest(name, known)} Set groups to a table."
        )
    lacking = [entry.path for entry in loaded if not told[entry.path].get(name)]
    n_groups = len({told[entry.path].get(name) for entry in loaded})
    why_not = ""
    if lacking:
        files = counted(len(lacking), "file does", "files do")
        why_not = f"{files} not have it, such as {shown_path(lacking[0])}"
    elif n_groups == 1 and len(loaded) > 1 and not wanted:
        why_not = "it is the same in all of them"
    if why_not and wanted:
        raise ValueError(f"group_column={shortened(name)}, but {why_not}. Leave such files out.")
    if why_not:
        listing.doubts.append(f"The {name} of the files is not used as groups: {why_not}.")
        return loaded
    listing.grouped = True
    listing.called_groups = "" if wanted else f"The {name} of the files"

    def grouped(entries: list[Entry]) -> list[Entry]:
        return [replace(e, group=told.get(e.path, {}).get(name, "")) for e in entries]

    listing.entries = grouped(listing.entries)
    return grouped(loaded)


def _told_by(path: str) -> dict[str, str]:
    try:
        return read_image_info(path).groups
    except UnreadableImageError:
        return {}
