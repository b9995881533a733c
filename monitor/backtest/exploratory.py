"""Entry times of which too little is known to rank them.

Free history has 60 days of 5-minute bars and 730 days of hourly ones, so a time between the hours
rests on a few weeks. It is computed and kept, and stays out of what is ranked and alerted.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from monitor.backtest.bars_panel import OPEN_MINUTE, PriceTable, Sessions
from monitor.domain.entry_windows import ET_MINUS_PT, clock_text

LEAST_SESSIONS = 60


def exploratory_times(
    prices: PriceTable,
    sessions: Sessions,
    minutes_pt: tuple[int, ...],
    *,
    first: date,
    last: date,
) -> tuple[int, ...]:
    """Times between the hours with a price on fewer than 60 entry sessions, Pacific minutes."""
    a, b = np.searchsorted(sessions.day, [first.toordinal(), last.toordinal() + 1])

    def known(minute_pt: int) -> int:
        return int(np.isfinite(prices.at(minute_pt + ET_MINUS_PT)[a:b]).sum())

    between = [m for m in minutes_pt if (m + ET_MINUS_PT - OPEN_MINUTE) % 60]
    return tuple(m for m in between if 0 < known(m) < LEAST_SESSIONS)


def exploratory_note(minutes_pt: tuple[int, ...]) -> str:
    """What a reader must know of them."""
    times = ", ".join(clock_text(m) for m in minutes_pt)
    return (
        f"exploratory, n < {LEAST_SESSIONS}: entry times {times} have prices on fewer than "
        f"{LEAST_SESSIONS} entry sessions; they are in grid.parquet, and in no ranking"
    )
