"""The page of the benchmarks: a section that is measured anew takes its own place, and no other."""

from __future__ import annotations

from pathlib import Path

from bench import __main__ as bench


def test_a_section_takes_its_own_place_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    bench.write(page, {"pushes": "## Pushes\n\n### Told\n\nslow\n"})
    bench.write(page, {"clusters": "## Clusters\n\nfew\n"})
    bench.write(page, {"pushes": "## Pushes\n\n### Told\n\nfast\n"})
    text = page.read_text("utf-8")
    assert text.startswith("# Benchmarks\n")
    assert bench.sections_of(text) == {
        "clusters": "## Clusters\n\nfew\n",
        "pushes": "## Pushes\n\n### Told\n\nfast\n",
    }
    assert text.index("## Clusters") < text.index("## Pushes")


def test_every_section_of_the_page_is_one_that_can_be_measured() -> None:
    assert set(bench.sections_of(bench.PAGE.read_text("utf-8"))) <= set(bench.SECTIONS)
