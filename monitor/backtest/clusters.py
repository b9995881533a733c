"""How many of the configurations tried are really different ones.

Thousands of configurations that differ by five points of width are one idea. The count is the
size of a greedy maximal set in which no two daily series correlate above the limit: each
configuration joins a leader it correlates with, or becomes one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from monitor.backtest.jit import kernel
from monitor.backtest.trade_columns import Rows, TradeColumns

Floats32 = NDArray[np.float32]
CORRELATION_LIMIT = 0.5
MAX_LEADERS = 2000
NEVER_MOVED = 1e-12  # sum of squared deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """`leader[c]` is the index of c's leader, −1 for a series that never moved. Shape (n_configs,).

    `count` is the number of leaders. Beyond MAX_LEADERS the search stops and every configuration
    that moved counts as its own (`capped`): more tries, never fewer.
    """

    count: int
    leader: NDArray[np.int64]
    capped: bool


def find_clusters(
    trades: TradeColumns, *, limit: float = CORRELATION_LIMIT, max_leaders: int = MAX_LEADERS
) -> Clusters:
    """Cluster by |correlation| > `limit` of the daily series (by settlement, zero elsewhere)."""
    leader = np.full(trades.n_configs, -1, np.int64)
    count = _lead(trades.rows, trades.n_sessions, limit, max_leaders, leader)
    if count <= max_leaders:
        return Clusters(count=count, leader=leader, capped=False)
    own = np.where(leader >= 0, np.arange(trades.n_configs), -1)
    return Clusters(count=int(np.count_nonzero(own >= 0)), leader=own, capped=True)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _dot(a: Floats32, b: Floats32) -> float:
    total = np.float32(0.0)
    for t in range(len(a)):
        total += a[t] * b[t]
    return float(total)


@kernel
def _standardize(rows: Rows, c: int, series: Floats32) -> bool:
    """Configuration c's daily series with mean 0 and length 1; False if it never moved."""
    start, entry, held, returns = rows
    series[:] = 0.0
    for i in range(start[c], start[c + 1]):
        series[np.int64(entry[i]) + np.int64(held[i])] += returns[i]
    mean, square = 0.0, 0.0
    for t in range(len(series)):
        mean += series[t] / len(series)
    for t in range(len(series)):
        square += (series[t] - mean) ** 2
    if square <= NEVER_MOVED:
        return False
    scale = 1.0 / np.sqrt(square)
    for t in range(len(series)):
        series[t] = (series[t] - mean) * scale
    return True


@kernel
def _copy(values: Floats32, place: Floats32) -> None:
    """`place[:] = values`, which takes three seconds to compile for the error it might raise."""
    for t in range(len(values)):
        place[t] = values[t]


@kernel
def _to_front(recent: NDArray[np.int64], place: int) -> None:
    moved = recent[place]
    for k in range(place, 0, -1):
        recent[k] = recent[k - 1]
    recent[0] = moved


@kernel
def _match(series: Floats32, leaders: Floats32, recent: NDArray[np.int64], count: int,
           limit: float) -> int:  # fmt: skip
    """Where in `recent` a leader stands that correlates with the series, or −1."""
    for k in range(count):
        if abs(_dot(series, leaders[recent[k]])) > limit:
            return k
    return -1


@kernel
def _lead(
    rows: Rows, n_sessions: int, limit: float, max_leaders: int, leader: NDArray[np.int64]
) -> int:
    """Fill `leader`; returns the number of leaders, max_leaders + 1 where there are too many.

    Leaders that matched last are asked first: neighbors in a grid are alike.
    """
    leaders = np.empty((64, n_sessions), np.float32)
    config_of = np.empty(max_leaders + 1, np.int64)
    recent = np.arange(max_leaders + 1)
    series = np.empty(n_sessions, np.float32)
    count = 0
    for c in range(len(leader)):
        if not _standardize(rows, c, series):
            continue
        leader[c] = c
        if count > max_leaders:
            continue
        found = _match(series, leaders, recent, count, limit)
        if found >= 0:
            leader[c] = config_of[recent[found]]
            _to_front(recent, found)
            continue
        if count < max_leaders:
            if count == len(leaders):
                larger = np.empty((2 * count, n_sessions), np.float32)
                for k in range(count):
                    _copy(leaders[k], larger[k])
                leaders = larger
            _copy(series, leaders[count])
            config_of[count] = c
            _to_front(recent, count)
        count += 1
    return count
