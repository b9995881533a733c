"""One scan with everything given, to be varied one thing at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from monitor.clock import PACIFIC
from monitor.config import Settings
from monitor.domain.grid import Grid
from monitor.domain.scan import ScanResult, scan
from monitor.domain.trading_calendar import Session
from monitor.domain.vocabulary import Regime, Trend

DAY = date(2026, 2, 20)
SESSION = Session(
    date=DAY,
    open=datetime(2026, 2, 20, 14, 30, tzinfo=UTC),
    close=datetime(2026, 2, 20, 21, 0, tzinfo=UTC),
)


def pacific(text: str) -> datetime:
    hour, minute = map(int, text.split(":"))
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=PACIFIC)


@dataclass(frozen=True)
class ScanCase:
    grid: Grid | None
    at: str = "07:32"
    regime: Regime | None = Regime.LOW
    trend: Trend = Trend.SIDEWAYS
    flow: str | None = None
    session: Session | None = SESSION
    settings: Settings = field(default_factory=Settings)
    expirations: Mapping[int, date] | None = None
    blocked_why: str | None = None

    def run(self) -> ScanResult:
        return scan(
            self.grid,
            ticker="NDX",
            now=pacific(self.at),
            regime=self.regime,
            trend=self.trend,
            flow=self.flow,
            session=self.session,
            settings=self.settings,
            expirations=self.expirations,
            blocked_why=self.blocked_why,
        )
