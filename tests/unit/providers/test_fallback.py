"""Several sources as one, on fakes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.spine import CALENDAR

from monitor.config import Data
from monitor.domain.quote_guard import GuardLimits
from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.errors import (
    ConfigError,
    DisagreementError,
    PayloadError,
    ProviderError,
    UnknownSymbolError,
)
from monitor.providers.base import MarketDataProvider, QuoteBatch, SourceHealth
from monitor.providers.fallback import AutoProvider
from monitor.providers.live import build_live_sources

NOON = datetime(2026, 3, 11, 16, 0, tzinfo=UTC)
LIMITS = GuardLimits(data_interval=timedelta(minutes=1))


class Fake:
    """A source with fixed prices; a symbol without one fails."""

    def __init__(self, name: str, *, simulated: bool = False, **prices: float) -> None:
        self.name = name
        self.simulated = simulated
        self.prices = prices
        self.closed = False

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        quotes = {
            s: Quote(symbol=s, price=self.prices[s], asof=now, fetched_at=now, source=self.name)
            for s in symbols
            if s in self.prices
        }
        return QuoteBatch(
            quotes=quotes, errors={s: self._error(s) for s in symbols if s not in quotes}
        )

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        raise self._error(symbol)

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        if symbol not in self.prices:
            raise self._error(symbol)
        one = np.array([self.prices[symbol]])
        day = np.array([now.toordinal()], dtype=np.int64)
        return DailyBars(
            symbol=symbol,
            day=day,
            open=one,
            high=one,
            low=one,
            close=one,
            volume=one,
            source=self.name,
        )

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=self.name, state="ok"),)

    def close(self) -> None:
        self.closed = True

    def _error(self, symbol: str) -> ProviderError:
        return PayloadError(f"{self.name} failed", source=self.name, symbol=symbol, retryable=True)


def auto(*sources: MarketDataProvider) -> AutoProvider:
    return AutoProvider(sources, limits=LIMITS)


def test_trap_29_auto_refuses_a_simulated_source() -> None:
    with pytest.raises(ConfigError, match="'demo': it is simulated"):
        auto(Fake("yahoo"), Fake("demo", simulated=True))
    with pytest.raises(ConfigError, match="no live source"):
        auto()


def test_trap_29_when_every_source_fails_nothing_is_invented() -> None:
    batch = auto(Fake("a"), Fake("b")).quotes(["NDX", "VIX"], now=NOON)
    assert batch.quotes == {}
    assert {s: e.message for s, e in batch.errors.items()} == {"NDX": "a failed", "VIX": "a failed"}


def test_fault_01_next_source_answers_for_the_first() -> None:
    batch = auto(Fake("a", NDX=20_000.0), Fake("b", VIX=18.5)).quotes(["NDX", "VIX"], now=NOON)
    assert {s: q.source for s, q in batch.quotes.items()} == {"NDX": "a", "VIX": "b"}
    assert batch.errors == {}


def test_first_source_is_preferred_where_both_agree() -> None:
    batch = auto(Fake("a", VIX=18.5), Fake("b", VIX=18.6)).quotes(["VIX"], now=NOON)
    assert batch.quotes["VIX"].price == 18.5


def test_fault_11_two_sources_two_percent_apart_block_that_symbol_only() -> None:
    sources = Fake("a", NDX=20_000.0, VIX=18.5), Fake("b", NDX=20_400.0, VIX=18.5)
    batch = auto(*sources).quotes(["NDX", "VIX"], now=NOON)
    assert set(batch.quotes) == {"VIX"}
    assert isinstance(batch.errors["NDX"], DisagreementError)
    assert "disagree" in batch.errors["NDX"].message


def test_fault_12_part_of_a_batch_missing_the_rest_goes_on() -> None:
    batch = auto(Fake("a", NDX=20_000.0, VIX=18.5)).quotes(["NDX", "VIX", "VXN"], now=NOON)
    assert set(batch.quotes) == {"NDX", "VIX"}
    assert set(batch.errors) == {"VXN"}


def test_history_falls_to_the_next_source_and_keeps_the_first_error() -> None:
    provider = auto(Fake("a"), Fake("b", VIX=18.5))
    assert provider.daily("VIX", sessions=1, now=NOON).source == "b"
    with pytest.raises(PayloadError, match="a failed"):
        provider.bars("VIX", sessions=1, now=NOON)


def test_health_lists_every_source_and_close_reaches_all() -> None:
    sources = Fake("a"), Fake("b")
    provider = auto(*sources)
    assert [h.name for h in provider.health()] == ["a", "b"]
    provider.close()
    assert all(source.closed for source in sources)


def built(source: str, folder: Path) -> MarketDataProvider:
    return build_live_sources(source, data=Data(), cache_dir=folder, calendar=CALENDAR).market


def test_factory_builds_live_sources_only(tmp_path: Path) -> None:
    cboe = built("cboe", tmp_path)
    assert (cboe.name, cboe.simulated) == ("cboe", False)
    cboe.close()
    for wrong in ("demo", "replay:x", "bloomberg"):
        with pytest.raises(ConfigError, match="is no live source"):
            built(wrong, tmp_path)


@pytest.mark.parametrize("source", ["auto", "yahoo"])
def test_factory_wires_yahoo_with_its_breaker(tmp_path: Path, source: str) -> None:
    provider = built(source, tmp_path)
    names = ["yahoo", "cboe"] if source == "auto" else ["yahoo"]
    assert [(h.name, h.state) for h in provider.health()] == [(n, "unused") for n in names]
    assert (provider.name, provider.simulated) == (source, False)
    provider.close()


def test_unknown_symbol_error_of_the_first_source_stays() -> None:
    class Knows(Fake):
        def _error(self, symbol: str) -> ProviderError:
            return UnknownSymbolError("no such symbol", source=self.name, symbol=symbol)

    batch = auto(Knows("a"), Fake("b")).quotes(["SPXX"], now=NOON)
    assert isinstance(batch.errors["SPXX"], UnknownSymbolError)
