"""The underlying out of the options themselves: put-call parity at liquid strikes.

At one strike, call − put + strike is the forward (European options, no arbitrage), within half
the spreads of the two; near the money both are quoted tightly and discounting the difference
changes nothing that can be seen. The median over several such strikes stands one bad quote.

Source: Hull, *Options, Futures and Other Derivatives*, put-call parity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.jit import kernel
from monitor.domain.chain_smile import MAX_HALF_SPREAD, MAX_SCATTER, MIN_STRIKES, NEAREST

Prices = NDArray[np.int32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MILLI = 1000  # strikes are whole thousandths of a point
PRICE_UNIT = 10_000  # bids and asks whole ten-thousandths: exact, since prices are decimals
MISSING = -1  # where there is no quote


@dataclass(frozen=True, slots=True)
class ParityForward:
    """A forward in points, how many strikes gave it and their median distance from it."""

    forward: float
    strikes: int
    scatter: float


@dataclass(frozen=True, slots=True)
class NoForward:
    """Why parity gives no forward here."""

    why: str


def parity_forward(strikes: Ints, quotes: Prices) -> ParityForward | NoForward:
    """The forward of one chain (one stamp, one expiration), for any ticker.

    Args:
        strikes: Thousandths of a point. Shape (n,).
        quotes: Put bid, put ask, call bid, call ask in ten-thousandths of a point, MISSING
            where unquoted. Shape (4, n).
    """
    value, used, scatter = forward_of(strikes, np.ascontiguousarray(quotes)[:, :, None], 0)
    if used < MIN_STRIKES:
        return NoForward(
            f"{used} liquid strikes with put and call quoted, {MIN_STRIKES} are needed"
        )
    if np.isnan(value):
        return NoForward(f"strikes contradict each other by {scatter:.2f} points in the median")
    return ParityForward(value, int(used), scatter)


@kernel
def _median(values: Floats, n: int) -> float:
    """Of the first n, which it sorts. (numpy's takes two seconds more to compile.)"""
    for i in range(1, n):
        value, k = values[i], i
        while k > 0 and values[k - 1] > value:
            values[k] = values[k - 1]
            k -= 1
        values[k] = value
    return float((values[(n - 1) // 2] + values[n // 2]) / 2)


@kernel
def forward_of(strikes: Ints, quotes: Prices, stamp: int) -> tuple[float, int, float]:
    """Forward, strikes used, scatter (points) of one stamp of a block of quotes.

    Args:
        quotes: Put bid, put ask, call bid, call ask. Shape (4, n_strikes, n_stamps).

    Returns:
        NaN as the forward when fewer than MIN_STRIKES are liquid or they contradict each other.
    """
    gaps = np.full(NEAREST, np.inf)  # |call − put| of the nearest so far, ascending
    values = np.empty(NEAREST)
    for k in range(len(strikes)):
        put_bid, put_ask = np.int64(quotes[0, k, stamp]), np.int64(quotes[1, k, stamp])
        call_bid, call_ask = np.int64(quotes[2, k, stamp]), np.int64(quotes[3, k, stamp])
        if put_bid <= 0 or call_bid <= 0:
            continue  # also when one of them is missing
        strike = strikes[k] / MILLI
        if put_ask - put_bid + call_ask - call_bid > 2 * PRICE_UNIT * MAX_HALF_SPREAD * strike:
            continue
        difference = (call_bid + call_ask - put_bid - put_ask) / (2 * PRICE_UNIT)
        gap = abs(difference)
        if gap >= gaps[NEAREST - 1]:
            continue
        i = NEAREST - 1
        while i > 0 and gaps[i - 1] > gap:
            gaps[i], values[i] = gaps[i - 1], values[i - 1]
            i -= 1
        gaps[i], values[i] = gap, strike + difference
    used = 0
    while used < NEAREST and gaps[used] < np.inf:
        used += 1
    if used < MIN_STRIKES:
        return np.nan, used, np.nan
    middle = _median(values, used)
    for i in range(used):
        values[i] = abs(values[i] - middle)
    scatter = _median(values, used)
    if scatter > MAX_SCATTER * middle:
        return np.nan, used, scatter
    return middle, used, scatter


@kernel
def forwards_of(
    strikes: Ints,
    strike_start: Ints,
    quotes: Prices,
    forwards: Floats,
    used: NDArray[np.int16],
) -> None:
    """`forward_of` for every expiration and stamp of a day, into `forwards` and `used`.

    Shapes as in `chain_day.DayChain`.
    """
    for e in range(len(strike_start) - 1):
        own = slice(strike_start[e], strike_start[e + 1])
        for stamp in range(quotes.shape[2]):
            forwards[e, stamp], used[e, stamp], _ = forward_of(strikes[own], quotes[:, own], stamp)
