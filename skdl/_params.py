"""scikit-learn's check of an estimator's parameters."""

from typing import Any

from sklearn.utils._param_validation import InvalidParameterError

_LONGEST = 200


def validate_params(estimator: Any) -> None:
    """Check parameters by their constraints; a message holds the beginning of a long value.

    Raises
    ------
    ValueError
        Naming the parameter, what it may be, and what it is.
    """
    try:
        estimator._validate_params()
    except InvalidParameterError as error:
        rule, _, value = str(error).partition(" Got ")
        if len(value) <= _LONGEST:
            raise
        raise InvalidParameterError(f"{rule} Got {value[:_LONGEST]}... instead.") from None
