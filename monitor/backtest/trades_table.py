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

    t, table = grid.trades, grid.table
    config = t["config"]
    width = table.width[config]
    put, call = t["short_put"], t["short_call"]
    expiration = t["entry"].astype(np.int64) + table.dte[config]
    epoch = 719_163  # date(1970, 1, 1).toordinal()

    def day(sessions: NDArray[np.integer]) -> pa.Array:
        return pa.array((grid.days[sessions] - epoch).astype(np.int32)).cast(pa.date32())

    def word(codes: NDArray[np.integer], words: list[str]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(
            pa.array(codes.astype(np.int8), mask=codes < 0), pa.array(words)
        )

    def strike(values: NDArray[np.float32], sold: NDArray[np.float32]) -> pa.Array:
        return pa.array(values, mask=sold == 0)

    exits = [e.text for e in Exit]
    managed_minute = t["exit_minute"].astype(np.int16)
    return pa.table(
        {
            "config": config,
            "entry_date": day(t["entry"]),
            "entry_minute_et": t["entry_minute"].astype(np.int16),
            "expiration": day(expiration),
            "short_put": strike(put, put),
            "long_put": strike(put - width, put),
            "short_call": strike(call, call),
            "long_call": strike(call + width, call),
            "fill": np.asarray(grid.spec.fills, np.float32)[t["fill"]],
            "credit_mid": t["credit_mid"],
            "credit": t["credit"],
            "max_loss_usd": t["max_loss"],
            "pnl_usd_hold": t["pnl_hold"],
            "exit_hold": word(t["hold_reason"], exits),
            "pnl_usd_managed": t["pnl_managed"],
            "exit_managed": word(t["reason"], exits),
            "exit_date_managed": day(t["exit_session"]),
            "exit_minute_et_managed": pa.array(managed_minute, mask=managed_minute == 0),
            "price_source": word(t["source"], [s.text for s in PriceSource]),
            "regime": word(regime_of(grid, t), [r.value for r in Regime]),
            "regime_plain": word(regime_of(grid, t, plain=True), [r.value for r in Regime]),
        }
    )
