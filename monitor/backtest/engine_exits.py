"""Compiled exits of one trade: the live rules, along the rows of its legs' marks.

A trade's legs are four places in the flat table of marks: where the row of the short put, the
long put, the short call and the long call begin; −1 for a side that is not sold. Scanning
skips 32 instants at a time without a branch while the debit stays clear of both levels; the
rule itself decides at the rest (numba's cache knows only the file of the outermost kernel: after
a change here touch `engine_kernel.py`). A NaN mark compares false: an unknown mark decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from monitor.backtest.jit import UNCOUNTED
from monitor.backtest.legs import DAY_LOW
from monitor.backtest.trade_codes import Exit
from monitor.domain.exits import _ROUNDING as EXIT_ROUNDING

F = TypeVar("F", bound=Callable[..., Any])
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

NEAR_STRIKE = 0.005
TICK_SLACK = 1e-6  # of a tick: 0.15 is not exact in binary
_BLOCK = 32
_STOP, _TARGET = int(Exit.STOP), int(Exit.TARGET)
_TIME, _FORCED = int(Exit.TIME), int(Exit.FORCED)
_SETTLED = int(Exit.SETTLED)


def inlined(plain: F) -> F:
    """Compile as a part of its caller: passing arrays on would cost more than the work.

    No fast-math: amounts must equal the plain twin's to the bit.
    """
    compiled = numba.njit(
        cache=True, nogil=True, error_model="numpy", forceinline=True, **UNCOUNTED
    )(plain)
    return cast("F", compiled)


@inlined
def price_exit_code(credit: float, pnl: float, multiple: float, target_pct: float) -> int:
    """Compiled twin of `monitor.domain.exits.price_exit`; 0 where that says None."""
    slack = EXIT_ROUNDING * credit
    if pnl <= -multiple * credit + slack:
        return _STOP
    if pnl >= target_pct * credit / 100 - slack:
        return _TARGET
    return 0


@inlined
def skip_put_or_call(
    mid: Floats, short: int, long: int, t: int, stop: int, middle: float, reach: float
) -> int:
    """First instant in t..stop−1 whose debit may lie outside middle ± reach; `stop` if none."""
    while t < stop:
        n = min(_BLOCK, stop - t)
        hits = np.int64(0)
        for i in range(np.uint64(n)):
            debit = mid[np.uint64(short + t) + i] - mid[np.uint64(long + t) + i]
            hits += np.int64(abs(debit - middle) >= reach)
        if hits > 0:
            while not abs(mid[short + t] - mid[long + t] - middle) >= reach:
                t += 1
            return t
        t += n
    return stop


@inlined
def skip_condor(
    mid: Floats, a: int, b: int, c: int, d: int, t: int, stop: int, middle: float, reach: float
) -> int:
    """The same for both sides together. A side below 0 counts 0, as in `debit_at`."""
    while t < stop:
        n = min(_BLOCK, stop - t)
        hits = np.int64(0)
        for i in range(np.uint64(n)):
            put = mid[np.uint64(a + t) + i] - mid[np.uint64(b + t) + i]
            call = mid[np.uint64(c + t) + i] - mid[np.uint64(d + t) + i]
            put = 0.0 if put < 0.0 else put
            call = 0.0 if call < 0.0 else call
            hits += np.int64(abs(put + call - middle) >= reach)
        if hits > 0:
            while True:
                put = mid[a + t] - mid[b + t]
                call = mid[c + t] - mid[d + t]
                put = 0.0 if put < 0.0 else put
                call = 0.0 if call < 0.0 else call
                if abs(put + call - middle) >= reach:
                    return t
                t += 1
        t += n
    return stop


@inlined
def debit_at(mid: Floats, a: int, b: int, c: int, d: int, t: int, width: float) -> float:
    """Cost of buying back at mid, within 0..width; NaN where a leg is unknown."""
    total = 0.0
    if a >= 0:
        side = mid[a + t] - mid[b + t]
        if side != side:
            return np.nan
        total += min(max(side, 0.0), width)
    if c >= 0:
        side = mid[c + t] - mid[d + t]
        if side != side:
            return np.nan
        total += min(max(side, 0.0), width)
    return min(total, width)


@inlined
def near_strike(a: int, c: int, spot: float, low_strike: float, high_strike: float) -> bool:
    """Whether an ETF's short strike is too near to let it expire; so is an unknown price."""
    if spot != spot:
        return True
    return (a >= 0 and spot <= low_strike * (1 + NEAR_STRIKE)) or (
        c >= 0 and spot >= high_strike * (1 - NEAR_STRIKE)
    )


@inlined
def managed_exit(
    mid: Floats, mark_spot: Floats, extreme: Bytes, a: int, b: int, c: int, d: int,
    t0: int, time_exit: int, force_from: int, stop: int, width: float, credit: float,
    multiple: float, target_pct: float, low_strike: float, high_strike: float,
) -> tuple[int, int]:  # fmt: skip
    """Instant and `Exit` code of the first exit after t0; (stop, SETTLED) when there is none."""
    begin = min(time_exit, force_from)  # from here on more than the price can close it
    high, low = credit * (1 + multiple), credit * (1 - target_pct / 100)
    middle = 0.5 * (high + low)
    reach = 0.5 * (high - low) - 1e-7 * credit - 1e-9  # rather ask the rule once too often
    t = t0 + 1
    while t < stop:
        if t < begin:
            if a < 0:
                t = skip_put_or_call(mid, c, d, t, begin, middle, reach)
            elif c < 0:
                t = skip_put_or_call(mid, a, b, t, begin, middle, reach)
            else:
                t = skip_condor(mid, a, b, c, d, t, begin, middle, reach)
        if t == stop:
            break
        debit = debit_at(mid, a, b, c, d, t, width)
        if debit == debit:
            code = price_exit_code(credit, credit - debit, multiple, target_pct)
            if extreme[t] > 0:
                if code == _STOP and (a if extreme[t] == DAY_LOW else c) >= 0:
                    return t, _STOP
            elif code > 0:
                return t, code
            elif t >= time_exit:
                return t, _TIME
            elif t >= force_from and near_strike(a, c, mark_spot[t], low_strike, high_strike):
                return t, _FORCED
        t += 1
    return stop, _SETTLED


@inlined
def forced_exit(
    mid: Floats, mark_spot: Floats, extreme: Bytes, a: int, b: int, c: int, d: int,
    first: int, stop: int, width: float, low_strike: float, high_strike: float,
) -> int:  # fmt: skip
    """When a trade that is otherwise held must be closed for fear of assignment; else `stop`."""
    for t in range(first, stop):
        debit = debit_at(mid, a, b, c, d, t, width)
        if (
            extreme[t] == 0
            and debit == debit
            and near_strike(a, c, mark_spot[t], low_strike, high_strike)
        ):
            return t
    return stop


@inlined
def bought_back(
    mid: Floats, half: Floats, a: int, b: int, c: int, d: int, t: int, width: float,
    credit: float, fees: float, fill: float, multiplier: float, ticks: float,
) -> float:  # fmt: skip
    """P&L in dollars of closing at instant t: the marked debit, slippage, fees both ways."""
    spread = 0.0
    if a >= 0:
        spread += half[a + t] + half[b + t]
    if c >= 0:
        spread += half[c + t] + half[d + t]
    debit = debit_at(mid, a, b, c, d, t, width)
    paid = min(np.ceil((debit + fill * spread) * ticks - TICK_SLACK) / ticks, width)
    return float(multiplier * (credit - paid) - 2 * fees)
