"""Choose on the past, look at what came next: what a ranking shows against what it earns.

Each fold trains on trades that were *settled* before its test begins, with a gap of the longest
option's life between the last entry learned from and the first one judged, so no outcome is on
both sides (López de Prado, Advances in Financial Machine Learning, 2018, ch. 7).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.calibration import Outcomes
from monitor.backtest.config_stats import ConfigStats, summarize
from monitor.backtest.groups import group_means
from monitor.backtest.pick_rules import Picks, Rule
from monitor.backtest.shrinkage import fit_beta, shrunk_win_rate
from monitor.backtest.stats_intervals import effective_trades
from monitor.backtest.trade_columns import TradeColumns, window
from monitor.errors import DomainError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Entry sessions learned from and judged, as [first, stop) each."""

    train_first: int
    train_stop: int
    test_first: int
    test_stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldResult:
    """Means over the chosen configurations that traded again; NaN where none did.

    Rates and returns are fractions; `traded` says how many of `picks` the realized means rest on.
    """

    fold: Fold
    picks: Picks
    traded: int
    shown_win: float
    realized_win: float
    shown_return: float
    realized_return: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over folds and its standard error; NaN error for a single fold."""

    mean: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkForward:
    """`naive` and `shrunk` hold every configuration's forecast and outcome, over all folds.

    `times_picked`, `realized_return`: shape (n_configs,); the mean return over the test trades
    of the folds that chose it, NaN for one never chosen or never traded again.
    """

    folds: tuple[FoldResult, ...]
    naive: Outcomes
    shrunk: Outcomes
    times_picked: NDArray[np.int64]
    realized_return: Floats

    def over_folds(self, value: Callable[[FoldResult], float]) -> Estimate:
        """Mean and standard error of `value` over the folds in which it is known."""
        values = np.array([value(result) for result in self.folds])
        values = values[~np.isnan(values)]
        if len(values) == 0:
            return Estimate(mean=math.nan, error=math.nan)
        error = (
            float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan
        )
        return Estimate(mean=float(values.mean()), error=error)

    @property
    def win_gap(self) -> Estimate:
        """Shown minus realized win rate."""
        return self.over_folds(lambda result: result.shown_win - result.realized_win)


def make_folds(
    n_sessions: int, *, train: int, test: int, embargo: int, expanding: bool = False
) -> tuple[Fold, ...]:
    """Consecutive tests that cover the end of the window, each trained on what lies before.

    Args:
        train: Entry sessions to learn from; with `expanding` the least number, from session 0.
        embargo: Sessions between; at least the longest DTE, so that all entries are settled.

    Raises:
        DomainError: No session, or a negative gap.
    """
    if min(train, test) < 1 or embargo < 0:
        raise DomainError(
            f"train {train}, test {test}, embargo {embargo} sessions: need ≥ 1, ≥ 1 and ≥ 0"
        )
    starts = range(train + embargo, n_sessions - test + 1, test)
    return tuple(
        Fold(
            train_first=0 if expanding else first - embargo - train,
            train_stop=first - embargo,
            test_first=first,
            test_stop=first + test,
        )
        for first in starts
    )


def walk_forward(
    trades: TradeColumns,
    *,
    folds: Sequence[Fold],
    rule: Rule,
    dte: NDArray[np.integer],
    group: NDArray[np.integer],
    workers: int = 2,
) -> WalkForward:
    """Apply `rule` to each fold's past and look at its test.

    Args:
        dte, group: Shape (n_configs,), as in `summarize` and `fit_beta`.
    """
    (result,) = walk_rules(
        trades, folds=folds, rules=(rule,), dte=dte, group=group, workers=workers
    )  # fmt: skip
    return result


def walk_rules(
    trades: TradeColumns,
    *,
    folds: Sequence[Fold],
    rules: Sequence[Rule],
    dte: NDArray[np.integer],
    group: NDArray[np.integer],
    workers: int = 2,
) -> tuple[WalkForward, ...]:
    """The same for several rules: what they learn from and are judged on is worked out once."""
    naive, shrunk = [], []
    walks = [_Walk.begin(rule, trades.n_configs) for rule in rules]
    for fold in folds:
        past = _past(trades, fold, dte=dte, workers=workers)
        for walk in walks:
            walk.step(past)
        naive.append(past.outcomes(past.stats.win_rate))
        shrunk.append(past.outcomes(_shrunk(past.train, past.stats, dte, group)))
    joined = Outcomes.joined(naive), Outcomes.joined(shrunk)
    return tuple(walk.result(*joined) for walk in walks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """A fold's training trades and what they tell, and each configuration's trades after."""

    fold: Fold
    train: TradeColumns
    stats: ConfigStats
    n: Floats
    wins: Floats
    returns: Floats  # summed

    def outcomes(self, forecast: Floats) -> Outcomes:
        known = (self.stats.n_trades > 0) & (self.n > 0)
        return Outcomes(forecast[known], self.wins[known], self.n[known])


def _past(trades: TradeColumns, fold: Fold, *, dte: NDArray[np.integer], workers: int) -> _Past:
    train = window(
        trades, first=fold.train_first, stop=fold.train_stop, settled_by=fold.test_first
    )  # fmt: skip
    test = window(
        trades, first=fold.test_first, stop=fold.test_stop, settled_by=trades.n_sessions
    )  # fmt: skip
    n, wins, returns = _totals(test)
    return _Past(
        fold=fold, train=train, stats=summarize(train, dte=dte, workers=workers),
        n=n, wins=wins, returns=returns,
    )  # fmt: skip


@dataclass(slots=True)
class _Walk:
    """One rule on its way through the folds."""

    rule: Rule
    results: list[FoldResult]
    chosen: NDArray[np.int64]
    later_n: Floats
    later_sum: Floats

    @classmethod
    def begin(cls, rule: Rule, n: int) -> _Walk:
        return cls(rule, [], np.zeros(n, np.int64), np.zeros(n), np.zeros(n))

    def step(self, past: _Past) -> None:
        picks = self.rule(past.train, past.stats)
        self.results.append(_fold_result(past, picks))
        self.chosen[picks] += 1
        self.later_n[picks] += past.n[picks]
        self.later_sum[picks] += past.returns[picks]

    def result(self, naive: Outcomes, shrunk: Outcomes) -> WalkForward:
        with np.errstate(invalid="ignore"):
            realized = self.later_sum / self.later_n
        return WalkForward(
            folds=tuple(self.results),
            naive=naive,
            shrunk=shrunk,
            times_picked=self.chosen,
            realized_return=realized,
        )


def _fold_result(past: _Past, picks: Picks) -> FoldResult:
    again = picks[past.n[picks] > 0]
    n = past.n[again]

    def mean(values: Floats) -> float:
        return float(values.mean()) if len(again) else math.nan

    return FoldResult(
        fold=past.fold,
        picks=picks,
        traded=len(again),
        shown_win=mean(past.stats.win_rate[again]),
        realized_win=mean(past.wins[again] / n),
        shown_return=mean(past.stats.mean_return[again]),
        realized_return=mean(past.returns[again] / n),
    )


def _shrunk(
    train: TradeColumns,
    stats: ConfigStats,
    dte: NDArray[np.integer],
    group: NDArray[np.integer],
) -> Floats:
    n_eff = effective_trades(stats, group)
    prior = fit_beta(stats.win_rate, n_eff, group, group_means(train, group, dte))
    return shrunk_win_rate(stats.win_rate * n_eff, n_eff, group, prior)


def _totals(trades: TradeColumns) -> tuple[Floats, Floats, Floats]:
    """Trades, wins and summed returns of each configuration."""
    n = np.diff(trades.start).astype(np.float64)
    config = np.repeat(np.arange(trades.n_configs), np.diff(trades.start))
    wins = np.bincount(config, trades.returns > 0, minlength=trades.n_configs)
    returns = np.bincount(config, trades.returns, minlength=trades.n_configs)
    return n, wins.astype(np.float64), returns.astype(np.float64)
