"""Contracts: what holds for every plugin, each a function that raises AssertionError."""

import functools
import inspect
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sklearn.base import is_classifier

from skdl import plugins
from skdl.backbones import is_onnx
from skdl.images import Decoder

Contract = Callable[[Any], None]

ARCHITECTURE: list[Contract] = []
BACKBONE: list[Contract] = []
ONNX_BACKBONE: list[Contract] = []
CLASSIFIER: list[Contract] = []
TRANSFORMER: list[Contract] = []
DATASET: list[Contract] = []
DECODER: list[Contract] = []


def contract(*kinds: list[Contract]) -> Callable[[Contract], Contract]:
    """Add a contract to those of its kinds; its failures say which contract, and of what."""

    def decorator(check: Contract) -> Contract:
        @functools.wraps(check)
        def checked(subject: Any) -> None:
            state = random.getstate()  # from which Keras's layers draw their seeds
            try:
                check(subject)
            except Exception as failure:
                kind = "" if isinstance(failure, AssertionError) else f"{type(failure).__name__}: "
                raise AssertionError(
                    f"{_label(subject)} breaks {check.__name__}: {kind}{failure}"
                ) from failure
            finally:
                random.setstate(state)

        for kind in kinds:
            kind.append(checked)
        return checked

    return decorator


def found(registry: plugins.Registry, subject: Any) -> Callable[..., Any]:
    """The object behind a registered name, or the object itself."""
    return registry.get(subject) if isinstance(subject, str) else subject


def run_all(kind: list[Contract], subject: Any, registry: plugins.Registry | None = None) -> None:
    """Run all contracts of a kind, and name all that are broken in one AssertionError."""
    if registry is not None:
        found(registry, subject)  # an unknown name breaks no contract: it is a ValueError
    failures = []
    for check in kind:
        try:
            check(subject)
        except AssertionError as failure:
            failures.append(failure)
    if failures:
        text = "\n".join(f"- {failure}" for failure in failures)
        raise AssertionError(
            f"{_label(subject)} breaks {len(failures)} of {len(kind)} contracts:\n{text}"
        ) from failures[0]


def _label(subject: Any) -> str:
    return subject if isinstance(subject, str) else getattr(subject, "__name__", repr(subject))


def contracts_of(subject: Any) -> list[Contract]:
    """The contracts that apply to an object.

    Parameters
    ----------
    subject : str, callable or estimator instance
        A registered name, the builder of a network or a backbone, the loader of a data set, the
        class of a decoder, or an estimator.

    Returns
    -------
    contracts : list of callable
        Each accepts the object and raises AssertionError if the object breaks the contract.

    Raises
    ------
    ValueError
        If no contract applies.

    Examples
    --------
    >>> from skdl.testing import contracts_of
    >>> [check.__name__ for check in contracts_of("simple")][:2]
    ['check_builder_output', 'check_builder_is_pure']
    """
    if isinstance(subject, str):
        kinds = (ARCHITECTURE, BACKBONE, DATASET, DECODER)
        for registry, kind in zip(plugins.REGISTRIES.values(), kinds, strict=True):
            if subject in registry.names():
                return list(_backbone_kind(subject) if kind is BACKBONE else kind)
    elif hasattr(subject, "get_params"):
        if is_classifier(subject):
            return list(CLASSIFIER)
        if hasattr(subject, "transform"):
            require_arrays(subject)
            return list(TRANSFORMER)
    elif isinstance(subject, type) and issubclass(subject, Decoder):
        return list(DECODER)
    elif callable(subject):
        takes = list(inspect.signature(subject).parameters)[:2]
        if takes == ["input_shape", "n_classes"]:
            return list(ARCHITECTURE)
        if takes[:1] == ["input_shape"] or is_onnx(subject):
            return list(_backbone_kind(subject))
        return list(DATASET)
    raise ValueError(
        f"No contract applies to {subject!r}. Expected the name of a registered architecture, "
        "backbone, data set or decoder, a builder (input_shape, n_classes, …) or (input_shape, …), "
        "a loader, a decoder's class, a classifier or a transformer."
    )


def _backbone_kind(subject: Any) -> list[Contract]:
    return ONNX_BACKBONE if is_onnx(subject) else BACKBONE


def require_arrays(transformer: Any) -> None:
    """Refuse a transformer that by its tags takes no arrays of images, but files."""
    tags = getattr(transformer, "__sklearn_tags__", None)
    takes = tags().input_tags if callable(tags) else None
    if takes is not None and takes.string and not (takes.two_d_array or takes.three_d_array):
        raise ValueError(
            f"No contract applies to {transformer!r}: by its tags, it accepts text, such as paths "
            "of files, but not arrays of images."
        )


def parametrize_with_contracts(
    subjects: Iterable[Any],
    *,
    expected_failures: Mapping[str, str] | Callable[[Any], Mapping[str, str]] | None = None,
) -> Any:
    """Parametrize a pytest test with all contracts of some objects.

    The counterpart of ``sklearn.utils.estimator_checks.parametrize_with_checks``.

    Parameters
    ----------
    subjects : iterable of str, callable or estimator instance
        See :func:`contracts_of`.
    expected_failures : dict of str to str, or callable, default=None
        Names of contracts that are known to be broken, and why; or a function that returns such a
        dict for one of the objects. These tests are marked as expected failures. If pytest is
        strict about that, they fail when the contract is fulfilled after all.

    Returns
    -------
    decorator : pytest.MarkDecorator
        For a test function with arguments `subject` and `contract`.

    Raises
    ------
    ValueError
        If no contract applies to an object, or `expected_failures` names an unknown contract.

    Examples
    --------
    >>> from skdl.testing import parametrize_with_contracts
    >>> @parametrize_with_contracts(["simple"])
    ... def test_my_network(subject, contract):
    ...     contract(subject)
    """
    import pytest

    cases: list[Any] = []
    unknown: set[str] = set()
    for subject in subjects:
        known = expected_failures(subject) if callable(expected_failures) else expected_failures
        reasons = dict(known or {})
        for check in contracts_of(subject):
            reason = reasons.pop(check.__name__, None)
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            name = f"{_label(subject)}-{check.__name__}"
            cases.append(pytest.param(subject, check, id=name, marks=marks))
        if reasons and callable(expected_failures):
            raise ValueError(f"expected_failures of {subject!r} names no contract: {reasons}")
        unknown.update(reasons)
    unknown -= {case.values[1].__name__ for case in cases}
    if unknown:
        raise ValueError(f"expected_failures names no contract: {sorted(unknown)}")
    return pytest.mark.parametrize(("subject", "contract"), cases)
