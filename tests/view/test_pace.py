from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from promptbench.view.pace import PAUSE, pace

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


def at(*seconds: float) -> list[str]:
    """Times as the store writes them, so many seconds ago."""
    return [(NOW - timedelta(seconds=each)).strftime("%Y-%m-%dT%H:%M:%SZ") for each in seconds]


def test_the_rate_is_what_came_since_the_oldest_by_the_time_since_then():
    found = pace(at(0, 0, 5, 5, 10, 10, 20, 20), NOW)
    assert found.rate == pytest.approx(6 / 20)
    assert found.told(60) == "18.0 outputs a minute, about 3 min 20 s left"
    assert pace(at(*range(61)), NOW).told(30) == "1.0 outputs a second, about 30 s left"


def test_a_run_that_slows_down_shows_it():
    assert pace(at(*range(50, 71)), NOW).rate == pytest.approx(20 / 70)


def test_only_the_last_sitting_counts():
    old = [PAUSE + 100 + each for each in range(50)]
    assert pace(at(0, 1, 2, 3, 4, *old), NOW).rate == pytest.approx(1)


@pytest.mark.parametrize(
    ("arrivals", "left", "told"),
    [
        ([], 10, "no output yet"),
        (at(0, 1), 10, "estimating ..."),
        (at(0, 0, 0, 0, 0, 1), 10, "estimating ..."),
        (at(7200), 10, "newest output 2 h 0 min ago"),
        (at(0, 1, 2, 3, 4, 5), 0, "all outputs there; scoring"),
        (["nonsense", ""], 10, "no output yet"),
    ],
)
def test_it_says_what_it_cannot_tell(arrivals: list[str], left: int, told: str):
    assert pace(arrivals, NOW).told(left) == told


def test_a_clock_that_goes_behind_is_no_harm():
    assert pace(at(-30, -20, -10, -5, -2, -1), NOW).told(5) == "estimating ..."
