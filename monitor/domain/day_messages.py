"""What the monitor says of itself: armed at the open, all clear at the close, paused. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.domain.alert_text import clock_text
from monitor.domain.alerts import AlertRecord, AlertState, Condition
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Level, SessionState

ARMED, CLOSING, PAUSED = "day:armed", "day:closing", "paused"


def day_conditions(
    *,
    tickers: Iterable[str],
    open_positions: int,
    told_today: int,
    living: Mapping[str, AlertRecord],
    missing: Iterable[str],
    calendar: TradingCalendar,
    now: datetime,
) -> list[Condition]:
    """The session's two messages: silence is only good news from a monitor that speaks daily.

    Args:
        told_today: Alerts of the session so far, INFO aside.
        missing: What cannot be watched now: "no grid", "VIX unknown".
    """
    state, session = calendar.state_at(now)
    if session is None or state is SessionState.PRE_OPEN:
        return []
    book = f"{open_positions} position{'s' * (open_positions != 1)} open"
    if state is SessionState.OPEN:
        without = tuple(missing)
        limits = f" | not watched: {', '.join(without)}" if without else ""
        return [_event(ARMED, f"ARMED - {', '.join(tickers)} | {book}{limits}", session.date)]
    unanswered = sum(
        record.condition.level is Level.EXIT and record.state is AlertState.FIRING
        for record in living.values()
    )
    head = f"CLOSED, {unanswered} exit(s) unanswered" if unanswered else "ALL CLEAR"
    told = f"{told_today} alert{'s' * (told_today != 1)} today"
    return [_event(CLOSING, f"{head} - {told}, {book}", session.date)]


def pause_condition(since: datetime, zone: ZoneInfo) -> Condition:
    """Paused is loud: opportunities are not told, exits are."""
    return Condition(
        key=PAUSED,
        level=Level.WARNING,
        title=f"PAUSED since {clock_text(since, zone)} - no opportunity is alerted",
        details=("Exits, limits and errors go on; `monitor resume` ends the pause",),
        resolved_title="Resumed: opportunities are alerted again",
    )


def _event(key: str, title: str, day: object) -> Condition:
    return Condition(key=key, level=Level.INFO, title=title, event=True, fingerprint=str(day))
