"""The plan's page as a person uses it: opened from disk, by mouse, by keyboard, by address."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from berth.plan.model import Plan
from berth.plan.page import page as page_of
from tests.browser import Scheme
from tests.page.conftest import Open
from tests.page.plans import HOSTILE, large, small

IMAGES = Path(__file__).parents[2] / "docs" / "images"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_asks_nobody_and_complains_of_nothing(opened: Open, scheme: Scheme) -> None:
    found = opened(small(), scheme=scheme)
    for key in ("n", "n", "p", "r", "n", "t", "Escape"):
        found.page.keyboard.press(key)
    assert found.complaints == []
    assert [url.partition(":")[0] for url in found.requests] == ["file"]


def test_light_and_dark_have_grounds_of_their_own(opened: Open) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    found = {scheme: opened(small(), scheme=scheme).page.evaluate(ground) for scheme in ("light", "dark")}
    assert found["light"] != found["dark"]


def test_it_opens_with_the_line_to_decide_on_and_the_alarms(opened: Open) -> None:
    found = opened(small())
    assert found.page.locator("h1").inner_text().startswith("Deletes for good what Git cannot bring back")
    assert "the namespace gone of gone is deleted in aws-dev" in found.page.locator("#alarms").inner_text()
    facts = ["3 tenants", "3 clusters", "2 clouds", "dev", "prod"]
    assert found.page.locator("#facts li").all_inner_texts() == facts


def test_the_matrix_shows_what_changes_where(opened: Open) -> None:
    found = opened(small())
    assert found.rows() == ["changed", "come", "gone"]
    label = found.page.locator(found.cell("gone", "aws-dev")).get_attribute("aria-label")
    assert label == "gone in aws-dev: removed, \N{MINUS SIGN}12"
    assert found.page.locator(found.cell("gone", "gcp-dev")).count() == 0


def test_unchanged_tenants_are_shown_when_asked_for(opened: Open) -> None:
    found = opened(small())
    found.page.check("#all")
    assert found.rows() == ["changed", "come", "gone", "same"]


def test_a_cell_opens_the_diff_side_by_side(opened: Open) -> None:
    found = opened(small())
    found.page.click(found.cell("changed", "gcp-dev"))
    found.page.wait_for_selector("#details .diff")  # made when the browser says that its object is open
    assert found.page.locator("#details .diff .before").all_inner_texts() == ["    pods: '7'"]
    assert found.page.locator("#details .diff .after").all_inner_texts() == ["    pods: '9'"]


def test_unchanged_lines_are_folded_until_they_are_asked_for(opened: Open) -> None:
    found = opened(small())
    found.page.click(found.cell("changed", "gcp-dev"))
    found.page.wait_for_selector("#details .diff")
    before = found.page.locator("#details .diff tr").count()
    found.page.click("#details .folded button")
    assert found.page.locator("#details .diff tr").count() > before


def test_a_namespace_that_goes_is_shouted(opened: Open) -> None:
    found = opened(small())
    found.page.click(found.cell("gone", "aws-dev"))
    assert "volume claims included: gone" in found.page.locator("#details .shout").inner_text()


def test_filters_narrow_the_matrix(opened: Open) -> None:
    found = opened(small())
    found.page.fill("#find", "com")
    assert found.rows() == ["come"]
    found.page.fill("#find", "")
    found.page.select_option("#cloud", "gcp")
    assert found.rows() == ["changed"]
    found.page.select_option("#cloud", "")
    found.page.select_option("#action", "remove")
    assert found.rows() == ["gone"]
    found.page.select_option("#action", "")
    found.page.select_option("#environment", "prod")
    assert found.rows() == ["come"]


def test_the_address_says_what_is_open_and_filtered(opened: Open) -> None:
    found = opened(small())
    found.page.select_option("#environment", "dev")
    found.page.click(found.cell("changed", "aws-dev"))
    address = found.page.evaluate("location.hash")
    again = opened(small(), at=address)
    assert "changed in aws-dev" in again.details()
    assert again.page.locator("#environment").input_value() == "dev"


def test_back_closes_what_was_opened(opened: Open) -> None:
    found = opened(small())
    found.page.click(found.cell("changed", "aws-dev"))
    found.page.go_back()
    found.page.wait_for_selector("#details", state="hidden")


def test_a_keyboard_is_enough(opened: Open) -> None:
    found = opened(small())
    page = found.page
    page.keyboard.press("/")
    page.keyboard.type("change")
    page.keyboard.press("Escape")
    assert found.rows() == ["changed"]
    page.locator(found.cell("changed", "aws-dev")).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert "changed in gcp-dev" in found.details()
    page.keyboard.press("Escape")
    page.wait_for_selector("#details", state="hidden")
    assert page.evaluate("document.activeElement.dataset.place") == "tenant/changed/gcp-dev"


def test_next_and_previous_go_from_change_to_change(opened: Open) -> None:
    found = opened(small())
    titles = []
    for key in ("n", "n", "n", "p"):
        found.page.keyboard.press(key)
        titles.append(found.page.locator("#details h2").inner_text().split(" ", 1)[1].strip())
    assert titles == ["changed in aws-dev", "changed in gcp-dev", "come in aws-dev", "changed in gcp-dev"]


def test_the_tree_has_what_changes_below_what_it_belongs_to(opened: Open) -> None:
    found = opened(small())
    found.page.keyboard.press("r")
    assert found.page.locator("#resources li b").all_inner_texts() == ["aws-dev", "aws-dev-vpc"]
    found.page.click('#resources [data-place="cluster/aws-dev/2"]')
    told = found.details()
    assert "Protected: the engine refuses to delete it." in told
    assert '"10.1.0.0/16"' in told
    assert '"10.2.0.0/16"' in told


def test_text_of_a_file_is_never_markup(opened: Open) -> None:
    found = opened(small())
    assert HOSTILE in found.page.locator("#notes").inner_text()
    found.page.click(found.cell("come", "aws-prod"))
    found.page.click("#details summary:has-text('ResourceQuota')")
    found.page.wait_for_selector("#details .diff")
    assert found.page.locator("#details .diff").first.inner_text().count("</script><img") == 1
    assert found.page.locator("img").count() == 0
    assert found.complaints == []


def test_a_thousand_tenants_are_one_page(opened: Open) -> None:
    found = opened(large(1000))
    assert found.page.locator("#count").inner_text() == "1,000 tenants in 3 clusters"
    found.page.fill("#find", "t-0999")
    found.page.click(found.cell("t-0999", "aws-prod"))
    assert found.page.locator("#details summary").count() == 12


@pytest.mark.parametrize("keys", [(), ("n",), ("r",), ("r", "n")])
def test_a_phone_never_scrolls_the_page_sideways(opened: Open, keys: tuple[str, ...]) -> None:
    found = opened(small(), width=390)
    for key in keys:
        found.page.keyboard.press(key)
    assert found.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_no_change_is_said_so(opened: Open) -> None:
    found = opened(Plan(small().base))
    assert found.page.locator("h1").inner_text() == "No change."


def test_the_same_plan_is_the_same_page() -> None:
    assert page_of(small()) == page_of(small())


def test_pictures_for_the_docs(opened: Open, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--update-golden"):
        pytest.skip("pictures are made with --update-golden")
    IMAGES.mkdir(exist_ok=True)
    plan = replace(small(), notes=())
    found = opened(plan, width=1200)
    found.page.screenshot(path=IMAGES / "plan-matrix.png")
    found.page.click(found.cell("changed", "aws-dev"))
    found.page.screenshot(path=IMAGES / "plan-diff.png")
    dark = opened(plan, scheme="dark", width=1200)
    dark.page.keyboard.press("r")
    dark.page.keyboard.press("n")
    dark.page.screenshot(path=IMAGES / "plan-resources.png")
