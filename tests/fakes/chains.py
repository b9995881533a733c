"""Option chains written by hand: bid and ask by strike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np

from fakes.spine import NOW
from monitor.domain.option_chain import OptionChain, OptionSide
from monitor.domain.vocabulary import Settlement

Market = tuple[float, float]  # bid, ask
EXPIRATION = date(2026, 11, 20)


def side(markets: Mapping[float, Market], strikes: list[float], **known: Any) -> OptionSide:
    """Prices as given, NaN at the other strikes, nothing else known unless given."""
    empty = np.full(len(strikes), np.nan)
    bid, ask = (np.array([markets.get(k, (np.nan,) * 2)[i] for k in strikes]) for i in (0, 1))
    fields = {
        name: empty
        for name in (
            "implied_vol", "delta", "gamma", "theta_per_day", "vega_per_vol_point",
            "open_interest",
        )
    }  # fmt: skip
    return OptionSide(bid=bid, ask=ask, **{**fields, **known})


def chain(
    *,
    puts: Mapping[float, Market] | None = None,
    calls: Mapping[float, Market] | None = None,
    asof: datetime = NOW,
    **more: Any,
) -> OptionChain:
    """An NDXP chain of `EXPIRATION` whose strikes are those given."""
    puts, calls = puts or {}, calls or {}
    strikes = sorted({*puts, *calls})
    fields: dict[str, Any] = {
        "underlying": "NDX", "root": "NDXP", "expiration": EXPIRATION,
        "settlement": Settlement.PM, "strikes": np.array(strikes, float),
        "put": side(puts, strikes), "call": side(calls, strikes), "spot": None,
        "asof": asof, "fetched_at": asof, "source": "test",
    }  # fmt: skip
    return replace(OptionChain(**fields), **more)
