"""Speed of the statistics alone: a grid of fairly priced spreads on a random walk.

    python benchmarks/bench_stats.py [--sessions 90] [--widths 36] [--workers 2]

36 widths make 51,300 configurations (5 DTE × 19 times × 5 bands × 3 types × widths). Prints the
share of each step, its rate in trades a second, and the time of the whole per trade, which
stays level as sessions and configurations grow. The first run compiles; it is not counted.
"""

from __future__ import annotations

import argparse
import math
import resource
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from monitor.backtest.clusters import find_clusters
from monitor.backtest.config_stats import summarize
from monitor.backtest.cscv import block_sums, overfitting
from monitor.backtest.groups import group_means
from monitor.backtest.shrinkage import fit_beta, shrink_returns, shrunk_win_rate
from monitor.backtest.stats_intervals import effective_trades, wilson_intervals
from monitor.backtest.trade_columns import TradeChunk, TradeColumns, gather
from monitor.backtest.verdict import cautious_moments, honest_score, verdict_codes

T = TypeVar("T")
DTES, BANDS, TYPES, TIMES = (0, 1, 3, 5, 10), (1.96, 2.17, 2.33, 2.58, 3.0), 3, 19


def made_chunks(sessions: int, widths: int, seed: int = 1) -> tuple[list[TradeChunk], np.ndarray]:
    """Trades by session of entry, as an engine yields them, and each configuration's labels."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((sessions + 11) * TIMES) / math.sqrt(TIMES)
    path = np.concatenate([[0.0], np.cumsum(steps)])
    dte, clock, band, spread, width = (
        axis.ravel()
        for axis in np.meshgrid(
            DTES, range(TIMES), BANDS, range(TYPES), np.linspace(0.1, 1.5, widths), indexing="ij"
        )
    )
    clock, spread = clock.astype(int), spread.astype(int)
    sd = np.sqrt(dte + 1 - clock / TIMES)
    value = sd * (tail(band) - tail(band + width / sd))
    credit = np.where(spread == 2, 2 * value, value)
    config = np.arange(len(dte), dtype=np.int32)
    chunks = []
    for session in range(sessions):
        end = session + dte.astype(int) + 1
        move = path[end * TIMES] - path[session * TIMES + clock]
        put = np.clip(-move - band * sd, 0, width)
        call = np.clip(move - band * sd, 0, width)
        loss = np.choose(spread, (put, call, put + call))
        made = (end <= sessions) & (rng.random(len(dte)) < 0.8)
        chunks.append(
            TradeChunk(
                config=config[made],
                entry=np.full(int(made.sum()), session, np.int16),
                settle=(end[made] - 1).astype(np.int16),
                returns=((credit - loss) / (width - credit))[made].astype(np.float32),
            )
        )
    return chunks, np.stack([dte, band, spread], axis=1)


def tail(z: np.ndarray) -> np.ndarray:
    """E max(Z − z, 0) of a standard normal."""
    survival = np.array([math.erfc(v / math.sqrt(2)) / 2 for v in z])
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi) - z * survival


class Steps:
    """Seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def take(self, name: str, work: Callable[[], T]) -> T:
        begun = time.perf_counter()
        result = work()
        self.seconds[name] = time.perf_counter() - begun
        return result


def run(
    chunks: list[TradeChunk], dte: np.ndarray, group: np.ndarray, sessions: int, workers: int
) -> tuple[TradeColumns, Steps]:
    steps = Steps()
    take = steps.take
    trades = take("gather", lambda: gather(chunks, n_configs=len(dte), n_sessions=sessions))
    stats = take("summarize", lambda: summarize(trades, dte=dte, workers=workers))
    n_eff = take("effective trades", lambda: effective_trades(stats, group))
    wins = stats.win_rate * n_eff
    take("Wilson", lambda: wilson_intervals(wins, n_eff))
    means = take("groups", lambda: group_means(trades, group, dte))
    take(
        "Beta prior",
        lambda: shrunk_win_rate(wins, n_eff, group, fit_beta(stats.win_rate, n_eff, group, means)),
    )
    clusters = take("clusters", lambda: find_clusters(trades))
    moments = take("moments", lambda: cautious_moments(stats, group))
    shrunk = take(
        "James–Stein",
        lambda: shrink_returns(
            moments.mean_return, moments.mean_variance, stats.n_trades, group, means
        ),
    )
    take(
        "verdict",
        lambda: verdict_codes(
            honest_score(shrunk.chance_positive, moments.deflated(max(1, clusters.count)))
        ),
    )
    blocks = take("block sums", lambda: block_sums(trades, workers=workers))
    take("CSCV", lambda: overfitting(blocks, workers=workers))
    return trades, steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=90)
    parser.add_argument("--widths", type=int, default=36)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()

    few, labels = made_chunks(40, 2)
    group = np.unique(labels, axis=0, return_inverse=True)[1]
    begun = time.perf_counter()
    run(few, labels[:, 0].astype(int), group, 40, options.workers)
    print(f"first run, compiling or loading compiled code: {time.perf_counter() - begun:.1f} s")

    chunks, labels = made_chunks(options.sessions, options.widths)
    group = np.unique(labels, axis=0, return_inverse=True)[1]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    runs = [
        run(chunks, labels[:, 0].astype(int), group, options.sessions, options.workers)
        for _ in range(options.repeat)
    ]
    trades, steps = min(runs, key=lambda r: sum(r[1].seconds.values()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    total = sum(steps.seconds.values())
    print(
        f"{trades.n_configs:,} configurations × {options.sessions} sessions, "
        f"{trades.n_trades:,} trades, {options.workers} threads"
    )
    for name, seconds in steps.seconds.items():
        print(f"  {name:18}{1000 * seconds:9.1f} ms  {100 * seconds / total:4.0f} %")
    print(f"  {'all':18}{1000 * total:9.1f} ms; {1e9 * total / trades.n_trades:.0f} ns a trade")
    print(f"  peak memory {peak / 1024:.0f} MB, of it {(peak - before) / 1024:.0f} MB by this")


if __name__ == "__main__":
    main()
