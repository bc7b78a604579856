"""The live page as a person uses it: it changes under their eyes, by mouse, by keyboard, by address, on a phone."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser

from tests.browser import WAIT, Opened, Scheme
from tests.serve.clusters import DEPLOYMENTS, SYNCS, Simulated, deployment, event, sync
from tests.serve.conftest import Served, serving, until

HOSTILE = '<img src=x onerror="document.title=1"> </script>'
IMAGES = Path(__file__).parents[2] / "docs" / "images"

Open = Callable[..., Opened]


@pytest.fixture
def fleet(simulated: Simulated, served: Served) -> Iterator[Simulated]:
    """All in sync, before and after a test."""
    yield simulated
    for stand_in in simulated.clusters.values():
        for tenant in ("acme", "globex", "initech"):
            stand_in.put(SYNCS, sync(tenant))
            stand_in.put(DEPLOYMENTS, deployment(tenant))
    until("all is as it was", lambda: served.states() == {"in sync"})


@pytest.fixture
def opened(browser: Browser, fleet: Simulated, served: Served) -> Iterator[Open]:
    """Opens the page, at an address within it."""
    contexts = []

    def open_page(at: str = "", *, scheme: Scheme = "light", width: int = 1200, to: Served = served) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.goto(f"{to.address}/{at}")
        found.page.wait_for_selector("body[data-ready]")
        return found

    assert fleet.clusters
    yield open_page
    for context in contexts:
        context.close()


def names(found: Opened) -> list[str]:
    """The tenants that are shown."""
    return [text.splitlines()[0] for text in found.rows()]


def test_a_tenant_that_breaks_turns_red_without_a_reload_and_recovers(opened: Open, fleet: Simulated) -> None:
    found = opened()
    found.page.evaluate("window.same = true")
    cell = found.cell("acme", "one")
    assert found.page.locator(cell).get_attribute("class") == "in-sync"
    assert found.page.locator("h1").inner_text() == "All in sync"
    fleet.clusters["one"].put(SYNCS, sync("acme", failing="the image cannot be pulled"))
    found.page.wait_for_selector(f"{cell}.failing")
    assert found.page.locator("h1").inner_text() == "1 failing"
    assert "the image cannot be pulled" in (found.page.locator(cell).get_attribute("aria-label") or "")
    red = found.page.evaluate("(cell) => getComputedStyle(document.querySelector(cell)).color", cell)
    assert int(re.findall(r"\d+", red)[0]) > 150
    fleet.clusters["one"].put(SYNCS, sync("acme"))
    found.page.wait_for_selector(f"{cell}.in-sync")
    assert found.page.evaluate("window.same") is True
    assert found.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_asks_its_own_server_alone_and_complains_of_nothing(opened: Open, served: Served, scheme: Scheme) -> None:
    found = opened(scheme=scheme)
    for key in ("w", "w", "n", "Escape", "?", "Escape"):
        found.page.keyboard.press(key)
    found.page.click(found.cell("globex", "two"))
    found.page.wait_for_selector("#more h3")
    assert found.complaints == []
    assert {url.startswith(served.address) for url in found.requests} == {True}


def test_a_place_opens_objects_events_and_history(opened: Open, fleet: Simulated) -> None:
    fleet.clusters["two"].fill("/api/v1/namespaces/initech/events", [event("initech", "Back-off restarting container")])
    found = opened()
    found.page.click(found.cell("initech", "two"))
    found.page.wait_for_selector("#more h3")
    told = found.details()
    assert "initech in two" in told
    assert "Back-off restarting container" in told
    assert "initech/web" in told
    assert "aaaaaaaa" in told
    assert "pods in initech: 4 of 10 (40 %)" in told


def test_what_is_open_goes_on_living(opened: Open, fleet: Simulated) -> None:
    found = opened("#at=tenant/acme/one")
    found.page.wait_for_selector("#more h3")
    fleet.clusters["one"].put(SYNCS, sync("acme", failing="while it was open"))
    found.page.wait_for_selector("#details .said.failing")
    assert "while it was open" in found.details()


def test_a_cluster_opens_as_well(opened: Open) -> None:
    found = opened()
    found.page.click('#matrix [data-place="cluster/one"]')
    told = found.details()
    assert "2 of 2 nodes ready" in told
    assert "3 tenants, all in sync" in told


def test_clusters_are_grouped_by_environment_and_cloud(opened: Open) -> None:
    found = opened()
    assert found.page.locator("#matrix th.group").all_inner_texts() == ["dev · aws", "prod · gcp"]
    head = found.page.locator('#matrix [data-place="cluster/one"]').inner_text()
    assert "v1.36.3 · flux v2.7.5" in head


def test_filters_narrow_the_matrix_and_stand_in_the_address(opened: Open, fleet: Simulated) -> None:
    fleet.clusters["two"].put(SYNCS, sync("globex", failing="no"))
    found = opened()
    found.page.wait_for_selector(f"{found.cell('globex', 'two')}.failing")
    found.page.fill("#find", "ship")
    assert names(found) == ["globex"], "by its team"
    found.page.fill("#find", "")
    found.page.select_option("#state", "failing")
    assert names(found) == ["globex"]
    found.page.select_option("#environment", "dev")
    assert names(found) == []
    found.page.select_option("#environment", "prod")
    assert names(found) == ["globex"]
    again = opened(found.page.evaluate("location.hash"))
    assert names(again) == ["globex"]
    assert again.page.locator("#environment").input_value() == "prod"
    assert again.page.locator("#state").input_value() == "failing"


def test_a_filter_by_state_follows_what_changes(opened: Open, fleet: Simulated) -> None:
    found = opened("#state=failing")
    assert names(found) == []
    fleet.clusters["two"].put(SYNCS, sync("globex", failing="no"))
    found.page.wait_for_selector(found.cell("globex", "two"))
    assert names(found) == ["globex"]


def test_a_count_is_a_filter(opened: Open, fleet: Simulated) -> None:
    fleet.clusters["two"].put(SYNCS, sync("globex", failing="no"))
    found = opened()
    found.page.click('#facts [data-state="failing"]')
    assert names(found) == ["globex"]
    found.page.click('#facts [data-state="failing"]')
    assert names(found) == ["acme", "globex", "initech"]


def test_back_closes_what_was_opened(opened: Open) -> None:
    found = opened()
    found.page.click(found.cell("acme", "one"))
    found.page.wait_for_selector("#details h2")
    found.page.go_back()
    found.page.wait_for_selector("#details", state="hidden")


def test_a_keyboard_is_enough(opened: Open, fleet: Simulated) -> None:
    found = opened()
    page = found.page
    page.keyboard.press("/")
    page.keyboard.type("globex")
    page.keyboard.press("Escape")
    assert names(found) == ["globex"]
    page.locator(found.cell("globex", "one")).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert "globex in two" in found.details()
    fleet.clusters["two"].put(SYNCS, sync("globex", failing="no"))
    page.wait_for_selector(f"{found.cell('globex', 'two')}.failing")
    page.keyboard.press("Escape")
    page.wait_for_selector("#details", state="hidden")
    assert page.evaluate("document.activeElement.dataset.place") == "tenant/globex/two"


def test_a_change_takes_the_focus_from_nobody(opened: Open, fleet: Simulated) -> None:
    found = opened()
    found.page.locator(found.cell("acme", "one")).focus()
    fleet.clusters["one"].put(SYNCS, sync("acme", failing="no"))
    found.page.wait_for_selector(f"{found.cell('acme', 'one')}.failing")
    assert found.page.evaluate("document.activeElement.dataset.place") == "tenant/acme/one"
    found.page.focus("#find")
    found.page.keyboard.type("ac")
    fleet.clusters["one"].put(SYNCS, sync("acme"))
    found.page.wait_for_selector(f"{found.cell('acme', 'one')}.in-sync")
    found.page.keyboard.type("me")
    assert found.page.locator("#find").input_value() == "acme"


def test_text_of_a_cluster_is_never_markup(opened: Open, fleet: Simulated) -> None:
    fleet.clusters["one"].put(SYNCS, sync("acme", failing=HOSTILE))
    found = opened("#at=tenant/acme/one")
    found.page.wait_for_selector("#details .said.failing")
    assert HOSTILE in found.details()
    assert found.page.locator("img").count() == 0
    assert found.complaints == []


def test_a_cluster_that_goes_away_is_shown_so_and_returns(opened: Open, fleet: Simulated) -> None:
    found = opened()
    two = fleet.clusters["two"]
    two.stop()
    found.page.wait_for_selector(f"{found.cell('acme', 'two')}.unreachable")
    head = found.page.locator('#matrix [data-place="cluster/two"]')
    assert re.search(r"away for \d+s", head.inner_text())
    assert found.page.locator("h1").inner_text() == "1 cluster away"
    two.start()
    found.page.wait_for_selector(f"{found.cell('acme', 'two')}.in-sync")
    assert "away" not in head.inner_text()
    assert found.complaints == []


@contextmanager
def reserved_port() -> Iterator[str]:
    """A port that nobody else gets, also while the server that it is for does not run: bound and not listening."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        yield str(reserved.getsockname()[1])


def test_a_server_that_ends_is_told_and_one_that_returns_is_found(opened: Open, fleet: Simulated) -> None:
    with reserved_port() as port:
        with serving(fleet.sandbox.root, "--port", port) as first:
            until("all is read", lambda: first.states() == {"in sync"})
            found = opened(to=first)
            first.interrupt()
        found.page.wait_for_selector("body.cut")
        assert "Connection lost" in found.page.locator("#live").inner_text()
        with serving(fleet.sandbox.root, "--port", port):
            fleet.clusters["one"].put(SYNCS, sync("acme", failing="after it returned"))
            found.page.wait_for_selector("body:not(.cut)")
            found.page.wait_for_selector(f"{found.cell('acme', 'one')}.failing")


def test_a_token_is_asked_for_and_then_the_page_opens_where_it_was_meant(browser: Browser, fleet: Simulated) -> None:
    token = "0123456789abcdefXYZ"  # noqa: S105 - of no server
    with serving(fleet.sandbox.root, environment={"BERTH_SERVE_TOKEN": token}) as found:
        context = browser.new_context()
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.goto(f"{found.address}/")
        page.fill("input", token)
        page.click("button")
        page.wait_for_selector("body[data-ready]")
        assert "token" not in page.url
        page.goto(f"{found.address}/?token={token}#find=acme")
        page.wait_for_selector("body[data-ready]")
        assert page.url == f"{found.address}/#find=acme"
        context.close()


@pytest.mark.parametrize("at", ["", "#at=tenant/acme/one", "#at=cluster/one"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened: Open, fleet: Simulated, served: Served, at: str, scheme: Scheme) -> None:
    fleet.clusters["one"].put(SYNCS, sync("acme", failing="the image cannot be pulled"))
    fleet.clusters["two"].put(SYNCS, {**sync("globex"), "spec": {"suspend": True}})
    fleet.clusters["two"].put(DEPLOYMENTS, deployment("initech", ready=0))
    fleet.clusters["one"].fill("/api/v1/namespaces/acme/events", [event("acme", "Back-off")])

    def known() -> bool:
        rows = served.rows()
        states = rows["acme", "one"]["state"], rows["globex", "two"]["state"]
        return states == ("failing", "suspended") and rows["initech", "two"]["workloads"]["ready"] == 0

    until("nothing changes any more, and is lit up by that", known)
    found = opened(at, scheme=scheme)
    found.page.wait_for_selector(f"{found.cell('acme', 'one')}.failing")
    if "tenant" in at:
        found.page.wait_for_selector("#more table")
    found.settle()
    results = Axe().run(found.page)
    told = [(each["id"], [node["html"] for node in each["nodes"]]) for each in results.response["violations"]]
    assert told == [], json.dumps(told, indent=1)


@pytest.mark.parametrize("at", ["", "#at=tenant/acme/one", "#at=cluster/one"])
def test_a_phone_never_scrolls_the_page_sideways(opened: Open, at: str) -> None:
    found = opened(at, width=390)
    if "tenant" in at:
        found.page.wait_for_selector("#more table")
    assert found.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_pictures_for_the_docs(opened: Open, fleet: Simulated, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--update-golden"):
        pytest.skip("pictures are made with --update-golden")
    one, two = fleet.clusters.values()
    one.put(SYNCS, sync("globex", failing="Deployment/globex/web is invalid: spec.replicas must not be negative"))
    one.fill("/api/v1/namespaces/globex/events", [event("globex", "Back-off restarting failed container web")])
    two.put(SYNCS, {**sync("initech"), "spec": {"suspend": True}})
    two.put(DEPLOYMENTS, deployment("acme", ready=1))
    found = opened(width=900)
    found.page.wait_for_selector(f"{found.cell('initech', 'two')}.suspended")
    found.page.set_viewport_size({"width": 900, "height": 480})
    found.page.screenshot(path=IMAGES / "serve-matrix.png")
    dark = opened("#at=tenant/globex/one", scheme="dark")
    dark.page.wait_for_selector("#more table")
    dark.page.screenshot(path=IMAGES / "serve-details.png")
    phone = opened(width=390)
    phone.settle()
    phone.page.screenshot(path=IMAGES / "serve-phone.png")
