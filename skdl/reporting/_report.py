"""One file with everything about an evaluation."""

import base64
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from skdl._utils.storage import replacing, restated
from skdl._utils.text import printable, shortened, shown_path
from skdl.audit import DataAudit
from skdl.reporting._checklist import ABOUT, LEFT_OPEN
from skdl.reporting._choices import ABOUT_CHOICES
from skdl.reporting._content import Content
from skdl.reporting._gather import gather
from skdl.reporting._text import as_json, left_open, markdown

_ADVICE = "Choose another path for the report."


def report(
    source: Any,
    X: Any,
    y: Any,
    path: str | os.PathLike[str] = "report.html",
    *,
    images: Any = None,
    title: str | None = None,
    notes: Sequence[str] = (),
    model: str | None = None,
    pos_label: Any = None,
    target_names: Sequence[str] | Mapping[Any, str] | None = None,
    image_shape: Sequence[int] | None = None,
    level: float = 0.95,
    card: Mapping[str, str | Sequence[str]] | None = None,
    stated: Mapping[str, str] | None = None,
    audit: bool | DataAudit = True,
) -> Path:
    """Write a report on an evaluation, or on a fitted classifier or regressor.

    It contains a summary in words, scores with confidence intervals, all displays that apply, the
    worst mistakes, the data, the model, what is needed to reproduce it, a checklist and a model
    card. Names, labels and titles are shown as plain text, whatever they contain.

    The checklist has the items of CLAIM 2024 [1]_ and TRIPOD+AI [2]_ by number. Items that follow
    from the run are answered with its figures; the rest are listed as not stated, for the authors.

    Parameters
    ----------
    source : EvaluationResult, RegressionResult, MultioutputResult or fitted estimator
        The result of :func:`skdl.evaluate`, or an estimator, which is tested on X and y.
    X : array-like of shape (n, …), or paths of shape (n,)
        The images that were evaluated.
    y : array-like of shape (n,), (n, n_labels) or (n, n_outputs)
        Their labels or numbers, as they were evaluated.
    path : str or path-like, default="report.html"
        ``.html`` is one self-contained file; ``.md`` has its pictures in a folder beside it, named
        ``<name>-pictures``; ``.json`` contains only the figures, without pictures. An older file is
        replaced once the new one is complete.
    images : array-like of shape (n, …), or paths of shape (n,), default=None
        The images to show, if X holds features of them.
    title : str, default=None
        Title of the report. If None, it names the model.
    notes : sequence of str, default=()
        Sentences to put before the summary.
    model : str, default=None
        Which of several models to show in detail. If None, use the one with the best first metric.
    pos_label : int, float, bool or str, default=None
        The positive class, for a fitted classifier; with more than two classes, it is compared with
        the rest. An evaluation has its own.
    target_names : sequence of str, default=None
        Names of the classes: in sorted order of the labels, or indexed by labels, as in
        scikit-learn's data sets. If None, use the labels themselves.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images.
    level : float in (0, 1), default=0.95
        Confidence level of the intervals.
    card : dict of str to str or list of str, default=None
        Texts of the model card by heading, which replace the default texts, such as
        ``{"Uses": "Second reading of …", "Citation": "…"}``. The headings are "Model details",
        "Uses", "Out-of-scope use", "Bias, risks and limitations", "How to get started with the
        model", "Training data", "Training procedure", "Testing data, factors and metrics",
        "Results", "Environmental impact", "Technical specifications", "Citation" and "Model card
        contact".
    stated : dict of str to str, default=None
        Statements of the authors for the checklist, by item number: ``{"CLAIM 44": "No
        funding.", "TRIPOD+AI 17": "Approved by …"}``. They answer items that the run does not
        answer, and are added to the answers of the run otherwise.
    audit : bool or DataAudit, default=True
        Whether to search the images for copies, look-alikes, wrong labels and shortcuts, as
        :func:`skdl.audit_images` does, and show the findings. This is done for up to 5,000 images,
        which may take half a minute; for more, pass the result of that function.

    Returns
    -------
    path : pathlib.Path
        Path of the report.

    Raises
    ------
    ValueError
        If `path` has another extension, X and y are not those of the evaluation, there is no model
        of that name, `card` or `stated` has an unknown heading or number, or `audit` is of other
        images.
    OSError
        If the file cannot be written; in this case, no part of the report is left behind.

    Warns
    -----
    UserWarning
        If a picture cannot be drawn; the report also says so.

    See Also
    --------
    skdl.evaluate : Cross-validation that keeps all predictions.

    References
    ----------
    .. [1] A. S. Tejani, M. E. Klontzas, A. A. Gatti and others, "Checklist for Artificial
       Intelligence in Medical Imaging (CLAIM): 2024 update", Radiology: Artificial Intelligence
       6(4), e240300, 2024.
    .. [2] G. S. Collins, K. G. M. Moons, P. Dhiman and others, "TRIPOD+AI statement: updated
       guidance for reporting clinical prediction models that use regression or machine learning
       methods", BMJ 385, e078378, 2024.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.svm import SVC
    >>> from skdl import evaluate, report
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> result = evaluate(SVC(random_state=0), X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = report(result, X, y, f"{folder}/report.html", title="Zeros and ones")
    ...     "Zeros and ones" in path.read_text(encoding="utf-8")
    True
    """
    path = Path(path).expanduser()
    kind = path.suffix.lower()
    if kind not in (".html", ".md", ".json"):
        raise ValueError(
            f"The report's path must end in .html, .md or .json. Got {shortened(str(path))}."
        )
    if path.is_dir():
        raise IsADirectoryError(f"{shown_path(path)} is a folder. {_ADVICE}")
    with replacing(path, _ADVICE) as part:  # says before the work that nothing can be written there
        content = gather(
            source,
            X,
            y,
            images=images,
            title=title,
            notes=notes,
            model=model,
            pos_label=pos_label,
            target_names=target_names,
            image_shape=image_shape,
            level=level,
            card=card,
            stated=stated,
            audit=audit,
            draw=kind != ".json",
        )
        text, pictures = _written(content, path, kind)
        try:
            with _complete(pictures):
                part.write_text(text, encoding="utf-8")
        except OSError as error:
            if not error.errno:  # which says it all already
                raise
            raise restated(
                error,
                f"The report {shown_path(path)} cannot be written: {os.strerror(error.errno)}. "
                "No part of it is left behind. Free disk space, or choose another path for the "
                "report; a result of evaluate() is unchanged.",
            ) from error
    return path


def _written(content: Content, path: Path, kind: str) -> tuple[str, dict[Path, bytes]]:
    """The text of a report, and the pictures that it needs beside it."""
    if kind == ".html":
        return printable(html(content), keep="\n\t"), {}
    if kind == ".json":
        return as_json(content), {}
    folder = path.with_name(f"{path.stem}-pictures")
    text = markdown(content, quote(folder.name, errors="surrogateescape"))
    drawn = [*content.pictures, *(p for _, part in content.outputs for p in part.pictures)]
    pictures = {folder / f"{picture.file_name}.png": picture.png for picture in drawn}
    return printable(text, keep="\n"), pictures


def html(content: Content) -> str:
    """The report as one HTML file that needs nothing else."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("skdl.reporting").joinpath("report.html.j2").read_text(encoding="utf-8")
    page: str = environment.from_string(source).render(
        content=content,
        encoded=lambda png: base64.b64encode(png).decode(),
        about_choices=ABOUT_CHOICES,
        about_checklist=ABOUT,
        left_open={LEFT_OPEN: left_open(content)} if content.left_open else {},
    )
    return page


@contextmanager
def _complete(pictures: Mapping[Path, bytes]) -> Iterator[None]:
    """Write files that take their places together when the block ends, and not when it raises."""
    made = {file.parent for file in pictures if not file.parent.exists()}
    try:
        with ExitStack() as stack:
            for file, content in pictures.items():
                stack.enter_context(replacing(file, _ADVICE)).write_bytes(content)
            yield
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise
