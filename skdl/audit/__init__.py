"""What is wrong with a data set: unreadable images, copies, look-alikes, shortcuts."""

from skdl.audit._groups import join_groups
from skdl.audit._look_alikes import LookAlikes, find_look_alikes

__all__ = ["LookAlikes", "find_look_alikes", "join_groups"]
