"""The parts of a drill one after the other, each on a fleet that is in sync, and the way back from any of them."""

from __future__ import annotations

import time

from berth.drill.commit import BadCommit
from berth.drill.ground import Ground, check_in_sync
from berth.drill.hand import ByHand
from berth.drill.model import Report, Step
from berth.drill.outage import Outage
from berth.ending import uninterrupted
from berth.errors import OperationFailed


def run(ground: Ground, report: Report) -> list[Step]:
    """Returns the steps that were made. A part with a step that failed is the last one.

    Whether it ends well, with an error or with Ctrl-C, what was done to the fleet is undone first. Raises
    OperationFailed where that is not possible, or something else went wrong.
    """
    steps: list[Step] = []
    for part in (BadCommit(ground), ByHand(ground), Outage(ground)):
        began = len(steps)
        try:
            for step in part.steps(report):
                report.done(step)
                steps.append(step)
        finally:
            with uninterrupted():
                report.doing("putting back what is not as it was")
                part.undo()
                _settle(ground)
        if not all(step.good for step in steps[began:]):
            break
    return steps


def _settle(ground: Ground) -> None:
    """Waits until all of the fleet is in sync. Raises OperationFailed where it is not, with what is not."""
    end = time.monotonic() + ground.settle_seconds
    while True:
        try:
            return check_in_sync(ground)
        except OperationFailed:
            if time.monotonic() > end:
                raise
            time.sleep(1)
