"""When the market said what a delayed source shows."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from fakes.spine import CALENDAR, pacific

from monitor.domain.delayed_quotes import said_at

DELAY = timedelta(minutes=15)
TUESDAY, WEDNESDAY = date(2026, 11, 17), date(2026, 11, 18)
HALF_DAY, SATURDAY = date(2026, 11, 27), date(2026, 11, 28)


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        (pacific("07:32"), pacific("07:17")),
        (pacific("06:45"), pacific("06:30")),  # the open itself
        (pacific("06:44"), pacific("12:59", TUESDAY)),  # nothing of this session yet
        (pacific("05:00"), pacific("12:59", TUESDAY)),
        (pacific("13:14"), pacific("12:59")),
        (pacific("13:15"), pacific("12:59")),  # the close is no minute of trading
        (pacific("20:00"), pacific("12:59")),
        (pacific("11:00", HALF_DAY), pacific("09:59", HALF_DAY)),  # closed 10:00
        (pacific("10:10", HALF_DAY), pacific("09:55", HALF_DAY)),
        (pacific("10:00", SATURDAY), pacific("09:59", HALF_DAY)),
    ],
)
def test_quotes_are_a_delay_older_and_stand_still_outside_sessions(
    stamp: datetime, said: datetime
) -> None:
    assert said_at(stamp, delay=DELAY, calendar=CALENDAR) == said
