"""The instants at which a model prices: every bar, or a daily bar's open, extremes and close.

The close is added wherever no bar begins in a session's last quarter hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bars_panel import OPEN_MINUTE, SLOTS, PriceTable, Sessions
from monitor.backtest.day_ranges import HIGH_MINUTE, LOW_MINUTE, DayRanges
from monitor.backtest.legs import DAY_HIGH, DAY_LOW
from monitor.backtest.surface import VolLevels
from monitor.domain.schedule import BEFORE_CLOSE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
VOL_INDICES = ("VIX1D", "VIX9D", "VIX", "VIX3M")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Instants to be priced, shape (n,) each.

    `passed`: minutes since the open. `origin`: session at whose close the indices' term
    structure begins. `extreme` as in `ExpirationMarks`.
    """

    session: Ints
    minute: Ints
    passed: Ints
    spot: Floats
    extreme: NDArray[np.uint8]
    origin: Ints
    levels: VolLevels

    @classmethod
    def joined(cls, parts: Sequence[Moments]) -> Moments:
        """All of them where the underlying is known, in the order of time."""
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("session", "minute", "passed", "spot", "extreme", "origin")
        }
        order = np.lexsort((columns["minute"], columns["session"]))
        order = order[np.isfinite(columns["spot"][order])]
        levels = VolLevels.joined([part.levels for part in parts])
        return cls(**{k: v[order] for k, v in columns.items()}, levels=levels.take(order))


def moments(
    sessions: Sessions,
    prices: PriceTable,
    vols: Mapping[str, PriceTable],
    *,
    own_index: str,
    begin: int,
    last: int,
    days: DayRanges | None,
) -> Moments:
    """Every instant of sessions begin..last at which the underlying is known.

    Args:
        vols: Index points. own_index: the underlying's own one.
        last: The session of expiration, whose close settles: it is no mark.
        days: Ranges for sessions without a bar inside; None: bars alone are marks.
    """
    price = prices.price[begin : last + 1]
    row, slot = np.nonzero(np.isfinite(price))
    session = row + begin
    inside = Moments(
        session=session,
        minute=SLOTS[slot],
        passed=SLOTS[slot] - OPEN_MINUTE,
        spot=price[row, slot],
        extreme=np.zeros(len(session), np.uint8),
        origin=session - 1,
        levels=_levels(vols, own_index, session, slot),
    )
    if days is None:
        return inside
    alone = begin + np.flatnonzero(~np.isfinite(price[:, 1:]).any(axis=1))
    at_open = _levels(vols, own_index, alone, np.zeros(len(alone), np.int64))
    ended = _unseen_ends(sessions, price, begin)
    ended = ended[ended < last]
    at_close = _levels(vols, own_index, ended + 1, None)
    return Moments.joined(
        [
            inside,
            *_extremes(days, alone, at_open),
            _closes(sessions, prices, ended, at_close),
        ]
    )


def _unseen_ends(sessions: Sessions, price: Floats, begin: int) -> Ints:
    """Sessions without a bar in the last quarter hour, where time exits fall: by hours, or days."""
    close = sessions.close_minute[begin : begin + len(price)]
    late = SLOTS >= (close - BEFORE_CLOSE.seconds // 60)[:, None]
    seen = np.logical_or.reduce(np.isfinite(price) & late, axis=1)
    return begin + np.flatnonzero(~seen)


def _extremes(days: DayRanges, session: Ints, at_open: VolLevels) -> Iterator[Moments]:
    """A day's low, with the whole surface scaled by VIX's high, and its high, with VIX as known.

    When in the day they were is not known: they have the open's time left, the most there can be.
    """
    stirred = days.vix_high[session] / 100.0 / at_open.vix
    for code, minute, spot, levels in (
        (DAY_LOW, LOW_MINUTE, days.low, at_open.scaled(stirred)),
        (DAY_HIGH, HIGH_MINUTE, days.high, at_open),
    ):
        yield Moments(
            session=session,
            minute=np.full(len(session), minute),
            passed=np.zeros(len(session), np.int64),
            spot=spot[session],
            extreme=np.full(len(session), code, np.uint8),
            origin=session - 1,
            levels=levels,
        )


def _closes(sessions: Sessions, prices: PriceTable, session: Ints, levels: VolLevels) -> Moments:
    """The official closes: the term structure of the indices' own closes begins there."""
    minute = sessions.close_minute[session]
    return Moments(
        session=session,
        minute=minute,
        passed=minute - OPEN_MINUTE,
        spot=prices.close[session],
        extreme=np.zeros(len(session), np.uint8),
        origin=session,
        levels=levels,
    )


def _levels(
    vols: Mapping[str, PriceTable], own_index: str, session: Ints, slot: Ints | None
) -> VolLevels:
    """Each index as known at the slot: that slot's, else the close of the session before.

    Without slots always the close of the session before.
    """

    def known(name: str) -> Floats:
        table = vols.get(name)
        if table is None:
            return np.full(len(session), np.nan)
        before = table.close[session - 1]
        if slot is None:
            return before / 100.0
        now = table.price[session, slot]
        return np.where(np.isfinite(now), now, before) / 100.0

    return VolLevels(**{name.lower(): known(name) for name in VOL_INDICES}, own=known(own_index))
