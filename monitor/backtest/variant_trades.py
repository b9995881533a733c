"""The engine's rows at one exit policy: returns for the statistics, dollars by configuration.

The engine fills one row for each trade and fill, with both exits side by side (`legs.TRADE`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.configs import ExitPolicy
from monitor.backtest.jit import kernel
from monitor.backtest.trade_codes import PriceSource
from monitor.backtest.trade_columns import TradeChunk

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Means over each configuration's trades in dollars per contract; NaN where it made none.

    Shapes: (n_configs,); `by_source` (n_sources, n_configs), trades by PriceSource. `credit` is
    what the order would have brought, after slippage and before fees; `max_loss` and `pnl` are
    after fees. `pnl_sd` is the sample standard deviation, NaN for fewer than two trades.
    """

    n: NDArray[np.int64]
    credit: Floats
    max_loss: Floats
    pnl: Floats
    pnl_sd: Floats
    by_source: NDArray[np.int64]


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


def money_of(
    rows: NDArray[Any], *, n_configs: int, policy: ExitPolicy, multiplier: float = 100.0
) -> Money:
    """Average the trades by configuration.

    Args:
        rows: Of `legs.TRADE`, of one fill.
        multiplier: Dollars per point and contract.
    """
    sums = np.zeros((4, n_configs))
    sources = np.zeros((len(PriceSource), n_configs), np.int64)
    _add(rows, policy is ExitPolicy.HOLD, sums, sources)  # type: ignore[no-untyped-call]
    n = sources.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        credit, max_loss, pnl, square = sums / n
        variance = (square - pnl**2) * n / (n - 1)
    # a spread below a millionth of the loss is what rounding leaves of equal results
    spread = np.where((n > 1) & (variance > (1e-6 * max_loss) ** 2), variance, 0.0)
    return Money(
        n=n,
        credit=multiplier * credit,
        max_loss=max_loss,
        pnl=pnl,
        pnl_sd=np.where(n > 1, np.sqrt(spread), np.nan),
        by_source=sources,
    )


@kernel
def _add(rows, hold, sums, sources):  # type: ignore[no-untyped-def]
    for i in range(len(rows)):
        c = rows[i].config
        p = np.float64(rows[i].pnl_hold if hold else rows[i].pnl_managed)
        sums[0, c] += rows[i].credit
        sums[1, c] += rows[i].max_loss
        sums[2, c] += p
        sums[3, c] += p * p
        sources[rows[i].source, c] += 1
