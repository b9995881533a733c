"""A finished run → every row of its grid: exit policies, fills, and the regimes at entry."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.clusters import find_clusters
from monitor.backtest.configs import ExitPolicy
from monitor.backtest.cscv import Overfitting
from monitor.backtest.grid_judge import Tries, judge
from monitor.backtest.grid_overfit import overfit
from monitor.backtest.grid_table import REGIMES, GridTable, Variant, grid_rows, stack
from monitor.backtest.grid_walk import Walked, grid_columns, walk
from monitor.backtest.run_plan import GridResult, some_rows
from monitor.backtest.trade_columns import TradeColumns, restrict
from monitor.backtest.trades_table import regime_of
from monitor.backtest.variant_trades import money_of
from monitor.domain.instruments import underlying

POLICIES = tuple(ExitPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltGrid:
    """All rows, how many tries the verdicts allow for, and each exit policy's walk-forward.

    `overfit` is of the shown policy; None where the run is too short for it.
    """

    table: GridTable
    tries: Tries
    walked: Mapping[ExitPolicy, Walked | None]
    overfit: Overfitting | None


def shown_policy(policies: tuple[ExitPolicy, ...]) -> ExitPolicy:
    """The exits of `grid_trading_ready.csv`: the person's own where they were computed."""
    return ExitPolicy.MANAGED if ExitPolicy.MANAGED in policies else policies[0]


def build_grid(
    result: GridResult, *, policies: tuple[ExitPolicy, ...] = POLICIES, workers: int = 2
) -> BuiltGrid:
    """Judge every variant of one ticker's run, as many at a time as there are `workers`.

    Regimes are told apart at the run's main fill only, over the configurations that traded in
    them; looking into five regimes is five times as many tries.
    """
    keys = [(fill, policy) for fill in result.spec.fills for policy in policies]
    inner = max(1, workers // len(keys))
    with ThreadPoolExecutor(max(1, workers)) as pool:
        counts = pool.map(lambda policy: _tries(result, policy), policies)
        different, every = (max(1, sum(column)) for column in zip(*counts, strict=True))
        tries = Tries(different=different, every=every)
        begun = pool.map(lambda k: _variant(result, k[0], k[1], tries, inner), keys)
        shown = result.columns(shown_policy(policies), fill=result.spec.fill)
        luck = overfit(shown, workers=workers)
        made = list(begun)
    return BuiltGrid(
        table=stack([part for parts, _ in made for part in parts]),
        tries=tries,
        overfit=luck,
        walked={
            policy: walked
            for (fill, policy), (_, walked) in zip(keys, made, strict=True)
            if fill == result.spec.fill
        },
    )


def _tries(result: GridResult, policy: ExitPolicy) -> tuple[int, int]:
    """How many different configurations were tried under an exit policy, and how many in all.

    Fills are costs, not tries.
    """
    trades = result.columns(policy, fill=result.spec.fill)
    return find_clusters(trades).count, int(np.count_nonzero(np.diff(trades.start)))


def _variant(
    result: GridResult, fill: float, policy: ExitPolicy, tries: Tries, workers: int
) -> tuple[list[GridTable], Walked | None]:
    """The rows of one fill and exit policy: all regimes, and at the main fill each by itself."""
    rows = result.rows(fill=fill)
    trades = result.columns(policy, fill=fill)
    if fill != result.spec.fill:
        return [_rows(result, rows, trades, policy, fill, tries, workers)], None
    walked = walk(trades, table=result.table, n_entry=result.n_entry_days, workers=workers)
    together = _rows(result, rows, trades, policy, fill, tries, workers, walked=walked)
    return [together, *_by_regime(result, rows, trades, policy, tries, workers)], walked


def _rows(
    result: GridResult,
    rows: NDArray[Any],
    trades: TradeColumns,
    policy: ExitPolicy,
    fill: float,
    tries: Tries,
    workers: int,
    *,
    regime: int = 0,
    walked: Walked | None = None,
) -> GridTable:
    money = money_of(
        rows,
        n_configs=len(result.table),
        policy=policy,
        multiplier=float(underlying(result.spec.ticker).multiplier),
    )
    judged = judge(trades, money, table=result.table, tries=tries, workers=workers)
    variant = Variant(
        ticker=result.spec.ticker,
        policy=policy,
        fill=fill,
        money=money,
        judged=judged,
        regime=regime,
        asked=0 if regime else result.n_entry_days,
        extra=grid_columns(walked, len(result.table)),
    )
    return grid_rows(result.table, variant)


def _by_regime(
    result: GridResult,
    rows: NDArray[Any],
    trades: TradeColumns,
    policy: ExitPolicy,
    tries: Tries,
    workers: int,
) -> list[GridTable]:
    """Rows of each regime that had trades; the engine's rows are in the columns' order."""
    of_trade = regime_of(result, rows)
    present = [r for r in range(len(REGIMES) - 1) if (of_trade == r).any()]
    more = Tries(
        different=tries.different * max(1, len(present)), every=tries.every * max(1, len(present))
    )
    parts = []
    for regime in present:
        mine = of_trade == regime
        part = _rows(
            result, some_rows(rows, mine), restrict(trades, mine), policy, result.spec.fill, more,
            workers, regime=regime + 1,
        )  # fmt: skip
        parts.append(part.take(part.floats("n_trades") > 0))
    return parts
