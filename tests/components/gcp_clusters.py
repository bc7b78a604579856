"""What tests of GKE clusters share: types of resources, and a network that is there already."""

from __future__ import annotations

CLUSTER = "gcp:container/cluster:Cluster"
POOL = "gcp:container/nodePool:NodePool"
EXISTING = {
    "network": "projects/net-host/global/networks/shared",
    "subnetwork": "projects/net-host/regions/europe-west1/subnetworks/gke",
    "podsRange": "gke-pods",
    "servicesRange": "gke-services",
}
