"""Audits of data sets: unreadable images, copies, look-alikes, shortcuts.

Decisions: docs/decisions.md#look-alikes-and-data-audits.
"""

from skdl.audit._audit import audit_images
from skdl.audit._groups import join_groups
from skdl.audit._label_errors import find_label_errors
from skdl.audit._look_alikes import LookAlikes, find_look_alikes
from skdl.audit._result import DataAudit

__all__ = ["DataAudit", "audit_images", "find_label_errors"]
