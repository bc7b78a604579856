"""What an agent may fetch while it builds a tenant's manifests: nothing. Source control is the agent's, not theirs.
And what a build must come to: something.

kustomize follows remote bases with the `git` program, and reads files by URL over HTTP. It obeys what its environment
says of both, whatever the network under the cluster can do. A cluster's agent and the local fleet's have the same.
Requests to the own pod's loopback address pass no proxy: Go makes an exception for them.
"""

from __future__ import annotations

from collections.abc import Sequence

NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there: the port is for what is to be discarded, and nothing listens."""
NOTHING = "this path comes to no object: nothing is applied, and nothing is deleted"
"""What the closed kustomize says of a build without objects."""


def no_http(reachable: Sequence[str] = ()) -> dict[str, str]:
    """The environment of a program that gets no answer over HTTP, but from the hosts that it is made to ask."""
    return {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "NO_PROXY": ",".join(reachable)}


def closed_kustomize(program: str) -> str:
    """A script in the place of kustomize that runs `program`, the real one, without Git and without HTTP, and fails
    where a build comes to nothing.

    For Argo CD, whose repo server runs kustomize and has to reach Git and clouds itself. With no protocol allowed, git
    asks no host and gives no credential to one. As for nothing: Argo CD starts no sync that would delete all there is,
    but takes a failed one up again with whatever the newest commit holds.
    """
    stated = {**no_http(), "GIT_ALLOW_PROTOCOL": "none"}
    exports = "".join(f"export {name}='{value}'\n" for name, value in stated.items())
    return (
        f"#!/bin/sh\n{exports}"
        f'[ "$1" = build ] || exec {program} "$@"\n'
        f'built=$({program} "$@") || exit\n'
        '[ -n "$built" ] || {\n'
        f'  echo "{NOTHING}" >&2\n'
        "  exit 1\n"
        "}\n"
        "printf '%s\\n' \"$built\"\n"
    )
