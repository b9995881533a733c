"""`monitor backtest` as a whole process: from a season of CSV files, and from the cache.

    python benchmarks/bench_backtest.py FOLDER [--days 90] [--rounds 5] [--min-sample 60]

FOLDER is what the shared generator of recorded chains writes for 110 days (462 MB of CSV). Each
round, in turns: all day files to `results/…` with an empty cache of chains; the same again from
the cache; and as measures of the machine pyarrow reading the same files (only the needed columns,
two threads), and an empty Python that imports numpy. Figures to reach on two quiet cores: 5 s from
CSV, 1.5 s from the cache, 30 s where nothing is compiled yet, and 800 MB at the peak.

The processor's time (all threads, user and system) stands beside the clock's: other work on the
machine lengthens the clock's much more.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

TICKER = "NDX"
READ = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pyarrow import csv
wanted = ["timestamp", "ticker", "type", "strike", "expiration", "bid", "ask"]
def one(path):
    options = csv.ConvertOptions(include_columns=wanted)
    return len(csv.read_csv(path, csv.ReadOptions(use_threads=False), convert_options=options))
with ThreadPoolExecutor(2) as pool:
    list(pool.map(one, sorted(Path(sys.argv[1]).glob("*/*/*.csv"))))
"""


@dataclass(frozen=True)
class Taken:
    """What one process took; `cpu` is user and system time, `peak` resident memory in MB."""

    clock: float
    cpu: float
    peak: float


def take(command: list[str], **environment: str) -> Taken:
    """Run one process to its end."""
    begun = perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    clock = perf_counter() - begun
    if status != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Taken(clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def tell(name: str, runs: list[Taken]) -> None:
    def middle(values: list[float]) -> float:
        return statistics.median(values)

    clocks, cpus = [r.clock for r in runs], [r.cpu for r in runs]
    print(
        f"{name:<34} {middle(clocks):6.2f} s (best {min(clocks):.2f})  "
        f"{middle(cpus):6.2f} s of processor (best {min(cpus):.2f})  "
        f"peak {max(r.peak for r in runs):4.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--min-sample", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    files = list(arguments.folder.glob("*/*/*.csv"))
    print(f"{len(files)} files, {sum(p.stat().st_size for p in files) / 1e6:.0f} MB of CSV")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        own = [
            str(Path(sys.executable).with_name("monitor")), "backtest", "--ticker", TICKER,
            "--source", str(arguments.folder), "--home", str(home), "--out", "bench",
            "--days", str(arguments.days), "--min-sample", str(arguments.min_sample),
            "--workers", "2",
        ]  # fmt: skip
        first = take(own, NUMBA_CACHE_DIR=str(home / "compiled"))
        take(own)  # compiles where that was not done yet, and makes the calendar
        cold, cached, read, empty = [], [], [], []
        for _ in range(arguments.rounds):
            shutil.rmtree(home / "data" / "history" / "chains")
            cold.append(take(own))
            cached.append(take(own))
            read.append(take([sys.executable, "-c", READ, str(arguments.folder)]))
            empty.append(take([sys.executable, "-c", "import numpy"]))
        facts = json.loads((home / "results" / "bench" / "run.json").read_text())
    window = facts["window"]
    print(
        f"{window['entry_sessions']} entry sessions, {facts['configurations']:,} configurations, "
        f"{facts['trades']:,} trades at {len(facts['settings']['fills'])} fills, each held and "
        f"managed; {arguments.rounds} rounds"
    )
    tell("the very first run: compiles", [first])
    tell("from CSV", cold)
    tell("from the cache", cached)
    tell("pyarrow only reading the CSV", read)
    tell("python -c 'import numpy'", empty)
    ratio = statistics.median(a.cpu / b.cpu for a, b in zip(cold, read, strict=True))
    print(f"from CSV takes {ratio:.2f} × the processor's time of pyarrow only reading it")


if __name__ == "__main__":
    main()
