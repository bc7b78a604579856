"""Takes a tenant out of its clusters, step by step: what it runs, what that holds, then its place.

What has been done is read from the clusters each time. So it can be interrupted anywhere, and goes on when it is asked
again.
"""

from berth.offboarding.model import Held, Result, State
from berth.offboarding.run import drain, verify

__all__ = ["Held", "Result", "State", "drain", "verify"]
