"""Flux in a cluster. Today: a Flux that is there already (`install: none`); nothing of it is changed."""

from __future__ import annotations

import pulumi

from berth.settings import Install


class FluxAgentArgs:
    """`version` of the Flux distribution, and whether Berth installs it."""

    def __init__(self, version: str, install: Install) -> None:
        self.version = version
        self.install = install


class FluxAgent(pulumi.ComponentResource):
    """Stands in the tree for the cluster's agent: tenants depend on it, so they go before it does."""

    def __init__(self, name: str, args: FluxAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("berth:gitops:FluxAgent", name, None, opts)
        if args.install is not Install.NONE:
            raise pulumi.RunError(
                f"{name}: this version of Berth does not install Flux yet; "
                "install it and set `install: none` in berth:gitops"
            )
        self.register_outputs({"version": args.version})
