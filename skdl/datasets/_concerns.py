"""What a user should know about a folder of images before trusting a score, in words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from skdl._utils.text import counted, shortened, shown_path
from skdl.datasets._foreign import about_foreign
from skdl.datasets._listing import Entry
from skdl.images import CHOOSE_A_FRAME

# How many files a message names.
NAMED = 5


def first_of(names: Sequence[str]) -> str:
    """The first few of some names, and whether there are more."""
    return ", ".join(map(shown_path, names[:NAMED])) + ", …" * (len(names) > NAMED)


def about_spellings(joined: Mapping[str, str], apart: Sequence[str]) -> Iterator[str]:
    """Classes whose names differ in little."""
    if joined:
        pairs = [
            f"{shortened(label)} as {shortened(name)}" for label, name in sorted(joined.items())
        ]
        more = ", …" * (len(pairs) > NAMED)
        yield (
            "Classes whose spellings differ between subsets are joined: "
            f"{', '.join(pairs[:NAMED])}{more}."
        )
    if apart:
        yield (
            "Some classes differ only in capitals, in spaces at the ends or in how accents are "
            f"encoded: {first_of(apart)}. They are kept apart; if they are one class, give them "
            "one name."
        )


def about_copies(copies: Sequence[Sequence[Entry]]) -> Iterator[str]:
    """Equal images that differ in their subset, label or group."""
    for attribute, what in (
        ("subset", "lie in two subsets, so that scores on one of them are too good,"),
        ("label", "belong to two classes"),
        ("group", "belong to two groups"),
    ):
        pairs = [pair for group in copies if (pair := _differing(group, attribute))]
        if pairs:
            yield (
                f"Equal images {what} in {counted(len(pairs), 'case')}, such as "
                f"{shown_path(pairs[0][0])} and {shown_path(pairs[0][1])}. They are kept; "
                "`duplicates` of the bunch lists them."
            )


def _differing(group: Sequence[Entry], attribute: str) -> tuple[str, str] | None:
    """The first of some equal images, and the first that differs from it."""
    for other in group[1:]:
        if getattr(other, attribute) != getattr(group[0], attribute):
            return group[0].path, other.path
    return None


def about_divided(entries: Sequence[Entry]) -> Iterator[str]:
    """Groups of which images lie in several subsets."""
    subsets: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        subsets[entry.group].add(entry.subset)
    groups = sorted(group for group, names in subsets.items() if group and len(names) > 1)
    if groups:
        yield (
            f"{counted(len(groups), 'group has', 'groups have')} images in two subsets, so that "
            f"scores on one of them are too good: {first_of(groups)}."
        )


def about_called(column: str, pair: bool) -> Iterator[str]:
    """A column that was taken as groups since it is called so."""
    if column and pair:
        yield (
            f"{column} seems to hold groups, which return_X_y=True cannot return. Use data, "
            "target and groups of the bunch, or set group_column=False if there are no groups."
        )
    elif column:
        yield (
            f"{column} is used as groups. Set group_column to another column, or to False if there "
            "are no groups."
        )


def about_left_out(
    stray: Sequence[str],
    companions: Sequence[str],
    of_system: Mapping[str, int],
    annotations: Sequence[str],
    ignored: Mapping[str, int],
    wanting: Mapping[str, int],
) -> Iterator[str]:
    """What lies in a folder and is not loaded."""
    if stray:
        yield (
            f"{counted(len(stray), 'image lies', 'images lie')} outside the folders of classes and "
            f"{'is' if len(stray) == 1 else 'are'} left out: {first_of(stray)}."
        )
    if companions:
        files = counted(
            len(companions),
            "file is a mask or thumbnail of another image and is",
            "files are masks or thumbnails of other images and are",
        )
        yield (
            f"{files} left out: {first_of(companions)}. `companions` of the bunch lists them; to "
            "load them as images, list them in a CSV file."
        )
    if of_system:
        names = [f"{name!r} ({n:,})" for name, n in sorted(of_system.items())]
        yield f"System folders, which hold no data, are skipped: {', '.join(names)}."
    if annotations:
        what = "text files only, such as annotations, and"
        folders = counted(
            len(annotations), f"folder holds {what} is skipped", f"folders hold {what} are skipped"
        )
        yield f"{folders}: {first_of(annotations)}."
    if foreign := about_foreign(ignored, wanting):
        yield foreign


def about_several(files: Sequence[str]) -> Iterator[str]:
    """Files with several frames or pages."""
    if files:
        yield (
            f"{counted(len(files), 'file holds', 'files hold')} several frames or pages, of which "
            f"the first is used: {first_of(files)}. {CHOOSE_A_FRAME} in ImageLoader. If the "
            "others are images of the class, too, save them as separate files."
        )


def about_untrained(entries: Sequence[Entry]) -> Iterator[str]:
    """Classes of other subsets that the training images lack."""
    trained = {entry.label for entry in entries if entry.subset == "train"}
    others = {e.label: e.subset for e in entries if trained and e.label not in trained}
    if len(others) == 1:
        ((label, subset),) = others.items()
        yield f"The class {shortened(label)} of {subset!r} has no training images."
    elif others:
        yield f"{len(others):,} classes have no training images: {first_of(sorted(others))}."
