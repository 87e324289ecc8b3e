"""The data home, and downloads that are verified before they are used.

Data sets and pretrained weights are declared as :class:`RemoteFile` and requested with
:func:`fetch`. A file that is already in the data home is used if its content is correct, however it
got there, so that this also works on machines without a network.
"""

from skdl._utils.storage import get_data_home, replacing, weights_digest
from skdl.downloads._extraction import extract_archive
from skdl.downloads._fetch import RemoteFile, fetch, fetch_content

__all__ = [
    "RemoteFile",
    "extract_archive",
    "fetch",
    "fetch_content",
    "get_data_home",
    "replacing",
    "weights_digest",
]
