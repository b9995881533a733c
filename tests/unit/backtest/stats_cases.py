"""Trades for the statistics' tests: small by hand, and whole grids on a market without an edge."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.trade_columns import TradeChunk, TradeColumns, from_matrix, gather

NO = np.nan
DTES, BANDS, TYPES = (0, 1, 3, 5, 10), (1.96, 2.17, 2.33, 2.58, 3.0), 3
WIDTHS, TIMES = (0.1, 0.3, 0.6, 1.2), 4


def rows(*returns: list[float], held: int = 0) -> TradeColumns:
    """One list a configuration, one value a session; NO for no trade."""
    matrix = np.array(returns, np.float64)
    return from_matrix(matrix, np.full(matrix.shape, held))


@dataclass(frozen=True)
class MadeGrid:
    trades: TradeColumns
    dte: NDArray[np.int64]
    band: NDArray[np.int64]
    spread: NDArray[np.int64]  # 0 put, 1 call, 2 condor


def fair_grid(
    seed: int, *, sessions: int = 90, edge: float = 0.0, where: tuple[int, int, int] = (0, 0, 0)
) -> MadeGrid:
    """1,200 configurations on a Gaussian random walk, every spread sold at its exact value.

    So the mean return of each is zero in truth. `edge` is added to every return (fraction of
    the maximum loss) of the group `where` = (dte, band, spread). Units: a session's deviation.
    """
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((sessions + max(DTES) + 1) * TIMES) / np.sqrt(TIMES)
    path = np.concatenate([[0.0], np.cumsum(steps)])
    session = np.arange(sessions)
    chunks, labels = [], []
    for dte in DTES:
        entry = session[session + dte < sessions]
        for time in range(TIMES):
            end = (entry + dte + 1) * TIMES
            begin = entry * TIMES + time
            sd = float(np.sqrt((end - begin)[0] / TIMES))
            move = path[end] - path[begin]
            for band in range(len(BANDS)):
                for spread in range(TYPES):
                    for width in WIDTHS:
                        extra = edge if (dte, band, spread) == where else 0.0
                        returns = _returns(move, sd, BANDS[band] * sd, width, spread) + extra
                        chunks.append(
                            TradeChunk(
                                config=np.full(len(entry), len(labels)),
                                entry=entry,
                                settle=entry + dte,
                                returns=returns,
                            )
                        )
                        labels.append((dte, band, spread))
    trades = gather(chunks, n_configs=len(labels), n_sessions=sessions)
    dte_of, band_of, spread_of = np.array(labels).T
    return MadeGrid(trades, dte_of, band_of, spread_of)


def _returns(
    move: NDArray[np.float64], sd: float, strike: float, width: float, spread: int
) -> NDArray[np.float64]:
    def tail(k: float) -> float:  # E max(X − k, 0) of X ~ N(0, sd²)
        z = k / sd
        density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        return sd * density - k * math.erfc(z / math.sqrt(2)) / 2

    value = tail(strike) - tail(strike + width)
    put, call = np.clip(-move - strike, 0, width), np.clip(move - strike, 0, width)
    loss, credit = ((put, value), (call, value), (put + call, 2 * value))[spread]
    return (credit - loss) / (width - credit)
