"""What kustomize says of a failure, on one line, without the manifests that it prints with it: they may be Secrets."""

from __future__ import annotations

import re

_LEFT_OUT = "..."
_QUOTED = re.compile(
    r" with config: `\n.*\n`(?=: )"  # a transformer with its patch
    r"|map\[string\]interface \{\}(?:\{.*\}|\(nil\))(?=: )"  # an object that cannot be printed as YAML
    r"|literal sources? .*(?=, expected key=value)"
    r"|(?<=unknown anchor )'.*?'(?= referenced)"  # a value that begins with *
    r"|!!\w+ `.*?`(?= as a | into )"
    r"|(?<=parsing )\\*\".*?\"(?=: )",
    re.DOTALL,
)
"""What is printed of manifests before the reason."""
_REST = re.compile(
    r"\n(?!  line \d+: )|\\n"  # YAML has lines of its own; in a message within a message, their ends are written out
    r"|map\[|\{[{\"\\]|\[\{|(?<=['/])\{|(?<=')\["  # an object as Go prints it, or as JSON, or in place of a path
    r"|\[patch: |(?<=for patch )(?![\w.]+\[)|(?<=decoding )(?!JSON\b)|literal sources? |line \[\d"
    r"|(?<=out of bounds for value )|(?<=cannot be found in )|(?<=is not a string: )"
    r"|(?<=: value: )\{|(?<=even length contents: )"  # of older versions
)
"""Where manifests begin with nothing after them."""


def told(message: str, root: str) -> str:
    """Without where the files lay, and of its levels the one where it failed."""
    lines = [line for line in message.strip().splitlines() if not line.startswith("# Warning: ")]
    text = "\n".join(lines).removeprefix("Error: ").replace(root, "")
    text = text.rpartition("recursed accumulation of path ")[2]
    text = re.sub(r"accumulating resources: |accumulation err='|accumulating resources from (?=')", "", text)
    text = _QUOTED.sub(_LEFT_OUT, text)
    if rest := _REST.search(text):
        text = text[: rest.start()].rstrip() + f" {_LEFT_OUT}"
    return " ".join(text.split())
