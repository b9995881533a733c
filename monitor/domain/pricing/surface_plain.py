"""The volatility surface at one instant in plain numpy: what a live cycle needs, without numba.

The same mathematics as the backtest's kernels (docs/pricing.md), for a handful of strikes: index
vols → total variance in trading time → at-the-money stdev → smile → Black-76 prices. Forward is
the price of the underlying: within two weeks interest less dividends move it by less than the
surface's own error. Vols are annual fractions (VIX 18 is 0.18); NaN is unknown and gives NaN.
Source: docs/sources.md#backtest-constants
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.clock import NEW_YORK
from monitor.domain.pricing.black_plain import price_plain
from monitor.domain.pricing.surface_tables import (
    atm_factor,
    smile_at,
    surface_table,
)
from monitor.domain.pricing.variance_clock import INTRADAY, VarianceClock, intraday_share
from monitor.domain.trading_calendar import TradingCalendar

Floats = NDArray[np.float64]

SESSIONS_PER_YEAR = 252.0
DAYS_PER_YEAR = 365.0
NODE_DAYS = (9, 30, 93)  # calendar days of VIX9D, VIX, VIX3M; VIX1D is one session
_BEFORE, _AFTER = timedelta(days=14), timedelta(days=110)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexVols:
    """Index vols now. `own` is the underlying's own 30-day index (VXN for NDX and QQQ)."""

    vix1d: float
    vix9d: float
    vix: float
    vix3m: float
    own: float


@dataclass(frozen=True, slots=True)
class TradingTime:
    """Variance time from a calendar: cheap to make for the months around one instant."""

    calendar: TradingCalendar
    clock: VarianceClock

    @classmethod
    def around(cls, calendar: TradingCalendar, now: datetime) -> TradingTime:
        """Good from two weeks before `now` to 110 days after, as far as the calendar knows."""
        day = now.astimezone(NEW_YORK).date()
        days = calendar.ordinals_between(day - _BEFORE, day + _AFTER)
        return cls(calendar, VarianceClock(list(days)))

    def at(self, now: datetime) -> tuple[int, float]:
        """Ordinal of the session whose close index vols count from, and variance time now."""
        day = now.astimezone(NEW_YORK).date()
        session = self.calendar.on(day)
        if session is not None and session.open <= now < session.close:
            whole = (session.close - session.open).total_seconds() / 60
            passed = (now - session.open).total_seconds() / 60
            share = intraday_share(passed, session_minutes=whole)
            time = float(self.clock.at(day.toordinal(), share=share))
            return int(self.clock.previous_session(day.toordinal())), time
        over = session is not None and now >= session.close
        last = day if over else day - timedelta(days=1)
        closed = day if over else self.calendar.shift(day, -1).date
        return closed.toordinal(), float(self.clock.at_close(last.toordinal()))

    def left(self, now: datetime, expiration: date, *, am: bool = False) -> float:
        """Variance time from now to the close of `expiration` (`am`: its open); 0 when past.

        Raises:
            CalendarHorizonError: `expiration` is further away than the clock goes.
        """
        if expiration < now.astimezone(NEW_YORK).date():
            return 0.0
        return max(self.end(expiration, am=am) - self.at(now)[1], 0.0)

    def end(self, expiration: date, *, am: bool) -> float:
        """Variance time at the settlement: the session's close, or its open."""
        return float(self.clock.at_close(expiration.toordinal())) - (INTRADAY if am else 0.0)


def atm_stdev(
    symbol: str,
    *,
    time: TradingTime,
    now: datetime,
    expiration: date,
    vols: IndexVols,
    am: bool = False,
) -> float:
    """Total at-the-money stdev from now to settlement; NaN where VIX is unknown.

    Args:
        am: It settles on the opening prices of `expiration`, not on its close.

    Raises:
        DomainError: No surface was measured for the underlying.
        CalendarHorizonError: The calendar ends before 93 days from now.
    """
    origin, elapsed = time.at(now)
    start = float(time.clock.at_close(origin))
    node_time = [1.0]
    node_time += [float(time.clock.at_close(origin + d)) - start for d in NODE_DAYS]
    end = time.end(expiration, am=am)
    variance = remaining_variance_plain(
        node_variances(vols), node_time, elapsed=elapsed - start, total=end - start
    )
    dte = time.calendar.dte(now.astimezone(NEW_YORK).date(), expiration)
    factor = atm_factor(surface_table(symbol), dte=dte, has_vix1d=math.isfinite(vols.vix1d))
    return float(factor) * math.sqrt(max(variance, 0.0)) * vols.own / vols.vix


def node_variances(vols: IndexVols) -> tuple[float, ...]:
    """Total variances at the nodes: vol² × the node's own year fraction."""
    years = (1 / SESSIONS_PER_YEAR, *(days / DAYS_PER_YEAR for days in NODE_DAYS))
    levels = (vols.vix1d, vols.vix9d, vols.vix, vols.vix3m)
    return tuple(v * v * y for v, y in zip(levels, years, strict=True))


def remaining_variance_plain(
    levels: tuple[float, ...], node_time: list[float], *, elapsed: float, total: float
) -> float:
    """w(total) − w(elapsed) on the term structure; NaN where the 30-day level is unknown.

    Straight lines through the origin and the known nodes, never falling; without the 9-day index
    one line through the 30-day one. The last slope goes on beyond the nodes.
    """
    if math.isnan(levels[2]):
        return math.nan
    flat = math.isnan(levels[1])
    times, variances = [0.0], [0.0]
    for k, (at, level) in enumerate(zip(node_time, levels, strict=True)):
        if math.isnan(level) or (flat and k != 2):
            continue
        times.append(at)
        variances.append(max(level, variances[-1]))
    return _on_line(times, variances, total) - _on_line(times, variances, elapsed)


def smile_stdev_plain(
    symbol: str, *, forward: float, atm_stdev: float, strikes: ArrayLike
) -> Floats:
    """Total stdev at each strike: at-the-money stdev × smile, flat outside the table."""
    z = np.log(np.asarray(strikes, np.float64) / forward) / atm_stdev
    return atm_stdev * smile_at(surface_table(symbol).smile, z)


def surface_prices(
    symbol: str, *, forward: float, atm_stdev: float, strikes: ArrayLike, is_call: ArrayLike
) -> Floats:
    """Model prices, points per share, shape (n,); NaN where the level is unknown.

    Not repaired between strikes, as the backtest's are: clip a vertical to 0..width.
    """
    k = np.asarray(strikes, np.float64)
    if not atm_stdev > 0:
        return np.full(len(k), np.nan)
    stdev = smile_stdev_plain(symbol, forward=forward, atm_stdev=atm_stdev, strikes=k)
    return price_plain(forward=forward, strike=k, total_stdev=stdev, is_call=is_call)


def _on_line(times: list[float], variances: list[float], at: float) -> float:
    k = 1
    while k < len(times) - 1 and at > times[k]:
        k += 1
    slope = (variances[k] - variances[k - 1]) / (times[k] - times[k - 1])
    return variances[k - 1] + slope * (at - times[k - 1])
