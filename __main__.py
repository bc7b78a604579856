"""One `pulumi up`: the stack's clusters, an agent in each, and a berth in it for every tenant placed there."""

from pathlib import Path

import pulumi

from berth.names import sync_namespace
from berth.render import render, render_cluster
from berth.tenants.resolve import SHARED_SECRET
from components.cluster import create_cluster
from components.gitops import create_agent
from components.settings import git_credential, load_project
from components.tenancy import GuardRails, GuardRailsArgs, Tenant, TenantArgs

root = Path(__file__).parent
project = load_project(root)
credential = git_credential()

for cluster in project.stack(pulumi.get_stack()).clusters:
    built = create_cluster(cluster, root)
    agent = create_agent(cluster, built)
    guard_rails = GuardRails(
        f"{cluster.name}-guard-rails",
        GuardRailsArgs(render_cluster(cluster)),
        built.provider,
        # Policies are kinds of the agent's API too: it has to be there first.
        pulumi.ResourceOptions(parent=built.resource, depends_on=[agent]),
    )
    tenants = list(project.tenants_in(cluster))
    for tenant in tenants:
        Tenant(
            f"{cluster.name}-{tenant.name}",
            TenantArgs(render(cluster, tenant), sync_namespace(tenant.name), SHARED_SECRET, credential),
            built.provider,
            # A tenant never runs without guard-rails, and never outlives its agent.
            pulumi.ResourceOptions(parent=built.resource, depends_on=[agent, guard_rails]),
        )
    pulumi.export(
        cluster.name,
        {
            "cloud": cluster.cloud.value,
            "endpoint": built.endpoint,
            "kubeconfig": built.kubeconfig,
            "tenants": [tenant.name for tenant in tenants],
        },
    )
