"""What Berth's pages have in common: their look, a few words of script, and that a page is one file which loads nothing
else: its own policy names the one script and the one style that may run."""

from __future__ import annotations

import base64
import hashlib
import html
from importlib.resources import files


def page_of(package: str, title: str, *, asks: bool = False, data: str = "") -> str:
    """The page whose template, style and script are page.html, page.css and page.js of a package.

    `asks` is whether it may ask the server that it came from; `data` is put where the template has a place for it.
    """
    script, style = (asset(__package__, f"base.{end}") + asset(package, f"page.{end}") for end in ("js", "css"))
    parts = {
        "policy": f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; "
        + ("connect-src 'self'; img-src 'self'; " if asks else "")
        + "base-uri 'none'; form-action 'none'",
        "title": html.escape(title),
        "style": style,
        **({"data": data} if data else {}),
        "script": script,
    }
    found = asset(package, "page.html")
    for name, part in parts.items():
        # One by one, and the big ones last: what is put in is never looked into again for another name.
        before, mark, after = found.partition(f"<!--{name}-->")
        assert mark, name  # noqa: S101 - the template is ours
        found = before + part + after
    return found


def asset(package: str, name: str) -> str:
    return (files(package) / name).read_text("utf-8")


def _digest(text: str) -> str:
    """How a policy names the one script or style that may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
