"""Several live sources as one: the first that answers, symbol by symbol. Never a simulated one.

Where two sources both have a price of now, they must agree; a contradiction is an error of
that symbol, not a choice or an average.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from monitor.domain.quote_guard import GuardLimits, disagreement
from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.errors import ConfigError, DisagreementError, ProviderError
from monitor.providers.base import MarketDataProvider, QuoteBatch, SourceHealth

T = TypeVar("T")


class AutoProvider:
    """Live sources in order.

    Args:
        sources: Preferred first.
        limits: How far two sources may be apart.

    Raises:
        ConfigError: No source, or one is simulated.
    """

    name = "auto"
    simulated = False

    def __init__(self, sources: Sequence[MarketDataProvider], *, limits: GuardLimits) -> None:
        for source in sources:
            if source.simulated:
                raise ConfigError(
                    f"source 'auto' refuses {source.name!r}: it is simulated",
                    hint="ask for simulated data by name: --source demo",
                )
        if not sources:
            raise ConfigError("source 'auto' has no live source to ask")
        self._sources = tuple(sources)
        self._limits = limits

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        quotes: dict[str, Quote] = {}
        errors: dict[str, list[ProviderError]] = {symbol: [] for symbol in symbols}
        refused: dict[str, ProviderError] = {}
        for source in self._sources:
            batch = source.quotes(symbols, now=now)
            for symbol, quote in batch.quotes.items():
                first = quotes.setdefault(symbol, quote)
                why = disagreement(first, quote, limits=self._limits)
                if why is not None:
                    refused[symbol] = DisagreementError(
                        why, source=self.name, symbol=symbol, retryable=True
                    )
            for symbol, error in batch.errors.items():
                errors[symbol].append(error)
        missing = {s: errors[s][0] for s in symbols if s not in quotes}
        believed = {s: quote for s, quote in quotes.items() if s not in refused}
        return QuoteBatch(quotes=believed, errors=missing | refused)

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        return self._first(lambda source: source.bars(symbol, sessions=sessions, now=now))

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        return self._first(lambda source: source.daily(symbol, sessions=sessions, now=now))

    def health(self) -> tuple[SourceHealth, ...]:
        return tuple(health for source in self._sources for health in source.health())

    def close(self) -> None:
        for source in self._sources:
            source.close()

    def _first(self, ask: Callable[[MarketDataProvider], T]) -> T:
        """The first source's answer; when none has one, the first source's error."""
        errors: list[ProviderError] = []
        for source in self._sources:
            try:
                return ask(source)
            except ProviderError as error:
                errors.append(error)
        raise errors[0]
