"""`pulumi up` of the local stack, through the Automation API and with its state beside the fleet's.

The only module of the core that imports Pulumi, and only when it is asked to deploy with it.
"""

from __future__ import annotations

from typing import Any

import yaml
from pulumi import automation
from rich.text import Text

from berth.cli.output import console
from berth.errors import OperationFailed
from berth.files import write_text
from berth.local.fleet import Fleet
from berth.project import Project


def deploy_with_pulumi(fleet: Fleet, project: Project, stack: str) -> None:
    """Runs `pulumi up` and prints what the engine prints. Raises OperationFailed where it fails."""
    backend = fleet.paths.state / "pulumi"
    backend.mkdir(parents=True, exist_ok=True)
    config = backend / f"Pulumi.{stack}.yaml"
    write_text(config, _config(project, stack, _salt(config)), mode=0o600)
    workspace = automation.LocalWorkspaceOptions(
        env_vars={
            "PULUMI_BACKEND_URL": f"file://{backend}",
            # A throw-away state on this machine: its secrets are the fleet's own, in files beside it.
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
    )
    out = console()
    original = (fleet.root / config.name).read_bytes()
    try:
        selected = automation.create_or_select_stack(stack, work_dir=str(fleet.root), opts=workspace)
        selected.up(config_file=str(config), on_output=lambda line: out.print(Text.from_ansi(line)), color="auto")
    except automation.ConcurrentUpdateError:
        raise OperationFailed(
            "another `pulumi up` of this stack is running", "wait for it, or: pulumi cancel"
        ) from None
    except automation.InvalidVersionError as error:
        raise OperationFailed(" ".join(str(error).split()), "put another pulumi on PATH, or --with kubectl") from None
    except automation.CommandError:
        raise OperationFailed("pulumi up failed; what it said is above") from None
    finally:
        # `pulumi stack init` puts a salt into the stack file of the project; this state's is in its own copy.
        if (fleet.root / config.name).read_bytes() != original:
            write_text(fleet.root / config.name, original.decode())


def _config(project: Project, stack: str, salt: str | None) -> str:
    """The stack file with the places where the fleet really is."""
    document = project.stack(stack).document.value
    settings = project.stack(stack).settings
    data: dict[str, Any] = {**document, "config": dict(document["config"])}
    data["config"]["berth:deployRepo"] = {
        **document["config"]["berth:deployRepo"],
        "url": settings.deploy_repo.url,
    }
    data["config"]["berth:gitops"] = settings.gitops.model_dump(mode="json", exclude_none=True)
    if salt:
        data["encryptionsalt"] = salt
    return "# Made by `berth local deploy` from the project's stack file: change that one.\n" + yaml.safe_dump(data)


def _salt(config: Any) -> str | None:
    if not config.is_file():
        return None
    data = yaml.safe_load(config.read_text("utf-8"))
    return data.get("encryptionsalt") if isinstance(data, dict) else None
