"""A cache of computed feature vectors. Nothing here imports TensorFlow.

Decisions: docs/decisions.md#the-feature-store.
"""

from typing import TYPE_CHECKING, Any

from skdl.store._described import described
from skdl.store._features import FeatureStore, opened, seconds_saved_here
from skdl.store._reports import SpaceInfo, StoreInfo

if TYPE_CHECKING:
    from skdl.store._fill import FillReport, fill

__all__ = ["FeatureStore", "FillReport", "fill", "seconds_saved_here"]


def __getattr__(name: str) -> Any:
    if name not in ("FillReport", "fill"):
        raise AttributeError(f"module 'skdl.store' has no attribute {name!r}")
    from skdl.store import _fill  # with all that reads images

    return getattr(_fill, name)
