"""What a change does to tenants' workloads: each path that an agent pulls is built on both sides, and compared.

`pulls` says what each agent pulls, `snapshots` reads a commit or the working tree as Git would store it, `references`
what a path is built from, `build` runs kustomize, and `workloads` puts them together. No checkout is touched, nothing
is fetched, and nothing outside the repo is read.
"""

from berth.plan.deploy_repo.pulls import Pull, pulls_of, pulls_of_objects
from berth.plan.deploy_repo.workloads import Looked, look_at

__all__ = ["Looked", "Pull", "look_at", "pulls_of", "pulls_of_objects"]
