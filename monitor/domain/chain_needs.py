"""Which chains a cycle needs: for what is held, and for what may be opened soon. Pure.

Nothing else is asked for: sources are public and slow, and a chain of the S&P 500 is 25,000
options.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain

import numpy as np

from monitor.clock import NEW_YORK, PACIFIC
from monitor.config import Settings
from monitor.domain.entry_windows import minutes_of
from monitor.domain.expirations import expiration_for_dte, last_trading_session
from monitor.domain.grid import COMBOS, GridFile, split_combo
from monitor.domain.instruments import underlying
from monitor.domain.option_chain import ChainRequest
from monitor.domain.positions import Position, Strikes
from monitor.domain.quotes import Quote
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import CalendarHorizonError, DomainError, ProviderError

NEAR = timedelta(minutes=20)  # before the entry hours: a delayed chain is at hand when they begin
MOVES = 10.0  # expected moves to each side
LEAST_REACH, MOST_REACH = 0.12, 0.30  # of the price
SESSIONS_A_YEAR = 252


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Where an underlying stands: price in points, its own volatility index as a fraction."""

    price: float | None = None
    vol: float | None = None


def chain_needs(
    *,
    tickers: Sequence[str],
    positions: Sequence[Position],
    dtes: Collection[int],
    levels: Mapping[str, Level],
    settings: Settings,
    calendar: TradingCalendar,
    now: datetime,
) -> tuple[ChainRequest, ...]:
    """One request for each underlying that needs a chain now; none where nothing does.

    Args:
        tickers: Those that are scanned for something to open.
        dtes: What the grid has configurations of (`grid_dtes`).
    """
    today = now.astimezone(NEW_YORK).date()
    opening = dtes if _may_open_soon(settings, calendar, now) else ()
    found = []
    for ticker in dict.fromkeys(chain(tickers, (p.ticker for p in positions))):
        held = [p for p in positions if p.ticker == ticker and _trades(p, today, calendar)]
        wanted = {p.expiration for p in held}
        if ticker in tickers:
            wanted |= set(_listed(ticker, opening, today, calendar))
        if wanted:
            strikes = tuple(sorted({k for p in held if p.strikes for k in _four(p.strikes)}))
            sessions = max(calendar.dte(today, max(wanted)), 1)
            low, high = _range(levels.get(ticker, Level()), strikes, sessions)
            found.append(
                ChainRequest(
                    ticker=ticker,
                    expirations=tuple(sorted(wanted)),
                    low_strike=low,
                    high_strike=high,
                    held=strikes,
                )
            )
    return tuple(found)


def grid_dtes(grid: GridFile | None, settings: Settings) -> frozenset[int]:
    """DTEs of the grid's usable rows that some regime looks at."""
    if grid is None:
        return frozenset()
    combos = np.flatnonzero(np.diff(grid.grid.starts[: COMBOS + 1])).tolist()
    preferences = settings.preferences
    looked_at = chain.from_iterable(
        p.dtes
        for p in (
            preferences.very_low, preferences.low, preferences.medium, preferences.high,
            preferences.extreme,
        )
    )  # fmt: skip
    return frozenset(split_combo(code)[0] for code in combos) & frozenset(looked_at)


def levels_of(
    tickers: Sequence[str], readings: Mapping[str, Quote | ProviderError]
) -> dict[str, Level]:
    """Newest readings as levels; judged by nobody, good enough for a range of strikes."""
    levels = {}
    for ticker in tickers:
        vol = _positive(readings.get(underlying(ticker).vol_index or ""))
        levels[ticker] = Level(
            price=_positive(readings.get(ticker)), vol=vol / 100 if vol else None
        )
    return levels


def _positive(reading: Quote | ProviderError | None) -> float | None:
    price = reading.price if isinstance(reading, Quote) else float("nan")
    return price if math.isfinite(price) and price > 0 else None


def _may_open_soon(settings: Settings, calendar: TradingCalendar, now: datetime) -> bool:
    """Whether the person's entry hours of this session run or are near."""
    day = now.astimezone(NEW_YORK).date()
    session = calendar.on(day) if calendar.first <= day <= calendar.last else None
    if session is None:
        return False
    midnight = datetime.combine(day, time(), PACIFIC)
    hours = settings.hours
    first, last = map(minutes_of, (hours.entry_window_start, hours.entry_window_end))
    begins = max((midnight + timedelta(minutes=first)).astimezone(UTC), session.open)
    ends = min((midnight + timedelta(minutes=last + 1)).astimezone(UTC), session.close)
    return begins - NEAR <= now < ends


def _listed(
    ticker: str, dtes: Collection[int], today: date, calendar: TradingCalendar
) -> Iterator[date]:
    for dte in dtes:
        try:
            day = expiration_for_dte(ticker, today, dte, calendar)
        except CalendarHorizonError:
            continue  # the scan says so
        if day is not None:
            yield day


def _trades(position: Position, today: date, calendar: TradingCalendar) -> bool:
    """Whether its options are quoted today or later; without strikes no quote can mark it."""
    if position.strikes is None:
        return False
    try:
        last = last_trading_session(position.expiration, position.settlement, calendar)
    except (CalendarHorizonError, DomainError):
        return False  # the watch of positions says so
    return last.date >= today


def _range(
    level: Level, strikes: Sequence[float], sessions: int
) -> tuple[float | None, float | None]:
    """Ten expected moves, 12 to 30 % of the price, and every strike that is held.

    Around the held strikes where the price is unknown; no bound where nothing is known.
    """
    if level.price is None and not strikes:
        return None, None
    reach = _reach(level.vol, sessions)
    low, high = (level.price, level.price) if level.price else (min(strikes), max(strikes))
    return min([low * (1 - reach), *strikes]), max([high * (1 + reach), *strikes])


def _reach(vol: float | None, sessions: int) -> float:
    if vol is None:
        return MOST_REACH
    moves = MOVES * vol * math.sqrt(sessions / SESSIONS_A_YEAR)
    return min(max(moves, LEAST_REACH), MOST_REACH)


def _four(strikes: Strikes) -> list[float]:
    four = (strikes.short_put, strikes.long_put, strikes.short_call, strikes.long_call)
    return [k for k in four if k is not None]
