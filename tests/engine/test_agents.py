"""What the real engine makes of a change of the agents' settings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components.stacks import sample, tenant
from tests.engine.conftest import Engine

pytestmark = pytest.mark.pulumi_cli


def changes(engine: Engine) -> dict[str, str]:
    """What a preview is about to do, by the name of the resource; nothing of what stays as it is."""
    return {step["urn"].rpartition("::")[2]: step["op"] for step in engine.preview() if step["op"] != "same"}


@pytest.mark.parametrize(
    ("settings", "version", "touched"),
    [
        # The look waits for the new version to be ready, and what it will find is not known before.
        ({"engine": "flux"}, "2.7.99", ("flux-instance", "flux-installed", "flux-usable")),
        ({"engine": "argocd"}, "3.4.99", ("argocd-chart",)),
    ],
    ids=["flux", "argocd"],
)
def test_an_upgrade_is_a_change_of_one_line_and_a_preview_of_just_that(
    engine: Engine, settings: dict[str, Any], version: str, touched: tuple[str, ...]
) -> None:
    engine.write(sample("eks"), install="chart")
    engine.agent(**settings)
    engine.tenants(tenant())
    engine.up()
    engine.agent(version=version)
    assert changes(engine) == {f"aws-test-{name}": "update" for name in touched}
