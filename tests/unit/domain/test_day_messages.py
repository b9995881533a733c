"""The monitor speaks of itself once at the open and once at the close."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from fakes.spine import CALENDAR, CALM, NOW, Cycle, outage, pacific

from monitor.config import Settings
from monitor.domain.alerts import AlertRecord, AlertState, Condition
from monitor.domain.day_messages import day_conditions
from monitor.domain.vocabulary import Level


def said(now: datetime, **changed: object) -> list[str]:
    given: dict[str, object] = {
        "tickers": ("NDX", "SPX"), "open_positions": 3, "told_today": 4, "living": {},
        "missing": (), "calendar": CALENDAR, "now": now,
    }  # fmt: skip
    return [c.title for c in day_conditions(**{**given, **changed})]  # type: ignore[arg-type]


def exit_alert(state: AlertState) -> AlertRecord:
    condition = Condition(key="exit:a", level=Level.EXIT, title="EXIT SIGNAL")
    return AlertRecord(number=1, condition=condition, state=state, started_at=NOW, last_seen_at=NOW)


def test_nothing_is_said_before_the_open_and_on_days_without_a_session() -> None:
    assert said(pacific("06:29")) == []
    assert said(pacific("10:00", date(2026, 11, 21))) == []  # a Saturday


def test_armed_from_the_open_on() -> None:
    assert said(pacific("06:30")) == ["ARMED - NDX, SPX | 3 positions open"]


def test_armed_names_what_is_not_watched() -> None:
    assert said(pacific("06:30"), missing=("VIX", "opportunities (no grid file)")) == [
        "ARMED - NDX, SPX | 3 positions open | not watched: VIX, opportunities (no grid file)"
    ]


def test_all_clear_from_the_close_on() -> None:
    assert said(pacific("13:00"), open_positions=1) == [
        "ALL CLEAR - 4 alerts today, 1 position open"
    ]


@pytest.mark.parametrize(
    ("state", "clear"), [(AlertState.FIRING, False), (AlertState.ACKNOWLEDGED, True)]
)
def test_an_unanswered_exit_is_not_all_clear(state: AlertState, clear: bool) -> None:
    (title,) = said(pacific("13:05"), living={"exit:a": exit_alert(state)})
    assert title.startswith("ALL CLEAR") is clear
    assert ("1 exit(s) unanswered" in title) is not clear


def test_each_is_told_once_a_session_and_never_of_a_simulated_one() -> None:
    settings = Settings()
    one = Cycle(settings=settings)
    first = one.run(now=pacific("09:00"))
    again = one.run(now=pacific("09:01"))
    armed = [n for r in (first, again) for n in r.alerts.notices if n.title.startswith("ARMED")]
    assert len(armed) == 1
    assert armed[0].level is Level.INFO
    simulated = Cycle(settings=settings).run(now=pacific("09:00"), simulated=True)
    assert not [n for n in simulated.alerts.notices if n.title.startswith("ARMED")]


def test_an_unknown_price_is_named_when_it_is_armed() -> None:
    one = Cycle(settings=Settings(), ndx=outage())
    result = one.run()
    (armed,) = [n for n in result.alerts.notices if n.title.startswith("ARMED")]
    assert "NDX price" in armed.title


def test_paused_blocks_opportunities_at_once_and_says_so() -> None:
    one = Cycle(settings=CALM)
    one.run(now=NOW)
    paused = one.run(now=NOW, paused_since=NOW)
    assert paused.scanned  # not only at the next scan
    assert [n.level for n in paused.alerts.notices] == [Level.WARNING]
    assert paused.alerts.notices[0].title.startswith("PAUSED since")
