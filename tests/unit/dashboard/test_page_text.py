"""How the page words numbers and instants; expected texts are written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard import text

NOW = datetime(2026, 2, 19, 15, 42, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1715.0, "$1,715"),
        (142.5, "$142.50"),
        (-570.0, "−$570"),
        (0.0, "$0"),
        (-0.001, "$0"),
        (19999.999, "$20,000"),
        (None, "unknown"),
        (float("nan"), "unknown"),
        (float("inf"), "unknown"),
    ],
)
def test_dollars_show_cents_only_where_there_are_any(value: float | None, shown: str) -> None:
    assert text.usd(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(98.0, "+$98"), (-940.0, "−$940"), (0.0, "$0"), (0.001, "$0"), (None, "unknown")],
)
def test_profit_carries_its_sign(value: float | None, shown: str) -> None:
    assert text.signed_usd(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(24876.25, "24,876.25"), (-0.001, "0.00"), (-1.5, "−1.50"), (None, "unknown")],
)
def test_points_line_up(value: float | None, shown: str) -> None:
    assert text.number(value) == shown


def test_unknown_has_no_unit() -> None:
    assert text.percent(None) == "unknown"
    assert text.signed_percent(float("nan")) == "unknown"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.4, "0 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h 00 min ago"),
        (7500, "2 h 05 min ago"),
        (86400 * 3 + 3600 * 4, "3 d 4 h ago"),
        (-57, "in 57 s"),
        (-0.5, "0 s ago"),
    ],
)
def test_age_is_in_words(seconds: float, shown: str) -> None:
    assert text.age_text(seconds) == shown


def test_trap_13_times_are_pacific_wall_clock_in_winter_and_summer() -> None:
    winter = text.wording("America/Los_Angeles", NOW)
    assert winter.at(NOW) == "07:42:10 PT"
    july = datetime(2026, 7, 1, 14, 30, tzinfo=UTC)
    assert text.wording("America/Los_Angeles", july).at(july) == "07:30:00 PT"


def test_another_day_is_named_and_another_year_too() -> None:
    say = text.wording("America/Los_Angeles", NOW)
    assert say.at(NOW + timedelta(days=4)) == "Mon Feb 23 07:42:10 PT"
    assert say.at(datetime(2027, 1, 4, 16, 0, tzinfo=UTC)) == "Mon Jan 4 2027 08:00:00 PT"


def test_a_zone_this_machine_does_not_know_reads_as_utc_and_says_so() -> None:
    assert text.wording("Mars/Olympus", NOW).at(NOW) == "15:42:10 UTC"
    assert text.wording("Europe/Berlin", NOW).at(NOW) == "16:42:10 CET"
