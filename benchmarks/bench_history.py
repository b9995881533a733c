"""`monitor backtest` on thirteen years of 5-minute bars, and the line that its time follows.

    python benchmarks/bench_history.py [--workers 2]

Whole processes at model prices, all exits, fills and statistics included: the full grid on a
quarter, a half and all of the sessions, then a quarter and a half of its entry times on all. Figure
to reach: all of it in 5 minutes on two cores. The first, short run compiles and is not counted.
The lines are fitted to processor time, which other work on the machine stretches least.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

MONITOR = str(Path(sys.executable).with_name("monitor"))
DATA = Path(os.environ.get("CONDORWATCH_SHARED_DATA", "../shared/data"))
FIRST, LAST = "2012-01-19", "2024-12-31"
SPANS = (("2021-10-01", LAST), ("2018-07-01", LAST), (FIRST, LAST))  # a quarter, a half, all
TIMES = (
    "06:30", "06:40", "06:50", "07:00", "07:15", "07:30", "07:45", "08:00", "08:15", "08:30",
    "08:45", "09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30",
)  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One whole run."""

    days: int
    configurations: int
    seconds: float
    cpu_s: float
    peak_mb: float
    steps: dict[str, float]
    trades: int


def run(home: Path, first: str, last: str, *more: str) -> Point:
    command = [
        MONITOR, "backtest", "--ticker", "NDX", "--source", str(DATA / "intraday"), "--source",
        str(DATA / "daily"), "--hypothetical-listing", "--from", first, "--to", last, "--json",
        "--out", "bench", "--home", str(home), *more,
    ]  # fmt: skip
    begun = perf_counter()
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, stdout=told)
        _, code, used = os.wait4(process.pid, 0)
        process.returncode = code
        seconds = perf_counter() - begun
        if code:
            raise SystemExit(f"monitor backtest ended with {code}")
        told.seek(0)
        (facts,) = json.load(told)["runs"]
    return Point(
        days=facts["window"]["entry_sessions"], configurations=facts["configurations"],
        seconds=seconds, cpu_s=used.ru_utime + used.ru_stime, peak_mb=used.ru_maxrss / 1024,
        steps=facts["seconds"], trades=facts["trades"],
    )  # fmt: skip


def tell(point: Point) -> None:
    work = point.days * point.configurations / 1e6
    steps = ", ".join(f"{name} {value:.1f}" for name, value in point.steps.items())
    print(
        f"{point.days:>6,} {point.configurations:>8,} {work:>8.1f} {point.seconds:>8.1f} "
        f"{point.cpu_s:>7.1f} {1e3 * point.cpu_s / work:>9.0f} {point.trades / 1e6:>8.1f} "
        f"{point.peak_mb:>9,.0f}   {steps}",
        flush=True,
    )


def line(name: str, xs: list[int], points: list[Point]) -> None:
    """The least-squares line through the times, and how far the points are from it."""
    ys = [point.cpu_s for point in points]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    slope /= sum((x - mean_x) ** 2 for x in xs)
    base = mean_y - slope * mean_x
    off = max(abs(base + slope * x - y) / y for x, y in zip(xs, ys, strict=True))
    print(
        f"by {name}: {base:.1f} s + {1e3 * slope:.2f} s a thousand; "
        f"no point is more than {off:.0%} from that line"
    )


def arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    workers = ("--workers", str(arguments().workers))
    print(
        f"{'days':>6} {'configs':>8} {'M c-days':>8} {'s':>8} {'CPU s':>7} {'CPU ms/M':>9} "
        f"{'M rows':>8} {'peak MB':>9}   steps, s"
    )
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        run(home, "2024-11-01", LAST, *workers)
        by_days = [run_and_tell(home, *span, *workers) for span in SPANS]
        by_configs = [
            run_and_tell(home, FIRST, LAST, "--time", ",".join(times), *workers)
            for times in (TIMES[::4], TIMES[::2])
        ]
    by_configs.append(by_days[-1])
    line("days", [point.days for point in by_days], by_days)
    line("configurations", [point.configurations for point in by_configs], by_configs)


def run_and_tell(home: Path, first: str, last: str, *more: str) -> Point:
    point = run(home, first, last, *more)
    tell(point)
    return point


if __name__ == "__main__":
    main()
