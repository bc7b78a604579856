"""`berth status` of many tenants and of many clusters, beside `kubectl get` of each cluster in turn."""

from bench.status.report import section

__all__ = ["section"]
