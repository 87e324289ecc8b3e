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
        "a script that does the same. Nothing in the folder is changed. A run that was killed goes "
        "on where it was.",
    )
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        help="folder with a folder for each class, such a zip or tar archive, or a CSV file of "
        "paths and labels",
    )
    parser.add_argument(
        "--out", metavar="DIR", help="folder for what is written (default: FOLDER-skdl)"
    )
    parser.add_argument(
        "--positive",
        metavar="LABEL",
        help="the positive class, of two (default: the rarer one)",
    )
    add_reading(parser)
    parser.add_argument(
        "--minutes",
        type=float,
        default=15,
        metavar="M",
        help="how long it may take altogether (default: %(default)s)",
    )
    parser.add_argument(
        "--models",
        metavar="NAMES",
        help="only these, separated by commas: majority, shortcuts, logistic, svc, network, "
        "finetune",
    )
    parser.add_argument(
        "--backbone",
        metavar="NAME",
        help="pretrained network, or onnx:PATH of an ONNX model (default: the best at hand)",
    )
    parser.add_argument("--weights", metavar="FILE", help="its weights")
    parser.add_argument(
        "--folds", type=int, default=5, metavar="K", help="folds (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=seed, default=0, help="seed of everything random (default: %(default)s)"
    )
    parser.add_argument(
        "--report",
        choices=("html", "md", "json"),
        default="html",
        help="kind of the report (default: %(default)s)",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="scheduler of a Dask cluster whose workers compute, such as tcp://127.0.0.1:8786",
    )
    parser.set_defaults(
        run=run, after_interrupt="The same command goes on after the last completed fold."
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
