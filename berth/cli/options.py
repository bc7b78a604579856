"""Options that commands share."""

from __future__ import annotations

import click

stack_option = click.option("--stack", "-s", "stack", required=True, metavar="STACK", help="The stack, such as dev.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
