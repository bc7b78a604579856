"""That what an agent's lock refuses is an attempt: without the lock it goes through.

Those that need a login to be seen are in test_credentials_kept.py.
"""

from __future__ import annotations

import pytest

from tests.e2e.attempts import COMMITS
from tests.e2e.harness import ARGOCD, TestFleet
from tests.e2e.opened import SUBMODULES, opened
from tests.e2e.rounds import DeployRepo, prepare, refresh, told_by_application

pytestmark = [pytest.mark.e2e, pytest.mark.engine(ARGOCD)]


def test_with_submodules_what_one_holds_is_read(fleet: TestFleet) -> None:
    (attempt,) = (item for item in COMMITS if item.id == "git-submodule")
    where = attempt.cluster, *fleet.engine.sync_of(attempt.tenant)
    repo = DeployRepo(fleet)

    def read_what_the_submodule_holds() -> bool:
        # kustomize has come as far as B's ConfigMap, which is called as A's own.
        return "already registered id: ConfigMap" in told_by_application(fleet.get(*where))

    fleet.wait_in_sync()
    try:
        with opened(fleet, SUBMODULES):
            prepare(fleet, attempt)
            repo.commit([attempt])
            refresh(fleet, attempt.cluster, attempt.tenant)
            fleet.wait("the submodule was fetched", read_what_the_submodule_holds)
            prepare(fleet, attempt)
            repo.restore()
    finally:
        repo.restore()
        fleet.wait_in_sync()
