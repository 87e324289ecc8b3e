"""What steps of a pipeline say of themselves, be they estimators or not."""

from typing import Any

from sklearn.utils import Tags, get_tags


def tags_of(step: Any) -> Tags | None:
    """Its tags; None of "passthrough" and of objects that have only the methods of a step."""
    return get_tags(step) if hasattr(step, "__sklearn_tags__") else None


def kind_of(step: Any) -> str | None:
    """What it is to scikit-learn, such as "classifier" or "regressor"; None of anything else."""
    tags = tags_of(step)
    return None if tags is None else tags.estimator_type


def takes_files_alone(step: Any) -> bool:
    """Whether it takes paths of files, and no arrays."""
    tags = tags_of(step)
    return tags is not None and tags.input_tags.one_d_array and not tags.input_tags.two_d_array
