"""What a case study is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from skdl.studies._text import shown

Variant = Literal["as published", "improved"]

SOURCE = "four student and research reports and nine notebooks on image classification"


@dataclass(frozen=True)
class Setting:
    """What a run is asked for; None is what the study says.

    Attributes
    ----------
    seed : int
        Of everything random.
    n_train : int or None
        Training images.
    epochs : int or None
        Of each network.
    backbone : str or None
        Pretrained network, in the place of the published one.
    weights : str or None
        Its weights: a file, or "random".
    folder : Path
        Where a study may leave tables that it makes.
    """

    seed: int = 0
    n_train: int | None = None
    epochs: int | None = None
    backbone: str | None = None
    weights: str | None = None
    folder: Path = Path()

    def pretrained(self, published: str) -> dict[str, Any]:
        """Parameters `backbone` and `weights` of an estimator."""
        return {"backbone": self.backbone or published, "weights": self.weights or "auto"}


def with_setting(make: Callable[..., Any]) -> Callable[..., Callable[[Setting], Any]]:
    """Let a function of a setting and more take the setting last, in a call of its own."""
    return lambda *args, **params: lambda setting: make(setting, *args, **params)


@dataclass(frozen=True)
class StudyData:
    """Images, labels, and which rows to train and test on.

    Attributes
    ----------
    name : str
        What it is, for the reader.
    X : array-like of shape (n, …), or paths of shape (n,)
        All images.
    y : ndarray of shape (n,)
        Labels, positions in `target_names`.
    folds : list of (train, test)
        Rows.
    target_names : sequence of str
        Names of the classes.
    draws : bool
        Whether the folds are random draws, over which figures are averaged.
    images : array-like or None
        What X was made of, if X holds no images.
    """

    name: str
    X: Any
    y: npt.NDArray[Any]
    folds: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]
    target_names: Sequence[str]
    draws: bool = False
    images: Any = None

    @property
    def shown(self) -> Any:
        """The images, for pictures."""
        return self.X if self.images is None else self.images


@dataclass(frozen=True)
class Model:
    """An estimator of a study: one variant of one of its parts.

    Attributes
    ----------
    variant : {"as published", "improved"}
        Whether it follows the report.
    what : str
        What it is, in words.
    make : function of a Setting
        Makes the estimator.
    part : str
        Which part of the study, if it has several.
    pretrained : bool
        Whether the study's pretrained network is in it, if the study has one.
    n_train : int or None
        How many of the training images it takes; None takes all.
    """

    variant: Variant
    what: str
    make: Callable[[Setting], Any]
    part: str = ""
    pretrained: bool = True
    n_train: int | None = None

    @property
    def name(self) -> str:
        """Name in tables and reports."""
        return f"{self.part}, {self.variant}" if self.part else self.variant


@dataclass(frozen=True)
class Published:
    """A published figure."""

    metric: str
    value: float
    on: Literal["test", "validation", "train"] = "test"
    part: str = ""
    note: str = ""


@dataclass(frozen=True)
class Goal:
    """What a variant has to reach; the better one, if none is named."""

    metric: str
    at_least: float
    part: str = ""
    variant: Variant | None = None


@dataclass(frozen=True)
class Study:
    """A published experiment, as data.

    Attributes
    ----------
    name : str
        Name for the command line.
    title : str
        Title, in one line.
    load : function of a Setting
        Returns the data.
    models : tuple of Model
        Models to train.
    metrics : tuple of str
        The first one decides which model a report shows in detail.
    published : tuple of Published
        Figures to compare with.
    goals : tuple of Goal
        Goals that this package sets itself.
    stand_in : str
        What stands in for published images, networks or noise that are not known.
    backbone : str
        The published pretrained network, or "".
    detailed : bool
        Whether each model has a separate report, in addition to that of all models.
    source : str
        Where the published figures come from.

    Examples
    --------
    >>> from skdl.studies import get_study
    >>> study = get_study("mnist-lenet5")
    >>> [model.name for model in study.models], study.published[0].value
    (['as published', 'improved'], 0.9903)
    """

    name: str
    title: str
    load: Callable[[Setting], StudyData]
    models: tuple[Model, ...]
    metrics: tuple[str, ...] = ("accuracy",)
    published: tuple[Published, ...] = ()
    goals: tuple[Goal, ...] = ()
    stand_in: str = ""
    backbone: str = ""
    detailed: bool = False
    source: str = SOURCE

    def model(self, name: str) -> Model:
        """Return one of the models.

        Parameters
        ----------
        name : str
            Name of the model.

        Returns
        -------
        model : Model
            With `variant`, `part`, a description `what`, and `make`, which returns the estimator.

        Raises
        ------
        ValueError
            If there is no model of that name.
        """
        for model in self.models:
            if model.name == name:
                return model
        names = ", ".join(model.name for model in self.models)
        raise ValueError(f"The study {self.name!r} has no model {shown(name)}. It has: {names}.")
