"""What should run and what runs, for every tenant in every cluster."""

from berth.status.collect import collect
from berth.status.model import Row, State

__all__ = ["Row", "State", "collect"]
