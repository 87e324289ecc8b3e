"""``skdl demo``: the main job on real images, from the search to the saved pipeline."""

import argparse
from pathlib import Path

from skdl._utils.text import say
from skdl.cli._arguments import Commands, seed


def add_parser(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "demo",
        help="search, train, evaluate and save a classifier of handwritten digits",
        description="Grid search over a pipeline with CNNClassifier on scikit-learn's handwritten "
        "digits, a table of clinical scores, pictures, and the best pipeline saved and loaded "
        "again in another process. Takes less than a minute and downloads nothing.",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("skdl-demo"),
        metavar="DIR",
        help="folder for the pictures and the saved pipeline (default: %(default)s)",
    )
    parser.add_argument("--quick", action="store_true", help="fewer images, candidates and epochs")
    parser.add_argument(
        "--seed",
        type=seed,
        default=0,
        help="random seed, 0 to 2**32 - 1 (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Search, evaluate, draw, save and reload."""
    if arguments.out.exists() and not arguments.out.is_dir():
        raise ValueError(f"--out {arguments.out} is a file, not a folder.")
    say("Starting TensorFlow …")
    from skdl.cli._digits import demonstrate

    demonstrate(arguments.out, quick=arguments.quick, seed=arguments.seed)
    return 0
