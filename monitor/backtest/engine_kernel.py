"""The simulation of one expiration, compiled: the same decisions as `engine_plain`, faster.

What is shared is done once: the short strike of a (DTE, band, time) serves all widths, the
vertical's credit serves its vertical, its condor and every fill. A managed trade looks along
its legs' rows of marks, 16 instants at a time without a branch, for the first P&L outside
(stop, target); only there is the exit's rule asked. A NaN mark compares false: unknown
marks decide nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.jit import kernel
from monitor.backtest.legs import MILLI, TRADE, ExpirationTask
from monitor.backtest.trade_codes import Exit, NoTrade
from monitor.domain.exits import _ROUNDING as EXIT_ROUNDING

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = Any  # structured arrays of TRADE, which numba knows by their dtype

_NEAR_STRIKE = 0.005
_TICK_SLACK = 1e-6
_BLOCK = 16
_STOP, _TARGET, _TIME, _FORCED = int(Exit.STOP), int(Exit.TARGET), int(Exit.TIME), int(Exit.FORCED)
_SETTLED = int(Exit.SETTLED)
_FLOW_UNKNOWN, _NO_FLOW = int(NoTrade.FLOW_UNKNOWN), int(NoTrade.NO_FLOW)
_OTHER_FLOW, _NO_BAND = int(NoTrade.OTHER_FLOW), int(NoTrade.NO_BAND)
_NO_STRIKE, _TOO_FAR = int(NoTrade.NO_STRIKE), int(NoTrade.STRIKE_TOO_FAR)
_NO_LONG, _UNQUOTED = int(NoTrade.NO_LONG_STRIKE), int(NoTrade.LONG_UNQUOTED)
_NO_CREDIT, _SUSPECT = int(NoTrade.NO_CREDIT), int(NoTrade.SUSPECT_CREDIT)
_SMALL, _OVER_RISK = int(NoTrade.SMALL_CREDIT), int(NoTrade.CREDIT_OVER_RISK)
_PUT, _CALL, _BOTH = 0, 1, 2
_CONDOR = 4


def most_rows(task: ExpirationTask) -> int:
    """The most trades that one expiration can hold: two verticals and a condor per width."""
    wanted = min(3, int(np.count_nonzero(task.cells.kind_slot >= 0)))
    return len(task.cells.width) * task.cells.n_times * wanted * len(task.fills)


def simulate(task: ExpirationTask, out: NDArray[Any] | None = None) -> tuple[NDArray[Any], Ints]:
    """As `simulate_plain`, rows in another order: by cell, time, width, kind, fill.

    Args:
        out: Room for at least `most_rows` rows of TRADE; the answer is then a part of it.
    """
    m, e, c, terms, rules = task.marks, task.entries, task.cells, task.terms, task.rules
    if out is None:
        out = np.empty(most_rows(task), TRADE)
    refused = np.zeros((len(task.fills), len(NoTrade)), np.int64)
    money = np.array(
        [
            terms.multiplier, terms.fee_usd, terms.ticks_per_point, terms.min_credit_usd,
            terms.max_strike_gap, terms.max_credit_share, rules.stop_loss_credit_multiple,
            rules.profit_target_pct, e.settlement,
        ]
    )  # fmt: skip
    n = _simulate(
        m.session, m.minute, m.spot, m.source,
        m.put.strike, m.put.mid, m.put.half, m.call.strike, m.call.mid, m.call.half,
        e.blocked, e.at, e.spot, e.flow, e.low, e.high, e.session, e.time_exit,
        e.force_from if terms.physical else len(m.session), m.expiration,
        c.dte_slot, c.start, c.width_start, c.width, c.kind_slot,
        money, np.asarray(task.fills, np.float64), out, refused,
    )  # fmt: skip
    return out[:n], refused


@kernel
def price_exit_code(credit: float, pnl: float, multiple: float, target_pct: float) -> int:
    """Compiled twin of `monitor.domain.exits.price_exit`; 0 where that says None."""
    slack = EXIT_ROUNDING * credit
    if pnl <= -multiple * credit + slack:
        return _STOP
    if pnl >= target_pct * credit / 100 - slack:
        return _TARGET
    return 0


@kernel
def _first_outside(
    short: Floats, long: Floats, t: int, stop: int, width: float, credit: float,
    low: float, high: float,
) -> int:  # fmt: skip
    """First instant in t..stop−1 with P&L ≤ low or ≥ high; `stop` when there is none."""
    while t + _BLOCK <= stop:
        hits = 0
        for i in range(t, t + _BLOCK):
            debit = short[i] - long[i]
            debit = width if debit > width else debit
            debit = 0.0 if debit < 0.0 else debit
            pnl = credit - debit
            hits += (pnl <= low) | (pnl >= high)
        if hits > 0:
            break
        t += _BLOCK
    while t < stop:
        pnl = credit - min(max(short[t] - long[t], 0.0), width)
        if pnl <= low or pnl >= high:
            return t
        t += 1
    return stop


@kernel
def _first_outside_both(
    short_put: Floats, long_put: Floats, short_call: Floats, long_call: Floats,
    t: int, stop: int, width: float, credit: float, low: float, high: float,
) -> int:  # fmt: skip
    while t + _BLOCK <= stop:
        hits = 0
        for i in range(t, t + _BLOCK):
            put = short_put[i] - long_put[i]
            put = width if put > width else put
            put = 0.0 if put < 0.0 else put
            call = short_call[i] - long_call[i]
            call = width if call > width else call
            call = 0.0 if call < 0.0 else call
            debit = put + call
            debit = width if debit > width else debit
            pnl = credit - debit
            hits += (pnl <= low) | (pnl >= high)
        if hits > 0:
            break
        t += _BLOCK
    while t < stop:
        put = min(max(short_put[t] - long_put[t], 0.0), width)
        call = min(max(short_call[t] - long_call[t], 0.0), width)
        pnl = credit - min(put + call, width)
        if pnl <= low or pnl >= high:
            return t
        t += 1
    return stop


@kernel
def _side(
    sign: int, strike: Ints, mid: Floats, t: int, level: float, spot: float, gap: float
) -> int:
    """Row of the short strike, or −1 (no strike) or −2 (too far)."""
    n = len(strike)
    # the first row beyond both: at or past the level, strictly past the price
    if sign > 0:
        k = max(
            np.searchsorted(strike, np.int64(np.ceil(level * MILLI)), side="left"),
            np.searchsorted(strike, np.int64(np.floor(spot * MILLI)), side="right"),
        )
        while k < n and not np.isfinite(mid[k, t]):
            k += 1
        if k >= n:
            return -1
    else:
        k = min(
            np.searchsorted(strike, np.int64(np.floor(level * MILLI)), side="right") - 1,
            np.searchsorted(strike, np.int64(np.ceil(spot * MILLI)), side="left") - 1,
        )
        while k >= 0 and not np.isfinite(mid[k, t]):
            k -= 1
        if k < 0:
            return -1
    begin = max(sign * level, sign * spot)
    return -2 if sign * strike[k] / MILLI - begin > gap * spot else int(k)


@kernel
def _wings(
    sign: int, short: int, strike: Ints, mid: Floats, half: Floats, t: int, session: Ints,
    widths: Ints, share: float, long: Ints, credit: Floats, halves: Floats,
) -> None:  # fmt: skip
    """For each width the long leg's row, or −1 − NoTrade; its credit at mid and half-spread."""
    j = short
    for i in range(len(widths)):
        if short < 0:
            long[i] = -1 - (_NO_STRIKE if short == -1 else _TOO_FAR)
            continue
        wanted = strike[short] + sign * widths[i]
        while 0 <= j < len(strike) and sign * strike[j] < sign * wanted:
            j += sign
        if not (0 <= j < len(strike)) or strike[j] != wanted:
            long[i] = -1 - _NO_LONG
            continue
        credit[i] = mid[short, t] - mid[j, t]
        halves[i] = half[short, t] + half[j, t]
        if not np.isfinite(mid[j, t]):
            long[i] = -1 - (_UNQUOTED if _quoted_today(mid[j], session, t) else _NO_LONG)
        elif not credit[i] > 0.0:
            long[i] = -1 - _NO_CREDIT
        elif credit[i] > share * widths[i] / MILLI:
            long[i] = -1 - _SUSPECT
        else:
            long[i] = j


@kernel
def _quoted_today(row: Floats, session: Ints, t: int) -> bool:
    first = t
    while first > 0 and session[first - 1] == session[t]:
        first -= 1
    for i in range(first, len(row)):
        if session[i] != session[t]:
            break
        if np.isfinite(row[i]):
            return True
    return False


@kernel
def _refuse(
    refused: Ints, cell: int, width_start: Ints, kind_slot: Ints, first: int, last: int, code: int
) -> None:
    """Count all widths of the kinds first..last−1 at every fill."""
    kinds = 0
    for kind in range(first, last):
        kinds += kind_slot[kind] >= 0
    for f in range(refused.shape[0]):
        refused[f, code] += kinds * (width_start[cell + 1] - width_start[cell])


@kernel
def _simulate(
    session: Ints, minute: Ints, mark_spot: Floats, source: NDArray[np.uint8],
    put_strike: Ints, put_mid: Floats, put_half: Floats,
    call_strike: Ints, call_mid: Floats, call_half: Floats,
    blocked: Ints, at: Ints, spot: Floats, flow: Ints, low: Floats, high: Floats,
    entry_session: Ints, time_exit: Ints, force_from: int, expiration: int,
    dte_slot: Ints, start: Ints, width_start: Ints, width: Ints, kind_slot: Ints,
    money: Floats, fills: Floats, out: Rows, refused: Ints,
) -> int:  # fmt: skip
    most = 0
    for cell in range(len(start)):
        most = max(most, width_start[cell + 1] - width_start[cell])
    put_long, call_long = np.empty(most, np.int64), np.empty(most, np.int64)
    put_credit, call_credit = np.empty(most), np.empty(most)
    put_halves, call_halves = np.empty(most), np.empty(most)
    gap, share = money[4], money[5]
    n_times = at.shape[1]
    n = 0
    for cell in range(len(start)):
        slot = dte_slot[cell]
        widths = width[width_start[cell] : width_start[cell + 1]]
        for time in range(n_times):
            if blocked[slot, time] >= 0:
                _refuse(refused, cell, width_start, kind_slot, 0, 5, blocked[slot, time])
                continue
            way = flow[slot, time]
            if way == 2 or way == 0:
                _refuse(
                    refused, cell, width_start, kind_slot, 0, 4,
                    _FLOW_UNKNOWN if way == 2 else _NO_FLOW,
                )  # fmt: skip
                put_kind, call_kind = -1, -1
            else:
                put_kind = 0 if way > 0 else 1  # PUT_WITH, PUT_AGAINST
                call_kind = 3 if way > 0 else 2  # CALL_AGAINST, CALL_WITH
                for other in (1 - put_kind, 5 - call_kind):
                    _refuse(refused, cell, width_start, kind_slot, other, other + 1, _OTHER_FLOW)
                put_kind = put_kind if kind_slot[put_kind] >= 0 else -1
                call_kind = call_kind if kind_slot[call_kind] >= 0 else -1
            lowest, highest = low[cell, time], high[cell, time]
            condor = kind_slot[_CONDOR] >= 0
            if not (np.isfinite(lowest) and np.isfinite(highest)):
                for kind in (put_kind, call_kind, _CONDOR if condor else -1):
                    if kind >= 0:
                        _refuse(refused, cell, width_start, kind_slot, kind, kind + 1, _NO_BAND)
                continue
            t, price = at[slot, time], spot[slot, time]
            put_short, call_short = -1, -1
            if put_kind >= 0 or condor:
                put_short = _side(-1, put_strike, put_mid, t, lowest, price, gap)
                _wings(-1, put_short, put_strike, put_mid, put_half, t, session, widths, share,
                       put_long, put_credit, put_halves)  # fmt: skip
            if call_kind >= 0 or condor:
                call_short = _side(1, call_strike, call_mid, t, highest, price, gap)
                _wings(1, call_short, call_strike, call_mid, call_half, t, session, widths, share,
                       call_long, call_credit, call_halves)  # fmt: skip
            for i in range(len(widths)):
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
                    config = start[cell] + (kind_slot[kind] * len(widths) + i) * n_times + time
                    mid = (put_credit[i] if which == _PUT else
                           call_credit[i] if which == _CALL else
                           put_credit[i] + call_credit[i])  # fmt: skip
                    half = (put_halves[i] if which == _PUT else
                            call_halves[i] if which == _CALL else
                            put_halves[i] + call_halves[i])  # fmt: skip
                    for f in range(len(fills)):
                        code = _trade(
                            which, put_short, put_long[i], call_short, call_long[i],
                            put_strike, put_mid, put_half, call_strike, call_mid, call_half,
                            mark_spot, session, minute, t, time_exit[slot], force_from,
                            mid, half, widths[i] / MILLI, fills[f], money, out, n,
                        )  # fmt: skip
                        if code >= 0:
                            refused[f, code] += 1
                            continue
                        row = out[n]
                        row.config = config
                        row.entry = entry_session[slot]
                        row.fill = f
                        row.source = source[t]
                        if row.reason == _SETTLED:
                            row.exit_session = expiration
                        n += 1
    return n


@kernel
def _trade(
    which: int, put_short: int, put_long: int, call_short: int, call_long: int,
    put_strike: Ints, put_mid: Floats, put_half: Floats,
    call_strike: Ints, call_mid: Floats, call_half: Floats,
    mark_spot: Floats, session: Ints, minute: Ints, t0: int, time_exit: int, force_from: int,
    mid: float, half: float, width: float, fill: float, money: Floats, out: Rows, n: int,
) -> int:  # fmt: skip
    """Fill row n, held and managed; a NoTrade code where the fill leaves no trade, else −1."""
    multiplier, fee, ticks, least = money[0], money[1], money[2], money[3]
    multiple, target_pct, final = money[6], money[7], money[8]
    credit = np.floor((mid - fill * half) * ticks + _TICK_SLACK) / ticks
    if not credit > 0.0:
        return _NO_CREDIT
    if multiplier * credit < least:
        return _SMALL
    fees = (8 if which == _BOTH else 4) // 2 * fee
    max_loss = multiplier * (width - credit) + fees
    if multiplier * credit >= max_loss:
        return _OVER_RISK
    low_strike = put_strike[put_short] / MILLI if which != _CALL else 0.0
    high_strike = call_strike[call_short] / MILLI if which != _PUT else 0.0
    value = 0.0
    if which != _CALL:
        value += min(max(low_strike - final, 0.0), width)
    if which != _PUT:
        value += min(max(final - high_strike, 0.0), width)
    settled = multiplier * (credit - value) - fees

    stop = len(session)
    slack = EXIT_ROUNDING * credit
    low, high = -multiple * credit + slack, target_pct * credit / 100 - slack
    begin = min(time_exit, force_from)
    if begin <= t0:
        begin = t0 + 1
    if which == _PUT:
        t = _first_outside(
            put_mid[put_short], put_mid[put_long], t0 + 1, begin, width, credit, low, high
        )
    elif which == _CALL:
        t = _first_outside(
            call_mid[call_short], call_mid[call_long], t0 + 1, begin, width, credit, low, high
        )
    else:
        t = _first_outside_both(
            put_mid[put_short], put_mid[put_long], call_mid[call_short], call_mid[call_long],
            t0 + 1, begin, width, credit, low, high,
        )  # fmt: skip
    reason, pnl = _SETTLED, settled
    while t < stop:
        debit = _debit(
            which, put_short, put_long, call_short, call_long, put_mid, call_mid, t, width
        )
        code = 0
        if debit == debit:
            code = price_exit_code(credit, credit - debit, multiple, target_pct)
            if code == 0 and t >= time_exit:
                code = _TIME
            if code == 0 and t >= force_from:
                near = _near(which, mark_spot[t], low_strike, high_strike)
                code = _FORCED if near else 0
        if code > 0:
            reason = code
            pnl = _bought_back(which, put_short, put_long, call_short, call_long, put_half,
                               call_half, t, debit, width, credit, fees, fill, money)  # fmt: skip
            break
        t += 1
    row = out[n]
    row.reason = reason
    row.exit_minute = 0
    if reason != _SETTLED:
        row.exit_session = session[t]
        row.exit_minute = minute[t]
    row.pnl_managed = pnl
    row.hold_reason = _SETTLED
    row.pnl_hold = settled
    for k in range(max(force_from, t0 + 1), stop):
        debit = _debit(
            which, put_short, put_long, call_short, call_long, put_mid, call_mid, k, width
        )
        if debit == debit and _near(which, mark_spot[k], low_strike, high_strike):
            row.hold_reason = _FORCED
            row.pnl_hold = _bought_back(
                which, put_short, put_long, call_short, call_long, put_half, call_half, k,
                debit, width, credit, fees, fill, money,
            )  # fmt: skip
            break
    row.short_put = low_strike
    row.short_call = high_strike
    row.credit_mid = mid
    row.credit = credit
    row.max_loss = max_loss
    return -1


@kernel
def _debit(
    which: int, put_short: int, put_long: int, call_short: int, call_long: int,
    put_mid: Floats, call_mid: Floats, t: int, width: float,
) -> float:  # fmt: skip
    """Cost of buying back at mid, within 0..width; NaN where a leg is unknown."""
    total = 0.0
    if which != _CALL:
        side = put_mid[put_short, t] - put_mid[put_long, t]
        if side != side:
            return np.nan
        total += min(max(side, 0.0), width)
    if which != _PUT:
        side = call_mid[call_short, t] - call_mid[call_long, t]
        if side != side:
            return np.nan
        total += min(max(side, 0.0), width)
    return min(total, width)


@kernel
def _near(which: int, spot: float, low_strike: float, high_strike: float) -> bool:
    if spot != spot:
        return True
    return (which != _CALL and spot <= low_strike * (1 + _NEAR_STRIKE)) or (
        which != _PUT and spot >= high_strike * (1 - _NEAR_STRIKE)
    )


@kernel
def _bought_back(
    which: int, put_short: int, put_long: int, call_short: int, call_long: int,
    put_half: Floats, call_half: Floats, t: int, debit: float, width: float, credit: float,
    fees: float, fill: float, money: Floats,
) -> float:  # fmt: skip
    half = 0.0
    if which != _CALL:
        half += put_half[put_short, t] + put_half[put_long, t]
    if which != _PUT:
        half += call_half[call_short, t] + call_half[call_long, t]
    paid = min(np.ceil((debit + fill * half) * money[2] - _TICK_SLACK) / money[2], width)
    return float(money[0] * (credit - paid) - 2 * fees)
