"""What a report of classes, and one of numbers, says and draws."""

from typing import Any, Protocol

import pandas as pd

from skdl.reporting import _numbers as numbers
from skdl.reporting import _pictures as drawn
from skdl.reporting import _tables as tables
from skdl.reporting import _words as words
from skdl.reporting._pictures import Plans, Subject


class Wording(Protocol):
    """What depends on whether a model predicts classes or numbers."""

    about_comparisons: str

    def lead(self, rows: pd.DataFrame, level: float) -> list[str]: ...
    def cautions(self) -> list[str]: ...
    def about_positive(self) -> list[str]: ...
    def plans(self) -> Plans: ...
    def scores(self, rows: pd.DataFrame) -> pd.DataFrame: ...
    def mistakes(self, X: Any) -> pd.DataFrame | None: ...
    def pairs(self, pairs: pd.DataFrame) -> pd.DataFrame: ...
    def data(self, whole: Subject, found: pd.DataFrame | None) -> pd.DataFrame: ...
    def per_class(self) -> pd.DataFrame | None: ...


class OfClasses:
    """Of classes."""

    about_comparisons = words.ABOUT_COMPARISONS

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    def lead(self, rows: pd.DataFrame, level: float) -> list[str]:
        s = self.subject
        return words.lead(s.result, s.model, rows, s.names, level)

    def cautions(self) -> list[str]:
        return words.cautions(self.subject.result, self.subject.model, self.subject.names)

    def about_positive(self) -> list[str]:
        return words.about_positive(self.subject.result, self.subject.names)

    def plans(self) -> Plans:
        return drawn.plans(self.subject)

    def scores(self, rows: pd.DataFrame) -> pd.DataFrame:
        return tables.scores(rows)

    def mistakes(self, X: Any) -> pd.DataFrame | None:
        return tables.mistakes(self.subject.result, self.subject.model, X, self.subject.names)

    def pairs(self, pairs: pd.DataFrame) -> pd.DataFrame:
        return tables.of_pairs(pairs)

    def data(self, whole: Subject, found: pd.DataFrame | None) -> pd.DataFrame:
        return tables.data(whole, found)

    def per_class(self) -> pd.DataFrame | None:
        return tables.per_class(self.subject)


class OfNumbers:
    """Of numbers."""

    about_comparisons = numbers.ABOUT_COMPARISONS

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    def lead(self, rows: pd.DataFrame, level: float) -> list[str]:
        return numbers.lead(self.subject.result, self.subject.model, rows, level)

    def cautions(self) -> list[str]:
        return numbers.cautions(self.subject.result, self.subject.model)

    def about_positive(self) -> list[str]:
        return []

    def plans(self) -> Plans:
        return numbers.plans(self.subject)

    def scores(self, rows: pd.DataFrame) -> pd.DataFrame:
        return numbers.scores(rows)

    def mistakes(self, X: Any) -> pd.DataFrame | None:
        return numbers.errors(self.subject.result, self.subject.model, X)

    def pairs(self, pairs: pd.DataFrame) -> pd.DataFrame:
        return numbers.of_pairs(pairs)

    def data(self, whole: Subject, found: pd.DataFrame | None) -> pd.DataFrame:
        return numbers.data(whole, found)

    def per_class(self) -> pd.DataFrame | None:
        return None


def wording(subject: Subject) -> Wording:
    """That of what the model predicts."""
    return OfNumbers(subject) if subject.of_numbers else OfClasses(subject)
