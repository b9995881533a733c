"""The recorded month at `--speed max`, as a whole process, beside the work it cannot avoid.

    python benchmarks/bench_replay.py [ROUNDS]

22 sessions of 5-minute bars: 1,716 cycles, four symbols (VIX, SPX, QQQ, SPY), with the person's
grid in force; store and snapshot are written each cycle. Beside it, in turns, the bare writing:
as many transactions of three statements and atomic writes of 16 KB, by sqlite3 and os alone.
Figure to reach: 20 s.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

FIGURE_S = 20.0
CYCLES = 1716
SHARED = Path(
    os.environ.get(
        "CONDORWATCH_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"
    )
)
MONITOR = str(Path(sys.executable).with_name("monitor"))


def replay_s(home: Path) -> float:
    """One replay of the month in `home`; the process's whole life."""
    begun = perf_counter()
    subprocess.run(
        [
            MONITOR, "replay", "2022-03-14", "--to", "2022-04-18", "--speed", "max",
            "--source", f"replay:{SHARED / 'replay'}",
            "--ticker", "SPX", "--ticker", "QQQ", "--ticker", "SPY", "--home", str(home),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return perf_counter() - begun


def bare_s(folder: Path) -> float:
    """The same number of commits and replaced files, without deciding anything."""
    begun = perf_counter()
    path, temporary, body = folder / "page.json", folder / "page.tmp", b"x" * 16_384
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE IF NOT EXISTS t (key INTEGER PRIMARY KEY, value TEXT)")
    for i in range(CYCLES):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("SELECT max(key) FROM t").fetchone()
        connection.execute("SELECT * FROM t ORDER BY key DESC LIMIT 10").fetchall()
        connection.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", (i, "value"))
        connection.execute("COMMIT")
        temporary.write_bytes(body)
        temporary.replace(path)
    connection.close()
    return perf_counter() - begun


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    replays, bare = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            grid = home / "results" / "backtest_tight" / "grid_trading_ready.csv"
            grid.parent.mkdir(parents=True)
            shutil.copy(SHARED / "grid" / "user_grid_trading_ready.csv", grid)
            bare.append(bare_s(home))
            replays.append(replay_s(home))
    taken, floor = statistics.median(replays), statistics.median(bare)
    print(f"bare writing      {floor:7.2f} s")
    print(f"replayed month    {taken:7.2f} s   (figure to reach: {FIGURE_S:g} s)")
    print(f"a cycle           {1000 * taken / CYCLES:7.2f} ms")
    print(f"ratio             {taken / floor:7.2f}")


if __name__ == "__main__":
    main()
