"""A tenant goes back to what it was: the revert as one commit on a branch, followed until the clusters have it.

Writes to Git alone. What clusters say is read; what they run is for their agents to change.
"""

from berth.rollback.follow import Arrived, Merged, follow, rows_of
from berth.rollback.prepare import Rollback, prepare

__all__ = ["Arrived", "Merged", "Rollback", "follow", "prepare", "rows_of"]
