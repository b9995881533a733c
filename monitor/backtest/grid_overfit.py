"""How much of a run's best configuration is luck: overfitting over its own sessions.

PBO alone misleads (the least bad of a losing lot has none), so it never goes without the chance
that the best one loses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.backtest.config_stats import SESSIONS_PER_YEAR
from monitor.backtest.cscv import DEFAULT_BLOCKS, Overfitting, block_sums, overfitting
from monitor.backtest.trade_columns import TradeColumns

FEWEST_SESSIONS = 2 * DEFAULT_BLOCKS  # two a block
RANK_BINS = 20


def overfit(trades: TradeColumns, *, workers: int = 2) -> Overfitting | None:
    """CSCV over all configurations that traded; None where it would say nothing.

    That is with fewer than two of them, or fewer than 32 sessions for the 16 blocks.
    """
    traded = np.count_nonzero(np.diff(trades.start))
    if traded < 2 or trades.n_sessions < FEWEST_SESSIONS:
        return None
    return overfitting(block_sums(trades, workers=workers), workers=workers)


def overfit_facts(found: Overfitting | None) -> dict[str, Any] | None:
    """For run.json and the report. Sharpe ratios are annual, medians over the choices.

    `ranks` counts the choices by the best one's relative rank in the other half, in twenty equal
    bins from 0 (the worst of all) to 1 (the best).
    """
    if found is None:
        return None
    edges = np.linspace(0.0, 1.0, RANK_BINS + 1)
    year = np.sqrt(SESSIONS_PER_YEAR)
    return {
        "blocks": DEFAULT_BLOCKS,
        "choices": len(found.rank),
        "pbo_pct": round(100 * found.pbo, 2),
        "best_loses_pct": round(100 * found.chance_best_loses, 2),
        "different_best": len(np.unique(found.best)),
        "seen_sharpe_annual": round(float(year * np.median(found.seen)), 3),
        "realized_sharpe_annual": round(float(year * np.median(found.realized)), 3),
        # a rank on an edge belongs to the bin below it, as ω = ½ belongs to PBO
        "ranks": np.bincount(
            np.searchsorted(edges, found.rank, side="left") - 1, minlength=RANK_BINS
        ).tolist(),
    }
