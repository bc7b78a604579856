from components.gcp.cluster import GkeCluster, GkeClusterArgs

__all__ = ["GkeCluster", "GkeClusterArgs"]
