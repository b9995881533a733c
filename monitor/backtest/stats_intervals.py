"""Intervals of win rates on effective sample sizes, for whole columns at once.

The single-number Wilson interval of the live scan is `monitor.domain.statistics`; these are the
same formulas over arrays. Rates are fractions of 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.config_stats import ConfigStats
from monitor.domain.statistics import Z_95

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Bounds of a rate, each of shape (n_configs,); NaN where there were no trades."""

    low: Floats
    high: Floats


def wilson_intervals(wins: Floats, trials: Floats, *, z: float = Z_95) -> Intervals:
    """`domain.statistics.wilson_interval` over arrays; NaN where trials is not positive."""
    wins, trials = np.asarray(wins, float), np.asarray(trials, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        n = np.where(trials > 0, trials, np.nan)
        rate = wins / n
        shrink = 1 + z * z / n
        center = (rate + z * z / (2 * n)) / shrink
        half = z * np.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / shrink
    low = np.where(wins == 0, 0.0, np.maximum(0.0, center - half))
    high = np.where(wins == trials, 1.0, np.minimum(1.0, center + half))
    unknown = np.isnan(center)
    return Intervals(np.where(unknown, np.nan, low), np.where(unknown, np.nan, high))


def jeffreys_intervals(wins: Floats, trials: Floats, *, level: float = 0.95) -> Intervals:
    """Equal-tailed Jeffreys intervals; 0 and 1 are kept as bounds where all or none won.

    Source: Brown, Cai and DasGupta, Statistical Science 16 (2001) 101, section 3.1.
    """
    from scipy import special  # heavy, and no part of a run

    wins, trials = np.asarray(wins, float), np.asarray(trials, float)
    known = trials > 0
    k, n = np.where(known, wins, np.nan), np.where(known, trials, np.nan)
    low = special.betaincinv(k + 0.5, n - k + 0.5, (1 - level) / 2)
    high = special.betaincinv(k + 0.5, n - k + 0.5, (1 + level) / 2)
    # With a fraction of a win the formula can leave out the rate itself.
    with np.errstate(invalid="ignore"):
        low, high = np.fmin(low, k / n), np.fmax(high, k / n)
    return Intervals(np.where(k == 0, 0.0, low), np.where(k == n, 1.0, high))


def effective_trades(stats: ConfigStats, group: NDArray[np.integer]) -> Floats:
    """How many independent trades the win rate is worth: p(1−p) ÷ its bootstrap variance.

    Never more than were made. Where all won or all lost the variance says nothing; then the
    median ratio n_eff/n of the configuration's group is used, and where the whole group has
    none, the most trades that share no session.

    Args:
        group: Shape (n_configs,), 0..: configurations that may lend each other (section 5).
    """
    p, n = stats.win_rate, stats.n_trades
    with np.errstate(invalid="ignore", divide="ignore"):
        measured = p * (1 - p) / stats.win_variance / n
    ratio = np.where((p > 0) & (p < 1), np.minimum(measured, 1.0), np.nan)
    lent = group_median(ratio, group)[group]
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = stats.non_overlapping / n
    ratio = np.where(np.isnan(ratio), lent, ratio)
    ratio = np.where(np.isnan(ratio), apart, ratio)
    return np.where(n > 0, n * ratio, np.nan)


def group_median(values: Floats, group: NDArray[np.integer]) -> Floats:
    """The median of each group, NaN values left out. Shape (n_groups,); NaN for an empty one."""
    n_groups = int(group.max()) + 1 if len(group) else 0
    known = ~np.isnan(values)
    order = np.lexsort((values[known], group[known]))
    ranked, which = values[known][order], group[known][order]
    count = np.bincount(which, minlength=n_groups)
    begin = np.concatenate([[0], np.cumsum(count)[:-1]])
    result = np.full(n_groups, np.nan)
    some = count > 0
    lower = ranked[(begin + (count - 1) // 2)[some]]
    upper = ranked[(begin + count // 2)[some]]
    result[some] = (lower + upper) / 2
    return result
