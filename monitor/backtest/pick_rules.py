"""How somebody might pick configurations from their past: the rules that a walk-forward tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.config_stats import ConfigStats
from monitor.backtest.trade_columns import TradeColumns
from monitor.backtest.unseen_loss import with_unseen_loss
from monitor.backtest.verdict import naive_score
from monitor.domain.statistics import Z_95
from monitor.errors import DomainError

Floats = NDArray[np.float64]
Picks = NDArray[np.int64]
Rule = Callable[[TradeColumns, ConfigStats], Picks]
"""From the trades of a training window to the configurations chosen, best first."""


def naive_rule(*, top: int = 20, min_win: float = 0.90, min_trades: int = 10) -> Rule:
    """The person's: win rate at least 90 %, best `trade_score_naive`. Needs `credit_to_risk`."""

    def choose(trades: TradeColumns, stats: ConfigStats) -> Picks:
        score = naive_score(
            credit_to_risk_pct=100 * _mean_credit(trades),
            sharpe=stats.sharpe,
            win_pct=100 * stats.win_rate,
        )
        with np.errstate(invalid="ignore"):
            fit = (stats.win_rate >= min_win) & (stats.n_trades >= min_trades)
        return best(np.where(fit, score, np.nan), top)

    return choose


def honest_rule(*, top: int = 20, min_trades: int = 10) -> Rule:
    """Highest lower bound of the mean return (95 % two-sided), unseen loss included."""

    def choose(trades: TradeColumns, stats: ConfigStats) -> Picks:
        return best(lower_bound(stats, min_trades=min_trades), top)

    return choose


def lower_bound(stats: ConfigStats, *, min_trades: int = 10) -> Floats:
    """Of the mean return; NaN with fewer trades. Shape: (n_configs,)."""
    n = np.where(stats.n_trades >= min_trades, stats.n_trades, np.nan)
    mean, variance = with_unseen_loss(
        stats.mean_return, stats.mean_variance, n, hit=n / stats.non_overlapping
    )
    bound: Floats = mean - Z_95 * np.sqrt(variance)
    return bound


def best(score: Floats, top: int) -> Picks:
    """The `top` highest, best first; NaN is never chosen, ties go to the first."""
    known = np.flatnonzero(~np.isnan(score))
    return known[np.argsort(-score[known], kind="stable")][:top]


def _mean_credit(trades: TradeColumns) -> Floats:
    if trades.credit_to_risk is None:
        raise DomainError("the naive score needs credit_to_risk of every trade; pass it to gather")
    config = np.repeat(np.arange(trades.n_configs), np.diff(trades.start))
    total = np.bincount(config, trades.credit_to_risk, minlength=trades.n_configs)
    with np.errstate(invalid="ignore"):
        mean: Floats = total / np.diff(trades.start)
    return mean
