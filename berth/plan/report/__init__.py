"""How a plan is told: as text for a terminal, as Markdown for a pull request, as JSON for programs. The page that opens
in a browser is in `berth.plan.page`."""

from berth.plan.report.data import as_data
from berth.plan.report.markdown import markdown
from berth.plan.report.text import text

__all__ = ["as_data", "markdown", "text"]
