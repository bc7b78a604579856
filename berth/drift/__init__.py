"""Where clusters differ from what `berth.render` returns.

`declared` is what should be in a cluster; `look` has the API server say what applying it would change, and `mend` has
that changed; `compare` tells the fields and who owns them, pure; `undeclared` finds what carries a tenant's label and
is nobody's.
"""

from berth.drift.look import drift
from berth.drift.model import Drift, Field, Looked, What

__all__ = ["Drift", "Field", "Looked", "What", "drift"]
