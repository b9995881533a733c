"""A run's trades for others: columns for the statistics, a table for Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.configs import ExitPolicy
from monitor.backtest.trade_codes import Exit, PriceSource
from monitor.backtest.trade_columns import TradeChunk, TradeColumns, gather
from monitor.domain.vocabulary import Regime

if TYPE_CHECKING:
    import pyarrow as pa

    from monitor.backtest.run_plan import GridResult


def columns_of(grid: GridResult, policy: ExitPolicy, *, fill: float) -> TradeColumns:
    """The trades at one fill and policy; returns are net P&L ÷ maximum loss."""
    return gather(
        [chunk_of(grid.rows(fill=fill), policy, dte=grid.table.dte)],
        n_configs=len(grid.table),
        n_sessions=len(grid.days),
    )


def chunk_of(rows: NDArray[Any], policy: ExitPolicy, *, dte: NDArray[np.integer]) -> TradeChunk:
    """Rows of `legs.TRADE` at one fill as the statistics' columns."""
    held = policy is ExitPolicy.HOLD
    settle = (
        rows["entry"].astype(np.uint16) + dte[rows["config"]].astype(np.uint16)
        if held
        else rows["exit_session"]
    )
    pnl = rows["pnl_hold" if held else "pnl_managed"]
    return TradeChunk(
        config=rows["config"],
        entry=rows["entry"],
        settle=settle,
        returns=pnl / rows["max_loss"],
        credit_to_risk=100 * rows["credit"] / rows["max_loss"],
    )


def regime_of(grid: GridResult, rows: NDArray[Any], *, plain: bool = False) -> NDArray[np.int8]:
    """The VIX regime at each trade's entry, as a place in `Regime`; −1 unknown."""
    times = np.sort(np.asarray(grid.table.dims.entry_minutes_pt))
    j = np.searchsorted(times, grid.table.entry_minute_pt[rows["config"]])
    table = grid.regime_plain if plain else grid.regime
    found: NDArray[np.int8] = table[rows["entry"], j]
    return found


def arrow_table(grid: GridResult) -> pa.Table:
    """Every trade with its instants as New York date and minute, for Parquet.

    One row a trade and fill; `*_hold` and `*_managed` are its two endings. `width` and strikes
    are points, `credit*` points, the rest dollars per contract.
    """
    import pyarrow as pa

    from monitor.backtest.arrow_columns import dates, numbers, words

    t, table = grid.trades, grid.table
    config = t["config"]
    width = table.width[config]
    put, call = t["short_put"], t["short_call"]
    expiration = t["entry"].astype(np.int64) + table.dte[config]

    def word(codes: NDArray[np.integer], texts: list[str]) -> pa.DictionaryArray:
        return words(codes.astype(np.int8), texts, unknown=codes < 0)

    exits = [e.text for e in Exit]
    managed_minute = t["exit_minute"].astype(np.int16)
    return pa.table(
        {
            "config": numbers(config),
            "entry_date": dates(grid.days[t["entry"]]),
            "entry_minute_et": numbers(t["entry_minute"].astype(np.int16)),
            "expiration": dates(grid.days[expiration]),
            "short_put": numbers(put, unknown=put == 0),
            "long_put": numbers(put - width, unknown=put == 0),
            "short_call": numbers(call, unknown=call == 0),
            "long_call": numbers(call + width, unknown=call == 0),
            "fill": numbers(np.asarray(grid.spec.fills, np.float32)[t["fill"]]),
            "credit_mid": numbers(t["credit_mid"]),
            "credit": numbers(t["credit"]),
            "max_loss_usd": numbers(t["max_loss"]),
            "pnl_usd_hold": numbers(t["pnl_hold"]),
            "exit_hold": word(t["hold_reason"], exits),
            "pnl_usd_managed": numbers(t["pnl_managed"]),
            "exit_managed": word(t["reason"], exits),
            "exit_date_managed": dates(grid.days[t["exit_session"]]),
            "exit_minute_et_managed": numbers(managed_minute, unknown=managed_minute == 0),
            "price_source": word(t["source"], [s.text for s in PriceSource]),
            "regime": word(regime_of(grid, t), [r.value for r in Regime]),
            "regime_plain": word(regime_of(grid, t, plain=True), [r.value for r in Regime]),
        }
    )
