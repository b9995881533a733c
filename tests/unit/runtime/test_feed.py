"""What is asked of a provider each cycle, and what only once a session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.domain.trading_calendar import Session, TradingCalendar
from monitor.errors import ProviderError
from monitor.providers.base import QuoteBatch, SourceHealth
from monitor.runtime.feed import MarketFeed, symbols_for

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def calendar() -> TradingCalendar:
    days = [date(2026, 10, 1) + timedelta(days=i) for i in range(90)]
    return TradingCalendar(
        tuple(
            Session(
                date=d,
                open=datetime(d.year, d.month, d.day, 14, 30, tzinfo=UTC),
                close=datetime(d.year, d.month, d.day, 21, tzinfo=UTC),
            )
            for d in days
            if d.weekday() < 5
        )
    )


class CountingProvider:
    """Answers every quote with 100.0 and counts what it is asked."""

    name = "counting"
    simulated = False

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.history_works = True
        self.quotes_work = True

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        self.asked.append("quotes")
        if not self.quotes_work:
            error = ProviderError("no network", source=self.name, retryable=True)
            return QuoteBatch(errors=dict.fromkeys(symbols, error))
        return QuoteBatch(
            quotes={
                s: Quote(symbol=s, price=100.0, asof=now, fetched_at=now, source=self.name)
                for s in symbols
            }
        )

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        self.asked.append(f"bars {symbol} {sessions}")
        self._require_history()
        none = np.empty(0)
        return Bars(
            symbol=symbol, interval=timedelta(minutes=5), start=np.empty(0, np.int64),
            open=none, high=none, low=none, close=none, volume=none, source=self.name,
        )  # fmt: skip

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        self.asked.append(f"daily {symbol}")
        self._require_history()
        none = np.empty(0)
        return DailyBars(
            symbol=symbol, day=np.empty(0, np.int64), open=none, high=none, low=none,
            close=none, volume=none, source=self.name,
        )  # fmt: skip

    def _require_history(self) -> None:
        if not self.history_works:
            raise ProviderError("busy", source=self.name, retryable=True)

    def health(self) -> tuple[SourceHealth, ...]:
        return ()

    def close(self) -> None:
        pass


def test_ndx_brings_vxn_and_the_vix_family_once_each() -> None:
    assert symbols_for(["NDX", "QQQ"]) == (
        "NDX", "QQQ", "VIX", "VIX9D", "VIX3M", "VIX1D", "VXN",
    )  # fmt: skip


def test_history_is_asked_for_once_a_session() -> None:
    provider = CountingProvider()
    feed = MarketFeed(provider, calendar())
    feed.fetch(["QQQ"], NOW)
    first = list(provider.asked)
    assert "bars QQQ 21" in first  # the past 20 sessions and today
    assert first.count("daily VIX") == 1
    feed.fetch(["QQQ"], NOW + timedelta(minutes=1))
    assert provider.asked[len(first) :] == ["quotes"]
    feed.fetch(["QQQ"], NOW + timedelta(days=3))  # Monday
    assert provider.asked.count("daily VIX") == 2


def test_failed_history_is_asked_for_again_after_a_pause_not_every_cycle() -> None:
    provider = CountingProvider()
    provider.history_works = False
    feed = MarketFeed(provider, calendar())
    feed.fetch(["SPX"], NOW)
    feed.fetch(["SPX"], NOW + timedelta(minutes=1))
    assert provider.asked.count("daily SPX") == 1
    provider.history_works = True
    reading = feed.fetch(["SPX"], NOW + timedelta(minutes=5))
    assert provider.asked.count("daily SPX") == 2
    assert "SPX" in reading.daily


def test_without_any_quote_no_history_is_asked_for() -> None:
    provider = CountingProvider()
    provider.quotes_work = False
    reading = MarketFeed(provider, calendar()).fetch(["SPX"], NOW)
    assert provider.asked == ["quotes"]
    assert all(isinstance(r, ProviderError) for r in reading.readings.values())


def test_history_is_not_renewed_at_the_close_while_the_days_values_are_not_final() -> None:
    provider = CountingProvider()
    feed = MarketFeed(provider, calendar())
    feed.fetch(["QQQ"], NOW)
    first = len(provider.asked)
    close = datetime(2026, 11, 20, 21, tzinfo=UTC)  # 16:00 New York
    for minutes in (0, 1, 60, 7 * 60 + 59):
        feed.fetch(["QQQ"], close + timedelta(minutes=minutes))
    assert set(provider.asked[first:]) == {"quotes"}
    feed.fetch(["QQQ"], close + timedelta(hours=8))  # midnight: a new New York day
    assert "daily VIX" in provider.asked[first:]


def test_todays_half_bar_has_no_close_until_it_is_fetched_tomorrow() -> None:
    """Else a failed renewal would settle a position on the price of the morning before."""

    class Daily(CountingProvider):
        def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
            days = [NOW.date().toordinal() - 1, NOW.date().toordinal()]
            values = np.array([10.0, 11.0])
            return DailyBars(
                symbol=symbol, day=np.array(days, np.int64), open=values, high=values,
                low=values, close=values, volume=values, source=self.name,
            )  # fmt: skip

    provider = Daily()
    feed = MarketFeed(provider, calendar())
    today = feed.fetch(["QQQ"], NOW).daily["QQQ"]
    assert today.close[0] == 10.0
    assert np.isnan(today.close[1])
    assert today.open[1] == 11.0
    tomorrow = feed.fetch(["QQQ"], NOW + timedelta(days=1)).daily["QQQ"]
    assert tomorrow.close.tolist() == [10.0, 11.0]
