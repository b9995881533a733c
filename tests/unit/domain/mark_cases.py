"""A condor, its chain and the world around it, for tests of marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from fakes.chains import EXPIRATION, Market, chain
from fakes.positions_book import put_spread
from fakes.spine import CALENDAR, NOW

from monitor.config import Settings
from monitor.domain.mark_book import mark_positions
from monitor.domain.marks import Mark, MarkWorld, Underlying
from monitor.domain.option_chain import OptionChain
from monitor.domain.positions import Position, Strikes
from monitor.domain.pricing.surface_plain import TradingTime
from monitor.domain.vocabulary import SpreadType

SPOT = 25_000.0
PUTS = {24_500.0: (3.0, 3.4), 24_600.0: (5.0, 5.4)}
CALLS = {25_400.0: (2.0, 2.4), 25_500.0: (1.0, 1.4)}
# puts: 5.2 − 3.2 = 2.0 mid; calls: 2.2 − 1.2 = 1.0 mid; natural 5.4 − 3.0 + 2.4 − 1.0 = 3.8


def condor(**changed: Any) -> Position:
    """One NDX condor 24500/24600 – 25400/25500 sold for 4.00 points, $400."""
    fields: dict[str, Any] = {
        "ticker": "NDX", "spread_type": SpreadType.IRON_CONDOR, "expiration": EXPIRATION,
        "contracts": 1, "credit_usd": 400.0, "max_loss_usd": 9_600.0,
        "strikes": Strikes(
            short_put=24_600.0, long_put=24_500.0, short_call=25_400.0, long_call=25_500.0
        ),
    }  # fmt: skip
    return put_spread(**{**fields, **changed})


def condor_chain(
    *,
    puts: Mapping[float, Market] = PUTS,
    calls: Mapping[float, Market] = CALLS,
    spot: float | None = SPOT,
    **more: Any,
) -> OptionChain:
    """The condor's chain, without greeks."""
    return chain(puts=puts, calls=calls, spot=spot, **more)


def with_greeks(
    made: OptionChain,
    puts: Mapping[float, tuple[float, float]],
    calls: Mapping[float, tuple[float, float]],
) -> OptionChain:
    """Delta and gamma by strike, NaN elsewhere."""

    def column(values: Mapping[float, tuple[float, float]], i: int) -> Any:
        return np.array([values.get(k, (np.nan, np.nan))[i] for k in made.strikes.tolist()])

    return replace(
        made,
        put=replace(made.put, delta=column(puts, 0), gamma=column(puts, 1)),
        call=replace(made.call, delta=column(calls, 0), gamma=column(calls, 1)),
    )


def world(
    *chains: OptionChain,
    spot: float | None = SPOT,
    now: datetime = NOW,
    settings: Settings | None = None,
    **more: Any,
) -> MarkWorld:
    fields: dict[str, Any] = {
        "chains": {(c.root, c.expiration): c for c in chains}, "chain_problems": {},
        "anchors": {},
        "underlyings": {
            "NDX": Underlying(
                spot=spot, spot_asof=None if spot is None else now, vols=None,
                why="" if spot is not None else "no network",
            )
        },
        "time": TradingTime.around(CALENDAR, now), "settings": settings or Settings(),
        "now": now,
    }  # fmt: skip
    return MarkWorld(**{**fields, **more})


def one_mark(position: Position, around: MarkWorld) -> Mark:
    found = mark_positions([position], around)[position.id]
    assert isinstance(found, Mark), found
    return found


def no_mark(position: Position, around: MarkWorld) -> str:
    found = mark_positions([position], around)[position.id]
    assert isinstance(found, str), found
    return found
