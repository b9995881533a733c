"""One recorded day as arrays: rows judged, then put where side, strike and stamp say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.chain_reasons import Skip
from monitor.backtest.chain_scan import Rows
from monitor.backtest.chain_text import AM, OTHER, Ints
from monitor.backtest.jit import kernel
from monitor.backtest.parity import MISSING, PRICE_UNIT, forwards_of
from monitor.clock import NEW_YORK
from monitor.domain.trading_calendar import TradingCalendar

MAX_SLOTS = 1 << 22  # of the table that finds a strike's place: steps between lowest and highest
MIN_ASK, MAX_PRICE = 1 / PRICE_UNIT, 200_000.0  # what 32 bits of ten-thousandths can tell


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What one file gave. `fault` names what made the whole file unusable.

    `locked` counts kept rows whose bid equals their ask. `first` is an example of each reason.
    """

    name: str
    day: date | None = None
    rows: int = 0
    kept: int = 0
    locked: int = 0
    skipped: Mapping[Skip, int] = field(default_factory=dict)
    first: Mapping[Skip, str] = field(default_factory=dict)
    fault: str | None = None


class DayChain(NamedTuple):
    """One day of one ticker. Every (stamp, expiration) is a chain of its own.

    The strikes of expiration e are `strikes[strike_start[e]:strike_start[e + 1]]`, ascending;
    its quotes are the same strikes of `quotes`.

    Shapes and types:
        stamps: (n_stamps,), int64, UTC epoch seconds, ascending.
        expirations: (n_expirations,), int64, `date.toordinal()`, ascending.
        strike_start: (n_expirations + 1,), int64.
        strikes: (n_strikes,), int64, thousandths of a point.
        quotes: (4, n_strikes, n_stamps), int32, ten-thousandths of a point (exact, as prices
            are decimals): put bid, put ask, call bid, call ask; MISSING where unquoted.
        forwards: (n_expirations, n_stamps), float64, by parity; NaN where it gives none.
        forward_strikes: (n_expirations, n_stamps), int16, how many strikes gave it.
    """

    day: int
    stamps: Ints
    expirations: Ints
    strike_start: Ints
    strikes: Ints
    quotes: NDArray[np.int32]
    forwards: NDArray[np.float64]
    forward_strikes: NDArray[np.int16]


def build_day(
    rows: Rows, *, day: date, calendar: TradingCalendar
) -> tuple[DayChain, NDArray[np.uint8], int]:
    """Arrays of the usable rows, the verdict on each row (`Skip` codes), and the locked ones.

    Raises:
        OverflowError: The strikes stand on no common step of a sensible size.
    """
    n_expirations = len(rows.expirations)
    stamp_codes = _judge_stamps(rows.stamps, day, calendar)
    expiration_codes = np.array(
        [_judge_expiration(e, day, calendar) for e in rows.expirations], np.uint8
    )
    verdicts = np.empty(len(rows.line), np.uint8)
    stamp_seen = np.zeros(len(rows.stamps), np.bool_)
    reach = np.zeros((n_expirations, 3), np.int64)  # lowest strike, highest, step between them
    judge(rows, stamp_codes, expiration_codes, verdicts, stamp_seen, reach)
    t_place, stamps = _ranked(rows.stamps, stamp_seen)
    seen = reach[:, 0] > 0
    steps = np.maximum(reach[:, 2], 1)
    slots = np.where(seen, (reach[:, 1] - reach[:, 0]) // steps + 1, 0)
    if int(slots.sum()) > MAX_SLOTS:
        raise OverflowError("strikes stand on no common step: too many different ones")
    order = np.argsort(rows.expirations)
    slot_start = np.zeros(n_expirations, np.int64)
    slot_start[order] = np.concatenate([[0], np.cumsum(slots[order])[:-1]])
    used = np.zeros(int(slots.sum()), np.bool_)
    slot = np.empty(len(rows.line), np.int32)
    mark(rows, verdicts, reach[:, 0], steps, slot_start, used, slot)
    row_of = np.cumsum(used, dtype=np.int32) - 1
    kept = [e for e in order if seen[e]]
    bounds = [int(slot_start[e]) for e in kept] + [len(used)]
    strike_start = np.concatenate([[0], np.cumsum(used)])[bounds].astype(np.int64)
    strikes = np.concatenate(
        [reach[e, 0] + steps[e] * np.flatnonzero(used[a:b])
         for e, a, b in zip(kept, bounds, bounds[1:], strict=False)] or [np.empty(0, np.int64)]
    )  # fmt: skip
    quotes = np.full((4, len(strikes), len(stamps)), MISSING, np.int32)
    locked = place(rows, row_of, slot, t_place, verdicts, quotes)
    forwards = np.full((len(kept), len(stamps)), np.nan)
    n_used = np.zeros((len(kept), len(stamps)), np.int16)
    forwards_of(strikes, strike_start, quotes, forwards, n_used)
    chain = DayChain(
        day.toordinal(), stamps, rows.expirations[kept], strike_start, strikes, quotes, forwards,
        n_used,
    )  # fmt: skip
    return sealed(chain), verdicts, locked


def sealed(chain: DayChain) -> DayChain:
    """The same day, read-only: shared by threads, and of one type with days from the cache."""
    for column in chain[1:]:
        np.asarray(column).flags.writeable = False
    return chain


def _ranked(values: Ints, seen: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Each value's place among the seen ones in ascending order, and those."""
    kept = np.sort(values[seen])
    return np.searchsorted(kept, values).astype(np.int64), kept


def _judge_stamps(stamps: Ints, day: date, calendar: TradingCalendar) -> NDArray[np.uint8]:
    midnight = datetime.combine(day, time(), NEW_YORK)
    begin, end = (int((midnight + timedelta(days=d)).timestamp()) for d in (0, 1))
    session = calendar.on(day)
    opens, closes = (end, end) if session is None else (
        int(session.open.timestamp()), int(session.close.timestamp())
    )  # fmt: skip
    codes = np.where((stamps >= opens) & (stamps < closes), Skip.KEPT, Skip.OUTSIDE_HOURS)
    return np.where((stamps >= begin) & (stamps < end), codes, Skip.WRONG_DAY).astype(np.uint8)


def _judge_expiration(ordinal: int, day: date, calendar: TradingCalendar) -> Skip:
    """Beyond the calendar's end an expiration is believed: nothing that far off is traded."""
    if ordinal < day.toordinal():
        return Skip.EXPIRED
    expiration = date.fromordinal(int(ordinal))
    known = expiration <= calendar.last
    return Skip.NO_SESSION if known and not calendar.is_session(expiration) else Skip.KEPT


@kernel
def judge(
    rows: Rows,
    stamp_codes: NDArray[np.uint8],
    expiration_codes: NDArray[np.uint8],
    verdicts: NDArray[np.uint8],
    stamp_seen: NDArray[np.bool_],
    reach: Ints,
) -> None:
    """The first reason against each row, in the order of `Skip`; what the kept rows reach."""
    for i in range(len(rows.stamp)):
        e = rows.expiration[i]
        if rows.series[i] == OTHER:
            verdicts[i] = 3
        elif rows.series[i] == AM:
            verdicts[i] = 4
        elif stamp_codes[rows.stamp[i]] != 0:
            verdicts[i] = stamp_codes[rows.stamp[i]]
        elif expiration_codes[e] != 0:
            verdicts[i] = expiration_codes[e]
        elif np.isnan(rows.bid[i]) or np.isnan(rows.ask[i]):
            verdicts[i] = 9
        elif rows.bid[i] < 0 or not MIN_ASK <= rows.ask[i] <= MAX_PRICE:
            verdicts[i] = 10
        else:
            verdicts[i] = 11 if rows.bid[i] > rows.ask[i] else 0
        if verdicts[i] == 0:
            stamp_seen[rows.stamp[i]] = True
            strike = rows.strike[i]
            if reach[e, 0] == 0:
                reach[e, 0], reach[e, 1] = strike, strike
            gap, step = abs(strike - reach[e, 0]), reach[e, 2]
            if step == 0 or gap % step != 0:  # the greatest common divisor of all gaps
                while step != 0:
                    gap, step = step, gap % step
                reach[e, 2] = gap
            reach[e, 0] = min(reach[e, 0], strike)
            reach[e, 1] = max(reach[e, 1], strike)


@kernel
def mark(
    rows: Rows,
    verdicts: NDArray[np.uint8],
    lowest: Ints,
    steps: Ints,
    slot_start: Ints,
    used: NDArray[np.bool_],
    slot: NDArray[np.int32],
) -> None:
    """Find each kept row's slot, one for each step of strike; mark those that are used."""
    for i in range(len(rows.stamp)):
        if verdicts[i] == 0:
            e = rows.expiration[i]
            slot[i] = slot_start[e] + (rows.strike[i] - lowest[e]) // steps[e]
            used[slot[i]] = True


@kernel
def place(
    rows: Rows,
    row_of: NDArray[np.int32],
    slot: NDArray[np.int32],
    t_place: Ints,
    verdicts: NDArray[np.uint8],
    quotes: NDArray[np.int32],
) -> int:
    """Put kept rows into `quotes`; a later row of the same place counts. Returns the locked."""
    locked = 0
    for i in range(len(rows.stamp)):
        if verdicts[i] != 0:
            continue
        k, t, side = row_of[slot[i]], t_place[rows.stamp[i]], 2 * rows.right[i]
        low = int(rows.bid[i] * PRICE_UNIT + 0.5)
        high = int(rows.ask[i] * PRICE_UNIT + 0.5)
        if quotes[side, k, t] >= 0:
            verdicts[i] = 12
            locked -= quotes[side, k, t] == quotes[side + 1, k, t]
        quotes[side, k, t], quotes[side + 1, k, t] = low, high
        locked += low == high
    return locked
