"""The probability of backtest overfitting (PBO), by combinatorially symmetric cross-validation.

The sessions are cut into S blocks; for every choice of half of them the best configuration
there is looked up in the other half. PBO is the share of choices in which it is no better than
the median there. PBO is relative (the best of a bad lot can still be the best), so the share
of choices in which it *lost money* is given beside it.

Source: Bailey, Borwein, López de Prado and Zhu, J. of Computational Finance 20(4) (2017) 39.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.cscv_kernels import TILE, Tiles, locate, ranks, sum_rows, tops
from monitor.backtest.row_threads import in_ranges
from monitor.backtest.trade_columns import TradeColumns
from monitor.errors import DomainError

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
DEFAULT_BLOCKS = 16
MAX_BLOCKS = 20  # 184,756 choices


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSums:
    """Per block and configuration the sum of the daily series and of its squares.

    Shape (n_blocks, n_configs), float32; `sessions` has each block's length.
    """

    total: Floats32
    square: Floats32
    sessions: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfitting:
    """Each array has one value a choice of blocks, shape (n_choices,)."""

    best: NDArray[np.int64]  # the configuration that was best in the chosen half
    seen: Floats  # its performance there
    realized: Floats  # its performance in the other half
    rank: Floats  # ω in (0, 1): its relative rank there, ties in the middle

    @property
    def pbo(self) -> float:
        """Share of choices with logit(ω) ≤ 0."""
        return float(np.mean(self.rank <= 0.5))

    @property
    def chance_best_loses(self) -> float:
        """Share of choices in which the best lost money in the other half."""
        return float(np.mean(self.realized < 0))


def block_sums(
    trades: TradeColumns, *, n_blocks: int = DEFAULT_BLOCKS, workers: int = 2
) -> BlockSums:
    """Cut the sessions into `n_blocks` runs of equal length (± 1) and sum each daily series.

    Raises:
        DomainError: n_blocks is odd, below 2, above 20, or above the number of sessions.
    """
    if n_blocks % 2 or not 2 <= n_blocks <= min(MAX_BLOCKS, trades.n_sessions):
        raise DomainError(
            f"{n_blocks} blocks of {trades.n_sessions} sessions: need an even number "
            f"from 2 to {min(MAX_BLOCKS, trades.n_sessions)}"
        )
    edges = np.arange(n_blocks + 1) * trades.n_sessions // n_blocks
    block_of = np.repeat(np.arange(n_blocks), np.diff(edges))
    shape = (n_blocks, trades.n_configs)
    total, square = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    in_ranges(
        lambda first, stop: sum_rows(trades.rows, block_of, first, stop, total, square),
        trades.n_configs,
        workers=workers,
    )  # fmt: skip
    return BlockSums(total=total, square=square, sessions=np.diff(edges))


def overfitting(
    blocks: BlockSums, *, measure: Literal["sharpe", "mean"] = "sharpe", workers: int = 2
) -> Overfitting:
    """Try every choice of half the blocks.

    Configurations that never traded are left out. The result is the same to the bit for any
    number of `workers`.

    Raises:
        DomainError: Fewer than two configurations traded.
    """
    used = np.flatnonzero(blocks.square.any(axis=0))
    if len(used) < 2:
        raise DomainError(f"{len(used)} configurations with trades: need two or more to rank")
    tiles = _tiles(blocks.total[:, used], blocks.square[:, used])
    n_blocks, n_tiles, by_sharpe = len(blocks.sessions), len(tiles.width), measure == "sharpe"
    # Every choice that holds block 0; the other half of each is the choice that does not.
    halves = np.array(
        [(0, *rest) for rest in combinations(range(1, n_blocks), n_blocks // 2 - 1)], np.int64
    )
    shape = (len(halves), 2)
    top = np.empty((n_tiles, *shape), np.float32)
    in_ranges(lambda i, j: tops(tiles, halves, by_sharpe, i, j, top), n_tiles, workers=workers)
    tile_of = top.argmax(axis=0)
    place, there = np.empty(shape, np.int64), np.empty(shape, np.float32)
    in_ranges(
        lambda i, j: locate(tiles, halves, by_sharpe, tile_of, i, j, place, there),
        len(halves),
        workers=workers,
    )
    count = np.empty((n_tiles, *shape), np.int32)
    in_ranges(
        lambda i, j: ranks(tiles, halves, by_sharpe, there, i, j, count), n_tiles, workers=workers
    )
    # Twice the number below plus the ties: the best itself is one of the ties.
    rank = (count.sum(axis=0) + 1) / 2 / (len(used) + 1)
    best = used[place.ravel()]
    chosen = _choices(halves, n_blocks)
    return Overfitting(
        best=best,
        seen=_performance(blocks, best, chosen, measure),
        realized=_performance(blocks, best, ~chosen, measure),
        rank=rank.ravel(),
    )


def _performance(
    blocks: BlockSums, config: NDArray[np.int64], chosen: NDArray[np.bool_], measure: str
) -> Floats:
    """Mean, or mean ÷ standard deviation, of each configuration over its chosen blocks."""
    n = chosen @ blocks.sessions
    mean: Floats = (blocks.total.T[config] * chosen).sum(axis=1, dtype=np.float64) / n
    if measure == "mean":
        return mean
    square = (blocks.square.T[config] * chosen).sum(axis=1, dtype=np.float64) / n
    variance = np.maximum(square - mean**2, 1e-6 * square)
    sharpe: Floats = mean / np.sqrt(np.where(square > 0, variance, 1.0))
    return sharpe


def _choices(halves: NDArray[np.int64], n_blocks: int) -> NDArray[np.bool_]:
    """Each choice and its mirror image as blocks in or out. Shape (2 × n_halves, n_blocks)."""
    chosen = np.zeros((len(halves), n_blocks), np.bool_)
    np.put_along_axis(chosen, halves, values=True, axis=1)
    return np.stack([chosen, ~chosen], axis=1).reshape(-1, n_blocks)


def _tiles(total: Floats32, square: Floats32) -> Tiles:
    """Cut (n_blocks, n) sums into tiles, the last padded with zeros."""
    n_blocks, n = total.shape
    n_tiles = -(-n // TILE)

    def cut(sums: Floats32) -> Floats32:
        padded = np.zeros((n_blocks, n_tiles * TILE), np.float32)
        padded[:, :n] = sums
        return np.ascontiguousarray(padded.reshape(n_blocks, -1, TILE).swapaxes(0, 1))

    parts = cut(total), cut(square)
    width = np.minimum(TILE, n - TILE * np.arange(n_tiles))
    return Tiles(*parts, parts[0].sum(axis=1), parts[1].sum(axis=1), width)
