"""The agents with Berth and without it: the same controllers on the local fleet, driven by what Berth renders, and by
manifests that a person would write by hand."""

from bench.agents.report import convergence, pushes, scale

__all__ = ["convergence", "pushes", "scale"]
