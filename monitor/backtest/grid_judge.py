"""What each configuration's trades are worth: intervals, shrinkage, deflation and the verdict.

The parts are those of docs/statistics.md, put together here for one variant of the grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.config_stats import ConfigStats, summarize
from monitor.backtest.configs import ConfigTable, Kind
from monitor.backtest.groups import group_means
from monitor.backtest.shrinkage import (
    fit_beta,
    shrink_returns,
    shrunk_win_rate,
    surface_error,
)
from monitor.backtest.stats_intervals import effective_trades, wilson_intervals
from monitor.backtest.trade_columns import TradeColumns
from monitor.backtest.variant_trades import Money
from monitor.backtest.verdict import cautious_moments, honest_score, verdict_codes
from monitor.domain.statistics import Z_95

Floats = NDArray[np.float64]
_SPREAD_TYPES = np.unique([k.spread_type.value for k in Kind], return_inverse=True)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How many attempts the verdict must allow for.

    `different`: clusters of configurations whose daily results go together count once;
    `every`: each configuration that traded, under each exit policy.
    """

    different: int
    every: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One value a configuration, shape (n_configs,); NaN unknown. Rates, returns: fractions.

    `mean_return` is the configuration's own; `shrunk_return` what is believed of it after luck is
    allowed for, `return_low` and `return_high` its 95 % bounds. `verdict` indexes `tuple(Verdict)`.
    """

    win_rate: Floats
    win_low: Floats
    win_high: Floats
    n_eff: Floats
    shrunk_win: Floats
    breakeven: Floats
    mean_return: Floats
    shrunk_return: Floats
    return_low: Floats
    return_high: Floats
    chance_positive: Floats
    sharpe_annual: Floats
    dsr: Floats
    dsr_all: Floats
    honest_score: Floats
    verdict: NDArray[np.int8]


def judge(
    trades: TradeColumns, money: Money, *, table: ConfigTable, tries: Tries, workers: int = 2
) -> Judged:
    """Judge one variant; `money` is of the same trades."""
    stats = summarize(trades, dte=table.dte, workers=workers)
    group = groups_of(table)
    n_eff = effective_trades(stats, group)
    rate = stats.win_rate
    win = wilson_intervals(rate * n_eff, n_eff)
    means = group_means(trades, group, table.dte)
    prior = fit_beta(rate, n_eff, group, means)
    cautious = cautious_moments(stats, group)
    returns = shrink_returns(
        cautious.mean_return, cautious.mean_variance, stats.n_trades, group, means,
        surface_sd=_model_error(money),
    )  # fmt: skip
    half = Z_95 * np.sqrt(returns.variance)
    dsr = cautious.deflated(tries.different)
    score = honest_score(returns.chance_positive, dsr)
    return Judged(
        win_rate=rate,
        win_low=win.low,
        win_high=win.high,
        n_eff=n_eff,
        shrunk_win=np.where(
            stats.n_trades > 0, shrunk_win_rate(rate * n_eff, n_eff, group, prior), np.nan
        ),
        breakeven=_breakeven(stats),
        mean_return=stats.mean_return,
        shrunk_return=returns.mean,
        return_low=returns.mean - half,
        return_high=returns.mean + half,
        chance_positive=returns.chance_positive,
        sharpe_annual=stats.sharpe,
        dsr=dsr,
        dsr_all=cautious.deflated(tries.every),
        honest_score=score,
        verdict=verdict_codes(score),
    )


def groups_of(table: ConfigTable) -> NDArray[np.int64]:
    """Configurations that lend each other: the same band mode, DTE, band and spread type."""
    code = table.mode.astype(np.int64)
    for column, size in ((table.dte, 64), (table.band, 128), (_SPREAD_TYPES[table.kind], 4)):
        code = code * size + column
    used = np.zeros(int(code.max()) + 1, np.bool_)
    used[code] = True
    place: NDArray[np.int64] = np.cumsum(used) - 1
    return place[code]


def _breakeven(stats: ConfigStats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return stats.breakeven_win_rate


def _model_error(money: Money) -> Floats:
    """What the error of model prices adds, for the share of trades that rest on them."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = money.credit / money.max_loss
        share = 1 - money.by_source[0] / money.n
    error: Floats = np.nan_to_num(share) * surface_error(np.nan_to_num(ratio), modeled=True)
    return error
