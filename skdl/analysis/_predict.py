"""What a model says of image files, wherever they lie."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import check_path, check_whole, each_told_once, warn_user
from skdl._utils.compat import PLAIN_TEXT
from skdl._utils.progress import Progress
from skdl._utils.tags import tags_of
from skdl._utils.text import counted, plain, shortened, shown_path
from skdl.analysis._explained import explain_rows
from skdl.datasets import FoundFile, check_patterns, find_image_files
from skdl.images import UnreadableImageError
from skdl.persistence import SavedModel, read_model
from skdl.preprocessing import ImageFacts

if TYPE_CHECKING:
    import pandas as pd

_METHODS = ("predict_proba", "decision_function")
_RUNS_CODE = (".joblib", ".pkl", ".pickle")
Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def predict_files(
    model: Any,
    paths: Paths,
    *,
    path_column: str | None = None,
    exclude: str | Sequence[str] | None = None,
    batch_size: int = 64,
    explain: str | os.PathLike[str] | None = None,
    max_explained: int = 50,
    trusted: Collection[str] = (),
    verbose: int = 0,
) -> "pd.DataFrame":
    """Predict image files with a model: one row per file, including those that cannot be read.

    Parameters
    ----------
    model : str, path-like, SavedModel or fitted classifier
        A model file, as :func:`skdl.save` writes it, the result of
        :func:`skdl.persistence.read_model`, or a classifier that accepts paths of image files.
    paths : str, path-like, or iterable of these
        Image files; folders and archives, all images of which are used, at any depth; and CSV files
        with a column of paths, relative to the folder of the file. They are predicted in the order
        given; images in a folder or an archive are sorted by name.
    path_column : str, default=None
        Column of the CSV files. If None, use the only one with a usual name, such as "path".
    exclude : str or list of str, default=None
        Shell-style patterns of files and folders to leave out of folders, archives and CSV files,
        such as ``"*_mask.png"``, see :func:`skdl.datasets.load_image_folder`.
    batch_size : int, default=64
        Number of files that are decoded and predicted at a time, which limits the memory needed.
    explain : str or path-like, default=None
        Folder for pictures of where the evidence for the predicted class is, one per image: by
        Grad-CAM for networks, by occlusion for other models. If None, draw no pictures.
    max_explained : int, default=50
        Maximum number of pictures; they show the first images that can be read.
    trusted : list of str, default=()
        Names that a model file may import, see :func:`skdl.load`.
    verbose : int, default=0
        If 1, show a progress bar.

    Returns
    -------
    table : pandas.DataFrame
        One row per file, with the columns

        - `path` : absolute path; "" if it is missing in a CSV file
        - `label` : the predicted class, by its name if the model file has names; missing if the
          file cannot be read
        - `proba_<class>` : probability of each class, if the model predicts probabilities;
          otherwise `decision`, the score of the second of two classes, or `decision_<class>`
        - `positive` : whether the score reaches the threshold, if the model has one
        - `unlike`, `distance` : whether the image is unlike everything in the training set, and its
          distance as a multiple of the threshold, if there is a
          :class:`skdl.inspection.NoveltyDetector`
        - `explanation` : path of the picture, with `explain`
        - `error` : why the file cannot be read or predicted; "" otherwise

    Raises
    ------
    FileNotFoundError
        If there is no such model file.
    NotFittedError
        If the classifier is not fitted.
    ValueError
        If the model is not a classifier or does not accept images, `paths` is empty, a CSV file has
        no column of paths, or a parameter is out of range.
    OSError
        If nothing can be written to `explain`.

    Warns
    -----
    UserWarning
        If masks, thumbnails and files of other kinds in a folder are left out.

    See Also
    --------
    skdl.datasets.load_image_folder : Load images whose classes are known.
    skdl.plotting.SaliencyDisplay : Show where the evidence is.

    Notes
    -----
    If a batch cannot be predicted, it is halved repeatedly, down to the file at fault.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> import skdl
    >>> model = make_pipeline(skdl.ImageLoader(8, flatten=True), KNeighborsClassifier(1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("green", "red"):
    ...         Image.new("RGB", (9, 9), name).save(f"{folder}/{name}.png")
    ...     _ = Path(folder, "text.png").write_text("no image")
    ...     model = model.fit([f"{folder}/green.png", f"{folder}/red.png"], ["go", "stop"])
    ...     table = skdl.predict_files(model, folder)
    >>> table["label"].tolist()
    ['go', 'stop', nan]
    >>> table.columns.tolist()
    ['path', 'label', 'proba_go', 'proba_stop', 'error']
    """
    check_whole(batch_size, "batch_size", low=1)
    check_whole(max_explained, "max_explained", low=1)
    saved = open_model(model, trusted)
    folder = None if explain is None else check_path(explain, "explain")
    reader = _Reader(saved)
    if folder is not None:
        reader.require_scores()
    files = _found(paths, path_column, exclude)
    predicted: list[_Predicted] = []
    told: set[tuple[type, str]] = set()
    with Progress("predict", len(files), shown=bool(verbose), unit="images") as progress:
        for start in range(0, len(files), batch_size):
            with each_told_once(told):
                predicted += reader.read(files[start : start + batch_size])
            progress.update(len(predicted))
    table = reader.table(files, predicted)
    if folder is not None:
        labels = [row.label for row in predicted]
        table.insert(
            table.shape[1] - 1,
            "explanation",
            explain_rows(saved, table, labels, folder, max_explained, bool(verbose)),
        )
    return table


def open_model(model: Any, trusted: Collection[str] = ()) -> SavedModel:
    """A model of whatever kind with what its file says of it."""
    if isinstance(model, SavedModel):
        return model
    if not isinstance(model, str | os.PathLike):
        return SavedModel(model)
    place = check_path(model, "model")
    if place.suffix.lower() in _RUNS_CODE:
        raise ValueError(
            f"{str(place)!r} is not a .skdl file, and loading it could run any code. If you trust "
            "it, load it in Python, and write model.skdl with skdl.save."
        )
    return read_model(place, trusted=trusted)


def _found(paths: Paths, path_column: str | None, exclude: Any) -> list[FoundFile]:
    if not isinstance(paths, str | os.PathLike | Iterable):
        raise TypeError(f"paths must be paths of images, folders or lists. Got {shortened(paths)}.")
    sources = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    patterns = check_patterns(exclude)
    files: list[FoundFile] = []
    for source in sources:
        found, said = find_image_files(source, path_column, patterns)
        files += found
        for what in said:
            warn_user(what)
    several = counted(len(sources), "path")
    patterns.warn_of_unused(shown_path(sources[0]) if len(sources) == 1 else several)
    if not files and sources:
        raise ValueError(f"exclude leaves out all images of {several}: nothing is predicted.")
    if not files:
        raise ValueError("paths is empty: pass image files, folders, archives or CSV files.")
    return files


class _Predicted(NamedTuple):
    """What is said of a file; `label` is that of the model."""

    label: Any = None
    scores: Sequence[float] = ()
    error: str = ""
    unlike: bool = False
    distance: float = np.nan


class _Reader:
    """A model and the columns of what it says."""

    def __init__(self, saved: SavedModel) -> None:
        self.estimator, self.novelty = saved.estimator, saved.novelty
        name = type(self.estimator).__name__
        if not hasattr(self.estimator, "predict"):
            raise ValueError(f"The model is a {name}, which has no predict: pass a classifier.")
        check_is_fitted(self.estimator)
        if not hasattr(self.estimator, "classes_"):
            raise ValueError(f"The model is a {name}, which has no classes_: pass a classifier.")
        for part, what in ((self.estimator, "model"), (self.novelty, "novelty detector")):
            first = _first(part)
            if part is not None and not _takes_images(first):
                raise ValueError(
                    f"The {what} accepts tables of numbers, not image files: it begins with "
                    f"{type(first).__name__}. Begin it with skdl.ImageLoader, "
                    "skdl.BackboneFeatures or a network."
                )
        self.classes = np.asarray(self.estimator.classes_).tolist()
        if getattr(self._last()[1], "multilabel_", False) or any(
            isinstance(label, list) for label in self.classes
        ):
            raise ValueError(
                f"The model, a {name}, has several outputs: pass a classifier with one."
            )
        names = saved.target_names or self.classes
        self.names = dict(zip(self.classes, map(str, names), strict=True))
        self.method = next((name for name in _METHODS if hasattr(self.estimator, name)), None)

    def require_scores(self) -> None:
        """Refuse a model whose evidence cannot be looked for."""
        if isinstance(_first(self.estimator), ImageFacts):
            raise ValueError(
                "The model uses only the size, mode and brightness of images, and does not look at "
                "any part of them. Leave out explain."
            )
        if self.method is None:
            raise ValueError(
                f"The model, a {type(self.estimator).__name__}, has no probabilities or scores, "
                "so its evidence cannot be located. Leave out explain."
            )

    # ---- reading -------------------------------------------------------------------------------

    def read(self, files: Sequence[FoundFile]) -> list[_Predicted]:
        """What is said of a few files, in their order."""
        found = [_Predicted(error=file.fault) for file in files]
        rows = [row for row, file in enumerate(files) if not file.fault]
        paths = np.array([files[row].path for row in rows], dtype=np.str_)
        for row, said in zip(rows, self._halving(paths), strict=True):
            found[row] = said
        return found

    def _halving(self, paths: npt.NDArray[np.str_]) -> list[_Predicted]:
        if not len(paths):
            return []
        try:
            return self._predict(paths)
        except (OSError, ValueError) as error:
            if len(paths) > 1:
                half = len(paths) // 2
                return self._halving(paths[:half]) + self._halving(paths[half:])
            reason = error.reason if isinstance(error, UnreadableImageError) else str(error)
            return [_Predicted(error=reason.rstrip(".") or type(error).__name__)]

    def _predict(self, paths: npt.NDArray[np.str_]) -> list[_Predicted]:
        labels, scores = self._outputs(paths)
        found = [_Predicted(*row) for row in zip(labels, scores.tolist(), strict=True)]
        if self.novelty is None:
            return found
        near, offset = np.asarray(self.novelty.score_samples(paths)), self.novelty.offset_
        # Where all training images are alike, any distance is beyond the threshold of 0.
        farther = np.where(near < offset, np.inf, 0.0) if offset == 0 else near / offset
        rows = zip(found, (near < offset).tolist(), farther.tolist(), strict=True)
        return [row._replace(unlike=unlike, distance=times) for row, unlike, times in rows]

    def _outputs(self, paths: npt.NDArray[np.str_]) -> tuple[list[Any], npt.NDArray[np.float64]]:
        """Labels and scores; files are decoded and go through the steps of a pipeline once."""
        before, last = self._last()
        passed = paths if before is None else before.transform(paths)
        if self.method is None:
            return np.asarray(last.predict(passed)).tolist(), np.empty((len(paths), 0))
        scores = np.asarray(getattr(last, self.method)(passed), dtype=np.float64)
        if hasattr(last, "grad_cam"):  # a network, whose label is the most probable class
            labels = np.asarray(last.classes_)[scores.argmax(axis=1)]
        else:
            labels = np.asarray(last.predict(passed))
        return labels.tolist(), scores.reshape(len(paths), -1)

    def _last(self) -> tuple[Any, Any]:
        """The steps before the last one of a pipeline, if any, and what predicts."""
        best = getattr(self.estimator, "best_estimator_", self.estimator)
        return (best[:-1], best[-1]) if len(getattr(best, "steps", ())) > 1 else (None, best)

    # ---- the table -----------------------------------------------------------------------------

    def table(self, files: Sequence[FoundFile], predicted: Sequence[_Predicted]) -> "pd.DataFrame":
        """All rows."""
        import pandas as pd

        read = np.array([not row.error for row in predicted])
        labels = [self.names[row.label] if not row.error else np.nan for row in predicted]
        columns: dict[str, Any] = {
            "path": pd.Series([file.path for file in files], dtype=PLAIN_TEXT),
            "label": pd.Series(labels, dtype=PLAIN_TEXT),
        }
        for place, name in enumerate(self._score_columns()):
            columns[name] = [row.scores[place] if not row.error else np.nan for row in predicted]
        positive = self._positive()
        if positive is not None:
            reached = [row.label == positive for row in predicted]
            columns["positive"] = pd.Series(reached, dtype="boolean").where(read)
        if self.novelty is not None:
            unlike = [row.unlike for row in predicted]
            columns["unlike"] = pd.Series(unlike, dtype="boolean").where(read)
            columns["distance"] = [row.distance for row in predicted]
        columns["error"] = pd.Series([row.error for row in predicted], dtype=PLAIN_TEXT)
        return pd.DataFrame(columns)

    def _score_columns(self) -> list[str]:
        if self.method == "predict_proba":
            return [f"proba_{name}" for name in self.names.values()]
        if self.method is None:
            return []
        if len(self.classes) == 2:
            return ["decision"]
        return [f"decision_{name}" for name in self.names.values()]

    def _positive(self) -> Any:
        """The class that a threshold is for; None without one."""
        from skdl.plotting import chosen_threshold

        chosen = chosen_threshold(self.estimator)
        return None if chosen is None else plain(chosen.pos_label)


def _first(estimator: Any) -> Any:
    """What an estimator hands its input to, through pipelines, searches and ensembles."""
    while True:
        following = next(_inside(estimator), None)
        if following is None:
            return estimator
        estimator = following


def _inside(estimator: Any) -> Iterator[Any]:
    """Fitted estimators inside one that get its input."""
    for name in ("steps", "transformer_list"):
        parts = [part for _, part in getattr(estimator, name, ())]
        yield from (part for part in parts if part not in (None, "drop", "passthrough"))
    for name in ("best_estimator_", "estimator_", "transformer_"):
        if getattr(estimator, name, None) is not None:
            yield getattr(estimator, name)
    for part in getattr(estimator, "calibrated_classifiers_", ()):
        yield part.estimator
    members = getattr(estimator, "named_estimators_", None)
    yield from ([] if members is None else members.values())


def _takes_images(first: Any) -> bool:
    tags = tags_of(first)
    if tags is None:  # some function
        return True
    takes = tags.input_tags
    return bool(tags.no_validation or takes.one_d_array or takes.three_d_array or takes.string)
