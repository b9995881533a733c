"""Load, check and scan grids: ratios taken side by side in one run.

    python benchmarks/bench_grid.py

Figures to reach: a scan of 5,000 rows ≤ 1 ms, of 1,000,000 ≤ 15 ms; loading and checking the
latter ≤ 1.5 × pyarrow reading it, < 5 s and < 500 MB (a process of its own).
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter

import pyarrow.csv
from make_grid import write_grid

from monitor.config import Settings
from monitor.domain.grid import Grid
from monitor.domain.scan import scan
from monitor.domain.trading_calendar import Session
from monitor.domain.vocabulary import Regime, Trend
from monitor.grid_file import load_grid

SESSION = Session(
    date=date(2026, 2, 20),
    open=datetime(2026, 2, 20, 14, 30, tzinfo=UTC),
    close=datetime(2026, 2, 20, 21, 0, tzinfo=UTC),
)
NOW = datetime(2026, 2, 20, 15, 32, tzinfo=UTC)
BIG = 1_000_000


def seconds(run: Callable[[], object]) -> float:
    begun = perf_counter()
    run()
    return perf_counter() - begun


def scan_once(grid: Grid) -> None:
    scan(
        grid,
        ticker="NDX",
        now=NOW,
        regime=Regime.LOW,
        trend=Trend.UP,
        flow="up",
        session=SESSION,
        settings=Settings(),
        expirations={d: SESSION.date for d in range(11)},
    )


def compare_loading(path: Path, rounds: int) -> None:
    """Both in turn, so that a busy machine is busy for both."""
    pairs = [
        (
            seconds(lambda: load_grid(path)),
            seconds(lambda: pyarrow.csv.read_csv(path)),
        )
        for _ in range(rounds + 1)
    ][1:]  # the first round warms the file cache
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = [a / b for a, b in pairs]
    print(
        f"load + check {BIG:,} rows: {ours:.2f} s, pyarrow.csv.read_csv {theirs:.2f} s, "
        f"ratio {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})"
    )


def memory(path: Path) -> None:
    """Peak of a fresh process that loads and checks the file once."""
    output = subprocess.run(
        [sys.executable, __file__, "--load", str(path)], capture_output=True, check=True, text=True
    )
    told = json.loads(output.stdout)
    print(
        f"a process of its own: {told['s']:.2f} s, peak {told['mb']:.0f} MB "
        f"({told['usable']:,} of {told['rows']:,} usable)"
    )


def load_alone(path: Path) -> None:
    begun = perf_counter()
    report = load_grid(path).report
    told = {"s": perf_counter() - begun, "mb": peak_mb(), "rows": report.rows}
    print(json.dumps(told | {"usable": report.usable}))


def peak_mb() -> float:
    """Peak resident memory of this program; ru_maxrss would count the parent's before exec."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(ln for ln in status.read_text().splitlines() if ln.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def scanning(path: Path, rows: int) -> None:
    grid = load_grid(path).grid
    times = sorted(seconds(lambda: scan_once(grid)) for _ in range(301))
    print(f"scan {rows:,} rows: median {1e3 * times[150]:.2f} ms, best {1e3 * times[0]:.2f} ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        small, big = Path(folder) / "small.csv", Path(folder) / "big.csv"
        write_grid(small, 5000)
        write_grid(big, BIG)
        scanning(small, 5000)
        scanning(big, BIG)
        memory(big)
        compare_loading(big, rounds=7)


if __name__ == "__main__":
    if "--load" in sys.argv:
        load_alone(Path(sys.argv[2]))
    else:
        main()
