"""What several commands take."""

import argparse
from typing import Any, TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def seed(text: str) -> int:
    """A seed from the command line; argparse names this function in its error message."""
    value = int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"must be from 0 to 2**32 - 1, got {value}")
    return value


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add how a folder, an archive or a list is read."""
    for what, example in (("path", "file names or ids"), ("label", "labels")):
        parser.add_argument(
            f"--{what}-column", metavar="NAME", help=f"column of the CSV file that holds {example}"
        )
    parser.add_argument(
        "--group-column",
        metavar="NAME",
        help="what identifies images that belong together: a column of the CSV file or of the file "
        "of --groups, such as patient, or a value in DICOM files, such as PatientID",
    )
    parser.add_argument(
        "--groups",
        metavar="CSV",
        help="CSV file of groups, such as patients: a column of file names, paths or ids, and one "
        "of groups",
    )
    add_exclude(parser)


def add_exclude(parser: argparse.ArgumentParser) -> None:
    """Add patterns of what is left out."""
    parser.add_argument(
        "--exclude",
        action="append",
        metavar="PATTERN",
        help="files or folders to leave out, such as '*_mask.png'; may be given several times",
    )


def reading(arguments: argparse.Namespace) -> dict[str, Any]:
    """What `add_reading` added, as `load_image_folder` takes it."""
    names = ("path_column", "label_column", "group_column", "groups", "exclude")
    return {name: getattr(arguments, name) for name in names}
