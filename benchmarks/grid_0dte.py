"""The 0 DTE grid of the recorded sessions: the tables of docs/experiments.md.

    python benchmarks/grid_0dte.py [--data FOLDER]

Runs `monitor backtest` on `chains/NDX_0DTE_5m_*` of the data folder (CONDORWATCH_SHARED_DATA, else
../shared/data) three times, in a folder of its own that is removed again: bands of the last moves
that the bars and the recording know, the same in units of volatility, and bands of the recording's
own moves alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from click.testing import CliRunner

from monitor.cli.main import monitor

REPOSITORY = Path(__file__).resolve().parent.parent
FILE = "NDX_0DTE_5m_2025-10_2025-11.parquet"
TYPES = ("put_spread", "call_spread", "iron_condor")


@dataclass(frozen=True)
class Run:
    name: str
    facts: dict[str, Any]
    grid: pd.DataFrame
    trades: pd.DataFrame


def run(name: str, data: Path, home: Path, bars: str, *more: str) -> Run:
    given = ["backtest", "--home", str(home), "--ticker", "NDX", "--dte", "0", "--workers", "1",
             "--source", str(data / "chains" / FILE), "--source", str(data / bars), *more,
             "--out", "one", "--json"]  # fmt: skip
    result = CliRunner().invoke(monitor, given)
    if result.exit_code:
        sys.exit(result.stderr)
    folder = home / "results" / "one"
    grid = pd.read_parquet(folder / "grid.parquet")
    trades = pd.read_parquet(folder / "trades.parquet")
    for table in (grid, trades):
        for column in table.select_dtypes("category"):
            table[column] = table[column].astype(str)
    return Run(name, json.loads(result.stdout)["runs"][0], grid[grid["regime"] == "all"], trades)


def counts(one: Run) -> str:
    f, tally, over = one.facts, one.facts["tally"], one.facts["overfitting"]
    return (
        f"| {one.name} | {tally['traded']:,} | {tally['earned']:,} | {tally['weak']} | "
        f"{tally['evidence']} | {f['trades']:,} | {over['pbo_pct']:.0f} | "
        f"{over['best_loses_pct']:.0f} |"
    )


def by_type(one: Run) -> Iterator[str]:
    """Means over all trades; the error is by session."""
    for kind in TYPES:
        for policy in ("hold", "managed"):
            cells = []
            for fill in (0.0, 0.5, 1.0):
                some = _trades(one, kind, fill)
                returns = 100 * some[f"pnl_usd_{policy}"] / some["max_loss_usd"]
                days = returns.groupby(some["entry_date"]).agg(["mean", "size"])
                share = days["size"] / days["size"].sum()
                spread = (share**2 * (days["mean"] - returns.mean()) ** 2).sum()
                cells.append(f"{returns.mean():+.1f} ± {np.sqrt(spread):.1f}")
            some = _trades(one, kind, 0.5)
            win = 100 * (some[f"pnl_usd_{policy}"] > 0).mean()
            yield (
                f"| {one.name} | {kind} | {policy} | {len(some):,} | {win:.0f} | "
                f"{' | '.join(cells)} |"
            )


def _trades(one: Run, kind: str, fill: float) -> pd.DataFrame:
    t = one.trades[np.isclose(one.trades["fill"], fill)]
    put, call = t["short_put"].notna(), t["short_call"].notna()
    wanted = {"put_spread": put & ~call, "call_spread": call & ~put, "iron_condor": put & call}
    return t[wanted[kind]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the 0 DTE grid of recorded sessions.")
    default = os.environ.get("CONDORWATCH_SHARED_DATA", str(REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        runs = [
            run("raw100", data, home, "."),
            run("vix250", data, home, ".", "--band-mode", "vix250"),
            run("own moves, 20 and more", data, home, "daily", "--min-sample", "20"),
        ]
    print(
        "| bands | traded | earned | weak | evidence | trades at all fills | PBO % | best loses % |"
    )
    print("|---" * 8 + "|")
    print("\n".join(counts(one) for one in runs))
    print("\n| bands | sold | exits | trades | win % | return % at f = 0 | 0.5 | 1 |")
    print("|---" * 8 + "|")
    for one in runs:
        print("\n".join(by_type(one)))
    total = sum(r["configuration_days"] for r in runs[0].facts["no_trade"])
    print("\n| no trade (raw100, f = 0.5) | configuration-days | % |\n|---|---|---|")
    for reason in runs[0].facts["no_trade"]:
        days = reason["configuration_days"]
        print(f"| {reason['text']} | {days:,} | {100 * days / total:.1f} |")
    for one in runs:
        print(f"{one.name}: {one.facts['sentence']}")


if __name__ == "__main__":
    main()
