"""A replay's pace: market time into real seconds, nights left out, ended at once when asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
from fakes.spine import MINUTE, NOW, FakeProvider, pacific, running

from monitor.runtime.replay import ReplaySummary, run_replay

FIVE = [NOW + 5 * i * MINUTE for i in range(4)]


def play(
    home: Path, instants: Sequence[datetime], *, speed: float | None, stop_after: int = 99
) -> tuple[ReplaySummary, list[float]]:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > stop_after

    with running(home) as runner:
        summary = run_replay(
            runner, instants, speed=speed, on_progress=lambda _i, _at: None, wait=wait
        )
    return summary, waits


@pytest.mark.parametrize(
    ("speed", "between"), [(1.0, 300.0), (60.0, 5.0), (3600.0, 300 / 3600), (None, 0.0)]
)
def test_speed_is_market_seconds_a_real_second(
    home: Path, speed: float | None, between: float
) -> None:
    summary, waits = play(home, FIVE, speed=speed)
    assert waits == [0.0, between, between, between]
    assert summary.cycles == 4


def test_a_night_takes_no_longer_than_fifteen_minutes_of_the_market(home: Path) -> None:
    evening, morning = pacific("13:00"), pacific("06:35", date(2026, 11, 19))
    summary, waits = play(home, [evening, morning], speed=60.0)
    assert waits == [0.0, 15.0]
    assert sorted(summary.sessions) == [date(2026, 11, 18), date(2026, 11, 19)]


def test_an_asked_end_comes_before_the_next_cycle(home: Path) -> None:
    summary, _waits = play(home, FIVE, speed=1.0, stop_after=2)
    assert summary.cycles == 2


def test_the_summary_counts_regimes_notices_and_what_was_unknown(home: Path) -> None:
    provider = FakeProvider({"VIX": 15.0})  # NDX is never known
    summary = ReplaySummary()
    with running(home, provider=provider) as runner:
        for i, vix in enumerate((15.0, 17.0, 17.1)):
            provider.prices["VIX"] = vix
            part = run_replay(
                runner, [NOW + i * MINUTE], speed=None, on_progress=lambda _i, _at: None,
                wait=lambda _s: False,
            )  # fmt: skip
            summary.regimes += part.regimes
            summary.notices += part.notices
            summary.problems += part.problems
    assert summary.regimes == [
        (NOW, None, "low", 15.0), (NOW + 2 * MINUTE, "low", "medium", 17.1),
    ]  # fmt: skip
    assert summary.notices == {"WARNING first": 2}  # the regime, and NDX missing for 2 minutes
    assert summary.problems["NDX price: no NDX"] == 3
