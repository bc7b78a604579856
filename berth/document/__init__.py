"""A YAML file as plain data, with the place of every value and without YAML's traps.

What different YAML parsers read differently (`no`, `010`, `1:30`, merge keys, duplicate keys) is a problem here, not a
guess, because the same stack file is also read by Pulumi's own parser. Numbers keep the text they were written as.
"""

from berth.document.model import Document, KeyPath, dotted
from berth.document.read import MAX_BYTES, parse_document, read_document
from berth.document.values import Decimal

__all__ = ["MAX_BYTES", "Decimal", "Document", "KeyPath", "dotted", "parse_document", "read_document"]
