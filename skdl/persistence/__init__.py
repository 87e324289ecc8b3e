"""Files of fitted models to share with other people, which run no code when they are loaded.

``joblib`` saves anything for your own use; loading its files runs any code that they contain. A
file of :func:`skdl.save` contains arrays and JSON, and names classes that are known to be harmless.

Decisions: docs/decisions.md#saving-and-exporting-models.
"""

from skdl.persistence._errors import LIMITS, ModelFileError
from skdl.persistence._reading import SavedModel, inspect_model, load, read_model
from skdl.persistence._writing import NO_PROBES, save

__all__ = [
    "LIMITS",
    "ModelFileError",
    "SavedModel",
    "inspect_model",
    "load",
    "read_model",
    "save",
]
