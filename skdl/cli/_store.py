"""``skdl store``: show, clear and verify the feature store in a folder."""

import argparse
from typing import TYPE_CHECKING

from skdl._utils.text import counted, in_bytes, say, shown_path
from skdl.cli._arguments import Commands
from skdl.cli._table import show_table

if TYPE_CHECKING:
    from skdl.store import FeatureStore, StoreInfo


def add_parser(commands: Commands) -> None:
    """Add the command, its actions and their arguments."""
    store = commands.add_parser(
        "store",
        help="show, clear or verify a folder of stored features",
        description="Manage the feature store in a folder: features of images that networks "
        "computed.",
    )
    actions = store.add_subparsers(title="actions", required=True, metavar="ACTION")
    summaries = {
        _info: "show what is stored: networks, entries, sizes, last use",
        _clear: "remove what is stored, and nothing else in the folder, without asking",
        _verify: "read everything and say what is damaged; the exit status is 1 if anything is",
    }
    for action, summary in summaries.items():
        parser = actions.add_parser(
            action.__name__.strip("_"), help=summary, description=f"Feature store: {summary}."
        )
        parser.add_argument("folder", metavar="FOLDER", help="folder of the store")
        parser.set_defaults(run=run, action=action, repair=False)
    parser.add_argument(
        "--repair", action="store_true", help="remove what is damaged, and temporary files"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run an action on the store, if there is one."""
    from skdl.store import FeatureStore

    store = FeatureStore(arguments.folder)
    info = store.info()
    if not info.of_this_format and not info.other_formats:
        raise ValueError(f"The folder {shown_path(str(store.folder))} holds no feature store.")
    status: int = arguments.action(store, info, arguments.repair)
    if info.other_formats:
        say(f"\n{_other_formats(info)}")
    return status


def _info(store: "FeatureStore", info: "StoreInfo", repair: bool) -> int:
    from skdl.store import described

    say(f"Feature store in {store.folder}\n")
    if not info.spaces:
        say("It is empty.")
        return 0
    header, rows = described(info)
    show_table(header, [*rows[:-1], ("",) * len(header), rows[-1]], right=header[1:4])
    return 0


def _clear(store: "FeatureStore", info: "StoreInfo", repair: bool) -> int:
    if not info.of_this_format:
        raise ValueError(
            f"Nothing was removed from {shown_path(str(store.folder))}. {_other_formats(info)}"
        )
    removed = store.clear()
    say(
        f"Removed {counted(info.entries, 'entry', 'entries')} in "
        f"{counted(info.files, 'file')}, {in_bytes(removed)}, from {store.folder}"
    )
    return 0


def _verify(store: "FeatureStore", info: "StoreInfo", repair: bool) -> int:
    check = store.verify(repair=repair)
    files = counted(check.files, "file")
    say(f"{counted(check.entries, 'entry is', 'entries are')} intact, in {files}.")
    if check.leftovers:
        state = "removed" if repair else "left by a killed process, or being written"
        say(f"{counted(check.leftovers, 'temporary file')}: {state}.")
    if check.damaged_entries:
        say(f"{counted(check.damaged_entries, 'entry is', 'entries are')} damaged.")
    if check.damaged_files:
        say(f"{counted(len(check.damaged_files), 'file is', 'files are')} damaged:")
        say("\n".join(f"    {path}" for path in check.damaged_files))
    if check.sound:
        say("Nothing is damaged.")
    elif repair:
        say("What was damaged has been removed, and will be computed again.")
    else:
        say("Damaged features are computed again when needed; --repair removes them.")
    return int(not check.sound)


def _other_formats(info: "StoreInfo") -> str:
    names = " and ".join(info.other_formats)
    return f"The content of {names} is from another version of skdl, and is left alone."
