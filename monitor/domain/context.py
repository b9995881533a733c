"""Quotes and history → what the market is doing now, with everything unknown said so.

Pure. Units: points (dollars for shares), percent where a name ends in `_pct`, IV rank and
percentile 0 to 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from monitor.clock import NEW_YORK
from monitor.domain.alert_text import clock_text
from monitor.domain.instruments import VIX_FAMILY, has_volume, underlying
from monitor.domain.quote_guard import Judgement
from monitor.domain.quotes import Bars, DailyBars, Floats, Quote
from monitor.domain.snapshot import Problem
from monitor.domain.trading_calendar import Session, TradingCalendar
from monitor.domain.vocabulary import SessionState
from monitor.errors import CalendarHorizonError

FLOW_DEAD_ZONE_PCT = 0.1  # a smaller move since the previous close has no direction
RANK_SESSIONS = 252
RANK_NEEDED = 200
VOLUME_SESSIONS = 20
VOLUME_NEEDED = 15
CLOSES_DISAGREE_PCT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One volatility index as it stands; `value` is None when unknown, and `why` says why."""

    symbol: str
    value: float | None
    asof: datetime | None
    source: str | None
    stale: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketContext:
    """One underlying at one instant. None is unknown; `problems` says why."""

    ticker: str
    quote: Quote | None
    stale: bool
    previous_close: float | None
    change: float | None
    change_pct: float | None
    volume_ratio: float | None
    vix: Level
    vol_index: Level | None
    vix_family: tuple[Level, ...]
    iv_rank: float | None
    iv_percentile: float | None
    flow: str | None
    session_state: SessionState
    session: Session | None
    problems: tuple[Problem, ...]

    @property
    def price(self) -> float | None:
        return self.quote.price if self.quote else None

    @property
    def may_alert(self) -> bool:
        """Whether prices are good enough to alert an opportunity on."""
        return (
            self.quote is not None
            and not self.stale
            and self.vix.value is not None
            and not self.vix.stale
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeProfile:
    """Cumulative volume of past sessions by minute since the open.

    `cumulative` Shape: (n_sessions, n_bars), shares; column k is the sum of the first k+1 bars.
    """

    interval: timedelta
    cumulative: Floats

    def mean_at(self, elapsed: timedelta) -> float | None:
        """Mean cumulative volume `elapsed` after the open, linear inside a bar."""
        bars = elapsed / self.interval
        if bars <= 0 or self.cumulative.shape[0] < VOLUME_NEEDED:
            return None
        mean = np.concatenate([[0.0], self.cumulative.mean(axis=0)])
        value = float(np.interp(bars, np.arange(len(mean)), mean))
        return value if value > 0 else None


def volume_profile(bars: Bars, *, today: date, calendar: TradingCalendar) -> VolumeProfile:
    """The last 20 whole sessions before `today`; early closes and gaps are left out."""
    step = int(bars.interval.total_seconds())
    rows = []
    first = calendar.shift(today, -VOLUME_SESSIONS).date
    for session in calendar.between(first, today - timedelta(days=1)):
        opening, closing = int(session.open.timestamp()), int(session.close.timestamp())
        lo, hi = np.searchsorted(bars.start, [opening, closing])
        volume = bars.volume[lo:hi]
        whole = len(volume) == (closing - opening) // step and bool(np.all(np.isfinite(volume)))
        if whole and not session.early_close:
            rows.append(np.cumsum(volume))
    table = np.array(rows) if rows else np.empty((0, 0))
    return VolumeProfile(interval=bars.interval, cumulative=table)


def build_context(
    ticker: str,
    *,
    judged: Mapping[str, Judgement],
    daily: Mapping[str, DailyBars],
    profile: VolumeProfile | None,
    calendar: TradingCalendar,
    now: datetime,
) -> MarketContext:
    """Put one underlying's picture together."""
    problems: list[Problem] = []
    state, session = calendar.state_at(now)
    mine = judged.get(ticker)
    quote = mine.quote if mine else None
    problems += mine.problems if mine else (Problem(what="price", why="never fetched"),)
    previous = _previous_close(quote, daily.get(ticker), calendar, problems)
    change = quote.price - previous if quote and previous else None
    change_pct = 100 * change / previous if change is not None and previous else None
    own = underlying(ticker).vol_index
    vix = _level("VIX", judged)
    vol_index = _level(own, judged) if own else None
    rank, percentile = _rank(vol_index, daily, calendar, now, problems)
    if vix.value is None:
        why = judged["VIX"].problems if "VIX" in judged else ()
        problems += [Problem(what="vix", why=p.why) for p in why] or [
            Problem(what="vix", why="never fetched")
        ]
    elif vix.stale and vix.asof is not None:
        problems.append(Problem(what="vix", why=f"stale: the newest is of {clock_text(vix.asof)}"))
    return MarketContext(
        ticker=ticker,
        quote=quote,
        stale=mine.stale if mine else False,
        previous_close=previous,
        change=change,
        change_pct=change_pct,
        volume_ratio=_volume_ratio(ticker, quote, profile, calendar, problems),
        vix=vix,
        vol_index=vol_index,
        vix_family=tuple(_level(s, judged) for s in VIX_FAMILY),
        iv_rank=rank,
        iv_percentile=percentile,
        flow=_flow(change_pct),
        session_state=state,
        session=session,
        problems=tuple(problems),
    )


def _level(symbol: str, judged: Mapping[str, Judgement]) -> Level:
    judgement = judged.get(symbol)
    quote = judgement.quote if judgement else None
    problems = judgement.problems if judgement else ()
    return Level(
        symbol=symbol,
        value=quote.price if quote else None,
        asof=quote.asof if quote else None,
        source=quote.source if quote else None,
        stale=judgement.stale if judgement else False,
        why=problems[0].why if problems else "",
    )


def _flow(change_pct: float | None) -> str | None:
    if change_pct is None:
        return None
    if abs(change_pct) <= FLOW_DEAD_ZONE_PCT:
        return "flat"
    return "up" if change_pct > 0 else "down"


def _previous_close(
    quote: Quote | None,
    daily: DailyBars | None,
    calendar: TradingCalendar,
    problems: list[Problem],
) -> float | None:
    """Close of the session before the quote's own; daily history first, then the source's."""
    if quote is None:
        return None
    try:
        before = calendar.shift(quote.asof.astimezone(NEW_YORK).date(), -1).date
    except CalendarHorizonError as error:
        problems.append(Problem(what="previous_close", why=error.message))
        return None
    close = _close_of(daily, before)
    stated = quote.previous_close
    if close and stated and abs(close / stated - 1) * 100 > CLOSES_DISAGREE_PCT:
        why = f"history says {close:g}, the quote {stated:g}: they contradict each other"
        problems.append(Problem(what="previous_close", why=why))
        return None
    if close or stated:
        return close or stated
    problems.append(Problem(what="previous_close", why=f"no close of {before} known"))
    return None


def _close_of(daily: DailyBars | None, day: date) -> float | None:
    if daily is None or not len(daily):
        return None
    i = int(np.searchsorted(daily.day, day.toordinal()))
    if i >= len(daily) or daily.day[i] != day.toordinal():
        return None
    close = float(daily.close[i])
    return close if np.isfinite(close) and close > 0 else None


def _volume_ratio(
    ticker: str,
    quote: Quote | None,
    profile: VolumeProfile | None,
    calendar: TradingCalendar,
    problems: list[Problem],
) -> float | None:
    why = None
    if not has_volume(ticker):
        why = f"{ticker} is an index: it has no volume of its own"
    elif quote is None or quote.day_volume is None:
        why = "the source gave no volume for today"
    elif profile is None:
        why = "no intraday history to compare with"
    if why is None and quote and quote.day_volume is not None and profile:
        session = calendar.on(quote.asof.astimezone(NEW_YORK).date())
        usual = profile.mean_at(quote.asof - session.open) if session else None
        if usual:
            return quote.day_volume / usual
        have = profile.cumulative.shape[0]
        why = (
            f"needs {VOLUME_NEEDED} of the past {VOLUME_SESSIONS} sessions, has {have}"
            if have < VOLUME_NEEDED
            else "the session has not traded yet"
        )
    problems.append(Problem(what="volume_ratio", why=why or ""))
    return None


def _rank(
    vol_index: Level | None,
    daily: Mapping[str, DailyBars],
    calendar: TradingCalendar,
    now: datetime,
    problems: list[Problem],
) -> tuple[float | None, float | None]:
    """IV rank and percentile against the 252 closes before today, today excluded."""
    why = None
    if vol_index is None:
        why = "no volatility index of its own"
    elif vol_index.value is None:
        why = f"{vol_index.symbol} is unknown"
    elif vol_index.symbol not in daily:
        why = f"no daily history of {vol_index.symbol}"
    if why is None and vol_index and vol_index.value is not None and vol_index.asof:
        day = vol_index.asof.astimezone(NEW_YORK).date()
        closes = _session_closes(daily[vol_index.symbol], before=day, calendar=calendar)
        if len(closes) < RANK_NEEDED:
            why = f"needs {RANK_NEEDED} of the last {RANK_SESSIONS} closes, has {len(closes)}"
        elif (low := float(closes.min())) == (high := float(closes.max())):
            why = f"every close of the past year is {low:g}"
        else:
            rank = 100 * (vol_index.value - low) / (high - low)
            return rank, 100 * float(np.mean(closes < vol_index.value))
    problems.append(Problem(what="iv_rank", why=why or ""))
    return None, None


def _session_closes(daily: DailyBars, *, before: date, calendar: TradingCalendar) -> Floats:
    """Up to 252 closes of real sessions before a day: files hold holiday rows too."""
    first = calendar.shift(before, -RANK_SESSIONS).date
    days = calendar.ordinals_between(first, before - timedelta(days=1))
    wanted = np.isin(daily.day, np.asarray(days)) & np.isfinite(daily.close) & (daily.close > 0)
    return daily.close[wanted]
