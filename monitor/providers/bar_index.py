"""One symbol's bars of all files, indexed so that any instant is answered by a bisection.

Two views, since files may overlap (5-minute bars and the minute prices a monitor recorded):
the *prices* of all files by the instant they became known, and the *session bars*: per day the
one interval that covers it best, regular hours only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from monitor.clock import NEW_YORK
from monitor.domain.quotes import Bars, DailyBars
from monitor.domain.trading_calendar import TradingCalendar
from monitor.providers.bar_files import EPOCH_ORDINAL

DAY_S = 86_400
OPEN_S, CLOSE_S = 34_200, 57_600  # 09:30 and 16:00 New York, seconds after midnight
TOLERANCE_S = 300  # a day may lack this much at either end and still be a whole day


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolIndex:
    """All that is known of one symbol. Instants are UTC epoch seconds, days ordinals.

    Lists `ends`, `closes`, `days`, `day_volume` belong together: when a price became known, the
    price, its New York day, the volume of that day until then (NaN where unknown). Arrays
    `session_*` are the session bars (`session_end`: when each is complete); `held_days` lists their
    days and `held_first` the first row of each. `daily` holds
    daily files and whole days made from session bars; `closes_on` the last price of each day
    that reaches the close.
    """

    symbol: str
    ends: Sequence[int]
    closes: Sequence[float]
    days: Sequence[int]
    day_volume: Sequence[float]
    session_bars: Bars | None
    session_interval: Any
    session_end: Any
    session_day: Any
    held_days: Sequence[int]
    held_first: Sequence[int]
    daily: DailyBars
    closes_on: dict[int, float]


def build_index(
    symbol: str,
    bars: Sequence[Bars],
    daily: Sequence[DailyBars],
    *,
    calendar: TradingCalendar | None,
    notes: list[str],
) -> SymbolIndex:
    """Merge the files of one symbol; what is left out is counted in `notes`.

    Args:
        calendar: Gives each day's real hours; without it 09:30 to 16:00 is assumed, so that a
            half day is not taken as whole.
    """
    rows = _gather(symbol, bars, notes)
    opens, closes = _hours(rows["day"], calendar)
    regular = (rows["local"] >= opens) & (rows["local"] + rows["interval"] <= closes)
    chosen = np.flatnonzero(regular)[
        _best_interval(rows["day"][regular], rows["interval"][regular])
    ]
    session = {name: values[chosen] for name, values in rows.items()}
    order = np.lexsort((rows["interval"], rows["end"]))
    _, first = np.unique(rows["end"][order], return_index=True)
    known = order[first]  # of prices known at one instant the finest bar's
    made, closes_on = _whole_days(session, opens[chosen], closes[chosen])
    held = _day_slices(session["day"])
    merged = _merge_daily(symbol, daily, made, notes)
    closes_on |= dict(zip(merged.day.tolist(), merged.close.tolist(), strict=True))
    return SymbolIndex(
        symbol=symbol,
        ends=rows["end"][known].tolist(),
        closes=rows["close"][known].tolist(),
        days=rows["day"][known].tolist(),
        day_volume=_day_volume(session, rows["end"][known], rows["day"][known]).tolist(),
        session_bars=_session_bars(symbol, session) if len(chosen) else None,
        session_interval=session["interval"],
        session_end=session["end"],
        session_day=session["day"],
        held_days=[day for day, _, _ in held],
        held_first=[first_row for _, first_row, _ in held],
        daily=merged,
        closes_on=closes_on,
    )


def new_york_day(now: datetime) -> int:
    """The New York date of an instant, as an ordinal."""
    return now.astimezone(NEW_YORK).toordinal()


def _gather(symbol: str, bars: Sequence[Bars], notes: list[str]) -> dict[str, Any]:
    """One array per column over all files, by start; a bar that two files have is kept once."""
    names = ("start", "open", "high", "low", "close", "volume")
    rows: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in bars] or [np.empty(0)])
        for name in names
    }
    rows["start"] = rows["start"].astype(np.int64)
    rows["interval"] = np.repeat(
        np.array([int(one.interval.total_seconds()) for one in bars], dtype=np.int64),
        [len(one) for one in bars],
    )
    order = np.lexsort((rows["interval"], rows["start"]))
    same = np.zeros(len(order), dtype=bool)
    start, interval = rows["start"][order], rows["interval"][order]
    same[1:] = (start[1:] == start[:-1]) & (interval[1:] == interval[:-1])
    if same.any():
        close = rows["close"][order]
        differ = int(np.count_nonzero(same[1:] & (close[1:] != close[:-1])))
        notes.append(
            f"{symbol}: {int(same.sum())} bars stand in two files, the first kept"
            + (f"; {differ} of them differ in price" if differ else "")
        )
    rows = {name: values[order[~same]] for name, values in rows.items()}
    local = rows["start"] + _offsets(rows["start"])
    rows["end"] = rows["start"] + rows["interval"]
    rows["day"] = local // DAY_S + EPOCH_ORDINAL
    rows["local"] = local % DAY_S
    return rows


def _offsets(start: Any) -> Any:
    """Seconds New York is ahead of UTC (negative), per stamp; clocks change on full hours."""
    hours, inverse = np.unique(start // 3600, return_inverse=True)
    offsets = [_offset(hour * 3600) for hour in hours.tolist()]
    return np.array(offsets, dtype=np.int64)[inverse]


def _offset(stamp: int) -> int:
    ahead = datetime.fromtimestamp(stamp, NEW_YORK).utcoffset() or timedelta(0)
    return int(ahead.total_seconds())


def _hours(days: Any, calendar: TradingCalendar | None) -> tuple[Any, Any]:
    """Opening and closing second of each row's day; a day without session is empty."""
    unique, inverse = np.unique(days, return_inverse=True)
    hours = np.array([_day_hours(day, calendar) for day in unique.tolist()], dtype=np.int64)
    hours = hours.reshape(-1, 2)
    return hours[inverse, 0], hours[inverse, 1]


def _day_hours(day: int, calendar: TradingCalendar | None) -> tuple[int, int]:
    when = date.fromordinal(day)
    if calendar is None or not calendar.first <= when <= calendar.last:
        return (OPEN_S, CLOSE_S) if when.weekday() < 5 else (DAY_S, 0)
    session = calendar.on(when)
    if session is None:
        return DAY_S, 0
    return OPEN_S, OPEN_S + int((session.close - session.open).total_seconds())


def _best_interval(days: Any, intervals: Any) -> Any:
    """Indices of the rows whose interval covers their day longest (the coarser of equals)."""
    if len(np.unique(intervals)) <= 1:
        return np.arange(len(days))
    keep = np.zeros(len(days), dtype=bool)
    for day in np.unique(days):
        of_day = days == day
        found, counts = np.unique(intervals[of_day], return_counts=True)
        covered = found * counts
        best = found[len(found) - 1 - int(np.argmax(covered[::-1]))]
        keep |= of_day & (intervals == best)
    return np.flatnonzero(keep)


def _day_slices(days: Any) -> list[tuple[int, int, int]]:
    unique, first = np.unique(days, return_index=True)
    return list(zip(unique.tolist(), first.tolist(), [*first[1:].tolist(), len(days)], strict=True))


def _whole_days(
    session: dict[str, Any], opens: Any, closes: Any
) -> tuple[list[list[float]], dict[int, float]]:
    """Daily rows of the days covered from open to close; closes of those that reach the close."""
    made: list[list[float]] = []
    closes_on: dict[int, float] = {}
    for day, a, b in _day_slices(session["day"]):
        slack = max(TOLERANCE_S, int(session["interval"][a]))
        if session["local"][b - 1] + session["interval"][b - 1] + slack < closes[a]:
            continue
        close = float(session["close"][b - 1])
        closes_on[day] = close
        if session["local"][a] <= opens[a] + slack:
            high, low = session["high"][a:b].max(), session["low"][a:b].min()
            volume = session["volume"][a:b].sum()
            made.append([day, session["open"][a], high, low, close, volume])
    return made, closes_on


def _merge_daily(
    symbol: str, files: Sequence[DailyBars], made: list[list[float]], notes: list[str]
) -> DailyBars:
    """Daily files first, then the days made from bars where no file has them."""
    names = ("day", "open", "high", "low", "close", "volume")
    stacks = [np.column_stack([getattr(one, name) for name in names]) for one in files]
    filed = np.concatenate([*stacks, np.empty((0, 6))])
    table = np.concatenate([filed, np.array(made, dtype=np.float64).reshape(-1, 6)])
    days, first = np.unique(table[:, 0].astype(np.int64), return_index=True)
    repeated = len(filed) - len(np.unique(filed[:, 0]))
    if repeated:
        notes.append(f"{symbol}: {repeated} days stand in two daily files, the first kept")
    _, opens, highs, lows, closes, volumes = table[first].T.copy()
    return DailyBars(
        symbol=symbol,
        day=days,
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=volumes,
        source="replay",
    )


def _day_volume(session: dict[str, Any], ends: Any, days: Any) -> Any:
    """Volume of the day until each instant; NaN before the first bar and where one lacks it."""
    if not len(session["end"]):
        return np.full(len(ends), np.nan)
    running = session["volume"].copy()
    for _, a, b in _day_slices(session["day"]):
        running[a:b] = np.cumsum(running[a:b])
    at = np.searchsorted(session["end"], ends, "right") - 1
    same_day = (at >= 0) & (session["day"][at] == days)
    return np.where(same_day, running[at], np.nan)


def _session_bars(symbol: str, session: dict[str, Any]) -> Bars:
    return Bars(
        symbol=symbol,
        interval=timedelta(seconds=int(session["interval"][-1])),
        source="replay",
        **{n: session[n] for n in ("start", "open", "high", "low", "close", "volume")},
    )
