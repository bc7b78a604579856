"""What the benchmark of open pages tells of what it measured."""

from __future__ import annotations

from bench.status.viewers import Viewed, told


def test_the_section_says_whether_each_aim_is_met() -> None:
    none = Viewed(0, 80.0, 80.0, 0.5, 100, [])
    good = told([none, Viewed(200, 90.0, 91.0, 3.0, 101, [0.2, 0.4, 1.5])], 1000, 60.0)
    assert "| 200 | 90 MB | 91 MB | 3.0 s | 101 | 0.40 s (1.50) |" in good
    assert good.count("| yes |") == 3
    bad = told([none, Viewed(200, 90.0, 101.0, 3.0, 150, [0.2, 2.5])], 1000, 60.0)
    assert bad.count("| **no** |") == 3
