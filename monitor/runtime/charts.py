"""The session's price and VIX as small files for the page, one per ticker.

The series lives in memory, is seeded from intraday bars after a start, and holds one session.
Files are written once a second at most: a replay runs a hundred cycles in it, and nobody reads
faster.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from monitor.config import RegimeEdges
from monitor.domain.context import MarketContext
from monitor.domain.quotes import Bars
from monitor.domain.trading_calendar import Session
from monitor.domain.vocabulary import Regime
from monitor.runtime.atomic_file import write_atomic

MAX_POINTS = 400
SPACING_S = 1.0


@dataclass(slots=True)
class SessionSeries:
    """Price by instant of one symbol in one session. Keys are UTC epoch seconds."""

    session: Session | None = None
    points: dict[int, float] = field(default_factory=dict)

    def enter(self, session: Session | None) -> None:
        """Start again when a new session begins; between sessions the last one stays."""
        if session is not None and session != self.session:
            self.session = session
            self.points.clear()

    def add(self, asof: datetime, value: float) -> None:
        if self.session and self.session.open <= asof <= self.session.close:
            self.points[int(asof.timestamp())] = value

    def seed(self, bars: Bars) -> None:
        """Take a source's bars of the running session; quotes that we saw ourselves stay."""
        if self.session is None:
            return
        first, last = self.session.open.timestamp(), self.session.close.timestamp()
        step = int(bars.interval.total_seconds())
        for start, close in zip(bars.start.tolist(), bars.close.tolist(), strict=True):
            if first <= start < last:
                self.points.setdefault(start + step, close)

    def thinned(self) -> list[tuple[int, float]]:
        """At most 400 points, oldest first, the newest always among them."""
        ordered = sorted(self.points.items())
        step = -(-len(ordered) // MAX_POINTS) or 1
        return ordered[::-step][::-1]


@dataclass(slots=True)
class ChartFiles:
    """Keeps `data/charts/<TICKER>.json` up to date.

    Args:
        monotonic: Real seconds, whatever the cycle's own clock says.
    """

    folder: Path
    edges: RegimeEdges
    source: str
    simulated: bool
    monotonic: Callable[[], float] = time.monotonic
    _series: dict[str, SessionSeries] = field(default_factory=dict)
    _pending: dict[str, Bars] = field(default_factory=dict)
    _waiting: dict[str, datetime] = field(default_factory=dict)
    _written_at: float | None = None

    def seed(self, bars: Bars) -> None:
        """Bars that a start or a new session fetched; used at the next `update`."""
        self._pending[bars.symbol] = bars

    def update(self, contexts: Mapping[str, MarketContext], now: datetime) -> None:
        """Add this cycle's prices; write the files unless that was done a moment ago."""
        for ticker, context in contexts.items():
            price = self._extend(ticker, context.session)
            vix = self._extend("VIX", context.session)
            if context.quote and not context.stale:
                price.add(context.quote.asof, context.quote.price)
            if context.vix.value is not None and context.vix.asof and not context.vix.stale:
                vix.add(context.vix.asof, context.vix.value)
            self._waiting[ticker] = now
        if self._written_at is None or self.monotonic() - self._written_at >= SPACING_S:
            self.write()

    def write(self) -> None:
        """Write what was added since the last time, one file per ticker."""
        self._written_at = self.monotonic()
        for ticker, now in self._waiting.items():
            write_atomic(self.folder / f"{ticker}.json", self._encode(ticker, now))
        self._waiting.clear()

    def _extend(self, symbol: str, session: Session | None) -> SessionSeries:
        series = self._series.setdefault(symbol, SessionSeries())
        series.enter(session)
        if symbol in self._pending:
            series.seed(self._pending.pop(symbol))
        return series

    def _encode(self, ticker: str, now: datetime) -> bytes:
        price, vix = self._series[ticker], self._series["VIX"]
        session = price.session
        return msgspec.json.encode(
            {
                "schema_version": 1,
                "ticker": ticker,
                "generated_at": now,
                "simulated": self.simulated,
                "source": self.source,
                "session": {"open": session.open, "close": session.close} if session else None,
                "price": price.thinned(),
                "vix": vix.thinned(),
                "regime_edges": self.edges.edges,
                "regime_names": [r.value for r in Regime],
            }
        )
