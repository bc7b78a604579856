"""The end of a change of engines: the former one gives up what it holds of tenants' objects.

An engine applies on the server side, so the API server remembers which fields it owns. As long as the former one owns
them as well, what leaves Git stays in the cluster: the new one alone cannot take a field away. So the former one states
once more what it wants of each object, which is nothing. Fields that it alone held go, its own labels among them; what
the new engine has applied stays as it is.
"""

from __future__ import annotations

from berth.handover.collect import hand_over
from berth.handover.model import Handover

__all__ = ["Handover", "hand_over"]
