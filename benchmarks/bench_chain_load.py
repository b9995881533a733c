"""Load a season of recorded chains, cold and from the cache, each in a process of its own.

    python benchmarks/bench_chain_load.py FOLDER [--rounds 5]

FOLDER is what the shared generator of recorded chains writes for 110 days (462 MB of CSV).
Figures to reach, of the whole run's 5 s from CSV and 1.5 s from the cache: reading the CSV on
2 cores about 3 s, the cache 0.5 s, at a peak far below 800 MB. pyarrow.csv, reading only the
needed columns with the same two threads, stands beside it as the measure of the machine.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

WORKERS = 2
TICKER = "NDX"


def load(root: Path, cache: Path, calendar_dir: Path) -> dict[str, Any]:
    """What one fresh process needs to have the book in memory, and each expiration laid out."""
    from monitor.backtest.chain_folders import find_folders
    from monitor.backtest.chain_source import load_chains
    from monitor.providers.sessions import load_calendar

    calendar = load_calendar(calendar_dir, today=date(2026, 2, 20))
    folders = find_folders(root, TICKER)
    begun, cpu = perf_counter(), process_time()
    loads = [
        load_chains(
            folder, ticker=TICKER, calendar=calendar, cache_dir=cache, max_dte=10, workers=WORKERS
        )
        for folder in (folders.full, folders.zero_dte)
        if folder is not None
    ]
    loaded, used = perf_counter() - begun, process_time() - cpu
    begun = perf_counter()
    cells = sum(load.book.quotes_of(e).quotes.size for load in loads for e in load.book.expirations)
    return {
        "load_s": loaded,
        "cpu_s": used,
        "cubes_s": perf_counter() - begun,
        "cells": cells,
        "rows": sum(r.kept for load in loads for r in load.book.reports),
        "converted": sum(load.converted for load in loads),
        "peak_mb": peak_mb(),
    }


def read_with_pyarrow(root: Path) -> float:
    """Only the columns that are needed, two files at a time."""
    from pyarrow import csv

    wanted = ["timestamp", "ticker", "type", "strike", "expiration", "bid", "ask"]
    options = csv.ConvertOptions(include_columns=wanted)

    def one(path: Path) -> int:
        read = csv.ReadOptions(use_threads=False)
        return len(csv.read_csv(path, read_options=read, convert_options=options))

    begun = perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, sorted(root.glob("*/*/*.csv"))))
    return perf_counter() - begun


def peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return float(next(ln for ln in status.splitlines() if ln.startswith("VmHWM")).split()[1]) / 1024


def in_own_process(*arguments: str) -> dict[str, Any]:
    output = subprocess.run(
        [sys.executable, __file__, *arguments], capture_output=True, check=True, text=True
    )
    told: dict[str, Any] = json.loads(output.stdout)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--load", nargs=2, type=Path, metavar=("CACHE", "CALENDAR"))
    arguments = parser.parse_args()
    if arguments.load:
        print(json.dumps(load(arguments.folder, *arguments.load)))
        return
    megabytes = sum(p.stat().st_size for p in arguments.folder.glob("*/*/*.csv")) / 1e6
    print(f"{megabytes:.0f} MB of CSV, {WORKERS} threads, {arguments.rounds} rounds")
    cold, cached, pyarrow = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        cache, calendar = Path(folder) / "cache", Path(folder) / "calendar"
        for _ in range(arguments.rounds + 1):  # the first one compiles and warms the disk's cache
            shutil.rmtree(cache, ignore_errors=True)
            own = (str(arguments.folder), "--load", str(cache), str(calendar))
            cold.append(in_own_process(*own))
            cached.append(in_own_process(*own))
            pyarrow.append(read_with_pyarrow(arguments.folder))
        size = sum(p.stat().st_size for p in cache.rglob("*.chain")) / 1e6
    for name, runs in (("from CSV", cold[1:]), ("from the cache", cached[1:])):
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        print(
            f"{name}: {middle['load_s']:.2f} s (best {min(r['load_s'] for r in runs):.2f}; "
            f"{middle['cpu_s']:.2f} s of processor), {middle['rows']:,.0f} rows, "
            f"{middle['rows'] / middle['load_s'] / 1e6:.1f} million a second, "
            f"peak {middle['peak_mb']:.0f} MB; laid out by expiration {middle['cubes_s']:.2f} s, "
            f"{middle['cells']:,.0f} prices"
        )
    ratios = [theirs / ours["load_s"] for ours, theirs in zip(cold[1:], pyarrow[1:], strict=True)]
    print(
        f"pyarrow.csv alone: {statistics.median(pyarrow[1:]):.2f} s, "
        f"{statistics.median(ratios):.1f} × ours with everything done; cache on disk {size:.0f} MB"
    )


if __name__ == "__main__":
    main()
