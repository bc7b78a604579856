"""The stack file: its model, how it is read, and the clusters in it."""

from berth.settings.cluster import Cluster
from berth.settings.load import StackFile, load_stack, misnamed_stacks, stack_files, stack_from_config
from berth.settings.model import Cloud, Delivery, Engine, ExistingSettings, Install, Provider, Stack

__all__ = [
    "Cloud",
    "Cluster",
    "Delivery",
    "Engine",
    "ExistingSettings",
    "Install",
    "Provider",
    "Stack",
    "StackFile",
    "load_stack",
    "misnamed_stacks",
    "stack_files",
    "stack_from_config",
]
