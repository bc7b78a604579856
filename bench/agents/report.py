"""Runs the benchmarks of the agents, and tells them as sections of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from rich.progress import track

from bench.agents.converging import Converged, converge
from bench.agents.pushing import CLUSTERS, Pushed, push
from bench.agents.ways import Way, turn
from berth.settings import Engine

PUSHES = 12
PUSHING_TENANTS = 5
PUSHING_INTERVAL = "5s"
ROUNDS = 3
"""In each another way is first."""
INTERVAL = "1m"
AIM = 1.1
TITLES = {Engine.FLUX: "Flux", Engine.ARGOCD: "Argo CD"}


WAYS = """\
The real controllers on the local fleet, driven in three ways: the same controllers and flags, the same Git server,
intervals and workloads. A tenant has a ConfigMap and a Deployment in a shared deploy repo.

- **Berth**: what Berth renders. Berth has no program in a cluster: these are objects for the agent and the API server.
  Beyond the guard-rails below there are admission policies, and for each tenant a second namespace, in which its sync
  objects and credential are out of its reach.
- **by hand, guarded**: the same guard-rails in manifests of a person's own: Pod Security, a quota, limits, a network
  policy, no token for pods, the owners' rights. For owners to see how their sync is doing, Flux needs no object, as it
  adds its kinds to the role `view`; under Argo CD a role and a binding in `argocd` name their two. There a patch labels
  each object with its tenant, too, and with a patch Argo CD renders the tenants of a repo one after the other, so that
  none can write into another's directory meanwhile. No admission policy.
- **by hand, bare**: what the engine needs, and no guard-rail: a namespace, an account, a binding to the role `edit`,
  and a GitRepository and a Kustomization, or an AppProject and an Application.

Under Flux no way waits for workloads (`sync.wait: false`), as the five seconds between two looks at them would hide the
rest, and all have a sparse checkout. Under Argo CD a tenant is in sync when its workloads are healthy.

What Berth itself costs is the ratio to the same guard-rails by hand, and the aim is for that. The ratio to bare
manifests has in it what the guard-rails cost, whoever writes them."""


_HEAD = """\
| engine | what | aim | to guarded by hand | met | to bare by hand |
| --- | --- | --- | --- | --- | --- |"""


def pushes() -> str:
    """Measures pushes, and tells them as a section of the page."""
    return tell_pushes(
        [
            result
            for engine in track(list(Engine), description="pushes  ")
            for result in push(engine, PUSHING_TENANTS, PUSHES, PUSHING_INTERVAL)
        ]
    )


def convergence() -> str:
    """Measures 100 tenants from nothing, and tells it as a section of the page."""
    return tell_convergence("Convergence", _converged(100))


def scale() -> str:
    """The same with 300 tenants."""
    return tell_convergence("Scale", _converged(300))


def _converged(tenants: int) -> list[Converged]:
    jobs = [(engine, way) for index in range(ROUNDS) for engine in Engine for way in turn(index)]
    return [converge(engine, way, tenants, INTERVAL) for engine, way in track(jobs, description="converge")]


def tell_pushes(pushed: Sequence[Pushed]) -> str:
    """The section, for a result of each engine and way."""
    rows = "\n".join(
        f"| {TITLES[each.engine]} | {each.way} | {_spread(each.waiting)} | {_spread(each.told)} |" for each in pushed
    )
    ratios = "\n".join(_push_ratios(pushed))
    return f"""\
## Pushes

{WAYS}

One tenant's ConfigMap is changed. The time runs from the start of `git push` until the last of {CLUSTERS} clusters has
the new value. {len(pushed[0].told)} pushes of each sort; the tenants of all ways are in the same clusters, and the
ways take turns. "At the interval": the agents look at Git every {PUSHING_INTERVAL}. How long a push waits for that is
chance. Flux can be paused for one tenant, and its interval begins anew when it goes on: so each cluster's look comes at
a moment that was drawn for that push, the same in all ways. With Argo CD each way has its own luck. "Told": the agents
are told of the push at once, as by a webhook.

| engine | way | at the interval: median (worst) | told: median (worst) |
| --- | --- | --- | --- |
{rows}

{_HEAD}
{ratios}
"""


def tell_convergence(title: str, converged: Sequence[Converged]) -> str:
    """The section, for as many results of each engine, way and size, in the order in which they were measured."""
    sizes = "\n".join(_sizes(converged))
    ratios = "\n".join(_converge_ratios(converged))
    tenants = converged[0].tenants
    rounds = len(_runs(converged, converged[0].engine, tenants, Way.BERTH))
    return f"""\
## {title}

From nothing to all of {tenants} tenants in sync, in the three ways of [Pushes](#pushes). One cluster, made anew for
each run; the ways take turns. {rounds} rounds: medians, and in brackets the extremes. One call of
kubectl applies everything, in the order that Berth has on the local fleet: first what syncs need, tenant after tenant,
then the Kustomizations or Applications of all. The control plane is API server, etcd and controller manager: most of
what guard-rails cost falls to it.

| engine | tenants | way | objects | all are applied after | all are in sync after | the agent's processor time \
| the control plane's |
| --- | --- | --- | --- | --- | --- | --- | --- |
{sizes}

Each round gives a ratio: told are their median, and in brackets the extremes.

{_HEAD}
{ratios}
"""


def _sizes(converged: Sequence[Converged]) -> list[str]:
    rows = []
    for engine, tenants in dict.fromkeys((each.engine, each.tenants) for each in converged):
        for way in Way:
            runs = _runs(converged, engine, tenants, way)
            measured = (
                _range([run.applied for run in runs]), _range([run.whole for run in runs]),
                _range([run.agent for run in runs]), _range([run.plane for run in runs]),
            )  # fmt: skip
            rows.append(f"| {TITLES[engine]} | {tenants} | {way} | {runs[0].objects} | {' | '.join(measured)} |")
    return rows


def _runs(converged: Sequence[Converged], engine: Engine, tenants: int, way: Way) -> list[Converged]:
    return [each for each in converged if (each.engine, each.tenants, each.way) == (engine, tenants, way)]


def _spread(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.2f} s ({max(seconds):.2f})"


def _range(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"


def _push_ratios(pushed: Sequence[Pushed]) -> list[str]:
    found = {(each.engine, each.way): each for each in pushed}
    rows = []
    for engine in dict.fromkeys(each.engine for each in pushed):
        berth, guarded, bare = (found[engine, way] for way in Way)
        for what, of in (("at the interval", _waiting), ("told", _told)):
            rows.append(_row(engine, f"push to applied, {what}", [of(berth) / of(guarded)], [of(berth) / of(bare)]))
    return rows


def _waiting(pushed: Pushed) -> float:
    return median(pushed.waiting)


def _told(pushed: Pushed) -> float:
    return median(pushed.told)


_PARTS: tuple[tuple[str, bool, Callable[[Converged], float]], ...] = (
    ("all in sync", True, lambda run: run.whole),
    ("the agent's processor time", True, lambda run: run.agent),
    ("the control plane's processor time", False, lambda run: run.plane),
)


def _converge_ratios(converged: Sequence[Converged]) -> list[str]:
    rows = []
    for engine, tenants in dict.fromkeys((each.engine, each.tenants) for each in converged):
        runs = [_runs(converged, engine, tenants, way) for way in Way]
        for what, aimed, of in _PARTS:
            berth, guarded, bare = ([of(run) for run in way] for way in runs)
            ratios = _ratios(berth, guarded), _ratios(berth, bare)
            rows.append(_row(engine, f"{tenants} tenants: {what}", *ratios, aimed=aimed))
    return rows


def _ratios(these: Sequence[float], those: Sequence[float]) -> list[float]:
    return [this / that for this, that in zip(these, those, strict=True)]


def _row(engine: Engine, what: str, guarded: Sequence[float], bare: Sequence[float], *, aimed: bool = True) -> str:
    aim, met = f"at most {AIM}", "yes" if round(median(guarded), 2) <= AIM else "**no**"
    if not aimed:
        aim = met = "-"
    return f"| {TITLES[engine]} | {what} | {aim} | {_ratio(guarded)} | {met} | {_ratio(bare)} |"


def _ratio(ratios: Sequence[float]) -> str:
    extremes = f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else ""
    return f"{median(ratios):.2f}{extremes}"
