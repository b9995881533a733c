"""A cycle with a hundred tickers, two hundred positions and a grid of 5,000 rows.

    python benchmarks/bench_many.py [CYCLES]

The sources answer at once, so this is a cycle without the network's time: decide, keep, write the
page's file and the alert logs. Beside it, in turns, a cycle of one ticker and no position. Figure
to reach: 1 s a cycle.
"""

from __future__ import annotations

import logging
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

import pyarrow.csv
from make_grid import make_table

from monitor.app import Wiring, open_runner
from monitor.clock import FixedClock
from monitor.config import Limits, Settings
from monitor.domain.positions import PnlMark, Position, Strikes
from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType
from monitor.errors import ProviderError
from monitor.home import Home
from monitor.providers.base import QuoteBatch, SourceHealth
from monitor.providers.sessions import load_calendar
from monitor.runtime.runner import Runner
from monitor.store.store import open_store

FIGURE_S = 1.0
TICKERS = tuple(f"T{i:02d}" for i in range(100))
START = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)  # 07:30 in Los Angeles


@dataclass(slots=True)
class Instant:
    """A source that answers at once, each price a little different every minute."""

    name: str = "bench"
    simulated: bool = False

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        minute = int((now - START) / timedelta(minutes=1))
        return QuoteBatch(
            quotes={
                s: Quote(
                    symbol=s, price=18.0 if s.startswith("V") else 20_000.0 + minute % 7,
                    asof=now, fetched_at=now, source=self.name,
                )
                for s in symbols
            }
        )  # fmt: skip

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        raise ProviderError("no bars", source=self.name, retryable=False)

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        raise ProviderError("no daily bars", source=self.name, retryable=False)

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=self.name, state="ok"),)

    def close(self) -> None:
        pass


def book(count: int) -> list[Position]:
    """Condors of all tickers, each marked a little differently."""
    return [
        Position(
            id=f"{i:08x}", ticker=TICKERS[i % len(TICKERS)], spread_type=SpreadType.IRON_CONDOR,
            flow_mode=FlowMode.NEUTRAL, band="P98", expiration=date(2026, 11, 27),
            settlement=Settlement.PM, entry_dte=6, contracts=1, multiplier=100, credit_usd=285.0,
            strikes=Strikes(short_put=19_500, long_put=19_400, short_call=20_500, long_call=20_600),
            risk_usd=None, max_loss_usd=9_715.0, opened_at=START, status=PositionStatus.OPEN,
            mark=PnlMark(pnl_usd=float(i % 200 - 100), asof=START, source="you"),
        )
        for i in range(count)
    ]  # fmt: skip


def make(
    stack: ExitStack, calendar: TradingCalendar, *, tickers: tuple[str, ...], positions: int
) -> Runner:
    home = Home(Path(stack.enter_context(tempfile.TemporaryDirectory())))
    settings = Settings(tickers=tickers, limits=Limits(max_positions=1000, max_total_risk_usd=1e9))
    home.prepare()
    grid = home.results / "run" / "grid_trading_ready.csv"
    grid.parent.mkdir()
    pyarrow.csv.write_csv(make_table(5_000), grid)
    store = open_store(home.root, settings)
    store.import_all(book(positions), at=START)
    store.close()
    wiring = Wiring(
        provider=Instant(), calendar=calendar, source="bench", started_at=START,
        clock=FixedClock(START), console=False, threaded=False, record=False,
    )  # fmt: skip
    return stack.enter_context(open_runner(settings, home, wiring))


def main() -> None:
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    logging.disable()  # it has no history, and says so a hundred times
    calendar = load_calendar(None, today=datetime.now(UTC).date())
    with ExitStack() as stack:
        many = make(stack, calendar, tickers=TICKERS, positions=200)
        one = make(stack, calendar, tickers=TICKERS[:1], positions=0)
        taken: dict[str, list[tuple[float, float]]] = {"one": [], "many": []}
        for minute in range(cycles + 3):
            now = START + minute * timedelta(minutes=1)
            for name, runner in (("one", one), ("many", many)):
                begun, used = perf_counter(), process_time()
                runner.cycle(now)
                taken[name].append((perf_counter() - begun, process_time() - used))
    print(f"{cycles} cycles, medians after 3 to warm up")
    medians = {}
    for name, words in (("one", "1 ticker, 0 positions"), ("many", "100 tickers, 200 positions")):
        wall, cpu = (statistics.median(column) for column in zip(*taken[name][3:], strict=True))
        medians[name] = wall
        print(f"{words:<28} {wall:6.3f} s   {cpu:6.3f} s of processor time")
    print(f"ratio {medians['many'] / medians['one']:.0f}; figure to reach: {FIGURE_S:g} s a cycle")


if __name__ == "__main__":
    main()
