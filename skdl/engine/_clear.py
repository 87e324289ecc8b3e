"""Memory given back."""

from skdl.backbones import forget_weights
from skdl.engine._features import forget_feature_networks
from skdl.engine._inspection import forget_inspectors
from skdl.engine._pool import forget_networks


def clear() -> None:
    """Drop every network and all backbone weights that are kept to be used again.

    Results do not change; the next fit builds anew. Estimators keep what they learned.

    Examples
    --------
    >>> import skdl.engine
    >>> skdl.engine.clear()
    """
    forget_networks()
    forget_feature_networks()
    forget_inspectors()
    forget_weights()
