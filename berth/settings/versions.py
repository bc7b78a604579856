"""The Kubernetes versions that each provider offers.

A version that a provider has stopped to offer is an error before anything is created: the provider would refuse the
cluster after the network stands. Raise OLDEST and NEWEST as the providers move on. Sources: the release calendars of
EKS (extended support included), GKE (extended channel included) and AKS (community support), read in 2026.
"""

from __future__ import annotations

from berth.settings.kinds import Provider

OLDEST = {Provider.EKS: 32, Provider.GKE: 33, Provider.AKS: 34}
"""Minor versions below 1.<this> are no longer offered."""
NEWEST = {Provider.EKS: 35, Provider.GKE: 35, Provider.AKS: 35}
"""The newest minor version that this table was checked with. Two newer ones are taken on trust."""
ON_TRUST = 2
