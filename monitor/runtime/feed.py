"""Asking the provider for what one cycle needs, and remembering what changes slowly.

Quotes are asked for every cycle; daily bars and the intraday volume profile once a New York day
(and again after a pause when they did not come): at the close the day's last values are not final
yet. Every fetched value goes to the history.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Generic, Protocol, TypeVar

import numpy as np

from monitor.clock import NEW_YORK
from monitor.domain.context import VOLUME_SESSIONS, VolumeProfile, volume_profile
from monitor.domain.instruments import VIX_FAMILY, has_volume, underlying
from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import CalendarHorizonError, DataError, ProviderError
from monitor.providers.base import MarketDataProvider

logger = logging.getLogger(__name__)

T = TypeVar("T")

DAILY_SESSIONS = 300  # the 252 closes of IV rank, and room for gaps
RETRY_AFTER = timedelta(minutes=5)


class Recorder(Protocol):
    """Where fetched values are kept (`providers/history.py`)."""

    def record_quotes(self, quotes: Sequence[Quote]) -> None: ...
    def record_bars(self, bars: Bars, *, now: datetime) -> None: ...
    def record_daily(self, daily: DailyBars, *, now: datetime) -> None: ...
    def flush(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReading:
    """What one cycle was told, per symbol."""

    readings: Mapping[str, Quote | ProviderError]
    daily: Mapping[str, DailyBars]
    profiles: Mapping[str, VolumeProfile]


@dataclass(slots=True)
class _Kept(Generic[T]):
    """A value that is good for one New York day, and when a failed one is asked for again."""

    value: T | None = None
    day: date | None = None
    retry_at: datetime | None = None


@dataclass(slots=True)
class MarketFeed:
    """One provider's data for a set of tickers."""

    provider: MarketDataProvider
    calendar: TradingCalendar
    recorder: Recorder | None = None
    on_progress: Callable[[str], None] = lambda _text: None
    on_bars: Callable[[Bars], None] = lambda _bars: None
    history_problem: str | None = None
    _daily: dict[str, _Kept[DailyBars]] = field(default_factory=dict)
    _profiles: dict[str, _Kept[VolumeProfile]] = field(default_factory=dict)

    def fetch(self, tickers: Sequence[str], now: datetime) -> FeedReading:
        """Everything for one cycle. Failures are values in `readings`, never exceptions."""
        wanted = symbols_for(tickers)
        batch = self.provider.quotes(wanted, now=now)
        if self.recorder and batch.quotes:
            self.recorder.record_quotes(tuple(batch.quotes.values()))
        if batch.quotes:  # while nothing answers, history would only make the cycle longer
            self._refresh_history(wanted, tickers, now)
        if self.recorder:
            self._flush(self.recorder)
        return FeedReading(
            readings={**batch.errors, **batch.quotes},
            daily=_values(self._daily),
            profiles=_values(self._profiles),
        )

    def _flush(self, recorder: Recorder) -> None:
        """History is for later: a full disk must not stop today's exits."""
        try:
            recorder.flush()
        except (OSError, DataError) as error:
            self.history_problem = str(error)
            logger.warning("history not written", extra={"reason": str(error)})
        else:
            self.history_problem = None

    def _refresh_history(
        self, wanted: Sequence[str], tickers: Sequence[str], now: datetime
    ) -> None:
        try:
            coming = self.calendar.current_or_next(now).date
        except CalendarHorizonError:
            logger.warning("no calendar for today", exc_info=True)
            return
        day = now.astimezone(NEW_YORK).date()
        for symbol in wanted:
            kept = self._daily.setdefault(symbol, _Kept())
            _renew(kept, day, now, lambda s=symbol: self._fetch_daily(s, now))  # type: ignore[misc]
        for ticker in (*tickers, "VIX"):
            kept_profile = self._profiles.setdefault(ticker, _Kept())
            _renew(
                kept_profile,
                day,
                now,
                lambda t=ticker: self._fetch_profile(t, coming, now),  # type: ignore[misc]
            )

    def _fetch_daily(self, symbol: str, now: datetime) -> DailyBars:
        self.on_progress(f"daily history of {symbol}")
        bars = self.provider.daily(symbol, sessions=DAILY_SESSIONS, now=now)
        if self.recorder:
            self.recorder.record_daily(bars, now=now)
        return _without_todays_close(bars, now)

    def _fetch_profile(self, ticker: str, today: date, now: datetime) -> VolumeProfile:
        self.on_progress(f"intraday history of {ticker}")
        sessions = VOLUME_SESSIONS + 1 if has_volume(ticker) else 1
        bars = self.provider.bars(ticker, sessions=sessions, now=now)
        if self.recorder:
            self.recorder.record_bars(bars, now=now)
        self.on_bars(bars)
        return volume_profile(bars, today=today, calendar=self.calendar)


def _without_todays_close(daily: DailyBars, now: datetime) -> DailyBars:
    """Today's bar may be half a day: its close is not known before it is fetched tomorrow."""
    today = now.astimezone(NEW_YORK).date().toordinal()
    close = np.where(daily.day == today, np.nan, daily.close)
    return replace(daily, close=close)


def symbols_for(tickers: Sequence[str]) -> tuple[str, ...]:
    """Tickers, their own volatility indices and the VIX family, each once."""
    own = (underlying(t).vol_index for t in tickers)
    return tuple(dict.fromkeys([*tickers, *VIX_FAMILY, *(v for v in own if v)]))


def _renew(kept: _Kept[T], day: date, now: datetime, fetch: Callable[[], T]) -> None:
    if kept.day == day or (kept.retry_at is not None and now < kept.retry_at):
        return
    try:
        kept.value, kept.day, kept.retry_at = fetch(), day, None
    except ProviderError as error:
        # The old value is of an earlier session: a profile or rank from it still holds for
        # that session's past, and every close in it carries its own date.
        # What the source will never have is asked for again on the next day only.
        kept.day = kept.day if error.retryable else day
        kept.retry_at = now + RETRY_AFTER
        logger.warning("history not available", extra={"reason": error.message})


def _values(kept: Mapping[str, _Kept[T]]) -> dict[str, T]:
    return {symbol: k.value for symbol, k in kept.items() if k.value is not None}
