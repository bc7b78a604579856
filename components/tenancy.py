"""Registers what `berth.render` returns, object for object. Knows order and ownership, not what a tenant looks like."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from berth.render import Object
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


class TenantArgs:
    """`objects` of one tenant in one cluster, in the order in which they can be applied.

    `git_credential`, where the stack has one, is the content of the Secret `git_secret` in the tenant's sync namespace.
    """

    def __init__(
        self,
        objects: list[Object],
        sync_namespace: str,
        git_secret: str,
        git_credential: pulumi.Input[dict[str, str]] | None = None,
    ) -> None:
        self.objects = objects
        self.sync_namespace = sync_namespace
        self.git_secret = git_secret
        self.git_credential = git_credential


class Tenant(pulumi.ComponentResource):
    """A tenant in a cluster."""

    def __init__(
        self, name: str, args: TenantArgs, provider: kubernetes.Provider, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("berth:tenancy:Tenant", name, None, opts)
        self.namespaces: dict[str, pulumi.CustomResource] = {}
        registered: list[pulumi.Resource] = []
        for item in args.objects:
            child = self._options(provider, item["metadata"].get("namespace"))
            if item["kind"] == "Kustomization":
                # The sync starts when the guard-rails stand, and is gone before they go.
                child = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=registered))
            resource = register(resource_name(name, item), item, child)
            if item["kind"] == "Namespace":
                self.namespaces[item["metadata"]["name"]] = resource
            registered.append(resource)
        if args.git_credential is not None:
            kubernetes.core.v1.Secret(
                f"{name}-secret-{args.sync_namespace}-{args.git_secret}",
                metadata=kubernetes.meta.v1.ObjectMetaArgs(name=args.git_secret, namespace=args.sync_namespace),
                string_data=pulumi.Output.secret(args.git_credential),
                opts=self._options(provider, args.sync_namespace),
            )
        self.register_outputs({})

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
        )


def resource_name(prefix: str, item: Object) -> str:
    """`<prefix>-<kind>[-<namespace>]-<name>`: unique, and the same every time."""
    metadata = item["metadata"]
    parts = [prefix, item["kind"].lower(), metadata.get("namespace", ""), metadata["name"]]
    return "-".join(part for part in parts if part)
