"""What Berth needs from an agent in a cluster, and what is found there.

`kinds` is what the API server must serve; `flux` and `argocd` judge how an agent is locked down, both pure functions
over what the API server told; `look` asks it. Not here: what the agent does for a tenant, which is `berth.status`'s.
"""

from berth.agents.found import Found
from berth.agents.kinds import FLUX_INSTANCE, KINDS, Kind, kinds_for
from berth.agents.look import look, until_ready

__all__ = ["FLUX_INSTANCE", "KINDS", "Found", "Kind", "kinds_for", "look", "until_ready"]
