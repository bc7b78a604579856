"""Text for comments and issues: how it is marked, fenced, cut and kept from calling people."""

from __future__ import annotations

import re

PLAN = "<!-- berth-plan -->"
DRIFT = "<!-- berth-drift -->"
"""The first line of what is updated in place. Nobody sees it."""

GITHUB_LIMIT = 65_536
GITLAB_LIMIT = 1_000_000
"""Characters that a comment may have. Source: what each forge says to one that is longer."""

_MENTION = re.compile(r"(?<![\w/.])@(?=[A-Za-z0-9])")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


def fenced(text: str, limit: int) -> str:
    """Text as a block in which nothing is markup, of at most `limit` characters.

    The fence is longer than any row of backticks in the text, so no line of it ends the block.
    """
    clean = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text).strip("\n")
    fence = "`" * max(3, max((len(row) for row in re.findall("`+", clean)), default=0) + 1)
    room = limit - 2 * len(fence) - len("text\n\n\n") - len(_CUT)
    if len(clean) > room:
        clean = clean[: max(room, 0)].rpartition("\n")[0] + _CUT
    return f"{fence}text\n{clean}\n{fence}\n"


_CUT = "\n[cut: the rest is in the files of the run]"


def cut(markdown: str, limit: int) -> str:
    """Markdown of at most `limit` characters: cut between two lines, with what was open there closed."""
    if len(markdown) <= limit:
        return markdown
    kept = markdown[:limit]
    while kept:
        kept = kept.rpartition("\n")[0]
        whole = f"{kept}\n{_closing(kept)}\n**Cut here: the rest is in the full report.**\n"
        if len(whole) <= limit:
            return whole
    return ""


def _closing(markdown: str) -> str:
    """What ends the fence and the folds that are open at the end of some Markdown."""
    opened = ""
    outside = []
    for line in markdown.split("\n"):
        fence = _FENCE.match(line)
        if opened:
            if fence and fence[1].startswith(opened) and not line.strip().strip(opened[0]):
                opened = ""
        elif fence:
            opened = fence[1]
        else:
            outside.append(line)
    text = "\n".join(outside)
    folds = text.count("<details") - text.count("</details>")
    return (f"{opened}\n" if opened else "") + "\n</details>\n" * max(folds, 0)


def without_mentions(markdown: str) -> str:
    """Markdown that calls nobody: a name after an @ is a person or a team for a forge, wherever it came from."""
    return _MENTION.sub("@\N{ZERO WIDTH SPACE}", markdown)
