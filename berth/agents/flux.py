"""How Flux is locked down for tenants, judged by what its controllers are started with.

The flags are those that Flux's own guide to multi-tenancy lists. A default service account of any name does: what
matters is that a sync which names none acts as an account of its own namespace, and not as the controller.
"""

from __future__ import annotations

from collections.abc import Iterator

from berth.agents.found import Answers, Object, Unread, arguments, flag

PART_OF = "app.kubernetes.io/part-of=flux"
"""Label of everything in an installation of Flux."""

_REFERENCES = "--no-cross-namespace-refs"
_BASES = "--no-remote-bases"
_ACCOUNT = "--default-service-account"
_NEEDED = {
    "kustomize-controller": (_REFERENCES, _BASES, _ACCOUNT),
    "helm-controller": (_REFERENCES, _ACCOUNT),
    "notification-controller": (_REFERENCES,),
    "image-reflector-controller": (_REFERENCES,),
    "image-automation-controller": (_REFERENCES,),
}
"""The flags that lock each controller down. source-controller has none of them."""
_REQUIRED = "kustomize-controller"
"""Applies tenants' manifests. The others are looked at where they are."""
_TELLS = "notification-controller"


def lockdown(deployments: Answers, *, alerts: bool = False, inside: bool = False) -> Iterator[str | Unread]:
    """What the controllers lack. A controller in shards has a Deployment for each: all count. With `alerts` a tenant
    has somebody told how its syncs go. `inside` is whether they cannot run but in the cluster: then they must be
    found."""
    if isinstance(deployments, Unread):
        yield deployments
        return
    seen = set()
    for item in sorted(deployments, key=_place):
        controller = _controller(item)
        if controller is None:
            continue
        seen.add(controller)
        words = [word for each in arguments(item) for word in each]
        for name in _NEEDED[controller]:
            wrong = _wrong(name, flag(words, name))
            if wrong:
                yield f"{'/'.join(_place(item))}: {wrong} (args of the Deployment)"
    if _REQUIRED not in seen:
        nowhere = f"no Deployment of it has the label {PART_OF}, and none is in flux-system"
        if inside:
            yield f"{_REQUIRED}: {nowhere}; install Flux there, or give its Deployments that label"
        else:
            yield Unread(f"{_REQUIRED}'s flags could not be read: {nowhere}")
    if alerts and _TELLS not in seen:
        yield Unread(f"{_TELLS}, which sends what tenants' `notify` asks for: no Deployment of it was found")


def _controller(item: Object) -> str | None:
    name = item["metadata"]["name"]
    return next((known for known in _NEEDED if name == known or name.startswith(f"{known}-")), None)


def _place(item: Object) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def _wrong(name: str, value: str | None) -> str:
    wanted = f"{name}=default" if name == _ACCOUNT else f"{name}=true"
    if value is None:
        return f"add {wanted}"
    good = bool(value) if name == _ACCOUNT else value.lower() in ("true", "t", "1")
    return "" if good else f"found {name}={value}; change it to {wanted}"
