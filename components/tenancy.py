"""Registers what `berth.render` returns, object for object. Knows order and ownership, not what a tenant looks like."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from berth.render import STARTS_SYNC, Object
from components.objects import register


class GuardRailsArgs:
    """`objects` that a cluster needs once, before its first tenant."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects = objects


class GuardRails(pulumi.ComponentResource):
    """The roles and admission policies of a cluster."""

    def __init__(
        self, name: str, args: GuardRailsArgs, provider: kubernetes.Provider, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("berth:tenancy:GuardRails", name, None, opts)
        for item in args.objects:
            child = pulumi.ResourceOptions(parent=self, provider=provider)
            register(resource_name(name, item), item, child)
        self.register_outputs({})


GONE_WITHIN = "15m"
"""How long a namespace, or an object of none, is waited for when it is deleted."""

_SOURCE = "GitRepository"
"""What logs in to Git with a Secret beside it. Argo CD has one for all tenants."""


class TenantArgs:
    """`objects` of one tenant in one cluster, in the order in which they can be applied.

    `git_credential`, where Berth has one, is the content of the Secret that the tenant's source refers to.
    """

    def __init__(self, objects: list[Object], git_credential: pulumi.Input[dict[str, str]] | None = None) -> None:
        self.objects = objects
        self.git_credential = git_credential


class Tenant(pulumi.ComponentResource):
    """A tenant in a cluster."""

    TYPE = "berth:tenancy:Tenant"

    def __init__(
        self, name: str, args: TenantArgs, provider: kubernetes.Provider, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__(self.TYPE, name, None, opts)
        self.namespaces: dict[str, pulumi.CustomResource] = {}
        registered: list[pulumi.Resource] = []
        for item in args.objects:
            child = self._options(provider, item["metadata"].get("namespace"))
            if args.git_credential is not None and item["kind"] == _SOURCE:
                secret = self._credential(name, item, args.git_credential, child)
                # The first look at Git is with the credential: one without it is not repeated at once.
                child = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[secret]))
            if item["kind"] in STARTS_SYNC:
                # The sync starts when the guard-rails stand, and is gone before they go.
                child = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=registered))
            resource = register(resource_name(name, item), item, child)
            if item["kind"] == "Namespace":
                self.namespaces[item["metadata"]["name"]] = resource
            registered.append(resource)
        self.register_outputs({})

    def _credential(
        self, name: str, source: Object, content: pulumi.Input[dict[str, str]], opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """The Secret that a source refers to, beside it."""
        secret, namespace = source["spec"]["secretRef"]["name"], source["metadata"]["namespace"]
        return kubernetes.core.v1.Secret(
            f"{name}/secret/{namespace}/{secret}",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name=secret, namespace=namespace),
            string_data=pulumi.Output.secret(content),
            opts=opts,
        )

    def _options(self, provider: kubernetes.Provider, namespace: str | None) -> pulumi.ResourceOptions:
        owner = self.namespaces.get(namespace or "")
        return pulumi.ResourceOptions(
            parent=self,
            provider=provider,
            # An object cannot be created before its namespace.
            depends_on=[owner] if owner else None,
            # A namespace takes its objects with it: deleting them one by one before is slower, and would bring the
            # `default` service account back each time.
            deleted_with=owner,
            # A namespace waits for its sync, which ends what it is about before it goes: at most `sync.timeout`.
            custom_timeouts=pulumi.CustomTimeouts(delete=GONE_WITHIN),
        )


class RootSync(Tenant):
    """What pulls tenants' objects from Git, with `delivery: git`: in place of all tenants of a cluster."""

    TYPE = "berth:tenancy:RootSync"


def resource_name(prefix: str, item: Object) -> str:
    """`<prefix>/<kind>[/<namespace>]/<name>`: unique, as no part holds a slash, and the same every time."""
    metadata = item["metadata"]
    parts = [prefix, item["kind"].lower(), metadata.get("namespace", ""), metadata["name"]]
    return "/".join(part for part in parts if part)
