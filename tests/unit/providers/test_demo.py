"""The simulation as a provider: contract, labels, no look ahead, the outage it shows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from monitor.clock import NEW_YORK
from monitor.demo.market import SYMBOLS, DemoMarket
from monitor.demo.settings import FIRST_SESSION
from monitor.domain.instruments import VIX_FAMILY
from monitor.domain.trading_calendar import Session, TradingCalendar
from monitor.errors import ProviderError, UnknownSymbolError
from monitor.providers.base import MarketDataProvider
from monitor.providers.demo import SOURCE, DemoProvider

OPEN = datetime(2026, 11, 17, 14, 30, tzinfo=UTC)
NOON = OPEN + timedelta(minutes=150, seconds=20)


@pytest.fixture(scope="module")
def provider() -> DemoProvider:
    days = (date(2025, 6, 2) + timedelta(days=n) for n in range(560))
    sessions = tuple(
        Session(
            date=day,
            open=datetime.combine(day, time(9, 30), NEW_YORK).astimezone(UTC),
            close=datetime.combine(day, time(16), NEW_YORK).astimezone(UTC),
        )
        for day in days
        if day.weekday() < 5
    )
    calendar = TradingCalendar(sessions)
    first = calendar.on(FIRST_SESSION)
    assert first is not None
    return DemoProvider(DemoMarket(7, first, calendar))


def test_it_is_a_market_data_provider_that_says_it_is_simulated(provider: DemoProvider) -> None:
    assert isinstance(provider, MarketDataProvider)
    assert provider.name == "demo"
    assert provider.simulated is True


def test_every_quote_and_bar_says_simulated(provider: DemoProvider) -> None:
    batch = provider.quotes(SYMBOLS, now=NOON)
    assert set(batch.quotes) == set(SYMBOLS)
    assert batch.errors == {}
    for quote in batch.quotes.values():
        assert (quote.source, quote.simulated) == (SOURCE, True)
    for symbol in ("NDX", "VIX", "QQQ"):
        bars = provider.bars(symbol, sessions=1, now=NOON)
        daily = provider.daily(symbol, sessions=300, now=NOON)
        assert (bars.source, bars.simulated) == (SOURCE, True)
        assert (daily.source, daily.simulated) == (SOURCE, True)
    assert SOURCE in provider.health()[0].name


def test_a_quote_is_of_the_last_whole_minute(provider: DemoProvider) -> None:
    quote = provider.quotes(["NDX"], now=NOON).quotes["NDX"]
    assert quote.asof == OPEN + timedelta(minutes=150)
    assert quote.fetched_at == NOON
    assert quote.previous_close == provider.daily("NDX", sessions=1, now=NOON).close[-1]


def test_before_the_open_it_gives_the_last_close_with_its_own_stamp(provider: DemoProvider) -> None:
    quote = provider.quotes(["NDX"], now=OPEN - timedelta(minutes=5)).quotes["NDX"]
    assert quote.asof == datetime(2026, 11, 16, 21, 0, tzinfo=UTC)


def test_after_the_close_the_price_stays(provider: DemoProvider) -> None:
    evening = provider.quotes(["NDX"], now=OPEN + timedelta(hours=9)).quotes["NDX"]
    assert evening.asof == OPEN + timedelta(hours=6, minutes=30)


def test_nothing_after_now_is_known(provider: DemoProvider) -> None:
    bars = provider.bars("NDX", sessions=2, now=NOON)
    assert bars.start[-1] + 300 <= NOON.timestamp()
    assert len(bars) == 78 + 30
    daily = provider.daily("NDX", sessions=10, now=NOON)
    assert date.fromordinal(int(daily.day[-1])) == date(2026, 11, 16)
    after = provider.daily("NDX", sessions=10, now=OPEN + timedelta(hours=7))
    assert date.fromordinal(int(after.day[-1])) == FIRST_SESSION


def test_quotes_bars_and_daily_tell_one_story(provider: DemoProvider) -> None:
    bars = provider.bars("SPY", sessions=1, now=OPEN + timedelta(hours=8))
    daily = provider.daily("SPY", sessions=1, now=OPEN + timedelta(hours=8))
    at_close = provider.quotes(["SPY"], now=OPEN + timedelta(hours=8)).quotes["SPY"]
    assert bars.open[0] == daily.open[-1]
    assert bars.close[-1] == daily.close[-1] == at_close.price
    assert bars.high.max() == daily.high[-1]
    assert bars.low.min() == daily.low[-1]
    assert bars.volume.sum() == daily.volume[-1] == at_close.day_volume
    assert np.all(bars.low <= np.minimum(bars.open, bars.close))
    assert np.all(bars.high >= np.maximum(bars.open, bars.close))


def test_indices_have_no_volume(provider: DemoProvider) -> None:
    assert provider.quotes(["NDX"], now=NOON).quotes["NDX"].day_volume is None
    assert np.all(np.isnan(provider.bars("NDX", sessions=1, now=NOON).volume))
    assert np.all(np.isnan(provider.daily("VIX", sessions=5, now=NOON).volume))


def test_there_are_300_daily_bars_before_the_first_session(provider: DemoProvider) -> None:
    daily = provider.daily("VXN", sessions=300, now=NOON)
    assert len(daily) == 300
    assert np.all(np.diff(daily.day) > 0)


def test_the_volatility_indices_fail_for_a_while_and_come_back(provider: DemoProvider) -> None:
    during = OPEN + timedelta(minutes=260)
    batch = provider.quotes(["NDX", *VIX_FAMILY], now=during)
    assert set(batch.quotes) == {"NDX"}
    assert set(batch.errors) == set(VIX_FAMILY)
    assert all(error.retryable for error in batch.errors.values())
    assert provider.health()[0].state == "failing"
    after = provider.quotes(["NDX", *VIX_FAMILY], now=OPEN + timedelta(minutes=285))
    assert after.errors == {}
    assert provider.health()[0].state == "ok"


def test_an_unknown_symbol_is_refused_beside_good_ones(provider: DemoProvider) -> None:
    batch = provider.quotes(["NDX", "AAPL"], now=NOON)
    assert set(batch.quotes) == {"NDX"}
    assert isinstance(batch.errors["AAPL"], UnknownSymbolError)
    assert "NDX" in batch.errors["AAPL"].hint
    with pytest.raises(UnknownSymbolError):
        provider.daily("AAPL", sessions=1, now=NOON)


def test_before_the_simulation_there_is_nothing(provider: DemoProvider) -> None:
    with pytest.raises(ProviderError, match="2025-08"):
        provider.bars("NDX", sessions=1, now=datetime(2025, 8, 1, 15, tzinfo=UTC))
