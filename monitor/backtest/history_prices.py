"""What history says of a symbol at each session and slot, and what of it is not believed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bars_panel import PriceTable, Sessions, price_table, sessions_between
from monitor.backtest.beside_chains import MAX_DEVIATION
from monitor.backtest.day_ranges import opens
from monitor.backtest.history import History
from monitor.domain.quotes import DailyBars
from monitor.domain.trading_calendar import TradingCalendar


class OwnPrices(NamedTuple):
    """The underlying: `daily` None where its daily bars are not used."""

    sessions: Sessions
    prices: PriceTable
    daily: DailyBars | None
    days: tuple[date, ...]  # with any price
    usual: tuple[date, ...]  # with bars inside the session


def own_prices(own: History, calendar: TradingCalendar, problems: list[str]) -> OwnPrices:
    """Bars inside the session, official closes, and opens where no bar is."""
    sessions = sessions_between(calendar, *_span(own))
    inside = price_table(sessions, own.bars)
    prices, daily = inside, own.daily
    if daily is not None and (off := _deviation(daily, inside, sessions)) is not None:
        if np.nanmedian(off) > MAX_DEVIATION / 2:
            problems.append(
                f"{daily.source}: not used: its closes are {100 * float(np.nanmedian(off)):.1f} % "
                f"(median) from those of the finer bars of {own.symbol}"
            )
            daily = None
    if daily is not None:
        prices = _with_daily(inside, daily, sessions, problems)
    return OwnPrices(sessions, prices, daily, _days(sessions, prices), _days(sessions, inside))


def _span(own: History) -> tuple[date, date]:
    """From the first to the last day that any of the symbol's bars tells."""
    days = [date.fromordinal(int(own.daily.day[i])) for i in (0, -1)] if own.daily else []
    for bars in own.bars:
        days += [datetime.fromtimestamp(int(bars.start[i]), UTC).date() for i in (0, -1)]
    return min(days), max(days)


def _deviation(
    daily: DailyBars, inside: PriceTable, sessions: Sessions
) -> NDArray[np.float64] | None:
    """How far each daily close is from that of the finer bars; None where nothing compares."""
    official = price_table(sessions, (), daily)
    off: NDArray[np.float64] = np.abs(official.close / inside.close - 1)
    return off if np.isfinite(off).any() else None


def _with_daily(
    inside: PriceTable, daily: DailyBars, sessions: Sessions, problems: list[str]
) -> PriceTable:
    """Official closes where they are not contradicted, and opens of sessions without a bar."""
    official = price_table(sessions, (), daily)
    close = np.where(np.isfinite(official.close), official.close, inside.close)
    wrong = np.abs(official.close / inside.close - 1) > MAX_DEVIATION
    if wrong.any():
        close[wrong] = np.nan
        told = ", ".join(str(date.fromordinal(int(d))) for d in sessions.day[wrong][:5])
        problems.append(
            f"{daily.symbol}: {int(wrong.sum())} sessions whose daily close is more than "
            f"{MAX_DEVIATION:.0%} from that of the finer bars: taken as unknown: {told}"
            + (" …" if wrong.sum() > 5 else "")
        )
    price = inside.price.copy()
    alone = ~np.isfinite(price).any(axis=1)
    price[alone, 0] = opens(sessions, daily)[alone]
    return PriceTable(price=price, close=close)


def newest_known(history: History, sessions: Sessions) -> PriceTable | None:
    """An index by slot: the newest value of the session so far; None where nothing is known."""
    made = price_table(sessions, history.bars, history.daily)
    if not (np.isfinite(made.close).any() or np.isfinite(made.price).any()):
        return None
    slots = np.arange(made.price.shape[1])
    seen = np.maximum.accumulate(np.where(np.isfinite(made.price), slots, -1), axis=1)
    filled = np.take_along_axis(made.price, np.maximum(seen, 0), axis=1)
    return PriceTable(price=np.where(seen >= 0, filled, np.nan), close=made.close)


def _days(sessions: Sessions, prices: PriceTable) -> tuple[date, ...]:
    known = np.isfinite(prices.price).any(axis=1)
    return tuple(date.fromordinal(int(day)) for day in sessions.day[known])
