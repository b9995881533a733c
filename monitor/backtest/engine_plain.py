"""The simulation of one expiration in plain Python: slow, and what the kernel must equal.

Exits are decided by `monitor.domain.exits.price_exit`, the very function that the live monitor
asks; the kernel is a compiled twin of this module.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.configs import Kind
from monitor.backtest.legs import DAY_LOW, MILLI, TRADE, ExpirationTask, LegMarks
from monitor.backtest.trade_codes import LIVE_CODE, Exit, NoTrade
from monitor.domain.exits import ExitReason, price_exit

NEAR_STRIKE = 0.005  # an ETF this near its short strike at the last check may be assigned
UP, DOWN, FLAT, UNKNOWN_FLOW = 1, -1, 0, 2
NOT_ASKED = -2  # no entry day of this run: not even counted
_TICK_SLACK = 1e-6  # of a tick: 0.15 is not exact in binary


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One sold vertical: rows of its legs, points of credit at the entry instant."""

    legs: LegMarks
    short: int
    long: int
    credit_mid: float
    half: float

    def debit(self, t: int, width: float) -> float:
        """What buying it back costs at mid, within 0..width; NaN unknown."""
        mid = float(self.legs.mid[self.short, t] - self.legs.mid[self.long, t])
        return min(max(mid, 0.0), width) if math.isfinite(mid) else math.nan

    def half_at(self, t: int) -> float:
        return float(self.legs.half[self.short, t] + self.legs.half[self.long, t])


@dataclass(frozen=True, slots=True)
class Outcome:
    reason: Exit
    t: int  # −1 at settlement
    pnl: float


def simulate_plain(
    task: ExpirationTask,
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Every trade into one expiration.

    Returns:
        Rows of `TRADE`, and how many configurations did not trade: shape (n_fills, n_reasons).
    """
    rows: list[tuple[Any, ...]] = []
    refused: Counter[tuple[int, NoTrade]] = Counter()
    for cell in range(len(task.cells.start)):
        for time in range(task.cells.n_times):
            for kind in Kind:
                if task.cells.kind_slot[kind] >= 0:
                    _one(task, cell, time, kind, rows, refused)
    counts = np.zeros((len(task.fills), len(NoTrade)), np.int64)
    for (fill, reason), n in refused.items():
        counts[fill, reason] += n
    return np.array(rows, TRADE), counts


def _one(
    task: ExpirationTask,
    cell: int,
    time: int,
    kind: Kind,
    rows: list[tuple[Any, ...]],
    refused: Counter[tuple[int, NoTrade]],
) -> None:
    cells = task.cells
    if task.entries.blocked[cells.dte_slot[cell], time] == NOT_ASKED:
        return
    widths = cells.width[cells.width_start[cell] : cells.width_start[cell + 1]]
    blocked = _blocked(task, cell, time, kind)
    for i, width in enumerate(widths):
        place = (int(cells.kind_slot[kind]) * len(widths) + i) * cells.n_times + time
        sides = blocked if blocked is not None else _sides(task, cell, time, kind, int(width))
        for fill in range(len(task.fills)):
            row = (
                sides
                if isinstance(sides, NoTrade)
                else _trade(task, cell, time, sides, width / MILLI, fill)
            )
            if isinstance(row, NoTrade):
                refused[fill, row] += 1
            else:
                rows.append((int(cells.start[cell]) + place, *row))


def _blocked(task: ExpirationTask, cell: int, time: int, kind: Kind) -> NoTrade | None:
    """What stops all widths alike."""
    slot = task.cells.dte_slot[cell]
    code = int(task.entries.blocked[slot, time])
    if code >= 0:
        return NoTrade(code)
    if kind is not Kind.CONDOR:
        flow = int(task.entries.flow[slot, time])
        if flow == UNKNOWN_FLOW:
            return NoTrade.FLOW_UNKNOWN
        if flow == FLAT:
            return NoTrade.NO_FLOW
        if kind not in ((Kind.PUT_WITH, Kind.CALL_AGAINST) if flow == UP else
                        (Kind.PUT_AGAINST, Kind.CALL_WITH)):  # fmt: skip
            return NoTrade.OTHER_FLOW
    band = (task.entries.low[cell, time], task.entries.high[cell, time])
    return None if np.isfinite(band).all() else NoTrade.NO_BAND


def _sides(
    task: ExpirationTask, cell: int, time: int, kind: Kind, width: int
) -> tuple[Side | None, Side | None] | NoTrade:
    put: Side | NoTrade | None = None
    call: Side | NoTrade | None = None
    if kind in (Kind.PUT_WITH, Kind.PUT_AGAINST, Kind.CONDOR):
        put = _side(task, cell, time, width, sign=-1)
    if isinstance(put, NoTrade):
        return put
    if kind in (Kind.CALL_WITH, Kind.CALL_AGAINST, Kind.CONDOR):
        call = _side(task, cell, time, width, sign=1)
    if isinstance(call, NoTrade):
        return call
    return put, call


def _side(task: ExpirationTask, cell: int, time: int, width: int, *, sign: int) -> Side | NoTrade:
    """The vertical beyond the band: sign −1 puts, below it; +1 calls, above it."""
    entries, slot = task.entries, task.cells.dte_slot[cell]
    legs = task.marks.put if sign < 0 else task.marks.call
    t, spot = int(entries.at[slot, time]), float(entries.spot[slot, time])
    level = float((entries.low if sign < 0 else entries.high)[cell, time])
    short = next(
        (
            k
            for k in _outward(len(legs.strike), sign)
            if sign * legs.strike[k] >= sign * level * MILLI
            and sign * legs.strike[k] > sign * spot * MILLI
            and np.isfinite(legs.mid[k, t])
        ),
        None,
    )
    if short is None:
        return NoTrade.NO_STRIKE
    # measured from where the search began: the band, or the price when that lies further out
    begin = max(sign * level, sign * spot)
    if sign * legs.strike[short] / MILLI - begin > task.terms.max_strike_gap * spot:
        return NoTrade.STRIKE_TOO_FAR
    wanted = legs.strike[short] + sign * width
    long = int(np.searchsorted(legs.strike, wanted))
    if long == len(legs.strike) or legs.strike[long] != wanted:
        return NoTrade.NO_LONG_STRIKE
    if not np.isfinite(legs.mid[long, t]):
        today = task.marks.session == task.marks.session[t]
        listed = np.isfinite(legs.mid[long, today]).any()
        return NoTrade.LONG_UNQUOTED if listed else NoTrade.NO_LONG_STRIKE
    mid = float(legs.mid[short, t] - legs.mid[long, t])
    if not mid > 0:
        return NoTrade.NO_CREDIT
    if mid > task.terms.max_credit_share * width / MILLI:
        return NoTrade.SUSPECT_CREDIT
    half = float(legs.half[short, t] + legs.half[long, t])
    return Side(legs=legs, short=short, long=long, credit_mid=mid, half=half)


def _outward(n: int, sign: int) -> Iterator[int]:
    """Strikes from the nearest to the furthest out: calls upwards, puts downwards."""
    return iter(range(n)) if sign > 0 else iter(range(n - 1, -1, -1))


def _trade(
    task: ExpirationTask,
    cell: int,
    time: int,
    sides: tuple[Side | None, Side | None],
    width: float,
    fill: int,
) -> tuple[Any, ...] | NoTrade:
    """The row of one trade without its configuration, or why there is none at this fill."""
    terms, f = task.terms, task.fills[fill]
    sold = [side for side in sides if side is not None]
    credit_mid = sum(side.credit_mid for side in sold)
    half = sum(side.half for side in sold)
    ticks = terms.ticks_per_point
    credit = math.floor((credit_mid - f * half) * ticks + _TICK_SLACK) / ticks
    if not credit > 0:
        return NoTrade.NO_CREDIT
    if terms.multiplier * credit < terms.min_credit_usd:
        return NoTrade.SMALL_CREDIT
    fees = 2 * len(sold) * terms.fee_usd
    max_loss = terms.multiplier * (width - credit) + fees
    if terms.multiplier * credit >= max_loss:
        return NoTrade.CREDIT_OVER_RISK
    slot = task.cells.dte_slot[cell]
    t0, marks = int(task.entries.at[slot, time]), task.marks
    settled = _settled(task, sides, width, credit, fees)
    hold = _held(task, sides, width, credit, fees, f, t0) or settled
    managed = _managed(task, sides, width, credit, fees, f, t0, int(slot)) or settled
    put, call = sides
    at_expiry = managed.t < 0
    return (
        int(task.entries.session[slot]),
        int(marks.minute[t0]),
        marks.expiration if at_expiry else int(marks.session[managed.t]),
        0 if at_expiry or marks.extremes[managed.t] else int(marks.minute[managed.t]),
        fill,
        int(managed.reason),
        int(hold.reason),
        int(marks.source[t0]),
        put.legs.strike[put.short] / MILLI if put else 0.0,
        call.legs.strike[call.short] / MILLI if call else 0.0,
        credit_mid,
        credit,
        max_loss,
        hold.pnl,
        managed.pnl,
    )


def _managed(
    task: ExpirationTask,
    sides: tuple[Side | None, Side | None],
    width: float,
    credit: float,
    fees: float,
    f: float,
    t0: int,
    slot: int,
) -> Outcome | None:
    """The first exit after entry: stop, target, time, an ETF's forced close; None: none."""
    extremes = task.marks.extremes
    for t in range(t0 + 1, len(task.marks.session)):
        debit = _debit(sides, t, width)
        if math.isnan(debit):
            continue
        rule = price_exit(credit=credit, pnl=credit - debit, rules=task.rules)
        if extremes[t]:
            held = sides[0] if extremes[t] == DAY_LOW else sides[1]
            if rule is ExitReason.STOP_LOSS and held is not None:
                return _closed(task, sides, t, width, credit, fees, f, Exit.STOP)
            continue
        if rule is not None:
            return _closed(task, sides, t, width, credit, fees, f, LIVE_CODE[rule])
        if t >= task.entries.time_exit[slot]:
            return _closed(task, sides, t, width, credit, fees, f, Exit.TIME)
        if _must_close(task, sides, t):
            return _closed(task, sides, t, width, credit, fees, f, Exit.FORCED)
    return None


def _held(
    task: ExpirationTask,
    sides: tuple[Side | None, Side | None],
    width: float,
    credit: float,
    fees: float,
    f: float,
    t0: int,
) -> Outcome | None:
    for t in range(t0 + 1, len(task.marks.session)):
        if _must_close(task, sides, t) and not math.isnan(_debit(sides, t, width)):
            return _closed(task, sides, t, width, credit, fees, f, Exit.FORCED)
    return None


def _must_close(task: ExpirationTask, sides: tuple[Side | None, Side | None], t: int) -> bool:
    """Whether an ETF's short strike is too near, or the price unknown, in the last minutes."""
    if not task.terms.physical or t < task.entries.force_from or task.marks.extremes[t]:
        return False
    spot = float(task.marks.spot[t])
    if math.isnan(spot):
        return True
    put, call = sides
    return (put is not None and spot <= put.legs.strike[put.short] / MILLI * (1 + NEAR_STRIKE)) or (
        call is not None and spot >= call.legs.strike[call.short] / MILLI * (1 - NEAR_STRIKE)
    )


def _debit(sides: tuple[Side | None, Side | None], t: int, width: float) -> float:
    """Both sides together, at most the width: only one can finish in the money."""
    total = sum(side.debit(t, width) for side in sides if side is not None)
    return total if math.isnan(total) else min(total, width)


def _closed(
    task: ExpirationTask,
    sides: tuple[Side | None, Side | None],
    t: int,
    width: float,
    credit: float,
    fees: float,
    f: float,
    reason: Exit,
) -> Outcome:
    """Bought back at the marked debit of this instant plus slippage, never at the threshold.

    Rounded up to a tick; never above the width, which is the most that settling can cost.
    """
    ticks = task.terms.ticks_per_point
    half = sum(side.half_at(t) for side in sides if side is not None)
    paid = math.ceil((_debit(sides, t, width) + f * half) * ticks - _TICK_SLACK) / ticks
    paid = min(paid, width)
    return Outcome(reason, t, task.terms.multiplier * (credit - paid) - 2 * fees)


def _settled(
    task: ExpirationTask,
    sides: tuple[Side | None, Side | None],
    width: float,
    credit: float,
    fees: float,
) -> Outcome:
    put, call = sides
    value, final = 0.0, task.entries.settlement
    if put is not None:
        value += min(max(put.legs.strike[put.short] / MILLI - final, 0.0), width)
    if call is not None:
        value += min(max(final - call.legs.strike[call.short] / MILLI, 0.0), width)
    return Outcome(Exit.SETTLED, -1, task.terms.multiplier * (credit - value) - fees)
