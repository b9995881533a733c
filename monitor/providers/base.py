"""The provider protocol: what every source of market data answers, and how it fails.

A provider never invents, repeats or repairs a value: it returns what its source said, with
stamps, or an error per symbol. Judging (stale, impossible, frozen, disagreeing) is the pure
`monitor/domain/quote_guard.py`; choosing among sources is `fallback.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol, runtime_checkable

from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.errors import ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteBatch:
    """Quotes that came and errors of those that did not; every asked symbol is in one of them."""

    quotes: Mapping[str, Quote] = field(default_factory=dict)
    errors: Mapping[str, ProviderError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """One source as the page's health panel shows it."""

    name: str
    state: str  # "ok" | "failing" | "open" (circuit breaker) | "unused"
    last_ok_at: datetime | None = None
    failures: int = 0
    retry_at: datetime | None = None
    error: str | None = None
    delay: timedelta = timedelta(0)


@runtime_checkable
class MarketDataProvider(Protocol):
    """A source. Symbols are ours (NDX, SPX, VIX, QQQ); mapping them is the provider's affair."""

    @property
    def name(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        """Newest price of each symbol. Never raises for one symbol's failure."""
        ...

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        """Intraday bars of the last `sessions` sessions, up to now.

        Raises:
            ProviderError: Nothing usable came.
        """
        ...

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        """Daily bars of about the last `sessions` sessions; may hold today's unfinished bar.

        Raises:
            ProviderError: Nothing usable came.
        """
        ...

    def health(self) -> tuple[SourceHealth, ...]: ...

    def close(self) -> None:
        """Release connections; the provider is not used afterwards."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBatch:
    """Chains that came, and why asked expirations did not."""

    chains: tuple[OptionChain, ...] = ()
    errors: Mapping[tuple[str, date], ProviderError] = field(default_factory=dict)


@runtime_checkable
class ChainProvider(Protocol):
    """A source of option chains."""

    @property
    def name(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        """Every root's chain of each asked expiration. One expiration's failure never raises."""
        ...

    def health(self) -> tuple[SourceHealth, ...]: ...

    def close(self) -> None: ...
