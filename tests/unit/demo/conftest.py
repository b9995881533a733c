"""A hand-made exchange calendar: no library, and an early close that is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from monitor.clock import NEW_YORK
from monitor.demo.market import DemoMarket
from monitor.demo.settings import FIRST_SESSION
from monitor.domain.trading_calendar import Session, TradingCalendar

HOLIDAY, HALF_DAY = date(2026, 11, 26), date(2026, 11, 27)


def make_session(day: date) -> Session:
    close = time(13) if day == HALF_DAY else time(16)
    return Session(
        date=day,
        open=datetime.combine(day, time(9, 30), NEW_YORK).astimezone(UTC),
        close=datetime.combine(day, close, NEW_YORK).astimezone(UTC),
    )


@pytest.fixture(scope="session")
def calendar() -> TradingCalendar:
    days = (date(2025, 6, 2) + timedelta(days=n) for n in range(560))
    return TradingCalendar(tuple(make_session(d) for d in days if d.weekday() < 5 and d != HOLIDAY))


@pytest.fixture(scope="session")
def market(calendar: TradingCalendar) -> DemoMarket:
    first = calendar.on(FIRST_SESSION)
    assert first is not None
    return DemoMarket(7, first, calendar)
