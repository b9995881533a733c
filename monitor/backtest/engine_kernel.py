"""The simulation of one expiration, compiled: the same decisions as `engine_plain`, faster.

What is shared is done once: the short strike of a (DTE, band, time) serves all widths, the
vertical's credit serves its vertical, its condor and every fill.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.engine_exits import (
    TICK_SLACK,
    Floats,
    Ints,
    bought_back,
    forced_exit,
    inlined,
    managed_exit,
)
from monitor.backtest.jit import uncounted_kernel
from monitor.backtest.legs import MILLI, TRADE, Cells, ExpirationTask
from monitor.backtest.trade_codes import Exit, NoTrade

Rows = Any  # structured arrays of TRADE, which numba knows by their dtype
Bytes = NDArray[np.int8]

_SETTLED, _FORCED = int(Exit.SETTLED), int(Exit.FORCED)
_FLOW_UNKNOWN, _NO_FLOW = int(NoTrade.FLOW_UNKNOWN), int(NoTrade.NO_FLOW)
_OTHER_FLOW, _NO_BAND = int(NoTrade.OTHER_FLOW), int(NoTrade.NO_BAND)
_NO_STRIKE, _TOO_FAR = int(NoTrade.NO_STRIKE), int(NoTrade.STRIKE_TOO_FAR)
_NO_LONG, _UNQUOTED = int(NoTrade.NO_LONG_STRIKE), int(NoTrade.LONG_UNQUOTED)
_NO_CREDIT, _SUSPECT = int(NoTrade.NO_CREDIT), int(NoTrade.SUSPECT_CREDIT)
_SMALL, _OVER_RISK = int(NoTrade.SMALL_CREDIT), int(NoTrade.CREDIT_OVER_RISK)
_PUT, _CALL = 0, 1
_CONDOR = 4


def most_rows(cells: Cells, n_fills: int) -> int:
    """The most trades that one expiration can hold: two verticals and a condor per width."""
    wanted = min(3, int(np.count_nonzero(cells.kind_slot >= 0)))
    return len(cells.width) * cells.n_times * wanted * n_fills


def simulate(task: ExpirationTask, out: NDArray[Any] | None = None) -> tuple[NDArray[Any], Ints]:
    """As `simulate_plain`, rows in another order: by cell, time, width, kind, fill.

    Args:
        out: Room for at least `most_rows` rows of TRADE; the answer is then a part of it.
    """
    m, e, c, terms, rules = task.marks, task.entries, task.cells, task.terms, task.rules
    if out is None:
        out = np.empty(most_rows(c, len(task.fills)), TRADE)
    refused = np.zeros((len(task.fills), len(NoTrade)), np.int64)
    money = np.array(
        [
            terms.multiplier, terms.fee_usd, terms.ticks_per_point, terms.min_credit_usd,
            terms.max_strike_gap, terms.max_credit_share, rules.stop_loss_credit_multiple,
            rules.profit_target_pct, e.settlement,
        ]
    )  # fmt: skip
    most = int(np.diff(c.width_start).max(initial=0))
    days = int(m.session[-1] - m.session[0]) + 1 if len(m.session) else 0
    listed = np.full((len(m.put_strike) + len(m.call_strike)) * days, -1, np.int8)
    n = _simulate(
        m.session, m.minute, m.spot, m.source, m.extremes, m.put_strike, m.call_strike,
        m.mid.reshape(-1), m.half.reshape(-1),
        e.blocked, e.at, e.spot, e.flow, e.low, e.high, e.session, e.time_exit,
        e.force_from if terms.physical else len(m.session), m.expiration,
        c.dte_slot, c.start, c.width_start, c.width, c.kind_slot,
        money, np.asarray(task.fills, np.float64), listed, np.empty((2, most), np.int64),
        np.empty((4, most)), out, refused,
    )  # fmt: skip
    return out[:n], refused


@inlined
def _short(
    sign: int, strike: Ints, mid: Floats, first: int, n_t: int, t: int,
    level: float, spot: float, gap: float,
) -> int:  # fmt: skip
    """Row of the short strike: the nearest priced one beyond band and price; −1 none, −2 too far.

    `first` is the right's first row in the table of marks.
    """
    n = len(strike)
    if sign > 0:
        k = max(
            np.searchsorted(strike, np.int64(np.ceil(level * MILLI)), side="left"),
            np.searchsorted(strike, np.int64(np.floor(spot * MILLI)), side="right"),
        )
    else:
        k = min(
            np.searchsorted(strike, np.int64(np.floor(level * MILLI)), side="right") - 1,
            np.searchsorted(strike, np.int64(np.ceil(spot * MILLI)), side="left") - 1,
        )
    while 0 <= k < n and not np.isfinite(mid[(first + k) * n_t + t]):
        k += sign
    if not 0 <= k < n:
        return -1
    begin = max(sign * level, sign * spot)
    return -2 if sign * strike[k] / MILLI - begin > gap * spot else int(k)


@inlined
def _wings(
    sign: int, short: int, strike: Ints, mid: Floats, half: Floats, first: int, n_t: int, t: int,
    session: Ints, listed: Bytes, widths: Ints, share: float,
    long: Ints, credit: Floats, halves: Floats,
) -> None:  # fmt: skip
    """For each width the long leg's row, or −1 − NoTrade; credit at mid and half-spread."""
    if short < 0:
        long[:] = -1 - (_NO_STRIKE if short == -1 else _TOO_FAR)
        return
    j, n = short, len(strike)
    at_short = (first + short) * n_t + t
    for i in range(len(widths)):
        wanted = strike[short] + sign * widths[i]
        while 0 <= j < n and sign * strike[j] < sign * wanted:
            j += sign
        if not 0 <= j < n or strike[j] != wanted:
            long[i] = -1 - _NO_LONG
            continue
        at_long = (first + j) * n_t + t
        credit[i] = mid[at_short] - mid[at_long]
        halves[i] = half[at_short] + half[at_long]
        if not np.isfinite(mid[at_long]):
            known = _quoted_that_day(mid, first + j, n_t, session, t, listed)
            long[i] = -1 - (_UNQUOTED if known else _NO_LONG)
        elif not credit[i] > 0.0:
            long[i] = -1 - _NO_CREDIT
        elif credit[i] > share * widths[i] / MILLI:
            long[i] = -1 - _SUSPECT
        else:
            long[i] = j


@uncounted_kernel
def _quoted_that_day(mid: Floats, row: int, n_t: int, session: Ints, t: int, listed: Bytes) -> bool:
    """Whether a strike has any quote on the session of instant t; asked once per strike."""
    days = session[n_t - 1] - session[0] + 1
    place = row * days + session[t] - session[0]
    if listed[place] < 0:
        begin = t
        while begin > 0 and session[begin - 1] == session[t]:
            begin -= 1
        listed[place] = 0
        i = begin
        while i < n_t and session[i] == session[t]:
            if np.isfinite(mid[row * n_t + i]):
                listed[place] = 1
                break
            i += 1
    return bool(listed[place] == 1)


@uncounted_kernel
def _refuse(refused: Ints, widths: int, kind_slot: Ints, first: int, last: int, code: int) -> None:
    """Count all widths of the kinds first..last−1 at every fill."""
    kinds = 0
    for kind in range(first, last):
        kinds += kind_slot[kind] >= 0
    for f in range(refused.shape[0]):
        refused[f, code] += kinds * widths


@uncounted_kernel
def _simulate(
    session: Ints, minute: Ints, mark_spot: Floats, source: NDArray[np.uint8],
    extreme: NDArray[np.uint8],
    put_strike: Ints, call_strike: Ints, mid: Floats, half: Floats,
    blocked: Ints, at: Ints, spot: Floats, flow: Ints, low: Floats, high: Floats,
    entry_session: Ints, time_exit: Ints, force_from: int, expiration: int,
    dte_slot: Ints, start: Ints, width_start: Ints, width: Ints, kind_slot: Ints,
    money: Floats, fills: Floats, listed: Bytes, longs: Ints, wings: Floats,
    out: Rows, refused: Ints,
) -> int:  # fmt: skip
    put_long, call_long = longs[0], longs[1]
    put_credit, call_credit, put_halves, call_halves = wings[0], wings[1], wings[2], wings[3]
    n_t, n_puts, n_times = len(session), len(put_strike), at.shape[1]
    condor = kind_slot[_CONDOR] >= 0
    n = 0
    # Bands of one DTE and time sell neighboring strikes: one after the other they stay in cache.
    for work in range(at.size * len(start)):
        cell = work % len(start)
        time = work // len(start) % n_times
        slot = work // len(start) // n_times
        if dte_slot[cell] == slot:
            widths = width[width_start[cell] : width_start[cell + 1]]
            n_widths = len(widths)
            if blocked[slot, time] == -2:  # no entry day of this run
                continue
            if blocked[slot, time] >= 0:
                _refuse(refused, n_widths, kind_slot, 0, 5, blocked[slot, time])
                continue
            way = flow[slot, time]
            put_kind, call_kind = -1, -1
            if way == 2 or way == 0:
                code = _FLOW_UNKNOWN if way == 2 else _NO_FLOW
                _refuse(refused, n_widths, kind_slot, 0, 4, code)
            else:
                put_kind = 0 if way > 0 else 1  # PUT_WITH, PUT_AGAINST
                call_kind = 3 if way > 0 else 2  # CALL_AGAINST, CALL_WITH
                for other in (1 - put_kind, 5 - call_kind):
                    _refuse(refused, n_widths, kind_slot, other, other + 1, _OTHER_FLOW)
                put_kind = put_kind if kind_slot[put_kind] >= 0 else -1
                call_kind = call_kind if kind_slot[call_kind] >= 0 else -1
            lowest, highest = low[cell, time], high[cell, time]
            if not (np.isfinite(lowest) and np.isfinite(highest)):
                for kind in (put_kind, call_kind, _CONDOR if condor else -1):
                    if kind >= 0:
                        _refuse(refused, n_widths, kind_slot, kind, kind + 1, _NO_BAND)
                continue
            t, price = at[slot, time], spot[slot, time]
            put_short, call_short = -1, -1
            if put_kind >= 0 or condor:
                put_short = _short(-1, put_strike, mid, 0, n_t, t, lowest, price, money[4])
                _wings(-1, put_short, put_strike, mid, half, 0, n_t, t, session, listed, widths,
                       money[5], put_long[:n_widths], put_credit, put_halves)  # fmt: skip
            if call_kind >= 0 or condor:
                call_short = _short(1, call_strike, mid, n_puts, n_t, t, highest, price, money[4])
                _wings(1, call_short, call_strike, mid, half, n_puts, n_t, t, session, listed,
                       widths, money[5], call_long[:n_widths], call_credit,
                       call_halves)  # fmt: skip
            for i in range(n_widths):
                for which in range(3):
                    kind = put_kind if which == _PUT else call_kind if which == _CALL else _CONDOR
                    if kind < 0 or kind_slot[kind] < 0:
                        continue
                    code = 0
                    if which != _CALL and put_long[i] < 0:
                        code = put_long[i]
                    elif which != _PUT and call_long[i] < 0:
                        code = call_long[i]
                    if code < 0:
                        for f in range(len(fills)):
                            refused[f, -1 - code] += 1
                        continue
                    # where the rows of the four legs begin; a side that is not sold is −1
                    a, b, c, d = -1, -1, -1, -1
                    credit_mid, spread, low_strike, high_strike = 0.0, 0.0, 0.0, 0.0
                    if which != _CALL:
                        a, b = put_short * n_t, put_long[i] * n_t
                        credit_mid += put_credit[i]
                        spread += put_halves[i]
                        low_strike = put_strike[put_short] / MILLI
                    if which != _PUT:
                        c, d = (n_puts + call_short) * n_t, (n_puts + call_long[i]) * n_t
                        credit_mid += call_credit[i]
                        spread += call_halves[i]
                        high_strike = call_strike[call_short] / MILLI
                    config = start[cell] + (kind_slot[kind] * n_widths + i) * n_times + time
                    for f in range(len(fills)):
                        code = _trade(
                            mid, half, mark_spot, extreme, session, minute, a, b, c, d, low_strike,
                            high_strike, n_t, t, time_exit[slot], force_from, credit_mid, spread,
                            widths[i] / MILLI, fills[f], money, expiration, out, n,
                        )  # fmt: skip
                        if code >= 0:
                            refused[f, code] += 1
                            continue
                        row = out[n]
                        row.config = config
                        row.entry = entry_session[slot]
                        row.entry_minute = minute[t]
                        row.fill = f
                        row.source = source[t]
                        n += 1
    return n


@inlined
def _trade(
    mid: Floats, half: Floats, mark_spot: Floats, extreme: NDArray[np.uint8],
    session: Ints, minute: Ints,
    a: int, b: int, c: int, d: int, low_strike: float, high_strike: float,
    n_t: int, t0: int, time_exit: int, force_from: int, credit_mid: float, spread: float,
    width: float, fill: float, money: Floats, expiration: int, out: Rows, n: int,
) -> int:  # fmt: skip
    """Fill row n, held and managed; a NoTrade code where the fill leaves no trade, else −1."""
    multiplier, ticks, final = money[0], money[2], money[8]
    credit = np.floor((credit_mid - fill * spread) * ticks + TICK_SLACK) / ticks
    if not credit > 0.0:
        return _NO_CREDIT
    if multiplier * credit < money[3]:
        return _SMALL
    fees = (2.0 * (a >= 0) + 2.0 * (c >= 0)) * money[1]
    max_loss = multiplier * (width - credit) + fees
    if multiplier * credit >= max_loss:
        return _OVER_RISK
    value = 0.0
    if a >= 0:
        value += min(max(low_strike - final, 0.0), width)
    if c >= 0:
        value += min(max(final - high_strike, 0.0), width)
    settled = multiplier * (credit - value) - fees
    row = out[n]
    row.short_put, row.short_call = low_strike, high_strike
    row.credit_mid, row.credit, row.max_loss = credit_mid, credit, max_loss
    row.hold_reason, row.pnl_hold = _SETTLED, settled
    if force_from < n_t:
        t = forced_exit(mid, mark_spot, extreme, a, b, c, d, max(force_from, t0 + 1), n_t,
                        width, low_strike, high_strike)  # fmt: skip
        if t < n_t:
            row.hold_reason = _FORCED
            row.pnl_hold = bought_back(mid, half, a, b, c, d, t, width, credit, fees, fill,
                                       multiplier, ticks)  # fmt: skip
    t, reason = managed_exit(mid, mark_spot, extreme, a, b, c, d, t0, time_exit, force_from,
                             n_t, width, credit, money[6], money[7], low_strike,
                             high_strike)  # fmt: skip
    row.reason, row.pnl_managed = reason, settled
    row.exit_session, row.exit_minute = expiration, 0
    if reason != _SETTLED:
        row.exit_session = session[t]
        row.exit_minute = 0 if extreme[t] > 0 else minute[t]
        row.pnl_managed = bought_back(mid, half, a, b, c, d, t, width, credit, fees, fill,
                                      multiplier, ticks)  # fmt: skip
    return -1
