"""The credential for the deploy repo: what a stack file may say of it, and what of it a cluster has.

One credential does for all clusters of a stack, or each cluster has its own. Either Berth makes the Secret from an
encrypted value of the stack file, or the Secret is in the cluster already, made by somebody else. Nothing here ever
holds a value: the models have a mark in its place. What goes into a Secret is the business of `components.gitops`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from berth.model import Choice, Model, ObjectName, TextLike, with_host, wrong


class CredentialKind(StrEnum):
    """What an agent logs in to a Git server with. The values are the keys of a cluster's own credential."""

    TOKEN = "token"  # noqa: S105 - the name of a kind, not a secret
    SSH_KEY = "sshKey"
    GITHUB_APP = "githubApp"


SHARED_SECRET = "deploy-repo"  # noqa: S105 - the name of the Secret, not a secret
"""The Secret that Berth makes for Flux, in the sync namespace of each tenant that pulls from the deploy repo."""


class SecretMark:
    """Stands for a secret of the stack file. Holds nothing of it: the model is printed, compared and logged."""

    def __repr__(self) -> str:
        return "[secret]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretMark)

    def __hash__(self) -> int:
        return 0


def _secret(value: Any) -> SecretMark:
    if isinstance(value, SecretMark) or (isinstance(value, dict) and list(value) == ["secure"]):
        return SecretMark()
    raise wrong(
        "a secret",
        "set it with: pulumi config set --secret, and revoke the value that stood here",
        found="a value that is not encrypted",
    )


Secret = Annotated[
    Any,
    BeforeValidator(_secret),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"secure": {"type": "string"}},
            "required": ["secure"],
            "additionalProperties": False,
        }
    ),
]

ApiUrl = Annotated[
    str,
    TextLike(
        r"https://[A-Za-z0-9_.:\[\]-]+(?:/[^\s,]*)?", "a URL such as https://github.example.com/api/v3", longest=2048
    ),
    AfterValidator(with_host),
]


class GitHubApp(Model):
    """A GitHub App that is installed where the deploy repo is, with the right to read contents."""

    app_id: Annotated[int, Field(ge=1)]
    """Id of the app."""
    installation_id: Annotated[int, Field(ge=1)]
    """Id of its installation in the organisation that has the repo."""
    private_key: Secret
    """Private key of the app, as GitHub hands it out."""
    api_url: ApiUrl | None = None
    """The API of a GitHub Enterprise Server. Default: that of github.com."""


class SecretReference(Model):
    """A Secret that is in the cluster already: made by External Secrets, by a CSI driver, or by hand."""

    name: ObjectName
    """Its name. With Flux it is in the sync namespaces of tenants that pull from there, with Argo CD in `argocd`."""
    kind: Annotated[CredentialKind, Choice(CredentialKind)]
    """What it holds: `token`, `sshKey` or `githubApp`."""

    @model_validator(mode="after")
    def _not_the_made_one(self) -> SecretReference:
        if self.name == SHARED_SECRET:
            raise wrong(f"another name than {SHARED_SECRET}", f"{SHARED_SECRET} is the Secret that Berth itself makes")
        return self


class ClusterCredential(Model):
    """What one cluster has instead of the stack's credential: exactly one of these."""

    token: Secret = None
    """Read-only token over HTTPS."""
    ssh_key: Secret = None
    """Read-only private key over SSH; needs knownHosts."""
    github_app: GitHubApp | None = None
    """A GitHub App."""
    secret: SecretReference | None = None
    """A Secret that is in the cluster already."""

    @model_validator(mode="after")
    def _exactly_one(self) -> ClusterCredential:
        if sum(value is not None for value in (self.token, self.ssh_key, self.github_app, self.secret)) != 1:
            raise wrong("one of token, sshKey, githubApp, secret")
        return self

    @property
    def kind(self) -> CredentialKind:
        if self.secret is not None:
            return CredentialKind(self.secret.kind)
        if self.github_app is not None:
            return CredentialKind.GITHUB_APP
        return CredentialKind.TOKEN if self.token is not None else CredentialKind.SSH_KEY


@dataclass(frozen=True)
class GitCredential:
    """What a cluster's agent logs in to the deploy repo's server with."""

    kind: CredentialKind
    existing: str | None = None
    """Name of a Secret that is in the cluster already; None where Berth makes one from the stack's."""
    own: bool = False
    """Whether it is the cluster's own, and not the stack's."""

    @property
    def secret_name(self) -> str:
        """The Secret that a source of Flux refers to."""
        return self.existing or SHARED_SECRET
