"""What a machine must have before anything is registered: told for each cloud, from what lies on the machine alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.credentials import Machine, missing
from berth.settings import Provider

PROGRAMS = {Provider.EKS: "aws", Provider.GKE: "gke-gcloud-auth-plugin", Provider.AKS: "kubelogin"}
CLOUDS = tuple(PROGRAMS)


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """A machine with the programs and without a credential."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in PROGRAMS.values():
        (programs / program).touch(mode=0o755)
    return Machine({"PATH": str(programs)}, tmp_path / "home", tmp_path / "dmi")


def with_variables(machine: Machine, **variables: str) -> Machine:
    return Machine({**machine.environ, **variables}, machine.home, machine.dmi)


def found(machine: Machine, provider: Provider) -> list[str]:
    return [problem.found for problem in missing("Pulumi.dev.yaml", [provider], machine)]


@pytest.mark.parametrize("provider", CLOUDS)
def test_a_machine_without_a_credential_is_told_once_a_cloud(bare: Machine, provider: Provider) -> None:
    (problem,) = missing("Pulumi.dev.yaml", [provider, provider], bare)
    assert problem.file == "Pulumi.dev.yaml"
    assert "credential" in problem.found
    assert "log in with: " in problem.fix


def test_every_cloud_of_a_stack_is_told_together(bare: Machine) -> None:
    assert len(list(missing("Pulumi.dev.yaml", CLOUDS, bare))) == 3


def test_clusters_that_exist_need_no_credential_of_a_cloud(bare: Machine) -> None:
    assert found(bare, Provider.EXISTING) == []


VARIABLES = {
    "AWS keys": (Provider.EKS, {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}),
    "AWS web identity": (Provider.EKS, {"AWS_WEB_IDENTITY_TOKEN_FILE": "x", "AWS_ROLE_ARN": "x"}),
    "AWS container": (Provider.EKS, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "x"}),
    "Google token": (Provider.GKE, {"GOOGLE_OAUTH_ACCESS_TOKEN": "x"}),
    "Azure secret": (Provider.AKS, {"ARM_CLIENT_ID": "x", "ARM_CLIENT_SECRET": "x"}),
    "Azure federation": (Provider.AKS, {"ARM_USE_OIDC": "true"}),
    "Azure managed identity": (Provider.AKS, {"ARM_USE_MSI": "true"}),
}


@pytest.mark.parametrize(("provider", "variables"), list(VARIABLES.values()), ids=list(VARIABLES))
def test_variables_are_a_credential(bare: Machine, provider: Provider, variables: dict[str, str]) -> None:
    assert found(with_variables(bare, **variables), provider) == []


@pytest.mark.parametrize(
    ("provider", "variables"),
    [
        (Provider.EKS, {"AWS_ACCESS_KEY_ID": "x"}),
        (Provider.EKS, {"AWS_PROFILE": "x"}),
        (Provider.AKS, {"ARM_CLIENT_ID": "x"}),
    ],
)
def test_half_a_credential_is_none(bare: Machine, provider: Provider, variables: dict[str, str]) -> None:
    assert len(found(with_variables(bare, **variables), provider)) == 1


@pytest.mark.parametrize(
    ("provider", "file"),
    [
        (Provider.EKS, ".aws/config"),
        (Provider.EKS, ".aws/credentials"),
        (Provider.GKE, ".config/gcloud/application_default_credentials.json"),
    ],
)
def test_a_login_of_a_person_is_a_credential(bare: Machine, provider: Provider, file: str) -> None:
    path = bare.home / file
    path.parent.mkdir(parents=True)
    path.touch()
    assert found(bare, provider) == []


def test_a_login_of_the_azure_cli_counts_where_the_azure_cli_is(bare: Machine) -> None:
    profile = bare.home / ".azure" / "azureProfile.json"
    profile.parent.mkdir(parents=True)
    profile.touch()
    assert len(found(bare, Provider.AKS)) == 1
    (Path(bare.environ["PATH"]) / "az").touch(mode=0o755)
    assert found(bare, Provider.AKS) == []


def test_a_credential_file_that_is_named_has_to_be_there(bare: Machine, tmp_path: Path) -> None:
    machine = with_variables(bare, GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "gone.json"))
    assert len(found(machine, Provider.GKE)) == 1
    (tmp_path / "gone.json").touch()
    assert found(machine, Provider.GKE) == []


@pytest.mark.parametrize(
    ("provider", "name", "maker"),
    [(Provider.EKS, "sys_vendor", "Amazon EC2"), (Provider.GKE, "product_name", "Google Compute Engine")],
)
def test_a_machine_of_the_cloud_itself_needs_no_file(bare: Machine, provider: Provider, name: str, maker: str) -> None:
    bare.dmi.mkdir()
    (bare.dmi / name).write_text(f"{maker}\n")
    assert found(bare, provider) == []


@pytest.mark.parametrize("provider", CLOUDS)
def test_the_program_that_makes_tokens_is_named_with_how_to_install_it(bare: Machine, provider: Provider) -> None:
    (Path(bare.environ["PATH"]) / PROGRAMS[provider]).unlink()
    problem = list(missing("Pulumi.dev.yaml", [provider], bare))[-1]
    assert problem.found == f"no {PROGRAMS[provider]}"
    assert "install" in problem.fix
