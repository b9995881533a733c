"""The loops of `cscv.py`: every choice of blocks × every configuration, a tile at a time.

A tile of configurations fits into the processor's cache with all its block sums. The best
configuration is only known when all tiles were seen, so the ranks are counted in a second pass
that computes the scores again: cheaper than keeping them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from monitor.backtest.jit import UNCOUNTED, kernel, uncounted_kernel
from monitor.backtest.trade_columns import Rows

F = TypeVar("F", bound=Callable[..., object])
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]
TILE = 1024


class Tiles(NamedTuple):
    """Block sums cut into tiles; `width` is how many configurations the tile really holds."""

    total: NDArray[np.float32]  # (n_tiles, n_blocks, TILE)
    square: NDArray[np.float32]
    all_total: NDArray[np.float32]  # (n_tiles, TILE), over all blocks
    all_square: NDArray[np.float32]
    width: NDArray[np.int64]


@kernel
def sum_rows(
    rows: Rows, block_of: Ints, first: int, stop: int, total: Floats32, square: Floats32
) -> None:
    """Sum the daily series of configurations first..stop-1, and its squares, by block."""
    start, entry, held, returns = rows
    daily = np.zeros(len(block_of))
    for c in range(first, stop):
        daily[:] = 0.0
        for i in range(start[c], start[c + 1]):
            daily[np.int64(entry[i]) + np.int64(held[i])] += returns[i]
        for t in range(len(block_of)):
            if daily[t] != 0.0:
                total[block_of[t], c] += daily[t]
                square[block_of[t], c] += daily[t] * daily[t]


# Each operation is exact IEEE, so values do not depend on how loops are vectorized; the flags
# only promise that no NaN occurs. numpy's error model: no check for division by zero.
def _vector(plain: F) -> F:
    return cast(
        "F",
        numba.njit(
            cache=True, nogil=True, fastmath={"nnan", "nsz"}, error_model="numpy", **UNCOUNTED
        )(plain),
    )


@_vector
def _score_both(
    base_s: Floats32,
    base_q: Floats32,
    add_s: Floats32,
    add_q: Floats32,
    all_s: Floats32,
    all_q: Floats32,
    by_sharpe: bool,
    inside: Floats32,
    outside: Floats32,
) -> None:
    """A number that orders configurations by performance, in the chosen half and in the other.

    By Sharpe it is s|s|/q of the sum s and the sum of squares q: with n sessions and Sharpe
    ratio h it equals n·h|h|/(1 + h²), which rises with h and needs neither root nor variance.
    The floor keeps rounding in all − chosen from dividing by nothing.
    """
    tiny, least = np.float32(1e-6), np.float32(1e-30)
    if not by_sharpe:
        for j in range(len(inside)):
            s = base_s[j] + add_s[j]
            inside[j] = s
            outside[j] = all_s[j] - s
        return
    for j in range(len(inside)):
        s = base_s[j] + add_s[j]
        q = base_q[j] + add_q[j]
        o = all_s[j] - s
        inside[j] = s * abs(s) / (q + least)
        outside[j] = o * abs(o) / (max(all_q[j] - q, tiny * all_q[j]) + least)


@_vector
def _add(a: Floats32, b: Floats32, result: Floats32) -> None:
    for j in range(len(result)):
        result[j] = a[j] + b[j]


@_vector
def _fold(values: Floats32, result: Floats32) -> None:
    for j in range(len(result)):
        result[j] = max(values[j], values[j + len(result)])


@_vector
def _largest(values: Floats32, spare: Floats32) -> np.float32:
    """The maximum of TILE values, halved again and again; `spare` is as long."""
    half, at = TILE // 2, 0
    _fold(values, spare[:half])
    while half > 1:
        _fold(spare[at : at + half], spare[at + half : at + half + half // 2])
        at += half
        half //= 2
    largest: np.float32 = spare[at]
    return largest


@_vector
def _count(values: Floats32, wanted: np.float32) -> int:
    """Twice the number below plus the number equal, so that ties can share a middle rank."""
    below, same = np.int32(0), np.int32(0)  # 64 bits would halve the speed
    for j in range(len(values)):
        below += np.int32(values[j] < wanted)
        same += np.int32(values[j] == wanted)
    return int(2 * below + same)


@uncounted_kernel
def _advance(tiles: Tiles, tile: int, halves: Ints, k: int, fresh: bool, stack: Floats32) -> None:
    """Sums of the first 0, 1, … blocks of choice k, all but its last, into stack[0 and 1].

    Choices come in lexicographic order, so most share these sums with the choice before.
    """
    level, depth = 0, halves.shape[1]
    if not fresh:
        while halves[k, level] == halves[k - 1, level]:
            level += 1
    for d in range(level, depth - 1):
        _add(stack[0, d], tiles.total[tile, halves[k, d]], stack[0, d + 1])
        _add(stack[1, d], tiles.square[tile, halves[k, d]], stack[1, d + 1])


@uncounted_kernel
def _scores(
    tiles: Tiles, tile: int, halves: Ints, k: int, by_sharpe: bool, fresh: bool,
    stack: Floats32, both: Floats32,
) -> None:  # fmt: skip
    """Fill both[0], both[1] with a tile's scores in choice k and in its mirror image."""
    _advance(tiles, tile, halves, k, fresh, stack)
    last = halves[k, -1]
    top = halves.shape[1] - 1
    _score_both(
        stack[0, top], stack[1, top], tiles.total[tile, last], tiles.square[tile, last],
        tiles.all_total[tile], tiles.all_square[tile], by_sharpe, both[0], both[1],
    )  # fmt: skip


@kernel
def tops(tiles: Tiles, halves: Ints, by_sharpe: bool, first: int, stop: int, top: Floats32) -> None:
    """Best score of each tile first..stop-1 in each choice and its mirror: top[tile, k, side]."""
    stack = np.zeros((2, halves.shape[1], TILE), np.float32)
    both, spare = np.empty((2, TILE), np.float32), np.empty(TILE, np.float32)
    for tile in range(first, stop):
        for k in range(len(halves)):
            _scores(tiles, tile, halves, k, by_sharpe, k == 0, stack, both)
            both[:, tiles.width[tile] :] = -np.inf
            top[tile, k, 0] = _largest(both[0], spare)
            top[tile, k, 1] = _largest(both[1], spare)


@kernel
def locate(
    tiles: Tiles, halves: Ints, by_sharpe: bool, tile_of: Ints, first: int, stop: int,
    best: Ints, there: Floats32,
) -> None:  # fmt: skip
    """For choices first..stop-1: the best configuration, and its score in the other half."""
    stack = np.zeros((2, halves.shape[1], TILE), np.float32)
    both = np.empty((2, TILE), np.float32)
    for k in range(first, stop):
        for side in range(2):
            tile = tile_of[k, side]
            _scores(tiles, tile, halves, k, by_sharpe, True, stack, both)
            j = np.argmax(both[side][: tiles.width[tile]])
            best[k, side] = tile * TILE + j
            there[k, side] = both[1 - side, j]


@kernel
def ranks(
    tiles: Tiles, halves: Ints, by_sharpe: bool, there: Floats32, first: int, stop: int,
    count: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill count[tile, k, side] with what `_count` says of the best's score in the other half."""
    stack = np.zeros((2, halves.shape[1], TILE), np.float32)
    both = np.empty((2, TILE), np.float32)
    for tile in range(first, stop):
        n = tiles.width[tile]
        for k in range(len(halves)):
            _scores(tiles, tile, halves, k, by_sharpe, k == 0, stack, both)
            count[tile, k, 0] = _count(both[1][:n], there[k, 0])
            count[tile, k, 1] = _count(both[0][:n], there[k, 1])
