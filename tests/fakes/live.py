"""A live market by hand: NDX at 20,000, moves of −2.5 and +2.2 %, an NDXP chain around it.

The condor 20500/20600/19500/19400 is the only one of 100 points beyond the band. Its legs:

    put 19500  2.40 × 2.80    put 19400  1.60 × 2.00
    call 20500 2.00 × 2.40    call 20600 1.40 × 1.60

mid 0.80 + 0.70 = 1.50, natural 0.40 + 0.40 = 0.80, half-spreads 0.70: 1.15 at a fill of 0.5.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from fakes.chains import Market, chain
from fakes.spine import CALENDAR, NOW
from monitor.config import Settings
from monitor.domain.grid import GridRow
from monitor.domain.live_bands import PastSessions, past_sessions
from monitor.domain.live_market import LiveMarket
from monitor.domain.option_chain import OptionChain
from monitor.domain.pricing.black_plain import price_plain
from monitor.domain.quotes import DailyBars
from monitor.domain.vocabulary import FlowMode, SpreadType

TODAY = date(2026, 11, 18)
EXPIRATION = date(2026, 11, 23)  # three sessions on
PRICE = 20_000.0
STDEV = 0.0125
PUTS: dict[float, Market] = {19_400.0: (1.60, 2.00), 19_500.0: (2.40, 2.80)}
CALLS: dict[float, Market] = {20_500.0: (2.00, 2.40), 20_600.0: (1.40, 1.60)}
NEAR = (19_900.0, 19_950.0, 20_000.0, 20_050.0, 20_100.0)


def condor_chain(
    puts: dict[float, Market] | None = None, calls: dict[float, Market] | None = None, **more: Any
) -> OptionChain:
    """The chain above, each strike's market replaced by those given; priced near the money."""
    quoted_puts = {**_near(is_call=False), **PUTS, **(puts or {})}
    quoted_calls = {**_near(is_call=True), **CALLS, **(calls or {})}
    made = chain(puts=quoted_puts, calls=quoted_calls)
    return replace(made, **{"expiration": EXPIRATION, "source": "cboe", **more})


def _near(*, is_call: bool) -> dict[float, Market]:
    prices = price_plain(forward=PRICE, strike=NEAR, total_stdev=STDEV, is_call=is_call)
    return {k: (float(p) - 0.5, float(p) + 0.5) for k, p in zip(NEAR, prices, strict=True)}


def band_bars(*, down: float = -0.025, up: float = 0.022, dte: int = 3) -> DailyBars:
    """Daily bars whose moves over `dte` sessions are `down` and `up` in turn."""
    first = CALENDAR.shift(TODAY, -130).date
    days = np.array(CALENDAR.ordinals_between(first, TODAY - timedelta(days=1)), np.int64)
    close = np.full(len(days), PRICE)
    opened = PRICE / (1 + np.where(np.arange(len(days)) % 2, up, down))
    return DailyBars(
        symbol="NDX", day=days, open=opened, high=close, low=close, close=close,
        volume=np.full(len(days), np.nan), source="test",
    )  # fmt: skip


def past(**moves: float) -> PastSessions:
    found = past_sessions(
        "NDX", daily={"NDX": band_bars(**moves)}, vol_symbol="VXN", vol_now=None, today=TODAY,
        calendar=CALENDAR,
    )  # fmt: skip
    assert isinstance(found, PastSessions)
    return found


def live_market(*offered: OptionChain, **changed: Any) -> LiveMarket:
    given: dict[str, Any] = {
        "ticker": "NDX", "price": PRICE, "past": past(), "vols": {}, "vols_asof": None,
        "settings": Settings(), "calendar": CALENDAR, "now": NOW,
        "offered": offered or (condor_chain(),), "chain_problems": {},
    }  # fmt: skip
    return LiveMarket(**{**given, **changed})


def condor_row(**changed: Any) -> GridRow:
    """100-point condors, $285 in the grid, all of whose past moves lie in the band."""
    given: dict[str, Any] = {
        "line": 2, "dte": 3, "band": "P100", "spread_type": SpreadType.IRON_CONDOR,
        "flow_mode": FlowMode.NEUTRAL, "width": 100.0, "minute": 450, "win_rate_pct": 95.0,
        "roi_pct": 2.93, "sharpe": 0.5, "credit_usd": 285.0, "risk_usd": 9715.0,
        "avg_pnl_usd": 20.0, "n_trades": 100, "score": 70.0, "verdict": None,
    }  # fmt: skip
    return GridRow(**{**given, **changed})
