"""``skdl run``: from a folder of images to a report and a model."""

import argparse

from skdl.cli._arguments import Commands, add_reading, reading, seed


def add_parser(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "run",
        help="analyse a folder of images: audit, cross-validation, report and model",
        description="Audit a folder of images, compare models from the majority class to "
        "networks by nested cross-validation, and write a report, predictions, the best model and "
        "a script that does the same. Nothing in the folder is changed. A run that was killed "
        "resumes where it stopped.",
    )
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        help="folder with one folder per class, zip or tar archive of such a folder, or CSV file "
        "of paths and labels",
    )
    parser.add_argument("--out", metavar="DIR", help="output folder (default: FOLDER-skdl)")
    parser.add_argument(
        "--positive",
        metavar="LABEL",
        help="the positive class of two classes (default: the rarer one)",
    )
    add_reading(parser)
    parser.add_argument(
        "--minutes",
        type=float,
        default=15,
        metavar="M",
        help="how many minutes it may take in total (default: %(default)s)",
    )
    parser.add_argument(
        "--models",
        metavar="NAMES",
        help="only these models, separated by commas: majority, shortcuts, logistic, svc, network, "
        "finetune",
    )
    parser.add_argument(
        "--backbone",
        metavar="NAME",
        help="pretrained network, or onnx:PATH of an ONNX model (default: the best available)",
    )
    parser.add_argument("--weights", metavar="FILE", help="its weights")
    parser.add_argument(
        "--folds", type=int, default=5, metavar="K", help="folds (default: %(default)s)"
    )
    parser.add_argument("--seed", type=seed, default=0, help="random seed (default: %(default)s)")
    parser.add_argument(
        "--report",
        choices=("html", "md", "json"),
        default="html",
        help="format of the report (default: %(default)s)",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="scheduler of a Dask cluster whose workers compute, such as tcp://127.0.0.1:8786",
    )
    parser.set_defaults(
        run=run, after_interrupt="The same command resumes after the last completed fold."
    )


def run(arguments: argparse.Namespace) -> int:
    """Analyse a folder, and say what is found."""
    import matplotlib

    matplotlib.use("agg")
    from skdl.analysis import analyze_folder

    names = arguments.models
    analyze_folder(
        arguments.folder,
        out=arguments.out,
        pos_label=arguments.positive,
        **reading(arguments),
        minutes=arguments.minutes,
        models=None if names is None else [name.strip() for name in names.split(",")],
        backbone=arguments.backbone,
        weights=arguments.weights,
        folds=arguments.folds,
        random_state=arguments.seed,
        report=arguments.report,
        cluster=arguments.cluster,
    )
    return 0
