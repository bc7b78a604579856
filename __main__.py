"""One `pulumi up`: the stack's clusters, an agent in each, and a berth in it for every tenant placed there."""

from pathlib import Path

import pulumi

from berth.render import render, render_alerts, render_cluster, render_root
from berth.settings import Delivery
from components.cluster import create_cluster, create_identity
from components.gitops import create_agent, credential_of_tenant
from components.settings import git_credential, load_project
from components.tenancy import GuardRails, GuardRailsArgs, RootSync, Tenant, TenantArgs

root = Path(__file__).parent
project = load_project(root)

for cluster in project.stack(pulumi.get_stack()).clusters:
    built, credential = create_cluster(cluster, root), git_credential(cluster)
    tenants = list(project.tenants_in(cluster))
    agent = create_agent(cluster, built, credential, alerts=any(tenant.notify for tenant in tenants))
    guard_rails = GuardRails(
        f"{cluster.name}-guard-rails",
        GuardRailsArgs([*render_cluster(cluster), *render_alerts(cluster, tenants)]),
        built.provider,
        # Policies are kinds of the agent's API too: it has to be there first.
        pulumi.ResourceOptions(parent=built.resource, depends_on=[agent]),
    )
    # A tenant never runs without guard-rails, and goes before its agent and its rights in the cloud do.
    after = pulumi.ResourceOptions(parent=built.resource, depends_on=[agent, guard_rails])
    if cluster.delivery is Delivery.GIT:
        RootSync(f"{cluster.name}-root", TenantArgs(render_root(cluster)), built.provider, after)
    client_ids = {}
    for tenant in tenants:
        identity = create_identity(cluster, built, tenant)
        known = identity.client_ids if identity else {}
        client_ids |= {f"{namespace}/{account}": value for (namespace, account), value in known.items()}
        if cluster.delivery is Delivery.PULUMI:
            secret = credential_of_tenant(cluster, tenant, credential)
            rights = [identity] if identity else []
            waits = pulumi.ResourceOptions.merge(after, pulumi.ResourceOptions(depends_on=rights))
            args = TenantArgs(render(cluster, tenant, known), secret)
            Tenant(f"{cluster.name}/{tenant.name}", args, built.provider, waits)
    outputs = {"cloud": cluster.cloud.value, "endpoint": built.endpoint, "kubeconfig": built.kubeconfig}
    outputs |= {"delivery": cluster.delivery.value, **({"clientIds": client_ids} if client_ids else {})}
    # The next update refuses to lose a tenant that is still active here, or that Pulumi would no longer register.
    pulumi.export(cluster.name, {**outputs, "tenants": {tenant.name: tenant.lifecycle.value for tenant in tenants}})
