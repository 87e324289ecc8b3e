"""`ImageLoader`: image files to arrays, as a step of a pipeline."""

import math
from dataclasses import replace
from functools import partial
from numbers import Integral
from typing import Any, Literal

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import KeywordsMixin, validate_params, warn_user
from skdl._utils.scikit import Interval, StrOptions, output_container
from skdl._utils.threads import in_threads
from skdl.images import (
    COLOR_CHANNELS,
    Color,
    Frame,
    ImageFiles,
    Resizer,
    UnreadableImageError,
    adopt_pixel_limit,
    check_image_size,
    learn_from_values,
    read_image_info,
    require_paths,
    with_pixel_limit,
)
from skdl.preprocessing._base import SetOutputMixin


class ImageLoader(KeywordsMixin, SetOutputMixin, TransformerMixin, BaseEstimator):
    """Decode image files to one array of images of the same size.

    Classifiers of skdl accept paths directly and decode the files batch by batch. This is a
    separate step that does the same for estimators that require arrays; with `flatten`, also for
    scikit-learn's estimators. All images are in memory at once.

    Parameters
    ----------
    image_size : int, (height, width) or None, default=None
        Size to resize images to, bilinearly with antialiasing. If None, keep their size, which must
        be the same for all images.
    color : {"rgb", "grayscale"}, default=None
        Colour mode to convert images to. If None, learn it in `fit`: grayscale if all files are,
        RGB otherwise.
    keep_aspect : bool, default=False
        Whether resizing keeps the aspect ratio and pads with black on both sides.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do with files that cannot be read. "skip" and "warn" leave their rows out, "warn"
        with a warning that counts and names them. Their labels must then be left out as well; see
        :meth:`readable`.
    n_jobs : int, default=None
        Number of threads that decode files; None and -1 use all cores.
    flatten : bool, default=False
        Whether each image becomes a row of ``height × width × channels`` columns, as scikit-learn's
        estimators require.
    frame : int, "first", "middle" or None, default=None
        Frame of animations, page of TIFF files or slice of volumes to decode, counted from 0. If
        None, use the first, with a warning if files have several.

    Attributes
    ----------
    image_shape_ : (height, width, channels)
        Shape of the images.

    See Also
    --------
    skdl.Resize : The same for arrays.
    skdl.images.read_image : Decode one file.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skdl import ImageLoader
    >>> model = make_pipeline(ImageLoader((8, 8), flatten=True), KNeighborsClassifier(1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [f"{folder}/{color}.png" for color in ("red", "green")]
    ...     for path, color in zip(paths, ("red", "green")):
    ...         Image.new("RGB", (20, 10), color).save(path)
    ...     ImageLoader(8).fit_transform(paths).shape
    ...     model.fit(paths, ["stop", "go"]).predict(paths)
    (2, 8, 8, 3)
    array(['stop', 'go'], dtype='<U4')
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "image_size": [None, Integral, "array-like"],
        "color": [None, StrOptions({"rgb", "grayscale"})],
        "keep_aspect": ["boolean"],
        "on_error": [StrOptions({"raise", "skip", "warn"})],
        "n_jobs": [
            None,
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
        ],
        "flatten": ["boolean"],
        "frame": [
            None,
            StrOptions({"first", "middle"}),
            Interval(Integral, 0, None, closed="left"),
        ],
    }

    def __init__(
        self,
        image_size: int | tuple[int, int] | None = None,
        *,
        color: Color | None = None,
        keep_aspect: bool = False,
        on_error: Literal["raise", "skip", "warn"] = "raise",
        n_jobs: int | None = None,
        flatten: bool = False,
        frame: Frame = None,
    ) -> None:
        self.image_size = image_size
        self.color = color
        self.keep_aspect = keep_aspect
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.flatten = flatten
        self.frame = frame

    def fit(self, X: Any, y: Any = None) -> "ImageLoader":
        """Learn the shape of the images from the headers of the files.

        Parameters
        ----------
        X : array-like of shape (n,)
            Paths of image files.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : ImageLoader
            The fitted loader.

        Raises
        ------
        ValueError
            If X contains no paths, a file cannot be read, or `image_size` is None and the files
            have different sizes.
        """
        validate_params(self)
        size = check_image_size(self.image_size)
        files = self._of(X)
        if size is not None and self.color is not None:
            height, width, channels = *size, 3
        else:
            if self.on_error != "raise":
                files = files[[_has_header(path, self.frame) for path in files.paths.tolist()]]
            height, width, channels = files.common_shape(size)
        if self.color is not None:
            channels = COLOR_CHANNELS[self.color]
        black = self._learn_black(files) if size is not None else 0.0
        self.image_shape_ = (height, width, channels)
        self._black = black
        return self

    def _learn_black(self, files: ImageFiles) -> float:
        """The pixel value that borders are filled with, where values may be negative."""
        if files.file_dtype.kind == "u" or not len(files):
            return 0.0
        values = files.values()
        learned = learn_from_values(values)
        return values.extremes[0] if learned == "standardized" else learned[0]

    def transform(self, X: Any) -> Any:
        """Decode files.

        Parameters
        ----------
        X : array-like of shape (n,)
            Paths of image files.

        Returns
        -------
        images : ndarray of shape (n, height, width, channels)
            uint8, or the values as stored in files of more than 8 bits. Of shape (n, height × width
            × channels) with `flatten`, or a DataFrame of this shape if chosen with ``set_output``.
            With `on_error` "skip" or "warn", without the rows that cannot be read.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If X contains no paths, or a file cannot be read, naming it.
        """
        files = self._files(X)
        if self.on_error == "raise":
            return self._in_rows(files.load(self._n_threads()))
        images = list(in_threads(partial(_try, files), files.paths.tolist(), self._n_threads()))
        failures = [image for image in images if isinstance(image, UnreadableImageError)]
        if failures and self.on_error == "warn":
            shown = " ".join(str(failure) for failure in failures[:5])
            more = f" And {len(failures) - 5} more." if len(failures) > 5 else ""
            warn_user(f"{len(failures)} of {len(files)} image files are left out. {shown}{more}")
        decoded = [image for image in images if isinstance(image, np.ndarray)]
        kept = np.array(decoded, files.dtype).reshape(-1, *self.image_shape_)
        if self.flatten and hasattr(X, "iloc") and output_container(self) == "pandas":
            import pandas as pd

            # scikit-learn would give it the index of all rows
            mask = [isinstance(image, np.ndarray) for image in images]
            return pd.DataFrame(self._in_rows(kept), index=X.index[mask])
        return self._in_rows(kept)

    @available_if(lambda self: self.flatten)  # type: ignore[untyped-decorator]
    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Names of the columns: x0, x1, … by row, column and channel, as NumPy flattens images.

        Not available without `flatten`: images of three dimensions have no columns.

        Parameters
        ----------
        input_features : object, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str of shape (height × width × channels,)
            The names.

        Raises
        ------
        NotFittedError
            Before fit.
        """
        check_is_fitted(self)
        return np.array([f"x{i}" for i in range(math.prod(self.image_shape_))], dtype=object)

    def readable(self, X: Any) -> npt.NDArray[np.bool_]:
        """Find out which files can be read, by decoding each.

        Parameters
        ----------
        X : array-like of shape (n,)
            Paths of image files.

        Returns
        -------
        mask : bool ndarray of shape (n,)
            Mask to select rows of X and labels.

        Raises
        ------
        NotFittedError
            Before fit.
        """
        files = self._files(X)
        images = in_threads(partial(_try, files), files.paths.tolist(), self._n_threads())
        return np.array([isinstance(image, np.ndarray) for image in images], dtype=bool)

    def _in_rows(self, images: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The images, flattened if they are to be."""
        return images.reshape(len(images), math.prod(self.image_shape_)) if self.flatten else images

    def _files(self, X: Any) -> ImageFiles:
        check_is_fitted(self)
        files = self._of(X)
        size = None if self.image_size is None else self.image_shape_[:2]
        whole = files.file_dtype.kind != "f"
        keep_aspect = bool(self.keep_aspect)
        resizer = Resizer(size, keep_aspect, self.color, black=self._black, whole=whole)
        return replace(files, image_shape=self.image_shape_, resizer=resizer)

    def _of(self, X: Any) -> ImageFiles:
        return replace(ImageFiles.of(require_paths(X), frame=self.frame), as_floats=False)

    def _n_threads(self) -> int | None:
        return None if self.n_jobs is None else joblib.effective_n_jobs(self.n_jobs)

    def __getstate__(self) -> dict[str, Any]:
        return with_pixel_limit(super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(adopt_pixel_limit(state))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags


def _has_header(path: str, frame: Frame) -> bool:
    try:
        read_image_info(path, frame=frame)
    except UnreadableImageError:
        return False
    return True


def _try(files: ImageFiles, path: str) -> npt.NDArray[Any] | UnreadableImageError:
    try:
        return files.decode(path)
    except UnreadableImageError as error:
        return error
