"""The stack file: its model, how it is read, and the clusters in it."""

from berth.settings.aws import EksSettings
from berth.settings.azure import AksSettings
from berth.settings.cluster import Cluster
from berth.settings.gcp import GkeSettings
from berth.settings.kinds import Cloud, Delivery, Engine, Install, Provider, SecurityProfile, Size
from berth.settings.load import StackFile, load_stack, misnamed_stacks, stack_files, stack_from_config
from berth.settings.model import ExistingSettings, Stack

__all__ = [
    "AksSettings",
    "Cloud",
    "Cluster",
    "Delivery",
    "EksSettings",
    "Engine",
    "ExistingSettings",
    "GkeSettings",
    "Install",
    "Provider",
    "SecurityProfile",
    "Size",
    "Stack",
    "StackFile",
    "load_stack",
    "misnamed_stacks",
    "stack_files",
    "stack_from_config",
]
