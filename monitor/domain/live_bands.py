"""Where a band puts its ends today: past moves of the underlying out of its daily bars.

A daily bar knows no price of 07:30, so moves are counted from the day's open and shortened by the
trading clock: by the root of the share of variance that is left at the entry time
(docs/live-trade.md has how near that comes). Only settlements of past sessions count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from monitor.config import BANDS
from monitor.domain.entry_windows import OPEN_PT
from monitor.domain.past_moves import MIN_SAMPLE, WINDOW, bands_plain
from monitor.domain.pricing.variance_clock import INTRADAY, intraday_share
from monitor.domain.quotes import DailyBars, Days, Floats
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import BandMode
from monitor.errors import CalendarHorizonError

SESSIONS = 300  # looked back: 250 moves of 10 sessions, and room for gaps
MAX_BEHIND = 5  # sessions that the newest close may lag


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBand:
    """A band as moves from the price now, fractions: low < high; `sample` moves made it."""

    low: float
    high: float
    mode: BandMode
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSessions:
    """Daily prices lined up with the calendar, oldest first, the last row being today.

    Shapes: (n,), NaN unknown. `vol`: the volatility index known at that session's entry, its
    close of the session before (today's: the level now), annual fractions.
    """

    open: Floats
    close: Floats
    vol: Floats
    vol_symbol: str | None
    _bands: dict[tuple[int, BandMode], tuple[Floats, Floats, int]] = field(default_factory=dict)

    def band(self, label: str, *, dte: int, mode: BandMode, minute: int) -> LiveBand | str:
        """The band of a configuration with entry at `minute` (Pacific), or why it is unknown."""
        key = dte, mode
        if key not in self._bands:
            self._bands[key] = self._compute(dte, mode)
        low, high, sample = self._bands[key]
        if mode is BandMode.VIX250 and not self.vol[-1] > 0:
            return f"{self.vol_symbol or 'its volatility index'} is unknown: no band of {mode}"
        if sample < MIN_SAMPLE:
            return (
                f"only {sample} past moves over {dte} sessions are known, {MIN_SAMPLE} are needed"
            )
        i, part = BANDS.index(label), part_left(dte, minute)
        return LiveBand(
            low=part * float(low[i]), high=part * float(high[i]), mode=mode, sample=sample
        )

    def _compute(self, dte: int, mode: BandMode) -> tuple[Floats, Floats, int]:
        scaled = mode is BandMode.VIX250
        return bands_plain(
            self.open,
            self.close,
            self.vol if scaled else np.ones(len(self.open)),
            today=len(self.open) - 1,
            dte=dte,
            bands=tuple(int(b.removeprefix("P")) for b in BANDS),
            window=WINDOW[mode],
            min_sample=MIN_SAMPLE,
        )


@lru_cache(maxsize=256)
def part_left(dte: int, minute: int) -> float:
    """A move from the entry at `minute` (Pacific) over one from the open, in standard deviations.

    >>> round(part_left(0, 450), 4)  # 07:30: 0.23 of the session's variance has passed
    0.8775
    """
    left = INTRADAY * (1 - float(intraday_share(minute - OPEN_PT)))
    return math.sqrt((dte + left) / (dte + INTRADAY))


def past_sessions(
    ticker: str,
    *,
    daily: Mapping[str, DailyBars],
    vol_symbol: str | None,
    vol_now: float | None,
    today: date,
    calendar: TradingCalendar,
) -> PastSessions | str:
    """The last 300 sessions before `today`, or why they are unknown.

    Args:
        vol_now: The volatility index now, an annual fraction (its daily bars are points).
    """
    bars = daily.get(ticker)
    if bars is None or not len(bars):
        return f"no daily bars of {ticker}: where the band lies is unknown"
    try:
        first = calendar.shift(today, -SESSIONS).date
    except CalendarHorizonError:
        first = calendar.first
    days = np.asarray(calendar.ordinals_between(first, today - timedelta(days=1)), np.int64)
    close = _lined_up(bars, bars.close, days)
    known = np.flatnonzero(np.isfinite(close))
    if not len(known) or len(days) - 1 - known[-1] > MAX_BEHIND:
        newest = date.fromordinal(int(days[known[-1]])) if len(known) else "before that"
        return f"daily bars of {ticker} end {newest}: too old for a band of today"
    vols = None if vol_symbol is None else daily.get(vol_symbol)
    vol = np.full(len(days), np.nan) if vols is None else _lined_up(vols, vols.close, days) / 100
    nothing = np.array([np.nan])
    return PastSessions(
        open=np.concatenate([_lined_up(bars, bars.open, days), nothing]),
        close=np.concatenate([close, nothing]),
        vol=np.concatenate([nothing, vol[:-1], [np.nan if vol_now is None else vol_now]]),
        vol_symbol=vol_symbol,
    )


def _lined_up(bars: DailyBars, values: Floats, days: Days) -> Floats:
    """The values of these days; NaN where there is no bar or no price."""
    if not len(bars):
        return np.full(len(days), np.nan)
    place = np.minimum(np.searchsorted(bars.day, days), len(bars.day) - 1)
    good = (bars.day[place] == days) & np.isfinite(values[place]) & (values[place] > 0)
    return np.where(good, values[place], np.nan)
