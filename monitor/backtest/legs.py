"""What the engine simulates on: all option marks of one expiration, and the entries into it.

One expiration is one chain (never several in one table: a 50-point spread once "earned" $400
because two expirations of a day were mixed). The same values feed recorded quotes, anchored and
model prices, so there is one engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.domain.exits import ExitRules
from monitor.domain.strikes_for_band import MAX_STRIKE_GAP

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MILLI = 1000  # strikes are whole thousandths of a point, so widths compare exactly
DAY_LOW, DAY_HIGH = 1, 2  # codes of `ExpirationMarks.extreme`


@dataclass(frozen=True, slots=True, kw_only=True)
class LegMarks:
    """One right's marks. `mid` and `half` (half the bid-ask spread) are points per share.

    Shapes: strike (n_strikes,), ascending, thousandths; mid and half (n_strikes, n_instants),
    C order, NaN where there is no two-sided quote: an unknown mark, never filled in.
    """

    strike: Ints
    mid: Floats
    half: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirationMarks:
    """Every leg of one expiration at every instant at which anything is known.

    Puts and calls stand in one table, puts first, so that kernels take two arrays, not four.

    Args:
        expiration: Its session's index.
        session, minute: Of each instant, ascending: session index and minutes since midnight
            in New York. All lie before the close of the expiration's last trading session.
        spot: Underlying, NaN unknown; only physically settled options ask for it.
        source: PriceSource code of each instant.
        put_strike, call_strike: As in `LegMarks`.
        mid, half: As in `LegMarks`, the rows of the puts, then those of the calls.
        extreme: DAY_LOW or DAY_HIGH of each instant, 0 for an ordinary one; None: all are. At
            a day's extreme nothing but the stop is asked: at its low of what holds puts, at its
            high of what holds calls. When it was is not known: its minute only puts it in order.
    """

    expiration: int
    session: Ints
    minute: Ints
    spot: Floats
    source: NDArray[np.uint8]
    put_strike: Ints
    call_strike: Ints
    mid: Floats
    half: Floats
    extreme: NDArray[np.uint8] | None = None

    @property
    def extremes(self) -> NDArray[np.uint8]:
        none = np.zeros(len(self.session), np.uint8)
        return none if self.extreme is None else self.extreme

    @property
    def put(self) -> LegMarks:
        n = len(self.put_strike)
        return LegMarks(strike=self.put_strike, mid=self.mid[:n], half=self.half[:n])

    @property
    def call(self) -> LegMarks:
        n = len(self.put_strike)
        return LegMarks(strike=self.call_strike, mid=self.mid[n:], half=self.half[n:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Money and market terms of one underlying.

    Args:
        multiplier: Dollars per point and contract.
        fee_usd: Per leg and contract, each way; none at settlement.
        ticks_per_point: 20 where the package trades in 0.05, 100 for 0.01.
        min_credit_usd: A smaller net credit is no trade.
        physical: Physically settled: closed before expiry when near or beyond the short strike.
        max_strike_gap: How far beyond the band, as a fraction of the price, the nearest priced
            strike may lie; further out it would be another trade.
        max_credit_share: Mid credit above this share of the width is taken for a bad quote.
    """

    multiplier: float = 100.0
    fee_usd: float = 1.0
    ticks_per_point: float = 20.0
    min_credit_usd: float = 0.0
    physical: bool = False
    max_strike_gap: float = MAX_STRIKE_GAP
    max_credit_share: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The part of a ConfigTable that the engine walks: cells of (mode, DTE, band).

    Shapes: dte_slot (n_cells,), place of the cell's DTE in `dtes`; start (n_cells,), its first
    configuration; width_start (n_cells + 1,), into `width`, thousandths of a point; kind_slot
    (5,), place of each Kind within a cell, −1 where it is not wanted.
    """

    dtes: Ints
    dte_slot: Ints
    start: Ints
    width_start: Ints
    width: Ints
    kind_slot: Ints
    n_times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """When and where each entry into one expiration would be made.

    Shapes: (n_dtes, n_times) for `blocked` (NoTrade code or −1), `at` (place among the marks'
    instants; −1 with `blocked` set), `spot` and `flow` (1 up, −1 down, 0 none, 2 unknown);
    (n_cells, n_times) for the bands' levels `low` and `high` in points, NaN without a band;
    (n_dtes,) for `session` and `time_exit`: the first instant at or after the time exit, the
    number of instants where there is none. `force_from`: first instant of the last 15 minutes.
    """

    blocked: Ints
    at: Ints
    spot: Floats
    flow: Ints
    low: Floats
    high: Floats
    session: Ints
    time_exit: Ints
    force_from: int
    settlement: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirationTask:
    """All that the simulation of one expiration depends on.

    `fills`: shares of the half-spread paid on each leg, in and out (0 mid, 1 the worst side).
    """

    marks: ExpirationMarks
    entries: Entries
    cells: Cells
    terms: Terms
    rules: ExitRules
    fills: tuple[float, ...]


# One trade at one fill, held and managed side by side: they share everything up to the exit.
# `credit`, `credit_mid` and strikes in points (0 where the side is not sold), the rest dollars
# per contract, minutes New York. `exit_*` and `reason` are the managed exit's; `hold_reason` is
# SETTLED or FORCED. `exit_minute` is 0 at settlement and at a day's extreme, whose time is unknown.
TRADE = np.dtype(
    [
        ("config", np.int32),
        ("entry", np.uint16),
        ("entry_minute", np.uint16),
        ("exit_session", np.uint16),
        ("exit_minute", np.uint16),
        ("fill", np.uint8),
        ("reason", np.uint8),
        ("hold_reason", np.uint8),
        ("source", np.uint8),
        ("short_put", np.float32),
        ("short_call", np.float32),
        ("credit_mid", np.float32),
        ("credit", np.float32),
        ("max_loss", np.float32),
        ("pnl_hold", np.float32),
        ("pnl_managed", np.float32),
    ],
    align=True,  # and without a gap, so that equal trades are equal bytes
)
