"""Runs the benchmarks of the agents, and tells them as a section of the page."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from rich.progress import track

from bench.agents.converging import Converged, converge
from bench.agents.pushing import CLUSTERS, Pushed, push
from bench.agents.ways import Way
from berth.settings import Engine

PUSHES = 10
PUSHING_TENANTS = 5
PUSHING_INTERVAL = "5s"
SIZES = (100, 300)
INTERVAL = "1m"
AIM = 1.1
TITLES = {Engine.FLUX: "Flux", Engine.ARGOCD: "Argo CD"}


def section() -> str:
    """Measures, and tells it as a section of the page."""
    pushed = [
        result
        for engine in track(list(Engine), description="pushes  ")
        for result in push(engine, PUSHING_TENANTS, PUSHES, PUSHING_INTERVAL)
    ]
    jobs = [(engine, size, way) for engine in Engine for size in SIZES for way in Way]
    converged = [converge(engine, way, size, INTERVAL) for engine, size, way in track(jobs, description="converge")]
    return tell(pushed, converged)


def tell(pushed: Sequence[Pushed], converged: Sequence[Converged]) -> str:
    """The section, for a result of each engine and way, and for each of these and each size."""
    pushes = "\n".join(
        f"| {TITLES[each.engine]} | {each.way} | {_spread(each.waiting)} | {_spread(each.told)} |" for each in pushed
    )
    sizes = "\n".join(
        f"| {TITLES[each.engine]} | {each.tenants} | {each.way} | {each.objects} | {each.applying:.1f} s "
        f"| {each.agent:.1f} s | {each.whole:.1f} s | {each.busy:.1f} s |"
        for each in converged
    )
    ratios = [*_push_ratios(pushed), *_converge_ratios(converged)]
    aims = "\n".join(
        f"| {TITLES[engine]} | {what} | at most {AIM} | {ratio:.2f} | {'yes' if round(ratio, 2) <= AIM else '**no**'} |"
        for engine, what, ratio in ratios
    )
    return f"""\
## Agents

    .venv/bin/python -m bench agents

measures this section alone. The real controllers on the local fleet, with Berth and by hand: the same controllers and
flags, the same Git server, intervals and workloads. A tenant has a ConfigMap and a Deployment in a shared deploy repo.
By hand it has what the engine needs: a namespace, an account, a binding to the role `edit`, and a GitRepository and a
Kustomization, or an AppProject and an Application. It has no quota, limits, network policy, owners' rights or admission
policy. Under Flux neither way waits for workloads (`sync.wait: false`), as the five seconds between two looks at them
would hide the rest, and both have a sparse checkout. Under Argo CD both are in sync when their workloads are healthy.

### From push to applied

One tenant's ConfigMap is changed. The time runs from the start of `git push` until the last of {CLUSTERS} clusters has
the new value. {len(pushed[0].told)} pushes of each sort; the tenants of both ways are in the same clusters, and the
ways take turns. "At the interval": the agents look at Git every {PUSHING_INTERVAL}, and how long a push waits for that
is chance. "Told": the agents are told of the push at once, as by a webhook.

| engine | way | at the interval: median (worst) | told: median (worst) |
| --- | --- | --- | --- |
{pushes}

### From nothing to all in sync

One cluster, made anew for each row. First kubectl applies all but the sync objects: that is where guard-rails cost.
Then it applies the sync objects, and the agent works until every tenant is in sync.

| engine | tenants | way | objects | guard-rails | then the agent | in all | the agent's processor time |
| --- | --- | --- | --- | --- | --- | --- | --- |
{sizes}

### With Berth, in times of by hand

Each row of the second table is one run, and such runs differ from each other by more than the aim: of Argo CD's, one
and the same ratio has come out at half and at one and a half. They show neither that an aim is met nor that it is not.

| engine | what | aim | measured | met |
| --- | --- | --- | --- | --- |
{aims}
"""


def _spread(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.2f} s ({max(seconds):.2f})"


def _push_ratios(pushed: Sequence[Pushed]) -> list[tuple[Engine, str, float]]:
    found = {(each.engine, each.way): each for each in pushed}
    ratios = []
    for engine in dict.fromkeys(each.engine for each in pushed):
        berth, by_hand = found[engine, Way.BERTH], found[engine, Way.BY_HAND]
        ratios += [
            (engine, "push to applied, at the interval", median(berth.waiting) / median(by_hand.waiting)),
            (engine, "push to applied, told", median(berth.told) / median(by_hand.told)),
        ]
    return ratios


def _converge_ratios(converged: Sequence[Converged]) -> list[tuple[Engine, str, float]]:
    found = {(each.engine, each.tenants, each.way): each for each in converged}
    ratios = []
    for engine, size in dict.fromkeys((each.engine, each.tenants) for each in converged):
        berth, by_hand = found[engine, size, Way.BERTH], found[engine, size, Way.BY_HAND]
        ratios += [
            (engine, f"{size} tenants: the agent's part", berth.agent / by_hand.agent),
            (engine, f"{size} tenants: in all", berth.whole / by_hand.whole),
        ]
    return ratios
