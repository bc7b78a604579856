"""The Pulumi program of the project in the current folder, under Pulumi's mocks, for the stack that is named. Run as a
process of its own. Prints how many resources were registered."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.components.recording import run_program

recorder = run_program(sys.argv[1], Path.cwd())
sys.stdout.write(f"{len(recorder.recorded)}\n")
