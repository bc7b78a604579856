"""Kubeconfig files: read, merge and write them so that nothing of anybody else is lost.

`config` is the file as data, `entry` one cluster in it, `merge` what becomes of a file, all pure; `outputs` finds
clusters in a stack's outputs, `sources` fetches them, `store` is the file on the disk.
"""

from berth.kubeconfig.entry import Entry, find
from berth.kubeconfig.merge import Change, Merged, merge
from berth.kubeconfig.sources import entries_of, existing_entry
from berth.kubeconfig.store import default_paths, merge_into, read_config

__all__ = [
    "Change",
    "Entry",
    "Merged",
    "default_paths",
    "entries_of",
    "existing_entry",
    "find",
    "merge",
    "merge_into",
    "read_config",
]
