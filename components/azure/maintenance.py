"""When AKS may upgrade a cluster by itself. A window of AKS begins on one day of the week: the settings' first day is
for the cluster, their last for the images of nodes."""

from __future__ import annotations

import pulumi
import pulumi_azure_native.containerservice as containerservice

from berth.settings.common import Maintenance
from components.azure.place import Place

_NAMES = {
    "default": 0,
    "aksManagedAutoUpgradeSchedule": 0,
    "aksManagedNodeOSUpgradeSchedule": -1,
}
"""What AKS calls its windows: for its own releases, for versions of Kubernetes and for images of nodes. With which of
the settings' days each begins."""


def windows(
    name: str, place: Place, cluster: pulumi.Input[str], maintenance: Maintenance, opts: pulumi.ResourceOptions
) -> None:
    """The windows of a cluster."""
    for window, day in _NAMES.items():
        containerservice.MaintenanceConfiguration(
            f"{name}-{window}",
            resource_group_name=place.group,
            resource_name_=cluster,
            config_name=window,
            maintenance_window=containerservice.MaintenanceWindowArgs(
                schedule=containerservice.ScheduleArgs(
                    weekly=containerservice.WeeklyScheduleArgs(
                        day_of_week=containerservice.WeekDay(maintenance.days[day].capitalize()), interval_weeks=1
                    )
                ),
                start_time=maintenance.start,
                duration_hours=maintenance.hours,
                utc_offset="+00:00",
            ),
            opts=opts,
        )
