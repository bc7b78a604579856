"""Where a cluster's logs go: those of the control plane, and those of containers and nodes."""

from __future__ import annotations

import pulumi
import pulumi_azure_native.containerservice as containerservice
import pulumi_azure_native.monitor as monitor
import pulumi_azure_native.operationalinsights as operationalinsights

from berth.settings import SecurityProfile
from components.azure.place import Place

_LOGS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "cluster-autoscaler",
    "cloud-controller-manager",
    "guard",
)
"""What AKS logs of the control plane, beside audit."""
_AUDIT = {SecurityProfile.STRICT: "kube-audit", SecurityProfile.DEV: "kube-audit-admin"}
"""All requests, or all but get and list: those are most of them, and of the bill."""
_INSIGHTS = "Microsoft-ContainerInsights-Group-Default"


def log_workspace(
    name: str, place: Place, retention_days: int, opts: pulumi.ResourceOptions
) -> operationalinsights.Workspace:
    return operationalinsights.Workspace(
        f"{name}-logs",
        resource_group_name=place.group,
        location=place.region,
        sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
        retention_in_days=retention_days,
        features=operationalinsights.WorkspaceFeaturesArgs(enable_log_access_using_only_resource_permissions=True),
        tags=place.tags,
        opts=opts,
    )


class MonitoringArgs:
    def __init__(
        self,
        place: Place,
        profile: SecurityProfile,
        cluster: containerservice.ManagedCluster,
        workspace: operationalinsights.Workspace,
    ) -> None:
        self.place = place
        self.profile = profile
        self.cluster = cluster
        self.workspace = workspace


class Monitoring(pulumi.ComponentResource):
    """Sends a cluster's logs to its workspace."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:azure:Monitoring", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        monitor.DiagnosticSetting(
            f"{name}-control-plane",
            name="control-plane",
            resource_uri=args.cluster.id,
            workspace_id=args.workspace.id,
            log_analytics_destination_type="Dedicated",
            logs=[
                monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True)
                for category in (_AUDIT[args.profile], *_LOGS)
            ],
            opts=child,
        )
        rule = self._collection_rule(name, args, child)
        monitor.DataCollectionRuleAssociation(
            f"{name}-containers",
            # The add-on looks for this name.
            association_name="ContainerInsightsExtension",
            data_collection_rule_id=rule.id,
            resource_uri=args.cluster.id,
            opts=child,
        )
        self.register_outputs({})

    def _collection_rule(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions
    ) -> monitor.DataCollectionRule:
        return monitor.DataCollectionRule(
            f"{name}-containers",
            resource_group_name=args.place.group,
            location=args.place.region,
            kind=monitor.KnownDataCollectionRuleResourceKind.LINUX,
            data_sources=monitor.DataCollectionRuleDataSourcesArgs(
                extensions=[
                    monitor.ExtensionDataSourceArgs(
                        name="ContainerInsightsExtension",
                        extension_name="ContainerInsights",
                        # Free form: the API has no type for it.
                        extension_settings={"dataCollectionSettings": {"interval": "1m", "enableContainerLogV2": True}},
                        streams=[_INSIGHTS],
                    )
                ]
            ),
            destinations=monitor.DataCollectionRuleDestinationsArgs(
                log_analytics=[
                    monitor.LogAnalyticsDestinationArgs(name="workspace", workspace_resource_id=args.workspace.id)
                ]
            ),
            data_flows=[monitor.DataFlowArgs(streams=[_INSIGHTS], destinations=["workspace"])],
            tags=args.place.tags,
            opts=opts,
        )
