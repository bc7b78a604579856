from components.azure.cluster import AksCluster, AksClusterArgs

__all__ = ["AksCluster", "AksClusterArgs"]
