"""The words of the alerts, compared with the contract's examples."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.domain.alert_text import (
    age_text,
    clock_text,
    data_problem_condition,
    opportunity_condition,
    regime_change_condition,
    signed_pct,
    usd,
    usd_short,
    vix_text,
)
from monitor.domain.vocabulary import Level, Regime

NOW = datetime(2026, 2, 20, 17, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (142.5, "$142.50"),
        (-570, "-$570.00"),
        (0, "$0.00"),
        (-0.004, "$0.00"),
        (1e6, "$1,000,000.00"),
    ],
)
def test_usd_shows_sign_and_cents(amount: float, text: str) -> None:
    assert usd(amount) == text


def test_usd_short_drops_only_zero_cents() -> None:
    assert (usd_short(55_000), usd_short(50_000.4)) == ("$55,000", "$50,000.40")


def test_percent_is_signed_and_zero_is_not_negative() -> None:
    assert [signed_pct(p) for p in (50, -200, -0.01)] == ["+50.0%", "-200.0%", "+0.0%"]


@pytest.mark.parametrize(
    ("vix", "text"), [(18.5, "18.5"), (18.53, "18.53"), (20, "20.0"), (19.96, "19.96")]
)
def test_vix_is_not_rounded_across_its_regime(vix: float, text: str) -> None:
    assert vix_text(vix) == text


def test_clock_text_is_pacific_wall_clock_by_default() -> None:
    """17:15 UTC is 09:15 in winter and 10:15 in summer."""
    assert clock_text(NOW) == "2026-02-20 09:15 PT"
    assert clock_text(NOW.replace(month=7)) == "2026-07-20 10:15 PT"
    assert clock_text(NOW, ZoneInfo("America/New_York")) == "2026-02-20 12:15 EST"


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=59.9), "59 s old"),
        (timedelta(minutes=59, seconds=59), "59 min old"),
        (timedelta(hours=2, minutes=10), "2 h 10 min old"),
        (timedelta(days=3, hours=5), "3 days old"),
        (timedelta(seconds=-5), "stamped in the future"),
    ],
)
def test_age_text(age: timedelta, text: str) -> None:
    assert age_text(age) == text


def test_regime_line_is_the_contract_to_the_letter() -> None:
    condition = regime_change_condition(
        Regime.LOW,
        Regime.MEDIUM,
        vix=18.5,
        asof=NOW - timedelta(minutes=1),
        source="yahoo",
        now=NOW,
    )
    assert condition.level is Level.WARNING
    assert condition.title == "Regime change: LOW → MEDIUM (VIX 18.5)"
    assert condition.details == ("VIX from yahoo, as of 2026-02-20 09:14 PT, 1 min old",)


def test_opportunity_line_is_the_contract_to_the_letter() -> None:
    lines = ("#1: 3DTE P98 IRON_CONDOR @ 07:30 | Win:95.5% ROI:346.2% | Credit:$285 Risk:$1715",)
    condition = opportunity_condition(
        ticker="NDX", session_date=date(2026, 2, 20), configs=["a", "b", "c"], lines=lines
    )
    assert condition.level is Level.OPPORTUNITY
    assert condition.title == "Found 3 trade opportunity(ies)"
    assert condition.details == lines


def test_opportunities_of_two_days_are_two_alerts() -> None:
    keys = {
        opportunity_condition(
            ticker="NDX", session_date=date(2026, 2, day), configs=["a"], lines=[]
        ).key
        for day in (19, 20)
    }
    assert len(keys) == 2


def test_data_problem_is_one_alert_while_its_age_counts_up() -> None:
    first, later = (
        data_problem_condition("NDX", "price", f"quote is {age} s old, limit 180 s")
        for age in (200, 260)
    )
    assert first.title == "Data problem: NDX price | quote is 200 s old, limit 180 s"
    assert (first.key, first.fingerprint) == (later.key, later.fingerprint)
