from components.aws.cluster import EksCluster, EksClusterArgs

__all__ = ["EksCluster", "EksClusterArgs"]
