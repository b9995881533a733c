"""Where one cycle's time goes: medians of its parts, side by side over the same cycles.

    python benchmarks/bench_cycle.py [DAYS]

Replays recorded days in this process (NDX's place is taken by SPX and QQQ, the person's grid in
force) with a stopwatch around each part. Ratios are to the whole cycle.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from monitor.app import Wiring, open_runner
from monitor.clock import FixedClock
from monitor.config import Scanning, Settings
from monitor.home import Home
from monitor.providers.replay import ReplayProvider
from monitor.providers.sessions import load_calendar
from monitor.runtime import runner as module
from monitor.runtime.feed import MarketFeed
from monitor.runtime.runner import Runner
from monitor.store.cycle import CycleStore

SHARED = Path(
    os.environ.get(
        "CONDORWATCH_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"
    )
)
FIRST = date(2022, 4, 7)
PARTS = ("fetch", "decide", "transaction", "send", "page", "cycle")
Taken = dict[str, list[float]]


def timed(taken: Taken, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **named: Any) -> Any:
        begun = perf_counter()
        try:
            return call(*args, **named)
        finally:
            taken[name].append(perf_counter() - begun)

    return run


def measure(days: int) -> Taken:
    """Seconds of each part, one entry a cycle."""
    taken: Taken = defaultdict(list)
    module.step = timed(taken, "decide", module.step)  # type: ignore[assignment]
    MarketFeed.fetch = timed(taken, "fetch", MarketFeed.fetch)  # type: ignore[method-assign]
    CycleStore.run = timed(taken, "transaction", CycleStore.run)  # type: ignore[method-assign]
    Runner._send = timed(taken, "send", Runner._send)  # type: ignore[method-assign]
    Runner._write_files = timed(taken, "page", Runner._write_files)  # type: ignore[method-assign]
    Runner.cycle = timed(taken, "cycle", Runner.cycle)  # type: ignore[method-assign]
    calendar = load_calendar(None, today=datetime.now(UTC).date())
    provider = ReplayProvider(SHARED / "replay", calendar=calendar)
    settings = msgspec.structs.replace(
        Settings(), tickers=("SPX", "QQQ"), scanning=Scanning(data_interval=300)
    )
    instants = provider.cycle_instants(
        FIRST, FIRST + timedelta(days=days - 1), calendar, symbols=settings.tickers
    )
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        grid = home.results / "run" / "grid_trading_ready.csv"
        grid.parent.mkdir(parents=True)
        shutil.copy(SHARED / "grid" / "user_grid_trading_ready.csv", grid)
        wiring = Wiring(
            provider=provider, calendar=calendar, source="replay", started_at=instants[0],
            clock=FixedClock(instants[0]), console=False, threaded=False, record=False,
            durable=False,
        )  # fmt: skip
        with open_runner(settings, home, wiring) as runner:
            for now in instants:
                runner.cycle(now)
    return taken


def main() -> None:
    taken = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    whole = statistics.median(taken["cycle"])
    print(f"{len(taken['cycle'])} cycles, two tickers, medians:")
    for part in PARTS:
        median = statistics.median(taken[part])
        print(f"  {part:<12} {1000 * median:7.2f} ms   {median / whole:5.0%}")
    print("  (transaction holds decide)")


if __name__ == "__main__":
    main()
