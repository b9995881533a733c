"""What a whole group of configurations did, day by day, as if it were one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bootstrap import (
    block_sessions,
    lost_to_centering,
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
    np.maximum.at(longest, group, dte)
    columns = np.full((4, n_groups), np.nan)
    for g in range(n_groups):
        columns[:, g] = _pooled(*sums[:, g], dte=int(longest[g]))
    win_rate, n_eff, mean, variance = columns
    return GroupMeans(win_rate=win_rate, win_n_eff=n_eff, mean_return=mean, mean_variance=variance)


def _pooled(
    count: Floats, wins: Floats, returns: Floats, *, dte: int
) -> tuple[float, float, float, float]:
    n, sessions = count.sum(), len(count)
    block = float(block_sessions(np.array(dte)))
    kept = 1.0 - lost_to_centering(sessions, block)
    if n == 0 or kept <= 0 or sessions < 2:
        return (np.nan,) * 4
    rate, mean = wins.sum() / n, returns.sum() / n
    scale = 1.0 / (kept * n * n)
    rate_variance = stationary_sum_variance(wins - rate * count, block) * scale
    variance = stationary_sum_variance(returns - mean * count, block) * scale
    # A day is at most one independent trade of the group; entries on days that are further apart
    # than an option lives share nothing, which bounds it where no trade lost.
    days = float(np.count_nonzero(count))
    apart = max(1.0, days / (dte + 1))
    n_eff = min(days, rate * (1 - rate) / rate_variance) if rate_variance > 0 else apart
    cautious = with_unseen_loss(mean, variance, n, hit=n / apart)
    return rate, n_eff, float(cautious[0]), float(cautious[1])


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
