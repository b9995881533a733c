"""`--source demo`: the simulated market as a provider. Every value says SIMULATED."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.clock import NEW_YORK
from monitor.demo.market import SYMBOLS, UNDERLYINGS, DemoMarket
from monitor.domain.alert_text import clock_text
from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.domain.trading_calendar import Session
from monitor.errors import ProviderError, UnknownSymbolError
from monitor.providers.base import QuoteBatch, SourceHealth

SOURCE = "SIMULATED"
BAR_MINUTES = 5
# Parts of the session in which the source gives no volatility indices: the data problem
# that the demo shows. Long enough for the last good VIX to grow stale.
OUTAGE = (0.64, 0.72)


@dataclass(slots=True)
class DemoProvider:
    """Answers from the simulation, up to `now` and never beyond it."""

    market: DemoMarket
    name: str = field(default="demo", init=False)
    simulated: bool = field(default=True, init=False)
    _last_ok_at: datetime | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _error: str | None = field(default=None, init=False)

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        quotes: dict[str, Quote] = {}
        errors: dict[str, ProviderError] = {}
        for symbol in symbols:
            try:
                quotes[symbol] = self._quote(symbol, now)
            except ProviderError as error:
                errors[symbol] = error
        self._note(errors, now)
        return QuoteBatch(quotes=quotes, errors=errors)

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        self._require_known(symbol)
        last = session_index(self.market, now)
        indices = range(max(0, last - sessions + 1), last + 1)
        parts = [self._session_bars(symbol, i) for i in indices]
        columns = (np.concatenate(column) for column in zip(*parts, strict=True))
        start, open_, high, low, close, volume = columns
        return Bars(
            symbol=symbol,
            interval=timedelta(minutes=BAR_MINUTES),
            start=start.astype(np.int64),
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
            source=SOURCE,
            simulated=True,
        ).until(now)

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        """Daily bars of sessions that are over at `now`."""
        self._require_known(symbol)
        last = session_index(self.market, now)
        if now < self.market.session(last).close:
            last -= 1
        indices = range(max(0, last - sessions + 1), last + 1)
        paths = [self.market.path(symbol, i) for i in indices]
        volumes = [self.market.volume(symbol, i) for i in indices]
        return DailyBars(
            symbol=symbol,
            day=np.array([self.market.session(i).date.toordinal() for i in indices]),
            open=np.array([p[0] for p in paths]),
            high=np.array([p.max() for p in paths]),
            low=np.array([p.min() for p in paths]),
            close=np.array([p[-1] for p in paths]),
            volume=np.array([np.nan if v is None else v.sum() for v in volumes]),
            source=SOURCE,
            simulated=True,
        )

    def health(self) -> tuple[SourceHealth, ...]:
        state = "unused" if self._last_ok_at is None else "failing" if self._error else "ok"
        return (
            SourceHealth(
                name=f"{self.name} ({SOURCE})",
                state=state,
                last_ok_at=self._last_ok_at,
                failures=self._failures,
                error=self._error,
            ),
        )

    def close(self) -> None:
        """Nothing to release."""

    def _quote(self, symbol: str, now: datetime) -> Quote:
        self._require_known(symbol)
        index = session_index(self.market, now)
        session = self.market.session(index)
        if symbol not in UNDERLYINGS and _in_outage(session, now):
            raise ProviderError(
                f"{SOURCE} outage: no {symbol} for some minutes", source=SOURCE, retryable=True,
                symbol=symbol, hint="part of the demo; it ends by itself",
            )  # fmt: skip
        path, volume = self.market.path(symbol, index), self.market.volume(symbol, index)
        minute = min(int((now - session.open).total_seconds()) // 60, len(path) - 1)
        before = self.market.path(symbol, index - 1)[-1] if index else None
        return Quote(
            symbol=symbol,
            price=float(path[minute]),
            asof=session.open + timedelta(minutes=minute),
            fetched_at=now,
            source=SOURCE,
            previous_close=None if before is None else float(before),
            day_volume=None if volume is None else float(volume[:minute].sum()),
            simulated=True,
        )

    def _session_bars(self, symbol: str, index: int) -> tuple[NDArray[Any], ...]:
        path, volume = self.market.path(symbol, index), self.market.volume(symbol, index)
        n = (len(path) - 1) // BAR_MINUTES
        inside = path[: n * BAR_MINUTES].reshape(n, BAR_MINUTES)
        close = path[BAR_MINUTES::BAR_MINUTES][:n]
        opened = int(self.market.session(index).open.timestamp())
        start = opened + 60 * BAR_MINUTES * np.arange(n)
        high, low = np.maximum(inside.max(axis=1), close), np.minimum(inside.min(axis=1), close)
        shares = (
            np.full(n, np.nan)
            if volume is None
            else volume[: n * BAR_MINUTES].reshape(n, BAR_MINUTES).sum(axis=1)
        )
        return start, inside[:, 0], high, low, close, shares

    def _require_known(self, symbol: str) -> None:
        if symbol not in SYMBOLS:
            raise UnknownSymbolError(
                f"the simulation has no {symbol}",
                source=SOURCE,
                symbol=symbol,
                hint=f"it has {', '.join(SYMBOLS)}",
            )

    def _note(self, errors: dict[str, ProviderError], now: datetime) -> None:
        first = next(iter(errors.values()), None)
        self._error = first.message if first else None
        self._failures = self._failures + 1 if first else 0
        if first is None or self._last_ok_at is None:
            self._last_ok_at = now


def session_index(market: DemoMarket, now: datetime) -> int:
    """The session that is running or was the last to run at `now`.

    Raises:
        ProviderError: The simulation begins later.
    """
    index = market.index(now.astimezone(NEW_YORK).date())
    if index >= 0 and now < market.session(index).open:
        index -= 1
    if index < 0:
        raise ProviderError(
            f"the simulation has nothing as early as {clock_text(now)}",
            source=SOURCE, retryable=False, hint="the demo runs on its own clock",
        )  # fmt: skip
    return index


def _in_outage(session: Session, now: datetime) -> bool:
    part = (now - session.open) / (session.close - session.open)
    return OUTAGE[0] <= part < OUTAGE[1]
