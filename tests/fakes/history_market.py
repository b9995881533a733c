"""A made-up market with years of bars, for runs on history: every walk comes from one seed.

The underlying moves about 1 % from close to close, mostly by day; volatility indices stand still.
Bars of all intervals tell the same prices. `HistoryMarket` answers as the provider does,
`write_bars` lays the same out as a folder of files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from monitor.domain.quotes import Bars, DailyBars
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import UnreachableError

LEVELS = {"VIX": 18.0, "VIX9D": 17.0, "VIX3M": 20.0, "VIX1D": 15.0, "VXN": 22.0}
INTERVALS = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}
SPANS = {"5d": 7, "1mo": 30, "3mo": 91, "60d": 60, "730d": 730}


@dataclass
class HistoryMarket:
    """Sessions from `first` to `last`; prices of the underlying begin at `start`."""

    calendar: TradingCalendar
    first: date
    last: date
    start: float = 20_000.0
    move: float = 0.01  # of a session, its night included
    seed: int = 3
    name: str = "yahoo"
    asked: list[tuple[str, str]] = field(default_factory=list)
    down: bool = False

    @cached_property
    def ticks(self) -> tuple[Any, Any, Any, Any]:
        """Of each 5-minute bar: its start, seconds since the open, first and last price."""
        spans = [
            np.arange(int(s.open.timestamp()), int(s.close.timestamp()), 300)
            for s in self.calendar.between(self.first, self.last)
        ]
        starts = np.concatenate(spans)
        since_open = np.concatenate([span - span[0] for span in spans])
        draw = np.random.default_rng(self.seed).normal
        moves = draw(0, 0.8 * self.move / np.sqrt(78), len(starts))
        overnight = np.cumsum(np.where(since_open == 0, draw(0, 0.6 * self.move, len(starts)), 0.0))
        level = np.log(self.start) + np.cumsum(moves) + overnight
        return starts, since_open, np.exp(level - moves), np.exp(level)

    def bars(self, symbol: str, interval: str, *, since: date, until: datetime) -> Bars:
        step = INTERVALS[interval]
        starts, since_open, opens, closes = self.ticks
        begins = np.flatnonzero(since_open % int(step.total_seconds()) == 0)
        ends = np.append(begins[1:], len(starts)) - 1
        low = datetime(since.year, since.month, since.day, tzinfo=UTC).timestamp()
        keep = (starts[begins] >= low) & (starts[begins] <= until.timestamp())
        return self._made(
            Bars, symbol, opens[begins][keep], closes[ends][keep], interval=step,
            start=starts[begins][keep],
        )  # fmt: skip

    def days(self, symbol: str) -> DailyBars:
        starts, since_open, opens, closes = self.ticks
        begins = np.flatnonzero(since_open == 0)
        ends = np.append(begins[1:], len(starts)) - 1
        epoch = date(1970, 1, 1).toordinal()
        day = starts[begins] // 86_400 + epoch
        return self._made(DailyBars, symbol, opens[begins], closes[ends], day=day)

    def chart(self, symbol: str, *, interval: str, period: str, now: datetime) -> Bars:
        self._ask(symbol, interval)
        since = (now - timedelta(days=SPANS[period])).date()
        return self.bars(symbol, interval, since=since, until=now)

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        del sessions, now
        self._ask(symbol, "1d")
        return self.days(symbol)

    def close(self) -> None:
        """As the provider has it."""

    def _ask(self, symbol: str, interval: str) -> None:
        self.asked.append((symbol, interval))
        if self.down:
            raise UnreachableError("yahoo cannot be reached", source="yahoo", retryable=True)

    def _made(self, kind: Any, symbol: str, opens: Any, closes: Any, **key: Any) -> Any:
        if symbol in LEVELS:
            opens = closes = np.full(len(opens), LEVELS[symbol])
        return kind(
            symbol=symbol, open=opens, high=np.maximum(opens, closes),
            low=np.minimum(opens, closes), close=closes, volume=np.full(len(opens), np.nan),
            source=self.name, **key,
        )  # fmt: skip


def write_bars(folder: Path, bars: Bars | DailyBars) -> None:
    """One CSV as people keep them: `NDX_1h.csv`, `VIX_daily.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    prices = zip(bars.open, bars.high, bars.low, bars.close, strict=True)
    if isinstance(bars, DailyBars):
        name, header = f"{bars.symbol}_daily.csv", "date"
        keys = [str(date.fromordinal(int(day))) for day in bars.day]
    else:
        minutes = int(bars.interval.total_seconds()) // 60
        name = f"{bars.symbol}_{minutes}m.csv" if minutes < 60 else f"{bars.symbol}_1h.csv"
        header = "ts_utc"
        keys = [f"{np.datetime64(int(t), 's')}+00:00" for t in bars.start]
    lines = [
        f"{key},{','.join(f'{p:.4f}' for p in row)}" for key, row in zip(keys, prices, strict=True)
    ]
    (folder / name).write_text("\n".join([f"{header},open,high,low,close", *lines]) + "\n")
