"""A bad day on the local fleet, for real: a bad commit, changes by hand, the loss of a cluster, each put right again.

`ground` says where, and whether it can begin; `commit`, `hand` and `outage` are the three parts; `run` does them one
after the other. Whatever happens, the fleet is left as it was found. Not here: how it is shown (`berth.cli.drill`).
"""

from berth.drill.ground import Ground, find_ground
from berth.drill.model import Report, Step
from berth.drill.run import run

__all__ = ["Ground", "Report", "Step", "find_ground", "run"]
