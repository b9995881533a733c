"""When a position must be closed by the clock: the one rule for time exits.

Live, replay, backtest and ledger all read it here. Everything is an instant, aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.domain.expirations import last_trading_session
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Settlement
from monitor.errors import DomainError

BEFORE_CLOSE = timedelta(minutes=15)
LAST_DAY_HEADS_UP = timedelta(minutes=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitSchedule:
    """The instants of one position, in the order heads_up ≤ time_exit ≤ last_trade_close.

    `time_exit_at` is None for a position that is held to settlement. After `last_trade_close`
    nothing can be traded any more; `settles_at` is the opening (AM) or the close (PM) of the
    expiration session, whose prices decide.
    """

    heads_up_at: datetime
    time_exit_at: datetime | None
    last_trade_close: datetime
    settles_at: datetime


def exit_schedule(
    *,
    opened: date,
    expiration: date,
    settlement: Settlement,
    time_exit_dte: int,
    calendar: TradingCalendar,
) -> ExitSchedule:
    """The instants of a position opened on the New York day `opened`.

    Counted from expiration, also when AM-settled: with the default of one session the exit of
    an AM series falls on its last trading session. With `time_exit_dte` 0 it would fall after
    that session, so an AM series never uses less than 1.

    Raises:
        DomainError: `expiration` is no session, or `time_exit_dte` is negative.
        CalendarHorizonError: A date lies outside the exchange calendar.
    """
    if time_exit_dte < 0:
        raise DomainError(
            f"time_exit_dte {time_exit_dte} is negative", hint="sessions before expiration: 0 to 30"
        )
    last_trade = last_trading_session(expiration, settlement, calendar)
    final = calendar.shift(expiration, 0)
    settles_at = final.open if settlement is Settlement.AM else final.close
    sessions_before = max(time_exit_dte, 1) if settlement is Settlement.AM else time_exit_dte
    if calendar.dte(opened, expiration) <= sessions_before:
        return ExitSchedule(
            heads_up_at=last_trade.close - LAST_DAY_HEADS_UP,
            time_exit_at=None,
            last_trade_close=last_trade.close,
            settles_at=settles_at,
        )
    exit_session = calendar.shift(expiration, -sessions_before)
    return ExitSchedule(
        heads_up_at=exit_session.open,
        time_exit_at=exit_session.close - BEFORE_CLOSE,
        last_trade_close=last_trade.close,
        settles_at=settles_at,
    )
