"""Parts for tests of the cycle: a hand-made calendar, quotes, a provider that says what it is told.

NOW is Wednesday 2026-11-18, 07:32 Pacific, an ordinary session; the 26th is Thanksgiving, the
27th closes early.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from monitor.app import Wiring, open_runner
from monitor.clock import NEW_YORK, PACIFIC, FixedClock
from monitor.config import Alerting, Settings
from monitor.domain.context import VolumeProfile
from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.domain.step import CycleInputs, CycleResult, MonitorState, step
from monitor.domain.trading_calendar import Session, TradingCalendar
from monitor.domain.vocabulary import Trend
from monitor.errors import ProviderError
from monitor.home import Home
from monitor.providers.base import QuoteBatch, SourceHealth
from monitor.runtime.runner import Runner

HOLIDAYS = (date(2025, 11, 27), date(2025, 12, 25), date(2026, 11, 26))
HALF_DAY = date(2026, 11, 27)
MINUTE = timedelta(minutes=1)


# The day's two messages have tests of their own; elsewhere they would stand in every list.
CALM = Settings(alerts=Alerting(daily_messages=False))


def pacific(text: str, day: date = date(2026, 11, 18)) -> datetime:
    """`07:32` Pacific wall clock of a day, as aware UTC."""
    return datetime.combine(day, time.fromisoformat(text), PACIFIC).astimezone(UTC)


NOW = pacific("07:32")


def make_session(day: date) -> Session:
    close = time(13) if day == HALF_DAY else time(16)
    return Session(
        date=day,
        open=datetime.combine(day, time(9, 30), NEW_YORK).astimezone(UTC),
        close=datetime.combine(day, close, NEW_YORK).astimezone(UTC),
    )


def _calendar() -> TradingCalendar:
    days = (date(2025, 6, 2) + timedelta(days=n) for n in range(700))
    return TradingCalendar(
        tuple(make_session(d) for d in days if d.weekday() < 5 and d not in HOLIDAYS)
    )


CALENDAR = _calendar()


def quote(symbol: str, price: float, asof: datetime = NOW, **more: Any) -> Quote:
    fields: dict[str, Any] = {
        "symbol": symbol, "price": price, "asof": asof, "fetched_at": asof, "source": "test",
    }  # fmt: skip
    return Quote(**{**fields, **more})


def outage(why: str = "no network") -> ProviderError:
    return ProviderError(why, source="test", retryable=True)


def daily(symbol: str, closes: Mapping[date, float]) -> DailyBars:
    days = sorted(closes)
    close = np.array([closes[d] for d in days], float)
    return DailyBars(
        symbol=symbol, day=np.array([d.toordinal() for d in days], np.int64),
        open=close, high=close, low=close, close=close, volume=np.full(len(days), np.nan),
        source="test",
    )  # fmt: skip


def bars(symbol: str, volume_by_start: Mapping[datetime, float], *, price: float = 1.0) -> Bars:
    """Five-minute bars with the given volumes."""
    starts = sorted(volume_by_start)
    flat = np.full(len(starts), price)
    return Bars(
        symbol=symbol, interval=timedelta(minutes=5),
        start=np.array([int(s.timestamp()) for s in starts], np.int64),
        open=flat, high=flat, low=flat, close=flat,
        volume=np.array([volume_by_start[s] for s in starts], float), source="test",
    )  # fmt: skip


@dataclass
class Cycle:
    """`step` with everything given and carried over; vary one thing and call `run`."""

    ndx: Quote | ProviderError = field(default_factory=lambda: quote("NDX", 25_000.0))
    vix: Quote | ProviderError = field(default_factory=lambda: quote("VIX", 17.0))
    settings: Settings = CALM
    state: MonitorState = field(default_factory=MonitorState)
    inputs: dict[str, Any] = field(default_factory=dict)
    alerts: Mapping[str, Any] = field(default_factory=dict)
    number: int = 1

    def run(self, now: datetime = NOW, **changed: Any) -> CycleResult:
        """One cycle whose quotes, unless given as errors, are of `now`."""
        given = {
            "readings": {"NDX": _at(self.ndx, now), "VIX": _at(self.vix, now)},
            "daily": {}, "profiles": {}, "positions": (), "alerts": self.alerts,
            "next_alert_number": self.number, "grid": None, "grid_problem": "no grid file",
            "trend": Trend.SIDEWAYS,
        }  # fmt: skip
        result = step(
            self.state,
            CycleInputs(**{**given, **self.inputs, **changed}),
            settings=self.settings,
            calendar=CALENDAR,
            now=now,
        )
        self.state, self.alerts = result.state, result.living
        self.number = result.alerts.next_number
        return result


def _at(reading: Quote | ProviderError, now: datetime) -> Quote | ProviderError:
    return replace(reading, asof=now, fetched_at=now) if isinstance(reading, Quote) else reading


def titles(result: CycleResult) -> list[str]:
    return [notice.title for notice in result.alerts.notices]


@dataclass
class FakeProvider:
    """Answers each symbol with `prices[symbol]`, stamped `now`; the rest is an error."""

    prices: dict[str, float] = field(default_factory=lambda: {"NDX": 25_000.0, "VIX": 17.0})
    simulated: bool = False
    name: str = "test"

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        return QuoteBatch(
            quotes={s: quote(s, self.prices[s], now) for s in symbols if s in self.prices},
            errors={s: outage(f"no {s}") for s in symbols if s not in self.prices},
        )

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        raise ProviderError("no bars", source=self.name, retryable=False)

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        raise ProviderError("no daily bars", source=self.name, retryable=False)

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=self.name, state="ok"),)

    def close(self) -> None:
        pass


@contextmanager
def running(
    home: Path,
    *,
    provider: Any = None,
    settings: Settings | None = None,
    **wiring: Any,
) -> Iterator[Runner]:
    """A runner on a real store in `home`, without threads; nothing runs until `cycle`."""
    wired: dict[str, Any] = {
        "provider": provider or FakeProvider(), "calendar": CALENDAR, "source": "test",
        "started_at": NOW, "clock": FixedClock(NOW), "console": False, "threaded": False,
        "record": False, "durable": False,
    }  # fmt: skip
    with open_runner(settings or CALM, Home(home), Wiring(**{**wired, **wiring})) as runner:
        yield runner


def with_scanning(**changed: float) -> Settings:
    settings = CALM
    return msgspec.structs.replace(
        settings, scanning=msgspec.structs.replace(settings.scanning, **changed)
    )


def empty_profile() -> VolumeProfile:
    return VolumeProfile(interval=timedelta(minutes=5), cumulative=np.empty((0, 0)))
