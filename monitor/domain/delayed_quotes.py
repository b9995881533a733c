"""When the market said what a delayed source shows. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.clock import NEW_YORK
from monitor.domain.trading_calendar import TradingCalendar

LAST_MINUTE = timedelta(minutes=1)


def said_at(stamp: datetime, *, delay: timedelta, calendar: TradingCalendar) -> datetime:
    """The instant of quotes that a source showed at `stamp`, `delay` late.

    Outside sessions they stand at the last minute of the session before, however new the
    stamp of the answer is.
    """
    at = stamp - delay
    day = at.astimezone(NEW_YORK).date()
    if calendar.first <= day <= calendar.last:
        session = calendar.on(day)
        if session is not None and session.open <= at < session.close:
            return at
    closed = calendar.last_closed(at)
    return min(at, closed.close - LAST_MINUTE) if closed else at
