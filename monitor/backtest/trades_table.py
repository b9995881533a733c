"""A run's trades for others: the regime at each entry, a table for Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.run_plan import GridResult
from monitor.backtest.trade_codes import Exit, PriceSource
from monitor.domain.vocabulary import Regime

if TYPE_CHECKING:
    import pyarrow as pa


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
