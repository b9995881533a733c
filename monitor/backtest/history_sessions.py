"""Bars held against the exchange's calendar: what lies outside it, what it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.domain.quotes import Bars, DailyBars
from monitor.domain.trading_calendar import TradingCalendar

WHOLE = 0.9  # of a session's bars: with fewer it is told as having gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Bars inside sessions, and in plain sentences what is not.

    `missing` are sessions between the first and the last bar without any.
    """

    bars: Bars
    missing: tuple[date, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedDaily:
    """The same for daily bars."""

    daily: DailyBars
    missing: tuple[date, ...]
    problems: tuple[str, ...]


def fit_bars(bars: Bars, calendar: TradingCalendar) -> Fitted:
    """Keep the bars that begin inside a regular session."""
    opens, closes, days = _span(bars.start, calendar)
    at = np.searchsorted(opens, bars.start, side="right") - 1
    inside = (at >= 0) & (bars.start < closes[np.maximum(at, 0)]) if len(opens) else at >= 0
    held = at[inside]
    counts = np.bincount(held, minlength=len(days))
    first, last = (int(held[0]), int(held[-1])) if len(held) else (0, -1)
    step = int(bars.interval.total_seconds())
    wanted = -(-(closes - opens) // step)
    gaps = [
        date.fromordinal(int(days[i]))
        for i in range(first, last + 1)
        if 0 < counts[i] < WHOLE * wanted[i]
    ]
    missing = tuple(
        date.fromordinal(int(days[i])) for i in range(first, last + 1) if counts[i] == 0
    )
    name = f"{bars.symbol} {_interval(bars.interval)}"
    problems = [
        *_counted(int(np.count_nonzero(~inside)), f"{name}: {{}} bars outside sessions left out"),
        *_listed(gaps, f"{name}: {{}} sessions with less than {WHOLE:.0%} of their bars"),
        *_listed(missing, f"{name}: {{}} sessions without bars"),
    ]
    return Fitted(bars=_only(bars, inside), missing=missing, problems=tuple(problems))


def fit_daily(daily: DailyBars, calendar: TradingCalendar) -> FittedDaily:
    """Keep the days on which the exchange was open; days before the calendar are dropped too."""
    known = np.array(calendar.ordinals_between(calendar.first, calendar.last), np.int64)
    inside = np.isin(daily.day, known)
    kept = daily.day[inside]
    span = known[(known >= kept[0]) & (known <= kept[-1])] if len(kept) else kept
    missing = tuple(date.fromordinal(int(d)) for d in np.setdiff1d(span, kept))
    older = int(np.count_nonzero(daily.day < known[0]))
    closed = int(np.count_nonzero(~inside)) - older
    problems = [
        *_counted(older, f"{daily.symbol} daily: {{}} days before {calendar.first} left out"),
        *_counted(closed, f"{daily.symbol} daily: {{}} days left out: the exchange was closed"),
        *_listed(missing, f"{daily.symbol} daily: {{}} sessions without a bar"),
    ]
    columns = {n: getattr(daily, n)[inside] for n in ("day", "open", "high", "low", "close")}
    fitted = replace(daily, volume=daily.volume[inside], **columns)
    return FittedDaily(daily=fitted, missing=missing, problems=tuple(problems))


def _span(
    start: NDArray[np.int64], calendar: TradingCalendar
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Opens, closes (UTC seconds) and ordinals of the sessions around the bars."""
    if not len(start):
        none = np.empty(0, np.int64)
        return none, none, none
    epoch = date(1970, 1, 1)
    low = epoch + timedelta(days=int(start[0]) // 86_400 - 1)
    high = epoch + timedelta(days=int(start[-1]) // 86_400 + 1)
    found = calendar.between(low, high)
    columns = [
        (int(s.open.timestamp()), int(s.close.timestamp()), s.date.toordinal()) for s in found
    ]
    table = np.array(columns, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _only(bars: Bars, rows: NDArray[np.bool_]) -> Bars:
    names = ("start", "open", "high", "low", "close", "volume")
    return replace(bars, **{name: getattr(bars, name)[rows] for name in names})


def _counted(n: int, text: str) -> list[str]:
    return [text.format(n)] if n else []


def _listed(days: Sequence[date], text: str) -> list[str]:
    told = ", ".join(map(str, days[:5])) + (" …" if len(days) > 5 else "")
    return [f"{text.format(len(days))}: {told}"] if days else []


def _interval(interval: timedelta) -> str:
    minutes = int(interval.total_seconds()) // 60
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
