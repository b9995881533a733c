"""A mark is within 0 and the width, its range holds it, and bad quotes are no quotes."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from fakes.chains import EXPIRATION, chain, side
from fakes.positions_book import put_spread
from fakes.spine import CALENDAR, NOW
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import Settings
from monitor.domain.anchor import fit_anchor
from monitor.domain.mark_book import mark_positions
from monitor.domain.mark_views import pnl_usd
from monitor.domain.marks import Mark, MarkWorld, Underlying
from monitor.domain.option_chain import PriceSource
from monitor.domain.positions import Strikes
from monitor.domain.pricing.surface_plain import IndexVols, TradingTime

STRIKES = [24_400.0, 24_500.0, 24_600.0, 25_400.0, 25_500.0, 25_600.0]
WIDTH = 100.0
price = st.one_of(st.floats(0, 200), st.just(math.nan), st.just(0.0))
markets = st.lists(st.tuples(price, price), min_size=6, max_size=6)
greek = st.lists(st.one_of(st.floats(-1, 1), st.just(math.nan)), min_size=6, max_size=6)
TIME = TradingTime.around(CALENDAR, NOW)


@given(
    puts=markets, calls=markets, deltas=greek, gammas=greek, age_min=st.integers(0, 40),
    spot=st.one_of(st.none(), st.floats(15_000, 35_000)),
    then=st.one_of(st.none(), st.floats(20_000, 30_000)),
    known=st.booleans(),
)  # fmt: skip
def test_whatever_was_quoted_a_mark_is_possible_or_unknown(
    puts: Any, calls: Any, deltas: Any, gammas: Any, age_min: int, spot: float | None,
    then: float | None, known: bool,
) -> None:  # fmt: skip
    import numpy as np

    greeks = {"delta": np.array(deltas), "gamma": np.array(gammas) / 1000}
    made = chain(
        puts=dict(zip(STRIKES, puts, strict=True)), calls=dict(zip(STRIKES, calls, strict=True)),
        put=side(dict(zip(STRIKES, puts, strict=True)), STRIKES, **greeks),
        call=side(dict(zip(STRIKES, calls, strict=True)), STRIKES, **greeks),
        asof=NOW - timedelta(minutes=age_min), delay=timedelta(minutes=15), spot=then,
    )  # fmt: skip
    key = ("NDXP", EXPIRATION)
    anchor = fit_anchor(made, TIME)
    vols = IndexVols(vix1d=math.nan, vix9d=0.15, vix=0.18, vix3m=0.2, own=0.22)
    around = MarkWorld(
        chains={key: made}, chain_problems={}, anchors={key: anchor} if anchor else {},
        underlyings={
            "NDX": Underlying(spot=spot, spot_asof=NOW if spot else None,
                              vols=vols if known else None)
        },
        time=TIME, settings=Settings(), now=NOW,
    )  # fmt: skip
    condor = put_spread(
        ticker="NDX", expiration=EXPIRATION, contracts=2, credit_usd=800.0,
        strikes=Strikes(
            short_put=24_600.0, long_put=24_500.0, short_call=25_400.0, long_call=25_500.0
        ),
    )  # fmt: skip
    found = mark_positions([condor], around)[condor.id]
    if not isinstance(found, Mark):
        assert len(found) > 10  # a reason
        return
    assert 0 <= found.low <= found.debit <= found.high <= WIDTH
    assert 800.0 - 2 * 100 * WIDTH <= pnl_usd(condor, found.debit) <= 800.0
    if found.natural is not None:
        assert found.debit <= found.natural <= WIDTH
    if found.kind is PriceSource.QUOTES:
        quoted = [leg for _, leg in found.legs]
        assert all(leg.bid is not None and leg.ask is not None for leg in quoted)
        assert all(leg.bid <= leg.ask for leg in quoted if leg.bid is not None and leg.ask)
    else:
        assert found.problems[0].startswith("no quotes: ")
