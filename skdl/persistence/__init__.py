"""Files of fitted models for other people's hands, which run no code when they are loaded.

``joblib`` saves anything for yourself; whoever loads its files runs what they say. A file of
:func:`skdl.save` holds arrays and JSON, and names classes that are known to be harmless.
"""

from skdl.persistence._errors import LIMITS, ModelFileError
from skdl.persistence._reading import SavedModel, inspect_model, load, read_model
from skdl.persistence._writing import save

__all__ = [
    "LIMITS",
    "ModelFileError",
    "SavedModel",
    "inspect_model",
    "load",
    "read_model",
    "save",
]
