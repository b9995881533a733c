"""Each configuration's own numbers, in one pass over its trades.

Two views of the same trades: by *entry* session for the win rate and the mean return (and
their bootstrap variance), and by *settlement* session for the daily series behind the Sharpe
ratio, with zero on sessions where nothing settled, so that a crash which hits five open trades
counts as one very bad day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bootstrap import (
    block_sessions,
    lost_to_centering_each,
    stationary_sum_variance,
)
from monitor.backtest.jit import kernel, uncounted_kernel
from monitor.backtest.row_threads import in_ranges
from monitor.backtest.trade_columns import Rows, TradeColumns

Floats = NDArray[np.float64]
SESSIONS_PER_YEAR = 252
_FIELDS = (
    "n_trades", "n_wins", "mean_return", "mean_win", "mean_loss", "win_variance",
    "mean_variance", "non_overlapping", "day_1", "day_2", "day_3", "day_4", "day_variance",
    "day_autovariance",
)  # fmt: skip
(
    N_TRADES, N_WINS, MEAN_RETURN, MEAN_WIN, MEAN_LOSS, WIN_VARIANCE, MEAN_VARIANCE,
    NON_OVERLAPPING, DAY_1, DAY_2, DAY_3, DAY_4, DAY_VARIANCE, DAY_AUTOVARIANCE,
) = range(len(_FIELDS))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigStats:
    """One value a configuration, each of shape (n_configs,), float64; NaN where there is none.

    Returns are fractions of the maximum loss. Variances are those of an *estimate*.
    """

    n_sessions: int
    n_trades: Floats
    n_wins: Floats
    mean_return: Floats
    mean_win: Floats  # mean return of the winners
    mean_loss: Floats  # mean return of the others, ≤ 0
    win_variance: Floats  # of the win rate, by block bootstrap over entry sessions
    mean_variance: Floats  # of mean_return, likewise
    non_overlapping: Floats  # the most trades of it that share no session
    day_1: Floats  # mean of the daily series, and of its powers 2 to 4
    day_2: Floats
    day_3: Floats
    day_4: Floats
    day_variance: Floats  # of day_1 if sessions were independent
    day_autovariance: Floats  # of day_1 by block bootstrap

    @property
    def win_rate(self) -> Floats:
        with np.errstate(invalid="ignore"):
            return self.n_wins / self.n_trades

    @property
    def daily_sharpe(self) -> Floats:
        """Mean ÷ standard deviation of the daily series; NaN where it never moved."""
        n = self.n_sessions
        variance = (self.day_2 - self.day_1**2) * n / max(n - 1, 1)
        sharpe: Floats = self.day_1 / np.sqrt(np.where(variance > 0, variance, np.nan))
        return sharpe

    @property
    def sharpe(self) -> Floats:
        """The daily Sharpe ratio × √252."""
        return self.daily_sharpe * math.sqrt(SESSIONS_PER_YEAR)

    @property
    def breakeven_win_rate(self) -> Floats:
        """The win rate at which its own mean win and mean loss cancel; NaN without both."""
        return -self.mean_loss / (self.mean_win - self.mean_loss)


def summarize(trades: TradeColumns, *, dte: NDArray[np.integer], workers: int = 2) -> ConfigStats:
    """The numbers of every configuration; the same to the bit for any number of `workers`.

    Args:
        dte: Shape (n_configs,); sets the bootstrap's block length.
    """
    block = block_sessions(dte)
    kept = 1.0 - lost_to_centering_each(trades.n_sessions, block)
    out = np.full((len(_FIELDS), trades.n_configs), np.nan)
    in_ranges(
        lambda first, stop: _summarize_rows(
            trades.rows, trades.n_sessions, block, kept, first, stop, out
        ),
        trades.n_configs,
        workers=workers,
    )  # fmt: skip
    return ConfigStats(n_sessions=trades.n_sessions, **dict(zip(_FIELDS, out, strict=True)))


def daily_series(trades: TradeColumns, config: int) -> Floats:
    """One configuration's returns by settlement session, zero elsewhere. Shape (n_sessions,)."""
    rows = slice(trades.start[config], trades.start[config + 1])
    settle = trades.entry[rows].astype(np.int64) + trades.held[rows]
    daily: Floats = np.zeros(trades.n_sessions)
    np.add.at(daily, settle, trades.returns[rows])
    return daily


@uncounted_kernel
def _own(rows: Rows, c: int, out: Floats) -> None:
    """Counts and means of configuration c, which has trades."""
    start, entry, held, returns = rows
    low, high = start[c], start[c + 1]
    wins, gained, lost, apart, busy_until = 0, 0.0, 0.0, 0, np.int64(-1)
    for i in range(low, high):
        r = np.float64(returns[i])
        if r > 0.0:
            wins += 1
            gained += r
        else:
            lost += r
        if np.int64(entry[i]) > busy_until:
            apart += 1
            busy_until = np.int64(entry[i]) + np.int64(held[i])
    n = high - low
    out[N_WINS, c] = wins
    out[MEAN_RETURN, c] = (gained + lost) / n
    if wins > 0:
        out[MEAN_WIN, c] = gained / wins
    if wins < n:
        out[MEAN_LOSS, c] = lost / (n - wins)
    out[NON_OVERLAPPING, c] = apart


@uncounted_kernel
def _by_entry(rows: Rows, c: int, block: float, kept: float, x: Floats, out: Floats) -> None:
    """Variances of the win rate and of the mean return of configuration c.

    Both are ratios of two sums over sessions; to first order such a ratio's error is the sum of
    these residuals over n. A session without a trade adds nothing to either.
    """
    start, entry, _, returns = rows
    n = start[c + 1] - start[c]
    rate, mean = out[N_WINS, c] / n, out[MEAN_RETURN, c]
    scale = 1.0 / (kept * n * n)
    x[:] = 0.0
    for i in range(start[c], start[c + 1]):
        x[entry[i]] = (1.0 if returns[i] > 0.0 else 0.0) - rate
    out[WIN_VARIANCE, c] = stationary_sum_variance(x, block) * scale
    for i in range(start[c], start[c + 1]):
        x[entry[i]] = returns[i] - mean
    out[MEAN_VARIANCE, c] = stationary_sum_variance(x, block) * scale


@uncounted_kernel
def _by_day(rows: Rows, c: int, block: float, kept: float, daily: Floats, out: Floats) -> None:
    """Moments of the daily series of configuration c, and the variance of its mean."""
    start, entry, held, returns = rows
    n = len(daily)
    daily[:] = 0.0
    for i in range(start[c], start[c + 1]):
        daily[np.int64(entry[i]) + np.int64(held[i])] += returns[i]
    m1, m2, m3, m4 = 0.0, 0.0, 0.0, 0.0
    for t in range(n):
        d = daily[t]
        m1 += d
        m2 += d * d
        m3 += d * d * d
        m4 += d * d * d * d
    m1, m2 = m1 / n, m2 / n
    out[DAY_1, c], out[DAY_2, c], out[DAY_3, c], out[DAY_4, c] = m1, m2, m3 / n, m4 / n
    for t in range(n):
        daily[t] -= m1
    out[DAY_VARIANCE, c] = (m2 - m1 * m1) / (n - 1)
    out[DAY_AUTOVARIANCE, c] = stationary_sum_variance(daily, block) / (kept * n * n)


@kernel
def _summarize_rows(
    rows: Rows, n_sessions: int, block: Floats, kept: Floats, first: int, stop: int, out: Floats
) -> None:
    scratch = np.zeros(n_sessions)
    for c in range(first, stop):
        n = rows.start[c + 1] - rows.start[c]
        out[N_TRADES, c] = n
        out[N_WINS, c] = 0.0
        out[NON_OVERLAPPING, c] = 0.0
        if n == 0:
            continue
        _own(rows, c, out)
        if kept[c] > 0.0:
            if n > 1:
                _by_entry(rows, c, block[c], kept[c], scratch, out)
            _by_day(rows, c, block[c], kept[c], scratch, out)
