"""What a whole group of configurations did, day by day, as if it were one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bootstrap import (
    block_sessions,
    lost_to_centering_each,
    stationary_sum_variance,
)
from monitor.backtest.jit import kernel
from monitor.backtest.trade_columns import Rows, TradeColumns
from monitor.backtest.unseen_loss import with_unseen_loss

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMeans:
    """Means over all trades of a group, each of shape (n_groups,); NaN for one without trades.

    The return has the unseen loss in it (`unseen_loss.py`), the win rate has not.

    The bootstrap resamples whole sessions with all their trades, so trades of one day count as
    what they are: one draw of the market.
    """

    win_rate: Floats
    win_n_eff: Floats  # independent trades the group's win rate is worth
    mean_return: Floats
    mean_variance: Floats


def group_means(
    trades: TradeColumns, group: NDArray[np.integer], dte: NDArray[np.integer]
) -> GroupMeans:
    """Pool the trades of each group.

    Args:
        group: Shape (n_configs,), 0..n_groups−1.
        dte: Shape (n_configs,); a group's block length follows its longest.
    """
    n_groups = int(group.max()) + 1 if len(group) else 0
    sums = np.zeros((3, n_groups, trades.n_sessions))
    _by_session(trades.rows, group, sums)
    longest = np.zeros(n_groups, np.int64)
    for life in np.unique(dte):  # ascending, so that the longest of a group stays
        longest[group[dte == life]] = life
    block = block_sessions(longest)
    kept = 1.0 - lost_to_centering_each(trades.n_sessions, block)
    rate, mean, rate_variance, variance = pooled = np.full((4, n_groups), np.nan)
    _pool(sums, block, kept, pooled)
    n, days = sums[0].sum(axis=1), np.count_nonzero(sums[0], axis=1)
    # A day is at most one independent trade of the group; entries on days that are further apart
    # than an option lives share nothing, which bounds it where no trade lost.
    apart = np.maximum(1.0, days / (longest + 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        measured = np.minimum(days, rate * (1 - rate) / rate_variance)
        n_eff = np.where(rate_variance > 0, measured, np.where(np.isnan(rate), np.nan, apart))
        cautious, spread = with_unseen_loss(mean, variance, n, hit=n / apart)
    return GroupMeans(
        win_rate=rate, win_n_eff=n_eff, mean_return=cautious, mean_variance=spread
    )  # fmt: skip


@kernel
def _pool(sums: Floats, block: Floats, kept: Floats, out: Floats) -> None:
    """Win rate, mean return and the bootstrap variances of both; NaN stays without trades."""
    scratch = np.empty(sums.shape[2])
    for g in range(sums.shape[1]):
        count, wins, returns = sums[0, g], sums[1, g], sums[2, g]
        n = count.sum()
        if n == 0 or kept[g] <= 0 or len(count) < 2:
            continue
        rate, mean = wins.sum() / n, returns.sum() / n
        scale = 1.0 / (kept[g] * n * n)
        out[0, g], out[1, g] = rate, mean
        for t in range(len(count)):
            scratch[t] = wins[t] - rate * count[t]
        out[2, g] = stationary_sum_variance(scratch, block[g]) * scale
        for t in range(len(count)):
            scratch[t] = returns[t] - mean * count[t]
        out[3, g] = stationary_sum_variance(scratch, block[g]) * scale


@kernel
def _by_session(
    rows: Rows,
    group: NDArray[np.integer],
    sums: Floats,
) -> None:
    start, entry, _, returns = rows
    for c in range(len(start) - 1):
        g = group[c]
        for i in range(start[c], start[c + 1]):
            r = np.float64(returns[i])
            sums[0, g, entry[i]] += 1.0
            sums[1, g, entry[i]] += 1.0 if r > 0.0 else 0.0
            sums[2, g, entry[i]] += r
