"""Trading time by hand, around a weekend and a holiday."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from monitor.domain.pricing.variance_clock import (
    CLOSED_DAY,
    INTRADAY,
    OVERNIGHT,
    VarianceClock,
    intraday_share,
)
from monitor.errors import CalendarHorizonError

# Thu 2026-02-12, Fri 13, (weekend, Presidents' Day 16), Tue 17, Wed 18
SESSIONS = [date(2026, 2, d).toordinal() for d in (12, 13, 17, 18)]
THURSDAY, FRIDAY, TUESDAY, WEDNESDAY = SESSIONS
CLOCK = VarianceClock(SESSIONS)


def test_a_session_is_one_and_a_closed_day_two_hundredths() -> None:
    assert OVERNIGHT + INTRADAY == 1
    passed = CLOCK.at_close([FRIDAY, TUESDAY, WEDNESDAY]) - CLOCK.at_close(THURSDAY)
    assert passed == pytest.approx([1.0, 2.06, 3.06])


def test_a_closed_day_has_its_own_end() -> None:
    """Friday's close to Sunday night: two closed days and no session."""
    assert CLOCK.at_close(FRIDAY + 2) - CLOCK.at_close(FRIDAY) == pytest.approx(2 * CLOSED_DAY)


def test_the_open_comes_after_the_overnight_part() -> None:
    open_and_close = CLOCK.at(TUESDAY, share=[0.0, 1.0]) - CLOCK.at_close(FRIDAY)
    assert open_and_close == pytest.approx([0.06 + 0.30, 1.06])


def test_intraday_shares_at_the_hours_of_the_design() -> None:
    """10:30, 11:30, … 15:30 New York, and the two ends."""
    minutes = [0, 60, 120, 180, 240, 300, 360, 390]
    expected = [0, 0.23, 0.38, 0.503, 0.688, 0.813, 0.911, 1]
    assert intraday_share(minutes).tolist() == pytest.approx(expected)
    assert float(intraday_share(30)) == pytest.approx(0.115)


def test_a_half_day_ends_at_one() -> None:
    """Closing at 13:00, 210 minutes after the open: halfway from .503 to .688 is its whole."""
    whole = (0.503 + 0.688) / 2
    assert float(intraday_share(210, session_minutes=210)) == 1
    assert float(intraday_share(60, session_minutes=210)) == pytest.approx(0.23 / whole)
    assert float(intraday_share(400)) == 1


def test_previous_session_skips_closed_days() -> None:
    assert CLOCK.previous_session([TUESDAY, WEDNESDAY]).tolist() == [FRIDAY, TUESDAY]


def test_the_calendars_ends_are_errors_and_not_guesses() -> None:
    with pytest.raises(CalendarHorizonError, match="outside the calendar"):
        CLOCK.at_close(WEDNESDAY + 1)
    with pytest.raises(CalendarHorizonError, match="outside the calendar"):
        CLOCK.at_close(THURSDAY - 1)
    with pytest.raises(CalendarHorizonError, match="closed day"):
        CLOCK.at(FRIDAY + 1, share=0.5)
    with pytest.raises(CalendarHorizonError, match="no session before"):
        CLOCK.previous_session(THURSDAY)
    assert np.isfinite(CLOCK.at_close(SESSIONS)).all()
