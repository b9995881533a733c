"""A small recording of chains, and marks whose reading ends a worker. Workers import this."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np

from monitor.backtest.legs import ExpirationMarks
from monitor.backtest.run_plan import MarksSource
from monitor.domain.trading_calendar import TradingCalendar

FIRST, LAST = date(2026, 2, 2), date(2026, 2, 24)  # 16 sessions, all of them whole
MINUTES = (*range(0, 390, 30), 385)  # after the open; the last gives the settlement
HEADER = (
    "timestamp,ticker,type,strike,expiration,bid,ask,day_close,vwap,fmv,delta,gamma,theta,vega,"
    "implied_volatility,volume"
)


@dataclass(frozen=True)
class DeadlyMarks:
    """As `inner`, but the process that first reads expiration `at` is killed while it does.

    Args:
        grave: Where the killed process leaves its id, so that it happens once. None: each time.
    """

    inner: MarksSource
    at: int
    grave: Path | None

    def part(self, first: int, stop: int) -> MarksSource:
        return replace(self, inner=self.inner.part(first, stop))

    def marks(self, expiration: int) -> ExpirationMarks | None:
        if expiration == self.at and self._is_first():
            os.kill(os.getpid(), signal.SIGKILL)
        return self.inner.marks(expiration)

    def _is_first(self) -> bool:
        if self.grave is None:
            return True
        try:
            with self.grave.open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            return False
        return True


def write_recording(root: Path, calendar: TradingCalendar) -> None:
    """Day files of NDX with the expirations of the day itself and of the next session."""
    folder = root / "options_csv_output_full" / "NDX"
    folder.mkdir(parents=True)
    days = [date.fromordinal(d) for d in calendar.ordinals_between(FIRST, LAST)]
    rng = np.random.default_rng(11)
    moves = rng.normal(0, 0.0025, (len(days), len(MINUTES)))
    forward = 24_000 * np.exp(np.cumsum(moves)).reshape(moves.shape)
    for i, day in enumerate(days):
        session = calendar.on(day)
        assert session is not None
        lines = [HEADER]
        for k, after in enumerate(MINUTES):
            stamp = datetime.fromtimestamp(
                session.open.timestamp() + 60 * after, session.open.tzinfo
            )
            for later, expiration in enumerate(days[i : i + 2]):
                left = later + 1 - after / 390
                lines += _chain(stamp.isoformat(), expiration, float(forward[i, k]), left)
        (folder / f"NDX_options_{day}.csv").write_text("\n".join([*lines, ""]), "utf-8")


def _chain(stamp: str, expiration: date, forward: float, left: float) -> Iterator[str]:
    spread = 0.009 * forward * left**0.5
    for strike in range(23_000, 25_025, 25):
        away = forward - strike
        tail = 0.4 * spread * float(np.exp(-1.3 * abs(away) / spread))
        for right, inside in (("call", max(away, 0)), ("put", max(-away, 0))):
            bid = round(max(inside + tail - 0.1, 0), 2)
            name = f"O:NDXP{expiration:%y%m%d}{right[0].upper()}{strike * 1000:08d}"
            row = f"{stamp},{name},{right},{strike},{expiration},{bid:.2f},{bid + 0.2:.2f}"
            yield row + ",,,,,,,,,3"
