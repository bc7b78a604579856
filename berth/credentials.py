"""What a machine must have to deploy a stack's clusters: a credential for each cloud, and the programs that make the
clusters' tokens. Looked for where each cloud's provider looks, without asking the cloud: nothing leaves the machine.

A credential that is there may still have no rights, or have expired: that is the cloud's to say.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from berth.errors import Problem
from berth.settings import Provider
from berth.settings.kinds import LOGIN_PROGRAMS


@dataclass(frozen=True)
class Machine:
    """Where credentials are looked for."""

    environ: Mapping[str, str]
    home: Path
    dmi: Path = Path("/sys/class/dmi/id")
    """Where Linux tells who made the machine: a cloud's own machines get credentials without a file."""

    def set(self, *names: str) -> bool:
        """Whether all these variables are set."""
        return all(self.environ.get(name) for name in names)

    def file(self, variable: str, default: str) -> bool:
        """Whether a file is there, at the place that a variable names or at its usual one below the home directory."""
        named = self.environ.get(variable)
        return (Path(named) if named else self.home / default).is_file()

    def made_by(self, name: str, maker: str) -> bool:
        try:
            return (self.dmi / name).read_text("utf-8").startswith(maker)
        except OSError:
            return False

    def program(self, name: str) -> bool:
        return shutil.which(name, path=self.environ.get("PATH", "")) is not None


def _aws(machine: Machine) -> bool:
    return (
        machine.set("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        or machine.set("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")
        or machine.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        or machine.set("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        or machine.file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")
        or machine.file("AWS_CONFIG_FILE", ".aws/config")
        or machine.made_by("sys_vendor", "Amazon EC2")
    )


def _gcp(machine: Machine) -> bool:
    if machine.set("GOOGLE_APPLICATION_CREDENTIALS"):
        return Path(machine.environ["GOOGLE_APPLICATION_CREDENTIALS"]).is_file()
    folder = machine.environ.get("CLOUDSDK_CONFIG") or str(machine.home / ".config/gcloud")
    return (
        machine.set("GOOGLE_CREDENTIALS")
        or machine.set("GOOGLE_OAUTH_ACCESS_TOKEN")
        or (Path(folder) / "application_default_credentials.json").is_file()
        or machine.made_by("product_name", "Google")
    )


def _azure(machine: Machine) -> bool:
    folder = machine.environ.get("AZURE_CONFIG_DIR") or str(machine.home / ".azure")
    return (
        machine.set("ARM_CLIENT_ID", "ARM_CLIENT_SECRET")
        or machine.set("ARM_CLIENT_ID", "ARM_CLIENT_CERTIFICATE_PATH")
        or machine.set("ARM_USE_OIDC")
        or machine.set("ARM_USE_MSI")
        or (machine.program("az") and (Path(folder) / "azureProfile.json").is_file())
    )


@dataclass(frozen=True)
class _Need:
    """What one provider needs. `found` and `fix` are for the message."""

    there: Callable[[Machine], bool]
    found: str
    expected: str
    fix: str
    install: str
    """How to get the program that logs in to the clusters."""


_NEEDS = {
    Provider.EKS: _Need(
        _aws,
        "no AWS credential",
        "AWS_PROFILE with ~/.aws, AWS_ACCESS_KEY_ID, or a web identity token",
        "log in with: aws sso login, or run in CI with an assumed role",
        "install the AWS CLI v2: it makes the cluster's tokens",
    ),
    Provider.GKE: _Need(
        _gcp,
        "no Google Cloud credential",
        "application default credentials, or GOOGLE_APPLICATION_CREDENTIALS with a file that is there",
        "log in with: gcloud auth application-default login, or run in CI with workload identity federation",
        "install it with: gcloud components install gke-gcloud-auth-plugin",
    ),
    Provider.AKS: _Need(
        _azure,
        "no Azure credential",
        "a login of the Azure CLI, ARM_USE_OIDC, ARM_USE_MSI, or ARM_CLIENT_ID with a secret or certificate",
        "log in with: az login, or run in CI with workload identity federation",
        "install it with: az aks install-cli",
    ),
}


def missing(file: str, providers: Iterable[Provider], machine: Machine) -> Iterator[Problem]:
    """A problem for each thing that the machine lacks for clusters of these providers. `file` is the stack file."""
    for provider in sorted(set(providers) & _NEEDS.keys()):
        need = _NEEDS[provider]
        if not need.there(machine):
            yield Problem(file, 0, 0, f"provider {provider}", need.found, need.expected, need.fix)
        program = LOGIN_PROGRAMS[provider]
        if not machine.program(program):
            yield Problem(file, 0, 0, f"provider {provider}", f"no {program}", f"{program} on PATH", need.install)
